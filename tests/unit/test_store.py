"""Tables are made once, from what they need, and anew when that changed."""

from __future__ import annotations

HEADER = "order_id;order_date;customer_id;quantity;net_amount\n"


def test_a_table_is_made_once(extract):
    store = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    made = store.path("order_lines")
    changed = made.stat().st_mtime_ns
    again = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    assert again.path("order_lines") == made
    assert made.stat().st_mtime_ns == changed


def test_another_file_makes_another_table_and_what_is_below_it(extract):
    first = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    customers = first.path("customers")
    second = extract.order_lines(HEADER + "1;2026-03-01;B;1;5\n")
    assert second.path("customers") != customers
    assert second.frame("customers")["customer_id"].tolist() == ["B"]


def test_a_key_that_no_recipe_reads_makes_nothing_anew(extract):
    store = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    made = store.path("order_lines")
    store.engagement = store.engagement.model_copy(update={"consultant": "Someone"})
    assert store.path("order_lines") == made


def test_the_store_keeps_tables_only(extract):
    store = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    store.path("order_lines")
    assert {path.suffix for path in store.folder.iterdir()} <= {".parquet", ".lock"}


def test_a_table_can_be_made_only_from_what_was_given(extract):
    store = extract.order_lines(HEADER + "1;2026-03-01;A;1;5\n")
    assert store.has("customers")
    assert not store.has("visits")
    assert not store.has("no_such_table")
