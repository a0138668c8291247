"""Each mistake in a client's files or in their mapping is told in a whole sentence with its fix."""

from __future__ import annotations

import pytest
from extract_folder import Extract

from segkit.errors import SegkitError

HEADER = "order_id;order_date;customer_id;quantity;net_amount\n"
GOOD = HEADER + "1;2026-03-01;A;1;5\n"
SOURCE = '[sources.order_lines]\nfile = "orders.csv"\n'
CUSTOMERS = SOURCE + '[sources.customers]\nfile = "customers.csv"\n'


def said(store, table="order_lines") -> str:
    with pytest.raises(SegkitError) as raised:
        store.path(table)
    assert raised.value.exit_code == 2
    return str(raised.value)


# --- files ------------------------------------------------------------------------------------


def test_a_missing_file(extract):
    extract.write("order_lines.csv", GOOD)
    assert said(extract.store(SOURCE)) == (
        "sources.order_lines reads orders.csv, but there is no such file in the engagement's folder"
        " or [data] root. Nearest: order_lines.csv.\nFix: correct the name, or put the file there."
    )


def test_a_glob_without_files(extract):
    assert said(extract.store('[sources.order_lines]\nfile = "in/orders_*.csv"')) == (
        "sources.order_lines reads in/orders_*.csv, but there is no such file in the engagement's"
        " folder or [data] root.\nFix: correct the name, or put the file there."
    )


def test_the_demos_extracts_are_not_written_yet(tmp_path):
    store = Extract(tmp_path / "demo").store(SOURCE)
    assert said(store).endswith("\nFix: write the demo's files with: segkit demo")


@pytest.mark.parametrize("content", ["", "\ufeff", "\n \n"])
def test_an_empty_file(extract, content):
    assert said(extract.order_lines(content)) == (
        "orders.csv is empty.\nFix: ask for the file again, or leave it out."
    )


def test_a_file_with_a_header_only(extract):
    assert said(extract.order_lines(HEADER)) == (
        "orders.csv holds no rows below its header.\nFix: ask for the file again, or leave it out."
    )


def test_a_stray_byte_in_utf_8(extract):
    store = extract.order_lines(GOOD)
    text = HEADER + "1;2026-03-01;Łódź;1;5\n"
    (extract.folder / "orders.csv").write_bytes(text.encode() + b"2;2026-03-01;Caf\xe9;1;5\n")
    assert said(store) == (
        "orders.csv is not utf-8: line 3 holds the byte 0xE9.\n"
        "Fix: mend the line, or ask for the file again: all else is utf-8."
    )


def test_a_wrong_declared_encoding(extract):
    text = HEADER + "1;2026-03-01;Łódź;1;5\n"
    assert said(extract.order_lines(text, 'encoding = "utf-8"', "cp1250")) == (
        "orders.csv is not utf-8: line 2 holds the byte 0xA3.\n"
        "Fix: correct encoding, such as utf-8, cp1250, cp1252, iso-8859-2 or utf-16, in the"
        " file's section."
    )


def test_bytes_that_the_regions_code_page_does_not_have(extract):
    store = extract.order_lines(GOOD)
    (extract.folder / "orders.csv").write_bytes(GOOD.encode() + b"2;2026-03-01;\x83\xff;1;5\n")
    assert said(store) == (
        "orders.csv is not utf-8 or cp1250: line 3 holds the byte 0x83.\n"
        "Fix: declare its encoding, such as utf-8, cp1250, cp1252, iso-8859-2 or utf-16, in the"
        " file's section."
    )


def test_an_encoding_that_does_not_exist(extract):
    assert said(extract.order_lines(GOOD, 'encoding = "cp12500"')) == (
        "orders.csv is declared as cp12500, which is no known encoding. Nearest: cp1250.\n"
        "Fix: correct encoding in the file's section."
    )


def test_a_quotation_mark_that_is_never_closed(extract):
    assert said(extract.order_lines(GOOD + '2;2026-03-01;"A;1;5\n3;2026-03-01;A;1;5\n')) == (
        "orders.csv opens a quotation mark in line 3 that is never closed.\n"
        "Fix: close or delete it, or ask for the file without it."
    )


def test_files_of_one_table_with_different_headers(extract):
    extract.write("orders_1.csv", GOOD)
    extract.write("orders_2.csv", GOOD.replace("net_amount", "net_amont"))
    assert said(extract.store('[sources.order_lines]\nfile = "orders_*.csv"')) == (
        "orders_2.csv has no column net_amount, which orders_1.csv has. Nearest: net_amont.\n"
        "Fix: give files that make one table the same header, or declare two sources."
    )


def test_a_missing_sheet(extract):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Zamówienia"
    extract.folder.mkdir()
    book.save(extract.folder / "orders.xlsx")
    source = '[sources.order_lines]\nfile = "orders.xlsx"\nsheet = "{}"\n'
    assert said(extract.store(source.format("Zamowienia"))) == (
        "orders.xlsx has no sheet Zamowienia. Nearest: Zamówienia.\n"
        "Fix: correct sheet under [sources.order_lines]."
    )
    assert said(extract.store(source.format("Zamówienia"))) == (
        "orders.xlsx has nothing in its sheet Zamówienia.\n"
        "Fix: correct sheet under [sources.order_lines]."
    )


@pytest.mark.parametrize(("name", "kind"), [("o.xlsx", "a spreadsheet"), ("o.parquet", "Parquet")])
def test_a_file_that_is_not_what_its_ending_says(extract, name, kind):
    extract.write(name, "\x01" + GOOD)
    told = said(extract.store(f'[sources.order_lines]\nfile = "{name}"\n'))
    first, fix = told.splitlines()
    assert first.startswith(f"{name} cannot be read as {kind}: ")
    assert fix == "Fix: ask for the file again, or save it anew from the program that made it."


# --- outside the allowed folders --------------------------------------------------------------

OUTSIDE = (
    "sources.order_lines reads {}, which lies outside the engagement's folder and [data] root.\n"
    "Fix: put the file there, or set [data] root to the folder that holds it."
)


@pytest.mark.parametrize("name", ["../secret.csv", "../*.csv", "in/../../secret.csv"])
def test_a_source_above_the_allowed_folders(extract, name):
    extract.write("../secret.csv", GOOD)
    extract.write("in/other.csv", GOOD)
    found = "../secret.csv" if "*" in name else name
    store = extract.store(f'[sources.order_lines]\nfile = "{name}"\n')
    assert said(store) == OUTSIDE.format(found)


def test_a_source_by_absolute_path(extract):
    secret = extract.write("../secret.csv", GOOD).resolve().as_posix()
    store = extract.store(f'[sources.order_lines]\nfile = "{secret}"\n')
    assert said(store) == OUTSIDE.format(secret)


def test_a_source_outside_that_does_not_exist_is_not_looked_for(extract):
    store = extract.store('[sources.order_lines]\nfile = "../../nothing.csv"\n')
    assert said(store) == OUTSIDE.format("../../nothing.csv")


@pytest.mark.parametrize("name", ["link.csv", "link*.csv"])
def test_a_link_is_where_it_points_to(extract, name):
    extract.write("other.csv", GOOD)
    secret = extract.write("../secret.csv", GOOD)
    (extract.folder / "link.csv").symlink_to(secret)
    store = extract.store(f'[sources.order_lines]\nfile = "{name}"\n')
    assert said(store) == OUTSIDE.format("link.csv")


def test_a_data_root_may_point_elsewhere(extract):
    extract.write("../data/orders.csv", GOOD)
    store = extract.store(f'{SOURCE}[data]\nroot = "../data"\n')
    assert len(store.frame("order_lines")) == 1


# --- columns ----------------------------------------------------------------------------------


def test_a_mapped_column_that_the_file_does_not_have(extract):
    columns = """columns = { order_id = "order_id", order_date = "order_date",
        customer_id = "customer_id", quantity = "quantity", net_amount = "net_amuont" }"""
    assert said(extract.order_lines(GOOD, columns.replace("\n       ", ""))) == (
        "orders.csv has no column net_amuont, which the engagement maps to order_lines.net_amount."
        " Nearest: net_amount.\n"
        "Fix: correct net_amount under [sources.order_lines.columns], or ask for the column."
    )


def test_a_required_column_that_is_not_mapped(extract):
    columns = 'columns = { order_id = "order_id", order_date = "order_date", quantity="quantity" }'
    assert said(extract.order_lines(GOOD, columns)) == (
        "sources.order_lines maps no column to net_amount, which order_lines must have."
        " Nearest: net_amount.\n"
        'Fix: add net_amount = "the client\'s header" under [sources.order_lines.columns].'
    )


def test_a_required_column_that_no_header_names(extract):
    assert said(extract.order_lines(GOOD.replace("net_amount", "Net amount"))) == (
        "orders.csv has no column net_amount, which order_lines must have. Nearest: Net amount.\n"
        "Fix: map it under [sources.order_lines.columns], or ask for the column."
    )


def test_a_mapped_name_that_the_contract_does_not_have(extract):
    assert said(extract.order_lines(GOOD, 'columns = { custmer_id = "customer_id" }')) == (
        "sources.order_lines maps custmer_id, which is no column of order_lines."
        " Nearest: customer_id.\nFix: correct the name, or delete the line."
    )


def test_an_attribute_whose_name_is_no_name(extract):
    extract.write("orders.csv", GOOD)
    extract.write("customers.csv", "Nr;Nazwa\nA;Alfa\n")
    columns = 'columns = { customer_id = "Nr", name = "Nazwa", "Loyalty Card" = "Nazwa" }\n'
    assert said(extract.store(CUSTOMERS + columns), "customers") == (
        "sources.customers maps Loyalty Card, which is no column of customers.\n"
        "Fix: correct the name, or delete the line."
    )


def test_words_for_a_column_that_is_not_given(extract):
    assert said(extract.order_lines(GOOD, 'values = { chanel = { a = "b" } }')) == (
        "sources.order_lines translates chanel, which is not among its columns.\n"
        "Fix: correct the name, or delete the line."
    )


def test_a_key_of_a_column_that_is_not_given(extract):
    assert said(extract.order_lines(GOOD, 'key = ["order_id", "line"]')) == (
        "sources.order_lines has the key line, which is not among its columns.\n"
        "Fix: correct the name, or delete the line."
    )


def test_another_key_than_the_contracts(extract):
    extract.write("orders.csv", GOOD)
    extract.write("customers.csv", "customer_id;name\nA;Alfa\n")
    assert said(extract.store(CUSTOMERS + 'key = ["name"]\n'), "customers") == (
        "sources.customers declares the key name, but a row of customers is identified by"
        " customer_id.\nFix: delete key."
    )


def test_a_mapped_column_that_stands_twice(extract):
    assert said(extract.order_lines("Kod;kod\n1;2\n", 'columns = { order_id = "Kod" }')) == (
        "orders.csv has the column Kod more than once.\n"
        "Fix: under [sources.order_lines.columns] say which is order_id: "
        '"Kod (1)" is the first, "Kod (2)" the second.'
    )


def test_an_unknown_table(extract):
    extract.write("orders.csv", GOOD)
    store = extract.store(SOURCE + '[sources.custmers]\nfile = "customers.csv"\n')
    assert said(store) == (
        "engagement.toml sets sources.custmers, but segkit knows no table custmers."
        " Nearest: customers.\nFix: correct the name, or delete the section."
    )


# --- values -----------------------------------------------------------------------------------


def test_an_unparsable_number_or_date_is_set_aside_with_its_reason(extract):
    rows = "2;31.02.2026;A;1;5\n3;2026-03-01;A;one;5\n4;2026-03-01;A;1;five\n5;;A;1;5\n"
    aside = extract.order_lines(GOOD + rows).frame("order_lines_quarantine")
    assert aside[["reason", "reason_kind"]].to_numpy().tolist() == [
        ["order_date cannot be read: 31.02.2026", "unreadable_date"],
        ["quantity cannot be read: one", "unreadable_quantity"],
        ["net_amount cannot be read: five", "unreadable_amount"],
        ["order_date is empty", "empty_order_date"],
    ]


def test_a_duplicate_customer_is_set_aside(extract):
    extract.write("orders.csv", GOOD)
    extract.write("customers.csv", "customer_id;name\nA;Beta\nA;Alfa\n;Gamma\n")
    store = extract.store(CUSTOMERS)
    aside = store.frame("customers_quarantine")
    assert aside[["name", "reason", "reason_kind"]].to_numpy().tolist() == [
        ["Beta", "customer_id repeated: A", "repeated_key"],
        ["Gamma", "customer_id is empty", "empty_customer_id"],
    ]
    assert store.frame("customers")["name"].tolist() == ["Alfa"]


def test_no_line_that_can_be_counted(extract):
    assert said(extract.order_lines(HEADER + "1;x;A;1;5\n2;y;A;1;5\n3;z;A;1;5\n4;q;A;1;5\n")) == (
        "None of the 4 order lines can be counted: order_date cannot be read: q,"
        " order_date cannot be read: x, order_date cannot be read: y and 1 more.\n"
        "Fix: correct columns, decimal or date_format under [sources.order_lines]."
    )


def test_amounts_that_can_be_read_in_two_ways(extract):
    assert said(extract.order_lines(HEADER + "1;2026-03-01;A;1;1.234\n")) == (
        "sources.order_lines holds numbers such as 1.234 in net_amount, which can be read in two "
        'ways.\nFix: set decimal = "," or decimal = "." under [sources.order_lines].'
    )


def test_amounts_with_both_decimal_marks(extract):
    rows = "1;2026-03-01;A;1;1.5\n2;2026-03-01;A;1;2,5\n3;2026-03-01;A;1;2,55\n"
    assert said(extract.order_lines(HEADER + rows)) == (
        "sources.order_lines holds numbers with decimal commas (2) and with decimal points (1) in"
        " net_amount.\n"
        'Fix: set decimal = "," or decimal = "." under [sources.order_lines].'
    )


def test_dates_that_can_be_read_in_two_ways(extract):
    rows = "1;03/01/2026;A;1;5\n2;04/05/2026;A;1;5\n"
    assert said(extract.order_lines(HEADER + rows)) == (
        "sources.order_lines holds dates such as 03/01/2026 in order_date, which can be read in two"
        " ways.\n"
        "Fix: set date_format, such as dd.mm.yyyy or mm/dd/yyyy, under [sources.order_lines]."
    )


@pytest.mark.parametrize("told", ["%Q", "", "d.m.y", "%d.%m.%"])
def test_a_date_format_that_is_none(extract, told):
    assert said(extract.order_lines(GOOD, f'date_format = "{told}"')) == (
        f"sources.order_lines sets date_format to {told}, which is no date format.\n"
        "Fix: write it like %d.%m.%Y or dd.mm.yyyy."
    )


def test_a_first_order_after_as_of(extract):
    assert said(extract.order_lines(HEADER + "1;2026-04-01;A;1;5\n")) == (
        "The first order is of 2026-04-01, after as_of (2026-03-31).\n"
        "Fix: correct as_of, or ask for the earlier orders."
    )


def test_no_order_in_the_window(extract):
    assert said(extract.order_lines(HEADER + "1;2024-03-31;A;1;5\n2;2026-04-01;A;1;5\n")) == (
        "None of the 2 order lines lies in the window after 2024-03-31 up to 2026-03-31.\n"
        "Fix: correct as_of or window_months, or ask for the orders of the window."
    )


# --- SQL --------------------------------------------------------------------------------------


def sql_said(extract, sql: str) -> str:
    extract.write("orders.csv", GOOD)
    extract.write("../secret.csv", GOOD)
    raw = '[raw.lines]\nfile = "orders.csv"\n'
    return said(extract.store(f"{raw}[sources.order_lines]\nsql = '''{sql}'''\n"))


@pytest.mark.parametrize(
    ("sql", "kinds"),
    [
        ("COPY raw.lines TO 'stolen.csv'", "COPY"),
        ("CREATE TABLE mine AS SELECT * FROM raw.lines", "CREATE"),
        ("SELECT * FROM raw.lines; SELECT 1", "SELECT, SELECT"),
        ("SELECT * FROM raw.lines; DROP TABLE raw.lines", "SELECT, DROP"),
        ("SET enable_external_access = true", "SET"),
        ("ATTACH 'other.db'", "ATTACH"),
        ("-- nothing", "no statement"),
    ],
)
def test_sql_that_is_not_one_select(extract, sql, kinds):
    assert sql_said(extract, sql) == (
        f"The sql of sources.order_lines is {kinds}, not one SELECT.\n"
        "Fix: write exactly one SELECT."
    )
    assert not list(extract.folder.rglob("stolen.csv"))


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", 'file "/etc/passwd"'),
        ("SELECT * FROM read_text('../secret.csv')", 'file "../secret.csv"'),
        ("FROM 'orders.parquet'", 'file "orders.parquet"'),
        ("SELECT * FROM raw.lines, glob('/etc/*')", 'file "/etc/*"'),
        ("FROM 'https://example.org/a.csv'", 'file "https://example.org/a.csv"'),
    ],
)
def test_sql_that_reads_elsewhere(extract, sql, what):
    assert sql_said(extract, sql) == (
        "The sql of sources.order_lines reads outside the declared raw files: "
        f"Cannot access {what}.\n"
        "Fix: declare the file as [raw.<name>] and read raw.<name>."
    )


@pytest.mark.parametrize("name", ["raw.line", "line"])
def test_sql_that_names_an_undeclared_file(extract, name):
    assert sql_said(extract, f"SELECT * FROM {name}") == (
        "The sql of sources.order_lines reads line, which is not declared. Nearest: lines.\n"
        "Fix: declare it as [raw.line] and read raw.line."
    )


def test_sql_sees_nothing_of_the_program_around_it(extract):
    assert sql_said(extract, "SELECT * FROM target") == (
        "The sql of sources.order_lines reads target, which is not declared.\n"
        "Fix: declare it as [raw.target] and read raw.target."
    )


def test_sql_that_is_no_sql(extract):
    assert sql_said(extract, "SELEC * FROM raw.lines") == (
        "The sql of sources.order_lines cannot be parsed: "
        'Parser Error: syntax error at or near "SELEC".\n'
        "Fix: mend the SQL."
    )


def test_sql_that_names_a_column_that_is_not_there(extract):
    assert sql_said(extract, "SELECT net FROM raw.lines") == (
        'The sql of sources.order_lines fails: Binder Error: Referenced column "net" not found in'
        " FROM clause.\nFix: mend the SQL."
    )


def test_a_raw_file_with_a_broken_line(extract):
    extract.write("broken.csv", GOOD + "2;2026-03-01\n")
    agreed = '[raw.lines]\nfile = "broken.csv"\n[sources.order_lines]\nsql = "FROM raw.lines"\n'
    assert said(extract.store(agreed)) == (
        "broken.csv line 3 does not have the fields of its header: 2;2026-03-01\n"
        "Fix: mend the line, or read the file without SQL, which sets such lines aside."
    )


def test_a_raw_source_outside_the_allowed_folders(extract):
    extract.write("../secret.csv", GOOD)
    agreed = '[raw.lines]\nfile = "../secret.csv"\n[sources.order_lines]\nsql = "FROM raw.lines"\n'
    assert said(extract.store(agreed)) == OUTSIDE.format("../secret.csv").replace(
        "sources.order_lines", "raw.lines"
    )


def test_a_raw_source_is_a_file(extract):
    agreed = '[raw.lines]\nsql = "SELECT 1"\n[sources.order_lines]\nsql = "FROM raw.lines"\n'
    assert said(extract.store(agreed)) == (
        "raw.lines is SQL, but raw sources are files.\nFix: give raw.lines its file."
    )


def test_no_order_lines(extract):
    extract.write("customers.csv", "customer_id;name\nA;Alfa\n")
    store = extract.store('[sources.customers]\nfile = "customers.csv"\n')
    assert (
        said(store, "customers")
        == said(store)
        == (
            "engagement.toml names no order lines, without which nothing can be said.\n"
            "Fix: add [sources.order_lines] with its file and columns."
        )
    )
