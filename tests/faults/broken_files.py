"""Files as no program should write them: each a name, how it is made, and what it may be."""

from __future__ import annotations

import codecs
import io
import os
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = "order_id;order_date;customer_id;quantity;net_amount"
_FIRST = (
    HEADER.split(";"),
    ["Z1", "2026-03-01", "Żabka", "1", "12,50"],
    ["Z2", "2026-03-02", "Łódź; ul. Długa", "2", "1 234,56"],
)


@dataclass(frozen=True)
class Broken:
    """One broken file.

    Attributes
    ----------
    make
        Writes it, or several, into a folder.
    pattern
        What the engagement names.
    """

    id: str
    make: Callable[[Path], object]
    pattern: str = "orders.csv"


def text_of(rows: int, seed: int) -> str:
    """A well-formed file of so many order lines."""
    draw = random.Random(seed)
    lines = [HEADER]
    for place in range(rows):
        name = draw.choice(["Żabka", "Skovbæk", '"Łódź; ul. Długa"', '"C.H. ""Real"""', "A"])
        day = f"2026-{draw.randint(1, 3):02}-{draw.randint(1, 28):02}"
        lines.append(f"Z{place};{day};{name};{draw.randint(1, 9)};{draw.randint(1, 9999)},50")
    return "\n".join(lines) + "\n"


def sheet_of(seed: int) -> bytes:
    """A well-formed workbook of a few order lines."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(HEADER.split(";"))
    draw = random.Random(seed)
    for place in range(draw.randint(1, 9)):
        book.active.append([f"Z{place}", "2026-03-01", "A", 1, draw.randint(1, 99) / 4])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def parquet_of(seed: int) -> bytes:
    """A well-formed Parquet file of a few order lines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = random.Random(seed).randint(1, 50)
    columns = {"order_id": [str(i) for i in range(size)], "order_date": ["2026-03-01"] * size}
    columns |= {"customer_id": ["Żabka"] * size, "quantity": [1.5] * size}
    made = io.BytesIO()
    pq.write_table(pa.table(columns | {"net_amount": [12.5] * size}), made)
    return made.getvalue()


def writes(content: bytes, name: str = "orders.csv") -> Callable[[Path], object]:
    """What writes these bytes."""
    return lambda folder: (folder / name).write_bytes(content)


# --- what is done to good bytes ---------------------------------------------------------------


def _fuzzed(content: bytes, draw: random.Random) -> bytes:
    fuzzed = bytearray(content)
    for _ in range(draw.randint(1, 12)):
        fuzzed[draw.randrange(len(fuzzed))] = draw.randrange(256)
    return bytes(fuzzed)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(1, len(content))]


def _doubled(content: bytes, draw: random.Random) -> bytes:
    """A block of it stands there twice, or not at all."""
    start = draw.randrange(len(content))
    block = content[start : start + draw.randint(1, 60)]
    return content.replace(block, block * draw.choice([0, 2]), 1) or b"x"


def _inserted(*what: bytes) -> Callable[[bytes, random.Random], bytes]:
    def insert(content: bytes, draw: random.Random) -> bytes:
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(content))
            content = content[:at] + draw.choice(what) + content[at:]
        return content

    return insert


def _mixed_ends(content: bytes, draw: random.Random) -> bytes:
    lines = content.split(b"\n")
    return b"".join(
        line + draw.choice([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n"]) for line in lines
    )


def _marked(content: bytes, draw: random.Random) -> bytes:
    """Each byte order mark, before text of each encoding."""
    marks = [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]
    marks += [codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF8 * 2]
    encodings = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1250"]
    text = content.decode().replace("æ", "e")
    return draw.choice(marks) + text.encode(draw.choice(encodings))


def _encoded(content: bytes, draw: random.Random) -> bytes:
    encodings = ["utf-16", "utf-32", "utf-16-be", "utf-32-le", "cp1250", "iso-8859-2", "cp852"]
    return content.decode().encode(draw.choice([*encodings, "cp1252"]), "replace")


_DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "fuzzed": _fuzzed,
    "cut": _cut,
    "doubled": _doubled,
    "quotes": _inserted(b'"', b"'", b'""', b';"', b'";', b'"\n'),
    "delimiters": _inserted(b";", b";;", b",", b"\t", b"|", b"\n", b"\n\n"),
    "ends": _mixed_ends,
    "nul": _inserted(b"\0", b"\0\0", b"\x1a", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\x0b"),
    "marked": _marked,
    "encoded": _encoded,
}


def damaged() -> Iterator[Broken]:
    """Text, workbooks and Parquet files, each damaged in each way."""
    for way, damage in _DAMAGE.items():
        for seed in range(36):
            draw = random.Random(f"{way} {seed}")
            content = damage(text_of(draw.randint(1, 30), seed).encode(), draw)
            yield Broken(f"{way}-{seed}", writes(content))
    for suffix, good in (("xlsx", sheet_of), ("parquet", parquet_of)):
        for way in ("fuzzed", "cut", "doubled"):
            for seed in range(12):
                draw = random.Random(f"{suffix} {way} {seed}")
                name = f"orders.{suffix}"
                content = _DAMAGE[way](good(seed), draw)
                yield Broken(f"{suffix}-{way}-{seed}", writes(content, name), name)
    for seed in range(12):
        draw = random.Random(f"inner {seed}")
        content = _repacked(sheet_of(seed), lambda one, draw=draw: _fuzzed(one, draw))
        yield Broken(f"inner-{seed}", writes(content, "orders.xlsx"), "orders.xlsx")


def _repacked(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook whose parts are changed, packed well."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name.startswith("xl/") else part)
    return made.getvalue()


# --- what stands in a cell or a header --------------------------------------------------------

_CELLS = {
    "order_date": (
        *("0000-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-13-01", "00.00.0000"),
        *("31.12.9999", "1/1/1", "epoch", "infinity", "-infinity", "now", "today", "2026-W01-1"),
        *("2026-03-01T25:61:61", "1e9", "NaN", "290000000-01-01", "5877642-06-25 (BC)", "４", "٣"),
    ),
    "net_amount": (
        *("9" * 30, "9" * 400, "1e308", "1e-400", "-1e999", "0x1F", "1_000", "++1", "1e", ".", ","),
        *("NaN", "inf", "-0", "0,000000000000000001", "99999999999999999,99", "1.234.567.890,12"),
        *("٣", "²", "½", "=1+1", "'1", "1 2 3", "1\u00a0234", "12 345 67,8", "-", "%", "kr", "zł"),
    ),
    "quantity": ("1e400", "9" * 300, "-", "1,5,5", "１", "\u200b1", "1\u202e2", "true", "null"),
    "customer_id": ("=cmd|'/c calc'!A1", "\u202e\u0000".replace("\0", ""), "🙂" * 9, "a" * 10_000),
}
_HEADERS = (
    *("order_id;order_date;customer_id;quantity;net_amount;net_amount", ";;;;", " ; ; ; ; "),
    *("order_id;order_id;order_id;order_id;order_id", "\u00a0;\u200b;\ufeff;\t;", '"";"";"";"";""'),
    *('"order_id;order_date;customer_id;quantity;net_amount"', "c0;c1;c2;c3;c4", "__row;__file;a"),
    *("order_id;order_date;customer_id;quantity;net_amount;file_row_number", 'a"b;c;d;e;f', "x"),
    *(
        "order_id;order_date;customer_id;quantity;net_amount;__row",
        "1;2026-03-01;A;1;5",
        '"a\nb";c',
    ),
    *(
        HEADER + ";__file",
        HEADER + ";order_id (2);ORDER_ID",
        HEADER + ";" * 300,
        HEADER + ";reason",
    ),
)


def odd() -> Iterator[Broken]:
    """Good files with one odd cell or header."""
    columns = HEADER.split(";")
    for column, cells in _CELLS.items():
        for place, cell in enumerate(cells):
            row = ["Z9", "2026-03-01", "A", "1", "5,50"]
            row[columns.index(column)] = cell
            text = text_of(2, place) + ";".join(row) + "\n"
            yield Broken(f"{column}-{place}", writes(text.encode()))
    for place, header in enumerate(_HEADERS):
        text = text_of(3, place).replace(HEADER, header)
        yield Broken(f"header-{place}", writes(text.encode()))


_PATHS = (
    *("../secret.csv", "in/../../secret.csv", "../*.csv", "/etc/passwd", "../" * 9 + "etc/passwd"),
    *("", ".", "..", "\0", "a" * 5000, "[", "*", "**", "~/orders.csv", "orders.csv/", "[!a]*"),
)

# --- the file itself --------------------------------------------------------------------------


def strange() -> Iterator[Broken]:
    """Files that are no files, too large, something else, or elsewhere."""
    good = text_of(3, 0).encode()
    wide = ";".join(f"c{place}" for place in range(10_000))
    whole = {
        "empty": b"", "header": HEADER.encode(), "header-line": HEADER.encode() + b"\n",
        "blank": b" \n\t\n\xc2\xa0\n", "one-byte": b"\xff", "marks": codecs.BOM_UTF8 * 3,
        "nothing-but-nul": bytes(5000), "nothing-but-quotes": b'"' * 5001,
        "nothing-but-ends": b"\r" * 5000, "half-a-mark": b"\xff\xfe\0", "odd-utf-16": b"\xff\xfea",
        "wide": f"{HEADER};{wide}\nZ1;2026-03-01;A;1;5{';x' * 10_000}\n".encode(),
        "long-line": good + b"Z9;2026-03-01;" + b"A" * (50 << 20) + b";1;5\n",
        "long-cell": good + b'Z9;2026-03-01;"' + b"A" * (5 << 20) + b'";1;5\n',
        "long-header": b"A" * (5 << 20) + b";b\n1;2\n", "one-long-line": b"A" * (5 << 20),
        "html": b"<html><body><table><tr><td>order_id</td></tr></table></body></html>",
        "json": b'[{"order_id": 1}]', "zip": sheet_of(1), "parquet": parquet_of(1),
        "image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "random": os.urandom(0) + bytes(
            random.Random(1).randrange(256) for _ in range(20_000)),
    }  # fmt: skip
    for id, content in whole.items():
        yield Broken(id, writes(content))
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    misnamed = {"xls": ole, "html": whole["html"], "csv": good, "nul": bytes(500)}
    misnamed |= {"empty-zip": b"PK\5\6" + bytes(18), "parquet": parquet_of(1)}
    for id, content in misnamed.items():
        for suffix in ("xlsx", "xls", "xlsb", "ods", "parquet", "sqlite"):
            name = f"orders.{suffix}"
            yield Broken(f"{id}-called-{suffix}", writes(content, name), name)
    for id, content in (("bomb", bomb(lies=False)), ("lying-bomb", bomb(lies=True))):
        yield Broken(id, writes(content, "orders.xlsx"), "orders.xlsx")
    yield Broken("far-cell", writes(far_cell(), "orders.xlsx"), "orders.xlsx")
    yield Broken("footer", writes(footer(), "orders.parquet"), "orders.parquet")
    yield Broken("folder", lambda folder: (folder / "orders.csv").mkdir())
    yield Broken("folder-of-glob", lambda folder: (folder / "orders.csv").mkdir(), "*.csv")
    yield Broken("pipe", lambda folder: os.mkfifo(folder / "orders.csv"))
    yield Broken("pipe-of-glob", lambda folder: os.mkfifo(folder / "orders.csv"), "*.csv")
    yield Broken("device", lambda folder: (folder / "orders.csv").symlink_to("/dev/zero"))
    yield Broken("absolute-device", lambda folder: None, "/dev/zero")
    yield Broken("loop", lambda folder: (folder / "orders.csv").symlink_to("orders.csv"))
    yield Broken("unreadable", _unreadable)
    links = {"file": "link.csv", "glob": "*.csv", "folder": "link/*.csv", "deep": "**/*.csv"}
    for id, pattern in (links | {"folder-file": "link/secret.csv"}).items():
        is_folder = id in ("folder", "deep", "folder-file")
        yield Broken(f"link-{id}", _linked(is_folder=is_folder), pattern)
    for place, pattern in enumerate(_PATHS):
        yield Broken(f"path-{place}", _outside, pattern)


def _unreadable(folder: Path) -> None:
    (folder / "orders.csv").write_bytes(text_of(3, 0).encode())
    (folder / "orders.csv").chmod(0)


def _outside(folder: Path) -> None:
    (folder.parent / "secret.csv").write_bytes(text_of(3, 0).encode())


def _linked(*, is_folder: bool) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        secret = folder.parent / "outside"
        secret.mkdir()
        (secret / "secret.csv").write_bytes(text_of(3, 0).encode())
        link = folder / ("link" if is_folder else "link.csv")
        link.symlink_to(secret if is_folder else secret / "secret.csv")

    return make


def bomb(*, lies: bool) -> bytes:
    """A small workbook that unpacks to 400 MB, and may declare that it doesn't."""
    made = io.BytesIO(sheet_of(1))
    with (
        zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        packed.open("xl/sharedStrings2.xml", "w") as part,
    ):
        for _ in range(100):
            part.write(bytes(4 << 20))
    size = struct.pack("<I", 400 << 20)
    return made.getvalue().replace(size, struct.pack("<I", 1000)) if lies else made.getvalue()


def far_cell() -> bytes:
    """A workbook with one cell in its last row and column."""
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return _repacked(sheet_of(1), lambda part: part.replace(b"</sheetData>", cell))


def footer() -> bytes:
    """A Parquet file whose footer says it is as long as anything."""
    content = parquet_of(1)
    return content[:-8] + struct.pack("<I", 0x7FFFFFFF) + content[-4:]


def all_broken() -> list[Broken]:
    """Each broken file there is."""
    return [*damaged(), *odd(), *strange()]
