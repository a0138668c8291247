"""The checks of time say what they found, in whole sentences, or nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from audit_client import open_small
from audit_client import told as page_of
from logs_client import agreed, lines, log, sellers, told, working_days

import segkit
from segkit import audit
from segkit.audit.checks import time
from segkit.language import render

DAYS = working_days("2023-06-01", "2025-12-31")
CLEAN = lines(DAYS)


def pln(**more: Any) -> Any:
    return agreed(currency="PLN", **more)


def test_clean_lines_pass_or_cannot_be_asked(tmp_path: Path) -> None:
    said = told(tmp_path, pln(), order_lines=CLEAN, visits=log(DAYS), reps=sellers())
    weights = {one.id: said[one.id].severity for one in time.CHECKS}
    # how old customers are that are there from the start no records say: a note, always
    assert weights.pop("unknown_tenure") == "note"
    without = {"new_but_old", "two_units", "list_less_discount"}
    assert {id for id, weight in weights.items() if weight == "missing"} == without
    assert {weight for id, weight in weights.items() if id not in without} == {"passes"}


def test_a_lost_week_is_told_with_its_rows_and_money(tmp_path: Path) -> None:
    days = DAYS[(DAYS < "2025-03-10") | (DAYS > "2025-03-14")]
    said = told(tmp_path, pln(), order_lines=lines(days))["calendar_gap"]
    assert said.severity == "changes"
    assert said.claim == "1 stretch of time has no rows where rows are usual"
    assert said.touches == (
        "In such a time about 20 rows are usual, and PLN 2,000 of net revenue: the months they lie "
        "in, and what is counted over a year, are too low by that."
    )


def test_a_hole_of_visits_has_no_money_and_none_is_told(tmp_path: Path) -> None:
    days = DAYS[(DAYS < "2025-03-10") | (DAYS > "2025-03-14")]
    said = told(tmp_path, pln(), order_lines=CLEAN, visits=log(days), reps=sellers())
    assert said["calendar_gap"].touches.endswith(
        " rows are usual: the months they lie in, and what is counted over a year, are too low by "
        "that."
    )


def test_records_that_end_early_and_begin_late_are_told(tmp_path: Path) -> None:
    days = working_days("2024-06-03", "2025-12-10")
    said = told(tmp_path, pln(), order_lines=lines(days))
    assert said["calendar_end"].claim == "1 kind of record ends before the as-of date"
    assert said["calendar_start"].touches == (
        "The latest of them lacks 154 days of the window: what is counted a month or a year must "
        "be divided by the time that is there."
    )
    assert said["partial_month"].rows["which"].tolist() == ["last"]


def test_a_month_that_has_only_begun_is_told(tmp_path: Path) -> None:
    said = told(tmp_path, pln(as_of=date(2025, 12, 10)), order_lines=CLEAN)["partial_month"]
    assert said.severity == "note"
    assert said.touches == (
        "Taken for whole, the emptier of them would look 60% too low; charts by month leave it "
        "out, and its net revenue of PLN 3,200 counts in the window."
    )


def test_a_field_that_turns_is_told_with_the_money_on_its_other_side(tmp_path: Path) -> None:
    cost = np.where(CLEAN["order_date"] < "2024-09-01", np.nan, 6_000.0)
    said = told(tmp_path, pln(), order_lines=CLEAN.assign(cost_amount=cost))["field_shift"]
    assert said.claim == "1 field changes its meaning in the course of the records"
    empty = int(np.isnan(cost).sum())
    assert said.rows["touched_rows"].tolist() == [empty]
    assert float(said.rows["money"].iloc[0]) == empty * 100


@pytest.mark.parametrize(("factor", "pieces", "id"), [(12, 1 / 12, "unit_change"),
                                                      (4.3, 1, "price_level")])  # fmt: skip
def test_a_product_that_changes_by_a_factor(
    tmp_path: Path, factor: float, pieces: float, id: str
) -> None:
    later = (CLEAN.index % 8 == 0) & (CLEAN["order_date"] >= "2024-11-01")
    sold = CLEAN.assign(
        product_id=np.where(CLEAN.index % 8 == 0, "q", "p"),
        quantity=24 * np.where(later, pieces, 1.0),
        net_amount=(24 * 500 * np.where(later, factor * pieces, 1.0)).round(),
    )
    said = told(tmp_path, pln(), order_lines=sold)
    assert said[id].rows["product_id"].tolist() == ["q"]
    other = {"unit_change": "price_level", "price_level": "unit_change"}[id]
    assert said[other].severity == "passes"


def test_who_is_older_than_the_records_is_not_new(tmp_path: Path) -> None:
    late = (CLEAN["customer_id"] == "c01") & (CLEAN["order_date"] < "2024-06-01")
    listed = pd.DataFrame({"customer_id": sorted(set(CLEAN["customer_id"])), "since": "2020-01-01"})
    said = told(tmp_path, pln(), order_lines=CLEAN[~late], customers=listed)
    assert said["new_but_old"].rows["customer_id"].tolist() == ["c01"]
    assert said["new_but_old"].claim == "1 customer looks new but is older than the records"
    assert "; they bring in PLN" in said["unknown_tenure"].touches
    assert "For 98% of active customers the time" in said["unknown_tenure"].touches
    young = listed.assign(since="2024-06-01")
    said = told(tmp_path, pln(), order_lines=CLEAN[~late], customers=young)
    assert said["new_but_old"].severity == "passes"


def test_currencies_units_and_sums_that_do_not_fit(tmp_path: Path) -> None:
    at = CLEAN.index
    odd = CLEAN.assign(
        currency=np.where(at % 10 == 0, "EUR", "PLN"), unit=np.where(at % 20 == 0, "box", "piece"),
        list_amount=12_000, discount_amount=np.where(at % 50 == 0, 1_000, 2_000),
    )  # fmt: skip
    said = told(tmp_path, pln(), order_lines=odd)
    assert said["other_currency"].claim.endswith("of net revenue, was sold in another currency")
    assert set(said["other_currency"].rows["currency"]) == {"EUR"}
    assert set(said["two_units"].rows["unit"]) == {"box"}
    assert set(said["list_less_discount"].rows["discount_amount"].astype(float)) == {10.0}
    fine = odd.assign(currency="PLN", unit="piece", discount_amount=2_000)
    said = told(tmp_path, pln(), order_lines=fine)
    for id in ("other_currency", "two_units", "list_less_discount"):
        assert said[id].severity == "passes"


def test_a_customer_at_a_multiple_of_all_prices(tmp_path: Path) -> None:
    price = 1_000 * (1 + CLEAN.index % 7)
    noise = np.exp(np.random.default_rng(5).normal(0, 0.1, len(CLEAN)))
    foreign = np.where(CLEAN["customer_id"] == "c03", 1 / 4.3, 1.0)
    sold = CLEAN.assign(
        product_id=[f"p{n % 7}" for n in CLEAN.index], net_amount=(price * noise * foreign).round()
    )
    said = told(tmp_path, pln(), order_lines=sold)["other_prices"]
    assert said.rows["customer_id"].tolist() == ["c03"]
    assert said.claim == "1 customer pays the same multiple of everyone's prices on all products"
    same = sold.assign(net_amount=(price * noise).round())
    assert told(tmp_path, pln(), order_lines=same)["other_prices"].severity == "passes"


# --- the page -----------------------------------------------------------------------------------


def page(tmp_path: Path, days: pd.DatetimeIndex, more: str = "") -> dict[str, str]:
    rows = [f"{n};1;{day.date()};c{n % 9};p;1;100.00" for n, day in enumerate(days)]
    return page_of(
        open_small(tmp_path, rows, more), audit.calendar, audit.meanings, audit.visit_log
    )


def test_the_page_names_the_days_of_a_hole(tmp_path: Path, reports: Path) -> None:
    days = DAYS[(DAYS < "2025-03-10") | (DAYS > "2025-03-21")]
    texts = page(tmp_path, days)
    assert texts["audit.calendar"] == (
        "No rows where they are usual, 10 March 2025 to 21 March 2025: order lines"
    )
    assert (
        "Public holidays are not known, since no country is given: only weekdays count as working "
        "days."
    ) in texts.values()


def test_the_page_says_that_every_day_is_there(tmp_path: Path, reports: Path) -> None:
    texts = page(tmp_path, DAYS)
    assert texts["audit.calendar"] == (
        "Every source has rows wherever rows are usual, up to the as-of date"
    )
    assert any(text.startswith("Not given: visits.") for text in texts.values())


def test_the_page_compares_working_days(tmp_path: Path, reports: Path) -> None:
    page(tmp_path, DAYS)
    path = tmp_path / "engagement.toml"
    path.write_text(path.read_text("utf-8").replace("window", 'country = "PL"\nwindow', 1))
    book = segkit.open_book("01-data-audit", path)
    audit.calendar(book)
    assert render(book.items[-1]["text"]) == (
        "The latest twelve months have 251 working days, the twelve before 252. Per working day "
        "net revenue changed by 0%, in all by -0.4%."
    )
