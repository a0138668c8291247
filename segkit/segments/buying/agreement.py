"""How far raters of one customer agree: Krippendorff's alpha, and what follows for the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from segkit.evidence import judged
from segkit.language import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
RELIABLE = judged(
    "buying.reliable", 0.8, 0.75, 0.85, "number",
    say("A scale is used without reserve from this alpha on."), table="needs",
)  # fmt: skip
TENTATIVE = judged(
    "buying.tentative", 0.667, 0.6, 0.7, "number",
    say("Below this alpha a scale is written anew and not used."), table="needs",
)  # fmt: skip
_FEWEST_RATED = judged(
    "buying.fewest_rated", 30, 20, 50, "customers",
    say("Agreement is measured on so many customers rated twice."), table="needs",
)  # fmt: skip

_ABOVE = ("seller_above", "seller_above_low", "seller_above_high")


def alpha(ratings: Floats, metric: Metric = "ordinal") -> float:
    """Krippendorff's alpha: 1 is agreement, 0 is what chance would give.

    Parameters
    ----------
    ratings
        One row per rater, one column per customer; not-a-number where one was not rated.

    Returns
    -------
    float
        Not-a-number where nothing was rated twice or all ratings are one value.

    Examples
    --------
    >>> import numpy as np
    >>> alpha(np.array([[1.0, 2, 3, 3], [1, 2, 3, 2]]), "nominal").__round__(4)
    0.6667
    """
    import numpy as np

    paired = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    values = np.unique(paired[~np.isnan(paired)])
    if len(values) < 2:
        return float("nan")
    counts = (paired[:, :, None] == values).sum(axis=0).astype("float64")
    raters = counts.sum(axis=1)
    pairs = counts.T @ (counts / (raters - 1)[:, None])
    pairs -= np.diag((counts / (raters - 1)[:, None]).sum(axis=0))
    held = pairs.sum(axis=1)
    apart = _distances(values, held, metric)
    expected = (np.outer(held, held) * apart).sum() / (held.sum() - 1)
    return float(1 - (pairs * apart).sum() / expected)


def _distances(values: Floats, held: Floats, metric: Metric) -> Floats:
    """How far apart two values are, squared, by the scale they stand on."""
    import numpy as np

    if metric == "nominal":
        return 1.0 - np.eye(len(values))
    if metric == "ordinal":
        middle = held.cumsum() - held / 2
        return np.asarray(np.subtract.outer(middle, middle) ** 2)
    apart = np.subtract.outer(values, values) ** 2
    if metric == "interval":
        return np.asarray(apart)
    together = np.add.outer(values, values) ** 2
    return np.asarray(apart / np.where(together > 0, together, 1))


def agreements(scores: pd.DataFrame) -> pd.DataFrame:
    """How far raters agree on each item.

    Parameters
    ----------
    scores
        ``needs``: customer_id, item, rater, score.

    Returns
    -------
    DataFrame
        One row per item: ``customers`` rated at least twice, ``raters``, ``alpha``, ``same`` (the
        part of pairs of raters that gave the same score), ``seller_above`` (how much higher sellers
        score than the customers themselves, with its 95 % interval) and ``verdict``: used,
        tentative, rewritten, or untested where too few were rated twice.
    """
    import pandas as pd

    rows = []
    for item, own in scores.groupby("item", sort=True):
        wide = own.pivot_table(index="rater", columns="customer_id", values="score")
        twice = int((wide.notna().sum() >= 2).sum())
        found = alpha(wide.to_numpy("float64")) if twice >= _FEWEST_RATED else float("nan")
        rows.append(
            {
                "item": str(item),
                "customers": twice,
                "raters": len(wide),
                "alpha": found,
                "same": _same(wide),
                **_above(wide, "seller", "customer"),
                "verdict": _verdict(found),
            }
        )
    columns = ["item", "customers", "raters", "alpha", "same", *_ABOVE, "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _verdict(found: float) -> str:
    if found != found:
        return "untested"
    return "used" if found >= RELIABLE else "tentative" if found >= TENTATIVE else "rewritten"


def _same(wide: pd.DataFrame) -> float:
    """The part of pairs of raters that gave one customer the same score."""
    import numpy as np

    rated = wide.to_numpy("float64")
    first, second = np.triu_indices(len(rated), 1)
    both = ~np.isnan(rated[first]) & ~np.isnan(rated[second])
    return float((rated[first] == rated[second])[both].mean()) if both.any() else float("nan")


def _above(wide: pd.DataFrame, one: str, other: str) -> dict[str, float]:
    """By how much `one` scores higher than `other` where both did, with the 95 % interval."""
    scores = wide.reindex([one, other]).to_numpy("float64")
    apart = scores[0] - scores[1]
    apart = apart[apart == apart]
    if len(apart) < _FEWEST_RATED:
        return dict.fromkeys(_ABOVE, float("nan"))
    middle, error = float(apart.mean()), float(apart.std(ddof=1)) / len(apart) ** 0.5
    edges = (middle, middle - 1.96 * error, middle + 1.96 * error)
    return dict(zip(_ABOVE, edges, strict=True))
