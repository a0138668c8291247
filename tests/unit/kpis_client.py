"""A small client for the tests of KPIs and targets: contract tables from a few drawn rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.kpis.forecast import targets
from segkit.kpis.measures import values
from segkit.store import Given, read_frame
from segkit.tables import CONTRACTS, ENGINE_TYPES
from segkit.workbook import Workbook

AS_OF = date(2026, 3, 31)
_ARROW = {
    "VARCHAR": pa.string(), "DATE": pa.date32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(), "DECIMAL(18,6)": pa.decimal128(18, 6),
}  # fmt: skip


def agreement(**more: Any) -> Engagement:
    return Engagement(client="Acme", as_of=AS_OF, currency="PLN", sources={}, **more)


def contract(name: str, rows: pd.DataFrame, **extra: pa.DataType) -> pa.Table:
    """`rows` as the contract table `name`: columns that are not given are empty."""
    types = {column.name: _ARROW[ENGINE_TYPES[column.kind]] for column in CONTRACTS[name].columns}
    fields = types | extra
    arrays = {column: pa.array(listed(rows, column), type) for column, type in fields.items()}
    return pa.table(arrays)


def listed(rows: pd.DataFrame, column: str) -> list[Any]:
    if column not in rows:
        return [None] * len(rows)
    return [None if pd.isna(value) else value for value in rows[column]]


def given(folder: Path, engagement: Engagement, **tables: pd.DataFrame) -> Given:
    """The `tables` in `folder`: order lines become accepted ones, what is not drawn follows."""
    lines = tables["order_lines"].assign()
    after = engagement.window_start
    lines["period"] = [
        "after_as_of" if d > engagement.as_of else "in_window" if d > after else "before_window"
        for d in lines["order_date"]
    ]
    if "product_id" not in lines:
        lines["product_id"] = "unknown"
    active = sorted(set(lines.loc[lines["period"] == "in_window", "customer_id"].dropna()))
    known = {
        "customers": pd.DataFrame({"customer_id": active}),
        "products": pd.DataFrame({"product_id": ["unknown"]}),
        "segments": pd.DataFrame({"customer_id": active, "segment_id": "all_alike"}),
    } | tables
    written = {
        name: contract(name, rows) if name in CONTRACTS else pa.Table.from_pandas(rows)
        for name, rows in known.items()
        if name != "order_lines"
    } | {"order_lines": contract("order_lines", lines, period=pa.string())}
    engine, paths = Engine(), {}
    for name, table in written.items():
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(table, paths[name])
        engine.register(name, paths[name])
    return Given(engagement, paths, engine)


def orders(*rows: tuple[str, str, str, int], **more: Any) -> pd.DataFrame:
    """Order lines of (customer, order, day, amount in minor units)."""
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "order_date", "net_amount"])
    table["order_date"] = [date.fromisoformat(day) for day in table["order_date"]]
    return table.assign(quantity=np.sign(table["net_amount"]).astype(float), **more)


class Tables:
    """A store of what was given and what the KPI recipes make of it."""

    def __init__(self, known: Given) -> None:
        self.known = known
        self.paths = dict(known.paths)
        self.used: dict[str, Path] = {}
        folder = next(iter(known.paths.values())).parent
        revenue = known.query(
            "SELECT customer_id, CAST(sum(net_amount) AS BIGINT) AS net_revenue FROM order_lines "
            "WHERE period = 'in_window' AND customer_id IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        ids = sorted(set(known.table("segments")["segment_id"]))
        called = pd.DataFrame({"segment_id": ids, "name": [id.capitalize() for id in ids]})
        made = {**values(known), "targets": targets(known), "behaviour": revenue}
        for name, table in {**made, "segment_definitions": called}.items():
            self.paths[name] = folder / f"{name}.parquet"
            table.to_parquet(self.paths[name])

    def has(self, name: str) -> bool:
        return name in self.paths

    def path(self, name: str) -> Path:
        return self.paths[name]

    def frame(self, name: str) -> pd.DataFrame:
        return read_frame(self.paths[name])


def workbook(known: Given) -> Workbook:
    """Notebook 4 of this client."""
    return Workbook("04-kpi-design", known.engagement, Tables(known))


def titles(book: Workbook) -> dict[str, str]:
    """What every finding and exhibit shown says, by id."""
    from segkit.language import render

    said = {"finding": "claim", "exhibit": "title"}
    return {
        item["id"]: render(item[said[item["type"]]])
        for item in book.items
        if item["type"] in said and not item.get("is_withheld")
    }


def notes(book: Workbook) -> list[str]:
    """The notes shown."""
    from segkit.language import render

    return [render(item["text"]) for item in book.items if item["type"] == "note"]
