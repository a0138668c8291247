"""The words that rules of one engagement may use: the columns of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.engine import quoted
from segkit.language import Message
from segkit.measures import measure
from segkit.segments.features import feature
from segkit.segments.groups.compiling import Kind, Known, Words
from segkit.segments.groups.registry import DAYS, SHORT, Source
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segkit.store import Given

_KINDS: dict[str, Kind] = {
    "VARCHAR": "text", "DATE": "date", "BOOLEAN": "truth", "BIGINT": "whole", "INTEGER": "whole",
    "DECIMAL(18,6)": "price",
}  # fmt: skip
#: Columns that are ours, or that say nothing of a customer or a line.
_NEVER = {"is_listed", "period", "customer_id", "order_id", "line_no", "visit_id", "invoice_id"}


def words(given: Given) -> Words:
    """What rules may speak of here: attributes, behaviour, and the columns of lines and visits."""
    agreed = given.engagement
    behaviour = columns(given, "behaviour", "b")
    filters: dict[Source, dict[str, Known]] = {}
    for source in DAYS:
        if given.has(source):
            own = {
                name: one for name, one in columns(given, source, "l").items() if name not in _NEVER
            }
            short = {word: own[name] for word, name in SHORT.items() if name in own}
            filters[source] = {**own, **short}
    products = columns(given, "products", "p")
    filters["order_lines"].update(
        {f"product_{name}": one for name, one in products.items() if name != "product_id"}
    )
    attributes = {**behaviour, **columns(given, "customers", "c")}
    return Words(
        {name: one for name, one in attributes.items() if name != "is_listed"},
        filters, agreed.as_of, agreed.window_months, agreed.minor_units,
    )  # fmt: skip


def columns(given: Given, table: str, alias: str) -> Mapping[str, Known]:
    """The columns of one table as rules know them, by the table's own kinds and units."""
    described = given.query(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(table)})")
    contract = CONTRACTS.get(table)
    made = {}
    for name, engine_type in zip(described["column_name"], described["column_type"], strict=True):
        declared = contract.column(name) if contract else None
        kind = _KINDS.get(engine_type, "real")
        is_money = (
            declared.kind == "amount"
            if declared
            else table == "behaviour" and meaning(name)[1] == "money"
        )
        made[name] = Known(f"{alias}.{quoted(name)}", "money" if is_money else kind)
    return made


def meaning(column: str) -> tuple[Message, str]:
    """What a column of ``behaviour`` is called, and its unit."""
    known = measure(column)
    if known is None or known.column.endswith("*"):  # a share, called as the client calls it
        told = feature(column)
        return told.label, told.unit
    return known.label, known.unit
