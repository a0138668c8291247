"""A payload in the words of one language: what a page, a PDF and a sheet all say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from segkit.language import (
    Message,
    Scale,
    Value,
    listed,
    render,
    say,
    say_n,
    scale_for,
    scale_of,
    term,
    write_value,
)

#: What is not torn apart at the end of a line: PLN 16.0 million; in Polish a word of one letter.
_BOUND = {
    "en": re.compile(r"(?<=\b[A-Z]{3}) (?=\d)|(?<=\d) (?=(?:thousand|million|billion)\b)"),
    "pl": re.compile(r"(?<=\b[AaIiOoUuWwZz]) "),
}
#: What was read, set aside and repaired is told of the table itself.
_OF_TABLE = re.compile("^listed_|_(quarantine|counts|repairs)$")
_NUMBER = re.compile(r"[-+]?[\d.,]*\s*%?")
GRADES = {
    "R": say("recorded"),
    "A": say("randomised test"),
    "B": say("change within customers"),
    "C": say("association"),
    "D": say("judgement"),
}


def in_words(payload: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
    """Every text of a payload, rendered; the keys depend on its ``type``."""
    return {
        "type": payload["type"],
        **bound(_TELLERS[payload["type"]](payload, language), language),
    }


def words(message: Message, language: str) -> str:
    """A message of our own in `language`."""
    return render(message.as_json(), language)


def bound(told: Any, language: str) -> Any:
    """Texts in which what belongs together stays on one line."""
    if isinstance(told, str):
        return _BOUND[language].sub("\u00a0", told) if language in _BOUND else told
    if isinstance(told, list):
        return [bound(one, language) for one in told]
    if isinstance(told, Mapping):
        cells = ("heads", "rows")  # they break where their columns end
        return {key: one if key in cells else bound(one, language) for key, one in told.items()}
    return told


def _finding(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    owner = payload["owner"]
    return {
        "is_withheld": payload["is_withheld"],
        "claim": render(payload["claim"], language),
        "so_what": render(payload["so_what"], language),
        "action": render(payload["action"], language),
        "action_label": words(say("Next step"), language),
        "owner": words(say("Owner: {owner}", owner=Value(owner, "message")), language)
        if owner
        else "",
        "grade": _grade(payload["grade"], language),
    }


def _answer(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {"sentences": [render(one, language) for one in payload["sentences"]]}


def _tiles(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "tiles": [
            {
                "label": render(tile["label"], language),
                "value": write_value(tile["value"], language),
                "grade": _grade(tile["grade"], language),
            }
            for tile in payload["tiles"]
        ]
    }


def _note(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    labels = {"warning": say("Take care"), "missing": say("Missing"), "note": say("Note")}
    return {
        "kind": payload["kind"],
        "label": words(labels[payload["kind"]], language),
        "text": render(payload["text"], language),
    }


def _exhibit(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    n, number = payload["n"], payload["number"]
    return {
        "id": payload["id"],
        "label": words(say("Exhibit {number}", number=number), language) if number else "",
        "title": render(payload["title"], language),
        "subtitle": render(payload["subtitle"], language),
        "reading": render(payload["reading"], language),
        "alt": render(payload["alt"], language),
        "source": source_line(payload, language),
        "n": words(say("n = {n}", n=n), language) if n is not None else "",
        "grade": _grade(payload["grade"], language),
        "is_chart": payload["chart"] is not None,
        "is_cards": payload.get("layout") == "cards",
        **table(payload, language),
    }


_TELLERS = {
    "finding": _finding,
    "answer": _answer,
    "tiles": _tiles,
    "note": _note,
    "exhibit": _exhibit,
}


def _grade(grade: str | None, language: str) -> dict[str, str]:
    """The badge beside a number that drives a decision: its letter and what it means."""
    if grade is None:
        return {"letter": "", "words": ""}
    return {"letter": grade, "words": words(GRADES[grade], language)}


def source_line(payload: Mapping[str, Any], language: str) -> str:
    """Where an exhibit's data come from, and the day they look back from."""
    day = date.fromisoformat(payload["as_of"])
    said = say("Source: {tables}. As of {day}.", tables=of_tables(payload["sources"]), day=day)
    return words(said, language)


def of_tables(names: Sequence[str]) -> Value:
    """The tables as they are spoken of, each once."""
    return listed(map(term, dict.fromkeys(_OF_TABLE.sub("", name) for name in names)))


def scales(payload: Mapping[str, Any], language: str) -> list[Scale]:
    """How the values of each of an exhibit's columns are written."""
    columns, data = payload["columns"], payload["data"]
    alike: dict[str, list[Any]] = {}
    for column in columns:
        if column.get("like"):
            alike.setdefault(column["like"], []).extend(data[column["name"]])
    return [
        scale_for(alike[column["like"]], column["unit"], language)
        if column.get("like")
        else scale_of(data[column["name"]], column["unit"], language, column["digits"])
        for column in columns
    ]


def heading(label: Any, unit: str, spoken: str, language: str) -> str:
    """A label with its unit, once.

    Parameters
    ----------
    unit, spoken
        What is counted, and the same as it is written beside the label.
    """
    said = render(label, language)
    is_in_it = unit.casefold() in render(label).casefold() or spoken.casefold() in said.casefold()
    return said if not spoken or is_in_it else f"{said}, {spoken}"


def table(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The first rows of an exhibit's data as they are read, and how many more there are."""
    columns: Sequence[Mapping[str, Any]] = payload["columns"]
    written = scales(payload, language)
    shown, data = payload["rows_shown"], payload["data"]
    count = max((len(values) for values in data.values()), default=0)
    more = say_n("{n} more row in the workbook", "{n} more rows in the workbook", count - shown)
    rows = [
        [
            scale.write(data[column["name"]][row])
            for column, scale in zip(columns, written, strict=True)
        ]
        for row in range(min(count, shown))
    ]
    heads = [
        heading(column["label"], column["unit"], scale.words, language)
        for column, scale in zip(columns, written, strict=True)
    ]
    return {
        "heads": heads,
        "numeric": [column["unit"] not in ("text", "message") for column in columns],
        "rows": rows,
        "widths": _widths(heads, rows),
        "more": words(more, language) if count > shown else "",
    }


def plain_table(cells: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Rows of text, the first of them the headings, as `table` tells an exhibit's."""
    wide = max(len(row) for row in cells)
    heads, *rows = [[*(cell.strip() for cell in row), *[""] * (wide - len(row))] for row in cells]
    numeric = [all(_NUMBER.fullmatch(row[n]) for row in rows) for n in range(wide)]
    told = {"heads": heads, "numeric": numeric, "rows": rows, "widths": _widths(heads, rows)}
    return {**told, "title": " ".join(heads), "more": ""}


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """How wide columns want to be, in letters: cells in a line or two, headings in more."""
    longest = [max((len(row[n]) for row in rows), default=0) for n in range(len(heads))]
    columns = zip(heads, *rows, strict=True)
    word = [max(len(word) for cell in one for word in cell.split() or [""]) for one in columns]
    most = 40 if len(heads) <= 5 else 26
    return [
        max(min(part, 32), cell if cell <= 16 else max(16, min(cell * 2 // 3, most)), 5) + 3
        for part, cell in zip(word, longest, strict=True)
    ]
