"""What a rule may count: each measure with its SQL, its unit and its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segkit.language import Message, say

Unit = Literal["money", "number", "share", "days"]
Source = Literal["order_lines", "visits", "events"]

_SOLD = "l.quantity >= 0 AND l.net_amount >= 0"
_LISTED = "coalesce(l.list_amount, l.net_amount + l.discount_amount)"
#: What a line cost; {minor} units make one of the currency.
_COST = "coalesce(l.cost_amount, CAST(round(l.quantity * p.unit_cost * {minor}) AS BIGINT))"


@dataclass(frozen=True)
class Measure:
    """One measure of the rule language.

    Attributes
    ----------
    above, below
        Aggregates over the rows of one customer: `l` the line, visit or event, `p` its product.
        A measure with `below` is a rate: without anything to divide by it is missing.
    scale
        What the sum is divided by: quantities are summed in thousandths, so that sums are exact.
    rows
        A condition that the rows meet beside the filters; left out where its column is filtered.
    per
        The unit of time it is divided by unless the call says another.
    """

    name: str
    source: Source
    unit: Unit
    label: Message
    meaning: str
    above: str
    below: str | None = None
    scale: int = 1
    rows: str = ""
    per: str | None = None
    needs_product: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether it is a ratio of two sums."""
        return self.below is not None


_RETURNED = f"CASE WHEN {_SOLD} THEN 0 ELSE -l.net_amount END"
_ORDERS = f"count(DISTINCT CASE WHEN {_SOLD} THEN l.order_id END)"
_SALES = f"sum(CASE WHEN {_SOLD} THEN l.net_amount ELSE 0 END)"
_MET = "l.kind = 'visit' OR l.kind IS NULL"

_ALL = (
    Measure("spend", "order_lines", "money", say("net revenue"),
            "net revenue, returns and credits taken off", "sum(l.net_amount)"),
    Measure("orders", "order_lines", "number", say("orders"),
            "orders, returns and credits not counted", _ORDERS),
    Measure("orders_per_month", "order_lines", "number", say("orders a month"),
            "orders divided by the months looked at", _ORDERS, per="month"),
    Measure("order_value", "order_lines", "money", say("order value"),
            "net revenue an order", "sum(l.net_amount)", below=_ORDERS),
    Measure("lines", "order_lines", "number", say("order lines"),
            "order lines, returns and credits not counted",
            f"sum(CASE WHEN {_SOLD} THEN 1 ELSE 0 END)"),
    Measure("quantity", "order_lines", "number", say("units bought"),
            "units, returns taken off, to the thousandth",
            "sum(CAST(round(l.quantity * 1000) AS BIGINT))", scale=1000),
    Measure("products", "order_lines", "number", say("products bought"),
            "different products bought",
            f"count(DISTINCT CASE WHEN {_SOLD} THEN l.product_id END)"),
    Measure("categories", "order_lines", "number", say("categories bought"),
            "different product categories bought",
            f"count(DISTINCT CASE WHEN {_SOLD} THEN p.category END)", needs_product=True),
    Measure("discount_share", "order_lines", "share", say("discount"),
            "list less net, as a share of list, of the lines whose list price is known",
            f"sum(CASE WHEN {_SOLD} THEN {_LISTED} - l.net_amount END)",
            below=f"sum(CASE WHEN {_SOLD} THEN {_LISTED} END)"),
    Measure("margin", "order_lines", "money", say("gross margin"),
            "net revenue less product cost, of the lines whose cost is known; missing where no "
            "line's cost is",
            f"sum(l.net_amount - {_COST})", needs_product=True),
    Measure("margin_rate", "order_lines", "share", say("gross margin rate"),
            "gross margin as a share of net revenue, of the lines whose cost is known",
            f"sum(l.net_amount - {_COST})",
            below=f"sum(CASE WHEN {_COST} IS NOT NULL THEN l.net_amount END)", needs_product=True),
    Measure("returns", "order_lines", "money", say("returned"),
            "what returns and credits took back", f"sum({_RETURNED})"),
    Measure("return_share", "order_lines", "share", say("share returned"),
            "returns and credits as a share of what was sold", f"sum({_RETURNED})", below=_SALES),
    Measure("days_since_order", "order_lines", "days", say("days since the last order"),
            "days from the last order to `as_of`, all records looked at; infinite for who never "
            "ordered", "max(l.order_date)", rows=_SOLD),
    Measure("visits", "visits", "number", say("visits"),
            "contacts of kind visit; with `kind` among the filters, contacts of that kind",
            "count(*)", rows=_MET),
    Measure("visits_per_month", "visits", "number", say("visits a month"),
            "visits divided by the months looked at", "count(*)", rows=_MET, per="month"),
    Measure("days_since_visit", "visits", "days", say("days since the last visit"),
            "days from the last visit to `as_of`, all records looked at; infinite for who was "
            "never visited", "max(l.visit_date)", rows=_MET),
    Measure("events", "events", "number", say("events"),
            "driver events such as claims or deliveries, by their quantity, to the thousandth",
            "sum(CAST(round(l.quantity * 1000) AS BIGINT))", scale=1000),
)  # fmt: skip
MEASURES: dict[str, Measure] = {one.name: one for one in _ALL}
#: The column of days of each table, and its columns that no filter is needed for.
DAYS: dict[Source, str] = {
    "order_lines": "order_date",
    "visits": "visit_date",
    "events": "event_date",
}
#: Words that name a column more shortly in a filter.
SHORT = {"promotion": "promotion_id", "product": "product_id"}
#: What compares a customer with its peers.
PEERS = ("average", "median")


def as_markdown() -> str:
    """The measures, as ``docs/rules.md`` ends with them."""
    rows = [
        f"| `{one.name}` | {one.source.replace('_', ' ')} | {_UNITS[one.unit]} | {one.meaning} |"
        for one in _ALL
    ]
    return "\n".join(["| measure | of | in | meaning |", "|---|---|---|---|", *rows, ""])


_UNITS = {
    "money": "currency",
    "number": "a number",
    "share": "a share, 0 to 1",
    "days": "days",
}
