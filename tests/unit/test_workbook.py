"""The ledger: a number once, claims that hold, identities that can fail."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from segkit.engagement import Engagement, Source
from segkit.errors import ReconciliationError
from segkit.exhibits import Column, Exhibit, Finding, Note
from segkit.language import render, say
from segkit.store import Recipe, Store
from segkit.workbook import Workbook

AGREED = Engagement(
    client="Testby", as_of=date(2026, 3, 31), window_months=12, currency="PLN",
    sources={"order_lines": Source(file="x.csv")},
)  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Workbook:
    store = Store(tmp_path / ".store", AGREED, (), lambda *_: "")
    return Workbook("01-data-audit", AGREED, store, tmp_path / "run")


def test_the_window_is_half_open_and_named_by_its_first_and_last_day(book: Workbook) -> None:
    assert book.window == "2025-04-01/2026-03-31"
    assert str(book.window_text) == "1 April 2025 to 31 March 2026"


def test_the_same_figure_twice_must_be_the_same_number(book: Workbook) -> None:
    book.figure("audit.customers.active", 3, "customers")
    book.figure("audit.customers.active", 3, "customers")
    with pytest.raises(ReconciliationError) as told:
        book.figure("audit.customers.active", 4, "customers")
    assert str(told.value) == (
        "Figure audit.customers.active is 3 at first and 4 later in 01-data-audit.\n"
        "Fix: this is a mistake in segkit; please report it."
    )


def test_a_finding_may_only_speak_of_figures_in_the_ledger(book: Workbook) -> None:
    finding = Finding("x", say("True."), True, say("So."), figures=("audit.nothing",))
    with pytest.raises(ReconciliationError) as told:
        book.show(finding)
    assert str(told.value) == (
        "Finding x speaks of figures that are not in the ledger: audit.nothing.\n"
        "Fix: this is a mistake in segkit; please report it."
    )


def test_a_claim_that_does_not_hold_is_not_said(book: Workbook) -> None:
    n = book.figure("audit.customers.active", 3, "customers")
    shown = Finding(
        "few", say("{n} is many.", n=n), False, say("Celebrate."), otherwise=say("{n} is few.", n=n)
    ).as_json()
    withheld = Finding("few", say("{n} is many.", n=n), False, say("Celebrate.")).as_json()
    assert (shown["claim"]["text"], shown["so_what"]) == ("{n} is few.", None)
    assert shown["figures"] == ["audit.customers.active"]
    assert not shown["is_withheld"]
    assert withheld["is_withheld"]


def test_an_identity_compares_to_the_minor_unit(book: Workbook) -> None:
    assert book.identity("same", Decimal("10.10"), Decimal("10.1")).holds
    assert not book.identity("not", Decimal("10.10"), Decimal("10.11")).holds


def test_money_is_exact(book: Workbook) -> None:
    assert book.money(1_234_567_890_123_457) == Decimal("12345678901234.57")
    assert book.money(pd.Series([150, -25])).tolist() == [1.5, -0.25]


def test_exhibits_are_numbered_in_their_order_and_carry_null_for_not_a_number(
    book: Workbook,
) -> None:
    data = pd.DataFrame({"who": ["A", "B"], "share": [0.5, float("nan")]})
    exhibit = Exhibit(
        "x", say("A leads"), True, say("Nobody leads"), say("Share"), data,
        (Column("who", say("Customer")), Column("share", say("Share"), "share")),
        ("order_lines",), AGREED.as_of,
    )  # fmt: skip
    book.show(exhibit, exhibit)
    assert [item["number"] for item in book.items] == ["1.1", "1.2"]
    assert book.items[0]["data"]["share"] == [0.5, None]


def test_the_part_of_the_ledger_is_plain_json(book: Workbook, tmp_path: Path) -> None:
    book.figure("a.b", Decimal("1.50"), "PLN", low=float("nan"), source=["order_lines"])
    book.show(Note(say("Hello {name}.", name="<b>")))
    book.finish()
    part = json.loads((tmp_path / "run" / "parts" / "01-data-audit.json").read_text("utf-8"))
    assert part["figures"]["a.b"] == {
        "value": 1.5, "unit": "PLN", "period": "2025-04-01/2026-03-31", "n": None,
        "low": None, "high": None, "grade": "R", "source": ["order_lines"],
    }  # fmt: skip
    assert part["items"][0]["text"]["args"]["name"]["value"] == "<b>"


def test_missing_tables_become_one_sentence(book: Workbook) -> None:
    book.without("resources", "activities")
    assert book.items[0]["kind"] == "missing"
    assert render(book.items[0]["text"]) == (
        "Not given: resources, activities. This section would then show: the cost of serving each "
        "customer, contribution and unused capacity."
    )


def test_the_hash_of_a_table_changes_with_a_key_its_recipe_reads(tmp_path: Path) -> None:
    recipe = Recipe(("behaviour",), "segkit.evidence:none", keys=("window_months",))
    first = Store(tmp_path, AGREED, (recipe,), lambda *_: "")
    again = Store(tmp_path, AGREED, (recipe,), lambda *_: "")
    other = AGREED.model_copy(update={"window_months": 24})
    later = Store(tmp_path, other, (recipe,), lambda *_: "")
    inputs: dict[str, Path] = {}
    assert first._hash(recipe, inputs) == again._hash(recipe, inputs)
    assert first._hash(recipe, inputs) != later._hash(recipe, inputs)
