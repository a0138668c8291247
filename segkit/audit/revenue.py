"""What notebook 1 says of the revenue: over customers, over months, and against the year before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.audit import base
from segkit.audit.page import count, exhibit, money, note, part, size
from segkit.engagement import months_before
from segkit.exhibits import Chart, Exhibit, Finding
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

#: Customers that are few enough to be led by name.
FEW = 10
#: From this share of last year's net revenue on, customers who stopped are worth a finding.
MUCH_LOST = 0.02


def concentration(book: Workbook) -> None:
    """How few customers bring in how much, as a finding and a curve."""
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
    book.show(finding, _curve(book, revenue))


def _in_middle_ones(book: Workbook, revenue: pd.Series[int], few: int) -> Value:
    """How many customers of the middle bring in what one of the largest does, on average."""
    middle = float(revenue.median())
    times = revenue.iloc[:few].mean() / middle if middle > 0 else float("nan")
    figure = book.figure("audit.customers.largest_in_middle_ones", times, "customers",
                         n=len(revenue), source=["order_lines"])  # fmt: skip
    return Value(figure.value, "customers", figure.id, digits=0)


def _curve(book: Workbook, revenue: pd.Series[int]) -> Exhibit:
    n = len(revenue)
    fifth = book.figure(
        "audit.net_revenue.top_fifth_share", base.part_of_largest(revenue, 0.2), "share", n=n,
        source=["order_lines"],
    )  # fmt: skip
    negative = count(book, "customers.negative", (revenue < 0).sum(), n=n)
    reading = say("The customers stand from the largest to the smallest. Revenue of no known "
                  "customer is left out.")  # fmt: skip
    if negative.value:
        reading = say_n(
            "{reading} {n} customer returned more than it bought, so the curve ends falling.",
            "{reading} {n} customers returned more than they bought, so the curve ends falling.",
            negative, reading=reading,
        )  # fmt: skip
    titles = (
        say("The largest fifth of customers brings in {share} of net revenue", share=fifth),
        fifth.value >= 0.5,
        say("The largest fifth of customers brings in only {share} of net revenue", share=fifth),
    )
    return exhibit(
        book, "concentration", titles,
        say("Cumulative share of customers' net revenue, {window}", window=book.window_text),
        base.concentration_curve(revenue), "customers customers_share revenue_share",
        chart=Chart(
            "curve", "customers_share", "revenue_share", reference=0.5,
            reference_label=say("Half of net revenue"),
            x_label=say("Share of customers, largest first."), y_label=say("Share of net revenue"),
        ),
        reading=reading, n=n, rows_shown=51,
    )  # fmt: skip


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


def year_on_year(book: Workbook) -> None:
    """The latest twelve months against the twelve before, and which customers moved."""
    if base.years_of_history(_first(book), book.engagement.as_of) < base.TWO_YEARS:
        text = say(
            "Not given: two years of order lines; they begin on {first}. With them this section "
            "would compare the latest year with the one before.",
            first=_first(book),
        )
        note(book, text, "missing")
        return
    customers = book.table("customer_totals")
    moved = base.bridge(customers)
    before, latest = (
        money(book, f"{name}_year", customers[name].sum(), period=_year(book, back),
              n=int((customers[f"lines_{name}"] > 0)[customers["customer_id"].notna()].sum()))
        for name, back in (("before", 1), ("latest", 0))
    )  # fmt: skip
    changes = sum((book.money(change) for change in moved["change"]), Decimal(0))
    book.identity(
        "audit: year before + changes = latest year", before.value + changes, latest.value
    )
    by_step = moved.set_index("step")
    book.show(
        _change(book, before, latest),
        _stopped(book, by_step, before),
        _bridge(book, by_step, before, latest),
    )


def _change(book: Workbook, before: Figure, latest: Figure) -> Finding:
    told: dict[str, Any] = {"period": latest.period, "n": latest.n}
    change = money(book, "year_change", _minor(book, latest.value - before.value), **told)
    share = part(book, "net_revenue.year_change_share", change.value, before.value, **told)
    said = {"change": size(change), "share": size(share), "before": before, "latest": latest}
    told_of = say(
        "It went from {before} of {n_before} customers to {latest} of {n} customers. The records "
        "show whose orders changed, not why.",
        n_before=before.n,
        n=latest.n,
        **said,
    )
    return Finding(
        "audit.year_change",
        say("Net revenue fell by {change}, or {share}, in the latest twelve months", **said),
        change.value < 0,
        told_of,
        say("Net revenue rose by {change}, or {share}, in the latest twelve months", **said),
        told_of,
        money=change.id,
        action=say("Go through the customers who bought less than the year before, largest first."),
        owner=say("sales director"),
    )


def _stopped(book: Workbook, moved: pd.DataFrame, before: Figure) -> Finding:
    told: dict[str, Any] = {"period": before.period, "n": int(moved["customers"]["stopped"])}
    lost = money(book, "stopped", -moved["change"]["stopped"], **told)
    said: dict[str, Any] = {
        "n": count(book, "customers.stopped", told["n"], period=before.period), "money": lost,
        "share": part(book, "net_revenue.stopped_share", lost.value, before.value, **told),
    }  # fmt: skip
    return Finding(
        "audit.stopped",
        say_n(
            "{n} customer of the year before, worth {money}, did not order again",
            "{n} customers of the year before, worth {money}, did not order again",
            **said,
        ),
        said["share"].value >= MUCH_LOST,
        say(
            "They had brought in {share} of that year. Some are lost and some buy seldom; the "
            "records do not tell which.",
            **said,
        ),
        say("Hardly a customer of the year before stayed away: {n}, worth {money}", **said)
        if told["n"]
        else say("Every customer of the year before ordered again"),
        say("The year is not decided by customers who stop."),
        money=lost.id,
        action=say("Call the largest customers who stopped, and record why."),
        owner=say("sales director"),
    )


def _bridge(book: Workbook, moved: pd.DataFrame, before: Figure, latest: Figure) -> Exhibit:
    import pandas as pd

    change, n = moved["change"], moved["customers"]
    rows = [
        (say("Twelve months before"), before.value, before.n, True),
        *(
            (text, book.money(change[step]), n[step] if step != "unassigned" else None, False)
            for step, text in _STEPS.items()
            if n[step] or change[step]
        ),
        (say("Latest twelve months"), latest.value, latest.n, True),
    ]
    data = pd.DataFrame(rows, columns=["step", "amount", "customers", "is_total"])
    up, down = change["new"] + change["more"], -(change["stopped"] + change["less"])
    said = {
        "up": Value(book.money(up), book.currency),
        "down": Value(book.money(down), book.currency),
    }
    titles = (
        say("New and growing customers added {up}; others took {down}", **said),
        bool(up >= down),
        say("Shrinking and lost customers took {down}; others added {up}", **said),
    )
    return exhibit(
        book, "bridge", titles,
        say("Net revenue, latest twelve months against the twelve before"),
        data, "step amount customers", chart=Chart("steps", "amount", "step", total="is_total"),
        reading=say("Part of each move is chance: who bought much in one year tends to buy less in "
                    "the next, without any reason. Look at names before sums."),
        n=latest.n,
    )  # fmt: skip


_STEPS = {
    "stopped": say("Customers who stopped"),
    "less": say("Customers who bought less"),
    "more": say("Customers who bought more"),
    "new": say("Customers new or back"),
    "unassigned": say("Of no known customer"),
}


def _first(book: Workbook) -> Any:
    return book.table("line_counts").iloc[0]["first_date"].date()


def _year(book: Workbook, back: int) -> str:
    """The year that ends `back` years before the as-of date, as ``first day/last day``."""
    last, as_of = months_before(book.engagement.as_of, 12 * back), book.engagement.as_of
    return f"{months_before(as_of, 12 * (back + 1)) + timedelta(days=1)}/{last}"


def _minor(book: Workbook, amount: Decimal) -> int:
    return int(amount * book.engagement.minor_units)


def _month_end() -> Any:
    import pandas as pd

    return pd.offsets.MonthEnd(0)
