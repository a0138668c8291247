"""How the audit's tables are headed, and the short forms its pages are written with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Column, Exhibit, Note
from segkit.language import Message, Value, say, term

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_HEADS: dict[str, tuple[Message, str]] = {
    "accepted": (say("Rows accepted"), "rows"),
    "active": (say("Active"), "customers"),
    "active_share": (say("Share active"), "share"),
    "adds": (say("What it adds"), "text"),
    "agreed": (say("Agreed"), "share"),
    "amount": (say("Net revenue"), "money"),
    "back": (say("Back"), "customers"),
    "became": (say("Became"), "text"),
    "between": (say("Between"), "text"),
    "cents": (say("Net revenue"), "exact"),
    "change": (say("Change"), "money"),
    "change_share": (say("Change"), "share"),
    "changes": (say("In a sentence"), "text"),
    "check": (say("What we found"), "text"),
    "cohort": (say("First order from"), "date"),
    "control": (say("Total"), "text"),
    "column": (say("Column"), "text"),
    "cumulative_share": (say("Share of the total"), "share"),
    "currency": (say("Currency"), "text"),
    "customer": (say("Customer"), "text"),
    "customers": (say("Customers"), "customers"),
    "customers_share": (say("Share of customers"), "share"),
    "cutoff": (say("Each more than"), "money"),
    "days": (say("Days to the second order"), "days"),
    "decile": (say("Tenth"), "text"),
    "done": (say("What we did"), "text"),
    "driver": (say("What moved most"), "text"),
    "effect": (say("By how much"), "text"),
    "example": (say("For example"), "text"),
    "explained": (say("Looks like"), "text"),
    "factor": (say("Factor"), "text"),
    "file": (say("File"), "text"),
    "files": (say("Files"), "files"),
    "fingerprint": (say("Fingerprint"), "text"),
    "first": (say("First day"), "date"),
    "frequency": (say("Orders a customer"), "orders"),
    "gap": (say("Gap"), "text"),
    "gap_share": (say("Gap, share"), "share"),
    "group": (say("Group"), "text"),
    "growth": (say("Growth"), "customers"),
    "is_met": (say("Answered"), "text"),
    "is_old": (say("May be older"), "text"),
    "kept": (say("Kept"), "customers"),
    "last": (say("Last day"), "date"),
    "lines": (say("Order lines"), "order lines"),
    "lost": (say("Lost"), "customers"),
    "margin": (say("Margin"), "share"),
    "margin_move": (say("Margin"), "text"),
    "missing": (say("Missing"), "text"),
    "mix": (say("Mix"), "money"),
    "money_last": (say("Last period"), "money"),
    "money_lost": (say("Lost customers"), "money"),
    "money_new": (say("New customers"), "money"),
    "money_this": (say("This period"), "money"),
    "month": (say("Month from"), "date"),
    "months": (say("Months since"), "text"),
    "net_read": (say("Net revenue read"), "exact"),
    "new": (say("New"), "customers"),
    "now": (say("Is in tenth"), "text"),
    "once_share": (say("Ordered once"), "share"),
    "orders": (say("Orders"), "orders"),
    "orders_move": (say("Orders"), "text"),
    "ours": (say("Ours"), "text"),
    "own": (say("In its own currency"), "exact"),
    "part": (say("Percentile"), "text"),
    "period": (say("Period"), "text"),
    "price": (say("Price"), "money"),
    "product": (say("Product"), "text"),
    "profit": (say("Gross margin"), "money"),
    "profit_each": (say("Gross margin a customer"), "money"),
    "profit_last": (say("Gross margin, last"), "money"),
    "profit_move": (say("Gross margin"), "text"),
    "profit_share": (say("Share of gross margin"), "share"),
    "profit_this": (say("Gross margin, this"), "money"),
    "question": (say("Question"), "text"),
    "respondent": (say("Who answered"), "text"),
    "said": (say("Answer"), "text"),
    "recorded": (say("Records show"), "text"),
    "rate_high": (say("Highest rate"), "number"),
    "rate_low": (say("Lowest rate"), "number"),
    "reason": (say("Reason"), "text"),
    "repeat_share": (say("Kept of those before"), "share"),
    "revenue_share": (say("Share of net revenue"), "share"),
    "rows": (say("Rows"), "rows"),
    "rows_read": (say("Rows read"), "rows"),
    "second_share": (say("Ordered again"), "share"),
    "set_aside": (say("Rows set aside"), "rows"),
    "sheet": (say("Sheet"), "text"),
    "since": (say("Customer since"), "text"),
    "spend": (say("Net revenue"), "money"),
    "spend_each": (say("Net revenue a customer"), "money"),
    "spend_last": (say("Net revenue, last"), "money"),
    "spend_move": (say("Net revenue"), "text"),
    "spend_share": (say("Share of net revenue"), "share"),
    "spend_this": (say("Net revenue, this"), "money"),
    "step": (say("Step"), "text"),
    "table": (say("Table"), "text"),
    "theirs": (say("The client's"), "text"),
    "touched": (say("What it touches"), "text"),
    "unassigned": (say("No known customer"), "money"),
    "value": (say("Net revenue an order"), "money"),
    "value_move": (say("Net revenue an order"), "text"),
    "verdict": (say("Verdict"), "text"),
    "volume": (say("Volume"), "money"),
    "was": (say("Was in tenth"), "text"),
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
    *,
    alike: bool = False,
    **more: Any,
) -> Exhibit:
    """An exhibit of the audit: `titles` are the claim, whether it holds, and the other title.

    `columns` names those of `data` that are shown, in order; see `_HEADS`. `alike` writes all
    amounts on one scale, to be compared along a row; `in_workbook` names columns of the sheet only.
    """
    claim, holds, otherwise = titles
    further = more.pop("in_workbook", "").split()
    return Exhibit(
        f"audit.{id}", claim, bool(holds), otherwise, subtitle, data,
        tuple(_column(book, name, alike=alike) for name in columns.split()),
        tuple(more.pop("sources", ("order_lines",))), book.engagement.as_of,
        in_workbook=tuple(_column(book, name, alike=alike) for name in further), **more,
    )  # fmt: skip


def _column(book: Workbook, name: str, *, alike: bool) -> Column:
    label, unit = _HEADS[name]
    if unit == "exact":  # to the minor unit, never in millions
        return Column(name, label, "number", book.engagement.decimals)
    if unit == "money":
        return Column(name, label, book.currency, like=unit if alike else None)
    return Column(name, label, unit)


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


def texts(said: Iterable[Message | str]) -> Any:
    """A column of words."""
    return list(said)


def with_table(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows with the table they are of, as it is spoken of."""
    return rows.assign(table=texts([spoken(name)] * len(rows)))


def spoken(name: str) -> Message:
    """A table or a control as it is spoken of."""
    return term(name)
