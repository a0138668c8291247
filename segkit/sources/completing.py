"""Every customer and product that is listed or was sold has one row."""

from __future__ import annotations

from segkit.engine import quoted
from segkit.store import Given, Sql
from segkit.tables import CONTRACTS, ENGINE_TYPES


def all_customers(given: Given) -> Sql:
    """Customers that are listed or have an accepted line, by id; a name falls back to the id."""
    return _complete(given, "customers", "customer_id")


def all_products(given: Given) -> Sql:
    """Products that are listed or occur in an accepted line, by id, ``unknown`` among them."""
    return _complete(given, "products", "product_id")


def _complete(given: Given, name: str, key: str) -> Sql:
    sold = f"SELECT DISTINCT {key} FROM order_lines WHERE {key} IS NOT NULL"
    listed = f"listed_{name}"
    if not given.has(listed):
        nulls = ", ".join(
            f"CAST(NULL AS {ENGINE_TYPES[column.kind]}) AS {quoted(column.name)}"
            for column in CONTRACTS[name].columns
            if column.name not in (key, "name")
        )
        return Sql(
            f"SELECT {key}, {key} AS name, {nulls}, false AS is_listed FROM ({sold}) ORDER BY 1"
        )
    return Sql(f"""
        SELECT {listed}.* REPLACE (
                 coalesce({listed}.{key}, sold.{key}) AS {key},
                 coalesce(name, {listed}.{key}, sold.{key}) AS name),
               {listed}.{key} IS NOT NULL AS is_listed
        FROM {listed} FULL JOIN ({sold}) AS sold ON sold.{key} = {listed}.{key}
        ORDER BY coalesce({listed}.{key}, sold.{key})
    """)
