"""A client's database as a source: one query that only reads, over ADBC, into Parquet."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from segkit.engagement import Source
from segkit.engine import Engine, literal, quoted
from segkit.errors import EngagementError, SourceError

#: How the name of a database file ends.
SQLITE = (".sqlite", ".sqlite3", ".db", ".db3")
_SQLITE = "sqlite:"
_POSTGRES = ("postgresql://", "postgres://")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
#: Text between quotation marks and comments, in which a semicolon ends nothing.
_NO_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TYPES = ("integer", "real", "text", "blob")


def database_file(source: Source) -> str | None:
    """The path of a source's database file; None where it is no file."""
    told = source.database or ""
    return told.removeprefix(_SQLITE) if told.startswith(_SQLITE) else None


def fetch(engine: Engine, where: str, source: Source, path: Path | None, target: Path) -> None:
    """Run a source's query and keep its rows as Parquet.

    Parameters
    ----------
    path
        The database file; None where the database is a server.

    Raises
    ------
    EngagementError
        If the query is more than one SELECT, or the database is of no known kind.
    SourceError
        If the database cannot be read, or refuses the query.
    """
    query = _one_select(where, source.query or "")
    with _connected(where, source, path) as connection:
        if path is None:
            _keep(connection, query, target)
        else:
            _keep_sqlite(engine, connection, query, target, source.decimal or ".")


def rows_hash(where: str, source: Source) -> str:
    """The hash of the rows that a server answers, in whatever order."""
    with Engine() as engine:
        target = engine.workspace / "rows.parquet"
        fetch(engine, where, source, None, target)
        found = engine.query(
            "SELECT count(*) || ' ' || sum(CAST(hash(given) AS HUGEINT)) AS told "
            f"FROM read_parquet({literal(str(target))}) AS given"
        )
    return str(found["told"].to_pylist()[0])


def tables_of(path: Path, label: str) -> tuple[str, ...]:
    """The tables and views of a database file."""
    source = Source(database=_SQLITE + label, query="SELECT 1")
    with _connected(label, source, path) as connection:
        found = _rows(
            connection,
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
    return tuple(name for (name,) in found)


def _one_select(where: str, query: str) -> str:
    bare = _NO_CODE.sub(" ", query).strip().rstrip(";")
    first = (bare.split() or ["nothing"])[0].upper()
    if first not in ("SELECT", "WITH") or ";" in bare:
        told = "more than one statement" if ";" in bare else f"{first}, not a SELECT"
        raise EngagementError(
            f"The query of {where} is {told}.\nFix: write exactly one SELECT; a source only reads."
        )
    return query.strip().rstrip(";")


@contextmanager
def _connected(where: str, source: Source, path: Path | None) -> Iterator[Any]:
    """A connection that cannot write; what the driver says is told without its secrets."""
    told = source.database or ""
    secrets = [told]
    if path is None:
        address, secrets = _address(where, told)
        driver = _driver(where, "postgresql")
    else:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        driver = _driver(where, "sqlite")
    try:
        with driver.connect(address) as connection:
            if path is None:
                _rows(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            yield connection
    except driver.Error as error:
        said = (str(error).strip().splitlines() or ["no reason given"])[0]
        for secret in sorted(filter(None, [address, *secrets]), key=len, reverse=True):
            said = said.replace(secret, "***")
        said = re.sub(r"^[A-Z_]+: (\[\w+\] )?", "", said).rstrip(".")
        raise SourceError(
            f"The database of {where} refuses: {said}.\n"
            f"Fix: correct database or query under [{where}]."
        ) from None


def _address(where: str, told: str) -> tuple[str, list[str]]:
    """The address with its variables filled in, and what they hold."""
    if not told.startswith(_POSTGRES):
        raise EngagementError(
            f"{where} reads a database that segkit does not know.\n"
            'Fix: write database = "sqlite:file.sqlite" or "postgresql://...".'
        )
    names = _VARIABLE.findall(told)
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise EngagementError(
            f"{where} needs the environment variable {missing[0]}, which is not set.\n"
            f"Fix: set {missing[0]} before the run; its value is kept nowhere."
        )
    secrets = [form for name in names for form in (os.environ[name], quote(os.environ[name], ""))]
    return _VARIABLE.sub(lambda found: quote(os.environ[found[1]], ""), told), secrets


def _driver(where: str, kind: str) -> Any:
    try:
        return importlib.import_module(f"adbc_driver_{kind}.dbapi")
    except ImportError:
        raise EngagementError(
            f"{where} reads a database, but its driver is not installed: adbc-driver-{kind}.\n"
            f"Fix: install it with: pip install adbc-driver-manager adbc-driver-{kind}"
        ) from None


def _rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _keep(connection: Any, query: str, target: Path) -> None:
    """Stream the rows of a query, as the database typed them, to Parquet."""
    import pyarrow.parquet as pq

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{query}\n) AS given")
        rows = cursor.fetch_record_batch()
        with pq.ParquetWriter(target, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)


def _keep_sqlite(engine: Engine, connection: Any, query: str, target: Path, decimal: str) -> None:
    """Keep the rows of a query whose columns may hold values of several types.

    SQLite types each value, its driver the first rows only: values travel as text, and a column
    gets the type that all its values have; among texts a number has their decimal mark.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{query}\n) LIMIT 0")
        names = [name for name, *_ in cursor.description]
    kinds = [
        f"coalesce(sum(typeof({quoted(name)}) = '{kind}'), 0)" for name in names for kind in _TYPES
    ]
    (counts,) = _rows(connection, f"SELECT {', '.join(kinds)} FROM (\n{query}\n)")
    types = {name: _type(counts[place * 4 : place * 4 + 4]) for place, name in enumerate(names)}
    texts = ", ".join(
        f"CASE typeof({cell}) WHEN 'null' THEN '' WHEN 'blob' THEN hex({cell}) WHEN 'real' THEN "
        f"{_real(cell, type, decimal)} ELSE CAST({cell} AS TEXT) END AS {cell}"
        for cell, type in ((quoted(name), type) for name, type in types.items())
    )
    raw = target.with_suffix(".raw.parquet")
    _keep(connection, f"SELECT {texts} FROM (\n{query}\n)", raw)
    typed = ", ".join(
        f"CAST(nullif({quoted(name)}, '') AS {type}) AS {quoted(name)}"
        for name, type in types.items()
    )
    engine.write(f"SELECT {typed} FROM read_parquet({literal(str(raw))})", target)
    raw.unlink()


def _real(cell: str, type: str, decimal: str) -> str:
    if type == "DOUBLE":
        return f"printf('%!.17g', {cell})"
    return f"replace(printf('%!.15g', {cell}), '.', '{decimal}')"


def _type(counts: Sequence[int]) -> str:
    """The engine's type of a column with so many integers, reals, texts and blobs."""
    integers, reals, texts, blobs = counts
    if texts or blobs or not integers + reals:
        return "VARCHAR"
    return "DOUBLE" if reals else "BIGINT"
