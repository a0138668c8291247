"""Cost to serve and contribution to the minor unit, and customers by value."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.routes_client import MARCH, Client, client, engagement, tables

from segkit.errors import SourceError
from segkit.routes import value
from segkit.routes.contacts import candidates, is_spent_low, mostly
from segkit.routes.costing import comparable, cost_factors, largest_remainder, spread
from segkit.routes.findings import gives_back, is_idle, separate


def spent(made: Client) -> dict[tuple[Any, ...], int]:
    costs = made.frame("cost_to_serve")
    keys = costs[["customer_id", "activity", "channel"]].astype(object)
    keys = keys.where(keys.notna(), None).itertuples(index=False, name=None)
    return dict(zip(keys, costs["cost"], strict=True))


def test_each_driver_is_counted_in_its_own_channel(tmp_path: Path) -> None:
    # Field costs 1.00 a minute, the office 0.20: minor units 100 and 20
    assert spent(client(tmp_path)) == {
        ("A", "Visit", "field"): 6000,
        ("B", "Visit", "field"): 12000,
        ("D", "Visit", "field"): 6000,
        ("A", "Order entry", "field"): 200,
        ("A", "Order entry", "web"): 200,
        ("B", "Order entry", "inside"): 200,
        ("C", "Order entry", "web"): 200,
        (None, "Order entry", "inside"): 200,
        ("A", "Picking", "field"): 200,
        ("A", "Picking", "web"): 100,
        ("B", "Picking", "inside"): 100,
        ("C", "Picking", "web"): 100,
        (None, "Picking", "inside"): 100,
        ("A", "Delivery", "field"): 800,
        ("A", "Sales call", "inside"): 300,
    }


def test_contribution_is_margin_less_cost_and_a_visited_prospect_loses(tmp_path: Path) -> None:
    made = client(tmp_path).frame("contribution").set_index("customer_id")
    assert made["contribution"].dropna().to_dict() == {
        "A": 15000 - 7800, "B": 500 - 12300, "D": -6000, np.nan: 500 - 300,
    }  # fmt: skip
    assert made.loc["C", "revenue_without_cost"] == 9000
    assert made.loc["D", ["net_revenue", "gross_margin"]].tolist() == [0, 0]
    assert made["verdict"].dropna().to_dict() == {"A": "profit", "B": "loss", "D": "loss"}


def test_product_cost_stands_in_for_a_missing_line_cost(tmp_path: Path) -> None:
    products = pd.DataFrame({"product_id": ["P1"], "unit_cost": [12.3456]})
    made = client(tmp_path, products=products).frame("contribution").set_index("customer_id")
    assert made.loc["C", "gross_margin"] == 9000 - 1235


def test_more_work_than_a_pool_could_do_costs_no_more_than_the_pool(tmp_path: Path) -> None:
    tight = tables()["resources"].assign(practical_minutes=[120, 500])
    made = client(tmp_path, resources=tight)
    pool = made.frame("pool_capacity").set_index("pool").loc["Field"]
    assert (pool["used_minutes"], pool["assigned"], pool["unused"]) == (240, 30000, 0)
    assert pool["is_scaled"]
    assert spent(made)["B", "Visit", "field"] == 15000


def test_work_outside_the_pools_own_months_costs_nothing(tmp_path: Path) -> None:
    late = tables()["visits"].assign(visit_date="2026-02-27")
    made = client(tmp_path, visits=late)
    assert not made.frame("cost_to_serve")["activity"].isin(["Visit", "Sales call"]).any()
    assert made.frame("pool_capacity").set_index("pool")["unused"]["Field"] == 30000


def test_shuffled_rows_give_the_same_tables(tmp_path: Path) -> None:
    made = []
    for name, seed in (("first", 1), ("second", 2)):
        (tmp_path / name).mkdir()
        mixed = {
            table: frame.sample(frac=1, random_state=seed) for table, frame in tables().items()
        }
        made.append(Client(tmp_path / name, engagement(window_months=1), mixed))
    for table in ("cost_to_serve", "pool_capacity", "contribution"):
        pd.testing.assert_frame_equal(made[0].frame(table), made[1].frame(table))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    costs=st.lists(st.integers(0, 10**10), min_size=1, max_size=3),
    practical=st.floats(0, 10**5),
    quantities=st.lists(st.floats(0, 500), min_size=0, max_size=30),
    minutes=st.floats(0.1, 200),
)
def test_assigned_and_unused_are_the_pools_cost(
    costs: list[int], practical: float, quantities: list[float], minutes: float
) -> None:
    day = {"period_start": pd.Timestamp(2026, 3, 1), "period_end": pd.Timestamp(2026, 3, 31)}
    pools = pd.DataFrame(
        [
            {"pool": f"P{i}", "cost": c, "practical_minutes": practical, **day}
            for i, c in enumerate(costs)
        ]
    )
    activities = pd.DataFrame(
        [{"activity": f"A{i}", "pool": f"P{i}", "minutes": minutes, "driver": "order"}
         for i in range(len(costs))]
    )  # fmt: skip
    counts = pd.DataFrame(
        {
            "driver": "order", "customer_id": [f"C{i}" for i in range(len(quantities))],
            "channel": "web", "quantity": np.array(quantities, dtype=float), **day,
        }
    )  # fmt: skip
    made = spread(pools, activities, counts)
    pool, served = made["pool_capacity"], made["cost_to_serve"]
    assert (pool["assigned"] + pool["unused"]).tolist() == costs
    assert int(served["cost"].sum()) == int(pool["assigned"].sum())
    assert (pool["unused"] >= 0).all()


def test_equal_parts_share_to_the_last_unit_first_come() -> None:
    assert largest_remainder(np.array([10 / 3] * 3), 10).tolist() == [4, 3, 3]


def test_only_months_that_all_pools_cover_are_compared() -> None:
    month = {"period_start": pd.Timestamp(2026, 2, 1), "period_end": pd.Timestamp(2026, 2, 28)}
    march = {name: pd.Timestamp(day) for name, day in MARCH.items()}
    given_ = pd.DataFrame(
        [{"pool": "Field", **month}, {"pool": "Field", **march}, {"pool": "Office", **march}]
    ).assign(cost=1, practical_minutes=1.0)
    kept = comparable(given_, engagement())
    assert kept[["pool", "period_start"]].to_numpy().tolist() == [
        ["Field", march["period_start"]], ["Office", march["period_start"]],
    ]  # fmt: skip


def test_resources_outside_the_window_are_refused_in_a_sentence() -> None:
    resources = tables()["resources"]
    for name in MARCH:
        resources[name] = pd.to_datetime(resources[name])
    with pytest.raises(SourceError) as refused:
        comparable(resources, engagement(as_of=date(2025, 12, 31)))
    assert str(refused.value) == (
        "resources has no period that ends in the window and that all pools cover: 2 of 2 set "
        "aside (Field from 2026-03-01, Office from 2026-03-01).\n"
        "Fix: give the pools' cost for the same months, or move as_of or window_months."
    )


def test_overlapping_periods_of_a_pool_are_refused_in_a_sentence() -> None:
    twice = pd.DataFrame(
        {
            "pool": "Field",
            "period_start": pd.to_datetime(["2026-03-01", "2026-03-15"]),
            "period_end": pd.to_datetime(["2026-03-31", "2026-04-15"]),
            "cost": 1,
            "practical_minutes": 1.0,
        }
    )
    with pytest.raises(SourceError) as refused:
        comparable(twice, engagement())
    assert str(refused.value) == (
        "resources with periods that overlap in one pool: 1 of 2 (Field from 2026-03-15).\n"
        "Fix: give each pool one row per period, so that no work is costed twice."
    )


def test_longer_minutes_cost_more_until_the_pool_is_full() -> None:
    work = pd.DataFrame({"pool": ["P", "P"], "activity": ["a", "b"], "minutes": [60.0, 20.0]})
    pools = pd.DataFrame({"pool": ["P"], "practical_minutes": [100.0], "used_minutes": [80.0]})
    factors = cost_factors(work, pools, np.array([[1.0, 1.25, 2.0]] * 2), np.ones(3))
    assert factors[0].tolist() == [1.0, 1.25, 1.25]
    roomier = cost_factors(work, pools, np.ones((2, 1)), np.array([1.25]))
    assert roomier[:, 0].tolist() == [0.8, 0.8]


# --- value ---------------------------------------------------------------------------------------


def test_the_whale_curve_is_in_currency_where_the_whole_is_a_loss() -> None:
    table = pd.DataFrame({"customer_id": list("ABC"), "contribution": [10, -30, 5]})
    assert value.whale(table)["cumulative"].tolist() == [0, 10, 15, -15]


def test_equal_customers_share_a_tenth() -> None:
    assert value.tenths(pd.Series([5.0] * 20)).nunique() == 1


def test_over_visited_means_twice_the_typical_visits_of_customers_of_its_value() -> None:
    table = pd.DataFrame({"tenth": [1, 1, 1, 9, 9, 9], "visits": [10, 10, 20, 0, 0, 5]})
    assert value.over_visited(table, 10.0)["is_over"].tolist() == [False, False, True] + [False] * 3
    assert value.over_visited(table, 5.0)["is_over"].tolist() == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]


def test_a_trade_class_is_named_only_where_it_has_a_third_of_excess_visits() -> None:
    over = pd.DataFrame({"customer_id": list("ABCD"), "excess": [4.0, 2.0, 2.0, 2.0]})
    listed = pd.DataFrame({"customer_id": list("ABCD"), "category": list("HDPS")})
    assert mostly(over, listed) == ("H", 0.4)
    assert mostly(over.assign(excess=1.0), listed) is None


def test_a_customer_that_buys_online_or_made_to_order_is_no_candidate() -> None:
    table = pd.DataFrame(
        {
            "customer_id": list("ABCDEFGH"),
            "net_revenue": [100] * 8,
            "gross_margin": [1, 1, 1, 60, 50, 50, 50, 50],
            "cost_to_serve": [90, 90, 90, 90, 10, 10, 10, 10],
            "channel_lines": 4,
            "online_lines": [0, 4, 0, 0, 0, 0, 0, 0],
            "custom_lines": [0, 0, 1, 0, 0, 0, 0, 0],
        }
    )
    assert candidates(table)["customer_id"].tolist() == ["A"]


@pytest.mark.parametrize(
    ("claim", "true", "false"),
    [
        (is_idle, (0.2,), (0.02,)),
        (gives_back, (1.2,), (1.0,)),
        (separate, (0.1, 0.2), (0.3, 0.2)),
        (is_spent_low, (0.4, 0.1), (0.1, 0.1)),
    ],
)
def test_claims_are_made_only_where_they_hold(claim: Any, true: Any, false: Any) -> None:
    assert claim(*true)
    assert not claim(*false)
