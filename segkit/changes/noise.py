"""How much a figure may move by chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Base:
    """What the noise of sums depends on.

    Attributes
    ----------
    total
        Net revenue of the window then and now, in currency.
    squares
        The sum over customers of squared net revenue, then and now.
    apart
        Share of the window that the two runs do not share: 0 for the same window, 1 for none.
    """

    total: tuple[float, float]
    squares: tuple[float, float]
    apart: float


def of_figure(then: dict[str, Any], now: dict[str, Any], base: Base) -> float | None:
    """How far the figure may move by chance (95 %); None where that cannot be said.

    An estimate has its interval. A count is read as Poisson, a share as binomial with the
    figure's n, a sum of money as if its customers had come by chance. Only the part of the
    window that the runs do not share can differ, so all shrink with it.
    """
    if None in (then["value"], now["value"]) or isinstance(now["value"], str):
        return None
    spread = _spread(then, now, base)
    return None if spread is None or not isfinite(spread) else spread * sqrt(base.apart)


def _spread(then: dict[str, Any], now: dict[str, Any], base: Base) -> float | None:
    pair = (then, now)
    if all(one["low"] is not None and one["high"] is not None for one in pair):
        return sqrt(sum(((one["high"] - one["low"]) / 2) ** 2 for one in pair))
    values = [float(one["value"]) for one in pair]
    if now["unit"] == "share":
        if not all(one["n"] and 0 <= value <= 1 for one, value in zip(pair, values, strict=True)):
            return None
        return _Z95 * sqrt(sum(v * (1 - v) / one["n"] for one, v in zip(pair, values, strict=True)))
    if len(now["unit"]) == 3 and now["unit"].isupper():
        return _Z95 * sqrt(
            sum(
                abs(value) / total * squares if total else float("inf")
                for value, total, squares in zip(values, base.total, base.squares, strict=True)
            )
        )
    is_count = all(float(value).is_integer() and value >= 0 for value in values)
    return _Z95 * sqrt(sum(values)) if is_count and now["unit"] != "days" else None
