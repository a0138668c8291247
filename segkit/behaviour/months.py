"""One row per customer and month of the window in which it had a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.behaviour.counts import filled
from segkit.store import Sql

if TYPE_CHECKING:
    from segkit.store import Given

# An order counts in the month of its first line that is no return, so that the orders of all
# months are those of the window.
_MONTHS = """
WITH bought AS (
    SELECT l.customer_id, l.order_id, l.net_amount,
        year(l.order_date) * 12 + month(l.order_date) - 1 AS month,
        CASE WHEN l.quantity < 0 OR l.net_amount < 0 THEN 1 ELSE 0 END AS is_return,
        coalesce(l.cost_amount, CAST(round(l.quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
    FROM order_lines l LEFT JOIN products p ON p.product_id = l.product_id
    WHERE l.period = 'in_window' AND l.customer_id IS NOT NULL
), per_month AS (
    SELECT customer_id, month,
        CAST(sum(net_amount) AS BIGINT) AS net_revenue,
        CAST(sum(CASE WHEN cost IS NOT NULL THEN net_amount - cost END) AS BIGINT) AS gross_margin
    FROM bought GROUP BY customer_id, month
), orders AS (
    SELECT customer_id, order_id, min(month) AS month
    FROM bought WHERE is_return = 0 GROUP BY customer_id, order_id
), ordered AS (
    SELECT customer_id, month, count(*) AS orders FROM orders GROUP BY customer_id, month
)
SELECT m.customer_id, CAST(m.month AS BIGINT) AS month, m.net_revenue,
    CAST(coalesce(o.orders, 0) AS BIGINT) AS orders, m.gross_margin
FROM per_month m
    LEFT JOIN ordered o ON o.customer_id = m.customer_id AND o.month = m.month
ORDER BY m.customer_id, m.month
"""


def customer_months(given: Given) -> Sql:
    """The recipe of the table ``customer_months``: in-window rows, only where there were lines.

    ``month`` is ``year * 12 + month - 1``; ``gross_margin`` is that of the lines whose cost is
    known, and empty where none is.
    """
    return Sql(filled(_MONTHS, given.engagement))
