"""Plain rules by recency and value, for a base that is a continuum or too small to cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say
from segkit.segments.rules import Condition, Rule, meets, readable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Customers that order bring in this share of revenue, from the largest down to each cut.
_CUTS = (
    judged("segments.first_cut", 0.5, 0.4, 0.6, "share",
           say("The largest customers together bring in this part of net revenue.")),
    judged("segments.second_cut", 0.8, 0.7, 0.9, "share",
           say("The largest and the middle customers together bring in this part.")),
)  # fmt: skip
_QUIET = judged(
    "segments.quiet", 0.75, 0.6, 0.9, "share",
    say(
        "Without a rhythm, quiet is who has not ordered for longer than this part of "
        "the customers."
    ),
)  # fmt: skip
_NEAR = 0.05
NAMES = (
    (
        say("Large active customers"),
        say("they order, and are the largest: half of the net revenue of all who order"),
    ),
    (
        say("Medium active customers"),
        say("they order, and come next in size: on to four fifths of that net revenue"),
    ),
    (
        say("Small active customers"),
        say("they order, and are the many small ones: the last fifth of that net revenue"),
    ),
    (
        say("Quiet customers"),
        say("they have not ordered for longer than is usual among these customers"),
    ),
)


def value_rules(behaviour: pd.DataFrame, minor_units: int) -> list[Rule]:
    """One rule for each of `NAMES`: every customer meets exactly one."""
    recency, revenue = behaviour["recency_days"], behaviour["net_revenue"]
    late = readable("recency_days", _late(behaviour), recency, minor_units)
    active = revenue[recency < late]
    large, medium = (readable("net_revenue", cut, active, minor_units) for cut in _edges(active))
    orders = Condition("recency_days", is_least=False, threshold=late)
    is_large = Condition("net_revenue", is_least=True, threshold=large)
    below_large = Condition("net_revenue", is_least=False, threshold=large)
    is_medium = Condition("net_revenue", is_least=True, threshold=medium)
    is_small = Condition("net_revenue", is_least=False, threshold=medium)
    return [
        ((orders, is_large),),
        ((orders, is_medium, below_large),),
        ((orders, is_small),),
        ((Condition("recency_days", is_least=True, threshold=late),),),
    ]


def borders(behaviour: pd.DataFrame, rules: list[Rule]) -> npt.NDArray[np.bool_]:
    """Customers whom a twentieth more or less of each measure would move to another rule."""
    import numpy as np

    measures = ["recency_days", "net_revenue"]
    moved = np.zeros(len(behaviour), dtype=bool)
    for factor in (1 - _NEAR, 1 + _NEAR):
        near = behaviour.assign(**{name: behaviour[name] * factor for name in measures})
        for rule in rules:
            moved |= meets(behaviour, rule) != meets(near, rule)
    return moved


def _late(behaviour: pd.DataFrame) -> float:
    """Days that are long without an order: twice the usual gap, where most have one."""
    gaps = behaviour["gap_days"]
    if gaps.notna().mean() >= 0.5:
        return max(2 * float(gaps.median()), 1.0)
    return float(behaviour["recency_days"].quantile(_QUIET)) + 1


def _edges(revenue: pd.Series[int]) -> tuple[float, float]:
    """Revenue of the smallest customer above each cut of cumulated revenue."""
    ranked = revenue[revenue > 0].sort_values(ascending=False)
    if ranked.empty:
        return 2.0, 1.0
    share = ranked.cumsum() / ranked.sum()
    first, second = (float(ranked[share.shift(fill_value=0) < cut].min()) for cut in _CUTS)
    return first, min(second, first)
