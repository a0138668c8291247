"""What each customer bought by period, and the path of those it is held against."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.engagement import Engagement
from segkit.evidence import judged
from segkit.language import say
from segkit.segments.deviating.robust import theil_sen

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

FEWEST_PERIODS = judged(
    "segments.deviating.periods", 8, 6, 12, "periods",
    say("A slope of one customer needs so many periods."),
)  # fmt: skip
_YARDSTICK = judged(
    "segments.deviating.yardstick", 0.25, 0.15, 0.4, "share",
    say(
        "A segment whose typical customer moves this far from its base over the window is no "
        "yardstick for trends; its customers are held against the whole base."
    ),
)  # fmt: skip
_FEWEST_PEERS = judged(
    "segments.deviating.peers", 10, 5, 20, "customers",
    say("A segment's typical path needs so many customers; smaller ones use their base's."),
)  # fmt: skip
_TOO_FEW = judged(
    "segments.deviating.too_few", 0.2, 0.1, 0.4, "share",
    say(
        "Where the median customer of a segment orders less than this part of the usual in a "
        "period, its typical path is the mean's: the median of few orders says zero too often."
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Periods:
    """The periods of equal length that the window holds, the last one ending with it.

    Attributes
    ----------
    first
        The first month, ``year * 12 + month - 1``.
    months
        Months of one period.
    """

    first: int
    count: int
    months: int

    @property
    def recent(self) -> int:
        """How many of the last ones are held against those before: half a year, or three."""
        return min(2 if self.months == 3 else 3, max(self.count // 2, 1))

    @property
    def cut(self) -> int:
        """The first month of the last periods."""
        return self.first + (self.count - self.recent) * self.months

    @property
    def last(self) -> int:
        """The last month."""
        return self.first + self.count * self.months - 1

    def of(self, month: Ints) -> Ints:
        """The period of each month; below zero or too high outside."""
        return (month - self.first) // self.months


def periods(engagement: Engagement) -> Periods:
    """The longest periods of which the window holds eight, from its whole months only."""
    day, before = engagement.as_of, engagement.window_start
    is_whole = day.day == calendar.monthrange(day.year, day.month)[1]
    last = day.year * 12 + day.month - 1 - (not is_whole)
    whole = max(last - (before.year * 12 + before.month - 1), 1)
    months = next((n for n in (3, 2) if whole // n >= FEWEST_PERIODS), 1)
    count = whole // months
    return Periods(last - count * months + 1, count, months)


def by_period(months: pd.DataFrame, row: Ints, size: int, when: Periods) -> dict[str, Floats]:
    """Net revenue and orders of each customer in each period.

    Parameters
    ----------
    months
        Rows of ``customer_months``.
    row
        Whose row it is: a position below `size`.
    """
    import numpy as np

    period = when.of(months["month"].to_numpy(np.int64))
    inside = (period >= 0) & (period < when.count)
    place = row[inside] * when.count + period[inside]
    return {
        name: np.asarray(
            np.bincount(place, months[name].to_numpy(np.float64)[inside], size * when.count),
            np.float64,
        ).reshape(size, when.count)
        for name in ("net_revenue", "orders")
    }


def known_from(tenure_days: Ints, engagement: Engagement, when: Periods) -> Ints:
    """The first period that each customer was there for from beginning to end.

    Periods of which hardly anyone is known, where the records begin, are nobody's.
    """
    import numpy as np

    began = np.datetime64(engagement.as_of, "D") - tenure_days.astype("timedelta64[D]")
    month = began.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    start = np.clip(when.of(month) + 1, 0, when.count)
    known = np.bincount(start, minlength=when.count + 1).cumsum()
    return np.maximum(start, int(np.argmax(known >= min(_FEWEST_PEERS, len(start)))))


@dataclass(frozen=True)
class Yardsticks:
    """What each customer is held against.

    Attributes
    ----------
    path
        By customer and period, the typical member's part of its own mean.
    is_base
        Whether that is the whole base instead of the own segment.
    """

    path: Floats
    is_base: npt.NDArray[np.bool_]


def yardsticks(
    values: Floats, segment: Ints, base: Ints, is_base: npt.NDArray[np.bool_] | None = None
) -> Yardsticks:
    """The median path of each customer's segment, or of its base where that is no yardstick.

    Parameters
    ----------
    values
        By customer and period, not-a-number where it is not known.
    is_base
        Whose base is taken; found from the paths where it is not given.
    """
    import numpy as np

    means = np.nanmean(np.where(np.isnan(values[:, -1:]), 0.0, values), axis=1)
    parts = values / np.where(means > 0, means, np.nan)[:, None]
    own, members = _typical(parts, segment)
    whole, _ = _typical(parts, base)
    if is_base is None:
        at = np.arange(values.shape[1], dtype=np.float64)
        apart = np.log(np.maximum(own, 1e-3) / np.maximum(whole, 1e-3))
        first = np.unique(segment, return_index=True)[1]
        moves = np.abs(theil_sen(apart[first], at))[segment] * (len(at) - 1)
        is_base = (members < _FEWEST_PEERS) | (moves > np.log1p(_YARDSTICK))
    return Yardsticks(np.where(is_base[:, None], whole, own), is_base)


def _typical(parts: Floats, group: Ints) -> tuple[Floats, Ints]:
    """Each group's median part by period, or its mean where many buy nothing in a period.

    Returns
    -------
    tuple
        The path of each row's group, and how many of the group are known as long as anyone.
    """
    import numpy as np

    count = int(group.max()) + 1 if len(group) else 0
    paths, members = np.ones((count, parts.shape[1])), np.zeros(count, np.int64)
    unknown = np.isnan(parts).sum(axis=1)
    is_whole = unknown == unknown.min(initial=parts.shape[1])
    for one in range(count):
        whole = np.nan_to_num(parts[(group == one) & is_whole], nan=1.0)
        members[one] = len(whole)
        if len(whole):
            middle = np.median(whole, axis=0)
            paths[one] = middle if middle.min() > _TOO_FEW else whole.mean(axis=0)
    return paths[group], members[group]


def apart(values: Floats, path: Floats, added: Floats) -> Floats:
    """The log of what a customer bought over what it would have along the path.

    Parameters
    ----------
    added
        A small amount added to both, so that a period without an order counts without being
        everything.

    Notes
    -----
    z = ln((y + c) / (ỹ + c)): the season, and what moves everyone alike, is gone.
    """
    import numpy as np

    weights = np.where(np.isnan(values), np.nan, path)
    level = np.nansum(values, axis=1) / np.maximum(np.nansum(weights, axis=1), 1e-9)
    expected = level[:, None] * path
    usable = (level > 0) & (added > 0)
    above = np.maximum(values, 0) + added[:, None]
    below = np.where(usable[:, None], expected + added[:, None], np.nan)
    return np.log(np.where(usable[:, None], above, np.nan) / below)
