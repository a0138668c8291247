"""How much a check weighs, what stops a run, and that rows in another order give the same bytes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from audit_client import LINES, open_small, told
from checks_client import found, lines

from segkit import audit
from segkit.audit.checks import CHECKS, checks_as_markdown, stopping
from segkit.audit.checks.framework import Check, judged
from segkit.audit.checks.lines import UNASSIGNED
from segkit.engagement import AcceptedGap, CheckLimits
from segkit.errors import EngagementError
from segkit.language import render
from segkit.store import read_frame

STOPS = CheckLimits(stops=Decimal("0.05"))
ACCEPTED = CheckLimits(stops=Decimal("0.05"), accept=AcceptedGap(reason="counter", owner="Sales"))


@pytest.mark.parametrize(
    ("rows", "part", "limits", "severity"),
    [
        (0, "0", None, "passes"),
        (1, "0.0099", None, "note"),
        (1, "0.01", None, "changes"),
        (1, "0.5", None, "changes"),
        (1, "0.0499", STOPS, "changes"),
        (1, "0.05", STOPS, "stops"),
        (1, "0.05", ACCEPTED, "accepted"),
        (1, "0.01", ACCEPTED, "changes"),
        (1, "0.01", CheckLimits(changes=Decimal("0.02")), "note"),
    ],
)
def test_a_check_weighs_what_was_agreed(
    rows: int, part: str, limits: CheckLimits | None, severity: str
) -> None:
    agreed = {"unassigned": limits} if limits else {}
    assert judged(rows, Decimal(part), UNASSIGNED, agreed) == severity


def test_every_check_has_an_id_of_its_own_that_makes_a_sheet() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(len(check.failed) <= 31 for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_tells_its_rows_its_money_and_its_effect(check: Check) -> None:
    texts = [part for one in (check.claim, check.touches) for part in (one.text, one.plural or "")]
    said = " ".join(texts)
    assert "{n}" in said
    assert "{effect}" in said
    assert check.by == "rows" or "{money}" in said or check.effect.unit == "money"


def test_the_document_names_every_check_and_its_limits() -> None:
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
    assert text == checks_as_markdown()


def test_limits_of_a_check_that_there_is_not_are_refused(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, more="[checks.unasigned]\nstops = 0.1\n")
    with pytest.raises(EngagementError) as caught:
        stopping(book.store)
    assert str(caught.value) == (
        "engagement.toml sets checks.unasigned, which is no check. Nearest: unassigned.\n"
        "Fix: correct the id; docs/checks.md lists the checks."
    )


def test_a_key_that_a_check_does_not_have_is_refused(tmp_path: Path, reports: Path) -> None:
    with pytest.raises(EngagementError) as caught:
        open_small(tmp_path, more="[checks.unassigned]\nstop = 0.1\n")
    assert str(caught.value) == (
        "engagement.toml sets checks.unassigned.stop, which segkit does not use. Nearest: stops.\n"
        "Fix: correct the key, or delete the line."
    )


def test_what_stops_is_said_in_a_sentence_and_what_is_accepted_does_not_stop(
    tmp_path: Path, reports: Path
) -> None:
    stopped = open_small(tmp_path, more="[checks.unassigned]\nstops = 0.02\n")
    assert [str(one) for one in stopping(stopped.store)] == [
        "Order lines without a customer: 4.1% of what is checked, where 2.0% stops the run."
    ]
    assert stopping(open_small(tmp_path).store) == []
    accepted = '[checks.unassigned]\nstops = 0.02\naccept = { reason = "shop", owner = "Sales" }\n'
    book = open_small(tmp_path, more=accepted)
    assert stopping(book.store) == []
    told(book, audit.checked)
    finding = next(one for one in book.items if one.get("id") == "audit.unassigned")
    assert render(finding["so_what"]).endswith("Sales accepts it: shop.")


def test_rows_in_another_order_give_the_same_bytes(tmp_path: Path, reports: Path) -> None:
    given = lines(*[(f"{n}", "2025-02-01", None, "p", 1.0, n % 7) for n in range(50)])
    one = found(UNASSIGNED, tmp_path, given).failing
    other = found(UNASSIGNED, tmp_path, given.sample(frac=1, random_state=1)).failing
    assert one.to_csv() == other.to_csv()
    assert one["money"].tolist() == sorted(one["money"], reverse=True)


def test_checks_that_cannot_run_say_what_they_need(tmp_path: Path, reports: Path) -> None:
    texts = told(open_small(tmp_path, LINES), audit.checked)
    needs = next(text for text in texts.values() if "could not run" in text)
    assert "a cost for each order line or product" in needs
    assert "visits" in needs
    assert "failed" not in needs


def test_the_workbook_has_the_failing_rows_of_each_check(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path)
    told(book, audit.checked)
    assert {"failed_unassigned", "failed_unmatched_returns"} <= set(book.store.used)
    assert "failed_equal_lines" not in book.store.used
    amounts = read_frame(book.store.path("failed_unassigned"))["net_amount"]
    assert [float(amount) for amount in amounts] == [7.0]  # in currency, to be read
