"""Contract tables: the grain, key, columns, units and meaning at which stages meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segkit.language import Message, say

Kind = Literal["text", "date", "integer", "amount", "price", "number", "boolean"]

#: The engine's type of each kind. Amounts are whole minor units; identifiers are text.
ENGINE_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "date": "DATE",
    "integer": "BIGINT",
    "amount": "BIGINT",
    "price": "DECIMAL(18,6)",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """One column of a contract table.

    Attributes
    ----------
    counts
        A row whose value cannot be read can't be counted, so it is quarantined.
        Elsewhere an unreadable value becomes empty, with a note.
    words
        The only words it may hold; none means any.
    is_never_negative
        Whether a number below zero is a mistake.
    """

    name: str
    kind: Kind
    meaning: str
    is_required: bool = True
    counts: bool = False
    words: tuple[str, ...] = ()
    is_never_negative: bool = False


@dataclass(frozen=True)
class Table:
    """A contract table: one row per `grain`, identified by `key`.

    Attributes
    ----------
    filled
        Of a sheet that people fill in, the column without which a row was not filled in: such a
        row is no row.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    adds: Message
    filled: str = ""

    def column(self, name: str) -> Column | None:
        """The column called `name`, if the contract has it."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be given."""
        return tuple(column.name for column in self.columns if column.is_required)


def _c(spec: str, meaning: str, *words: str) -> Column:
    """A column from ``name?!+ kind``.

    ``?`` is optional, a row without ``!`` can't be counted, and ``+`` is never below zero.
    """
    name, kind = spec.split()
    return Column(
        name=name.rstrip("?!+"),
        kind=kind,  # type: ignore[arg-type]
        meaning=meaning,
        is_required="?" not in name,
        counts="!" in name,
        words=words,
        is_never_negative="+" in name,
    )


CONTRACTS: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "customers",
            "customer (the outlet that is visited)",
            ("customer_id",),
            (
                _c("customer_id text", "identifies the customer"),
                _c("name text", "the customer's name"),
                _c("kind? text", "a base of its own, such as retail or professional"),
                _c("category? text", "trade class"),
                _c("region? text", "where the customer is"),
                _c("class? text", "the client's own A/B/C"),
                _c("size?+ number", "the client's own measure of size"),
                _c("parent_id? text", "chain that agrees terms"),
                _c("address? text", "street and town, to find one customer listed twice"),
                _c("tax_number? text", "tax number, to find one customer listed twice"),
                _c("rep_id? text", "the seller who looks after the customer"),
                _c("status? text", "customer or prospect"),
                _c("since? date", "customer since"),
            ),
            say("names, trade classes and regions beside each customer"),
        ),
        Table(
            "order_lines",
            "order line",
            (),
            (
                _c("order_id text", "identifies the order"),
                _c("line_no? text", "line of the order"),
                _c("order_date! date", "the day of the order"),
                _c("customer_id? text", "who ordered; empty is unassigned"),
                _c("product_id? text", "what was ordered; empty is unknown"),
                _c("quantity! number", "units; negative for a return"),
                _c("net_amount! amount", "net revenue after discounts"),
                _c("list_amount? amount", "quantity at list price"),
                _c("discount_amount? amount", "list less net"),
                _c("cost_amount? amount", "product cost of the line"),
                _c("channel? text", "field, inside, web, edi or distributor"),
                _c("rep_id? text", "the seller of this line"),
                _c("promotion_id? text", "the promotion it was bought on"),
                _c("invoice_id? text", "the invoice the line stands on"),
                _c("original_order_id? text", "the order that a return or credit note takes back"),
                _c("currency? text", "currency of the line's amounts; empty is the engagement's"),
                _c("unit? text", "unit of the quantity, such as piece or pallet"),
            ),
            say("everything: without order lines nothing can be said"),
        ),
        Table(
            "products",
            "product or service",
            ("product_id",),
            (
                _c("product_id text", "identifies the product"),
                _c("name text", "the product's name"),
                _c("kind? text", "product or service"),
                _c("category? text", "product category"),
                _c("family? text", "product family"),
                _c("unit_cost?+ price", "cost of one unit"),
                _c("list_price?+ price", "list price of one unit"),
                _c("is_custom? boolean", "made to the customer's order"),
            ),
            say("breadth of assortment, preferences and gross margin by category"),
        ),
        Table(
            "visits",
            "contact with a customer",
            ("visit_id",),
            (
                _c("visit_id text", "identifies the contact"),
                _c("customer_id! text", "who was met"),
                _c("rep_id? text", "the seller who met them"),
                _c("visit_date! date", "the day of the contact"),
                _c("kind text", "visit, call or online"),
                _c("minutes?+ number", "minutes with the customer"),
                _c("is_planned? boolean", "planned beforehand"),
                _c("purpose? text", "what it was for"),
                _c("outcome? text", "what came of it"),
                _c("order_id? text", "the order taken at it"),
                _c("logged_at? text", "the day and time at which it was logged"),
            ),
            say("how often whom is visited, what a visit costs, and sales beside visits"),
        ),
        Table(
            "reps",
            "seller",
            ("rep_id",),
            (
                _c("rep_id text", "identifies the seller"),
                _c("name text", "the seller's name"),
                _c("team? text", "team"),
                _c("role? text", "field, inside or key_account"),
                _c("region? text", "where the seller works"),
                _c("days?+ number", "selling days a year"),
                _c("hours_per_day?+ number", "working hours a day"),
            ),
            say("teams and the capacity of each seller"),
        ),
        Table(
            "assignments",
            "customer and seller, from and to",
            ("customer_id", "rep_id", "from_date"),
            (
                _c("customer_id! text", "the customer"),
                _c("rep_id! text", "the seller who looks after it"),
                _c("from_date! date", "first day"),
                _c("to_date? date", "last day; empty is still so"),
            ),
            say("whose customer it was when"),
        ),
        Table(
            "resources",
            "resource pool and period",
            ("pool", "period_start"),
            (
                _c("pool! text", "the pool"),
                _c("cost!+ amount", "what the pool cost in the period"),
                _c("practical_minutes!+ number", "minutes it could really work"),
                _c("period_start! date", "first day"),
                _c("period_end! date", "last day"),
                _c("team? text", "team"),
            ),
            say("the cost of serving each customer, contribution and unused capacity"),
        ),
        Table(
            "activities",
            "activity",
            ("activity",),
            (
                _c("activity! text", "the activity"),
                _c("pool! text", "the pool that does it"),
                _c("minutes!+ number", "minutes each time"),
                _c("driver! text", "order, line, visit, call, or an activity of the events table"),
            ),
            say("the cost of serving each customer, contribution and unused capacity"),
        ),
        Table(
            "events",
            "driver event that is not an order or a visit",
            (),
            (
                _c("customer_id! text", "the customer"),
                _c("event_date! date", "the day"),
                _c("activity! text", "what happened"),
                _c("quantity! number", "how many times"),
            ),
            say("deliveries, claims and tickets in the cost to serve"),
        ),
        Table(
            "quotas",
            "seller and period",
            ("rep_id", "period_start", "measure"),
            (
                _c("rep_id! text", "the seller"),
                _c("period_start! date", "first day"),
                _c("period_end! date", "last day"),
                _c("measure text", "what is counted, such as net_revenue"),
                _c("quota!+ amount", "the quota"),
            ),
            say("attainment of each team and seller"),
        ),
        Table(
            "call_targets",
            "customer and period",
            ("customer_id", "period_start"),
            (
                _c("customer_id! text", "the customer"),
                _c("period_start! date", "first day"),
                _c("period_end! date", "last day"),
                _c("visits!+ number", "visits planned"),
            ),
            say("planned visits beside those made"),
        ),
        Table(
            "receivables",
            "invoice",
            ("invoice_id",),
            (
                _c("invoice_id text", "identifies the invoice"),
                _c("customer_id! text", "who owes"),
                _c("invoice_date! date", "the day of the invoice"),
                _c("due_date! date", "the day it falls due"),
                _c("paid_date? date", "the day it was paid; empty is open"),
                _c("amount! amount", "amount with VAT"),
            ),
            say("payment behaviour and the cost of credit"),
        ),
        Table(
            "quotes",
            "opportunity",
            ("quote_id",),
            (
                _c("quote_id text", "identifies the quote"),
                _c("customer_id! text", "who asked"),
                _c("rep_id? text", "the seller"),
                _c("created_date! date", "the day it was made"),
                _c("decided_date? date", "the day it was decided"),
                _c("amount! amount", "its net value"),
                _c("status text", "open, won or lost", "open", "won", "lost"),
                _c("reason? text", "why"),
            ),
            say("hit rates of complex sales"),
        ),
        Table(
            "needs",
            "customer, item and rater",
            ("customer_id", "item", "rater"),
            (
                _c("customer_id! text", "the customer"),
                _c("item text", "what is asked"),
                _c("rater text", "customer, seller or manager"),
                _c("score! number", "the answer"),
            ),
            say("buying logic beside behaviour"),
            filled="score",
        ),
        Table(
            "promotions",
            "promotion",
            ("promotion_id",),
            (
                _c("promotion_id text", "identifies the promotion"),
                _c("customer_id? text", "for this customer"),
                _c("segment_id? text", "for this segment"),
                _c("product_id? text", "for this product"),
                _c("category? text", "for this category"),
                _c("from_date! date", "first day"),
                _c("to_date! date", "last day"),
                _c("mechanic? text", "how it works"),
                _c("cost?+ amount", "what it cost"),
            ),
            say("sensitivity to price and promotion"),
        ),
        Table(
            "rates",
            "currency and first day",
            ("currency", "from_date"),
            (
                _c("currency! text", "the currency's code, such as EUR"),
                _c("from_date! date", "the day from which the rate holds"),
                _c("rate!+ price", "what one unit of it is worth in the engagement's currency"),
            ),
            say("amounts in other currencies"),
        ),
        Table(
            "assumptions",
            "assumption",
            ("id",),
            (
                _c("id! text", "the assumption, such as practical_capacity"),
                _c("value! price", "the agreed value"),
                _c("low? price", "the lowest it could be"),
                _c("high? price", "the highest it could be"),
                _c("unit? text", "its unit"),
                _c("text? text", "the assumption as a plain sentence"),
                _c("source? text", "where it comes from"),
                _c("owner? text", "who stands behind it"),
                _c("date? date", "the day it was agreed"),
            ),
            say("the client's own assumptions, filled in on the data request"),
            filled="value",
        ),
        Table(
            "interviews",
            "answer",
            ("question", "respondent"),
            (
                _c("question! text", "what was asked"),
                _c("respondent! text", "the role of who answered"),
                _c("answer text", "the answer"),
                _c("date? date", "the day of the answer"),
                _c("theme? text", "what it is about"),
                _c("measure? text", "what of the records it is compared with, if anything"),
            ),
            say("what the client's own people say, beside what the records show"),
            filled="answer",
        ),
    )
}


def as_markdown() -> str:
    """The contract tables as the page ``docs/tables.md`` shows them."""
    parts = [
        "# Contract tables\n",
        "Generated from `segkit/tables.py`. Stages meet only at these tables. An *amount* is whole",
        "minor units (cents, grosze), a *price* has six decimals, an identifier is text. A row",
        "whose value marked **!** cannot be read can't be counted, so it is quarantined with its",
        "reason; elsewhere such a value becomes empty, with a note.\n",
    ]
    for table in CONTRACTS.values():
        key = (
            ", ".join(f"`{name}`" for name in table.key)
            or "none, unless the engagement declares one"
        )
        parts += [f"## {table.name}\n", f"One row per {table.grain}. Key: {key}.\n"]
        parts += ["| column | kind | required | meaning |", "|---|---|---|---|"]
        parts += [
            f"| `{column.name}`{' **!**' if column.counts else ''} | {column.kind} "
            f"| {'yes' if column.is_required else ''} | {column.meaning} |"
            for column in table.columns
        ]
        if table.filled:
            parts.append(
                f"\nA row whose `{table.filled}` is empty was not filled in: it is no row."
            )
        parts.append(f"\nWithout it the report lacks {table.adds}.\n")
    return "\n".join(parts)
