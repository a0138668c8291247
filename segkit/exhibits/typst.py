"""Payloads as Typst: data goes in as string literals only, so that any text comes out literally."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segkit.exhibits.brand import displayable
from segkit.exhibits.words import in_words


def fragment(
    payload: Mapping[str, Any], language: str = "en", drawing: str | None = None, level: int = 3
) -> str:
    """One payload as a call of the stylesheet's function for its type."""
    told = {**in_words(payload, language), "level": level}
    if told.get("is_withheld"):
        return ""
    if payload["type"] == "exhibit" and drawing:
        told["drawing"] = drawing
    return f"#{payload['type']}({literal(told)});\n"


def literal(value: Any) -> str:
    r"""A value as Typst source: text can't leave its quotes.

    Examples
    --------
    >>> literal({"a": '#eval("x") \\ *b*', "n": [1, None]})
    '("a": "#eval(\\"x\\") \\\\ *b*", "n": (1, none,))'
    """
    match value:
        case None | bool():
            return str(value).lower()
        case str():
            escaped = displayable(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case int() | float():
            return repr(value)
        case Mapping():
            pairs = [f"{literal(str(key))}: {literal(one)}" for key, one in value.items()]
            return f"({', '.join(pairs) or ':'})"
        case _:
            return "(" + "".join(f"{literal(one)}, " for one in value).rstrip(" ") + ")"
