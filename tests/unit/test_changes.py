"""What changed between two runs: rows, months, fields and figures, each able to say nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.changes import findings, matching, noise
from segkit.changes.earlier import Earlier
from segkit.changes.groups import groups
from segkit.engagement import Engagement
from segkit.evidence.drift import drift, noise_line, psi
from segkit.exhibits import plain_text
from segkit.language import render
from segkit.store import Store
from segkit.workbook import Workbook

LINES = pd.DataFrame(
    {
        "order_id": ["1", "2", "3", "4", "4"],
        "order_date": [date(2025, 1, 5), date(2025, 1, 9), date(2025, 2, 3), date(2025, 2, 4),
                       date(2025, 2, 4)],
        "customer_id": ["A", "B", "A", "C", "C"],
        "net_amount": [1000, 2000, 1500, 700, 700],
        "period": "in_window",
    }
)  # fmt: skip


def _both(tmp_path: Path, then: dict[str, pd.DataFrame], now: dict[str, pd.DataFrame], **source):
    """Two runs whose tables are given; ledgers are empty."""
    agreed = Engagement.model_validate(
        {
            "client": "X",
            "as_of": "2025-03-31",
            "sources": {name: {"file": "f.csv", **source} for name in now},
        }
    )
    store = Store(tmp_path / ".store", agreed, (), lambda *_: "")
    for name, frame in now.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
        store.used[name] = tmp_path / f"{name}.parquet"
    (tmp_path / "run" / "tables").mkdir(parents=True)
    for name, frame in then.items():
        frame.to_parquet(tmp_path / "run" / "tables" / f"{name}.parquet")
    nothing = {"figures": {}, "findings": []}
    (tmp_path / "run" / "ledger.json").write_text(json.dumps(nothing))
    (tmp_path / "run" / "manifest.json").write_text(json.dumps({"as_of": "2025-02-28"}))
    book = Workbook("90-what-changed", agreed, store)
    book.has = lambda *names: all(name in now for name in names)
    return Earlier(book, tmp_path / "run", nothing)


def _later(lines: pd.DataFrame, *more: tuple[str, date, str, int]) -> pd.DataFrame:
    added = pd.DataFrame(more, columns=["order_id", "order_date", "customer_id", "net_amount"])
    return pd.concat([lines, added.assign(period="in_window")], ignore_index=True)


def test_the_same_rows_in_another_order_are_neither_new_nor_gone(tmp_path):
    both = _both(tmp_path, {"order_lines": LINES}, {"order_lines": LINES.iloc[::-1]})
    assert matching.of_table(both, "order_lines") == {
        "now": 5, "then": 5, "new": 0, "gone": 0, "beyond": 0, "changed": 0,
    }  # fmt: skip
    assert matching.months(both).empty


def test_without_a_key_a_changed_row_is_one_gone_and_one_new(tmp_path):
    now = LINES.assign(net_amount=[1000, 2000, 1501, 700, 700])
    both = _both(tmp_path, {"order_lines": LINES}, {"order_lines": now})
    told = matching.of_table(both, "order_lines")
    assert (told["new"], told["gone"], told["changed"]) == (1, 1, 0)


def test_with_a_key_a_changed_row_is_changed(tmp_path):
    now = LINES.assign(net_amount=[1000, 2000, 1501, 700, 700])
    both = _both(tmp_path, {"order_lines": LINES[:4]}, {"order_lines": now[:4]}, key=("order_id",))
    told = matching.of_table(both, "order_lines")
    assert (told["new"], told["gone"], told["changed"]) == (0, 0, 1)


def test_one_of_two_equal_rows_that_is_gone_is_counted(tmp_path):
    both = _both(tmp_path, {"order_lines": LINES}, {"order_lines": LINES[:4]})
    assert matching.of_table(both, "order_lines")["gone"] == 1


def test_rows_before_the_new_extract_begins_are_out_of_reach_and_not_gone(tmp_path):
    both = _both(tmp_path, {"order_lines": LINES}, {"order_lines": LINES[2:]})
    told = matching.of_table(both, "order_lines")
    assert (told["gone"], told["beyond"]) == (0, 2)
    assert matching.months(both).empty


def test_a_month_that_was_closed_and_moved_is_named_and_a_new_month_is_not(tmp_path):
    now = _later(LINES, ("9", date(2025, 2, 20), "D", 5000), ("10", date(2025, 3, 3), "A", 100))
    both = _both(tmp_path, {"order_lines": LINES}, {"order_lines": now})
    told = matching.months(both)
    assert told["month"].dt.date.tolist() == [date(2025, 2, 1)]
    assert told[["lines_then", "lines_now", "net_then", "net_now"]].iloc[0].tolist() == [
        3, 4, 2900, 7900,
    ]  # fmt: skip


def test_a_month_that_the_new_extract_begins_in_is_not_restated(tmp_path):
    earlier = _later(LINES, ("0", date(2024, 12, 2), "A", 10), ("00", date(2024, 12, 30), "A", 9))
    both = _both(tmp_path, {"order_lines": earlier}, {"order_lines": earlier.iloc[[0, 1, 2, 3, 6]]})
    assert matching.months(both)["month"].dt.date.tolist() == [date(2025, 2, 1)]


def test_customers_who_are_new_gone_or_moved_are_named_once(tmp_path):
    names = {"name": ["Ann", "Bo", "Cy"], "class": "A", "category": None, "region": "N"}
    listed = pd.DataFrame({"customer_id": ["A", "B", "C"], "rep_id": "R1", **names})
    later = listed.iloc[[0, 1]].assign(region=["S", "N"])
    later.loc[3] = ["D", "R1", "Di", "A", None, "N"]
    then = pd.DataFrame({"customer_id": ["A", "B", "C"], "lines": 1, "net_revenue": [5, 7, 900]})
    now = pd.DataFrame({"customer_id": ["A", "D"], "lines": 1, "net_revenue": [6, 30]})
    both = _both(
        tmp_path,
        {"customers": listed, "customer_totals": then},
        {"customers": later, "customer_totals": now},
    )
    told = matching.movers(both)[["name", "what", "net_then", "net_now"]]
    assert told.to_numpy().tolist() == [
        ["Cy", "gone", 900, 0], ["Di", "new", 0, 30], ["Bo", "left", 7, 0], ["Ann", "moved", 5, 6],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("then", "now", "published"),
    [
        ([25, 25, 25, 25], [10, 20, 30, 40], 0.228217),
        ([20, 30, 50], [25, 30, 45], 0.016425),
    ],
)
def test_the_stability_index_is_the_published_one(then, now, published):
    found = psi(np.array(then, "float64"), np.array(now, "float64"))
    assert found == pytest.approx(published, abs=5e-7)


def test_an_empty_bin_does_not_make_the_index_infinite():
    assert np.isfinite(psi(np.array([0.0, 10]), np.array([5.0, 5])))


@pytest.mark.parametrize(
    ("n", "bins", "line"), [(100, 5, 0.1898), (200, 10, 0.1692), (500, 10, 0.1), (1000, 10, 0.1)]
)
def test_the_noise_line_is_never_below_a_tenth(n, bins, line):
    assert noise_line(n, n, bins) == pytest.approx(line, abs=5e-5)


def test_the_noise_line_holds_for_fields_that_do_not_drift():
    draw = np.random.default_rng(1)
    beyond = [
        drift(*(pd.Series(draw.normal(size=100)) for _ in "ab")).is_beyond for _ in range(200)
    ]
    assert 0.01 <= np.mean(beyond) <= 0.12


def test_a_field_that_lost_its_values_drifts():
    then = pd.Series(["A", "B"] * 100)
    found = drift(then, then.where(pd.RangeIndex(200) % 2 == 0))
    assert found.is_beyond


def test_a_field_of_one_value_cannot_drift():
    assert drift(pd.Series(["A"] * 9), pd.Series(["A"] * 9)) is None


def _figure(value, unit, n=None, low=None, high=None):
    return {"value": value, "unit": unit, "n": n, "low": low, "high": high}


BASE = noise.Base(total=(100.0, 100.0), squares=(400.0, 400.0), apart=1.0)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (_figure(50, "customers"), _figure(50, "customers"), 19.6),
        (_figure(0.5, "share", 100), _figure(0.5, "share", 100), 0.1386),
        (_figure(100.0, "EUR"), _figure(100.0, "EUR"), 55.4362),
        (_figure(3.0, "days", 9, 2.0, 4.0), _figure(9.0, "days", 9, 8.0, 10.0), 1.4142),
        (_figure(3.0, "days"), _figure(9.0, "days"), None),
        (_figure(0.5, "share"), _figure(0.4, "share"), None),
        (_figure(None, "EUR"), _figure(1.0, "EUR"), None),
    ],
)
def test_the_noise_of_a_figure_goes_by_what_it_is(then, now, expected):
    found = noise.of_figure(then, now, BASE)
    assert found == (None if expected is None else pytest.approx(expected, abs=5e-4))


def test_runs_that_share_their_window_have_no_noise():
    same = noise.Base(BASE.total, BASE.squares, apart=0.0)
    assert noise.of_figure(_figure(50, "customers"), _figure(60, "customers"), same) == 0


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (None, {"holds": True}, "new"),
        ({"holds": True}, None, "gone"),
        ({"holds": True}, {"holds": False}, "reversed"),
        ({"holds": True}, {"holds": True}, None),
    ],
)
def test_a_finding_is_new_gone_or_reversed_or_the_same(then, now, said):
    found = findings._what(then, now)
    assert (None if found is None else str(found)) == said


def _groups(*members: tuple[str, str], rule: str = "x") -> dict[str, pd.DataFrame]:
    return {
        "memberships": pd.DataFrame(members, columns=["customer_id", "group_id"]),
        "group_definitions": pd.DataFrame(
            {"group_id": ["big", "new"], "name": ["Big", "New"], "rule": ["x", rule]}
        ),
        "customers": pd.DataFrame({"customer_id": ["A", "B"], "name": ["Ada", "Bo"]}),
        "customer_totals": pd.DataFrame({"customer_id": ["A"], "net_revenue": [12345]}),
    }


def test_who_entered_and_who_left_an_agreed_group_is_listed(tmp_path):
    then = _groups(("A", "big"), ("C", "big"), ("A", "new"), rule="y")
    both = _both(tmp_path, then, _groups(("B", "big"), ("C", "big"), ("B", "new")))
    groups(both)
    table, moves = both.book.items
    assert plain_text(table) == (
        "Exhibit 90.1: Entries into agreed groups since the earlier report: 1; exits: 1"
    )
    assert [table["data"][name] for name in ("now", "then", "entered", "left")] == [
        [2, 1], [2, 1], [1, 1], [1, 1],
    ]  # fmt: skip
    assert [render(one) for one in table["data"]["rule"]] == [
        "as it was", "changed: moves are the rule's, not the customers'",
    ]  # fmt: skip
    assert moves["data"]["who"] == ["Ada", "Bo"]  # of the rule that is as it was
    assert moves["data"]["money"] == [123.45, 0.0]
    assert [render(one) for one in moves["data"]["move"]] == ["left", "entered"]


def test_groups_that_did_not_move_are_told_so(tmp_path):
    both = _both(tmp_path, _groups(("A", "big")), _groups(("A", "big")))
    groups(both)
    (table,) = both.book.items
    assert plain_text(table) == (
        "Exhibit 90.1: Nobody entered or left an agreed group whose rule is as it was"
    )
