"""A contract table that is one SELECT over declared raw files, run where nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segkit.engagement import Engagement, Source
from segkit.engine import Engine, failure, quoted
from segkit.errors import EngagementError, SegkitError, SourceError, nearest
from segkit.sources.files import raw_names
from segkit.sources.staging import Staged, readable, stage, typed_part


def select(engine: Engine, engagement: Engagement, where: str, source: Source) -> Staged:
    """The rows of a source's SQL.

    Raises
    ------
    EngagementError
        If it is not exactly one SELECT, or reads anything but the declared raw files.
    """
    sql = source.sql or ""
    target = engine.workspace / f"{where}.parquet"
    with Engine(engine.workspace / f"{where}.sandbox") as sandbox:
        _check_one_select(sandbox, where, sql)
        sandbox.connection.execute("CREATE SCHEMA raw")
        raws = [(raw, _load(sandbox, engagement, raw)) for raw in raw_names(sql, engagement.raw)]
        _run(sandbox, engagement, where, sql, target)
    files = " + ".join(dict.fromkeys(part.file for _, one in raws for part in one.parts))
    aside = tuple(replace(one, file=files) for _, staged in raws for one in staged.aside)
    return Staged(where, (replace(typed_part(engine, files, target, offset=None), aside=aside),))


def _check_one_select(sandbox: Engine, where: str, sql: str) -> None:

    try:
        statements = sandbox.connection.extract_statements(sql)
    except failure() as error:
        raise _wrong(where, f"cannot be parsed: {_first_line(error)}", "mend the SQL.") from None
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        told = ", ".join(kinds) or "no statement"
        raise _wrong(where, f"is {told}, not one SELECT", "write exactly one SELECT.")


def _load(sandbox: Engine, engagement: Engagement, raw: str) -> Staged:
    source = engagement.raw[raw]
    staged = stage(sandbox, engagement, f"raw.{raw}", source)
    with readable(staged):
        sandbox.connection.execute(
            f"CREATE TABLE raw.{quoted(raw)} AS SELECT * EXCLUDE (__file, __row) "
            f"FROM ({staged.relation})"
        )
    broken = [one for one in staged.aside if one.kind == "unreadable_row"]
    if broken:
        raise SourceError(
            f"{broken[0].file} line {broken[0].line} does not have the fields of its header: "
            f"{broken[0].text}\n"
            f"Fix: mend the line, or read the file without SQL, which sets such lines aside."
        )
    return staged


def _run(sandbox: Engine, engagement: Engagement, where: str, sql: str, target: Path) -> None:
    """Run the SELECT with external access off, for good, and stream its rows to Parquet."""
    import pyarrow.parquet as pq

    for setting in (
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        sandbox.connection.execute(f"SET {setting}")
    try:
        rows = sandbox.connection.sql(sql).to_arrow_reader(100_000)
        with pq.ParquetWriter(target, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
    except failure() as error:
        raise _failed(engagement, where, error) from None


def _failed(engagement: Engagement, where: str, error: Exception) -> SegkitError:

    said = _first_line(error)
    if isinstance(error, failure("PermissionException")):
        said = said.split(" - ")[0].removeprefix("Permission Error: ")
        return _wrong(
            where,
            f"reads outside the declared raw files: {said}",
            "declare the file as [raw.<name>] and read raw.<name>.",
        )
    if isinstance(error, failure("CatalogException")) and "Table with name" in said:
        name = said.split("Table with name ")[1].split(" ")[0].strip('"').removeprefix("raw.")
        return _wrong(
            where,
            f"reads {name}, which is not declared",
            f"declare it as [raw.{name}] and read raw.{name}.",
            nearest(name, engagement.raw),
        )
    return _wrong(where, f"fails: {said}", "mend the SQL.")


def _wrong(where: str, what: str, fix: str, hint: str = "") -> EngagementError:
    return EngagementError(f"The sql of {where} {what}.{hint}\nFix: {fix}")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".!")
