"""What notebook 2 says of the client's own groups: who, how much, who came and went, how few."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Note
from segkit.language import Message, Value, listed, say, say_n
from segkit.segments.groups.micro import FEWEST
from segkit.segments.page import exhibit, figure, money, part

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

_HEADS: dict[str, tuple[Message, str]] = {
    "can_say": (say("What can be said"), "message"),
    "customers": (say("Customers"), "customers"),
    "each": (say("Each customer's net revenue"), "message"),
    "entered": (say("Entered"), "customers"),
    "high": (say("Median at most"), "money"),
    "in_words": (say("Rule"), "message"),
    "left": (say("Left"), "customers"),
    "low": (say("Median at least"), "money"),
    "median": (say("Median customer"), "money"),
    "money": (say("Net revenue"), "money"),
    "move": (say("What happened"), "message"),
    "name": (say("Group"), "message"),
    "share": (say("Share of net revenue"), "share"),
    "who": (say("Customer"), "text"),
}
_MOVED = {"entered": say("entered"), "left": say("left")}
_SOURCE = ("memberships", "customers", "order_lines")
_exhibit = partial(exhibit, heads=_HEADS, sources=_SOURCE)


def holds_much(customers: int, share: float) -> bool:
    """Whether a group is worth a title: some customers, and a hundredth of the money."""
    return customers >= FEWEST and share >= 0.01


def is_led(values: Sequence[int]) -> bool:
    """Whether one of several customers holds most of what they bring in together."""
    return len(values) > 1 and 2 * max(values) > sum(values) > 0


def groups(book: Workbook) -> None:
    """The client's own groups: the rule, the customers, the money, who entered and who left."""
    defined = book.table("group_definitions")
    if defined.empty:
        book.show(
            Note(
                say(
                    "No segment rules were agreed, so there are no groups beside the segments. "
                    "Rules stand in the engagement file under {key}.",
                    key="[[segment_rules]]",
                ),
                "missing",
            )
        )
        return
    total = int(book.table("behaviour")["net_revenue"].sum())
    told = [_recorded(book, one, total) for one in defined.to_dict("records")]
    frame = defined.assign(
        money=book.money(defined["net_revenue"]),
        share=[float(one["share"].value) for one in told],
        **{move: _moved(book, defined, move) for move in _MOVED},
    )
    frame = frame.sort_values(["money", "group_id"], ascending=[False, True], ignore_index=True)
    top = frame.iloc[0]
    said = next(one for one in told if one["id"] == top["group_id"])
    book.show(
        _exhibit(
            book, "groups", (
                say("“{name}” is the agreed group with the most money: {customers} customers, "
                    "{share} of net revenue",
                    name=Value(top["name"], "message"), customers=said["customers"],
                    share=said["share"]),
                holds_much(int(top["customers"]), float(top["share"])),
                say("None of the agreed groups holds much money"),
            ),
            say("Customers and net revenue of each agreed group, {window}; moves within a month",
                window=book.window_text),
            frame, "name in_words customers money share entered left",
            n=len(book.table("customers")), rows_shown=50,
            reading=say(
                "A customer can be in several groups or in none, so the rows do not add up. All "
                "customers are asked, also those who never ordered. Entered and left: the same "
                "rule asked for the day a month earlier, of the same records."
            ),
        )
    )  # fmt: skip
    _remarks(book, defined)


def _recorded(book: Workbook, one: dict[Any, Any], total: int) -> dict[str, Any]:
    """A group's figures in the ledger."""
    id = one["group_id"]
    more = {"source": _SOURCE, "n": one["customers"]}
    worth = money(book, f"groups.{id}.net_revenue", one["net_revenue"], **more)
    count = figure(book, f"groups.{id}.customers", one["customers"], "customers", source=_SOURCE)
    share = part(book, f"groups.{id}.share", one["net_revenue"], total, **more)
    return {"id": id, "customers": count, "net_revenue": worth, "share": share}


def _moved(book: Workbook, defined: pd.DataFrame, move: str) -> Any:
    """How many entered or left each group; unknown for a rule that can't be asked of a past day."""
    moves = book.table("group_moves")
    counts = moves[moves["move"] == move].groupby("group_id").size()
    return defined["group_id"].map(counts).fillna(0).where(defined["is_dated"])


def _remarks(book: Workbook, defined: pd.DataFrame) -> None:
    """What has to be known beside the table of groups."""
    for one in defined.to_dict("records"):
        if one["unseen"].text:
            said = say("{name}: {what}", name=Value(one["name"], "message"), what=one["unseen"])
            book.show(Note(said, "warning"))
    undated = defined[~defined["is_dated"]]
    if len(undated):
        book.show(
            Note(
                say(
                    "These rules use measures that are made for the as-of day alone, so who "
                    "entered and left is told beside an earlier report only: {names}.",
                    names=listed(undated["name"]),
                )
            )
        )


def group_moves(book: Workbook) -> None:
    """Who entered and who left a group within the last month, the largest first."""
    moves = book.table("group_moves")
    defined = book.table("group_definitions")
    if not defined["is_dated"].any():
        return
    counts = {
        move: figure(
            book, f"groups.{move}", int((moves["move"] == move).sum()), "count", source=_SOURCE
        )
        for move in _MOVED
    }
    names = book.table("customers").set_index("customer_id")["name"]
    revenue = book.table("behaviour").set_index("customer_id")["net_revenue"]
    frame = _listed_moves(
        moves, names, book.money(moves["customer_id"].map(revenue).fillna(0)),
        defined.set_index("group_id")["name"],
    )  # fmt: skip
    book.show(
        _exhibit(
            book, "group_moves", (
                say(
                    "Entries into agreed groups within a month: {entered}; exits: {left}", **counts
                ),
                len(moves) > 0,
                say("Nobody entered or left an agreed group within a month"),
            ),
            say("Who entered or left an agreed group since a month before, by net revenue, "
                "{window}", window=book.window_text),
            frame, "who name move money", n=len(names), rows_shown=20,
            reading=say("The largest first; the workbook lists the first five hundred."),
        )
    )  # fmt: skip


def _listed_moves(
    moves: pd.DataFrame, names: pd.Series[str], worth: Any, called: pd.Series[Any]
) -> pd.DataFrame:
    """One row per move, the largest customer first."""
    made = moves.assign(
        who=moves["customer_id"].map(names).fillna(moves["customer_id"]),
        money=worth,
        name=moves["group_id"].map(called).astype(object),
    )
    made = made.sort_values(["money", "customer_id", "group_id"], ascending=[False, True, True])
    return made.assign(move=made["move"].map(_MOVED).astype(object)).head(500)


def micro_segments(book: Workbook) -> None:
    """Where segments meet groups and product profiles, with what can be said of so few."""
    found = book.table("micro_segments")
    if found.empty:
        book.show(Note(say("Segments meet neither groups nor product categories here."), "missing"))
        return
    few = found[found["customers"] < FEWEST]
    count = figure(book, "micro.count", len(found), "segments", source=("micro_segments",))
    small = figure(book, "micro.small", len(few), "segments", source=("micro_segments",))
    frame = found.assign(
        money=book.money(found["net_revenue"]),
        **{name: book.money(found[name].astype("Float64")) for name in ("median", "low", "high")},
    )
    frame = frame.sort_values(["money", "micro_id"], ascending=[False, True], ignore_index=True)
    book.show(
        _exhibit(
            book, "micro_segments", (
                say_n("Of {all} micro-segments {n} is too small for an average: kept as "
                      "single cases",
                      "Of {all} micro-segments {n} are too small for an average: kept as "
                      "single cases", small, all=count),
                len(few) > 0,
                say("All {all} micro-segments are large enough for an average", all=count),
            ),
            say("Net revenue where a segment meets an agreed group or a product category, {window}",
                window=book.window_text),
            frame, "name customers money median low high can_say",
            sources=("micro_segments",), n=len(book.table("segments")), rows_shown=15,
            reading=say(
                "The median customer lies between the two values 19 times in 20. A customer is in "
                "one micro-segment for each of its groups, and in one for what it mostly buys. The "
                "workbook lists all of them, the small ones too."
            ),
        )
    )  # fmt: skip
    _single_cases(book, few)


def _single_cases(book: Workbook, few: pd.DataFrame) -> None:
    """The micro-segments that are too small for an average, with each customer's own value."""
    if few.empty:
        return
    import numpy as np

    own = book.table("segments")[["customer_id", "segment_id"]]
    own = own.merge(book.table("behaviour")[["customer_id", "net_revenue"]], on="customer_id")
    met = own.merge(book.table("memberships"), on="customer_id")
    values = met.sort_values(["net_revenue", "customer_id"], ascending=[False, True]).groupby(
        ["segment_id", "group_id"]
    )["net_revenue"]
    points = {key: own.tolist() for key, own in values}
    cases = few[few["kind"] == "group"].sort_values("micro_id", ignore_index=True)
    if cases.empty:
        return
    own_values = [points[key] for key in zip(cases["segment_id"], cases["with_id"], strict=True)]
    told = [
        say("{values}", values=listed(Value(book.money(one), book.currency) for one in values))
        for values in own_values
    ]
    led = sum(is_led(values) for values in own_values)
    cases = cases.assign(each=np.array(told, dtype=object))
    book.show(
        _exhibit(
            book, "single_cases", (
                say_n("In {n} of {all} single-case micro-segments one customer alone holds most of "
                      "the money",
                      "In {n} of {all} single-case micro-segments one customer alone holds most of "
                      "the money", led, all=len(cases)),
                led > 0,
                say("No single-case micro-segment hangs on one customer"),
            ),
            say("Net revenue of each customer where fewer than {fewest} meet, {window}",
                fewest=FEWEST, window=book.window_text),
            cases, "name customers each", sources=("micro_segments", "memberships"),
            n=int(cases["customers"].sum()), rows_shown=12,
            reading=say("No average of so few: it would say more of chance than of them."),
        )
    )  # fmt: skip
