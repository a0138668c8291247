"""The calendar of each source: on which days it has rows, where it has holes, where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.evidence import judged
from segkit.language import say

if TYPE_CHECKING:
    from segkit.engagement import Engagement
    from segkit.store import Given

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

#: Table -> its day, what a row carries in minor units, and what splits it into parts.
DATED = {
    "order_lines": ("order_date", "net_amount", "channel"),
    "visits": ("visit_date", None, "kind"),
    "receivables": ("invoice_date", "amount", None),
    "events": ("event_date", None, "activity"),
    "quotes": ("created_date", "amount", None),
}
#: From this share on, rows are usual: on a weekday, and in the days, weeks or months of a source.
OFTEN_ON_WEEKDAY, USUAL = 0.5, 0.8
#: Fewer days, weeks or months than these show no rhythm.
ENOUGH = {"day": 60, "week": 26, "month": 6}
#: How many empty ones in a row make a hole.
RUN = {"day": 3, "week": 2, "month": 1}
RARE = judged(
    "audit.rare_hole", 0.01, 0.001, 0.05, "share",
    say("A hole is what chance makes in fewer sources than this part."),
)  # fmt: skip
#: Below this ratio of variance to mean rows and days are regular (at random it is near one).
REGULAR = 0.2
#: How many neighbours on both sides say what is usual.
_NEAR = {"day": 60, "week": 13, "month": 6}
#: A part smaller than this is not looked at alone.
_PART = 0.05
LATE = judged(
    "audit.late_source", 31, 14, 62, "days",
    say("A source that begins so many days after the window lacks a part of it."),
)  # fmt: skip
#: So many days may lack in a month that is whole: it begins or ends with free ones.
GRACE = 2
_STRAY = (0.001, 90)  # rows at an end: at most this share, and this many days from the rest


@dataclass(frozen=True)
class Rhythm:
    """The days, weeks or months in which rows are usual, and whether each has any.

    Attributes
    ----------
    unit
        ``day``, ``week``, ``month``, or ``none`` where rows come too seldom to miss any.
    starts
        First day of each.
    rows, amount, days
        What each holds, and on how many days.
    """

    unit: str
    starts: Days
    rows: npt.NDArray[np.int64]
    amount: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]

    @property
    def filled(self) -> Flags:
        """Which have rows."""
        return np.asarray(self.rows > 0)


def free_days(country: str | None, first: date, last: date) -> Days | None:
    """Public holidays from `first` to `last`; None where the country is not given or not known."""
    import holidays

    years = range(first.year, last.year + 1)
    try:
        found = holidays.country_holidays(country, years=years) if country else None
    except NotImplementedError:
        found = None
    if found is None:
        return None
    return np.array(sorted(found), dtype="datetime64[D]")


def days(given: Given) -> pd.DataFrame:
    """Rows and amounts by source, part and day, up to the as-of date: table ``source_days``."""
    return given.query(
        " UNION ALL ".join(
            f"SELECT '{table}' AS source, {part or 'NULL'} AS part, {day} AS day, "
            "CAST(COUNT(*) AS BIGINT) AS rows, "
            f"CAST(COALESCE(SUM({amount or 'NULL'}), 0) AS BIGINT) AS amount "
            f"FROM {table} WHERE {day} <= DATE '{given.engagement.as_of}' GROUP BY 1, 2, 3"
            for table, (day, amount, part) in DATED.items()
            if given.has(table)
        )
        + " ORDER BY source, part, day"
    )


def holes(given: Given) -> dict[str, pd.DataFrame]:
    """What is missing in the calendar of each source.

    Returns
    -------
    dict
        ``source_days``; ``file_overlaps``, see `overlaps`; ``source_calendar`` one row per source
        and part: first and last day, rows, unit of its rhythm, how many of them and how many
        empty; ``source_holes`` one row per hole: kind (``gap``, ``end`` too early, ``start`` long
        after the window's), first and last day, how many units, and the rows and the amount
        (minor units) that are usual in as many; ``partial_months``, see there.
    """
    found = days(given)
    found["day"] = pd.to_datetime(found["day"])
    agreed, calendar, missing = given.engagement, [], []
    for source, part, series in _series(found):
        rhythm, told = look(series, agreed)
        is_blind = _holidays(agreed, series) is None
        calendar.append({"source": source, "part": part, **told})
        missing += [
            {"source": source, "part": part, **hole}
            for hole in (
                *gaps(rhythm, is_blind=is_blind),
                *ends(rhythm, is_blind=is_blind),
                *late(rhythm, np.datetime64(agreed.window_start) + 1),
            )
        ]
    return {
        "source_days": found,
        "source_calendar": pd.DataFrame(calendar),
        "file_overlaps": pd.concat(
            [
                overlaps(given.table(f"{table}_counts")).assign(source=table)
                for table in DATED
                if given.has(f"{table}_counts")
            ]
            or [overlaps(_NO_FILES).assign(source="")]
        ),
        "source_holes": _once(pd.DataFrame(missing, columns=_HOLE)).astype(_TYPES),
        "partial_months": partial_months(found[found["source"] == "order_lines"], agreed),
    }


_NO_FILES = pd.DataFrame({"file": pd.Series(dtype="str"), "first_day": pd.Series(dtype="M8[s]"),
                          "last_day": pd.Series(dtype="M8[s]")})  # fmt: skip
_HOLE = ["source", "part", "kind", "unit", "first", "last", "missing", "rows", "amount"]
_TYPES = {"part": "str", "first": "M8[s]", "last": "M8[s]", "missing": "int64", "rows": "int64",
          "amount": "int64"}  # fmt: skip


def _once(found: pd.DataFrame) -> pd.DataFrame:
    """A hole of the whole source is not told again of its parts."""
    whole = found[found["part"].isna()]
    is_told = [
        isinstance(row.part, str)
        and bool(
            ((whole["source"] == row.source) & (whole["first"] <= row.last)
             & (whole["last"] >= row.first)).any()
        )
        for row in found.itertuples()
    ]  # fmt: skip
    return found[~np.array(is_told, dtype=bool)].reset_index(drop=True)


def _series(found: pd.DataFrame) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Each source as a whole, then its parts where it has several of some size."""
    for source, rows in found.groupby("source"):
        yield str(source), None, rows.groupby("day", as_index=False)[["rows", "amount"]].sum()
        sizes = rows.groupby("part")["rows"].sum()
        large = sizes.index[sizes >= _PART * rows["rows"].sum()]
        for part in large if len(sizes) > 1 else ():
            yield str(source), str(part), rows.loc[rows["part"] == part, ["day", "rows", "amount"]]


def _holidays(engagement: Engagement, series: pd.DataFrame) -> Days | None:
    return free_days(engagement.country, series["day"].min().date(), engagement.as_of)


def look(series: pd.DataFrame, engagement: Engagement) -> tuple[Rhythm, dict[str, Any]]:
    """The rhythm of one source, and what its calendar looks like in one row."""
    stray = strays(series)
    kept = series[~stray].sort_values("day")
    until = np.datetime64(engagement.as_of)
    rhythm = rhythm_of(kept, until, _holidays(engagement, kept))
    return rhythm, {
        "first": kept["day"].min(), "last": kept["day"].max(), "rows": int(kept["rows"].sum()),
        "amount": int(kept["amount"].sum()), "strays": int(series.loc[stray, "rows"].sum()),
        "unit": rhythm.unit, "units": len(rhythm.starts), "empty": int((~rhythm.filled).sum()),
    }  # fmt: skip


def strays(series: pd.DataFrame) -> Flags:
    """Days at either end that hold hardly any rows and lie far from the rest: a mistyped year."""
    order = np.argsort(series["day"].to_numpy(), kind="stable")
    day = series["day"].to_numpy()[order].astype("datetime64[D]")
    rows = series["rows"].to_numpy()[order]
    few, far = _STRAY
    jump = np.diff(day).astype(np.int64) > far
    before = np.flatnonzero(jump & (rows.cumsum()[:-1] <= few * rows.sum()))
    after = np.flatnonzero(jump & (rows[::-1].cumsum()[::-1][1:] <= few * rows.sum()))
    apart = np.zeros(len(day), dtype=bool)
    apart[: before[-1] + 1 if len(before) else 0] = True
    apart[after[0] + 1 if len(after) else len(day) :] = True
    back = np.empty_like(apart)
    back[order] = apart
    return back


def rhythm_of(series: pd.DataFrame, until: np.datetime64, free: Days | None) -> Rhythm:
    """Whether rows come by the day, the week or the month, from the first row up to `until`.

    Parameters
    ----------
    series
        ``day``, ``rows`` and ``amount``, one row per day with rows.
    """
    day = series["day"].to_numpy().astype("datetime64[D]")
    for unit in ("day", "week", "month"):
        starts, at = _grid(unit, day, until, free)
        if len(starts) < ENOUGH[unit]:
            continue
        kept = at >= 0
        rows, amount = (
            np.bincount(at[kept], series[name].to_numpy()[kept], len(starts)).astype(np.int64)
            for name in ("rows", "amount")
        )
        rhythm = Rhythm(unit, starts, rows, amount, np.bincount(at[kept], minlength=len(starts)))
        if _usual_share(rhythm) >= USUAL:
            return rhythm
    nothing = np.array([], dtype=np.int64)
    return Rhythm("none", np.array([], dtype="datetime64[D]"), nothing, nothing, nothing)


def _grid(
    unit: str, day: Days, until: np.datetime64, free: Days | None
) -> tuple[Days, npt.NDArray[np.int64]]:
    """First days of the units up to `until`, and the unit of each day; -1 where it is in none."""
    if unit == "day":
        starts = _usual_days(day, until, free)
        at = np.searchsorted(starts, day)
        inside = starts[np.minimum(at, len(starts) - 1)] == day if len(starts) else day < day
        return starts, np.where(inside, at, -1)
    first = _number(unit, day.min())
    # only units that are over: the running month is not empty, it is not finished
    end = max(int(_number(unit, until + 1)), int(first))
    at = _number(unit, day) - first
    return _first_day(unit, np.arange(first, end)), np.where(at < end - first, at, -1)


def _number(unit: str, day: Any) -> Any:
    """The number of the day, of its week from Monday, or of its month."""
    if unit == "month":
        return day.astype("M8[M]").astype(np.int64)
    number = day.astype("M8[D]").astype(np.int64)
    return (number + 3) // 7 if unit == "week" else number


def _first_day(unit: str, number: Any) -> Any:
    if unit == "month":
        return number.astype("M8[M]").astype("M8[D]")
    return (number * 7 - 3 if unit == "week" else number).astype("M8[D]")


def _usual_days(day: Days, until: np.datetime64, free: Days | None) -> Days:
    """The days on which such a source has rows: its own weekdays, no public holidays."""
    return _usual_weekdays(np.arange(day.min(), until + 1), day, free)


def _usual_weekdays(wanted: Days, day: Days, free: Days | None) -> Days:
    """Those of the `wanted` days that are no holiday and a weekday on which rows are usual."""
    every = np.arange(day.min(), day.max() + 1)
    if free is not None:
        every = every[~np.isin(every, free)]
    weekday, has = (every.astype(np.int64) + 3) % 7, np.isin(every, day)
    alive = np.isin(_number("week", every), _number("week", day))
    often = np.array([has[alive & (weekday == one)].mean() if (alive & (weekday == one)).any()
                      else 0.0 for one in range(7)])  # fmt: skip
    kept = wanted if free is None else wanted[~np.isin(wanted, free)]
    return kept[(often >= OFTEN_ON_WEEKDAY)[(kept.astype(np.int64) + 3) % 7]]


def _usual_share(rhythm: Rhythm) -> float:
    """Share of units with rows in the middle stretch of thirteen: a long hole hides no rhythm."""
    stretches = np.array_split(rhythm.filled, max(len(rhythm.starts) // 13, 1))
    return float(np.median([stretch.mean() for stretch in stretches]))


# --- holes --------------------------------------------------------------------------------------


def runs(empty: Flags) -> list[tuple[int, int]]:
    """Stretches of empty units: where each begins and how long it is.

    Examples
    --------
    >>> import numpy as np
    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 1)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def is_hole(rhythm: Rhythm, at: int, length: int, places: int, more: int = 0) -> bool:
    """Whether so many empty units in a row are more than chance.

    A unit is empty by chance as often as its neighbours are; or as often as one would be that
    holds as few rows as their poorest tenth, since a source that only begins has no holes yet; or
    as often as their scatter says, since rows come in bundles and twenty lines may be one order;
    or, unless its days are as regular as a batch, as often as days at random leave one out.

    Parameters
    ----------
    places
        Where the run could have stood: everywhere, or only at the end.
    more
        Units that a run must have on top, where public holidays are not known.
    """
    if length < RUN[rhythm.unit] + more:
        return False
    rows = _near(rhythm, at, length)
    if not rows.any():
        return False
    empty = max(len(rows) - int((rows > 0).sum()) - length, 0)
    chance = max(empty / max(len(rows) - length, 1), _scattered(rows[rows > 0]), _random(rhythm))
    return bool(places * chance**length < RARE)


def _scattered(filled: npt.NDArray[np.int64]) -> float:
    """How often rows that scatter as these do would leave a unit empty; 0 where they don't."""
    if filled.var() < REGULAR * filled.mean():
        return 0.0
    return float(np.exp(-min(np.quantile(filled, 0.1), filled.mean() ** 2 / filled.var())))


def _random(rhythm: Rhythm) -> float:
    """How often days at random would leave a week or a month out; 0 where they are regular."""
    days = rhythm.days[rhythm.filled]
    if rhythm.unit == "day" or days.var() < REGULAR * days.mean():
        return 0.0
    rate = days.mean()
    for _ in range(50):  # the mean of those that are not empty is rate / (1 - exp(-rate))
        rate = days.mean() * (1 - np.exp(-rate))
    return float(np.exp(-rate))


def _near(rhythm: Rhythm, at: int, length: int, name: str = "rows") -> npt.NDArray[np.int64]:
    """A run of units with its neighbours on both sides."""
    beside = _NEAR[rhythm.unit]
    values: npt.NDArray[np.int64] = getattr(rhythm, name)
    return values[max(at - beside, 0) : at + length + beside]


def gaps(rhythm: Rhythm, *, is_blind: bool = False) -> list[dict[str, Any]]:
    """Holes between rows; `is_blind`: public holidays are not known."""
    if rhythm.unit == "none":
        return []
    more = int(is_blind and rhythm.unit == "day")
    inside = [(at, length) for at, length in runs(~rhythm.filled)
              if at + length < len(rhythm.starts)]  # fmt: skip
    return [
        _hole(rhythm, "gap", at, length)
        for at, length in inside
        if is_hole(rhythm, at, length, len(rhythm.starts), more)
    ]


def ends(rhythm: Rhythm, *, is_blind: bool = False) -> list[dict[str, Any]]:
    """The hole from the last row to the as-of date, where rows were to be expected."""
    if rhythm.unit == "none" or rhythm.filled[-1]:
        return []
    at, length = runs(~rhythm.filled)[-1]
    more = int(is_blind and rhythm.unit == "day")
    return [_hole(rhythm, "end", at, length)] if is_hole(rhythm, at, length, 1, more) else []


def late(rhythm: Rhythm, wanted: np.datetime64) -> list[dict[str, Any]]:
    """What lies between the window's first day and a source that begins over a month after it."""
    if rhythm.unit == "none" or (rhythm.starts[0] - wanted).astype(np.int64) <= LATE:
        return []
    days = int((rhythm.starts[0] - wanted).astype(np.int64))
    of = int((rhythm.starts[-1] - rhythm.starts[0]).astype(np.int64)) + 1
    hole = {
        name: round(days / of * int(getattr(rhythm, name).sum())) for name in ("rows", "amount")
    }
    return [{
        "kind": "start", "unit": "day", "first": pd.Timestamp(wanted),
        "last": pd.Timestamp(rhythm.starts[0]) - pd.Timedelta(days=1), "missing": days, **hole,
    }]  # fmt: skip


def partial_months(found: pd.DataFrame, engagement: Engagement) -> pd.DataFrame:
    """The first and the last month of the order lines in the window that are not whole.

    Returns
    -------
    DataFrame
        ``month``, ``which`` (``first`` or ``last``), ``days`` in the records and ``of_days`` on
        which orders are usual, ``rows`` and ``amount`` in it.
    """
    series = found.groupby("day", as_index=False)[["rows", "amount"]].sum()
    series = series[~strays(series)]
    day = series["day"].to_numpy().astype("datetime64[D]")
    first, last = day.min(), np.datetime64(engagement.as_of)
    free = _holidays(engagement, series)
    tail = ends(rhythm_of(series, last, free), is_blind=free is None)
    last = np.datetime64(tail[0]["first"], "D") - 1 if tail else last
    made = []
    for which, edge in (("first", first), ("last", last)):
        month = edge.astype("M8[M]")
        every = np.arange(month.astype("M8[D]"), (month + 1).astype("M8[D]"))
        usual = _usual_weekdays(every, day, free)
        inside = usual[usual >= first if which == "first" else usual <= last]
        part = series[day.astype("M8[M]") == month]
        in_window = every[-1] > np.datetime64(engagement.window_start)
        if in_window and len(usual) - len(inside) > GRACE:
            made.append((pd.Timestamp(every[0]), which, len(inside), len(usual),
                         int(part["rows"].sum()), int(part["amount"].sum())))  # fmt: skip
    columns = ["month", "which", "days", "of_days", "rows", "amount"]
    return pd.DataFrame(made, columns=columns).astype(_PARTIAL)


_PARTIAL = {"month": "M8[s]", "which": "str", "days": "int64", "of_days": "int64",
            "rows": "int64", "amount": "int64"}  # fmt: skip


def _hole(rhythm: Rhythm, kind: str, at: int, length: int) -> dict[str, Any]:
    filled = _near(rhythm, at, length) > 0
    usual = {
        name: round(length * float(np.median(_near(rhythm, at, length, name)[filled])))
        for name in ("rows", "amount")
    }
    return {
        "kind": kind, "unit": rhythm.unit, "first": pd.Timestamp(rhythm.starts[at]),
        "last": pd.Timestamp(_last_day(rhythm, at + length - 1)), "missing": length, **usual,
    }  # fmt: skip


def _last_day(rhythm: Rhythm, at: int) -> np.datetime64:
    number = _number(rhythm.unit, rhythm.starts[at]) + 1
    return np.datetime64(_first_day(rhythm.unit, np.int64(number)) - 1)


def levels(days: pd.DataFrame, engagement: Engagement) -> pd.DataFrame:
    """Rows per working day of each month and source, the median month of the source being one.

    Returns
    -------
    DataFrame
        ``month`` (its first day), ``table``, ``level`` and ``rows``.
    """
    month = days["day"].dt.to_period("M")
    rows = days.assign(month=month).pivot_table(
        index="month", columns="source", values="rows", aggfunc="sum", fill_value=0
    )
    every = pd.period_range(month.min(), pd.Period(engagement.as_of, "M"), freq="M")
    rows = rows.reindex(every, fill_value=0)
    first = every.start_time.to_numpy().astype("M8[D]")
    after = (every + 1).start_time.to_numpy().astype("M8[D]")
    free = free_days(engagement.country, every[0].start_time.date(), engagement.as_of)
    none = np.array([], dtype="M8[D]")
    working = np.busday_count(first, after, holidays=none if free is None else free)
    daily = rows.div(np.maximum(working, 1), axis=0)
    tidy = daily.div(daily[daily > 0].median()).reset_index(names="month")
    tidy = tidy.melt("month", var_name="table", value_name="level")
    tidy["rows"] = rows.to_numpy().T.ravel()
    return tidy.assign(month=tidy["month"].dt.start_time)


def overlaps(counts: pd.DataFrame) -> pd.DataFrame:
    """Files of one table that hold the same days, where its files follow one another in time.

    Where most files share their days with the next they are parts of another kind, such as
    regions, and none is told.

    Parameters
    ----------
    counts
        ``file``, ``first_day`` and ``last_day``, one row per file.

    Returns
    -------
    DataFrame
        ``file``, ``next_file``, the ``first`` and ``last`` day that both hold, how many ``days``.
    """
    files = counts.dropna(subset=["first_day"]).sort_values(["first_day", "last_day", "file"])
    after = files.shift(-1)
    last = files["last_day"].where(files["last_day"] < after["last_day"], after["last_day"])
    days = (last - after["first_day"]).dt.days + 1
    both = days > GRACE
    told = pd.DataFrame(
        {
            "file": files["file"], "next_file": after["file"], "first": after["first_day"],
            "last": last, "days": days,
        }
    )[both if 2 * both.sum() < len(files) else both & ~both]  # fmt: skip
    return told.astype({"days": "int64"}).reset_index(drop=True)
