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
    from segkit.segments.rules import Rule, Rules, Threshold

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
    clusters, stability, fidelity, price, thresholds
        Where segments come from clusters: each customer's cluster (-1: it ordered nothing), each
        segment's Jaccard, the share of customers whom rule and cluster agree on, the spread within
        the rules' segments over that within the clusters, and the cuts of the rules.
    ids, said
        Where the client's own rules make the segments: their ids, and the rules in words.
    by_rule
        Each customer's segment by the frozen rules alone, without the memory of earlier months.
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
    thresholds: tuple[Threshold, ...] = ()
    comes_from: str = "clusters"
    ids: list[str] | None = None
    said: list[Message] | None = None
    by_rule: npt.NDArray[np.object_] | None = None


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
    # who only returned goods has no way of ordering, and shapes no rule
    ordering = behaviour[behaviour["orders"] > 0].reset_index(drop=True)
    if len(ordering) < FEWEST_CUSTOMERS:
        return _by_value(behaviour, ordering, engagement), []
    points, blocks = matrix(ordering)
    if len(blocks) < 2:
        return _by_value(behaviour, ordering, engagement), []
    numbers = {2, *range(agreed.k_min, agreed.k_max + 1), agreed.k or 2}
    tried = try_numbers(points, sorted(numbers))
    chosen = _chosen(ordering, points, tried, engagement)
    if chosen is None:
        return _by_value(behaviour, ordering, engagement), tried
    return _by_clusters(behaviour, points, *chosen, engagement, names), tried


def _chosen(
    behaviour: pd.DataFrame,
    points: npt.NDArray[np.float64],
    tried: list[Tried],
    engagement: Engagement,
) -> tuple[Tried, Rules] | None:
    """The most stable supported number: highly stable first, then told apart by rules.

    Among numbers that are equal in both the silhouette decides.
    """
    from segkit.segments.clusters import HIGHLY_STABLE
    from segkit.segments.rules import FAITHFUL, from_clusters

    agreed = engagement.segmentation
    if agreed.k:
        supported = [one for one in tried if one.k == agreed.k]
    else:
        supported = [one for one in tried if one.is_supported and one.k >= agreed.k_min]
    made = [
        (one, from_clusters(behaviour, one.labels, points, engagement.minor_units))
        for one in supported
    ]

    def rank(pair: tuple[Tried, Rules]) -> tuple[bool, bool, float]:
        one, rules = pair
        told = rules.fidelity >= FAITHFUL and len(rules.by_label) == one.k
        return bool(one.jaccards.min() >= HIGHLY_STABLE), told, one.silhouette

    return max(made, key=rank, default=None)


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

    from segkit.segments.clusters import border
    from segkit.segments.naming import describe, rhythm, traits, unique_names

    found = sorted(rules.by_label)
    given = _first_that_holds(behaviour, [rules.by_label[label] for label in found])
    revenue = behaviour["net_revenue"].groupby(given).sum()
    order = sorted(range(len(found)), key=lambda n: (-int(revenue.get(n, 0)), n))
    labels = np.argsort(order)[given]
    ordering = np.asarray(behaviour["orders"] > 0)
    clusters = np.full(len(behaviour), -1)
    clusters[ordering] = chosen.labels
    is_border = ~ordering
    is_border[ordering] = border(points, chosen) | (rules.labels != chosen.labels)
    told = [traits(behaviour, labels == place, names) for place in range(len(order))]
    return Cut(
        rules=[rules.by_label[found[n]] for n in order],
        names=unique_names([(rhythm(behaviour[labels == n]), one) for n, one in enumerate(told)]),
        descriptions=[describe(one, engagement) for one in told],
        labels=labels,
        is_border=is_border,
        clusters=clusters,
        stability=[float(chosen.jaccards[found[n]]) for n in order],
        fidelity=rules.fidelity,
        price=rules.price,
        k=chosen.k,
        thresholds=rules.thresholds,
    )


def _by_value(behaviour: pd.DataFrame, ordering: pd.DataFrame, engagement: Engagement) -> Cut:
    from segkit.segments.value import NAMES, borders, value_rules

    rules = value_rules(ordering if len(ordering) else behaviour, engagement.minor_units)
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


def by_groups(behaviour: pd.DataFrame, memberships: pd.DataFrame, definitions: pd.DataFrame) -> Cut:
    """Cut by the client's own rules: the first that holds, and everyone else."""
    import numpy as np

    from segkit.segments.groups import primary_by_rules

    made = primary_by_rules(behaviour["customer_id"], memberships, definitions)
    return Cut(
        rules=[()] * len(made.ids),
        names=made.names,
        descriptions=made.descriptions,
        labels=made.labels,
        is_border=np.zeros(len(behaviour), dtype=bool),
        comes_from="rules",
        ids=made.ids,
        said=made.rules,
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
