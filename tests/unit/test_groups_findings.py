"""What is said of agreed groups and micro-segments, also where a claim does not hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from segkit.engagement import Engagement
from segkit.engine import Engine
from segkit.exhibits import plain_text
from segkit.language import Message, render, say
from segkit.segments.groups import findings
from segkit.segments.groups.micro import micro_segments
from segkit.store import Given, Store, _write
from segkit.workbook import Workbook

AGREED = Engagement.model_validate(
    {"client": "X", "as_of": "2025-12-31", "currency": "EUR",
     "sources": {"order_lines": {"file": "f.csv"}}}
)  # fmt: skip
PEOPLE = [f"c{n}" for n in range(8)]


def tables(members: dict[str, list[str]], net: int = 10_000, **rule: object) -> dict[str, object]:
    """Eight customers of one segment, the last of which ordered nothing, and these groups."""
    rows = [(one, id) for id, own in members.items() for one in own]
    found = pd.DataFrame(rows, columns=["customer_id", "group_id"]).astype("str")
    active = PEOPLE[:7]
    return {
        "customers": pd.DataFrame({"customer_id": PEOPLE, "name": [f"Shop {c}" for c in PEOPLE]}),
        "behaviour": pd.DataFrame(
            {"customer_id": active, "net_revenue": [net * n for n in range(7)]}
        ),
        "segments": pd.DataFrame({"customer_id": active, "segment_id": "core"}),
        "segment_definitions": pd.DataFrame({"segment_id": ["core"], "name": [say("Core")]}),
        "memberships": found.assign(as_of=AGREED.as_of),
        "group_definitions": pd.DataFrame(
            [
                {"group_id": id, "name": say(id.title()), "rule": "x", "in_words": say("a rule"),
                 "customers": len(own), "active_customers": len(own),
                 "net_revenue": sum(net * int(one[1:]) for one in own if one != "c7"),
                 "is_dated": True, "unseen": Message(""), **rule}
                for id, own in members.items()
            ]
        ),
        "group_moves": found.assign(move="entered").iloc[:1],
        "order_lines": pd.DataFrame(
            {"customer_id": ["c1", "c1", "c2", "c2", "c3"], "product_id": ["p", "q", "p", "q", "p"],
             "net_amount": [90, 10, 50, 50, -5], "period": "in_window"}
        ),
        "products": pd.DataFrame({"product_id": ["p", "q"], "category": ["Żel", "Mydło"]}),
    }  # fmt: skip


def book(folder: Path, made: dict[str, object]) -> Workbook:
    store = Store(folder / ".store", AGREED, (), lambda *_: "")
    with Engine() as engine:
        for name, table in made.items():
            path = folder / f"{name}.parquet"
            _write(engine, table, path)
            engine.register(name, path)
            store.used[name] = path
        made_too = micro_segments(Given(AGREED, store.used, engine))
        _write(engine, made_too, folder / "micro_segments.parquet")
    store.used["micro_segments"] = folder / "micro_segments.parquet"
    return Workbook("02-behavioural-segmentation", AGREED, store)


def told(one: Workbook) -> list[str]:
    return [plain_text(item) for item in one.items]


def test_the_group_with_the_most_money_is_named(tmp_path: Path) -> None:
    page = book(tmp_path, tables({"few": ["c6"], "many": PEOPLE[1:6]}))
    findings.groups(page)
    assert told(page) == [
        "Exhibit 2.1: “Many” is the agreed group with the most money: 5 customers, 71% of net "
        "revenue"
    ]
    assert page.items[0]["data"]["entered"] == [0, 1]


def test_groups_without_money_are_said_to_hold_none(tmp_path: Path) -> None:
    page = book(tmp_path, tables({"few": ["c0", "c7"]}))
    findings.groups(page)
    assert told(page) == ["Exhibit 2.1: None of the agreed groups holds much money"]


def test_a_rule_that_cannot_be_asked_of_a_past_day_has_no_moves(tmp_path: Path) -> None:
    odd = say("No record says “{word}”.", word="x")
    page = book(tmp_path, tables({"many": PEOPLE[1:6]}, is_dated=False, unseen=odd))
    findings.groups(page)
    findings.group_moves(page)
    assert page.items[0]["data"]["entered"] == [None]
    assert told(page)[1:] == [
        "Many: No record says “x”.",
        "These rules use measures that are made for the as-of day alone, so who entered and left "
        "is told beside an earlier report only: Many.",
    ]


def test_without_rules_it_says_where_they_are_written(tmp_path: Path) -> None:
    made = tables({"many": PEOPLE[1:6]})
    for name in ("memberships", "group_definitions", "group_moves"):
        made[name] = made[name].iloc[:0]  # type: ignore[attr-defined]
    page = book(tmp_path, made)
    findings.groups(page)
    assert told(page) == [
        "No segment rules were agreed, so there are no groups beside the segments. Rules stand in "
        "the engagement file under [[segment_rules]]."
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (1, "Entries into agreed groups within a month: 1; exits: 0"),
        (0, "Nobody entered or left an agreed group within a month"),
    ],
)
def test_who_moved_within_a_month(tmp_path: Path, rows: int, said: str) -> None:
    made = tables({"many": PEOPLE[1:6]})
    made["group_moves"] = made["group_moves"].iloc[:rows]  # type: ignore[attr-defined]
    page = book(tmp_path, made)
    findings.group_moves(page)
    assert told(page) == [f"Exhibit 2.1: {said}"]
    assert page.items[0]["data"]["who"] == ["Shop c1"][:rows]


def test_micro_segments_are_kept_however_few_they_are(tmp_path: Path) -> None:
    page = book(tmp_path, tables({"few": ["c5", "c6", "c7"], "many": PEOPLE[:6]}))
    made = page.table("micro_segments").set_index("micro_id")
    assert made["customers"].to_dict() == {
        "core__few": 2, "core__many": 6, "core__zel": 1, "core__mydlo": 1,
    }  # fmt: skip
    assert [str(one) for one in made.loc[["core__few", "core__zel"], "name"]] == [
        "Core in “Few”", "Core who mostly buy: Żel",
    ]  # fmt: skip
    assert made.loc["core__many", ["median", "low", "high"]].tolist() == [25_000, 0, 50_000]
    assert made.loc["core__few", ["median", "low", "high"]].isna().all()
    findings.micro_segments(page)
    assert told(page) == [
        "Exhibit 2.1: Of 4 micro-segments 3 are too small for an average: kept as single cases",
        "Exhibit 2.2: In 1 of 1 single-case micro-segments one customer alone holds most of the "
        "money",
    ]
    assert [render(one) for one in page.items[1]["data"]["each"]] == ["EUR 600, EUR 500"]


def test_a_customer_that_buys_two_categories_alike_has_the_first_by_name(tmp_path: Path) -> None:
    page = book(tmp_path, tables({"many": PEOPLE[:6]}))
    found = page.table("micro_segments")
    assert found.loc[found["kind"] == "profile", "with_id"].tolist() == ["mydlo", "zel"]


def test_claims_are_false_of_what_they_are_not_about() -> None:
    assert findings.holds_much(5, 0.01)
    assert not findings.holds_much(4, 0.9)
    assert not findings.holds_much(50, 0.009)
    assert findings.is_led([10, 5])
    assert not findings.is_led([10, 10])
    assert not findings.is_led([10])
    assert not findings.is_led([])
