"""A first engagement file, proposed from a folder of extracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def propose(
    folder: Path,
    out: Path | None = None,
    *,
    client: str | None = None,
    progress: Callable[[str, str], None] = lambda *_: None,
) -> Path:
    """Write the proposed engagement file of a folder of extracts, and say where."""
    raise NotImplementedError
