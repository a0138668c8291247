"""The sums behind the customer-base audit, computed in the engine from orders of customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from segkit.audit.base import Periods, periods
from segkit.engagement import months_before
from segkit.store import Sql

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

# Returns and credits are no orders: they carry a negative quantity or amount.
_ORDERS = """
SELECT l.customer_id, l.order_date, l.order_id,
       CAST(COUNT(*) AS BIGINT) AS lines,
       CAST(MAX(CASE WHEN l.quantity < 0 OR l.net_amount < 0 THEN 0 ELSE 1 END) AS BIGINT)
         AS orders,
       CAST(SUM(l.net_amount) AS BIGINT) AS net_revenue,
       CAST(SUM(CASE WHEN l.cost IS NOT NULL THEN l.net_amount ELSE 0 END) AS BIGINT) AS costed,
       CAST(COALESCE(SUM(l.net_amount - l.cost), 0) AS BIGINT) AS gross_margin
FROM (SELECT o.*, COALESCE(o.cost_amount,
             CAST(ROUND(o.quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
      FROM order_lines AS o LEFT JOIN products AS p ON p.product_id = o.product_id
      WHERE o.order_date <= DATE '{as_of}') AS l
GROUP BY l.customer_id, l.order_date, l.order_id
ORDER BY l.customer_id, l.order_date, l.order_id
"""


def orders(given: Given) -> Sql:
    """One row per customer, day and order up to the as-of date; amounts in minor units.

    ``orders`` is 1, or 0 where all lines are returns; ``costed`` is the net revenue of lines whose
    cost is known, ``gross_margin`` theirs alone.
    """
    agreed = given.engagement
    return Sql(_ORDERS.format(minor=agreed.minor_units, as_of=agreed.as_of))


# the row without customer_id holds what belongs to no customer
_CUSTOMERS = """
SELECT customer_id, CASE WHEN order_date > DATE '{start}' THEN 'this' ELSE 'last' END AS period,
       CAST(SUM(lines) AS BIGINT) AS lines, CAST(SUM(orders) AS BIGINT) AS orders,
       CAST(SUM(net_revenue) AS BIGINT) AS net_revenue, CAST(SUM(costed) AS BIGINT) AS costed,
       CAST(SUM(gross_margin) AS BIGINT) AS gross_margin
FROM customer_orders WHERE order_date > DATE '{before}'
GROUP BY 1, 2 ORDER BY 1, 2
"""

# who is older than the records by the client's own date is not new when first seen in them; the
# first day of a system's calendar is no such date
_SEEN_SINCE = """
WITH told AS (
  SELECT customer_id, since FROM customers
  WHERE since > DATE '1900-12-31' AND since <> DATE '1970-01-01' AND since < DATE '{first}'
), seen AS (
  SELECT o.customer_id, COUNT(t.since) > 0 AS is_older,
         COALESCE(MIN(t.since), MIN(o.order_date)) AS since
  FROM customer_orders AS o LEFT JOIN told AS t ON t.customer_id = o.customer_id
  WHERE o.customer_id IS NOT NULL GROUP BY o.customer_id
)
"""

# customers by the step of twelve months (or of the halves) and the step of their first line
_STEPS = """
, active AS (
  SELECT o.customer_id, {step} AS back, MIN({since}) AS since_back,
         SUM(o.orders) AS orders, SUM(o.net_revenue) AS net_revenue,
         SUM(o.gross_margin) AS gross_margin
  FROM customer_orders AS o JOIN seen AS s ON s.customer_id = o.customer_id
  GROUP BY 1, 2
)
SELECT a.back, a.since_back, CAST(COUNT(*) AS BIGINT) AS customers,
       CAST(COUNT(e.customer_id) AS BIGINT) AS kept,
       CAST(COUNT(CASE WHEN a.orders = 1 THEN 1 END) AS BIGINT) AS once,
       CAST(SUM(a.orders) AS BIGINT) AS orders,
       CAST(SUM(a.net_revenue) AS BIGINT) AS net_revenue,
       CAST(SUM(a.gross_margin) AS BIGINT) AS gross_margin
FROM active AS a LEFT JOIN active AS e ON e.customer_id = a.customer_id AND e.back = a.back + 1
GROUP BY 1, 2 ORDER BY 1, 2
"""

# a cohort is a month or a quarter of the first line, counted from the year 0; the one before the
# records holds all who are older, whose second order cannot be told
_SEEN = """
, marked AS (
  SELECT o.*, s.since, s.is_older, CASE WHEN s.is_older THEN {earlier} ELSE {cohort} END AS cohort,
         {period} AS period
  FROM customer_orders AS o JOIN seen AS s ON s.customer_id = o.customer_id
)
"""

_COHORTS = """
, second AS (
  SELECT customer_id, MIN(cohort) AS cohort,
         MIN(CASE WHEN orders = 1 AND order_date > since AND NOT is_older
                  THEN date_diff('day', since, order_date) END) AS days,
         SUM(net_revenue) AS net_revenue, SUM(gross_margin) AS gross_margin
  FROM marked GROUP BY customer_id
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY cohort ORDER BY days NULLS LAST, customer_id) AS place,
         COUNT(days) OVER (PARTITION BY cohort) AS second
  FROM second
)
SELECT cohort, CAST(COUNT(*) AS BIGINT) AS customers, CAST(MAX(second) AS BIGINT) AS second,
       CAST(COUNT(CASE WHEN days <= 365 THEN 1 END) AS BIGINT) AS second_in_a_year,
       CAST(SUM(CASE WHEN place IN ((second + 1) // 2, second // 2 + 1) THEN days END) AS BIGINT)
         AS middle_days,
       CAST(COUNT(CASE WHEN place IN ((second + 1) // 2, second // 2 + 1) THEN days END) AS BIGINT)
         AS middles,
       CAST(SUM(net_revenue) AS BIGINT) AS net_revenue,
       CAST(SUM(gross_margin) AS BIGINT) AS gross_margin
FROM ranked GROUP BY cohort ORDER BY cohort
"""

_AGES = """
SELECT cohort, period - cohort AS age, CAST(COUNT(DISTINCT customer_id) AS BIGINT) AS active,
       CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(net_revenue) AS BIGINT) AS net_revenue,
       CAST(SUM(gross_margin) AS BIGINT) AS gross_margin
FROM marked GROUP BY 1, 2 ORDER BY 1, 2
"""

# nine of ten gaps between a customer's order days are at most this long
_GAPS = """
WITH days AS (
  SELECT DISTINCT customer_id, order_date FROM customer_orders
  WHERE orders = 1 AND customer_id IS NOT NULL
), gaps AS (
  SELECT date_diff('day', LAG(order_date) OVER (PARTITION BY customer_id ORDER BY order_date),
                   order_date) AS gap
  FROM days
), counted AS (SELECT gap, COUNT(*) AS n FROM gaps WHERE gap IS NOT NULL GROUP BY gap),
summed AS (SELECT gap, SUM(n) OVER (ORDER BY gap) AS below, SUM(n) OVER () AS n FROM counted)
SELECT CAST(COALESCE(MIN(gap), 0) AS BIGINT) AS gap FROM summed WHERE 10 * below >= 9 * n
"""


def base(given: Given) -> dict[str, pd.DataFrame]:
    """The customer base over periods and cohorts; amounts in minor units.

    Returns
    -------
    dict
        ``customer_periods`` one row per customer and period (this, last), one without customer_id
        for what belongs to none; ``base_steps`` per step back from the as-of date and step of the
        customers' first line; ``cohorts`` per cohort: customers, those with a second order day,
        within a year or ever, its middle days (added, of two), value to date; ``cohort_ages`` per
        cohort and age; ``base_facts`` one row: first day, whole steps, months of a cohort, the
        cohort of those who are older than the records, the usual longest gap.
    """
    first = given.query("SELECT MIN(order_date) AS first FROM customer_orders")["first"].iloc[0]
    at = periods(first.date(), given.engagement.as_of)
    unit = cohort_months(first.date(), at.as_of)
    steps = _step_starts(first.date(), at)
    earlier = (first.year * 12 + first.month - 1) // unit - 1
    since = _SEEN_SINCE.format(first=first.date())
    seen = since + _SEEN.format(
        earlier=earlier, cohort=_place("s.since", unit), period=_place("o.order_date", unit)
    )
    facts = given.query(_GAPS).assign(
        first=first, steps=len(steps), cohort_months=unit, earlier=earlier
    )
    return {
        "customer_periods": given.query(_CUSTOMERS.format(start=at.start, before=at.before)),
        "base_steps": given.query(
            since + _STEPS.format(step=_back("o.order_date", steps), since=_back("s.since", steps))
        ),
        "cohorts": given.query(seen + _COHORTS),
        "cohort_ages": given.query(seen + _AGES),
        "base_facts": facts,
    }


def cohort_months(first: date, as_of: date) -> int:
    """Months of a cohort: one below two years of records, else a quarter."""
    return 3 if first <= months_before(as_of, 24) + timedelta(days=31) else 1


def _step_starts(first: date, at: Periods) -> list[date]:
    """The days before the first days of whole steps, the latest first."""
    length = at.months or 12
    starts = [months_before(at.as_of, length * (back + 1)) for back in range(600 // length)]
    return [one for one in starts if one + timedelta(days=8) >= first] or [at.start]


def _back(day: str, starts: list[date]) -> str:
    told = [f"WHEN {day} > DATE '{one}' THEN {back}" for back, one in enumerate(starts)]
    return f"CASE {' '.join(told)} ELSE {len(starts)} END"


def _place(day: str, months: int) -> str:
    return f"((EXTRACT(year FROM {day}) * 12 + EXTRACT(month FROM {day}) - 1) // {months})"
