"""segkit: a consulting workbook for B2B customer segmentation and sales effectiveness."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segkit.errors import SegkitError
    from segkit.recipes import open_book

__version__ = "0.1.0"
__all__ = ["SegkitError", "__version__", "open_book"]

_HOMES = {"open_book": "segkit.recipes", "SegkitError": "segkit.errors"}


def __getattr__(name: str) -> object:
    """Load the public names when they are first asked for: ``import segkit`` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'segkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
