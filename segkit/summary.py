"""The two pages a director reads: findings ranked by the money at stake, from the run's ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Answer, Column, Exhibit, Note, Told
from segkit.language import Message, Value, listed, say, say_n, term
from segkit.store import PACKAGE
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from segkit.workbook import Workbook

Payload = Mapping[str, Any]
#: Findings on the page: more than these are not read.
SHOWN = 5
FEWEST = 3
_PROVEN = ("R", "A", "B")
#: Findings that look at the same money from different sides: one of them speaks for all.
_SAME_MONEY = ({"audit.year_change", "audit.stopped", "kpis.lost_revenue"},)


def rank(findings: Sequence[Payload], figures: Mapping[str, Payload]) -> list[Payload]:
    """Findings from the most money at stake in the window down.

    Money counts by size, not by sign; ties stand by id. Findings without money come after those
    with it, withheld ones last.
    """
    return sorted(findings, key=lambda one: (_place(one), -at_stake(one, figures), one["id"]))


def at_stake(finding: Payload, figures: Mapping[str, Payload]) -> Decimal:
    """The money at stake, in currency; nothing where none is named.

    It is what the finding is about, not what acting on it would bring in, and two findings can be
    about the same money: it ranks, and is never summed.
    """
    figure = figures.get(finding["money"] or "")
    return abs(Decimal(str(figure["value"]))) if figure else Decimal(0)


def apart(findings: Sequence[Payload]) -> tuple[list[Payload], list[Payload]]:
    """Findings that are recorded or tested (R, A, B), and those that are still to be tested."""
    proven = [one for one in findings if one["grade"] in _PROVEN]
    return proven, [one for one in findings if one["grade"] not in _PROVEN]


def one_each(findings: Sequence[Payload]) -> list[Payload]:
    """Findings without those about the same money as one that stands before them."""
    kept: list[Payload] = []
    for one in findings:
        same: set[str] = next((group for group in _SAME_MONEY if one["id"] in group), set())
        if not (one["money"] and any(other["id"] in same and other["money"] for other in kept)):
            kept.append(one)
    return kept


def _place(finding: Payload) -> int:
    if finding["is_withheld"]:
        return 2
    return 0 if finding["money"] else 1


# --- the page -------------------------------------------------------------------------------


def answer(book: Workbook) -> None:
    """The answer in three sentences, or where to get one."""
    ledger = _ledger(book)
    if ledger is None:
        folder = os.path.relpath(book.engagement.folder, PACKAGE.parent)
        text = say("This page sums up a run, and none is open here. Make one with: {command}",
                   command=f"segkit run {folder}")  # fmt: skip
        book.show(Note(text))
        return
    book.show(Answer((_saw(book, ledger), _follows(ledger), _how_sure(ledger))))


def _saw(book: Workbook, ledger: Payload) -> Message:
    told: dict[str, Any] = {
        "customers": _figure(ledger, "audit.customers.active"),
        "revenue": _figure(ledger, "audit.net_revenue.in_window"),
        "window": book.window_text,
        "segments": _figure(ledger, "segments.count"),
    }
    if told["segments"].value is None:
        return say(
            "From {window}, net revenue was {revenue}, and {customers} known customers ordered.",
            **told,
        )
    return say(
        "From {window}, net revenue was {revenue}; the {customers} known customers who ordered "
        "fall into {segments} segments.",
        **told,
    )


def _follows(ledger: Payload) -> Message:
    proven, _ = apart(_ranked(ledger))
    first = next((one for one in proven if one["action"]), None)
    if first is None:
        return say("Nothing that is recorded calls for action now.")
    action = _message(first["action"])
    return say("We would begin where most money is at stake: {action}", action=action)


def _how_sure(ledger: Payload) -> Message:
    proven, to_test = apart(_said(ledger))
    told = {"proven": len(proven), "all": len(proven) + len(to_test)}
    counted = say("{proven} of {all} findings are counted from records; the others need a test "
                  "before money follows.", **told)  # fmt: skip
    if not to_test:
        counted = say("All {all} findings are counted from records.", **told)
    gaps = [one for one in ledger["findings"] if one["id"].startswith("audit.control_gap")]
    if not gaps:
        return say("{counted} The client gave no total to compare with.", counted=counted)
    if any(gap["holds"] for gap in gaps):
        return say("{counted} The files do not match the client's own total, so every sum is "
                   "provisional.", counted=counted)  # fmt: skip
    return say("{counted} The sums match the client's own total.", counted=counted)


def findings(book: Workbook) -> None:
    """The findings with most money at stake, as their own notebooks say them."""
    ledger = _ledger(book)
    if ledger is not None:
        book.show(*map(Told, _worth_a_page(one_each(_ranked(ledger)))))


def _worth_a_page(ranked: Sequence[Payload]) -> list[Payload]:
    """Those with money at stake; others only where there are hardly any."""
    weighed = [one for one in ranked if one["money"]]
    return (weighed if len(weighed) >= FEWEST else list(ranked[:FEWEST]))[:SHOWN]


def what_to_do(book: Workbook) -> None:
    """Action, owner, when, the money it is about, and how sure."""
    import pandas as pd

    ledger = _ledger(book)
    ranked = one_each(_ranked(ledger)) if ledger else []
    asked = [one for one in ranked if one["action"] and one["money"]]
    if ledger is None or not asked:
        return
    data = pd.DataFrame([_asked(one, ledger) for one in asked[:7]])
    title = say_n("{n} action follows, first where most money is at stake",
                  "{n} actions follow, first where most money is at stake", len(data))  # fmt: skip
    book.show(
        Exhibit(
            "summary.actions", title, bool(asked), title,
            say("Net revenue each is about, in the window: no gain, and not to be added up"),
            data,
            (
                Column("action", say("Action")),
                Column("owner", say("Owner")),
                Column("when", say("When")),
                Column("money", say("At stake"), book.currency),
                Column("grade", say("Grade")),
            ),
            ("findings",), book.engagement.as_of,
            reading=say(
                "R is counted from records; A and B come from a test or from change within "
                "customers; C and D are to be tested before money follows them. Days count from "
                "the day this report is handed over."
            ),
        )
    )  # fmt: skip


def _unproven(finding: Payload) -> Message:
    claim = _message(finding["claim"])
    if finding["grade"] == "C":
        return say("An association, to be tested: {claim}", claim=claim)
    return say("A judgement, to be confirmed: {claim}", claim=claim)


def _asked(finding: Payload, ledger: Payload) -> dict[str, Any]:
    is_proven = finding["grade"] in _PROVEN
    days = 30 if is_proven else 60
    return {
        "action": finding["action"],
        "owner": finding["owner"] or say("to be named"),
        "when": say("within {days} days", days=days)
        if is_proven
        else say("test within {days} days", days=days),
        "money": at_stake(finding, ledger["figures"]) if finding["money"] else None,
        "grade": finding["grade"],
    }


def uncertain(book: Workbook) -> None:
    """What is to be tested, what was not given, and what was set aside."""
    ledger = _ledger(book)
    if ledger is None:
        return
    _, to_test = apart(_ranked(ledger))
    open_claims = [one for one in to_test if one["holds"] and one["money"]]
    assumed = [one for one in to_test if one["holds"] and one["id"] == "assumptions.widest"]
    notes = [Note(_unproven(one)) for one in [*open_claims[:3], *assumed]]
    missing = [name for name, table in CONTRACTS.items() if name in _ADDS and not book.has(name)]
    if missing:
        adds = dict.fromkeys(CONTRACTS[name].adds for name in missing)
        text = say("Not given: {tables}. We could then show: {adds}.",
                   tables=listed(map(term, missing)), adds=listed(adds))  # fmt: skip
        notes.append(Note(text, "missing"))
    lost = _figure(ledger, "audit.order_lines.lost")
    if lost.value:
        text = say_n(
            "{n} order line, {money} where readable, could not be counted and is in no number "
            "here.",
            "{n} order lines, {money} where readable, could not be counted and are in no number "
            "here.",
            lost,
            money=_figure(ledger, "audit.net_revenue.lost"),
        )
        notes.append(Note(text))
    book.show(*notes)


#: Tables whose absence a director should know of.
_ADDS = ("visits", "reps", "resources", "activities", "quotas", "quotes", "needs")


# --- the ledger -----------------------------------------------------------------------------


def _ledger(book: Workbook) -> Payload | None:
    if book.run_folder is None or not (book.run_folder / "ledger.json").is_file():
        return None
    ledger: Payload = json.loads((book.run_folder / "ledger.json").read_text("utf-8"))
    return ledger


def _said(ledger: Payload) -> list[Payload]:
    return [one for one in ledger["findings"] if not one["is_withheld"]]


def _ranked(ledger: Payload) -> list[Payload]:
    return rank(_said(ledger), ledger["figures"])


def _figure(ledger: Payload, id: str) -> Value:
    figure = ledger["figures"].get(id, {"value": None, "unit": "text"})
    return Value(figure["value"], figure["unit"], id)


def _message(told: Payload) -> Value:
    """A message of the ledger, to stand in another sentence."""
    return Value(told, "message")
