"""A base forecast per segment, tested on last year, and the named gap that makes it a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.engagement import Engagement, months_before
from segkit.errors import EngagementError, nearest
from segkit.evidence import assumed, judged
from segkit.kpis.measures import FEWEST, bootstrap, history_months
from segkit.language import say

if TYPE_CHECKING:
    from segkit.store import Given

Floats = npt.NDArray[np.float64]
Forecast = Callable[[Floats, int], Floats]
DAYS_A_MONTH = 365.25 / 12
SILENT_GAPS = judged(
    "silent_gaps", 2.0, 1.5, 3.0, "times",
    say("A customer is silent after this many times its own usual gap between order days."),
    is_asked=True,
)  # fmt: skip
SHORTEST = judged(
    "shortest_silence", 30, 14, 60, "days",
    say("No customer is silent before this many days without an order."), is_asked=True,
)  # fmt: skip
FEWEST_DAYS = judged(
    "kpis.fewest_days", 4, 3, 6, "order days",
    say("With fewer order days a customer has no rhythm that silence could be told by."),
)  # fmt: skip
SMALLEST_GAP = judged(
    "kpis.smallest_gap", 0.001, 0.0, 0.005, "share",
    say("A measured gap below this part of all segments' base is no gap."),
)  # fmt: skip
FEWEST_SILENT = judged(
    "kpis.fewest_silent", 20, 10, 40, "customers",
    say("With fewer customers silent earlier, the rate at which they came back isn't known."),
)  # fmt: skip
LARGEST_ERROR = judged(
    "kpis.largest_error", 0.25, 0.15, 0.35, "share",
    say("A forecast that missed last year by more is a judgement, not an estimate."),
)  # fmt: skip
LEVEL = judged(
    "kpis.level", 0.3, 0.1, 0.5, "share",
    say("Weight of the latest month in the level of a damped trend."),
)  # fmt: skip
SLOPE = judged(
    "kpis.slope", 0.1, 0.05, 0.3, "share",
    say("Weight of the latest month in the slope of a damped trend."),
)  # fmt: skip
DAMPING = judged(
    "kpis.damping", 0.9, 0.8, 0.98, "share",
    say("What is left of a trend's slope after each month."),
)  # fmt: skip
#: What a damped trend rests on, in the order of its arguments.
TREND = ("kpis.level", "kpis.slope", "kpis.damping")
#: What the gap of silent customers rests on, by id.
SILENCE = ("silent_gaps", "shortest_silence", "kpis.fewest_days", "kpis.smallest_gap",
           "kpis.fewest_silent")  # fmt: skip


def seasonal_naive(past: Floats, months: int) -> Floats:
    """The same months of the last year known, once more.

    Parameters
    ----------
    past
        One row per customer, one column per month, the oldest first.

    Returns
    -------
    ndarray
        Each customer's part of the next `months` months together.
    """
    year = past[:, -12:]
    return np.asarray(year[:, np.arange(months) % 12].sum(axis=1))


def run_rate(past: Floats, months: int) -> Floats:
    """The mean of the last three months, kept up."""
    return np.asarray(past[:, -3:].mean(axis=1) * months)


def damped_trend(
    past: Floats, months: int, weight: float = LEVEL, slope: float = SLOPE, left: float = DAMPING
) -> Floats:
    """Level and trend smoothed exponentially, the trend dying away (Holt, damped).

    `weight` and `slope` are fixed, not fitted, and so is what is `left` of the trend each month.
    """
    level, trend = past[:, :3].mean(axis=1), np.zeros(len(past))
    for month in past.T:
        before = level
        level = weight * month + (1 - weight) * (level + left * trend)
        trend = slope * (level - before) + (1 - slope) * left * trend
    return np.asarray(level * months + trend * np.cumsum(left ** np.arange(1, months + 1)).sum())


def year_rate(past: Floats, months: int) -> Floats:
    """The mean of up to twelve months, kept up: the fallback that no year can test."""
    return np.asarray(past[:, -12:].mean(axis=1) * months)


METHODS: dict[str, Forecast] = {
    "seasonal_naive": seasonal_naive,
    "run_rate": run_rate,
    "damped_trend": damped_trend,
}


def backtest(
    past: Floats, months: int, methods: Mapping[str, Forecast] = METHODS
) -> dict[str, float]:
    """What each method, stopped `months` ago, forecast for the months since; nothing if too short.

    A year of history must lie before the months that are forecast.
    """
    if past.shape[1] < 12 + months:
        return {}
    known = past[:, :-months]
    return {name: max(0.0, float(method(known, months).sum())) for name, method in methods.items()}


def best_method(forecasts: Mapping[str, float], actual: float) -> str:
    """The method nearest to what came; at a draw the first in order."""
    return min(forecasts, key=lambda name: abs(forecasts[name] - actual), default="year_rate")


def targets(given: Given) -> pd.DataFrame:
    """Target per segment: a base forecast that last year's actual tested, plus a named gap.

    Returns
    -------
    DataFrame
        One row per segment; money in minor units: segment_id, customers, months (forecast),
        history_months, method, last_actual (the last `months` months), backtest_forecast (what
        `method` said of them), backtest_error (share of actual; null without a test), the forecasts
        of all methods, base, base_low, base_high, gap, gap_name (silent_customers, agreed or none),
        gap_customers, gap_stake (their usual revenue that the base does not hold), target, grade.
    """
    agreed = given.engagement
    months = agreed.targets.months
    segments = given.table("segments")[["customer_id", "segment_id"]].sort_values("customer_id")
    past = monthly(given, segments["customer_id"])
    made, parts = [], np.zeros(len(segments))
    for segment, rows in segments.reset_index(drop=True).groupby("segment_id", sort=True):
        at = rows.index.to_numpy()
        row, parts[at] = _base(past[at], months)
        made.append({"segment_id": segment, "customers": len(at), "months": months, **row})
    table = pd.DataFrame(made)
    silence = {id: assumed(agreed, id).value for id in SILENCE}
    silent = silent_customers(seen(given), segments.assign(base=parts), months, silence)
    return with_gap(table, silent, agreed, silence)


def monthly(given: Given, customers: pd.Series[str]) -> Floats:
    """Net revenue of each customer and month back from ``as_of``, the oldest first."""
    agreed = given.engagement
    as_of = agreed.as_of
    is_last = date.fromordinal(as_of.toordinal() + 1).day == 1
    later = 0 if is_last else f"CASE WHEN day(order_date) > {as_of.day} THEN 1 ELSE 0 END"
    sold = given.query(
        f"""
        SELECT customer_id, {as_of.year * 12 + as_of.month}
               - (year(order_date) * 12 + month(order_date) + {later}) AS back,
               CAST(sum(net_amount) AS BIGINT) AS net_revenue
        FROM order_lines WHERE period <> 'after_as_of' AND customer_id IS NOT NULL
        GROUP BY 1, 2
        """
    )
    known = given.query("SELECT min(order_date) AS day FROM order_lines")["day"][0]
    length = max(1, history_months(known.date(), as_of))
    wide = sold[sold["back"] < length].pivot_table(
        index="customer_id", columns="back", values="net_revenue", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(index=customers, columns=range(length - 1, -1, -1), fill_value=0)
    return np.asarray(wide.to_numpy(np.float64))


def base_of(
    past: Floats, months: int, methods: Mapping[str, Forecast] = METHODS
) -> tuple[str, Floats]:
    """The method that last year tells best, and each customer's part of what it forecasts."""
    actual = float(past[:, -months:].sum())
    method = best_method(backtest(past, months, methods), actual)
    return method, {**methods, "year_rate": year_rate}[method](past, months)


def _base(past: Floats, months: int) -> tuple[dict[str, Any], Floats]:
    """The base of one segment, and each customer's part of it."""
    actual = float(past[:, -months:].sum())
    tried = backtest(past, months)
    method, parts = base_of(past, months)
    base = max(0, round(float(parts.sum())))
    is_tested = bool(tried) and actual > 0
    error = abs(tried[method] - actual) / actual if is_tested else np.nan
    spread = np.nanmax([error, _half_width(parts, base), 0.0]) if len(past) >= FEWEST else np.nan
    return {
        "history_months": past.shape[1],
        "method": method,
        "last_actual": round(actual),
        "backtest_forecast": round(tried[method]) if tried else np.nan,
        "backtest_error": error,
        **{f"backtest_{name}": round(tried[name]) if tried else np.nan for name in METHODS},
        "base": base,
        "base_low": max(0.0, round(base * (1 - spread))) if spread == spread else np.nan,
        "base_high": round(base * (1 + spread)) if spread == spread else np.nan,
        "grade": "C" if is_tested and error <= LARGEST_ERROR else "D",
    }, parts


def _half_width(parts: Floats, base: int) -> float:
    """Half the 95 % interval that another draw of such customers would give, as a share of base."""
    if base <= 0 or len(parts) < FEWEST:
        return 0.0
    low, high = bootstrap(parts[:, None], np.ones((len(parts), 1)))[:, 0] * len(parts)
    return float(max(base - low, high - base) / base)


@dataclass(frozen=True)
class Seen:
    """What silence is told by: each customer's order days up to two days, and what came since.

    Attributes
    ----------
    now, earlier
        One row per customer: `span` and `silence` in days, `order_days`, `revenue`; up to the
        as-of date, and up to a year or half the history before it.
    after
        Revenue of each customer since `earlier`, which is `days` ago.
    """

    now: pd.DataFrame
    earlier: pd.DataFrame
    after: pd.Series[Any]
    days: int


def seen(given: Given) -> Seen:
    """Each customer's order days up to the as-of date and up to a year before."""
    as_of = given.engagement.as_of
    known = given.query("SELECT min(order_date) AS day FROM order_lines")["day"][0]
    earlier = months_before(as_of, min(12, history_months(known.date(), as_of) // 2))
    after = given.query(
        f"""
        SELECT customer_id, CAST(sum(net_amount) AS BIGINT) AS revenue FROM order_lines
        WHERE customer_id IS NOT NULL
          AND order_date > DATE '{earlier}' AND order_date <= DATE '{as_of}'
        GROUP BY customer_id
        """
    ).set_index("customer_id")["revenue"]
    days = max(1, (as_of - earlier).days)
    return Seen(_order_days(given, as_of), _order_days(given, earlier), after, days)


def _order_days(given: Given, day: date) -> pd.DataFrame:
    since = months_before(day, given.engagement.window_months)
    return given.query(
        f"""
        SELECT customer_id, date_diff('day', min(order_date), max(order_date)) AS span,
               date_diff('day', max(order_date), DATE '{day}') AS silence,
               count(DISTINCT order_date) AS order_days, CAST(sum(net_amount) AS BIGINT) AS revenue
        FROM order_lines
        WHERE customer_id IS NOT NULL AND net_amount > 0
          AND order_date > DATE '{since}' AND order_date <= DATE '{day}'
        GROUP BY customer_id ORDER BY customer_id
        """
    )


def silent_customers(
    known: Seen, segments: pd.DataFrame, months: int, silence: Mapping[str, float]
) -> pd.DataFrame:
    """Customers silent for over twice their own rhythm, and their usual revenue the base lacks.

    Parameters
    ----------
    silence
        The assumptions of `SILENCE`, by id.

    Returns
    -------
    DataFrame
        One row per silent customer of a segment: customer_id, segment_id, shortfall (minor units)
        and rate: of the usual revenue of customers silent as long by their own rhythm up to a year
        earlier, the share that came back since; 0 where too few were.
    """
    now = _silent(known.now, silence).merge(segments, on="customer_id", validate="one_to_one")
    usual = now["daily"] * DAYS_A_MONTH * months
    now["shortfall"] = (usual - now["base"]).clip(lower=0)
    now["rate"] = now["is_long"].map(_came_back(known, silence)).astype("float64")
    now["rate"] = now["rate"].fillna(0.0)
    return now.loc[now["shortfall"] > 0, ["customer_id", "segment_id", "shortfall", "rate"]]


def _silent(rows: pd.DataFrame, silence: Mapping[str, float]) -> pd.DataFrame:
    """Who is silent by its own rhythm, its usual daily revenue, and whether for long."""
    rows = rows[rows["order_days"] >= silence["kpis.fewest_days"]]
    gap = rows["span"] / (rows["order_days"] - 1)
    limit = (gap * silence["silent_gaps"]).clip(lower=silence["shortest_silence"])
    daily = rows["revenue"] / (gap * rows["order_days"])
    silent = rows[["customer_id"]].assign(daily=daily, is_long=rows["silence"] > 2 * limit)
    return silent[rows["silence"] > limit].reset_index(drop=True)


def _came_back(known: Seen, silence: Mapping[str, float]) -> dict[bool, float]:
    """The share of usual revenue that customers silent on `day`, lately or long, brought since."""
    silent = _silent(known.earlier, silence)
    silent["came"] = silent["customer_id"].map(known.after).astype("float64").fillna(0)
    by = silent.groupby("is_long")[["came", "daily"]].agg(["sum", "size"])
    rate = by["came", "sum"] / (by["daily", "sum"] * known.days)
    is_known = by["came", "size"] >= silence["kpis.fewest_silent"]
    return {bool(is_long): float(share) for is_long, share in rate[is_known].clip(0, 1).items()}


def with_gap(
    table: pd.DataFrame, silent: pd.DataFrame, agreed: Engagement, silence: Mapping[str, float]
) -> pd.DataFrame:
    """`table` with the gap of each segment, agreed or measured, and the target."""
    silent = silent.assign(won=silent["shortfall"] * silent["rate"])
    by = silent.groupby("segment_id").agg(
        customers=("won", "size"), stake=("shortfall", "sum"), won=("won", "sum")
    )
    by = by.reindex(table["segment_id"]).fillna(0)
    table["gap_customers"] = by["customers"].to_numpy(np.int64)
    table["gap_stake"] = by["stake"].round().to_numpy(np.int64)
    is_worth = by["won"] >= silence["kpis.smallest_gap"] * table["base"].sum()
    table["gap"] = by["won"].where(is_worth, 0).round().to_numpy(np.int64)
    table["gap_name"] = np.where(table["gap"] > 0, "silent_customers", "none")
    for segment, amount in _agreed_gaps(table, agreed).items():
        at = table["segment_id"] == segment
        table.loc[at, "gap"], table.loc[at, "gap_name"] = amount, "agreed"
    table["target"] = table["base"] + table["gap"]
    return table


def _agreed_gaps(table: pd.DataFrame, agreed: Engagement) -> dict[str, int]:
    """The client's own gaps in minor units; one for all is shared out by customers."""
    gaps, known = dict(agreed.targets.gaps), table["segment_id"].tolist()
    for_all = gaps.pop("*", None)
    unknown = sorted(set(gaps) - set(known))
    if unknown:
        raise EngagementError(
            f"targets.gaps names {unknown[0]}, which is no segment of this run."
            f"{nearest(unknown[0], known)}\n"
            f"Fix: use one of {', '.join(known)}, or * for all."
        )
    named = {segment: _minor(amount, agreed) for segment, amount in gaps.items()}
    if for_all is None:
        return named
    rest = table[~table["segment_id"].isin(list(named))]
    return named | share_out(
        _minor(for_all, agreed), dict(zip(rest["segment_id"], rest["customers"], strict=True))
    )


def _minor(amount: Decimal, agreed: Engagement) -> int:
    return int((amount * agreed.minor_units).to_integral_value(ROUND_HALF_EVEN))


def share_out(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`amount` in whole minor units by weight; the parts add up to it.

    Examples
    --------
    >>> share_out(100, {"a": 1, "b": 1, "c": 1})
    {'a': 33, 'b': 33, 'c': 34}
    """
    left, weight, parts = amount, sum(weights.values()), {}
    for name, one in weights.items():
        parts[name] = left * one // weight
        left, weight = left - parts[name], weight - one
    return parts
