"""What customers lose us, recomputed with one assumption moved and all else as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.evidence import agreed_range
from segkit.language import Message, say
from segkit.routes.costing import Floats, cost_factors

if TYPE_CHECKING:
    from segkit.store import Given


def swings(given: Given) -> pd.DataFrame:
    """The money lost on customers at the low and the high end of each assumption.

    Returns
    -------
    DataFrame
        One row per assumption, then one per activity: id, text, value, low, high, unit, and in
        minor units `at_value`, `at_low`, `at_high`: the sum that customers with a negative
        contribution lose. Empty where no product cost is known.
    """
    margins = given.table("contribution").dropna(subset=["customer_id", "contribution"])
    margins = margins[margins["lines"] > 0]
    costs, pools = given.table("cost_to_serve"), given.table("pool_capacity")
    work = costs.groupby(["pool", "activity"], as_index=False)[["minutes", "cost"]].sum()
    base, earned = _cost_matrix(margins, costs, work)
    rows = []
    for id, text, value, low, high, unit, at in _moved(given, work):
        edges = []
        for edge in (value, low, high):
            minutes, capacity = np.ones((len(work), 1)), np.ones(1)
            (capacity if id == "practical_capacity" else minutes)[at] = edge / value
            factors = cost_factors(work, pools, minutes, capacity)[:, 0]
            edges.append(lost(earned, base @ factors))
        rows.append((id, text, value, low, high, unit, *edges))
    columns = ["id", "text", "value", "low", "high", "unit", "at_value", "at_low", "at_high"]
    return pd.DataFrame(rows if len(margins) else [], columns=columns)


def lost(earned: Floats, spent: Floats) -> int:
    """What is lost on the customers that cost more than they earn; minor units.

    Examples
    --------
    >>> lost(np.array([100.0, 10.0, -5.0]), np.array([40.0, 25.0, 1.0]))
    21
    """
    return round(float(np.clip(spent - earned, 0, None).sum()))


def _cost_matrix(
    margins: pd.DataFrame, costs: pd.DataFrame, work: pd.DataFrame
) -> tuple[Floats, Floats]:
    """Cost by customer and kind of work, and what each customer earns before it."""
    kinds = pd.MultiIndex.from_frame(work[["pool", "activity"]])
    column = kinds.get_indexer(pd.MultiIndex.from_frame(costs[["pool", "activity"]]))
    row = pd.Index(margins["customer_id"]).get_indexer(costs["customer_id"])
    known = row >= 0
    base = np.zeros((len(margins), len(work)))
    np.add.at(base, (row[known], column[known]), costs["cost"].to_numpy()[known])
    return base, margins["gross_margin"].to_numpy(dtype="float64")


def _moved(
    given: Given, work: pd.DataFrame
) -> list[tuple[str, Message, float, float, float, str, slice | int]]:
    """Every assumption that moves cost to serve, its range, and the work that it moves."""
    agreed, whole = given.engagement, slice(None)
    asked = (
        ("activity_minutes", say("Minutes of all activities, times those given"), "times"),
        ("practical_capacity", say("Part of the paid time that is left for work"), "share"),
    )
    rows: list[tuple[str, Message, float, float, float, str, slice | int]] = [
        (id, text, *agreed_range(agreed, id), unit, whole) for id, text, unit in asked
    ]
    factor, low, high = agreed_range(agreed, "activity_minutes")
    each = work.merge(given.table("activities")[["pool", "activity", "minutes"]].drop_duplicates(
        ["pool", "activity"]), on=["pool", "activity"], how="left", suffixes=("_used", ""),
    )  # fmt: skip
    for place, one in enumerate(each.itertuples()):
        minutes = float(one.minutes) * factor  # type: ignore[arg-type]
        text = say("Minutes of one activity: {activity}", activity=one.activity)
        span = (minutes, minutes * low / factor, minutes * high / factor)
        rows.append((f"minutes.{one.pool}.{one.activity}", text, *span, "minutes", place))
    return rows
