"""Who is who: lists, keys, chains, and the same customer under two spellings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from checks_client import found, lines
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.audit.checks import customers as checks
from segkit.audit.checks.twins import groups, pairs, plain

SOLD = lines(
    ("1", "2025-02-01", "a", "p", 1.0, 700),
    ("2", "2025-03-01", "b", "p", 1.0, 200),
    ("3", "2024-02-01", "c", "p", 1.0, 100),
)


def listed(**more: list[object]) -> dict[str, pd.DataFrame]:
    """The list of customers a, b, c and d."""
    ids = ["a", "b", "c", "d"]
    return {"listed_customers": pd.DataFrame({"customer_id": ids, "name": ids, **more})}


# --- lists and keys ---------------------------------------------------------------------------


def test_who_orders_without_being_listed_is_told_with_the_revenue(tmp_path: Path) -> None:
    short = {"listed_customers": listed()["listed_customers"][1:]}
    told = found(checks.UNLISTED_CUSTOMER, tmp_path, SOLD, **short)
    assert (told.failing["customer_id"].tolist(), told.money) == (["a"], 700)
    assert found(checks.UNLISTED_CUSTOMER, tmp_path, SOLD, **listed()).severity == "passes"
    assert found(checks.UNLISTED_CUSTOMER, tmp_path, SOLD).missing == "listed_customers"


def test_listed_customers_without_a_line_in_the_window_are_told(tmp_path: Path) -> None:
    told = found(checks.QUIET_CUSTOMER, tmp_path, SOLD, **listed())
    assert sorted(told.failing["customer_id"]) == ["c", "d"]
    assert told.figures["effect"] == 1  # c ordered before the window
    given = listed(status=["customer", "customer", "prospect", "prospect"])
    assert found(checks.QUIET_CUSTOMER, tmp_path, SOLD, **given).severity == "passes"


def test_keys_that_stand_in_no_list_are_told_by_table_and_column(tmp_path: Path) -> None:
    visits = pd.DataFrame(
        {
            "visit_id": ["1", "2", "3"], "customer_id": ["a", "z", "z"],
            "visit_date": pd.Timestamp(2025, 2, 1), "kind": "visit", "order_id": ["1", None, "77"],
        }
    )  # fmt: skip
    told = found(checks.ORPHANS, tmp_path, SOLD, visits=visits)
    assert told.failing[["table", "column", "key", "rows"]].values.tolist() == [
        ["visits", "customer_id", "z", 2], ["visits", "order_id", "77", 1],
    ]  # fmt: skip
    whole = visits.assign(customer_id="a", order_id="1")
    assert found(checks.ORPHANS, tmp_path, SOLD, visits=whole).severity == "passes"


def test_a_seller_of_the_lines_that_is_not_listed_carries_its_revenue(tmp_path: Path) -> None:
    reps = pd.DataFrame({"rep_id": ["R1"], "name": ["One"]})
    sold = SOLD.assign(rep_id=["R1", "R2", "R2"])
    told = found(checks.ORPHANS, tmp_path, sold, reps=reps)
    assert told.failing["key"].tolist() == ["R2"]
    assert told.money == 200  # of the window


def test_a_seller_of_a_customer_carries_the_lines_that_name_none(tmp_path: Path) -> None:
    reps = pd.DataFrame({"rep_id": ["R1"], "name": ["One"]})
    customers = listed(rep_id=["R9"] * 4)
    told = found(checks.ORPHANS, tmp_path, SOLD.assign(rep_id=["R1", None, None]), reps=reps,
                 **customers)  # fmt: skip
    assert told.failing[["table", "key", "rows"]].to_numpy().tolist() == [["customers", "R9", 4]]
    assert told.money == 200


# --- chains -----------------------------------------------------------------------------------


def test_a_chain_is_the_sum_of_its_outlets_and_both_levels_tie(tmp_path: Path) -> None:
    told = found(checks.CHAIN_SHARE, tmp_path, SOLD, **listed(parent_id=["S", "S", None, None]))
    assert told.failing[["parent_id", "outlets"]].values.tolist() == [["S", 2]]
    assert (told.money, told.figures["effect"]) == (900, 1.0)
    assert told.figures["outlet"] == pytest.approx(7 / 9)
    assert told.ties == [(900, 900)]


def test_a_chain_of_chains_is_one_chain(tmp_path: Path) -> None:
    told = found(checks.CHAIN_SHARE, tmp_path, SOLD, **listed(parent_id=["b", "c", None, None]))
    assert told.failing[["parent_id", "outlets"]].values.tolist() == [["c", 3]]
    given = listed(parent_id=["b", "c", None, None])
    assert found(checks.CHAIN_CIRCLE, tmp_path, SOLD, **given).severity == "passes"


def test_a_circle_is_no_chain_and_still_ties(tmp_path: Path) -> None:
    given = listed(parent_id=["b", "a", "b", "d"])  # a and b are each other's; d is its own head
    told = found(checks.CHAIN_CIRCLE, tmp_path, SOLD, **given)
    assert sorted(told.failing["customer_id"]) == ["a", "b", "c"]
    tied = found(checks.CHAIN_SHARE, tmp_path, SOLD, **given)
    assert tied.severity == "passes"
    assert tied.ties == [(900, 900)]


def test_without_chains_the_check_says_what_it_needs(tmp_path: Path) -> None:
    assert found(checks.CHAIN_SHARE, tmp_path, SOLD, **listed()).severity == "missing"


def test_a_chain_without_a_record_of_its_own_is_a_note(tmp_path: Path) -> None:
    told = found(checks.NAMELESS_CHAIN, tmp_path, SOLD, **listed(parent_id=["S", "b", None, None]))
    assert (told.severity, told.failing["parent_id"].tolist()) == ("note", ["S"])


PARENTS = st.lists(st.sampled_from(["a", "b", "c", "d", "S", None]), min_size=4, max_size=4)


@settings(max_examples=25, deadline=None)
@given(PARENTS)
def test_outlets_and_chains_tie_whoever_belongs_to_whom(
    tmp_path_factory: pytest.TempPathFactory, parents: list[str | None]
) -> None:
    folder = tmp_path_factory.mktemp("chains")
    told = found(checks.CHAIN_SHARE, folder, SOLD, **listed(parent_id=parents))
    assert all(left == right == 900 for left, right in told.ties)


# --- twins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("Nordvik Handel A/S", "NORDVIK HANDEL AS", "Nordvik Handel"),
        ("Skovbæk ApS", "Skovbaek"),
        ("Żółw i Spółka sp. z o.o.", "ZOLW I SPOLKA SP Z O O", "Żółw i spółka Sp.z o.o."),
        ("Oțel București S.R.L.", "Otel Bucuresti SRL"),
        ("Müller GmbH & Co. KG", "Muller"),
        ("Perkoz S.A.", "perkoz s a"),
        ("Brown & Sons Ltd.", "Brown Sons Limited"),
    ],
)
def test_spelling_and_legal_form_do_not_make_another_name(names: tuple[str, ...]) -> None:
    assert len({plain(name) for name in names}) == 1


def test_a_name_of_nothing_but_a_legal_form_is_kept() -> None:
    assert plain("Co. Ltd") == "co ltd"


def twins(folder: Path, *rows: tuple[str | None, ...]) -> list[list[str]]:
    """Which customers seem to be which, of id, name, address, tax number and chain."""
    names = ["customer_id", "name", "address", "tax_number", "parent_id", "region"]
    frame = pd.DataFrame([(*row, *[None] * (6 - len(row))) for row in rows], columns=names)
    told = found(checks.TWINS, folder, SOLD, listed_customers=frame)
    return told.failing[["keep", "merge"]].values.tolist() if told.rows else []


STREET, TOWN = "Lipowa 5, Opole", "Polna 99, Gdynia"


@pytest.mark.parametrize(
    ("second", "is_same"),
    [
        (("b", "DROGERIA ZURAW 12 SP. Z O.O.", STREET, None), True),
        (("b", "Drogeria Zuraw 12", TOWN, "PL 123-456"), False),  # an outlet of the same company
        (("b", "Drogeria Zuraw 12", None, "PL 123-456"), True),
        (("b", "Drogeria Żuraw 12", TOWN, None), False),  # another place
        (("b", "Drogeria Żuraw 13", STREET, None), False),  # another number
        (("b", "Drogeria Żuraw 13", STREET, "PL123456"), True),  # mistyped: all else is the same
        (("b", "Drogeria Żuraw 12", STREET, "PL999999"), False),  # another company
        (("b", "Apteka Leszczyna", STREET, "PL123456"), False),  # another shop in the house
    ],
)
def test_address_and_tax_number_decide(
    tmp_path: Path, second: tuple[str | None, ...], is_same: bool
) -> None:
    first = ("a", "Drogeria Żuraw 12", "ul. Lipowa 5, Opole", "PL123456")
    assert (twins(tmp_path, first, second) == [["a", "b"]]) is is_same


def test_outlets_of_a_chain_are_told_apart_by_their_address(tmp_path: Path) -> None:
    rows = [("a", "Wilga", STREET, "1", "S"), ("b", "Wilga", TOWN, "1", "S"),
            ("c", "Wilga", "ul. Lipowa 5, OPOLE", "1", "S")]  # fmt: skip
    assert twins(tmp_path, *rows) == [["a", "c"]]


def test_a_name_alone_tells_only_when_hardly_anyone_has_it(tmp_path: Path) -> None:
    smiths = [(f"s{n}", f"Smith {first}") for n, first in enumerate(["Jon", "John", "Ann", "Bo"])]
    assert twins(tmp_path, *smiths) == []
    assert twins(tmp_path, ("a", "Gżegżółka Handel"), ("b", "Gzegzolka  handel")) == [["a", "b"]]


def test_the_larger_is_kept_and_both_bring_in_the_money(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": ["b", "a"], "name": ["Perkoz A/S", "PERKOZ"]})
    told = found(checks.TWINS, tmp_path, SOLD, listed_customers=frame)
    assert told.failing[["keep", "merge"]].values.tolist() == [["a", "b"]]
    assert (told.money, told.figures["effect"]) == (900, 1)
    assert told.claim == "1 customer seems to be listed twice; both entries bring in 900"


def test_three_spellings_are_one_group() -> None:
    met = pd.DataFrame({"a": [0, 3], "b": [3, 5]})
    assert groups(met, 6) == [0, 1, 2, 0, 4, 0]


def test_pairs_are_sought_among_neighbours_only() -> None:
    names = pd.Series([f"shop {chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500)])
    frame = pd.DataFrame({"plain": names, "digits": "", "tax": ""})
    assert len(pairs(frame)) < 500 * 8
