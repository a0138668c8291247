"""What each column of the behaviour table means, said in one place."""

from __future__ import annotations

from pathlib import Path

from segkit.measures import BEGIN, END, MEASURES, as_markdown, measure, present
from segkit.recipes import RECIPES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_in_the_methods_is_the_one_of_the_code() -> None:
    page = (DOCS / "methods.md").read_text("utf-8")
    assert page.split(f"{BEGIN}\n\n")[1].split(f"\n{END}")[0] == as_markdown()


def test_each_column_and_each_label_is_told_once() -> None:
    assert len({one.column for one in MEASURES}) == len(MEASURES)
    assert len({one.label.text for one in MEASURES}) == len(MEASURES)
    assert len({one.definition.text for one in MEASURES}) == len(MEASURES)


def test_sources_are_tables_that_behaviour_is_made_from() -> None:
    recipe = next(one for one in RECIPES if "behaviour" in one.makes)
    tables = {*recipe.needs, *recipe.may_use}
    assert {name for one in MEASURES for name in one.sources} <= tables


def test_a_share_belongs_to_its_family() -> None:
    found = measure("share_category_hair_colour")
    assert found is not None and found.is_family and found.column == "share_category_*"
    assert measure("customer_id") is None


def test_only_what_is_there_is_told_in_its_order() -> None:
    columns = ["share_channel_web", "orders", "net_revenue", "share_channel_edi", "customer_id"]
    told = [one.column for one in present(columns)]
    assert told == ["net_revenue", "orders", "share_channel_*"]
