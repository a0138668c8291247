"""How the audit's tables are headed, and the short forms its pages are written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.exhibits import Column, Exhibit, Note
from segkit.language import Message, Value, say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_HEADS: dict[str, tuple[Message, str]] = {
    "accepted": (say("Accepted"), "rows"),
    "adds": (say("What it adds"), "text"),
    "amount": (say("Net revenue"), "money"),
    "changes": (say("What it changes"), "text"),
    "check": (say("What we found"), "text"),
    "column": (say("Column"), "text"),
    "customers": (say("Customers"), "customers"),
    "customers_share": (say("Share of customers"), "share"),
    "done": (say("What we did"), "text"),
    "example": (say("For example"), "text"),
    "files": (say("Files"), "files"),
    "first": (say("First day"), "date"),
    "is_met": (say("Answered"), "text"),
    "last": (say("Last day"), "date"),
    "lines": (say("Order lines"), "order lines"),
    "missing": (say("Missing"), "text"),
    "month": (say("Month from"), "date"),
    "question": (say("Question"), "text"),
    "reason": (say("Reason"), "text"),
    "revenue_share": (say("Share of net revenue"), "share"),
    "rows": (say("Rows"), "rows"),
    "rows_read": (say("Rows read"), "rows"),
    "set_aside": (say("Set aside"), "rows"),
    "sheet": (say("Sheet"), "text"),
    "step": (say("Step"), "text"),
    "table": (say("Table"), "text"),
    "weight": (say("Weight"), "text"),
    "what": (say("What we met"), "text"),
}


def exhibit(
    book: Workbook,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    columns: str,
    **more: Any,
) -> Exhibit:
    """An exhibit of the audit: `titles` are the claim, whether it holds, and the other title.

    `columns` names those of `data` that are shown, in order; see `_HEADS`.
    """
    claim, holds, otherwise = titles
    heads = [(name, *_HEADS[name]) for name in columns.split()]
    return Exhibit(
        f"audit.{id}", claim, bool(holds), otherwise, subtitle, data,
        tuple(
            Column(name, label, book.currency if unit == "money" else unit)
            for name, label, unit in heads
        ),
        tuple(more.pop("sources", ("order_lines",))), book.engagement.as_of, **more,
    )  # fmt: skip


def count(book: Workbook, id: str, value: Any, unit: str = "customers", **more: Any) -> Figure:
    """A counted figure, of the order lines unless `source` says otherwise."""
    return book.figure(f"audit.{id}", int(value), unit, **{"source": ["order_lines"], **more})


def money(book: Workbook, id: str, minor: Any, **more: Any) -> Figure:
    """An amount of net revenue, from minor units."""
    more = {"source": ["order_lines"], **more}
    return book.figure(f"audit.net_revenue.{id}", book.money(minor), book.currency, **more)


def part(book: Workbook, id: str, numerator: Any, denominator: Any, **more: Any) -> Figure:
    """A share of sums; nothing of nothing is nothing."""
    value = float(numerator / denominator) if denominator else 0.0
    return book.figure(f"audit.{id}", value, "share", **{"source": ["order_lines"], **more})


def size(figure: Figure) -> Value:
    """A figure without its sign, where the sentence says the direction."""
    return Value(abs(figure.value), figure.unit, figure.id)


def note(book: Workbook, text: Message, kind: Any = "note") -> None:
    """A sentence on the page."""
    book.show(Note(text, kind))


def spoken(name: str) -> str:
    """A table or a control as it is spoken of."""
    return name.replace("_", " ")
