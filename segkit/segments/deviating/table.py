"""The table `deviations`: how far each customer moved from its segment, and what tells of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.engagement import Engagement
from segkit.evidence import judged
from segkit.language import say
from segkit.segments.deviating import robust
from segkit.segments.deviating.counts import overdispersion, predictive_z, year_on_year_z
from segkit.segments.deviating.paths import (
    FEWEST_PERIODS,
    Periods,
    apart,
    by_period,
    known_from,
    periods,
    yardsticks,
)
from segkit.segments.deviating.signs import FALSE_SHARE, category_lost, is_silent, price_drift

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_MONEY = judged(
    "segments.deviating.money", 0.25, 0.1, 0.5, "share",
    say(
        "A deviation is told from this part of what the median customer buys in the same months on."
    ),
)  # fmt: skip
_FEW_ORDERS = judged(
    "segments.deviating.few_orders", 6, 4, 12, "orders",
    say("Below so many expected orders they are counted, above it their value is compared."),
)  # fmt: skip

#: A slope leans on the ends of its series: far ones are commoner than its noise alone would say.
_SLOPE_FREEDOM = 30.0


@dataclass(frozen=True)
class Customers:
    """Customers as arrays: one row each, one column per period.

    Attributes
    ----------
    start
        The first period that a customer was there for from beginning to end.
    segment, base, peers
        Its segment, its base, and which of the two it is held against: numbered from 0.
    revenue, orders
        Not-a-number before `start`.
    revenue_path, orders_path
        What its yardstick made of its own mean.
    """

    when: Periods
    start: Ints
    segment: Ints
    base: Ints
    peers: Ints
    revenue: Floats
    orders: Floats
    revenue_path: Floats
    orders_path: Floats

    @property
    def before(self) -> Ints:
        """How many known periods lie before the last ones."""
        import numpy as np

        return np.maximum(self.when.count - self.start - self.when.recent, 0)

    @property
    def alike(self) -> Ints:
        """Whose noise is usual for each: its segment's, or that of all customers."""
        import numpy as np

        return np.where(self.peers == self.segment, self.segment, -1)

    @property
    def order_value(self) -> Floats:
        """The mean value of an order, in minor units; zero without one."""
        import numpy as np

        orders = np.nansum(self.orders, axis=1)
        return np.maximum(np.nansum(self.revenue, axis=1), 0) / np.maximum(orders, 1)

    @property
    def size(self) -> Floats:
        """Orders a period."""
        import numpy as np

        return np.nansum(self.orders, axis=1) / np.maximum(self.when.count - self.start, 1)

    def sums(self, values: Floats) -> tuple[Floats, Floats]:
        """Of known periods, the sum before the last ones, and the sum of these."""
        import numpy as np

        cut = self.when.count - self.when.recent
        known = np.where(np.isnan(self.orders), np.nan, values)
        return np.nansum(known[:, :cut], axis=1), np.nansum(known[:, cut:], axis=1)


def deviations_of(
    months: pd.DataFrame,
    people: pd.DataFrame,
    engagement: Engagement,
    prices: pd.DataFrame | None = None,
    categories: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per customer: how far it moved from those it is held against, and how sure that is.

    Parameters
    ----------
    months
        Rows of ``customer_months``.
    people
        ``behaviour`` with ``segment_id`` and ``base`` of ``segments``, sorted by ``customer_id``.
    prices, categories
        Rows of the queries of `signs`, where the client gave list prices and categories.
    """
    import numpy as np
    import pandas as pd
    from scipy.stats import norm

    held = _customers(months, people, engagement)
    made = pd.DataFrame({name: people[name] for name in ("customer_id", "base", "segment_id")})
    made["is_against_base"] = held.peers != held.segment
    made["periods"] = held.when.count - held.start
    made["months_recent"] = held.when.recent * held.when.months
    made["last_month"] = held.when.last
    made = _with_gap(pd.concat([made, _recent(held), _tests(held)], axis=1), held)
    made = pd.concat([made, _verdict(made, held.base)], axis=1)
    called = made["direction"] != ""
    limit = made.loc[called, "p"].max() if called.any() else 0.0
    for one in ("shift", "slope"):
        made[f"has_{one}"] = called & (2 * norm.sf(made[f"{one}_z"].abs()) <= limit)
    made["has_rhythm_break"] = is_silent(people)
    signs = [price_drift(held, people, prices), category_lost(held, people, categories)]
    made = pd.concat([made, *signs], axis=1)
    flags = [name for name in map(str, made) if name.startswith("has_")]
    words = [np.where(made[name], name.removeprefix("has_"), "") for name in flags]
    told = [" ".join(filter(None, one)) for one in zip(*words, strict=True)]
    made["reasons"] = pd.Series(told, dtype="string")
    counts = dict.fromkeys(("orders_recent", "revenue_recent"), "int64")
    rounded = ["revenue_expected", "gap", "gap_low", "gap_high"]
    made[rounded] = made[rounded].round()
    return made.astype(counts | dict.fromkeys(rounded, "Int64") | {"shift_by": "string"})


def _customers(months: pd.DataFrame, people: pd.DataFrame, engagement: Engagement) -> Customers:
    import numpy as np
    import pandas as pd

    when = periods(engagement)
    row = pd.Index(people["customer_id"]).get_indexer(months["customer_id"])
    found = by_period(months[row >= 0], row[row >= 0], len(people), when)
    start = known_from(people["tenure_days"].to_numpy(np.int64), engagement, when)
    unknown = np.arange(when.count) < start[:, None]
    revenue, orders = (np.where(unknown, np.nan, found[name]) for name in ("net_revenue", "orders"))
    base = pd.factorize(people["base"].fillna(""), sort=True)[0]
    segment = pd.factorize(people["segment_id"], sort=True)[0]
    paths = yardsticks(revenue, segment, base)
    ordered = yardsticks(orders, segment, base, paths.is_base)
    peers = np.where(paths.is_base, segment.max(initial=0) + 1 + base, segment)
    return Customers(when, start, segment, base, peers, revenue, orders, paths.path, ordered.path)


def _recent(held: Customers) -> pd.DataFrame:
    """Orders and net revenue of the last periods, beside what the yardstick leads to expect."""
    import numpy as np
    import pandas as pd

    made = {}
    for name, values, path in (
        ("orders", held.orders, held.orders_path),
        ("revenue", held.revenue, held.revenue_path),
    ):
        before, after = held.sums(values)
        exposed, ahead = held.sums(path)
        known = (held.before > 0) & (exposed > 0)
        expected = np.maximum(before, 0) * ahead / np.where(known, exposed, np.nan)
        made[f"{name}_recent"], made[f"{name}_expected"] = after, expected
    return pd.DataFrame(made)


def _with_gap(made: pd.DataFrame, held: Customers) -> pd.DataFrame:
    """What is missing or above what was expected, with the range that chance would leave."""
    import numpy as np

    orders = held.sums(held.orders)[0], made["orders_expected"].to_numpy()
    counted = np.sqrt(1 / (orders[0] + 0.5) + 1 / (orders[1] + 0.5))
    error = robust.shift_error(made["noise"].to_numpy(), held.before, held.when.recent)
    wide = np.exp(1.96 * np.where(np.isfinite(error), error, counted))
    recent, expected = made["revenue_recent"], made["revenue_expected"]
    return made.assign(
        gap=recent - expected, gap_low=recent - expected * wide, gap_high=recent - expected / wide
    )


def _tests(held: Customers) -> pd.DataFrame:
    """How far each customer's slope and last periods are beyond chance, beside its yardstick."""
    import numpy as np
    import pandas as pd

    at = np.arange(held.when.count, dtype=np.float64)
    # with less than an order a period most are empty: then orders are counted, not their value
    enough = (held.when.count - held.start >= FEWEST_PERIODS) & (held.size >= 1)
    z = apart(held.revenue, held.revenue_path, held.order_value / 2)
    z[~enough] = np.nan
    slope = robust.theil_sen(z, at)
    own = robust.scatter(z - slope[:, None] * at)
    noise = robust.noise(own, held.size, held.alike, held.when.count - 2)
    error = robust.slope_error(noise.sd, held.start, at)
    deviate = robust.deviates(
        slope / np.where(error > 0, error, np.nan), min(noise.freedom, _SLOPE_FREEDOM)
    )
    wide = robust.spread_of(deviate)
    kept, kept_error = robust.shrunk(slope, error * wide)
    frame = pd.DataFrame(
        {
            "noise": noise.sd * wide,
            "usual_noise": noise.usual * wide,
            "slope": slope,
            "slope_error": error * wide,
            "slope_kept": kept,
            "slope_low": kept - 1.96 * kept_error,
            "slope_high": kept + 1.96 * kept_error,
            "slope_z": deviate / wide,
        }
    )
    frame["was_apart"], frame["then_apart"] = _half_years(held, z)
    shift, deviate, method = _shift(held, z, noise.sd, noise.freedom)
    for one in ("value", "year", "count"):
        deviate[method == one] /= robust.spread_of(deviate[method == one])
    return frame.assign(shift=shift, shift_z=deviate, shift_by=method)


def _half_years(held: Customers, z: Floats) -> tuple[Floats, Floats]:
    """How far the periods before the last ones, and these, stand apart from all before both."""
    import numpy as np

    span, cut = held.when.recent, held.when.count - held.when.recent
    if cut - span < 2:
        return np.full(len(z), np.nan), np.full(len(z), np.nan)
    middle = np.where(np.isnan(z[:, cut - span - 2]), np.nan, robust.median(z[:, : cut - span]))
    return z[:, cut - span : cut].mean(axis=1) - middle, z[:, cut:].mean(axis=1) - middle


def _shift(
    held: Customers, z: Floats, sd: Floats, freedom: float
) -> tuple[Floats, Floats, npt.NDArray[np.object_]]:
    """How far the last periods stand apart, as a log and as a normal deviate, and by which test.

    Values where there are many orders; few ones are counted, against the same months a year before
    where fewer than eight periods are known and these are among them.
    """
    import numpy as np

    cut = held.when.count - held.when.recent
    before, after = held.sums(held.orders)
    exposed, ahead = held.sums(held.orders_path)
    known = (held.before > 0) & (exposed > 0)
    expected = before * ahead / np.where(known, exposed, np.nan)
    # near one a root of the ratio is its log, but its lower tail is no longer than its upper one
    rooted = 3 * np.expm1(z / 3)
    by_value = rooted[:, cut:].mean(axis=1) - robust.median(rooted[:, :cut])
    error = robust.shift_error(sd, held.before, held.when.recent)
    value_z = robust.deviates(by_value / np.where(error > 0, error, np.nan), freedom)
    counted = predictive_z(before, np.where(known, exposed, 0), after, ahead, held.peers)
    back = 12 // held.when.months
    last_year = slice(max(cut - back, 0), max(held.when.count - back, 0))
    was, path = held.orders[:, last_year].sum(axis=1), held.orders_path[:, last_year].sum(axis=1)
    yearly = np.full(len(z), np.nan)
    has_year = known & ~np.isnan(was) & (path > 0) & (ahead > 0)
    has_year &= cut >= back
    yearly[has_year] = year_on_year_z(
        was[has_year], after[has_year], ahead[has_year] / (ahead + path)[has_year]
    )
    few = ~np.isfinite(value_z) | (expected < _FEW_ORDERS)
    times = np.sqrt(overdispersion(held.orders[:, :cut], held.orders_path[:, :cut], held.peers))
    yearly, counted = yearly / times, counted / times
    kinds = [~few, np.isnan(z[:, -1]) & has_year, known]
    method = np.select(kinds, ["value", "year", "count"], "").astype(object)
    deviate = np.select(kinds, [value_z, yearly, counted], np.nan)
    logs = np.log((after + 0.5) / (expected + 0.5))
    return np.where(few, logs, by_value), deviate, method


def _verdict(made: pd.DataFrame, base: Ints) -> pd.DataFrame:
    """One p of both tests, its false discovery rate, and who deviates by enough money."""
    import numpy as np
    import pandas as pd
    from scipy.stats import false_discovery_control, norm

    slope, shift = made["slope_z"].to_numpy(), made["shift_z"].to_numpy()
    both = np.column_stack([np.nan_to_num(np.abs(slope)), np.nan_to_num(np.abs(shift))])
    asked = np.column_stack([np.isfinite(slope), np.isfinite(shift)]).sum(axis=1)
    p = np.where(asked == 2, _together(both), 2 * norm.sf(both.max(axis=1)))
    p[asked == 0] = np.nan
    leading = np.sign(np.where(both[:, 0] >= both[:, 1], slope, shift))
    q = np.full(len(made), np.nan)
    # each list keeps to its own limit: many decliners excuse no false grower
    for way, one in itertools.product((-1, 1), np.unique(base)):
        own = (asked > 0) & (leading == way) & (base == one)
        if own.any():
            q[own] = false_discovery_control(p[own])
    expected = made["revenue_expected"]
    least = _MONEY * expected.where(expected > 0).groupby(base).transform("median")
    told = (q <= FALSE_SHARE) & (made["gap"].abs() >= least) & (np.sign(made["gap"]) == leading)
    direction = np.where(told, np.where(leading > 0, "up", "down"), "")
    return pd.DataFrame({"p": p, "q": q, "direction": direction})


def _together(deviates: Floats) -> Floats:
    """One p of two tests that lean on the same numbers (Cauchy combination, Liu and Xie 2020).

    Examples
    --------
    >>> import numpy as np
    >>> _together(np.array([[1.96, 1.96], [3.0, 0.0]])).round(4).tolist()
    [0.05, 0.0054]
    """
    import numpy as np
    from scipy.stats import norm

    # one test that sees nothing at all does not undo what the other saw
    p = np.clip(2 * norm.sf(deviates), 1e-15, 0.5)
    return 0.5 - np.arctan(np.tan((0.5 - p) * np.pi).mean(axis=1)) / np.pi
