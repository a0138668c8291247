"""KPI values per segment, seller and team: sums in the engine, ratios and intervals here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.engagement import months_before
from segkit.engine import literal
from segkit.evidence import SEED, judged, wilson
from segkit.kpis.definitions import ATTAINMENT, KPIS, NO_SELLER, ROWS, Kpi
from segkit.language import say

if TYPE_CHECKING:
    from segkit.store import Given

Floats = npt.NDArray[np.float64]
FEWEST = judged(
    "kpis.fewest", 5, 3, 10, "customers",
    say("With fewer customers in a group, or sellers in a team, no mean is shown."),
)  # fmt: skip
OTHER_TEAMS = "other_teams"

_ASSIGNED = """
LEFT JOIN (SELECT customer_id, rep_id, from_date,
                  least(coalesce(to_date, DATE '9999-12-31'),
                        coalesce(lead(from_date) OVER
                            (PARTITION BY customer_id ORDER BY from_date, rep_id)
                            - INTERVAL 1 DAY, DATE '9999-12-31')) AS to_date
           FROM assignments) a
       ON a.customer_id = l.customer_id AND l.order_date BETWEEN a.from_date AND a.to_date
"""


def values(given: Given) -> dict[str, pd.DataFrame]:
    """KPI values of every group, and how reliably each KPI tells sellers apart.

    Returns
    -------
    dict
        ``kpi_values``: one row per kpi, by (all, segment, team, rep; rep_mix: the difference to
        what the seller's segments bring overall) and group_id: numerator, denominator (minor
        units for money), value, n (customers; for attainment sellers, and for one seller's
        attainment quota periods), low, high (95 %), period. No value where n is below five.
        ``kpi_reliability``: kpi, sellers, correlation, reliability.
    """
    kpis = [kpi for kpi in KPIS if _can(given, kpi)]
    sold = [kpi for kpi in kpis if kpi.rows not in NO_SELLER]
    segments = given.table("segments")[["customer_id", "segment_id"]]
    customers = sums(given, kpis, "customer_id").assign(all="all")
    segmented = customers.merge(segments, on="customer_id", validate="one_to_one")
    sellers = sums(given, sold, "customer_id", "rep_id")
    parts = [
        grouped(customers, "all", kpis),
        grouped(segmented, "segment", kpis, "segment_id"),
        grouped(sellers, "rep", sold, "rep_id"),
        grouped(expected(sellers, segmented, sold), "rep_mix", sold, "rep_id"),
    ]
    if given.has("reps"):
        parts.append(grouped(sums(given, sold, "customer_id", "team"), "team", sold))
    if given.has("quotas"):
        parts.append(attainment(given))
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)
    dated = [kpi for kpi in sold if kpi.rows in ("lines", "visits", "quotes")]
    halves = sums(given, dated, "rep_id", "half", "customer_id")
    found["period"] = found["kpi"].map({name: period(given, name) for name in set(found["kpi"])})
    return {
        "kpi_values": found,
        "kpi_reliability": reliability(expected(halves, segmented, dated), dated),
    }


def expected(sellers: pd.DataFrame, segmented: pd.DataFrame, kpis: Sequence[Kpi]) -> pd.DataFrame:
    """`sellers` with each numerator less what the customer's segment would bring overall.

    A ratio of 0 is what the same segments bring elsewhere, so that a seller isn't judged by the
    segments on the route.
    """
    if sellers.empty:
        return sellers
    totals = segmented.groupby("segment_id").sum(numeric_only=True)
    known = segmented[["customer_id", "segment_id"]]
    table = sellers.merge(known, on="customer_id", validate="many_to_one")
    for name in [kpi.id for kpi in kpis]:
        rate = totals[f"{name}.over"] / totals[f"{name}.under"].replace(0, np.nan)
        usual = table["segment_id"].map(rate).fillna(0) * table[f"{name}.under"]
        table[f"{name}.over"] = table[f"{name}.over"] - usual
    return table


def period(given: Given, kpi: str) -> str:
    """The days a KPI looks at, as ``first day/last day``: the window, unless it says otherwise."""
    agreed = given.engagement
    first = agreed.window_start + timedelta(1)
    if kpi == "overdue_share":
        first = agreed.as_of
    if kpi in ("contacts_per_customer", "coverage"):
        first = months_before(agreed.as_of, min(12, agreed.window_months)) + timedelta(1)
    if kpi == "revenue_retention":
        first = months_before(agreed.as_of, 24) + timedelta(1)
    if kpi == "contribution_margin" and given.has("resources"):
        of = given.query("SELECT min(period_start) AS a, max(period_end) AS z FROM resources")
        return f"{max(first, of['a'][0].date())}/{min(agreed.as_of, of['z'][0].date())}"
    return f"{first}/{agreed.as_of}"


def history_months(first_day: date, as_of: date) -> int:
    """Whole months of records up to `as_of`; the first may start a week late.

    Examples
    --------
    >>> history_months(date(2025, 4, 2), date(2026, 3, 31))
    12
    >>> history_months(date(2025, 4, 20), date(2026, 3, 31))
    11
    """
    months = 0
    while months_before(as_of, months + 1).toordinal() + 8 >= first_day.toordinal():
        months += 1
    return months


def _can(given: Given, kpi: Kpi) -> bool:
    if not all(map(given.has, ROWS[kpi.rows][0])):
        return False
    if not kpi.months:
        return True
    known = given.query("SELECT min(order_date) AS day FROM order_lines")["day"][0]
    history = history_months(known.date(), given.engagement.as_of)
    return min(history, given.engagement.window_months) >= kpi.months


def sums(given: Given, kpis: Sequence[Kpi], *grain: str) -> pd.DataFrame:
    """The numerators and denominators of `kpis`, one row per `grain`, sorted by it.

    Columns are ``<kpi>.over`` and ``<kpi>.under``; nothing recorded is 0. `grain` is made of
    ``customer_id``, ``rep_id``, ``team`` (small teams pooled) and ``half`` (odd or even month).
    """
    tables = [_summed(given, rows, [k for k in kpis if k.rows == rows], grain) for rows in ROWS]
    made = [table.set_index(list(grain)) for table in tables if table is not None]
    if not made:
        return pd.DataFrame(columns=list(grain))
    return pd.concat(made, axis=1).fillna(0).sort_index().reset_index()


def _summed(
    given: Given, rows: str, kpis: Sequence[Kpi], grain: Sequence[str]
) -> pd.DataFrame | None:
    if not kpis:
        return None
    counted = ", ".join(
        f'CAST(coalesce({kpi.numerator}, 0) AS BIGINT) AS "{kpi.id}.over", '
        f'CAST(coalesce({kpi.denominator}, 0) AS BIGINT) AS "{kpi.id}.under"'
        for kpi in kpis
    )
    by = ", ".join(grain)
    known = " AND ".join(f"{name} IS NOT NULL" for name in grain)
    return given.query(
        f"SELECT {by}, {counted} FROM ({_rows(given, rows, grain)}) WHERE {known} "
        f"GROUP BY {by} ORDER BY {by}"
    )


def _rows(given: Given, rows: str, grain: Sequence[str]) -> str:
    """The SELECT of `rows`, with the half of the year's months or the team where asked for."""
    agreed = given.engagement
    days = {
        "as_of": agreed.as_of,
        "since": agreed.window_start,
        "quarter": months_before(agreed.as_of, 3),
        "year": months_before(agreed.as_of, 12),
        "before": months_before(agreed.as_of, 24),
        "year_in_window": months_before(agreed.as_of, min(12, agreed.window_months)),
    }
    is_assigned = given.has("assignments")
    select = ROWS[rows][1].format(
        **{name: f"DATE '{day.isoformat()}'" for name, day in days.items()},
        minor_units=agreed.minor_units,
        held_by="a.rep_id," if is_assigned else "",
        assigned=_ASSIGNED if is_assigned else "",
    )
    if "half" in grain:
        return f"SELECT *, (year(day) * 12 + month(day)) % 2 AS half FROM ({select})"
    if "team" in grain:
        return (
            f"SELECT f.*, t.team FROM ({select}) f "
            f"LEFT JOIN ({_teams(given)}) t ON t.rep_id = f.rep_id"
        )
    return select


def _teams(given: Given) -> str:
    """The SELECT of each seller's team; teams with fewer than five sellers are one."""
    size = "count(*) OVER (PARTITION BY team)"
    return (
        f"SELECT rep_id, CASE WHEN {size} >= {FEWEST} THEN team "
        f"ELSE {literal(OTHER_TEAMS)} END AS team FROM reps WHERE team IS NOT NULL"
    )


def grouped(
    table: pd.DataFrame, by: str, kpis: Sequence[Kpi], column: str | None = None
) -> pd.DataFrame:
    """The KPI values of each group of a table that `sums` made; `column` holds the groups."""
    parts = [
        row
        for group, part in table.groupby(column or by, sort=True)
        for row in _group(part, by, str(group), kpis)
    ]
    return pd.DataFrame(parts)


def _group(part: pd.DataFrame, by: str, group: str, kpis: Sequence[Kpi]) -> list[dict[str, Any]]:
    over = part[[f"{kpi.id}.over" for kpi in kpis]].to_numpy(np.float64)
    under = part[[f"{kpi.id}.under" for kpi in kpis]].to_numpy(np.float64)
    drawn = bootstrap(over, under)
    return [
        _value(kpi, by, group, over[:, at], under[:, at], drawn[:, at])
        for at, kpi in enumerate(kpis)
        if under[:, at].any()
    ]


def _value(
    kpi: Kpi, by: str, group: str, over: Floats, under: Floats, drawn: Floats
) -> dict[str, Any]:
    """One KPI of one group; below five customers the sums stand without a mean."""
    top, bottom = float(over.sum()), float(under.sum())
    n = int(((over != 0) | (under != 0)).sum())
    is_shown = n >= FEWEST and bottom > 0
    is_count = kpi.interval == "wilson" and by != "rep_mix"
    low, high = wilson(top, bottom) if is_count and is_shown else drawn
    return {
        "kpi": kpi.id,
        "by": by,
        "group_id": group,
        "numerator": round(top),
        "denominator": int(bottom),
        "value": top / bottom if is_shown else np.nan,
        "n": n,
        "low": float(low) if is_shown else np.nan,
        "high": float(high) if is_shown else np.nan,
    }


def bootstrap(over: Floats, under: Floats, draws: int = 1000, seed: int = SEED) -> Floats:
    """The 95 % intervals of ratios of sums, the same resampled rows for every column.

    Parameters
    ----------
    over, under
        One row per customer, one column per ratio; rows in an order that no file decides.

    Returns
    -------
    ndarray
        Low and high (rows) of each ratio (columns); not-a-number where nothing can be divided.
    """
    n = len(over)
    rng = np.random.default_rng(seed)
    ratios = []
    for size in _chunks(draws, max(1, 4_000_000 // max(n, 1))):
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        below = weights @ under
        ratios.append((weights @ over) / np.where(below > 0, below, np.nan))
    every = np.vstack(ratios)
    every[:, np.isnan(every).all(axis=0)] = -np.inf  # nothing to divide by in any draw
    edges = np.nanquantile(every, [0.025, 0.975], axis=0, method="closest_observation")
    return np.where(np.isneginf(edges), np.nan, edges)


def _chunks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


def attainment(given: Given) -> pd.DataFrame:
    """Net revenue over quota of each seller, each team and all, for quota periods in the window.

    Sellers are resampled for teams, quota periods for one seller.
    """
    rows = _quota_rows(given)
    names = {"net_revenue": "attainment.over", "quota": "attainment.under"}
    table = rows.rename(columns=names).assign(all="all")
    by_seller = table.groupby(["all", "rep_id"], as_index=False)[list(names.values())].sum()
    parts = [grouped(by_seller, "all", [ATTAINMENT]), grouped(table, "rep", [ATTAINMENT], "rep_id")]
    if given.has("reps"):
        teams = given.query(_teams(given))
        teamed = by_seller.merge(teams, on="rep_id", validate="one_to_one")
        parts.append(grouped(teamed.sort_values(["team", "rep_id"]), "team", [ATTAINMENT]))
    return pd.concat([part for part in parts if len(part)] or [pd.DataFrame()], ignore_index=True)


def _quota_rows(given: Given) -> pd.DataFrame:
    """Quota and net revenue of each seller and quota period that lies wholly in the window."""
    agreed = given.engagement
    return given.query(
        f"""
        SELECT q.rep_id, q.period_start, CAST(max(q.quota) AS BIGINT) AS quota,
               CAST(coalesce(sum(l.net_amount), 0) AS BIGINT) AS net_revenue
        FROM (SELECT rep_id, period_start, period_end, sum(quota) AS quota FROM quotas
              WHERE coalesce(measure, 'net_revenue') = 'net_revenue'
                AND period_start > DATE '{agreed.window_start}'
                AND period_end <= DATE '{agreed.as_of}'
              GROUP BY rep_id, period_start, period_end) q
        LEFT JOIN ({_rows(given, "lines", ())}) l
               ON l.rep_id = q.rep_id AND l.day BETWEEN q.period_start AND q.period_end
        GROUP BY q.rep_id, q.period_start, q.period_end
        ORDER BY q.rep_id, q.period_start
        """
    )


def reliability(table: pd.DataFrame, kpis: Sequence[Kpi], fewest_sellers: int = 8) -> pd.DataFrame:
    """How well odd months tell what even months say of the same sellers, segments alike.

    The correlation over sellers with at least five customers, stepped up to the whole window
    (Spearman-Brown): below 0.5 a KPI does not judge a seller. `table` has one row per seller,
    half and customer.
    """
    return pd.DataFrame(
        [_reliable(kpi.id, table, fewest_sellers) for kpi in kpis],
        columns=["kpi", "sellers", "correlation", "reliability"],
    )


def _reliable(kpi: str, table: pd.DataFrame, fewest_sellers: int) -> dict[str, Any]:
    both = table[table[f"{kpi}.under"] > 0] if len(table) else table
    found = {"kpi": kpi, "sellers": 0, "correlation": np.nan, "reliability": np.nan}
    if both.empty:
        return found
    summed = both.groupby(["rep_id", "half"]).agg(
        over=(f"{kpi}.over", "sum"),
        under=(f"{kpi}.under", "sum"),
        n=("customer_id", "size"),
    )
    shown = summed[summed["n"] >= FEWEST]
    ratios = (shown["over"] / shown["under"]).rename("value").reset_index()
    halves = ratios.pivot_table(index="rep_id", columns="half", values="value").dropna()
    found["sellers"] = len(halves)
    if len(halves) < fewest_sellers or halves.shape[1] < 2 or (halves.std() == 0).any():
        return found
    r = float(np.corrcoef(halves.to_numpy().T)[0, 1])
    return {**found, "correlation": r, "reliability": 2 * r / (1 + r) if r > 0 else 0.0}
