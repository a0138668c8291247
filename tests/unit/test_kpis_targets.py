"""Targets: a base forecast that the last year tested, and a gap that has a name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.kpis_client import AS_OF, agreement, given, orders

from segkit.engagement import Targets, months_before
from segkit.errors import EngagementError
from segkit.evidence import assumed
from segkit.kpis.forecast import (
    DAYS_A_MONTH,
    METHODS,
    SILENCE,
    backtest,
    best_method,
    damped_trend,
    run_rate,
    seasonal_naive,
    share_out,
    targets,
    with_gap,
    year_rate,
)

SEASON = np.array(
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 60, 90], dtype=float
)  # a Christmas trade


def monthly_orders(customer: str, amounts: list[float], as_of: date = AS_OF) -> pd.DataFrame:
    """One order on the fifth of each month up to `as_of`, the oldest first; 0 is no order."""
    rows = []
    for back, amount in enumerate(reversed(amounts)):
        day = months_before(as_of, back).replace(day=5)
        if amount:
            rows.append((customer, f"{customer}-{back}", day.isoformat(), int(amount)))
    return orders(*rows)


def test_the_same_months_last_year_forecast_a_seasonal_trade_best() -> None:
    past = np.tile(SEASON, 3)[None, :]
    tried = backtest(past, 12)
    assert tried["seasonal_naive"] == 250.0
    assert tried["run_rate"] == (10 + 60 + 90) / 3 * 12  # stopped in high season
    assert best_method(tried, 250.0) == "seasonal_naive"


def test_the_last_months_forecast_a_trade_that_stepped_up_best() -> None:
    past = np.array([[100.0] * 20 + [300.0] * 16])  # the step is four months before the test
    tried = backtest(past, 12)
    assert tried["run_rate"] == 3_600.0
    assert tried["seasonal_naive"] == 8 * 100 + 4 * 300
    assert best_method(tried, 3_600.0) == "run_rate"


def test_a_damped_trend_of_an_even_trade_is_that_trade() -> None:
    assert damped_trend(np.full((2, 18), 50.0), 12) == pytest.approx([600.0, 600.0])


def test_a_damped_trend_follows_growth_but_less_and_less() -> None:
    past = np.arange(100.0, 124.0)[None, :]
    kept_up, followed = run_rate(past, 12)[0], damped_trend(past, 12)[0]
    straight = np.arange(124.0, 136.0).sum()
    assert past[0, -3:].sum() * 4 == kept_up < straight
    assert followed < straight


def test_forecasts_of_customers_add_up_to_the_forecast_of_their_sum() -> None:
    past = np.random.default_rng(5).integers(0, 900, (7, 30)).astype(float)
    for method in (*METHODS.values(), year_rate):
        parts = method(past, 12)
        assert parts.sum() == pytest.approx(method(past.sum(axis=0)[None, :], 12)[0])


def test_two_years_ahead_repeat_the_last_year_twice() -> None:
    assert seasonal_naive(SEASON[None, :], 24).tolist() == [500.0]
    assert seasonal_naive(SEASON[None, :], 2).tolist() == [20.0]


def test_a_year_of_history_must_lie_before_the_months_that_test_it() -> None:
    assert backtest(np.ones((1, 23)), 12) == {}
    assert set(backtest(np.ones((1, 24)), 12)) == set(METHODS)
    assert best_method({}, 10.0) == "year_rate"


def test_the_method_is_chosen_by_last_years_actual_and_the_miss_is_told(tmp_path: Path) -> None:
    lines = pd.concat([monthly_orders(f"c{i}", list(np.tile(SEASON, 3) * 100)) for i in range(6)])
    row = targets(given(tmp_path, agreement(window_months=36), order_lines=lines)).iloc[0]
    assert row["history_months"] == 36
    assert (row["method"], row["last_actual"]) == ("seasonal_naive", 6 * 25_000)
    assert row["backtest_forecast"] == row["last_actual"] + 0
    assert (row["backtest_error"], row["grade"]) == (0.0, "C")
    assert row["base"] == 6 * 25_000


def test_a_base_that_no_year_could_test_is_a_judgement(tmp_path: Path) -> None:
    lines = pd.concat([monthly_orders(f"c{i}", [100.0] * 12) for i in range(6)])
    row = targets(given(tmp_path, agreement(), order_lines=lines)).iloc[0]
    assert (row["method"], row["grade"], row["base"]) == ("year_rate", "D", 7_200)
    assert np.isnan(row["backtest_error"])


def test_a_base_whose_method_missed_by_more_than_a_quarter_is_a_judgement(tmp_path: Path) -> None:
    amounts = [100.0] * 12 + [300.0] * 12
    lines = pd.concat([monthly_orders(f"c{i}", amounts) for i in range(6)])
    row = targets(given(tmp_path, agreement(), order_lines=lines)).iloc[0]
    assert round(row["backtest_error"], 3) == 0.667
    assert row["grade"] == "D"
    assert row["base_low"] == round(row["base"] * (1 - 2 / 3))


def silent_trade() -> pd.DataFrame:
    """Fifty monthly buyers: twenty stop for the last year's first half, ten of them for good."""
    even, back, gone = [100.0] * 36, [100.0] * 20 + [0.0] * 10 + [100.0] * 6, [100.0] * 20
    parts = [monthly_orders(f"a{i:02d}", even) for i in range(20)]
    parts += [monthly_orders(f"b{i:02d}", back) for i in range(10)]
    parts += [monthly_orders(f"c{i:02d}", gone + [0.0] * 16) for i in range(10)]
    parts += [monthly_orders(f"d{i:02d}", [100.0] * 30 + [0.0] * 6) for i in range(5)]
    return pd.concat(parts, ignore_index=True)


def test_the_gap_is_silent_customers_usual_revenue_at_the_rate_such_customers_came_back(
    tmp_path: Path,
) -> None:
    known = given(tmp_path, agreement(window_months=36), order_lines=silent_trade())
    row = targets(known).iloc[0]
    # a year ago b and c had been silent for long; since then b bought in half of the months
    came = 10 * 600 / (20 * 100 * 365 / (19 * DAYS_A_MONTH / 19))
    assert row["gap_customers"] == 15  # c and d are silent now; a and b are not
    assert row["gap_name"] == "silent_customers"
    assert row["gap"] / row["gap_stake"] == pytest.approx(came, rel=0.05)
    assert row["target"] == row["base"] + row["gap"]


def test_the_rate_is_that_of_customers_silent_as_long(tmp_path: Path) -> None:
    """Those silent for long did not come back: nothing is asked of those silent for long now."""
    lately = [100.0] * 21 + [0.0] * 3 + [100.0] * 12
    parts = [monthly_orders(f"a{i:02d}", lately) for i in range(25)]
    parts += [monthly_orders(f"b{i:02d}", [100.0] * 12 + [0.0] * 24) for i in range(25)]
    parts += [monthly_orders(f"c{i:02d}", [100.0] * 28 + [0.0] * 8) for i in range(25)]
    lines = pd.concat(parts, ignore_index=True)
    segments = pd.DataFrame({"customer_id": sorted(set(lines["customer_id"]))})
    segments["segment_id"] = segments["customer_id"].str[0]
    known = given(tmp_path, agreement(window_months=36), order_lines=lines, segments=segments)
    table = targets(known).set_index("segment_id")
    assert table.loc["c", "gap_customers"] == 25
    assert table["gap"].tolist() == [0, 0, 0]


def test_a_gap_is_no_percentage_of_last_year(tmp_path: Path) -> None:
    """Two segments with one revenue: only the one with silent customers is asked for more."""
    lines = silent_trade()
    segments = pd.DataFrame({"customer_id": sorted(set(lines["customer_id"]))})
    segments["segment_id"] = ["steady" if c < "b" else "uneven" for c in segments["customer_id"]]
    known = given(tmp_path, agreement(window_months=36), order_lines=lines, segments=segments)
    table = targets(known).set_index("segment_id")
    assert table.loc["steady", ["gap", "gap_name"]].tolist() == [0, "none"]
    assert table.loc["steady", "target"] == table.loc["steady", "base"]
    assert table.loc["uneven", "gap"] > 0


def test_a_gap_of_next_to_nothing_is_no_gap() -> None:
    table = pd.DataFrame(
        {"segment_id": ["a", "b"], "customers": [9, 9], "base": [900_000, 100_000]}
    )
    silent = pd.DataFrame(
        {"segment_id": ["a", "b"], "shortfall": [9_990.0, 10_000.0], "rate": [0.1, 0.1]}
    )
    silence = {id: assumed(agreement(), id).value for id in SILENCE}
    found = with_gap(table, silent, agreement(), silence)
    assert found["gap"].tolist() == [0, 1_000]
    assert found["gap_name"].tolist() == ["none", "silent_customers"]


def test_too_few_silent_customers_leave_no_measured_gap(tmp_path: Path) -> None:
    lines = pd.concat([monthly_orders(f"c{i}", [100.0] * 18 + [0.0] * 6) for i in range(6)])
    row = targets(given(tmp_path, agreement(), order_lines=lines)).iloc[0]
    assert (row["gap_customers"], row["gap"], row["gap_name"]) == (6, 0, "none")
    assert row["target"] == row["base"]


def two_segments(tmp_path: Path, **gaps: Decimal) -> pd.DataFrame:
    lines = pd.concat([monthly_orders(f"c{i}", [100.0] * 24) for i in range(6)])
    segments = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(6)], "segment_id": ["core"] * 4 + ["small"] * 2}
    )
    agreed = agreement(targets=Targets(gaps={k.replace("all", "*"): v for k, v in gaps.items()}))
    return targets(given(tmp_path, agreed, order_lines=lines, segments=segments))


def test_an_agreed_gap_stands_before_a_measured_one(tmp_path: Path) -> None:
    table = two_segments(tmp_path, core=Decimal("12.34")).set_index("segment_id")
    assert table["gap"].tolist() == [1_234, 0]
    assert table["gap_name"].tolist() == ["agreed", "none"]


def test_one_agreed_gap_for_all_is_shared_out_by_customers_to_the_last_minor_unit(
    tmp_path: Path,
) -> None:
    table = two_segments(tmp_path, all=Decimal("10.01"))
    assert table["gap"].tolist() == [667, 334]
    assert sum(share_out(10_001, {"a": 7, "b": 2, "c": 4}).values()) == 10_001


def test_an_agreed_gap_of_an_unknown_segment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngagementError) as refused:
        two_segments(tmp_path, cores=Decimal(1))
    assert str(refused.value) == (
        "targets.gaps names cores, which is no segment of this run. Nearest: core.\n"
        "Fix: use one of core, small, or * for all."
    )


def test_a_window_that_ends_within_a_month_counts_months_back_from_its_last_day(
    tmp_path: Path,
) -> None:
    from segkit.kpis.forecast import monthly

    lines = orders(
        ("c0", "o1", "2026-03-15", 1), ("c0", "o2", "2026-02-16", 2),
        ("c0", "o3", "2026-02-15", 4), ("c0", "o4", "2026-01-16", 8),
    )  # fmt: skip
    agreed = agreement().model_copy(update={"as_of": date(2026, 3, 15)})
    past = monthly(given(tmp_path, agreed, order_lines=lines), pd.Series(["c0"]))
    assert past.tolist() == [[12.0, 3.0]]


def test_shuffled_rows_give_the_same_targets(tmp_path: Path) -> None:
    lines = silent_trade()
    agreed = agreement(window_months=36)
    (tmp_path / "a").mkdir()
    once = targets(given(tmp_path, agreed, order_lines=lines))
    again = targets(given(tmp_path / "a", agreed, order_lines=lines.sample(frac=1, random_state=9)))
    pd.testing.assert_frame_equal(once, again, check_exact=True)
