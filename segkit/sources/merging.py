"""One customer where two entries were confirmed to be one: nothing is merged without that."""

from __future__ import annotations

from segkit.engagement import Engagement
from segkit.engine import Engine, literal
from segkit.errors import SourceError, first_few
from segkit.tables import Table

#: The customer of an order line as the files have it, where it was merged into another.
MERGED_FROM = "merged_from"


def merged(engagement: Engagement, table: Table, rows: str) -> str:
    """SQL of the `rows` of a table under the customers that are kept.

    An entry that was merged leaves the list of customers; its rows in the other tables stay, under
    the customer that is kept, and an order line remembers where it came from.
    """
    into = engagement.merged_into
    named = [name for name in ("customer_id", "parent_id") if table.column(name)]
    if not into or not named:
        return rows
    pairs = ", ".join(f"({literal(one)}, {literal(keep)})" for one, keep in sorted(into.items()))
    joins = "".join(
        f" LEFT JOIN (VALUES {pairs}) AS of_{name}(entry, kept) ON of_{name}.entry = given.{name}"
        for name in named
    )
    kept = ", ".join(f"COALESCE(of_{name}.kept, given.{name}) AS {name}" for name in named)
    came = f", of_customer_id.entry AS {MERGED_FROM}" if table.name == "order_lines" else ""
    gone = " WHERE of_customer_id.entry IS NULL" if table.name == "customers" else ""
    return f"SELECT given.* REPLACE ({kept}){came} FROM ({rows}) AS given{joins}{gone}"


def check_known(engine: Engine, engagement: Engagement, table: Table, rows: str) -> None:
    """Refuse a merge into customers that are not in the list; what is merged may be unlisted."""
    into = engagement.merged_into
    if not into or table.name != "customers":
        return
    found = engine.connection.execute(f"SELECT customer_id FROM ({rows}) AS given").fetchall()
    unknown = sorted({*into.values()} - {id for (id,) in found})
    if unknown:
        raise SourceError(
            f"The merge map keeps customers that are not in the list: {first_few(unknown)}.\n"
            "Fix: correct the numbers; a spreadsheet drops the zeros that a number begins with."
        )
