"""One primary segment per customer, the rule that verifies it, and how far the data support it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from segkit.engagement import Engagement, identifier
from segkit.errors import EngagementError, nearest
from segkit.language import Message, client_word, say
from segkit.segments.beside_findings import abc_by_xyz, against_intuition, product_segments
from segkit.segments.deviating import declining, early_signs, growing
from segkit.segments.features import within
from segkit.segments.findings import (
    across_classes,
    answer,
    behaviour_at_a_glance,
    overdue,
    rfm_segments,
    rfm_thresholds,
    value_held,
    what_to_do,
)
from segkit.segments.portraits import profiles
from segkit.segments.support import how_many, rules_of_segments

if TYPE_CHECKING:
    import pandas as pd

    from segkit.segments.clusters import Tried
    from segkit.segments.cut import Cut
    from segkit.store import Given

__all__ = [
    "abc_by_xyz",
    "across_classes",
    "against_intuition",
    "answer",
    "behaviour_at_a_glance",
    "declining",
    "early_signs",
    "growing",
    "how_many",
    "overdue",
    "product_segments",
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
        is_border, rule_segment_id (what the rule alone says); one row per active customer.
        ``segment_definitions``: one row per segment, in the order in which their rules are tried.
        ``segment_profiles``: one row per segment and measure. ``segment_alignment``: one row per
        segment of a re-fit beside frozen ones. ``rfm``, ``stability``: see their functions.
    """
    import pandas as pd

    behaviour = given.table("behaviour").sort_values("customer_id", ignore_index=True)
    names = labelled(given.query(LABELS), given.engagement.own_words)
    groups = _groups(given) if given.engagement.segmentation.primary == "rules" else None
    back = given.table("behaviour_back") if given.engagement.rescored_by else None
    parts = [
        _segment_base(rows.reset_index(drop=True), base, given.engagement, names, groups, back)
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


def _groups(given: Given) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not given.engagement.segment_rules:
        raise EngagementError(
            'segmentation.primary is "rules", and there is no rule.\n'
            'Fix: add [[segment_rules]], or set segmentation.primary to "clusters" or "rfm".'
        )
    return given.table("memberships"), given.table("group_definitions")


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
    behaviour: pd.DataFrame,
    base: str | None,
    engagement: Engagement,
    names: Mapping[str, Message],
    groups: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    back: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from segkit.segments.cut import by_groups, cut
    from segkit.segments.identity.alignment import alignment, not_aligned, renamed
    from segkit.segments.identity.scoring import frozen_cut, frozen_scores
    from segkit.segments.naming import segment_id
    from segkit.segments.rfm import rfm

    agreed, frozen = engagement.segmentation, engagement.rescored_by
    unit = engagement.minor_units if agreed.rfm_scores == "quantiles" else None
    scored = frozen_scores(behaviour, base, frozen) if frozen else None
    scored = rfm(behaviour, agreed.rfm_bins, unit) if scored is None else scored
    matches = not_aligned()
    tried: list[Tried] = []
    if frozen:
        made = frozen_cut(behaviour, base, frozen, back)
        ids = list(made.ids or ())
    else:
        made, tried = (
            (by_groups(behaviour, *groups), [])
            if groups
            else cut(behaviour, scored, engagement, names)
        )
        ids = [segment_id(name, base) for name in made.ids or made.names]
        made = replace(made, names=[_of_base(name, base, engagement) for name in made.names])
        if engagement.frozen and not groups:
            matches = alignment(behaviour, made.labels, ids, base, engagement.frozen)
            made, ids = renamed(made, ids, matches, engagement)
    segment = pd.Series([ids[label] for label in made.labels])
    assigned = pd.DataFrame(
        {
            "customer_id": behaviour["customer_id"],
            "base": base,
            "segment_id": segment,
            "cluster_id": None
            if made.clusters is None
            else [f"c{n + 1}" if n >= 0 else None for n in made.clusters],
            **{name: scored[name] for name in ("rfm_r", "rfm_f", "rfm_m", "rfm_segment")},
            "is_border": made.is_border,
            "rule_segment_id": segment if made.by_rule is None else made.by_rule,
        }
    ).astype({"base": "string", "cluster_id": "string"})
    return {
        "segments": assigned,
        "segment_definitions": _definitions(behaviour, made, ids, base, engagement, names),
        "segment_profiles": _profiles(behaviour, segment, base),
        "rfm": scored.assign(base=base).astype({"base": "string"}),
        "segment_thresholds": _thresholds(made, base),
        "stability": _stability(tried, made, base, len(behaviour)),
        "segment_alignment": matches,
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

    from segkit.segments.rules import CHEAP, FAITHFUL, as_json, in_words

    revenue = behaviour["net_revenue"].groupby(made.labels).sum()
    sizes = behaviour["net_revenue"].groupby(made.labels).size()
    return pd.DataFrame(
        {
            "segment_id": ids,
            "name": made.names,
            "base": base,
            "rule": made.said or [in_words(rule, engagement, names) for rule in made.rules],
            "conditions": [as_json(rule) for rule in made.rules],
            "customers": [int(sizes[n]) for n in range(len(ids))],
            "net_revenue": [int(revenue[n]) for n in range(len(ids))],
            "fidelity": 1.0 if made.fidelity is None else made.fidelity,
            "stability": made.stability or [float("nan")] * len(ids),
            "price": 1.0 if made.price is None else made.price,
            "is_approximate": made.fidelity is not None
            and (made.fidelity < FAITHFUL or (made.price or 1.0) > CHEAP),
            "comes_from": made.comes_from,
            "description": made.descriptions,
        }
    ).astype({"base": "string"})


def _of_base(name: Message, base: str | None, engagement: Engagement) -> Message:
    if base is None:
        return name
    return say("{name} ({base})", name=name, base=client_word(base, engagement.own_words))


def _profiles(behaviour: pd.DataFrame, segment: pd.Series[str], base: str | None) -> pd.DataFrame:
    """One row per segment and measure: mean, median, and the mean's distance from its base's."""
    import pandas as pd

    measures = behaviour.select_dtypes("number").astype("float64")
    grouped = measures.groupby(segment)
    kinds = {"mean": "mean", "median": "median", "n": "count", "sd": "std"}
    parts = {name: grouped.agg(kind).stack() for name, kind in kinds.items()}  # noqa: PD013
    made = pd.concat(parts, axis=1).rename_axis(["segment_id", "measure"]).reset_index()
    middle, spread = measures.mean(), measures.std(ddof=0)
    apart = made["mean"] - made["measure"].map(middle)
    unit = made["measure"].map(spread.where(spread > 0))
    made["z"] = apart / unit
    # how far the mean may lie from where it would be with other customers of the same kind
    made["z_error"] = 1.96 * made.pop("sd") / made["n"] ** 0.5 / unit
    return made.assign(base=base).astype({"base": "string"})


def _thresholds(made: Cut, base: str | None) -> pd.DataFrame:
    """One row per cut of the rules: the middle half of its places in resamples holds it."""
    import pandas as pd

    columns = ["column", "threshold", "low", "high", "customers"]
    rows = [[getattr(one, name) for name in columns] for one in made.thresholds]
    kinds = {"column": "string", "customers": "int64", "base": "string"}
    floats = dict.fromkeys(("threshold", "low", "high"), "float64")
    return pd.DataFrame(rows, columns=columns).assign(base=base).astype(kinds | floats)


def _stability(tried: list[Tried], made: Cut, base: str | None, customers: int) -> pd.DataFrame:
    """One row per number of clusters tried: how it held up, and beside structureless data."""
    import numpy as np
    import pandas as pd

    rows = [
        {
            "base": base,
            "k": one.k,
            "customers": customers,
            "min_jaccard": float(one.jaccards.min()),
            "mean_jaccard": float(one.jaccards.mean()),
            "max_jaccard": float(one.jaccards.max()),
            "null_low": one.null_jaccards[0],
            "null_middle": one.null_jaccards[1],
            "null_high": one.null_jaccards[2],
            "unexplained": one.unexplained,
            "null_unexplained": one.null_unexplained,
            "silhouette": one.silhouette,
            "rival_agreement": one.rival_agreement,
            "rival_jaccard": one.rival_jaccard,
            "border_share": one.border_share,
            "smallest": int(np.bincount(one.labels).min()),
            "is_large_enough": one.is_large_enough,
            "is_stable": one.is_stable,
            "is_supported": one.is_supported,
            "is_chosen": one.k == made.k,
        }
        for one in tried
    ]
    columns = (
        "base k customers min_jaccard mean_jaccard max_jaccard null_low null_middle null_high "
        "unexplained null_unexplained silhouette rival_agreement rival_jaccard border_share "
        "smallest is_large_enough is_stable is_supported is_chosen"
    )
    kinds = {"base": "string", **dict.fromkeys(("k", "customers", "smallest"), "int64")}
    kinds |= {name: "bool" for name in columns.split() if name.startswith("is_")}
    frame = pd.DataFrame(rows, columns=columns.split())
    floats = [name for name in frame if name not in kinds]
    return frame.astype(kinds | dict.fromkeys(floats, "float64"))
