"""The visit log as evidence that is written by those it judges (methods 0.4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segkit.audit.checks.calendar import free_days
from segkit.evidence import judged, wilson
from segkit.language import say

if TYPE_CHECKING:
    from segkit.engagement import Engagement
    from segkit.store import Given

ENOUGH = judged(
    "audit.log_visits", 50, 30, 100, "visits",
    say("With fewer visits nothing is said of how a seller logs them."),
    table="visits",
)  # fmt: skip
FRIDAY_HOUR = judged(
    "audit.friday_hour", 15, 13, 17, "hours",
    say("From this hour of a Friday on a visit is logged late in the week."),
    table="visits",
)  # fmt: skip
TIMES = judged(
    "audit.log_times", 2.0, 1.5, 3.0, "times",
    say("A pattern of logging is marked from this many times the expected part on."),
    table="visits",
)  # fmt: skip
SAME_MINUTES = judged(
    "audit.same_minutes", 0.5, 0.4, 0.7, "share",
    say("When this part of the visits has one same length, it is no measurement."),
    table="visits",
)  # fmt: skip
PEERS = judged(
    "audit.same_minutes_peers", 1.5, 1.2, 2.0, "times",
    say("One same length is marked from this many times what colleagues write."),
    table="visits",
)  # fmt: skip
ORDER_DAYS = judged(
    "audit.order_day_visits", 0.5, 0.4, 0.7, "share",
    say("When this part of the visits lies on days of an order, visits may follow orders."),
    table="visits",
)  # fmt: skip
LONG_DAY = judged(
    "audit.long_day", 600, 480, 720, "minutes",
    say("A day has room for so many minutes of visits, where hours are not given."),
    table="visits",
)  # fmt: skip
MOST_VISITS = judged(
    "audit.most_visits", 16, 10, 20, "visits",
    say("A day has room for so many visits."),
    table="visits",
)  # fmt: skip
COMPLETE = judged(
    "audit.log_complete", 0.8, 0.7, 0.9, "share",
    say("A log that holds less of what was to be logged says nothing of response."),
    table="visits",
)  # fmt: skip
#: A team is shown from so many sellers on; smaller ones, and sellers without a team, together.
TEAM, OTHERS = 5, ""

_MADE = "kind = 'visit' AND visit_date > DATE '{start}' AND visit_date <= DATE '{as_of}'"
_DAY_FIRST = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
              "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")  # fmt: skip
_MONTH_FIRST = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")


def quality(given: Given) -> dict[str, pd.DataFrame]:
    """How far the log of visits can be believed, by seller and by team, in the window.

    Returns
    -------
    dict
        ``visit_log_quality`` one row per seller: counts of visits and what is odd in them, flags
        ``is_late``, ``is_same`` (identical minutes), ``is_after`` (on order days), and the
        ``grade`` that the response to the visits of its team can have; ``visit_log_teams`` the
        same by team, those under five sellers together; ``visit_log_rows`` one row per visit that
        is odd.
    """
    visits = _visits(given)
    sellers = _sellers(visits, given)
    teams = _teams(sellers)
    sellers["grade"] = sellers["shown_team"].map(teams.set_index("team")["grade"])
    return {
        "visit_log_quality": sellers,
        "visit_log_teams": teams,
        "visit_log_rows": _odd(visits, sellers),
    }


# --- visits -------------------------------------------------------------------------------------


def _visits(given: Given) -> pd.DataFrame:
    """The visits of the window, with when they were logged and whether their customer ordered."""
    agreed = given.engagement
    made = _MADE.format(start=agreed.window_start, as_of=agreed.as_of)
    found = given.query(
        "WITH days AS (SELECT DISTINCT customer_id, order_date FROM order_lines "
        "WHERE period = 'in_window'), often AS (SELECT customer_id, COUNT(*) AS order_days "
        "FROM days GROUP BY 1) "
        "SELECT v.visit_id, v.customer_id, COALESCE(v.rep_id, '') AS rep_id, v.visit_date, "
        f"v.minutes, {_moment(_DAY_FIRST)} AS day_first, {_moment(_MONTH_FIRST)} AS month_first, "
        "d.customer_id IS NOT NULL AS on_order_day, COALESCE(o.order_days, 0) AS order_days "
        "FROM visits AS v LEFT JOIN days AS d ON d.customer_id = v.customer_id "
        "AND d.order_date = v.visit_date LEFT JOIN often AS o ON o.customer_id = v.customer_id "
        f"WHERE {made} ORDER BY v.visit_id"
    )
    found["logged"] = _logged(found)
    free = free_days(agreed.country, agreed.window_start, agreed.as_of)
    weekday = found["visit_date"].dt.day_of_week
    found["on_free_day"] = weekday >= 5
    if free is not None:
        found["on_free_day"] |= found["visit_date"].isin(pd.DatetimeIndex(free))
    found["on_friday"] = weekday == 4
    found["is_late"] = (found["logged"].dt.day_of_week == 4) & (
        found["logged"].dt.hour >= FRIDAY_HOUR
    )
    return found.drop(columns=["day_first", "month_first"])


def _moment(formats: tuple[str, ...]) -> str:
    written = ", ".join(f"'{one}'" for one in formats)
    return f"COALESCE(TRY_CAST(v.logged_at AS TIMESTAMP), TRY_STRPTIME(v.logged_at, [{written}]))"


def _logged(found: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Day first or month first: the order that reads more and stays nearer the visits' days."""
    by_day, by_month = found["day_first"], found["month_first"]

    def fit(moment: pd.Series[pd.Timestamp]) -> tuple[int, float]:
        apart = (moment.dt.normalize() - found["visit_date"]).abs().dt.days
        return -int(moment.notna().sum()), float(apart.median())

    return by_day if fit(by_day) <= fit(by_month) else by_month


# --- sellers ------------------------------------------------------------------------------------


def _sellers(visits: pd.DataFrame, given: Given) -> pd.DataFrame:
    reps = _reps(given)
    hours = visits["rep_id"].map(reps.set_index("rep_id")["hours_per_day"])
    visits["is_crowded"] = _crowded(visits, hours)
    by_seller = visits.groupby("rep_id", sort=True)
    made = by_seller.agg(
        visits=("visit_id", "size"), minutes=("minutes", "sum"), timed=("minutes", "count"),
        logged=("logged", "count"), late=("is_late", "sum"), on_friday=("on_friday", "sum"),
        on_order_day=("on_order_day", "sum"), order_days=("order_days", "sum"),
        on_free_day=("on_free_day", "sum"), crowded=("is_crowded", "sum"),
        days_logged=("visit_date", "nunique"),
    ).reset_index()  # fmt: skip
    lengths = visits.groupby(["rep_id", "minutes"]).size()
    usual = lengths.groupby("rep_id").agg(["idxmax", "max"])
    made["usual_minutes"] = made["rep_id"].map(usual["idxmax"].map(lambda pair: float(pair[1])))
    made["same"] = made["rep_id"].map(usual["max"]).fillna(0).astype("int64")
    made["quarters"] = made["rep_id"].map(
        (visits["minutes"] % 15 == 0).groupby(visits["rep_id"]).sum()
    )
    made = made.merge(reps, on="rep_id", how="left")
    made["by_chance"] = made["order_days"] / _working_days(given.engagement)
    made = made.merge(_to_log(given, made), on="rep_id", how="left")
    return _flagged(_in_teams(made))


def _crowded(visits: pd.DataFrame, hours: pd.Series[float]) -> pd.Series[bool]:
    """Visits of days that hold more of them than a day has room for."""
    day = [visits["rep_id"], visits["visit_date"]]
    room = (hours * 60).fillna(LONG_DAY)
    busy = visits["minutes"].fillna(0).groupby(day).transform("sum") > room
    return busy | (visits.groupby(["rep_id", "visit_date"])["visit_id"].transform("size")
                   > MOST_VISITS)  # fmt: skip


def _reps(given: Given) -> pd.DataFrame:
    columns = ["rep_id", "team", "role", "days", "hours_per_day"]
    if given.has("reps"):
        return given.query(f"SELECT {', '.join(columns)} FROM reps ORDER BY rep_id")
    return pd.DataFrame({one: pd.Series(dtype="object") for one in columns}).astype(
        {"days": "float64", "hours_per_day": "float64"}
    )


def _working_days(agreed: Engagement) -> int:
    first, last = np.datetime64(agreed.window_start) + 1, np.datetime64(agreed.as_of) + 1
    free = free_days(agreed.country, agreed.window_start, agreed.as_of)
    none = np.array([], dtype="datetime64[D]")
    return int(np.busday_count(first, last, holidays=none if free is None else free))


def _to_log(given: Given, sellers: pd.DataFrame) -> pd.DataFrame:
    """Visits or days that were to be logged, and those that are: as planned, or as worked.

    Where call targets are given, the visits planned of a seller's customers; else the selling days
    of the months in which the seller is seen at all, in visits or in order lines.
    """
    made = _MADE.format(start=given.engagement.window_start, as_of=given.engagement.as_of)
    if given.has("call_targets"):
        return given.query(
            "WITH plan AS (SELECT customer_id, SUM(visits * greatest(0, date_diff('day', "
            f"greatest(period_start, DATE '{given.engagement.window_start}' + 1), "
            f"least(period_end, DATE '{given.engagement.as_of}')) + 1) / "
            "(date_diff('day', period_start, period_end) + 1)) AS planned FROM call_targets "
            "GROUP BY 1), done AS (SELECT customer_id, COUNT(*) AS visits FROM visits "
            f"WHERE {made} GROUP BY 1) "
            "SELECT c.rep_id, CAST(SUM(plan.planned) AS DOUBLE) AS to_log, "
            "CAST(SUM(COALESCE(done.visits, 0)) AS DOUBLE) AS is_logged, 'visits' AS counted_in "
            "FROM plan JOIN customers AS c USING (customer_id) LEFT JOIN done USING (customer_id) "
            "WHERE c.rep_id IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
    months = given.query(
        "SELECT rep_id, COUNT(DISTINCT month) AS months FROM ("
        f"SELECT rep_id, date_trunc('month', visit_date) AS month FROM visits WHERE {made} "
        "UNION SELECT rep_id, date_trunc('month', order_date) FROM order_lines "
        "WHERE period = 'in_window') AS seen WHERE rep_id IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).set_index("rep_id")["months"]
    outside = sellers[sellers["role"].ne("inside")]
    to_log = outside["days"] / 12 * outside["rep_id"].map(months)
    told = outside[["rep_id"]].assign(
        to_log=to_log, is_logged=outside["days_logged"], counted_in="days"
    )
    return told[to_log > 0]


def _in_teams(sellers: pd.DataFrame) -> pd.DataFrame:
    """The team under which a seller may be shown: those under five sellers go together.

    Who stood in for a colleague once or twice does not make a team larger.
    """
    regular = sellers["visits"] >= ENOUGH
    sizes = sellers["team"].map(sellers.loc[regular, "team"].value_counts()).fillna(0)
    return sellers.assign(
        shown_team=sellers["team"].where(sizes >= TEAM, OTHERS), is_regular=regular
    )


def _flagged(sellers: pd.DataFrame) -> pd.DataFrame:
    """Which sellers log on Fridays, or one same length, more than chance and peers explain."""
    enough = sellers["is_regular"]
    late = _low(sellers["late"], sellers["logged"]) > TIMES * (
        sellers["on_friday"] / sellers["visits"]
    )
    dated = _low(sellers["on_friday"], sellers["visits"]) > TIMES / 5
    same = sellers["same"] / sellers["timed"].replace(0, np.nan)
    peers = same[enough & (sellers["timed"] > 0)].median()
    odd = _low(sellers["same"], sellers["timed"]) > max(SAME_MINUTES, PEERS * np.nan_to_num(peers))
    # where nearly all visits have one length, no seller stands out and none is a measurement
    odd |= same > 1 - (1 - SAME_MINUTES) / 2
    return sellers.assign(
        is_late=enough & np.where(sellers["logged"] > 0, late, dated), is_same=enough & odd,
        is_after=enough & (_low(sellers["on_order_day"], sellers["visits"]) > np.maximum(
            ORDER_DAYS, TIMES * sellers["by_chance"] / sellers["visits"])),
    )  # fmt: skip


def _low(some: pd.Series[Any], of: pd.Series[Any]) -> pd.Series[float]:
    pairs = zip(some.astype(float), of.astype(float), strict=True)
    return pd.Series([wilson(a, b)[0] for a, b in pairs], index=some.index, dtype="float64")


# --- teams and rows -----------------------------------------------------------------------------

_SUMS = ["visits", "minutes", "timed", "logged", "late", "on_friday", "on_order_day", "by_chance",
         "on_free_day", "crowded", "same", "quarters", "to_log", "is_logged"]  # fmt: skip


def _teams(sellers: pd.DataFrame) -> pd.DataFrame:
    """One row per team that may be shown."""
    grouped = sellers.groupby("shown_team", sort=True)
    late, same = (
        sellers["visits"].where(sellers[flag], 0).groupby(sellers["shown_team"]).sum()
        for flag in ("is_late", "is_same")
    )
    teams = grouped[_SUMS].sum(min_count=1).assign(
        sellers=grouped["is_regular"].sum(), of_late=late, of_same=same,
        completeness=lambda sums: sums["is_logged"] / sums["to_log"],
    )  # fmt: skip
    # neither the day nor the length was recorded: the log was written, not kept
    invented = np.minimum(teams["of_late"], teams["of_same"]) > teams["visits"] / 2
    is_weak = invented | (teams["completeness"] < COMPLETE)
    return teams.assign(grade=np.where(is_weak, "D", "C")).rename_axis("team").reset_index()


def _odd(visits: pd.DataFrame, sellers: pd.DataFrame) -> pd.DataFrame:
    """The visits that are odd, and why; without their seller, whose code the pages give."""
    flags = sellers[["rep_id", "is_late", "is_same", "is_after", "usual_minutes"]]
    told = visits.merge(flags, on="rep_id", suffixes=("", "_seller"))
    has_moment = told["logged"].notna().any()
    on_friday = told["is_late"] if has_moment else told["on_friday"]
    told["late"] = told["is_late_seller"] & on_friday
    told["same"] = told["is_same"] & (told["minutes"] == told["usual_minutes"])
    told["after"] = told["is_after"] & told["on_order_day"]
    told["impossible"] = told["is_crowded"] | told["on_free_day"]
    kept = told[told["late"] | told["same"] | told["after"] | told["impossible"]]
    columns = ["visit_id", "customer_id", "visit_date", "logged", "minutes", "late", "same",
               "after", "is_crowded", "on_free_day"]  # fmt: skip
    return kept[columns].sort_values("visit_id", kind="stable", ignore_index=True)
