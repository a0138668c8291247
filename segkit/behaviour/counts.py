"""What the engine counts: integers per customer, in plain SQL that other engines read too.

No median, no mode, no month differences; every sum is cast back to BIGINT, so that neither the
order of the rows nor the number of threads shows in a result. Each query gives its rows by
``customer``, a position in the sorted list of active customers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from segkit.engagement import Engagement, months_before
from segkit.engine import literal
from segkit.measures import ELECTRONIC, SMALL_ORDER

#: A quarter is a sixteenth of four years, counted back from the as-of date.
_QUARTER_DAYS = 1461 / 16
_SEASONS = [f"quarter(order_date) = {n}" for n in (1, 2, 3, 4)]

# Returns and credits are no orders: they carry a negative quantity or amount.
_BOUGHT = """
WITH bought AS (
    SELECT customer_id, order_id, order_date, product_id, channel, promotion_id, quantity,
        net_amount, list_amount, discount_amount, cost_amount,
        CASE WHEN quantity < 0 OR net_amount < 0 THEN 1 ELSE 0 END AS is_return
    FROM order_lines
    WHERE period = 'in_window' AND customer_id IS NOT NULL
), active AS (
    SELECT customer_id,
        CAST(row_number() OVER (ORDER BY customer_id) - 1 AS BIGINT) AS customer
    FROM (SELECT DISTINCT customer_id FROM bought) AS known
)
"""

_TOTALS = """
, priced AS (
    SELECT b.*, p.is_custom, p.kind,
        CASE WHEN is_return = 0 THEN net_amount ELSE 0 END AS sold,
        CASE WHEN is_return = 0 THEN coalesce(list_amount, net_amount + discount_amount) END
            AS listed,
        coalesce(cost_amount, CAST(round(quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
    FROM bought b LEFT JOIN products p ON p.product_id = b.product_id
), totals AS (
    SELECT customer_id,
        CAST(count(*) AS BIGINT) AS lines,
        CAST(sum(1 - is_return) AS BIGINT) AS sold_lines,
        CAST(sum(net_amount) AS BIGINT) AS net_revenue,
        CAST(sum(sold) AS BIGINT) AS sold,
        CAST(sum(listed) AS BIGINT) AS listed,
        CAST(sum(CASE WHEN listed IS NOT NULL THEN sold END) AS BIGINT) AS net_of_listed,
        CAST(count(listed) AS BIGINT) AS listed_lines,
        CAST(sum(CASE WHEN listed > sold THEN 1 ELSE 0 END) AS BIGINT) AS discounted_lines,
        CAST(sum(cost) AS BIGINT) AS cost,
        CAST(sum(CASE WHEN cost IS NOT NULL THEN net_amount END) AS BIGINT) AS net_of_costed,
        CAST(sum(CASE WHEN promotion_id IS NOT NULL THEN sold ELSE 0 END) AS BIGINT) AS promoted,
        CAST(sum(CASE WHEN is_custom IS NOT NULL THEN sold ELSE 0 END) AS BIGINT) AS told_custom,
        CAST(sum(CASE WHEN is_custom THEN sold ELSE 0 END) AS BIGINT) AS custom,
        CAST(sum(CASE WHEN kind IS NOT NULL THEN sold ELSE 0 END) AS BIGINT) AS told_kind,
        CAST(sum(CASE WHEN kind = 'service' THEN sold ELSE 0 END) AS BIGINT) AS services,
        CAST(sum(CASE WHEN order_date > DATE '{year}' THEN net_amount ELSE 0 END) AS BIGINT)
            AS net_year,
        CAST(sum(CASE WHEN order_date > DATE '{year}' THEN 0
            WHEN order_date > DATE '{year_before}' THEN net_amount ELSE 0 END) AS BIGINT)
            AS net_year_before,
        {seasons}{quarters}
        CAST(date_diff('day', max(order_date), DATE '{as_of}') AS BIGINT) AS last_line_days
    FROM priced GROUP BY customer_id
), began AS (
    SELECT customer_id,
        CAST(date_diff('day', min(order_date), DATE '{as_of}') AS BIGINT) AS tenure_days
    FROM order_lines
    WHERE period <> 'after_as_of' AND customer_id IS NOT NULL
    GROUP BY customer_id
)
SELECT t.*, c.kind, b.tenure_days
FROM totals t
    JOIN began b ON b.customer_id = t.customer_id
    LEFT JOIN customers c ON c.customer_id = t.customer_id
ORDER BY t.customer_id
"""

# The two middle values of the sorted ones, added: twice the median, and still an integer.
_TWICE_MEDIAN = """
        CAST(sum((CASE WHEN 2 * place = {n} OR 2 * place = {n} + 1 THEN {value} ELSE 0 END)
            + (CASE WHEN 2 * place = {n} + 1 OR 2 * place = {n} + 2 THEN {value} ELSE 0 END))
            AS BIGINT) AS twice_median"""

_ORDERS = f"""
, orders AS (
    SELECT customer_id, order_id, min(order_date) AS day, min(channel) AS channel,
        CAST(sum(net_amount) AS BIGINT) AS value
    FROM bought WHERE is_return = 0 GROUP BY customer_id, order_id
), overall AS (
    SELECT CAST(CAST(sum(value) AS BIGINT) AS DOUBLE) / count(*) AS average FROM orders
), ranked AS (
    SELECT o.*, CASE WHEN value < average * CAST({SMALL_ORDER} AS DOUBLE) THEN 1 ELSE 0 END
            AS is_small,
        row_number() OVER (PARTITION BY customer_id ORDER BY value) AS place,
        count(*) OVER (PARTITION BY customer_id) AS n
    FROM orders o CROSS JOIN overall
), per_customer AS (
    SELECT customer_id, {{channels}}
        CAST(count(*) AS BIGINT) AS orders,
        CAST(count(channel) AS BIGINT) AS told_channel,
        CAST(count(DISTINCT channel) AS BIGINT) AS channels,
        CAST(sum(CASE WHEN channel IN {ELECTRONIC} THEN 1 ELSE 0 END) AS BIGINT) AS electronic,
        CAST(max(value) AS BIGINT) AS largest,
        CAST(sum(is_small) AS BIGINT) AS small, {{quarters}}
        CAST(date_diff('day', max(day), DATE '{{as_of}}') AS BIGINT) AS recency_days,
        {_TWICE_MEDIAN.format(n="n", value="value")}
    FROM ranked GROUP BY customer_id
)
SELECT a.customer, o.* FROM active a LEFT JOIN per_customer o ON o.customer_id = a.customer_id
ORDER BY a.customer
"""

_GAPS = f"""
, days AS (
    SELECT DISTINCT customer_id, order_date AS day FROM bought WHERE is_return = 0
), gaps AS (
    SELECT customer_id, day, date_diff('day', DATE '1900-01-01', day) % 7 AS weekday,
        date_diff('day', lag(day) OVER (PARTITION BY customer_id ORDER BY day), day) AS gap
    FROM days
), ranked AS (
    SELECT customer_id, day, weekday, gap,
        row_number() OVER (PARTITION BY customer_id ORDER BY gap NULLS LAST) AS place,
        count(gap) OVER (PARTITION BY customer_id) AS n
    FROM gaps
), rhythm AS (
    SELECT customer_id,
        CAST(count(DISTINCT year(day) * 12 + month(day)) AS BIGINT) AS active_months,
        CAST(count(*) AS BIGINT) AS order_days,
        CAST(count(gap) AS BIGINT) AS gaps,
        CAST(sum(gap) AS BIGINT) AS gap_sum,
        CAST(sum(gap * gap) AS BIGINT) AS gap_squares,
        CAST(max(gap) AS BIGINT) AS longest, {{weekdays}}
        {_TWICE_MEDIAN.format(n="n", value="gap")}
    FROM ranked GROUP BY customer_id
)
SELECT a.customer, r.* FROM active a LEFT JOIN rhythm r ON r.customer_id = a.customer_id
ORDER BY a.customer
"""

# Categories travel as places in their sorted list; lines without one have none.
_CATEGORIES = """
, categorised AS (
    SELECT product_id, category, dense_rank() OVER (ORDER BY category) - 1 AS place
    FROM products WHERE category IS NOT NULL
)
"""

_CATEGORY_WORTH = """
SELECT CAST(c.place AS BIGINT) AS place, min(c.category) AS name,
    CAST(sum(b.net_amount) AS BIGINT) AS net_amount
FROM bought b JOIN categorised c ON c.product_id = b.product_id
GROUP BY c.place ORDER BY c.place
"""

_CATEGORY_LINES = """
, sums AS (
    SELECT b.customer_id, coalesce(c.place, -1) AS place, CAST(count(*) AS INTEGER) AS lines
    FROM bought b LEFT JOIN categorised c ON c.product_id = b.product_id
    GROUP BY b.customer_id, coalesce(c.place, -1)
)
SELECT CAST(a.customer AS INTEGER) AS customer, CAST(s.place AS INTEGER) AS place, s.lines
FROM sums s JOIN active a ON a.customer_id = s.customer_id
ORDER BY 1, 2
"""

_PRODUCTS = """
, sums AS (
    SELECT customer_id, product_id, count(*) AS lines
    FROM bought GROUP BY customer_id, product_id
)
"""

_PRODUCT_COUNTS = """
SELECT a.customer, s.products, s.most_lines FROM active a JOIN (
    SELECT customer_id, CAST(count(*) AS BIGINT) AS products,
        CAST(max(lines) AS BIGINT) AS most_lines
    FROM sums GROUP BY customer_id
) AS s ON s.customer_id = a.customer_id
ORDER BY 1
"""

_PRODUCT_LINES = """
SELECT a.customer, CAST(s.lines AS BIGINT) AS lines
FROM sums s JOIN active a ON a.customer_id = s.customer_id
ORDER BY 1, 2
"""

_CHANNELS = """
SELECT channel, CAST(count(*) AS BIGINT) AS lines
FROM order_lines
WHERE period = 'in_window' AND channel IS NOT NULL AND customer_id IS NOT NULL
GROUP BY channel ORDER BY 2 DESC, 1
"""

# What was sold without naming a promotion while one ran for the product and the customer; whom a
# segment's promotion reached is not known.
_OFFERS = """
, offered AS (
    SELECT p.product_id, o.customer_id, o.from_date, o.to_date
    FROM promotions o JOIN products p ON (o.product_id IS NULL OR o.product_id = p.product_id)
        AND (o.category IS NULL OR o.category = p.category)
    WHERE o.segment_id IS NULL
), sums AS (
    SELECT b.customer_id, CAST(sum(b.net_amount) AS BIGINT) AS offered
    FROM bought b
    WHERE b.is_return = 0 AND b.promotion_id IS NULL AND EXISTS (
        SELECT 1 FROM offered o
        WHERE o.product_id = b.product_id AND b.order_date >= o.from_date
            AND b.order_date <= o.to_date
            AND (o.customer_id IS NULL OR o.customer_id = b.customer_id)
    )
    GROUP BY b.customer_id
)
SELECT a.customer, coalesce(s.offered, CAST(0 AS BIGINT)) AS offered
FROM active a LEFT JOIN sums s ON s.customer_id = a.customer_id
ORDER BY 1
"""

_VISITS = """
, seen AS (
    SELECT customer_id,
        CAST(sum(CASE WHEN is_visit = 1 AND visit_date > DATE '{start}' THEN 1 ELSE 0 END)
            AS BIGINT) AS visits,
        CAST(sum(CASE WHEN is_visit = 0 AND visit_date > DATE '{start}' THEN 1 ELSE 0 END)
            AS BIGINT) AS calls,
        CAST(date_diff('day', max(CASE WHEN is_visit = 1 THEN visit_date END), DATE '{as_of}')
            AS BIGINT) AS days_since_visit
    FROM (
        SELECT customer_id, visit_date,
            CASE WHEN coalesce(kind, 'visit') = 'visit' THEN 1 ELSE 0 END AS is_visit
        FROM visits WHERE visit_date <= DATE '{as_of}'
    ) AS contacts
    GROUP BY customer_id
)
SELECT a.customer, coalesce(s.visits, CAST(0 AS BIGINT)) AS visits,
    coalesce(s.calls, CAST(0 AS BIGINT)) AS calls, s.days_since_visit
FROM active a LEFT JOIN seen s ON s.customer_id = a.customer_id
ORDER BY 1
"""

# How often is a number that need not be whole: summed in thousandths.
_EVENTS = """
, happened AS (
    SELECT customer_id, CAST(sum(CAST(round(quantity * 1000) AS BIGINT)) AS BIGINT) AS thousandths
    FROM events WHERE event_date > DATE '{start}' AND event_date <= DATE '{as_of}'
    GROUP BY customer_id
)
SELECT a.customer, coalesce(h.thousandths, CAST(0 AS BIGINT)) AS thousandths
FROM active a LEFT JOIN happened h ON h.customer_id = a.customer_id
ORDER BY 1
"""

# A payment after the as-of date was not known on it.
_INVOICES = """
, known AS (
    SELECT customer_id, amount, due_date,
        CASE WHEN invoice_date > DATE '{start}' AND amount > 0 THEN 1 ELSE 0 END AS is_recent,
        CASE WHEN paid_date <= DATE '{as_of}' THEN 1 ELSE 0 END AS is_paid,
        date_diff('day', invoice_date, paid_date) AS waited,
        date_diff('day', due_date, coalesce(paid_date, DATE '{as_of}')) AS late,
        date_diff('day', due_date, DATE '{as_of}') AS since_due
    FROM receivables WHERE invoice_date <= DATE '{as_of}'
), paid AS (
    SELECT customer_id,
        CAST(sum(is_recent) AS BIGINT) AS invoices,
        CAST(sum(is_recent * is_paid) AS BIGINT) AS paid,
        CAST(sum(CASE WHEN is_recent * is_paid = 1 THEN waited ELSE 0 END) AS BIGINT) AS waited,
        CAST(sum(CASE WHEN is_recent * is_paid = 1 THEN late ELSE 0 END) AS BIGINT) AS late,
        CAST(sum(CASE WHEN is_recent = 1 AND since_due > 0 THEN amount ELSE 0 END) AS BIGINT)
            AS due,
        CAST(sum(CASE WHEN is_recent = 1 AND since_due > 0 AND late > 0 THEN amount ELSE 0 END)
            AS BIGINT) AS due_late,
        CAST(sum(CASE WHEN is_paid = 0 AND since_due > 0 THEN amount ELSE 0 END) AS BIGINT)
            AS overdue
    FROM known GROUP BY customer_id
)
SELECT a.customer, p.invoices, p.paid, p.waited, p.late, p.due, p.due_late, p.overdue
FROM active a LEFT JOIN paid p ON p.customer_id = a.customer_id
ORDER BY 1
"""


def queries(engagement: Engagement, channels: Sequence[str] = ()) -> dict[str, str]:
    """Each SELECT by what it counts.

    Parameters
    ----------
    channels
        Those whose orders are counted apart, as ``c0``, ``c1`` …
    """
    texts = {
        "totals": _TOTALS.replace(
            "{seasons}",
            _sums("s", [f"order_date > DATE '{{year}}' AND {part}" for part in _SEASONS], "sold"),
        ).replace("{quarters}", _sums("q", _quarters("order_date", engagement), "net_amount")),
        "orders": _ORDERS.replace(
            "{channels}", _sums("c", [f"channel = {literal(name)}" for name in channels])
        ).replace("{quarters}", _sums("q", _quarters("day", engagement))),
        "gaps": _GAPS.replace("{weekdays}", _sums("d", [f"weekday = {day}" for day in range(7)])),
        "category_worth": _CATEGORIES + _CATEGORY_WORTH,
        "category_lines": _CATEGORIES + _CATEGORY_LINES,
        "product_counts": _PRODUCTS + _PRODUCT_COUNTS,
        "product_lines": _PRODUCTS + _PRODUCT_LINES,
        "promotions": _OFFERS,
        "visits": _VISITS,
        "events": _EVENTS,
        "receivables": _INVOICES,
    }
    made = {name: _BOUGHT + filled(text, engagement) for name, text in texts.items()}
    return made | {"channels": _CHANNELS}


def filled(text: str, engagement: Engagement) -> str:
    """A SELECT with the dates and the currency of the engagement in place of its marks."""
    as_of = engagement.as_of
    marks = {
        "{as_of}": as_of.isoformat(),
        "{start}": engagement.window_start.isoformat(),
        "{year}": months_before(as_of, 12).isoformat(),
        "{year_before}": months_before(as_of, 24).isoformat(),
        "{minor}": str(engagement.minor_units),
    }
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


def _sums(prefix: str, tests: Sequence[str], value: str = "1") -> str:
    """One column of a SELECT for each test: the sum of `value` where it holds."""
    return "".join(
        f"CAST(sum(CASE WHEN {test} THEN {value} ELSE 0 END) AS BIGINT) AS {prefix}{n}, "
        for n, test in enumerate(tests)
    )


def _quarters(day: str, engagement: Engagement) -> list[str]:
    """The quarters of the window as conditions on a date, the latest first."""
    ends = [
        engagement.as_of - timedelta(days=math.ceil(n * _QUARTER_DAYS))
        for n in range(engagement.window_months // 3 + 1)
    ]
    return [f"{day} > DATE '{first}' AND {day} <= DATE '{last}'" for last, first in pairwise(ends)]
