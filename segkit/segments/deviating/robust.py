"""Robust statistics of many short series at once: one row per customer, one column per period."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_MAD_TO_SD, _MEAN_AD_TO_SD = 1.4826, 1.2533
#: A median is so much wider than a mean, and a Theil–Sen slope than least squares, under normality.
_MEDIAN_SPREAD, _SLOPE_SPREAD = 1.5708, 1.0472
#: What the squared MAD knows of a variance, beside the sum of squares.
_MAD_EFFICIENCY = 0.37
_AT_ONCE = 1 << 22  # pairs held in memory at once
_FEWEST_ALIKE = 20
#: Far ones are left out of what is usual, and what that takes from the usual is given back.
_CLIPPED, _OF_CLIPPED = 2.0, 1.079
_FARTHEST = 37.0  # the smallest probability that can be told from none
_MOST_KNOWN = 60.0  # customers of one size are never held to be quite alike


class Noise(NamedTuple):
    """How far the periods of each customer scatter, and how well that is known.

    Attributes
    ----------
    sd
        Own scatter and what is usual at this size, weighed by what each knows.
    usual
        What is usual for a customer of this size and segment.
    freedom
        Degrees of freedom of `sd`.
    """

    sd: Floats
    usual: Floats
    freedom: float


def theil_sen(values: Floats, at: Floats) -> Floats:
    """The median of the slopes between all pairs of a row's points, by their distance in `at`.

    Notes
    -----
    The first columns of a row may be not-a-number: it began later. Rows with fewer than two known
    points have no slope. Source: Sen (1968); equal to ``scipy.stats.theilslopes``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2, 3, 4, 10, 12, 18])
    >>> theil_sen(np.array([[9.0, 15, 19, 20, 45, 55, 78]]), x).tolist()
    [4.0]
    """
    import numpy as np

    slopes = np.full(len(values), np.nan)
    for rows, start in _by_start(values):
        if values.shape[1] - start < 2:
            continue
        first, second = np.triu_indices(values.shape[1] - start, 1)
        own, apart = at[start:], at[start:][second] - at[start:][first]
        for some in np.array_split(rows, 1 + len(rows) * len(own) ** 2 // _AT_ONCE):
            known = values[some, start:]
            slopes[some] = np.median((known[:, second] - known[:, first]) / apart, axis=1)
    return slopes


def scatter(residuals: Floats) -> Floats:
    """The robust standard deviation of each row around its median.

    Where more than half of a row is one value its MAD is zero: then its mean deviation is used.

    Examples
    --------
    >>> import numpy as np
    >>> scatter(np.array([[0.0, 1, 2, 3, 4], [0, 0, 0, 0, 5]])).round(4).tolist()
    [1.4826, 1.2533]
    """
    import numpy as np

    found = np.full(len(residuals), np.nan)
    for rows, start in _by_start(residuals):
        own = residuals[rows, start:]
        if own.shape[1]:
            away = np.abs(own - np.median(own, axis=1)[:, None])
            mad, mean = np.median(away, axis=1), away.mean(axis=1)
            found[rows] = np.where(mad > 0, _MAD_TO_SD * mad, _MEAN_AD_TO_SD * mean)
    return found


def median(values: Floats) -> Floats:
    """The median of each row's known points; not-a-number where none is known."""
    import numpy as np

    found = np.full(len(values), np.nan)
    for rows, start in _by_start(values):
        if start < values.shape[1]:
            found[rows] = np.median(values[rows, start:], axis=1)
    return found


def noise(own: Floats, size: Floats, group: npt.NDArray[np.int64], freedom: float) -> Noise:
    """The scatter of each customer: its own, drawn towards what its size and segment show.

    Parameters
    ----------
    own
        Robust standard deviations; not-a-number where it is not known.
    size
        Orders a period: small customers scatter more, since orders come whole.
    group
        The segment of each, from 0; below zero stands for all customers.
    freedom
        Degrees of freedom that a sum of squares of as many points would have.

    Notes
    -----
    The variance usual at a size is a + b / size (no negative part), fitted to medians of bands of
    size and scaled for each segment. How much it counts beside a customer's own is estimated from
    how far the customers of one size differ more than chance makes them (Smyth 2004).
    """
    import numpy as np
    from scipy.special import polygamma

    known = np.isfinite(own) & (own > 0) & (size > 0)
    d = max(_MAD_EFFICIENCY * freedom, 1.0)
    if known.sum() < 3:
        return Noise(own, own, d)
    usual = _funnel(own[known] ** 2, size[known], size)
    ratio = np.full(len(own), np.nan)
    ratio[known] = own[known] ** 2 / usual[known]
    usual = usual * _by_group(ratio, group)
    logs = np.log(own[known] ** 2 / usual[known])
    spread = float(scatter(logs[None, :])[0]) ** 2 - float(polygamma(1, d / 2))
    # what is usual is itself known from these customers only
    prior = min(_inverse_trigamma(spread), max(known.sum() / 4, 1.0))
    mean = np.exp(np.median(logs)) * usual
    pooled = (prior * mean + d * np.where(known, own**2, mean)) / (prior + d)
    return Noise(np.sqrt(pooled), np.sqrt(mean), prior + d)


def deviates(t: Floats, freedom: float) -> Floats:
    """Normal deviates that are as unlikely as these t of `freedom` degrees."""
    import numpy as np
    from scipy.stats import norm
    from scipy.stats import t as student

    size = np.minimum(norm.isf(student.sf(np.abs(t), freedom)), _FARTHEST)
    return np.asarray(np.sign(t) * size)


def slope_error(sd: Floats, start: npt.NDArray[np.int64], at: Floats) -> Floats:
    """The standard error of a Theil–Sen slope of the points from `start` on."""
    import numpy as np

    squares = np.array([((at[k:] - at[k:].mean()) ** 2).sum() for k in range(len(at))] + [0.0])
    below = squares[np.minimum(start, len(at))]
    return sd * np.sqrt(_SLOPE_SPREAD / np.where(below > 0, below, np.nan))


def shift_error(sd: Floats, before: npt.NDArray[np.int64], after: int) -> Floats:
    """The standard error of the mean of the last periods less the median of those before."""
    import numpy as np

    return sd * np.sqrt(1 / after + _MEDIAN_SPREAD / np.where(before > 0, before, np.nan))


def spread_of(z: Floats) -> float:
    """How much wider the middle of `z` is than chance alone would make it; never narrower.

    Customers differ in more than noise: what is far is measured by what is usual (Efron 2004).
    """
    import numpy as np

    known = z[np.isfinite(z)]
    if len(known) < _FEWEST_ALIKE:
        return 1.0
    kept, spread = known, 0.0
    for _ in range(10):
        spread = _MAD_TO_SD * float(np.median(np.abs(kept - np.median(kept))))
        kept = known[np.abs(known - np.median(kept)) <= _CLIPPED * spread]
    return max(spread * _OF_CLIPPED, 1.0)


def shrunk(slopes: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Slopes drawn towards their mean as far as they are noise, and their standard errors.

    Notes
    -----
    Empirical Bayes: b̃ = τ² / (τ² + s²) · b + s² / (τ² + s²) · b̄, with τ² by moments, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> made, _ = shrunk(np.array([-3.0, 0.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    >>> made.round(2).tolist()
    [-2.5, 0.0, 2.5]
    """
    import numpy as np

    known = np.isfinite(slopes) & np.isfinite(errors) & (errors > 0)
    if not known.any():
        return slopes, errors
    weights = 1 / errors[known] ** 2
    mean = float((weights * slopes[known]).sum() / weights.sum())
    between = max(0.0, float(((slopes[known] - mean) ** 2 - errors[known] ** 2).mean()))
    kept = between / (between + errors**2)
    return kept * slopes + (1 - kept) * mean, errors * np.sqrt(kept)


def _by_start(values: Floats) -> list[tuple[npt.NDArray[np.intp], int]]:
    """The rows by the column from which on they are known."""
    import numpy as np

    starts = np.isnan(values).sum(axis=1)
    return [(np.flatnonzero(starts == start), int(start)) for start in np.unique(starts)]


def _funnel(variance: Floats, size: Floats, wanted: Floats) -> Floats:
    """The variance usual at each size, from medians of bands of equal numbers of customers."""
    import numpy as np
    from scipy.optimize import nnls

    order = np.argsort(size, kind="stable")
    bands = np.array_split(order, int(np.clip(len(order) // 15, 1, 30)))
    sizes = np.array([np.median(size[band]) for band in bands])
    middles = np.array([np.median(variance[band]) for band in bands])
    if len(bands) < 3:
        return np.full(len(wanted), np.median(variance))
    # weighed by their own size: a ratio counts, not a difference
    weights = 1 / np.maximum(middles, np.median(middles) / 100)
    parts, _ = nnls(np.column_stack([weights, weights / sizes]), middles * weights)
    made = parts[0] + parts[1] / np.maximum(wanted, sizes.min() / 2)
    return np.asarray(np.maximum(made, np.median(middles) / 100))


def _by_group(ratio: Floats, group: npt.NDArray[np.int64]) -> Floats:
    """The median ratio of each customer's group where twenty are known, else that of all."""
    import numpy as np

    known = np.isfinite(ratio)
    times = np.full(len(ratio), np.median(ratio[known]))
    for one in np.unique(group[group >= 0]):
        own = group == one
        if (own & known).sum() >= _FEWEST_ALIKE:
            times[own] = np.median(ratio[own & known])
    return times


def _inverse_trigamma(value: float) -> float:
    """Degrees of freedom whose log-variance has this much variance; at most `_MOST_KNOWN`."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    if value <= float(polygamma(1, _MOST_KNOWN / 2)):
        return _MOST_KNOWN
    if value >= float(polygamma(1, 0.5)):
        return 1.0
    return float(brentq(lambda d: float(polygamma(1, d / 2)) - value, 1.0, _MOST_KNOWN))
