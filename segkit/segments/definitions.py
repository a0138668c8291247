"""What each measure of behaviour means: the last table of notebook 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.exhibits import Column, Exhibit
from segkit.language import Message, listed, say, term
from segkit.measures import UNITS, WINDOWS, Measure, present
from segkit.segments.page import figure

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

_COLUMNS = (
    Column("measure", say("Measure"), "message"),
    Column("definition", say("Definition"), "message"),
    Column("unit", say("Unit"), "message"),
    Column("window", say("Period"), "message"),
    Column("source", say("Source"), "message"),
    Column("known", say("Customers of whom it is known"), "share"),
)


def is_mostly_known(shares: pd.Series[float]) -> bool:
    """Whether no measure is known of less than half of the customers."""
    return bool((shares >= 0.5).all())


def each_measure(book: Workbook) -> None:
    """Every measure that these records allow, with its unit, period and source."""
    import pandas as pd

    behaviour = book.table("behaviour")
    data = pd.DataFrame([_row(book, one, behaviour) for one in present(map(str, behaviour))])
    said = {
        "n": figure(book, "measures", len(data), "count", source=("behaviour",)),
        "few": figure(
            book, "measures.seldom_known", int((data["known"] < 0.5).sum()), "count",
            source=("behaviour",), n=len(behaviour),
        ),
    }  # fmt: skip
    book.show(
        Exhibit(
            "segments.definitions",
            say("All {n} measures are known of at least half of the customers", **said),
            is_mostly_known(data["known"]),
            say("Known of less than half of the customers: {few} of {n} measures", **said),
            say(
                "Definition, unit, period and source of each measure; {customers} active customers",
                customers=len(behaviour),
            ),
            data,
            _COLUMNS,
            ("behaviour",),
            book.engagement.as_of,
            n=len(behaviour),
            rows_shown=len(data),
            reading=say(
                "The window: {window}. A measure that nothing is known of (no list prices, no "
                "promotions) forms no segment and no rule; further records would fill it.",
                window=book.window_text,
            ),
        )
    )


def _row(book: Workbook, one: Measure, behaviour: pd.DataFrame) -> dict[str, object]:
    """One measure; a family is known of whom any of its columns is."""
    start = one.column.removesuffix("*")
    own = [name for name in map(str, behaviour) if name.startswith(start)]
    columns = own if one.is_family else [one.column]
    unit = say("{value}", value=book.currency) if one.unit == "money" else UNITS[one.unit]
    return {
        "measure": one.label,
        "definition": one.definition,
        "unit": unit,
        "window": WINDOWS[one.window],
        "source": _tables(one),
        "known": float(behaviour[columns].notna().any(axis=1).mean()),
    }


def _tables(one: Measure) -> Message:
    return say("{value}", value=listed([term(name) for name in one.sources]))
