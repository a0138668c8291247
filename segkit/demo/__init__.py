"""The fictional client: a distributor whose customers, routes and costs are simulated."""

from __future__ import annotations

from segkit.demo.folder import write

__all__ = ["write"]
