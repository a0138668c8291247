"""A client's files as Parquet that keeps what they say: text, or what the file typed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from segkit.engagement import Engagement, Source
from segkit.engine import Engine, failure, literal, quoted
from segkit.errors import EngagementError, SourceError, nearest
from segkit.sources.files import File, files_of

_CHUNK = 1 << 22
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CENTRAL_EUROPE = {"PL", "CZ", "SK", "HU", "RO", "SI", "HR", "BA", "AL"}
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OPEN_QUOTE = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")


@dataclass(frozen=True)
class Noted:
    """What was done to a file as it was staged, for the page of repairs.

    Attributes
    ----------
    rule
        The id of the repair, such as ``unnamed_column``; the page says it in words.
    column
        The client's header, or nothing where it concerns the whole file.
    """

    rule: str
    column: str
    rows: int
    example: str | None = None
    became: str | None = None


@dataclass(frozen=True)
class Part:
    """One file, staged.

    Attributes
    ----------
    offset
        What turns a row's place in the Parquet file into its row in the client's file;
        None where the rows come from SQL and have no place.
    rejects
        Lines that do not have the header's fields: line and text.
    is_sheet
        Whether cells were typed by the spreadsheet: numbers have a decimal point, dates are ISO.
    notes
        What was repaired on the way.
    """

    file: str
    path: Path
    headers: tuple[str, ...]
    offset: int | None
    rejects: tuple[tuple[int, str], ...] = ()
    is_sheet: bool = False
    notes: tuple[Noted, ...] = ()


@dataclass(frozen=True)
class Staged:
    """The files of one source as one relation with ``__file`` and ``__row``."""

    where: str
    parts: tuple[Part, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, as cleaned."""
        return self.parts[0].headers

    @property
    def rejects(self) -> list[tuple[str, int, str]]:
        """File, line and text of the lines that do not have the header's fields."""
        return [(part.file, line, text) for part in self.parts for line, text in part.rejects]

    @property
    def is_sheet(self) -> bool:
        """Whether a spreadsheet typed the cells."""
        return any(part.is_sheet for part in self.parts)

    @property
    def relation(self) -> str:
        """A SELECT of all rows."""
        return " UNION ALL BY NAME ".join(
            f"SELECT {literal(part.file)} AS __file, "
            f"file_row_number + {part.offset or 0} AS __row, * EXCLUDE (file_row_number) "
            f"FROM {scan(part.path)}"
            for part in self.parts
        )

    def types(self, engine: Engine) -> dict[str, str]:
        """The engine's type of each header."""
        described = engine.connection.execute(f"DESCRIBE {self.relation}").fetchall()
        return {name: kind for name, kind, *_ in described}


def scan(path: Path) -> str:
    """A table function that reads one Parquet file with its row numbers."""
    return f"read_parquet({literal(str(path))}, file_row_number=true, hive_partitioning=false)"


def stage(engine: Engine, engagement: Engagement, where: str, source: Source) -> Staged:
    """All files of one source, as Parquet in the engine's workspace."""
    parts = [
        _stage_file(engine, engagement, where, source, file, place)
        for place, file in enumerate(files_of(engagement, where, source))
    ]
    for part in parts[1:]:
        _check_same_headers(parts[0], part)
    return Staged(where, tuple(parts))


def _stage_file(
    engine: Engine, engagement: Engagement, where: str, source: Source, file: File, place: int
) -> Part:
    if file.path.stat().st_size == 0:
        raise _empty(file)
    target = engine.workspace / f"{where}.{place}.parquet"
    suffix = file.path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return _parquet(engine, file)
    if suffix in _SHEETS:
        return _sheet(source, where, file, target)
    return _csv(engine, engagement, source, file, target)


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


def _unreadable(file: File, kind: str, error: Exception) -> SourceError:
    said = str(error).strip().splitlines()[0].rstrip(".")
    return SourceError(
        f"{file.label} cannot be read as {kind}: {said}.\n"
        "Fix: ask for the file again, or save it anew from the program that made it."
    )


# --- Parquet ----------------------------------------------------------------------------------


def _parquet(engine: Engine, file: File) -> Part:

    try:
        described = engine.connection.execute(f"DESCRIBE FROM {scan(file.path)}").fetchall()
    except failure() as error:
        raise _unreadable(file, "Parquet", error) from None
    headers = tuple(name for name, *_ in described if name != "file_row_number")
    return Part(file.label, file.path, headers, offset=1)


# --- sheets -----------------------------------------------------------------------------------


def _sheet(source: Source, where: str, file: File, target: Path) -> Part:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(file.path))
    except (CalamineError, OSError) as error:
        raise _unreadable(file, "a spreadsheet", error) from None
    name = source.sheet or book.sheet_names[0]
    if name not in book.sheet_names:
        raise SourceError(
            f"{file.label} has no sheet {name}.{nearest(name, book.sheet_names)}\n"
            f"Fix: correct sheet under [{where}]."
        )
    mark = source.decimal or "."
    rows = (
        [_cell(value, mark) for value in row] for row in book.get_sheet_by_name(name).iter_rows()
    )
    line, header = next(
        ((place, row) for place, row in enumerate(rows, start=1) if any(row)), (0, [])
    )
    if not header:
        raise SourceError(
            f"{file.label} has nothing in its sheet {name}.\nFix: correct sheet under [{where}]."
        )
    headers = _clean_headers([cell or "" for cell in header])
    _write_text(rows, headers, target)
    shown = tuple(name for name in headers if name)
    return Part(file.label, target, shown, offset=line + 1, is_sheet=True)


def _cell(value: Any, mark: str) -> str | None:
    """A cell as text: a date as ISO, a number in full with the file's decimal mark."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        plain = format(Decimal(repr(value)), "f").removesuffix(".0")
        return plain.replace(".", mark)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) or None


def _write_text(rows: Iterable[Sequence[str | None]], headers: list[str], target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = [place for place, header in enumerate(headers) if header]
    schema = pa.schema([(headers[place], pa.string()) for place in kept])
    with pq.ParquetWriter(target, schema) as writer:
        for chunk in _chunks(rows, 50_000):
            columns = [pa.array([row[place] for row in chunk], pa.string()) for place in kept]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _chunks(
    rows: Iterable[Sequence[str | None]], size: int
) -> Iterator[list[Sequence[str | None]]]:
    chunk: list[Sequence[str | None]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    yield chunk


# --- CSV --------------------------------------------------------------------------------------


def _csv(engine: Engine, engagement: Engagement, source: Source, file: File, target: Path) -> Part:

    text = target.with_suffix(".csv")
    _to_utf8(engagement, source, file, text)
    header, line, delimiter = _read_header(file, text, source.delimiter)
    headers = _clean_headers(header)
    types = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(headers)))
    shown = {f"c{place}": name for place, name in enumerate(headers) if name}
    columns = ", ".join(f"{column} AS {quoted(name)}" for column, name in shown.items())
    reading = (
        f"read_csv({literal(str(text))}, auto_detect=false, header=false, skip={line}, "
        f"delim={literal(delimiter)}, quote='\"', escape='\"', new_line='\\n', strict_mode=true, "
        f"columns={{{types}}}, store_rejects=true, rejects_table='rejects', rejects_scan='scans')"
    )
    try:
        engine.write(f"SELECT {columns} FROM {reading}", target)
    except failure() as error:
        raise _unreadable(file, "CSV", error) from None
    text.unlink()
    return Part(file.label, target, tuple(shown.values()), line + 1, _rejects(engine, file))


def _rejects(engine: Engine, file: File) -> tuple[tuple[int, str], ...]:
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
    return tuple((line, text) for line, _, text in found)


def _to_utf8(engagement: Engagement, source: Source, file: File, target: Path) -> None:
    """Write `file` as UTF-8 with plain line ends, one chunk at a time."""
    candidates = _encodings(engagement, source, file)
    for encoding in candidates:
        problem = _transcode(file.path, target, encoding)
        if problem is None:
            return
    fix = "correct encoding" if source.encoding else "declare its encoding"
    raise SourceError(
        f"{file.label} is not {' or '.join(candidates).replace('-sig', '')}: {problem}.\n"
        f"Fix: {fix}, such as utf-8, cp1250, cp1252, iso-8859-2 or utf-16, in the file's section."
    )


def _encodings(engagement: Engagement, source: Source, file: File) -> list[str]:
    """The declared encoding; else by its first bytes, else UTF-8, else the region's code page."""
    if source.encoding:
        try:
            name = codecs.lookup(source.encoding).name
        except LookupError:
            known = ["utf-8", "utf-16", "cp1250", "cp1252", "iso-8859-2"]
            raise EngagementError(
                f"{file.label} is declared as {source.encoding}, which is no known encoding."
                f"{nearest(source.encoding, known)}\nFix: correct encoding in the file's section."
            ) from None
        return ["utf-8-sig" if name == "utf-8" else name]
    with file.path.open("rb") as opened:
        head = opened.read(4)
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return [encoding]
    if head[1:2] == b"\0" or head[:1] == b"\0":
        return ["utf-16-le" if head[1:2] == b"\0" else "utf-16-be"]
    central = {engagement.country, engagement.language.upper()} & _CENTRAL_EUROPE
    return ["utf-8", "cp1250" if central else "cp1252"]


def _transcode(path: Path, target: Path, encoding: str) -> str | None:
    """Stream a file into UTF-8; says what cannot be decoded, or None."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    lines = 1
    with path.open("rb") as source, target.open("wb") as sink:
        while True:
            chunk = source.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].count(b"\n")
                return f"line {lines:,} holds the byte 0x{error.object[error.start]:02X}"
            sink.write(text.encode("utf-8", "surrogatepass"))
            lines += text.count("\n")
            if not chunk:
                return None


def _read_header(file: File, text: Path, declared: str | None) -> tuple[list[str], int, str]:
    """The header's fields, how many lines it ends after, and the delimiter."""
    with text.open(encoding="utf-8", newline="") as opened:
        first = next((line for line in opened if line.strip("\ufeff \t\n")), "")
        told = re.match("\ufeff?sep=(.)$", first.strip())  # a line that Excel understands
        if told:
            first = next(opened, "")
        delimiter = declared or (told and told[1]) or _sniff(first)
        opened.seek(0)
        rows = csv.reader(opened, delimiter=delimiter)
        for row in rows:
            is_blank = not any(cell.strip("\ufeff \xa0") for cell in row)
            if not is_blank and not "".join(row).startswith(("sep=", "\ufeffsep=")):
                return row, rows.line_num, delimiter
    raise _empty(file)


def _sniff(line: str) -> str:
    """The likely delimiter of a header line: the most frequent candidate outside quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(";,\t|", key=bare.count)


def _clean_headers(header: Sequence[str]) -> list[str]:
    """Headers without marks and spaces around them; a repeated one gets its number.

    Examples
    --------
    >>> _clean_headers(["\ufeffKod ", "Rok", "kod", ""])
    ['Kod', 'Rok', 'kod (2)', '']
    """
    clean: list[str] = []
    seen: Counter[str] = Counter()
    for name in (" ".join(name.strip("\ufeff").split()) for name in header):
        seen[name.casefold()] += 1
        count = seen[name.casefold()]
        clean.append(f"{name} ({count})" if name and count > 1 else name)
    return clean
