"""Sums over the order lines, computed once in the engine: whole numbers only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

_PERIODS = """
SELECT period,
       CAST(COUNT(*) AS BIGINT) AS lines,
       CAST(SUM(net_amount) AS BIGINT) AS net_revenue,
       CAST(COALESCE(SUM(CASE WHEN customer_id IS NULL THEN net_amount END), 0) AS BIGINT)
         AS unassigned,
       CAST(COUNT(CASE WHEN customer_id IS NULL THEN 1 END) AS BIGINT) AS unassigned_lines
FROM order_lines GROUP BY period ORDER BY period
"""

_MONTHS = """
SELECT CAST(date_trunc('month', order_date) AS DATE) AS month,
       CAST(COUNT(*) AS BIGINT) AS lines,
       CAST(COUNT(DISTINCT customer_id) AS BIGINT) AS customers,
       CAST(SUM(net_amount) AS BIGINT) AS net_revenue
FROM order_lines WHERE order_date <= DATE '{as_of}' GROUP BY 1 ORDER BY 1
"""

# the row without customer_id holds what belongs to no customer
_CUSTOMERS = """
SELECT customer_id,
       CAST(COUNT(CASE WHEN period = 'in_window' THEN 1 END) AS BIGINT) AS lines,
       CAST(COALESCE(SUM(CASE WHEN period = 'in_window' THEN net_amount END), 0) AS BIGINT)
         AS net_revenue
FROM order_lines GROUP BY customer_id ORDER BY customer_id
"""

# each check: the lines it is about, and their net revenue
_CHECKS = {
    "accepted": "SELECT net_amount FROM order_lines",
    "unassigned": "SELECT net_amount FROM order_lines WHERE customer_id IS NULL",
    "with_cost": """
        SELECT lines.net_amount FROM order_lines AS lines
        LEFT JOIN products ON products.product_id = lines.product_id
        WHERE lines.cost_amount IS NOT NULL OR products.unit_cost IS NOT NULL""",
    "with_discount": """
        SELECT net_amount FROM order_lines
        WHERE list_amount IS NOT NULL OR discount_amount IS NOT NULL""",
}

_COUNTED = """
SELECT (SELECT MIN(order_date) FROM order_lines) AS first_date,
       (SELECT MAX(order_date) FROM order_lines) AS last_date,
       (SELECT MAX(order_date) FROM order_lines WHERE period <> 'after_as_of') AS last_counted,
       (SELECT COUNT(*) FROM (
          SELECT customer_id FROM order_lines WHERE customer_id IS NOT NULL
          UNION SELECT TRIM(customer_id) FROM order_lines_quarantine
          WHERE TRIM(customer_id) <> '') AS seen) AS customers_seen,
       (SELECT COUNT(DISTINCT customer_id) FROM order_lines WHERE period = 'in_window')
         AS customers_active
"""


def totals(given: Given) -> dict[str, pd.DataFrame]:
    """Every sum the audit speaks of, in whole minor units.

    Returns
    -------
    dict
        ``period_totals`` one row per period; ``month_totals`` per month up to the as-of date;
        ``customer_totals`` per customer and one without customer_id for what belongs to none;
        ``line_checks`` per check (lines and
        their net revenue); ``line_counts`` one row of counts and dates.
    """
    return {
        "period_totals": given.query(_PERIODS),
        "month_totals": given.query(_MONTHS.format(as_of=given.engagement.as_of)),
        "customer_totals": given.query(_CUSTOMERS),
        "line_checks": given.query(" UNION ALL ".join(map(_check, _CHECKS)) + " ORDER BY place"),
        "line_counts": given.query(_COUNTED),
    }


def _check(name: str) -> str:
    return (
        f"SELECT {list(_CHECKS).index(name)} AS place, '{name}' AS check_name,"
        " CAST(COUNT(*) AS BIGINT) AS lines,"
        " CAST(COALESCE(SUM(net_amount), 0) AS BIGINT) AS net_revenue"
        f" FROM ({_CHECKS[name]}) AS found"
    )
