"""The client's own totals: what they may be of, and what a gap looks like; planted, and absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from audit_client import AGREED, HEAD, open_small, told

from segkit import audit
from segkit.audit import explain
from segkit.audit.controls import Gap, control_gaps, evidence, is_within_group
from segkit.audit.explain import Evidence
from segkit.engagement import days_of
from segkit.errors import EngagementError
from segkit.language import render


def gap(ours: str | Decimal, theirs: str | Decimal) -> Gap:
    return Gap("net_revenue", "", Decimal(ours), Decimal(theirs), Decimal("0.005"), "EUR")


def every_day(first: date, last: date) -> dict[date, tuple[int, Decimal]]:
    """Ten lines a day, worth a little more each day."""
    days = (last - first).days + 1
    return {first + timedelta(days=n): (10, Decimal(1000 + n + 7 * (n % 5))) for n in range(days)}


DAYS = every_day(date(2023, 1, 1), date(2026, 2, 28))
KNOWN = Evidence(date(2025, 1, 1), date(2025, 12, 31), DAYS, country="PL")


def summed(first: date, last: date) -> Decimal:
    return sum((amount for day, (_, amount) in DAYS.items() if first <= day <= last), Decimal(0))


OURS = summed(KNOWN.first, KNOWN.last)


def looks(theirs: Decimal | str, known: Evidence = KNOWN) -> tuple[str, str, Decimal] | None:
    found = explain.explained(gap(OURS, theirs), known)
    return found and (found.kind, str(found.text), found.rest)


# --- each explanation, where it fits and where it does not ------------------------------------


def test_vat_in_theirs_and_in_ours():
    assert looks(OURS * Decimal("1.23") + 5) == ("vat", "VAT of 23%, in theirs and not in ours", 5)
    assert looks((OURS / Decimal("1.08")).quantize(Decimal(1)))[:2] == (
        "vat", "VAT of 8.0%, in ours and not in theirs",
    )  # fmt: skip


@pytest.mark.parametrize(
    "known",
    [replace(KNOWN, country="DK"), replace(KNOWN, country=None), replace(KNOWN, is_money=False)],
)
def test_vat_of_another_country_or_of_a_count_is_none(known):
    assert explain.vat(gap(OURS, OURS * Decimal("1.23")), known) is None


def test_a_ratio_near_vat_is_not_vat():
    assert explain.vat(gap(OURS, OURS * Decimal("1.225")), KNOWN) is None


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2024, 12, 1), date(2025, 11, 30)),
        (date(2025, 2, 1), date(2026, 1, 31)),
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2023, 1, 1), date(2026, 2, 28)),
    ],
)
def test_theirs_is_of_another_period(first, last):
    kind, text, rest = looks(summed(first, last))
    assert (kind, rest) == ("period", 0)
    days = [f"{day.day} {day:%B %Y}" for day in (first, last)]
    assert text == f"another period: {days[0]} to {days[1]}"


def test_a_window_of_two_years_beside_their_calendar_year():
    two_years = replace(KNOWN, first=date(2024, 1, 1))
    ours = summed(two_years.first, two_years.last)
    found = explain.another_period(gap(ours, OURS), two_years)
    assert str(found.text) == "another period: 1 January 2025 to 31 December 2025"


def test_a_total_of_no_period_is_of_none():
    assert explain.another_period(gap(OURS, OURS * Decimal("0.87")), KNOWN) is None


RATES = {"EUR": (Decimal("4.20"), Decimal("4.31"))}


def test_theirs_is_in_another_currency():
    known = replace(KNOWN, rates=RATES)
    assert looks((OURS / Decimal("4.26")).quantize(Decimal(1)), known) == (
        "currency", "another currency: theirs in EUR", 0,
    )  # fmt: skip
    assert explain.another_currency(gap(OURS, OURS / Decimal("4.5")), known) is None
    assert explain.another_currency(gap(OURS, OURS / Decimal("4.26")), KNOWN) is None


def test_lines_in_another_currency_are_left_out_or_not_converted():
    known = replace(
        KNOWN, foreign={"EUR": (Decimal(43000), Decimal(10000))}, without_rate={"USD": Decimal(777)}
    )
    texts = [looks(OURS + change, known) for change in (-43000, -33000)]
    assert [text[1] for text in texts] == [
        "another currency: theirs without EUR",
        "another currency: EUR not converted in theirs",
    ]
    found = explain.another_currency(gap(OURS, OURS + 777), known)
    assert str(found.text) == "another currency: USD without a rate is in theirs"
    assert explain.another_currency(gap(OURS, OURS - 39000), known) is None


def test_a_month_without_lines_looks_like_a_missing_file():
    days = {day: one for day, one in DAYS.items() if (day.year, day.month) != (2025, 8)}
    known = replace(KNOWN, days=days)
    missing = OURS - summed(date(2025, 8, 1), date(2025, 8, 31))
    found = explain.explained(gap(missing, OURS), known)
    assert found.kind == "missing"
    assert str(found.text) == (
        "a missing file: few lines or none from 1 August 2025, where a month has usually "
        "EUR 58.3 thousand"
    )
    assert abs(found.rest) < 3000


def test_a_whole_calendar_or_another_size_is_no_missing_file():
    assert explain.missing_file(gap(OURS, OURS + 57000), KNOWN) is None
    days = {day: one for day, one in DAYS.items() if (day.year, day.month) != (2025, 8)}
    known = replace(KNOWN, days=days)
    assert explain.missing_file(gap(OURS, OURS + 570000), known) is None
    assert explain.missing_file(gap(OURS, OURS - 57000), known) is None


CREDITS = {"all": Decimal(-9000), "returns": Decimal(-7000), "corrections": Decimal(-2000),
           "web": Decimal(-1500)}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (9000, "credit notes: theirs without negative lines"),
        (7000, "credit notes: theirs without returns"),
        (2000, "credit notes: theirs without negative lines that return no goods"),
        (1500, "credit notes: theirs without those of one channel: web"),
    ],
)
def test_theirs_is_without_credit_notes(change, text):
    found = explain.credit_notes(gap(OURS, OURS + change), replace(KNOWN, credits=CREDITS))
    assert (str(found.text), found.rest) == (text, 0)


def test_a_gap_of_another_size_is_no_credit_note():
    known = replace(KNOWN, credits=CREDITS)
    assert explain.credit_notes(gap(OURS, OURS + 8000), known) is None
    assert explain.credit_notes(gap(OURS, OURS - 9000), known) is None


def test_theirs_is_without_sales_within_the_group():
    known = replace(KNOWN, related={"Small Sverige AB": Decimal(5000), "Small ApS": Decimal(3000)})
    found = explain.intercompany(gap(OURS, OURS - 8000), known)
    assert str(found.text) == (
        "sales within the group, which theirs leaves out: Small Sverige AB, Small ApS"
    )
    assert str(explain.intercompany(gap(OURS, OURS - 3000), known).text).endswith(": Small ApS")
    assert explain.intercompany(gap(OURS, OURS - 4000), known) is None
    assert explain.intercompany(gap(OURS, OURS - 8000), KNOWN) is None


def test_companies_of_the_group_are_told_by_name_or_kind():
    assert is_within_group("Nordvik Handel A/S", "NORDVIK Sverige AB")
    assert not is_within_group("Nordvik Handel A/S", "Nordvest Handel ApS")
    assert is_within_group("Nordvik Handel A/S", "Alfa", "Konzern")
    assert is_within_group("Nordvik Handel A/S", "Alfa", "odbiorca powiązany")
    assert not is_within_group("Nordvik Handel A/S", "Alfa", "retail")


def test_a_gap_within_tolerance_is_not_explained():
    assert looks(OURS * Decimal("1.004")) is None


def test_the_first_that_fits_is_told():
    credits = {"all": OURS * Decimal("-0.23")}
    assert looks(OURS * Decimal("1.23"), replace(KNOWN, credits=credits))[0] == "vat"


# --- periods, measures, regions, tables ---------------------------------------------------------


def test_a_period_is_a_year_a_quarter_a_month_or_two_days():
    assert days_of("2024") == (date(2024, 1, 1), date(2024, 12, 31))
    assert days_of("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert days_of("2024-Q4") == (date(2024, 10, 1), date(2024, 12, 31))
    assert days_of("2024-01-15/2024-01-15") == (date(2024, 1, 15), date(2024, 1, 15))
    for text in ("2024-13", "2024-Q5", "24", "2024-02-30/2024-03-01", "2024-02-02/2024-02-01", "x"):
        assert days_of(text) is None


MANY = """
[sources.customers]
file = "customers.csv"
[controls]
net_revenue = { value = 172 }
revenue_2024 = { measure = "net_revenue", period = "2024", value = 190 }
lines_of_january = { measure = "order_lines", period = "2025-01", value = 2 }
orders = { value = 6, period = "all", tolerance_share = 0.5 }
quantity = { value = 4, period = "2025-Q1" }
customers = { value = 3 }
customers_of_2024 = { measure = "customers", period = "2024", value = 3 }
south = { measure = "net_revenue", region = "South", period = "2025", value = 80 }
listed = { measure = "rows", table = "customers", period = "all", value = 3 }
cost = { period = "2025", value = 0 }
"""


def many(folder: Path, more: str = MANY):
    (folder / "customers.csv").write_text("customer_id,name,region\na,A,North\nb,B,South\nz,Z,\n")
    return open_small(folder, more=more)


def test_totals_by_period_region_measure_and_table(tmp_path: Path, reports: Path) -> None:
    gaps = {gap.name: (gap.ours, gap.unit) for gap in control_gaps(many(tmp_path))}
    assert gaps == {
        "net_revenue": (172, "EUR"),
        "revenue_2024": (190, "EUR"),
        "lines_of_january": (2, "order lines"),
        "orders": (9, "orders"),
        "quantity": (3, "units"),
        "customers": (3, "customers"),
        "customers_of_2024": (3, "customers"),
        "south": (80, "EUR"),
        "listed": (3, "rows"),
        "cost": (0, "EUR"),
    }


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (
            "net_revenu = { value = 1 }",
            "engagement.toml sets controls.net_revenu, which segkit cannot compare."
            " Nearest: net_revenue.\n"
            "Fix: use one of net_revenue, order_lines, customers, orders, quantity, cost,"
            " gross_margin, rows, net_amount, list_amount, discount_amount, cost_amount.",
        ),
        (
            'x = { value = 1, measure = "row", table = "customers" }',
            "engagement.toml sets controls.x.measure to row, which segkit cannot compare."
            " Nearest: rows.\nFix: use one of rows, size.",
        ),
        (
            'x = { value = 1, measure = "rows", table = "receivable" }',
            "engagement.toml sets controls.x.table to receivable, which is not given.\n"
            "Fix: name a table of [sources], or delete the control.",
        ),
        (
            'x = { value = 1, measure = "rows", table = "customers", period = "2025" }',
            "engagement.toml sets controls.x.period, but customers has no dates.\n"
            'Fix: set period = "all".',
        ),
    ],
)
def test_a_control_that_cannot_be_totalled(
    tmp_path: Path, reports: Path, control: str, said: str
) -> None:
    sources = MANY.partition("[controls]")[0]
    book = many(tmp_path, f"{sources}[controls]\n{control}\n")
    with pytest.raises(EngagementError) as caught:
        control_gaps(book)
    assert str(caught.value) == said


def test_a_period_that_is_none_is_refused(tmp_path: Path, reports: Path) -> None:
    with pytest.raises(EngagementError) as caught:
        many(tmp_path, '[controls]\nnet_revenue = { value = 1, period = "2025-14" }\n')
    assert str(caught.value) == (
        "engagement.toml: controls.net_revenue.period is 2025-14: is no period: write window, all, "
        "2025, 2025-03, 2025-Q1 or two days.\nFix: correct the value."
    )


# --- the page ---------------------------------------------------------------------------------


def test_a_gap_is_told_with_what_it_looks_like(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, more="[controls]\nnet_revenue = { value = 190 }\n")
    told(book, audit.controls)
    assert render(book.items[0]["so_what"]) == (
        "The files hold EUR 172, the client says EUR 190; up to 0.5% was agreed. It looks like "
        "this, with EUR 0 left: another period: 1 January 2024 to 31 December 2024. Until it is "
        "explained, lines may be missing or counted twice."
    )


def test_a_gap_that_nothing_explains_says_so(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, more="[controls]\nnet_revenue = { value = 150 }\n")
    texts = told(book, audit.controls)
    assert texts["audit.controls"] == "1 total is further from the client's own than agreed"
    row = {name: column[0] for name, column in book.items[-1]["data"].items()}
    assert {name: render(row[name]) for name in ("theirs", "ours", "gap", "explained")} == {
        "theirs": "150.00 EUR", "ours": "172.00 EUR", "gap": "22.00 EUR",
        "explained": "not explained",
    }  # fmt: skip


def test_credit_notes_are_found_in_the_lines(tmp_path: Path, reports: Path) -> None:
    lines = [f"{n};1;2025-{n:02}-15;c{n};p;1;1000.00" for n in range(1, 13)]
    lines += ["20;1;2025-06-20;c1;p;-1;-170.00", "21;1;2025-06-21;c1;p;1;-43.00"]
    book = open_small(tmp_path, lines, "[controls]\nnet_revenue = { value = 11957 }\n")
    (found,) = control_gaps(book)
    known = evidence(book, found)
    assert known.credits == {"all": -213, "returns": -170, "corrections": -43}
    assert explain.explained(found, known).kind == "credit"


def test_sales_to_the_clients_own_company_are_found(tmp_path: Path, reports: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,name\na,Small Deutschland GmbH\nb,B\n")
    more = '[sources.customers]\nfile = "customers.csv"\n[controls]\nnet_revenue = { value = 142 }'
    book = open_small(tmp_path, more=more)
    (found,) = control_gaps(book)
    assert evidence(book, found).related == {"Small Deutschland GmbH": 30}
    assert explain.explained(found, evidence(book, found)).kind == "intercompany"


def test_currencies_are_known_around_a_gap(tmp_path: Path, reports: Path) -> None:
    head = HEAD + ";currency"
    lines = ["1;1;2025-03-01;a;p;1;100.00;SEK", "2;1;2025-06-01;b;p;1;50.00;",
             "3;1;2025-07-01;b;p;1;8.00;USD"]  # fmt: skip
    (tmp_path / "rates.csv").write_text("currency,from_date,rate\nSEK,2024-01-01,0.09\n")
    more = '[sources.rates]\nfile = "rates.csv"\n[controls]\nnet_revenue = { value = 150 }\n'
    (tmp_path / "lines.csv").write_text("\n".join([head, *lines, ""]), "utf-8")
    (tmp_path / "engagement.toml").write_text(AGREED + more, "utf-8")
    import segkit

    book = segkit.open_book("01-data-audit", tmp_path / "engagement.toml")
    (found,) = control_gaps(book)
    known = evidence(book, found)
    assert (known.foreign, known.without_rate) == ({"SEK": (9, 100)}, {"USD": 8})
    assert str(explain.explained(found, known).text) == (
        "another currency: SEK not converted in theirs"
    )
    texts = told(book, audit.currencies, audit.ledger)
    assert (
        texts["audit.currencies"]
        == "15% of net revenue, EUR 9, was converted from other currencies"
    )
    assert all(one.holds for one in book.identities)
