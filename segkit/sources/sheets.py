"""The sheets of a spreadsheet as rows of text: dates in ISO, numbers in full, errors by name."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from segkit.engagement import Source
from segkit.errors import SourceError, nearest
from segkit.sources.dialects import Dialect, bare, folded, top_of
from segkit.sources.files import File, unreadable

_CHUNK = 1 << 20
#: A spreadsheet's text shrinks to a twentieth, seldom to a hundredth.
_MOST_UNPACKED, _MOST_TIMES, _SMALL = 2 << 30, 200, 50 << 20
_MOST_CELLS = 60_000_000
_REF = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_FORMULA_OR_ERROR = re.compile(
    rb"<(?:\w+:)?c (?P<told>[^>]*)>\s*"
    rb"(?P<f><(?:\w+:)?f\b[^>]*?(?:/>|>(?P<formula>[^<]*)</[^>]*>))?\s*"
    rb"(?:<(?:\w+:)?v>(?P<value>[^<]*)</[^>]*>|<(?:\w+:)?v\s*/>)?\s*</(?:\w+:)?c>"
)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows of text from the first that holds something.

    Attributes
    ----------
    first
        The line of the first row, from 1.
    dialect
        Where its header stands; None where the sheet is empty.
    decimal
        The mark that its numbers written as text have, and so all its numbers here;
        None where it can't be told.
    unclear
        By a column's place, a number written as text that can then be read in two ways.
    is_1904
        Whether days are counted from 1904.
    """

    name: str
    first: int
    rows: Sequence[list[str | None]]
    dialect: Dialect | None
    decimal: str | None
    unclear: Mapping[int, str]
    is_1904: bool


def sheet_names(path: Path, label: str) -> tuple[str, ...]:
    """The names of the sheets that hold cells, in their order."""
    from python_calamine import SheetTypeEnum

    return tuple(
        sheet.name
        for sheet in _open(path, label).sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    )


def sheets_of(
    path: Path, label: str, where: str, source: Source, wanted: Sequence[str] | None
) -> Iterator[Sheet]:
    """The sheets that a source names, or the first."""
    names = sheet_names(path, label)
    for name in _chosen(names, label, where, source):
        yield _sheet(path, label, where, source, name, wanted)


def _open(path: Path, label: str) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    _check_unpacked(path, label)
    return _calm(
        path,
        label,
        lambda: CalamineWorkbook.from_path(str(path)),
        (CalamineError, OSError, ValueError),
    )


def _calm(path: Path, label: str, call: Any, known: tuple[type[Exception], ...]) -> Any:
    """What `call` gives; whatever the reader says of a broken file becomes a sentence."""
    try:
        return call()
    except known as error:
        raise unreadable(File(path, label), "a spreadsheet", error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # which is no Exception
            raise
        raise unreadable(File(path, label), "a spreadsheet", "its reader gave up") from None


def _chosen(names: Sequence[str], label: str, where: str, source: Source) -> list[str]:
    if source.sheet is None:
        return [*names[:1]]
    asked = (source.sheet,) if isinstance(source.sheet, str) else source.sheet
    chosen: dict[str, None] = {}
    for pattern in asked:
        found = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
        if not found:
            raise SourceError(
                f"{label} has no sheet {pattern}.{nearest(pattern, names)}\n"
                f"Fix: correct sheet under [{where}]."
            )
        chosen |= dict.fromkeys([pattern] if pattern in found else found)
    return [*chosen]


def _sheet(
    path: Path, label: str, where: str, source: Source, name: str, wanted: Sequence[str] | None
) -> Sheet:
    from python_calamine import CalamineError

    told, is_1904 = _told_by_xml(path, label, name)
    book = _open(path, label)
    sheet = _calm(path, label, lambda: book.get_sheet_by_name(name), (CalamineError, ValueError))
    rows = _calm(path, label, lambda: list(sheet.iter_rows()), (CalamineError, ValueError))
    top, left = sheet.start or (0, 0)
    for (row, column), text in told.items():
        if 0 <= row - top < len(rows) and 0 <= column - left < len(rows[row - top]):
            rows[row - top][column - left] = text
    mark, unclear = (source.decimal, {}) if source.decimal else _text_marks(rows)
    texts = [[_cell(value, mark or ".") for value in row] for row in rows]
    dialect = _dialect(texts[:200], sheet.merged_cell_ranges or (), (top, left), source, wanted)
    return Sheet(name, top + 1, texts, dialect, mark, unclear, is_1904)


def _dialect(
    rows: Sequence[Sequence[str | None]],
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    start: tuple[int, int],
    source: Source,
    wanted: Sequence[str] | None,
) -> Dialect | None:
    """Where the header stands; merged cells over named columns make it two rows deep."""
    top, left = start
    leading = [(line, [cell or "" for cell in row]) for line, row in enumerate(rows, start=top + 1)]
    dialect = top_of(leading, source, wanted, Dialect())
    if dialect is None or source.header_rows or not dialect.header_row:
        return dialect
    for line in (dialect.header_row, dialect.header_row - 1):
        if line < dialect.header_row and not _may_lead(leading, line, top, source, wanted):
            break
        below = leading[line - top][1] if top < line and line - top < len(leading) else []
        if any(_covers(one, line, below, left) for one in merged):
            deep = source.model_copy(update={"header_row": line, "header_rows": 2})
            return top_of(leading, deep, wanted, Dialect())
    return dialect


def _covers(
    merged: tuple[tuple[int, int], tuple[int, int]], line: int, below: Sequence[str], left: int
) -> bool:
    """Whether merged cells of a line stand over several names, or reach down to them."""
    (first, from_column), (last, to_column) = merged
    names = [cell for cell in below[from_column - left : to_column - left + 1] if bare(cell)]
    return first == line - 1 and (last == line or (to_column > from_column and len(names) > 1))


def _may_lead(
    leading: Sequence[tuple[int, list[str]]],
    line: int,
    top: int,
    source: Source,
    wanted: Sequence[str] | None,
) -> bool:
    """Whether a line right above the header groups its names; a title alone does not."""
    if source.header_row is not None or line <= top:
        return False
    names, groups = (
        {folded(cell) for cell in leading[at][1]} for at in (line - top, line - top - 1)
    )
    is_enough = bool(names & {folded(one) for one in wanted or ()})
    return len(groups - {""}) > 1 and not is_enough


# --- cells ------------------------------------------------------------------------------------


def _cell(value: Any, mark: str) -> str | None:
    """A cell as text: a date as ISO, a number in full with the file's decimal mark."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        plain = format(Decimal(repr(value)), "f").removesuffix(".0")
        return plain.replace(".", mark)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


_TEXT_NUMBER = re.compile(
    r"[-+−(]?[^\d\W]{0,4}[£€$]?\s*\d[\d\s.,'’]*[-)]?\s*([^\d\W]{1,4}|[£€$%])?"
)
_IS_DECIMAL = {
    mark: re.compile(
        rf"\D*0*\{mark}\d+\D*|[^\{mark}]*\{mark}(\d{{1,2}}|\d{{4,}})\D*|.*\{other}.*\{mark}.*"
        rf"|.*\{other}\d{{3}}\{other}.*"
    )
    for mark, other in ((",", "."), (".", ","))
}


def _text_marks(rows: Sequence[Sequence[Any]]) -> tuple[str | None, dict[int, str]]:
    """The decimal mark of numbers written as text, in columns that are mostly numbers.

    Returns
    -------
    tuple
        The mark, ``.`` where there are none; or None, and by column an example such as 1.234
        that a real number could be, too.
    """
    marked: dict[str, dict[int, str]] = {",": {}, ".": {}, "?": {}}
    for place, column in enumerate(zip(*rows, strict=False)):
        given = [value for value in column if value != ""]
        texts = [value.strip() for value in given if isinstance(value, str)]
        texts = [text for text in texts if _TEXT_NUMBER.fullmatch(text)]
        numbers = sum(isinstance(value, float) for value in given) + len(texts)
        for text in texts if 2 * numbers >= len(given) else ():
            if "," in text or "." in text:
                alike = [mark for mark in ",." if _IS_DECIMAL[mark].fullmatch(text)]
                marked[alike[0] if len(alike) == 1 else "?"].setdefault(place, text)
    if bool(marked[","]) != bool(marked["."]):
        return "," if marked[","] else ".", {}
    unclear = marked["?"] | marked["."]
    return (None if unclear else "."), {
        place: text for place, text in unclear.items() if "." in text
    }


# --- what stands behind the sheet -------------------------------------------------------------


def _check_unpacked(path: Path, label: str) -> None:
    """Refuse a packed file whose content, as declared or as it is, is out of all proportion."""
    if not zipfile.is_zipfile(path):
        return
    size = path.stat().st_size
    most = min(_MOST_UNPACKED, max(_SMALL, size * _MOST_TIMES))
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
        if sum(entry.file_size for entry in entries) > most:
            raise _bomb(label, size, most)
        for entry in entries:
            for chunk in _unpacked(path, entry):
                unpacked += len(chunk)
                if unpacked > most:
                    raise _bomb(label, size, most)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise unreadable(File(path, label), "a spreadsheet", error) from None


def _bomb(label: str, size: int, most: int) -> SourceError:
    return SourceError(
        f"{label} has {size:,} bytes that unpack to more than {most:,}, as no spreadsheet does.\n"
        "Fix: ask for the data as CSV."
    )


def _unpacked(path: Path, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The real content of one entry, whatever size it declares."""
    with path.open("rb") as opened:
        opened.seek(entry.header_offset)
        header = opened.read(30)
        if header[:4] != b"PK\3\4":
            raise zipfile.BadZipFile("an entry is not where it should be")
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        opened.seek(name + extra, 1)
        left = entry.compress_size
        if entry.compress_type == zipfile.ZIP_STORED:
            while chunk := opened.read(min(_CHUNK, left)):
                left -= len(chunk)
                yield chunk
            return
        if entry.compress_type != zipfile.ZIP_DEFLATED:
            raise zipfile.BadZipFile("it is packed in a way that spreadsheets are not")
        inflate = zlib.decompressobj(-15)
        while left and not inflate.eof:
            packed = opened.read(min(_CHUNK, left))
            if not packed:
                raise zipfile.BadZipFile("it is cut off")
            left -= len(packed)
            while packed:
                yield inflate.decompress(packed, _CHUNK)
                packed = inflate.unconsumed_tail


def _told_by_xml(path: Path, label: str, name: str) -> tuple[dict[tuple[int, int], str], bool]:
    """What the cells' values don't tell: errors, formulas never computed, days from 1904.

    Returns
    -------
    tuple
        By row and column from 0: the error, or the formula; and whether days count from 1904.
    """
    if not zipfile.is_zipfile(path):
        return {}, False
    try:
        with zipfile.ZipFile(path) as packed:
            entries = {entry.filename: entry for entry in packed.infolist()}
            if "xl/workbook.xml" not in entries:
                return {}, False
            book = ElementTree.fromstring(packed.read("xl/workbook.xml"))
            links = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        KeyError,
        zlib.error,
        RuntimeError,
    ) as error:
        raise unreadable(File(path, label), "a spreadsheet", error) from None
    told = book.find(f"{_MAIN}workbookPr")
    is_1904 = told is not None and told.get("date1904") in ("1", "true")
    ids = {one.get("name"): one.get(_RELATION) for one in book.iter(f"{_MAIN}sheet")}
    targets = {one.get("Id"): one.get("Target", "") for one in links}
    target = targets.get(ids.get(name), "")
    entry = entries.get(target.lstrip("/") if target[:1] == "/" else f"xl/{target}")
    return (_untold(path, label, name, entry) if entry else {}), is_1904


def _untold(
    path: Path, label: str, name: str, entry: zipfile.ZipInfo
) -> dict[tuple[int, int], str]:
    untold: dict[tuple[int, int], str] = {}
    columns: set[bytes] = set()
    last, rest = b"0", b""
    for chunk in _unpacked(path, entry):
        rest += chunk
        end = rest.rfind(b"<", 0, max(rest.rfind(b"</row>"), rest.rfind(b":row>")) + 1) + 1
        whole, rest = rest[:end], rest[end:]
        refs = _REF.findall(whole)
        columns.update(column for column, _ in refs)
        last = max((row for _, row in refs), key=lambda row: (len(row), row), default=last)
        if b't="e"' in whole or b"<f" in whole or b":f" in whole:
            untold |= _formulas_and_errors(whole)
    width, height = max(map(_column, columns), default=0) + 1, int(last)
    if width * height > _MOST_CELLS:
        raise SourceError(
            f"{label} has cells in its sheet {name} as far as row {height:,} and column "
            f"{width:,}, with little between.\n"
            "Fix: delete the cells far from the table, or ask for the data as CSV."
        )
    return untold


def _formulas_and_errors(xml: bytes) -> dict[tuple[int, int], str]:
    found = {}
    for cell in _FORMULA_OR_ERROR.finditer(xml):
        is_error = b't="e"' in cell["told"]
        ref = re.search(rb'r="([A-Z]{1,3})(\d{1,7})"', cell["told"])
        if ref and (is_error or (cell["f"] and not cell["value"])):
            text = (cell["value"] or b"") if is_error else b"=" + (cell["formula"] or b"")
            found[int(ref[2]) - 1, _column(ref[1])] = unescape(text.decode("utf-8", "replace"))
    return found


def _column(letters: bytes) -> int:
    """A column's number from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
