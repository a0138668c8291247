"""One primary segment per customer, the rule that verifies it, and how far the data support it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from segkit.engagement import Engagement, identifier
from segkit.errors import EngagementError, nearest
from segkit.language import Message, client_word, say
from segkit.segments.deviating import declining, early_signs, growing
from segkit.segments.features import within
from segkit.segments.findings import (
    across_classes,
    answer,
    behaviour_at_a_glance,
    how_many,
    overdue,
    profiles,
    rfm_segments,
    rfm_thresholds,
    rules_of_segments,
    value_held,
    what_to_do,
)

if TYPE_CHECKING:
    import pandas as pd

    from segkit.segments.clusters import Tried
    from segkit.segments.cut import Cut
    from segkit.store import Given

__all__ = [
    "across_classes",
    "answer",
    "behaviour_at_a_glance",
    "declining",
    "early_signs",
    "growing",
    "how_many",
    "overdue",
    "profiles",
    "rfm_segments",
    "rfm_thresholds",
    "rules_of_segments",
    "segments",
    "value_held",
    "what_to_do",
]

#: Channels and categories as the client writes them, and the columns' prefixes they belong to.
LABELS = """
SELECT DISTINCT 'share_channel_' AS prefix, channel AS name
FROM order_lines WHERE channel IS NOT NULL
UNION
SELECT DISTINCT 'share_category_', category FROM products WHERE category IS NOT NULL
ORDER BY 1, 2
"""


def segments(given: Given) -> dict[str, pd.DataFrame]:
    """The recipe of ``segments`` and the tables beside it.

    Returns
    -------
    dict
        ``segments``: customer_id, base, segment_id, cluster_id, rfm_r, rfm_f, rfm_m, rfm_segment,
        is_border; one row per active customer. ``segment_definitions``: one row per segment, in
        the order in which their rules are tried. ``segment_profiles``: one row per segment and
        measure. ``rfm``, ``stability``: see their functions.
    """
    import pandas as pd

    agreed = given.engagement.segmentation
    if agreed.primary == "rules":
        raise EngagementError(
            'segmentation.primary is "rules", and rules of the client are not segmented by yet.\n'
            'Fix: set segmentation.primary to "clusters" or "rfm".'
        )
    behaviour = given.table("behaviour").sort_values("customer_id", ignore_index=True)
    names = labelled(given.query(LABELS), given.engagement.own_words)
    parts = [
        _segment_base(rows.reset_index(drop=True), base, given.engagement, names)
        for base, rows in _bases(behaviour, given)
    ]
    made = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    for name in ("rfm", "segments"):
        made[name] = made[name].sort_values("customer_id", ignore_index=True)
    return made


def labelled(found: pd.DataFrame, words: Mapping[str, Mapping[str, str]]) -> dict[str, Message]:
    """The client's own words by the columns of their shares, from the rows of `LABELS`."""
    pairs = zip(found["prefix"], found["name"], strict=True)
    return {prefix + identifier(name): within(name, words) for prefix, name in pairs}


def _bases(behaviour: pd.DataFrame, given: Given) -> list[tuple[str | None, pd.DataFrame]]:
    """The customers to be segmented apart from each other, by ``segmentation.within``."""
    within = given.engagement.segmentation.within
    if within is None:
        return [(None, behaviour)]
    customers = given.table("customers")
    if within not in customers:
        raise EngagementError(
            f"segmentation.within is {within}, which customers lack."
            f"{nearest(within, map(str, customers.columns))}\n"
            "Fix: name an attribute of the customers table, or delete the line."
        )
    base = behaviour["customer_id"].map(customers.set_index("customer_id")[within])
    base = base.astype("object").where(base.notna(), "other").astype(str)
    return [(str(name), rows) for name, rows in behaviour.groupby(base, sort=True)]


def _segment_base(
    behaviour: pd.DataFrame, base: str | None, engagement: Engagement, names: Mapping[str, Message]
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from segkit.segments.cut import cut
    from segkit.segments.naming import segment_id
    from segkit.segments.rfm import rfm

    scored = rfm(behaviour, engagement.segmentation.rfm_bins)
    made, tried = cut(behaviour, scored, engagement, names)
    ids = [segment_id(name, base) for name in made.names]
    segment = pd.Series([ids[label] for label in made.labels])
    assigned = pd.DataFrame(
        {
            "customer_id": behaviour["customer_id"],
            "base": base,
            "segment_id": segment,
            "cluster_id": None if made.clusters is None else [f"c{n + 1}" for n in made.clusters],
            **{name: scored[name] for name in ("rfm_r", "rfm_f", "rfm_m", "rfm_segment")},
            "is_border": made.is_border,
        }
    ).astype({"base": "string", "cluster_id": "string"})
    return {
        "segments": assigned,
        "segment_definitions": _definitions(behaviour, made, ids, base, engagement, names),
        "segment_profiles": _profiles(behaviour, segment, base),
        "rfm": scored.assign(base=base).astype({"base": "string"}),
        "stability": _stability(tried, made, base, len(behaviour)),
    }


def _definitions(
    behaviour: pd.DataFrame,
    made: Cut,
    ids: list[str],
    base: str | None,
    engagement: Engagement,
    names: Mapping[str, Message],
) -> pd.DataFrame:
    """One row per segment, in the order in which the rules are tried."""
    import pandas as pd

    from segkit.segments.rules import FAITHFUL, as_json, in_words

    revenue = behaviour["net_revenue"].groupby(made.labels).sum()
    sizes = behaviour["net_revenue"].groupby(made.labels).size()
    return pd.DataFrame(
        {
            "segment_id": ids,
            "name": [_of_base(name, base, engagement) for name in made.names],
            "base": base,
            "rule": [in_words(rule, engagement, names) for rule in made.rules],
            "conditions": [as_json(rule) for rule in made.rules],
            "customers": [int(sizes[n]) for n in range(len(ids))],
            "net_revenue": [int(revenue[n]) for n in range(len(ids))],
            "fidelity": 1.0 if made.fidelity is None else made.fidelity,
            "stability": made.stability or [float("nan")] * len(ids),
            "is_approximate": made.fidelity is not None and made.fidelity < FAITHFUL,
            "comes_from": made.comes_from,
            "description": made.descriptions,
        }
    ).astype({"base": "string"})


def _of_base(name: Message, base: str | None, engagement: Engagement) -> Message:
    if base is None:
        return name
    return say("{name} ({base})", name=name, base=client_word(base, engagement.own_words))


def _profiles(behaviour: pd.DataFrame, segment: pd.Series[str], base: str | None) -> pd.DataFrame:
    """One row per segment and measure: its mean, median, and distance from its base's mean."""
    measures = behaviour.drop(columns=["customer_id", "kind"]).astype("float64")
    long = measures.assign(segment_id=segment).melt("segment_id", var_name="measure")
    grouped = long.groupby(["segment_id", "measure"])["value"]
    made = grouped.agg(mean="mean", median="median", n="count").reset_index()
    middle, spread = measures.mean(), measures.std(ddof=0)
    apart = made["mean"] - made["measure"].map(middle)
    made["z"] = apart / made["measure"].map(spread.where(spread > 0))
    return made.assign(base=base).astype({"base": "string"})


def _stability(tried: list[Tried], made: Cut, base: str | None, customers: int) -> pd.DataFrame:
    """One row per number of clusters tried: how it held up, and beside structureless data."""
    import pandas as pd

    rows = [
        {
            "base": base,
            "k": one.k,
            "customers": customers,
            "min_jaccard": float(one.jaccards.min()),
            "mean_jaccard": float(one.jaccards.mean()),
            "max_jaccard": float(one.jaccards.max()),
            "null_min_jaccard": one.null_jaccard,
            "unexplained": one.unexplained,
            "null_unexplained": one.null_unexplained,
            "silhouette": one.silhouette,
            "border_customers": int(one.is_border.sum()),
            "is_large_enough": one.is_large_enough,
            "is_supported": one.is_supported,
            "is_chosen": one.k == made.k,
            "price_of_rules": made.price if one.k == made.k else float("nan"),
        }
        for one in tried
    ]
    columns = (
        "base k customers min_jaccard mean_jaccard max_jaccard null_min_jaccard unexplained "
        "null_unexplained silhouette border_customers is_large_enough is_supported is_chosen "
        "price_of_rules"
    )
    kinds = {"base": "string", "k": "int64", "customers": "int64", "border_customers": "int64"}
    kinds |= dict.fromkeys(("is_large_enough", "is_supported", "is_chosen"), "bool")
    frame = pd.DataFrame(rows, columns=columns.split())
    floats = [name for name in frame if name not in kinds]
    return frame.astype(kinds | dict.fromkeys(floats, "float64"))
