"""Generated broken files: each a typed table, a quarantine or a sentence, and no row is lost."""

from __future__ import annotations

import csv
import io
import resource
import time
from datetime import date
from pathlib import Path

import pytest
from broken_files import HEADER, Broken, all_broken
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.engagement import Engagement, Source
from segkit.errors import SegkitError
from segkit.recipes import RECIPES
from segkit.sources import files_hash
from segkit.sources.looking import looks
from segkit.store import Store

_SECONDS, _MEGABYTES = 15, 2_000
BROKEN = all_broken()


def store_of(folder: Path, pattern: str) -> Store:
    source = Source(file=pattern)
    if pattern.endswith(".sqlite"):
        source = Source(database=f"sqlite:{pattern}", query="SELECT * FROM orders")
    engagement = Engagement(
        client="Skovbæk", as_of=date(2026, 3, 31), currency="PLN", country="PL",
        sources={"order_lines": source}, folder=folder,
    )  # fmt: skip
    return Store(folder / ".store", engagement, RECIPES, files_hash)


def read(store: Store) -> int | str:
    """How many rows were read, each of them accepted or set aside; or the sentence."""
    try:
        counts = store.frame("order_lines_counts")
    except SegkitError as error:
        return str(error)
    accepted = len(store.frame("order_lines"))
    aside = len(store.frame("order_lines_quarantine"))
    assert counts["rows_accepted"].sum() == accepted
    assert counts["rows_quarantined"].sum() == aside
    assert counts["rows_read"].sum() == accepted + aside
    return accepted + aside


def rows_of(content: bytes) -> int | None:
    """The rows of a text by Python's own reader; None where they are anybody's guess."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    place = next((at for at, row in enumerate(rows) if row == HEADER.split(";")), None)
    if place is None or ('"' in text and any(len(row) not in (0, 5) for row in rows)):
        return None
    return sum(any(cell.strip("\u00a0\t ") for cell in row) for row in rows[place + 1 :])


def is_sentence(text: str, folder: Path) -> bool:
    *said, fix = text.splitlines()
    is_told = said and all(line[:1].strip() for line in said) and said[-1][-1] in ".:"
    ours = "Traceback" in text or "read_csv" in text or str(folder) in text
    return bool(is_told) and fix.startswith("Fix: ") and not ours


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.id)
def test_a_broken_file_is_read_set_aside_or_told(tmp_path, broken: Broken):
    folder = tmp_path / "client"
    folder.mkdir()
    broken.make(folder)
    start = time.perf_counter()
    told = read(store_of(folder, broken.pattern))
    assert time.perf_counter() - start < _SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < _MEGABYTES
    if isinstance(told, str):
        assert is_sentence(told, folder), told
        return
    file = folder / broken.pattern
    expected = rows_of(file.read_bytes()) if file.suffix == ".csv" and file.is_file() else None
    assert expected in (None, told)


def test_there_are_five_hundred_of_them():
    assert len({broken.id for broken in BROKEN}) == len(BROKEN) >= 500


@pytest.mark.parametrize("start", range(0, len(BROKEN), 50))
def test_looking_at_broken_files_tells_the_problem_and_never_stops(tmp_path, start):
    for broken in BROKEN[start : start + 50 : 10]:
        folder = tmp_path / broken.id / "client"
        folder.mkdir(parents=True)
        broken.make(folder)
        for found in looks(folder):
            assert not found.problem or is_sentence(found.problem, folder), found.problem


def test_good_rows_beside_broken_ones_are_all_there(tmp_path):
    (tmp_path / "orders.csv").write_text(f"{HEADER}\n1;2026-03-01;A;1;5\n2;x\n\n3;2026-03-01;A;1;5")
    assert read(store_of(tmp_path, "orders.csv")) == 3


@settings(max_examples=30)
@given(
    st.binary(max_size=200), st.sampled_from(["", HEADER + "\n", HEADER + "\n1;2026-03-01;A;1;5\n"])
)
def test_any_bytes_are_read_or_told(tmp_path_factory, content, before):
    folder = tmp_path_factory.mktemp("client")
    (folder / "orders.csv").write_bytes(before.encode() + content)
    told = read(store_of(folder, "orders.csv"))
    if isinstance(told, str):
        assert is_sentence(told, folder), told
    else:
        assert rows_of(before.encode() + content) in (None, told)


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER)
    opened = Path.open

    def refuse(self, *args, **more):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert read(store_of(tmp_path, "orders.csv")) == (
        "orders.csv cannot be opened: Permission denied.\nFix: give yourself the right to read it."
    )


def test_lines_that_an_open_quotation_mark_swallows_are_told(tmp_path):
    rows = "1;2026-03-01;A;1;5\n" * 40_000
    text = f'{HEADER}\n2;2026-03-01;"A;1;5\n{rows}3;2026-03-01;B";1;5\n{rows}'
    (tmp_path / "orders.csv").write_text(text)
    assert "quotation mark" in str(read(store_of(tmp_path, "orders.csv")))
