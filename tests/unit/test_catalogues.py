"""The catalogues are whole: every message is translated, none is unused, none is broken."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.plurals import get_plural

from segkit import locale
from segkit.errors import SegkitError
from segkit.language import CATALOGUES, UNITS, catalogue_file

ROOT = Path(__file__).parents[2]
LANGUAGES = sorted(one.parts[-3] for one in CATALOGUES.glob("*/LC_MESSAGES/segkit.po"))
PLACE = re.compile(r"(?<!\{)\{(\w+)\}")


@pytest.fixture(scope="module", params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return locale.read(request.param)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def broken(message: Message, nplurals: int) -> str:
    """What is wrong with a translation; nothing when it is right."""
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    said = forms(message)
    wanted = {frozenset(PLACE.findall(one)) for one in ids}
    if not all(said):
        return "untranslated"
    if message.fuzzy:
        return "fuzzy"
    if len(said) != (nplurals if len(ids) > 1 else 1):
        return "a plural form is missing"
    if any(frozenset(PLACE.findall(one)) not in wanted for one in said):
        return "other placeholders"
    marks = re.match(r"#* ?", ids[0])
    if marks and any(
        not one.startswith(marks[0]) or one.startswith(marks[0] + "#") for one in said
    ):
        return "another heading"
    if any(one != one.strip() or one.endswith(".") != ids[-1].endswith(".") for one in said):
        return "another end"
    return ""


def test_every_message_is_translated_and_whole(catalogue: Catalog) -> None:
    told = [(broken(one, catalogue.num_plurals), one.id) for one in catalogue if one.id]
    assert [(what, id) for what, id in told if what] == []


def test_the_catalogue_holds_exactly_the_messages_of_the_code(catalogue: Catalog) -> None:
    wanted = {text for text, _ in locale.messages()}
    known = {
        tuple(one.id) if isinstance(one.id, (list, tuple)) else one.id
        for one in catalogue
        if one.id
    }
    assert wanted - known == set(), "run: make messages"
    assert known - wanted == set(), "run: make messages"


def test_it_is_written_the_same_each_time(catalogue: Catalog, tmp_path: Path) -> None:
    language = str(catalogue.locale)
    file = catalogue_file(language)
    before = file.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locale, "catalogue_file", lambda _: tmp_path / "segkit.po")
        (tmp_path / "segkit.po").write_bytes(before)
        locale.write(language, locale.read(language))
    assert (tmp_path / "segkit.po").read_bytes() == before, "run: make messages"


def test_no_address_date_or_machine_is_in_it() -> None:
    for language in LANGUAGES:
        text = catalogue_file(language).read_text("utf-8")
        assert re.findall(r"@|Date:|Translator|Generated|\.(?:py|ipynb):\d", text) == []


@pytest.mark.parametrize(
    ("id", "string", "wrong"),
    [
        ("{n} rows", "{n} wierszy", ""),
        ("{n} rows", "{m} wierszy", "other placeholders"),
        ("{n} rows", "wierszy", "other placeholders"),
        ("{n} rows", "", "untranslated"),
        (("{n} row", "{n} rows"), ("{n} wiersz", "{n} wiersze", "{n} wierszy"), ""),
        (("{n} row", "{n} rows"), ("{n} wiersz", "{n} wiersze"), "a plural form is missing"),
        (("{n} row", "{n} rows"), ("{n} wiersz", "{n} wiersze", ""), "untranslated"),
        (("one row", "{n} rows"), ("jeden wiersz", "{n} wiersze", "{n} wierszy"), ""),
        ("## What", "# Co", "another heading"),
        ("## What", "## Co", ""),
        ("An end.", "Koniec", "another end"),
    ],
)  # fmt: skip
def test_what_is_broken_is_found(id: str | tuple[str, ...], string: str, wrong: str) -> None:
    assert broken(Message(id, string), 3) == wrong


def test_a_fuzzy_translation_is_found() -> None:
    assert broken(Message("Rows", "Wiersze", flags=["fuzzy"]), 3) == "fuzzy"


def test_polish_has_the_plural_forms_that_readers_know() -> None:
    from segkit.language import Message as Said
    from segkit.language import as_value

    assert get_plural("pl").num_plurals == 3
    one, many = "{n} more row in the workbook", "{n} more rows in the workbook"
    told = [
        Said(one, {"n": as_value(n)}, many, "n").in_language("pl").split()[2]
        for n in (1, 2, 4, 5, 12, 22, 112)
    ]
    assert told == ["wiersz", "wiersze", "wiersze", "wierszy", "wierszy", "wiersze", "wierszy"]


def test_a_message_that_is_no_literal_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text('say("Whole.")\nsay_n("{n} row", "{n} rows", 2)\nsay(word)\n')
    with pytest.raises(SegkitError) as told:
        list(locale.in_code(tmp_path / "odd.py"))
    assert str(told.value) == (
        "odd.py, line 3: a message that is not a literal text.\n"
        "Fix: write the whole sentence where it is said."
    )


def test_every_unit_of_a_column_or_a_figure_is_known() -> None:
    """A third argument of ``Column`` that is a plural noun stands in `UNITS`."""
    plain = {"text", "share", "date", "number", "message", "year", "money", "count"}
    used = {
        call.args[2].value
        for path in (ROOT / "segkit").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        and call.func.id == "Column" and len(call.args) > 2
        and isinstance(call.args[1], ast.Call)
        and isinstance(call.args[2], ast.Constant)
    }  # fmt: skip
    assert used - plain - set(UNITS) == set()
    assert used & set(UNITS)


# --- the glossary's words -------------------------------------------------------------------------

GLOSSARY = {
    english: polish
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term")
    for cells in [[cell.split(", ") for cell in line.strip("| ").split(" | ")[:2]]]
    for english, polish in zip(*cells, strict=False)
}
AGREED = (
    "net revenue", "gross margin", "cost to serve", "order line", "seller", "as-of date",
    "unused capacity", "base forecast", "named gap", "quota", "strike rate", "hit rate",
)  # fmt: skip


def stem(word: str) -> str:
    """What a Polish word keeps in every case."""
    return word.casefold()[: max(3, len(word) - 3)]


@pytest.mark.parametrize("term", AGREED)
def test_a_term_of_the_glossary_is_translated_as_agreed(term: str) -> None:
    stems = [stem(word) for word in GLOSSARY[term].split()]
    told = [
        (one.id, one.string)
        for one in locale.read("pl")
        if one.id and re.search(rf"\b{term}", str(one.id).casefold())
    ]
    assert told
    missed = [one for one in told if not any(part in str(one[1]).casefold() for part in stems)]
    assert missed == []


def test_the_glossary_of_a_polish_report_names_each_term_as_it_was_agreed() -> None:
    known = {one.id: one.string for one in locale.read("pl")}
    agreed = [
        [cell.strip() for cell in line.strip("|").split(" | ")[:2]]
        for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| term")
    ]
    assert len(agreed) > 70
    assert [one for one in agreed if known[one[0]] != one[1]] == []
