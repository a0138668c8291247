"""The assumption register: no judged number without a row, agreed ones count, swings are real."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from extract_folder import extract as extract
from unit.kpis_client import agreement, given, orders
from unit.routes_client import Client as RoutesClient
from unit.routes_client import client, engagement, tables

from segkit import assumptions, recipes, sources
from segkit.engagement import Assumption, Engagement, read_engagement
from segkit.evidence import agreed_range, assumed, joined, judged, register, unused
from segkit.kpis import swings as target_swings
from segkit.kpis.forecast import targets
from segkit.language import render, say
from segkit.recipes import open_store
from segkit.report.request import write_request
from segkit.report.request_contents import ASSUMPTIONS
from segkit.routes import swings as loss_swings
from segkit.workbook import Workbook

ROOT = Path(__file__).parents[2] / "segkit"
STAGES = ("audit", "behaviour", "segments", "routes", "kpis")
#: Numbers that nobody could agree otherwise: of the calendar, of the page, of the computation, of
#: privacy, or how a check looks before it weighs what it found by its limits.
FACTS = {
    "kpis/forecast.py": {"DAYS_A_MONTH"},
    "behaviour/__init__.py": {"_TOP_CHANNELS"},
    "behaviour/back.py": {"_MONTH_ENDS"},
    "behaviour/before.py": {"_LONGEST", "_SHORTEST"},
    "behaviour/counts.py": {"_QUARTER_DAYS"},
    "behaviour/features.py": {"_TOP_CATEGORIES", "_DAYS_A_MONTH"},
    "routes/costing.py": {"DRAWS"},
    "segments/buying/__init__.py": {"_MOST_CLASSES"},
    "segments/buying/classes.py": {"_STARTS", "_ROUNDS", "_CLOSE"},
    "segments/buying/findings.py": {"_FEWEST", "_DEALT"},
    "segments/buying/indicators.py": {"_DAYS_A_MONTH"},
    "segments/clusters.py": {
        "RESAMPLES", "NULLS", "_NULL_RESAMPLES", "SAMPLE", "_DRAWS", "_RIVAL_RESAMPLES",
        "_SPREADS", "_STARTS", "_NULL_STARTS", "_FURTHER",
    },
    "segments/deviating/findings.py": {"_FEWEST", "_MOST_POINTS"},
    "segments/deviating/table.py": {"_SLOPE_FREEDOM"},
    "segments/deviating/robust.py": {
        "_AT_ONCE", "_CLIPPED", "_OF_CLIPPED", "_FARTHEST", "_FEWEST_ALIKE", "_MAD_EFFICIENCY",
        "_MAD_TO_SD", "_MEAN_AD_TO_SD", "_MEDIAN_SPREAD", "_SLOPE_SPREAD", "_MOST_KNOWN",
    },
    "segments/groups/compiling.py": {"NEVER"},
    "segments/groups/grammar.py": {"LONGEST", "DEEPEST", "_DIGITS"},
    "segments/identity/findings.py": {"_SHOWN"},
    "segments/groups/micro.py": {"FEWEST", "_FEW", "_MANY"},
    "segments/groups/windows.py": {"_MOST_MONTHS"},
    "segments/intuition.py": {"_FOLDS", "_DRAWS", "_BLOCKS", "_MOST_GROUPS"},
    "segments/rules.py": {"_DEPTH", "_GROWN_ON", "_RESAMPLED_ON", "_RESAMPLES"},
    "segments/value.py": {"_NEAR"},
    "segments/findings.py": {"_FEWEST"},
    "kpis/findings.py": {"_MOST"},
    "audit/base.py": {"SLACK_DAYS", "ONE_YEAR", "TWO_YEARS"},
}  # fmt: skip


def numbers(path: Path) -> set[str]:
    """Names that a module gives to plain numbers."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                if all(map(_is_number, values)):
                    found |= {one.id for one in names if isinstance(one, ast.Name)}
    return found


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        inner = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        return all(map(_is_number, inner))
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


@pytest.mark.parametrize("stage", STAGES)
def test_no_number_without_a_row(stage):
    """A judged number is entered by `judged`; what is no judgement is in FACTS."""
    told = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / stage).rglob("*.py"))
        if "checks" not in path.parts and path.name not in _PAGES_OF_THE_AUDIT
        for name in sorted(numbers(path) - FACTS.get(path.relative_to(ROOT).as_posix(), set()))
    ]
    assert told == []


#: Of the audit: what its limits weigh is agreed under [checks]; how many rows a page draws.
_PAGES_OF_THE_AUDIT = {
    "base_findings.py", "base_cohorts.py", "bridge_findings.py", "revenue.py", "tying.py",
    "explain.py",
}  # fmt: skip


def test_the_enumeration_finds_a_plain_number(tmp_path):
    (tmp_path / "m.py").write_text("A = 0.5\nB, C = 1, -2.0\nD = 365 / 12\nE = judged('x', 1)\n")
    assert numbers(tmp_path / "m.py") == {"A", "B", "C", "D"}


# --- rows -------------------------------------------------------------------------------------


def agreed(*told: dict, **more) -> Engagement:
    return engagement(assumptions=[{"source": "CFO", **one} for one in told], **more)


def test_what_nobody_agreed_is_our_default():
    row = assumed(engagement(), "activity_minutes")
    assert (row.value, row.low, row.high, row.source) == (1.0, 0.75, 1.25, None)


def test_an_agreed_value_moves_the_range_that_was_not_agreed():
    told = agreed({"id": "activity_minutes", "value": 2, "high": 2.2, "owner": "Anna",
                   "date": "2026-03-01", "text": "Timed in {May}"})  # fmt: skip
    row = assumed(told, "activity_minutes")
    assert (row.value, row.low, row.high) == (2.0, 1.5, 2.2)
    assert (row.source, row.owner, row.day) == ("CFO", "Anna", date(2026, 3, 1))
    assert str(row.text) == "Timed in {May}"
    assert agreed_range(told, "activity_minutes") == (2.0, 1.5, 2.2)


def test_a_rule_of_the_method_is_not_agreed_by_a_client():
    told = agreed({"id": "routes_sure", "value": 0.5}, {"id": "discount_rate", "value": 0.1})
    assert assumed(told, "routes.sure").value == 0.9
    assert unused(told) == ["routes_sure", "discount_rate"]


def test_two_assumptions_have_two_names():
    with pytest.raises(ValueError, match="two assumptions are called activity_minutes"):
        judged("activity_minutes", 3.0, 1, 5, "times", say("Another"))


def test_what_can_be_agreed_comes_first():
    rows = register(engagement())
    asked = [row.is_asked for row in rows]
    assert asked == sorted(asked, reverse=True)
    assert {row.id for row in rows if row.is_asked} == {id for id, *_ in ASSUMPTIONS}


def test_the_request_says_what_is_used_where_nothing_is_agreed():
    for id, usual, *_ in ASSUMPTIONS:
        assert usual == "" or float(usual) == assumed(engagement(), id).value


def test_every_unit_has_its_word():
    assumptions.everything(_book(engagement()))  # which loads all stages
    units = {row.unit for row in register(engagement())}
    assert {"share", "visits", "deviations"} <= units <= {*assumptions.PLAIN, *assumptions.UNITS}


def test_an_assumption_that_nothing_rests_on_has_no_row(tmp_path):
    costed, bare = client(tmp_path), page("order_lines", 1, 1)
    costed.recipes = ()
    rows = {row.id for row in assumptions.everything(costed.book())}
    assert {"activity_minutes", "routes.often", "silent_gaps"} <= rows
    rows = {row.id for row in assumptions.everything(bare)}
    assert "silent_gaps" in rows
    assert not {"activity_minutes", "routes.often", "audit.said_differs"} & rows


def _book(told: Engagement) -> Workbook:
    store = replace(open_store(engagement()), engagement=told)
    return Workbook("09-assumptions", told, store)


# --- the client's sheet -----------------------------------------------------------------------


def test_the_engagement_file_counts_where_the_sheet_names_the_same():
    file = [Assumption(id="a", value=Decimal(1), source="file")]
    sheet = [
        {"id": "a", "value": Decimal(2), "source": None, "low": float("nan"), "date": pd.NaT},
        {"id": "Kapitał własny", "value": Decimal(3), "source": None, "date": None},
    ]
    told = joined(file, sheet)
    assert [(one.id, one.value, one.source) for one in told] == [
        ("a", 1, "file"), ("kapital_wlasny", 3, ""),
    ]  # fmt: skip


RESOURCES = (
    "pool;cost;practical_minutes;period_start;period_end\nP;1000;600;2026-03-01;2026-03-31\n"
)
ACTIVITIES = "activity;pool;minutes;driver\nOrder;P;60;order\n"
LINES = (
    "order_id;order_date;customer_id;product_id;quantity;net_amount;cost_amount\n"
    "1;2026-03-05;A;P;1;500;100\n2;2026-03-06;B;P;1;90;80\n"
)
SOURCES = (
    "".join(
        f'[sources.{name}]\nfile = "{name}.csv"\n'
        for name in ("order_lines", "resources", "activities")
    )
    + '[sources.assumptions]\nfile = "request.xlsx"\nsheet = "Antagelser"\n'
)


def costed(extract, monkeypatch, value: float, file: str = "") -> recipes.Store:
    """The store of a client that filled in the minutes of its activities."""
    monkeypatch.setenv("SEGKIT_REPORTS", str(extract.folder / "reports"))
    for name, text in (
        ("order_lines", LINES),
        ("resources", RESOURCES),
        ("activities", ACTIVITIES),
    ):
        extract.write(f"{name}.csv", text)
    path = write_request("da", extract.folder / "request.xlsx")
    book = openpyxl.load_workbook(path)
    book["Antagelser"].cell(7, 2, value)
    book.save(path)
    extract.agree(SOURCES + file)
    return open_store(read_engagement(extract.folder))


def test_a_changed_sheet_remakes_the_tables_that_depend_on_it_and_no_other(extract, monkeypatch):
    first = costed(extract, monkeypatch, 1.0)
    before = {name: first.path(name) for name in ("order_lines", "cost_to_serve")}
    assert first.frame("cost_to_serve")["minutes"].sum() == 120
    second = costed(extract, monkeypatch, 1.5)
    assert second.frame("cost_to_serve")["minutes"].sum() == 180
    assert second.path("order_lines") == before["order_lines"]
    assert second.path("cost_to_serve") != before["cost_to_serve"]


def test_an_overruled_row_of_the_sheet_is_told_in_a_sentence(extract, monkeypatch):
    ours = '[[assumptions]]\nid = "activity_minutes"\nvalue = 2\nsource = "interview"\n'
    store = costed(extract, monkeypatch, 1.5, ours)
    assert store.frame("cost_to_serve")["minutes"].sum() == 240
    told = [str(one) for one in sources.check(store.engagement, store).warnings]
    assert told == [
        "Assumption “activity_minutes”: 1.50 in the client's sheet and 2 in the engagement file, "
        "which counts."
    ]
    agrees = costed(extract, monkeypatch, 2.0, ours)
    assert sources.check(agrees.engagement, agrees).warnings == ()


# --- swings -----------------------------------------------------------------------------------


def lost(made: RoutesClient) -> int:
    """What loss-making customers lose, from the contribution that the recipe made."""
    table = made.frame("contribution")
    known = table[table["customer_id"].notna() & (table["lines"] > 0)]
    return int(-known["contribution"].dropna().clip(upper=0).sum())


def test_a_swing_is_what_the_whole_calculation_gives_with_other_minutes(tmp_path):
    """Spreading every pool anew at the end of the range gives the same loss, to rounding."""
    rows = loss_swings.swings(client(tmp_path).given()).set_index("id")
    for name, edge in (("at_low", 0.75), ("at_value", 1.0), ("at_high", 1.25)):
        (tmp_path / name).mkdir()
        told = agreed({"id": "activity_minutes", "value": edge}, window_months=1)
        again = lost(RoutesClient(tmp_path / name, told, tables()))
        assert abs(rows.loc["activity_minutes", name] - again) <= 2
    assert rows.loc["activity_minutes", "at_low"] < rows.loc["activity_minutes", "at_high"]


def test_one_activity_is_moved_alone(tmp_path):
    rows = loss_swings.swings(client(tmp_path).given()).set_index("id")
    other = tables()["activities"].assign(minutes=[75, 10, 5, 20, 15])
    (tmp_path / "again").mkdir()
    again = lost(client(tmp_path / "again", activities=other))
    assert abs(rows.loc["minutes.Field.Visit", "at_high"] - again) <= 2
    assert (
        rows.loc["minutes.Office.Picking", "at_high"] != rows.loc["minutes.Field.Visit", "at_high"]
    )


def test_capacity_that_nobody_agreed_has_no_range(tmp_path):
    rows = loss_swings.swings(client(tmp_path).given()).set_index("id")
    row = rows.loc["practical_capacity"]
    assert row["at_low"] == row["at_value"] == row["at_high"]


def test_the_targets_swing_is_what_the_recipe_gives(tmp_path):
    rng = np.random.default_rng(7)
    days = pd.date_range("2024-01-05", "2026-03-20", freq="9D")
    lines = [
        (f"C{n:02d}", f"O{n}-{place}", f"{day:%Y-%m-%d}", int(rng.integers(500, 9000)))
        for n in range(60)
        for place, day in enumerate(days)
        if not (n % 2 and day >= pd.Timestamp("2026-01-10")) and rng.random() < 0.8
        and not (n % 3 == 0 and pd.Timestamp("2024-12-01") < day < pd.Timestamp("2025-05-01"))
    ]  # fmt: skip
    told = agreement(window_months=24)
    known = given(tmp_path, told, order_lines=orders(*lines))
    rows = target_swings.swings(known).set_index("id")
    assert rows["at_value"].unique().tolist() == [targets(known)["target"].sum()]
    for name, edge in (("at_low", 1.5), ("at_high", 3.0)):
        moved = agreement(window_months=24, assumptions=[
            {"id": "silent_gaps", "value": edge, "source": "CFO"}
        ])  # fmt: skip
        whole = targets(replace(known, engagement=moved))["target"].sum()
        assert rows.loc["silent_gaps", name] == whole


# --- the page ---------------------------------------------------------------------------------


def page(table: str, at_low: float, at_high: float) -> Workbook:
    """The page of a client whose headline has one assumption."""

    class Store:
        recipes = ()

        def has(self, name):
            return name == table

        def frame(self, name):
            texts = [say("Minutes of one activity: {activity}", activity="Visit")]
            return pd.DataFrame(
                {"id": ["minutes.P.Visit"], "text": texts, "value": 10.0, "low": 8.0,
                 "high": 12.0, "unit": "minutes", "at_value": 100_00.0, "at_low": at_low * 100,
                 "at_high": at_high * 100}
            )  # fmt: skip

    told = engagement()
    book = Workbook("09-assumptions", told, Store())
    assumptions.tornado(book)
    return book


@pytest.mark.parametrize(
    ("table", "low", "high", "claim"),
    [
        ("loss_swings", 80, 130,
         "Loss-making customers lose between EUR 80 and EUR 130, depending on one assumption"),
        ("loss_swings", 96, 104,
         "What loss-making customers lose hardly depends on one assumption"),
        ("target_swings", 130, 120,
         "The target is between EUR 100 and EUR 130, depending on one assumption"),
        ("target_swings", 100, 100, "The target hardly depends on one assumption"),
    ],
)  # fmt: skip
def test_the_headline_is_told_with_its_range_or_as_steady(table, low, high, claim):
    book = page(table, low, high)
    [finding] = [one for one in book.items if one["type"] == "finding"]
    assert render(finding["claim"]) == claim
    assert len([one for one in book.items if one["type"] == "exhibit"]) == int(low != high)


def test_the_answer_says_no_range_where_it_hardly_matters():
    told = []
    for low, high in ((50, 150), (99, 101)):
        book = page("loss_swings", low, high)
        assumptions.answer(book)
        told.append(render(book.items[-1]["sentences"][1]))
    assert told == [
        "Loss-making customers lose between EUR 50 and EUR 150, depending on one assumption.",
        "What loss-making customers lose hardly depends on one assumption.",
    ]


def test_the_activity_that_moves_it_most_is_to_be_timed():
    [finding] = [one for one in page("loss_swings", 50, 150).items if one["type"] == "finding"]
    assert render(finding["action"]) == (
        "Time one activity for a week, the one that moves it most: Visit"
    )


def test_without_costs_and_targets_nothing_is_moved():
    book = page("nothing", 1, 2)
    assert [render(one["text"]) for one in book.items] == [
        "No amount here rests on an assumption that could be moved."
    ]
