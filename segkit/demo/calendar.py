"""The days the demo lives in: its history, its months and the working days of Poland."""

from __future__ import annotations

import zlib
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

AS_OF = date(2026, 3, 31)
COST_FROM = date(2025, 4, 1)  # resources are given for the twelve months up to as_of
EXTRACTED = np.datetime64("2026-04-03")  # the extract was taken a few days into the next month

MONTHS = np.arange("2023-10", "2026-05", dtype="datetime64[M]")
FIRST_DAYS: Days = MONTHS.astype("datetime64[D]")
NEXT_DAYS: Days = np.minimum((MONTHS + 1).astype("datetime64[D]"), EXTRACTED + 1)
MONTH_SHARE: Floats = (NEXT_DAYS - FIRST_DAYS) / ((MONTHS + 1).astype("datetime64[D]") - FIRST_DAYS)

_FIXED = ("01-01", "01-06", "05-01", "05-03", "08-15", "11-01", "11-11", "12-25", "12-26")
_MOVING = ("2024-04-01", "2024-05-30", "2025-04-21", "2025-06-19", "2025-12-24", "2026-04-06")
HOLIDAYS: Days = np.array(
    sorted([f"{year}-{day}" for year in range(2023, 2027) for day in _FIXED] + list(_MOVING)),
    dtype="datetime64[D]",
)

_SEED = 20260331


def rng(part: str) -> np.random.Generator:
    """Give one *part* of the simulation its own stream, so that parts can change alone."""
    return np.random.Generator(np.random.PCG64([_SEED, zlib.crc32(part.encode())]))


def working_days(start: Days | np.datetime64, end: Days | np.datetime64) -> Ints:
    """Count working days from *start* up to, not including, *end*."""
    return np.asarray(np.busday_count(start, end, holidays=HOLIDAYS), dtype=np.int64)


def next_working_day(days: Days, after: Ints | int = 0) -> Days:
    """Move *days* to a working day, then *after* working days on."""
    whole = days.astype("datetime64[D]")
    return np.asarray(np.busday_offset(whole, after, roll="forward", holidays=HOLIDAYS))
