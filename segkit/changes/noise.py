"""How much may move by chance: drift of a field, and the noise of a figure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_Z95 = 1.959963984540054
#: Below this a population is read as stable, whatever the noise line (Yurdakul & Naranjo).
STABLE = 0.10
_BINS = 10


@dataclass(frozen=True)
class Drift:
    """How far a field's distribution moved.

    Attributes
    ----------
    psi
        Population stability index: the sum of (now - then) x ln(now / then) over the bins.
    line
        What chance alone exceeds once in twenty, or 0.10 where that is less.
    """

    psi: float
    line: float

    @property
    def is_beyond(self) -> bool:
        """Whether the field moved more than chance would have it."""
        return self.psi > self.line


def psi(then: npt.NDArray[np.float64], now: npt.NDArray[np.float64]) -> float:
    """The population stability index of two rows of counts; empty bins get half a count.

    Examples
    --------
    >>> round(psi(np.array([25.0, 25, 25, 25]), np.array([10.0, 20, 30, 40])), 6)
    0.228217
    """
    if (then == 0).any() or (now == 0).any():
        then, now = then + 0.5, now + 0.5
    expected, actual = then / then.sum(), now / now.sum()
    return float(((actual - expected) * np.log(actual / expected)).sum())


def noise_line(n_then: int, n_now: int, bins: int) -> float:
    """The larger of 0.10 and the 95 % level of the index where nothing drifts.

    Without drift the index is about a chi-squared of ``bins - 1`` degrees times
    ``1/n_then + 1/n_now``.

    Examples
    --------
    >>> round(noise_line(100, 100, 5), 3)
    0.19
    """
    from scipy.stats import chi2

    return max(STABLE, float(chi2.ppf(0.95, max(bins - 1, 1))) * (1 / n_then + 1 / n_now))


def drift(then: pd.Series[Any], now: pd.Series[Any]) -> Drift | None:
    """The drift of one field, one value a customer; None where there is nothing to compare.

    Numbers are cut at the tenths of the earlier run, words are bins of their own with the
    seldom ones together; what is missing is a bin too.
    """
    import pandas as pd

    if not len(then) or not len(now):
        return None
    if pd.api.types.is_numeric_dtype(then) and not pd.api.types.is_bool_dtype(then):
        edges = np.unique(then.dropna().quantile(np.arange(1, _BINS) / _BINS))
        binned = [np.searchsorted(edges, one.to_numpy("float64"), side="left") for one in
                  (then.fillna(np.inf), now.fillna(np.inf))]  # fmt: skip
        missing = [one.isna().to_numpy() for one in (then, now)]
        counts = [
            np.bincount(np.where(gap, len(edges) + 1, bins), minlength=len(edges) + 2)
            for bins, gap in zip(binned, missing, strict=True)
        ]
    else:
        words = then.astype("string").value_counts().sort_index()
        known = list(words.sort_values(ascending=False, kind="stable").index[: _BINS - 1])
        counts = [_by_word(one, known) for one in (then, now)]
    kept = (counts[0] + counts[1]) > 0
    if kept.sum() < 2:
        return None
    before, after = (one[kept].astype("float64") for one in counts)
    return Drift(psi(before, after), noise_line(len(then), len(now), int(kept.sum())))


def _by_word(column: pd.Series[Any], known: list[str]) -> npt.NDArray[np.int64]:
    spoken = column.astype("string")
    named = [int((spoken == word).sum()) for word in known]
    empty = int(spoken.isna().sum())
    return np.array([*named, len(spoken) - sum(named) - empty, empty])


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
