"""A report compared with the one before it: late rows, a restated month, a customer who is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from minimal_client import write_lines

from segkit import flow

MINIMAL = Path(__file__).parents[1] / "engagements" / "minimal"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The ledger of June, compared with March; five old lines were raised, ten are gone."""
    folder = tmp_path_factory.mktemp("against")
    client = folder / "client"
    shutil.copytree(MINIMAL, client)
    write_lines(client / "sales.csv")
    lines = pd.read_csv(client / "sales.csv", dtype=str)
    agreed = (client / "engagement.toml").read_text("utf-8")
    lines[lines["Invoiced"] <= "2025-03-31"].to_csv(client / "sales.csv", index=False)
    (client / "engagement.toml").write_text(agreed.replace("2025-06-30", "2025-03-31"), "utf-8")
    flow.run(client, folder / "reports" / "march", jobs=1)
    october = lines.index[lines["Invoiced"].str.startswith("2024-10")]
    lines.loc[october[:5], "Value"] = "99999.00"
    lines = lines.drop(october[5:15])
    lines = lines[lines["Account"] != _quiet(lines)]
    lines.to_csv(client / "sales.csv", index=False)
    (client / "engagement.toml").write_text(agreed, "utf-8")
    index = flow.run(client, folder / "reports" / "june", against="march", jobs=1)
    ledger = json.loads((index.parent / "run" / "ledger.json").read_text("utf-8"))
    return {"folder": index.parent, **ledger}


def _quiet(lines: pd.DataFrame) -> str:
    """The first customer whose only order is before April, and not in October."""
    first = lines.groupby("Account")["Invoiced"].agg(["min", "max"])
    kept = first[(first["max"] <= "2025-03-31") & (first["min"] == first["max"])]
    return str(kept[~kept["min"].str.startswith("2024-10")].index[0])


def _figure(compared: dict, id: str) -> object:
    return compared["figures"][f"changes.{id}"]["value"]


def test_the_page_is_made_beside_the_others_and_linked(compared) -> None:
    folder = compared["folder"]
    assert (folder / "90-what-changed.pdf").is_file()
    assert 'href="90-what-changed.html"' in (folder / "index.html").read_text("utf-8")


def test_rows_that_are_gone_are_counted_to_the_row(compared) -> None:
    lines = pd.read_csv(compared["folder"].parents[1] / "client" / "sales.csv")
    assert len(lines) == compared["figures"]["audit.order_lines.rows_read"]["value"]
    # five raised, ten dropped, and the lines of the customer who is gone
    assert 15 < _figure(compared, "rows.gone") < 20


def test_the_restated_month_is_the_one_that_was_changed(compared) -> None:
    assert _figure(compared, "months.restated") in (1, 2)  # the gone customer's own month too
    shown = next(one for one in compared["exhibits"] if one["id"] == "changes.months")
    assert "2024-10-01" in shown["data"]["month"]
    assert _figure(compared, "months.largest") > 490_000


def test_a_customer_in_no_file_any_more_is_named_as_gone(compared) -> None:
    assert _figure(compared, "customers.gone") == 1
    told = next(one for one in compared["findings"] if one["id"] == "changes.customers_gone")
    assert told["holds"]


def test_figures_moved_and_most_did_not(compared) -> None:
    assert 0 < _figure(compared, "figures.moved") < len(compared["figures"]) / 2
