"""Small contract tables written as they stand, and one check run over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.audit.checks import framework
from segkit.audit.checks.framework import Check, worded
from segkit.engagement import CheckLimits, Engagement, Source
from segkit.engine import Engine, quoted
from segkit.store import Given
from segkit.tables import CONTRACTS, ENGINE_TYPES

AS_OF = date(2025, 12, 31)


@dataclass(frozen=True)
class Found:
    """What one check found: its result, its failing rows and what it says."""

    severity: str
    rows: int
    money: int
    share: float
    missing: str
    failing: pd.DataFrame
    figures: dict[str, Any]
    ties: list[tuple[int, int]]
    claim: str
    touches: str


def lines(*rows: tuple[Any, ...], columns: str = "") -> pd.DataFrame:
    """Order lines of order, day, customer, product, quantity, net amount and `columns`."""
    names = ["order_id", "order_date", "customer_id", "product_id", "quantity", "net_amount"]
    return pd.DataFrame(list(rows), columns=[*names, *columns.split()])


def found(
    check: Check,
    folder: Path,
    order_lines: pd.DataFrame,
    limits: CheckLimits | None = None,
    **tables: pd.DataFrame,
) -> Found:
    """Run `check` over these tables; columns that are not given are empty."""
    given = {**_completed(order_lines, tables), **tables}
    agreed = Engagement(
        client="Small", as_of=AS_OF, window_months=12, currency="EUR",
        sources={"order_lines": Source(file="x.csv")},
        checks={check.id: limits} if limits else {},
    )  # fmt: skip
    with Engine(folder / "scratch", threads=2) as engine:
        paths = {name: _write(engine, folder, name, frame) for name, frame in given.items()}
        for name, path in paths.items():
            engine.register(name, path)
        made = framework.run(Given(agreed, paths, engine), [check])
        failing = engine.query(made[check.failed].text).to_pandas(date_as_object=False)
    result = made["check_results"].iloc[0]
    figures = {"n": int(result["rows"]), "money": result["money"], "share": result["share"]}
    figures |= dict(zip(made["check_figures"]["name"], made["check_figures"]["value"], strict=True))
    touches = check.touches_with(result["money"])
    said = [str(worded(one, figures)) if result["rows"] else "" for one in (check.claim, touches)]
    return Found(
        result["severity"], int(result["rows"]), int(result["money"]), float(result["share"]),
        result["missing"], failing, figures,
        list(made["check_ties"][["left", "right"]].itertuples(index=False, name=None)),
        *said,
    )  # fmt: skip


def _completed(order_lines: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Every customer and product of the lines, listed or not, and the period of each line."""
    day = pd.to_datetime(order_lines["order_date"])
    period = pd.Series("in_window", day.index)
    period[day <= pd.Timestamp(2024, 12, 31)] = "before_window"
    period[day > pd.Timestamp(AS_OF)] = "after_as_of"
    made = {"order_lines": order_lines.assign(period=period)}
    for name, key in (("customers", "customer_id"), ("products", "product_id")):
        ids = pd.DataFrame({key: sorted(order_lines[key].dropna().unique())})
        listed = tables.get(f"listed_{name}")
        if listed is None:
            made[name] = ids.assign(name=ids[key], is_listed=False)
        else:
            made[name] = listed.assign(is_listed=True).merge(ids, on=key, how="outer")
            made[name]["is_listed"] = made[name]["is_listed"].eq(True)
    return made


def _write(engine: Engine, folder: Path, name: str, frame: pd.DataFrame) -> Path:
    table, path = CONTRACTS[name.removeprefix("listed_")], folder / f"{name}.parquet"
    kinds = {column.name: ENGINE_TYPES[column.kind] for column in table.columns}
    columns = [
        f"CAST({quoted(one) if one in frame else 'NULL'} AS {kind}) AS {quoted(one)}"
        for one, kind in kinds.items()
    ]
    columns += [quoted(one) for one in frame if one not in kinds]
    engine.keep(f"of_{name}", frame.reset_index(drop=True))
    engine.write(f"SELECT {', '.join(columns)} FROM {quoted(f'of_{name}')}", path)
    return path
