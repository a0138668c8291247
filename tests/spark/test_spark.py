"""Spark counts what DuckDB counts, to the bit, and makes the behaviour table where it is agreed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from behaviour_records import AGREED, CHANNELS, records, register, shuffled, write
from pandas.testing import assert_frame_equal

from segkit.behaviour.counts import queries
from segkit.behaviour.months import customer_months
from segkit.engagement import Engagement
from segkit.engine import Engine, Spark
from segkit.recipes import RECIPES
from segkit.store import Given, Recipe, Store

PORTABLE = {name for recipe in RECIPES if recipe.is_portable for name in recipe.makes}


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    one = Spark()
    yield one
    one.session.stop()


@pytest.fixture(scope="session")
def engines(
    spark: Spark, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Spark]]:
    """Both over the same client, whose rows stand in another order in each."""
    tables = records(7, customers=40, lines=4_000)
    with Engine(threads=2) as duckdb:
        register(duckdb, write(tmp_path_factory.mktemp("duckdb"), tables))
        register(spark, write(tmp_path_factory.mktemp("spark"), shuffled(tables, 8), 500))
        yield duckdb, spark


def as_bytes(table: pa.Table) -> bytes:
    """Names, types, validity and values, as Parquet: behind an empty value stands nothing."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("name", queries(AGREED))
def test_every_query_of_behaviour_gives_the_same_bytes(
    engines: tuple[Engine, Spark], name: str
) -> None:
    sql = queries(AGREED, [one for one in CHANNELS if one])[name]
    ours, theirs = (engine.query(sql) for engine in engines)
    assert len(ours) > 0
    assert theirs.schema == ours.schema
    assert theirs.to_pylist() == ours.to_pylist()
    assert as_bytes(theirs) == as_bytes(ours)


def test_the_months_of_customers_are_the_same_bytes(engines: tuple[Engine, Spark]) -> None:
    sql = customer_months(Given(AGREED, {}, engines[0])).text
    ours, theirs = (engine.query(sql) for engine in engines)
    assert len(ours) > 0 and as_bytes(theirs) == as_bytes(ours)


def test_the_agreed_engine_makes_the_same_behaviour(
    engines: tuple[Engine, Spark], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    query = Spark.query
    monkeypatch.setattr(Spark, "query", lambda self, sql: asked.append(sql) or query(self, sql))
    made = {engine: tables_of(tmp_path / engine, engine) for engine in ("duckdb", "spark")}
    assert len(asked) > len(PORTABLE)
    for name in sorted(PORTABLE):
        assert_frame_equal(made["spark"][name], made["duckdb"][name], check_exact=True)


def tables_of(folder: Path, engine: str) -> dict[str, pd.DataFrame]:
    """The portable tables as the store makes them."""
    folder.mkdir()
    files = write(folder, records(9))
    given = [Recipe(makes=(name,), make="nobody:makes") for name in files]
    portable = [recipe for recipe in RECIPES if recipe.is_portable]
    agreed = AGREED.model_copy(update={"engine": engine})
    store = Store(folder / "store", agreed, [*given, *portable], lambda *_: "")
    store.used |= files
    return {name: store.frame(name) for name in sorted(PORTABLE)}


def test_spark_is_reachable_from_this_machine_only(spark: Spark) -> None:
    told = spark.session.sparkContext.getConf()
    assert told.get("spark.master").startswith("local[")
    assert told.get("spark.driver.bindAddress") == told.get("spark.driver.host") == "127.0.0.1"
    assert told.get("spark.driver.memory") == "1024m"


def test_an_engagement_may_agree_on_spark() -> None:
    assert Engagement(client="A", as_of=AGREED.as_of, sources={}, engine="spark").engine == "spark"
