"""What a notebook shows: findings, exhibits and notes, as data that is drawn at export."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from segkit.language import Message, Value, render, say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.evidence import Grade

MIME = "application/vnd.segkit.exhibit+json"
ChartKind = Literal[
    "bars",  # sorted horizontal bars: `y` labels, `x` values
    "lines",  # `x` dates or numbers, `y` values, one line a `series`
    "curve",  # cumulative curve: `x` and `y` from 0, a reference line at `reference`
    "points",  # scatter: `x`, `y`, `label` for the few named; a band from `low` to `high` over `x`
    "heat",  # `y` rows, `x` columns, `value` cells, or `label` in two lines; `accent` colours cells
    "flow",  # bands from `y` on the left to `x` on the right, `value` wide
    "intervals",  # one dot with its range a row: `y` labels, `x` values, `low`, `high`
    "stacked",  # horizontal stacked bars: `y`, `x` values, `series`; grey without `accent`
    "steps",  # waterfall: `y` labels, `x` changes, `total` marks the sums
]


@dataclass(frozen=True)
class Column:
    """How one column of an exhibit's data is headed and written.

    Attributes
    ----------
    like
        Columns with the same word here are written on one scale, to be compared along a row.
    """

    name: str
    label: Message
    unit: str = "text"
    digits: int | None = None
    like: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The column as it travels in a notebook."""
        return {
            "name": self.name,
            "label": self.label.as_json(),
            "unit": self.unit,
            "digits": self.digits,
            **({"like": self.like} if self.like else {}),
        }


@dataclass(frozen=True)
class Chart:
    """A drawing recipe: which columns are drawn as what.

    Attributes
    ----------
    accent
        Boolean column: the rows whom the title is about.
    total
        Boolean column: the rows of a waterfall that are sums.
    """

    kind: ChartKind
    x: str
    y: str
    series: str | None = None
    value: str | None = None
    low: str | None = None
    high: str | None = None
    accent: str | None = None
    total: str | None = None
    label: str | None = None
    reference: float | None = None
    reference_label: Message | None = None
    log_x: bool = False
    log_y: bool = False
    x_label: Message | None = None
    y_label: Message | None = None


@dataclass(frozen=True)
class Finding:
    """A claim that is checked against this client's numbers.

    Attributes
    ----------
    holds
        Whether `claim` is true of this client; where it isn't, `otherwise` is said instead,
        and without one the finding is withheld and listed in the appendix.
    money
        Id of the figure that is the money at stake in the window; it ranks the finding.
    figures
        Ids of the figures the finding rests on; those in its sentences are added.
    """

    id: str
    claim: Message
    holds: bool
    so_what: Message
    otherwise: Message | None = None
    otherwise_so_what: Message | None = None
    figures: tuple[str, ...] = ()
    money: str | None = None
    action: Message | None = None
    owner: Message | None = None
    grade: Grade = "R"

    @property
    def said(self) -> Message | None:
        """What may be said of this client; None where the finding is withheld."""
        return self.claim if self.holds else self.otherwise

    @property
    def follows(self) -> Message | None:
        """What follows from what is said."""
        return self.so_what if self.holds else (self.otherwise_so_what or None)

    def as_json(self) -> dict[str, Any]:
        """The finding as it travels in a notebook and the ledger."""
        messages = [self.said, self.follows, self.action if self.holds else None]
        spoken = [id for message in messages if message for id in message.figures]
        return {
            "type": "finding",
            "id": self.id,
            "holds": self.holds,
            "is_withheld": self.said is None,
            "claim": _json(self.said or self.claim),
            "so_what": _json(self.follows),
            "figures": list(dict.fromkeys([*self.figures, *spoken])),
            "money": self.money if self.holds else None,
            "action": _json(self.action) if self.holds else None,
            "owner": _json(self.owner) if self.holds else None,
            "grade": self.grade,
        }


@dataclass(frozen=True)
class Exhibit:
    """One idea as a chart or a table, with its data.

    Attributes
    ----------
    title, otherwise
        The finding as a title when `holds`, and the title when it does not.
    subtitle
        Measure, scope, period.
    data, columns
        What is drawn and what the workbook's sheet holds; money in currency, not minor units.
    chart
        How it is drawn; without one it is a table.
    reading
        How to read it and what we would do.
    layout
        Without a chart: a table, or a card for each row, headed by its first column.
    in_workbook
        Further columns of the workbook's sheet, too long for a page.
    """

    id: str
    title: Message
    holds: bool
    otherwise: Message
    subtitle: Message
    data: pd.DataFrame
    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    as_of: date
    chart: Chart | None = None
    reading: Message | None = None
    alt: Message | None = None
    n: int | None = None
    grade: Grade = "R"
    number: str = ""
    rows_shown: int = 15
    in_workbook: tuple[Column, ...] = ()
    layout: Literal["table", "cards"] = "table"

    def as_json(self) -> dict[str, Any]:
        """The exhibit as it travels in a notebook: its data and its drawing recipe."""
        names = [column.name for column in (*self.columns, *self.in_workbook)]
        missing = [name for name in names if name not in self.data.columns]
        if missing:
            raise KeyError(f"exhibit {self.id} has no column {missing[0]}")
        drawn = [
            name
            for name in _chart_columns(self.chart)
            if name in self.data.columns and name not in names
        ]
        return {
            "type": "exhibit",
            "id": self.id,
            "number": self.number,
            "title": _json(self.title if self.holds else self.otherwise),
            "subtitle": _json(self.subtitle),
            "columns": [column.as_json() for column in self.columns],
            "in_workbook": [column.as_json() for column in self.in_workbook],
            "data": {name: _plain(self.data[name]) for name in [*names, *drawn]},
            "chart": _chart_json(self.chart),
            "reading": _json(self.reading),
            "alt": _json(self.alt or self.title if self.holds else self.otherwise),
            "sources": list(self.sources),
            "as_of": self.as_of.isoformat(),
            "n": self.n,
            "grade": self.grade,
            "rows_shown": self.rows_shown,
            **({"layout": self.layout} if self.layout != "table" else {}),
        }


@dataclass(frozen=True)
class Answer:
    """The answer to the notebook's question: what, what follows, how sure."""

    sentences: tuple[Message, ...]

    def as_json(self) -> dict[str, Any]:
        """The answer as it travels in a notebook."""
        return {"type": "answer", "sentences": [one.as_json() for one in self.sentences]}


@dataclass(frozen=True)
class Tiles:
    """A row of headline figures, each with a few words."""

    tiles: tuple[tuple[Message, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The tiles as they travel in a notebook."""
        from segkit.language import as_value

        return {
            "type": "tiles",
            "tiles": [
                {
                    "label": label.as_json(),
                    "value": as_value(value).as_json(),
                    "grade": getattr(value, "grade", None),
                }
                for label, value in self.tiles
            ],
        }


@dataclass(frozen=True)
class Note:
    """A sentence beside the findings: a caveat, a warning, or what is missing and would add."""

    text: Message
    kind: Literal["note", "warning", "missing"] = "note"

    def as_json(self) -> dict[str, Any]:
        """The note as it travels in a notebook."""
        return {"type": "note", "kind": self.kind, "text": self.text.as_json()}


@dataclass(frozen=True)
class Told:
    """An item of another notebook, shown again as it was told there."""

    payload: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The item as it travelled, marked so that the ledger holds it once."""
        return {**self.payload, "again": True}


Item = Finding | Exhibit | Answer | Tiles | Note | Told


def plain_text(payload: Mapping[str, Any], language: str = "en") -> str:
    """A payload as the terminal shows it."""
    match payload["type"]:
        case "finding":
            said = render(payload["claim"], language)
            return (
                "" if payload["is_withheld"] else f"{said} {render(payload['so_what'], language)}"
            )
        case "exhibit":
            headed = say(
                "Exhibit {number}: {title}",
                number=payload["number"],
                title=Value(payload["title"], "message"),
            )
            return headed.in_language(language)
        case "answer":
            return " ".join(render(one, language) for one in payload["sentences"])
        case "tiles":
            return "; ".join(render(tile["label"], language) for tile in payload["tiles"])
        case _:
            return render(payload["text"], language)


def _json(message: Message | None) -> dict[str, Any] | None:
    return message.as_json() if message is not None else None


def _chart_columns(chart: Chart | None) -> list[str]:
    if chart is None:
        return []
    fields = ("x", "y", "series", "value", "low", "high", "accent", "total", "label")
    return list(dict.fromkeys(name for key in fields if (name := getattr(chart, key))))


def _chart_json(chart: Chart | None) -> dict[str, Any] | None:
    if chart is None:
        return None
    given = {key: getattr(chart, key) for key in chart.__dataclass_fields__}
    return {key: _json(v) if isinstance(v, Message) else v for key, v in given.items()}


def _plain(column: pd.Series[Any]) -> list[Any]:
    """The column as JSON can carry it: not-a-number and infinity are null."""
    return [_plain_value(value) for value in column.tolist()]


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, dict)):
        return value
    if isinstance(value, Message):
        return value.as_json()
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()[:10]
    number = float(value) if not hasattr(value, "item") else value.item()
    return number if not isinstance(number, float) or math.isfinite(number) else None
