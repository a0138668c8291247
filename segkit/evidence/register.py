"""The assumption register: what is judged and not counted, by default or as agreed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from segkit.engagement import Assumption, Engagement, identifier
from segkit.language import Message, client_word

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Assumed:
    """One row of the register.

    Attributes
    ----------
    text
        The assumption as a plain sentence.
    low, high
        The range it could lie in.
    unit
        ``share``, ``times``, or a plural noun.
    is_asked
        Whether an engagement may agree another value; the others are part of the method.
    table
        Without this table nothing rests on it.
    source
        Where the value comes from; None where nobody agreed it, empty where the client's sheet
        does not say.
    """

    id: str
    text: Message
    value: float
    low: float
    high: float
    unit: str
    is_asked: bool = False
    table: str = "order_lines"
    source: str | None = None
    owner: str | None = None
    day: date | None = None


_DEFAULTS: dict[str, Assumed] = {}


def judged(
    id: str,
    value: N,
    low: float,
    high: float,
    unit: str,
    text: Message,
    *,
    is_asked: bool = False,
    table: str = "order_lines",
) -> N:
    """`value`, once it stands in the register: the only way a judged number enters the code.

    Parameters
    ----------
    id
        ``stage.what``; without a stage where an engagement may agree it.
    low, high
        The range that we find defensible where nobody agreed one.
    """
    row = Assumed(id, text, value, low, high, unit, is_asked, table)
    if _DEFAULTS.setdefault(id, row) != row:
        raise ValueError(f"two assumptions are called {id}")
    return value


def assumed(engagement: Engagement, id: str) -> Assumed:
    """The row of `id` as it holds in this engagement.

    A range that was not agreed is the default's, in proportion to the agreed value.
    """
    row = _DEFAULTS[id]
    one = {agreed.id: agreed for agreed in engagement.assumptions}.get(id)
    if one is None or not row.is_asked:
        return row
    value, times = float(one.value), float(one.value) / row.value
    return Assumed(
        id,
        client_word(one.text, engagement.own_words) if one.text else row.text,
        value,
        float(one.low) if one.low is not None else row.low * times,
        float(one.high) if one.high is not None else row.high * times,
        row.unit, row.is_asked, row.table, one.source, one.owner, one.date,
    )  # fmt: skip


def agreed_range(engagement: Engagement, id: str) -> tuple[float, float, float]:
    """Value, low and high of an assumption as it holds in this engagement."""
    row = assumed(engagement, id)
    return row.value, row.low, row.high


def register(engagement: Engagement) -> list[Assumed]:
    """Every row, those an engagement may agree first, then by id."""
    rows = [assumed(engagement, id) for id in sorted(_DEFAULTS)]
    return sorted(rows, key=lambda row: not row.is_asked)


def unused(engagement: Engagement) -> list[str]:
    """What was agreed and no number here depends on."""
    asked = {row.id for row in _DEFAULTS.values() if row.is_asked}
    return [one.id for one in engagement.assumptions if one.id not in asked]


def joined(
    agreed: Iterable[Assumption], sheet: Iterable[Mapping[Any, Any]]
) -> tuple[Assumption, ...]:
    """The assumptions of the engagement file and of the client's sheet; the file's count first."""
    ours = {one.id: one for one in agreed}
    theirs = [Assumption.model_validate(_told(row)) for row in sheet]
    return (*ours.values(), *(one for one in theirs if one.id not in ours))


def _told(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of the client's sheet as the engagement file would say it."""
    fields = Assumption.model_fields
    told = {name: value for name, value in row.items() if name in fields and value == value}
    told = {name: value for name, value in told.items() if value is not None}
    if "date" in told:
        told["date"] = told["date"].date()
    return {"source": "", **told, "id": identifier(str(told["id"]))}
