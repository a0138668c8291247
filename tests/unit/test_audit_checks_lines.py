"""Each check of the order lines and of the products fires on what it is about, and only on that."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from checks_client import found, lines

from segkit.audit.checks import lines as checks
from segkit.audit.checks import products
from segkit.audit.checks.framework import Check

USUAL = [(f"u{n}", "2025-03-01", f"c{n % 7}", "p", 2.0, 2_000 + n) for n in range(40)]


def test_lines_without_a_customer_are_counted_in_the_window_only(tmp_path: Path) -> None:
    given = lines(
        ("1", "2025-02-01", None, "p", 1.0, 700),
        ("2", "2024-02-01", None, "p", 1.0, 900),
        ("3", "2025-02-01", "a", "p", 1.0, 9_300),
    )
    told = found(checks.UNASSIGNED, tmp_path, given)
    assert (told.severity, told.rows, told.money, told.share) == ("changes", 1, 700, 0.07)
    assert found(checks.UNASSIGNED, tmp_path, given[2:]).severity == "passes"


def test_a_line_of_nothing_is_told_with_the_orders_of_nothing_else(tmp_path: Path) -> None:
    given = lines(
        ("1", "2025-02-01", "a", "p", 1.0, 0),
        ("1", "2025-02-01", "a", "q", 1.0, 500),
        ("2", "2025-02-01", "a", "p", 1.0, 0),
    )
    told = found(checks.WITHOUT_VALUE, tmp_path, given)
    assert (told.rows, told.figures["effect"]) == (2, 1)
    assert found(checks.WITHOUT_VALUE, tmp_path, given[1:2]).severity == "passes"


def test_the_second_of_equal_lines_is_a_repeat_and_other_quantities_are_not(tmp_path: Path) -> None:
    line = ("1", "2025-02-01", "a", "p", 1.0, 500)
    told = found(checks.EQUAL_LINES, tmp_path, lines(line, line, line))
    assert (told.rows, told.money) == (2, 1_000)
    assert told.failing["copy"].tolist() == [2, 3]
    other = ("1", "2025-02-01", "a", "p", 2.0, 500)
    assert found(checks.EQUAL_LINES, tmp_path, lines(line, other)).severity == "passes"


def test_a_line_is_equal_only_with_the_same_number_of_line(tmp_path: Path) -> None:
    line = ("1", "2025-02-01", "a", "p", 1.0, 500)
    given = lines((*line, "1"), (*line, "2"), columns="line_no")
    assert found(checks.EQUAL_LINES, tmp_path, given).severity == "passes"


def test_an_order_entered_under_two_numbers_is_found_whatever_the_order_of_its_lines(
    tmp_path: Path,
) -> None:
    given = lines(
        ("7", "2025-02-01", "a", "p", 1.0, 500),
        ("7", "2025-02-01", "a", "q", 3.0, 800),
        ("9", "2025-02-01", "a", "q", 3.0, 800),
        ("9", "2025-02-01", "a", "p", 1.0, 500),
    )
    told = found(checks.REPEATED_ORDERS, tmp_path, given)
    assert told.failing[["order_id", "repeats"]].values.tolist() == [["9", "7"]]
    assert told.money == 1_300
    assert told.claim == "1 order, worth 1,300, repeats another of the same customer and day"


def test_an_order_number_of_two_customers_is_told(tmp_path: Path) -> None:
    sold = lines(
        ("1", "2025-02-01", "a", "p", 1.0, 300), ("1", "2025-03-01", "b", "p", 1.0, 200),
        ("2", "2025-03-01", "b", "p", 1.0, 500), ("2", "2025-03-01", None, "p", 1.0, 7),
    )  # fmt: skip
    told = found(checks.SHARED_ORDERS, tmp_path, sold)
    assert told.failing[["order_id", "customers"]].to_numpy().tolist() == [["1", 2]]
    assert (told.money, told.figures["effect"], told.severity) == (500, 1, "changes")
    assert told.claim == "1 order number is shared by several customers"
    assert found(checks.SHARED_ORDERS, tmp_path, sold[1:]).severity == "passes"


@pytest.mark.parametrize(
    "second",
    [
        ("9", "2025-02-02", "a", "p", 1.0, 500),
        ("9", "2025-02-01", "b", "p", 1.0, 500),
        ("9", "2025-02-01", "a", "q", 1.0, 500),
        ("9", "2025-02-01", "a", "p", 2.0, 500),
        ("9", "2025-02-01", "a", "p", 1.0, 501),
    ],
)
def test_another_day_customer_product_quantity_or_amount_is_another_order(
    tmp_path: Path, second: tuple[str, str, str, str, float, int]
) -> None:
    given = lines(("7", "2025-02-01", "a", "p", 1.0, 500), second)
    assert found(checks.REPEATED_ORDERS, tmp_path, given).severity == "passes"


# --- returns --------------------------------------------------------------------------------


def originals(folder: Path, *rows: tuple[object, ...]) -> dict[str, float]:
    """How much of what was taken back is matched, and how much is not."""
    told = found(checks.UNMATCHED_RETURNS, folder, lines(*rows, columns="original_order_id"))
    return {"matched": told.figures.get("matched", 0), "not": told.money}


SOLD = ("1", "2025-02-01", "a", "p", 2.0, 800, None)
BACK = ("2", "2025-03-05", "a", "p", -2.0, -800, None)
OTHER = ("8", "2025-04-01", "z", "p", -1.0, -1, None)  # always without an order


def test_a_return_is_matched_with_the_nearest_order_before_it(tmp_path: Path) -> None:
    nearer = ("3", "2025-02-20", "a", "p", 2.0, 800, None)
    told = found(
        checks.UNMATCHED_RETURNS, tmp_path,
        lines(SOLD, nearer, BACK, OTHER, columns="original_order_id"),
    )  # fmt: skip
    assert (told.figures["matched"], told.figures["lag"], told.money) == (800, 13, 1)
    assert told.figures["effect"] == 800  # taken back in March, sold in February


def test_a_return_that_names_its_order_needs_no_equal_line(tmp_path: Path) -> None:
    named = ("2", "2025-03-05", "a", "p", -1.0, -390, "1")
    assert originals(tmp_path, SOLD, named, OTHER) == {"matched": 390, "not": 1}


@pytest.mark.parametrize(
    "sold",
    [
        ("1", "2025-03-06", "a", "p", 2.0, 800, None),  # after the return
        ("1", "2025-02-01", "b", "p", 2.0, 800, None),
        ("1", "2025-02-01", "a", "q", 2.0, 800, None),
        ("1", "2025-02-01", "a", "p", 1.0, 800, None),
        ("1", "2025-02-01", "a", "p", 2.0, 801, None),
    ],
)
def test_what_does_not_fit_is_not_matched(tmp_path: Path, sold: tuple[object, ...]) -> None:
    assert originals(tmp_path, sold, BACK) == {"matched": 0, "not": 800}


@pytest.mark.parametrize(
    ("back", "matched"),
    [
        ((-1.0, -400), 400),  # one of two, at the same price
        ((-1.0, -401), 401),  # rounded
        ((-1.0, -350), 0),
        ((-3.0, -1200), 0),  # more than was sold
    ],
)
def test_a_part_that_came_back_is_matched_at_its_price(
    tmp_path: Path, back: tuple[float, int], matched: int
) -> None:
    part = ("2", "2025-03-05", "a", "p", *back, None)
    told = originals(tmp_path, SOLD, part, OTHER)
    assert told == {"matched": matched, "not": 1 - back[1] - matched}


def test_a_line_that_came_back_whole_comes_back_in_no_parts(tmp_path: Path) -> None:
    part = ("4", "2025-03-09", "a", "p", -1.0, -400, None)
    assert originals(tmp_path, SOLD, BACK, part) == {"matched": 800, "not": 400}


def test_between_two_orders_of_one_day_nothing_is_guessed(tmp_path: Path) -> None:
    twin = ("3", *SOLD[1:])
    assert originals(tmp_path, SOLD, twin, BACK) == {"matched": 0, "not": 800}


def test_one_line_is_taken_back_once(tmp_path: Path) -> None:
    again = ("4", "2025-03-09", *BACK[2:])
    assert originals(tmp_path, SOLD, BACK, again) == {"matched": 800, "not": 800}


def test_without_returns_the_check_cannot_run(tmp_path: Path) -> None:
    assert found(checks.UNMATCHED_RETURNS, tmp_path, lines(SOLD[:6])).severity == "missing"


# --- projects -------------------------------------------------------------------------------


def orders(*amounts: int, who: str = "a") -> list[tuple[object, ...]]:
    return [
        (f"{who}{n}", f"2025-{n + 1:02d}-01", who, "p", 1.0, amount)
        for n, amount in enumerate(amounts)
    ]


#: Orders between 900 and 1,100 of many customers: what is usual.
BASE = [row for n in range(20) for row in orders(900, 1_000, 1_000, 1_100, 950, who=f"x{n}")]


@pytest.mark.parametrize(
    ("amounts", "is_found"),
    [
        ((1_000, 900, 1_100, 950, 90_000), True),
        ((1_000, 900, 1_100, 950, 9_000), False),  # not ten times the usual
        ((1_000, 900, 1_100, 80_000, 90_000), False),  # repeated
        ((90_000, 80_000, 90_000, 95_000, 91_000), False),  # usual for this one
        ((1_000, 90_000), False),  # too few to know what is usual
    ],
)
def test_an_order_far_above_the_usual_and_never_repeated_is_a_project(
    tmp_path: Path, amounts: tuple[int, ...], is_found: bool
) -> None:
    told = found(checks.ONE_OFF, tmp_path, lines(*BASE, *orders(*amounts)))
    assert (told.failing["order_id"].tolist() == ["a4"]) is is_found
    assert (told.rows > 0) is is_found


# --- products -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "check", "factor"),
    [
        (100_000, products.WRONG_MARK, 100),
        (10_100, products.WRONG_MARK, 10),
        (10, products.WRONG_MARK, 0.01),
        (4_500, products.FAR_PRICE, None),
        (300, products.FAR_PRICE, None),
    ],
)
def test_a_price_far_off_is_told_with_its_pattern(
    tmp_path: Path, price: int, check: Check, factor: float | None
) -> None:
    told = found(check, tmp_path, lines(*USUAL, ("x", "2025-04-01", "a", "p", 3.0, 3 * price)))
    assert told.failing["order_id"].tolist() == ["x"]
    if factor:
        assert told.failing["factor"].tolist() == [factor]
        assert told.figures["effect"] == round(3 * price / factor) - 3 * price
    other = products.FAR_PRICE if factor else products.WRONG_MARK
    given = lines(*USUAL, ("x", "2025-04-01", "a", "p", 3.0, 3 * price))
    assert found(other, tmp_path, given).severity == "passes"


@pytest.mark.parametrize("price", [800, 1_000, 1_300, 2_500])
def test_a_price_within_three_times_the_usual_is_no_fault(tmp_path: Path, price: int) -> None:
    given = lines(*USUAL, ("x", "2025-04-01", "a", "p", 3.0, 3 * price))
    for check in (products.WRONG_MARK, products.FAR_PRICE):
        assert found(check, tmp_path, given).severity == "passes"


def test_few_lines_of_a_product_say_nothing_of_its_price(tmp_path: Path) -> None:
    given = lines(*USUAL[:10], ("x", "2025-04-01", "a", "p", 3.0, 300_000))
    assert found(products.WRONG_MARK, tmp_path, given).severity == "passes"


def test_a_product_sold_by_piece_and_by_pallet_has_two_usual_prices(tmp_path: Path) -> None:
    pallets = [(f"b{n}", "2025-03-01", "c", "p", 1.0, 100_000 + n) for n in range(30)]
    given = lines(*USUAL, *pallets).assign(unit=["piece"] * 40 + ["pallet"] * 30)
    assert found(products.WRONG_MARK, tmp_path, given).severity == "passes"
    assert found(products.WRONG_MARK, tmp_path, given.assign(unit=None)).rows == 30


def test_a_quantity_far_above_the_usual_is_told(tmp_path: Path) -> None:
    given = lines(*USUAL, ("x", "2025-04-01", "a", "p", 900.0, 900_000))
    told = found(products.FAR_QUANTITY, tmp_path, given)
    assert told.failing["order_id"].tolist() == ["x"]
    usual = lines(*USUAL, ("x", "2025-04-01", "a", "p", 30.0, 30_000))
    assert found(products.FAR_QUANTITY, tmp_path, usual).severity == "passes"


def test_a_cost_far_off_is_told_with_what_it_does_to_the_margin(tmp_path: Path) -> None:
    costed = [(*row, 1_200) for row in USUAL]
    given = lines(*costed, ("x", "2025-04-01", "a", "p", 2.0, 2_000, 12_000), columns="cost_amount")
    told = found(products.FAR_COST, tmp_path, given)
    assert told.failing["order_id"].tolist() == ["x"]
    assert told.figures["effect"] == pytest.approx(10_800, rel=0.01)


def test_what_is_sold_below_cost_is_the_money_lost(tmp_path: Path) -> None:
    given = lines(
        ("1", "2025-02-01", "a", "p", 2.0, 1_000, 1_300),
        ("2", "2025-02-01", "a", "p", 2.0, 1_000, 1_000),
        columns="cost_amount",
    )
    told = found(products.BELOW_COST, tmp_path, given)
    assert (told.rows, told.money, told.figures["effect"]) == (1, 300, 0.15)
    assert found(products.BELOW_COST, tmp_path, given[1:]).severity == "passes"


def test_a_cost_of_the_product_stands_in_for_one_of_the_line(tmp_path: Path) -> None:
    listed = pd.DataFrame({"product_id": ["p"], "name": ["P"], "unit_cost": [6.5]})
    given = lines(("1", "2025-02-01", "a", "p", 2.0, 1_000))
    assert found(products.BELOW_COST, tmp_path, given, listed_products=listed).money == 300
    assert found(products.BELOW_COST, tmp_path, given).severity == "missing"


def test_products_that_are_sold_but_not_listed_are_told(tmp_path: Path) -> None:
    listed = pd.DataFrame({"product_id": ["p"], "name": ["P"]})
    given = lines(
        ("1", "2025-02-01", "a", "p", 2.0, 1_000),
        ("2", "2025-02-01", "a", "q", 2.0, 400),
        ("3", "2025-02-01", "a", "unknown", 2.0, 100),
    )
    told = found(products.UNLISTED_PRODUCT, tmp_path, given, listed_products=listed)
    assert told.failing["product_id"].tolist() == ["q"]
    assert found(products.UNKNOWN_PRODUCT, tmp_path, given).money == 100
    assert found(products.UNLISTED_PRODUCT, tmp_path, given).missing == "listed_products"
