"""How far a distribution moved, and how far chance alone would have moved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

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
    >>> import numpy as np
    >>> round(psi(np.array([25.0, 25, 25, 25]), np.array([10.0, 20, 30, 40])), 6)
    0.228217
    """
    import numpy as np

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
    import numpy as np
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
    import numpy as np

    spoken = column.astype("string")
    named = [int((spoken == word).sum()) for word in known]
    empty = int(spoken.isna().sum())
    return np.array([*named, len(spoken) - sum(named) - empty, empty])
