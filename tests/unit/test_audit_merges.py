"""Customers are merged when it was confirmed, and only then; totals stay what they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from audit_client import LINES, open_small, told

from segkit import audit
from segkit.audit.reconcile import sums
from segkit.engagement import read_engagement
from segkit.errors import EngagementError, SourceError
from segkit.workbook import Workbook

CUSTOMERS = """
[sources.customers]
file = "customers.csv"
delimiter = ";"
"""
BY_HAND = '[[merges]]\nkeep = "a"\nmerge = "b"\nowner = "Sales"\n'


def book_of(folder: Path, more: str = "", listed: str = "a b c d") -> Workbook:
    rows = [f"{one};{one.upper()}" for one in listed.split()]
    (folder / "customers.csv").write_text("\n".join(["customer_id;name", *rows, ""]), "utf-8")
    return open_small(folder, LINES, more + CUSTOMERS)


def confirmed(folder: Path, *rows: str, delimiter: str = ",") -> str:
    """The key of a merge map with these rows."""
    lines = ["keep,merge,score,confirmed,owner", *rows]
    text = "\r\n".join(lines).replace(",", delimiter)
    (folder / "merge_map.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    return '[merge]\nfile = "merge_map.csv"\n'


def revenue(book: Workbook) -> dict[str, int]:
    totals = book.table("customer_totals").dropna(subset="customer_id")
    return dict(zip(totals["customer_id"], totals["net_revenue"], strict=True))


def test_totals_tie_before_and_after_a_merge(tmp_path: Path, reports: Path) -> None:
    before = book_of(tmp_path)
    was = {id: figure.value for id, figure in sums(before).items()}
    after = book_of(tmp_path, BY_HAND)
    now = {id: figure.value for id, figure in sums(after).items()}
    moved = {id for id in was if was[id] != now[id]}
    assert moved == {"audit.customers.seen", "audit.customers.active"}
    assert revenue(before) == {"a": 3_000, "b": 8_000, "c": 0, "d": 5_500}
    assert revenue(after) == {"a": 11_000, "c": 0, "d": 5_500}
    assert after.table("customers")["customer_id"].tolist() == ["a", "c", "d"]


def test_what_was_merged_is_told_with_its_money(tmp_path: Path, reports: Path) -> None:
    book = book_of(tmp_path, BY_HAND)
    texts = told(book, audit.checked)
    assert (
        "1 entry was merged into another customer, as confirmed: EUR 80 of net revenue moved with "
        "it, and every total stayed."
    ) in texts.values()
    assert all(identity.holds for identity in book.identities)
    assert not any("merged" in one for one in told(book_of(tmp_path), audit.checked).values())


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_only_confirmed_rows_of_the_map_are_merged(
    tmp_path: Path, reports: Path, delimiter: str
) -> None:
    rows = ("a,b,97.0,Tak,Sales", "c,d,96.0,,", "a,d,95.0,nie,")
    key = confirmed(tmp_path, *rows, delimiter=delimiter)
    book = book_of(tmp_path, key)
    assert book.engagement.merged_into == {"b": "a"}
    assert revenue(book)["a"] == 11_000


def test_entries_merged_one_into_the_next_end_at_the_last(tmp_path: Path, reports: Path) -> None:
    more = BY_HAND + '[[merges]]\nkeep = "d"\nmerge = "a"\n'
    assert book_of(tmp_path, more).engagement.merged_into == {"a": "d", "b": "d"}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            BY_HAND + '[[merges]]\nkeep = "b"\nmerge = "a"\n',
            "merges b into itself",
        ),
        (BY_HAND + '[[merges]]\nkeep = "c"\nmerge = "b"\n', "merges b into two customers"),
    ],
)
def test_a_merge_that_ends_nowhere_is_refused(
    tmp_path: Path, reports: Path, more: str, sentence: str
) -> None:
    with pytest.raises(EngagementError, match=sentence):
        book_of(tmp_path, more)


def test_a_word_that_is_neither_yes_nor_no_is_asked(tmp_path: Path, reports: Path) -> None:
    key = confirmed(tmp_path, "a,b,97.0,perhaps,")
    with pytest.raises(EngagementError) as caught:
        book_of(tmp_path, key)
    assert str(caught.value) == (
        "The merge map merge_map.csv says perhaps in row 2.\n"
        "Fix: write yes or no under confirmed; empty is no."
    )


def test_a_map_outside_the_folder_is_not_read(tmp_path: Path, reports: Path) -> None:
    book_of(tmp_path, "")
    file = tmp_path / "engagement.toml"
    file.write_text(file.read_text("utf-8") + '[merge]\nfile = "../../etc/passwd"\n', "utf-8")
    with pytest.raises(EngagementError) as caught:
        read_engagement(file)
    assert str(caught.value) == (
        "There is no merge map ../../etc/passwd in the engagement's folder.\n"
        "Fix: copy exports/merge_map.csv of a report beside the engagement file."
    )


def test_a_merge_of_customers_that_are_not_listed_is_refused(tmp_path: Path, reports: Path) -> None:
    book = book_of(tmp_path, BY_HAND, listed="b c d")
    with pytest.raises(SourceError) as caught:
        book.table("customers")
    assert str(caught.value) == (
        "The merge map keeps customers that are not in the list: a.\n"
        "Fix: correct the numbers; a spreadsheet drops the zeros that a number begins with."
    )
