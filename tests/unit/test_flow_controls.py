"""What `segkit check` says of a client's files, and of the client's own figures."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from flow_run import figure

from segkit import cli, flow
from segkit.engagement import read_engagement
from segkit.errors import EngagementError
from segkit.flow import pages
from segkit.flow.ledger import across
from segkit.language import Message, say
from segkit.store import Store

LINES = """order_id,order_date,customer_id,product_id,quantity,net_amount
1,2026-01-05,A,P,1,100.00
2,2026-02-05,B,P,1,50.50
3,32.13.2026,B,P,1,9.00
"""
ENGAGEMENT = """client = "Four lines"
as_of = 2026-03-31
[sources.order_lines]
file = "lines.csv"
[controls]
net_revenue = { value = %s, tolerance_share = 0.01 }
"""


@pytest.fixture
def engagement(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    (tmp_path / "lines.csv").write_text(LINES)

    def agreed(control: str):
        (tmp_path / "engagement.toml").write_text(ENGAGEMENT % control)
        return tmp_path

    return agreed


def test_check_says_what_was_read_what_it_answers_and_what_is_to_be_settled(engagement):
    told = flow.check(engagement("150.50"))
    assert told[:3] == [
        "order_lines: read 3, accepted 2, set aside 1 (lines.csv)",
        "  set aside: 1, such as: order_date cannot be read: 32.13.2026",
        "What these records can answer: 0 of 9 questions",
    ]
    assert told[3] == (
        "  no   Who buys what, how often, and which customers resemble each other. Missing: twelve "
        "months of order lines with customers. It would add: segments, concentration, base forecast"
    )
    assert told[-4:] == [
        "The client's own figures",
        "  met: Net revenue, 0% apart",
        "To be settled",
        "  The last order is of 5 February 2026, 54 days before the as-of date: the extract may "
        "end early.",
    ]


def test_check_says_which_control_total_is_missed(engagement):
    assert (
        "  Net revenue: 150.50 in the files and 160 by the client's own figure, 5.9% apart where "
        "1.0% was agreed."
    ) in flow.check(engagement("160"))


def test_check_says_which_control_would_help_where_none_is_declared(engagement):
    folder = engagement("1")
    file = folder / "engagement.toml"
    file.write_text(file.read_text().partition("[controls]")[0])
    assert (
        "  None is declared. Net revenue of the window is 150.50 in the files: with that of the "
        "ledger under [controls], a missing file would show."
    ) in flow.check(folder)


RULE = """
[[segment_rules]]
id = "small"
name = "Small"
where = "%s"
"""


def test_check_tells_how_many_customers_each_agreed_rule_holds_for(engagement):
    folder = engagement("150.50")
    file = folder / "engagement.toml"
    file.write_text(file.read_text() + RULE % "spend(last = '3 months') < 100")
    told = flow.check(folder)
    place = told.index("The client's own groups")
    assert told[place + 1] == "  Small: 1 customer"


def test_check_refuses_a_rule_that_names_what_is_not_known(engagement):
    folder = engagement("150.50")
    file = folder / "engagement.toml"
    file.write_text(file.read_text() + RULE % "spnd(last = '3 months') < 100")
    with pytest.raises(EngagementError) as caught:
        flow.check(folder)
    assert "spnd" in str(caught.value)
    assert "Nearest: spend" in str(caught.value)


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_each_line_within_its_width(engagement, capsys, monkeypatch, width):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        cli.main(["check", str(engagement("150.50"))])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert "  yes  " not in lines
    assert any(line.startswith(" " * 7) for line in lines)


def told(**values):
    return {id.replace("__", "."): figure(value) for id, value in values.items()}


def test_segments_tie_to_the_audit_with_what_has_no_customer():
    figures = told(
        audit__customers__active=3,
        audit__net_revenue__in_window=10,
        audit__net_revenue__unassigned=-2,
        segments__a__customers=1,
        segments__a__net_revenue=5,
        segments__b__customers=2,
        segments__b__net_revenue=7,
    )
    assert [one.holds for one in across(figures)] == [True, True]
    assert list(across({id: one for id, one in figures.items() if "audit" in id})) == []


def test_segments_that_miss_a_customer_or_a_cent_do_not_tie():
    figures = told(
        audit__customers__active=3,
        audit__net_revenue__in_window=10,
        segments__a__customers=2,
        segments__a__net_revenue=9,
    )
    assert [(one.left, one.right, one.holds) for one in across(figures)] == [
        (3, 2, False),
        (10, 9, False),
    ]


def test_freeze_records_all_that_new_data_are_scored_by(engagement, monkeypatch):
    base = pd.Series([None, None], dtype="string")
    tables = {
        "segment_definitions": {
            "segment_id": ["b", "a"], "base": base, "name": [Message("Łódź"), Message("A")],
            "rule": [say("Region"), say("Channel")], "description": [say("Large"), say("Small")],
            "conditions": ['[[["orders", ">=", 4.0]]]', '[[["orders", "<", 4.0]]]'],
            "comes_from": "value", "customers": [1, 2], "net_revenue": [2, 1],
        },
        "segment_profiles": {
            "segment_id": ["a", "b", "b"], "measure": ["trend", "trend", "orders"],
            "median": [float("nan"), 0.5, 4.0],
        },
        "rfm": {
            "base": base, "recency_days": [3, 9], "rfm_r": [3, 1], "orders": [4, 2],
            "rfm_f": [3, 2], "net_revenue": [200, 100], "rfm_m": [1, 1],
        },
    }  # fmt: skip
    monkeypatch.setattr(Store, "frame", lambda _, name: pd.DataFrame(tables[name]))
    monkeypatch.setattr(flow, "make_sources", lambda *_: None)
    written = flow.freeze(engagement("1"))
    assert written == engagement("1") / "segments.json"
    told = json.loads(written.read_text("utf-8"))
    assert told.pop("segments") == [
        {"segment_id": "b", "base": None, "name": {"en": "Łódź"}, "rule": {"en": "Region"},
         "description": {"en": "Large"}, "conditions": [[["orders", ">=", 4.0]]],
         "comes_from": "value", "customers": 1, "net_revenue": 2,
         "centre": {"trend": 0.5, "orders": 4.0}},
        {"segment_id": "a", "base": None, "name": {"en": "A"}, "rule": {"en": "Channel"},
         "description": {"en": "Small"}, "conditions": [[["orders", "<", 4.0]]],
         "comes_from": "value", "customers": 2, "net_revenue": 1, "centre": {}},
    ]  # fmt: skip
    assert told == {
        "layout": 1,
        "client": "Four lines",
        "as_of": "2026-03-31",
        "window_months": 24,
        "currency": "EUR",
        "primary": "clusters",
        "within": None,
        "scores": [
            {"base": None, "recency_days": [3.0, 3.0], "orders": [2.0, 4.0], "net_revenue": []}
        ],
    }


def test_an_accepted_gap_and_each_setting_stand_on_the_cover(engagement):
    agreed = read_engagement(engagement("1"), ("accept_gap.reason=Rebates", "accept_gap.owner=CFO"))
    said = [str(one) for one in pages._said(SimpleNamespace(engagement=agreed))]
    assert said == [
        "A trial, with accept_gap.reason=Rebates.",
        "A trial, with accept_gap.owner=CFO.",
        "The gap to the client's own figure stands: Rebates (CFO).",
    ]
