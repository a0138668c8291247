"""A change of meaning is found at its date; noise, season and trend are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from logs_client import given, lines, working_days

from segkit.audit.checks.drift import (
    FALSE,
    MONTHS,
    discoveries,
    field_months,
    field_shifts,
    is_unit,
    matters,
    product_shifts,
    psi,
    shift,
    shifts,
)
from segkit.evidence import SEED

DAYS = working_days("2024-01-02", "2025-12-31")


def counted(share: np.ndarray, rows: int = 500, seed: int = 0, bundle: int = 1) -> np.ndarray:
    """Two codes a month: drawn, in bundles that share one code."""
    drawn = np.random.default_rng(seed).binomial(rows // bundle, share) * bundle
    return np.column_stack([drawn, rows - drawn])


def found(tmp_path: Path, **more: Any) -> pd.DataFrame:
    made = given(tmp_path, order_lines=lines(DAYS, **more))
    return field_shifts(field_months(made))


def test_a_step_is_found_at_its_month() -> None:
    made = shift(counted(np.repeat([0.1, 0.4], [14, 10])))
    assert made is not None
    assert made["at"] == 14
    assert made["p"] < 1e-9
    assert made["psi"] > max(0.25, made["noise"])
    assert made["sudden"] > 0.9


def test_too_few_months_are_not_tried() -> None:
    assert shift(counted(np.full(MONTHS - 1, 0.3))) is None
    assert shift(np.full((24, 1), 100)) is None


def test_a_slow_trend_is_not_sudden() -> None:
    made = shift(counted(np.linspace(0.05, 0.95, 24)))
    assert made is not None
    assert made["sudden"] < 0.5


def test_the_stability_index_is_that_of_the_formula() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
    assert psi(np.array([50.0, 50.0]), np.array([60.0, 40.0])) == pytest.approx(0.0405465)


def test_the_share_of_false_discoveries_is_bounded() -> None:
    # Benjamini and Hochberg (1995), table 1: at 5 %, the four smallest of fifteen stand
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    assert discoveries(np.array(p), 0.05).tolist() == [True] * 4 + [False] * 11
    assert discoveries(np.array([])).tolist() == []


@pytest.mark.parametrize("bundle", [1, 10, 50])
def test_noise_in_bundles_gives_hardly_a_false_alarm(bundle: int) -> None:
    """Five hundred clean series, with a season: at most one in a hundred is called significant."""
    season = 0.3 + 0.1 * np.sin(np.arange(24) * np.pi / 6)
    alarms = 0
    for seed in range(500):
        made = shift(counted(season, seed=seed, bundle=bundle))
        assert made is not None
        alarms += made["p"] < FALSE and matters("empty", made)
    assert alarms <= 5


def test_a_field_that_was_empty_before_a_date(tmp_path: Path) -> None:
    cost = np.where(np.repeat(DAYS, 4) < "2024-09-01", np.nan, 6_000.0)
    table = found(tmp_path, cost_amount=cost)
    row = table.iloc[0]
    assert len(table) == 1
    assert (row["source"], row["field"], row["kind"]) == ("order_lines", "cost_amount", "empty")
    assert row["since"] == pd.Timestamp("2024-09-01")
    assert (row["before"], row["after"]) == (1.0, 0.0)
    empty = int(np.isnan(cost).sum())
    assert (row["rows"], row["amount"]) == (empty, empty * 10_000)


def test_a_code_that_takes_over_from_another(tmp_path: Path) -> None:
    at, day = np.arange(len(DAYS) * 4), np.repeat(DAYS, 4)
    old = np.where(at % 3 == 0, "web", "field")
    table = found(tmp_path, channel=np.where((at % 3 == 0) & (day >= "2025-03-01"), "shop", old))
    row = table.iloc[0]
    assert (row["field"], row["kind"], row["since"]) == (
        "channel", "codes", pd.Timestamp("2025-03-01"),
    )  # fmt: skip
    assert {row["value"]} <= {"web", "shop"}
    assert abs(row["before"] - row["after"]) == pytest.approx(1 / 3, abs=0.02)


def test_a_line_value_in_another_unit(tmp_path: Path) -> None:
    amount = np.random.default_rng(SEED).lognormal(9, 0.8, len(DAYS) * 4).round()
    tenfold = np.where(np.repeat(DAYS, 4) >= "2025-01-01", 10, 1) * amount
    row = found(tmp_path, net_amount=tenfold).iloc[0]
    assert (row["field"], row["kind"], row["since"]) == (
        "net_amount", "size", pd.Timestamp("2025-01-01"),
    )  # fmt: skip
    assert row["after"] / row["before"] == pytest.approx(10, rel=0.2)
    assert found(tmp_path, net_amount=amount).empty


def test_fields_that_keep_their_meaning_give_no_alarm(tmp_path: Path) -> None:
    """Twenty clean clients with six fields each."""
    alarms = 0
    for seed in range(20):
        draw, n = np.random.default_rng(seed), len(DAYS) * 4
        alarms += len(found(
            tmp_path, net_amount=draw.lognormal(9, 0.8, n).round(), quantity=draw.poisson(5, n) + 1,
            channel=draw.choice(["web", "field", "edi"], n), unit=draw.choice(["box", "piece"], n),
            cost_amount=np.where(draw.random(n) < 0.1, np.nan, 5.0),
            rep_id=np.where(draw.random(n) < 0.5, None, "r"),
        ))  # fmt: skip
    assert alarms == 0


# --- products -----------------------------------------------------------------------------------


def products(factor: float, pieces: float, seed: int = SEED) -> pd.DataFrame:
    """Sixty products over two years; the price of the first changes in January 2025."""
    draw = np.random.default_rng(seed)
    months = pd.date_range("2024-01-01", periods=24, freq="MS")
    table = pd.MultiIndex.from_product([[f"p{n:02d}" for n in range(60)], months]).to_frame(
        index=False, name=["product_id", "month"]
    )
    changed = (table["product_id"] == "p00") & (table["month"] >= "2025-01-01")
    quantity = draw.poisson(200, len(table)) * np.where(changed, pieces, 1)
    price = 500 * np.exp(draw.normal(0, 0.05, len(table))) * np.where(changed, factor, 1)
    return table.assign(
        lines=40,
        quantity=(1_000 * quantity).astype("int64"),
        amount=(quantity * price).astype("int64"),
    )


def test_a_product_that_goes_from_pieces_to_boxes() -> None:
    row = product_shifts(products(12.0, 1 / 12)).iloc[0]
    assert (row["product_id"], row["kind"]) == ("p00", "unit")
    assert row["since"] == pd.Timestamp("2025-01-01")
    assert row["factor"] == pytest.approx(12, rel=0.05)
    assert row["lines"] == 12 * 40


def test_a_price_in_another_currency_is_no_unit() -> None:
    assert product_shifts(products(4.3, 1.0))["kind"].tolist() == ["price"]


def test_prices_that_only_scatter_or_rise_a_little_are_no_shift() -> None:
    assert product_shifts(products(1.0, 1.0)).empty
    assert product_shifts(products(1.5, 1.0)).empty
    assert sum(len(product_shifts(products(1.0, 1.0, seed))) for seed in range(20)) == 0
    assert product_shifts(products(1.0, 1.0).head(0)).empty


def test_a_clearance_is_no_unit() -> None:
    assert not is_unit(1 / 4, 12.0)
    assert is_unit(1 / 12, 11.5)


def test_the_tables_of_a_client_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    cost = np.where(np.repeat(DAYS, 4) < "2024-09-01", np.nan, 6_000.0)
    rows = lines(DAYS, cost_amount=cost)
    one, other = (
        shifts(given(tmp_path, order_lines=table))
        for table in (rows, rows.sample(frac=1, random_state=1))
    )
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])
