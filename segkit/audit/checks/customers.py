"""Checks of who is who: lists that lack a customer, keys that lead nowhere, twins, chains."""

from __future__ import annotations

from decimal import Decimal

from segkit.audit.checks.framework import LINES, Check, Scalar
from segkit.audit.checks.twins import same_customer
from segkit.engine import quoted
from segkit.language import say, say_n
from segkit.store import Given

#: Columns that name a row of another table, by the table in which they stand; customers of the
#: order lines have a check of their own.
REFERENCES = {
    "order_lines": {"rep_id": "reps"},
    "customers": {"rep_id": "reps"},
    "visits": {"customer_id": "customers", "rep_id": "reps", "order_id": "order_lines"},
    "assignments": {"customer_id": "customers", "rep_id": "reps"},
    "receivables": {"customer_id": "customers"},
    "events": {"customer_id": "customers"},
    "quotes": {"customer_id": "customers", "rep_id": "reps"},
    "call_targets": {"customer_id": "customers"},
    "quotas": {"rep_id": "reps"},
    "needs": {"customer_id": "customers"},
}
_ALWAYS = ("order_lines", "customers")


def _referred(given: Given) -> list[tuple[str, str, str]]:
    return [
        (table, column, to)
        for table, columns in REFERENCES.items()
        for column, to in columns.items()
        if all(name in _ALWAYS or given.has(name) for name in (table, to))
    ]


def _orphans(given: Given) -> str:
    """One row per table, column and key that stands in no list."""
    # a line's own seller wins: the customer's carries only the lines that name none
    money = {"order_lines": "SUM(CASE WHEN period = 'in_window' THEN net_amount END)",
             "customers": "SUM(of_no_seller)"}  # fmt: skip
    more = {
        "customers": """ LEFT JOIN (
          SELECT customer_id, SUM(net_amount) AS of_no_seller FROM window_lines
          WHERE rep_id IS NULL GROUP BY customer_id) AS sold USING (customer_id)"""
    }
    parts = [
        f"""SELECT '{table}' AS "table", '{column}' AS "column", {column} AS "key",
                   COUNT(*) AS rows, CAST(COALESCE({money.get(table, "0")}, 0) AS BIGINT) AS money
            FROM {quoted(table)}{more.get(table, "")} WHERE {column} IS NOT NULL
              AND {column} NOT IN (SELECT {column} FROM {quoted(to)} WHERE {column} IS NOT NULL)
            GROUP BY 3"""
        for table, column, to in _referred(given)
    ]
    return " UNION ALL ".join(parts)


def _keys(given: Given) -> str:
    parts = [
        f"SELECT COUNT(DISTINCT {column}) AS keys FROM {quoted(table)}"
        for table, column, _ in _referred(given)
    ] or ["SELECT 0 AS keys"]
    return f"""SELECT SUM(keys) AS of_rows,
                      (SELECT SUM(net_amount) FROM window_lines) AS of_money
               FROM ({" UNION ALL ".join(parts)}) AS counted"""


ORPHANS = Check(
    id="orphans",
    asks=say("Numbers of customers, sellers and orders that stand in no list"),
    touched=say("rows left out by customer or seller"),
    failing=_orphans,
    about=_keys,
    may_use=tuple(name for name in (*REFERENCES, "reps") if name not in _ALWAYS),
    lacks=say("sellers, visits, receivables or another table that names a customer"),
    claim=say_n(
        "{n} number of a customer, seller or order stands in no list",
        "{n} numbers of customers, sellers or orders stand in no list",
        0,
    ),
    touches=say(
        "The rows that carry them ({effect}) count in totals, but in nothing that is told by "
        "customer, by seller or by order. Of net revenue, {money} hangs on them."
    ),
    without_money=say(
        "The rows that carry them ({effect}) count in totals, but in nothing that is told by "
        "customer, by seller or by order. No net revenue hangs on them."
    ),
    effect=Scalar("rows", "SELECT SUM(rows) FROM failed_orphans"),
    action=say("Send the missing customers and sellers, or the numbers that they have now."),
    owner=say("IT"),
    by="rows",
    changes=Decimal("0.01"),
)

UNLISTED_CUSTOMER = Check(
    id="unlisted_customer",
    asks=say("Customers who ordered but are not in the list of customers"),
    touched=say("trade classes and regions"),
    failing="""
        SELECT customer_id, COUNT(*) AS lines, CAST(SUM(net_amount) AS BIGINT) AS money
        FROM window_lines JOIN customers USING (customer_id)
        WHERE NOT is_listed GROUP BY customer_id""",
    needs=("listed_customers",),
    claim=say_n(
        "{n} customer who brings in {money} is not in the list of customers",
        "{n} customers who bring in {money} are not in the list of customers",
        0,
    ),
    touches=say(
        "They are kept, and fall into a segment. What is said by trade class or region leaves out "
        "{effect}."
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_unlisted_customer"),
    action=say("Set these customers up in the list, or say which listed ones they are."),
    owner=say("sales director"),
)

QUIET_CUSTOMER = Check(
    id="quiet_customer",
    asks=say("Listed customers without an order line in the window"),
    touched=say("customers who were lost before"),
    failing="""
        SELECT customer_id, name, region, category, last_order, CAST(0 AS BIGINT) AS money
        FROM customers LEFT JOIN (
          SELECT customer_id, MAX(order_date) AS last_order,
                 COUNT(CASE WHEN period = 'in_window' THEN 1 END) AS lines
          FROM order_lines GROUP BY customer_id
        ) AS sold USING (customer_id)
        WHERE is_listed AND COALESCE(lines, 0) = 0
          AND COALESCE(status, 'customer') <> 'prospect'""",
    about="SELECT COUNT(*) AS of_rows, 0 AS of_money FROM customers WHERE is_listed",
    needs=("listed_customers",),
    claim=say_n(
        "{n} listed customer has no order line in the window",
        "{n} listed customers have no order line in the window",
        0,
    ),
    touches=say(
        "They belong to no segment. {effect} of them ordered before the window, so they were "
        "customers once."
    ),
    effect=Scalar(
        "customers", "SELECT COUNT(*) FROM failed_quiet_customer WHERE last_order IS NOT NULL"
    ),
    action=say("Say which of these customers have closed, and take them off the list."),
    owner=say("sales director"),
    by="rows",
    changes=Decimal("0.1"),
)

TWINS = Check(
    id="same_customer",
    asks=say("Customers who seem to stand in the list twice"),
    touched=say("number of active customers"),
    failing=same_customer,
    about=f"SELECT (SELECT COUNT(*) FROM customers) AS of_rows, of_money FROM ({LINES}) AS lines",
    claim=say_n(
        "{n} customer seems to be listed twice; both entries bring in {money}",
        "{n} customers seem to be listed twice; their entries bring in {money}",
        0,
    ),
    touches=say(
        "Nothing is merged until it is confirmed in exports/merge_map.csv. If all of them are one, "
        "{effect} active customers are too many, and each looks smaller than it is."
    ),
    effect=Scalar(
        "customers",
        """SELECT COUNT(*) FROM failed_same_customer
           WHERE merge IN (SELECT customer_id FROM window_lines WHERE customer_id IS NOT NULL)
             AND keep IN (SELECT customer_id FROM window_lines WHERE customer_id IS NOT NULL)""",
    ),
    action=say("Confirm in the merge map which of them are one customer."),
    owner=say("sales director"),
)

#: How many steps up from outlet to chain are followed before it is called a circle.
_STEPS_UP = 20
#: Each customer with the head of its chain; a customer of no chain, or in a circle, is its own.
CHAINS = {
    "chains": f"""
        WITH RECURSIVE up AS (
          SELECT customer_id, customer_id AS head, parent_id AS next, 0 AS steps FROM customers
          UNION ALL
          SELECT up.customer_id, up.next, parents.parent_id, steps + 1
          FROM up LEFT JOIN customers AS parents ON parents.customer_id = up.next
          WHERE up.next IS NOT NULL AND up.next <> up.head AND steps < {_STEPS_UP}
        ), heads AS (
          SELECT customer_id, arg_max(head, steps) AS head, MAX(steps) AS steps
          FROM up GROUP BY customer_id
        )
        SELECT customer_id, steps = {_STEPS_UP} AS is_circle,
               CASE WHEN steps = {_STEPS_UP} THEN customer_id ELSE head END AS head
        FROM heads""",
    "chain_revenue": """
        SELECT head, COUNT(*) AS outlets, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS money,
               CAST(COALESCE(MAX(amount), 0) AS BIGINT) AS largest_outlet
        FROM chains LEFT JOIN (
          SELECT customer_id, SUM(net_amount) AS amount FROM window_lines GROUP BY customer_id
        ) AS sold USING (customer_id) GROUP BY head""",
}
_WITH_PARENT = """
    SELECT COUNT(*) AS of_rows, {money} AS of_money FROM customers WHERE parent_id IS NOT NULL"""
_OF_ALL = "(SELECT SUM(net_amount) FROM window_lines)"

CHAIN_SHARE = Check(
    id="chains",
    asks=say("Chains whose outlets are counted as customers of their own"),
    touched=say("share of the largest customer"),
    failing="""
        SELECT head AS parent_id, name, outlets, largest_outlet AS largest_outlet_amount, money
        FROM chain_revenue LEFT JOIN customers ON customer_id = head WHERE outlets > 1""",
    about=_WITH_PARENT.replace("{money}", _OF_ALL),
    first=CHAINS,
    lacks=say("the chain of each customer"),
    claim=say_n(
        "{n} chain brings in {money}, or {share} of net revenue, through its outlets",
        "{n} chains bring in {money}, or {share} of net revenue, through their outlets",
        0,
    ),
    touches=say(
        "This report counts outlets. By chain, the largest customer brings in {effect} of net "
        "revenue, where the largest outlet brings in {outlet}."
    ),
    effect=Scalar(
        "share",
        "SELECT MAX(money) * 1.0 / (SELECT SUM(net_amount) FROM window_lines) FROM chain_revenue",
    ),
    more={
        "outlet": Scalar(
            "share",
            "SELECT MAX(largest_outlet) * 1.0 / (SELECT SUM(net_amount) FROM window_lines) "
            "FROM chain_revenue",
        )
    },
    ties={
        "net revenue of outlets = net revenue of chains": (
            "SELECT SUM(net_amount) FROM window_lines WHERE customer_id IS NOT NULL",
            "SELECT SUM(money) FROM chain_revenue",
        )
    },
    action=say("Agree terms and a target with each chain, not outlet by outlet."),
    owner=say("sales director"),
    is_at_stake=False,
    changes=Decimal("0.05"),
)

CHAIN_CIRCLE = Check(
    id="chain_circles",
    asks=say("Chains that lead back to themselves"),
    touched=say("net revenue by chain"),
    failing="""
        SELECT customer_id, name, parent_id, money
        FROM chains JOIN customers USING (customer_id)
        JOIN chain_revenue ON chain_revenue.head = chains.head
        WHERE is_circle""",
    about=_WITH_PARENT.replace("{money}", _OF_ALL),
    first=CHAINS,
    lacks=say("the chain of each customer"),
    claim=say_n(
        "{n} customer belongs to a chain that leads back to itself",
        "{n} customers belong to chains that lead back to themselves",
        0,
    ),
    touches=say("Each is counted as a chain of its own: {effect} of net revenue has no chain."),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_chain_circles"),
    action=say("Say which customer is the head of these chains."),
    owner=say("sales director"),
    by="rows",
)

NAMELESS_CHAIN = Check(
    id="chain_not_customer",
    asks=say("Chains that are no customer themselves"),
    touched=say("net revenue by chain"),
    failing="""
        SELECT head AS parent_id, outlets, money FROM chain_revenue
        WHERE head NOT IN (SELECT customer_id FROM customers)""",
    about=_WITH_PARENT.replace("{money}", _OF_ALL),
    first=CHAINS,
    lacks=say("the chain of each customer"),
    claim=say_n("{n} chain has no record of its own", "{n} chains have no record of their own", 0),
    touches=say("Their outlets are told together under the chain's number alone: {effect}."),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_chain_not_customer"),
    action=say("Send a name for each chain."),
    owner=say("sales director"),
    by="rows",
    changes=Decimal(1),
)

CHECKS = (
    UNLISTED_CUSTOMER, QUIET_CUSTOMER, ORPHANS, TWINS, CHAIN_SHARE, CHAIN_CIRCLE, NAMELESS_CHAIN,
)  # fmt: skip
