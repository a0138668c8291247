"""Published numbers behind the list of customers who deviate: robust location, slopes, limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, false_discovery_control, nbinom, norm, theilslopes

from segkit.segments.deviating.counts import predictive_z, year_on_year_z
from segkit.segments.deviating.findings import persistence
from segkit.segments.deviating.robust import scatter, shrunk, theil_sen

# copper in wholemeal flour, 24 determinations (MASS `chem`)
CHEM = np.array([
    2.9, 3.1, 3.4, 3.4, 3.7, 3.7, 2.8, 2.5, 2.4, 2.4, 2.7, 2.2, 5.28, 3.37, 3.03, 3.03, 28.95,
    3.77, 3.4, 2.2, 3.5, 3.6, 3.7, 3.7,
])  # fmt: skip
# the seven points of Sen, 1968
X, Y = np.array([1.0, 2, 3, 4, 10, 12, 18]), np.array([9.0, 15, 19, 20, 45, 55, 78])
# the fifteen tests of Benjamini and Hochberg, 1995, and what they become
P = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
    0.6528, 0.7590, 1.0,
]  # fmt: skip
Q = [0.0015, 0.0030, 0.0095, 0.0356, 0.0603, 0.0639, 0.0639, 0.0645, 0.0765, 0.486]


def test_the_robust_spread_of_the_copper_determinations_is_the_published_one() -> None:
    assert (CHEM.mean(), np.median(CHEM)) == pytest.approx((4.2804, 3.385), abs=5e-5)
    assert scatter(CHEM[None, :])[0] == pytest.approx(0.5263, abs=5e-5)


def test_two_of_the_copper_determinations_are_far_out_and_no_other() -> None:
    z = (CHEM - np.median(CHEM)) / scatter(CHEM[None, :])
    far = np.abs(z) > 3.5
    assert CHEM[far].tolist() == [5.28, 28.95]
    # 0.6745 where we divide by 1.4826
    assert z[far] == pytest.approx([3.601, 48.57], rel=5e-4)


def test_the_slope_of_sen_respects_the_distance_of_its_points() -> None:
    assert theil_sen(Y[None, :], X)[0] == 4.0
    assert theilslopes(Y, X, 0.93)[:2] == pytest.approx((4.0, 4.0))


def test_many_slopes_at_once_are_those_of_scipy() -> None:
    draw = np.random.default_rng(3)
    rows, at = draw.normal(size=(50, 9)), np.cumsum(draw.uniform(0.5, 2, 9))
    rows[10:30, :4] = np.nan  # known later
    expected = [theilslopes(row[~np.isnan(row)], at[~np.isnan(row)])[0] for row in rows]
    assert theil_sen(rows, at) == pytest.approx(expected)


def test_the_false_discovery_limit_keeps_four_of_the_published_fifteen() -> None:
    q = false_discovery_control(P)
    assert q[:10] == pytest.approx(Q, abs=5e-4)
    assert (q <= 0.05).sum() == 4


def test_the_least_fifth_comes_back_as_far_as_the_correlation_is_short_of_one() -> None:
    draw, rho = np.random.default_rng(5), 0.6
    was = draw.normal(size=200_000)
    then = rho * was + (1 - rho**2) ** 0.5 * draw.normal(size=len(was))
    found, low, high, n = persistence(pd.Series(was), pd.Series(then))
    assert (low <= rho <= high, n) == (True, len(was))
    least = was <= np.quantile(was, 0.2)
    back = (then[least] - was[least]).mean()
    # (1 - ρ) · 1.39981 σ
    assert back == pytest.approx(0.560, abs=0.01)
    assert (1 - found) * 1.39981 == pytest.approx(back, abs=0.01)


def test_next_orders_are_negative_binomial_given_those_before() -> None:
    before, exposure = np.array([12.0, 4.0, 9.0]), np.full(3, 6.0)
    after, ahead = np.array([1.0, 2.0, 9.0]), np.full(3, 2.0)
    found = predictive_z(before, exposure, after, ahead, np.zeros(3, int))
    # by hand: rates 2, .667 and 1.5; their variance over what chance makes of it
    mean = 25 / 18
    between = max(np.mean((before / 6 - mean) ** 2) - mean / 6, 0.05 * mean**2)
    shape, rate = mean**2 / between, mean / between
    for place in range(3):
        chance = (rate + 6) / (rate + 8)
        law = nbinom(shape + before[place], chance)
        expected = norm.ppf(law.cdf(after[place] - 1) + law.pmf(after[place]) / 2)
        assert found[place] == pytest.approx(expected)


def test_a_year_beside_the_one_before_is_binomial() -> None:
    z = year_on_year_z(np.array([10.0]), np.array([2.0]), np.array([0.5]))
    assert z[0] == pytest.approx(norm.ppf(binom.cdf(1, 12, 0.5) + binom.pmf(2, 12, 0.5) / 2))


def test_slopes_are_drawn_to_their_mean_by_their_share_of_noise() -> None:
    slopes, errors = np.array([-4.0, -1, 0, 1, 4]), np.array([1.0, 1, 1, 1, 1])
    kept, error = shrunk(slopes, errors)
    between = np.mean(slopes**2) - 1
    assert kept == pytest.approx(slopes * between / (between + 1))
    assert error == pytest.approx(np.full(5, (between / (between + 1)) ** 0.5))
    # nothing beyond noise: all of it is drawn in
    assert shrunk(slopes / 10, errors)[0] == pytest.approx(np.zeros(5))
