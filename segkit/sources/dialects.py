"""What a text file is: code page, delimiter, quotation mark, and where its header stands."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from statistics import median_low
from typing import Literal

from segkit.engagement import Source
from segkit.errors import EngagementError, SourceError, nearest

Sure = Literal["certain", "likely", "undecided"]

_CHUNK = 1 << 20
_HEAD = 1 << 20
_LONGEST_LINE = 1 << 22
#: How many lines are looked at to find the header.
_LEADING = 200
_DELIMITERS = ";,\t|"
_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODE_PAGES = ("cp1250", "cp1252", "iso-8859-2")
#: Old ones, in which most bytes are letters: not believed of a few bytes.
_OLD_PAGES, _MANY = ("iso-8859-16", "cp852", "cp850", "mac-roman"), 20
_LETTERS = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻăâîșțşţĂÂÎȘȚŞŢæøåÆØÅäöüßÄÖÜéèÉ")
_SIGNS = frozenset("£€§°–—„”“’‘«»\u00a0²³×½…®")
#: What our own columns of a staged file are called.
RESERVED = ("__file", "__row", "file_row_number")
#: A byte above ASCII and whether a letter stands behind or before it.
_HIGH = re.compile(rb"([A-Za-z]?)([\x80-\xff])(?=([A-Za-z]?))")
_ENOUGH = 100_000
_YEAR = re.compile(r"(19|20)\d\d")
#: A cell that a column of data may hold and a header hardly: a number, an amount or a date.
_DATA_CELL = re.compile(
    r"[-+−(]?[£€$]?\s?\d[\d\s.,'’/-]*[-)%]?(\s?(zł|kr\.?|lei|[€$]|[A-Z]{3}))?([ T]\d\d:\d\d.*)?"
)


@dataclass(frozen=True)
class Dialect:
    """How a text file, or the top of a sheet, is written.

    Attributes
    ----------
    sure
        How sure the encoding is.
    header_row, header_rows
        The header's line, counted from 1 (0 where there is none), and how many rows it takes.
    skip
        How many lines stand above the first row of data.
    header
        The header's cells as the file has them.
    titles
        The lines above the header.
    lines
        How many lines a text file has in all.
    """

    encoding: str = ""
    sure: Sure = "certain"
    delimiter: str = ""
    quote: str = ""
    header_row: int = 1
    header_rows: int = 1
    skip: int = 0
    header: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    lines: int = 0


def bare(cell: str) -> str:
    """A cell without marks and spaces around it."""
    return cell.strip("\ufeff \t\n\r\xa0")


# --- code pages -------------------------------------------------------------------------------


def to_utf8(path: Path, target: Path, label: str, declared: str | None, region: str) -> Dialect:
    """Stream a file into UTF-8 with plain line ends; the encoding it had, how sure, its lines.

    Parameters
    ----------
    declared
        The encoding agreed. Left out, it is told by the first bytes; else it is UTF-8;
        else the code page that makes letters of the bytes above ASCII.
    region
        The code page that decides where letters can't.
    """
    with path.open("rb") as opened:
        head = opened.read(4096)
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    told = _known(label, declared) if declared else marked or _wide(head)
    encoding = told or "utf-8"
    sure: Sure = "certain" if declared or marked or not told else "likely"
    tried = [encoding]
    lines, problem = _transcode(path, target, label, encoding)
    if problem and not told and not _is_nearly_utf8(path):
        encoding, sure = _code_page(_high_bytes(path), region)
        tried.append(encoding)
        lines, problem = _transcode(path, target, label, encoding)
    if problem is None:
        return Dialect(encoding, sure, lines=lines)
    fix = "correct encoding" if declared else "declare its encoding"
    fix += ", such as utf-8, cp1250, cp1252, iso-8859-2 or utf-16, in the file's section"
    if not told and tried == ["utf-8"]:
        fix = "mend the line, or ask for the file again: all else is utf-8"
    raise SourceError(
        f"{label} is not {' or '.join(tried).replace('-sig', '')}: {problem}.\nFix: {fix}."
    )


def _known(label: str, declared: str) -> str:
    try:
        name = codecs.lookup(declared).name
        "".encode(name)  # rot13 and hex are codecs, but of no text
    except (LookupError, ValueError):
        known = ["utf-8", "utf-16", *_CODE_PAGES]
        raise EngagementError(
            f"{label} is declared as {declared}, which is no known encoding."
            f"{nearest(declared, known)}\nFix: correct encoding in the file's section."
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _wide(head: bytes) -> str | None:
    """The encoding of text whose letters take two or four bytes, told by its zero bytes."""
    zeros = tuple(head[place::4].count(0) * 4 > len(head) * 0.7 for place in range(4))
    shapes: dict[tuple[bool, ...], str] = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return shapes.get(zeros) if len(head) >= 4 else None


def _is_nearly_utf8(path: Path) -> bool:
    """Whether a stray byte spoils what is UTF-8, which as a code page would be other letters."""
    with path.open("rb") as opened:
        while (chunk := opened.read(_CHUNK)).isascii() and chunk:
            pass
    text = chunk.decode("utf-8", "replace")
    letters = Counter(letter == "\ufffd" for letter in text if not letter.isascii())
    return letters[False] > letters[True]


def _high_bytes(path: Path) -> Counter[tuple[int, bool]]:
    """How often each byte above ASCII stands in a file, and whether letters stand beside it."""
    high: Counter[tuple[int, bool]] = Counter()
    with path.open("rb") as opened:
        while (chunk := opened.read(_CHUNK)) and high.total() < _ENOUGH:
            high.update((ord(byte), bool(one or two)) for one, byte, two in _HIGH.findall(chunk))
    return high


def _code_page(high: Counter[tuple[int, bool]], region: str) -> tuple[str, Sure]:
    """The code page in which most bytes above ASCII are letters of our languages."""
    pages = (region, *_CODE_PAGES, *(_OLD_PAGES if high.total() >= _MANY else ()))
    scores = {page: _score(high, page) for page in dict.fromkeys(pages)}
    best = max(scores.values())
    alike = [page for page, score in scores.items() if score >= best - 0.01]
    if best < 0.5 or len({_reads(high, page) for page in alike}) > 1:
        return region, "undecided"
    return alike[0], "likely"


def _score(high: Counter[tuple[int, bool]], page: str) -> float:
    letters = _reads(high, page)
    if "\ufffd" in letters:
        return 0.0
    good = sum(
        count * (1.0 if letter in (_LETTERS if in_word else _SIGNS) else 0.4)
        for letter, ((_, in_word), count) in zip(letters, high.items(), strict=True)
        if letter in _LETTERS or letter in _SIGNS
    )
    return good / high.total()


def _reads(high: Counter[tuple[int, bool]], page: str) -> str:
    return bytes(byte for byte, _ in high).decode(page, "replace")


def _transcode(path: Path, target: Path, label: str, encoding: str) -> tuple[int, str | None]:
    """Stream a file into UTF-8; how many lines it has, and what cannot be decoded, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, held, is_open, long = 0, "", False, 0
    with path.open("rb") as source, target.open("wb") as sink:
        while True:
            chunk = source.read(_CHUNK)
            try:
                text = held + decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].count(b"\n") + 1
                return lines, f"line {lines:,} holds the byte 0x{error.object[error.start]:02X}"
            held = "\r" if chunk and text.endswith("\r") else ""
            if "\r" in text:
                text = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n")
            sink.write(text.encode("utf-8", "surrogatepass"))
            ends = text.count("\n")
            long = 0 if ends else long + len(text)
            if long >= _LONGEST_LINE:
                raise SourceError(
                    f"{label} has a line of more than {long:,} characters: line "
                    f"{lines + 1:,}.\nFix: mend the line, or ask for the file again."
                )
            lines += ends
            is_open = not text.endswith("\n") if text else is_open
            if not chunk:
                return lines + is_open, None


# --- delimiter, quotes, header ----------------------------------------------------------------

#: The line a row ends in, counted from 1, and its cells.
Row = tuple[int, Sequence[str]]


def dialect_of(
    text: Path, known: Dialect, source: Source, wanted: Iterable[str] | None
) -> Dialect | None:
    """The dialect of a UTF-8 file; what `source` declares binds. None where it is empty.

    Parameters
    ----------
    wanted
        Headers that the engagement names: the row that holds most of them is the header.
        None where nothing is known, and the file may well have no header.
    """
    with text.open(encoding="utf-8", errors="surrogatepass", newline="") as opened:
        head = opened.read(_HEAD)
        if opened.read(1):  # a line that is cut off is left out
            head = head[: head.rfind("\n") + 1] or head
    told = re.match("\ufeff?\\s*sep=(.)[ ;,\t]*(\n|$)", head)  # a line that Excel understands
    quote = source.quote if source.quote is not None else _quote(head)
    delimiter = source.delimiter or (told[1] if told else _delimiter(head, quote))
    rows = [
        row
        for row in _rows(head, delimiter, quote)
        if row[0] > (head[: told.end()].count("\n") if told else 0)
    ]
    return top_of(rows, source, wanted, replace(known, delimiter=delimiter, quote=quote))


def top_of(
    rows: Sequence[Row], source: Source, wanted: Iterable[str] | None, dialect: Dialect
) -> Dialect | None:
    """The dialect with its header and the titles above, told from the first rows."""
    rows = [(line, row) for line, row in rows if any(map(bare, row))]
    if not rows:
        return None
    place = _header_place(rows, source.header_row, wanted)
    deep = source.header_rows or 1
    titles = tuple(" ".join(filter(None, map(bare, row))) for _, row in rows[: place or 0])
    below = rows[place + deep :] if place is not None else rows
    if place is None:
        above = rows[0][0] - 1
        width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
        return replace(dialect, header_row=0, skip=above, header=("",) * width)
    header = joined_header([row for _, row in rows[place : place + deep]])
    return replace(
        dialect,
        header_row=rows[place][0],
        header_rows=deep,
        skip=rows[min(place + deep, len(rows)) - 1][0],
        header=tuple(_as_wide(header, [row for _, row in below])),
        titles=titles,
    )


def joined_header(rows: Sequence[Sequence[str]]) -> list[str]:
    """The header of one row or several: what stands above is joined to what stands below.

    Examples
    --------
    >>> joined_header([["Klient", "2025", "", ""], ["", "szt.", "PLN", "PLN"]])
    ['Klient', '2025 szt.', '2025 PLN', '2025 PLN']
    """
    if len(rows) == 1:
        return list(rows[0])
    upper, lower = list(rows[0]), joined_header(rows[1:])
    upper += [""] * (len(lower) - len(upper))
    names, group = [], ""
    for above, below in zip_longest(map(bare, upper), map(bare, lower), fillvalue=""):
        group = above or group
        names.append(" ".join(dict.fromkeys(filter(None, (group if below else above, below)))))
    return names


def _as_wide(header: Sequence[str], below: Sequence[Sequence[str]]) -> list[str]:
    """The header as wide as the rows below, if only empty cells make the difference."""
    widths = Counter(map(len, below))
    usual = widths.most_common(1)[0][0] if widths else len(header)
    behind = header[usual:] or [
        cell for row in below if len(row) == usual for cell in row[len(header) :]
    ]
    if any(map(bare, behind)):
        return list(header)
    return [*header[:usual], *[""] * (usual - len(header))]


def _header_place(
    rows: Sequence[Row], declared: int | None, wanted: Iterable[str] | None
) -> int | None:
    """Which of the rows is the header: the declared, the one that names most, the first wide."""
    if declared is not None:
        last = len(rows) - 1
        at = (place for place, (line, _) in enumerate(rows) if line >= declared)
        return next(at, last) if declared else None
    named = {folded(name) for name in wanted or ()}
    hits = [len(named & set(map(folded, row))) for _, row in rows]
    if max(hits):
        return hits.index(max(hits))
    filled = [sum(map(bool, map(bare, row))) for _, row in rows]
    usual = median_low(filled)
    wide = next(place for place, count in enumerate(filled) if 2 * count > usual or count == usual)
    if usual > 1 and filled[wide] == 1:
        wide = next(place for place, count in enumerate(filled) if count > 1)
    return None if wanted is None and _is_data(rows, wide) else wide


def _is_data(rows: Sequence[Row], place: int) -> bool:
    """Whether the row that would be the header looks like the rows below it."""
    first, below = rows[place][1], [row for _, row in rows[place + 1 :] if row != rows[place][1]]
    data = repeats = 0
    for column, cell in enumerate(map(bare, first)):
        cells = [bare(row[column]) for row in below if column < len(row) and bare(row[column])]
        if not cell or not cells:
            continue
        if sum(map(is_data_cell, cells)) >= 0.9 * len(cells):
            is_year = _YEAR.fullmatch(cell) and not any(map(_YEAR.fullmatch, cells))
            if is_year or not is_data_cell(cell):
                return False
            data += 1
        repeats += cell in cells
    return data + repeats > 0


def is_data_cell(cell: str) -> bool:
    """Whether a cell is a number, an amount or a date."""
    return _DATA_CELL.fullmatch(cell) is not None


def folded(header: str) -> str:
    """A header whatever its spaces and letter case; of the data request's, the name behind it.

    Examples
    --------
    >>> folded("Data  Zam."), folded("Wartość [value]")
    ('data zam.', 'value')
    """
    plain = " ".join(header.replace("\ufeff", "").split()).casefold()
    behind = re.search(r"\[([a-z_]+)\]$", plain)
    return behind[1] if behind else plain


def clean_headers(header: Sequence[str]) -> list[str]:
    """Headers without marks and spaces around them; repeated ones and unnamed ones by number.

    Examples
    --------
    >>> clean_headers(["\ufeffKod ", "Rok", "kod", ""])
    ['Kod', 'Rok', 'kod (2)', 'column_4']
    """
    clean: list[str] = []
    seen = set(RESERVED)
    for place, cell in enumerate(header, start=1):
        name = " ".join(cell.replace("\ufeff", "").split()) or f"column_{place}"
        names = itertools.chain([name], (f"{name} ({count})" for count in itertools.count(2)))
        unused = next(one for one in names if one.casefold() not in seen)
        seen.add(unused.casefold())
        clean.append(unused)
    return clean


def _rows(head: str, delimiter: str, quote: str) -> list[Row]:
    """The first rows of a text."""
    reader = csv.reader(
        io.StringIO(head, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    rows: list[Row] = []
    csv.field_size_limit(_HEAD)
    try:
        for row in reader:
            rows.append((reader.line_num, row))
            if len(rows) == _LEADING:
                return rows
    except csv.Error:  # a cell without an end
        pass
    return rows


def _delimiter(head: str, quote: str) -> str:
    """The candidate that gives most rows the same number of cells, and more than one."""

    def share_alike(delimiter: str) -> tuple[float, int]:
        rows = _rows(head, delimiter, quote)
        widths = Counter(len(row) for _, row in rows if any(map(bare, row)))
        width, count = max(widths.items(), key=lambda item: item[::-1], default=(1, 0))
        return (round(count / widths.total(), 1), width) if width > 1 else (0, 0)

    return max(_DELIMITERS, key=share_alike)


def _quote(head: str) -> str:
    """The quotation mark: a single one only where it encloses cells in most lines."""
    single = re.findall(r"^(?:.*[;,\t|])?'[^'\n]*'(?=[;,\t|]|$)", head, re.MULTILINE)
    return "'" if '"' not in head and 2 * len(single) > head.count("\n") + 1 else '"'
