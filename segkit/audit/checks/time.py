"""Checks of time: holes, early ends, months that are not whole, and what changed its meaning."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from segkit.audit.checks.framework import Check, Scalar
from segkit.audit.checks.lines import LINE
from segkit.language import Message, say, say_n

_SOURCES = "SELECT COUNT(*) AS of_rows, 0 AS of_money FROM source_calendar"
_IT = say("IT")


def _holes(kind: str, **told: Any) -> Check:
    """A check of one kind of hole in the calendar of a source."""
    return Check(
        id=f"calendar_{kind}",
        failing=f"""
            SELECT source, part, unit, first, last, missing, rows AS usual_rows,
                   amount AS usual_amount,
                   CASE WHEN source = 'order_lines' THEN amount ELSE 0 END AS money
            FROM source_holes WHERE kind = '{kind}'""",
        about=_SOURCES,
        needs=("source_holes", "source_calendar"),
        by="rows",
        owner=_IT,
        **told,
    )


GAPS = _holes(
    "gap",
    asks=say("Days, weeks or months without rows where rows are usual"),
    touched=say("rows that are missing"),
    claim=say_n(
        "{n} stretch of time has no rows where rows are usual",
        "{n} stretches of time have no rows where rows are usual",
        0,
    ),
    touches=say(
        "In such a time about {effect} rows are usual, and {money} of net revenue: the months "
        "they lie in, and what is counted over a year, are too low by that."
    ),
    without_money=say(
        "In such a time about {effect} rows are usual: the months they lie in, and what is "
        "counted over a year, are too low by that."
    ),
    effect=Scalar("rows", "SELECT SUM(usual_rows) FROM failed_calendar_gap"),
    action=say("Ask whether business stood still on these days; if not, export them again."),
)
ENDS = _holes(
    "end",
    asks=say("Records that end before the as-of date"),
    touched=say("rows that are missing"),
    claim=say_n(
        "{n} kind of record ends before the as-of date",
        "{n} kinds of record end before the as-of date",
        0,
    ),
    touches=say(
        "What is missing usually holds {effect} rows, with {money} of net revenue: the latest "
        "month, and the change on the year before, are too low by that."
    ),
    without_money=say(
        "What is missing usually holds {effect} rows: the latest month, and the change on the year "
        "before, are too low by that."
    ),
    effect=Scalar("rows", "SELECT SUM(usual_rows) FROM failed_calendar_end"),
    action=say("Export these records again up to the as-of date, or set the as-of date earlier."),
)
STARTS = _holes(
    "start",
    asks=say("Records that begin long after the window does"),
    touched=say("days that are missing"),
    claim=say_n(
        "{n} kind of record begins long after the window does",
        "{n} kinds of record begin long after the window does",
        0,
    ),
    touches=say(
        "The latest of them lacks {effect} days of the window: what is counted a month or a year "
        "must be divided by the time that is there."
    ),
    effect=Scalar("days", "SELECT MAX(missing) FROM failed_calendar_start"),
    action=say("Export these records from the first day of the window, or shorten the window."),
)

OVERLAPS = Check(
    id="file_overlap",
    asks=say("Files that hold the same days as the next one"),
    failing="""
        SELECT source, file, next_file, first, last, days, CAST(0 AS BIGINT) AS money
        FROM file_overlaps""",
    about=_SOURCES,
    needs=("file_overlaps", "source_calendar"),
    by="rows",
    claim=say_n(
        "{n} file holds days that the next one holds as well",
        "{n} files hold days that the next ones hold as well",
        0,
    ),
    touches=say(
        "All other files follow one another in time. If the {effect} days in both were exported "
        "twice, what is counted on them is too high: see the lines that are equal to another."
    ),
    touched=say("days that are counted twice"),
    effect=Scalar("days", "SELECT SUM(days) FROM failed_file_overlap"),
    action=say(
        "Ask whether these files were exported twice, and declare what makes a line unique."
    ),
    owner=_IT,
)

PARTIAL_MONTH = Check(
    id="partial_month",
    asks=say("Months of which the records hold only a part"),
    touched=say("revenue of the month"),
    failing="""
        SELECT month, which, days, of_days, rows, amount, amount AS money FROM partial_months""",
    about="SELECT COUNT(DISTINCT date_trunc('month', order_date)) AS of_rows, 0 AS of_money "
    "FROM order_lines WHERE order_date <= {as_of}",
    needs=("partial_months",),
    by="rows",
    changes=Decimal("0.1"),
    claim=say_n(
        "{n} month is only partly in the records",
        "{n} months are only partly in the records",
        0,
    ),
    touches=say(
        "Taken for whole, the emptier of them would look {effect} too low; charts by month leave "
        "it out, and its net revenue of {money} counts in the window."
    ),
    effect=Scalar("share", "SELECT MAX(1.0 - days * 1.0 / of_days) FROM failed_partial_month"),
    action=say("Choose the last day of a whole month as the as-of date."),
    owner=say("finance director"),
)

FIELD_SHIFT = Check(
    id="field_shift",
    asks=say("Fields that change their meaning at a date"),
    touched=say("rows that do not compare"),
    failing="""
        SELECT source, field, kind, since, value,
               CASE WHEN kind = 'size' AND field LIKE '%amount' THEN before / {minor_units}
                    ELSE before END AS before,
               CASE WHEN kind = 'size' AND field LIKE '%amount' THEN after / {minor_units}
                    ELSE after END AS after,
               psi, noise, rows AS touched_rows,
               CASE WHEN source = 'order_lines' AND amount = (
                 SELECT MAX(amount) FROM field_shifts WHERE source = 'order_lines'
               ) THEN amount ELSE 0 END AS money  -- fields of the same lines: once
        FROM field_shifts""",
    about="SELECT COUNT(*) AS of_rows, 0 AS of_money FROM field_series",
    needs=("field_shifts", "field_series"),
    lacks=say("eight months of order lines"),
    by="rows",
    claim=say_n(
        "{n} field changes its meaning in the course of the records",
        "{n} fields change their meaning in the course of the records",
        0,
    ),
    touches=say(
        "Counted by such a field, earlier and later months do not compare: up to {effect} rows, "
        "and {money} of net revenue, lie on the side that reads otherwise."
    ),
    without_money=say(
        "Counted by such a field, earlier and later months do not compare: up to {effect} rows lie "
        "on the side that reads otherwise."
    ),
    effect=Scalar("rows", "SELECT MAX(touched_rows) FROM failed_field_shift"),
    action=say("Ask what changed on these days, and map the old words to the new ones."),
    owner=_IT,
)


def _products(id: str, kind: str, asks: Message, claim: Message, touches: Message) -> Check:
    """A check of products whose price changed by a factor at a date."""
    return Check(
        id=id,
        asks=asks,
        touched=say("price level, times"),
        failing=f"""
            SELECT product_id, name, since, price_before / {{minor_units}} AS price_before,
                   price_after / {{minor_units}} AS price_after, factor, quantity_factor,
                   lines, amount AS money
            FROM product_shifts LEFT JOIN products USING (product_id)
            WHERE product_shifts.kind = '{kind}'""".replace("name,", "products.name,"),
        needs=("product_shifts",),
        claim=claim,
        touches=touches,
        effect=Scalar("number", f"SELECT MAX(greatest(factor, 1 / factor)) FROM failed_{id}"),
        action=say("Ask what changed with these products on that day, and give one unit for both."),
        owner=say("head of purchasing"),
    )


UNIT_CHANGE = _products(
    "unit_change",
    "unit",
    say("Products whose unit of sale changes at a date"),
    say_n(
        "{n} product seems to change its unit of sale, as from pieces to boxes",
        "{n} products seem to change their unit of sale, as from pieces to boxes",
        0,
    ),
    say(
        "Price and quantity change by the same factor, up to {effect}, and the value of a "
        "line stays. {money} was sold since: compared with before, its price and its volume are "
        "wrong by that factor."
    ),
)
PRICE_LEVEL = _products(
    "price_level",
    "price",
    say("Products whose price changes threefold or more at a date"),
    say_n(
        "The price of {n} product changes threefold or more from one month to the next",
        "The prices of {n} products change threefold or more from one month to the next",
        0,
    ),
    say(
        "A clearance, another unit or another currency would look alike; the largest change is "
        "{effect} times. {money} was sold since, and its price effect is not a price list's."
    ),
)

#: Customers whose first order is in the first half year may be old: the records do not say.
_CENSORED = "INTERVAL 6 MONTH"
_FIRSTS = {
    "first_orders": """
        SELECT customer_id, MIN(order_date) AS first_order,
               COUNT(CASE WHEN period = 'in_window' THEN 1 END) AS lines,
               CAST(COALESCE(SUM(CASE WHEN period = 'in_window' THEN net_amount END), 0) AS BIGINT)
                 AS money,
               (SELECT MIN(order_date) FROM order_lines) AS begins
        FROM order_lines WHERE customer_id IS NOT NULL AND order_date <= {as_of}
        GROUP BY customer_id"""
}
NEW_BUT_OLD = Check(
    id="new_but_old",
    asks=say("Customers who look new but are older than the records"),
    touched=say("new customers"),
    failing=f"""
        SELECT customer_id, since, first_order, first_orders.money
        FROM first_orders JOIN customers USING (customer_id)
        WHERE since < begins AND first_order >= begins + {_CENSORED}""",
    about=f"""
        SELECT COUNT(since) AS of_rows, SUM(first_orders.money) AS of_money
        FROM first_orders JOIN customers USING (customer_id)
        WHERE first_order >= begins + {_CENSORED}""",
    first=_FIRSTS,
    lacks=say("since when each customer is one"),
    by="rows",
    changes=Decimal("0.05"),
    claim=say_n(
        "{n} customer looks new but is older than the records",
        "{n} customers look new but are older than the records",
        0,
    ),
    touches=say(
        "Of the customers whose first order comes after the first half year of the records, "
        "{effect} are old by their own date: they came back, or their number changed. They bring "
        "in {money}, and are not counted as new."
    ),
    effect=Scalar("share", f"""
        SELECT (SELECT COUNT(*) FROM failed_new_but_old) * 1.0 / COUNT(*) FROM first_orders
        WHERE first_order >= begins + {_CENSORED}"""),
    action=say("Ask which of them came back, and which were given a new number."),
    owner=say("sales director"),
)  # fmt: skip
UNKNOWN_TENURE = Check(
    id="unknown_tenure",
    asks=say("Customers who may be older than their first order"),
    touched=say("tenure of active customers"),
    failing=f"""
        SELECT customer_id, first_order, money FROM first_orders
        WHERE lines > 0 AND first_order < begins + {_CENSORED}""",
    about="SELECT COUNT(*) AS of_rows, SUM(money) AS of_money FROM first_orders WHERE lines > 0",
    first=_FIRSTS,
    by="rows",
    changes=Decimal(2),  # so it is with every history: a note, unless the client agrees a limit
    claim=say_n(
        "{n} customer may be older than its first order in the records",
        "{n} customers may be older than their first order in the records",
        0,
    ),
    touches=say(
        "Their first order lies in the first half year of the records; they bring in {money}. For "
        "{effect} of active customers the time since the first order is a least value, not a short "
        "one; cohorts of these months hold old customers."
    ),
    effect=Scalar("share", """
        SELECT (SELECT COUNT(*) FROM failed_unknown_tenure) * 1.0 / COUNT(*)
        FROM first_orders WHERE lines > 0"""),
    action=say("Give the date since when each customer is one, or an older history of orders."),
    owner=_IT,
)  # fmt: skip

# --- units, currencies and sums that do not fit ---------------------------------------------------

OTHER_CURRENCY = Check(
    id="other_currency",
    asks=say("Order lines in more than one currency"),
    touched=say("net revenue"),
    failing=f"""
        SELECT {LINE}, currency, net_amount AS money FROM window_lines
        WHERE currency <> (SELECT currency FROM window_lines WHERE currency IS NOT NULL
                           GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 1)""",
    claim=say("{money}, or {share} of net revenue, was sold in another currency"),
    touches=say(
        "{n} order lines are counted at the rates that were given. A move of a tenth in the rates "
        "changes net revenue by {effect}, whatever customers do."
    ),
    effect=Scalar("money", "SELECT SUM(money) / 10 FROM failed_other_currency"),
    action=say("Agree on one rate a year, so that a change of rates is no change of sales."),
    owner=say("finance director"),
    changes=Decimal("0.01"),
)
TWO_UNITS = Check(
    id="two_units",
    asks=say("Products sold in more than one unit"),
    touched=say("products with mixed units"),
    failing=f"""
        WITH units AS (
          SELECT product_id, unit, row_number() OVER (
                   PARTITION BY product_id ORDER BY COUNT(*) DESC, unit) AS place
          FROM window_lines WHERE unit IS NOT NULL GROUP BY product_id, unit
        )
        SELECT {LINE}, unit, net_amount AS money
        FROM window_lines JOIN units USING (product_id, unit) WHERE place > 1""",
    about="SELECT COUNT(unit) AS of_rows, SUM(net_amount) AS of_money FROM window_lines",
    lacks=say("a unit on the order lines"),
    claim=say("{money}, or {share} of net revenue, was sold in a second unit of the product"),
    touches=say(
        "Lines in it: {n}. Quantities of {effect} products add pieces to boxes: their volume, and "
        "prices per unit, mean nothing until one unit is converted to the other."
    ),
    effect=Scalar("products", "SELECT COUNT(DISTINCT product_id) FROM failed_two_units"),
    action=say("Give how many of one unit make the other, product by product."),
    owner=say("head of purchasing"),
)
LIST_LESS_DISCOUNT = Check(
    id="list_less_discount",
    asks=say("Lines whose net amount is not list less discount"),
    touched=say("discounts"),
    failing=f"""
        SELECT {LINE}, list_amount, discount_amount,
               net_amount - (list_amount - discount_amount) AS money
        FROM window_lines
        WHERE abs(net_amount - (list_amount - discount_amount))
              > greatest(1, 0.005 * abs(list_amount))""",
    about="""
        SELECT COUNT(*) AS of_rows, SUM(net_amount) AS of_money FROM window_lines
        WHERE list_amount IS NOT NULL AND discount_amount IS NOT NULL""",
    lacks=say("list and discount amounts on the order lines"),
    by="rows",
    claim=say_n(
        "On {n} order line the net amount is not list less discount",
        "On {n} order lines the net amount is not list less discount",
        0,
    ),
    touches=say(
        "They differ by {money} in all, and the discount of these lines, {effect}, can't be "
        "trusted where discounts are compared."
    ),
    effect=Scalar("money", "SELECT SUM(discount_amount) FROM failed_list_less_discount"),
    action=say("Ask which of the three amounts is entered and which is computed."),
    owner=say("finance director"),
)
OTHER_PRICES = Check(
    id="other_prices",
    asks=say("Customers who pay the same multiple of everyone's prices"),
    touched=say("price level, times"),
    failing="""
        WITH usual AS (
          SELECT product_id, ln(SUM(net_amount) / SUM(quantity)) AS price FROM window_lines
          WHERE quantity > 0 AND net_amount > 0 AND product_id <> 'unknown'
          GROUP BY product_id HAVING COUNT(DISTINCT customer_id) >= 5
        ), ratios AS (
          SELECT customer_id, product_id, net_amount,
                 CAST(round(1000 * (ln(net_amount / quantity) - usual.price)) AS BIGINT) AS off
          FROM window_lines JOIN usual USING (product_id)
          WHERE quantity > 0 AND net_amount > 0 AND customer_id IS NOT NULL
        ), customers_off AS (
          SELECT customer_id, COUNT(*) AS lines, SUM(off) / COUNT(*) / 1000.0 AS mean,
                 sqrt(greatest(SUM(off * off) / COUNT(*) - (SUM(off) / COUNT(*))
                               * (SUM(off) / COUNT(*)), 0)) / 1000.0 AS spread,
                 CAST(SUM(net_amount) AS BIGINT) AS money
          FROM ratios GROUP BY customer_id HAVING COUNT(*) >= 10
        )
        SELECT customer_id, name, lines, products, exp(mean) AS factor, spread, money
        FROM customers_off JOIN customers USING (customer_id) JOIN (
          SELECT customer_id, COUNT(DISTINCT product_id) AS products
          FROM window_lines JOIN usual USING (product_id)
          WHERE quantity > 0 AND net_amount > 0
            AND customer_id IN (SELECT customer_id FROM customers_off WHERE abs(mean) > ln(2.2))
          GROUP BY customer_id
        ) AS breadth USING (customer_id)
        WHERE products >= 5 AND abs(mean) > ln(2.2) AND spread < 0.35""",
    claim=say_n(
        "{n} customer pays the same multiple of everyone's prices on all products",
        "{n} customers pay the same multiple of everyone's prices on all products",
        0,
    ),
    touches=say(
        "The multiple goes up to {effect}: the amounts may be in another currency, with VAT, or "
        "per other unit. {money} of net revenue would have to be read anew."
    ),
    effect=Scalar("number", "SELECT MAX(greatest(factor, 1 / factor)) FROM failed_other_prices"),
    action=say("Ask in which currency and unit these customers are invoiced."),
    owner=say("finance director"),
)

CHECKS = (
    GAPS, ENDS, STARTS, OVERLAPS, PARTIAL_MONTH, FIELD_SHIFT, UNIT_CHANGE, PRICE_LEVEL, NEW_BUT_OLD,
    UNKNOWN_TENURE, OTHER_CURRENCY, TWO_UNITS, LIST_LESS_DISCOUNT, OTHER_PRICES,
)  # fmt: skip
