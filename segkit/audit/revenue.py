"""What notebook 1 says of the revenue: over customers, over months, and against the year before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.audit import base
from segkit.audit.page import count, exhibit, money, note, part
from segkit.evidence import judged
from segkit.exhibits import Chart, Finding
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

#: Customers that are few enough to be led by name.
FEW = 10
MUCH_LOST = judged(
    "audit.much_lost", 0.02, 0.01, 0.05, "share",
    say("Customers who stopped are worth a finding from this part of revenue on."),
)  # fmt: skip


def concentration(book: Workbook) -> None:
    """How few customers bring in how much."""
    revenue = base.by_size(book.table("customer_totals"))["net_revenue"]
    n, total = len(revenue), int(revenue.sum())
    if total <= 0:
        note(book, say("Customers bring in no net revenue in the window."), "warning")
        return
    few = min(FEW, n)
    half = count(book, "customers.half", base.customers_for_half(revenue), n=n)
    top = money(book, "largest", revenue.iloc[:few].sum(), n=few)
    said: dict[str, Any] = {
        "half": half, "all": count(book, "customers.active", n), "few": few, "money": top,
        "share": part(book, "net_revenue.largest_share", int(revenue.iloc[:few].sum()), total, n=n),
        "times": _in_middle_ones(book, revenue, few),
    }  # fmt: skip
    finding = Finding(
        "audit.concentration",
        say_n(
            "{n} of {all} customers brings in half of the net revenue",
            "{n} of {all} customers bring in half of the net revenue",
            half,
            **said,
        ),
        half.value <= 0.2 * n,
        say(
            "The {few} largest alone bring in {money}, or {share}: one of them, on average, as "
            "much as {times} customers of middle size.",
            **said,
        ),
        say("Net revenue is spread: half of it takes {half} of {all} customers", **said),
        say("What is done has to reach many customers to count."),
        money=top.id,
        action=say("Give each of the {few} largest customers an owner and a yearly plan.", few=few),
        owner=say("sales director"),
    )
    book.show(finding)


def _in_middle_ones(book: Workbook, revenue: pd.Series[int], few: int) -> Value:
    """How many customers of the middle bring in what one of the largest does, on average."""
    middle = float(revenue.median())
    times = revenue.iloc[:few].mean() / middle if middle > 0 else float("nan")
    figure = book.figure("audit.customers.largest_in_middle_ones", times, "customers",
                         n=len(revenue), source=["order_lines"])  # fmt: skip
    return Value(figure.value, "customers", figure.id, digits=0)


def over_time(book: Workbook) -> None:
    """Net revenue by whole month."""
    months, first = book.table("month_totals"), _first(book)
    whole = base.whole_months(months, first, book.engagement.as_of)
    if len(whole) < 3:
        note(book, say("Fewer than three whole months are given: too few to draw."))
        return
    by_size = whole.sort_values(["net_revenue", "month"])
    low, high = by_size.iloc[0], by_size.iloc[-1]
    said: dict[str, Any] = {
        "low": Value(book.money(low["net_revenue"]), book.currency),
        "high": Value(book.money(high["net_revenue"]), book.currency),
        "best": high["month"].date(), "worst": low["month"].date(),
    }  # fmt: skip
    titles = (
        say("Months differ widely: net revenue lies between {low} and {high}", **said),
        bool(2 * high["net_revenue"] >= 3 * low["net_revenue"]),
        say("Months are even: net revenue lies between {low} and {high}", **said),
    )
    reading = say("The month from {best} was the highest, the one from {worst} the lowest. Months "
                  "are not corrected for working days or prices.", **said)  # fmt: skip
    book.show(
        exhibit(
            book, "over_time", titles,
            say("Net revenue by whole month, {first} to {last}", first=whole["month"].min().date(),
                last=(whole["month"].max() + _month_end()).date()),
            whole.assign(amount=book.money(whole["net_revenue"])), "month amount customers lines",
            chart=Chart("lines", "month", "amount", y_label=say("Net revenue a month")),
            reading=_left_out(book, months, whole, reading), n=int(whole["lines"].sum()),
            rows_shown=60,
        )
    )  # fmt: skip


def _left_out(
    book: Workbook, months: pd.DataFrame, whole: pd.DataFrame, reading: Message
) -> Message:
    partly = months.loc[~months["month"].isin(whole["month"]), "net_revenue"]
    if not len(partly):
        return reading
    amount = Value(book.money(partly.sum()), book.currency)
    return say("{reading} Months that are only partly in the records are not drawn ({amount}).",
               reading=reading, amount=amount)  # fmt: skip


def _first(book: Workbook) -> Any:
    return book.table("line_counts").iloc[0]["first_date"].date()


def _month_end() -> Any:
    import pandas as pd

    return pd.offsets.MonthEnd(0)
