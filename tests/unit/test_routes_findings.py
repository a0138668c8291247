"""What notebook 3 says, and where it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from unit.routes_client import SALES, Client, client, lines, tables

from segkit import routes
from segkit.exhibits import plain_text
from segkit.language import render
from segkit.routes.contacts import visited

# --- what is said --------------------------------------------------------------------------------

SECTIONS = (
    routes.answer, routes.pools, routes.whale, routes.loss_makers, routes.segments,
    routes.channels, routes.visits, routes.online, routes.to_do, routes.assumptions,
)  # fmt: skip


def told(made: Client) -> tuple[Any, str]:
    book = made.book()
    for section in SECTIONS:
        section(book)
    return book, "\n".join(plain_text(item) for item in book.items)


def titles(book: Any) -> dict[str, str]:
    return {
        item["id"]: render(item["title"] if item["type"] == "exhibit" else item["claim"])
        for item in book.items
        if item["type"] in ("exhibit", "finding")
    }


def test_every_section_is_said_and_every_sum_ties(tmp_path: Path) -> None:
    book, text = told(client(tmp_path))
    assert all(identity.holds for identity in book.identities)
    assert len(book.identities) == 5
    assert book.figures["routes.cost_to_serve"].value == 267
    assert book.figures["routes.unused_capacity"].value == 133
    assert book.figures["routes.big.cost_to_serve"].value == 78
    assert "1 of 2 customers costs more to serve than it earns, losing EUR 118" in text
    assert (
        "1 order line with EUR 90 of net revenue has no cost: its margin is not known, and it is "
        "left out of gross margin."
    ) in text
    assert "1 customer was served without any order in these months, at EUR 60" in text


def test_titles_are_short(tmp_path: Path) -> None:
    book, _ = told(client(tmp_path))
    long = {id: said for id, said in titles(book).items() if len(said.split()) > 15}
    assert long == {}


def test_a_profitable_base_is_not_told_of_losses(tmp_path: Path) -> None:
    rich = lines("A 1 2026-03-02 90000 4000 web\nB 2 2026-03-02 90000 4000 web")
    full = tables()["resources"].assign(practical_minutes=[240, 96])
    book, text = told(client(tmp_path, order_lines=rich, resources=full))
    said = titles(book)
    assert said["routes.loss_makers"] == "No customer costs more to serve than the margin it brings"
    assert said["routes.whale"] == "Hardly any customer gives back what others make"
    assert said["routes.pools"].startswith("The pools are nearly full")
    assert "surely" in text


def test_without_resources_margins_and_what_is_missing_are_said(tmp_path: Path) -> None:
    book, text = told(client(tmp_path, without=("resources", "activities")))
    assert "What it costs to serve a customer can't be said from what was given." in text
    assert (
        "Not given: resources, activities. This section would then show: the cost of serving "
        "each customer, contribution and unused capacity."
    ) in text
    assert not {"routes.cost_to_serve", "routes.contribution"} & set(book.figures)
    assert titles(book)["routes.whale"] == "Hardly any customer gives back what others make"
    assert "routes.channels" in titles(book)


def test_order_lines_alone_are_enough_for_an_answer(tmp_path: Path) -> None:
    bare = lines(SALES).assign(cost_amount=None, channel=None)
    gone = ("resources", "activities", "visits", "events")
    _, text = told(client(tmp_path, without=gone, order_lines=bare))
    assert (
        "Net revenue is EUR 380; product costs aren't given, so gross margin is not known either."
    ) in text
    assert "Order lines name no channel. With it: revenue and margin by channel." in text
    assert "Not given: visits." in text


def test_without_product_costs_contribution_is_not_said(tmp_path: Path) -> None:
    bare = lines(SALES).assign(cost_amount=None)
    book, text = told(client(tmp_path, order_lines=bare))
    assert "Product costs aren't given, so gross margin and contribution are not known." in text
    assert "routes.contribution" not in book.figures
    assert all(identity.holds for identity in book.identities)


def test_a_pool_without_records_is_called_unrecorded(tmp_path: Path) -> None:
    _, text = told(client(tmp_path, without=("visits",)))
    assert "Unrecorded is not unused. No work is recorded for: Field." in text
    assert "Never counted in the records, so without cost: Sales call, Visit." in text


def test_visits_are_set_beside_margin_before_cost_to_serve(tmp_path: Path) -> None:
    table = visited(client(tmp_path).book()).set_index("customer_id")
    assert table["visits"].to_dict() == {"A": 1, "B": 2, "C": 0}
    assert table["value"].to_dict() == {"A": 15000, "B": 500, "C": 0}
    assert table["hours"].to_dict() == {"A": 1, "B": 2, "C": 0}


def test_without_resources_customers_below_the_cost_of_goods_are_found(tmp_path: Path) -> None:
    cheap = SALES.replace("3000 2500", "3000 4500")
    gone = ("resources", "activities")
    book, text = told(client(tmp_path, without=gone, order_lines=lines(cheap)))
    assert "1 customer pays less than the goods cost: EUR 15 below" in text
    assert book.figures["routes.below_cost.loss"].value == 15
    (tmp_path / "fine").mkdir()
    _, text = told(client(tmp_path / "fine", without=gone))
    assert "Every customer pays more than the goods cost" in text


def test_a_weak_visit_log_judges_what_is_said_of_visits(tmp_path: Path) -> None:
    log = pd.DataFrame({"visits": [30, 70], "grade": ["C", "D"]})
    weak, text = told(client(_folder(tmp_path, "weak"), visit_log_quality=log))
    assert "70% of visits stand in logs that are incomplete or were written from memory" in text
    grades = {item["id"]: item["grade"] for item in weak.items if item["type"] == "exhibit"}
    assert grades["routes.visits"] == "D"
    sound, text = told(client(_folder(tmp_path, "sound"), visit_log_quality=log.assign(grade="C")))
    assert "stand in logs" not in text
    grades = {item["id"]: item["grade"] for item in sound.items if item["type"] == "exhibit"}
    assert grades["routes.visits"] == "C"


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name
