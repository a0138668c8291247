"""What a client's file is, told from all of its rows: how it is written, and what its columns hold.

The reader reads with the same knowledge; what the data can't decide is left ``"undecided"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from segkit.engagement import Source
from segkit.engine import Engine, literal, quoted
from segkit.errors import SegkitError
from segkit.sources.databases import SQLITE, tables_of
from segkit.sources.dialects import Dialect, Sure, bare, folded
from segkit.sources.files import File
from segkit.sources.sheets import sheet_names
from segkit.sources.staging import (
    NUMERAL,
    PARQUETS,
    SHEETS,
    Part,
    Staged,
    check_content,
    database_part,
    is_nested,
    readable,
    stage_file,
)

Kind = Literal["csv", "xlsx", "parquet", "sqlite"]
ColumnKind = Literal[
    "empty", "text", "code", "whole", "number", "date", "boolean", "nested", "bytes"
]
Decimal = Literal[",", ".", "undecided", ""]
DateOrder = Literal["dmy", "mdy", "ymd", "undecided", ""]

#: What is looked at, by the file's ending.
KINDS: dict[str, Kind] = {
    **dict.fromkeys((".csv", ".txt", ".tsv", ".tab", ".dat"), "csv"),
    **dict.fromkeys(SHEETS, "xlsx"),
    **dict.fromkeys(PARQUETS, "parquet"),
    **dict.fromkeys(SQLITE, "sqlite"),
}


@dataclass(frozen=True)
class LookedColumn:
    """One column, asked of all its rows.

    Attributes
    ----------
    header
        As the reader knows it: cleaned, a repeated one numbered, an unnamed one ``column_<n>``.
    kind
        What at least 95 % of its values are. A ``code`` is digits that are no number (leading
        zeros); ``nested`` and ``bytes`` that are no text cannot be read.
    filled
        Share of the rows that hold a value.
    distinct
        How many different values.
    examples
        The first up to three different values.
    decimal, thousands
        The marks of its numbers; ``""`` where there are none or the file typed them.
    date_order
        Of its dates; ``undecided`` where no day is above 12.
    date_format
        Of its dates, such as ``dd.mm.yyyy``; ``""`` where undecided or mixed.
    telling
        A value that decides its decimal mark or date order.
    """

    header: str
    kind: ColumnKind
    filled: float
    distinct: int
    examples: tuple[str, ...]
    decimal: Decimal = ""
    thousands: str = ""
    date_order: DateOrder = ""
    date_format: str = ""
    telling: str = ""


@dataclass(frozen=True)
class Look:
    """One file, one sheet of a file, or one table of a database file.

    Attributes
    ----------
    file
        Its path as the engagement file names it, relative to the folder.
    rows
        Rows of data: without those set aside.
    encoding, sure
        The code page, and how sure it is; ``""`` and certain where the file has none.
    header_row, header_rows
        The header's line, from 1 (0: there is none), and how many lines it takes.
    titles
        Lines above the header.
    aside
        Rows that are no data: line, reason (``totals_row``, ``repeated_header``,
        ``unreadable_row``), text.
    trailing_delimiter
        Whether each line ends in a delimiter with nothing behind it.
    dropped
        Unnamed columns that are empty throughout, as ``column_<n>``.
    repeated
        Headers that stand more than once.
    sheet, sheets
        The sheet or database table looked at, and all there are.
    problem
        Why it cannot be read, a whole sentence with its fix; ``""`` where it can.
    """

    path: Path
    file: str
    kind: Kind
    rows: int = 0
    columns: tuple[LookedColumn, ...] = ()
    encoding: str = ""
    sure: Sure = "certain"
    delimiter: str = ""
    quote: str = ""
    header_row: int = 1
    header_rows: int = 1
    titles: tuple[str, ...] = ()
    aside: tuple[tuple[int, str, str], ...] = ()
    trailing_delimiter: bool = False
    dropped: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    problem: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """Its headers, as the reader knows them."""
        return tuple(column.header for column in self.columns)

    @property
    def decimal(self) -> Decimal:
        """The one decimal mark of all its columns, `undecided` where they differ or can't tell."""
        return _one({column.decimal for column in self.columns})

    @property
    def date_order(self) -> DateOrder:
        """The one date order of all its columns, `undecided` where they differ or can't tell."""
        return _one({column.date_order for column in self.columns})


def _one(told: set[Any]) -> Any:
    told = told - {""}
    return told.pop() if len(told) == 1 else "undecided" if told else ""


# --- looking ----------------------------------------------------------------------------------


def looks(folder: Path, region: str = "cp1252") -> tuple[Look, ...]:
    """All files, sheets and tables in a folder and below it, sorted by their path.

    Parameters
    ----------
    region
        The code page that decides where letters can't: cp1250 in Central Europe.
    """
    found = []
    for path in _files(folder):
        label = path.relative_to(folder).as_posix()
        if path.suffix.lower() not in KINDS:
            continue
        if path.resolve().is_relative_to(folder.resolve()):
            found += _looks_of(path, label, region)
        else:
            problem = f"{label} lies outside the folder.\nFix: put the file itself there."
            found.append(Look(path, label, KINDS[path.suffix.lower()], problem=problem))
    return tuple(found)


def others(folder: Path) -> tuple[str, ...]:
    """Files in a folder that are of no kind that can be looked at."""
    return tuple(
        path.relative_to(folder).as_posix()
        for path in _files(folder)
        if path.suffix.lower() not in (*KINDS, ".toml")
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not is_hidden and not path.name.startswith("~$") and path.is_file():
            yield path


def look(path: Path, sheet: str | None = None, region: str = "cp1252") -> Look:
    """One file; of several sheets or tables the one named, or the first that holds something."""
    found = _looks_of(path, path.name, region)
    named = [one for one in found if sheet is None or one.sheet == sheet]
    return next((one for one in named if one.rows), named[0] if named else found[0])


def _looks_of(path: Path, label: str, region: str) -> list[Look]:
    blank = Look(path, label, KINDS.get(path.suffix.lower(), "csv"))
    try:
        check_content(File(path, label))
        names = _tables(path, label, blank.kind)
    except SegkitError as error:
        return [replace(blank, problem=str(error))]
    found = []
    for name in names:
        one = replace(blank, sheet=name, sheets=tuple(filter(None, names)))
        try:
            found.append(_looked(one, region))
        except SegkitError as error:
            found.append(replace(one, problem=str(error)))
    return found


def _tables(path: Path, label: str, kind: Kind) -> tuple[str, ...]:
    if kind == "xlsx":
        return sheet_names(path, label) or ("",)
    return tables_of(path, label) if kind == "sqlite" else ("",)


def _looked(blank: Look, region: str) -> Look:
    with Engine() as engine:
        part = _staged(engine, blank, region)
        staged = Staged("look", (part,))
        with readable(staged):
            (count,) = engine.query(f"SELECT count(*) AS n FROM ({part.relation})")["n"].to_pylist()
            types = staged.types(engine)
            columns = tuple(
                _column(engine, part, name, types[name], count) for name in part.headers
            )
    dialect = part.dialect or Dialect()
    last = f"column_{len(dialect.header)}"
    cells = [folded(cell) for cell in dialect.header if bare(cell)]
    return replace(
        blank,
        rows=count,
        columns=columns,
        encoding=dialect.encoding,
        sure=dialect.sure,
        delimiter=dialect.delimiter,
        quote=dialect.quote if dialect.delimiter else "",
        header_row=dialect.header_row,
        header_rows=dialect.header_rows,
        titles=dialect.titles,
        aside=tuple((one.line, one.kind, one.text) for one in part.aside),
        trailing_delimiter=last in part.dropped and bool(dialect.delimiter),
        dropped=part.dropped,
        repeated=tuple(dict.fromkeys(cell for cell in cells if cells.count(cell) > 1)),
    )


def _staged(engine: Engine, blank: Look, region: str) -> Part:
    file = File(blank.path, blank.file)
    if blank.kind == "sqlite":
        query = f"SELECT * FROM {quoted(blank.sheet)}"
        source = Source(database=f"sqlite:{blank.file}", query=query)
        return database_part(engine, blank.file, source, file)
    source = Source(file=blank.file, sheet=blank.sheet or None)
    return next(iter(stage_file(engine, "look.0", file, source, region, None)))


# --- columns ----------------------------------------------------------------------------------

_DATE = r"^(\d{1,4})([-./])(\d{1,2})([-./])(\d{1,4})([ T].*)?$"
_COMPACT = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
_WORDS = ("true", "false", "yes", "no", "tak", "nie", "ja", "nej", "da", "nu", "nein", "x")
_EITHER = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"


def _is_decimal(mark: str, other: str) -> str:
    """SQL that is true of a number with this decimal mark, whatever else it may be."""
    shape = (
        rf"^\D*0*\{mark}\d+\D*$|^[^\{mark}]*\{mark}(\d{{1,2}}|\d{{4,}})\D*$"
        rf"|\{other}.*\{mark}|\{other}\d{{3}}\{other}"
    )
    return f"regexp_matches(v, {literal(shape)})"


def _column(engine: Engine, part: Part, header: str, type: str, rows: int) -> LookedColumn:
    if is_nested(type):
        return LookedColumn(header, "nested", 0.0, 0, ())
    if header in part.no_text:
        return LookedColumn(header, "bytes", 0.0, 0, ())
    value = f"CAST({quoted(header)} AS VARCHAR)"
    trimmed = f"nullif(trim(translate({value}, chr(160) || chr(8239), '  ')), '')"
    number = f"regexp_full_match(v, {literal(NUMERAL)})"
    date = f"regexp_matches(v, {literal(_DATE)})"
    part_of = f"TRY_CAST(regexp_extract(v, {literal(_DATE)}, %d) AS INTEGER)"
    found = engine.query(f"""
        WITH given AS MATERIALIZED (
          SELECT v, count(*) AS n, min(__row) AS first_row
          FROM (SELECT {trimmed} AS v, __row FROM ({part.relation})) WHERE v IS NOT NULL GROUP BY v)
        SELECT coalesce(sum(n), 0)::BIGINT AS filled, count(*) AS different,
          (SELECT list(v ORDER BY first_row) FROM (FROM given ORDER BY first_row LIMIT 3))
            AS examples,
          sum(n) FILTER ({number}) AS numbers,
          sum(n) FILTER (regexp_full_match(v, '-?\\d+')) AS whole,
          sum(n) FILTER (regexp_full_match(v, '0\\d+|\\d{{16,}}')) AS codes,
          sum(n) FILTER ({date}) AS dates,
          sum(n) FILTER (regexp_matches(v, {literal(_COMPACT)})) AS compact,
          sum(n) FILTER (lower(v) IN ({", ".join(map(literal, _WORDS))})) AS words,
          count(*) FILTER ({number} AND {_is_decimal(",", ".")}) AS commas,
          count(*) FILTER ({number} AND {_is_decimal(".", ",")}) AS points,
          count(*) FILTER ({number} AND regexp_matches(v, {literal(_EITHER)})) AS unclear,
          mode(regexp_extract(v, '\\d([ .,''’])\\d{{3}}(\\D|$)', 1))
            FILTER ({number} AND regexp_matches(v, '\\d[ .,''’]\\d{{3}}(\\D|$)')) AS groups,
          min(v) FILTER ({number} AND {_is_decimal(",", ".")}) AS ",",
          min(v) FILTER ({number} AND {_is_decimal(".", ",")}) AS ".",
          min(v) FILTER ({date} AND greatest({part_of % 1}, {part_of % 3}) > 12) AS day,
          max({part_of % 1}) FILTER ({date}) AS first, max({part_of % 3}) FILTER ({date}) AS second,
          list(DISTINCT regexp_replace(regexp_replace(v, '[ T].*', ''), '\\d', '0', 'g'))
            FILTER ({date}) AS shapes
        FROM given""").to_pylist()[0]
    most = 0.95 * found["filled"]
    told = {name: found[name] or 0 for name in ("numbers", "whole", "codes", "dates", "compact")}
    kind: ColumnKind = "text"
    decimal: Decimal = ""
    order: DateOrder = ""
    groups, date_format = "", ""
    if not found["filled"]:
        kind = "empty"
    elif type.startswith(("DATE", "TIMESTAMP")):
        kind = "date"
    elif type == "BOOLEAN" or (found["words"] or 0) >= most:
        kind = "boolean"
    elif told["dates"] >= most or (told["compact"] >= most and type == "VARCHAR"):
        kind = "date"
        order, date_format = _date_order(found, is_compact=told["compact"] >= most)
    elif told["codes"] and told["whole"] >= most:
        kind = "code"
    elif told["numbers"] >= most:
        kind = "whole" if told["whole"] >= most else "number"
        if type == "VARCHAR":
            decimal, groups = _marks(found, part.decimal if part.sheet else None)
    return LookedColumn(
        header,
        kind,
        found["filled"] / rows if rows else 0.0,
        found["different"],
        tuple(found["examples"] or ()),
        decimal,
        groups,
        order,
        date_format,
        (found["day"] if order else found.get(decimal)) or "",
    )


def _marks(found: Mapping[str, Any], typed: str | None) -> tuple[Decimal, str]:
    """The decimal and the thousands mark, by the evidence of all numbers of a column."""
    commas, points, unclear = found["commas"], found["points"], found["unclear"]
    groups = found["groups"] or ""
    if typed is not None:
        return ("" if typed == "." else ","), ""
    if not commas and not points:
        return ("undecided" if unclear else ""), "" if unclear else groups
    if max(commas, points) <= 99 * min(commas, points):
        return "undecided", ""
    decimal: Decimal = "," if commas > points else "."
    return decimal, "" if groups == decimal else groups


def _date_order(found: Mapping[str, Any], *, is_compact: bool) -> tuple[DateOrder, str]:
    """The order of days and months, by all dates of a column, and their format if they have one."""
    if is_compact:
        return "ymd", "yyyymmdd"
    first, second = found["first"], found["second"]
    if first > 31:
        order: DateOrder = "ymd"
    elif first > 12 and second > 12:
        return "undecided", ""
    elif first > 12 or second > 12:
        order = "dmy" if first > 12 else "mdy"
    else:
        return "undecided", ""
    marks = {re.sub("0", "", shape) for shape in found["shapes"]}
    place = 0 if order == "ymd" else -1
    years = {len(re.split("[-./]", shape)[place]) for shape in found["shapes"]}
    if len(marks) > 1 or len(years) > 1:
        return order, ""
    mark, year = marks.pop()[0], "y" * years.pop()
    parts = {"d": "dd", "m": "mm", "y": year}
    return order, mark.join(parts[letter] for letter in order)
