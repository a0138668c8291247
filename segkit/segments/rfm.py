"""Recency, frequency and monetary value: scores with ties alike, and named segments of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segkit.language import Message, say
from segkit.segments.rules import Condition, Rule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Named:
    """A named part of the RFM cube; scores are in fifths, whatever the number of bins."""

    id: str
    name: Message
    why: Message
    least: tuple[int, int, int]
    most: tuple[int, int, int] = (5, 5, 5)

    def holds(self, *fifths: int) -> bool:
        """Whether a code lies in this part of the cube."""
        bounds = zip(self.least, fifths, self.most, strict=True)
        return all(low <= score <= high for low, score, high in bounds)


#: The first that holds wins; the last one takes everyone who is left.
NAMED: tuple[Named, ...] = (
    Named("rfm_key_customers", say("Key customers"),
          say("recent, frequent and large: protect"), (4, 4, 4)),
    Named("rfm_slipping_key_customers", say("Slipping key customers"),
          say("frequent and large, not recent: find out why"), (1, 4, 4)),
    Named("rfm_project_customers", say("Project customers"),
          say("large through few orders, still active: plan the next one"),
          (3, 1, 4)),
    Named("rfm_large_and_quiet", say("Large and quiet"),
          say("large, but not ordering now: win back"), (1, 1, 4)),
    Named("rfm_frequent_small_orders", say("Frequent small orders"),
          say("order often, buy little: serve cheaply or widen the range"),
          (1, 4, 1)),
    Named("rfm_new_or_returning", say("New or returning"),
          say("recent with few orders: make the second order easy"),
          (4, 1, 1), (5, 2, 5)),
    Named("rfm_middle", say("Regular middle"),
          say("neither large nor quiet: keep the rhythm"), (3, 1, 1)),
    Named("rfm_slowing", say("Slowing"),
          say("later than most: ask before they are gone"), (2, 1, 1)),
    Named("rfm_dormant", say("Dormant"),
          say("longest without an order, small: mail, no visits"), (1, 1, 1)),
)  # fmt: skip


def scores(values: pd.Series[float], bins: int, *, low_is_good: bool = False) -> pd.Series[int]:
    """Scores 1 to `bins` by rank, equal values alike: ``ceil(average rank * bins / n)``.

    Examples
    --------
    >>> import pandas as pd
    >>> scores(pd.Series([1, 2, 2, 2, 5]), 5).tolist()
    [1, 3, 3, 3, 5]
    """
    ranks = (-values if low_is_good else values).rank(method="average")
    return -(-(ranks * bins) // max(len(values), 1)).astype("int64")


def quantile_edges(values: pd.Series[Any], bins: int, step: float = 1) -> list[float]:
    """The inner edges of `bins` bins: `step` above each quantile, interpolated between values.

    Source: the R package ``rfm``, whose bins end one above the type-7 quantiles.

    Examples
    --------
    >>> import pandas as pd
    >>> quantile_edges(pd.Series([1, 2, 3, 4, 5, 6]), 5)
    [3.0, 4.0, 5.0, 6.0]
    """
    return [float(values.quantile(place / bins)) + step for place in range(1, bins)]


def quantile_scores(
    values: pd.Series[Any], bins: int, step: float = 1, *, low_is_good: bool = False
) -> pd.Series[int]:
    """Scores 1 to `bins` by the bin a value lies in, from its lower edge on; equal values alike."""
    import numpy as np
    import pandas as pd

    edges = quantile_edges(values, bins, step)
    places = np.searchsorted(edges, values.to_numpy(), side="right")
    scored = bins - places if low_is_good else places + 1
    return pd.Series(scored, index=values.index, dtype="int64")


def rfm(behaviour: pd.DataFrame, bins: int, unit: int | None = None) -> pd.DataFrame:
    """Scores and named segment of each customer, within the customers given.

    Parameters
    ----------
    unit
        Minor units of one of the currency: bins then end one above the quantiles; left out,
        customers are ranked.

    Returns
    -------
    DataFrame
        One row per customer: ``customer_id``, the three measures, ``rfm_r``, ``rfm_f``, ``rfm_m``
        (1 worst), and ``rfm_segment``.
    """
    made = behaviour[["customer_id", "recency_days", "orders", "net_revenue"]].copy()
    if unit is None:
        made["rfm_r"] = scores(made["recency_days"], bins, low_is_good=True)
        made["rfm_f"] = scores(made["orders"], bins)
        made["rfm_m"] = scores(made["net_revenue"], bins)
    else:
        made["rfm_r"] = quantile_scores(made["recency_days"], bins, low_is_good=True)
        made["rfm_f"] = quantile_scores(made["orders"], bins)
        made["rfm_m"] = quantile_scores(made["net_revenue"], bins, unit)
    codes = made[["rfm_r", "rfm_f", "rfm_m"]].itertuples(index=False)
    made["rfm_segment"] = [named(*code, bins=bins).id for code in codes]
    return made


def named(r: int, f: int, m: int, *, bins: int) -> Named:
    """The named segment of one code."""
    return next(one for one in NAMED if one.holds(*(in_fifths(s, bins) for s in (r, f, m))))


def in_fifths(score: Any, bins: int) -> Any:
    """A score (or a column of them) of 1 to `bins` on a scale of 1 to 5: where its middle lies.

    Examples
    --------
    >>> [in_fifths(score, 3) for score in (1, 2, 3)]
    [1, 3, 5]
    """
    return -((1 - 2 * score) * 5 // (2 * bins))


def as_rules(scored: pd.DataFrame, bins: int) -> list[Rule]:
    """Each named segment in the customers' own units; the first rule that holds wins."""
    return [
        (
            tuple(
                one
                for place, measure in enumerate(("recency_days", "orders", "net_revenue"))
                for one in _bounds(scored, measure, bins, named.least[place], named.most[place])
            ),
        )
        for named in NAMED
    ]


def _bounds(
    scored: pd.DataFrame, measure: str, bins: int, least: int, most: int
) -> list[Condition]:
    """The values of `measure` whose scores lie between `least` and `most` fifths."""
    score = {"recency_days": "rfm_r", "orders": "rfm_f", "net_revenue": "rfm_m"}[measure]
    fifths, values = in_fifths(scored[score], bins), scored[measure]
    low_is_good = measure == "recency_days"
    made = []
    if least > 1:
        made.append(_edge(measure, values[fifths < least], values, above=not low_is_good))
    if most < 5:
        made.append(_edge(measure, values[fifths > most], values, above=low_is_good))
    return made


def _edge(
    measure: str, outside: pd.Series[int], values: pd.Series[int], *, above: bool
) -> Condition:
    """The threshold that leaves `outside` out: whole numbers, so one more is beyond."""
    if above:
        edge = outside.max() + 1 if len(outside) else values.min()
    else:
        edge = outside.min() if len(outside) else values.max() + 1
    return Condition(measure, above, float(edge))
