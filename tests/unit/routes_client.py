"""A small client for the tests of routes: tables in a folder, without sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.routes import contribution, cost_to_serve
from segkit.store import Given, read_frame
from segkit.workbook import Workbook

SCHEMAS = {
    "order_lines": "order_id VARCHAR, order_date DATE, customer_id VARCHAR, product_id VARCHAR, "
    "quantity DOUBLE, net_amount BIGINT, cost_amount BIGINT, channel VARCHAR, rep_id VARCHAR, "
    "period VARCHAR",
    "products": "product_id VARCHAR, unit_cost DECIMAL(18,6), is_custom BOOLEAN",
    "customers": "customer_id VARCHAR, name VARCHAR",
    "resources": "pool VARCHAR, cost BIGINT, practical_minutes DOUBLE, period_start DATE, "
    "period_end DATE",
    "activities": "activity VARCHAR, pool VARCHAR, minutes DOUBLE, driver VARCHAR",
    "visits": "visit_id VARCHAR, customer_id VARCHAR, visit_date DATE, kind VARCHAR, "
    "minutes DOUBLE",
    "events": "customer_id VARCHAR, event_date DATE, activity VARCHAR, quantity DOUBLE",
    "visit_log_quality": "visits BIGINT, grade VARCHAR",
    "segments": "customer_id VARCHAR, segment_id VARCHAR",
    "segment_definitions": "segment_id VARCHAR, name VARCHAR",
}


def engagement(**agreed: Any) -> Engagement:
    return Engagement(
        **{
            "client": "Small",
            "as_of": date(2026, 3, 31),
            "window_months": 12,
            "sources": {},
            **agreed,
        }
    )


class Client:
    """The tables of a client, written as Parquet; asks like a Store, is given like a recipe."""

    def __init__(
        self, folder: Path, agreed: Engagement, tables: Mapping[str, pd.DataFrame]
    ) -> None:
        self.folder, self.engagement = folder, agreed
        self.paths: dict[str, Path] = {}
        self.used: dict[str, Path] = {}
        for name, frame in tables.items():
            self._write(name, frame)
        if {"resources", "activities", "order_lines"} <= set(self.paths):
            for name, frame in cost_to_serve(self.given()).items():
                self._write(name, frame)
            self._write("contribution", contribution(self.given()))

    def _write(self, name: str, frame: pd.DataFrame) -> None:
        path = self.folder / f"{name}.parquet"
        if name in SCHEMAS:
            cast = ", ".join(
                f"CAST({column if column in frame else 'NULL'} AS {kind}) AS {column}"
                for column, kind in (part.split(" ", 1) for part in SCHEMAS[name].split(", "))
            )
            with duckdb.connect() as connection:
                connection.register("given", frame)
                connection.execute(f"COPY (SELECT {cast} FROM given) TO '{path}'")
        else:
            made = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(made.replace_schema_metadata(None), path)
        self.paths[name] = path

    def given(self) -> Given:
        engine = Engine(threads=2)
        for name, path in self.paths.items():
            engine.register(name, path)
        return Given(self.engagement, self.paths, engine)

    def has(self, name: str) -> bool:
        return name in self.paths

    def path(self, name: str) -> Path:
        return self.paths[name]

    def frame(self, name: str) -> pd.DataFrame:
        return read_frame(self.paths[name])

    def book(self) -> Workbook:
        return Workbook("03-route-to-market", self.engagement, self)  # type: ignore[arg-type]


# --- a client small enough to check by eye ---------------------------------------------------

MARCH = {"period_start": "2026-03-01", "period_end": "2026-03-31"}


def lines(rows: str) -> pd.DataFrame:
    """Order lines from ``customer order day net cost channel``; ``-`` is empty."""
    table = pd.DataFrame(
        [row.split() for row in rows.strip().splitlines()],
        columns=["customer_id", "order_id", "order_date", "net_amount", "cost_amount", "channel"],
    ).replace("-", None)
    return table.assign(product_id="P1", quantity=1.0, period="in_window")


SALES = """
    A 1 2026-03-02 10000 4000 field
    A 1 2026-03-02 10000 4000 field
    A 2 2026-03-09  5000 2000 web
    B 3 2026-03-03  3000 2500 inside
    - 4 2026-03-04  1000  500 inside
    C 5 2026-03-05  9000    - web
"""


def tables(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Two pools in March: A and B are visited, D is a prospect that never bought."""
    visits = pd.DataFrame(
        [("V1", "A", "visit"), ("V2", "B", "visit"), ("V3", "B", "visit"), ("V4", "D", "visit"),
         ("V5", "A", "call")],
        columns=["visit_id", "customer_id", "kind"],
    ).assign(visit_date="2026-03-10", minutes=20)  # fmt: skip
    return {
        "order_lines": lines(SALES),
        "products": pd.DataFrame({"product_id": ["P1"], "is_custom": [False]}),
        "customers": pd.DataFrame({"customer_id": list("ABCD"), "name": ["Ada", "Bo", "Cy", "Di"]}),
        "visits": visits,
        "events": pd.DataFrame(
            [("A", "2026-03-12", "delivery", 2.0)],
            columns=["customer_id", "event_date", "activity", "quantity"],
        ),
        "activities": pd.DataFrame(
            [("Visit", "Field", 60, "visit"), ("Order entry", "Office", 10, "order"),
             ("Picking", "Office", 5, "line"), ("Delivery", "Office", 20, "delivery"),
             ("Sales call", "Office", 15, "call")],
            columns=["activity", "pool", "minutes", "driver"],
        ),
        "resources": pd.DataFrame(
            [{"pool": "Field", "cost": 30000, "practical_minutes": 300, **MARCH},
             {"pool": "Office", "cost": 10000, "practical_minutes": 500, **MARCH}]
        ),
        "segments": pd.DataFrame(
            {"customer_id": list("ABC"), "segment_id": ["big", "small", "small"]}
        ),
        "segment_definitions": pd.DataFrame(
            {"segment_id": ["big", "small"], "name": ["Big", "Small"]}
        ),
        **changed,
    }  # fmt: skip


def client(folder: Path, without: tuple[str, ...] = (), **changed: pd.DataFrame) -> Client:
    kept = {name: one for name, one in tables(**changed).items() if name not in without}
    return Client(folder, engagement(window_months=1), kept)
