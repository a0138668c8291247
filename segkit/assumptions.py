"""What was judged and not counted, and how far the headline moves with each of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.evidence import Assumed, register, unused
from segkit.exhibits import Answer, Chart, Column, Exhibit, Finding, Note
from segkit.language import Message, Value, listed, say, say_n

if TYPE_CHECKING:
    from segkit.workbook import Figure, Workbook

#: Bars of the tornado.
SHOWN = 10
#: Below this share of the headline its range is not worth a warning.
MATTERS = 0.1
#: What is agreed in words, so that a number means the same on both sides of the table.
DEFINITIONS = (
    say("Net revenue is after discounts and returns, without VAT."),
    say("Gross margin is net revenue less product cost; lines without a cost are left out of it."),
    say("Cost to serve holds the pools that were given and no overhead beside them."),
    say("A visit is a contact of kind visit; travel is in its minutes."),
    say("A customer is active if it has an accepted order line in the window."),
)
UNITS = {
    "times": say("times"), "days": say("days"), "months": say("months"), "minutes": say("minutes"),
    "customers": say("customers"), "visits": say("visits"), "order days": say("order days"),
    "lines": say("order lines"), "deviations": say("standard deviations"),
    "hours": say("hours"), "points": say("points"), "orders": say("orders"),
    "periods": say("periods"),
}  # fmt: skip
#: Units that need no word: how the value is written tells them.
PLAIN = ("share", "number", "count")


def headline(book: Workbook) -> tuple[str, pd.DataFrame] | None:
    """The swings of what loss-making customers lose, or else of the target; none without either.

    Returns
    -------
    tuple
        The table's name, and its rows by the widest swing: at_value, at_low, at_high in currency.
    """
    for name in ("loss_swings", "target_swings"):
        table = book.table(name) if book.has(name) else pd.DataFrame()
        if len(table) and table["at_value"].iloc[0] > 0:
            ends = ["at_value", "at_low", "at_high"]
            table[ends] = book.money(table[ends])
            table["swing"] = (table["at_high"] - table["at_low"]).abs()
            return name, table.sort_values("swing", ascending=False, kind="stable")
    return None


def is_wide(value: float, low: float, high: float) -> bool:
    """Whether the headline moves by a tenth or more over the range of one assumption."""
    return max(abs(value - low), abs(high - value)) >= MATTERS * abs(value)


def answer(book: Workbook) -> None:
    """How many assumptions there are, and what the widest of them does to the headline."""
    rows = everything(book)
    agreed = sum(row.source is not None for row in rows)
    n = book.figure("assumptions.count", len(rows), "assumptions")
    sentences = [
        say_n(
            "{n} number here is judged, not counted. Agreed with you: {agreed}.",
            "{n} numbers here are judged, not counted. Agreed with you: {agreed}.",
            n, agreed=agreed,
        )
    ]  # fmt: skip
    found = headline(book)
    if found:
        sentences.append(say("{claim}.", claim=_claim(*_widest(book, *found))[0]))
    book.show(Answer(tuple(sentences)))


def everything(book: Workbook) -> list[Assumed]:
    """Every judged number that something rests on; to know them, all stages are loaded."""
    stages = {recipe.make.split(":")[0].split(".")[1] for recipe in book.store.recipes}
    for stage in sorted(stages - {"sources"}):
        module = import_module(f"segkit.{stage}")
        for inner in walk_packages(getattr(module, "__path__", ()), f"segkit.{stage}."):
            import_module(inner.name)
    return [row for row in register(book.engagement) if book.has(row.table)]


def _widest(
    book: Workbook, name: str, table: pd.DataFrame
) -> tuple[str, Message, dict[str, Figure]]:
    """The assumption that moves the headline most, and the headline at both of its ends."""
    row = table.iloc[0]
    low, high = sorted((row["at_low"], row["at_high"]))
    kept = {"value": row["at_value"], "low": min(low, row["at_value"]),
            "high": max(high, row["at_value"])}  # fmt: skip
    figures = {
        key: book.figure(
            f"assumptions.{name}.{key}", round(value, book.engagement.decimals), book.currency,
            grade="D", source=(name,),
        )
        for key, value in kept.items()
    }  # fmt: skip
    return name, row["text"], figures


def _claim(
    name: str, _: Message, figures: dict[str, Figure]
) -> tuple[Message, Message, Message, bool]:
    """What may be said of the headline, its range, its steadiness, and whether it is wide."""
    if name == "loss_swings":
        wide = say("Loss-making customers lose between {low} and {high}, depending on one "
                   "assumption", **figures)  # fmt: skip
        steady = say("What loss-making customers lose hardly depends on one assumption")
    else:
        wide = say("The target is between {low} and {high}, depending on one assumption",
                   **figures)  # fmt: skip
        steady = say("The target hardly depends on one assumption")
    holds = is_wide(*(float(figures[key].value) for key in ("value", "low", "high")))
    return wide if holds else steady, wide, steady, holds


def tornado(book: Workbook) -> None:
    """The headline at both ends of the assumptions that move it most, all else as it was."""
    found = headline(book)
    if found is None:
        book.show(Note(say("No amount here rests on an assumption that could be moved.")))
        return
    name, table = found
    _, text, figures = _widest(book, name, table)
    _, claim, steady, holds = _claim(name, text, figures)
    alone = table[table["id"].str.startswith("minutes.")]
    first = alone["text"].iloc[0].args["activity"] if len(alone) else None
    data = table[table["swing"] > 0].head(SHOWN).reset_index(drop=True)
    ends = data[["at_low", "at_high"]]
    data["low"], data["high"] = ends.min(axis=1), ends.max(axis=1)
    book.show(
        Finding(
            "assumptions.widest", claim, holds,
            say("It moves most with one assumption: “{assumption}”.", assumption=text),
            steady, say("The widest range moves it by less than a tenth."),
            action=say("Time one activity for a week, the one that moves it most: {activity}",
                       activity=first) if first else None,
            owner=say("head of operations") if first else None,
            grade="D",
        )
    )  # fmt: skip
    if data.empty:
        return
    book.show(
        Exhibit(
            "assumptions.tornado", claim, holds, steady,
            _subtitle(name), data,
            (
                Column("text", say("Assumption")),
                Column("at_low", say("At the low end"), book.currency),
                Column("at_value", say("As assumed"), book.currency),
                Column("at_high", say("At the high end"), book.currency),
                Column("swing", say("Swing"), book.currency),
            ),
            (name,), book.engagement.as_of,
            Chart("intervals", x="at_value", y="text", low="low", high="high",
                  reference=float(figures["value"].value), reference_label=say("as assumed")),
            say(
                "Each row moves one assumption over its range and recomputes the amount; all else "
                "stays. The rows of single activities are part of the row of all."
            )
            if first
            else say(
                "Each row moves one assumption over its range and recomputes the amount; all else "
                "stays."
            ),
            grade="D",
        )
    )  # fmt: skip


def _subtitle(name: str) -> Message:
    if name == "loss_swings":
        return say("What customers with a negative contribution lose, over the costed months")
    return say("Base forecast and gap of all segments, over the months of the target")


def every_row(book: Workbook) -> None:
    """The register: what can be agreed, then the rules of the method and the definitions."""
    found = headline(book)
    swings = found[1].set_index("id") if found else pd.DataFrame(columns=["swing", "text"])
    rows = everything(book)
    alone = swings[swings.index.str.startswith("minutes.")].reset_index().to_dict("records")
    _show_agreed(
        book,
        [_row(one, swings) for one in rows if one.is_asked] + [_measured(one) for one in alone],
        sum(one.is_asked and one.source is None for one in rows),
    )
    _show_rules(book, [one for one in rows if not one.is_asked])
    if left := unused(book.engagement):
        book.show(Note(say("Agreed, and used by nothing here yet: {ids}.", ids=listed(left))))


def _show_agreed(book: Workbook, rows: list[dict[str, Any]], ours: int) -> None:
    title = say_n("{n} number that can be agreed is our default",
                  "{n} numbers that can be agreed are our defaults", ours)  # fmt: skip
    data = _as_data(rows, (*_RANGE, "swing", "source", "owner", "day"))
    book.show(
        Exhibit(
            "assumptions.register", title, ours > 0, say("Every assumption was agreed"),
            say("Value, range, swing of the headline, and who stands behind it"), data,
            (
                *_RANGE.values(), Column("swing", say("Swing"), book.currency),
                Column("source", say("Source")),
                *(one for one in _AGREED if data[one.name].notna().any()),
            ),
            ("assumptions" if book.has("assumptions") else "engagement_file",),
            book.engagement.as_of,
            reading=say("A dash for the swing: the headline does not rest on this assumption."),
            grade="D", rows_shown=len(data),
        )
    )  # fmt: skip


def _show_rules(book: Workbook, rules: list[Assumed]) -> None:
    n = len(rules) + len(DEFINITIONS)
    title = say_n("{n} rule of the method decides what is told",
                  "{n} rules of the method decide what is told", n)  # fmt: skip
    rows = [{"text": one.text, **_range(one.value, one.low, one.high, one.unit)} for one in rules]
    rows += [{"text": text} for text in DEFINITIONS]
    book.show(
        Exhibit(
            "assumptions.rules", title, n > 0, title,
            say("Value, and the range we find defensible; then what is agreed in words"),
            _as_data(rows, _RANGE), (*_RANGE.values(),), ("engagement_file",),
            book.engagement.as_of,
            reading=say(
                "Rules decide what is told and how customers are grouped. They are not moved here."
            ),
            grade="D", rows_shown=n,
        )
    )  # fmt: skip


def _as_data(rows: list[dict[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    data = pd.DataFrame(rows, columns=[*columns]).astype(object)
    return data.where(data.notna(), None)


_RANGE = {
    "text": Column("text", say("Assumption")), "value": Column("value", say("Value")),
    "low": Column("low", say("Low")), "high": Column("high", say("High")),
    "unit": Column("unit", say("Unit")),
}  # fmt: skip
_DEFAULT = say("our default")
_AGREED = (Column("owner", say("Owner")), Column("day", say("Agreed on"), "date"))


def _row(one: Assumed, swings: pd.DataFrame) -> dict[str, Any]:
    """One assumption as the register shows it."""
    swing = float(swings["swing"].get(one.id, float("nan")))
    source: Any = _DEFAULT if one.source is None else one.source or say("the client's sheet")
    return {
        "text": one.text, **_range(one.value, one.low, one.high, one.unit), "swing": swing,
        "source": source, "owner": one.owner, "day": one.day,
    }  # fmt: skip


def _measured(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The minutes of one activity, which the client gave."""
    return {
        "text": row["text"], **_range(row["value"], row["low"], row["high"], row["unit"]),
        "swing": row["swing"], "source": say("the client's activities"),
    }  # fmt: skip


def _range(value: float, low: float, high: float, unit: str) -> dict[str, Any]:
    kind = "share" if unit == "share" else "number"
    edges = {"value": value, "low": low, "high": high}
    fine = 2 if kind == "number" and any(one % 1 for one in edges.values()) else None
    cells = {
        name: say("{value}", value=Value(round(one, 6), kind, digits=fine))
        for name, one in edges.items()
    }
    return {**cells, "unit": None if unit in PLAIN else UNITS[unit]}
