"""What `segkit check` says: what was read, what it can answer, and what must be settled."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from segkit.flow.controls import in_words, name_of, to_the_cent
from segkit.language import Message, listed, say, say_n, share
from segkit.store import Store

if TYPE_CHECKING:
    from segkit.sources import Checked, CheckedTable
    from segkit.workbook import Workbook


def report(store: Store, checked: Checked) -> Iterator[str]:
    """Line by line: a heading stands at the margin, what belongs to it is indented."""
    from segkit.workbook import Workbook

    book = Workbook("01-data-audit", store.engagement, store)
    for table in checked.tables:
        yield str(_read(table))
        yield from (f"  {line}" for line in _told(table))
    yield from _answers(book)
    yield from _figures(book)
    yield from _groups(book)
    if checked.warnings:
        yield str(say("To be settled"))
        yield from (f"  {warning}" for warning in checked.warnings)


def _read(table: CheckedTable) -> Message:
    """The rows of a table; each is accepted or set aside."""
    numbers = {
        "table": table.name,
        "read": table.rows_read,
        "accepted": table.rows_accepted,
        "aside": table.rows_quarantined,
    }
    if len(table.files) == 1:
        return say(
            "{table}: read {read}, accepted {accepted}, set aside {aside} ({file})",
            file=table.files[0], **numbers,
        )  # fmt: skip
    return say_n(
        "{table}: read {read}, accepted {accepted}, set aside {aside} ({n} file)",
        "{table}: read {read}, accepted {accepted}, set aside {aside} ({n} files)",
        len(table.files), **numbers,
    )  # fmt: skip


def _told(table: CheckedTable) -> Iterator[Message]:
    from segkit.audit.set_aside import FLAWS, RULES

    for _, rows, example in table.reasons:
        yield say("set aside: {rows}, such as: {example}", rows=rows, example=example)
    for column, rule, rows, value, became in table.repairs:
        told = {"column": column, "rows": rows, "example": value or "–"}
        if rule in RULES and became:
            yield say(
                "repaired in {column}: {rows} ({rule}), such as: {example} → {became}",
                rule=RULES[rule], became=became, **told,
            )  # fmt: skip
        elif rule in RULES | FLAWS:
            yield say(
                "noted in {column}: {rows} ({rule}), such as: {example}",
                rule=(RULES | FLAWS)[rule], **told,
            )  # fmt: skip


def _answers(book: Workbook) -> Iterator[str]:
    """The readiness ladder: what can be answered, what is missing and what it would add."""
    from segkit.audit.readiness import ladder

    rungs = ladder(book)
    met = sum(not lacks for _, lacks in rungs)
    yield str(
        say("What these records can answer: {met} of {all} questions", met=met, all=len(rungs))
    )
    for rung, lacks in rungs:
        if not lacks:
            yield str(say("  yes  {question}", question=rung.answers))
            continue
        yield str(
            say(
                "  no   {question}. Missing: {missing}. It would add: {adds}",
                question=rung.answers, missing=listed(lacks), adds=rung.adds,
            )
        )  # fmt: skip


def _groups(book: Workbook) -> Iterator[str]:
    """The client's own groups: a rule that cannot be read is told here, not in a notebook."""
    if not book.engagement.segment_rules:
        return
    yield str(say("The client's own groups"))
    for one in book.table("group_definitions").to_dict("records"):
        yield str(say_n("  {name}: {n} customer", "  {name}: {n} customers", int(one["customers"]),
                        name=one["name"]))  # fmt: skip


def _figures(book: Workbook) -> Iterator[str]:
    """The client's own totals beside ours."""
    from segkit.audit.controls import control_gaps
    from segkit.audit.reconcile import sums

    yield str(say("The client's own figures"))
    gaps = control_gaps(book)
    for gap in gaps:
        if gap.is_within:
            yield str(
                say(
                    "  met: {name}, {apart} apart",
                    name=name_of(gap),
                    apart=share(abs(float(gap.share))),
                )
            )
        else:
            yield f"  {in_words(gap)}"
    if not gaps:
        yield str(
            say("  None is declared. Net revenue of the window is {net} in the files: with that of "
                "the ledger under [controls], a missing file would show.",
                net=to_the_cent(Decimal(sums(book)["audit.net_revenue.in_window"].value)))
        )  # fmt: skip
