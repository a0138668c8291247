"""A client's files as Parquet that keeps what they say: text, or what the file typed."""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from segkit.engagement import Engagement, Source
from segkit.engine import Engine, failure, literal, quoted
from segkit.errors import SourceError, nearest
from segkit.sources.databases import SQLITE, fetch
from segkit.sources.dialects import RESERVED, Dialect, bare, clean_headers, dialect_of, to_utf8
from segkit.sources.files import File, check_opens, files_of, unreadable
from segkit.sources.repairs import money_word
from segkit.sources.sheets import sheets_of
from segkit.tables import CONTRACTS

_CENTRAL_EUROPE = {"PL", "CZ", "SK", "HU", "RO", "SI", "HR", "BA", "AL"}
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUETS = (".parquet", ".pq")
_OPEN_QUOTE = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")
#: Written once and read a few times; dictionaries of what repeats make the later passes quick.
_QUICK_PARQUET = "FORMAT parquet, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 5000"
_MOST_COLUMNS = 2_000
_MOST_LINES_OF_A_CELL = 200
#: Words that begin a row of totals, in the languages of our clients.
TOTALS = (
    *("total", "totals", "grand total", "subtotal", "sub-total", "sum", "sum total"),
    *("suma", "razem", "ogółem", "łącznie", "i alt", "ialt", "totalt", "total general"),
    *("summe", "gesamt", "gesamtsumme", "zwischensumme", "insgesamt", "celkem", "yhteensä"),
)


@dataclass(frozen=True)
class SetAside:
    """A row that is no data, or not of the header's shape.

    Attributes
    ----------
    kind
        ``unreadable_row``, ``totals_row`` or ``repeated_header``.
    """

    file: str
    line: int
    kind: str
    text: str


@dataclass(frozen=True)
class Part:
    """One file, or one sheet of it, staged.

    Attributes
    ----------
    offset
        What turns a row's place in the Parquet file into its row in the client's file;
        None where the rows come from SQL and have no place.
    aside
        Rows that are no data.
    dropped
        Unnamed columns that are empty throughout.
    dialect
        How a text file or a sheet is written.
    sheet
        The sheet it was, whose cells a spreadsheet typed: numbers have the mark `decimal`
        (None: `unclear` has an example by header), dates are ISO; serial dates count from 1904
        or 1900.
    unmarked
        Columns of text that the file types as bytes.
    no_text
        Columns whose bytes are no text, such as pictures: only SQL can read them.
    """

    file: str
    path: Path
    headers: tuple[str, ...]
    offset: int | None
    aside: tuple[SetAside, ...] = ()
    dropped: tuple[str, ...] = ()
    dialect: Dialect | None = None
    sheet: str | None = None
    decimal: str | None = "."
    unclear: Mapping[str, str] = field(default_factory=dict)
    is_1904: bool = False
    unmarked: tuple[str, ...] = ()
    no_text: tuple[str, ...] = ()

    @property
    def relation(self) -> str:
        """A SELECT of its rows of data, with ``__file`` and ``__row``."""
        offset = self.offset or 0
        no_data = [str(one.line - offset) for one in self.aside if one.kind != "unreadable_row"]
        no_data = no_data if self.offset is not None else []  # SQL has left them out already
        without = f" WHERE file_row_number NOT IN ({', '.join(no_data)})" if no_data else ""
        texts = ", ".join(f"decode({one}) AS {one}" for one in map(quoted, self.unmarked))
        return (
            f"SELECT {literal(self.file)} AS __file, file_row_number + {offset} AS __row, "
            f"* EXCLUDE (file_row_number){f' REPLACE ({texts})' if texts else ''} "
            f"FROM {scan(self.path)}{without}"
        )


@dataclass(frozen=True)
class Staged:
    """The files of one source as one relation with ``__file`` and ``__row``."""

    where: str
    parts: tuple[Part, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, as cleaned, of columns that hold values."""
        no_text = {name for part in self.parts for name in part.no_text}
        return tuple(name for name in self.parts[0].headers if name not in no_text)

    @property
    def aside(self) -> list[SetAside]:
        """The rows of all files that are no data."""
        return [one for part in self.parts for one in part.aside]

    @property
    def is_sheet(self) -> bool:
        """Whether a spreadsheet typed the cells."""
        return any(part.sheet is not None for part in self.parts)

    @property
    def relation(self) -> str:
        """A SELECT of all rows of data."""
        return " UNION ALL BY NAME ".join(part.relation for part in self.parts)

    def types(self, engine: Engine) -> dict[str, str]:
        """The engine's type of each header."""
        described = engine.connection.execute(f"DESCRIBE {self.relation}").fetchall()
        return {name: kind for name, kind, *_ in described}

    def check_plain(self, headers: Iterable[str], types: Mapping[str, str]) -> None:
        """Refuse a column that holds lists or structures."""
        for header in headers:
            if is_nested(types[header]):
                raise SourceError(
                    f"{self.parts[0].file} holds lists or structures in its column {header}, "
                    "not values.\nFix: ask for the column as plain values, or leave it out."
                )


def is_nested(type: str) -> bool:
    """Whether the engine's type holds several values."""
    return type.endswith("]") or type.startswith(("STRUCT", "MAP", "UNION"))


def scan(path: Path) -> str:
    """A table function that reads one Parquet file with its row numbers."""
    return f"read_parquet({literal(str(path))}, file_row_number=true, hive_partitioning=false)"


def stage(engine: Engine, engagement: Engagement, where: str, source: Source) -> Staged:
    """All files of one source, as Parquet in the engine's workspace."""
    table = CONTRACTS.get(where.removeprefix("sources."))
    contract = [column.name for column in table.columns] if table else []
    if source.database is not None:
        files = files_of(engagement, where, source)
        return Staged(where, (database_part(engine, where, source, *files),))
    wanted = [*source.columns.values()] or contract
    region = region_of(engagement)
    parts = tuple(
        part
        for place, file in enumerate(files_of(engagement, where, source))
        for part in stage_file(engine, f"{where}.{place}", file, source, region, wanted)
    )
    for part in parts[1:]:
        _check_same_headers(parts[0], part)
    return Staged(where, parts)


def database_part(engine: Engine, where: str, source: Source, file: File | None = None) -> Part:
    """The rows of a source's query; `file` is its database file."""
    target = engine.workspace / f"{where.replace('/', '.')}.parquet"
    fetch(engine, where, source, file.path if file else None, target)
    return typed_part(engine, file.label if file else "database", target)


def region_of(engagement: Engagement) -> str:
    """The code page of the client's region, which decides where letters can't."""
    central = {engagement.country, engagement.language.upper()} & _CENTRAL_EUROPE
    return "cp1250" if central else "cp1252"


def stage_file(
    engine: Engine,
    name: str,
    file: File,
    source: Source,
    region: str,
    wanted: Sequence[str] | None,
) -> Iterator[Part]:
    """One file as Parquet, a part for each of its sheets.

    Parameters
    ----------
    name
        What its Parquet files are called in the workspace.
    wanted
        Headers that are looked for; None where nothing is known of the file.
    """
    suffix = file.path.suffix.lower()
    check_content(file)
    if suffix in PARQUETS:
        yield _parquet(engine, file, engine.workspace / f"{name}.parquet")
    elif suffix in SHEETS:
        yield from _sheets(engine, name, file, source, wanted)
    else:
        yield _csv(engine, name, file, source, region, wanted)


#: What a file's first bytes tell, and how the names of such files end.
_CONTENTS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"PK\3\4", "a packed file such as XLSX", SHEETS),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS)", (".xls",)),
    (b"PAR1", "a Parquet file", PARQUETS),
    (b"SQLite format 3\0", "a SQLite database", SQLITE),
    (b"<!doctype", "a web page", ()),
    (b"<html", "a web page", ()),
    (b"<?xml", "an XML document", ()),
    (b"%pdf", "a PDF document", ()),
)


_OPENED_BY_SPREADSHEETS = ("a web page", "an XML document")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def check_content(file: File) -> None:
    """Refuse an empty file, and one that its name says to be something else."""
    check_opens(file)
    with file.path.open("rb") as opened:
        head = opened.read(64)
    suffix = file.path.suffix.lower()
    if not head:
        raise _empty(file)
    for mark, kind, endings in _CONTENTS:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(mark.lower()) and (
            suffix not in endings
        ):
            fix = f"rename it to end in {endings[0]}" if endings else "ask for the data as CSV"
            if suffix in SHEETS and kind in _OPENED_BY_SPREADSHEETS:
                fix = "open it in a spreadsheet and save it as XLSX, or ask for the data as CSV"
            raise SourceError(f"{file.label} is {kind}, whatever its name says.\nFix: {fix}.")
    if suffix in SHEETS and not _NO_TEXT.search(head):
        raise SourceError(
            f"{file.label} is text, whatever its name says.\nFix: rename it to end in .csv."
        )


def _check_same_headers(first: Part, other: Part) -> None:
    for one, two in ((first, other), (other, first)):
        for header in one.headers:
            if header not in two.headers:
                raise SourceError(
                    f"{two.file} has no column {header}, which {one.file} has."
                    f"{nearest(header, set(two.headers) - set(one.headers))}\n"
                    "Fix: give files that make one table the same header, or declare two sources."
                )


def _empty(file: File) -> SourceError:
    return SourceError(f"{file.label} is empty.\nFix: ask for the file again, or leave it out.")


# --- Parquet ----------------------------------------------------------------------------------


def _parquet(engine: Engine, file: File, copy: Path) -> Part:
    try:
        part = typed_part(engine, file.label, file.path)
        wrong = _wrongly_marked(engine, part)
        if wrong:
            _write_as_bytes(file.path, wrong, copy)
            part = typed_part(engine, file.label, copy)
    except failure() as error:
        raise unreadable(file, "Parquet", error) from None
    for name in {*RESERVED[:2]} & {*part.headers}:
        raise SourceError(
            f"{file.label} has a column called {name}, which segkit uses itself.\n"
            "Fix: ask for the column under another name, or leave it out."
        )
    return part


def typed_part(engine: Engine, label: str, path: Path, offset: int | None = 1) -> Part:
    """A Parquet file, whose bytes are text where all of a column's values are."""
    types = {
        name: kind
        for name, kind, *_ in engine.connection.execute(f"DESCRIBE FROM {scan(path)}").fetchall()
        if name != "file_row_number"
    }
    is_text = {
        name: engine.connection.execute(
            f"SELECT count(TRY(decode({quoted(name)}))) = count({quoted(name)}) FROM {scan(path)}"
        ).fetchall()
        == [(True,)]
        for name, kind in types.items()
        if kind == "BLOB"
    }
    return Part(
        label,
        path,
        tuple(types),
        offset,
        unmarked=tuple(name for name, said in is_text.items() if said),
        no_text=tuple(name for name, said in is_text.items() if not said),
    )


def _wrongly_marked(engine: Engine, part: Part) -> list[str]:
    """The columns that the file types as text and that hold other bytes."""

    def is_read(names: Iterable[str]) -> bool:
        # a count would be told by the file's statistics, without a look at the values
        each = ", ".join(f"max(hash({quoted(name)}))" for name in names)
        try:
            engine.connection.execute(f"SELECT {each} FROM {scan(part.path)}").fetchall()
        except failure("InvalidInputException") as error:
            return "string encoding" not in str(error)
        except failure():
            pass  # it is told as it is read
        return True

    types = Staged("", (part,)).types(engine)
    texts = [name for name in part.headers if types[name] == "VARCHAR"]
    return [] if not texts or is_read(texts) else [name for name in texts if not is_read([name])]


def _write_as_bytes(path: Path, names: Iterable[str], target: Path) -> None:
    """A Parquet file once more, some of its columns typed as the bytes they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as given:
        schema = given.schema_arrow
        for name in names:
            place = schema.get_field_index(name)
            schema = schema.set(place, schema.field(place).with_type(pa.binary()))
        with pq.ParquetWriter(target, schema) as writer:
            for batch in given.iter_batches(50_000):
                writer.write_batch(batch.cast(schema))


@contextmanager
def readable(staged: Staged) -> Iterator[None]:
    """What is found broken only as it is read becomes a sentence; our own mistakes stay ours."""
    ours = tuple(failure(f"{kind}Exception") for kind in ("Binder", "Catalog", "Parser"))
    try:
        yield
    except failure() as error:
        if isinstance(error, ours):
            raise
        broken = next(
            (part for part in staged.parts if str(part.path) in str(error)), staged.parts[0]
        )
        raise unreadable(File(broken.path, broken.file), "data", error) from None


# --- sheets -----------------------------------------------------------------------------------


def _sheets(
    engine: Engine, name: str, file: File, source: Source, wanted: Sequence[str] | None
) -> Iterator[Part]:
    where = name.rpartition(".")[0]
    several = not isinstance(source.sheet, str | None) or glob.has_magic(source.sheet or "")
    for place, sheet in enumerate(sheets_of(file.path, file.label, where, source, wanted)):
        if sheet.dialect is None:
            raise SourceError(
                f"{file.label} has nothing in its sheet {sheet.name}.\n"
                f"Fix: correct sheet under [{where}]."
            )
        target = engine.workspace / f"{name}.{place}.parquet"
        _write_text(sheet.rows[sheet.dialect.skip - sheet.first + 1 :], sheet.dialect, target)
        label = f"{file.label} ({sheet.name})" if several else file.label
        part = _without_no_data(engine, source, label, target, sheet.dialect)
        headers = clean_headers(sheet.dialect.header)
        yield replace(
            part,
            sheet=sheet.name,
            decimal=sheet.decimal,
            unclear={headers[place]: text for place, text in sheet.unclear.items()},
            is_1904=sheet.is_1904,
        )


def _write_text(rows: Sequence[Sequence[str | None]], dialect: Dialect, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    headers = clean_headers(dialect.header)
    schema = pa.schema([(header, pa.string()) for header in headers])
    with pq.ParquetWriter(target, schema) as writer:
        for start in range(0, max(len(rows), 1), 50_000):
            chunk = rows[start : start + 50_000]
            columns = [
                pa.array([row[place] if place < len(row) else None for row in chunk], pa.string())
                for place in range(len(headers))
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


# --- CSV --------------------------------------------------------------------------------------


def _csv(
    engine: Engine,
    name: str,
    file: File,
    source: Source,
    region: str,
    wanted: Sequence[str] | None,
) -> Part:
    target, text = (engine.workspace / f"{name}{ending}" for ending in (".parquet", ".csv"))
    known = to_utf8(file.path, text, file.label, source.encoding, region)
    dialect = dialect_of(text, known, source, wanted)
    if dialect is None:
        raise _empty(file)
    headers = clean_headers(dialect.header)
    if len(headers) > _MOST_COLUMNS:
        raise SourceError(
            f"{file.label} has {len(headers):,} columns, and segkit reads up to {_MOST_COLUMNS:,}."
            "\nFix: ask for the data as a list of rows, not as a cross table."
        )
    types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(headers)))
    columns = ", ".join(f"c{place} AS {quoted(header)}" for place, header in enumerate(headers))
    reading = (
        f"read_csv({literal(str(text))}, auto_detect=false, header=false, skip={dialect.skip}, "
        f"delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)}, "
        f"escape={literal(dialect.quote)}, new_line='\\n', strict_mode=true, "
        f"columns={{{types}}}, store_rejects=true, rejects_table='rejects', rejects_scan='scans')"
    )
    try:
        engine.connection.execute(
            f"COPY (SELECT {columns} FROM {reading}) TO {literal(str(target))} ({_QUICK_PARQUET})"
        )
    except failure() as error:
        raise unreadable(file, "CSV", error) from None
    broken = _broken_rows(engine, file)
    _check_lines(engine, file, text, target, dialect, broken)
    text.unlink()
    part = _without_no_data(engine, source, file.label, target, dialect)
    return replace(part, aside=(*part.aside, *broken))


def _broken_rows(engine: Engine, file: File) -> list[SetAside]:
    """Lines that do not have the header's fields; an open quotation mark would swallow the rest."""
    found = engine.connection.execute(
        "SELECT line, min(error_type), coalesce(min(trim(csv_line, chr(10))), '') "
        "FROM rejects GROUP BY line ORDER BY line"
    ).fetchall()
    engine.connection.execute("DROP TABLE rejects; DROP TABLE scans")
    for line, kind, text in found:
        if kind in _OPEN_QUOTE and (not text or "\n" in text):
            raise SourceError(
                f"{file.label} opens a quotation mark in line {line} that is never closed.\n"
                "Fix: close or delete it, or ask for the file without it."
            )
    return [SetAside(file.label, line, "unreadable_row", text) for line, _, text in found]


def _check_lines(
    engine: Engine,
    file: File,
    text: Path,
    target: Path,
    dialect: Dialect,
    broken: Sequence[SetAside],
) -> None:
    """Each line must be a row, a part of one or blank; an open quotation mark may swallow some."""
    ends = " + ".join(
        f"length({cell}) - length(replace({cell}, chr(10), ''))"
        for cell in (f"coalesce({quoted(name)}, '')" for name in clean_headers(dialect.header))
    )

    def told(sql: str) -> tuple[int, ...]:
        found: tuple[int, ...]
        (found,) = engine.connection.execute(f"SELECT {sql} FROM {scan(target)}").fetchall()
        return found

    (rows,) = told("count(*)")
    lost, most = dialect.lines - dialect.skip - rows - len(broken), 0
    if lost > 0:
        inside, most = told(f"coalesce(sum({ends}), 0), coalesce(max({ends}), 0)")
        lost -= inside + sum(one.text.count("\n") for one in broken)
    if lost > 0:
        with text.open("rb") as opened:
            lost -= sum(line == b"\n" for line in itertools.islice(opened, dialect.skip, None))
    if lost > 0 or most > _MOST_LINES_OF_A_CELL:
        raise SourceError(
            f"{file.label} has lines that are lost in the cells of others: "
            f"{max(lost, most):,} of {dialect.lines:,}.\n"
            "Fix: close its quotation marks, or ask for the file again."
        )


# --- rows and columns that are no data --------------------------------------------------------

_MONEY = rf"({money_word('EUR')}\.?|%)?"
_SPACE = r"[\s" + "\u00a0\u202f]"
#: A number as clients write it, whatever its marks.
NUMERAL = rf"[-+−(]?{_MONEY}{_SPACE}?[-−]?\d(\d|{_SPACE}|[.,'’])*[-)]?{_SPACE}?{_MONEY}"
_NUMERAL = re.compile(NUMERAL)


def _cell(header: str) -> str:
    """SQL of a cell's text without spaces around it; empty is null."""
    return f"nullif(trim({quoted(header)}, {literal(' ' + chr(9) + chr(10) + chr(160))}), '')"


def _without_no_data(
    engine: Engine, source: Source, label: str, target: Path, dialect: Dialect
) -> Part:
    """The staged file without rows of totals, repeated headers and empty unnamed columns."""
    headers = clean_headers(dialect.header)
    unnamed = [name for name, cell in zip(headers, dialect.header, strict=True) if not bare(cell)]
    dropped: tuple[str, ...] = ()
    if unnamed and dialect.header_row:
        counts = ", ".join(f"count({_cell(one)})" for one in unnamed)
        (filled,) = engine.connection.execute(f"SELECT {counts} FROM {scan(target)}").fetchall()
        dropped = tuple(one for one, count in zip(unnamed, filled, strict=True) if not count)
    shown = tuple(one for one in headers if one not in dropped) or tuple(headers)
    offset = dialect.skip + 1
    return Part(
        label,
        target,
        shown,
        offset,
        _no_data(engine, source, label, target, dialect, shown),
        dropped,
        dialect,
    )


def _no_data(
    engine: Engine, source: Source, label: str, target: Path, dialect: Dialect, shown: Sequence[str]
) -> tuple[SetAside, ...]:
    """Rows of totals and repeated headers, each with its line."""
    cells = dict(zip(clean_headers(dialect.header), map(bare, dialect.header), strict=True))
    named = {name: cell for name, cell in cells.items() if cell}
    words = "|".join(map(re.escape, TOTALS if source.totals is None else source.totals))
    given = ", ".join(map(quoted, shown))
    likely = []  # cheap, since it is asked of every row; statistics tell where no cell is blank
    if words:
        begins = literal(rf"^[\s\x{{A0}}]*(?i:{words})([^\p{{L}}]|$)")
        blank = " OR ".join(f"{one} IS NULL OR {one} < '!'" for one in map(quoted, shown))
        first = f"coalesce({', '.join(map(quoted, shown[:5]))})"
        likely.append(f"({blank}) AND regexp_matches({first}, {begins})")
    for name, cell in [*named.items()][:1]:
        likely.append(f"contains({quoted(name)}, {literal(cell)})")
    found = {
        row: [bare(text or "") for text in texts]
        for condition in likely
        for row, texts in engine.connection.execute(
            f"SELECT file_row_number, [{given}] FROM {scan(target)} WHERE {condition}"
        ).fetchall()
    }
    told = []
    for row in sorted(found):
        by_name = dict(zip(shown, found[row], strict=True))
        is_header = named and all(by_name[name] == cell for name, cell in named.items())
        if is_header or is_totals(found[row]):
            kind = "repeated_header" if is_header else "totals_row"
            text = (dialect.delimiter or " ").join(found[row])
            told.append(SetAside(label, row + dialect.skip + 1, kind, text))
    return tuple(told)


def is_totals(cells: Sequence[str]) -> bool:
    """Whether a row that begins with a word for a total is one.

    All else that it holds is numbers, at least one, and a column stays empty, as no row of a
    customer called Total does.

    Examples
    --------
    >>> is_totals(["Razem", "", "1 234,50 zł"]), is_totals(["TOTAL", "Paris", ""])
    (True, False)
    """
    filled = [cell for cell in cells if cell]
    return 1 < len(filled) < len(cells) and all(map(_NUMERAL.fullmatch, filled[1:]))
