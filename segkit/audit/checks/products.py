"""Checks of products: unknown ones, prices, costs and quantities unlike the others, and losses."""

from __future__ import annotations

from decimal import Decimal

from segkit.audit.checks.framework import Check, Scalar
from segkit.audit.checks.lines import LINE
from segkit.language import say, say_n

UNKNOWN_PRODUCT = Check(
    id="unknown_product",
    asks=say("Order lines without a product"),
    touched=say("product categories"),
    failing=f"SELECT {LINE}, net_amount AS money FROM window_lines WHERE product_id = 'unknown'",
    claim=say("{money}, or {share} of net revenue, names no product"),
    touches=say(
        "Lines without one: {n}. They count in revenue, and {effect} is missing from what is said "
        "of product categories."
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_unknown_product"),
    action=say("Find which sales carry no product number, and record it at the order."),
    owner=say("IT"),
    changes=Decimal("0.01"),
)

UNLISTED_PRODUCT = Check(
    id="unlisted_product",
    asks=say("Products that are sold but not in the list of products"),
    touched=say("product categories"),
    failing="""
        SELECT product_id, COUNT(*) AS lines, CAST(SUM(net_amount) AS BIGINT) AS money
        FROM window_lines JOIN products USING (product_id)
        WHERE NOT is_listed AND product_id <> 'unknown' GROUP BY product_id""",
    needs=("listed_products",),
    claim=say_n(
        "{n} product that brings in {money} is not in the list of products",
        "{n} products that bring in {money} are not in the list of products",
        0,
    ),
    touches=say(
        "They have no category: what is said of categories and of breadth leaves out {effect}."
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_unlisted_product"),
    action=say("Add the products to the list, or say which listed ones they are."),
    owner=say("IT"),
)

#: Lines that sold something, with what one unit brought in and cost, in minor units.
_SOLD = f"""
    SELECT {", ".join(f"lines.{name}" for name in LINE.split(", "))}, COALESCE(unit, '') AS unit,
           net_amount / quantity AS price, is_listed,
           COALESCE(cost_amount / quantity, CAST(unit_cost AS DOUBLE) * {{minor_units}}) AS cost
    FROM window_lines AS lines LEFT JOIN products USING (product_id)
    WHERE quantity > 0 AND net_amount > 0"""
_SOLD_WITH_COST = f"SELECT * FROM ({_SOLD}) AS sold WHERE cost > 0"
_ABOUT_COST = f"""
    SELECT COUNT(*) AS of_rows, SUM(net_amount) AS of_money
    FROM ({_SOLD_WITH_COST}) AS costed"""
_NO_COST = say("a cost for each order line or product")

#: How many lines of a product are needed before one of them can be called unlike the others.
_ENOUGH = 20
#: Median and median absolute deviation of price, cost and quantity per product, in hundredths of a
#: natural logarithm: whole numbers, and twice the price is as far away as half of it.
_SPREADS = f"""
    WITH logs AS (
      SELECT product_id, unit, CAST(round(100 * ln(price)) AS SMALLINT) AS price,
             CASE WHEN cost > 0 THEN CAST(round(100 * ln(cost)) AS SMALLINT) END AS cost,
             CAST(round(100 * ln(quantity)) AS SMALLINT) AS quantity
      FROM ({_SOLD}) AS sold
    ), middles AS (
      SELECT product_id, unit, quantile_disc(price, 0.5) AS mid_price,
             quantile_disc(cost, 0.5) AS mid_cost, quantile_disc(quantity, 0.5) AS mid_quantity
      FROM logs GROUP BY product_id, unit HAVING COUNT(*) >= {_ENOUGH}
    )
    SELECT product_id, unit, {
    ", ".join(
        f'''ANY_VALUE(mid_{one}) / 100.0 AS mid_{one},
           quantile_disc(abs({one} - mid_{one}), 0.5) * 0.014826 AS wide_{one}'''
        for one in ("price", "cost", "quantity")
    )
}
    FROM logs JOIN middles USING (product_id, unit) GROUP BY product_id, unit"""

#: More than so many times, and so many robust deviations, off the usual is far.
_FAR = {"price": (3, 6), "cost": (2, 6), "quantity": (20, 8)}


def _is_far(measure: str) -> str:
    times, widths = _FAR[measure]
    return f"""COALESCE(abs(ln({measure}) - mid_{measure})
                 > greatest(ln({times}), {widths} * wide_{measure}), false)"""


#: Lines with a price, cost or quantity far from the usual one of their product: one pass for all.
FAR = {
    "spreads": _SPREADS,
    "far_lines": f"""
        SELECT *, {", ".join(f"{_is_far(one)} AS far_{one}" for one in _FAR)}
        FROM ({_SOLD}) AS sold JOIN spreads USING (product_id, unit)
        WHERE product_id <> 'unknown' AND ({" OR ".join(_is_far(one) for one in _FAR)})""",
    # near a whole power of ten it looks like a wrong mark
    "far_prices": """
        SELECT *, exp(mid_price) AS usual, CASE
                 WHEN abs(off) > ln(5) AND abs(off / ln(10) - round(off / ln(10)))
                   <= greatest(0.05, least(0.15, 2 * wide_price / ln(10)))
                 THEN CAST(pow(10.0, round(off / ln(10))) AS DOUBLE) END AS factor
        FROM (SELECT *, ln(price) - mid_price AS off FROM far_lines WHERE far_price) AS far""",
}

WRONG_MARK = Check(
    id="wrong_mark",
    asks=say("Prices 10, 100 or 1,000 times the usual price of the product, or a part of it"),
    touched=say("net revenue"),
    failing=f"""
        SELECT {LINE}, price / {{minor_units}} AS price, usual / {{minor_units}} AS usual_price,
               factor, abs(net_amount - CAST(round(net_amount / factor) AS BIGINT)) AS money
        FROM far_prices WHERE factor IS NOT NULL""",
    first=FAR,
    claim=say_n(
        "{n} price looks like a wrong decimal mark or a price per 100",
        "{n} prices look like a wrong decimal mark or a price per 100",
        0,
    ),
    touches=say(
        "They lie at 10, 100 or 1,000 times the product's usual price, or at that part of it. "
        "At the usual one, net revenue in the window would move by {effect}."
    ),
    effect=Scalar(
        "money",
        "SELECT SUM(CAST(round(net_amount / factor) AS BIGINT) - net_amount) "
        "FROM far_prices WHERE factor IS NOT NULL",
    ),
    action=say("Compare these lines with their invoices, and correct the decimal mark."),
    owner=say("finance director"),
    changes=Decimal("0.0001"),
    stops=Decimal("0.2"),
)

FAR_PRICE = Check(
    id="far_price",
    asks=say("Prices far from the usual price of the product"),
    touched=say("discounts and margins"),
    failing=f"""
        SELECT {LINE}, price / {{minor_units}} AS price, usual / {{minor_units}} AS usual_price,
               net_amount AS money
        FROM far_prices WHERE factor IS NULL""",
    first=FAR,
    claim=say_n(
        "{n} order line is priced far from what its product usually costs",
        "{n} order lines are priced far from what their product usually costs",
        0,
    ),
    touches=say(
        "They bring in {money}. At the usual price it would have been {effect}: what is said of "
        "discounts and margins rests on them."
    ),
    effect=Scalar(
        "money",
        "SELECT SUM(CAST(round(quantity * usual) AS BIGINT)) FROM far_prices WHERE factor IS NULL",
    ),
    action=say("Say which of these prices were agreed, and correct the others."),
    owner=say("sales director"),
    changes=Decimal("0.005"),
)

FAR_COST = Check(
    id="far_cost",
    asks=say("Costs far from the usual cost of the product"),
    touched=say("gross margin"),
    failing=f"""
        SELECT {LINE}, cost / {{minor_units}} AS unit_cost,
               exp(mid_cost) / {{minor_units}} AS usual_cost,
               abs(CAST(round(quantity * (cost - exp(mid_cost))) AS BIGINT)) AS money
        FROM far_lines WHERE far_cost""",
    first=FAR,
    about=_ABOUT_COST,
    lacks=_NO_COST,
    claim=say_n(
        "{n} order line costs far more or less than its product usually does",
        "{n} order lines cost far more or less than their product usually does",
        0,
    ),
    touches=say("At the usual cost, gross margin in the window would move by {effect}."),
    effect=Scalar(
        "money",
        "SELECT SUM(CAST(round(quantity * (cost - exp(mid_cost))) AS BIGINT)) "
        "FROM far_lines WHERE far_cost",
    ),
    action=say("Correct the costs that were booked wrongly."),
    owner=say("finance director"),
)

FAR_QUANTITY = Check(
    id="far_quantity",
    asks=say("Quantities far above the usual quantity of the product"),
    touched=say("units sold"),
    failing=f"""
        SELECT {LINE}, exp(mid_quantity) AS usual_quantity, net_amount AS money
        FROM far_lines WHERE far_quantity AND ln(quantity) > mid_quantity""",
    first=FAR,
    claim=say_n(
        "{n} order line has a quantity far above what is usual for its product",
        "{n} order lines have a quantity far above what is usual for their product",
        0,
    ),
    touches=say(
        "They bring in {money} and hold {effect} of all units sold in the window. One line of this "
        "kind moves averages per order and per product."
    ),
    effect=Scalar(
        "share",
        """SELECT (SELECT SUM(quantity) FROM failed_far_quantity)
             / (SELECT SUM(quantity) FROM window_lines WHERE quantity > 0)""",
    ),
    action=say("Confirm the largest of these quantities with the warehouse."),
    owner=say("sales director"),
    changes=Decimal("0.01"),
)

BELOW_COST = Check(
    id="below_cost",
    asks=say("Order lines sold below their cost"),
    touched=say("gross margin, as a share of net revenue"),
    failing=f"""
        SELECT {LINE}, cost / {{minor_units}} AS unit_cost, price / {{minor_units}} AS price,
               CAST(round(quantity * cost) AS BIGINT) - net_amount AS money
        FROM ({_SOLD_WITH_COST}) AS costed
        WHERE CAST(round(quantity * cost) AS BIGINT) > net_amount""",
    about=_ABOUT_COST,
    lacks=_NO_COST,
    claim=say_n(
        "{n} order line was sold below cost and lost {money}",
        "{n} order lines were sold below cost and lost {money}",
        0,
    ),
    touches=say(
        "They brought in {sold}. At cost, the gross margin of the window would be {effect} of net "
        "revenue higher."
    ),
    effect=Scalar(
        "share",
        f"""SELECT (SELECT SUM(money) FROM failed_below_cost) * 1.0
              / (SELECT SUM(net_amount) FROM ({_SOLD_WITH_COST}) AS costed)""",
    ),
    more={"sold": Scalar("money", "SELECT SUM(net_amount) FROM failed_below_cost")},
    action=say("Set a lowest price for these products, and say who may go below it."),
    owner=say("sales director"),
)

CHECKS = (
    UNKNOWN_PRODUCT, UNLISTED_PRODUCT, WRONG_MARK, FAR_PRICE, FAR_COST, FAR_QUANTITY, BELOW_COST,
)  # fmt: skip
