"""A client whose customers order by chance alone, for the tests of those who deviate."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from segkit.engagement import Engagement
from segkit.segments.deviating.table import deviations_of

AGREED = Engagement(client="Test", as_of=date(2026, 3, 31), window_months=24, sources={})
FIRST = 2024 * 12 + 3
SEASON = np.array([1.4, 1.2, 1, 1, 0.8, 0.7, 0.7, 0.9, 1, 1, 1.1, 1.2])


def client(
    customers: int = 300, seed: int = 0, months: int = 24, regularity: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``customer_months`` and the customers, in three segments of different pace; nobody moves.

    Parameters
    ----------
    regularity
        1 is chance; below it customers vary more than that, as real ones do.
    """
    draw = np.random.default_rng(seed)
    segment = np.arange(customers) % 3
    pace = np.array([4.0, 1.5, 0.6])[segment] * draw.lognormal(0, 0.3, customers)
    mean = pace[:, None] * SEASON[(np.arange(months) + 3) % 12]
    orders = draw.poisson(mean * draw.gamma(10 * regularity, 0.1 / regularity, mean.shape))
    value = 100_000 * draw.lognormal(0, 0.5, customers)
    revenue = (orders * value[:, None] * draw.lognormal(0, 0.3, orders.shape)).round()
    ids = np.array([f"c{n:05d}" for n in range(customers)])
    row, month = np.nonzero(orders)
    rows = pd.DataFrame(
        {
            "customer_id": ids[row],
            "month": FIRST + 24 - months + month,
            "net_revenue": revenue[row, month].astype("int64"),
            "orders": orders[row, month].astype("int64"),
        }
    )
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "segment_id": np.array(["quick", "monthly", "slow"])[segment],
            "base": pd.array([None] * customers, "string"),
            "tenure_days": 2_000,
            "recency_days": 10,
            "gap_days": 20.0,
            "gap_cv": 0.8,
        }
    )
    return rows, people


def scaled(
    rows: pd.DataFrame, ids: list[str], factor: float, since: int, *, orders: bool = True
) -> pd.DataFrame:
    """The same months with `factor` times as much bought by `ids` from the month `since` on."""
    hit = rows["customer_id"].isin(ids) & (rows["month"] >= FIRST + since)
    made = rows.copy()
    for name in ("net_revenue", "orders") if orders else ("net_revenue",):
        made.loc[hit, name] = (made.loc[hit, name] * factor).round().astype("int64")
    return made


def found(
    rows: pd.DataFrame, people: pd.DataFrame, engagement: Engagement = AGREED
) -> pd.DataFrame:
    return deviations_of(rows, people, engagement).set_index("customer_id")
