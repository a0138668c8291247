"""KPIs against published and hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segkit.evidence import wilson
from segkit.kpis.definitions import BY_ID
from segkit.kpis.forecast import damped_trend
from segkit.kpis.measures import bootstrap, grouped


@pytest.mark.parametrize(
    ("won", "decided", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_hit_rates_have_the_wilson_intervals_that_newcombe_published(
    won: int, decided: int, low: float, high: float
) -> None:
    assert [round(edge, 4) for edge in wilson(won, decided)] == [low, high]
    customers = pd.DataFrame(
        {
            "segment_id": "quoted",
            "hit_rate.over": np.repeat([1, 0], [won, decided - won]),
            "hit_rate.under": 1,
        }
    )
    row = grouped(customers, "segment", [BY_ID["hit_rate"]], "segment_id").iloc[0]
    assert [round(row["low"], 4), round(row["high"], 4)] == [low, high]
    assert (row["numerator"], row["denominator"], row["n"]) == (won, decided, decided)


def test_nine_of_ten_and_none_of_ninety_is_nine_per_cent_not_forty_five() -> None:
    """One customer orders at 9 of 10 visits, nine others at none of 10 each."""
    visits = pd.DataFrame(
        {"team": "north", "strike_rate.over": [9] + [0] * 9, "strike_rate.under": [10] * 10}
    )
    row = grouped(visits, "team", [BY_ID["strike_rate"]]).iloc[0]
    assert row["value"] == 0.09


def test_the_bootstrap_agrees_with_the_delta_method_on_a_large_sample() -> None:
    """Standard error of a ratio of sums, by linearisation (Cochran 1977, section 2.11)."""
    rng = np.random.default_rng(11)
    under = rng.integers(1, 9, 2_000).astype(float)
    over = under * rng.normal(5, 1, 2_000)
    ratio = over.sum() / under.sum()
    error = np.sqrt(((over - ratio * under) ** 2).sum()) / under.sum()
    low, high = bootstrap(over[:, None], under[:, None])[:, 0]
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.06)
    assert (low + high) / 2 == pytest.approx(ratio, abs=0.2 * error)


def test_a_damped_trend_by_hand() -> None:
    """Three months 10, 20, 30: level from 20, smoothing 0.3, trend smoothing 0.1, damping 0.9.

    month 10: level 17, trend -0.3; month 20: 0.3*20 + 0.7*(17 - 0.27) = 17.711,
    trend 0.1*0.711 + 0.81*(-0.3) = -0.1719; month 30: 0.3*30 + 0.7*(17.711 - 0.15471) =
    21.289403, trend 0.1*3.578403 + 0.81*(-0.1719) = 0.2186013;
    two months ahead: 2*21.289403 + 0.2186013*(0.9 + 0.9 + 0.81).
    """
    assert damped_trend(np.array([[10.0, 20.0, 30.0]]), 2)[0] == pytest.approx(43.149355, abs=1e-6)
