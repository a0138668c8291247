"""A small client for the tests of routes: tables in a folder, without sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

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
    "visits": "visit_id VARCHAR, customer_id VARCHAR, visit_date DATE, kind VARCHAR, minutes DOUBLE",
    "events": "customer_id VARCHAR, event_date DATE, activity VARCHAR, quantity DOUBLE",
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
            frame.to_parquet(path)
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
