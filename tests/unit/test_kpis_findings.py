"""What notebook 4 says: claims that hold for this client, and their other wording where not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.kpis_client import agreement, given, notes, orders, titles, workbook

from segkit import kpis
from segkit.engagement import Targets
from segkit.kpis.plan import base_grade, error_of, gap_text
from segkit.workbook import Workbook


def trade() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two years of forty customers: large ones buy dearly and keep on, small ones at a discount."""
    rng = np.random.default_rng(7)
    rows = []
    for i in range(40):
        for month in range(24):
            size = (90_000 if i < 20 else 9_000) + int(rng.integers(0, 500))
            day = f"{2024 + (month + 3) // 12}-{(month + 3) % 12 + 1:02d}-05"
            if i < 20 or month < 16:
                rows.append((f"c{i:02d}", f"o{i}-{month}", day, size))
    lines = orders(*rows)
    is_large = lines["customer_id"] < "c20"
    lines["list_amount"] = (lines["net_amount"] * np.where(is_large, 1.05, 1.4)).astype("int64")
    lines["rep_id"] = [f"s{int(c[1:]) % 8}" for c in lines["customer_id"]]
    ids = sorted(set(lines["customer_id"]))
    segments = pd.DataFrame({"customer_id": ids})
    segments["segment_id"] = ["large" if c < "c20" else "small" for c in ids]
    return lines, segments


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    lines, segments = trade()
    known = given(tmp_path_factory.mktemp("k"), agreement(), order_lines=lines, segments=segments)
    return workbook(known)


def shown(book: Workbook, *sections: str) -> dict[str, str]:
    book.items.clear()
    for section in sections:
        getattr(kpis, section)(book)
    return titles(book)


def test_charts_tell_which_segment_stands_apart_from_the_whole(book: Workbook) -> None:
    said = shown(book, "across_segments")
    assert said["kpis.discount_rate"] == "Discount rate of Small: 29%, against 6.8% overall"
    assert said["kpis.revenue_retention"] == "Revenue retention of Small: 33%, against 94% overall"


def test_no_title_is_longer_than_fifteen_words(book: Workbook) -> None:
    every = [name for name in kpis.__all__ if name != "answer"]
    assert {id: t for id, t in shown(book, *every).items() if len(t.split()) > 15} == {}


def test_the_deepest_discounts_are_told_with_their_money(book: Workbook) -> None:
    said = shown(book, "deep_discounts")["kpis.excess_discount"]
    assert said == "Small: discounts of 29%, PLN 9,049 more than at the overall rate"
    assert book.figures["kpis.excess_discount"].grade == "R"


def test_figures_of_every_segment_and_their_sums_stand_in_the_ledger(book: Workbook) -> None:
    shown(book, "answer", "targets")
    assert {"kpis.order_value.all", "kpis.order_value.large", "kpis.order_value.small"} <= set(
        book.figures
    )
    assert book.figures["kpis.order_value.all"].unit == "PLN"
    assert all(identity.holds for identity in book.identities)
    table = book.table("targets")
    assert book.figures["kpis.targets.total"].value == Decimal(int(table["target"].sum())) / 100


def test_the_answer_says_what_how_much_and_how_sure(book: Workbook) -> None:
    from segkit.language import render

    shown(book, "answer")
    first, second, third = (render(one) for one in book.items[0]["sentences"])
    assert first == (
        "Set norms per segment, first of all for Revenue retention and Discount rate: there "
        "segments stand clearly apart."
    )
    assert second.startswith("Target PLN ")
    assert third.startswith("How sure: the same methods would have forecast PLN ")


def test_sellers_appear_by_code_alone(book: Workbook) -> None:
    shown(book, "sellers", "attainment")
    text = str(list(book.items))
    assert "'R01'" in text or not titles(book).get("kpis.sellers")
    assert not any(f"'s{i}'" in text for i in range(8))


def test_missing_tables_are_named_in_one_sentence(book: Workbook) -> None:
    shown(book, "attainment")
    assert notes(book) == [
        "Not given: quotas. This section would then show: attainment of each team and seller."
    ]


def test_kpis_that_the_records_do_not_allow_are_named(book: Workbook) -> None:
    shown(book, "definitions")
    said = notes(book)
    assert said[0].startswith("Not given: visits, quotes, resources, activities.")
    assert "Gross margin rate is left out: no net revenue of lines with a cost on record." in said


@pytest.fixture
def even(tmp_path: Path) -> Workbook:
    """One year of customers who all buy alike: no claim holds."""
    rows = [
        (f"c{i:02d}", f"o{i}-{m}", f"2026-0{m}-05", 5_000) for i in range(12) for m in (1, 2, 3)
    ]
    lines = orders(*rows).assign(list_amount=6_000)
    ids = sorted(set(lines["customer_id"]))
    segments = pd.DataFrame({"customer_id": ids, "segment_id": ["left"] * 6 + ["right"] * 6})
    return workbook(given(tmp_path, agreement(), order_lines=lines, segments=segments))


def test_where_no_claim_holds_the_other_wording_is_used(even: Workbook) -> None:
    said = shown(even, "across_segments", "deep_discounts", "base", "targets", "tables_by_segment")
    assert said == {
        "kpis.apart": "Segments do not stand clearly apart in any KPI",
        "kpis.excess_discount": "No segment's discounts stand clearly above the overall 17%",
        "kpis.targets.base": "The base of PLN 7,200 for 12 months is untested",
        "kpis.targets.backtest": (
            "Too little history to test a forecast: the base keeps up what is known"
        ),
        "kpis.targets.gap": "No gap worth a target could be measured: the base is the target",
        "kpis.targets.segments": "Each segment's target is its base",
        "kpis.table.selling": "Segments do not differ clearly in any of the selling KPIs",
        "kpis.table.earning": "Segments do not differ clearly in any of the earning KPIs",
    }
    assert even.figures["kpis.targets.base"].grade == "D"


def test_an_agreed_gap_is_called_agreed_and_judged(tmp_path: Path) -> None:
    lines, segments = trade()
    agreed = agreement(targets=Targets(gaps={"small": Decimal(1_000), "large": Decimal(0)}))
    book = workbook(given(tmp_path, agreed, order_lines=lines, segments=segments))
    said = shown(book, "targets")
    assert said["kpis.targets.gap"] == (
        "PLN 1,000 stand on top of the base as a named gap: agreed with the client"
    )
    assert book.figures["kpis.targets.gap"].grade == "D"


def test_revenue_without_a_customer_has_no_target(tmp_path: Path) -> None:
    lines, segments = trade()
    more = orders((None, "x1", "2026-01-05", 123_400))
    lines = pd.concat([lines, more], ignore_index=True)
    book = workbook(given(tmp_path, agreement(), order_lines=lines, segments=segments))
    shown(book, "rests_on")
    assert notes(book)[0] == (
        "PLN 1,234 of the last 12 months has no customer: no segment's target holds it."
    )


def test_an_untested_or_far_off_base_is_a_judgement() -> None:
    assert [base_grade(error) for error in (None, 0.25, 0.26)] == ["D", "C", "D"]
    assert error_of(90, 100) == pytest.approx(0.1)
    assert error_of(90, 0) is None
    assert error_of(float("nan"), 100) is None


def test_the_gap_is_called_by_what_it_is() -> None:
    assert str(gap_text(["none", "silent_customers"])) == "silent customers won back"
    assert str(gap_text(["agreed", "none"])) == "agreed with the client"
    assert str(gap_text(["agreed", "silent_customers"])) == (
        "agreed, and silent customers won back"
    )
