"""The contract, and the page that is generated from it."""

from __future__ import annotations

from pathlib import Path

from segkit.tables import CONTRACTS, ENGINE_TYPES, as_markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_contract_tables_says_what_the_code_says() -> None:
    assert (DOCS / "tables.md").read_text("utf-8") == as_markdown()


def test_every_key_is_a_column_that_must_be_given() -> None:
    for table in CONTRACTS.values():
        assert set(table.key) <= set(table.required), table.name


def test_identifiers_are_text_and_amounts_are_whole_minor_units() -> None:
    for table in CONTRACTS.values():
        for column in table.columns:
            if column.name.endswith("_id"):
                assert ENGINE_TYPES[column.kind] == "VARCHAR", f"{table.name}.{column.name}"
            if column.name.endswith("_amount") or column.name in ("cost", "amount", "quota"):
                assert ENGINE_TYPES[column.kind] == "BIGINT", f"{table.name}.{column.name}"
