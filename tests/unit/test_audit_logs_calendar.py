"""Holes in the calendar are found where rows are usual, and nowhere else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from logs_client import AS_OF, agreed, given, lines, working_days

from segkit.audit.checks.calendar import ends, free_days, gaps, holes, levels, look, overlaps

DAYS = working_days("2024-01-02", "2025-12-31")


def found(tmp_path: Path, days: pd.DatetimeIndex, **more: object) -> pd.DataFrame:
    return holes(given(tmp_path, order_lines=lines(days), **more))["source_holes"]


def told(holes_: pd.DataFrame) -> list[tuple[str, str, str, int]]:
    return [
        (row.kind, str(row.first.date()), str(row.last.date()), row.missing)
        for row in holes_.itertuples()
    ]


def without(first: str, last: str, days: pd.DatetimeIndex = DAYS) -> pd.DatetimeIndex:
    return days[(days < first) | (days > last)]


def test_a_whole_calendar_has_no_hole(tmp_path: Path) -> None:
    assert told(found(tmp_path, DAYS)) == []


def test_a_missing_week_is_one_hole_with_what_is_usual_in_it(tmp_path: Path) -> None:
    holes_ = found(tmp_path, without("2024-10-14", "2024-10-18"))
    assert told(holes_) == [("gap", "2024-10-14", "2024-10-18", 5)]
    assert holes_[["rows", "amount"]].iloc[0].tolist() == [20, 200_000]


def test_two_missing_days_may_be_chance(tmp_path: Path) -> None:
    assert told(found(tmp_path, without("2024-10-14", "2024-10-15"))) == []


def test_public_holidays_are_no_hole(tmp_path: Path) -> None:
    # Christmas 2024: 25 and 26 December, then the free days around New Year
    assert not DAYS.isin(pd.DatetimeIndex(["2024-12-25", "2024-12-26"])).any()
    assert told(found(tmp_path, DAYS)) == []


def test_without_a_country_three_days_are_not_enough(tmp_path: Path) -> None:
    days = without("2024-10-14", "2024-10-16")
    blind = given(tmp_path, agreed(country=None), order_lines=lines(days))
    assert told(holes(blind)["source_holes"]) == []
    assert told(found(tmp_path, days)) == [("gap", "2024-10-14", "2024-10-16", 3)]


def test_a_country_that_is_not_known_has_no_holidays() -> None:
    assert free_days("ZZ", date(2025, 1, 1), AS_OF) is None
    assert free_days(None, date(2025, 1, 1), AS_OF) is None


def test_records_that_end_early_are_told_with_what_is_missing(tmp_path: Path) -> None:
    holes_ = found(tmp_path, without("2025-12-11", "2025-12-31"))
    assert told(holes_) == [("end", "2025-12-11", "2025-12-31", 12)]
    partial = holes(given(tmp_path, order_lines=lines(without("2025-12-11", "2025-12-31"))))
    assert partial["partial_months"][["which", "days", "of_days"]].to_numpy().tolist() == [
        ["last", 8, 20]
    ]


def test_an_as_of_date_in_mid_month_makes_it_partial_and_is_no_early_end(tmp_path: Path) -> None:
    middle = given(tmp_path, agreed(as_of=date(2025, 12, 10)), order_lines=lines(DAYS))
    made = holes(middle)
    assert told(made["source_holes"]) == []
    assert made["partial_months"]["days"].tolist() == [8]


def test_records_that_begin_late_are_told(tmp_path: Path) -> None:
    holes_ = found(tmp_path, DAYS[DAYS >= "2024-06-03"])
    assert told(holes_) == [("start", "2024-01-01", "2024-06-02", 154)]


def test_a_month_end_batch_has_its_own_rhythm(tmp_path: Path) -> None:
    ends = pd.date_range("2022-01-31", "2025-12-31", freq="ME")
    assert told(found(tmp_path, ends)) == []
    holes_ = holes(given(tmp_path, order_lines=lines(ends.delete(30), a_day=40)))["source_holes"]
    assert told(holes_) == [("gap", "2024-07-01", "2024-07-31", 1)]


def test_a_part_that_ends_early_is_told_beside_the_whole(tmp_path: Path) -> None:
    both = pd.concat([
        lines(DAYS, channel="field"), lines(without("2025-11-01", "2025-12-31"), channel="web"),
    ])  # fmt: skip
    holes_ = holes(given(tmp_path, order_lines=both))["source_holes"]
    assert told(holes_) == [("end", "2025-11-03", "2025-12-31", 39)]
    assert holes_["part"].tolist() == ["web"]


def test_a_mistyped_year_stretches_no_calendar(tmp_path: Path) -> None:
    rows = pd.concat([lines(DAYS), lines(pd.DatetimeIndex(["1925-03-04"]), a_day=1)])
    made = holes(given(tmp_path, order_lines=rows))
    assert told(made["source_holes"]) == []
    assert made["source_calendar"][["first", "strays"]].to_numpy().tolist() == [[DAYS[0], 1]]


@pytest.mark.parametrize("a_day", [0.1, 0.3, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("bundle", [1, 8])
def test_records_by_chance_give_hardly_a_false_alarm(a_day: float, bundle: int) -> None:
    """Orders at random, of one line or of eight: at most one source in fifty has one."""
    alarms = 0
    for seed in range(100):
        rows = np.random.default_rng(seed).poisson(a_day, len(DAYS)) * bundle
        series = pd.DataFrame({"day": DAYS, "rows": rows, "amount": rows})[rows > 0]
        rhythm, _ = look(series, agreed())
        alarms += bool(gaps(rhythm) or ends(rhythm))
    assert alarms <= 2


def test_rows_in_any_order_give_the_same_holes(tmp_path: Path) -> None:
    rows = lines(without("2024-10-14", "2024-10-18"))
    made = [
        holes(given(tmp_path, order_lines=one))["source_holes"]
        for one in (rows, rows.sample(frac=1, random_state=1))
    ]
    pd.testing.assert_frame_equal(*made)


def test_a_month_with_a_hole_is_pale(tmp_path: Path) -> None:
    made = holes(given(tmp_path, order_lines=lines(without("2024-10-14", "2024-10-18"))))
    level = levels(made["source_days"], agreed()).set_index("month")["level"]
    assert round(level["2024-10-01"], 2) == round(18 / 23, 2)
    assert level["2024-11-01"] == 1.0


# --- files ----------------------------------------------------------------------------------------


def files(*spans: tuple[str, str]) -> pd.DataFrame:
    names = [f"{n}.csv" for n in range(len(spans))]
    return pd.DataFrame(spans, columns=["first_day", "last_day"], dtype="M8[s]").assign(file=names)


def test_files_that_follow_one_another_do_not_overlap() -> None:
    assert overlaps(files(("2025-01-01", "2025-03-31"), ("2025-04-01", "2025-06-30"))).empty


def test_a_file_that_holds_days_of_the_next_is_told() -> None:
    spans = [(f"2025-0{n}-01", f"2025-0{n}-28") for n in range(1, 7)]
    spans[2] = ("2025-03-01", "2025-04-10")
    row = overlaps(files(*spans)).iloc[0]
    assert (row["file"], row["next_file"], row["days"]) == ("2.csv", "3.csv", 10)


def test_files_by_region_are_no_overlap() -> None:
    assert overlaps(files(*[("2025-01-01", "2025-06-30")] * 4)).empty
