"""What is said of segments over time: kept, aligned, moved between, and drifted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from segkit.exhibits import Chart, Column, Exhibit, Note
from segkit.language import Message, Value, say, say_n
from segkit.segments.features import feature
from segkit.segments.identity.moves import JITTER, MOVED, columns_in, compared
from segkit.segments.identity.scoring import rest_id, said
from segkit.segments.page import client_words

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from segkit.workbook import Figure, Workbook

_SHOWN = 20
_HEADS: dict[str, tuple[Message, str]] = {
    "both": (say("In both"), "customers"),
    "customers": (say("Customers"), "customers"),
    "found": (say("Found anew"), "message"),
    "from": (say("Segment then"), "message"),
    "high": (say("At most"), "share"),
    "jaccard": (say("Same customers (Jaccard)"), "number"),
    "jitter": (say("Of these over a border nearby"), "customers"),
    "line": (say("Noise line"), "number"),
    "low": (say("At least"), "share"),
    "old": (say("Frozen"), "message"),
    "psi": (say("Stability index"), "number"),
    "ratio": (say("Times the noise line"), "number"),
    "share": (say("Share of the segment then"), "share"),
    "to": (say("Segment now"), "message"),
    "verdict": (say("Verdict"), "message"),
    "what": (say("Measure"), "message"),
}


class TwoRuns(Protocol):
    """A run beside an earlier one."""

    @property
    def book(self) -> Workbook:
        """The later run's workbook."""

    @property
    def as_of(self) -> date:
        """The day that the earlier run looked back from."""

    def has(self, name: str) -> bool:
        """Whether both runs have a table."""

    def query(self, sql: str, *names: str) -> pd.DataFrame:
        """One SELECT over ``name`` and ``then_name``."""


@dataclass(frozen=True)
class _Told:
    """Where the same exhibits are shown: the ids' first part, and what they are held against."""

    book: Workbook
    prefix: str
    against: Message
    names: Mapping[str, Message]

    def figure(self, id: str, value: Any, unit: str, **more: Any) -> Figure:
        return self.book.figure(f"{self.prefix}.{id}", value, unit, **more)


def kept(book: Workbook) -> None:
    """Whether segments are the frozen ones, or found anew, and then how they match."""
    frozen, agreed = book.engagement.frozen, book.engagement
    if frozen is None:
        book.show(
            Note(
                say(
                    "These segments were found in this run and are not frozen: new data may give "
                    "others. Once agreed, they are kept by: {command}",
                    command="segkit freeze ENGAGEMENT",
                )
            )
        )
    elif agreed.segmentation.primary == "rules":
        book.show(Note(say("The client's own rules are asked anew in every run.")))
    elif agreed.rescored_by is None:
        _alignment(book)
    else:
        _rescored(book, frozen.as_of)


def _rescored(book: Workbook, frozen_on: date) -> None:
    assigned = book.table("segments")
    bases = [one if isinstance(one, str) else None for one in assigned["base"].tolist()]
    rest = [id == rest_id(one) for id, one in zip(assigned["segment_id"], bases, strict=True)]
    held = int((assigned["segment_id"] != assigned["rule_segment_id"]).sum())
    told = _told(book)
    n = len(assigned)
    unplaced = told.figure("unplaced", sum(rest), "customers", n=n, source=("segments",))
    waits = told.figure("held", held, "customers", n=n, source=("segments",))
    book.show(
        Note(
            say(
                "Segments are those frozen as of {day}: their rules were used as they are, and "
                "nothing was found anew.",
                day=frozen_on,
            )
        ),
        Note(
            say_n(
                "{n} customer is near a cut and stays where it was until its rule says otherwise "
                "at two month ends in a row.",
                "{n} customers are near a cut and stay where they were until their rule says "
                "otherwise at two month ends in a row.",
                waits,
            )
        ),
        Note(
            say_n(
                "{n} customer meets no frozen rule and is listed apart.",
                "{n} customers meet no frozen rule and are listed apart.",
                unplaced,
            )
        ),
    )


def _alignment(book: Workbook) -> None:
    """Which segments of a re-fit keep the id and the name of a frozen one."""
    made, told = book.table("segment_alignment"), _told(book)
    frozen = int(made["old_id"].notna().sum())
    stays = told.figure(
        "kept", int(made["is_kept"].sum()), "segments", n=frozen, source=("segment_alignment",)
    )
    verdict = {True: say("keeps id and name"), False: say("another segment")}
    none = say("–")
    # a new segment is called as it is called now; one that kept its id has the old name
    names = [
        told.names.get(old if is_kept else found, _new_name(told, found, book)) if found else none
        for old, found, is_kept in zip(
            made["old_id"].fillna(""), made["found_id"].fillna(""), made["is_kept"], strict=True
        )
    ]
    frame = made.assign(
        found=_messages(names),
        old=_messages([told.names.get(one, none) for one in made["old_id"].fillna("")]),
        verdict=_messages(
            [
                verdict[bool(is_kept)] if found else say("not found again")
                for found, is_kept in zip(made["found_id"].fillna(""), made["is_kept"], strict=True)
            ]
        ),
    )
    book.show(
        _exhibit(
            told, "alignment", (
                say_n("The re-fit finds the {n} frozen segment again",
                      "The re-fit finds all {n} frozen segments again", stays),
                stays.value == frozen and frozen > 0,
                say("Of {all} frozen segments the re-fit finds {kept} again", all=frozen,
                    kept=stays),
            ),
            say("Segments found anew beside those frozen, as both place today's customers"),
            frame, "found old customers both jaccard verdict", ("segment_alignment",),
            n=len(book.table("segments")), grade="C",
            reading=say(
                "Pairs share the most customers in all. Where they are mostly the same customers, "
                "the segment keeps its id and name; elsewhere it is another segment, and last "
                "period's figures of the old one are not its own."
            ),
        )
    )  # fmt: skip


def _new_name(told: _Told, found: str, book: Workbook) -> Message:
    return told.names.get(f"{found}_from_{book.engagement.as_of:%Y_%m}", Message(found))


def moves(book: Workbook) -> None:
    """Who would have been elsewhere a year ago by the same rules."""
    made = {name: book.table(name) for name in ("segment_moves", "segment_migration")}
    if made["segment_migration"].empty:
        book.show(
            Note(
                say(
                    "Moves between segments are not told: the records are too short, or the rules "
                    "cannot be applied to an earlier day."
                )
            )
        )
        return
    _moves(_told(book), made)
    book.show(
        Note(
            say(
                "What was known a year before covers fewer months, so a trend or a count of "
                "products differs more by chance than between two reports of equal windows."
            )
        )
    )


def drift(book: Workbook) -> None:
    """Whether the measures of the rules, and the sizes of the segments, drifted."""
    if len(made := book.table("segment_drift")):
        _drift(_told(book), made)


def moves_since(both: TwoRuns | None) -> None:
    """Moves and drift since the earlier run, by the rules of this one."""
    if both is None or not all(map(both.has, ("segments", "segment_definitions", "behaviour"))):
        return
    frames = {
        name: both.query(f"SELECT * FROM {name} ORDER BY customer_id", name.removeprefix("then_"))
        for name in ("behaviour", "segments", "then_behaviour", "then_segments")
    }
    rules = [
        both.query(f"SELECT segment_id, conditions FROM {name} ORDER BY 1", "segment_definitions")
        for name in ("segment_definitions", "then_segment_definitions")
    ]
    if set(rules[0].itertuples(index=False)) - set(rules[1].itertuples(index=False)):
        both.book.show(
            Note(
                say(
                    "The segments of both reports have different rules, so who moved cannot be "
                    "told from what the rules moved. Freeze the segments to keep them: {command}",
                    command="segkit freeze ENGAGEMENT",
                )
            )
        )
        return
    made = compared(
        frames["behaviour"], frames["segments"], frames["then_behaviour"],
        frames["then_segments"], columns_in(rules[0]),
    )  # fmt: skip
    told = _Told(
        both.book, "changes.segments", say("then: the report as of {day}", day=both.as_of),
        _names(both.book),
    )  # fmt: skip
    _moves(told, made)
    _drift(told, made["segment_drift"])


def _told(book: Workbook) -> _Told:
    against = say("then: the same rules a year before, or at half of shorter records")
    return _Told(book, "segments.time", against, _names(book))


def _names(book: Workbook) -> dict[str, Message]:
    """Segments by id: as they are called now, or were when frozen."""
    frozen = book.engagement.frozen
    known = {one.segment_id: said(one.name) for one in frozen.segments} if frozen else {}
    defined = book.table("segment_definitions")
    return {**known, **dict(zip(defined["segment_id"], defined["name"], strict=True))}


def _moves(told: _Told, made: Mapping[str, pd.DataFrame]) -> None:
    kinds = made["segment_moves"]["kind"].value_counts()
    both = made["segment_moves"].dropna(subset=["from_id", "to_id"])
    true, near = (
        told.figure(id, int(kinds.get(kind, 0)), "customers", n=len(both),
                    source=("segment_moves",), grade="C")
        for id, kind in (("moved", MOVED), ("jitter", JITTER))
    )  # fmt: skip
    table = made["segment_migration"]
    went = table[table["from_id"] != table["to_id"]]
    largest = (went["customers"] - went["jitter"]).idxmax() if len(went) else -1
    frame = table.assign(
        is_largest=table.index == largest,
        label=_messages(
            [
                say("{share} · {low}–{high}", share=Value(round(one[0], 2), "share", digits=0),
                    low=round(100 * one[1]), high=round(100 * one[2]))
                for one in table[["share", "low", "high"]].itertuples(index=False)
            ]
        ),
        **{
            side: _messages([told.names.get(one, Message(one)) for one in table[f"{side}_id"]])
            for side in ("from", "to")
        },
    )  # fmt: skip
    sources, n = ("segment_moves", "segment_migration"), len(both)
    titles = (
        say_n("{n} customer truly moved to another segment",
              "{n} customers truly moved to another segment", true),
        true.value > 0,
        say("No customer truly moved to another segment"),
    )  # fmt: skip
    told.book.show(
        _exhibit(
            told,
            "flow",
            titles,
            say("Customers of both periods by segment; {against}", against=told.against),
            frame,
            "from to customers jitter",
            sources,
            n=n,
            grade="C",
            rows_shown=_SHOWN,
            chart=Chart("flow", x="to", y="from", value="customers", accent="is_largest"),
            reading=say(
                "A band is as thick as the customers who went its way; the largest true move is "
                "marked. Besides, {jitter} changed segment over a border nearby: every measure of "
                "their rules changed by less than a tenth, or they lie close to a cut. Nobody "
                "should be served differently for that.",
                jitter=near,
            ),
        ),
        _matrix(told, frame, n, sources),
    )


def _matrix(told: _Told, frame: pd.DataFrame, n: int, sources: tuple[str, ...]) -> Exhibit:
    stays = frame.loc[frame["from_id"] == frame["to_id"], "customers"].sum()
    share = told.figure(
        "stayed", round(float(stays / n), 6), "share", n=n, source=sources, grade="C"
    )
    shown = frame.sort_values(["from_id", "to_id"], kind="stable", ignore_index=True)
    return _exhibit(
        told, "migration", (
            say("{share} of customers are in the segment they were in", share=share),
            float(share.value) >= 0.5,
            say("Only {share} of customers are in the segment they were in", share=share),
        ),
        say("Of those in each segment then (rows), the part in each now (columns), with its 95% "
            "interval in percent; {against}", against=told.against),
        shown, "from to customers share low high", sources, n=n, grade="C", rows_shown=_SHOWN,
        chart=Chart("heat", x="to", y="from", value="share", label="label"),
        reading=say(
            "Read along a row. Small segments have wide intervals: a share that looks large may "
            "be three customers. Who came or left since is in no row."
        ),
    )  # fmt: skip


def _drift(told: _Told, made: pd.DataFrame) -> None:
    if made.empty:
        return
    words = client_words(told.book)
    frame = made.assign(
        ratio=(made["psi"] / made["line"]).round(4),
        what=_messages(
            [
                say("sizes of the segments") if one == "segment_id" else feature(one, words).label
                for one in made["what"]
            ]
        ),
    ).sort_values("ratio", ascending=False, kind="stable", ignore_index=True)
    beyond = told.figure(
        "drifted", int(made["is_beyond"].sum()), "count", n=len(made),
        source=("segment_drift",), grade="C",
    )  # fmt: skip
    told.book.show(
        _exhibit(
            told, "drift", (
                say_n("{n} measure of the rules drifted beyond noise",
                      "{n} measures of the rules drifted beyond noise", beyond),
                beyond.value > 0,
                say("No measure of the rules drifted beyond noise"),
            ),
            say("Stability index as a multiple of its noise line; {against}", against=told.against),
            frame, "what psi line ratio", ("segment_drift",), n=len(made), grade="C",
            chart=Chart("bars", "ratio", "what", accent="is_beyond", reference=1.0,
                        reference_label=say("noise line")),
            reading=say(
                "Right of the line more customers lie elsewhere than chance allows. Then look at "
                "the data first; if customers did change, think of finding the segments anew."
            ),
        )
    )  # fmt: skip


def _messages(told: list[Message]) -> Any:
    import numpy as np

    made = np.empty(len(told), dtype=object)
    made[:] = told
    return made


def _exhibit(
    told: _Told,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    columns: str,
    sources: tuple[str, ...],
    **more: Any,
) -> Exhibit:
    claim, holds, otherwise = titles
    shown = tuple(Column(name, *_HEADS[name]) for name in columns.split())
    return Exhibit(
        f"{told.prefix}.{id}", claim, bool(holds), otherwise, subtitle, data, shown, sources,
        told.book.engagement.as_of, **more,
    )  # fmt: skip
