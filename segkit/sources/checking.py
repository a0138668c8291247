"""What `segkit check` says about a client's files before anything is computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from segkit.engagement import Engagement
from segkit.language import Message, say, say_n
from segkit.store import Store

_LATE_AFTER_DAYS = 45


@dataclass(frozen=True)
class CheckedTable:
    """One contract table as it was read.

    Attributes
    ----------
    reasons
        Why rows were set aside: kind, rows, one reason in full; most frequent first.
    repairs
        Values repaired or left empty: column, rule, rows, example, what it became.
    """

    name: str
    files: tuple[str, ...]
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    reasons: tuple[tuple[str, int, str], ...]
    repairs: tuple[tuple[str, str, int, str | None, str | None], ...]


@dataclass(frozen=True)
class Checked:
    """All tables that the client gave, and what should be asked about them."""

    tables: tuple[CheckedTable, ...]
    warnings: tuple[Message, ...]


def check(engagement: Engagement, store: Store) -> Checked:
    """Read every table of the engagement.

    Raises
    ------
    SegkitError
        If a file is not what the engagement says it is.
    """
    tables = tuple(_checked(store, name) for name in engagement.sources)
    days = store.frame("order_lines")["order_date"].dt.date
    late = freshness(max(day for day in days if day <= engagement.as_of), engagement.as_of)
    warnings = *((late,) if late else ()), *overruled(store), *engagement.not_yet
    return Checked(tables, warnings)


def overruled(store: Store) -> list[Message]:
    """A sentence for each assumption of the client's sheet that the engagement file overrules."""
    if "assumptions" not in store.engagement.sources:
        return []
    agreed = {one.id: one for one in store.engagement.assumptions}
    return [
        say(
            "Assumption “{id}”: {theirs} in the client's sheet and {ours} in the engagement file, "
            "which counts.",
            id=row.id,
            theirs=row.value,
            ours=agreed[str(row.id)].value,
        )
        for row in store.frame("assumptions").itertuples()
        if str(row.id) in agreed and agreed[str(row.id)].value != row.value
    ]


def freshness(last_order: date, as_of: date) -> Message | None:
    """A whole sentence if the last order is more than 45 days before `as_of`.

    Examples
    --------
    >>> str(freshness(date(2026, 1, 12), date(2026, 3, 31)))  # doctest: +ELLIPSIS
    'The last order is of 12 January 2026, 78 days before the as-of date: the extract may end ...'
    >>> freshness(date(2026, 2, 14), date(2026, 3, 31))
    """
    days = (as_of - last_order).days
    if days <= _LATE_AFTER_DAYS:
        return None
    return say_n(
        "The last order is of {day}, {n} day before the as-of date: the extract may end early.",
        "The last order is of {day}, {n} days before the as-of date: the extract may end early.",
        days,
        day=last_order,
    )


def _checked(store: Store, name: str) -> CheckedTable:
    counts = store.frame(f"{name}_counts")
    aside = store.frame(f"{name}_quarantine")
    repairs = store.frame(f"{name}_repairs")
    reasons = aside.groupby("reason_kind")["reason"].agg(["size", "min"]).reset_index()
    reasons = reasons.sort_values(["size", "reason_kind"], ascending=[False, True])
    return CheckedTable(
        name,
        tuple(counts["file"]),
        int(counts["rows_read"].sum()),
        int(counts["rows_accepted"].sum()),
        int(counts["rows_quarantined"].sum()),
        _rows(reasons),
        _rows(repairs.astype(object).where(repairs.notna(), None)),
    )


def _rows(frame: Any) -> tuple[Any, ...]:
    return tuple(frame.itertuples(index=False, name=None))
