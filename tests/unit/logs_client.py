"""Contract tables made by hand for the tests of calendars, shifts and visit logs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.store import Given
from segkit.tables import CONTRACTS, ENGINE_TYPES

AS_OF = date(2025, 12, 31)


def agreed(**more: Any) -> Engagement:
    """A client with a window of two years."""
    told = {"client": "Logs", "as_of": AS_OF, "window_months": 24, "country": "PL", **more}
    return Engagement.model_validate({**told, "sources": {"order_lines": {"file": "lines.csv"}}})


def given(folder: Path, engagement: Engagement | None = None, **tables: pd.DataFrame) -> Given:
    """These tables as the recipes get them; columns that a table lacks are empty."""
    engagement = engagement or agreed()
    engine, paths = Engine(threads=1), {}
    for name, table in tables.items():
        wanted = {one.name: ENGINE_TYPES[one.kind] for one in CONTRACTS[name].columns}
        if name == "order_lines":
            wanted["period"] = "VARCHAR"
            table = table.assign(period=_period(table["order_date"], engagement))
        engine.connection.register("frame", table)
        casts = ", ".join(
            f"CAST({one if one in table else 'NULL'} AS {kind}) AS {one}"
            for one, kind in wanted.items()
        )
        paths[name] = folder / f"{name}.parquet"
        engine.write(f"SELECT {casts} FROM frame", paths[name])
        engine.connection.unregister("frame")
        engine.register(name, paths[name])
    return Given(engagement, paths, engine)


def _period(day: pd.Series, engagement: Engagement) -> np.ndarray:
    day = pd.to_datetime(day)
    before = day <= pd.Timestamp(engagement.window_start)
    after = day > pd.Timestamp(engagement.as_of)
    return np.where(before, "before_window", np.where(after, "after_as_of", "in_window"))


def working_days(first: str, last: str) -> pd.DatetimeIndex:
    """The working days of Poland, both ends in."""
    from segkit.audit.checks.calendar import free_days

    days = pd.bdate_range(first, last)
    free = free_days("PL", days[0].date(), days[-1].date())
    return days[~days.isin(pd.DatetimeIndex(free))]


def lines(days: pd.DatetimeIndex, a_day: int = 4, **more: Any) -> pd.DataFrame:
    """Order lines of 100.00 each, so many a day, from forty customers in turn."""
    day = np.repeat(days.to_numpy(), a_day)
    at = np.arange(len(day))
    return pd.DataFrame(
        {
            "order_id": at.astype(str), "order_date": day, "product_id": "p",
            "customer_id": [f"c{n % 40:02d}" for n in at], "quantity": 1.0, "net_amount": 10_000,
        }
    ).assign(**more)  # fmt: skip
