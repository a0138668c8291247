"""The sales bridge: worked by hand, exact for any lines, and said as it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from audit_client import LINES, open_small, told
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit
from segkit import audit
from segkit.audit.bridge import STEPS, bridge, bridges, driver, effects, products, whole
from segkit.exhibits.words import in_words
from segkit.language import render

MILLIONTHS = 1_000_000
COLUMNS = ["product_id", "unit", "net_last", "net_this", "quantity_last", "quantity_this"]


def kept(*rows: tuple[str, str, int, int, int, int]) -> pd.DataFrame:
    """What kept customers bought: product, unit, net revenue and quantity of both periods."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    table[["quantity_last", "quantity_this"]] *= MILLIONTHS
    return table.assign(status="kept", lines_last=1, lines_this=1)


def test_price_volume_and_mix_by_hand() -> None:
    """Two products: A 10 at 100, then 8 at 110; B 20 at 50, then 30 at 55.

    Price (110 − 100) × 8 + (55 − 50) × 30 = 230; volume (38 − 30) × 2000 ÷ 30 = 533.33; the change
    is 2530 − 2000 = 530, so mix is 530 − 230 − 533 = −233.
    """
    table = kept(("A", "", 1000, 880, 10, 8), ("B", "", 1000, 1650, 20, 30))
    assert effects(table) == {"price": 230, "volume": 533, "mix": -233}


def test_a_dearer_basket_at_old_prices_is_mix_alone() -> None:
    table = kept(("A", "", 1000, 2000, 10, 20), ("B", "", 500, 0, 10, 0))
    assert effects(table) == {"price": 0, "volume": 0, "mix": 500}


def test_a_new_and_a_dropped_product_have_no_price() -> None:
    table = kept(("A", "", 100, 0, 1, 0), ("B", "", 0, 300, 0, 1))
    assert effects(table) == {"price": 0, "volume": 0, "mix": 200}


def test_pieces_and_pallets_are_not_added() -> None:
    """Pieces 10 → 20 at 1, pallets 2 → 1 at 100: volume is 10 × 1 − 1 × 100, not 9 × 17.5."""
    table = kept(("A", "piece", 10, 20, 10, 20), ("A", "pallet", 200, 100, 2, 1))
    assert effects(table) == {"price": 0, "volume": -90, "mix": 0}
    assert effects(table.assign(unit=""))["volume"] != -90


def test_without_a_quantity_above_zero_all_is_mix() -> None:
    table = kept(("service", "", 100, 250, 0, 0), ("credit", "", -40, -20, -4, -1))
    assert effects(table) == {"price": 0, "volume": 0, "mix": 170}


def test_rounding_is_half_away_from_zero_and_stays_in_the_mix() -> None:
    assert [whole(pd.Series([part])) for part in (0.5, -0.5, 1.49, -2.5)] == [1, -1, 1, -3]
    table = kept(("A", "", 1, 1, 2, 1))  # at half a cent each: price +0.5, volume −0.5
    assert effects(table) == {"price": 1, "volume": -1, "mix": 0}


AMOUNTS, QUANTITIES = st.integers(-(10**9), 10**9), st.integers(-1000, 10**6)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["kept", "kept", "new", "lost", "unassigned"]),
        st.sampled_from("ABCD"), st.sampled_from(["", "box"]), AMOUNTS, AMOUNTS, QUANTITIES,
        QUANTITIES, st.sampled_from(["north", "south"]),
    ),
    max_size=12,
)  # fmt: skip


def changes(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Lines by status; who is new has nothing in the last period, who is lost nothing in this."""
    table = pd.DataFrame(rows, columns=["status", *COLUMNS, "region"])
    numbers = COLUMNS[2:]
    table[numbers] = table[numbers].astype("int64")
    table.loc[table["status"] == "new", ["net_last", "quantity_last"]] = 0
    table.loc[table["status"] == "lost", ["net_this", "quantity_this"]] = 0
    return table


@settings(max_examples=40)
@given(CHANGES)
def test_the_steps_sum_to_the_change_exactly(rows: list[tuple[object, ...]]) -> None:
    table = changes(rows)
    told = bridge(table)
    assert told["last"] + sum(told[step] for step in STEPS) == told["this"]
    assert told["last"] == table["net_last"].sum()
    assert told["this"] == table["net_this"].sum()


@settings(max_examples=40)
@given(CHANGES)
def test_the_bridges_of_groups_sum_to_the_change_exactly(rows: list[tuple[object, ...]]) -> None:
    table = changes(rows)
    parts, told = bridges(table, "region"), bridge(table)
    assert parts["change"].sum() == told["this"] - told["last"]
    assert (parts["last"] + parts[STEPS].sum(axis=1) == parts["this"]).all()
    assert parts[["new", "lost", "unassigned"]].sum().tolist() == [
        told["new"], told["lost"], told["unassigned"],
    ]  # fmt: skip


@settings(max_examples=40)
@given(CHANGES, st.integers(0, 10**6))
def test_the_order_of_the_lines_does_not_matter(rows: list[tuple[object, ...]], seed: int) -> None:
    table = changes(rows)
    shuffled = table.sample(frac=1, random_state=seed)
    assert bridge(shuffled) == bridge(table)
    pd.testing.assert_frame_equal(bridges(shuffled, "region"), bridges(table, "region"))


def test_the_driver_moved_furthest_the_way_of_the_whole() -> None:
    steps = dict.fromkeys(STEPS, 0) | {"last": 100, "this": 90, "lost": -30, "price": 40}
    assert driver(steps) == "lost"
    assert driver(steps | {"this": 110}) == "price"
    assert driver(steps | {"this": 100}) == ""


def test_products_that_are_new_or_dropped_are_marked() -> None:
    table = kept(("A", "", 100, 0, 1, 0), ("B", "", 0, 300, 0, 1), ("C", "", 50, 60, 1, 1))
    table["lines_last"], table["lines_this"] = [1, 0, 1], [0, 1, 1]
    shown = products(table).set_index("product_id")
    assert shown.index.tolist() == ["B", "A", "C"]
    assert shown.loc[["A", "B", "C"], "is_new"].tolist() == [False, True, False]
    assert shown.loc[["A", "B", "C"], "is_dropped"].tolist() == [True, False, False]
    assert shown.loc["C", "price"] == 10


# --- what is said ---------------------------------------------------------------------------


def test_the_page_tells_the_steps_by_hand(tmp_path: Path, reports: Path) -> None:
    """A and B are kept: p sold 2 for 150, then 2 for 90; q is new to them, 1 for 20.

    Price (45 − 75) × 2 = −60, volume (3 − 2) × 75 = 75, mix 110 − 150 + 60 − 75 = −55.
    """
    book = open_small(tmp_path)
    texts = told(book, audit.why)
    waterfall = next(one for one in book.items if one.get("id") == "audit.bridge")
    assert waterfall["data"]["amount"] == [55, -40, -60, 75, -55, 7, -18]
    assert texts["audit.bridge"] == "Prices account for the largest part of the fall: EUR 60"
    assert "Products new to them brought EUR 20, those dropped had brought EUR 0" in render(
        waterfall["reading"]
    )
    assert all(identity.holds for identity in book.identities)


def test_amounts_along_a_row_are_written_on_one_scale(tmp_path: Path, reports: Path) -> None:
    lines = [f"{line}000" if line.startswith("2;") else line for line in LINES]
    book = open_small(tmp_path, [line.replace("50.00000", "50000000.00") for line in lines])
    told(book, audit.why)
    customers = next(one for one in book.items if one.get("id") == "audit.bridge.customers")
    assert in_words(customers)["heads"][1:] == [
        "Last period, EUR thousand", "This period, EUR thousand", "Change, EUR thousand",
    ]  # fmt: skip


def test_several_units_are_told_and_one_is_not(tmp_path: Path, reports: Path) -> None:
    def reading(units: tuple[str, str]) -> str:
        lines = [f"{line};{units[n % 2]}" for n, line in enumerate(LINES)]
        folder = tmp_path / "".join(units)
        folder.mkdir()
        open_small(folder, lines)
        text = (folder / "lines.csv").read_text("utf-8")
        (folder / "lines.csv").write_text(
            text.replace("net_amount\n", "net_amount;unit\n"), "utf-8"
        )
        book = segkit.open_book("01-data-audit", folder / "engagement.toml")
        told(book, audit.why)
        return render(next(one for one in book.items if one.get("id") == "audit.bridge")["reading"])

    several = "Quantities come in several units and are compared within each."
    assert several in reading(("piece", "box"))
    assert several not in reading(("piece", "piece"))


def test_a_rise_is_told_as_a_rise(tmp_path: Path, reports: Path) -> None:
    rising = [line.replace("7;1;2025-07-01;d;p;1;60.00", "7;1;2025-07-01;d;p;1;600.00")
              for line in LINES]  # fmt: skip
    texts = told(open_small(tmp_path, rising), audit.why)
    assert texts["audit.bridge"] == (
        "New customers account for the largest part of the rise: EUR 595"
    )
    assert texts["audit.bridge.customers"] == (
        "2 of 2 customers who bought more make 100% of all rises"
    )


def test_no_change_is_told_as_none(tmp_path: Path, reports: Path) -> None:
    lines = ["1;1;2024-01-02;a;p;1;10.00", "2;1;2025-06-01;a;p;1;10.00"]
    texts = told(open_small(tmp_path, lines), audit.why)
    assert texts["audit.bridge"] == "Net revenue did not change"
    assert texts["audit.bridge.customers"] == "No customer changed"


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_shuffled_lines_give_the_same_tables(
    order: tuple[int, ...], tmp_path: Path, reports: Path
) -> None:
    thirds = [LINES[0:3], LINES[3:6], LINES[6:]]
    shuffled = [line for third in order for line in reversed(thirds[third])]
    books = []
    for name, lines in (("a", LINES), ("b", shuffled)):
        (tmp_path / name).mkdir()
        books.append(open_small(tmp_path / name, lines))
    for name in ("sales_changes", "customer_periods", "cohorts", "cohort_ages", "base_steps"):
        one, other = (book.store.path(name).read_bytes() for book in books)
        assert one == other, name
