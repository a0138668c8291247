"""How sure a number is: grades and intervals."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: R recorded; A randomised test; B within-customer change; C association; D judgement.
Grade = Literal["R", "A", "B", "C", "D"]
SEED = 20_260_331
_Z95 = 1.959963984540054


def lowest(grades: Iterable[Grade]) -> Grade:
    """The grade a recommendation inherits: the lowest it rests on; R limits nothing.

    Examples
    --------
    >>> lowest(["R", "B", "C"])
    'C'
    """
    return max(grades, key="RABCD".index, default="R")


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % Wilson interval of a share.

    Source: Newcombe (1998), Statistics in Medicine 17: 81 of 263 gives 0.2553 to 0.3662.

    Examples
    --------
    >>> [round(edge, 4) for edge in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if trials <= 0:
        return 0.0, 1.0
    p, z2 = successes / trials, _Z95**2
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z95 / (1 + z2 / trials) * sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def ratio_interval(
    numerator: npt.NDArray[np.float64],
    denominator: npt.NDArray[np.float64],
    draws: int = 1000,
    seed: int = SEED,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a ratio of sums, resampling rows (customers).

    Parameters
    ----------
    numerator, denominator
        One value per customer, in an order that does not depend on the files.

    Returns
    -------
    tuple
        Low and high; not-a-number below five customers, where the raw points are shown instead.
    """
    import numpy as np

    n = len(numerator)
    if n < 5:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    ratios = np.empty(draws)
    for draw in range(draws):
        weights = np.bincount(rng.integers(0, n, n), minlength=n)
        below = float((weights * denominator).sum())
        ratios[draw] = float((weights * numerator).sum()) / below if below else np.nan
    low, high = np.nanquantile(ratios, [0.025, 0.975])
    return float(low), float(high)
