"""Client files become contract tables: formats, code pages, mapping, rounding, order of rows."""

from __future__ import annotations

import random
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_folder import Extract
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit import sources

HEADER = "order_id;order_date;customer_id;product_id;quantity;net_amount\n"
POLISH = """[sources.order_lines]
file = "orders*.csv"
[sources.order_lines.columns]
order_id = "Nr zamówienia"
order_date = "Data"
customer_id = "Klient"
quantity = "Ilość"
net_amount = "Wartość netto"
"""
POLISH_TEXT = (
    "Nr zamówienia;Data;Klient;Ilość;Wartość netto\n"
    "Z1;02.03.2026;0042;3;1 234,56\n"
    'Z2;31.03.2026;Żabka;2;"12,5"\n'
)


def tuples(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    rows = frame[list(columns)] if columns else frame
    return list(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name=None))


# --- code pages, delimiters, headers ----------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"]
)
def test_a_polish_file_reads_alike_in_each_code_page_it_is_recognised_in(extract, encoding):
    extract.write("orders.csv", POLISH_TEXT, encoding)
    lines = extract.store(POLISH).frame("order_lines")
    assert tuples(lines, "order_id", "customer_id", "quantity", "net_amount") == [
        ("Z1", "0042", 3.0, 123456),
        ("Z2", "Żabka", 2.0, 1250),
    ]


@pytest.mark.parametrize("encoding", ["iso-8859-2", "cp1250"])
def test_a_declared_code_page_binds(extract, encoding):
    extract.write("orders.csv", POLISH_TEXT, encoding)
    agreed = POLISH.replace("[sources.order_lines.columns]", f'encoding = "{encoding}"\n\\g', 1)
    agreed = agreed.replace("\\g", "[sources.order_lines.columns]")
    assert tuples(extract.store(agreed).frame("order_lines"), "customer_id") == [
        ("0042",),
        ("Żabka",),
    ]


def test_elsewhere_what_is_not_utf8_is_cp1252(extract):
    extract.write("orders.csv", HEADER + "1;2026-03-01;Café;A;1;5\n", "cp1252")
    store = extract.store('[sources.order_lines]\nfile = "orders.csv"', 'country = "GB"')
    assert store.frame("order_lines")["customer_id"].tolist() == ["Café"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_headers(extract, delimiter):
    text = (HEADER + '1;2026-03-01;"Smith; Sons, & |Co";A;1;5\n').replace(";", delimiter)
    lines = extract.order_lines(text).frame("order_lines")
    assert lines["customer_id"].tolist() == [f"Smith{delimiter} Sons, & |Co"]


def test_blank_lines_trailing_delimiters_and_mixed_line_ends_are_no_rows(extract):
    text = "\n" + HEADER.replace("\n", ";\r\n") + "\n1;2026-03-01;A;P;1;5;\r\n;;;;;;\n\r\n"
    store = extract.order_lines(text + '2;2026-03-02;"B\nC";P;1;5;')
    assert store.frame("order_lines")["customer_id"].tolist() == ["A", "B\nC"]
    assert tuples(store.frame("order_lines_counts"), "rows_read") == [(2,)]


def test_headers_match_whatever_their_spaces_and_letter_case(extract):
    text = "Order_ID ; order_date;\u00a0Net_Amount;quantity\n1;2026-03-01;5,25;1\n"
    assert extract.order_lines(text).frame("order_lines")["net_amount"].tolist() == [525]


def test_several_files_make_one_table_with_counts_for_each(extract):
    extract.write("b/orders_2.csv", HEADER + "2;2026-03-02;A;P;1;5\n3;x;A;P;1;5\n")
    extract.write("b/orders_1.csv", HEADER + "1;2026-03-01;A;P;1;5\n")
    store = extract.store('[sources.order_lines]\nfile = "b/orders_*.csv"')
    assert store.frame("order_lines")["order_id"].tolist() == ["1", "2"]
    counts = ("file", "rows_read", "rows_accepted", "rows_quarantined", "net_read")
    assert tuples(store.frame("order_lines_counts"), *counts) == [
        ("b/orders_1.csv", 1, 1, 0, Decimal("5.000000")),
        ("b/orders_2.csv", 2, 1, 1, Decimal("10.000000")),
    ]


# --- dates and numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01", "01.03.2026", "1.3.2026", "20260301", "46082", "\u00a02026-03-01"),
        *("2026-03-01 23:59:59", "2026-03-01T08:00:00.000Z", "01.03.2026 08:15", "2026/03/01"),
    ],
)
def test_a_date_is_read_as_europeans_write_it(extract, text):
    lines = extract.order_lines(HEADER + f"1;{text};A;P;1;5\n").frame("order_lines")
    assert lines["order_date"].dt.date.tolist() == [date(2026, 3, 1)]


def test_a_declared_date_format_wins(extract):
    more = 'date_format = "%m/%d/%Y"'
    lines = extract.order_lines(HEADER + "1;03/01/2026;A;P;1;5\n", more).frame("order_lines")
    assert lines["order_date"].dt.date.tolist() == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("letters", "text"), [("dd.mm.yy", "01.03.26"), ("DD.MM.YYYY", "01.03.2026")]
)
def test_a_date_format_may_be_written_in_letters(extract, letters, text):
    more = f'date_format = "{letters}"'
    lines = extract.order_lines(HEADER + f"1;{text};A;P;1;5\n", more).frame("order_lines")
    assert lines["order_date"].dt.date.tolist() == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("decimal", "text", "minor"),
    [
        (",", "1234,5", 123450),
        (",", "1.234,50", 123450),
        (",", "1 234,50", 123450),
        (",", "1\u00a0234,50", 123450),
        (",", "1'234'567,5", 123456750),
        (",", "1.234", 123400),
        (".", "1,234.50", 123450),
        (".", "1,234", 123400),
        (".", "1.234", 123),
        (".", "-0.005", -1),
        (".", "PLN 23,705", 2370500),
        (",", "-12,50 zł", -1250),
        (",", "PLN 12,50", 1250),
        (",", "12,50-", -1250),
        (",", "(12,50)", -1250),
        (",", "−12,50", -1250),
        (".", "1.5E+3", 150000),
    ],
)
def test_an_amount_is_read_as_europeans_write_it(extract, decimal, text, minor):
    store = extract.order_lines(HEADER + f"1;2026-03-01;A;P;1;{text}\n", f'decimal = "{decimal}"')
    assert store.frame("order_lines")["net_amount"].tolist() == [minor]


@pytest.mark.parametrize(
    "text", ["12.5.3", "1,23,4", "abc", "12 szt", "1 23,5", "nan", "inf", "--5"]
)
def test_what_is_no_amount_is_none(extract, text):
    rows = HEADER + f"1;2026-03-01;A;P;1;{text}\n2;2026-03-01;A;P;1;5,00\n"
    store = extract.order_lines(rows, 'decimal = ","')
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "reason", "reason_kind", "row", "net_amount_minor") == [
        (f"net_amount cannot be read: {text}", "unreadable_amount", 2, None)
    ]


@pytest.mark.parametrize(
    ("amounts", "minor"), [(("1,5", "1.234"), 123400), (("1.5", "1.234"), 123)]
)
def test_the_decimal_mark_is_what_the_other_amounts_show(extract, amounts, minor):
    rows = "".join(f"{i};2026-03-01;A;P;1;{text}\n" for i, text in enumerate(amounts))
    assert extract.order_lines(HEADER + rows).frame("order_lines")["net_amount"][1] == minor


def test_a_declared_thousands_mark_binds(extract):
    more = 'decimal = ","\nthousands = " "'
    rows = HEADER + "1;2026-03-01;A;P;1;1 234,5\n2;2026-03-01;A;P;1;1.234,5\n"
    store = extract.order_lines(rows, more)
    assert store.frame("order_lines")["net_amount"].tolist() == [123450]


def test_a_currency_without_minor_units_rounds_to_whole_ones(extract):
    extract.write("orders.csv", HEADER + "1;2026-03-01;A;P;1;2,5\n")
    store = extract.store('[sources.order_lines]\nfile = "orders.csv"')
    yen = store.engagement.model_copy(update={"currency": "JPY"})
    store.engagement = yen
    assert store.frame("order_lines")["net_amount"].tolist() == [3]


# --- sheets and Parquet -----------------------------------------------------------------------


def test_a_sheet_keeps_dates_numbers_and_leading_zeros(extract):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Lines")
    sheet.append([])
    sheet.append(["order_id", "order_date", "customer_id", "quantity", "net_amount", None])
    sheet.append(["007", pd.Timestamp("2026-03-01").to_pydatetime(), 17850, 1.5, 0.1 + 0.2])
    sheet.append([8, pd.Timestamp("2026-03-02 09:30").to_pydatetime(), "017", 2, 1234.5])
    extract.folder.mkdir()
    book.save(extract.folder / "lines.xlsx")
    store = extract.store(
        '[sources.order_lines]\nfile = "lines.xlsx"\nsheet = "Lines"\n'
        'decimal = ","\ndate_format = "%d.%m.%Y"'
    )
    lines = store.frame("order_lines")
    assert tuples(lines, "order_id", "customer_id", "quantity", "net_amount") == [
        ("007", "17850", 1.5, 30),
        ("8", "017", 2.0, 123450),
    ]
    assert lines["order_date"].dt.date.tolist() == [date(2026, 3, 1), date(2026, 3, 2)]


def test_parquet_amounts_in_floats_sum_exactly(extract):
    extract.folder.mkdir()
    table = pa.table(
        {
            "order_id": ["1", "2", "3"],
            "order_date": [pd.Timestamp("2026-03-01 08:26")] * 3,
            "customer_id": [17850.0, None, 3.0],
            "quantity": pa.array([6, -1, 2], pa.int32()),
            "net_amount": [0.1, 0.2, 1e-7],
        }
    )
    pq.write_table(table, extract.folder / "lines.parquet")
    store = extract.store('[sources.order_lines]\nfile = "lines.parquet"')
    lines = store.frame("order_lines")
    assert tuples(lines, "customer_id", "net_amount", "product_id") == [
        ("17850", 10, "unknown"),
        (None, 20, "unknown"),
        ("3", 0, "unknown"),
    ]
    counts = store.frame("order_lines_counts")
    assert tuples(counts, "net_read", "net_rounding") == [(Decimal("0.300000"), Decimal("0"))]


# --- mapping, values, keys, repairs -----------------------------------------------------------


def test_a_clients_words_become_the_contracts_and_others_stay(extract):
    text = (
        HEADER.replace("product_id", "channel") + "1;2026-03-01;A;Teren;1;5\n2;2026-03-01;A;Fax;1;5"
    )
    more = 'values = { channel = { Teren = "field" } }'
    lines = extract.order_lines(text, more).frame("order_lines")
    assert lines["channel"].tolist() == ["field", "Fax"]


CUSTOMERS = """[sources.order_lines]
file = "orders.csv"
[sources.customers]
file = "customers.csv"
columns = { customer_id = "Nr", name = "Nazwa", since = "Od", loyalty_card = "Karta" }
"""


def test_customers_are_all_that_are_listed_or_in_the_lines(extract):
    extract.write(
        "orders.csv", HEADER + "1;2026-03-01;B;P;1;5\n2;2026-03-01;C;;1;5\n3;2026-03-01;;;1;5"
    )
    extract.write("customers.csv", "Nr;Nazwa;Od;Karta\nA;Alfa;01.02.2020;tak\nB;;kiedyś;\n")
    store = extract.store(CUSTOMERS)
    assert tuples(store.frame("customers"), "customer_id", "name", "loyalty_card", "is_listed") == [
        ("A", "Alfa", "tak", True),
        ("B", "B", None, True),
        ("C", "C", None, False),
    ]
    assert tuples(store.frame("customers_repairs")) == [
        ("name", "is_empty", 1, None, None),
        ("since", "cannot_be_read", 1, "kiedyś", None),
    ]
    products = store.frame("products")
    assert tuples(products, "product_id", "name", "is_listed") == [
        ("P", "P", False),
        ("unknown", "unknown", False),
    ]


def test_a_row_stays_of_a_repeated_key_whatever_their_order(extract):
    lines = ["1;2026-03-01;A;P;1;5\n", "1;2026-03-01;A;P;1;7\n", ";2026-03-02;A;P;1;7\n"] * 2
    kept = set()
    for order in (lines, lines[::-1]):
        store = extract.order_lines(HEADER + "".join(order), 'key = ["order_id"]')
        kept.add(tuple(store.frame("order_lines")["net_amount"]))
        aside = store.frame("order_lines_quarantine")
        assert set(tuples(aside, "reason", "reason_kind")) == {
            ("order_id repeated: 1", "repeated_key")
        }
    assert kept == {(500, 700, 700)}  # a row without its key is no repeat


def test_without_a_declared_key_equal_lines_stay(extract):
    store = extract.order_lines(HEADER + "1;2026-03-01;A;P;1;5\n" * 2)
    assert len(store.frame("order_lines")) == 2


def test_lines_fall_before_in_or_after_the_window(extract):
    days = ["2024-03-31", "2024-04-01", "2026-03-31", "2026-04-01"]
    store = extract.order_lines(HEADER + "".join(f"{day};{day};A;P;1;5\n" for day in days))
    assert store.frame("order_lines")["period"].tolist() == [
        "before_window",
        "in_window",
        "in_window",
        "after_as_of",
    ]


def test_a_quarantined_row_is_kept_as_it_was_with_its_money(extract):
    rows = HEADER + "1;31.02.2026;A;P;;1,005\n2;2026-03-01;A;P;1;5\n"
    store = extract.order_lines(rows, 'decimal = ","')
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "order_date", "net_amount", "reason", "reason_kind") == [
        (
            "31.02.2026",
            "1,005",
            "order_date cannot be read: 31.02.2026; quantity is empty",
            "unreadable_date",
        )
    ]
    assert tuples(aside, "file", "row", "net_amount_minor") == [("orders.csv", 2, 101)]


def test_a_line_without_the_headers_fields_is_set_aside_whole(extract):
    rows = HEADER + '1;2026-03-01;A\n2;2026-03-01;A;P;1;5\n3;2026-03-01;"A" B;P;1;5\n'
    store = extract.order_lines(rows)
    assert tuples(store.frame("order_lines_quarantine"), "reason", "reason_kind", "row") == [
        ("does not have the fields of the header: 1;2026-03-01;A", "unreadable_row", 2),
        ('does not have the fields of the header: 3;2026-03-01;"A" B;P;1;5', "unreadable_row", 4),
    ]
    assert tuples(store.frame("order_lines_counts"), "rows_read", "rows_accepted") == [(3, 1)]


def test_a_quotes_reason_is_not_the_reason_it_was_set_aside(extract):
    extract.write("orders.csv", HEADER + "1;2026-03-01;A;P;1;5\n")
    extract.write(
        "quotes.csv",
        "quote_id;customer_id;created_date;amount;status;reason\nQ1;A;x;5;lost;price\n"
        "Q2;A;2026-03-01;5;won;price\n",
    )
    store = extract.store(
        '[sources.order_lines]\nfile = "orders.csv"\n[sources.quotes]\nfile = "quotes.csv"'
    )
    aside = store.frame("quotes_quarantine")
    assert tuples(aside, "reason_read", "reason") == [("price", "created_date cannot be read: x")]


# --- SQL --------------------------------------------------------------------------------------

UNION = """
[raw.resellers]
file = "resellers.parquet"
[raw.web]
file = "web.csv"
delimiter = "|"
[sources.order_lines]
sql = '''
SELECT No AS order_id, Day AS order_date, 'R' || Id AS customer_id, Qty AS quantity,
       CAST(Net AS DECIMAL(18,6)) AS net_amount FROM raw.resellers
UNION ALL
SELECT "Nr", "Date", 'W' || "Id", CAST("Qty" AS INTEGER), CAST("Net" AS DECIMAL(18,6)) FROM raw.web
'''
"""


def test_one_select_joins_what_two_systems_sent(extract):
    extract.write("web.csv", "Nr|Date|Id|Qty|Net\n2|2026-03-02|007|1|0.005\n")
    table = {"No": ["1"], "Day": [date(2026, 3, 1)], "Id": [7], "Qty": [2], "Net": [10.1]}
    pq.write_table(pa.table(table), extract.folder / "resellers.parquet")
    store = extract.store(UNION)
    assert tuples(store.frame("order_lines"), "customer_id", "net_amount") == [
        ("R7", 1010),
        ("W007", 1),
    ]
    counts = store.frame("order_lines_counts")
    assert tuples(counts, "file", "net_read", "net_rounding") == [
        ("resellers.parquet + web.csv", Decimal("10.105000"), Decimal("0.005000"))
    ]


def test_a_changed_raw_file_changes_the_hash_of_the_table(extract):
    extract.write("a.csv", HEADER + "1;2026-03-01;B;P;1;5\n")
    agreed = extract.agree(
        '[raw.a]\nfile = "a.csv"\n[raw.other]\nfile = "none.csv"\n'
        '[sources.order_lines]\nsql = "SELECT * FROM raw.a"'
    )
    before = sources.files_hash(agreed, "order_lines")
    assert before == sources.files_hash(agreed, "order_lines")
    extract.write("a.csv", HEADER + "1;2026-03-01;B;P;1;50\n")
    assert sources.files_hash(agreed, "order_lines") != before


# --- invariants -------------------------------------------------------------------------------

amounts = st.decimals(-(10**9), 10**9, places=6, allow_nan=False)
line = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["01.03.2026", "2.3.2026", "31.02.2026", ""]),
    st.sampled_from(["A", "", "Ż"]),
    amounts.map(lambda value: f"{value:f}".replace(".", ",")) | st.sampled_from(["", "x"]),
)


def lines_text(lines: list[tuple[object, ...]]) -> str:
    rows = (f"{number};{day};{who};P;1;{net}\n" for number, day, who, net in lines)
    return HEADER + "".join(rows)


GOOD = (0, "01.03.2026", "A", "1,00")


@given(st.lists(line, max_size=12), st.booleans())
@settings(max_examples=25, deadline=None)
def test_read_is_accepted_plus_quarantined_less_rounding(lines, is_keyed):
    with TemporaryDirectory() as folder:
        extract = Extract(Path(folder))
        more = 'decimal = ","' + ('\nkey = ["order_id"]' if is_keyed else "")
        store = extract.order_lines(lines_text([GOOD, *lines]), more)
        counts = store.frame("order_lines_counts").iloc[0]
        accepted = store.frame("order_lines")["net_amount"].tolist()
        aside = store.frame("order_lines_quarantine")["net_amount_minor"].dropna().tolist()
    given_amounts = [
        Decimal(net.replace(",", ".")) for *_, net in [GOOD, *lines] if net not in ("", "x")
    ]
    rounded = [int((one * 100).quantize(Decimal(1), ROUND_HALF_UP)) for one in given_amounts]
    assert counts["rows_read"] == counts["rows_accepted"] + counts["rows_quarantined"]
    assert counts["net_read"] == sum(given_amounts)
    assert sorted(accepted + [int(minor) for minor in aside]) == sorted(rounded)
    total = Decimal(sum(accepted) + sum(int(minor) for minor in aside)) / 100
    assert counts["net_read"] == total - counts["net_rounding"]


@given(st.lists(line, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None)
def test_shuffled_rows_and_split_files_give_the_same_bytes(lines, chance):
    lines = [GOOD, *lines]
    shuffled = random.Random(chance.random()).sample(lines, len(lines))
    cut = chance.randint(0, len(lines))
    made = []
    for parts in ([lines], [shuffled[:cut], shuffled[cut:]]):
        with TemporaryDirectory() as folder:
            extract = Extract(Path(folder))
            for place, part in enumerate(parts):
                extract.write(f"orders_{place}.csv", lines_text(part))
            store = extract.store(
                '[sources.order_lines]\nfile = "orders_*.csv"\nkey = ["order_id"]\ndecimal = ","'
            )
            made.append(store.path("order_lines").read_bytes())
    assert made[0] == made[1]


def test_threads_do_not_change_the_bytes(extract, monkeypatch):
    rows = "".join(
        f"{i % 5000};0{1 + i % 9}.03.2026;C{i % 7};P{i % 3};{i};{i % 11},5\n" for i in range(20_000)
    )
    made = set()
    for threads in (1, 3):
        monkeypatch.setenv("SEGKIT_THREADS", str(threads))
        store = extract.order_lines(HEADER + rows)
        store.folder = extract.folder / f"store{threads}"
        made.add(store.path("order_lines").read_bytes())
    assert len(made) == 1


# --- what is told -----------------------------------------------------------------------------


def test_check_tells_what_was_read_and_set_aside(extract):
    store = extract.order_lines(
        HEADER + "1;2026-01-12;A;P;1;5\n2;x;A;P;1;5\n3;;A;P;1;5\n4;y;A;P;1;5"
    )
    checked = sources.check(store.engagement, store)
    (table,) = checked.tables
    assert (table.name, table.files) == ("order_lines", ("orders.csv",))
    assert (table.rows_read, table.rows_accepted, table.rows_quarantined) == (4, 1, 3)
    assert table.reasons == (
        ("unreadable_date", 2, "order_date cannot be read: x"),
        ("empty_order_date", 1, "order_date is empty"),
    )
    assert list(map(str, checked.warnings)) == [
        "The last order is of 12 January 2026, 78 days before the as-of date: "
        "the extract may end early."
    ]


def test_an_order_up_to_45_days_before_as_of_is_no_warning():
    assert sources.freshness(date(2026, 2, 14), date(2026, 3, 31)) is None


# --- real files -------------------------------------------------------------------------------


def test_a_real_polish_statistics_file_reads(extract, shared_data):
    agreed = f"""
[data]
root = "{shared_data.as_posix()}"
[sources.order_lines]
file = "orders.csv"
[sources.needs]
file = "messy_csv/pl_gus_ryne_4089.csv"
columns = {{ customer_id = "Kod", item = "Płeć", rater = "Rok", score = "Wartosc" }}
"""
    extract.write("orders.csv", HEADER + "1;2026-03-01;A;P;1;5\n")
    store = extract.store(agreed)
    counts = store.frame("needs_counts")
    assert counts["rows_read"].sum() == 1792  # 1,793 lines with the header
    everyone = pd.concat([store.frame("needs"), store.frame("needs_quarantine")])
    assert everyone["customer_id"].min() == "0200000"
