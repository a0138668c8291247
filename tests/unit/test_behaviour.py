"""One row per active customer: what is counted, what is divided, and what changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from segkit.behaviour import behaviour_table
from segkit.behaviour.arithmetic import rarefied, robust_trend, since_began
from segkit.behaviour.months import customer_months
from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.store import Given, as_frame

AGREED = Engagement(client="Test", as_of=date(2026, 3, 31), window_months=24, sources={})
COLUMNS = ["order_id", "order_date", "customer_id", "product_id", "quantity", "net_amount"]
# customer A orders every ten days, returns one line; B returned only; C is before the window
LINES = [
    ("1", "2026-02-01", "A", "p1", 2, 1_000, "web"),
    ("1", "2026-02-01", "A", "p2", 1, 3_000, "web"),
    ("2", "2026-02-11", "A", "p1", 2, 1_000, "field"),
    ("3", "2026-02-21", "A", "p1", 2, 1_000, "web"),
    ("4", "2026-03-13", "A", "p3", 2, 1_000, "web"),
    ("5", "2026-03-20", "A", "p2", -1, -3_000, "web"),
    ("6", "2026-03-01", "B", "p1", -1, -500, None),
    ("7", "2024-03-31", "C", "p1", 1, 700, "web"),
    ("8", "2024-03-01", "A", "p1", 1, 700, "web"),
    ("9", "2026-03-01", None, "p1", 1, 999, "web"),
]


def lines(rows: list[tuple[object, ...]] = LINES) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "channel"])
    frame["order_date"] = pd.to_datetime(frame["order_date"]).dt.date
    frame["quantity"] = frame["quantity"].astype("float64")
    for name in ("list_amount", "discount_amount", "cost_amount"):
        frame[name] = pd.array([None] * len(frame), dtype="Int64")
    frame["promotion_id"] = pd.array([None] * len(frame), dtype="string")
    days = pd.to_datetime(frame["order_date"])
    frame["period"] = np.where(days > "2024-03-31", "in_window", "before_window")
    frame["channel"] = frame["channel"].astype("string")
    return frame


def made(
    folder: Path, frame: pd.DataFrame, category: dict[str, str] | None = None,
    visits: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The behaviour table of these lines, each product in its category."""
    with Engine(threads=2) as engine:
        registered(engine, folder, frame, category, visits)
        return behaviour_table(
            lambda sql: as_frame(engine.query(sql)),
            AGREED,
            {"visits"} if visits is not None else (),
        )


def months(folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    with Engine(threads=2) as engine:
        registered(engine, folder, frame)
        return as_frame(engine.query(customer_months(Given(AGREED, {}, engine)).text))


def registered(
    engine: Engine, folder: Path, frame: pd.DataFrame, category: dict[str, str] | None = None,
    visits: pd.DataFrame | None = None,
) -> None:  # fmt: skip
    kinds = category or {"p1": "soap", "p2": "hair", "p3": "hair"}
    products = pd.DataFrame({"product_id": list(kinds), "category": list(kinds.values())})
    products["unit_cost"] = Decimal("2.500000")
    products["kind"] = pd.array([None] * len(products), dtype="string")
    products["is_custom"] = pd.array([None] * len(products), dtype="boolean")
    customers = pd.DataFrame({"customer_id": ["A", "B", "C"], "kind": ["shop", "shop", None]})
    tables = {"order_lines": frame, "products": products, "customers": customers}
    if visits is not None:
        tables["visits"] = visits
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
        engine.register(name, folder / f"{name}.parquet")


def test_a_customer_is_counted_from_its_accepted_lines_in_the_window(tmp_path: Path) -> None:
    found = made(tmp_path, lines()).set_index("customer_id")
    assert found.index.tolist() == ["A", "B"]
    a = found.loc["A"]
    counted = {
        "kind": "shop", "orders": 4, "lines": 6, "net_revenue": 4_000, "order_value": 1_000,
        "recency_days": 18, "tenure_days": 760, "active_months": 2, "gap_days": 10,
        "products": 3, "categories": 2, "share_channel_web": 0.75, "share_channel_field": 0.25,
        "share_category_hair": 0.5, "share_category_soap": 0.5, "lines_per_order": 1.25,
    }  # fmt: skip
    assert {name: a[name] for name in counted} == counted
    assert a["return_share"] == pytest.approx(3_000 / 7_000)
    assert a["gap_cv"] == pytest.approx(np.std([10, 10, 20], ddof=1) / np.mean([10, 10, 20]))


def test_the_product_cost_makes_the_margin_where_the_line_has_none(tmp_path: Path) -> None:
    found = made(tmp_path, lines()).set_index("customer_id")
    # 2 + 1 + 2 + 2 + 2 - 1 units at 2.50
    assert found.loc["A", "gross_margin"] == 4_000 - 8 * 250


def test_a_customer_that_only_returned_goods_has_no_order(tmp_path: Path) -> None:
    b = made(tmp_path, lines()).set_index("customer_id").loc["B"]
    assert (b["orders"], b["recency_days"], b["net_revenue"]) == (0, 30, -500)
    assert np.isnan(b["order_value"]) and np.isnan(b["share_channel_web"])


def test_only_visits_in_the_window_count_and_calls_are_none(tmp_path: Path) -> None:
    visits = pd.DataFrame(
        {
            "customer_id": ["A", "A", "A", "A"],
            "visit_date": [
                date(2026, 3, 31),
                date(2024, 4, 1),
                date(2024, 3, 31),
                date(2026, 3, 1),
            ],
            "kind": ["visit", "visit", "visit", "call"],
        }
    )
    found = made(tmp_path, lines(), visits=visits).set_index("customer_id")
    assert found["visits"].tolist() == [2, 0]
    assert found.loc["A", "visits_per_month"] == pytest.approx(2 / 23.984, rel=1e-3)


def test_without_categories_breadth_counts_products(tmp_path: Path) -> None:
    found = made(tmp_path, lines(), category={"p1": None, "p2": None, "p3": None})  # type: ignore[dict-item]
    assert "categories" not in found and "share_category_other" not in found
    assert found["breadth_rarefied"].tolist() == [3.0, 1.0]


def test_list_prices_make_the_discount(tmp_path: Path) -> None:
    frame = lines()
    frame["list_amount"] = (frame["net_amount"] * 5 // 4).astype("Int64")
    assert made(tmp_path, frame)["discount_share"].iloc[0] == pytest.approx(0.2)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_shuffled_lines_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, random: object
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    rows = list(LINES)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert_frame_equal(made(folder, lines(rows)), made(folder, lines()))


def test_rarefied_breadth_does_not_grow_with_size() -> None:
    counts = np.array([5.0, 5.0, 500.0, 500.0])
    small, large = rarefied(counts, np.array([0, 0, 1, 1]), 2, 4)
    # the small one draws 4 of 10 without replacement: 2 * (1 - C(5,4)/C(10,4))
    assert small == pytest.approx(2 * (1 - 5 / 210))
    assert large == pytest.approx(2 * (1 - 0.5**4), rel=5e-3)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(1, 12))
def test_rarefied_breadth_lies_between_one_and_the_kinds_there_are(
    counts: list[int], drawn: int
) -> None:
    found = rarefied(np.array(counts, float), np.zeros(len(counts), int), 1, drawn)[0]
    assert 1 - 1e-9 <= found <= min(len(counts), drawn) + 1e-9


def test_one_large_order_does_not_make_a_trend() -> None:
    steady = np.array([[100.0, 100, 100, 100, 100, 5_000, 100, 100]])
    assert abs(robust_trend(steady)[0]) < 0.02


def test_under_a_year_of_history_there_is_no_trend() -> None:
    revenue = since_began(np.array([[0.0, 0, 0, 0, 0, 20, 0, 10]]), np.array([300]))
    assert np.isnan(revenue[0]).tolist() == [True] * 5 + [False] * 3
    assert np.isnan(robust_trend(revenue)[0])


@given(st.lists(st.integers(0, 10_000), min_size=8, max_size=8), st.sampled_from([10, 100, 1000]))
def test_the_currency_does_not_change_the_trend(revenue: list[int], factor: int) -> None:
    rows = np.array([revenue], float)
    assert robust_trend(rows * factor) == pytest.approx(robust_trend(rows), nan_ok=True)


def test_months_hold_what_was_bought_in_them_and_add_up_to_the_window(tmp_path: Path) -> None:
    crossing = [
        ("1", "2026-03-01", "A", "p1", 2, 1_000, "web"),  # the second delivery of order 1
        ("8", "2026-01-05", "B", "p1", 1, 700, "web"),
    ]
    found = months(tmp_path, lines([*LINES, *crossing]))
    assert found.to_dict("list") == {
        "customer_id": ["A", "A", "B", "B"],
        "month": [2026 * 12 + 1, 2026 * 12 + 2, 2026 * 12, 2026 * 12 + 2],
        "net_revenue": [6_000, -1_000, 700, -500],
        "orders": [3, 1, 1, 0],
        "gross_margin": [6_000 - 7 * 250, -1_000 - 3 * 250, 700 - 250, -500 + 250],
    }
    whole = made(tmp_path, lines([*LINES, *crossing]))
    assert found.groupby("customer_id")["orders"].sum().tolist() == whole["orders"].tolist()
