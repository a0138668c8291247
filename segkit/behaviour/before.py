"""Behaviour as it could have been known half a window ago, and what customers did since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.behaviour import BESIDE, behaviour_table

if TYPE_CHECKING:
    import pandas as pd

    from segkit.engagement import Engagement
    from segkit.store import Given

#: The longest and the shortest period that is held against the one before it.
_LONGEST, _SHORTEST = 12, 3

_FIRST = """
SELECT min(order_date) AS first FROM order_lines WHERE period <> 'after_as_of'
"""

_SINCE = """
WITH bought AS (
    SELECT l.customer_id, l.net_amount,
        coalesce(l.cost_amount, CAST(round(l.quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
    FROM order_lines l LEFT JOIN products p ON p.product_id = l.product_id
    WHERE l.period = 'in_window' AND l.customer_id IS NOT NULL
        AND l.order_date > DATE '{split}' AND l.order_date <= DATE '{as_of}'
)
SELECT customer_id, CAST(sum(net_amount) AS BIGINT) AS net_revenue,
    CAST(sum(CASE WHEN cost IS NOT NULL THEN net_amount - cost END) AS BIGINT) AS gross_margin
FROM bought GROUP BY customer_id ORDER BY customer_id
"""

_SEEN = """
SELECT customer_id, CAST(count(*) AS BIGINT) AS visits FROM visits
WHERE visit_date > DATE '{split}' AND visit_date <= DATE '{as_of}'
    AND coalesce(kind, 'visit') = 'visit'
GROUP BY customer_id ORDER BY customer_id
"""


def before(given: Given) -> dict[str, pd.DataFrame]:
    """The recipe of ``behaviour_before`` and ``since``.

    Returns
    -------
    dict
        ``behaviour_before``: the columns of ``behaviour``, known at the split: the as-of date less
        twelve months, or half of the recorded time if that is shorter; no row where fewer than
        three months lie on each side. ``since``: net_revenue, gross_margin and (with a visit log)
        visits of the same customers from the split to the as-of date; who did not order has 0.
    """
    import pandas as pd

    earlier = at_split(given.engagement, given.query(_FIRST)["first"].iloc[0])
    if earlier is None:
        empty = pd.DataFrame({"customer_id": pd.Series(dtype="str")})
        return {"behaviour_before": empty, "since": empty}
    sums = _since(given, earlier)
    known = known_at(given, earlier)
    since = known[["customer_id"]].merge(sums, on="customer_id", how="left")
    amounts = [name for name in map(str, since) if name != "customer_id"]
    since[amounts] = since[amounts].fillna(0).astype("int64")
    return {"behaviour_before": known, "since": since}


def at_split(engagement: Engagement, first: object) -> Engagement | None:
    """The engagement as it would have been at the split; None where the records are too short."""
    import pandas as pd

    if pd.isna(first):  # type: ignore[call-overload]
        return None
    start = pd.Timestamp(first)  # type: ignore[arg-type]
    as_of = pd.Timestamp(engagement.as_of)
    recorded = (as_of.year - start.year) * 12 + as_of.month - start.month + 1
    months = min(_LONGEST, recorded // 2)
    if months < _SHORTEST:
        return None
    half = engagement.model_copy(update={"window_months": months})
    return half.model_copy(update={"as_of": half.window_start})


def known_at(given: Given, earlier: Engagement) -> pd.DataFrame:
    """Behaviour as of an earlier day: lines after it are not yet known."""
    from segkit.engine import literal

    lines = f"read_parquet({literal(str(given.paths['order_lines']))})"
    given.engine.define(
        "order_lines",
        f"""SELECT * REPLACE (
            CASE WHEN order_date > DATE '{earlier.as_of}' THEN 'after_as_of'
                 WHEN order_date > DATE '{earlier.window_start}' THEN 'in_window'
                 ELSE 'before_window' END AS period) FROM {lines}""",
    )
    return behaviour_table(given.query, earlier, set(filter(given.has, BESIDE)))


def _since(given: Given, earlier: Engagement) -> pd.DataFrame:
    agreed = given.engagement

    def ask(sql: str) -> pd.DataFrame:
        for mark, value in (("{split}", earlier.as_of), ("{as_of}", agreed.as_of),
                            ("{minor}", agreed.minor_units)):  # fmt: skip
            sql = sql.replace(mark, str(value))
        return given.query(sql)

    sums = ask(_SINCE)
    return sums.merge(ask(_SEEN), on="customer_id", how="outer") if given.has("visits") else sums
