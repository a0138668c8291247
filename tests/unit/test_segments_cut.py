"""Segments: everyone in exactly one, by a rule that can be applied again, whatever the order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal
from threadpoolctl import threadpool_limits

from segkit.engagement import Engagement, SegmentRule
from segkit.errors import EngagementError
from segkit.language import say
from segkit.segments import clusters, segments
from segkit.segments.clusters import structureless, try_numbers
from segkit.segments.features import feature
from segkit.segments.findings import (
    cuts_across,
    holds_more_than_its_share,
    is_overdue,
    is_skewed,
    matters,
    placed_too_low,
)
from segkit.segments.naming import Trait, unique_names
from segkit.segments.rfm import NAMED, as_rules, named, rfm, scores
from segkit.segments.rules import (
    Condition,
    apply_rules,
    from_json,
    in_words,
    meets,
    most_readable,
    readable,
    resampled_cut,
)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear groups are found with a fifth of the resamples, in a fifth of the time."""
    monkeypatch.setattr(clusters, "try_numbers", partial(try_numbers, resamples=20, draws=10))


def agreed(**segmentation: object) -> Engagement:
    return Engagement(
        client="Test",
        as_of=date(2026, 3, 31),
        sources={},
        segmentation=segmentation,  # type: ignore[arg-type]
    )


@dataclass
class Client:
    """What the recipe is given, from frames in memory."""

    engagement: Engagement
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def query(self, sql: str) -> pd.DataFrame:
        assert "share_channel_" in sql
        return pd.DataFrame({"prefix": ["share_channel_"], "name": ["web"]})


def customers(count: int = 240, seed: int = 1) -> pd.DataFrame:
    """Three kinds of customers: frequent on the web, large and rare, small and rare."""
    draw = np.random.default_rng(seed)
    kind = np.arange(count) % 3
    orders = np.round(np.array([80, 8, 12])[kind] * draw.lognormal(0, 0.15, count)).astype("int64")
    value = np.round(np.array([20_000, 300_000, 15_000])[kind] * draw.lognormal(0, 0.2, count))
    web = np.clip(np.array([0.9, 0.1, 0.1])[kind] + draw.normal(0, 0.05, count), 0, 1)
    return pd.DataFrame(
        {
            "customer_id": [f"K{n:04d}" for n in range(count)],
            "kind": None,
            "recency_days": draw.integers(0, 90, count),
            "orders": orders,
            "orders_per_month": orders / 24,
            "lines": orders * 3,
            "net_revenue": (orders * value).astype("int64"),
            "order_value": value,
            "gap_days": np.maximum(730 // orders, 1).astype(float),
            "products": draw.integers(5, 50, count),
            "trend": draw.normal(0, 0.01, count),
            "share_channel_web": web,
            "share_channel_field": 1 - web,
        }
    )


def cut(behaviour: pd.DataFrame, **segmentation: object) -> dict[str, pd.DataFrame]:
    chosen = agreed(**{"k_max": 5, **segmentation})  # fewer to try: the tests stay quick
    return segments(Client(chosen, {"behaviour": behaviour}))  # type: ignore[arg-type]


# --- RFM ------------------------------------------------------------------------------------------


def test_equal_values_get_equal_scores() -> None:
    assert scores(pd.Series([1, 1, 1, 1, 1, 1, 1, 2, 3, 9]), 5).tolist() == [2] * 7 + [4, 5, 5]


def test_the_latest_order_gets_the_highest_recency_score() -> None:
    assert scores(pd.Series([0, 10, 20, 30, 40]), 5, low_is_good=True).tolist() == [5, 4, 3, 2, 1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(3, 10))
def test_a_higher_value_never_scores_lower(values: list[int], bins: int) -> None:
    given = pd.Series(values)
    found = scores(given, bins)
    assert found.between(1, bins).all()
    assert found[given.sort_values(kind="stable").index].is_monotonic_increasing


@pytest.mark.parametrize("bins", [3, 4, 5, 7, 10])
def test_every_code_has_a_name_and_from_five_bins_on_every_name_a_code(bins: int) -> None:
    codes = [
        (r, f, m)
        for r in range(1, bins + 1)
        for f in range(1, bins + 1)
        for m in range(1, bins + 1)
    ]
    found = {named(*code, bins=bins).id for code in codes}
    assert len(found) >= 8
    assert found == {one.id for one in NAMED} or bins < 5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 10))
def test_rfm_segments_are_rules_in_the_customers_own_units(seed: int, bins: int) -> None:
    draw = np.random.default_rng(seed)
    behaviour = pd.DataFrame(
        {
            "customer_id": [f"{n:03d}" for n in range(40)],
            "recency_days": draw.integers(0, 30, 40),
            "orders": draw.integers(0, 8, 40),
            "net_revenue": draw.integers(-500, 90_000, 40),
        }
    )
    scored = rfm(behaviour, bins)
    first = np.argmax([meets(behaviour, rule) for rule in as_rules(scored, bins)], axis=0)
    assert [NAMED[n].id for n in first] == scored["rfm_segment"].tolist()


def test_rfm_may_be_the_primary_segment() -> None:
    behaviour = customers(120)
    made = cut(behaviour, primary="rfm")
    again = apply_rules(behaviour, made["segment_definitions"])
    assert again.tolist() == made["segments"]["segment_id"].tolist()
    assert set(made["segment_definitions"]["comes_from"]) == {"rfm"}


# --- segments -------------------------------------------------------------------------------------


def test_planted_groups_are_found_by_rules_a_seller_can_check() -> None:
    behaviour = customers()
    made = cut(behaviour)
    kind = np.arange(len(behaviour)) % 3
    table = pd.crosstab(made["segments"]["segment_id"].to_numpy(), kind)
    assert table.shape == (3, 3)
    assert (table.max(axis=1) / table.sum(axis=1) > 0.97).all()
    definitions = made["segment_definitions"]
    assert (definitions["fidelity"] >= 0.97).all() and not definitions["is_approximate"].any()
    assert definitions["segment_id"].str.fullmatch("[a-z][a-z0-9_]*").all()
    assert definitions["name"].is_unique and not definitions["name"].str.contains("Cluster").any()


@pytest.mark.parametrize("count", [240, 60])  # clustered, and too few to cluster
def test_everyone_is_in_exactly_one_segment_and_rules_give_it_again(count: int) -> None:
    behaviour = customers(count)
    made = cut(behaviour)
    definitions, assigned = made["segment_definitions"], made["segments"]
    assert assigned["customer_id"].tolist() == behaviour["customer_id"].tolist()
    assert definitions["customers"].sum() == count
    assert definitions["net_revenue"].sum() == behaviour["net_revenue"].sum()
    held = np.sum([meets(behaviour, from_json(text)) for text in definitions["conditions"]], axis=0)
    assert held.tolist() == [1] * count
    again = apply_rules(behaviour, definitions)
    assert_series_equal(again, assigned["segment_id"], check_dtype=False)


def test_shuffled_customers_change_nothing() -> None:
    behaviour = customers()
    shuffled = behaviour.sample(frac=1, random_state=3)
    again = cut(shuffled)
    for name, table in cut(behaviour).items():
        assert_frame_equal(again[name], table)


def test_equal_customers_are_in_equal_segments() -> None:
    behaviour = customers()
    twins = behaviour.assign(customer_id=behaviour["customer_id"] + "b")
    made = cut(pd.concat([behaviour, twins], ignore_index=True))["segments"]
    segment = made.set_index("customer_id")["segment_id"]
    assert segment[behaviour["customer_id"]].tolist() == segment[twins["customer_id"]].tolist()


def test_another_currency_changes_no_segment() -> None:
    behaviour = customers()
    dear = behaviour.assign(
        net_revenue=behaviour["net_revenue"] * 1000, order_value=behaviour["order_value"] * 1000
    )
    one, other = cut(behaviour)["segments"], cut(dear)["segments"]
    assert_frame_equal(one, other)


def test_bases_are_segmented_apart() -> None:
    behaviour = customers(240)
    kinds = pd.DataFrame({"customer_id": behaviour["customer_id"], "line": ["Hotel", "Spa"] * 120})
    client = Client(agreed(within="line", k_max=4), {"behaviour": behaviour, "customers": kinds})
    made = segments(client)  # type: ignore[arg-type]
    assert made["segments"]["segment_id"].str.split("_").str[0].tolist() == ["hotel", "spa"] * 120
    again = apply_rules(behaviour, made["segment_definitions"], made["segments"]["base"].tolist())
    assert again.tolist() == made["segments"]["segment_id"].tolist()


def test_an_unknown_attribute_to_segment_within_is_named() -> None:
    behaviour = customers(120)
    client = Client(
        agreed(within="knid"),
        {"behaviour": behaviour, "customers": pd.DataFrame({"customer_id": ["K"], "kind": ["x"]})},
    )
    with pytest.raises(EngagementError) as raised:
        segments(client)  # type: ignore[arg-type]
    assert str(raised.value) == (
        "segmentation.within is knid, which customers lack. Nearest: kind.\n"
        "Fix: name an attribute of the customers table, or delete the line."
    )


def test_rules_of_the_client_may_be_the_primary_segment() -> None:
    behaviour = customers(120)
    given = Client(
        agreed(primary="rules").model_copy(
            update={"segment_rules": (SegmentRule(id="webbed", name="On the web", where="a = 1"),)}
        ),
        {
            "behaviour": behaviour,
            "memberships": pd.DataFrame({"customer_id": ["K0000"], "group_id": ["webbed"]}),
            "group_definitions": pd.DataFrame(
                {"group_id": ["webbed"], "name": ["On the web"], "in_words": ["a is 1"]}
            ),
        },
    )
    made = segments(given)  # type: ignore[arg-type]
    assert made["segments"]["segment_id"].tolist() == ["webbed", *["everyone_else"] * 119]
    definitions = made["segment_definitions"]
    assert definitions["customers"].tolist() == [1, 119]
    assert list(map(str, definitions["rule"])) == ["a is 1", "none of the rules above holds"]


def test_the_clients_rules_without_a_rule_are_refused_in_a_whole_sentence() -> None:
    with pytest.raises(EngagementError) as raised:
        cut(customers(120), primary="rules")
    assert str(raised.value) == (
        'segmentation.primary is "rules", and there is no rule.\n'
        'Fix: add [[segment_rules]], or set segmentation.primary to "clusters" or "rfm".'
    )


def test_who_ordered_nothing_changes_no_rule() -> None:
    behaviour = customers()
    nobody = behaviour.head(1).assign(
        customer_id="K9999", **dict.fromkeys(behaviour.columns[3:], 0), recency_days=400
    )
    before, after = cut(behaviour), cut(pd.concat([behaviour, nobody], ignore_index=True))
    rules = ["segment_id", "conditions"]
    assert_frame_equal(after["segment_definitions"][rules], before["segment_definitions"][rules])
    kept = ["customer_id", "segment_id", "cluster_id", "is_border"]
    assert_frame_equal(after["segments"].head(240)[kept], before["segments"][kept])
    assert after["segments"]["segment_id"].notna().all()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(threads: int) -> None:
    behaviour = customers()
    with threadpool_limits(threads):
        made = cut(behaviour)
    for name, table in cut(behaviour).items():
        assert_frame_equal(made[name], table)


SHAPES = {
    "round": lambda draw: draw.normal(size=(100, 6)),
    "skewed": lambda draw: np.exp(draw.normal(size=(100, 4)) / 2),
    "flat": lambda draw: draw.uniform(size=(100, 3)),
    "long": lambda draw: draw.normal(size=(100, 4)) * [4, 2, 1, 1],
}


def test_structureless_customers_are_a_continuum_in_95_of_100_draws() -> None:
    found = [
        (name, seed)
        for name, shape in SHAPES.items()
        for seed in range(25)
        for one in try_numbers(shape(np.random.default_rng(seed)), range(2, 5), 8, 6)
        if one.is_supported
    ]
    assert len(set(found)) <= 5, found


def test_one_true_group_among_them_would_be_found() -> None:
    draw = np.random.default_rng(0)
    points = np.vstack([draw.normal(size=(60, 4)), draw.normal(size=(60, 4)) + 4])
    assert try_numbers(points, [2], 10, 8)[0].is_supported


def test_a_long_cloud_is_no_pair_of_groups_however_stable_its_halves() -> None:
    long = np.random.default_rng(0).normal(size=(800, 3)) * [6, 1, 1]
    halves = try_numbers(long, [2])[0]
    assert halves.jaccards.min() > 0.9 and not halves.is_supported


def test_structureless_data_have_the_spread_of_the_data() -> None:
    points = np.random.default_rng(0).normal(size=(4_000, 3)) * [5, 1, 2]
    assert structureless(points, np.zeros(4_000, int), 1).std(axis=0) == pytest.approx(
        points.std(axis=0), rel=0.1
    )


def test_a_continuum_is_cut_by_plain_rules() -> None:
    made = cut(customers(60))
    assert made["segment_definitions"]["comes_from"].unique().tolist() == ["value"]
    assert made["stability"].empty
    assert made["segments"]["cluster_id"].isna().all()


def test_an_agreed_number_of_segments_is_kept() -> None:
    assert len(cut(customers(), k=2)["segment_definitions"]) == 2


# --- rules and names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "exact", "expected"),
    [
        ("order_value", 148_211.0, 150_000.0),  # minor units: 1,500
        ("share_channel_web", 0.5513, 0.55),
        ("orders_per_month", 1.1234, 1.0),
        ("categories", 3.5, 4.0),
        ("trend", -0.1217, -0.1),
    ],
)
def test_thresholds_are_readable_where_nobody_is_moved(
    column: str, exact: float, expected: float
) -> None:
    nobody = np.array([exact * 0.5, exact * 2])
    assert readable(column, exact, nobody, 100) == pytest.approx(expected)


def test_a_threshold_is_not_rounded_over_customers() -> None:
    crowded = np.linspace(1.0, 1.2, 200)
    edge = readable("orders_per_month", 1.1234, crowded, 100)
    assert np.mean((crowded < edge) != (crowded < 1.1234)) <= 0.01


def test_a_rule_reads_as_a_sentence_and_survives_being_kept() -> None:
    rule = (
        (Condition("orders_per_month", True, 1.5), Condition("share_channel_web", False, 0.2)),
        (Condition("order_value", True, 150_000.0),),
    )
    text = json.dumps([[["orders_per_month", ">=", 1.5], ["share_channel_web", "<", 0.2]],
                       [["order_value", ">=", 150_000.0]]])  # fmt: skip
    assert from_json(text) == rule
    assert str(in_words(rule, agreed())) == (
        "orders a month at least 1.5 and web share of orders below 20%; "
        "or order value at least EUR 1,500"
    )


def trait(column: str, apart: float) -> Trait:
    return Trait(feature(column), apart, 1.0 + apart, 1.0)


def test_segments_of_one_name_are_told_apart_by_what_they_differ_in_most() -> None:
    weekly = say("Weekly")
    found = [
        (weekly, [trait("order_value", 2.0), trait("gap_cv", 0.6)]),
        (weekly, [trait("order_value", 1.5), trait("gap_cv", 0.6), trait("tenure_days", 0.5)]),
        (weekly, [trait("order_value", 1.5), trait("gap_cv", 0.6)]),
        (weekly, []),
    ]
    assert list(map(str, unique_names(found))) == [
        "Weekly large-order buyers",
        "Weekly large-order long-standing buyers",
        "Weekly large-order buyers 2",
        "Weekly buyers",
    ]


def test_a_measure_that_is_alike_everywhere_is_no_mark() -> None:
    assert not Trait(feature("trend"), 0.9, 0.0, 0.0).is_marked


# --- thresholds -----------------------------------------------------------------------------------


def test_a_cut_is_rounded_within_the_middle_half_of_its_resampled_places() -> None:
    draw = np.random.default_rng(0)
    values = np.concatenate([draw.normal(1.0, 0.2, 200), draw.normal(1.6, 0.2, 200)])
    low, high = resampled_cut(values, np.repeat([0, 1], 200), 1.3)
    assert 1.2 < low < high < 1.4
    assert low <= most_readable("orders_per_month", low, high, 100) <= high


def test_a_cut_between_the_same_two_customers_may_lie_anywhere_between_them() -> None:
    values = np.array([1.0] * 50 + [3.0] * 50)
    low, high = resampled_cut(values, np.repeat([0, 1], 50), 1.7)
    assert 1.0 < low < 1.001 and high == 3.0


@pytest.mark.parametrize(
    ("column", "low", "high", "expected"),
    [
        ("orders_per_month", 1.08, 1.31, 1.2),
        ("order_value", 129_518.0, 158_849.0, 150_000.0),  # minor units: 1,500
        ("share_channel_web", 0.138378, 0.138596, 0.1385),
        ("products", 3.5, 3.5, 4.0),
        ("recency_days", 91.2, 99.7, 100.0),
        ("trend", -0.114, -0.106, -0.11),
        ("orders_per_month", 0.123456789, 0.123456789, 0.123456789),
    ],
)
def test_the_roundest_number_of_a_range_is_taken(
    column: str, low: float, high: float, expected: float
) -> None:
    assert most_readable(column, low, high, 100) == pytest.approx(expected, abs=1e-12)


def test_every_threshold_lies_in_its_range_and_is_the_rules_own() -> None:
    made = cut(customers())
    cuts = made["segment_thresholds"]
    assert len(cuts) >= 2
    assert cuts["threshold"].between(cuts["low"] - 1e-9, cuts["high"].map(np.ceil)).all()
    spoken = {
        (column, edge)
        for text in made["segment_definitions"]["conditions"]
        for path in json.loads(text)
        for column, _, edge in path
    }
    assert spoken <= set(zip(cuts["column"], cuts["threshold"], strict=True))


# --- claims that are false ------------------------------------------------------------------------


def test_a_segment_with_its_fair_share_holds_no_more() -> None:
    assert holds_more_than_its_share(0.34, 0.11)
    assert not holds_more_than_its_share(0.14, 0.11)
    assert not holds_more_than_its_share(0.0, 0.0)


def test_few_customers_or_little_money_do_not_matter() -> None:
    assert matters(5, 0.02)
    assert not matters(4, 0.5)
    assert not matters(500, 0.005)


def test_customers_of_a_size_are_not_skewed() -> None:
    assert is_skewed(100, 130)
    assert not is_skewed(100, 110)


def test_overdue_is_measured_by_each_customers_own_rhythm() -> None:
    behaviour = pd.DataFrame(
        [
            ("clockwork, one gap late", 10.0, 0.1, 19, False),
            ("clockwork, long silent", 10.0, 0.1, 21, True),
            ("erratic, as silent", 10.0, 1.0, 21, False),
            ("slow, as silent", 60.0, 0.1, 21, False),
            ("no rhythm yet", 10.0, np.nan, 300, False),
        ],
        columns=["who", "gap_days", "gap_cv", "recency_days", "expected"],
    )
    assert is_overdue(behaviour).tolist() == behaviour["expected"].tolist()


def test_a_segment_of_one_class_does_not_cut_across() -> None:
    assert cuts_across(pd.Series([0.3, 0.55]))
    assert not cuts_across(pd.Series([0.3, 0.7]))


def test_who_buys_enough_for_a_higher_class_is_found_with_class_sizes_unchanged() -> None:
    revenue = pd.Series([100, 90, 80, 10, 9, 8])
    follows = pd.Series(["A", "A", "A", "C", "C", "C"])
    assert not placed_too_low(revenue, follows).any()
    swapped = pd.Series(["A", "A", "C", "A", "C", "C"])
    assert placed_too_low(revenue, swapped).tolist() == [False, False, True, False, False, False]
    assert not placed_too_low(revenue, pd.Series([None] * 6, dtype="object")).any()
