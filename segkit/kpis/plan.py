"""What the targets say of this client, and the notebook's answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.engagement import months_before
from segkit.evidence import Grade, assumed, lowest
from segkit.exhibits import Answer, Column, Exhibit, Finding, Note, Tiles
from segkit.kpis.definitions import BY_ID
from segkit.kpis.findings import (
    DIRECTOR,
    money_figure,
    record,
    segment_names,
    table_of,
    telling,
    texts,
)
from segkit.kpis.forecast import FEWEST_DAYS, LARGEST_ERROR
from segkit.language import Message, Value, say, say_n, share

if TYPE_CHECKING:
    from segkit.workbook import Figure, Workbook

_METHODS = {
    "seasonal_naive": say("Same months last year"),
    "run_rate": say("Last three months kept up"),
    "damped_trend": say("Damped trend"),
    "year_rate": say("Last twelve months kept up, untested"),
}
_SUMMED = ("last_actual", "base", "base_low", "base_high", "gap", "target", "backtest_forecast")


def error_of(forecast: float, actual: float) -> float | None:
    """By what share of the actual a forecast missed it; None where there is nothing to miss."""
    is_known = forecast == forecast and actual > 0
    return abs(forecast - actual) / actual if is_known else None


def base_grade(error: float | None) -> Grade:
    """C for a base that a year has tested and found near; D is a judgement."""
    return "C" if error is not None and error <= LARGEST_ERROR else "D"


def gap_text(gap_names: Iterable[str]) -> Message:
    """What the gap is called on the page."""
    kinds = set(gap_names) - {"none"}
    if kinds == {"agreed"}:
        return say("agreed with the client")
    if "agreed" in kinds:
        return say("agreed, and silent customers won back")
    return say("silent customers won back")


def record_targets(book: Workbook) -> dict[str, Figure]:
    """Put the totals of the targets into the ledger: base, gap, total, last actual, back-test."""
    table, agreed = book.table("targets"), book.engagement
    months = agreed.targets.months
    since = months_before(agreed.as_of, months) + timedelta(1)
    ahead = f"{agreed.as_of + timedelta(1)}/{months_before(agreed.as_of, -months)}"
    back = f"{since}/{agreed.as_of}"
    total = {name: float(table[name].sum(min_count=len(table))) for name in _SUMMED}
    error = error_of(total["backtest_forecast"], total["last_actual"])
    grade, of = base_grade(error), ("order_lines", "segments")
    gap_grade: Grade = "D" if (table["gap_name"] == "agreed").any() else "C"
    low, high = (_money_or_none(book, total[name]) for name in ("base_low", "base_high"))
    n, silent = int(table["customers"].sum()), int(table["gap_customers"].sum())

    def money(name: str, column: str, period: str, grade: Grade, **more: Any) -> Figure:
        id = f"kpis.targets.{name}"
        return money_figure(book, id, total[column], period=period, grade=grade, source=of, **more)

    made = {
        "months": book.figure("kpis.targets.months", months, "months", period=ahead),
        "last": money("last_actual", "last_actual", back, "R", n=n),
        "base": money("base", "base", ahead, grade, n=n, low=low, high=high),
        "gap": money("gap", "gap", ahead, gap_grade, n=silent),
        "total": money("total", "target", ahead, lowest([grade, gap_grade]), n=n),
    }
    if error is not None:
        id = "kpis.targets.backtest_error"
        made["error"] = book.figure(id, error, "share", period=back, grade=grade, source=of)
        made["forecast"] = money("backtest", "backtest_forecast", back, grade)
    return made


def _money_or_none(book: Workbook, minor: float) -> Any:
    return None if minor != minor else book.money(round(minor))


def base(book: Workbook) -> None:
    """Show the base forecast and how its methods would have done before the last months."""
    total = record_targets(book)
    months, amount, last = total["months"], total["base"], total["last"]
    error = total.get("error", Value(None))
    book.show(
        Finding(
            "kpis.targets.base",
            say(
                "Base for the next {months} months: {base}, after {last}",
                months=months, base=amount, last=last,
            ),
            "error" in total,
            say(
                "Stopped {months} months ago, its methods would have missed what came by {error}.",
                months=months, error=error,
            ),
            say("The base of {base} for {months} months is untested", months=months, base=amount),
            say("Too little history lies before it: it only keeps up what is known."),
            grade=amount.grade,
        ),
        _backtest(book, total),
    )  # fmt: skip


def _by_segment(book: Workbook, first: str, money: Iterable[str]) -> pd.DataFrame:
    """The targets in currency with the segments' names, the largest `first` on top."""
    table, called = book.table("targets"), segment_names(book)
    table = table.sort_values([first, "segment_id"], ascending=[False, True], ignore_index=True)
    return table.assign(
        segment=table["segment_id"].map(called),
        method=texts(_METHODS[name] for name in table["method"]),
        **{name: book.money(table[name]) for name in money},
    )


def _backtest(book: Workbook, total: dict[str, Figure]) -> Exhibit:
    shown = ("backtest_forecast", "last_actual", "base", "base_low", "base_high")
    data, unit = _by_segment(book, "base", shown), book.currency
    data["backtest_error"] = data["backtest_error"].clip(
        upper=1
    )  # of next to nothing, all is missed
    is_tested = "error" in total
    return table_of(
        book, "kpis.targets.backtest",
        say(
            "Forecast {months} months ago, the last {months} would have been missed by {error}",
            months=total["months"], error=total.get("error", Value(None)),
        ),
        is_tested,
        say("Too little history to test a forecast: the base keeps up what is known"),
        say(
            "Net revenue by segment, the last and the next {months} months", months=total["months"]
        ),
        data,
        (
            Column("segment", say("Segment")), Column("method", say("Method")),
            Column("backtest_forecast", say("Forecast of the last"), unit),
            Column("last_actual", say("Actual of the last"), unit),
            Column("backtest_error", say("Missed by"), "share"),
            Column("base", say("Base of the next"), unit),
            Column("base_low", say("Low"), unit), Column("base_high", say("High"), unit),
        ),
        say(
            "Each segment takes the method that came nearest to its last months, which flatters "
            "the error a little; a miss of more than everything is shown as everything. The range "
            "is the larger of that miss and of what another draw of customers would give."
        )
        if is_tested
        else say(
            "The range is what another draw of customers would give; a better or worse year is "
            "not in it. Run again when two years are on record."
        ),
        n=total["base"].n, grade=total["base"].grade, sources=("targets", "order_lines"),
    )  # fmt: skip


def targets(book: Workbook) -> None:
    """Show each segment's target as base and named gap, and the gap as something to test."""
    total, table = record_targets(book), book.table("targets")
    parts = {name: total[name].value for name in ("base", "gap", "total")}
    book.identity("Targets: base + gap = total", parts["base"] + parts["gap"], parts["total"])
    book.show(
        Finding(
            "kpis.targets.gap",
            say(
                "{amount} stand on top of the base as a named gap: {gap}",
                gap=gap_text(table["gap_name"]), amount=total["gap"],
            ),
            bool(table["gap"].sum() > 0),
            _behind_gap(book, table),
            say("No gap worth a target could be measured: the base is the target"),
            say("Agree a named gap with the client before a target is set above the base."),
            money="kpis.targets.gap",
            action=_first_step(table),
            owner=DIRECTOR,
            grade=total["gap"].grade,
        ),
        _per_segment(book, total),
    )  # fmt: skip


def _is_measured(table: pd.DataFrame) -> bool:
    return bool((table["gap_name"] == "silent_customers").any())


def _first_step(table: pd.DataFrame) -> Message:
    if _is_measured(table):
        return say("Call half of the silent customers, drawn by lot; compare after 60 days.")
    return say("Agree what will be done to close the gap, and how it will be tested.")


def _behind_gap(book: Workbook, table: pd.DataFrame) -> Message:
    """How the gap was measured, in two sentences."""
    if not _is_measured(table):
        return say("It was agreed, not measured.")
    part = table[table["gap_name"] == "silent_customers"]
    n = book.figure("kpis.targets.silent", int(part["gap_customers"].sum()), "customers", grade="C")
    rate = float(part["gap"].sum() / part["gap_stake"].sum())
    watched = min(12, int(table["history_months"].iloc[0]) // 2)
    return say_n(
        "{n} customer is silent for over twice its own rhythm. Of the usual revenue of customers "
        "as long silent {months} months earlier, {came} came back; we ask for as much.",
        "{n} customers are silent for over twice their own rhythm. Of the usual revenue of "
        "customers as long silent {months} months earlier, {came} came back; we ask for as much.",
        n, months=book.figure("kpis.targets.watched", watched, "months"),
        came=book.figure("kpis.targets.came_back", rate, "share", grade="C"),
    )  # fmt: skip


def _per_segment(book: Workbook, total: dict[str, Figure]) -> Exhibit:
    data = _by_segment(book, "target", ("last_actual", "base", "gap", "target"))
    data["gap_name"] = texts(
        say("none") if name == "none" else gap_text([name]) for name in data["gap_name"]
    )
    most, gap = int(data["gap"].to_numpy().argmax()), float(data["gap"].sum())
    part = float(data["gap"][most]) / gap if gap else 0.0
    unit = book.currency
    return table_of(
        book, "kpis.targets.segments",
        say(
            "{share} of the named gap lies in one segment: {segment}",
            segment=data["segment"][most],
            share=book.figure("kpis.targets.largest_gap_share", part, "share", grade="C"),
        ),
        gap > 0,
        say("Each segment's target is its base"),
        say(
            "Net revenue by segment, the last and the next {months} months", months=total["months"]
        ),
        data,
        (
            Column("segment", say("Segment")), Column("customers", say("Customers"), "count"),
            Column("last_actual", say("Actual of the last"), unit),
            Column("base", say("Base of the next"), unit), Column("gap", say("Named gap"), unit),
            Column("gap_name", say("What the gap is")), Column("target", say("Target"), unit),
            Column("grade", say("Grade of the base")),
        ),
        say(
            "No target is last year plus a percentage: without a named gap the target is the base. "
            "Put the effort where the gap is, and count it as won only when a test has shown it."
        ),
        n=total["base"].n, grade=total["total"].grade, sources=("targets",),
    )  # fmt: skip


def rests_on(book: Workbook) -> None:
    """Say what the targets rest on and leave out."""
    total, agreed = record_targets(book), book.engagement
    since = months_before(agreed.as_of, agreed.targets.months)
    left = book.query(
        "SELECT CAST(coalesce(sum(net_amount), 0) AS BIGINT) AS minor FROM order_lines "
        f"WHERE customer_id IS NULL AND order_date > DATE '{since}' "
        f"AND order_date <= DATE '{agreed.as_of}'",
        "order_lines",
    )["minor"][0]
    if left:
        back = f"{since + timedelta(1)}/{agreed.as_of}"
        money = money_figure(book, "kpis.targets.unassigned", left, period=back)
        said = say(
            "{money} of the last {months} months has no customer: no segment's target holds it.",
            money=money, months=total["months"],
        )  # fmt: skip
        book.show(Note(said, "warning"))
    book.show(
        Note(
            say(
                "A silent customer has at least {days} order days and no order for more than "
                "{gaps} of its own mean gaps, and at least {shortest} days. Its usual revenue is "
                "what it bought per day while it bought, less what the base holds of it.",
                days=FEWEST_DAYS, gaps=assumed(book.engagement, "silent_gaps").value,
                shortest=assumed(book.engagement, "shortest_silence").value,
            )
        ),
        Note(
            say(
                "A base whose method missed the last actual by more than {error}, or that could "
                "not be tested, is graded D: a judgement.",
                error=share(LARGEST_ERROR),
            )
        ),
    )  # fmt: skip


# --- the answer ------------------------------------------------------------------------------


def answer(book: Workbook) -> None:
    """Answer the notebook's question: the KPIs that tell segments apart, the target, how sure."""
    record(book)
    values, total = book.table("kpi_values"), record_targets(book)
    apart = telling(values)
    tiles = [
        (say("Base forecast"), total["base"]),
        (say("Named gap, to be tested"), total["gap"]),
        (say("Target"), total["total"]),
    ]
    tiles += [(say("Back-test missed by"), total["error"])] if "error" in total else []
    book.show(Answer((_what(apart), _how_much(total), _how_sure(total))), Tiles(tuple(tiles)))


def _what(apart: list[str]) -> Message:
    if len(apart) < 2:
        return say("Measure all segments by the same norms: they do not stand clearly apart.")
    return say(
        "Set norms per segment, first of all for {first} and {second}: there segments stand "
        "clearly apart.",
        first=BY_ID[apart[0]].name, second=BY_ID[apart[1]].name,
    )  # fmt: skip


def _how_much(total: dict[str, Figure]) -> Message:
    if total["gap"].value > 0:
        return say(
            "Target {total} for the next {months} months: a base of {base} and a named gap of "
            "{gap}.",
            **{name: total[name] for name in ("total", "months", "base", "gap")},
        )
    return say(
        "Target {total} for the next {months} months: the base, since no gap worth a target could "
        "be measured.",
        total=total["total"], months=total["months"],
    )  # fmt: skip


def _how_sure(total: dict[str, Figure]) -> Message:
    if "error" not in total:
        return say("How sure: too little history to test the base, and the gap is untested.")
    return say(
        "How sure: the same methods would have forecast {forecast} for the last {months} months, "
        "which brought {last}; the gap is untested.",
        forecast=total["forecast"], months=total["months"], last=total["last"],
    )  # fmt: skip
