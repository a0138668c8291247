"""How one base of customers is cut: by supported clusters and their rules, by RFM, or by value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.engagement import Engagement
from segkit.evidence import judged
from segkit.language import Message, say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.segments.clusters import Tried
    from segkit.segments.rules import Rule, Rules

FEWEST_CUSTOMERS = judged(
    "segments.fewest_customers", 100, 60, 200, "customers",
    say("With fewer customers nothing is clustered: rules make the segments."),
)  # fmt: skip


@dataclass(frozen=True)
class Cut:
    """One base, cut.

    Attributes
    ----------
    rules, names, descriptions
        One per segment, in the order in which the rules are tried.
    labels
        Each customer's place in that order, by the rules.
    clusters, stability, fidelity, price
        Where segments come from clusters: each customer's cluster, each segment's Jaccard, the
        share of customers whom rule and cluster agree on, and the spread within the rules'
        segments over that within the clusters.
    """

    rules: list[Rule]
    names: list[Message]
    descriptions: list[Message]
    labels: npt.NDArray[np.int64]
    is_border: npt.NDArray[np.bool_]
    clusters: npt.NDArray[np.int64] | None = None
    stability: list[float] | None = None
    fidelity: float | None = None
    price: float | None = None
    k: int | None = None
    comes_from: str = "clusters"


def cut(
    behaviour: pd.DataFrame,
    scored: pd.DataFrame,
    engagement: Engagement,
    names: Mapping[str, Message],
) -> tuple[Cut, list[Tried]]:
    """Cut one base as agreed: by RFM, by supported clusters, or else by value."""
    from segkit.segments.clusters import try_numbers
    from segkit.segments.features import matrix

    agreed = engagement.segmentation
    if agreed.primary == "rfm":
        return _by_rfm(scored, agreed.rfm_bins), []
    if len(behaviour) < FEWEST_CUSTOMERS:
        return _by_value(behaviour, engagement), []
    points, blocks = matrix(behaviour)
    if len(blocks) < 2:
        return _by_value(behaviour, engagement), []
    numbers = {2, *range(agreed.k_min, agreed.k_max + 1), agreed.k or 2}
    tried = try_numbers(points, sorted(numbers))
    chosen = _chosen(behaviour, tried, engagement)
    if chosen is None:
        return _by_value(behaviour, engagement), tried
    return _by_clusters(behaviour, points, *chosen, engagement, names), tried


def _chosen(
    behaviour: pd.DataFrame, tried: list[Tried], engagement: Engagement
) -> tuple[Tried, Rules] | None:
    """The largest supported number that rules can tell apart, else the largest supported one."""
    from segkit.segments.rules import from_clusters

    agreed = engagement.segmentation
    if agreed.k:
        supported = [one for one in tried if one.k == agreed.k]
    else:
        supported = [one for one in tried if one.is_supported and one.k >= agreed.k_min]
    made = [
        (one, from_clusters(behaviour, one.labels, engagement.minor_units))
        for one in sorted(supported, key=lambda one: -one.k)
    ]
    told = [
        (one, rules) for one, rules in made if rules.is_faithful and len(rules.by_label) == one.k
    ]
    return next(iter([*told, *made]), None)


def _by_clusters(
    behaviour: pd.DataFrame,
    points: npt.NDArray[np.float64],
    chosen: Tried,
    rules: Rules,
    engagement: Engagement,
    names: Mapping[str, Message],
) -> Cut:
    """Segments are what the rules give; in order of net revenue."""
    import numpy as np

    from segkit.segments.clusters import unexplained
    from segkit.segments.naming import describe, name_parts, traits, unique_names

    revenue = behaviour["net_revenue"].groupby(rules.labels).sum()
    order = sorted(rules.by_label, key=lambda label: (-int(revenue[label]), label))
    place = {label: n for n, label in enumerate(order)}
    found = [traits(behaviour, rules.labels == label, names) for label in order]
    return Cut(
        rules=[rules.by_label[label] for label in order],
        names=unique_names([name_parts(one) for one in found]),
        descriptions=[describe(one, engagement) for one in found],
        labels=np.array([place[label] for label in rules.labels]),
        is_border=chosen.is_border | (rules.labels != chosen.labels),
        clusters=chosen.labels,
        stability=[float(chosen.jaccards[label]) for label in order],
        fidelity=rules.fidelity,
        price=unexplained(points, rules.labels) / chosen.unexplained,
        k=chosen.k,
    )


def _by_value(behaviour: pd.DataFrame, engagement: Engagement) -> Cut:
    from segkit.segments.value import NAMES, borders, value_rules

    rules = value_rules(behaviour, engagement.minor_units)
    labels = _first_that_holds(behaviour, rules)
    kept = [n for n in range(len(rules)) if (labels == n).any()]
    return Cut(
        rules=[rules[n] for n in kept],
        names=[NAMES[n][0] for n in kept],
        descriptions=[NAMES[n][1] for n in kept],
        labels=_renumbered(labels, kept),
        is_border=borders(behaviour, rules),
        comes_from="value",
    )


def _by_rfm(scored: pd.DataFrame, bins: int) -> Cut:
    import numpy as np

    from segkit.segments.rfm import NAMED, as_rules

    rules = as_rules(scored, bins)
    place = {one.id: n for n, one in enumerate(NAMED)}
    labels = np.asarray(scored["rfm_segment"].map(place), np.int64)
    kept = [n for n in range(len(NAMED)) if (labels == n).any()]
    return Cut(
        rules=[rules[n] for n in kept],
        names=[NAMED[n].name for n in kept],
        descriptions=[NAMED[n].why for n in kept],
        labels=_renumbered(labels, kept),
        is_border=np.zeros(len(scored), dtype=bool),
        comes_from="rfm",
    )


def _first_that_holds(behaviour: pd.DataFrame, rules: list[Rule]) -> npt.NDArray[np.int64]:
    import numpy as np

    from segkit.segments.rules import meets

    return np.asarray(np.argmax([meets(behaviour, rule) for rule in rules], axis=0), np.int64)


def _renumbered(labels: npt.NDArray[np.int64], kept: list[int]) -> npt.NDArray[np.int64]:
    import numpy as np

    place = np.full(max(kept) + 1, -1)
    place[kept] = np.arange(len(kept))
    return np.asarray(place[labels], np.int64)
