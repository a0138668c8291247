"""What the engine counts: integers per customer, in plain SQL that other engines read too.

No median, no mode, no month differences; every sum is cast back to BIGINT, so that neither the
order of the rows nor the number of threads shows in a result. Each query gives its rows by
``customer``, a position in the sorted list of active customers.
"""

from __future__ import annotations

from segkit.engagement import Engagement

# Returns and credits are no orders: they carry a negative quantity or amount.
_BOUGHT = """
WITH bought AS (
    SELECT customer_id, order_id, order_date, product_id, channel, quantity, net_amount,
        list_amount, discount_amount, cost_amount,
        CASE WHEN quantity < 0 OR net_amount < 0 THEN 1 ELSE 0 END AS is_return
    FROM order_lines
    WHERE period = 'in_window' AND customer_id IS NOT NULL
), active AS (
    SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
    FROM (SELECT DISTINCT customer_id FROM bought)
)
"""

_TOTALS = """
, priced AS (
    SELECT b.*, coalesce(list_amount, net_amount + discount_amount) AS listed,
        coalesce(cost_amount, CAST(round(quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
    FROM bought b LEFT JOIN products p ON p.product_id = b.product_id
), totals AS (
    SELECT customer_id,
        CAST(count(*) AS BIGINT) AS lines,
        CAST(sum(1 - is_return) AS BIGINT) AS sold_lines,
        CAST(sum(net_amount) AS BIGINT) AS net_revenue,
        CAST(sum(CASE WHEN is_return = 1 THEN -net_amount ELSE 0 END) AS BIGINT) AS returned,
        CAST(sum(CASE WHEN is_return = 0 THEN net_amount ELSE 0 END) AS BIGINT) AS sold,
        CAST(sum(CASE WHEN is_return = 0 THEN listed END) AS BIGINT) AS listed,
        CAST(sum(CASE WHEN is_return = 0 AND listed IS NOT NULL THEN net_amount END) AS BIGINT)
            AS net_of_listed,
        CAST(sum(cost) AS BIGINT) AS cost,
        CAST(sum(CASE WHEN cost IS NOT NULL THEN net_amount END) AS BIGINT) AS net_of_costed,
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

_ORDERS = """
, orders AS (
    SELECT customer_id, order_id, min(order_date) AS day, min(channel) AS channel
    FROM bought WHERE is_return = 0 GROUP BY customer_id, order_id
), per_customer AS (
    SELECT customer_id, {channels}
        CAST(count(*) AS BIGINT) AS orders,
        CAST(date_diff('day', max(day), DATE '{as_of}') AS BIGINT) AS recency_days
    FROM orders GROUP BY customer_id
)
SELECT a.customer, o.* FROM active a LEFT JOIN per_customer o ON o.customer_id = a.customer_id
ORDER BY a.customer
"""

# The two middle gaps of the sorted ones, added: twice the median, and still an integer.
_GAPS = """
, days AS (
    SELECT DISTINCT customer_id, order_date AS day FROM bought WHERE is_return = 0
), gaps AS (
    SELECT customer_id, day,
        date_diff('day', lag(day) OVER (PARTITION BY customer_id ORDER BY day), day) AS gap
    FROM days
), ranked AS (
    SELECT customer_id, day, gap,
        row_number() OVER (PARTITION BY customer_id ORDER BY gap NULLS LAST) AS place,
        count(gap) OVER (PARTITION BY customer_id) AS gaps
    FROM gaps
), rhythm AS (
    SELECT customer_id,
        CAST(count(DISTINCT year(day) * 12 + month(day)) AS BIGINT) AS active_months,
        CAST(count(gap) AS BIGINT) AS gaps,
        CAST(sum(gap) AS BIGINT) AS gap_sum,
        CAST(sum(gap * gap) AS BIGINT) AS gap_squares,
        CAST(sum((CASE WHEN 2 * place = gaps OR 2 * place = gaps + 1 THEN gap ELSE 0 END)
            + (CASE WHEN 2 * place = gaps + 1 OR 2 * place = gaps + 2 THEN gap ELSE 0 END))
            AS BIGINT) AS twice_median
    FROM ranked GROUP BY customer_id
)
SELECT a.customer, r.* FROM active a LEFT JOIN rhythm r ON r.customer_id = a.customer_id
ORDER BY a.customer
"""

# A quarter is a sixteenth of 1,461 days, counted back from the as-of date.
_QUARTERS = """
, dated AS (
    SELECT customer_id, net_amount,
        CAST(floor(date_diff('day', order_date, DATE '{as_of}') * 16 / 1461) AS INTEGER)
            AS quarters_ago
    FROM bought
), sums AS (
    SELECT customer_id, quarters_ago, CAST(sum(net_amount) AS BIGINT) AS net_amount
    FROM dated GROUP BY customer_id, quarters_ago
)
SELECT a.customer, s.quarters_ago, s.net_amount
FROM sums s JOIN active a ON a.customer_id = s.customer_id
ORDER BY 1, 2
"""

# Categories travel as places in their sorted list; lines without one have none.
_CATEGORIES = """
, categorised AS (
    SELECT product_id, category, dense_rank() OVER (ORDER BY category) - 1 AS place
    FROM products WHERE category IS NOT NULL
)
"""

_CATEGORY_WORTH = """
SELECT c.place, min(c.category) AS name, CAST(sum(b.net_amount) AS BIGINT) AS net_amount
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
SELECT a.customer, s.products FROM active a JOIN (
    SELECT customer_id, CAST(count(*) AS BIGINT) AS products FROM sums GROUP BY customer_id
) s ON s.customer_id = a.customer_id
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

_VISITS = """
, seen AS (
    SELECT customer_id, CAST(count(*) AS BIGINT) AS visits FROM visits
    WHERE visit_date > DATE '{start}' AND visit_date <= DATE '{as_of}'
        AND coalesce(kind, 'visit') = 'visit'
    GROUP BY customer_id
)
SELECT a.customer, coalesce(s.visits, 0) AS visits
FROM active a LEFT JOIN seen s ON s.customer_id = a.customer_id
ORDER BY 1
"""


def queries(engagement: Engagement) -> dict[str, str]:
    """Each SELECT by what it counts; ``orders`` still wants its channel columns."""
    texts = {
        "totals": _TOTALS,
        "orders": _ORDERS,
        "gaps": _GAPS,
        "quarters": _QUARTERS,
        "category_worth": _CATEGORIES + _CATEGORY_WORTH,
        "category_lines": _CATEGORIES + _CATEGORY_LINES,
        "product_counts": _PRODUCTS + _PRODUCT_COUNTS,
        "product_lines": _PRODUCTS + _PRODUCT_LINES,
        "visits": _VISITS,
    }
    made = {name: _BOUGHT + filled(text, engagement) for name, text in texts.items()}
    return made | {"channels": _CHANNELS}


def filled(text: str, engagement: Engagement) -> str:
    """A SELECT with the dates and the currency of the engagement in place of its marks."""
    dates = {
        "{as_of}": engagement.as_of.isoformat(),
        "{start}": engagement.window_start.isoformat(),
        "{minor}": str(engagement.minor_units),
    }
    for mark, value in dates.items():
        text = text.replace(mark, value)
    return text
