"""What the client's people say, beside what the records show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.audit.page import exhibit
from segkit.evidence import judged
from segkit.exhibits import Finding
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    from segkit.workbook import Figure, Workbook

DIFFERS = judged(
    "audit.said_differs", 0.1, 0.05, 0.2, "share",
    say("An answer differs from the records when it is so far off what they show."),
    table="interviews",
)  # fmt: skip
_SOLD = "FROM order_lines WHERE period = 'in_window'"
#: By the name on the data request: unit, table, and SQL of a sum and what it is divided by.
_RECORDED = {
    "active_customers": (
        "customers", "order_lines", f"SELECT count(DISTINCT customer_id) AS a, 1 AS b {_SOLD}",
    ),
    "top_ten_share": (
        "share", "order_lines",
        "SELECT coalesce(sum(r) FILTER (place <= 10), 0) AS a, sum(r) AS b FROM "
        "(SELECT sum(net_amount) AS r, row_number() OVER (ORDER BY sum(net_amount) DESC, "
        f"customer_id) AS place {_SOLD} AND customer_id IS NOT NULL GROUP BY customer_id)",
    ),
    "discount_share": (
        "share", "order_lines",
        f"SELECT sum(list_amount - net_amount) AS a, sum(list_amount) AS b {_SOLD} "
        "AND list_amount > 0 AND quantity > 0 AND net_amount >= 0",
    ),
    "return_share": (
        "share", "order_lines",
        "SELECT coalesce(-sum(net_amount) FILTER (quantity < 0 OR net_amount < 0), 0) AS a, "
        f"sum(net_amount) FILTER (quantity >= 0 AND net_amount >= 0) AS b {_SOLD}",
    ),
    "lines_per_order": (
        "order lines", "order_lines",
        f"SELECT count(*) AS a, count(DISTINCT order_id) AS b {_SOLD} "
        "AND quantity >= 0 AND net_amount >= 0",
    ),
    "visits_a_month": (
        "visits", "visits",
        "SELECT count(*) AS a, {months} AS b FROM visits WHERE kind = 'visit' "
        "AND visit_date > DATE '{start}' AND visit_date <= DATE '{end}'",
    ),
}  # fmt: skip


def number_said(answer: str, unit: str) -> float | None:
    """The number that an answer is, if it can be read in one way.

    A share may be written in percent; a spreadsheet's percentage arrives as a part of one.

    Examples
    --------
    >>> number_said("1 250", "customers"), number_said("12,5 %", "share")
    (1250.0, 0.125)
    >>> number_said("about 300", "customers"), number_said("1.250", "customers")
    (None, None)
    """
    plain = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3}\b)", "", answer.strip())
    found = re.fullmatch(r"(\d+)(?:[.,](\d+))?\s*(%?)", plain)
    if not found or (len(found[2] or "") == 3 and found[1] != "0" and not found[3]):
        return None
    value = float(f"{found[1]}.{found[2] or 0}")
    is_percent = bool(found[3]) or (unit == "share" and value > 1)
    return value / 100 if is_percent else value


def gap(said: float, recorded: float) -> float:
    """How far what was said is off what is recorded, as a share of the latter."""
    return abs(said - recorded) / abs(recorded) if recorded else float(said != recorded)


def interviews(book: Workbook) -> None:
    """Every answer; where the records show the same, both side by side and the widest gap told."""
    if not book.has("interviews"):
        book.without("interviews")
        return
    rows = [_row(book, one) for one in book.table("interviews").to_dict("records")]
    compared = [row for row in rows if row["gap"] is not None]
    apart = sorted((row for row in compared if row["gap"] >= DIFFERS), key=lambda row: -row["gap"])
    if compared:
        book.show(_widest(apart, compared))
    title = say_n("{n} answer differs from what the records show",
                  "{n} answers differ from what the records show", len(apart))  # fmt: skip
    agree = say("Where answers can be compared with the records, both agree")
    book.show(
        exhibit(
            book, "interviews",
            (title, bool(apart), agree if compared else say("No answer can be compared")),
            say("What was said, by whom, and what the records of the window show"),
            pd.DataFrame(rows).sort_values(["theme", "question", "respondent"], kind="stable"),
            "question respondent said recorded",
            sources=("interviews", "order_lines"), rows_shown=30,
            reading=say("Where both differ, agree which is right before the number is used."),
        )
    )  # fmt: skip


def _row(book: Workbook, told: dict[Any, Any]) -> dict[str, Any]:
    """One answer as told, with the recorded figure and the gap where there are any."""
    shown = recorded(book, told["measure"])
    said = number_said(told["answer"], shown.unit) if shown else None
    off = gap(said, float(shown.value)) if shown and said is not None else None
    value = say("{value}", value=shown) if shown else None
    answer: Any = told["answer"]
    if shown and said is not None:
        answer = say("{value}", value=Value(said, shown.unit))
    known = told | {"theme": told["theme"] or ""}
    return {**known, "said": answer, "recorded": value, "gap": off}


def recorded(book: Workbook, measure: str | None) -> Figure | None:
    """What the records show of a question's measure; None where they cannot say."""
    if measure not in _RECORDED or not book.has(_RECORDED[measure][1]):
        return None
    unit, table, sql = _RECORDED[measure]
    agreed = book.engagement
    filled = sql.format(months=agreed.window_months, start=agreed.window_start, end=agreed.as_of)
    over, under = book.query(filled, table).iloc[0]
    if over != over or not under or under != under:
        return None
    value = round(float(over) / float(under), 6)
    count = int(value) if unit == "customers" else value
    return book.figure(f"audit.recorded.{measure}", count, unit, source=(table,))


def _widest(apart: list[dict[str, Any]], compared: list[dict[str, Any]]) -> Finding:
    """The answer that is furthest off, or that all agree."""
    row = (apart or compared)[0]
    claim = say("Said: {said}; recorded: {recorded}", said=row["said"], recorded=row["recorded"])
    return Finding(
        "audit.interviews", claim, bool(apart),
        say("The question was: “{question}” ({role}).",
            question=row["question"], role=row["respondent"]),
        say("Answers that can be compared with the records agree with them"),
        figures=tuple(_figures(row)),
    )  # fmt: skip


def _figures(row: dict[str, Any]) -> list[str]:
    shown: Message | None = row["recorded"]
    return list(shown.figures) if shown else []
