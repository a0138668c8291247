"""Every measure against plain loops, and what must not change any of them."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from behaviour_oracle import oracle
from behaviour_records import AGREED, Rows, in_units, records, register, shuffled, write
from pandas.testing import assert_frame_equal

from segkit.behaviour import BESIDE, behaviour_table
from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.measures import MEASURES, measure
from segkit.store import as_frame


def table(
    folder: Path, tables: dict[str, Rows], agreed: Engagement = AGREED, threads: int = 2
) -> pd.DataFrame:
    folder.mkdir(exist_ok=True)
    with Engine(threads=threads) as engine:
        register(engine, write(folder, tables))
        return behaviour_table(
            lambda sql: as_frame(engine.query(sql)), agreed, set(BESIDE) & set(tables)
        )


def without(tables: dict[str, Rows], names: Collection[str]) -> dict[str, Rows]:
    return {name: rows for name, rows in tables.items() if name not in names}


def differing(found: pd.DataFrame, wanted: dict[str, dict[str, Any]]) -> list[str]:
    """Where the table and the loops do not agree, in words."""
    told = []
    for row in found.to_dict("records"):
        own = wanted[row["customer_id"]]
        for name in sorted({*row, *own} - {"customer_id"}):
            ours, theirs = row.get(name), own.get(name)
            if not is_same(ours, theirs, name not in row):
                told.append(f"{row['customer_id']} {name}: {ours} is not {theirs}")
    return told


def is_same(ours: Any, theirs: Any, is_left_out: bool) -> bool:
    if is_left_out:  # a share that nobody has is no column
        return not theirs
    if theirs is None or ours is None or pd.isna(ours):
        return theirs is None and (ours is None or bool(pd.isna(ours)))
    if isinstance(theirs, (int, str)):
        return bool(ours == theirs)
    return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_every_measure_is_that_of_plain_loops(tmp_path: Path, seed: int) -> None:
    tables = records(seed)
    found = table(tmp_path, tables)
    wanted = oracle(tables, AGREED)
    assert found["customer_id"].tolist() == sorted(wanted)
    assert differing(found, wanted) == []
    known = {name for row in wanted.values() for name, value in row.items() if value is not None}
    assert {one.column for one in MEASURES if not one.is_family} <= known


@pytest.mark.parametrize("months", [1, 7, 12, 36])
def test_another_window_has_its_own_measures(tmp_path: Path, months: int) -> None:
    agreed = AGREED.model_copy(update={"window_months": months})
    tables = records(21)
    for line in tables["order_lines"]:
        if line["period"] != "after_as_of":
            inside = line["order_date"] > agreed.window_start
            line["period"] = "in_window" if inside else "before_window"
    assert differing(table(tmp_path, tables, agreed), oracle(tables, agreed)) == []


@pytest.mark.parametrize("name", BESIDE)
def test_without_a_table_its_measures_are_no_columns(tmp_path: Path, name: str) -> None:
    tables = without(records(3), {name})
    found = table(tmp_path, tables)
    assert differing(found, oracle(tables, AGREED)) == []
    left_out = {one.column for one in MEASURES if name in one.sources and not one.is_family}
    if name != "promotions":  # lines may name one without the table
        assert left_out.isdisjoint(found) and left_out


def test_every_column_is_documented_and_every_document_is_a_column(tmp_path: Path) -> None:
    found = [*table(tmp_path, records(4))]
    documented = [measure(name) for name in found[2:]]
    assert None not in documented
    assert list(dict.fromkeys(documented)) == list(MEASURES)


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_threads_change_a_bit(tmp_path: Path, seed: int) -> None:
    first = table(tmp_path / "a", records(seed), threads=1)
    second = table(tmp_path / "b", shuffled(records(seed), seed + 1), threads=4)
    assert_frame_equal(first, second, check_exact=True)


def test_the_unit_of_currency_changes_nothing_but_amounts(tmp_path: Path) -> None:
    small = table(tmp_path / "a", records(5))
    # whole costs: a product's cost is rounded to the minor unit once per line
    large = table(tmp_path / "b", in_units(records(5), 1000))
    for name in small:
        one = measure(name)
        if one is None or one.unit != "money":
            scaled = small[name]
        else:
            scaled = small[name].astype("float64") * 1000
        if not pd.api.types.is_numeric_dtype(small[name]):
            assert_frame_equal(small[[name]], large[[name]])
            continue
        apart = (large[name].astype("float64") - scaled.astype("float64")).abs()
        # an amount is rounded to the minor unit, as is the cost of each line
        near = 500 * small["lines"] if one and one.unit == "money" else 1e-9
        near = 1e-3 if name == "margin_share" else near
        assert (apart.fillna(0) <= near).all(), name
        assert large[name].isna().tolist() == small[name].isna().tolist()


def test_an_empty_customer_changes_no_other(tmp_path: Path) -> None:
    tables = records(6)
    more = {**tables, "customers": [*tables["customers"], {"customer_id": "A0", "kind": "new"}]}
    assert_frame_equal(table(tmp_path / "a", tables), table(tmp_path / "b", more), check_exact=True)
