"""The data request: a workbook that asks a client for its data, and can be read back."""

from __future__ import annotations

from pathlib import Path


def write_request(language: str, out: Path | None = None) -> Path:
    """Write the data request in `language`, and say where."""
    raise NotImplementedError
