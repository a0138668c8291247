"""One row per active customer: what it bought, how lately, how regularly, how broadly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segkit.engagement import Engagement, identifier
from segkit.evidence import judged
from segkit.language import say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

    Query = Callable[[str], pd.DataFrame]

RAREFIED_LINES = judged(
    "behaviour.rarefied_lines", 10, 5, 20, "lines",
    say("Breadth is compared over so many order lines of each customer."),
)  # fmt: skip
FEWEST_MONTHS = judged(
    "behaviour.fewest_months", 3.0, 2.0, 6.0, "months",
    say("A rate needs so many months."),
)  # fmt: skip
_TOP_CATEGORIES, _TOP_CHANNELS = 10, 6
_DAYS_A_MONTH = 30.4375

_ORDER = (
    "customer_id", "kind", "recency_days", "tenure_days", "active_months", "orders",
    "orders_per_month", "lines", "lines_per_order", "net_revenue", "order_value", "gap_days",
    "gap_cv", "products", "categories", "breadth_rarefied", "trend", "return_share",
    "discount_share", "gross_margin",
)  # fmt: skip


def behaviour(given: Given) -> pd.DataFrame:
    """The recipe of the table ``behaviour``; see `behaviour_table`."""
    return behaviour_table(given.query, given.engagement, has_visits=given.has("visits"))


def behaviour_table(
    query: Query, engagement: Engagement, *, has_visits: bool = False
) -> pd.DataFrame:
    """How each active customer buys, in the window.

    Integers are counted and summed in the engine, once per customer; what is divided, logged or
    sloped is so here, on one row per customer.

    Parameters
    ----------
    query
        Runs one SELECT over ``order_lines``, ``customers``, ``products`` (and ``visits``).

    Returns
    -------
    DataFrame
        One row per customer with an accepted line in the window, sorted by ``customer_id``.
        Amounts are minor units; ``segments.findings`` prints the meaning of each column.
    """
    import pandas as pd

    from segkit.behaviour.arithmetic import ratio
    from segkit.behaviour.counts import queries

    sql = queries(engagement)
    made = query(sql["totals"])
    months = _months_observed(made["tenure_days"], engagement)
    orders = _orders(query, sql, made["last_line_days"], months)
    rates = pd.DataFrame(
        {
            "lines_per_order": ratio(made["sold_lines"], orders["orders"]),
            "order_value": ratio(made["net_revenue"], orders["orders"]).round(),
            "trend": _trend(query(sql["quarters"]), made["tenure_days"], engagement),
            "return_share": ratio(made["returned"], made["sold"]).clip(0, 1),
            "discount_share": ratio(made["listed"] - made["net_of_listed"], made["listed"]),
            "gross_margin": (made["net_of_costed"] - made["cost"]).astype("Int64"),
        }
    )
    parts = [made, orders, _rhythm(query(sql["gaps"])), rates, _breadth(query, sql, len(made))]
    if has_visits:
        parts.append(_visits(query(sql["visits"])["visits"], months))
    whole = pd.concat(parts, axis=1)
    shares = [name for name in map(str, whole) if name.startswith(("share_", "visits"))]
    return whole[[name for name in (*_ORDER, *shares) if name in whole]]


def _months_observed(tenure_days: pd.Series[int], engagement: Engagement) -> pd.Series[float]:
    """Months of the window since the customer began, at least three."""
    window = (engagement.as_of - engagement.window_start).days
    return (tenure_days.clip(upper=window) / _DAYS_A_MONTH).clip(lower=FEWEST_MONTHS)


def _orders(
    query: Query, sql: dict[str, str], last_line_days: pd.Series[int], months: pd.Series[float]
) -> pd.DataFrame:
    """Orders, their rate, the last one, and the share of them through each channel."""
    import pandas as pd

    from segkit.engine import literal

    named = query(sql["channels"])["channel"].tolist()[:_TOP_CHANNELS]
    counts = "".join(
        f"CAST(sum(CASE WHEN channel = {literal(name)} THEN 1 ELSE 0 END) AS BIGINT) AS c{place}, "
        for place, name in enumerate(named)
    )
    found = query(sql["orders"].replace("{channels}", counts))
    orders = found["orders"].fillna(0).astype("int64")
    made = pd.DataFrame(
        {
            "orders": orders,
            "orders_per_month": orders / months,
            # a customer that only returned goods was last heard of then
            "recency_days": found["recency_days"].fillna(last_line_days).astype("int64"),
        }
    )
    if not named:
        return made
    channels = found[[f"c{place}" for place in range(len(named))]].fillna(0).astype("int64")
    channels.columns = pd.Index([identifier(name) for name in named])
    channels["other"] = orders - channels.sum(axis=1)
    channels = channels.T.groupby(level=0, sort=False).sum().T  # two names, one identifier
    return made.join(_shares(channels, "share_channel_"))


def _rhythm(found: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from segkit.behaviour.arithmetic import gap_cv

    return pd.DataFrame(
        {
            "active_months": found["active_months"].fillna(0).astype("int64"),
            "gap_days": found["twice_median"].where(found["gaps"] > 0) / 2,
            "gap_cv": gap_cv(found["gaps"], found["gap_sum"], found["gap_squares"]),
        }
    )


def _trend(quarters: pd.DataFrame, tenure: pd.Series[int], engagement: Engagement) -> object:
    from segkit.behaviour.arithmetic import quarterly, robust_trend

    count = engagement.window_months // 3
    return robust_trend(quarterly(quarters, tenure.to_numpy().astype("int64"), count))


def _breadth(query: Query, sql: dict[str, str], size: int) -> pd.DataFrame:
    """Products, categories, breadth over ten lines, and the share of lines of each category."""
    import numpy as np
    import pandas as pd

    from segkit.behaviour.arithmetic import rarefied

    products = query(sql["product_counts"])["products"]
    worth = query(sql["category_worth"])
    if len(worth) < 2:
        lines = query(sql["product_lines"])
        breadth = rarefied(
            lines["lines"].to_numpy("float64"), lines["customer"].to_numpy(), size, RAREFIED_LINES
        )
        return pd.DataFrame({"products": products, "breadth_rarefied": breadth})
    found = query(sql["category_lines"])
    customer, counts = found["customer"].to_numpy(), found["lines"].to_numpy("float64")
    place = found["place"].to_numpy()
    made = pd.DataFrame(
        {
            "products": products,
            "categories": np.bincount(customer[place >= 0], minlength=size),
            "breadth_rarefied": rarefied(counts, customer, size, RAREFIED_LINES),
        }
    )
    ranked = worth.sort_values(["net_amount", "name"], ascending=[False, True])[:_TOP_CATEGORIES]
    wide = {}
    for name, own in ranked.groupby(ranked["name"].map(identifier), sort=False)["place"]:
        inside = np.isin(place, own)  # two names of one identifier count together
        wide[name] = np.bincount(customer[inside], counts[inside], minlength=size)
    rest = ~np.isin(place, ranked["place"])
    wide["other"] = wide.get("other", 0) + np.bincount(customer[rest], counts[rest], minlength=size)
    return made.join(_shares(pd.DataFrame(wide), "share_category_"))


def _shares(counts: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """The share of each column in its row's sum; columns nobody has are left out."""
    counts = counts.loc[:, counts.sum() > 0].astype("float64")
    total = counts.sum(axis=1)
    return counts.div(total.where(total > 0), axis=0).add_prefix(prefix)


def _visits(visits: pd.Series[int], months: pd.Series[float]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"visits": visits, "visits_per_month": visits / months})
