"""The audit of the customer base: deciles, two periods, cohorts, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from audit_client import LINES, open_small, told
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit
from segkit import audit
from segkit.audit import base
from segkit.language import render
from segkit.workbook import Workbook


def customers(profits: Sequence[int], ids: Sequence[object] = ()) -> pd.DataFrame:
    """One order each, spend twice the profit."""
    ids = ids or [f"c{n:03d}" for n in range(len(profits))]
    table = pd.DataFrame({"customer_id": ids, "orders": 1, "profit": list(profits)})
    return table.assign(spend=2 * table["profit"])


# --- periods --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "months", "start"),
    [
        (date(2023, 5, 1), 12, date(2024, 12, 31)),
        (date(2024, 1, 7), 12, date(2024, 12, 31)),  # a week late is still a year
        (date(2024, 1, 10), 11, date(2025, 1, 31)),
        (date(2025, 1, 5), 6, date(2025, 6, 30)),
        (date(2025, 11, 1), 1, date(2025, 11, 30)),
        (date(2025, 11, 10), 0, date(2025, 11, 9)),
    ],
)
def test_the_longest_two_equal_periods(first: date, months: int, start: date) -> None:
    at = base.periods(first, date(2025, 12, 31))
    assert (at.months, at.start) == (months, start)


# --- one period -----------------------------------------------------------------------------


def test_deciles_follow_the_formula() -> None:
    table = customers(range(23, 0, -1))
    assert base.deciles(table).tolist() == [10 * (rank - 1) // 23 + 1 for rank in range(1, 24)]
    assert base.deciles(customers([3, 2, 1])).tolist() == [1, 4, 7]


def test_equal_customers_stand_by_id_whatever_their_order() -> None:
    table = customers([5] * 10, list("jihgfedcba"))
    assert dict(zip(table["customer_id"], base.deciles(table), strict=True)) == {
        name: place for place, name in enumerate("abcdefghij", start=1)
    }


def test_who_loses_money_stands_last() -> None:
    assert base.deciles(customers([0, -5, 7, 3, 1, 9, 2, 4, 6, 8])).tolist() == [
        9, 10, 3, 6, 8, 1, 7, 5, 4, 2,
    ]  # fmt: skip


def test_the_tenths_of_profit_by_hand() -> None:
    """100 in all: 30 crosses the first and second tenth, 25 the third to fifth …, −10 is last."""
    profit = pd.Series([30, 25, 20, 15, 12, 8, -10])
    cuts = base.cutoffs(profit)
    assert cuts == [30, 30, 25, 25, 25, 20, 20, 15, 12]
    assert base.profit_deciles(profit, cuts).tolist() == [3, 6, 8, 9, 10, 10, 10]


def test_whoever_crosses_a_tenth_stands_in_the_next_with_all_like_it() -> None:
    profit = pd.Series([10, *[1] * 90])
    cuts = base.cutoffs(profit)
    assert cuts == [1] * 9  # the first brings exactly a tenth, the next one crosses it
    assert base.profit_deciles(profit, cuts).tolist() == [1, *[10] * 90]


def test_no_tenths_of_a_loss() -> None:
    assert base.cutoffs(pd.Series([5, -7])) == []
    assert base.profit_deciles(pd.Series([5, -7]), []).tolist() == [1, 1]


def test_a_step_holds_its_upper_end_and_the_first_its_lower_one_too() -> None:
    values = pd.Series([0, 0, 25, 25.01, 50, 75, 75.5, 100, 100.01, 6695])
    told = base.distribution(values, 25, 100)
    assert told["low"].tolist() == [0, 25, 50, 75, 100]
    assert told["high"].tolist()[:-1] == [25, 50, 75, 100]
    assert told["customers"].tolist() == [3, 2, 1, 2, 2]
    assert told["customers_share"].sum() == 1


def test_who_loses_money_has_a_step_of_its_own() -> None:
    values = pd.Series([-652, -0.01, 0, 25, 26, 3347])
    assert base.distribution(values, 25, 50, below=0)["customers"].tolist() == [2, 2, 1, 1]
    assert base.distribution(values, 25, 50)["customers"].tolist() == [4, 1, 1]
    assert len(base.distribution(values, 25, 1000)) == 41  # as the book draws it


@settings(max_examples=40)
@given(st.lists(st.floats(0.01, 10**7), min_size=1, max_size=50))
def test_steps_are_round_and_few_customers_are_beyond_them(values: list[float]) -> None:
    series = pd.Series(values)
    width, above = base.steps(series)
    told = base.distribution(series, width, above)
    assert 1 < len(told) <= 17
    assert told["customers"].sum() == len(values)
    assert 20 * told["customers"].iloc[-1] <= len(values)


PROFITS = st.lists(st.integers(-1000, 10**6), min_size=1, max_size=60)


@settings(max_examples=40)
@given(PROFITS)
def test_tenths_hold_everyone_and_all_profit(profits: list[int]) -> None:
    table = customers(profits)
    for decile in (
        base.deciles(table),
        base.profit_deciles(table["profit"], base.cutoffs(table["profit"])),
    ):
        told = base.decile_table(table, decile)
        assert told["customers"].sum() == len(profits)
        assert told["profit"].sum() == sum(profits)
        best = table.assign(decile=decile).groupby("decile")["profit"]
        assert (best.min().iloc[:-1].to_numpy() >= best.max().iloc[1:].to_numpy()).all()


@settings(max_examples=40)
@given(PROFITS)
def test_no_tenth_of_profit_but_the_last_ends_above_its_share(profits: list[int]) -> None:
    profit = pd.Series(profits)
    cuts = base.cutoffs(profit)
    decile = base.profit_deciles(profit, cuts)
    for tenth in range(1, 10 if cuts else 1):
        assert 10 * profit[decile <= tenth].sum() <= tenth * profit.sum()


def test_factors_multiply_to_the_profit() -> None:
    sums = pd.DataFrame({"customers": [4], "orders": [10], "spend": [500], "profit": [100]})
    row = base.factors(sums).iloc[0]
    assert (row["frequency"], row["value"], row["margin"]) == (2.5, 50, 0.2)
    assert row["customers"] * row["frequency"] * row["value"] * row["margin"] == 100
    empty = base.factors(sums.assign(orders=0, spend=0)).iloc[0]
    assert empty[["value", "margin"]].isna().all()


# --- two periods ----------------------------------------------------------------------------

SUMS = st.tuples(st.integers(0, 5), st.integers(-50, 500), st.integers(-50, 300))
PERIOD = st.dictionaries(st.sampled_from("abcdefgh"), SUMS)


def period(rows: dict[str, tuple[int, int, int]]) -> pd.DataFrame:
    """A plain table of customers: orders, spend, profit."""
    table = pd.DataFrame(
        [(name, *sums) for name, sums in rows.items()], columns=["customer_id", *base.SUMS]
    )
    return table.astype({"customer_id": object} | dict.fromkeys(base.SUMS, "int64"))


@settings(max_examples=40)
@given(PERIOD, PERIOD)
def test_kept_lost_and_new_tie(
    last: dict[str, tuple[int, int, int]], this: dict[str, tuple[int, int, int]]
) -> None:
    both = base.compared(period(last), period(this))
    by = base.groups(both).set_index(["status", "when"])
    assert len(both) == len({*last, *this})
    for name, place in (("orders", 0), ("spend", 1), ("profit", 2)):
        assert by[name]["all", "last"] == sum(sums[place] for sums in last.values())
        assert by[name]["all", "this"] == sum(sums[place] for sums in this.values())
        assert by[name]["kept", "last"] + by[name]["lost", "last"] == by[name]["all", "last"]
        assert by[name]["kept", "this"] + by[name]["new", "this"] == by[name]["all", "this"]


@settings(max_examples=40)
@given(PERIOD, PERIOD)
def test_every_kept_customer_moves_once_and_as_its_numbers_do(
    last: dict[str, tuple[int, int, int]], this: dict[str, tuple[int, int, int]]
) -> None:
    table = base.up_down(base.compared(period(last), period(this)))
    counted: dict[object, int] = {}
    for name in {*last} & {*this}:
        (o0, s0, p0), (o1, s1, p1) = last[name], this[name]
        known = min(o0, s0, o1, s1) > 0
        moves: object = None
        if known:
            moves = (p1 >= p0, o1 >= o0, Fraction(s1, o1) >= Fraction(s0, o0),
                     Fraction(p1, s1) >= Fraction(p0, s0))  # fmt: skip
        counted[moves] = counted.get(moves, 0) + 1
    told = {
        None if row["profit_up"] is None else tuple(bool(row[name]) for name in base.MOVES):
        row["customers"] for row in table.to_dict("records")
    }  # fmt: skip
    assert told == counted
    assert table["change"].sum() == sum(this[name][2] - last[name][2] for name in {*last} & {*this})


def test_an_unchanged_value_counts_as_up() -> None:
    same = period({"a": (3, 100, 40)})
    table = base.up_down(base.compared(same, same))
    assert table[base.MOVES].to_numpy().tolist() == [[True] * 4]


def test_migration_counts_each_customer_once() -> None:
    last = pd.Series({"a": 1, "b": 1, "c": 10})
    this = pd.Series({"a": 1, "c": 2, "d": 5})
    moved = base.migration(last, this)
    seen = moved[moved["customers"] > 0]
    assert seen.to_numpy().tolist() == [[1, 1, 1], [1, 0, 1], [10, 2, 1], [0, 5, 1]]
    assert len(moved) == 11 * 11 - 1


# --- what is said ---------------------------------------------------------------------------


def lines(*orders: tuple[str, str, float]) -> list[str]:
    """Order lines of customer, day and amount."""
    return [f"{n};1;{day};{who};p;1;{net:.2f}" for n, (who, day, net) in enumerate(orders)]


def test_a_customer_who_returned_more_is_told(tmp_path: Path, reports: Path) -> None:
    few = lines(("a", "2024-01-01", 5), ("a", "2025-05-01", 90), ("b", "2025-06-01", 30))
    book = open_small(tmp_path, [*few, "9;1;2025-07-01;b;p;-1;-50.00"])
    assert told(book, audit.spread)["audit.base.whale"] == (
        "1 customer returned more than it bought: EUR 20"
    )
    assert told(open_small(tmp_path, few), audit.spread)["audit.base.whale"] == (
        "The largest fifth of customers brings in 75% of net revenue"
    )


HEAD = "order_id;line_no;order_date;customer_id;product_id;quantity;net_amount;cost_amount"


def open_costed(folder: Path, costs: Sequence[str]) -> Workbook:
    """Twelve customers of 2025 who spend 100, 99 …, with these costs."""
    rows = ["x;1;2024-01-01;old;p;1;1.00;0.50"]
    rows += [f"{n};1;2025-03-01;c{n:02d};p;1;{100 - n}.00;{cost}" for n, cost in enumerate(costs)]
    open_small(folder)
    (folder / "lines.csv").write_text("\n".join([HEAD, *rows, ""]), "utf-8")
    return segkit.open_book("01-data-audit", folder / "engagement.toml")


def test_with_costs_it_is_gross_margin(tmp_path: Path, reports: Path) -> None:
    book = open_costed(tmp_path, [f"{60 + 5 * n}.00" for n in range(12)])
    texts = told(book, audit.spread)
    assert texts["audit.base.whale"] == (
        "5 customers cost more than they bring in: EUR 70 of gross margin"
    )
    assert texts["audit.base.profit_deciles"] == (
        "The best customer alone earns more than a tenth of gross margin"
    )
    assert texts["audit.base.distribution.profit"] == (
        "Half of the customers leave at most EUR 4 of gross margin each"
    )
    steps = next(one for one in book.items if one["id"] == "audit.base.distribution.profit")
    assert [render(one) for one in steps["data"]["between"]][:3] == ["Below 0", "0.00 to 2.50",
                                                                     "2.50 to 5.00"]  # fmt: skip
    assert sum(steps["data"]["customers"]) == 12
    table = next(one for one in book.items if one.get("id") == "audit.base.deciles")
    assert sum(table["data"]["profit"]) == sum(40 - 6 * n for n in range(12))


def test_with_half_the_costs_the_share_is_told(tmp_path: Path, reports: Path) -> None:
    book = open_costed(tmp_path, ["50.00"] * 9 + [""] * 3)
    told(book, audit.spread)
    assert "The cost is known for 76% of net revenue" in render(book.items[0]["reading"])


def test_with_few_costs_it_is_net_revenue(tmp_path: Path, reports: Path) -> None:
    book = open_costed(tmp_path, ["50.00"] * 3 + [""] * 9)
    told(book, audit.spread)
    assert len(book.items) == 5
    for item in book.items:
        assert not {"profit", "margin", "profit_share"} & {*item["data"]}
    assert "Costs are not given" in render(book.items[0]["reading"])


def test_kept_lost_and_new_are_told(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path)
    texts = told(book, audit.compare)
    assert texts["audit.base.groups"] == (
        "2 customers kept bring in 67% of this period's net revenue"
    )
    table = next(one for one in book.items if one.get("id") == "audit.base.groups")
    assert table["data"]["customers"] == [2, 1, 3, 2, 1, 3]
    assert table["data"]["spend"] == [150, 40, 190, 110, 55, 165]
    assert texts["audit.base.up_down"] == (
        "1 of 2 customers kept brought in at least as much as before"
    )


def test_who_never_returns_is_lost_and_nobody_kept(tmp_path: Path, reports: Path) -> None:
    few = lines(("a", "2024-01-01", 5), ("b", "2025-05-01", 90))
    texts = told(open_small(tmp_path, few), audit.compare)
    assert texts["audit.base.groups"] == "No customer ordered in both periods"
    assert "audit.base.up_down" not in texts


def test_twelve_customers_who_stay_as_they_were(tmp_path: Path, reports: Path) -> None:
    orders = [(f"c{n:02d}", f"{year}-03-01", 10.0 + n) for year in (2024, 2025) for n in range(12)]
    texts = told(open_small(tmp_path, lines(("c00", "2024-01-01", 1), *orders)), audit.compare)
    assert texts["audit.stopped"] == "Every customer of the period before ordered again"
    assert texts["audit.base.migration"] == (
        "Of the best tenth, 100% stayed there and 0% stopped ordering"
    )


def test_cohorts_by_hand(tmp_path: Path, reports: Path) -> None:
    """Two began in May: one came back after 31 days, the other not; one of July never."""
    few = lines(
        ("old", "2025-01-01", 1), ("old", "2025-01-11", 1), ("old", "2025-12-01", 1),
        ("a", "2025-05-01", 10), ("a", "2025-06-01", 10), ("b", "2025-05-09", 30),
        ("c", "2025-07-01", 7),
    )  # fmt: skip
    book = open_small(tmp_path, few)
    texts = told(book, audit.cohorts)
    assert texts["audit.base.cohorts"] == (
        "Only 33% of the customers who came since have ordered again"
    )
    table = book.items[0]["data"]
    assert table["cohort"] == ["2025-01-01", "2025-05-01", "2025-07-01"]
    assert table["customers"] == [1, 2, 1]
    assert table["second_share"] == [1, 0.5, 0]
    assert table["days"] == [10, 31, None]
    assert table["spend_each"] == [3, 25, 7]
    assert [render(one) for one in table["is_old"]] == ["yes", "no", "no"]


def test_who_is_older_than_the_records_is_in_no_cohort(tmp_path: Path, reports: Path) -> None:
    """Seen first in May, but a customer since 2020: neither new nor of the cohort of May."""
    few = lines(
        ("old", "2024-01-01", 1), ("a", "2025-05-01", 10), ("b", "2025-05-09", 30),
        ("b", "2025-08-09", 30), ("c", "2025-06-01", 9),
    )  # fmt: skip
    more = """
[sources.customers]
file = "customers.csv"
delimiter = ";"
date_format = "%Y-%m-%d"
"""
    dates = "old;Old;\na;A;2020-02-01\nb;B;2025-05-01\nc;C;1900-01-01\n"
    (tmp_path / "customers.csv").write_text(f"customer_id;name;since\n{dates}", "utf-8")
    book = open_small(tmp_path, few, more)
    texts = told(book, audit.cohorts, audit.health)
    table = book.items[0]["data"]
    assert table["cohort"] == [None, "2024-01-01", "2025-04-01"]
    assert table["customers"] == [1, 1, 2]
    assert table["second_share"] == [None, 0, 0.5]
    assert [render(one) for one in table["is_old"]] == ["yes", "yes", "no"]
    assert render(book.items[0]["reading"]).endswith(
        "The first row holds all customers who, by their own date, are older than the records."
    )
    assert texts["audit.base.cohorts"] == ("50% of the customers who came since have ordered again")
    renewal = next(one for one in book.items if one.get("id") == "audit.base.renewal")
    assert (renewal["data"]["new"][0], renewal["data"]["back"][0]) == (2, 1)


def test_a_base_that_shrinks_is_told(tmp_path: Path, reports: Path) -> None:
    few = lines(("a", "2024-01-01", 5), ("b", "2024-02-01", 5), ("a", "2025-05-01", 90))
    texts = told(open_small(tmp_path, few), audit.health)
    assert texts["audit.base.renewal"] == "The base shrank by 1 customer against the period before"
    assert texts["audit.base.vintages"] == (
        "100% of this period's net revenue comes from customers of earlier ones"
    )
    more = lines(("a", "2024-01-01", 5), ("a", "2025-05-01", 1), ("b", "2025-02-01", 5))
    texts = told(open_small(tmp_path, more), audit.health)
    assert texts["audit.base.renewal"] == "The base grew by 1 customer against the period before"
    assert texts["audit.base.vintages"] == (
        "Only 17% of this period's net revenue comes from customers of earlier ones"
    )


def test_every_sum_of_the_base_ties(tmp_path: Path, reports: Path) -> None:
    book = open_small(tmp_path, LINES)
    told(book, audit.spread, audit.compare, audit.why, audit.cohorts, audit.health)
    names = [identity.name for identity in book.identities]
    assert len(names) == len({*names}) >= 6
    assert all(identity.holds for identity in book.identities)
