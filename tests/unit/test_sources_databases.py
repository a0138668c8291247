"""A database as a source: one query that only reads; secrets stay in the environment."""

from __future__ import annotations

import sqlite3
import sys
from types import SimpleNamespace

import pytest

from segkit.errors import SegkitError
from segkit.sources import files_hash
from segkit.sources.looking import looks

QUERY = """SELECT nr AS order_id, day AS order_date, customer AS customer_id, qty AS quantity,
net AS net_amount FROM orders"""


def database(extract, rows, name="crm.sqlite"):
    extract.folder.mkdir(exist_ok=True)
    with sqlite3.connect(extract.folder / name) as crm:
        crm.execute("CREATE TABLE orders (nr, day TEXT, customer, qty, net)")
        crm.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
    crm.close()


def store(extract, query=QUERY, told="sqlite:crm.sqlite", more=""):
    return extract.store(f"""[sources.order_lines]
{more}
database = "{told}"
query = '''{query}'''
""")


def said(made):
    with pytest.raises(SegkitError) as raised:
        made.path("order_lines")
    return str(raised.value)


ROWS = [("007", "2026-03-01", 17, 2, 12.5), ("8", "2026-03-02", 18, 1.5, 0.1)]


def test_a_query_is_a_source_like_a_file(extract):
    database(extract, ROWS)
    made = store(extract)
    lines = made.frame("order_lines")
    columns = ["order_id", "customer_id", "quantity", "net_amount"]
    assert lines[columns].to_numpy().tolist() == [["007", "17", 2.0, 1250], ["8", "18", 1.5, 10]]
    counts = made.frame("order_lines_counts")
    assert counts[["file", "rows_read", "rows_accepted"]].to_numpy().tolist() == [
        ["crm.sqlite", 2, 2]
    ]


def test_values_of_several_types_in_one_column_lose_nothing(extract):
    late = [(str(i), "2026-03-01", None, 1, None) for i in range(3000)]
    database(extract, [*late, ("x", "2026-03-01", b"\x01\xff", "2", "1 234,50"), *ROWS])
    assert said(store(extract)) == (
        "sources.order_lines holds numbers with decimal commas (1) and with decimal points (2)"
        " in net_amount.\n"
        'Fix: set decimal = "," or decimal = "." under [sources.order_lines].'
    )
    made = store(extract, more='decimal = ","')
    lines = made.frame("order_lines").set_index("order_id")
    assert lines.loc["x", ["customer_id", "quantity", "net_amount"]].tolist() == [
        "01FF", 2.0, 123450,
    ]  # fmt: skip
    assert lines.loc["007", "net_amount"] == 1250
    counts = made.frame("order_lines_counts")
    columns = ["rows_read", "rows_accepted", "rows_quarantined"]
    assert counts[columns].to_numpy().tolist() == [[3003, 3, 3000]]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM orders", "DELETE, not a SELECT"),
        ("ATTACH 'other.db' AS other", "ATTACH, not a SELECT"),
        ("SELECT 1; DROP TABLE orders", "more than one statement"),
        ("-- SELECT 1\nUPDATE orders SET net = 0", "UPDATE, not a SELECT"),
        ("", "NOTHING, not a SELECT"),
    ],
)
def test_a_query_that_is_no_select_is_refused(extract, query, told):
    database(extract, ROWS)
    assert said(store(extract, query)) == (
        f"The query of sources.order_lines is {told}.\n"
        "Fix: write exactly one SELECT; a source only reads."
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("WITH old AS (SELECT 1) DELETE FROM orders", 'near "DELETE": syntax error'),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT load_extension('evil')", "not authorized"),
    ],
)
def test_what_the_database_refuses_is_told_in_a_sentence(extract, query, told):
    database(extract, ROWS)
    message = said(store(extract, query))
    assert told in message
    assert message.startswith("The database of sources.order_lines refuses: ")
    assert message.endswith("\nFix: correct database or query under [sources.order_lines].")
    with sqlite3.connect(extract.folder / "crm.sqlite") as crm:
        assert crm.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    crm.close()


def test_semicolons_in_texts_and_comments_end_nothing(extract):
    database(extract, ROWS)
    made = store(extract, QUERY + " WHERE nr <> ';' -- the end;\n;")
    assert len(made.frame("order_lines")) == 2


def test_a_database_outside_the_folder_is_not_read(extract):
    database(extract, ROWS)
    (extract.folder / "crm.sqlite").rename(extract.folder.parent / "crm.sqlite")
    assert said(store(extract, told="sqlite:../crm.sqlite")) == (
        "sources.order_lines reads ../crm.sqlite, which lies outside the engagement's folder and"
        " [data] root.\n"
        "Fix: put the file there, or set [data] root to the folder that holds it."
    )


def test_a_file_that_is_no_database(extract):
    extract.write("crm.sqlite", "order_id;net\n" * 100)
    assert said(store(extract)) == (
        "The database of sources.order_lines refuses: Failed to prepare query: file is not a"
        " database.\nFix: correct database or query under [sources.order_lines]."
    )


def test_the_hash_covers_the_database_its_journal_and_the_query(extract):
    database(extract, ROWS)
    first = files_hash(store(extract).engagement, "order_lines")
    assert files_hash(store(extract).engagement, "order_lines") == first
    assert files_hash(store(extract, QUERY + " LIMIT 1").engagement, "order_lines") != first
    extract.write("crm.sqlite-wal", "written, and not yet in the file")
    assert files_hash(store(extract).engagement, "order_lines") != first


def test_each_table_of_a_database_file_is_looked_at(extract):
    database(extract, ROWS)
    (found,) = looks(extract.folder)
    assert (found.kind, found.sheet, found.sheets, found.rows) == (
        "sqlite", "orders", ("orders",), 2,
    )  # fmt: skip
    assert [one.kind for one in found.columns] == ["code", "date", "whole", "number", "number"]


# --- servers ----------------------------------------------------------------------------------

SERVER = "postgresql://reader:${CRM_PASSWORD}@db.example/crm"


def test_a_password_in_the_file_is_refused_and_not_repeated(extract):
    for told in ("postgresql://reader:hunter2@db/crm", "postgresql://db/crm?password=hunter2"):
        with pytest.raises(SegkitError) as raised:
            store(extract, told=told)
        assert str(raised.value) == (
            "engagement.toml: sources.order_lines holds a password: write ${NAME} and set that"
            " variable.\nFix: correct the section."
        )


def test_a_variable_that_is_not_set(extract, monkeypatch):
    monkeypatch.delenv("CRM_PASSWORD", raising=False)
    assert said(store(extract, told=SERVER)) == (
        "sources.order_lines needs the environment variable CRM_PASSWORD, which is not set.\n"
        "Fix: set CRM_PASSWORD before the run; its value is kept nowhere."
    )


def test_a_driver_that_is_not_installed(extract, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", "hunter2")
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    assert said(store(extract, told=SERVER)) == (
        "sources.order_lines reads a database, but its driver is not installed:"
        " adbc-driver-postgresql.\n"
        "Fix: install it with: pip install adbc-driver-manager adbc-driver-postgresql"
    )


def test_a_server_of_another_kind(extract):
    assert said(store(extract, told="mysql://db/crm")) == (
        "sources.order_lines reads a database that segkit does not know.\n"
        'Fix: write database = "sqlite:file.sqlite" or "postgresql://...".'
    )


@pytest.fixture
def server(monkeypatch):
    """A driver of servers that hands SQLite's connection over, and keeps what it was asked."""
    import adbc_driver_sqlite.dbapi as sqlite

    asked = []

    def connect(address):
        asked.append(address)
        if "refused" in address:
            told = f"IO: [libpq] could not connect to {address}\nDETAIL: hunter2"
            raise sqlite.OperationalError(
                told, status_code=sqlite.adbc_driver_manager.AdbcStatusCode.IO
            )
        connection = sqlite.connect()
        cursor = connection.cursor

        class Asked:
            def __enter__(self):
                self.cursor = cursor()
                return self

            def __exit__(self, *_):
                self.cursor.close()

            def execute(self, sql):
                asked.append(sql)
                self.cursor.execute("SELECT 1" if sql.startswith("SET") else sql)

            def __getattr__(self, name):
                return getattr(self.cursor, name)

        connection.cursor = Asked
        return connection

    module = SimpleNamespace(connect=connect, Error=sqlite.Error)
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", SimpleNamespace(dbapi=module))
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", module)
    monkeypatch.setenv("CRM_PASSWORD", "hunter2/&")
    return asked


LINE = """SELECT '1' AS order_id, '2026-03-01' AS order_date, 'A' AS customer_id, 1 AS quantity,
5.25 AS net_amount"""


def test_a_server_is_asked_to_read_only_and_its_rows_are_hashed(extract, server):
    made = store(extract, LINE, SERVER)
    assert made.frame("order_lines")["net_amount"].tolist() == [525]
    assert server[0] == "postgresql://reader:hunter2%2F%26@db.example/crm"
    assert server[1] == "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
    first = files_hash(made.engagement, "order_lines")
    assert files_hash(store(extract, LINE, SERVER).engagement, "order_lines") == first
    other = store(extract, LINE.replace("5.25", "5.26"), SERVER)
    assert files_hash(other.engagement, "order_lines") != first


def test_no_secret_is_in_any_error_or_file(extract, server):
    message = said(store(extract, LINE, SERVER.replace("db.example", "refused")))
    assert message == (
        "The database of sources.order_lines refuses: could not connect to ***.\n"
        "Fix: correct database or query under [sources.order_lines]."
    )
    store(extract, LINE, SERVER).path("order_lines")
    kept = b"".join(path.read_bytes() for path in extract.folder.rglob("*") if path.is_file())
    assert b"hunter2" not in kept
