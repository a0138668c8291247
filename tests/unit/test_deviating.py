"""Customers who move away from their segment: who is found, who is not, what changes nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from deviating_client import AGREED, FIRST, client, found, scaled
from pandas.testing import assert_frame_equal

from segkit.segments.deviating import counts, robust
from segkit.segments.deviating.findings import (
    for_half,
    is_led_by_few,
    persistence,
    reason,
    silent_by_chance,
)
from segkit.segments.deviating.paths import known_from, periods
from segkit.segments.deviating.signs import category_lost, price_drift
from segkit.segments.deviating.table import _customers, deviations_of


def at(day: date, months: int) -> tuple[int, int, int]:
    made = periods(AGREED.model_copy(update={"as_of": day, "window_months": months}))
    return made.months, made.count, made.recent


def test_periods_are_as_long_as_eight_of_them_fit() -> None:
    assert at(date(2026, 3, 31), 24) == (3, 8, 2)
    assert at(date(2026, 3, 31), 36) == (3, 12, 2)
    assert at(date(2026, 3, 31), 18) == (2, 9, 3)
    assert at(date(2026, 3, 31), 12) == (1, 12, 3)
    assert at(date(2026, 3, 31), 6) == (1, 6, 3)


def test_months_that_the_window_cuts_are_left_out() -> None:
    # 10 November 2010 to 9 December 2011: December 2010 to November 2011 are whole
    made = periods(AGREED.model_copy(update={"as_of": date(2011, 12, 9), "window_months": 13}))
    assert (made.first, made.count, made.last) == (2010 * 12 + 11, 12, 2011 * 12 + 10)


def test_a_customer_is_known_from_its_first_whole_period_on() -> None:
    when = periods(AGREED)
    tenure = np.array([2_000] * 20 + [(date(2026, 3, 31) - date(2024, 8, 5)).days, 10])
    assert known_from(tenure, AGREED, when)[-3:].tolist() == [0, 2, 8]


def test_where_records_begin_hardly_anyone_is_known() -> None:
    tenure = np.array([2_000] * 3 + [700] * 30)
    assert known_from(tenure, AGREED, periods(AGREED)).tolist() == [1] * 33


def test_who_stops_and_who_grows_is_found_and_hardly_anyone_else() -> None:
    rows, people = client(300, seed=1)
    often = people.loc[people["segment_id"] != "slow", "customer_id"]
    fallen, grown = (often[one::20].tolist() for one in (0, 10))
    moved = scaled(scaled(rows, fallen, 0, 16), grown, 4, 16)
    made = found(moved, people)
    assert len(fallen) == len(grown) == 10
    down, up = (set(made.index[made["direction"] == way]) for way in ("down", "up"))
    assert min(len(down & set(fallen)), len(up & set(grown))) >= 7
    assert len(down - set(fallen)) + len(up - set(grown)) <= 3
    assert (made.loc[list(down), "gap"] < 0).all() and (made.loc[list(up), "gap"] > 0).all()


@pytest.mark.parametrize("regularity", [1.0, 0.2])
def test_false_alarms_are_no_more_than_are_told(regularity: float) -> None:
    # nobody moves, so that any list that holds someone is false: one in ten may be
    runs = 40
    lists = np.array(
        [
            [(made["direction"] == way).any() for way in ("down", "up")]
            for made in (found(*client(300, seed, 24, regularity)) for seed in range(runs))
        ]
    )
    print(f"false lists: {lists.mean():.3f} of {lists.size}, at most 0.1 are told")
    assert lists.mean() <= 0.1 + 2 * (0.1 * 0.9 / lists.size) ** 0.5


def test_what_moves_a_whole_segment_is_nobodys_own_deviation() -> None:
    rows, people = client(300, seed=2)
    slow = people.loc[people["segment_id"] == "slow", "customer_id"].tolist()
    made = found(scaled(rows, slow, 0.8, 16), people)
    assert (made["direction"] == "").mean() > 0.99
    assert not made.loc[slow, "is_against_base"].any()


def test_a_segment_that_falls_as_a_whole_is_held_against_its_base() -> None:
    rows, people = client(300, seed=3)
    few = people["segment_id"].eq("quick") & (people.index % 9 == 0)
    people.loc[few, "segment_id"] = "fading"
    fading = people.loc[few, "customer_id"].tolist()
    for month in range(15, 24):  # a little less each month
        rows = scaled(rows, fading, 0.7, month)
    made = found(rows, people)
    assert made.loc[fading, "is_against_base"].all()
    assert not made.loc[~made.index.isin(fading), "is_against_base"].any()
    assert (made.loc[fading, "direction"] == "down").mean() > 0.9


def test_a_difference_that_is_small_money_is_not_told() -> None:
    rows, people = client(300, seed=4)
    slow = people.loc[people["segment_id"] == "slow", "customer_id"].tolist()[:10]
    rows.loc[rows["customer_id"].isin(slow), "net_revenue"] //= 50
    made = found(scaled(rows, slow, 0.0, 12), people)
    assert (made.loc[slow, "direction"] == "").all()


def test_a_smaller_order_value_is_found_though_orders_stay() -> None:
    rows, people = client(300, seed=5)
    quick = people.loc[people["segment_id"] == "quick", "customer_id"].tolist()[:12]
    made = found(scaled(rows, quick, 0.1, 18, orders=False), people)
    assert (made.loc[quick, "direction"] == "down").sum() >= 10


def test_with_fewer_than_eight_periods_the_year_before_is_counted() -> None:
    rows, people = client(200, seed=6)
    people["tenure_days"] = np.where(np.arange(200) % 4 == 0, 600, 2_000)
    young = people.loc[people["tenure_days"] == 600, "customer_id"].tolist()
    rows = rows[~rows["customer_id"].isin(young) | (rows["month"] >= FIRST + 5)]
    made = found(rows, people)
    assert (made.loc[young, "shift_by"] == "year").all()
    assert made.loc[young, "slope_z"].isna().all()
    # the year before is not known either: its own history is counted
    people["tenure_days"] = np.where(people["customer_id"].isin(young), 350, 2_000)
    made = found(rows[~rows["customer_id"].isin(young) | (rows["month"] >= FIRST + 14)], people)
    assert (made.loc[young, "shift_by"] == "count").all()


def test_a_window_of_half_a_year_has_no_slopes_and_does_not_fail() -> None:
    short = AGREED.model_copy(update={"window_months": 6})
    made = found(*client(60, months=6), short)
    assert made["slope_z"].isna().all() and made["p"].notna().all()


@pytest.mark.parametrize("customers", [0, 1, 3])
def test_hardly_any_customer_is_no_failure(customers: int) -> None:
    made = found(*client(customers))
    assert (made["direction"] == "").all() and len(made) == customers


# --- what changes nothing -------------------------------------------------------------------------

TOLD = ["direction", "reasons", "has_shift", "has_slope", "is_against_base", "shift_by"]


def some() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, people = client(150, seed=7)
    return scaled(rows, people["customer_id"][::15].tolist(), 0.2, 15), people


def test_the_unit_of_the_currency_changes_nothing() -> None:
    rows, people = some()
    one = found(rows, people)
    other = found(rows.assign(net_revenue=rows["net_revenue"] * 37), people)
    assert (one["direction"] == "down").sum() >= 5
    assert_frame_equal(one[TOLD], other[TOLD])
    np.testing.assert_allclose(one["p"], other["p"], rtol=1e-6)


def test_the_order_of_rows_changes_not_a_bit() -> None:
    rows, people = some()
    assert_frame_equal(found(rows, people), found(rows.sample(frac=1, random_state=1), people))


def test_a_customer_who_bought_nothing_changes_no_other() -> None:
    rows, people = some()
    empty = people.iloc[[0]].assign(customer_id="zzz", tenure_days=0)
    one, other = found(rows, people), found(rows, pd.concat([people, empty], ignore_index=True))
    assert other.loc["zzz", "direction"] == "" and np.isnan(other.loc["zzz", "p"])
    assert_frame_equal(one[TOLD], other.loc[one.index, TOLD])
    np.testing.assert_allclose(one["p"], other.loc[one.index, "p"], rtol=1e-6)


def test_equal_customers_are_told_the_same() -> None:
    rows, people = some()
    own = people["customer_id"][0]
    twins = rows[rows["customer_id"] == own].assign(customer_id="zz")
    made = found(
        pd.concat([rows, twins], ignore_index=True),
        pd.concat([people, people.iloc[[0]].assign(customer_id="zz")], ignore_index=True),
    )
    assert made.loc[own].drop("reasons").equals(made.loc["zz"].drop("reasons"))
    assert made.loc[own, "direction"] == "down"


# --- signs ----------------------------------------------------------------------------------------


def test_a_category_that_is_no_longer_bought_is_told_of_who_still_orders() -> None:
    rows, people = client(60, seed=8)
    held = _customers(rows, people, AGREED)
    before, recent = held.sums(held.orders)
    kinds = pd.DataFrame(
        {"customer_id": people["customer_id"], "category": "hair", "before": before.astype(int),
         "recent": recent.astype(int)}
    )  # fmt: skip
    soap = kinds.assign(category="soap", before=kinds["before"] // 2, recent=kinds["recent"] // 2)
    soap.loc[[0, 3], "recent"] = 0
    made = category_lost(held, people, pd.concat([kinds, soap], ignore_index=True))
    assert made["has_breadth_loss"].to_numpy().nonzero()[0].tolist() == [0, 3]
    assert made["lost_category"][[0, 3]].tolist() == ["soap", "soap"]
    # nobody buys soap any more: that is the shelf, not the customer
    made = category_lost(held, people, pd.concat([kinds, soap.assign(recent=0)]))
    assert not made["has_breadth_loss"].any()


def test_a_discount_that_rises_against_the_segment_is_told_and_one_that_all_get_is_not() -> None:
    rows, people = client(60, seed=9)
    prices = rows.assign(listed=rows["net_revenue"] * 100, net=rows["net_revenue"] * 90)
    late = prices["month"] >= FIRST + 18
    draw = np.random.default_rng(0).integers(-20, 20, len(prices)) / 10
    prices["net"] = (prices["net_revenue"] * (90 + draw - 8 * late)).round().astype("int64")
    own = prices["customer_id"].isin(["c00000", "c00003"]) & late
    prices.loc[own, "net"] -= prices.loc[own, "net_revenue"] * 6
    made = price_drift(_customers(rows, people, AGREED), people, prices)
    assert made["has_price_drift"].to_numpy().nonzero()[0].tolist() == [0, 3]
    assert made["discount_change"][0] == pytest.approx(0.06, abs=0.01)


def test_without_list_prices_and_categories_nothing_is_told_of_them() -> None:
    made = deviations_of(*client(30), AGREED)
    assert not made[["has_price_drift", "has_breadth_loss"]].any(axis=None)


# --- arithmetic -----------------------------------------------------------------------------------


def test_a_row_of_one_value_has_no_spread_and_one_mostly_so_has_its_mean_deviation() -> None:
    rows = np.array([[2.0, 2, 2, 2, 2], [2, 2, 2, 2, 7]])
    assert robust.scatter(rows).tolist() == pytest.approx([0, 1.2533])


def test_small_customers_are_granted_more_noise_than_large_ones() -> None:
    draw = np.random.default_rng(1)
    size = np.repeat([1.0, 4, 16, 64], 100)
    own = (0.05 + 0.5 / size) ** 0.5 * draw.chisquare(6, 400) ** 0.5 / 6**0.5
    made = robust.noise(own, size, np.zeros(400, int), 6)
    usual = made.usual[::100]
    assert (np.diff(usual) < 0).all()
    assert usual == pytest.approx((0.05 + 0.5 / size[::100]) ** 0.5, rel=0.15)
    assert (np.abs(np.log(made.sd / made.usual)) <= np.abs(np.log(own / made.usual)) + 1e-9).all()


def test_a_few_far_ones_do_not_widen_what_is_usual() -> None:
    z = np.random.default_rng(2).normal(size=2_000)
    assert robust.spread_of(z * 1.5) == pytest.approx(1.5, rel=0.08)
    assert robust.spread_of(np.r_[z * 1.5, np.full(200, -9.0)]) == pytest.approx(1.5, rel=0.08)
    assert robust.spread_of(z * 0.3) == 1.0


def test_orders_beyond_chance_are_seen_from_their_spread() -> None:
    draw = np.random.default_rng(4)
    path = np.ones((400, 6))
    group = np.zeros(400, int)
    plain = counts.overdispersion(draw.poisson(3, path.shape).astype(float), path, group)
    wild = counts.overdispersion(
        draw.poisson(3 * draw.gamma(2, 0.5, path.shape)).astype(float), path, group
    )
    assert plain[0] == pytest.approx(1, abs=0.06)
    assert wild[0] == pytest.approx(1 + 3 / 2, rel=0.1)


# --- claims and words -----------------------------------------------------------------------------


def test_the_claim_that_few_make_half_is_false_of_many_alike() -> None:
    assert is_led_by_few(for_half(pd.Series([-100.0] + [-5.0] * 15)), 16)
    alike = pd.Series([-5.0] * 16)
    assert for_half(alike) == 8 and not is_led_by_few(for_half(alike), 16)
    assert not is_led_by_few(1, 3)  # of three nothing is said
    assert for_half(alike[:0]) == 0


def test_too_few_customers_tell_nothing_of_what_comes_back() -> None:
    rho, _, _, n = persistence(pd.Series([1.0, None, 3.0]), pd.Series([1.0, 2.0, 1.0]))
    assert np.isnan(rho) and n == 2


def test_silence_by_chance_is_that_of_gamma_gaps() -> None:
    one = pd.DataFrame({"gap_cv": [1.0, np.nan], "gap_days": [10.0, 10.0]})
    # exponential gaps: three of them long with chance e^-3
    assert silent_by_chance(one) == pytest.approx(np.exp(-3))
    draw = np.random.default_rng(0)
    gaps = draw.gamma(4, 0.25, (2_000, 60)).cumsum(axis=1)
    silent = [30.0 - row[row < 30.0].max() > 2.0 for row in gaps]
    half = pd.DataFrame({"gap_cv": [0.5], "gap_days": [1.0]})
    assert silent_by_chance(half) == pytest.approx(np.mean(silent), abs=0.006)


def row(**more: object) -> dict[str, object]:
    flags = ("shift", "slope", "rhythm_break", "breadth_loss", "price_drift")
    return {
        "orders_recent": 2, "orders_expected": 10.7, "gap": -900, "recency_days": 90,
        "gap_days": 14.5, "lost_category": "Hair colour", "discount_change": 0.05,
        "is_against_base": False, **{f"has_{one}": False for one in flags}, **more,
    }  # fmt: skip


def test_reasons_are_said_in_words_of_the_trade() -> None:
    all_of = row(
        has_shift=True, has_slope=True, has_rhythm_break=True, has_breadth_loss=True,
        has_price_drift=True, is_against_base=True,
    )  # fmt: skip
    assert str(reason(all_of, {})) == (
        "2 orders, about 11 expected, falls steadily, silent for 90 days (usually 14), "
        "no more hair colour, higher discount than before, its whole segment falls"
    )
    smaller = row(orders_recent=11, has_shift=True)
    assert str(reason(smaller, {})) == "about as many orders, but smaller ones"
    larger = row(orders_recent=11, has_shift=True, has_slope=True, gap=900)
    assert str(reason(larger, {})) == "about as many orders, but larger ones, rises steadily"
    cheaper = row(orders_recent=1, has_price_drift=True, discount_change=-0.03)
    assert str(reason(cheaper, {})) == "1 order, about 11 expected, lower discount than before"
    assert str(reason(row(orders_recent=11), {})) == "bought less than expected"
