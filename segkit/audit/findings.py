"""What notebook 1 says of the records: what was given, whether it ties, what it can answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from segkit.audit.controls import Gap, control_gaps
from segkit.audit.page import count, exhibit, note, spoken
from segkit.audit.readiness import LADDER, ladder
from segkit.audit.reconcile import given_period, sums
from segkit.engine import quoted
from segkit.evidence import judged
from segkit.exhibits import Answer, Tiles
from segkit.language import Message, Value, listed, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from segkit.workbook import Figure, Workbook

FRESH_DAYS = judged(
    "audit.fresh_days", 45, 31, 62, "days",
    say("A last order longer before the as-of date makes the picture an old one."),
)  # fmt: skip


def answer(book: Workbook) -> None:
    """What we saw, what follows and how sure, with the headline figures."""
    made = sums(book)
    revenue, active = made["audit.net_revenue.in_window"], made["audit.customers.active"]
    lines, aside = (made[f"audit.order_lines.rows_{which}"] for which in ("read", "quarantined"))
    said: dict[str, Any] = {
        "window": book.window_text, "customers": active, "revenue": revenue, "lines": lines,
    }  # fmt: skip
    saw = say(
        "From {window}, net revenue was {revenue}, and {customers} known customers ordered.", **said
    )
    counted = (
        say_n(
            "{n} of the {lines} order lines given was set aside.",
            "{n} of the {lines} order lines given were set aside.",
            aside,
            lines=lines,
        )
        if aside.value
        else say("All {lines} order lines given could be counted.", **said)
    )
    book.show(
        Answer((saw, counted, _what_it_carries(book), _how_sure(control_gaps(book)))),
        Tiles(
            (
                (say("Net revenue in the window"), revenue),
                (say("Active customers"), active),
                (say("Order lines read"), lines),
                (say("Order lines set aside"), aside),
            )
        ),
    )


def _what_it_carries(book: Workbook) -> Message:
    met, lacking = _met(book), [lacks for _, lacks in ladder(book) if lacks]
    if not lacking:
        return say("The records can answer all {all} kinds of question.", all=len(LADDER))
    return say(
        "The records can answer {met} of {all} kinds of question; the next would need {missing}.",
        met=met, all=len(LADDER), missing=lacking[0][0],
    )  # fmt: skip


def _how_sure(gaps: Sequence[Gap]) -> Message:
    off = [gap for gap in gaps if not gap.is_within]
    if not gaps:
        return say(
            "Every sum ties from the files to the window; the client gave no total to compare."
        )
    if off:
        return say(
            "Every sum ties from the files to the window, but the client's own {name} is {share} "
            "off, more than agreed.",
            name=spoken(off[0].name), share=Value(abs(off[0].share), "share"),
        )  # fmt: skip
    return say(
        "Every sum ties from the files to the window, and to the client's own {names}.",
        names=listed(spoken(gap.name) for gap in gaps),
    )


# --- what was given -------------------------------------------------------------------------


def given(book: Workbook) -> None:
    """One row per table: files, rows read, accepted and set aside, first and last day."""
    import pandas as pd

    names = _tables(book)
    data = pd.DataFrame([_given(book, name) for name in names])
    told: dict[str, Any] = {"source": names, "period": given_period(book)}
    read = count(book, "rows_read", data["rows_read"].sum(), "rows", **told)
    aside = count(book, "rows_quarantined", data["set_aside"].sum(), "rows", **told)
    titles = (
        say("All {read} rows that were given could be counted", read=read),
        aside.value == 0,
        say_n(
            "{n} of {read} rows given was set aside",
            "{n} of {read} rows given were set aside",
            aside,
            read=read,
        ),
    )
    book.show(
        exhibit(
            book, "given", titles, say("Rows by table as the files have them, all periods"),
            data, "table files rows_read accepted set_aside first last", sources=names,
            reading=say("Rows read are always rows accepted plus rows set aside: none is dropped."),
            n=read.value, rows_shown=25,
        )
    )  # fmt: skip
    _freshness(book)


def _given(book: Workbook, name: str) -> dict[str, Any]:
    counts = book.table(f"{name}_counts")
    table = f"listed_{name}" if name in ("customers", "products") else name
    day = next((c.name for c in CONTRACTS[name].columns if c.kind == "date" and c.counts), "NULL")
    span = book.query(f"SELECT MIN({day}) AS a, MAX({day}) AS b FROM {quoted(table)}", table)
    rows = counts[["rows_read", "rows_accepted", "rows_quarantined"]].sum()
    return {
        "table": spoken(name),
        "files": len(counts),
        "rows_read": int(rows["rows_read"]),
        "accepted": int(rows["rows_accepted"]),
        "set_aside": int(rows["rows_quarantined"]),
        "first": span["a"].iloc[0],
        "last": span["b"].iloc[0],
    }


def _freshness(book: Workbook) -> None:
    last = book.table("line_counts").iloc[0]["last_counted"].date()
    days = count(book, "freshness", (book.engagement.as_of - last).days, "days")
    if days.value > FRESH_DAYS:
        text = say(
            "The last order is of {last}, {days} days before the as-of date: every customer looks "
            "quieter than it may be.",
            last=last, days=days,
        )  # fmt: skip
        note(book, text, "warning")


# --- what the records can answer --------------------------------------------------------------


def readiness(book: Workbook) -> None:
    """The ladder: each kind of question, whether the records carry it, and what is missing."""
    import pandas as pd

    met = _met(book)
    data = pd.DataFrame(
        [
            (rung.answers, say("no") if lacks else say("yes"), _listed(lacks), rung.adds)
            for rung, lacks in ladder(book)
        ],
        columns=["question", "is_met", "missing", "adds"],
    )
    titles = (
        say("The records can answer all {all} kinds of question", all=len(LADDER)),
        met.value == len(LADDER),
        say("The records can answer {met} of {all} kinds of question", met=met, all=len(LADDER)),
    )
    book.show(
        exhibit(
            book, "readiness", titles, say("Kinds of question, by the records that each needs"),
            data, "question is_met missing adds", sources=_tables(book),
            reading=say("Records show what goes together. Whether something works is known only "
                        "from a test in which chance decides who gets it."),
        )
    )  # fmt: skip


def _met(book: Workbook) -> Figure:
    met = sum(not lacks for _, lacks in ladder(book))
    return count(book, "readiness.met", met, "questions", n=len(LADDER), source=_tables(book))


def _listed(missing: tuple[Message, ...]) -> Message:
    if len(missing) < 2:
        return missing[0] if missing else say("–")
    return say("{first}; {rest}", first=missing[0], rest=_listed(missing[1:]))


def _tables(book: Workbook) -> list[str]:
    return [name for name in CONTRACTS if name in book.engagement.sources]
