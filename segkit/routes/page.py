"""What every section of the route to market reads: its period, its customers, its figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segkit.evidence import Grade
from segkit.exhibits import Chart, Column, Exhibit, Note
from segkit.language import Message, listed, say, term
from segkit.routes.costing import drawn_factors, margins_sql
from segkit.workbook import Figure, Workbook

COSTED = ("cost_to_serve", "pool_capacity", "contribution")
SOURCES = ("order_lines", "resources", "activities", "visits", "events")
SOLD = ("order_lines", "products")
AMOUNTS = ["net_revenue", "gross_margin", "cost_to_serve", "contribution"]


def is_costed(book: Workbook) -> bool:
    """Whether the pools and their activities were given."""
    return book.has(*COSTED)


def missing(book: Workbook, adds: Message) -> None:
    """Say which tables are missing here, and what they would add."""
    gone = [name for name in ("resources", "activities") if not book.has(name)]
    text = say(
        "Not given: {tables}. This section would then show: {adds}.",
        tables=listed(map(term, gone)), adds=adds
    )  # fmt: skip
    book.show(Note(text, "missing"))


def no_costs(book: Workbook, adds: Message) -> None:
    """Say that product costs are missing, and what they would add."""
    text = say("Product costs aren't given. This section would then show: {adds}.", adds=adds)
    book.show(Note(text, "missing"))


def period(book: Workbook) -> str:
    """The months that are costed, or the window, as ``first day/last day``."""
    if not is_costed(book):
        return book.window
    pools = book.table("pool_capacity")
    return f"{pools['period_start'].min():%Y-%m-%d}/{pools['period_end'].max():%Y-%m-%d}"


def days(book: Workbook) -> tuple[date, date]:
    """The first and the last day of `period`."""
    first, last = period(book).split("/")
    return date.fromisoformat(first), date.fromisoformat(last)


def months(book: Workbook) -> float:
    """The length of `period` in months."""
    first, last = days(book)
    return round(((last - first).days + 1) / 365.25 * 12, 2)


def dates(book: Workbook) -> Message:
    """The period in words."""
    first, last = days(book)
    return say("{first} to {last}", first=first, last=last)


def customers(book: Workbook) -> pd.DataFrame:
    """One row per customer (and one without an id): margins, and where costed contribution."""
    if is_costed(book):
        return book.table("contribution")
    sql = margins_sql(book.engagement.minor_units, where="l.period = 'in_window'")
    return book.query(sql, "order_lines", "products")


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The customers that bought: neither visits to prospects nor lines of nobody."""
    return table[table["customer_id"].notna() & (table["lines"] > 0)]


def has_margin(table: pd.DataFrame) -> bool:
    """Whether any line has a cost."""
    return bool((table["lines"] > table["lines_without_cost"]).any())


def money(book: Workbook, id: str, minor: Any, **more: Any) -> Figure:
    """A figure of money over the costed months."""
    return book.figure(id, book.money(minor), book.currency, period=period(book), **more)


def part(book: Workbook, id: str, amount: float, whole: float, **more: Any) -> Figure:
    """A figure that is a share."""
    ratio = round(float(amount) / float(whole), 6) if whole else 0.0
    return book.figure(id, ratio, "share", period=period(book), **more)


def counted(book: Workbook, id: str, count: Any, unit: str = "customers", **more: Any) -> Figure:
    """A figure that counts, over the costed months."""
    return book.figure(id, int(count), unit, period=period(book), **more)


def exhibit(
    book: Workbook,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    columns: Sequence[Column],
    reading: Message,
    *,
    chart: Chart | None = None,
    n: int | None = None,
    grade: Grade = "D",
    sources: tuple[str, ...] = SOURCES,
) -> Exhibit:
    """An exhibit: its title, whether that holds, and the title otherwise."""
    title, holds, otherwise = titles
    return Exhibit(
        id, title, holds, otherwise, subtitle, data, tuple(columns), sources,
        book.engagement.as_of, chart, reading, n=n, grade=grade
    )  # fmt: skip


def amount_columns(book: Workbook) -> tuple[Column, ...]:
    """From net revenue to contribution."""
    said = say("Net revenue"), say("Gross margin"), say("Cost to serve"), say("Contribution")
    pairs = zip(AMOUNTS, said, strict=True)
    return tuple(Column(name, label, book.currency) for name, label in pairs)


def core(book: Workbook) -> dict[str, Figure]:
    """The headline figures of the costed months."""
    table, pools = customers(book), book.table("pool_capacity")
    n = len(named(table))
    work, factors = drawn_factors(book.table("cost_to_serve"), pools, book.engagement)
    drawn = work["cost"].to_numpy() @ factors
    low, high = (int(edge) for edge in np.quantile(drawn, [0.025, 0.975]))
    kept = table.dropna(subset=["contribution"])
    served, left = int(table["cost_to_serve"].sum()), int(kept["contribution"].sum())
    made: dict[str, Figure] = {
        "net_revenue": money(
            book, "routes.net_revenue", table["net_revenue"].sum(), n=n, source=("order_lines",)
        ),
        "pool_cost": money(book, "routes.pool_cost", pools["cost"].sum(), source=("resources",)),
        "cost": money(
            book, "routes.cost_to_serve", served, n=n, grade="D", source=SOURCES,
            low=book.money(low), high=book.money(high),
        ),
        "unused": money(
            book, "routes.unused_capacity", pools["unused"].sum(), grade="D", source=SOURCES
        ),
        "cost_share": part(
            book, "routes.cost_to_serve.share", served, table["net_revenue"].sum(), grade="D", n=n
        ),
    }  # fmt: skip
    if has_margin(table):
        made["gross_margin"] = money(
            book, "routes.gross_margin", kept["gross_margin"].sum(), n=n, source=("order_lines",)
        )
        made["contribution"] = money(
            book, "routes.contribution", left, n=n, grade="D", source=SOURCES,
            low=book.money(left + served - high), high=book.money(left + served - low),
        )  # fmt: skip
    return made
