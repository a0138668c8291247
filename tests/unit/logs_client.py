"""Contract tables made by hand for the tests of calendars, shifts and visit logs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.audit.checks import framework, time, visits
from segkit.audit.checks.calendar import free_days, holes
from segkit.audit.checks.drift import shifts
from segkit.audit.checks.visitlog import quality
from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.language import Value
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
    days = pd.bdate_range(first, last)
    free = free_days("PL", days[0].date(), days[-1].date())
    return days[~days.isin(pd.DatetimeIndex(free))]


def log(days: pd.DatetimeIndex, a_day: int = 4, sellers: int = 6, **more: Any) -> pd.DataFrame:
    """Visits of so many sellers, so many a day, of 30 to 60 minutes, logged the same day."""
    day = np.tile(np.repeat(days.to_numpy(), a_day), sellers)
    at = np.arange(len(day))
    minutes = np.random.default_rng(at.size).choice(np.arange(30, 65, 5), len(day))
    moment = pd.Series(day) + pd.to_timedelta(9 + at % 8, unit="h")
    return pd.DataFrame(
        {
            "visit_id": [f"v{n:06d}" for n in at], "visit_date": day, "kind": "visit",
            "rep_id": [f"r{n}" for n in at // (len(days) * a_day)],
            "customer_id": [f"c{n % 37:02d}" for n in at], "minutes": minutes,
            "logged_at": moment.dt.strftime("%d.%m.%Y %H:%M"), "purpose": "order",
        }
    ).assign(**more)  # fmt: skip


def sellers(count: int = 6, **more: Any) -> pd.DataFrame:
    """One team of sellers with 220 selling days of eight hours."""
    ids = [f"r{n}" for n in range(count)]
    table = pd.DataFrame({"rep_id": ids, "name": ids, "team": "East", "role": "field"})
    return table.assign(**{"days": 220.0, "hours_per_day": 8.0, **more})


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


@dataclass(frozen=True)
class Told:
    """What one check said: its severity, failing rows, and both sentences."""

    severity: str
    rows: pd.DataFrame
    claim: str
    touches: str


def told(folder: Path, engagement: Engagement | None = None, **tables: pd.DataFrame) -> Any:
    """What each check of time and of visits says of these tables, by its id."""
    sold = tables["order_lines"]
    listed = tables.setdefault(
        "customers", pd.DataFrame({"customer_id": sorted(set(sold["customer_id"].dropna()))})
    )
    tables["customers"] = listed.assign(name=listed["customer_id"])
    ids = sorted(set(sold["product_id"]))
    tables["products"] = pd.DataFrame({"product_id": ids, "name": ids})
    with_tables = given(folder, engagement, **tables)
    makers = (holes, shifts, *((quality,) if "visits" in tables else ()))
    paths = dict(with_tables.paths)
    for make in makers:
        for name, table in make(with_tables).items():
            paths[name] = folder / f"{name}.parquet"
            table.to_parquet(paths[name], index=False)
            with_tables.engine.register(name, paths[name])
    checks = (*time.CHECKS, *visits.CHECKS)
    made = framework.run(Given(with_tables.engagement, paths, with_tables.engine), checks)
    results = made["check_results"].set_index("check_id")
    return {one.id: _told(one, results.loc[one.id], made, with_tables) for one in checks}


def _told(check: framework.Check, result: Any, made: Any, with_tables: Given) -> Told:
    rows = with_tables.query(made[check.failed].text)
    figures = {"n": int(result["rows"]), "money": Value(result["money"] / 100, "PLN"),
               "share": Value(result["share"], "share")}  # fmt: skip
    named = made["check_figures"]
    for row in named[named["check_id"] == check.id].itertuples():
        value, unit = (row.value / 100, "PLN") if row.unit == "money" else (row.value, row.unit)
        figures[row.name] = Value(value, unit)
    said = [str(framework.worded(one, figures)) if result["rows"] else ""
            for one in (check.claim, check.touches_with(result["money"]))]  # fmt: skip
    return Told(result["severity"], rows, *said)
