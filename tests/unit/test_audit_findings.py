"""What notebook 1 says where its claims hold, and what it says where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from audit_client import LINES, open_small, told

from segkit import audit
from segkit.language import render

ALL = (
    audit.answer, audit.given, audit.files, audit.ledger, audit.controls, audit.walk,
    audit.set_aside, audit.repairs, audit.currencies,
    audit.checked, audit.readiness, audit.concentration, audit.over_time,
    audit.spread, audit.compare, audit.why, audit.cohorts, audit.health,
)  # fmt: skip
CONTROL = "[controls]\nnet_revenue = {{ value = {}, tolerance_share = 0.01 }}\n"


def test_a_matching_control_says_so(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, more=CONTROL.format("173"))
    assert told(book, audit.controls)["audit.control_gap.net_revenue"] == (
        "The files match the client's own figure of EUR 173: net revenue"
    )
    assert not book.items[0]["holds"]
    assert book.items[0]["money"] is None


def test_a_gap_is_said_with_its_share_and_who_must_explain_it(
    tmp_path: Path, reports: Path
) -> None:
    book = open_small(tmp_path, more=CONTROL.format("200"))
    assert told(book, audit.controls)["audit.control_gap.net_revenue"] == (
        "EUR 28, or 14%, apart from the client's own figure: net revenue"
    )
    finding = book.items[0]
    assert finding["money"] == "audit.control.net_revenue.gap"
    assert render(finding["owner"]) == "finance director"
    assert render(finding["so_what"]).endswith("lines may be missing or counted twice.")


def test_an_accepted_gap_names_who_accepts_it(tmp_path: Path, reports: Path) -> None:
    accepted = '[accept_gap]\nreason = "freight is booked apart"\nowner = "Finance"\n'
    book = open_small(tmp_path, more=CONTROL.format("200") + accepted)
    told(book, audit.controls)
    assert render(book.items[0]["so_what"]).endswith(
        "Finance accepts the gap: freight is booked apart."
    )


def test_repeats_of_a_key_lose_no_revenue(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path, (*LINES, LINES[0])), audit.set_aside)
    assert texts["audit.set_aside"] == (
        "One reason explains most rows set aside: the same key as another row"
    )


def test_unreadable_lines_are_missing_from_every_total(tmp_path: Path, reports: Path) -> None:
    lines = (*LINES, "10;1;2025-02-30;a;p;1;12.00", "11;1;2025-03-01;a;p;1;?")
    book = open_small(tmp_path, lines)
    audit.set_aside(book)
    finding = book.items[0]
    assert render(finding["claim"]) == (
        "2 order lines, EUR 12 where readable, are missing from every total"
    )
    assert book.figures[finding["money"]].value == 12


def test_revenue_without_a_customer_is_told(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path), audit.checked)
    assert texts["audit.unassigned"] == (
        "EUR 7, or 4.1% of net revenue, belongs to no known customer"
    )


def test_a_little_without_a_customer_is_a_row_of_the_table(tmp_path: Path, reports: Path) -> None:
    lines = [line.replace(";7.00", ";1.00") for line in LINES]
    assert "audit.unassigned" not in told(open_small(tmp_path, lines), audit.checked)


def test_a_fall_is_a_fall_and_a_rise_a_rise(tmp_path: Path, reports: Path) -> None:
    assert told(open_small(tmp_path), audit.why)["audit.year_change"] == (
        "Net revenue fell by EUR 18, or 9.5%, in the latest twelve months"
    )
    rising = [line.replace("2025-03-01;b;p;1;80", "2025-03-01;b;p;1;99") for line in LINES]
    assert told(open_small(tmp_path, rising), audit.why)["audit.year_change"] == (
        "Net revenue rose by EUR 1, or 0.5%, in the latest twelve months"
    )


def test_customers_who_stopped_are_told_with_their_money(tmp_path: Path, reports: Path) -> None:
    assert told(open_small(tmp_path), audit.compare)["audit.stopped"] == (
        "1 customer of the year before, worth EUR 40, did not order again"
    )


def test_a_year_of_lines_is_compared_half_by_half(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path, LINES[3:]), audit.compare, audit.why)
    assert texts["note 0"] == (
        "The records are too short for two years: the latest 6 months are compared with the 6 "
        "before. Part of every difference is season."
    )
    assert texts["audit.year_change"] == (
        "Net revenue fell by EUR 62, or 53%, against the period before"
    )


def test_a_month_of_lines_is_not_compared(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path, LINES[8:]), audit.compare)
    assert texts == {
        "note 0": "Not given: two months of order lines. With them this section would compare the "
        "latest period with the one before."
    }


def test_an_old_last_order_is_warned_of(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path, LINES[:6]), audit.given)
    assert texts["note 1"] == (
        "The last order is of 1 March 2025, 305 days before the as-of date: every customer looks "
        "quieter than it may be."
    )


def test_a_spread_base_is_not_called_concentrated(tmp_path: Path, reports: Path) -> None:
    even = [f"{n};1;2025-06-01;c{n};p;1;10.00" for n in range(20)]
    assert told(open_small(tmp_path, even), audit.concentration) == {
        "audit.concentration": "Net revenue is spread: half of it takes 10 of 20 customers"
    }


def test_titles_have_at_most_fifteen_words(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, (*LINES, LINES[0]), CONTROL.format("200"))
    for place, text in told(book, *ALL).items():
        assert len(text.split()) <= 15 or place.startswith("note")


def test_every_sum_of_the_notebook_ties(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, (*LINES, LINES[0]))
    told(book, *ALL)
    assert len(book.identities) >= 12
    assert all(identity.holds for identity in book.identities)


@pytest.mark.parametrize("name", ["adventureworks", "online_retail"])
def test_real_data_read_as_published(name: str, shared_data: Path, reports: Path) -> None:
    import segkit

    book = segkit.open_book("01-data-audit", f"tests/engagements/{name}")
    told(book, *ALL)
    value = {id.removeprefix("audit."): round(float(f.value), 2) for id, f in book.figures.items()}
    published = {
        "adventureworks": (121_253, 109_809_274.20, 0, 19_119),
        "online_retail": (541_909, 9_747_747.93, 135_080, 4_372),
    }[name]
    ids = ("order_lines.rows_read", "net_revenue.read", "order_lines.unassigned", "customers.seen")
    assert tuple(value[id] for id in ids) == published
    assert all(identity.holds for identity in book.identities)
