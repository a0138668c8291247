"""The visit log is believed as far as it can be, and no further."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from logs_client import agreed, given, lines, log, sellers, told, working_days

from segkit.audit.checks.visitlog import quality

DAYS = working_days("2024-01-02", "2025-12-31")
SOLD = lines(DAYS, a_day=4)
#: The first seller's visits.
MINE = len(DAYS) * 4


def team(
    tmp_path: Path, visits: pd.DataFrame, reps: pd.DataFrame | None = None, **more: Any
) -> Any:
    reps = sellers() if reps is None else reps
    customers = pd.DataFrame({"customer_id": sorted(set(SOLD["customer_id"])), "rep_id": "r0"})
    tables = {"order_lines": SOLD, "visits": visits, "reps": reps, "customers": customers, **more}
    return quality(given(tmp_path, **tables))


def fridays(visits: pd.DataFrame, rows: int) -> pd.Series:
    """The first `rows` visits as logged on the Friday evening of their week."""
    day = pd.to_datetime(visits["visit_date"])
    friday = day + pd.to_timedelta(4 - day.dt.day_of_week, unit="D") + pd.Timedelta(hours=18)
    moved = friday.dt.strftime("%d.%m.%Y %H:%M")
    return visits["logged_at"].where(visits.index >= rows, moved)


def test_a_log_that_is_kept_from_day_to_day_gives_no_alarm(tmp_path: Path) -> None:
    made = team(tmp_path, log(DAYS))
    assert not made["visit_log_quality"][["is_late", "is_same"]].any(axis=None)
    assert made["visit_log_rows"].empty
    assert made["visit_log_teams"]["grade"].tolist() == ["C"]


def test_the_seller_who_logs_on_friday_evenings_is_found(tmp_path: Path) -> None:
    visits = log(DAYS)
    made = team(tmp_path, visits.assign(logged_at=fridays(visits, MINE)))
    late = made["visit_log_quality"].set_index("rep_id")["is_late"]
    assert late[late].index.tolist() == ["r0"]
    assert made["visit_log_rows"]["late"].sum() == MINE
    assert "rep_id" not in made["visit_log_rows"]


def test_the_seller_who_always_logs_one_length_is_found(tmp_path: Path) -> None:
    visits = log(DAYS)
    same = visits["minutes"].where(visits.index >= MINE, 45)
    made = team(tmp_path, visits.assign(minutes=same))
    flags = made["visit_log_quality"].set_index("rep_id")["is_same"]
    assert flags[flags].index.tolist() == ["r0"]


def test_where_everybody_logs_half_an_hour_nobody_measured_it(tmp_path: Path) -> None:
    assert team(tmp_path, log(DAYS, minutes=30))["visit_log_quality"]["is_same"].all()


def test_without_the_moment_of_logging_fridays_are_those_of_the_visits(tmp_path: Path) -> None:
    visits = log(DAYS, logged_at=None)
    assert not team(tmp_path, visits)["visit_log_quality"]["is_late"].any()
    day = pd.to_datetime(visits["visit_date"])
    moved = day + pd.to_timedelta(4 - day.dt.day_of_week, unit="D")
    visits["visit_date"] = day.where(visits.index >= MINE, moved)
    late = team(tmp_path, visits)["visit_log_quality"].set_index("rep_id")["is_late"]
    assert late[late].index.tolist() == ["r0"]


def test_moments_are_read_in_the_order_of_day_and_month_that_fits_the_visits(
    tmp_path: Path,
) -> None:
    visits = log(DAYS)
    moment = pd.to_datetime(visits["logged_at"], format="%d.%m.%Y %H:%M")
    written = moment.dt.strftime("%m/%d/%Y %H:%M")
    made = [
        team(tmp_path, visits.assign(logged_at=one))["visit_log_quality"]
        for one in (visits["logged_at"], written)
    ]
    pd.testing.assert_frame_equal(*made)


def test_a_log_written_from_memory_in_one_length_is_judged(tmp_path: Path) -> None:
    visits = log(DAYS)
    late = visits.assign(logged_at=fridays(visits, len(visits)), minutes=45)
    assert team(tmp_path, late)["visit_log_quality"]["grade"].tolist() == ["D"] * 6


def test_a_team_that_logs_half_its_days_is_judged(tmp_path: Path) -> None:
    kept = log(DAYS)
    few = kept[pd.to_datetime(kept["visit_date"]).dt.day <= 15]
    teams = team(tmp_path, few)["visit_log_teams"].iloc[0]
    assert 0.45 < teams["completeness"] < 0.65
    assert teams["grade"] == "D"
    assert team(tmp_path, kept)["visit_log_teams"]["completeness"].iloc[0] > 1


def test_planned_visits_come_before_selling_days(tmp_path: Path) -> None:
    plan = pd.DataFrame(
        {"customer_id": sorted(set(SOLD["customer_id"])), "period_start": "2024-01-01",
         "period_end": "2025-12-31", "visits": 1_000.0}
    )  # fmt: skip
    row = team(tmp_path, log(DAYS), call_targets=plan)["visit_log_teams"].iloc[0]
    assert row["completeness"] == len(log(DAYS)) / (40 * 1_000)


def test_teams_under_five_stand_together(tmp_path: Path) -> None:
    reps = sellers(team=["East"] * 3 + ["West"] * 3)
    teams = team(tmp_path, log(DAYS), reps)["visit_log_teams"]
    assert teams[["team", "sellers"]].to_numpy().tolist() == [["", 6]]


def test_who_stands_in_now_and_then_makes_no_team_larger(tmp_path: Path) -> None:
    visits = log(DAYS)
    few = visits[~visits["rep_id"].isin(["r4", "r5"]) | (visits.index % 100 == 0)]
    teams = team(tmp_path, few)["visit_log_teams"]
    assert teams["sellers"].tolist() == [4]


# --- the checks -----------------------------------------------------------------------------------


def checked(tmp_path: Path, visits: pd.DataFrame, **more: Any) -> Any:
    customers = pd.DataFrame({"customer_id": [f"c{n:02d}" for n in range(41)], "rep_id": "r0"})
    tables = {"order_lines": SOLD, "reps": sellers(), "customers": customers, **more}
    return told(tmp_path, agreed(currency="PLN"), visits=visits, **tables)


def test_a_clean_log_passes_every_check(tmp_path: Path) -> None:
    who = [f"c{n:02d}" for n in np.random.default_rng(7).integers(0, 40, 6 * MINE)]
    said = checked(tmp_path, log(DAYS, customer_id=who))
    weights = {id: one.severity for id, one in said.items() if "visit" in id}
    assert set(weights.values()) == {"passes"}
    assert len(weights) == 8


def test_visits_without_orders_and_the_reverse_are_told(tmp_path: Path) -> None:
    who = np.where(
        np.arange(6 * MINE) % 40 == 39, "c40", [f"c{n % 40:02d}" for n in range(6 * MINE)]
    )
    said = checked(tmp_path, log(DAYS, customer_id=who))
    assert said["visits_without_orders"].claim == (
        "1 customer is visited and orders nothing in the window"
    )
    assert said["visits_without_orders"].rows["customer_id"].tolist() == ["c40"]
    assert said["orders_without_visits"].rows["customer_id"].tolist() == ["c39"]
    assert said["orders_without_visits"].claim == (
        "Customers of visiting sellers who were never seen bring in PLN 5,000"
    )


def test_visits_long_after_the_last_order_are_told(tmp_path: Path) -> None:
    late = (SOLD["customer_id"] == "c01") & (SOLD["order_date"] > "2024-06-30")
    said = checked(tmp_path, log(DAYS), order_lines=SOLD[~late])
    rows = said["visits_after_last_order"].rows
    assert set(rows["customer_id"]) == {"c01"}
    assert rows["visit_date"].min() > pd.Timestamp("2025-06-01")


def test_late_and_same_logs_are_told_as_checks(tmp_path: Path) -> None:
    visits = log(DAYS)
    odd = visits.assign(logged_at=fridays(visits, MINE),
                        minutes=visits["minutes"].where(visits.index >= MINE, 45))  # fmt: skip
    said = checked(tmp_path, odd)
    assert said["visits_logged_late"].severity == "changes"
    assert said["visits_logged_late"].claim == (
        f"{MINE:,} visits were logged on a Friday by sellers who log the week's visits then"
    )
    assert said["visits_of_same_length"].touches.startswith(
        "A length that never varies was not measured: 17% of visits say nothing"
    )


def test_a_seller_whose_visits_follow_orders_is_told(tmp_path: Path) -> None:
    ordered = SOLD.groupby("order_date")["customer_id"].first()
    visits = log(DAYS)
    mine = visits.index < MINE
    day = pd.to_datetime(visits["visit_date"])
    visits.loc[mine, "customer_id"] = day[mine].map(ordered.set_axis(pd.to_datetime(ordered.index)))
    said = checked(tmp_path, visits)["visits_on_order_days"]
    assert said.severity == "changes"
    assert said.rows["customer_id"].isin(set(ordered)).all()
    assert said.claim == (
        f"{MINE:,} visits lie on the day of an order, of sellers whose visits mostly do"
    )
    assert said.touches.endswith("17% of visits say nothing of what a visit brings.")


def test_visits_on_free_days_and_on_days_too_short_are_told(tmp_path: Path) -> None:
    days = DAYS.append(pd.DatetimeIndex(["2025-12-25"]))
    busy = pd.concat([log(DAYS), log(DAYS[:1], a_day=20, sellers=1).assign(
        visit_id=[f"x{n}" for n in range(20)])])  # fmt: skip
    assert checked(tmp_path, log(days))["impossible_visits"].rows["on_free_day"].sum() == 24
    assert checked(tmp_path, busy)["impossible_visits"].rows["is_crowded"].sum() == 24


def test_an_incomplete_log_is_told_with_its_grade(tmp_path: Path) -> None:
    kept = log(DAYS)
    few = kept[pd.to_datetime(kept["visit_date"]).dt.day <= 15]
    said = checked(tmp_path, few)["visit_log_completeness"]
    assert said.claim == "The visit log of 1 team is less than four fifths complete"
    small = checked(tmp_path, few, reps=sellers(team=["East"] * 3 + [None] * 3, days=None))
    assert small["visit_log_completeness"].severity == "missing"


def test_without_visits_the_checks_cannot_run(tmp_path: Path) -> None:
    said = told(tmp_path, agreed(as_of=date(2025, 12, 31)), order_lines=SOLD)
    assert said["visits_logged_late"].severity == "missing"
