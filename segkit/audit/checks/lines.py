"""Checks of the order lines: whose they are, what stands there twice, what was taken back."""

from __future__ import annotations

from decimal import Decimal

from segkit.audit.checks.framework import Check, Scalar
from segkit.evidence import judged
from segkit.language import say, say_n

#: What a reader needs to find a line again, in the order in which it is shown; sellers are not.
LINE = "order_id, line_no, order_date, customer_id, product_id, quantity, net_amount, channel"

#: One row per order and customer of the window; `content` is the same for the same lines.
ORDERS = {
    "window_orders": """
        SELECT order_id, customer_id, MIN(order_date) AS order_date, COUNT(*) AS lines,
               CAST(SUM(net_amount) AS BIGINT) AS net_amount,
               bit_xor(hash(product_id, quantity, net_amount)) AS content
        FROM window_lines GROUP BY order_id, customer_id"""
}

UNASSIGNED = Check(
    id="unassigned",
    asks=say("Order lines without a customer"),
    touched=say("segments"),
    failing=f"SELECT {LINE}, net_amount AS money FROM window_lines WHERE customer_id IS NULL",
    claim=say("{money}, or {share} of net revenue, belongs to no known customer"),
    touches=say_n(
        "{n} order line in the window names none: it counts in revenue but in no segment, so no "
        "plan by customer reaches {effect}.",
        "{n} order lines in the window name none: they count in revenue but in no segment, so no "
        "plan by customer reaches {effect}.",
        0,
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_unassigned"),
    action=say("Find which sales carry no customer number, and record it at the order."),
    owner=say("sales director"),
    changes=Decimal("0.01"),
)

WITHOUT_VALUE = Check(
    id="without_value",
    asks=say("Order lines with an amount of nothing"),
    touched=say("how often customers order"),
    failing=f"SELECT {LINE}, CAST(0 AS BIGINT) AS money FROM window_lines WHERE net_amount = 0",
    claim=say_n(
        "{n} order line has an amount of nothing", "{n} order lines have an amount of nothing", 0
    ),
    touches=say_n(
        "{effect} orders hold nothing else, and count where it is asked how often a customer "
        "orders. The line brings in no revenue.",
        "{effect} orders hold nothing else, and count where it is asked how often a customer "
        "orders. The {n} lines bring in no revenue.",
        0,
    ),
    effect=Scalar(
        "orders",
        """SELECT COUNT(*) FROM (
             SELECT order_id FROM window_lines GROUP BY order_id
             HAVING MIN(net_amount) = 0 AND MAX(net_amount) = 0) AS empty""",
    ),
    action=say("Say whether lines of nothing are gifts, samples or corrections."),
    owner=say("sales director"),
    by="rows",
    changes=Decimal("0.01"),
)

# the hash finds groups in one narrow pass; the rows themselves decide
EQUAL_LINES = Check(
    id="equal_lines",
    asks=say("Order lines equal to another line"),
    touched=say("net revenue"),
    failing=f"""
        WITH hashed AS (
          SELECT {LINE}, rep_id, hash({LINE}, rep_id) AS content FROM window_lines
        ), twice AS (
          SELECT content FROM hashed GROUP BY content HAVING COUNT(*) > 1
        ), copies AS (
          SELECT {LINE}, row_number() OVER (PARTITION BY {LINE}, rep_id) AS copy
          FROM hashed SEMI JOIN twice USING (content)
        )
        SELECT {LINE}, copy, net_amount AS money FROM copies WHERE copy > 1""",
    claim=say_n(
        "{n} order line, worth {money}, is equal to another one",
        "{n} order lines, worth {money}, are equal to another one",
        0,
    ),
    touches=say(
        "All are counted, since each may be a sale of its own. If they were sent twice, net "
        "revenue in the window is {effect} too high."
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_equal_lines"),
    action=say("Tell which column makes an order line unique, so that repeats can be set aside."),
    owner=say("IT"),
    stops=Decimal("0.05"),
)

REPEATED_ORDERS = Check(
    id="repeated_orders",
    asks=say("Orders that stand there twice under two numbers"),
    touched=say("net revenue"),
    failing="""
        WITH grouped AS (
          SELECT *, first_value(order_id) OVER same AS repeats,
                 row_number() OVER same AS copy
          FROM window_orders WHERE customer_id IS NOT NULL AND net_amount > 0
          WINDOW same AS (PARTITION BY customer_id, order_date, lines, net_amount, content
                          ORDER BY order_id)
        )
        SELECT order_id, repeats, order_date, customer_id, lines, net_amount, net_amount AS money
        FROM grouped WHERE copy > 1""",
    first=ORDERS,
    claim=say_n(
        "{n} order, worth {money}, repeats another of the same customer and day",
        "{n} orders, worth {money}, repeat another of the same customer and day",
        0,
    ),
    touches=say(
        "Products, quantities and amounts are the same under another number. If each is one order "
        "entered twice, net revenue in the window is {effect} too high."
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_repeated_orders"),
    action=say("Compare the pairs with the delivery notes, and cancel what was entered twice."),
    owner=say("finance director"),
    changes=Decimal("0.0001"),
    stops=Decimal("0.05"),
)

SHARED_ORDERS = Check(
    id="shared_orders",
    asks=say("Order numbers that several customers share"),
    touched=say("number of orders"),
    failing="""
        SELECT order_id, COUNT(*) AS customers, MIN(order_date) AS first_day,
               MAX(order_date) AS last_day, CAST(SUM(net_amount) AS BIGINT) AS money
        FROM window_orders WHERE customer_id IS NOT NULL
        GROUP BY order_id HAVING COUNT(*) > 1""",
    about="SELECT COUNT(DISTINCT order_id) AS of_rows, SUM(net_amount) AS of_money "
    "FROM window_orders",
    first=ORDERS,
    claim=say_n(
        "{n} order number is shared by several customers",
        "{n} order numbers are shared by several customers",
        0,
    ),
    touches=say(
        "They carry {money}. By number and customer there are {effect} orders more than by number "
        "alone, so a key of the number alone would set real lines aside as repeats."
    ),
    effect=Scalar("orders", "SELECT SUM(customers - 1) FROM failed_shared_orders"),
    action=say("Say what else tells orders apart: the year, the company, or the branch."),
    owner=say("IT"),
    changes=Decimal("0.01"),
)

#: Each line of the window that takes something back, with the one order it can have come from: the
#: one it names, else the nearest before it with the same customer, product, quantity and amount,
#: else the nearest that sold more at the same price: a part of it came back.
RETURNS = {
    "returns": f"""
        WITH back AS (
          SELECT {LINE}, original_order_id,
                 row_number() OVER (ORDER BY order_date, {LINE}, original_order_id) AS place
          FROM window_lines WHERE net_amount < 0
        ), named AS (
          SELECT place, MIN(sold.order_id) AS original, MIN(sold.order_date) AS sold_on
          FROM back JOIN order_lines AS sold ON sold.order_id = back.original_order_id
          GROUP BY place
        ), alike AS (
          SELECT place, sold.order_id AS original, sold.order_date AS sold_on,
                 sold.quantity = -back.quantity AS is_whole,
                 rank() OVER (PARTITION BY place ORDER BY sold.quantity = -back.quantity DESC,
                                                          sold.order_date DESC) AS age
          FROM back JOIN order_lines AS sold
            ON sold.customer_id = back.customer_id AND sold.product_id = back.product_id
           AND sold.order_date <= back.order_date AND sold.quantity >= -back.quantity
           AND CASE WHEN sold.quantity = -back.quantity THEN sold.net_amount = -back.net_amount
                    ELSE abs(sold.net_amount * -back.quantity / sold.quantity
                             + back.net_amount) <= 1 END
          WHERE back.original_order_id IS NULL AND sold.net_amount > 0 AND back.quantity < 0
        ), nearest AS (
          SELECT place, MIN(original) AS original, MIN(sold_on) AS sold_on,
                 MIN(is_whole) AS is_whole
          FROM alike WHERE age = 1 GROUP BY place HAVING COUNT(DISTINCT original) = 1
        ), once AS (
          SELECT nearest.*, row_number() OVER (
                   PARTITION BY original, product_id, is_whole,
                                CASE WHEN is_whole THEN quantity END,
                                CASE WHEN is_whole THEN net_amount END ORDER BY place) AS turn,
                 bool_or(is_whole) OVER (PARTITION BY original, product_id) AS came_whole
          FROM nearest JOIN back USING (place)
        ), found AS (
          SELECT * FROM named
          UNION ALL SELECT place, original, sold_on FROM once
          WHERE turn = 1 AND (is_whole OR NOT came_whole)
        )
        SELECT back.*, original, sold_on FROM back LEFT JOIN found USING (place)"""
}

UNMATCHED_RETURNS = Check(
    id="unmatched_returns",
    asks=say("Returns and credit notes whose order is not found"),
    touched=say("net revenue by month"),
    failing=f"""SELECT {LINE}, original_order_id, -net_amount AS money
                FROM returns WHERE original IS NULL""",
    about="SELECT COUNT(*) AS of_rows, SUM(-net_amount) AS of_money FROM returns",
    first=RETURNS,
    lacks=say("returns or credit notes"),
    claim=say("The order behind {money}, or {share} of what was taken back, is not found"),
    touches=say(
        "Lines without one: {n}. {matched} could be matched with its order, half of it within "
        "{lag} days. Returns count on their own day: {effect} was taken back in a later month than "
        "it was sold."
    ),
    effect=Scalar(
        "money",
        """SELECT SUM(-net_amount) FROM returns
           WHERE date_trunc('month', sold_on) < date_trunc('month', order_date)""",
    ),
    more={
        "matched": Scalar(
            "money", "SELECT SUM(-net_amount) FROM returns WHERE original IS NOT NULL"
        ),
        "lag": Scalar(
            "days",
            """SELECT quantile_disc(date_diff('day', sold_on, order_date), 0.5)
               FROM returns WHERE original IS NOT NULL""",
        ),
    },
    action=say("Record on each credit note the order that it takes back."),
    owner=say("finance director"),
    changes=Decimal("0.2"),
)

_TIMES_USUAL = judged(
    "audit.one_off_times", 10, 5, 20, "times",
    say("An order so many times the usual one of its customer may be one of a kind."),
)  # fmt: skip
_ROBUST_Z = judged(
    "audit.one_off_deviations", 4, 3, 6, "deviations",
    say("An order of a kind lies so many robust deviations above nearly all orders."),
)  # fmt: skip
_YEAR = "({as_of} - INTERVAL 12 MONTH)"
_TWO_YEARS = "({as_of} - INTERVAL 24 MONTH)"

ONE_OFF = Check(
    id="one_off_orders",
    asks=say("Orders far above what their customer ever orders, not repeated"),
    touched=say("change on the year before"),
    failing=f"""
        WITH sold AS (
          SELECT *, ln(net_amount) AS size FROM window_orders
          WHERE customer_id IS NOT NULL AND net_amount > 0
        ), middle AS (SELECT median(size) AS usual FROM sold
        ), base AS (
          SELECT MAX(usual) + {_ROBUST_Z} * 1.4826 * median(abs(size - usual)) AS far
          FROM sold, middle
        ), usual AS (
          SELECT customer_id, COUNT(*) AS orders,
                 CAST(quantile_disc(net_amount, 0.5) AS BIGINT) AS usual_amount,
                 max(net_amount, 2)[2] AS second
          FROM sold GROUP BY customer_id HAVING COUNT(*) >= 4
        )
        SELECT order_id, order_date, customer_id, lines, net_amount, usual_amount, orders,
               net_amount AS money
        FROM sold JOIN usual USING (customer_id), base
        WHERE net_amount >= {_TIMES_USUAL} * usual_amount AND size > far
          AND net_amount > 2 * second""",
    first=ORDERS,
    about="SELECT COUNT(*) AS of_rows, SUM(net_amount) AS of_money FROM window_orders",
    claim=say_n(
        "{n} order unlike all others brought in {money}, or {share} of net revenue",
        "{n} orders unlike all others brought in {money}, or {share} of net revenue",
        0,
    ),
    touches=say(
        "Each is far above anything its customer ordered before or after in the window. The change "
        "of net revenue on the year before holds {effect} of them."
    ),
    effect=Scalar(
        "money",
        f"""SELECT COALESCE(SUM(CASE WHEN order_date > {_YEAR} THEN money END), 0)
              - COALESCE(SUM(CASE WHEN order_date <= {_YEAR} THEN money END), 0)
            FROM failed_one_off_orders WHERE order_date > {_TWO_YEARS}""",
    ),
    action=say("Say of each whether it was a project, and leave projects out of targets."),
    owner=say("sales director"),
)

CHECKS = (
    UNASSIGNED, WITHOUT_VALUE, EQUAL_LINES, REPEATED_ORDERS, SHARED_ORDERS, UNMATCHED_RETURNS,
    ONE_OFF,
)  # fmt: skip
