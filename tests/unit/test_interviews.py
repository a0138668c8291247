"""What was said beside what is recorded: read in one way or not at all, and a gap is told."""

from __future__ import annotations

import pytest
from extract_folder import extract as extract

from segkit import audit
from segkit.audit.interviews import number_said
from segkit.workbook import Workbook

LINES = (
    "order_id;order_date;customer_id;product_id;quantity;net_amount;list_amount\n"
    "1;2026-01-05;A;P;1;90;100\n1;2026-01-05;A;Q;1;90;100\n2;2026-02-05;B;P;2;180;200\n"
    "3;2026-03-05;B;P;-1;-18;-20\n"
)
SOURCES = """[sources.order_lines]
file = "orders.csv"
[sources.interviews]
file = "said.csv"
"""


def told(extract, *answers: str) -> Workbook:
    """The page after these answers: measure, answer."""
    extract.write("orders.csv", LINES)
    rows = [f"Question {n}?;Sales director;{one}" for n, one in enumerate(answers)]
    extract.write("said.csv", "question;respondent;measure;answer\n" + "\n".join(rows))
    store = extract.store(SOURCES)
    book = Workbook("01-data-audit", store.engagement, store)
    audit.interviews(book)
    return book


def items(book: Workbook, kind: str) -> list[dict]:
    return [one for one in book.items if one["type"] == kind]


def rendered(message) -> str:
    from segkit.language import render

    return render(message)


def test_an_answer_off_the_records_is_told_with_both_numbers(extract):
    book = told(extract, "active_customers;3", "return_share;4,5 %")
    [finding] = items(book, "finding")
    assert rendered(finding["claim"]) == "Said: 3; recorded: 2"
    assert rendered(finding["so_what"]) == "The question was: “Question 0?” (Sales director)."
    assert finding["figures"] == ["audit.recorded.active_customers"]
    [shown] = items(book, "exhibit")
    assert rendered(shown["title"]) == "2 answers differ from what the records show"


def test_an_answer_near_the_records_agrees(extract):
    book = told(extract, "active_customers;2", "discount_share;10 %")
    [finding] = items(book, "finding")
    assert rendered(finding["claim"]) == (
        "Answers that can be compared with the records agree with them"
    )
    assert not finding["holds"]


def test_what_cannot_be_compared_is_shown_as_it_was_said(extract):
    book = told(extract, ";We know them all", "active_customers;about 300")
    assert items(book, "finding") == []
    [shown] = items(book, "exhibit")
    assert rendered(shown["title"]) == "No answer can be compared"
    assert shown["data"]["said"] == ["We know them all", "about 300"]


@pytest.mark.parametrize(
    ("measure", "value"),
    [("active_customers", 2), ("top_ten_share", 1.0), ("discount_share", 0.1),
     ("return_share", 0.05), ("lines_per_order", 1.5)],
)  # fmt: skip
def test_what_is_recorded_is_worked_out_by_hand(extract, measure, value):
    book = told(extract, f"{measure};1")
    assert book.figures[f"audit.recorded.{measure}"].value == value


def test_visits_are_not_compared_where_none_were_given(extract):
    book = told(extract, "visits_a_month;40")
    assert items(book, "finding") == []


@pytest.mark.parametrize(
    ("answer", "unit", "value"),
    [("320", "customers", 320), ("1 250", "customers", 1250), ("12,5 %", "share", 0.125),
     ("12", "share", 0.12), ("0.12", "share", 0.12), ("0.125", "share", 0.125),
     ("3.4", "order lines", 3.4),
     ("1.250", "customers", None), ("1,250", "customers", None), ("300-320", "customers", None),
     ("ca. 300", "customers", None), ("-3", "customers", None)],
)  # fmt: skip
def test_a_number_is_read_in_one_way_or_not_at_all(answer, unit, value):
    assert number_said(answer, unit) == value
