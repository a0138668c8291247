"""The data request: complete in four languages, and what is filled in is read back."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import openpyxl
import pytest
from babel.messages.pofile import read_po
from extract_folder import extract as extract

from segkit.cli import main
from segkit.errors import EngagementError
from segkit.report import request, request_contents
from segkit.report.request import write_request
from segkit.tables import CONTRACTS

LANGUAGES = ("en", "da", "pl", "ro")
SHEETS = {
    "en": ("Assumptions", "Needs", "Interviews"),
    "da": ("Antagelser", "Behov", "Interview"),
    "pl": ("Założenia", "Potrzeby", "Wywiady"),
    "ro": ("Ipoteze", "Nevoi", "Interviuri"),
}
PRICE = {"en": "price", "da": "pris [price]", "pl": "cena [price]", "ro": "preț [price]"}
SOURCES = """
[sources.order_lines]
file = "orders.csv"
[sources.assumptions]
file = "request.xlsx"
sheet = "{0}"
[sources.needs]
file = "request.xlsx"
sheet = "{1}"
[sources.interviews]
file = "request.xlsx"
sheet = "{2}"
"""
ORDERS = "order_id;order_date;customer_id;product_id;quantity;net_amount\nZ1;2026-03-02;K1;P1;1;5\n"


def examples(table: str, column: str) -> list[str]:
    wanted = next(one for one in request_contents.WANTED if one.table == table)
    return [value for value in wanted.examples.get(column, ()) if value]


# --- what is asked ----------------------------------------------------------------------------


def test_it_asks_for_every_table_but_those_it_holds_itself():
    asked = [one.table for one in request_contents.WANTED]
    assert sorted(asked) == sorted(name for name, table in CONTRACTS.items() if not table.filled)


@pytest.mark.parametrize("wanted", request_contents.WANTED, ids=lambda one: one.table)
def test_the_examples_of_a_table_are_of_its_columns_and_fill_those_that_are_required(wanted):
    contract = CONTRACTS[wanted.table]
    assert set(wanted.examples) <= {column.name for column in contract.columns}
    rows = {len(values) for values in wanted.examples.values()}
    assert len(rows) == 1
    for column in contract.columns:
        if column.is_required:
            assert all(wanted.examples[column.name]), column.name


@pytest.mark.parametrize(
    ("column", "home"),
    [("customer_id", "customers"), ("product_id", "products"), ("rep_id", "reps"),
     ("promotion_id", "promotions"), ("pool", "resources")],
)  # fmt: skip
def test_the_examples_fit_together(column, home):
    known = set(examples(home, column))
    for one in request_contents.WANTED:
        assert set(examples(one.table, column)) <= known, one.table


def test_an_example_line_is_list_less_discount_and_a_return_takes_an_order_back():
    lines = next(one for one in request_contents.WANTED if one.table == "order_lines").examples
    for listed, discount, net in zip(
        lines["list_amount"], lines["discount_amount"], lines["net_amount"], strict=True
    ):
        assert float(listed) - float(discount) == float(net)
    assert set(filter(None, lines["original_order_id"])) <= set(lines["order_id"])
    assert set(examples("visits", "order_id")) <= set(lines["order_id"])
    assert set(examples("receivables", "invoice_id")) <= set(lines["invoice_id"])


# --- four languages ---------------------------------------------------------------------------


def said(tmp_path) -> set[str]:
    """Every text that the request translates."""
    heard: set[str] = set()
    book = request._Request(tmp_path / "heard.xlsx", lambda text: heard.add(text) or text)
    for sheet in (book.start, book.tables, book.columns, book.controls, book.assumptions,
                  book.needs, book.interviews):  # fmt: skip
        sheet()
    book.close()
    return heard | set(request_contents.KINDS.values())


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_translated_and_none_is_left_over(tmp_path, language):
    path = request._CATALOGUES / language / "LC_MESSAGES" / "request.po"
    told = {one.id: one.string for one in read_po(BytesIO(path.read_bytes())) if one.id}
    heard = said(tmp_path)
    codes = {
        value
        for one in request_contents.WANTED
        for values in one.examples.values()
        for value in values
    }
    assert sorted(heard - set(told) - codes) == []
    assert sorted(set(told) - heard) == []
    assert [text for text, string in told.items() if not string] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_the_same_file_each_time(tmp_path, language):
    first, second = (
        write_request(language, tmp_path / f"{name}.xlsx").read_bytes() for name in "ab"
    )
    assert first == second


def test_sheets_have_their_names_in_each_language(tmp_path):
    for language, names in SHEETS.items():
        book = openpyxl.load_workbook(write_request(language, tmp_path / "request.xlsx"))
        assert tuple(book.sheetnames[-3:]) == names


def test_scores_are_whole_numbers_from_one_to_seven_of_five_items(tmp_path):
    book = openpyxl.load_workbook(write_request("da", tmp_path / "request.xlsx"))
    rules = {one.type: one for one in book["Behov"].data_validations.dataValidation}
    assert (rules["whole"].formula1, rules["whole"].formula2) == ("1", "7")
    lists = [one.formula1 for one in book["Behov"].data_validations.dataValidation
             if one.type == "list"]  # fmt: skip
    assert lists[0] == (
        '"pris [price],ydeevne [performance],levering [delivery],'
        'tilpassede løsninger [customised],samarbejde [collaboration]"'
    )


def test_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(EngagementError) as told:
        write_request("pol", tmp_path / "request.xlsx")
    assert str(told.value) == (
        "There is no data request in pol. Nearest: pl.\nFix: --request takes one of en, da, pl, ro."
    )


def test_the_command_prints_the_path(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["new", "--request", "ro", "--out", str(tmp_path / "cerere.xlsx")])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{tmp_path / 'cerere.xlsx'}\n"


# --- read back --------------------------------------------------------------------------------


def filled(extract, language: str):
    """A store over a request in which some rows are filled in."""
    extract.write("orders.csv", ORDERS)
    path = write_request(language, extract.folder / "request.xlsx")
    assumptions, needs, interviews = SHEETS[language]
    book = openpyxl.load_workbook(path)
    sheet = book[assumptions]
    for place, value in {2: 0.82, 3: 0.8, 4: 0.9, 7: "CFO", 8: "Anna", 9: date(2026, 3, 1)}.items():
        sheet.cell(6, place, value)
    sheet = book[needs]
    for row, customer in enumerate(("0042", "0043"), start=6):
        sheet.cell(row, 1, customer)
        sheet.cell(row, 2, PRICE[language])
        sheet.cell(row, 3, "seller")
        sheet.cell(row, 4, 7 - row % 2)
    book[interviews].cell(6, 4, 320)
    book.save(path)
    return extract.store(SOURCES.format(*SHEETS[language]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_filled_in_is_read_back_and_nothing_else(extract, language):
    store = filled(extract, language)
    [row] = store.frame("assumptions").to_dict("records")
    assert (row["id"], float(row["value"]), float(row["low"]), float(row["high"])) == (
        "practical_capacity", 0.82, 0.8, 0.9,
    )  # fmt: skip
    assert (row["source"], row["owner"], str(row["date"])[:10]) == ("CFO", "Anna", "2026-03-01")
    needs = store.frame("needs")
    assert needs[["customer_id", "item", "rater", "score"]].values.tolist() == [
        ["0042", "price", "seller", 7.0], ["0043", "price", "seller", 6.0],
    ]  # fmt: skip
    [answer] = store.frame("interviews").to_dict("records")
    assert (answer["answer"], answer["measure"]) == ("320", "active_customers")
    for name in ("assumptions", "needs", "interviews"):
        assert store.frame(f"{name}_quarantine").empty
        assert store.frame(f"{name}_repairs").empty


def test_a_score_that_is_no_number_is_set_aside_not_ignored(extract):
    filled(extract, "pl")
    path = extract.folder / "request.xlsx"
    book = openpyxl.load_workbook(path)
    book["Potrzeby"].cell(6, 4, "bardzo")
    book.save(path)
    store = extract.store(SOURCES.format(*SHEETS["pl"]))
    assert store.frame("needs_quarantine")["reason"].tolist() == ["score cannot be read: bardzo"]
    assert len(store.frame("needs")) == 1


def test_a_request_that_nobody_filled_in_has_no_rows(extract):
    extract.write("orders.csv", ORDERS)
    write_request("en", extract.folder / "request.xlsx")
    store = extract.store(SOURCES.format(*SHEETS["en"]))
    for name in ("assumptions", "needs", "interviews"):
        assert store.frame(name).empty
        assert store.frame(f"{name}_counts")["rows_read"].tolist() == [0]
