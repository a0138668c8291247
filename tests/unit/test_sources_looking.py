"""A file is looked at: code page, delimiter, header, totals, and what all rows of a column say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segkit.sources.looking import Look, look, looks, others


def looked(folder: Path, text: str, encoding: str = "utf-8", region: str = "cp1252") -> Look:
    path = folder / "orders.csv"
    path.write_bytes(text.encode(encoding))
    return look(path, region=region)


def column(folder: Path, *values: str):
    told = looked(folder, "Nr|Wert\n" + "".join(f"N{i}|{v}\n" for i, v in enumerate(values)))
    return told.columns[1]


# --- code pages -------------------------------------------------------------------------------

POLISH = "Klient;Uwagi\nŻabka Świętokrzyska;źródło\nŁódź;gęśla jaźń\n"
DANISH = "Kunde;By\nSkovbæk;Aarhus Ø\nGrønt & Småt;Ærøskøbing\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (POLISH, "utf-8", ("utf-8", "certain")),
        (POLISH, "utf-8-sig", ("utf-8-sig", "certain")),
        (POLISH, "utf-16", ("utf-16", "certain")),
        (POLISH, "utf-32", ("utf-32", "certain")),
        ("Klient;Uwagi\nA;B\n" * 3, "utf-16-le", ("utf-16-le", "likely")),
        ("Klient;Uwagi\nA;B\n" * 3, "utf-16-be", ("utf-16-be", "likely")),
        ("Klient;Uwagi\nA;B\n" * 3, "utf-32-le", ("utf-32-le", "likely")),
        ("Klient;Uwagi\nA;B\n" * 3, "utf-32-be", ("utf-32-be", "likely")),
        (POLISH, "cp1250", ("cp1250", "likely")),
        (POLISH, "iso-8859-2", ("iso-8859-2", "likely")),
        (POLISH * 5, "cp852", ("cp852", "likely")),
        (DANISH, "cp1252", ("cp1252", "likely")),
        (DANISH * 5, "cp850", ("cp850", "likely")),
        ("Kwota;x\n£512;a\n£23;b\n", "cp1252", ("cp1252", "likely")),
        # ć in cp1250, æ in cp1252: the letters can't tell
        ("Nazwa;x\nbi\xe6;a\n", "latin-1", ("cp1252", "undecided")),
    ],
)
def test_the_code_page_is_told_by_marks_zero_bytes_and_letters(tmp_path, text, encoding, told):
    found = looked(tmp_path, text, encoding)
    assert (found.encoding, found.sure) == told
    if told[1] != "undecided":
        assert found.columns[0].examples[0] == text.splitlines()[1].split(";")[0]


def test_the_region_decides_what_letters_cannot(tmp_path):
    found = looked(tmp_path, "Nazwa;x\nbi\xe6;a\n", "latin-1", region="cp1250")
    assert (found.encoding, found.sure, found.columns[0].examples) == (
        "cp1250", "undecided", ("bić",),
    )  # fmt: skip


# --- delimiter, quotes, header ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "delimiter", "quote", "header_row"),
    [
        ("a;b;c\n1,5;2,5;3\n1,5;2,5;3\n", ";", '"', 1),
        ("a,b\n1,2\n", ",", '"', 1),
        ("a\tb\n1,5\t2;5\n", "\t", '"', 1),
        ("Nr|Tekst\n1|a;b;c\n2|d;e;f\n3|g;h;i\n", "|", '"', 1),
        ("Report, of March; all\n\nNr;Kwota;x;y\n1;2;3;4\n3;4;5;6\n", ";", '"', 3),
        ("sep=|\nNr|Kwota\n1|2\n", "|", '"', 2),
        ("'Nr';'Nazwa'\n'1';'a;b'\n'2';'c'\n", ";", "'", 1),
    ],
)
def test_the_delimiter_and_the_quotation_mark_are_those_of_most_lines(
    tmp_path, text, delimiter, quote, header_row
):
    found = looked(tmp_path, text)
    assert (found.delimiter, found.quote, found.header_row) == (delimiter, quote, header_row)


TITLED = "Sprzedaż 2025;;;\nWydruk z 01.02.2026;;;\n;;;\nNr;Klient;Data;Kwota\n"
ROWS = "1;A;02.01.2025;5,00\n2;B;13.01.2025;7,50\n3;B;14.01.2025;1,25\n"


def test_titles_totals_and_repeated_headers_are_no_data(tmp_path):
    found = looked(tmp_path, TITLED + ROWS + "Nr;Klient;Data;Kwota\n" + ROWS + "Razem:;;;27,50\n")
    assert (found.header_row, found.titles) == (4, ("Sprzedaż 2025", "Wydruk z 01.02.2026"))
    assert found.aside == (
        (8, "repeated_header", "Nr;Klient;Data;Kwota"),
        (12, "totals_row", "Razem:;;;27,50"),
    )
    assert (found.rows, found.headers) == (6, ("Nr", "Klient", "Data", "Kwota"))


@pytest.mark.parametrize(
    "row", ["Total;Paris;02.01.2025;5,00\n", "Sumarex;;;5,00\n", "Razem;;;\n", "Suma;A;;5,00\n"]
)
def test_a_customer_called_total_is_no_row_of_totals(tmp_path, row):
    assert looked(tmp_path, "Klient;Miasto;Data;Kwota\n" + ROWS + row).aside == ()


def test_a_file_without_header_says_so(tmp_path):
    found = looked(tmp_path, ROWS)
    assert (found.header_row, found.rows) == (0, 3)
    assert found.headers == ("column_1", "column_2", "column_3", "column_4")
    words = looked(tmp_path, "dolnośląskie;Lubin\ndolnośląskie;Wrocław\nlubelskie;Puławy\n")
    assert (words.header_row, words.rows) == (0, 3)


@pytest.mark.parametrize("header", ["Rok;2024;2025\n", "Nr;Kwota;Data\n"])
def test_a_header_that_is_none_of_the_data_is_one(tmp_path, header):
    assert looked(tmp_path, header + "A;1,5;2,5\nB;2,5;3,5\n").header_row == 1


def test_trailing_delimiters_and_empty_unnamed_columns_are_dropped_filled_ones_are_kept(tmp_path):
    found = looked(tmp_path, "Nr;;Klient;;kLient;\n1;;A;x;B;\n2;;A;;B;\n")
    assert (found.dropped, found.trailing_delimiter) == (("column_2", "column_6"), True)
    assert found.headers == ("Nr", "Klient", "column_4", "kLient (2)")
    assert found.repeated == ("klient",)


@pytest.mark.parametrize("text", ["Nr;Kwota\n1;5;\n2;6;\n", "Nr;Kwota;\n1;5\n2;6\n"])
def test_a_delimiter_may_trail_in_the_header_or_in_the_rows_only(tmp_path, text):
    found = looked(tmp_path, text)
    assert (found.headers, found.rows, found.aside) == (("Nr", "Kwota"), 2, ())


def test_an_amount_whose_comma_is_the_delimiter_too_never_slips_into_a_new_column(tmp_path):
    found = looked(tmp_path, "Nr,Kwota\n1,5,50\n2,6,50\n")
    assert (found.headers, found.rows) == (("Nr", "Kwota"), 0)
    assert [kind for _, kind, _ in found.aside] == ["unreadable_row"] * 2


# --- columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "decimal", "thousands"),
    [
        (["1,5", "2,25"], "number", ",", ""),
        (["1.234,50", "12,00"], "number", ",", "."),
        (["1 234,50", "1 200 000,00"], "number", ",", " "),
        (["1\u00a0234,50", "12,00"], "number", ",", " "),
        (["1'234.50", "2'000.00"], "number", ".", "'"),
        (["£23,705", "£1,234,567"], "number", ".", ","),
        (["1.234", "5.678"], "number", "undecided", ""),
        (["1.234", "5.678", "1,5"], "number", ",", "."),
        (["1.5", "2,5"], "number", "undecided", ""),
        (["-12", "(15)", "7-", "512 zł"], "number", "", ""),
        (["1", "2"], "whole", "", ""),
        (["007", "123"], "code", "", ""),
        (["NE82", "TN38"], "text", "", ""),
        (["tak", "nie"], "boolean", "", ""),
        (["", ""], "empty", "", ""),
        (["1,5"] * 19 + ["brak"], "number", ",", ""),
        (["1,5", "brak"], "text", "", ""),
    ],
)
def test_the_marks_of_numbers_are_asked_of_the_whole_column(
    tmp_path, values, kind, decimal, thousands
):
    told = column(tmp_path, *values)
    assert (told.kind, told.decimal, told.thousands) == (kind, decimal, thousands)


@pytest.mark.parametrize(
    ("values", "order", "date_format"),
    [
        (["01.02.2025", "03.04.2025"], "undecided", ""),
        (["01.02.2025"] * 50 + ["13.02.2025"], "dmy", "dd.mm.yyyy"),
        (["01/02/2025"] * 50 + ["02/13/2025"], "mdy", "mm/dd/yyyy"),
        (["13/02/2025", "02/13/2025"], "undecided", ""),
        (["2025-01-02", "2025-01-03 08:15"], "ymd", "yyyy-mm-dd"),
        (["20250102", "20251231"], "ymd", "yyyymmdd"),
        (["13.02.25", "01.02.25"], "dmy", "dd.mm.yy"),
        (["13.02.2025", "1/2/2025"], "dmy", ""),
    ],
)
def test_the_order_of_days_and_months_is_asked_of_the_whole_column(
    tmp_path, values, order, date_format
):
    told = column(tmp_path, *values)
    assert (told.kind, told.date_order, told.date_format) == ("date", order, date_format)


def test_a_column_tells_its_share_its_values_and_the_first_of_them(tmp_path):
    told = column(tmp_path, "b", "a", "", "b", "c", "d")
    assert (told.filled, told.distinct, told.examples) == (5 / 6, 4, ("b", "a", "c"))


def test_a_file_has_one_decimal_mark_and_one_order_or_they_are_undecided(tmp_path):
    one = looked(tmp_path, "a;b;c\n1,5;13.01.2025;x\n")
    assert (one.decimal, one.date_order) == (",", "dmy")
    two = looked(tmp_path, "a;b;c\n1,5;2.25;2025-01-01\n")
    assert (two.decimal, two.date_order) == ("undecided", "ymd")


# --- sheets, Parquet, folders -----------------------------------------------------------------


def test_each_sheet_is_a_look_and_merged_headers_are_joined(tmp_path):
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Q1"
    for row in (
        ["Sprzedaż"],
        ["Klient", "2025", None, "Data"],
        [None, "szt.", "PLN", None],
        ["A", 2, 10.5, date(2025, 1, 13)],
        ["Razem", 2, 10.5, None],
    ):
        first.append(row)
    first.merge_cells("B2:C2")
    first.merge_cells("A2:A3")
    book.create_sheet("Puste")
    book.save(tmp_path / "sales.xlsx")
    one, two = looks(tmp_path)
    assert (one.sheet, one.sheets, one.header_row, one.header_rows) == ("Q1", ("Q1", "Puste"), 2, 2)
    assert one.headers == ("Klient", "2025 szt.", "2025 PLN", "Data")
    assert (one.titles, one.aside) == (("Sprzedaż",), ((5, "totals_row", "Razem 2 10.5 "),))
    assert [column.kind for column in one.columns] == ["text", "whole", "number", "date"]
    assert (one.decimal, one.date_order) == ("", "ymd")
    assert two.problem == (
        "sales.xlsx has nothing in its sheet Puste.\nFix: correct sheet under [look]."
    )
    assert look(tmp_path / "sales.xlsx", "Q1") == one.__class__(
        **{**one.__dict__, "file": "sales.xlsx"}
    )


def test_parquet_is_told_by_its_types(tmp_path):
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int32()),
            "x": [1.5, 2.25],
            "d": [date(2025, 1, 2)] * 2,
            "nested": [[1], [2]],
            "bytes": [b"\xb3", b"\xf3"],
            "t": pa.array(["a", "a"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    (found,) = looks(tmp_path)
    kinds = [one.kind for one in found.columns]
    assert kinds == ["whole", "number", "date", "nested", "bytes", "text"]
    assert (found.kind, found.rows, found.decimal, found.columns[0].filled) == (
        "parquet", 2, "", 0.5,
    )  # fmt: skip


def test_a_folder_is_looked_through_without_what_lies_outside_or_cannot_be_read(tmp_path):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.csv").write_text("a;b\n1;2\n")
    (folder / "empty.csv").write_text("")
    (folder / "notes.docx").write_text("no table")
    (folder / "~$lock.xlsx").write_text("")
    (tmp_path / "secret.csv").write_text("a;b\n1;2\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    one, two, three = looks(folder)
    assert (one.file, one.rows) == ("deep/a.csv", 1)
    assert (two.file, two.problem) == (
        "empty.csv",
        "empty.csv is empty.\nFix: ask for the file again, or leave it out.",
    )
    assert (three.file, three.problem) == (
        "link.csv",
        "link.csv lies outside the folder.\nFix: put the file itself there.",
    )
    assert others(folder) == ("notes.docx",)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.xls", b"a\tb\n1\t2\n", "text, whatever its name says.\nFix: rename it to end in .csv."),
        (
            "a.xls",
            b"<html><table>",
            "a web page, whatever its name says.\n"
            "Fix: open it in a spreadsheet and save it as XLSX, or ask for the data as CSV.",
        ),
        (
            "a.csv",
            b"%PDF-1.7",
            "a PDF document, whatever its name says.\nFix: ask for the data as CSV.",
        ),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    (found,) = looks(tmp_path)
    assert found.problem == f"{name} is {problem}"


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "header_row", "rows", "first"),
    [
        ("pl_gus_ryne_4089.csv", "utf-8", ";", 1, 1792, "Kod"),
        ("pl_shops_cp1250_noheader.csv", "cp1250", ";", 0, 102, "column_1"),
        ("uk_escc_payments_cp1252.csv", "cp1252", ",", 2, 5767, "Name"),
    ],
)
def test_real_european_files(shared_data, name, encoding, delimiter, header_row, rows, first):
    found = look(shared_data / "messy_csv" / name)
    assert (found.encoding, found.delimiter, found.header_row) == (encoding, delimiter, header_row)
    assert (found.rows, found.headers[0], found.aside) == (rows, first, ())
