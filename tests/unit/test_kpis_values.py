"""KPIs: ratios of sums per segment, seller and team, with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from unit.kpis_client import AS_OF, agreement, given, orders

from segkit.kpis.definitions import ATTAINMENT, BY_ID, KPIS
from segkit.kpis.findings import excess, furthest, is_apart, of_kpi, sets_apart, telling
from segkit.kpis.measures import bootstrap, grouped, history_months, reliability, values
from segkit.store import Given


@pytest.fixture
def given_of(tmp_path: Path) -> Callable[..., Given]:
    return partial(given, tmp_path)


def of_all(found: pd.DataFrame, kpi: str) -> pd.Series:
    rows = found[(found["kpi"] == kpi) & (found["by"] == "all")]
    assert len(rows) == 1
    return rows.iloc[0]


SIX = orders(*((f"c{i}", f"o{i}", "2026-01-05", 10_000) for i in range(6)))


def test_order_value_is_a_ratio_of_sums_not_a_mean_of_ratios(given_of) -> None:
    small = [(f"c{i}", f"o{i}", "2026-01-05", 10_000) for i in range(5)]
    large = [("c5", f"p{i}", "2026-01-05", 1_000) for i in range(95)]
    found = of_all(values(given_of(agreement(), order_lines=orders(*small, *large)))["kpi_values"],
                   "order_value")  # fmt: skip
    assert (found["numerator"], found["denominator"], found["n"]) == (145_000, 100, 6)
    assert found["value"] == 1_450.0  # the mean of the six customers' own values is 8,500


def test_strike_rate_counts_visits_with_an_order_on_the_day_or_the_next(given_of) -> None:
    visits = pd.DataFrame(
        [
            ("v1", "c0", "2026-01-05", "visit", None),  # order the same day
            ("v2", "c1", "2026-01-04", "visit", None),  # order the next day
            ("v3", "c2", "2026-01-03", "visit", None),  # two days before: no
            ("v4", "c3", "2026-01-06", "visit", None),  # the day after the order: no
            ("v5", "c4", "2025-12-01", "visit", "o9"),  # the log names the order
            ("v6", "c5", "2026-01-05", "call", None),  # no visit
        ],
        columns=["visit_id", "customer_id", "visit_date", "kind", "order_id"],
    )
    visits["visit_date"] = [date.fromisoformat(day) for day in visits["visit_date"]]
    found = values(given_of(agreement(), order_lines=SIX, visits=visits))["kpi_values"]
    assert of_all(found, "strike_rate")[["numerator", "denominator"]].tolist() == [3, 5]
    assert of_all(found, "contacts_per_customer")[["numerator", "denominator"]].tolist() == [6, 6]
    assert of_all(found, "coverage")[["numerator", "denominator"]].tolist() == [5, 6]
    assert of_all(found, "coverage")["period"] == "2025-04-01/2026-03-31"
    assert of_all(found, "strike_rate")["period"] == "2024-04-01/2026-03-31"


def test_hit_rate_counts_decided_quotes_with_wilsons_interval(given_of) -> None:
    statuses = ["won"] * 9 + ["lost"] + ["open"]
    quotes = pd.DataFrame(
        {
            "quote_id": [f"q{i}" for i in range(11)],
            "customer_id": [f"c{i % 6}" for i in range(11)],
            "created_date": date(2026, 1, 1), "decided_date": date(2026, 2, 1),
            "amount": 100, "status": statuses,
        }
    )  # fmt: skip
    found = values(given_of(agreement(), order_lines=SIX, quotes=quotes))["kpi_values"]
    row = of_all(found, "hit_rate")
    assert (row["numerator"], row["denominator"]) == (9, 10)
    assert (round(row["low"], 3), round(row["high"], 3)) == (0.596, 0.982)


def test_returns_are_no_orders_and_lower_net_revenue(given_of) -> None:
    lines = pd.concat([SIX, orders(("c0", "r1", "2026-02-01", -4_000))])
    found = values(given_of(agreement(), order_lines=lines))["kpi_values"]
    assert of_all(found, "order_value")[["numerator", "denominator"]].tolist() == [56_000, 6]
    assert of_all(found, "return_share")[["numerator", "denominator"]].tolist() == [4_000, 60_000]
    assert of_all(found, "lines_per_order")["numerator"] == 6


def test_margin_and_discount_rates_use_only_lines_that_record_them(given_of) -> None:
    lines = SIX.assign(cost_amount=[6_000] * 5 + [None], list_amount=[12_500] * 4 + [None] * 2)
    lines["discount_amount"] = [None] * 4 + [2_500, None]
    found = values(given_of(agreement(), order_lines=lines))["kpi_values"]
    assert of_all(found, "gross_margin_rate")[["numerator", "denominator"]].tolist() == [
        20_000,
        50_000,
    ]
    assert of_all(found, "discount_rate")["value"] == 0.2


def test_retention_follows_only_customers_of_the_year_before(given_of) -> None:
    before = [(f"c{i}", f"a{i}", "2024-04-02", 10_000) for i in range(5)]
    after = [("c0", "b0", "2026-01-05", 30_000), ("new", "b1", "2026-01-05", 90_000)]
    lines = orders(*before, *after)
    found = values(given_of(agreement(window_months=24), order_lines=lines))["kpi_values"]
    row = of_all(found, "revenue_retention")
    assert (row["numerator"], row["denominator"], row["n"]) == (30_000, 50_000, 5)
    short = values(given_of(agreement(window_months=12), order_lines=lines))["kpi_values"]
    assert "revenue_retention" not in set(short["kpi"])


def test_days_late_are_weighted_by_amount_and_open_invoices_count_to_the_as_of_date(
    given_of,
) -> None:
    day = date.fromisoformat
    rows = [
        ("i1", "c0", "2026-01-01", "2026-01-31", "2026-01-15", 100),  # early: 0 days
        ("i2", "c1", "2026-01-01", "2026-01-31", "2026-02-10", 300),  # 10 days
        ("i3", "c2", "2026-02-01", "2026-03-21", None, 100),  # open for 10 days
        ("i4", "c3", "2026-03-01", "2026-04-30", None, 300),  # open, not yet due
        ("i5", "c4", "2026-02-01", "2026-03-26", "2026-04-09", 100),  # paid after as_of: 5 days
    ]
    invoices = pd.DataFrame(
        [(i, c, day(a), day(b), day(p) if p else None, m) for i, c, a, b, p, m in rows],
        columns=["invoice_id", "customer_id", "invoice_date", "due_date", "paid_date", "amount"],
    )
    found = values(given_of(agreement(), order_lines=SIX, receivables=invoices))["kpi_values"]
    late = found[(found["kpi"] == "late_days") & (found["by"] == "all")].iloc[0]
    assert (late["numerator"], late["denominator"]) == (300 * 10 + 100 * 10 + 100 * 5, 600)
    due = found[(found["kpi"] == "overdue_share") & (found["by"] == "all")].iloc[0]
    assert (due["numerator"], due["denominator"]) == (200, 500)


def test_attainment_is_a_ratio_of_sums_over_quota_periods_wholly_in_the_window(given_of) -> None:
    day = date.fromisoformat
    sellers = [f"s{i}" for i in range(6)]
    quotas = pd.DataFrame(
        [(s, day("2026-01-01"), day("2026-03-31"), 8_000) for s in sellers]
        + [("s0", day("2024-01-01"), day("2024-04-30"), 99)]
        + [("s1", day("2026-03-01"), day("2026-05-31"), 99)],
        columns=["rep_id", "period_start", "period_end", "quota"],
    ).assign(measure="net_revenue")  # fmt: skip
    lines = SIX.assign(rep_id=sellers)
    reps = pd.DataFrame({"rep_id": sellers, "name": sellers, "team": ["north"] * 5 + ["south"]})
    found = values(given_of(agreement(), order_lines=lines, quotas=quotas, reps=reps))["kpi_values"]
    row = of_all(found, "attainment")
    assert (row["numerator"], row["denominator"], row["value"], row["n"]) == (
        60_000, 48_000, 1.25, 6,
    )  # fmt: skip
    teams = found[(found["kpi"] == "attainment") & (found["by"] == "team")]
    assert teams["group_id"].tolist() == ["north", "other_teams"]
    assert teams["value"].notna().tolist() == [True, False]  # one seller is nobody's business


def test_fewer_than_five_customers_show_no_mean(given_of) -> None:
    segments = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(6)], "segment_id": ["small"] + ["large"] * 5}
    )
    found = values(given_of(agreement(), order_lines=SIX, segments=segments))["kpi_values"]
    rows = found[(found["kpi"] == "order_value") & (found["by"] == "segment")]
    rows = rows.set_index("group_id")
    assert rows.loc["small", "numerator"] == 10_000
    assert rows.loc["small", ["value", "low", "high"]].isna().all()
    assert rows.loc["large", "value"] == 10_000.0


def test_segments_sums_add_up_to_the_whole(given_of) -> None:
    segments = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(6)], "segment_id": list("aabbcc")}
    )
    found = values(given_of(agreement(), order_lines=SIX, segments=segments))["kpi_values"]
    for kpi in ("order_value", "orders_per_customer", "active_share"):
        parts = found[(found["kpi"] == kpi) & (found["by"] == "segment")]
        whole = of_all(found, kpi)
        assert parts[["numerator", "denominator"]].sum().tolist() == [
            whole["numerator"],
            whole["denominator"],
        ]


def test_a_lines_own_seller_wins_then_the_assignment_of_the_day_then_the_customers(
    given_of,
) -> None:
    lines = SIX.assign(rep_id=["own"] + [None] * 5)
    customers = pd.DataFrame({"customer_id": [f"c{i}" for i in range(6)], "rep_id": "customer"})
    held = pd.DataFrame(
        [("c0", "held", date(2025, 1, 1), None), ("c1", "old", date(2024, 1, 1), None),
         ("c1", "held", date(2025, 6, 1), None), ("c2", "old", date(2024, 1, 1), date(2025, 1, 1))],
        columns=["customer_id", "rep_id", "from_date", "to_date"],
    )  # fmt: skip
    given = given_of(agreement(), order_lines=lines, customers=customers, assignments=held)
    found = values(given)["kpi_values"]
    rows = found[(found["kpi"] == "order_value") & (found["by"] == "rep")]
    revenue = dict(zip(rows["group_id"], rows["numerator"], strict=True))
    assert revenue == {"own": 10_000, "held": 10_000, "customer": 40_000}


def test_a_seller_is_measured_against_what_the_same_segments_bring(given_of) -> None:
    """Both sellers sell alike; one serves the segment of large orders."""
    rows = [(f"s{i}", f"o{i}", "2026-01-05", 1_000) for i in range(10)]
    rows += [(f"l{i}", f"p{i}", "2026-01-05", 9_000) for i in range(10)]
    lines = orders(*rows).assign(rep_id=(["ann"] * 8 + ["ben"] * 2) + (["ann"] * 2 + ["ben"] * 8))
    segments = pd.DataFrame({"customer_id": sorted(set(lines["customer_id"]))})
    segments["segment_id"] = segments["customer_id"].str[0]
    found = values(given_of(agreement(), order_lines=lines, segments=segments))["kpi_values"]
    found = found[found["kpi"] == "order_value"].set_index(["by", "group_id"])["value"]
    assert found["rep"].to_dict() == {"ann": 2_600.0, "ben": 7_400.0}
    assert found["rep_mix"].to_dict() == {"ann": 0.0, "ben": 0.0}


def test_a_kpi_that_swings_from_month_to_month_is_not_reliable() -> None:
    rows = [
        {"rep_id": f"s{s}", "half": half, "customer_id": f"c{s}{c}", "steady.over": 10 + s,
         "steady.under": 10, "swings.over": 10 + (s if half else -s), "swings.under": 10}
        for s in range(9) for half in (0, 1) for c in range(5)
    ]  # fmt: skip
    kpis = [replace(KPIS[0], id=id) for id in ("steady", "swings")]
    found = reliability(pd.DataFrame(rows), kpis).set_index("kpi")["reliability"]
    assert found.round(9).to_dict() == {"steady": 1.0, "swings": 0.0}
    few = pd.DataFrame([row for row in rows if row["rep_id"] < "s7"])
    assert reliability(few, kpis)["reliability"].isna().all()  # seven sellers show no pattern


def test_an_interval_of_no_width_is_not_the_furthest() -> None:
    rows = of_kpi(kpi_rows(("a", 0, 100, 0.0, 0.0), ("b", 30, 100, 0.25, 0.35)), "discount_rate",
                  "segment")  # fmt: skip
    assert rows["group_id"][furthest(rows, 0.10)] == "b"
    assert furthest(rows.iloc[:1], 0.10) == 0


def test_what_every_segment_has_all_or_nothing_of_is_not_telling() -> None:
    whole = ("all", 100, 200, 0.4, 0.6)
    sharp = kpi_rows(whole, ("a", 100, 100, 1.0, 1.0), ("b", 0, 100, 0.0, 0.0))
    assert sets_apart(sharp, "discount_rate")
    assert telling(sharp) == []
    assert telling(kpi_rows(whole, ("a", 90, 100, 0.8, 1), ("b", 0, 100, 0, 0))) == [
        "discount_rate"
    ]


def test_kpis_without_their_table_are_left_out(given_of) -> None:
    found = values(given_of(agreement(), order_lines=SIX))["kpi_values"]
    assert set(found["kpi"]) == {
        "order_value", "lines_per_order", "orders_per_customer", "active_share", "return_share",
    }  # fmt: skip


def test_shuffled_rows_give_the_same_values(given_of) -> None:
    rng = np.random.default_rng(1)
    who, much = rng.integers(0, 40, 600), rng.integers(1, 9_999, 600)
    rows = [
        (f"c{who[i]:02d}", f"o{i // 3}", f"2026-0{1 + i % 3}-05", int(much[i]))
        for i in range(600)
    ]  # fmt: skip
    lines = orders(*rows).assign(rep_id=[f"s{i % 9}" for i in range(600)])
    once = values(given_of(agreement(), order_lines=lines))
    again = values(given_of(agreement(), order_lines=lines.sample(frac=1, random_state=3)))
    for name, table in once.items():
        pd.testing.assert_frame_equal(table, again[name], check_exact=True)


def test_every_kpi_has_a_counter_kpi_other_than_itself() -> None:
    for kpi in (*KPIS, ATTAINMENT):
        assert kpi.counter in BY_ID, kpi.id
        assert kpi.counter != kpi.id


def test_every_kpi_stands_in_the_glossary() -> None:
    text = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
    assert [kpi.id for kpi in BY_ID.values() if f"`{kpi.id}`" not in text] == []


@settings(deadline=None, max_examples=25)
@drawn(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=5, max_size=30))
def test_a_ratio_lies_within_the_extremes_of_its_customers_and_its_interval_too(
    pairs: list[tuple[int, int]],
) -> None:
    over, under = np.array(pairs, dtype=float).T
    low, high = bootstrap(over[:, None], under[:, None], draws=50)[:, 0]
    own = over / under
    assert own.min() - 1e-12 <= low <= high <= own.max() + 1e-12


def test_a_kpi_that_nobody_records_has_no_row() -> None:
    table = pd.DataFrame({"segment_id": ["a"] * 6, "order_value.over": 0, "order_value.under": 0})
    assert grouped(table, "segment", [BY_ID["order_value"]], "segment_id").empty


def test_history_may_start_a_week_into_its_first_month() -> None:
    assert history_months(date(2025, 4, 8), AS_OF) == 12
    assert history_months(date(2025, 4, 9), AS_OF) == 11


# --- claims are told only where they hold ----------------------------------------------------


def kpi_rows(*rows: tuple[str, int, int, float, float]) -> pd.DataFrame:
    """KPI values of the discount rate: (segment or all, numerator, denominator, low, high)."""
    table = pd.DataFrame(rows, columns=["group_id", "numerator", "denominator", "low", "high"])
    table["by"] = np.where(table["group_id"] == "all", "all", "segment")
    return table.assign(kpi="discount_rate", value=table["numerator"] / table["denominator"], n=50)


def test_segments_are_set_apart_only_when_an_interval_leaves_the_whole_out() -> None:
    apart = kpi_rows(
        ("all", 20, 200, 0.08, 0.12), ("a", 15, 100, 0.12, 0.18), ("b", 5, 100, 0, 0.2)
    )
    alike = kpi_rows(("all", 20, 200, 0.08, 0.12), ("a", 15, 100, 0.09, 0.2), ("b", 5, 100, 0, 0.2))
    assert sets_apart(apart, "discount_rate")
    assert not sets_apart(alike, "discount_rate")
    one = apart[apart["group_id"] != "b"]
    assert not sets_apart(one, "discount_rate")  # one segment is no comparison


def test_the_excess_is_what_the_overall_rate_would_not_have_given() -> None:
    values = kpi_rows(
        ("all", 20, 200, 0.08, 0.12), ("a", 15, 100, 0.12, 0.18), ("b", 5, 100, 0, 0.1)
    )
    assert excess(values, "discount_rate") == ("a", 5, True)
    unsure = values.assign(low=0.0)
    assert excess(unsure, "discount_rate") == ("a", 5, False)
    assert excess(values.iloc[:0], "discount_rate") == ("", 0, False)


def test_the_furthest_segment_is_measured_in_widths_of_its_interval() -> None:
    rows = of_kpi(
        kpi_rows(("a", 30, 100, 0.0, 0.6), ("b", 15, 100, 0.14, 0.16)), "discount_rate", "segment"
    )
    assert rows["group_id"][furthest(rows, 0.10)] == "b"
    assert is_apart(rows, 0.10).tolist() == [False, True]
