"""Few orders: what chance alone would make of a customer's next orders, given its own before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def predictive_z(
    before: Floats, exposure: Floats, after: Floats, next_exposure: Floats, group: Ints
) -> Floats:
    """How unusual the orders `after` are for a customer with `before`, as a normal deviate.

    Parameters
    ----------
    before, exposure
        Orders so far, and how much of them the yardstick's path would make of one order a period.
    after, next_exposure
        The same of the last periods.
    group
        Customers whose rates are alike: each rate is drawn towards those of its group.

    Notes
    -----
    A rate with the prior Gamma(r, α) has the posterior Gamma(r + x, α + E); the next count is then
    negative binomial. Half of the probability of the count itself counts to either side.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([60.0]), np.array([6.0]), np.array([20.0]), np.array([2.0])
    >>> predictive_z(*one, np.array([0])).round(1).tolist()
    [0.0]
    """
    import numpy as np
    from scipy.stats import nbinom, norm

    found = np.full(len(before), np.nan)
    usable = (exposure > 0) & (next_exposure > 0)
    for one in np.unique(group[usable]):
        rows = np.flatnonzero(usable & (group == one))
        x, e = before[rows], exposure[rows]
        shape, rate = _prior(x, e)
        size, chance = shape + x, (rate + e) / (rate + e + next_exposure[rows])
        half = nbinom.pmf(after[rows], size, chance) / 2
        below = nbinom.cdf(after[rows] - 1, size, chance) + half
        above = nbinom.sf(after[rows], size, chance) + half
        found[rows] = np.where(below < above, norm.ppf(below), -norm.ppf(above))
    return np.clip(found, -37, 37)


def overdispersion(orders: Floats, path: Floats, group: Ints) -> Floats:
    """How many times the variance of each group's orders is that of chance; at least once.

    Parameters
    ----------
    orders, path
        By customer and period, not-a-number where it is not known.

    Notes
    -----
    The sum of (x − μ)² / μ over its degrees of freedom, where μ is a customer's own mean moved
    along the path.
    """
    import numpy as np

    known = ~np.isnan(orders)
    along = np.where(known, path, 0.0)
    whole, rate = along.sum(axis=1), np.nansum(orders, axis=1)
    mean = along * (rate / np.where(whole > 0, whole, 1))[:, None]
    used = known & (mean > 0)
    parts = np.where(used, (np.where(known, orders, 0) - mean) ** 2 / np.where(used, mean, 1), 0)
    freedom = np.maximum(used.sum(axis=1) - 1, 0)
    sums = np.bincount(group, parts.sum(axis=1) * (freedom > 0))
    times = sums / np.maximum(np.bincount(group, freedom), 1)
    return np.maximum(times, 1.0)[group]


def year_on_year_z(before: Floats, after: Floats, expected_share: Floats) -> Floats:
    """How unusual it is that so many of both counts fell to `after`, as a normal deviate.

    Notes
    -----
    Two Poisson counts with their sum given: `after` is binomial with `expected_share`.
    """
    import numpy as np
    from scipy.stats import binom, norm

    both = before + after
    half = binom.pmf(after, both, expected_share) / 2
    below = binom.cdf(after - 1, both, expected_share) + half
    above = binom.sf(after, both, expected_share) + half
    return np.clip(np.where(below < above, norm.ppf(below), -norm.ppf(above)), -37, 37)


def _prior(x: Floats, exposure: Floats) -> tuple[float, float]:
    """Shape and rate of the gamma that the rates of a group come from, by moments."""
    rates = x / exposure
    mean = float(x.sum() / exposure.sum())
    chance = float((mean / exposure).mean())
    between = float(((rates - mean) ** 2).mean()) - chance
    if mean <= 0:
        return 0.5, 1.0
    between = max(between, 0.05 * mean**2)
    return mean**2 / between, mean / between
