"""The summary: ranked by money at stake, proven apart from what is to be tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audit_client import open_small

from segkit import audit, summary
from segkit.flow.ledger import join
from segkit.language import render
from segkit.workbook import Workbook


def finding(id: str, money: str | None = None, grade: str = "R", **more: Any) -> dict[str, Any]:
    return {"id": id, "money": money, "grade": grade, "is_withheld": False, **more}


FIGURES = {"small": {"value": 5}, "large": {"value": -90.5}, "middle": {"value": 40}}


def ranked(*findings: dict[str, Any]) -> list[str]:
    return [one["id"] for one in summary.rank(findings, FIGURES)]


def test_most_money_comes_first_whatever_its_sign() -> None:
    told = [finding("a", "small"), finding("b", "large"), finding("c", "middle")]
    assert ranked(*told) == ["b", "c", "a"]


def test_ties_stand_by_id() -> None:
    assert ranked(finding("b", "small"), finding("a", "small")) == ["a", "b"]


def test_without_money_after_it_and_withheld_last() -> None:
    told = [
        {**finding("a", "large"), "is_withheld": True},
        finding("b"),
        finding("c", "small"),
    ]
    assert ranked(*told) == ["c", "b", "a"]


def test_order_of_the_findings_does_not_matter() -> None:
    told = [finding(id, money) for id, money in zip("abc", FIGURES, strict=True)]
    assert ranked(*told) == ranked(*reversed(told))


def test_association_and_judgement_stand_apart() -> None:
    proven, to_test = summary.apart([finding(grade, grade=grade) for grade in "RABCD"])
    assert [one["id"] for one in proven] == ["R", "A", "B"]
    assert [one["id"] for one in to_test] == ["C", "D"]


def test_the_same_money_is_told_once() -> None:
    told = [finding("kpis.lost_revenue", "large"), finding("a", "middle"),
            finding("audit.stopped", "small"), finding("audit.year_change")]  # fmt: skip
    ids = [one["id"] for one in summary.one_each(told)]
    assert ids == ["kpis.lost_revenue", "a", "audit.year_change"]


def of_a_run(folder: Path) -> Workbook:
    """The summary's book over a run of the audit alone."""
    book = open_small(folder, more="[controls]\nnet_revenue = { value = 200 }\n")
    for tell in (audit.answer, audit.controls, audit.checked, audit.compare, audit.why):
        tell(book)
    book.run_folder = folder / "run"
    book.finish()
    part = json.loads((book.run_folder / "parts" / "01-data-audit.json").read_text())
    (book.run_folder / "ledger.json").write_text(json.dumps(join([part]), default=float))
    return Workbook("00-summary", book.engagement, book.store, book.run_folder)


def test_the_page_of_a_run(tmp_path: Path, reports: Path) -> None:
    book = of_a_run(tmp_path)
    summary.answer(book)
    assert [render(one) for one in book.items[0]["sentences"]] == [
        "From 1 January 2025 to 31 December 2025, net revenue was EUR 172, and 3 known customers "
        "ordered.",
        "We would begin where most money is at stake: "
        "Call the largest customers who stopped, and record why.",
        "All 5 findings are counted from records. The files do not match the client's own total, "
        "so every sum is provisional.",
    ]
    summary.findings(book)
    assert [one["id"] for one in book.items[1:]] == [
        "audit.stopped", "audit.control_gap.net_revenue", "audit.unassigned",
        "audit.unmatched_returns",
    ]  # fmt: skip
    summary.what_to_do(book)
    assert book.items[-1]["data"]["money"] == [40, 28, 7, 5]
    summary.uncertain(book)
    assert render(book.items[-1]["text"]).startswith("Not given: visits, reps, resources")


def test_findings_shown_again_stand_in_the_ledger_once(tmp_path: Path, reports: Path) -> None:
    book = of_a_run(tmp_path)
    summary.findings(book)
    book.finish()
    folder = tmp_path / "run" / "parts"
    parts = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    ids = [one["id"] for one in join(parts)["findings"]]
    assert len(parts) == 2
    assert sorted(ids) == sorted(set(ids))


def test_alone_it_says_which_command_makes_it(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path)
    for tell in (summary.answer, summary.findings, summary.what_to_do, summary.uncertain):
        tell(book)
    (note,) = book.items
    assert render(note["text"]).startswith(
        "This page sums up a run, and none is open here. Make one with: segkit run "
    )


def test_a_page_shows_what_is_weighed_in_money_and_the_rest_only_where_that_is_little() -> None:
    def told(*weights: str | None) -> list[dict[str, object]]:
        return [{"id": place, "money": weight} for place, weight in enumerate(weights)]

    ids = [one["id"] for one in summary._worth_a_page(told("a", "b", "c", None))]
    assert ids == [0, 1, 2]
    assert len(summary._worth_a_page(told("a", None, None, None))) == summary.FEWEST
    assert len(summary._worth_a_page(told(*"abcdefg"))) == summary.SHOWN
