"""What each column of the table ``behaviour`` means: definition, unit, window and source.

One place for what is computed in `behaviour`, told in reports and documented in
``docs/methods.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from segkit.evidence import judged
from segkit.language import Message, Value, say

RAREFIED_LINES = judged(
    "behaviour.rarefied_lines", 10, 5, 20, "lines",
    say("Breadth is compared over so many order lines of each customer."),
)  # fmt: skip
FEWEST_MONTHS = judged(
    "behaviour.fewest_months", 3.0, 2.0, 6.0, "months",
    say("A rate needs so many months."),
)  # fmt: skip
FEWEST_GAPS = judged(
    "behaviour.fewest_gaps", 3, 2, 5, "count",
    say("A rhythm needs so many gaps between orders."),
)  # fmt: skip
FEWEST_QUARTERS = judged(
    "behaviour.fewest_quarters", 4, 4, 6, "count",
    say("A trend needs so many full quarters."),
)  # fmt: skip
SMALL_ORDER = judged(
    "behaviour.small_order", 0.25, 0.1, 0.5, "share",
    say("An order is small below this part of the average order of all customers."),
)  # fmt: skip
#: The words of the contract for channels, and those in which customers order without our help.
CHANNELS = ("field", "inside", "web", "edi", "distributor")
ELECTRONIC = ("edi", "web")

Unit = Literal["money", "share", "rate", "count", "days"]
Window = Literal["window", "records", "year", "year_before", "as_of"]
WINDOWS: dict[Window, Message] = {
    "window": say("the window"),
    "records": say("all records up to the as-of date"),
    "year": say("the last twelve months"),
    "year_before": say("the twelve months before those"),
    "as_of": say("the as-of date"),
}
UNITS: dict[Unit, Message] = {
    "money": say("amount"),
    "share": say("share"),
    "rate": say("number"),
    "count": say("count"),
    "days": say("days"),
}


@dataclass(frozen=True)
class Measure:
    """One column of ``behaviour``.

    Attributes
    ----------
    column
        Its name; one that ends in ``*`` stands for a column of each channel or category.
    unit
        How it is written; money is whole minor units in the table.
    sources
        The tables it is made from; where one of them was not given, there is no such column.
        ``products`` and ``customers`` are always there.
    """

    column: str
    unit: Unit
    label: Message
    definition: Message
    window: Window = "window"
    sources: tuple[str, ...] = ("order_lines",)

    @property
    def is_family(self) -> bool:
        """Whether it stands for a column of each channel or category."""
        return self.column.endswith("*")


_PRODUCTS, _VISITS, _EVENTS = ("order_lines", "products"), ("visits",), ("events",)
_INVOICES = ("receivables",)
_LINES_DRAWN = Value(RAREFIED_LINES, "lines")
_GAPS, _QUARTERS = Value(FEWEST_GAPS), Value(FEWEST_QUARTERS)
_MONTHS, _SMALL = Value(FEWEST_MONTHS, "months"), Value(SMALL_ORDER, "share")

#: In the order of the table's columns.
MEASURES: tuple[Measure, ...] = (
    # --- value --------------------------------------------------------------------------------
    Measure("net_revenue", "money", say("net revenue"), say("after discounts, returns deducted")),
    Measure("net_revenue_12m", "money", say("net revenue, last twelve months"),
            say("net revenue of the last twelve months"), "year"),
    Measure("net_revenue_prior_12m", "money", say("net revenue, twelve months before"),
            say("net revenue of the twelve months before; empty in a shorter window"),
            "year_before"),
    Measure("revenue_per_month", "money", say("net revenue a month"),
            say("net revenue over the months since the window, or the customer, began; "
                "at least {months} months", months=_MONTHS)),
    Measure("gross_margin", "money", say("gross margin"),
            say("net revenue less product cost, of lines whose cost is known"),
            sources=_PRODUCTS),
    Measure("margin_share", "share", say("gross margin share"),
            say("gross margin over net revenue, of lines whose cost is known"),
            sources=_PRODUCTS),
    # --- rhythm -------------------------------------------------------------------------------
    Measure("orders", "count", say("orders"),
            say("orders in the window; returns and credits are none")),
    Measure("orders_per_month", "rate", say("orders a month"),
            say("orders a month since the window, or the customer, began")),
    Measure("order_days", "count", say("order days"), say("different days with an order")),
    Measure("recency_days", "days", say("days since the last order"),
            say("days from the last order to the as-of date")),
    Measure("tenure_days", "days", say("days since the first order"),
            say("days from the first order on record to the as-of date"), "records"),
    Measure("active_months", "count", say("months with an order"),
            say("different calendar months with an order")),
    Measure("active_month_share", "share", say("share of months with an order"),
            say("months with an order over months since the window, or the customer, began; "
                "at most all")),
    Measure("gap_days", "days", say("usual gap between orders, days"),
            say("median days between two order days")),
    Measure("gap_cv", "rate", say("variation of order gaps"),
            say("spread of those gaps over their mean, from {gaps} gaps on: 0 is clockwork, "
                "1 is chance", gaps=_GAPS)),
    Measure("gap_days_longest", "days", say("longest gap between orders, days"),
            say("most days between two order days")),
    Measure("overdue_gaps", "rate", say("silence in usual gaps"),
            say("days since the last order over the usual gap, from {gaps} gaps on",
                gaps=_GAPS)),
    Measure("weekday_share", "share", say("share of the usual weekday"),
            say("order days on the most usual weekday over all order days, "
                "from {gaps} gaps on", gaps=_GAPS)),
    # --- trend --------------------------------------------------------------------------------
    Measure("trend", "share", say("revenue trend a quarter"),
            say("median of the slopes between all pairs of quarters (Theil–Sen) of log net "
                "revenue, as a share a quarter; from {quarters} full quarters on",
                quarters=_QUARTERS)),
    Measure("trend_orders", "share", say("order trend a quarter"),
            say("the trend of net revenue, but of the number of orders")),
    # --- breadth ------------------------------------------------------------------------------
    Measure("products", "count", say("products bought"), say("different products bought")),
    Measure("categories", "count", say("categories bought"),
            say("different product categories bought"), sources=_PRODUCTS),
    Measure("breadth_rarefied", "rate", say("breadth"),
            say("different categories (without categories: products) expected in {lines} of "
                "the customer's order lines, so that size does not count", lines=_LINES_DRAWN),
            sources=_PRODUCTS),
    # --- category mix and preference ----------------------------------------------------------
    Measure("category_top_share", "share", say("share of the first category"),
            say("order lines of the category bought most over lines with a category"),
            sources=_PRODUCTS),
    Measure("category_concentration", "share", say("concentration on categories"),
            say("sum of the squared shares of lines of each category: 1 is a single category"),
            sources=_PRODUCTS),
    Measure("product_top_share", "share", say("share of the first product"),
            say("order lines of the product bought most over all lines")),
    Measure("custom_share", "share", say("share made to order"),
            say("value sold of products made to the customer's order, over value sold of products "
                "of which that is known"), sources=_PRODUCTS),
    Measure("service_share", "share", say("share of services"),
            say("value sold of services over value sold of products and services of a known kind"),
            sources=_PRODUCTS),
    # --- sensitivity to price -----------------------------------------------------------------
    Measure("discount_share", "share", say("discount"),
            say("discount over list value, of lines whose list price is known")),
    Measure("discounted_share", "share", say("share of lines below list price"),
            say("lines sold below list price over lines whose list price is known")),
    Measure("promotion_share", "share", say("share bought on promotion"),
            say("value sold on lines that name a promotion, or else on a day on which one ran "
                "for the product and the customer, over value sold"),
            sources=("order_lines", "promotions")),
    # --- channels -----------------------------------------------------------------------------
    Measure("channels", "count", say("channels used"), say("different channels of orders")),
    Measure("electronic_share", "share", say("share of electronic orders"),
            say("orders by web shop or EDI over orders whose channel is known")),
    # --- basket -------------------------------------------------------------------------------
    Measure("lines", "count", say("order lines"), say("order lines, returns among them")),
    Measure("lines_per_order", "rate", say("lines an order"),
            say("order lines an order, returns left out")),
    Measure("order_value", "money", say("order value"), say("net revenue an order")),
    Measure("order_value_median", "money", say("usual order value"),
            say("median value of an order, returns left out")),
    Measure("largest_order_share", "share", say("share of the largest order"),
            say("value of the largest order over value sold")),
    # --- returns ------------------------------------------------------------------------------
    Measure("return_share", "share", say("share returned"),
            say("value of returns and credits over value sold")),
    Measure("return_line_share", "share", say("share of lines returned"),
            say("lines that are returns or credits over all lines")),
    # --- season -------------------------------------------------------------------------------
    Measure("season_peak_share", "share", say("share of the strongest quarter"),
            say("value sold in the strongest calendar quarter over that of the year, one in "
                "four without seasons; of customers who began at least a year ago"), "year"),
    # --- service load -------------------------------------------------------------------------
    Measure("small_order_share", "share", say("share of small orders"),
            say("orders below {part} of the average order of all customers, over orders",
                part=_SMALL)),
    Measure("events", "count", say("service events"),
            say("events such as deliveries, claims and tickets"), sources=_EVENTS),
    Measure("events_per_month", "rate", say("service events a month"),
            say("service events a month since the window, or the customer, began"),
            sources=_EVENTS),
    Measure("events_per_order", "rate", say("service events an order"),
            say("service events over orders"), sources=("events", "order_lines")),
    # --- visits -------------------------------------------------------------------------------
    Measure("visits", "count", say("visits"), say("visits in the window"), sources=_VISITS),
    Measure("visits_per_month", "rate", say("visits a month"),
            say("visits a month since the window, or the customer, began"), sources=_VISITS),
    Measure("calls_per_month", "rate", say("calls a month"),
            say("contacts that are no visits, a month since the window, or the customer, began"),
            sources=_VISITS),
    Measure("days_since_visit", "days", say("days since the last visit"),
            say("days from the last visit to the as-of date; empty where there was none"),
            "records", _VISITS),
    Measure("orders_per_visit", "rate", say("orders a visit"),
            say("orders over visits, whoever took them"), sources=("order_lines", "visits")),
    Measure("revenue_per_visit", "money", say("net revenue a visit"),
            say("net revenue over visits"), sources=("order_lines", "visits")),
    # --- payment ------------------------------------------------------------------------------
    Measure("invoices", "count", say("invoices"), say("invoices dated in the window"),
            sources=_INVOICES),
    Measure("payment_days", "days", say("days to payment"),
            say("mean days from invoice to payment, of invoices paid by the as-of date"),
            sources=_INVOICES),
    Measure("late_days", "days", say("days paid late"),
            say("mean days from due date to payment, early ones below 0, of invoices paid by the "
                "as-of date"), sources=_INVOICES),
    Measure("late_share", "share", say("share paid late"),
            say("amount paid after its due date or still open, over the amount fallen due"),
            sources=_INVOICES),
    Measure("overdue_amount", "money", say("overdue amount"),
            say("amount open after its due date, with VAT, credit notes deducted"), "as_of",
            _INVOICES),
    # --- a column of each ---------------------------------------------------------------------
    Measure("share_channel_*", "share", say("share of orders by channel"),
            say("orders of each channel over orders; the channels used least are one")),
    Measure("share_category_*", "share", say("share of lines by category"),
            say("order lines of each category over lines; the categories sold least are one"),
            sources=_PRODUCTS),
)  # fmt: skip


def measure(column: str) -> Measure | None:
    """What a column of ``behaviour`` means; a share belongs to its family.

    Examples
    --------
    >>> str(measure("share_channel_web").label), measure("kind")
    ('share of orders by channel', None)
    """
    return next(
        (
            one
            for one in MEASURES
            if one.column == column or (one.is_family and column.startswith(one.column[:-1]))
        ),
        None,
    )


def present(columns: Iterable[str]) -> tuple[Measure, ...]:
    """The measures of a table with these columns, in order."""
    found = {one.column for column in columns if (one := measure(column))}
    return tuple(one for one in MEASURES if one.column in found)


#: The table stands between these lines of ``docs/methods.md``.
BEGIN, END = "<!-- generated from segkit/measures.py -->", "<!-- end of what is generated -->"


def as_markdown() -> str:
    """The table of ``docs/methods.md``."""
    rows = [
        "| column | measure | definition | unit | window | source |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| `{one.column}` | {one.label} | {one.definition} | {UNITS[one.unit]} "
        f"| {WINDOWS[one.window]} | {', '.join(f'`{name}`' for name in one.sources)} |"
        for one in MEASURES
    ]
    return "\n".join(rows) + "\n"
