"""Spreadsheets as clients send them: merged headers, several sheets, formulas, errors, serials."""

from __future__ import annotations

import re
import zipfile
from datetime import date

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from segkit.errors import SegkitError

HEADER = ["order_id", "order_date", "customer_id", "quantity", "net_amount"]
DAY = date(2026, 3, 1)


def book_of(extract, sheets, *, epoch=None, more=None):
    """A workbook of sheets (name = rows), and the store that reads it."""
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if more:
        more(book)
    extract.folder.mkdir(exist_ok=True)
    book.save(extract.folder / "orders.xlsx")
    return lambda keys="": extract.store(f'[sources.order_lines]\nfile = "orders.xlsx"\n{keys}')


def values(store, *columns):
    frame = store.frame("order_lines")[list(columns)]
    return list(frame.astype(object).itertuples(index=False, name=None))


def aside(store):
    frame = store.frame("order_lines_quarantine")
    return list(frame[["file", "row", "reason_kind", "reason"]].itertuples(index=False, name=None))


def test_merged_headers_are_joined_and_titles_and_totals_are_no_data(extract):
    def merge(book):
        book.active.merge_cells("D2:E2")
        book.active.merge_cells("A1:E1")

    rows = [
        ["Sprzedaż"],
        ["Nr", "Data", "Klient", "Sprzedaż", None],
        [None, None, None, "szt.", "PLN"],
        ["1", DAY, "A", 2, 12.5],
        ["Razem", None, None, 2, 12.5],
    ]
    store = book_of(extract, {"Dane": rows}, more=merge)(
        'columns = { order_id = "Nr", order_date = "Data", customer_id = "Klient", '
        'quantity = "Sprzedaż szt.", net_amount = "Sprzedaż PLN" }\n'
    )
    assert values(store, "order_id", "net_amount") == [("1", 1250)]
    assert aside(store) == [
        ("orders.xlsx", 5, "totals_row", "is a row of totals: Razem   2 12.5")
    ]  # fmt: skip


def test_merged_groups_right_above_the_header_are_joined_to_it_and_a_title_is_not(extract):
    def merge(book):
        for cells in ("A1:F1", "A2:C2", "D2:F2"):
            book.active.merge_cells(cells)

    rows = [
        ["Raport"],
        ["Dokument", None, None, "Razem", None, None],
        ["Nr", "Data", "Klient", "szt.", "PLN", "VAT"],
        ["1", DAY, "A", 2, 12.5, 1],
    ]
    make = book_of(extract, {"Dane": rows}, more=merge)
    joined = {"order_id": "Dokument Nr", "order_date": "Dokument Data", "quantity": "Razem szt."}
    joined |= {"customer_id": "Dokument Klient", "net_amount": "Razem PLN"}
    plain = {name: header.split()[1] for name, header in joined.items()}
    for headers in (joined, plain):
        columns = ", ".join(f'{name} = "{header}"' for name, header in headers.items())
        assert values(make(f"columns = {{ {columns} }}\n"), "order_id", "net_amount") == [
            ("1", 1250)
        ]


def test_a_merged_title_right_above_the_header_is_no_part_of_it(extract):
    rows = [["Raport"], HEADER, ["1", DAY, "A", 1, 5]]
    store = book_of(extract, {"Q": rows}, more=lambda book: book.active.merge_cells("A1:E1"))()
    assert values(store, "order_id") == [("1",)]


@pytest.mark.parametrize("sheet", ['["Q1", "Q2"]', '"Q?"'])
def test_several_sheets_make_one_table_each_with_its_own_count(extract, sheet):
    sheets = {
        "Q1": [HEADER, ["1", DAY, "A", 1, 5]],
        "Notes": [["nothing"]],
        "Q2": [["Q2"], [], HEADER, ["2", DAY, "A", 1, 7], ["3", "?", "A", 1, 7]],
    }
    store = book_of(extract, sheets)(f"sheet = {sheet}\n")
    assert values(store, "order_id", "net_amount") == [("1", 500), ("2", 700)]
    counts = store.frame("order_lines_counts")
    assert counts["file"].tolist() == ["orders.xlsx (Q1)", "orders.xlsx (Q2)"]
    assert counts["rows_read"].tolist() == [1, 2]
    assert aside(store)[0][:2] == ("orders.xlsx (Q2)", 5)


def test_the_first_sheet_is_read_where_none_is_named(extract):
    sheets = {"Q1": [HEADER, ["1", DAY, "A", 1, 5]], "Q2": [["x"]]}
    assert values(book_of(extract, sheets)(), "order_id") == [("1",)]


@pytest.mark.parametrize(("epoch", "serial"), [(None, 46082), (CALENDAR_MAC_1904, 44620)])
def test_a_date_as_a_number_counts_from_the_workbooks_own_first_day(extract, epoch, serial):
    rows = [HEADER, ["1", serial, "A", 1, 5], ["2", DAY, "A", 1, 5]]
    store = book_of(extract, {"Q": rows}, epoch=epoch)()
    days = [day.date() for (day,) in values(store, "order_date")]
    assert days == [date(2026, 3, 1), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("texts", "minor"),
    [
        (["1 234,50", "12,5", 1.5], [123450, 1250, 150]),
        (["1,234.50", "12.5", 1.5], [123450, 1250, 150]),
        (["512 zł", "(12,50)", 1000], [51200, -1250, 100000]),
    ],
)
def test_numbers_written_as_text_are_read_beside_real_numbers(extract, texts, minor):
    rows = [HEADER, *([str(i), DAY, "A", 1, text] for i, text in enumerate(texts))]
    assert values(book_of(extract, {"Q": rows})(), "net_amount") == [(one,) for one in minor]


@pytest.mark.parametrize("texts", [["1.234", 5.5], ["2.5", "1,5"]])
def test_texts_that_may_be_thousands_or_decimals_are_asked_about(extract, texts):
    rows = [HEADER, *([str(i), DAY, "A", 1, text] for i, text in enumerate(texts))]
    make = book_of(extract, {"Q": rows})
    assert said(make()) == (
        f"sources.order_lines holds numbers such as {texts[0]} in net_amount, which can be read in"
        " two ways.\n"
        'Fix: set decimal = "," or decimal = "." under [sources.order_lines].'
    )
    assert len(values(make('decimal = "."\n'), "net_amount")) > 0


def test_errors_and_formulas_that_were_never_computed_are_told_not_read_as_nothing(extract):
    rows = [HEADER, ["1", DAY, "A", 1, "#N/A"], ["2", DAY, "A", 1, "=D3*2"], ["3", DAY, "A", 1, 5]]
    store = book_of(extract, {"Other": [["x"]], "Q": rows})('sheet = "Q"\n')
    assert values(store, "order_id") == [("3",)]
    assert aside(store) == [
        ("orders.xlsx", 2, "unreadable_amount", "net_amount cannot be read: #N/A"),
        ("orders.xlsx", 3, "unreadable_amount", "net_amount cannot be read: =D3*2"),
    ]


def test_a_formulas_computed_value_is_its_value(extract):
    rows = [HEADER, ["1", DAY, "A", 1, "=D2*7"]]
    store = book_of(extract, {"Q": rows})
    path = extract.folder / "orders.xlsx"
    rewrite(path, "xl/worksheets/sheet1.xml", b"<v></v>|<v />|<v/>", b"<v>7</v>")
    assert values(store(), "net_amount") == [(700,)]


def rewrite(path, name, pattern, becomes):
    with zipfile.ZipFile(path) as packed:
        entries = {one: packed.read(one) for one in packed.namelist()}
    entries[name] = re.sub(pattern, becomes, entries[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for one, content in entries.items():
            packed.writestr(one, content)


def said(store):
    with pytest.raises(SegkitError) as raised:
        store.path("order_lines")
    return str(raised.value)


def test_a_stray_cell_at_the_far_end_is_told_before_it_fills_the_memory(extract):
    def far(book):
        book.active["XFD1048576"] = "x"

    store = book_of(extract, {"Q": [HEADER, ["1", DAY, "A", 1, 5]]}, more=far)()
    assert said(store) == (
        "orders.xlsx has cells in its sheet Q as far as row 1,048,576 and column 16,384, with "
        "little between.\nFix: delete the cells far from the table, or ask for the data as CSV."
    )


@pytest.mark.parametrize("is_honest", [True, False])
def test_a_file_that_unpacks_out_of_all_proportion_is_not_unpacked(extract, is_honest):
    store = book_of(extract, {"Q": [HEADER, ["1", DAY, "A", 1, 5]]})()
    path = extract.folder / "orders.xlsx"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/image1.png", bytes(80 << 20))
    content = path.read_bytes()
    if not is_honest:
        size = (80 << 20).to_bytes(4, "little")
        assert content.count(size) >= 2
        path.write_bytes(content.replace(size, (1000).to_bytes(4, "little")))
    assert said(store) == (
        f"orders.xlsx has {len(content):,} bytes that unpack to more than 52,428,800, as no "
        "spreadsheet does.\nFix: ask for the data as CSV."
    )


@pytest.mark.parametrize("sheet", ["Q9", "Z*"])
def test_a_sheet_that_is_not_there(extract, sheet):
    store = book_of(extract, {"Q1": [HEADER]})(f'sheet = ["{sheet}"]\n')
    hint = " Nearest: Q1." if sheet == "Q9" else ""
    assert said(store) == (
        f"orders.xlsx has no sheet {sheet}.{hint}\nFix: correct sheet under [sources.order_lines]."
    )
