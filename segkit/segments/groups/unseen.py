"""Words of a rule that stand nowhere in the records: most often a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from segkit.engine import literal
from segkit.errors import nearest
from segkit.language import Message, say
from segkit.segments.groups.compiling import Known, Words
from segkit.segments.groups.grammar import Apply, Call, Name, Node, Text, parse
from segkit.segments.groups.registry import MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segkit.store import Given


def unseen(rule: str, given: Given, words: Words) -> Message:
    """The first text of a rule that no row has where it is asked for, and the nearest one.

    Empty where each is there: a rule for a word that is not there is no mistake by itself.
    """
    for table, known, text in _asked(parse(rule), words, "customers", words.attributes):
        column = f'{known.sql} FROM "{table}" AS {known.sql[0]}'
        if len(given.arrow(f"SELECT {column} WHERE {known.sql} = {literal(text)} LIMIT 1")):
            continue
        found = given.arrow(f"SELECT DISTINCT {column} WHERE {known.sql} IS NOT NULL")
        near = nearest(text, found.column(0).to_pylist()).removeprefix(" Nearest: ")
        if near:
            return say("No record says “{word}”; the nearest is “{near}”.",
                       word=text, near=near.removesuffix("."))  # fmt: skip
        return say("No record says “{word}”.", word=text)
    return Message("")


def _asked(
    node: Node, words: Words, table: str, known: Mapping[str, Known]
) -> Iterator[tuple[str, Known, str]]:
    """Each text, with the table and the column in which it is sought."""
    match node:
        case Apply("=" | "<>" | "in", (Name(name), *values)):
            column = known.get(name)
            if column is None or column.kind != "text":
                return
            own = {"b": "behaviour", "p": "products"}.get(column.sql[0], table)
            for value in values:
                if isinstance(value, Text):
                    yield own, column, value.value
        case Apply(_, parts):
            for part in parts:
                yield from _asked(part, words, table, known)
        case Call(name, args) if name in MEASURES:
            source = MEASURES[name].source
            for arg in args:
                yield from _asked(arg, words, source, words.filters[source])
        case Call(_, args):
            for arg in args:
                yield from _asked(arg, words, table, {})
