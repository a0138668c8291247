"""ABC × XYZ, product segments, and what a way of grouping adds as a forecast."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.errors import EngagementError
from segkit.segments.abc_xyz import abc, variation, xyz
from segkit.segments.beside_findings import is_ahead, is_behind
from segkit.segments.intuition import behaviour_groups, errors_of, intuition
from segkit.segments.products import product_segments
from segkit.store import as_frame


class Tables:
    """What a recipe is given, from frames."""

    def __init__(self, engagement, **frames):
        self.engagement, self._frames = engagement, frames

    def has(self, name):
        return name in self._frames

    def table(self, name):
        return self._frames[name].copy()

    def query(self, sql):
        with Engine(threads=1) as engine:
            for name, frame in self._frames.items():
                engine.keep(name, frame)
            return as_frame(engine.query(sql))


def agreed(**more):
    return Engagement.model_validate(
        {
            "client": "A",
            "as_of": "2026-03-31",
            "sources": {"order_lines": {"file": "a.csv"}},
            **more,
        }
    )


# --- ABC by XYZ -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.integers(-50, 500), min_size=1, max_size=60), st.integers(0, 9))
def test_equal_customers_get_equal_letters_whatever_their_order(values, seed):
    order = np.random.default_rng(seed).permutation(len(values))
    letters = abc(pd.Series(values))
    shuffled = abc(pd.Series(values).iloc[order])
    assert letters.tolist() == shuffled.sort_index().tolist()
    assert pd.DataFrame({"v": values, "l": letters}).groupby("v")["l"].nunique().max() == 1
    assert abc(pd.Series(values) * 100).tolist() == letters.tolist()


def test_an_empty_customer_changes_no_letter():
    values = pd.Series([500, 300, 100, 60, 40])
    assert abc(pd.concat([values, pd.Series([0])], ignore_index=True)).tolist() == [
        *abc(values),
        "C",
    ]


def test_months_without_an_order_count_as_zero_and_months_before_the_first_do_not():
    months = pd.DataFrame(
        {
            "customer_id": ["a"] * 8 + ["b", "b"] + ["c"],
            "month": [*range(17, 25), 17, 24, 22],
            "net_revenue": [100] * 8 + [400, 400] + [50],
        }
    )
    varies = variation(months, 24, 24)
    assert varies["a"] == 0
    # two of eight months at 400: mean 100, standard deviation 100 * sqrt(3)
    assert varies["b"] == pytest.approx(3**0.5)
    assert np.isnan(varies["c"])  # three months tell nothing
    assert xyz(varies[["a", "b"]]).tolist() == ["X", "Z"]


def test_quarters_are_compared_where_most_order_less_than_monthly():
    months = pd.DataFrame({"customer_id": "a", "month": [13, 16, 19, 22], "net_revenue": 100})
    assert variation(months, 24, 12, step=3)["a"] == 0
    assert variation(months, 24, 12)["a"] == pytest.approx(2**0.5)


# --- products -------------------------------------------------------------------------------------


def sold(rules=(), **columns):
    products = pd.DataFrame(
        {
            "product_id": ["p1", "p2", "p3", "p4"],
            "name": ["Big", "Thin", "Own", "Unsold"],
            "kind": ["product", "product", "product", "service"],
            "category": ["X", "Y", "X", "Y"],
            "unit_cost": [5.0, 9.0, 5.0, None],
            "is_custom": [False, None, True, None],
            **columns,
        }
    ).astype({"is_custom": "boolean"})
    lines = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "customer_id": ["a", "b", "a"],
            "product_id": ["p1", "p2", "p3"],
            "quantity": [90.0, 5.0, 5.0],
            "net_amount": [90_000, 5_000, 5_000],
            "cost_amount": pd.Series([None, None, None], dtype="Int64"),
            "period": "in_window",
        }
    )
    given = Tables(agreed(product_segment_rules=list(rules)), products=products, order_lines=lines)
    return product_segments(given).set_index("product_id")


def test_every_product_is_in_one_segment_by_worth_margin_and_make():
    made = sold()
    assert made["segment_id"].to_dict() == {
        "p1": "standard_a_rich",
        "p2": "standard_b_thin",
        "p3": "custom_b_rich",
        "p4": "service_c_unknown",
    }
    assert made["margin_rate"].round(2).to_dict() == pytest.approx(
        {"p1": 0.5, "p2": 0.1, "p3": 0.5, "p4": float("nan")}, nan_ok=True
    )
    assert str(made.loc["p1", "name"]) == "Standard: large sales, earning well"


def test_the_first_of_the_clients_own_criteria_holds_and_the_rest_is_other():
    rules = [
        {"id": "rich", "name": "Rich", "where": "margin_rate >= 0.5 and net_revenue > 60"},
        {"id": "x", "name": "Category X", "where": "category = 'X'"},
    ]
    made = sold(rules)
    assert made["segment_id"].to_dict() == {"p1": "rich", "p2": "other", "p3": "x", "p4": "other"}
    assert str(made.loc["p2", "name"]) == "All other products"


def test_a_criterion_that_names_no_column_is_a_sentence():
    with pytest.raises(EngagementError) as caught:
        sold([{"id": "a", "name": "A", "where": "categry = 'X'"}])
    assert "categry" in str(caught.value)
    assert "category" in str(caught.value)
    assert "\nFix: " in str(caught.value)


# --- against intuition ----------------------------------------------------------------------------


def forecast(gap, seed, n=400):
    """The share of error taken away by groups whose levels are `gap` apart."""
    rng = np.random.default_rng(seed)
    base, labels = rng.normal(size=n), rng.integers(0, 4, n)
    target = base + gap * labels + rng.normal(size=n)
    alone, grouped = errors_of(base, target, labels, np.arange(n) % 10)
    return 1 - grouped.sum() / alone.sum()


def test_groups_that_matter_take_error_away_and_groups_of_chance_do_not():
    assert min(forecast(1.0, seed) for seed in range(10)) > 0.4
    assert max(abs(forecast(0.0, seed)) for seed in range(20)) < 0.03


def test_a_customer_is_never_forecast_from_itself():
    n = 50  # each its own group: inside the sample they would explain everything
    rng = np.random.default_rng(0)
    base, target = rng.normal(size=n), rng.normal(size=n)
    alone, grouped = errors_of(base, target, np.arange(n), np.arange(n) % 10)
    assert grouped == pytest.approx(alone)


def base_of(n, seed):
    """Customers whose class says nothing, and whose rhythm says what they will do."""
    rng = np.random.default_rng(seed)
    often = rng.integers(0, 2, n)
    known = pd.DataFrame(
        {
            "customer_id": [f"{place:05d}" for place in range(n)],
            "net_revenue": rng.integers(90_000, 110_000, n),
            "orders_per_month": np.where(often, 4.0, 0.5) * rng.lognormal(0, 0.1, n),
            "order_value": 1_000 * rng.lognormal(0, 0.1, n),
            "breadth_rarefied": np.where(often, 6.0, 5.0) + rng.normal(0, 0.6, n),
            "recency_days": rng.integers(1, 90, n),
            "orders": rng.integers(5, 50, n),
        }
    )
    later = known["net_revenue"] * np.where(often, 1.3, 0.7) * rng.lognormal(0, 0.05, n)
    since = known[["customer_id"]].assign(net_revenue=later.astype("int64"))
    customers = known[["customer_id"]].assign(**{"class": rng.choice(["A", "B"], n)})
    return known, since, customers


@pytest.mark.parametrize("unit", [1, 100])
def test_behaviour_that_foretells_is_ahead_of_a_class_that_does_not(unit):
    known, since, customers = base_of(300, 1)
    known[["net_revenue", "order_value"]] *= unit
    since["net_revenue"] *= unit
    made = intuition(
        Tables(agreed(), behaviour_before=known, since=since, customers=customers)
    ).set_index(["rival_of", "way"])
    row = made.loc[("class", "behaviour")]
    assert row["groups"] == made.loc[("class", "class"), "groups"] == 2
    assert row["gain"] > 0.5
    assert row["ahead_low"] > 0.5
    assert abs(made.loc[("class", "class"), "gain"]) < 0.05
    assert abs(made.loc[("class", "chance"), "gain"]) < 0.05


def test_behaviour_that_foretells_less_than_the_class_is_said_to_be_behind():
    known, since, customers = base_of(300, 4)
    tells = np.random.default_rng(5).integers(0, 2, len(known))
    since["net_revenue"] = (known["net_revenue"] * np.where(tells, 1.4, 0.6)).astype("int64")
    customers["class"] = np.where(tells, "A", "B")
    made = intuition(Tables(agreed(), behaviour_before=known, since=since, customers=customers))
    row = made.set_index(["rival_of", "way"]).loc[("class", "behaviour")]
    assert is_behind(row["ahead_high"])
    assert not is_ahead(row["ahead_low"])


def test_rows_in_another_order_change_nothing():
    known, since, customers = base_of(200, 2)
    straight = intuition(Tables(agreed(), behaviour_before=known, since=since, customers=customers))
    turned = intuition(
        Tables(agreed(), behaviour_before=known[::-1], since=since[::-1], customers=customers[::-1])
    )
    pd.testing.assert_frame_equal(straight, turned)


def test_too_few_customers_are_not_compared():
    known, since, customers = base_of(40, 3)
    made = intuition(Tables(agreed(), behaviour_before=known, since=since, customers=customers))
    assert made.empty
    assert behaviour_groups(known, 9) is None


def test_the_split_is_half_of_the_recorded_time_and_at_most_a_year():
    from segkit.behaviour.before import at_split

    engagement = agreed()
    assert at_split(engagement, pd.Timestamp("2020-01-01")).as_of.isoformat() == "2025-03-31"
    short = at_split(engagement, pd.Timestamp("2025-06-15"))
    assert (short.as_of.isoformat(), short.window_months) == ("2025-10-31", 5)
    assert at_split(engagement, pd.Timestamp("2025-12-01")) is None
    assert at_split(engagement, None) is None
