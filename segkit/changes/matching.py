"""Rows that are new, changed or gone, and months whose total is another now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.engine import quoted
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.changes.earlier import Earlier

#: What stands in a table of the store but is no field of the client's.
_OURS = {"period", "is_listed"}
#: An extract that begins in the first days of a month has it whole; one cut later lacks a part.
_BEGUN = 7


def of_table(both: Earlier, name: str) -> dict[str, int]:
    """Rows then and now, and those new, changed, gone and out of reach of one contract table.

    Rows are matched by the table's key, or by the key that the engagement declares. Without a
    key a changed row counts as one gone and one new. Rows dated before the first day of the new
    extract are out of its reach: it no longer covers them.
    """
    fields = _fields(both, name)
    key = [one for one in _key(both, name) if one in fields]
    day = next((c.name for c in CONTRACTS[name].columns if c.kind == "date" and c.name in fields),
               None)  # fmt: skip
    reach = f"then_rows.{quoted(day)} < first.day" if day else "false"
    first = f"SELECT min({quoted(day)}) AS day FROM {name}" if day else "SELECT NULL AS day"
    match = key or fields
    told = both.query(
        f"""
        WITH now_rows AS ({_numbered(name, fields, match)}),
             then_rows AS ({_numbered(f"then_{name}", fields, match)}),
             first AS ({first})
        SELECT count(now_rows.__copy) AS now, count(then_rows.__copy) AS "then",
               count(*) FILTER (then_rows.__copy IS NULL) AS new,
               count(*) FILTER (now_rows.__copy IS NULL AND NOT coalesce({reach}, false)) AS gone,
               count(*) FILTER (now_rows.__copy IS NULL AND coalesce({reach}, false)) AS beyond,
               count(*) FILTER (now_rows.__copy IS NOT NULL AND then_rows.__copy IS NOT NULL
                                AND ({_differs(fields)})) AS changed
        FROM now_rows FULL JOIN then_rows ON {_same([*match, "__copy"])} CROSS JOIN first
        """,
        name,
    )
    return {str(column): int(value) for column, value in told.iloc[0].items()}


def months(both: Earlier) -> pd.DataFrame:
    """Months that both runs cover whole and whose order lines are not the same, in time's order.

    Returns
    -------
    DataFrame
        One row per restated month: ``month``, ``lines_then``, ``lines_now``, ``net_then``,
        ``net_now`` (minor units).
    """
    return both.query(
        f"""
        WITH now_months AS ({_by_month("order_lines")}),
             then_months AS ({_by_month("then_order_lines")}),
             begins AS (SELECT (SELECT min(order_date) FROM order_lines) AS is_now,
                               (SELECT min(order_date) FROM then_order_lines) AS was),
             covered AS (SELECT greatest(is_now, was) AS day,
                                abs(date_diff('day', is_now, was)) < {_BEGUN} AS is_alike
                         FROM begins)
        SELECT CAST(month AS DATE) AS month,
               coalesce(then_months.lines, 0) AS lines_then,
               coalesce(now_months.lines, 0) AS lines_now,
               coalesce(then_months.net, 0) AS net_then, coalesce(now_months.net, 0) AS net_now
        FROM now_months FULL JOIN then_months USING (month) CROSS JOIN covered
        WHERE month + INTERVAL 1 MONTH - INTERVAL 1 DAY <= DATE '{both.as_of}'
          AND month >= date_trunc('month', covered.day)
          AND (covered.is_alike OR covered.day < month + INTERVAL {_BEGUN} DAY)
          AND (coalesce(then_months.net, 0) <> coalesce(now_months.net, 0)
               OR coalesce(then_months.lines, 0) <> coalesce(now_months.lines, 0))
        ORDER BY 1
        """,
        "order_lines",
    )


def people(both: Earlier) -> pd.DataFrame:
    """Each customer of either run: whether its files list it and it ordered, then and now.

    Returns
    -------
    DataFrame
        One row: customers ``gone`` from every file, ``came`` and ``left`` the active ones, their
        net revenue in minor units, and customers with another class, category, region or seller.
    """
    moved = " OR ".join(f"now_one.{one} IS DISTINCT FROM then_one.{one}" for one in _ATTRIBUTES)
    return both.query(
        f"""
        SELECT count(*) FILTER (now_one.customer_id IS NULL) AS gone,
               CAST(coalesce(sum(was.net_revenue) FILTER (now_one.customer_id IS NULL), 0)
                    AS BIGINT) AS gone_net,
               count(*) FILTER (is_now.lines > 0 AND coalesce(was.lines, 0) = 0) AS came,
               CAST(coalesce(sum(is_now.net_revenue) FILTER (coalesce(was.lines, 0) = 0), 0)
                    AS BIGINT) AS came_net,
               count(*) FILTER (was.lines > 0 AND coalesce(is_now.lines, 0) = 0) AS "left",
               CAST(coalesce(sum(was.net_revenue) FILTER (coalesce(is_now.lines, 0) = 0), 0)
                    AS BIGINT) AS left_net,
               count(*) FILTER (now_one.customer_id IS NOT NULL
                                AND then_one.customer_id IS NOT NULL AND ({moved})) AS moved
        FROM customers AS now_one
        FULL JOIN then_customers AS then_one ON now_one.customer_id = then_one.customer_id
        LEFT JOIN customer_totals AS is_now ON is_now.customer_id = now_one.customer_id
        LEFT JOIN then_customer_totals AS was ON was.customer_id = then_one.customer_id
        """,
        "customers",
        "customer_totals",
    )


def movers(both: Earlier) -> pd.DataFrame:
    """The customers behind `people`, one row each, the largest difference first.

    Returns
    -------
    DataFrame
        ``customer_id``, ``name``, ``what`` (``gone``, ``new``, ``came``, ``left`` or ``moved``,
        the first that holds), and net revenue in the windows, ``net_then`` and ``net_now``, in
        minor units.
    """
    moved = " OR ".join(f"now_one.{one} IS DISTINCT FROM then_one.{one}" for one in _ATTRIBUTES)
    return both.query(
        f"""
        SELECT * FROM (
          SELECT coalesce(now_one.customer_id, then_one.customer_id) AS customer_id,
                 coalesce(now_one.name, then_one.name) AS name,
                 CASE WHEN now_one.customer_id IS NULL THEN 'gone'
                      WHEN then_one.customer_id IS NULL THEN 'new'
                      WHEN coalesce(is_now.lines, 0) > 0 AND coalesce(was.lines, 0) = 0 THEN 'came'
                      WHEN coalesce(was.lines, 0) > 0 AND coalesce(is_now.lines, 0) = 0 THEN 'left'
                      WHEN {moved} THEN 'moved' END AS what,
                 CAST(coalesce(was.net_revenue, 0) AS BIGINT) AS net_then,
                 CAST(coalesce(is_now.net_revenue, 0) AS BIGINT) AS net_now
          FROM customers AS now_one
          FULL JOIN then_customers AS then_one ON now_one.customer_id = then_one.customer_id
          LEFT JOIN customer_totals AS is_now ON is_now.customer_id = now_one.customer_id
          LEFT JOIN then_customer_totals AS was ON was.customer_id = then_one.customer_id
        ) AS told WHERE what IS NOT NULL
        ORDER BY abs(net_now - net_then) DESC, customer_id
        """,
        "customers",
        "customer_totals",
    )


_ATTRIBUTES = ("class", "category", "region", "rep_id")


def _key(both: Earlier, name: str) -> tuple[str, ...]:
    return CONTRACTS[name].key or both.book.engagement.sources[name].key


def _fields(both: Earlier, name: str) -> list[str]:
    """The fields that both runs have."""
    described = both.query(
        f"SELECT column_name FROM (DESCRIBE {name}) "
        f"INTERSECT SELECT column_name FROM (DESCRIBE then_{name}) ORDER BY 1",
        name,
    )
    return [one for one in described["column_name"] if one not in _OURS]


def _numbered(name: str, fields: list[str], match: list[str]) -> str:
    """The rows with the place of each among those it could be mistaken for."""
    listed = ", ".join(map(quoted, fields))
    by, order = ", ".join(map(quoted, match)), listed
    return (
        f"SELECT {listed}, row_number() OVER (PARTITION BY {by} ORDER BY {order}) AS __copy "
        f"FROM {name}"
    )


def _same(columns: list[str]) -> str:
    return " AND ".join(
        f"now_rows.{quoted(one)} IS NOT DISTINCT FROM then_rows.{quoted(one)}" for one in columns
    )


def _differs(fields: list[str]) -> str:
    return f"NOT ({_same(fields)})"


def _by_month(name: str) -> str:
    return (
        "SELECT date_trunc('month', order_date) AS month, CAST(count(*) AS BIGINT) AS lines, "
        f"CAST(sum(net_amount) AS BIGINT) AS net FROM {name} GROUP BY 1"
    )
