"""The visible signs of how a customer buys: what each is, and between which values it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segkit.engagement import BuyingLogic
from segkit.errors import EngagementError, nearest
from segkit.evidence import judged
from segkit.language import Message, say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

FEWEST_ORDERS = judged(
    "buying.fewest_orders", 3, 2, 5, "orders",
    say("Below so many orders nothing is said of how a customer buys."),
)  # fmt: skip
_DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class Indicator:
    """One sign of how a customer buys, or of how it is sold to.

    Attributes
    ----------
    index
        What it is a sign of.
    none, full
        The values at which it is 0 and 100; in between it grows evenly.
    fact
        Its ``{value}`` for one customer, as a seller says it.
    """

    id: str
    index: str
    label: Message
    none: float
    full: float
    unit: str
    fact: Message
    table: str = "order_lines"
    weight: float = 1.0


def _sign(
    id: str, index: str, label: Message, ends: tuple[float, float], unit: str, fact: Message,
    table: str = "order_lines",
) -> Indicator:  # fmt: skip
    none, full = ends
    judged(
        f"buying.{id}", full, 0.75 * full, 1.25 * full, unit,
        say("A sign of buying logic counts in full from here on: {name}.", name=label), table=table,
    )  # fmt: skip
    return Indicator(id, index, label, none, full, unit, fact, table)


INDICATORS = (
    _sign("discount_share", "price", say("Discount off list"), (0, 0.25), "share",
          say("{value} off list")),
    _sign("promotion_share", "price", say("Bought on promotion"), (0, 0.5), "share",
          say("{value} bought on promotion")),
    _sign("lost_on_price", "price", say("Quotes lost on price"), (0, 1), "share",
          say("{value} of lost quotes lost on price"), "quotes"),
    _sign("dear_share", "performance", say("Products dearer than their category"), (0, 1), "share",
          say("{value} dearer than their category")),
    _sign("lost_on_performance", "performance", say("Quotes lost on specification"), (0, 1),
          "share", say("{value} of lost quotes lost on specification"), "quotes"),
    _sign("orders_per_month", "delivery", say("Orders a month"), (0, 4), "orders",
          say("{value} orders a month")),
    _sign("lines_per_order", "delivery", say("Lines an order"), (5, 1), "lines",
          say("{value} lines an order")),
    _sign("deliveries_per_order", "delivery", say("Deliveries an order"), (1, 2), "number",
          say("{value} deliveries an order"), "events"),
    _sign("lost_on_delivery", "delivery", say("Quotes lost on lead time"), (0, 1), "share",
          say("{value} of lost quotes lost on lead time"), "quotes"),
    _sign("custom_share", "customised", say("Made to order, or a service"), (0, 0.5), "share",
          say("{value} made to order")),
    _sign("self_service_share", "collaboration", say("Orders by web or EDI"), (1, 0), "share",
          say("{value} of orders by web or EDI")),
    _sign("quote_days", "collaboration", say("Days from quote to decision"), (0, 45), "days",
          say("{value} days from quote to decision"), "quotes"),
    _sign("role", "today", say("Seller: inside 0, field 50, key account 100"), (0, 100), "number",
          say("seller {value}"), "reps"),
    _sign("contact_minutes", "today", say("Minutes of contact a month"), (0, 120), "minutes",
          say("{value} minutes of contact a month"), "visits"),
    _sign("quoted_share", "today", say("Quotes an order"), (0, 0.5), "number",
          say("{value} quotes an order"), "quotes"),
)  # fmt: skip
INDICES = ("price", "performance", "delivery", "customised", "collaboration")

#: How the client's words for a lost quote's reason are read.
_REASONS = {
    "lost_on_price": ("price",),
    "lost_on_performance": ("specification", "performance", "quality"),
    "lost_on_delivery": ("lead time", "delivery"),
}

_LINES = """
WITH dear AS (
    SELECT product_id,
        CASE WHEN list_price * count(list_price) OVER (PARTITION BY category)
            > sum(list_price) OVER (PARTITION BY category) THEN 1
            WHEN list_price IS NOT NULL THEN 0 END AS is_dear,
        CASE WHEN is_custom OR kind = 'service' THEN 1
            WHEN is_custom IS NOT NULL OR kind IS NOT NULL THEN 0 END AS is_custom
    FROM products
), bought AS (
    SELECT customer_id, order_id, channel, net_amount, promotion_id, is_dear, is_custom
    FROM order_lines l LEFT JOIN dear d ON d.product_id = l.product_id
    WHERE period = 'in_window' AND customer_id IS NOT NULL AND quantity > 0 AND net_amount > 0
)
"""
_MONEY = """
SELECT customer_id, CAST(sum(net_amount) AS BIGINT) AS sold,
    CAST(sum(CASE WHEN promotion_id IS NOT NULL THEN net_amount ELSE 0 END) AS BIGINT) AS promoted,
    CAST(sum(net_amount * is_dear) AS BIGINT) AS dear,
    CAST(sum(CASE WHEN is_dear IS NOT NULL THEN net_amount END) AS BIGINT) AS of_dear,
    CAST(sum(net_amount * is_custom) AS BIGINT) AS custom,
    CAST(sum(CASE WHEN is_custom IS NOT NULL THEN net_amount END) AS BIGINT) AS of_custom
FROM bought GROUP BY customer_id ORDER BY customer_id
"""
_ORDERS = """
, orders AS (
    SELECT customer_id, order_id, min(lower(channel)) AS channel
    FROM bought GROUP BY customer_id, order_id
)
SELECT customer_id, CAST(count(*) AS BIGINT) AS orders,
    CAST(count(channel) AS BIGINT) AS of_channel,
    CAST(sum(CASE WHEN channel IN ('web', 'edi') THEN 1 ELSE 0 END) AS BIGINT) AS self_served,
    CAST(sum(CASE WHEN channel = 'field' THEN 1 ELSE 0 END) AS BIGINT) AS field_orders
FROM orders GROUP BY customer_id ORDER BY customer_id
"""
_QUOTES = """
SELECT customer_id, CAST(count(*) AS BIGINT) AS quotes,
    CAST(count(decided_date) AS BIGINT) AS decided,
    CAST(sum(date_diff('day', created_date, decided_date)) AS BIGINT) AS days,
    CAST(sum(CASE WHEN status = 'lost' THEN 1 ELSE 0 END) AS BIGINT) AS lost,
    CAST(sum(CASE WHEN status = 'lost' AND reason IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT)
        AS of_reason{reasons}
FROM quotes WHERE created_date > DATE '{start}' AND created_date <= DATE '{end}'
GROUP BY customer_id ORDER BY customer_id
"""
_VISITS = """
SELECT customer_id, CAST(count(*) AS BIGINT) AS contacts,
    CAST(sum(CASE WHEN kind = 'visit' THEN 1 ELSE 0 END) AS BIGINT) AS visits,
    CAST(count(minutes) AS BIGINT) AS of_minutes,
    CAST(sum(CAST(minutes AS BIGINT)) AS BIGINT) AS minutes
FROM visits WHERE visit_date > DATE '{start}' AND visit_date <= DATE '{end}'
GROUP BY customer_id ORDER BY customer_id
"""
_DELIVERIES = """
SELECT customer_id, CAST(sum(CAST(quantity AS BIGINT)) AS BIGINT) AS deliveries
FROM events WHERE lower(activity) = 'delivery'
    AND event_date > DATE '{start}' AND event_date <= DATE '{end}'
GROUP BY customer_id ORDER BY customer_id
"""


def agreed_indicators(agreed: BuyingLogic) -> tuple[Indicator, ...]:
    """The indicators with the weights and anchors of this engagement; a wrong name is told."""
    known = [*(one.id for one in INDICATORS), *INDICES, "stated"]
    for name in (*agreed.weights, *agreed.anchors):
        if name not in known:
            raise EngagementError(
                f"buying_logic names {name}, which is neither an indicator nor an index."
                f"{nearest(name, known)}\n"
                "Fix: use a name of the table of indicators in docs/methods.md."
            )
    made = []
    for one in INDICATORS:
        none, full = map(float, agreed.anchors.get(one.id, (one.none, one.full)))
        weight = float(agreed.weights.get(one.id, 1))
        made.append(replace(one, none=none, full=full, weight=weight))
    return tuple(made)


def signs(given: Given, behaviour: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the records hold of each indicator, by customer, and whether it applies to it.

    Returns
    -------
    tuple
        Two frames over the rows of `behaviour`. The first: one column per indicator,
        not-a-number where the records do not tell. The second: False where there is nothing to
        tell, as of lost quotes without a lost quote.
    """
    import pandas as pd

    who = behaviour["customer_id"]
    money = _of(given.query(_LINES + _MONEY), who)
    orders = _of(given.query(_LINES + _ORDERS), who)
    months = _months(given, behaviour)
    told = {
        "discount_share": behaviour["discount_share"],
        "promotion_share": _over(money["promoted"], money["sold"] * bool(money["promoted"].any())),
        "dear_share": _over(money["dear"], money["of_dear"]),
        "orders_per_month": behaviour["orders_per_month"],
        "lines_per_order": behaviour["lines_per_order"],
        "custom_share": _over(money["custom"], money["of_custom"]),
        "self_service_share": _over(orders["self_served"], orders["of_channel"]),
        "role": _role(given, who, orders),
        **_quoted(given, who, orders),
        **_contacts(given, who, orders, months),
    }
    values = pd.DataFrame({one.id: told.get(one.id) for one in INDICATORS}, index=who.index)
    values = values.astype("float64")
    applies = values.notna() | True
    few = behaviour["orders"] < FEWEST_ORDERS
    bought = [one.id for one in INDICATORS if one.index != "today"]
    values.loc[few, bought] = float("nan")
    if "lost" in told:
        for name in _REASONS:
            applies[name] = told["lost"] > 0
    return values, applies


def _quoted(given: Given, who: pd.Series[str], orders: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """What quotes tell; a customer without a quote had no cycle to go through."""
    if not given.has("quotes"):
        return {}
    found = _of(_dated(given, _QUOTES.replace("{reasons}", _reason_counts())), who).fillna(0)
    waiting = found["decided"].where(found["decided"] > 0)
    return {
        "lost": found["lost"],
        "quote_days": (found["days"] / waiting).where(found["quotes"] > 0, 0.0),
        "quoted_share": _over(found["quotes"], orders["orders"]),
        **{name: _over(found[name], found["of_reason"]) for name in _REASONS},
    }


def _reason_counts() -> str:
    parts = [
        f",\n    CAST(sum(CASE WHEN status = 'lost' AND lower(reason) IN "
        f"({', '.join(repr(word) for word in words)}) THEN 1 ELSE 0 END) AS BIGINT) AS {name}"
        for name, words in _REASONS.items()
    ]
    return "".join(parts)


def _contacts(
    given: Given, who: pd.Series[str], orders: pd.DataFrame, months: pd.Series[float]
) -> dict[str, pd.Series[float]]:
    """Minutes of contact and deliveries, where they are logged at all."""
    made = {}
    if given.has("visits"):
        found = _of(_dated(given, _VISITS), who)
        minutes = (found["minutes"] / months).where(found["contacts"].notna(), 0.0)
        if (found["of_minutes"] > 0).any():
            made["contact_minutes"] = minutes
        made["visits_per_month"] = found["visits"].fillna(0) / months
    if given.has("events"):
        found = _of(_dated(given, _DELIVERIES), who)
        if found["deliveries"].notna().any():
            made["deliveries_per_order"] = _over(found["deliveries"], orders["orders"])
    return made


def _role(given: Given, who: pd.Series[str], orders: pd.DataFrame) -> pd.Series[float]:
    """The role of the customer's seller; where it is unknown, how most of its orders come in."""
    by_channel = 100 * 0.5 * _over(orders["field_orders"], orders["of_channel"]).gt(0.5)
    by_channel = by_channel.where(orders["of_channel"] > 0)
    customers = given.table("customers").set_index("customer_id")
    if not given.has("reps"):
        return by_channel
    reps = given.table("reps").set_index("rep_id")["role"]
    said = who.map(customers["rep_id"]).map(reps).astype("object")
    heights = {"inside": 0.0, "field": 50.0, "key_account": 100.0}
    return said.map(heights).astype("float64").fillna(by_channel)


def _months(given: Given, behaviour: pd.DataFrame) -> pd.Series[float]:
    window = (given.engagement.as_of - given.engagement.window_start).days
    return behaviour["tenure_days"].clip(lower=90, upper=window) / _DAYS_A_MONTH


def _dated(given: Given, sql: str) -> pd.DataFrame:
    dates = {"{start}": given.engagement.window_start, "{end}": given.engagement.as_of}
    for name, day in dates.items():
        sql = sql.replace(name, day.isoformat())
    return given.query(sql)


def _of(found: pd.DataFrame, who: pd.Series[str]) -> pd.DataFrame:
    """The counted rows in the order of the customers."""
    return found.set_index("customer_id").reindex(who).astype("float64").set_index(who.index)


def _over(above: pd.Series[float], below: pd.Series[float]) -> pd.Series[float]:
    return above / below.where(below > 0)
