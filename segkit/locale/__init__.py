"""The catalogues: every message of the package and of the notebooks, by language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.engagement import LANGUAGES
from segkit.errors import SegkitError
from segkit.language import LIST_WORDS, UNITS, catalogue_file, term
from segkit.recipes import RECIPES, ROOT
from segkit.report.origins import terms
from segkit.store import PACKAGE
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from babel.messages import Catalog

_HEAD = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""
#: What stands in the terminal alone stays English: consultants read it.
_IN_THE_TERMINAL = {PACKAGE / "cli.py", PACKAGE / "flow" / "checked.py"}
#: A message: one text, or the singular and the plural.
Text = str | tuple[str, str]


def update() -> None:
    """Bring every catalogue up to date: new messages untranslated, unused ones gone."""
    for language in LANGUAGES:
        if catalogue_file(language).is_file():
            write(language, read(language))


def messages() -> Iterator[tuple[Text, str]]:
    """Every message, and the file it stands in."""
    for path in sorted(set(PACKAGE.rglob("*.py")) - _IN_THE_TERMINAL):
        place = path.relative_to(ROOT).as_posix()
        yield from ((text, place) for text in in_code(path))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        yield from ((text, path.relative_to(ROOT).as_posix()) for text in in_notebook(path))
    for heading, rows in terms():
        yield from ((text, "docs/glossary.md") for text in (heading, *chain(*rows)) if text)
    yield from ((name, "segkit/tables.py") for name in vocabulary())


def in_code(path: Path) -> Iterator[Text]:
    """The texts of ``say`` and ``say_n`` in a file.

    Raises
    ------
    SegkitError
        If a text is not a literal, so that no catalogue can hold it.
    """
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        wanted = {"say": 1, "say_n": 2}.get(call.func.id, 0)
        texts = [one.value for one in call.args[:wanted] if isinstance(one, ast.Constant)]
        if len(texts) < wanted:
            raise SegkitError(
                f"{path.name}, line {call.lineno}: a message that is not a literal text.\n"
                "Fix: write the whole sentence where it is said."
            )
        if wanted:
            yield (texts[0], texts[1]) if wanted == 2 else texts[0]  # type: ignore[misc]


def in_notebook(path: Path) -> Iterator[str]:
    """The blocks of a notebook's prose."""
    import nbformat

    node = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in node.cells:
        if cell.cell_type == "markdown":
            yield from (block for block in cell.source.split("\n\n") if block.strip())


def vocabulary() -> list[str]:
    """Names of tables and columns as they are spoken of, and the units of columns."""
    made = {name for recipe in RECIPES for name in recipe.makes}
    columns = {column.name for table in CONTRACTS.values() for column in table.columns}
    parts = re.compile(r"^failed_|^listed_|_(quarantine|counts|repairs)$")
    told = {str(term(name)) for name in {*made, *CONTRACTS, *columns} if not parts.search(name)}
    return sorted({*told, *UNITS, *(str(term(word)) for word in LIST_WORDS)})


def read(language: str) -> Catalog:
    """The catalogue as it stands."""
    from babel.messages.pofile import read_po

    with catalogue_file(language).open("rb") as opened:
        return read_po(opened, locale=language)


def write(language: str, known: Catalog) -> None:
    """Write the catalogue of all messages with the translations of `known`, in a stable order."""
    from babel.messages import Catalog
    from babel.messages.pofile import write_po

    made = Catalog(locale=language)
    for text, place in messages():
        before: Any = known.get(text[0] if isinstance(text, tuple) else text)
        said = (
            before.string
            if before and isinstance(before.id, str) == isinstance(text, str)
            else None
        )
        made.add(text, said, [(place, 0)])
    with catalogue_file(language).open("wb") as opened:
        opened.write(_HEAD.format(language=language, plurals=made.plural_forms).encode())
        write_po(opened, made, width=100, omit_header=True, sort_by_file=True, include_lineno=False)
