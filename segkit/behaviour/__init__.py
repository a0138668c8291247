"""One row per active customer: what it bought, how lately, how regularly, how broadly."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from segkit.engagement import Engagement
from segkit.measures import MEASURES

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

    Query = Callable[[str], pd.DataFrame]

_TOP_CHANNELS = 6
#: Tables that add columns where the client gave them.
BESIDE = ("promotions", "visits", "events", "receivables")


def behaviour(given: Given) -> pd.DataFrame:
    """The recipe of the table ``behaviour``; see `behaviour_table`."""
    return behaviour_table(given.query, given.engagement, set(filter(given.has, BESIDE)))


def behaviour_table(
    query: Query, engagement: Engagement, beside: Collection[str] = ()
) -> pd.DataFrame:
    """How each active customer buys, in the window.

    Integers are counted and summed in the engine, once per customer; what is divided, logged or
    sloped is so here, on one row per customer.

    Parameters
    ----------
    query
        Runs one SELECT over ``order_lines``, ``customers``, ``products`` and the tables `beside`.
    beside
        Which of `BESIDE` there are.

    Returns
    -------
    DataFrame
        One row per customer with an accepted line in the window, sorted by ``customer_id``.
        Amounts are minor units; `segkit.measures` has the meaning of each column.
    """
    import pandas as pd

    from segkit.behaviour import features
    from segkit.behaviour.counts import queries

    channels = query(queries(engagement)["channels"])["channel"].tolist()
    named = channels[:_TOP_CHANNELS]
    sql = queries(engagement, named)
    totals = query(sql["totals"])
    orders = features.counted(query(sql["orders"]), totals)
    months = features.months_observed(totals, engagement)
    gaps = query(sql["gaps"])
    more = {name: query(sql[name]) for name in BESIDE if name in beside}
    parts = [
        totals[["customer_id", "kind", "tenure_days", "lines", "net_revenue"]],
        features.value(totals, months, engagement),
        features.rhythm(gaps, orders, months),
        features.trends(totals, orders, engagement),
        features.breadth(query, sql, totals),
        features.prices(totals, more.get("promotions")),
        features.channels(orders, named, channels),
        features.basket(totals, orders, months),
        features.returns_and_seasons(totals, engagement),
    ]
    for name, make in (
        ("visits", features.visits),
        ("events", features.events),
        ("receivables", features.payments),
    ):
        if name in more:
            parts.append(make(more[name], totals, orders, months))
    return _in_order(pd.concat(parts, axis=1))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The documented columns, in the order in which they are documented."""
    columns = ["customer_id", "kind"]
    for one in MEASURES:
        start = one.column.removesuffix("*")
        columns += [
            name
            for name in map(str, table)
            if (name.startswith(start) if one.is_family else name == one.column)
        ]
    return table[columns]
