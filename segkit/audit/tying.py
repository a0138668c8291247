"""The page a finance director signs: from the files to the window, and beside the client's own."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.audit.controls import Gap, control_gaps, evidence
from segkit.audit.explain import Explanation, explained
from segkit.audit.page import exhibit, note, size, spoken, with_table
from segkit.audit.reconcile import SOURCES, sums
from segkit.exhibits import Chart, Finding
from segkit.language import Message, Value, is_currency, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

#: So many controls that match are each told in a sentence of their own; more only in the table.
_TOLD_ALONE = 3


def controls(book: Workbook) -> None:
    """Each of our sums beside the client's own figure, and what a gap looks like."""
    gaps = control_gaps(book)
    if not gaps:
        text = say("Not given: a control total. With net revenue from the general ledger this "
                   "section would show whether the files are complete.")  # fmt: skip
        note(book, text, "missing")
        return
    likely = {gap.name: _likely(book, gap) for gap in gaps}
    for gap in gaps:
        if not gap.is_within or len(gaps) <= _TOLD_ALONE:
            book.show(_control(book, gap, likely[gap.name]))
    _beside(book, gaps, likely)


def _likely(book: Workbook, gap: Gap) -> Explanation | None:
    known = None if gap.is_within else evidence(book, gap)
    return explained(gap, known) if known else None


def _control(book: Workbook, gap: Gap, likely: Explanation | None) -> Finding:
    ours, id = book.figures[gap.figure], f"audit.control.{gap.name}"
    told: dict[str, Any] = {"period": ours.period, "source": SOURCES}
    theirs = book.figure(f"{id}.client", gap.theirs, ours.unit, **told)
    off = book.figure(f"{id}.gap", gap.gap, ours.unit, **told)
    off_share = book.figure(f"{id}.gap_share", gap.share, "share", **told)
    said: dict[str, Any] = {
        "name": spoken(gap.name), "ours": ours, "theirs": theirs, "gap": size(off),
        "share": size(off_share), "agreed": _agreed(gap.tolerance),
        "stands": _why_it_stands(book), "looks": _looks(gap, likely),
    }  # fmt: skip
    return Finding(
        f"audit.control_gap.{gap.name}",
        say("{gap}, or {share}, apart from the client's own figure: {name}", **said),
        not gap.is_within,
        say(
            "The files hold {ours}, the client says {theirs}; up to {agreed} was agreed. {looks} "
            "{stands}",
            **said,
        ),
        say("The files match the client's own figure of {theirs}: {name}", **said),
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


def _looks(gap: Gap, likely: Explanation | None) -> Message:
    """What the gap looks like, never that it is so."""
    if likely is None:
        return say("Nothing we looked for explains it.")
    rest = Value(abs(likely.rest), gap.unit)
    return say("It looks like this, with {rest} left: {what}.", rest=rest, what=likely.text)


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


def _beside(book: Workbook, gaps: tuple[Gap, ...], likely: dict[str, Explanation | None]) -> None:
    """The table of every control: theirs, ours, gap, verdict, and what explains it."""
    import pandas as pd

    rows = [_row(book, gap, likely[gap.name]) for gap in gaps]
    off = sum(not gap.is_within for gap in gaps)
    titles = (
        say_n("{n} total is further from the client's own than agreed",
              "{n} totals are further from the client's own than agreed", off),
        off > 0,
        say("Every total that the client gave is matched"),
    )  # fmt: skip
    book.show(
        exhibit(
            book, "controls", titles,
            say("The client's own totals beside ours, each in its own unit and period"),
            pd.DataFrame(rows), "control period theirs ours gap gap_share agreed verdict explained",
            sources=SOURCES,
            reading=say("An explanation is what the gap looks like, with what it leaves open. Only "
                        "the client's own books can confirm it."),
            rows_shown=40,
        )
    )  # fmt: skip


def _row(book: Workbook, gap: Gap, likely: Explanation | None) -> dict[str, Any]:
    first, last = book.figures[gap.figure].period.split("/")
    return {
        "control": spoken(gap.name),
        "period": say("{first} to {last}", first=_day(first), last=_day(last)),
        "theirs": _exact(book, gap.theirs, gap.unit),
        "ours": _exact(book, gap.ours, gap.unit),
        "gap": _exact(book, gap.gap, gap.unit),
        "gap_share": float(gap.share),
        "agreed": float(gap.tolerance),
        "verdict": say("matched") if gap.is_within else say("not matched"),
        "explained": _short(gap, likely),
    }


def _short(gap: Gap, likely: Explanation | None) -> Message:
    if gap.is_within:
        return say("–")
    return likely.text if likely else say("not explained")


def _day(text: str) -> Value:
    return Value(text, "date")


def _exact(book: Workbook, value: Decimal, unit: str) -> Message:
    """A total in full, never in millions: money to the minor unit."""
    digits = book.engagement.decimals if is_currency(unit) else 0
    number = Value(value, "number", digits=digits if value != int(value) or digits else 0)
    return (
        say("{value} {unit}", value=number, unit=unit)
        if is_currency(unit)
        else say("{value}", value=number)
    )


# --- from the files to the window -------------------------------------------------------------


def files(book: Workbook) -> None:
    """Every file with its hash, its rows, and the net revenue it holds."""
    import pandas as pd

    names = [name for name in CONTRACTS if name in book.engagement.sources]
    counts = [with_table(book.table(f"{name}_counts"), name) for name in names]
    data = pd.concat(counts, ignore_index=True)
    data = data.assign(
        fingerprint=data["sha256"].str.slice(0, 16),
        accepted=data["rows_accepted"],
        set_aside=data["rows_quarantined"],
        net_read=data["net_read"].map(lambda one: None if one is None else float(one)),
    )
    total = say_n(
        "All records come from {n} file, whose fingerprint is below",
        "All records come from {n} files, whose fingerprints are below",
        data["file"].nunique(),
    )
    book.show(
        exhibit(
            book, "files", (total, bool(data["fingerprint"].all()), total),
            say("Rows by file, and net revenue of the order lines, all periods"),
            data, "file table fingerprint rows_read accepted set_aside net_read", sources=names,
            reading=say("The fingerprint begins the file's SHA-256: another file, even by one "
                        "letter, has another."),
            n=int(data["rows_read"].sum()), rows_shown=40,
        )
    )  # fmt: skip


_STEPS: tuple[tuple[Message, str, str, int, bool], ...] = (
    (say("Read from the files"), "read", "rows_read", 1, True),
    (say("Set aside"), "quarantined", "rows_quarantined", -1, False),
    (say("Rounding of each line"), "rounding", "", 1, False),
    (say("Accepted"), "accepted", "rows_accepted", 1, True),
    (say("Before the window"), "before_window", "before_window", -1, False),
    (say("After the as-of date"), "after_as_of", "after_as_of", -1, False),
    (say("In the window"), "in_window", "in_window", 1, True),
    (say("Of no known customer"), "unassigned", "unassigned_in_window", -1, False),
    (say("Of known customers"), "assigned", "assigned", 1, True),
)


def _steps(book: Workbook) -> pd.DataFrame:
    import pandas as pd

    made = {id.removeprefix("audit."): one for id, one in sums(book).items()}
    rows = []
    for text, net, _, sign, is_total in _STEPS:
        figure = made[f"net_revenue.{net}"]
        lines = None if net == "rounding" else sign * int(figure.n or 0)
        rows.append((text, lines, float(sign * figure.value), is_total))
    return pd.DataFrame(rows, columns=["step", "lines", "cents", "is_total"])


def ledger(book: Workbook) -> None:
    """From the files to the window, line by line and to the minor unit; to be signed."""
    made = sums(book)
    read, used = (made[f"audit.net_revenue.{one}"] for one in ("read", "in_window"))
    titles = (
        say("Every order line and amount is accounted for, from the files to the window"),
        all(one.holds for one in book.identities),
        say("Sums from the files to the window do not tie"),
    )
    book.show(
        exhibit(
            book, "ledger", titles,
            say("Order lines and net revenue in {currency}, from the files to the window of "
                "{window}", currency=book.currency, window=book.window_text),
            _steps(book), "step lines cents", sources=SOURCES,
            reading=say("Read less set aside, with what rounding each line changed, is accepted; "
                        "accepted less what lies outside is the window. Lines in a currency "
                        "without a rate have no amount here and stand among those set aside."),
            n=read.n, rows_shown=40,
        )
    )  # fmt: skip
    note(
        book,
        say(
            "For the client, {used} of net revenue in the window as above: name, date and "
            "signature ____________________",
            used=_exact(book, Decimal(used.value), book.currency),
        ),
    )


def walk(book: Workbook) -> None:
    """The waterfall from what was read to what is analysed."""
    made = sums(book)
    read, used = (made[f"audit.net_revenue.{one}"] for one in ("read", "assigned"))
    data = _steps(book).rename(columns={"cents": "amount"})
    data = data[data["is_total"] | (data["amount"].abs() >= 1)]  # a step of nothing says nothing
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
            n=read.n,
        )
    )  # fmt: skip
