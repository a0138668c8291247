"""KPIs as data: what is divided by what, over which rows, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segkit.language import Message, say

# Returns and credits are no orders: they carry a negative quantity or amount.
_ORDERS = "count(DISTINCT CASE WHEN is_return = 0 THEN order_id END)"
_BY_CHANNEL = "count(DISTINCT CASE WHEN is_return = 0 AND channel {} THEN order_id END)"


@dataclass(frozen=True)
class Kpi:
    """One ratio of sums.

    Attributes
    ----------
    rows
        Name of the rows it is summed over, see `ROWS`.
    numerator, denominator
        SQL sums per customer; both are summed over a group before they are divided.
    over, under
        The same in words.
    direction
        ``level``: neither more nor less is good by itself, read it beside its counter-KPI.
    unit
        ``money`` (minor units), ``share`` (0-1) or a plural noun.
    counter
        Id of the KPI that shows when this one is bought at the expense of something else.
    interval
        ``wilson`` where each trial counts once; ``customers`` resamples customers.
    months
        History the KPI needs.
    """

    id: str
    name: Message
    rows: str
    numerator: str
    denominator: str
    over: Message
    under: Message
    direction: Literal["up", "down", "level"]
    unit: str
    family: Literal["selling", "earning", "serving"]
    counter: str
    interval: Literal["customers", "wilson"] = "customers"
    months: int = 0


#: Each SELECT gives customer_id, rep_id and day (or null), and what is summed.
#: {since}: last day before the window. {year}: a year before as_of. {before}: two years before.
ROWS: dict[str, tuple[tuple[str, ...], str]] = {
    "lines": (
        ("order_lines",),
        """
        SELECT l.customer_id, coalesce(l.rep_id, {held_by} c.rep_id) AS rep_id,
               l.order_date AS day, l.order_id, l.net_amount, l.channel,
               coalesce(l.cost_amount,
                        CAST(round(l.quantity * p.unit_cost * {minor_units}) AS BIGINT)) AS cost,
               coalesce(l.list_amount, l.net_amount + l.discount_amount) AS list,
               CASE WHEN l.quantity < 0 OR l.net_amount < 0 THEN 1 ELSE 0 END AS is_return
        FROM order_lines l
        LEFT JOIN products p ON p.product_id = l.product_id
        LEFT JOIN customers c ON c.customer_id = l.customer_id
        {assigned}
        WHERE l.period = 'in_window'
        """,
    ),
    "years": (
        ("order_lines",),
        """
        SELECT customer_id, CAST(NULL AS VARCHAR) AS rep_id, CAST(NULL AS DATE) AS day,
               coalesce(sum(CASE WHEN order_date > {year} THEN net_amount END), 0) AS last_year,
               coalesce(sum(CASE WHEN order_date <= {year} THEN net_amount END), 0) AS year_before
        FROM order_lines
        WHERE order_date > {before} AND order_date <= {as_of} AND customer_id IS NOT NULL
        GROUP BY customer_id
        """,
    ),
    "customers": (
        ("order_lines",),
        """
        SELECT l.customer_id, c.rep_id, CAST(NULL AS DATE) AS day,
               CAST(max(CASE WHEN l.net_amount > 0 AND l.order_date > {quarter}
                        THEN 1 ELSE 0 END) AS BIGINT) AS is_recent
        FROM order_lines l LEFT JOIN customers c ON c.customer_id = l.customer_id
        WHERE l.period = 'in_window' AND l.customer_id IS NOT NULL
        GROUP BY l.customer_id, c.rep_id
        """,
    ),
    "contacts": (
        ("order_lines", "visits"),
        """
        SELECT b.customer_id, c.rep_id, CAST(NULL AS DATE) AS day,
               coalesce(v.contacts, 0) AS contacts,
               CASE WHEN v.visits > 0 THEN 1 ELSE 0 END AS is_visited
        FROM (SELECT DISTINCT customer_id FROM order_lines
              WHERE period = 'in_window' AND customer_id IS NOT NULL) b
        LEFT JOIN customers c ON c.customer_id = b.customer_id
        LEFT JOIN (SELECT customer_id, count(*) AS contacts,
                          sum(CASE WHEN kind = 'visit' THEN 1 ELSE 0 END) AS visits
                   FROM visits WHERE visit_date > {year_in_window} AND visit_date <= {as_of}
                   GROUP BY customer_id) v ON v.customer_id = b.customer_id
        """,
    ),
    "visits": (
        ("order_lines", "visits"),
        """
        SELECT v.customer_id, coalesce(v.rep_id, c.rep_id) AS rep_id, v.visit_date AS day,
               CASE WHEN v.order_id IS NOT NULL OR o.day IS NOT NULL
                    THEN 1 ELSE 0 END AS is_with_order
        FROM visits v
        LEFT JOIN customers c ON c.customer_id = v.customer_id
        LEFT JOIN (SELECT customer_id, order_date AS day FROM order_lines WHERE net_amount > 0
                   UNION SELECT customer_id, CAST(order_date - INTERVAL 1 DAY AS DATE)
                   FROM order_lines WHERE net_amount > 0) o
               ON o.customer_id = v.customer_id AND o.day = v.visit_date
        WHERE v.kind = 'visit' AND v.visit_date > {since} AND v.visit_date <= {as_of}
        """,
    ),
    "quotes": (
        ("quotes",),
        """
        SELECT customer_id, rep_id, coalesce(decided_date, created_date) AS day,
               CASE WHEN status = 'won' THEN 1 ELSE 0 END AS is_won
        FROM quotes
        WHERE status IN ('won', 'lost') AND coalesce(decided_date, created_date) > {since}
          AND coalesce(decided_date, created_date) <= {as_of}
        """,
    ),
    "invoices": (
        ("receivables",),
        """
        SELECT customer_id, CAST(NULL AS VARCHAR) AS rep_id, CAST(NULL AS DATE) AS day, amount,
               paid_date IS NULL OR paid_date > {as_of} AS is_open, due_date < {as_of} AS is_due,
               due_date > {since} AND due_date < {as_of} AS fell_due,
               greatest(0, date_diff('day', due_date,
                        least(coalesce(paid_date, {as_of}), {as_of}))) AS days_late
        FROM receivables WHERE invoice_date <= {as_of} AND amount > 0
        """,
    ),
    "contribution": (
        ("contribution",),
        """
        SELECT customer_id, CAST(NULL AS VARCHAR) AS rep_id, CAST(NULL AS DATE) AS day,
               net_revenue, contribution FROM contribution
        """,
    ),
}

#: Rows that no seller is written on.
NO_SELLER = frozenset({"years", "invoices", "contribution"})

KPIS: tuple[Kpi, ...] = (
    Kpi(
        "order_value", say("Order value"), "lines", "sum(net_amount)", _ORDERS,
        say("net revenue"), say("orders"), "up", "money", "selling", "orders_per_customer",
    ),
    Kpi(
        "lines_per_order", say("Lines per order"), "lines",
        "sum(1 - is_return)", _ORDERS,
        say("order lines sold"), say("orders"), "up", "lines", "selling", "return_share",
    ),
    Kpi(
        "orders_per_customer", say("Orders per customer"), "lines", _ORDERS,
        "count(DISTINCT customer_id)",
        say("orders"), say("active customers"), "up", "orders", "selling", "order_value",
    ),
    Kpi(
        "ecommerce_share", say("E-commerce share of orders"), "lines",
        _BY_CHANNEL.format("IN ('web', 'edi')"), _BY_CHANNEL.format("IS NOT NULL"),
        say("orders through web or EDI"), say("orders with a channel"),
        "up", "share", "selling", "order_value",
    ),
    Kpi(
        "active_share", say("Recent activity"), "customers",
        "sum(is_recent)", "count(*)",
        say("customers with an order in the last three months"), say("active customers"),
        "up", "share", "selling", "discount_rate", "wilson",
    ),
    Kpi(
        "revenue_retention", say("Revenue retention"), "years",
        "sum(CASE WHEN year_before > 0 THEN last_year END)",
        "sum(CASE WHEN year_before > 0 THEN year_before END)",
        say("net revenue of the last 12 months"),
        say("the same customers' net revenue of the 12 months before"),
        "up", "share", "selling", "discount_rate", months=24,
    ),
    Kpi(
        "gross_margin_rate", say("Gross margin rate"), "lines",
        "sum(CASE WHEN cost IS NOT NULL THEN net_amount - cost END)",
        "sum(CASE WHEN cost IS NOT NULL THEN net_amount END)",
        say("gross margin"), say("net revenue of lines with a cost"),
        "up", "share", "earning", "orders_per_customer",
    ),
    Kpi(
        "discount_rate", say("Discount rate"), "lines",
        "sum(CASE WHEN is_return = 0 AND list IS NOT NULL THEN list - net_amount END)",
        "sum(CASE WHEN is_return = 0 THEN list END)",
        say("list value less net revenue"), say("list value"),
        "down", "share", "earning", "active_share",
    ),
    Kpi(
        "return_share", say("Return share"), "lines",
        "sum(CASE WHEN is_return = 1 THEN -net_amount ELSE 0 END)",
        "sum(CASE WHEN is_return = 0 THEN net_amount ELSE 0 END)",
        say("value returned or credited"), say("value sold"),
        "down", "share", "earning", "active_share",
    ),
    Kpi(
        "contribution_margin", say("Contribution margin"), "contribution",
        "sum(contribution)", "sum(net_revenue)",
        say("contribution"), say("net revenue of the same months"),
        "up", "share", "earning", "active_share",
    ),
    Kpi(
        "late_days", say("Days paid late"), "invoices",
        "sum(CASE WHEN fell_due THEN amount * days_late END)",
        "sum(CASE WHEN fell_due THEN amount END)",
        say("invoiced amount × days late"), say("invoiced amount that fell due"),
        "down", "days", "earning", "revenue_retention",
    ),
    Kpi(
        "overdue_share", say("Overdue share"), "invoices",
        "sum(CASE WHEN is_open AND is_due THEN amount END)",
        "sum(CASE WHEN is_open THEN amount END)",
        say("open amount past its due date"), say("open amount at the as-of date"),
        "down", "share", "earning", "revenue_retention",
    ),
    Kpi(
        "contacts_per_customer", say("Contacts per customer"), "contacts",
        "sum(contacts)", "count(*)",
        say("contacts in the last 12 months"), say("active customers"),
        "level", "contacts", "serving", "strike_rate",
    ),
    Kpi(
        "coverage", say("Coverage"), "contacts", "sum(is_visited)", "count(*)",
        say("active customers visited in the last 12 months"), say("active customers"),
        "level", "share", "serving", "strike_rate", "wilson",
    ),
    Kpi(
        "strike_rate", say("Strike rate"), "visits", "sum(is_with_order)", "count(*)",
        say("visits with an order on the day or the next"), say("visits made"),
        "up", "share", "serving", "order_value",
    ),
    Kpi(
        "hit_rate", say("Hit rate"), "quotes", "sum(is_won)", "count(*)",
        say("quotes won"), say("quotes decided"),
        "up", "share", "serving", "gross_margin_rate", "wilson",
    ),
)  # fmt: skip

#: Sellers and quota periods, not customers, are its rows: see `measures.attainment`.
ATTAINMENT = Kpi(
    "attainment", say("Attainment"), "quotas", "sum(net_amount)", "sum(quota)",
    say("net revenue of the quota periods"), say("quota"),
    "up", "share", "selling", "gross_margin_rate",
)  # fmt: skip
BY_ID = {kpi.id: kpi for kpi in (*KPIS, ATTAINMENT)}
