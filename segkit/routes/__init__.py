"""Route to market: cost to serve, contribution, and visits beside what customers are worth."""

from __future__ import annotations

from segkit.routes.costing import contribution, cost_to_serve

__all__ = ["contribution", "cost_to_serve"]
