"""What was set aside, repaired or converted before a row could be counted, and with what effect."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.audit.page import count, exhibit, money, note, part, spoken, with_table
from segkit.audit.reconcile import SOURCES, given_period
from segkit.exhibits import Finding
from segkit.language import Message, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

_REASONS = {
    "repeated_key": say("the same key as another row"),
    "unreadable_date": say("a date that cannot be read"),
    "unreadable_amount": say("an amount that cannot be read"),
    "unreadable_number": say("a number that cannot be read"),
    "unreadable_quantity": say("a quantity that cannot be read"),
    "unreadable_row": say("other fields than the header has"),
    "totals_row": say("a row of totals"),
    "repeated_header": say("the header once more"),
    "no_rate": say("a currency without a rate for its day"),
    "two_currencies": say("an amount in another currency than its row"),
}
#: What each rule did to a value, and whether it left one.
RULES = {
    "stray_bytes": say("invisible characters taken out"),
    "spaces": say("no-break and thin spaces made plain"),
    "minus_sign": say("a printed minus sign read as minus"),
    "currency": say("the currency's own sign or word taken off"),
    "dash_for_cents": say("a dash in place of cents taken off"),
    "brackets": say("brackets read as minus"),
    "minus_behind": say("a minus behind the number put in front"),
    "minus_apart": say("a minus joined to its number"),
    "percent": say("a percentage read as a share"),
    "thousands": say("marks between thousands taken out"),
    "time_of_day": say("the time of day left out"),
    "other_date": say("a date in another shape than its column's"),
    "two_digit_year": say("a year of two digits written in full"),
    "excel_serial": say("a spreadsheet's number of a day read as a date"),
    "no_text": say("a column of bytes that are no text left out"),
    "unnamed_column": say("an empty column without a name left out"),
}
#: What is not as it should be in a row that counts all the same.
FLAWS = {
    "is_empty": say("empty, though it should be given"),
    "cannot_be_read": say("not to be read, so left empty"),
    "other_currency": say("in another currency than its row, so left empty"),
    "below_zero": say("below zero, where nothing can be"),
    "other_word": say("none of the words agreed"),
}


def set_aside(book: Workbook) -> None:
    """The rows that were set aside: why, their money, and an example."""
    import pandas as pd

    names = [
        name for name in _tables(book) if book.table(f"{name}_counts")["rows_quarantined"].any()
    ]
    if not names:
        note(book, say("Nothing was set aside: every row that was read could be counted."))
        return
    if "order_lines" in names:
        book.show(_lost(book))
    data = pd.concat([_reasons(book, name) for name in names], ignore_index=True)
    data = data.sort_values("rows", ascending=False, kind="stable")
    most = data.iloc[0]
    titles = (
        say("One reason explains most rows set aside: {reason}", reason=most["reason"]),
        bool(2 * most["rows"] > data["rows"].sum()),
        say("No single reason explains most of the rows set aside"),
    )
    book.show(
        exhibit(
            book, "set_aside", titles, say("Rows that cannot be counted, by reason, all periods"),
            data, "table reason rows amount example",
            sources=names,
            reading=say("Each row is kept as it was sent. Amounts are those that can be read."),
            n=int(data["rows"].sum()),
        )
    )  # fmt: skip


def _reasons(book: Workbook, name: str) -> pd.DataFrame:
    """Rows by what is wrong; what was written there is the example, not a reason of its own."""
    amount = "SUM(net_amount_minor)" if name == "order_lines" else "NULL"
    found = book.query(
        f"SELECT reason_kind, COUNT(*) AS rows, CAST({amount} AS BIGINT) AS amount, "
        "MIN(concat_ws(' · ', nullif(split_part(reason, ': ', 2), ''), "
        "regexp_replace(file, '.*/', '') || ':' || CAST(row AS VARCHAR))) AS example "
        f"FROM {name}_quarantine GROUP BY 1 ORDER BY rows DESC, 1",
        f"{name}_quarantine",
    )
    return with_table(found, name).assign(
        amount=book.money(found["amount"]), reason=found["reason_kind"].map(_reason)
    )


def _reason(kind: str) -> Message:
    empty = say("empty: {column}", column=spoken(kind.removeprefix("empty_")))
    return _REASONS.get(kind, empty)


def _lost(book: Workbook) -> Finding:
    """Lines set aside that are counted nowhere: a repeat of a counted line loses nothing."""
    lost = book.query(
        "SELECT COUNT(*) AS rows, COUNT(*) - COUNT(net_amount_minor) AS unreadable, "
        "CAST(COALESCE(SUM(net_amount_minor), 0) AS BIGINT) AS amount "
        "FROM order_lines_quarantine "
        "WHERE reason_kind NOT IN ('repeated_key', 'totals_row', 'repeated_header')",
        "order_lines_quarantine",
    ).iloc[0]  # fmt: skip
    told = {"period": given_period(book), "source": SOURCES}
    lines = count(book, "order_lines.lost", lost["rows"], "order lines", **told)
    blind = count(book, "order_lines.unreadable", lost["unreadable"], "order lines", **told)
    amount = money(book, "lost", lost["amount"], n=lines.value, **told)
    said: dict[str, Any] = {"lines": lines, "blind": blind, "amount": amount}
    return Finding(
        "audit.set_aside",
        say_n(
            "{n} order line, {amount} where readable, is missing from every total",
            "{n} order lines, {amount} where readable, are missing from every total",
            lines, **said,
        ),
        lines.value > 0,
        say(
            "On {blind} of them the amount itself cannot be read. Until they are sent again, their "
            "customers look smaller than they are.",
            **said,
        ),
        say("No order line is missing: those set aside repeat one that is counted"),
        say("Nothing has to be sent again."),
        money=amount.id,
        action=say("Correct the order lines that were set aside and send them again."),
        owner=say("finance director"),
    )  # fmt: skip


def repairs(book: Workbook) -> None:
    """What was repaired in the values, and what is left empty, each with a count and an example."""
    import pandas as pd

    names = _tables(book)
    found = [with_table(book.table(f"{name}_repairs"), name) for name in names]
    data = pd.concat(found, ignore_index=True)
    data["column"] = data["column"].map(spoken)
    _repaired(book, data[data["rule"].isin([*RULES])], names)
    _flawed(book, data[data["rule"].isin([*FLAWS])], names)


def _repaired(book: Workbook, data: pd.DataFrame, names: list[str]) -> None:
    if not len(data):
        note(book, say("No value had to be repaired before it could be read."))
        return
    data = data.assign(done=data["rule"].map(RULES)).sort_values(
        "rows", ascending=False, kind="stable"
    )
    total = count(book, "values_repaired", data["rows"].sum(), "values", source=names)
    title = say_n(
        "{n} value was repaired before it could be read",
        "{n} repairs were made before values could be read",
        total,
    )
    book.show(
        exhibit(
            book, "repairs", (title, total.value > 0, title),
            say("Repairs in rows that count, by table, column and rule, all periods"),
            data, "table column done rows example became",
            sources=names,
            reading=say("A rule repairs only what can be read in one way. What can be read in two "
                        "ways is asked of its whole column, or set aside."),
            n=int(total.value), rows_shown=40,
        )
    )  # fmt: skip


def _flawed(book: Workbook, data: pd.DataFrame, names: list[str]) -> None:
    if not len(data):
        note(book, say("Every value of the accepted rows could be read."))
        return
    data = data.assign(reason=data["rule"].map(FLAWS))
    total = count(book, "values_left_empty", data["rows"].sum(), "values", source=names)
    title = say_n("{n} value is missing or not as agreed, in rows that count",
                  "{n} values are missing or not as agreed, in rows that count", total)  # fmt: skip
    book.show(
        exhibit(
            book, "left_empty", (title, total.value > 0, title),
            say("Values of accepted rows that cannot be used, by table and column, all periods"),
            data, "table column reason rows example",
            sources=names,
            reading=say("The rows count; only these values are missing from what is said of them."),
            rows_shown=40,
        )
    )  # fmt: skip


def currencies(book: Workbook) -> None:
    """Order lines by currency: their own money, the rates, and the money they became."""
    data = book.table("currency_totals")
    home = book.currency
    if set(data["currency"]) <= {home}:
        return
    foreign = data[data["is_converted"] & (data["currency"] != home)]
    told: dict[str, Any] = {"period": given_period(book), "source": SOURCES[:1]}
    net = foreign["net_revenue"].sum()
    made = money(book, "converted", net, n=foreign["lines"].sum(), **told)
    share = part(book, "net_revenue.converted_share", net, data["net_revenue"].sum(), **told)
    titles = (
        say("{share} of net revenue, {money}, was converted from other currencies",
            share=share, money=made),
        made.value != 0,
        say("No line in another currency could be converted"),
    )  # fmt: skip
    shown = data.assign(
        own=[float(one) for one in data["amount"]],
        amount=book.money(data["net_revenue"]),
        rate_low=data["rate_low"].map(_number),
        rate_high=data["rate_high"].map(_number),
    )
    book.show(
        exhibit(
            book, "currencies", titles,
            say("Order lines by the currency of their amounts, all periods"),
            shown, "currency lines own rate_low rate_high amount",
            sources=("order_lines", "currency_totals"),
            reading=say("Each line is converted by the latest rate given on or before its day, and "
                        "rounded once. A line without such a rate is set aside, not counted."),
            n=int(data["lines"].sum()), rows_shown=40,
        )
    )  # fmt: skip


def _number(rate: Decimal | None) -> float | None:
    return None if rate is None else float(rate)


def _tables(book: Workbook) -> list[str]:
    return [name for name in CONTRACTS if name in book.engagement.sources]
