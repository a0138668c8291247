"""What is repaired and counted, what is asked of the whole column, and what is left alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from test_sources import HEADER, tuples

from segkit.errors import SourceError

LINES = '[sources.order_lines]\nfile = "orders.csv"\n'


def lines(*nets: str, day: str = "2026-03-01") -> str:
    rows = (f"{place};{day};A;P;1;{net}\n" for place, net in enumerate(nets, start=1))
    return HEADER + "".join(rows)


def repaired(store, table: str = "order_lines") -> list[tuple[object, ...]]:
    return tuples(store.frame(f"{table}_repairs"))


# --- numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minor", "rules"),
    [
        ("1.234,50-", -123450, ["minus_behind", "thousands"]),
        ("(12,00)", -1200, ["brackets"]),
        ("(12,00 zł)", -1200, ["brackets", "currency"]),
        ("512 zł", 51200, ["currency"]),
        ("zł 1 234", 123400, ["currency", "thousands"]),
        ("PLN 12,00", 1200, ["currency"]),
        ("12,-", 1200, ["dash_for_cents"]),
        ("1'234'567,5", 123456750, ["thousands"]),
        ("1\u202f234,5", 123450, ["spaces", "thousands"]),
        ("1\u00a0234,5", 123450, ["spaces", "thousands"]),
        ("−12,50", -1250, ["minus_sign"]),
        ("- 12,50", -1250, ["minus_apart"]),
        ("12\u200b,50", 1250, ["stray_bytes"]),
        ("12,5\x01", 1250, ["stray_bytes"]),
        ("1.234", 123400, ["thousands"]),
    ],
)
def test_a_repair_is_counted_with_what_it_was_and_became(extract, text, minor, rules):
    store = extract.order_lines(lines(text, "5,00"), 'decimal = ","')
    assert store.frame("order_lines")["net_amount"].tolist() == [minor, 500]
    became = f"{(Decimal(minor) / 100).normalize():f}"
    assert repaired(store) == [("net_amount", rule, 1, text.strip(), became) for rule in rules]


@pytest.mark.parametrize("text", ["12,50", " 12,5 ", "-5", "1234,5", "+3", "0", "1,5E+3"])
def test_a_plain_number_is_not_repaired(extract, text):
    assert repaired(extract.order_lines(lines(text), 'decimal = ","')) == []


@pytest.mark.parametrize(
    "text", ["(-12,00)", "12-,5", "-12-", "1.23,5", "0.123", "1.234'567", "12 %", "12 szt", "zł"]
)
def test_what_no_rule_reads_is_set_aside_as_it_was(extract, text):
    store = extract.order_lines(lines(text, "5,00"), 'decimal = ","')
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "reason") == [(f"net_amount cannot be read: {text}",)]
    assert repaired(store) == []


def test_a_column_decides_for_itself_how_it_writes_decimals(extract):
    rows = "1;2026-03-01;A;P;0.5;1.234\n2;2026-03-01;A;P;1.250;1,5\n"
    got = extract.order_lines(HEADER + rows).frame("order_lines")
    assert tuples(got, "quantity", "net_amount") == [(0.5, 123400), (1.25, 150)]


def test_a_column_that_cannot_decide_writes_as_the_others(extract):
    rows = "1;2026-03-01;A;P;1.000;12,5\n2;2026-03-01;A;P;2.000;7,25\n"
    got = extract.order_lines(HEADER + rows).frame("order_lines")
    assert got["quantity"].tolist() == [1000, 2000]


def test_one_typing_mistake_in_a_hundred_does_not_undo_a_column(extract):
    nets = ["1,5"] * 99 + ["1.234", "2.5"]
    store = extract.order_lines(lines(*nets))
    assert store.frame("order_lines")["net_amount"].sum() == 99 * 150 + 123400
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "reason") == [("net_amount cannot be read: 2.5",)]


def test_a_text_in_a_sheet_that_can_be_read_in_two_ways_is_set_aside(extract):
    book = openpyxl.Workbook()
    book.active.append(["order_id", "order_date", "quantity", "net_amount"])
    for row in (("1", "2026-03-01", 1, 1234.5), ("2", "2026-03-01", 1, "1,234")):
        book.active.append(row)
    extract.folder.mkdir()
    book.save(extract.folder / "lines.xlsx")
    store = extract.store('[sources.order_lines]\nfile = "lines.xlsx"')
    assert store.frame("order_lines")["net_amount"].tolist() == [123450]


def test_a_percentage_is_a_share_where_shares_are_asked_for(extract):
    extract.write("orders.csv", lines("5"))
    extract.write("assumptions.csv", "id,value,low,high\na,82%,0.80,90.5 %\n")
    more = '[sources.assumptions]\nfile = "assumptions.csv"'
    store = extract.store(LINES + more)
    got = store.frame("assumptions")
    assert tuples(got, "value", "low", "high") == [
        (Decimal("0.82"), Decimal("0.8"), Decimal("0.905"))
    ]
    assert repaired(store, "assumptions") == [
        ("high", "percent", 1, "90.5 %", "0.905"),
        ("value", "percent", 1, "82%", "0.82"),
    ]


# --- texts ----------------------------------------------------------------------------------


def test_names_and_numbers_of_customers_lose_what_cannot_be_seen(extract):
    rows = (
        "1;2026-03-01;A\u200b1;P;1;5\n2;2026-03-01;\u00a0A1\u00a0;P;1;5\n3;2026-03-01; A1 ;P;1;5\n"
    )
    store = extract.order_lines(HEADER + rows)
    assert store.frame("order_lines")["customer_id"].tolist() == ["A1", "A1", "A1"]
    assert repaired(store) == [
        ("customer_id", "spaces", 1, "\u00a0A1\u00a0", "A1"),
        ("customer_id", "stray_bytes", 1, "A\u200b1", "A1"),
    ]


# --- dates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("01.03.26", "two_digit_year"),
        ("46082", "excel_serial"),
        ("46082.75", "excel_serial"),
        ("01.03.2026 23:59", "time_of_day"),
        ("2026-03-01T08:00:00Z", "time_of_day"),
        ("2026-03-01", "other_date"),
        ("1/3/2026", "other_date"),
    ],
)
def test_a_date_in_another_shape_than_its_column_is_read_and_counted(extract, text, rule):
    rows = HEADER + f"1;{text};A;P;1;5\n2;15.03.2026;A;P;1;5\n"
    store = extract.order_lines(rows, 'date_format = "%d.%m.%Y"')
    assert store.frame("order_lines")["order_date"].dt.date.tolist()[0] == date(2026, 3, 1)
    assert ("order_date", rule, 1, text, "2026-03-01") in repaired(store)


@pytest.mark.parametrize(
    "text", ["0026-03-01", "epoch", "infinity", "31.02.2026", "99999", "260301"]
)
def test_what_is_no_day_of_business_is_set_aside(extract, text):
    store = extract.order_lines(HEADER + f"1;{text};A;P;1;5\n2;2026-03-15;A;P;1;5\n")
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "reason") == [(f"order_date cannot be read: {text}",)]


def days(*texts: str) -> str:
    return HEADER + "".join(f"{one};{one};A;P;1;5\n" for one in texts)


def read(extract, *texts: str) -> list[str]:
    got = extract.order_lines(days(*texts)).frame("order_lines")
    return got["order_date"].dt.strftime("%Y-%m-%d").tolist()


def test_a_column_of_dates_decides_what_comes_first(extract):
    assert read(extract, "03/01/2026", "03/25/2026") == ["2026-03-01", "2026-03-25"]
    assert read(extract, "03/01/2026", "25/01/2026") == ["2026-01-03", "2026-01-25"]
    assert read(extract, "03.01.2026") == ["2026-01-03"]  # with dots, days come first
    assert read(extract, "03/03/2026") == ["2026-03-03"]  # the same day either way


def test_years_of_two_digits_are_read_where_the_column_allows_one_reading(extract):
    months = [f"{day:02}.03.26" for day in range(1, 31)]
    assert read(extract, *months)[-1] == "2026-03-30"
    with pytest.raises(SourceError) as caught:
        read(extract, "01.03.26", "02.03.26")
    assert str(caught.value) == (
        "sources.order_lines holds dates such as 01.03.26 in order_date, which can be read in two"
        " ways.\n"
        "Fix: set date_format, such as dd.mm.yyyy or mm/dd/yyyy, under [sources.order_lines]."
    )


# --- currencies -----------------------------------------------------------------------------

RATES = "currency,from_date,rate\nEUR,2026-03-01,4.25\nEUR,2026-03-10,4.3\nSEK,2026-01-01,0.385\n"
BOTH = LINES + '[sources.rates]\nfile = "rates.csv"\n'
WITH_CURRENCY = HEADER.replace("\n", ";currency\n")


def converted(extract, rows: str, rates: str = RATES):
    extract.write("orders.csv", WITH_CURRENCY + rows)
    extract.write("rates.csv", rates)
    return extract.store(BOTH)


def test_a_line_is_converted_by_the_latest_rate_on_or_before_its_day(extract):
    rows = "".join(
        f"{day};2026-03-{day};A;P;1;10.01;{currency}\n"
        for day, currency in (("01", "EUR"), ("09", "eur"), ("10", "€"), ("31", "EUR"), ("02", ""))
    )
    got = converted(extract, rows).frame("order_lines")
    assert dict(zip(got["order_id"], got["net_amount"], strict=True)) == {
        "01": 4254, "09": 4254, "10": 4304, "31": 4304, "02": 1001,
    }  # fmt: skip
    assert dict(zip(got["order_id"], got["currency"], strict=True))["10"] == "EUR"


def test_a_large_amount_is_converted_exactly(extract):
    store = converted(extract, "1;2026-03-01;A;P;1;98765432109.87;EUR\n")
    assert store.frame("order_lines")["net_amount"].tolist() == [41975308646695]
    assert store.frame("order_lines_counts")["net_read"].tolist() == [Decimal("419753086466.9475")]


def test_a_currency_without_a_rate_is_set_aside_and_its_money_told(extract):
    rows = "1;2026-02-28;A;P;1;10;EUR\n2;2026-03-01;A;P;1;7;USD\n3;2026-03-01;A;P;1;5;PLN\n"
    store = converted(extract, rows + "4;2026-03-02;A;P;1;100;SEK\n")
    aside = store.frame("order_lines_quarantine")
    assert tuples(aside, "reason", "reason_kind", "net_amount_minor") == [
        ("net_amount has no rate: EUR on 2026-02-28", "no_rate", None),
        ("net_amount has no rate: USD on 2026-03-01", "no_rate", None),
    ]
    assert tuples(store.frame("currency_totals")) == [
        ("EUR", False, 1, Decimal(10), None, None, None),
        ("PLN", True, 1, Decimal(5), None, None, 500),
        ("SEK", True, 1, Decimal(100), Decimal("0.385"), Decimal("0.385"), 3850),
        ("USD", False, 1, Decimal(7), None, None, None),
    ]
    assert tuples(store.frame("order_lines_counts"), "net_read", "net_rounding") == [
        (Decimal("43.5"), Decimal(0))
    ]


def test_an_amount_is_rounded_once_after_it_is_converted(extract):
    store = converted(extract, "1;2026-03-01;A;P;1;0.004706;EUR\n")  # 0.02000050 of ours
    assert store.frame("order_lines")["net_amount"].tolist() == [2]
    assert tuples(store.frame("order_lines_counts"), "net_read", "net_rounding") == [
        (Decimal("0.0200005"), Decimal("-0.0000005"))
    ]


def test_a_sign_of_another_currency_is_converted_never_dropped(extract):
    extract.write("orders.csv", lines("€ 10,00", "10,00 zł", "10,00"))
    extract.write("rates.csv", RATES)
    got = extract.store(BOTH).frame("order_lines")
    assert tuples(got, "net_amount", "currency") == [(4250, "EUR"), (1000, "PLN"), (1000, None)]


def test_a_sign_of_another_currency_without_rates_is_set_aside(extract):
    store = extract.order_lines(lines("£23.70", "kr 1.50", "5.00"), 'decimal = "."')
    assert tuples(store.frame("order_lines_quarantine"), "reason") == [
        ("net_amount has no rate: GBP on 2026-03-01",),
        ("net_amount has no rate: KR on 2026-03-01",),  # Danish, Swedish, Norwegian?
    ]


def test_a_sign_of_several_currencies_is_its_rows(extract):
    got = converted(extract, "1;2026-03-01;A;P;1;100 kr;SEK\n").frame("order_lines")
    assert got["net_amount"].tolist() == [3850]


def test_a_sign_that_contradicts_its_row_sets_it_aside(extract):
    store = converted(extract, "1;2026-03-01;A;P;1;10 zł;EUR\n2;2026-03-01;A;P;1;5;\n")
    assert tuples(store.frame("order_lines_quarantine"), "reason", "reason_kind") == [
        ("net_amount is in another currency than its row, EUR: 10 zł", "two_currencies")
    ]


def test_a_cost_in_another_currency_than_its_line_is_left_empty(extract):
    extract.write(
        "orders.csv",
        HEADER.replace("\n", ";cost_amount\n") + "1;2026-03-15;A;P;1;10,5;€ 7,5\n",
    )
    extract.write("rates.csv", RATES)
    store = extract.store(BOTH)
    assert store.frame("order_lines")["cost_amount"].isna().all()
    assert repaired(store) == [("cost_amount", "other_currency", 1, "€ 7,5", None)]


def test_all_amounts_of_a_line_are_converted(extract):
    head = WITH_CURRENCY.replace("\n", ";list_amount;discount_amount;cost_amount\n")
    extract.write("orders.csv", head + "1;2026-03-01;A;P;1;10;EUR;12;2;7.5\n")
    extract.write("rates.csv", RATES)
    got = extract.store(BOTH).frame("order_lines")
    assert tuples(got, "net_amount", "list_amount", "discount_amount", "cost_amount") == [
        (4250, 5100, 850, 3188)
    ]


def test_no_line_has_a_rate(extract):
    with pytest.raises(SourceError) as caught:
        converted(extract, "1;2026-03-01;A;P;1;7;USD\n").path("order_lines")
    assert str(caught.value) == (
        "None of the 1 order lines can be counted: net_amount has no rate: USD on 2026-03-01.\n"
        "Fix: give [sources.rates], or correct currency."
    )


def test_receivables_are_converted_at_the_day_of_the_invoice(extract):
    extract.write("orders.csv", lines("5,5"))
    extract.write("rates.csv", RATES)
    head = "invoice_id;customer_id;invoice_date;due_date;amount\n"
    extract.write("due.csv", head + "1;A;2026-03-09;2026-04-09;€10,5\n")
    store = extract.store(BOTH + '[sources.receivables]\nfile = "due.csv"')
    assert store.frame("receivables")["amount"].tolist() == [4463]
