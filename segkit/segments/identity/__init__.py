"""The same segments next month: frozen definitions, re-fits aligned to them, moves and drift."""

from segkit.segments.identity.findings import drift, kept, moves, moves_since

__all__ = ["drift", "kept", "moves", "moves_since"]
