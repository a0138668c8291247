"""A small client for the tests of the audit: order lines as a file, read by the real sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import segkit
from segkit.language import render
from segkit.workbook import Workbook

HEAD = "order_id;line_no;order_date;customer_id;product_id;quantity;net_amount"
AGREED = """
client = "Small"
as_of = 2025-12-31
window_months = 12
currency = "EUR"

[sources.order_lines]
file = "lines.csv"
delimiter = ";"
decimal = "."
date_format = "%Y-%m-%d"
key = ["order_id", "line_no"]
"""
#: Three of 2024, six of 2025, one after the as-of date; one without a customer.
LINES = (
    "1;1;2024-01-01;a;p;1;100.00",
    "2;1;2024-05-01;b;p;1;50.00",
    "3;1;2024-06-01;c;p;1;40.00",
    "4;1;2025-01-05;a;p;1;10.00",
    "4;2;2025-01-05;a;q;1;20.00",
    "5;1;2025-03-01;b;p;1;80.00",
    "6;1;2025-05-01;;p;1;7.00",
    "7;1;2025-07-01;d;p;1;60.00",
    "8;1;2025-12-30;d;p;-1;-5.00",
    "9;1;2026-01-02;a;p;1;3.00",
)


def open_small(folder: Path, lines: Sequence[str] = LINES, more: str = "") -> Workbook:
    """The book of notebook 1 over these order lines; the store is in `folder`."""
    (folder / "lines.csv").write_text("\n".join([HEAD, *lines, ""]), "utf-8")
    (folder / "engagement.toml").write_text(AGREED + more, "utf-8")
    return segkit.open_book("01-data-audit", folder / "engagement.toml")


def told(book: Workbook, *functions: Callable[[Workbook], None]) -> dict[str, str]:
    """What these functions say, by the id of the item; notes by their place."""
    for function in functions:
        function(book)
    texts = {}
    for place, item in enumerate(book.items):
        text = item.get("claim") or item.get("title") or item.get("text")
        texts[item.get("id") or f"note {place}"] = render(text)
    return texts


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's tables are kept."""
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    return tmp_path / "reports"
