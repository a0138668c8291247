"""Grades and intervals, against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from segkit.evidence import lowest, ratio_interval, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_intervals(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_recommendation_inherits_the_lowest_grade_and_r_limits_nothing() -> None:
    assert lowest(["R", "B"]) == "B"
    assert lowest(["B", "D", "A"]) == "D"
    assert lowest([]) == "R"


def test_below_five_customers_there_is_no_interval() -> None:
    four = np.ones(4)
    assert np.isnan(ratio_interval(four, four)).all()


def test_the_interval_of_a_ratio_covers_it_and_narrows_with_n() -> None:
    rng = np.random.default_rng(1)
    below = rng.gamma(2, 1, 400)
    above = below * 0.3 + rng.normal(0, 0.05, 400)
    low, high = ratio_interval(above, below)
    few_low, few_high = ratio_interval(above[:40], below[:40])
    assert low < 0.3 < high
    assert high - low < few_high - few_low


def test_the_bootstrap_interval_holds_its_level_on_known_truth() -> None:
    covered = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        below = rng.gamma(4, 1, 120)
        low, high = ratio_interval(below * rng.normal(0.5, 0.2, 120), below, draws=300)
        covered += low <= 0.5 <= high
    assert 0.88 <= covered / 120 <= 0.99
