"""The target of all segments, recomputed with one assumption moved and all else as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.evidence import Assumed, assumed
from segkit.kpis import forecast
from segkit.kpis.forecast import METHODS, SILENCE, TREND, Floats, Seen, damped_trend

if TYPE_CHECKING:
    from segkit.store import Given


def swings(given: Given) -> pd.DataFrame:
    """The total of base and gap at the low and the high end of each assumption.

    Returns
    -------
    DataFrame
        One row per assumption: id, text, value, low, high, unit, and in minor units `at_value`,
        `at_low`, `at_high`.
    """
    segments = given.table("segments")[["customer_id", "segment_id"]].sort_values("customer_id")
    segments = segments.reset_index(drop=True)
    past, known = forecast.monthly(given, segments["customer_id"]), forecast.seen(given)
    rows = []
    for id in (*SILENCE, *TREND):
        row = assumed(given.engagement, id)
        edges = [
            _total(given, segments, past, known, {id: edge})
            for edge in (row.value, row.low, row.high)
        ]
        rows.append((*_told(row), *edges))
    columns = ["id", "text", "value", "low", "high", "unit", "at_value", "at_low", "at_high"]
    return pd.DataFrame(rows, columns=columns)


def _told(row: Assumed) -> tuple[object, ...]:
    return row.id, row.text, row.value, row.low, row.high, row.unit


def _total(
    given: Given, segments: pd.DataFrame, past: Floats, known: Seen, moved: Mapping[str, float]
) -> int:
    """Base and gap of all segments, with some assumptions `moved`."""
    agreed, months = given.engagement, given.engagement.targets.months
    trend = [moved.get(id, assumed(agreed, id).value) for id in TREND]
    methods = {**METHODS, "damped_trend": lambda past, n: damped_trend(past, n, *trend)}
    bases, parts = {}, np.zeros(len(segments))
    for segment, rows in segments.groupby("segment_id", sort=True):
        at = rows.index.to_numpy()
        parts[at] = forecast.base_of(past[at], months, methods)[1]
        bases[segment] = (len(at), max(0, round(float(parts[at].sum()))))
    table = pd.DataFrame.from_dict(bases, orient="index", columns=["customers", "base"])
    table = table.rename_axis("segment_id").reset_index()
    silence = {id: moved.get(id, assumed(agreed, id).value) for id in SILENCE}
    silent = forecast.silent_customers(known, segments.assign(base=parts), months, silence)
    return int(forecast.with_gap(table, silent, agreed, silence)["target"].sum())
