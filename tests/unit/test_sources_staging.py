"""What the reader knows of a file: its header row, totals, repeated headers, unnamed columns."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.errors import SegkitError
from segkit.sources.dialects import clean_headers, joined_header

HEADER = "order_id;order_date;customer_id;quantity;net_amount\n"
ROWS = "1;2026-03-01;A;1;5\n2;2026-03-02;B;1;7,50\n"
RAW = """[raw.lines]
file = "orders.csv"
[sources.order_lines]
sql = "FROM raw.lines"
"""


def rows_of(store, table="order_lines"):
    counts = store.frame(f"{table}_counts")
    columns = ["rows_read", "rows_accepted", "rows_quarantined"]
    return tuple(int(counts[name].sum()) for name in columns)


def aside(store):
    frame = store.frame("order_lines_quarantine")
    return list(frame[["row", "reason_kind", "reason"]].itertuples(index=False, name=None))


TITLES = "Sprzedaż 2026;;;;\nWydruk z 1.04.2026\n\n"


@pytest.mark.parametrize("more", ["", "header_row = 4\n"])
def test_titles_above_the_header_are_no_rows(extract, more):
    store = extract.order_lines(TITLES + HEADER + ROWS, more)
    assert rows_of(store) == (2, 2, 0)
    assert store.frame("order_lines")["net_amount"].tolist() == [500, 750]


def test_the_header_is_the_row_that_holds_the_mapped_names(extract):
    text = "A;B;C;D;E\n" + HEADER.replace("net_amount", "Wartość") + ROWS
    columns = "".join(f'{name} = "{name}"\n' for name in HEADER.strip().split(";")[:4])
    more = f'[sources.order_lines.columns]\n{columns}net_amount = "Wartość"\n'
    assert rows_of(extract.order_lines(text, more)) == (2, 2, 0)


def test_a_file_without_header_has_numbered_columns(extract):
    columns = ", ".join(
        f'{name} = "column_{place}"'
        for place, name in enumerate(HEADER.strip().split(";"), start=1)
    )
    store = extract.order_lines(ROWS, f"header_row = 0\ncolumns = {{ {columns} }}\n")
    assert rows_of(store) == (2, 2, 0)


def test_two_header_rows_are_joined(extract):
    text = "Zamówienie;;Klient;Sprzedaż;\nNr;Data;;szt.;PLN\n" + ROWS
    more = """header_rows = 2
columns = { order_id = "Zamówienie Nr", order_date = "Zamówienie Data", customer_id = "Klient",
            quantity = "Sprzedaż szt.", net_amount = "Sprzedaż PLN" }
""".replace("\n            ", " ")
    assert rows_of(extract.order_lines(text, more)) == (2, 2, 0)


def test_totals_and_repeated_headers_are_set_aside_and_never_counted(extract):
    text = HEADER + ROWS + "Razem;;;2;12,50\n" + HEADER + ROWS + ";;Ogółem: ;4;25,00\n"
    store = extract.order_lines(text)
    assert rows_of(store) == (7, 4, 3)
    assert aside(store) == [
        (4, "totals_row", "is a row of totals: Razem;;;2;12,50"),
        (5, "repeated_header", "repeats the header: order_id;order_date;customer_id;quantity;"
         "net_amount"),
        (8, "totals_row", "is a row of totals: ;;Ogółem:;4;25,00"),
    ]  # fmt: skip
    assert store.frame("order_lines_counts")["net_read"].tolist() == [25]


def test_the_clients_own_word_for_totals_may_be_declared_or_none(extract):
    text = HEADER + ROWS + "Podsumowanie;;;2;12,50\n"
    assert aside(extract.order_lines(text, 'totals = ["Podsumowanie"]\n'))[0][1] == "totals_row"
    text = HEADER + ROWS + "Razem;;;2;12,50\n"
    kinds = [kind for _, kind, _ in aside(extract.order_lines(text, "totals = []\n"))]
    assert kinds == ["empty_order_date"]


def test_totals_and_repeated_headers_of_raw_files_are_set_aside_too(extract):
    extract.write("orders.csv", HEADER + ROWS + HEADER + ROWS + "Total;;;4;25\n")
    store = extract.store(RAW)
    assert rows_of(store) == (6, 4, 2)
    assert [kind for _, kind, _ in aside(store)] == ["repeated_header", "totals_row"]


def test_unnamed_columns_are_dropped_with_a_note_only_where_they_are_empty(extract):
    text = HEADER.replace("\n", ";;;\n") + ROWS.replace("\n", ";; ;\n")
    store = extract.order_lines(text)
    assert rows_of(store) == (2, 2, 0)
    repairs = store.frame("order_lines_repairs")
    told = repairs[repairs["rule"] == "unnamed_column"]
    assert told["column"].tolist() == ["column_6", "column_7", "column_8"]
    extract.write("customers.csv", "customer_id;name;\nA;Alfa;x\n")
    more = '[sources.order_lines]\nfile = "orders.csv"\n[sources.customers]\nfile="customers.csv"\n'
    listed = extract.store(more).frame("listed_customers")
    assert listed["column_3"].tolist() == ["x"]


@pytest.mark.parametrize("end", [";\n", ";;\n"])
def test_delimiters_that_trail_in_the_rows_only_are_no_fields(extract, end):
    assert rows_of(extract.order_lines(HEADER + ROWS.replace("\n", end))) == (2, 2, 0)


def test_a_declared_quotation_mark_binds(extract):
    text = HEADER + '1;2026-03-01;"U Ali;1;5\n2;2026-03-02;B;1;7\n'
    store = extract.order_lines(text, 'quote = ""\n')
    assert store.frame("order_lines")["customer_id"].tolist() == ['"U Ali', "B"]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_four_bytes_a_letter_are_read_too(extract, encoding):
    assert rows_of(extract.order_lines(HEADER + ROWS, encoding=encoding)) == (2, 2, 0)


def test_a_code_page_is_told_by_its_letters_against_the_region(extract):
    text = HEADER + "1;2026-03-01;Skovbæk Grønt;1;5\n2;2026-03-01;Ærø Småt;1;5\n"
    lines = extract.order_lines(text, encoding="cp1252").frame("order_lines")
    assert lines["customer_id"].tolist() == ["Skovbæk Grønt", "Ærø Småt"]


# --- Parquet ----------------------------------------------------------------------------------


def parquet(extract, **columns):
    given = {
        "order_id": ["1"], "order_date": ["2026-03-01"], "customer_id": ["A"],
        "quantity": [1.0], "net_amount": [5.25], **columns,
    }  # fmt: skip
    extract.folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(given), extract.folder / "orders.parquet")
    return extract.store('[sources.order_lines]\nfile = "orders.parquet"\n')


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("order_date", pa.array([1772323200], pa.timestamp("s", "UTC"))),
        ("order_date", pa.array([20513], pa.date32())),
        ("customer_id", pa.array(["A"]).dictionary_encode()),
        ("customer_id", pa.array([b"A"])),
        ("quantity", pa.array([1], pa.uint8())),
        ("net_amount", pa.array([525], pa.int32()).cast(pa.decimal128(12, 2))),
        ("unmapped", pa.array([[1, 2]])),
    ],
)
def test_parquet_of_any_type_is_read(extract, column, values):
    lines = parquet(extract, **{column: values}).frame("order_lines")
    assert lines["customer_id"].tolist() == ["A"]
    assert str(lines["order_date"][0].date()) == "2026-03-01"


@pytest.mark.parametrize(
    "values",
    [pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([[("a", 1)]], pa.map_("string", "int32"))],
)
def test_a_nested_column_is_told(extract, values):
    with pytest.raises(SegkitError) as raised:
        parquet(extract, net_amount=values).path("order_lines")
    assert str(raised.value) == (
        "orders.parquet holds lists or structures in its column net_amount, not values.\n"
        "Fix: ask for the column as plain values, or leave it out."
    )


def marked_as_text(*values):
    """A column that says it is text, as broken writers leave it."""
    given = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(given), given.buffers()[1], given.buffers()[2])


@pytest.mark.parametrize("photo", [pa.array([b"GIF89a\xf0"]), marked_as_text(b"GIF89a\xf0")])
def test_bytes_that_are_no_text_are_left_out_and_told(extract, photo):
    store = parquet(extract, photo=photo)
    assert store.frame("order_lines")["net_amount"].tolist() == [525]
    told = store.frame("order_lines_repairs")
    assert told[["column", "rule", "example"]].to_numpy().tolist() == [
        ["photo", "no_text", "orders.parquet"]
    ]


@pytest.mark.parametrize("name", [pa.array([b"\xb3\xf3d\xbc"]), marked_as_text(b"\xb3\xf3d\xbc")])
def test_a_needed_column_of_bytes_is_told(extract, name):
    with pytest.raises(SegkitError) as raised:
        parquet(extract, customer_id=name).path("order_lines")
    assert str(raised.value) == (
        "orders.parquet holds bytes that are no text in its column customer_id.\n"
        "Fix: ask for the column as text, or leave it out."
    )


def test_a_select_reads_a_file_with_bytes_that_are_no_text(extract):
    parquet(extract, photo=marked_as_text(b"GIF89a\xf0"), note=pa.array([b"x"]))
    raw = '[raw.a]\nfile = "orders.parquet"\n[sources.order_lines]\nsql = "SELECT %s FROM raw.a"\n'
    store = extract.store(raw % "*")
    assert len(store.frame("order_lines")) == 1
    assert store.frame("order_lines_repairs")["column"].tolist() == ["photo"]
    named = "order_id, order_date, note AS customer_id, quantity, net_amount"
    store = extract.store(raw % named)
    assert store.frame("order_lines")["customer_id"].tolist() == ["x"]
    assert store.frame("order_lines_repairs").empty


def test_bytes_in_one_of_several_files_are_left_out_of_all(extract):
    parquet(extract, photo=pa.array([b"GIF89a\xf0"]))
    (extract.folder / "orders.parquet").rename(extract.folder / "orders_1.parquet")
    parquet(extract, photo=["none"])
    (extract.folder / "orders.parquet").rename(extract.folder / "orders_2.parquet")
    store = extract.store('[sources.order_lines]\nfile = "orders_*.parquet"\n')
    assert len(store.frame("order_lines")) == 2
    assert store.frame("order_lines_repairs")["column"].tolist() == ["photo"]


# --- headers ----------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(["", "a", "A", "a (2)", "column_1", "column_3", " a "]), max_size=9)
)
def test_cleaned_headers_are_all_different_and_none_is_empty(header):
    clean = clean_headers(header)
    assert len(clean) == len(header) == len({name.casefold() for name in clean})
    assert all(name.strip() for name in clean)


@given(st.lists(st.lists(st.sampled_from(["", "a", "b"]), max_size=5), min_size=1, max_size=3))
def test_joined_headers_are_as_wide_as_the_widest_row(rows):
    assert len(joined_header(rows)) == max(map(len, rows))
