"""What is divided, logged or sloped: once, on arrays with one row per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.measures import FEWEST_GAPS, FEWEST_QUARTERS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def ratio(above: pd.Series[float], below: pd.Series[float]) -> pd.Series[float]:
    """`above` over `below`; not-a-number where there is nothing to divide by."""
    above, below = above.astype("float64"), below.astype("float64")
    return above / below.where(below > 0)


def rarefied(counts: Floats, customer: Ints, size: int, drawn: int) -> Floats:
    """How many kinds a customer would show in `drawn` order lines drawn from all of its own.

    Parameters
    ----------
    counts, customer
        Order lines of one kind, and whose they are: a position below `size`.
    drawn
        Lines drawn; a customer with fewer lines shows what it has.

    Notes
    -----
    E[S_m] = Σ 1 − C(N − N_i, m) / C(N, m) (Hurlbert 1971).

    Examples
    --------
    >>> import numpy as np
    >>> rarefied(np.array([2.0, 2.0]), np.array([0, 0]), 1, 2).round(4).tolist()
    [1.6667]
    """
    import numpy as np
    from scipy.special import gammaln

    lines = np.bincount(customer, weights=counts, minlength=size)[customer]
    m = np.minimum(drawn, lines)
    others = lines - counts
    spare = np.maximum(others - m, 0)
    log_missed = gammaln(others + 1) - gammaln(spare + 1) - gammaln(lines + 1)
    missed = np.where(others >= m, np.exp(log_missed + gammaln(lines - m + 1)), 0.0)
    return np.asarray(np.bincount(customer, weights=1 - missed, minlength=size), np.float64)


def gap_cv(
    gaps: pd.Series[float], total: pd.Series[float], squares: pd.Series[float]
) -> pd.Series[float]:
    """Standard deviation of the gaps over their mean, from three gaps on.

    Examples
    --------
    >>> import pandas as pd
    >>> gap_cv(pd.Series([3]), pd.Series([60]), pd.Series([1400])).round(3).tolist()
    [0.5]
    """
    n = gaps.where(gaps >= FEWEST_GAPS).astype("float64")
    variance = (squares - total.astype("float64") ** 2 / n) / (n - 1)
    return variance.clip(lower=0) ** 0.5 / (total / n)


def since_began(quarters: Floats, tenure_days: Ints) -> Floats:
    """Sums by customer and quarter, oldest first; not-a-number before its first full quarter.

    What is below zero (more returned than bought) counts as nothing.

    Examples
    --------
    >>> import numpy as np
    >>> since_began(np.array([[5.0, 7, -2, 9]]), np.array([300])).tolist()
    [[nan, 7.0, 0.0, 9.0]]
    """
    import numpy as np

    count = quarters.shape[1]
    lived = tenure_days * 16 // 1461
    is_before = np.arange(count) < count - lived[:, None]
    return np.where(is_before, np.nan, np.maximum(quarters, 0))


def robust_trend(revenue: Floats) -> Floats:
    """Theil–Sen slope of the logs over the columns, as a share a column.

    A tenth of the row's mean is added to each value, so that an empty quarter counts without
    being everything. Fewer than four known columns, or nothing but zeros: not-a-number.

    Examples
    --------
    >>> import numpy as np
    >>> robust_trend(np.array([[800.0, 400, 200, 100], [5, 5, 5, 5]])).round(2).tolist()
    [-0.45, 0.0]
    """
    import numpy as np

    known = ~np.isnan(revenue)
    usable = (known.sum(axis=1) >= FEWEST_QUARTERS) & (np.nansum(revenue, axis=1) > 0)
    slopes = np.full(len(revenue), np.nan)
    if not usable.any():
        return slopes
    rows = revenue[usable]
    logs = np.log(rows + 0.1 * np.nanmean(rows, axis=1)[:, None])
    first, second = np.triu_indices(rows.shape[1], 1)
    pairs = (logs[:, second] - logs[:, first]) / (second - first)
    # sorted, what is unknown stands last: a median of many short rows, without a loop over them
    pairs.sort(axis=1)
    n, row = np.count_nonzero(~np.isnan(pairs), axis=1), np.arange(len(pairs))
    slopes[usable] = (pairs[row, (n - 1) // 2] + pairs[row, n // 2]) / 2
    return np.expm1(slopes)
