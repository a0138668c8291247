"""Micro-segments: where a segment meets a group or a product profile, however few they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.engagement import identifier
from segkit.evidence import judged
from segkit.language import Message, client_word, say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

#: Below it there is no average: each customer is read by itself.
FEWEST = 5
_FEW, _MANY = 20, 100
_LEADS = judged(
    "segments.leading_category", 0.5, 0.4, 0.6, "share",
    say("A customer has the profile of the category that is this part of what it buys."),
)  # fmt: skip

#: Each customer's product category with the most net revenue, and its part of the positive ones.
_PROFILES = """
WITH sums AS (
    SELECT l.customer_id, p.category, CAST(sum(l.net_amount) AS BIGINT) AS net
    FROM order_lines l JOIN products p ON p.product_id = l.product_id
    WHERE l.period = 'in_window' AND l.customer_id IS NOT NULL AND p.category IS NOT NULL
    GROUP BY l.customer_id, p.category
), ranked AS (
    SELECT customer_id, category, net,
        row_number() OVER (PARTITION BY customer_id ORDER BY net DESC, category) AS place,
        CAST(sum(net) OVER (PARTITION BY customer_id) AS BIGINT) AS whole
    FROM sums WHERE net > 0
)
SELECT customer_id, category, net, whole FROM ranked WHERE place = 1 ORDER BY customer_id
"""


def micro_segments(given: Given) -> pd.DataFrame:
    """The recipe of ``micro_segments``: one row per segment and group, and segment and profile.

    Returns
    -------
    DataFrame
        micro_id, segment_id, kind (``group`` or ``profile``), with_id, name, customers,
        net_revenue, median, low, high (of net revenue a customer, minor units; empty below
        `FEWEST` customers) and can_say: what can and can't be said of so few. Active customers
        only, in the window.
    """
    import pandas as pd

    words = given.engagement.own_words
    own = given.table("segments")[["customer_id", "segment_id"]]
    own = own.merge(given.table("behaviour")[["customer_id", "net_revenue"]], on="customer_id")
    segments = _named(given.table("segment_definitions"), "segment_id")
    groups = _named(given.table("group_definitions"), "group_id")
    met = own.merge(given.table("memberships")[["customer_id", "group_id"]], on="customer_id")
    found = given.query(_PROFILES)
    found["category"] = found["category"].where(found["net"] >= _LEADS * found["whole"])
    profiles = own.merge(found, on="customer_id")
    names = {identifier(one): client_word(one, words) for one in found["category"].dropna()}
    met["with_id"] = met["group_id"]
    profiles["with_id"] = profiles["category"].map(identifier, na_action="ignore").fillna("mixed")
    names["mixed"] = say("several categories")
    rows = [
        {"kind": kind, "segment_id": segment, "with_id": id,
         "name": _met(segments[str(segment)], called[str(id)], kind), **_told(part["net_revenue"])}
        for kind, rows, called in (("group", met, groups), ("profile", profiles, names))
        for (segment, id), part in rows.groupby(["segment_id", "with_id"], sort=True)
    ]  # fmt: skip
    columns = ["kind", "segment_id", "with_id", "name", "customers", "net_revenue", "median",
               "low", "high", "can_say"]  # fmt: skip
    made = pd.DataFrame(rows, columns=columns)
    amounts = dict.fromkeys(("median", "low", "high"), "Int64")
    made = made.astype({"customers": "int64", "net_revenue": "int64", **amounts})
    made.insert(0, "micro_id", made["segment_id"] + "__" + made["with_id"])
    return made.astype(dict.fromkeys(("micro_id", "kind", "segment_id", "with_id"), "str"))


def can_say(customers: int) -> Message:
    """What can and can't be said of so few customers."""
    if customers < FEWEST:
        return say("Single cases: no average, no share, no trend. Read each customer by itself.")
    if customers < _FEW:
        return say("A median with a wide interval; one customer can move it. No shares, no trend.")
    if customers < _MANY:
        return say("A median and shares with their intervals. Too few to test an offer on half.")
    return say("Medians, shares and trends; large enough to test an offer on half of them.")


def median_interval(values: pd.Series[int]) -> tuple[int, int] | None:
    """Between which values the median lies, 19 times in 20, whatever the distribution.

    By order statistics: exact for any distribution, from six values on.

    Examples
    --------
    >>> import pandas as pd
    >>> median_interval(pd.Series(range(1, 11)))
    (2, 9)
    >>> median_interval(pd.Series([1, 2, 3, 4, 5]))
    """
    from scipy.stats import binom

    ranked = sorted(values.tolist())
    place = int(binom.ppf(0.025, len(ranked), 0.5))
    place -= binom.cdf(place - 1, len(ranked), 0.5) > 0.025
    return (ranked[place - 1], ranked[-place]) if place > 0 else None


def _named(definitions: pd.DataFrame, key: str) -> dict[str, Message]:
    return dict(zip(definitions[key], definitions["name"], strict=True))


def _met(segment: Message, other: Message, kind: str) -> Message:
    if kind == "group":
        return say("{segment} in “{group}”", segment=segment, group=other)
    return say("{segment} who mostly buy: {category}", segment=segment, category=other)


def _told(revenue: pd.Series[int]) -> dict[str, object]:
    n = len(revenue)
    ends = median_interval(revenue) or (None, None)
    return {
        "customers": n,
        "net_revenue": int(revenue.sum()),
        "median": round(float(revenue.median())) if n >= FEWEST else None,
        "low": ends[0],
        "high": ends[1],
        "can_say": can_say(n),
    }
