"""Where the numbers come from: client files by hash, what was set, versions; and the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segkit.exhibits.brand import TEMPLATES
from segkit.exhibits.words import plain_table, words
from segkit.language import Message, say, term, write_number
from segkit.report import RunContents

#: A table with its heading and, where a link may lead to its rows, an anchor for each.
Told = dict[str, Any]
_GLOSSARY = TEMPLATES.parent / "docs" / "glossary.md"


def origins(run: RunContents) -> list[Told]:
    """The tables of the last page, each with its `heading` and an anchor a row or none."""
    made, language = run.manifest, run.cover.language
    if not made:
        return []
    versions = [[name, number] for name, number in made["versions"].items()]
    seeds = [[f"{words(say('Seed'), language)}: {n}", str(s)] for n, s in made["seeds"].items()]
    return [
        _table(say("Client files"), _FILES, list(_files(made, language)), language)
        | {"anchors": _anchors(made), "numeric": [False] * 3 + [True] * 3},
        _table(say("What was set"), (say("Setting"), say("Value")), _settings(made), language),
        _table(say("Versions and seeds"), (say("Name"), say("Value")), versions + seeds, language),
    ]


_FILES = (
    say("Table"), say("File"), say("SHA-256"), say("Rows read"), say("Counted"), say("Set aside"),
)  # fmt: skip


def _table(
    heading: Message, heads: Sequence[Message], rows: Sequence[Sequence[str]], language: str
) -> Told:
    cells = [[words(head, language) for head in heads], *rows]
    return {**plain_table(cells), "heading": words(heading, language), "anchors": []}


def _files(made: Mapping[str, Any], language: str) -> Iterator[list[str]]:
    """One row a client file; its hash is short, the manifest has it whole."""
    for name, files in made["inputs"].items():
        for one in files:
            counts = (one["rows"], one["accepted"], one["quarantined"])
            written = ["–" if n is None else write_number(n, language) for n in counts]
            yield [words(term(name), language), one["file"], one["sha256"][:12], *written]


def _anchors(made: Mapping[str, Any]) -> list[str]:
    """An anchor at the first file of each table."""
    return [
        anchor(name) if place == 0 else ""
        for name, files in made["inputs"].items()
        for place in range(len(files))
    ]


def anchor(name: str) -> str:
    """Where the files of a table stand on the portal."""
    return f"from-{name}"


def _settings(made: Mapping[str, Any]) -> list[list[str]]:
    """The engagement's settings, those of a trial marked by their own name."""
    trial = [["--set", one] for one in made["parameters"]["overrides"]]
    return [*trial, *([name, _setting(value)] for name, value in made["agreed"].items())]


def _setting(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def glossary(run: RunContents) -> list[Told]:
    """The terms by chapter."""
    language = run.cover.language
    if not _GLOSSARY.is_file():
        return []
    told = []
    for heading, rows in terms():
        cells = [[words(Message(cell), language) for cell in row] for row in rows]
        head = words(Message(heading), language)
        told.append({**plain_table(cells), "heading": head, "anchors": []})
    return told


def terms() -> Iterator[tuple[str, list[list[str]]]]:
    """The glossary's chapters: heading, and rows of term, definition and what to watch for."""
    for chapter in re.split(r"^## ", _GLOSSARY.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, *lines = chapter.splitlines()
        cells = [line.strip("|").split(" | ") for line in lines if line.startswith("| ")]
        if cells:  # neither in Polish nor in code
            yield heading, [[row[0].strip(), row[3].strip(), row[4].strip()] for row in cells]
