"""What notebook 1 says of the records: what was given, whether it ties, what it can answer."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.audit import base
from segkit.audit.page import count, exhibit, money, note, size, spoken
from segkit.audit.readiness import LADDER, at_hand, rungs
from segkit.audit.reconcile import SOURCES, Gap, checks, control_gaps, given_period, sums
from segkit.engine import quoted
from segkit.exhibits import Answer, Chart, Finding, Tiles
from segkit.language import Message, Value, listed, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

#: A last order longer before the as-of date than this makes the picture an old one.
FRESH_DAYS = 45


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
        Answer((saw, counted, _what_it_carries(book), _how_sure(_gaps(book)))),
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
    met, lacking = _met(book), [lacks for _, lacks in _ladder(book) if lacks]
    if not lacking:
        return say("The records can answer all {all} kinds of question.", all=len(LADDER))
    return say(
        "The records can answer {met} of {all} kinds of question; the next would need {missing}.",
        met=met, all=len(LADDER), missing=lacking[0][0],
    )  # fmt: skip


def _how_sure(gaps: list[Gap]) -> Message:
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


# --- does it tie ----------------------------------------------------------------------------


def controls(book: Workbook) -> None:
    """Each of our sums beside the client's own figure."""
    gaps = _gaps(book)
    for gap in gaps:
        book.show(_control(book, gap))
    if not gaps:
        text = say("Not given: a control total. With net revenue from the general ledger this "
                   "section would show whether the files are complete.")  # fmt: skip
        note(book, text, "missing")


def _control(book: Workbook, gap: Gap) -> Finding:
    ours, id = book.figures[gap.figure], f"audit.control.{gap.name}"
    told: dict[str, Any] = {"period": ours.period, "source": SOURCES}
    theirs = book.figure(f"{id}.client", gap.theirs, ours.unit, **told)
    off = book.figure(f"{id}.gap", gap.gap, ours.unit, **told)
    off_share = book.figure(f"{id}.gap_share", gap.share, "share", **told)
    said: dict[str, Any] = {
        "name": spoken(gap.name), "ours": ours, "theirs": theirs, "gap": size(off),
        "share": size(off_share), "agreed": _agreed(gap.tolerance),
    }  # fmt: skip
    return Finding(
        f"audit.control_gap.{gap.name}",
        say("The files and the client's own {name} differ by {gap}, or {share}", **said),
        not gap.is_within,
        say(
            "The files hold {ours}, the client says {theirs}; up to {agreed} was agreed. {stands}",
            stands=_why_it_stands(book),
            **said,
        ),
        say("The files match the client's own {name} of {theirs}", **said),
        say(
            "The gap is {gap}, and up to {agreed} was agreed: totals in this report can be read as "
            "the client's own.",
            **said,
        ),
        figures=(theirs.id, off.id, off_share.id),
        money=off.id if ours.unit == book.currency else None,
        action=say("Explain the gap between the extracts and the general ledger."),
        owner=say("finance director"),
    )


def _agreed(tolerance: Decimal) -> Value:
    return Value(tolerance, "share", digits=2 if tolerance < Decimal("0.001") else None)


def _why_it_stands(book: Workbook) -> Message:
    accepted = book.engagement.accept_gap
    if accepted is None:
        return say("Until it is explained, lines may be missing or counted twice.")
    return say(
        "{owner} accepts the gap: {reason}.",
        owner=accepted.owner, reason=accepted.reason.rstrip("."),
    )  # fmt: skip


def walk(book: Workbook) -> None:
    """The waterfall from what was read to what is analysed."""
    import pandas as pd

    made = {id.rsplit(".", 1)[1]: one for id, one in sums(book).items() if ".net_revenue." in id}
    steps = [
        (say("Read from the files"), 1, "read", True),
        (say("Set aside"), -1, "quarantined", False),
        (say("Rounding of each line"), 1, "rounding", False),
        (say("Accepted"), 1, "accepted", True),
        (say("Before the window"), -1, "before_window", False),
        (say("After the as-of date"), -1, "after_as_of", False),
        (say("In the window"), 1, "in_window", True),
        (say("Of no known customer"), -1, "unassigned", False),
        (say("Of known customers"), 1, "assigned", True),
    ]
    rows = [(text, float(sign * made[id].value), total) for text, sign, id, total in steps]
    read, used = made["read"], made["assigned"]
    rows = [row for row in rows if row[2] or abs(row[1]) >= 1]  # a step of nothing says nothing
    data = pd.DataFrame(rows, columns=["step", "amount", "is_total"])
    titles = (
        say("Of {read} read, {used} is analysed by customer", read=read, used=used),
        read.value != used.value,
        say("All {read} read is analysed by customer", read=read),
    )
    book.show(
        exhibit(
            book, "walk", titles, say("Net revenue from the files to the window of {window}",
                                      window=book.window_text),
            data, "step amount",
            chart=Chart("steps", "amount", "step", total="is_total"),
            reading=say("Each sum is the one above it with the steps between. Revenue of no known "
                        "customer counts in the window but in no segment."),
            n=made["read"].n,
        )
    )  # fmt: skip


# --- what was set aside and repaired ----------------------------------------------------------


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
        say("Most rows set aside are {table} with {reason}", **most[["table", "reason"]]),
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
    return found.assign(
        amount=book.money(found["amount"]),
        table=spoken(name),
        reason=found["reason_kind"].map(_reason),
    )


def _reason(kind: str) -> Message:
    empty = say("an empty {column}", column=spoken(kind.removeprefix("empty_")))
    return _REASONS.get(kind, empty)


_REASONS = {
    "repeated_key": say("the same key as another row"),
    "unreadable_date": say("a date that cannot be read"),
    "unreadable_amount": say("an amount that cannot be read"),
    "unreadable_number": say("a number that cannot be read"),
    "unreadable_quantity": say("a quantity that cannot be read"),
}


def _lost(book: Workbook) -> Finding:
    """Lines set aside that are counted nowhere: a repeat of a counted line loses nothing."""
    lost = book.query(
        "SELECT COUNT(*) AS rows, COUNT(*) - COUNT(net_amount_minor) AS unreadable, "
        "CAST(COALESCE(SUM(net_amount_minor), 0) AS BIGINT) AS amount "
        "FROM order_lines_quarantine WHERE reason_kind <> 'repeated_key'",
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
    """Values of accepted rows that could not be read and are empty now, by table and column."""
    import pandas as pd

    names = _tables(book)
    found = [book.table(f"{name}_repairs").assign(table=spoken(name)) for name in names]
    data = pd.concat(found, ignore_index=True)
    if not len(data):
        note(book, say("Every value of the accepted rows could be read."))
        return
    total = count(book, "values_left_empty", data["rows"].sum(), "values", source=names)
    title = say_n("{n} value could not be read and is left empty",
                  "{n} values could not be read and are left empty", total)  # fmt: skip
    book.show(
        exhibit(
            book, "repairs", (title, True, title), say("Values left empty, by table, all periods"),
            data, "table column reason rows example",
            sources=names,
            reading=say("The rows count; only these values are missing from what is said of them."),
        )
    )  # fmt: skip


# --- what the records can answer --------------------------------------------------------------


def readiness(book: Workbook) -> None:
    """The ladder: each kind of question, whether the records carry it, and what is missing."""
    import pandas as pd

    met = _met(book)
    data = pd.DataFrame(
        [
            (rung.answers, say("no") if lacks else say("yes"), _listed(lacks), rung.adds)
            for rung, lacks in _ladder(book)
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


def _ladder(book: Workbook) -> list[Any]:
    lines, counts = checks(book)["lines"], book.table("line_counts").iloc[0]
    years = base.years_of_history(counts["first_date"].date(), book.engagement.as_of)
    filled = {name: lines[f"with_{name}"] / lines["accepted"] for name in ("cost", "discount")}
    return rungs(at_hand({*book.engagement.sources}, years, filled))


def _met(book: Workbook) -> Figure:
    met = sum(not lacks for _, lacks in _ladder(book))
    return count(book, "readiness.met", met, "questions", n=len(LADDER), source=_tables(book))


def _listed(missing: tuple[Message, ...]) -> Message:
    if len(missing) < 2:
        return missing[0] if missing else say("–")
    return say("{first}; {rest}", first=missing[0], rest=_listed(missing[1:]))


def _tables(book: Workbook) -> list[str]:
    return [name for name in CONTRACTS if name in book.engagement.sources]


def _gaps(book: Workbook) -> list[Gap]:
    ours = {id: Decimal(figure.value) for id, figure in sums(book).items()}
    return control_gaps(book.engagement.controls, ours)
