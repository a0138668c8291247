"""The audit's arithmetic: sums that tie, gaps, concentration, the ladder."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from audit_client import LINES, open_small
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.audit.base import (
    by_size,
    customers_for_half,
    part_of_largest,
    whale,
    whole_months,
)
from segkit.audit.controls import Gap
from segkit.audit.readiness import LADDER, at_hand, rungs
from segkit.audit.reconcile import sums
from segkit.workbook import Workbook


def net(book: Workbook, id: str) -> Decimal:
    return Decimal(sums(book)[f"audit.net_revenue.{id}"].value)


def test_a_walk_of_ten_lines_is_the_one_by_hand(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path)
    told = {id: net(book, id) for id in ("read", "before_window", "in_window", "after_as_of")}
    assert told == {"read": 365, "before_window": 190, "in_window": 172, "after_as_of": 3}
    assert net(book, "unassigned") == 7
    assert net(book, "assigned") == 165
    counted = {id: sums(book)[f"audit.customers.{id}"].value for id in ("seen", "active")}
    assert counted == {"seen": 4, "active": 3}


def test_what_cannot_be_counted_is_read_and_not_accepted(tmp_path: Path, reports: Path) -> None:
    lines = (*LINES, "10;1;not a day;z;p;1;9.995", "1;1;2025-01-01;a;p;1;100.00")
    book = open_small(tmp_path, lines)
    assert net(book, "quarantined") == 110  # 9.995 is rounded once, to 10.00
    assert net(book, "rounding") == Decimal("0.005")
    assert net(book, "read") == net(book, "accepted") + 110 - Decimal("0.005")
    assert sums(book)["audit.customers.seen"].value == 5  # z is on a line that was read


AMOUNTS = st.one_of(
    st.decimals(-500, 500, places=3, allow_nan=False).map(str), st.sampled_from(["", "n/a", "0"])
)
DAYS = st.sampled_from(
    ["2024-02-29", "2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01", "31/31/2025"]
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(DAYS, st.sampled_from(["a", "b", ""]), AMOUNTS), min_size=1, max_size=12))
def test_the_walk_ties_whatever_the_lines(lines: list[tuple[str, str, str]]) -> None:
    text = [f"{n};1;{day};{who};p;1;{amount}" for n, (day, who, amount) in enumerate(lines)]
    readable = ["0;1;2025-06-01;a;p;1;1.00", *(f"1{line}" for line in text)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGKIT_REPORTS", f"{folder}/reports")
        book = open_small(Path(folder), readable)
        sums(book)
        assert len(book.identities) == 4
        assert all(identity.holds for identity in book.identities)


# --- the client's own figure ----------------------------------------------------------------


def gap(ours: str, theirs: str, tolerance: str = "0.005") -> tuple[Decimal, Decimal, bool]:
    found = Gap("net_revenue", "", Decimal(ours), Decimal(theirs), Decimal(tolerance))
    return found.gap, found.share, found.is_within


def test_a_gap_is_ours_less_theirs_as_a_share_of_theirs() -> None:
    assert gap("99", "100") == (Decimal(-1), Decimal("-0.01"), False)


def test_a_gap_of_just_what_was_agreed_is_within() -> None:
    assert gap("99.5", "100") == (Decimal("-0.5"), Decimal("-0.005"), True)


def test_against_nothing_any_amount_is_a_gap() -> None:
    assert gap("1", "0") == (Decimal(1), Decimal(1), False)
    assert gap("0", "0") == (Decimal(0), Decimal(0), True)


# --- the customer base ----------------------------------------------------------------------


def test_concentration_by_hand() -> None:
    revenue = pd.Series([50, 20, 10, 10, 5, 5, 0, 0, 0, 0])
    assert part_of_largest(revenue, 0.2) == 0.7
    assert customers_for_half(revenue) == 1
    curve = whale(revenue, points=5)
    assert curve["customers"].tolist() == [0, 2, 4, 6, 8, 10]
    assert curve["cumulative_share"].tolist() == [0, 0.7, 0.9, 1, 1, 1]


def test_half_of_equal_customers_brings_in_half() -> None:
    assert customers_for_half(pd.Series([5] * 10)) == 5


def test_by_size_leaves_out_the_unassigned_and_the_silent() -> None:
    totals = pd.DataFrame(
        {"customer_id": ["b", "a", None, "c"], "lines": [1, 1, 9, 0], "net_revenue": [5, 5, 99, 0]}
    )
    assert by_size(totals)["customer_id"].tolist() == ["a", "b"]


def months(*starts: str) -> pd.DataFrame:
    return pd.DataFrame({"month": pd.to_datetime(list(starts))})


def test_half_a_month_is_not_a_month() -> None:
    given_months = months("2025-01-01", "2025-02-01", "2025-03-01")
    whole = whole_months(given_months, date(2025, 1, 20), date(2025, 3, 15))
    assert whole["month"].dt.month.tolist() == [2]
    whole = whole_months(given_months, date(2025, 1, 2), date(2025, 3, 31))
    assert whole["month"].dt.month.tolist() == [1, 2, 3]


# --- the ladder -----------------------------------------------------------------------------


def met(have: set[str]) -> list[bool]:
    return [not lacks for _, lacks in rungs(have)]


def test_order_lines_of_a_year_answer_the_first_question_only() -> None:
    have = at_hand({"order_lines"}, 1.0, {"cost": 0.0, "discount": 0.0})
    assert met(have) == [True] + [False] * 8


def test_half_a_year_answers_nothing() -> None:
    assert not any(met(at_hand({"order_lines"}, 0.5, {})))


def test_cost_to_serve_needs_resources_activities_and_product_costs() -> None:
    have = at_hand({"resources", "activities"}, 3.0, {"cost": 0.9})
    (lacks,) = (lacks for rung, lacks in rungs(have) if "serve" in rung.answers.text)
    assert [str(one) for one in lacks] == ["product costs"]


def test_everything_answers_everything() -> None:
    tables = {"resources", "activities", "visits", "reps", "quotas", "quotes", "needs"}
    assert all(met(at_hand(tables, 2.5, {"cost": 1.0, "discount": 0.96})))
    assert len(LADDER) == 9
