"""From a client's files to the accepted rows, those set aside, the counts and the repairs."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from segkit.engagement import Engagement, Source
from segkit.engine import Engine, literal, quoted
from segkit.errors import SourceError, first_few
from segkit.sources.columns import mapped
from segkit.sources.parsing import Cell, Format, cells_of, format_of, minor_sql, text_sql, value_sql
from segkit.sources.selected import select
from segkit.sources.staging import Staged, stage
from segkit.store import Given, Sql
from segkit.tables import CONTRACTS, ENGINE_TYPES, Column, Table

_NET = "net_amount"
_SET_ASIDE = ("reason", "reason_kind", "file", "row")
_NO_DATA = """CASE kind WHEN 'totals_row' THEN 'is a row of totals: '
    WHEN 'repeated_header' THEN 'repeats the header: '
    ELSE 'does not have the fields of the header: ' END"""


@dataclass(frozen=True)
class _Reading:
    """One contract table being read: `parsed` is its Parquet file, typed, with a reason or none."""

    engine: Engine
    engagement: Engagement
    table: Table
    source: Source
    staged: Staged
    cells: tuple[Cell, ...]
    parsed: Path

    @property
    def columns(self) -> list[Column]:
        """The contract's columns, then further attributes."""
        ours = list(self.table.columns)
        return ours + [cell.column for cell in self.cells if cell.column not in ours]

    @property
    def names(self) -> str:
        """The columns' names for a SELECT."""
        return ", ".join(quoted(column.name) for column in self.columns)

    @property
    def has_money(self) -> bool:
        """Whether rows carry the net revenue that must reconcile."""
        return self.table.name == "order_lines"


def read(given: Given) -> dict[str, Sql]:
    """Read the client's files of one contract table.

    Parameters
    ----------
    given
        Its ``makes`` name the accepted rows, then those set aside, the counts and the repairs.

    Returns
    -------
    dict
        Accepted rows in an order that depends on their values only; rows set aside with their
        reason; rows per file; values that became empty.
    """
    accepted, quarantine, counts, repairs = given.makes
    reading = _open(given.engine, given.engagement, quarantine.removesuffix("_quarantine"))
    _parse(reading)
    _set_aside(reading)
    _check_rows(reading)
    return {
        accepted: Sql(f"SELECT {_accepted_columns(reading)} FROM {_kept(reading)} ORDER BY ALL"),
        quarantine: Sql(_quarantine(reading)),
        counts: Sql(_counts(reading)),
        repairs: Sql(_repairs(reading)),
    }


def _open(engine: Engine, engagement: Engagement, name: str) -> _Reading:
    table, source = CONTRACTS[name], engagement.sources[name]
    where = f"sources.{name}"
    staged = (select if source.sql else stage)(engine, engagement, where, source)
    found = mapped(table, source, staged)
    cells = tuple(cells_of(table, source, staged, found, engine))
    parsed = engine.workspace / f"{name}.parsed.parquet"
    return _Reading(engine, engagement, table, source, staged, cells, parsed)


# --- parse ------------------------------------------------------------------------------------


def _parse(reading: _Reading) -> None:
    """Type every value once, into a Parquet file; a row that can't be counted gets its reason."""
    how = format_of(
        reading.engine,
        reading.source,
        reading.staged,
        list(reading.cells),
        reading.engagement.currency,
        reading.engagement.decimals,
    )
    texts = "".join(f", {cell.worded} AS {_text(cell)}" for cell in reading.cells if cell.is_text)
    raws = "".join(
        f", {cell.raw} AS {quoted('o_' + cell.column.name)}"
        for cell in reading.cells
        if not cell.is_text
    )
    values = "".join(f", {_value(cell, how)}" for cell in reading.cells)
    connection = reading.engine.connection
    connection.execute("SET preserve_insertion_order = false")  # __row keeps the place
    connection.execute(f"""
        COPY (
          WITH given AS (
            SELECT __file, __row, {_is_blank(reading)} AS __is_blank{texts}{raws}
            FROM ({reading.staged.relation})
          ), typed AS (SELECT *{values} FROM given WHERE NOT __is_blank)
          SELECT __file, __row, {_finals(reading)} FROM typed
        ) TO {literal(str(reading.parsed))} (FORMAT parquet)
    """)
    connection.execute("SET preserve_insertion_order = true")


def _is_blank(reading: _Reading) -> str:
    """SQL that is true of a line without any value, mapped or not."""
    types = reading.staged.types(reading.engine)
    texts = [text_sql(quoted(header), types[header]) for header in reading.staged.headers]
    return f"coalesce({', '.join(texts)}) IS NULL"


def _text(cell: Cell) -> str:
    return quoted("t_" + cell.column.name)


def _told(cell: Cell) -> str:
    """SQL of the value as text, after the raw values were renamed."""
    if cell.is_text:
        return _text(cell)
    return replace(cell, raw=quoted("o_" + cell.column.name)).text


def _value(cell: Cell, how: Format) -> str:
    renamed = replace(cell, raw=quoted("o_" + cell.column.name))
    return f"{value_sql(renamed, _told(cell), how)} AS {quoted('v_' + cell.column.name)}"


def _finals(reading: _Reading) -> str:
    """The typed columns, the exact net amount, the reasons, and what became empty."""
    finals = [_final(reading, column) for column in reading.columns]
    if reading.has_money:
        finals.append(f"v_{_NET} AS __net")
    must = [cell for cell in reading.cells if _must_be_read(reading, cell.column)]
    may = [cell for cell in reading.cells if cell not in must]
    finals.append(f"nullif(concat_ws('; ', {', '.join(map(_reason, must))}), '') AS __reason")
    finals.append(f"coalesce({', '.join(map(_reason_kind, must))}, NULL) AS __kind")
    finals += [f"{_became_empty(cell)} AS {quoted('bad_' + cell.column.name)}" for cell in may]
    return ", ".join(finals)


def _final(reading: _Reading, column: Column) -> str:
    given = any(cell.column == column for cell in reading.cells)
    value = quoted("v_" + column.name) if given else "NULL"
    if given and column.kind == "amount":
        value = minor_sql(value, reading.engagement.decimals)
    if reading.has_money and column.name == "product_id":
        value = f"coalesce({value}, 'unknown')"
    return f"CAST({value} AS {ENGINE_TYPES[column.kind]}) AS {quoted(column.name)}"


def _must_be_read(reading: _Reading, column: Column) -> bool:
    return column.counts or column.name in reading.table.key


def _reason(cell: Cell) -> str:
    name = cell.column.name
    return (
        f"CASE WHEN {quoted('v_' + name)} IS NULL THEN CASE WHEN {_told(cell)} IS NULL "
        f"THEN '{name} is empty' ELSE '{name} cannot be read: ' || left({_told(cell)}, 60) END END"
    )


def _reason_kind(cell: Cell) -> str:
    name = cell.column.name
    what = {"date": "date", "amount": "amount"}.get(cell.column.kind, "number")
    what = "quantity" if name == "quantity" else what
    return (
        f"CASE WHEN {quoted('v_' + name)} IS NULL THEN CASE WHEN {_told(cell)} IS NULL "
        f"THEN 'empty_{name}' ELSE 'unreadable_{what}' END END"
    )


def _became_empty(cell: Cell) -> str:
    """SQL of the text that could not be read; '' where a value that must be there is not."""
    told = f"coalesce({_told(cell)}, '')" if cell.column.is_required else _told(cell)
    return f"CASE WHEN {quoted('v_' + cell.column.name)} IS NULL THEN {told} END"


# --- set aside --------------------------------------------------------------------------------


def _set_aside(reading: _Reading) -> None:
    """Table `aside`: rows that can't be counted, and repeats of the key."""
    net = quoted(_NET) if reading.has_money else "NULL"
    parsed = f"read_parquet({literal(str(reading.parsed))})"
    key = [quoted(name) for name in reading.table.key or reading.source.key]
    repeats = ""
    if key:
        said = f"{literal(', '.join(reading.table.key or reading.source.key) + ' repeated: ')}"
        values = ", ".join(f"CAST({name} AS VARCHAR)" for name in key)
        whole = " AND ".join(f"{name} IS NOT NULL" for name in key)
        # which one stays depends on its values, never on the order of rows
        repeats = f"""
            UNION ALL
            SELECT __file, __row, {said} || concat_ws(', ', {values}), 'repeated_key', {net}
            FROM {parsed} WHERE __reason IS NULL AND {whole}
            QUALIFY row_number() OVER (
              PARTITION BY {", ".join(key)} ORDER BY {reading.names}, __file, __row) > 1
        """
    reading.engine.connection.execute(f"""
        CREATE TABLE aside AS
        SELECT __file, __row, __reason, __kind, {net} AS __net
        FROM {parsed} WHERE __reason IS NOT NULL {repeats}
    """)
    reading.engine.connection.execute(
        "CREATE TABLE rejects (__file VARCHAR, __row BIGINT, kind VARCHAR, line VARCHAR)"
    )
    if reading.staged.aside:
        reading.engine.connection.executemany(
            "INSERT INTO rejects VALUES (?, ?, ?, ?)", list(map(astuple, reading.staged.aside))
        )


def _kept(reading: _Reading) -> str:
    parsed = f"read_parquet({literal(str(reading.parsed))})"
    return f"(FROM {parsed} ANTI JOIN aside USING (__file, __row))"


def _accepted_columns(reading: _Reading) -> str:
    if not reading.has_money:
        return reading.names
    first, last = reading.engagement.window_start, reading.engagement.as_of
    return (
        f"{reading.names}, CASE WHEN order_date <= DATE '{first}' THEN 'before_window' "
        f"WHEN order_date <= DATE '{last}' THEN 'in_window' ELSE 'after_as_of' END AS period"
    )


def _quarantine(reading: _Reading) -> str:
    """Rows as the files have them, with the reason why they can't be counted."""
    by_name = {cell.column.name: cell for cell in reading.cells}

    def as_read(column: Column) -> str:
        name = f"{column.name}_read" if column.name in _SET_ASIDE else column.name
        cell = by_name.get(column.name)
        return f"CAST({cell.text if cell else 'NULL'} AS VARCHAR) AS {quoted(name)}"

    texts = ", ".join(map(as_read, reading.table.columns))
    nulls = ", ".join("NULL" for _ in reading.table.columns)
    has_rows = reading.staged.parts[0].offset is not None
    row = "__row" if has_rows else "CAST(NULL AS BIGINT)"
    money = ", CAST(__net AS BIGINT) AS net_amount_minor" if reading.has_money else ""
    return f"""
        SELECT * FROM (
          SELECT {texts}, __reason AS reason, __kind AS reason_kind, __file AS file,
                 {row} AS row{money}
          FROM ({reading.staged.relation}) JOIN aside USING (__file, __row)
          UNION ALL
          SELECT {nulls}, {_NO_DATA} || left(line, 200), kind, __file, __row
                 {", NULL" if money else ""} FROM rejects
        ) ORDER BY file, row, COLUMNS(*)
    """


def _counts(reading: _Reading) -> str:
    """One row per file; for order lines with the exact sum and what rounding did to it."""
    parsed = f"read_parquet({literal(str(reading.parsed))})"
    decimals = reading.engagement.decimals
    money = (
        f""", CAST(coalesce(sum(__net), 0) AS DECIMAL(38,6)) AS net_read,
        CAST(coalesce(sum(round(__net, {decimals}) - __net), 0) AS DECIMAL(38,6)) AS net_rounding
        """
        if reading.has_money
        else ""
    )
    sums = ", net_read, net_rounding" if money else ""
    files = ", ".join(f"({literal(part.file)})" for part in reading.staged.parts)
    zero = sums and ", coalesce(net_read, 0) AS net_read, coalesce(net_rounding, 0) AS net_rounding"
    return f"""
        SELECT file, CAST(coalesce(rows, 0) + coalesce(lost, 0) AS BIGINT) AS rows_read,
               CAST(coalesce(rows, 0) - coalesce(bad, 0) AS BIGINT) AS rows_accepted,
               CAST(coalesce(bad, 0) + coalesce(lost, 0) AS BIGINT) AS rows_quarantined{zero}
        FROM (VALUES {files}) AS files(file)
        LEFT JOIN (SELECT __file AS file, count(*) AS rows{money} FROM {parsed} GROUP BY 1)
          USING (file)
        LEFT JOIN (SELECT __file AS file, count(*) AS bad FROM aside GROUP BY 1) USING (file)
        LEFT JOIN (SELECT __file AS file, count(*) AS lost FROM rejects GROUP BY 1) USING (file)
        ORDER BY file
    """


def _repairs(reading: _Reading) -> str:
    """Values that could not be read and became empty, in accepted rows."""
    may = [cell for cell in reading.cells if not _must_be_read(reading, cell.column)]
    each = [
        f'SELECT {literal(cell.column.name)} AS "column", {quoted("bad_" + cell.column.name)} '
        f"AS value FROM kept"
        for cell in may
    ]
    nothing = "SELECT '' AS \"column\", '' AS value WHERE false"
    return f"""
        WITH kept AS {_kept(reading)}
        SELECT "column", CASE WHEN value = '' THEN 'is empty' ELSE 'cannot be read' END AS reason,
               count(*) AS rows, nullif(min(value), '') AS example
        FROM ({" UNION ALL ".join([*each, nothing])}) WHERE value IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
    """


# --- what stops a run -------------------------------------------------------------------------


def _check_rows(reading: _Reading) -> None:
    files = ", ".join(part.file for part in reading.staged.parts)
    read, aside = _one(
        reading,
        f"SELECT (SELECT count(*) FROM read_parquet({literal(str(reading.parsed))})) + "
        "(SELECT count(*) FROM rejects), (SELECT count(*) FROM aside) + "
        "(SELECT count(*) FROM rejects)",
    )
    if read == 0:
        raise SourceError(
            f"{files} holds no rows below its header.\n"
            "Fix: ask for the file again, or leave it out."
        )
    if reading.has_money:
        _check_dates(reading, files, read, aside)


def _check_dates(reading: _Reading, files: str, read: int, aside: int) -> None:
    as_of, start = reading.engagement.as_of, reading.engagement.window_start
    first, in_window = _one(
        reading,
        "SELECT min(order_date), count(*) FILTER "
        f"(order_date > DATE '{start}' AND order_date <= DATE '{as_of}') FROM {_kept(reading)}",
    )
    if first is None:
        reasons = reading.engine.connection.execute(
            f"SELECT __reason FROM aside UNION ALL SELECT {_NO_DATA} || left(line, 200) "
            "FROM rejects ORDER BY 1"
        ).fetchall()
        raise SourceError(
            f"None of the {read:,} order lines can be counted: "
            f"{first_few([reason for (reason,) in reasons])}.\n"
            "Fix: correct columns, decimal or date_format under [sources.order_lines]."
        )
    if first > as_of:
        raise SourceError(
            f"The first order is of {first}, after as_of ({as_of}).\n"
            "Fix: correct as_of, or ask for the earlier orders."
        )
    if in_window == 0:
        raise SourceError(
            f"None of the {read - aside:,} order lines lies in the window after {start} up to "
            f"{as_of}.\nFix: correct as_of or window_months, or ask for the orders of the window."
        )


def _one(reading: _Reading, sql: str) -> tuple[Any, ...]:
    found = reading.engine.connection.execute(sql).fetchone()
    assert found is not None
    return found
