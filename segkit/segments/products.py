"""Every product or service in exactly one segment: by the client's criteria, or by worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import Message, client_word, say
from segkit.segments.abc_xyz import abc
from segkit.segments.groups.compiling import Kind, Known, compile_attributes

if TYPE_CHECKING:
    import pandas as pd

    from segkit.engagement import Engagement
    from segkit.store import Given

_RICH = judged(
    "segments.product_margin", 1.0, 0.9, 1.1, "times",
    say("A product earns well from this multiple of the margin of all products on."),
)  # fmt: skip
OTHER = "other"

_SUMS = """
WITH sold AS (
    SELECT l.product_id, l.customer_id, l.order_id, l.net_amount,
        coalesce(l.cost_amount, CAST(round(l.quantity * p.unit_cost * {minor}) AS BIGINT)) AS cost
    FROM order_lines l JOIN products p ON p.product_id = l.product_id
    WHERE l.period = 'in_window'
), sums AS (
    SELECT product_id,
        CAST(sum(net_amount) AS BIGINT) AS net_revenue,
        CAST(sum(CASE WHEN cost IS NOT NULL THEN net_amount END) AS BIGINT) AS costed,
        CAST(sum(cost) AS BIGINT) AS cost,
        CAST(count(DISTINCT customer_id) AS BIGINT) AS customers,
        CAST(count(DISTINCT order_id) AS BIGINT) AS orders
    FROM sold GROUP BY product_id
)
SELECT p.product_id, {attributes}
    coalesce(s.net_revenue, 0) AS net_revenue, s.costed, s.cost,
    coalesce(s.customers, 0) AS customers, coalesce(s.orders, 0) AS orders
FROM products p LEFT JOIN sums s ON s.product_id = p.product_id
ORDER BY p.product_id
"""
#: What a rule over products may name beside the columns of ``products`` itself.
_MADE: dict[str, Kind] = {
    "net_revenue": "money",
    "gross_margin": "money",
    "margin_rate": "real",
    "customers": "whole",
    "orders": "whole",
    "abc": "text",
}
_WORTH = {
    "A": say("large sales"),
    "B": say("middling sales"),
    "C": say("small sales"),
}
_EARNS = {
    "rich": say("earning well"),
    "thin": say("earning little"),
    "unknown": say("cost unknown"),
}
_MAKE = {"standard": say("Standard"), "custom": say("Made to order"), "service": say("Services")}


def product_segments(given: Given) -> pd.DataFrame:
    """The recipe of ``product_segments``: one row per product, sold in the window or not.

    Returns
    -------
    DataFrame
        product_id, segment_id, name (message), net_revenue, gross_margin, margin_rate, customers,
        orders, abc, make; sorted by ``product_id``. Every product is in exactly one segment: the
        first of the client's rules that holds, else ``other``; without rules, ABC × margin ×
        standard or made to order.
    """
    products = _measured(given)
    rules = given.engagement.product_segment_rules
    made = _by_rules(products, given) if rules else _by_default(products)
    kept = ["product_id", "segment_id", "name", "net_revenue", "gross_margin", "margin_rate",
            "customers", "orders", "abc", "make"]  # fmt: skip
    return made[kept]


def _measured(given: Given) -> pd.DataFrame:
    """Each product with its attributes, sums in the window, ABC and how it is made."""
    import numpy as np

    columns = [name for name in map(str, given.table("products")) if name != "product_id"]
    quoted = "".join(f'p."{name}", ' for name in columns if name not in _MADE)
    sql = _SUMS.replace("{minor}", str(given.engagement.minor_units))
    found = given.query(sql.replace("{attributes}", quoted))
    known = found["costed"].notna() & found["cost"].notna()
    found["gross_margin"] = (found["costed"] - found["cost"]).astype("Int64")
    above = found["costed"].where(known & (found["costed"] > 0)).astype("float64")
    found["margin_rate"] = found["gross_margin"].astype("float64") / above
    found["abc"] = abc(found["net_revenue"])
    is_custom = found.get("is_custom", False)
    is_service = found.get("kind", "") == "service"
    custom = np.asarray(is_custom == True, bool)  # noqa: E712 — three-valued in the table
    found["make"] = np.where(is_service, "service", np.where(custom, "custom", "standard"))
    return found


def _by_default(products: pd.DataFrame) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    own = products["margin_rate"].notna()
    sums = products.loc[own, ["gross_margin", "costed"]].astype("float64").sum()
    usual = float(sums["gross_margin"] / sums["costed"]) if sums["costed"] > 0 else 0.0
    earns = np.where(~own, "unknown", np.where(products["margin_rate"] >= _RICH * usual,
                                               "rich", "thin"))  # fmt: skip
    keys = list(zip(products["abc"], earns, products["make"], strict=True))
    return products.assign(
        segment_id=["_".join((make, letter.lower(), earn)) for letter, earn, make in keys],
        name=pd.Series([_default_name(*key) for key in keys], products.index, "object"),
    )


def _default_name(letter: str, earns: str, make: str) -> Message:
    return say("{make}: {worth}, {earns}", make=_MAKE[make], worth=_WORTH[letter],
               earns=_EARNS[earns])  # fmt: skip


def _by_rules(products: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The first rule that holds, evaluated by the engine over one row per product."""
    from segkit.engine import Engine, literal
    from segkit.store import as_frame

    agreed = given.engagement
    columns = {name: Known(f'"{name}"', kind) for name, kind in _kinds(products).items()}
    cases = " ".join(
        f"WHEN {compile_attributes(rule.where, columns, agreed.minor_units)}"
        f" THEN {literal(rule.id)}"
        for rule in agreed.product_segment_rules
    )
    with Engine() as engine:
        engine.keep("measured", products)
        found = as_frame(engine.query(
            f"SELECT product_id, CASE {cases} ELSE '{OTHER}' END AS segment_id "
            "FROM measured ORDER BY product_id"
        ))  # fmt: skip
    names = _rule_names(agreed)
    ids = products["product_id"].map(found.set_index("product_id")["segment_id"])
    return products.assign(segment_id=ids, name=ids.map(names))


def _rule_names(agreed: Engagement) -> dict[str, Message]:
    names = {one.id: client_word(one.name, agreed.own_words)
             for one in agreed.product_segment_rules}  # fmt: skip
    return {**names, OTHER: say("All other products")}


def _kinds(products: pd.DataFrame) -> dict[str, Kind]:
    """Which columns a rule may name, and of which kind."""
    from segkit.tables import CONTRACTS

    kinds: dict[str, Kind] = {
        "text": "text", "price": "price", "boolean": "truth", "number": "real",
        "integer": "whole", "date": "date", "amount": "money",
    }  # fmt: skip
    contract = CONTRACTS["products"]
    own = {
        name: kinds[column.kind if (column := contract.column(name)) else "text"]
        for name in map(str, products)
        if name not in (*_MADE, "make", "costed", "cost")
    }
    return {**own, **_MADE, "make": "text"}
