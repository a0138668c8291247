"""Rows and money tie whatever the values; shuffled, split and threaded rows give the same bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from extract_folder import Extract
from hypothesis import given, settings
from hypothesis import strategies as st

HEADER = "order_id;order_date;customer_id;product_id;quantity;net_amount;cost_amount;currency\n"
AGREED = """
[sources.rates]
file = "rates.csv"
[sources.order_lines]
file = "orders_*.csv"
key = ["order_id"]
decimal = ","
date_format = "dd.mm.yyyy"
"""
RATES = "currency,from_date,rate\nEUR,2025-01-01,4.2512\nEUR,2026-03-05,4.3\nSEK,2026-03-03,0.385\n"
TABLES = ("order_lines", "order_lines_counts", "order_lines_quarantine", "order_lines_repairs",
          "currency_totals")  # fmt: skip

NUMBERS = st.decimals(-(10**6), 10**6, places=3, allow_nan=False).map(
    lambda one: f"{one:f}".replace(".", ",")
)
DRESSED = st.builds(
    lambda number, dress: dress.format(number.lstrip("-")),
    NUMBERS,
    st.sampled_from(
        ["({})", "{}-", "−{}", "{} zł", "€ {}", "\u00a0{}", "{}\u200b", "$ {}", "{} kr"]
    ),
)
ODD = st.sampled_from(
    ["", "x", "1.234", "1.234,50-", "1 234", "12,-", "1'234'567,5", "--5", "=1+1"]
)
LINE = st.tuples(
    st.integers(1, 6).map(str),
    st.sampled_from(["01.03.2026", "4.3.26", "2026-03-06", "46082", "31.02.2026", "", "x",
                     "02.03.2026 10:15"]),
    st.sampled_from(["A", "", "Ż", "\u00a0A", "A\u200b"]),
    st.sampled_from(["1", "2,5", "1.500", "", "-1"]),
    NUMBERS | DRESSED | ODD,
    NUMBERS | DRESSED | ODD,
    st.sampled_from(["", "", "PLN", "EUR", "eur", "SEK", "USD", "?"]),
)  # fmt: skip
GOOD = ("0", "01.03.2026", "A", "1", "1,00", "0,50", "")


def text(lines: Sequence[tuple[str, ...]]) -> str:
    return HEADER + "".join(
        f"{number};{day};{who};P;{quantity};{net};{cost};{currency}\n"
        for number, day, who, quantity, net, cost, currency in lines
    )


def store_of(folder: str, *parts: Sequence[tuple[str, ...]]):
    extract = Extract(Path(folder))
    extract.write("rates.csv", RATES)
    for place, part in enumerate(parts):
        extract.write(f"orders_{place}.csv", text(part))
    return extract.store(AGREED)


@given(st.lists(LINE, max_size=14))
@settings(max_examples=25)
def test_rows_and_money_tie_whatever_the_values(lines: list[tuple[str, ...]]) -> None:
    with TemporaryDirectory() as folder:
        store = store_of(folder, [GOOD, *lines])
        counts = store.frame("order_lines_counts").iloc[0]
        accepted, aside = store.frame("order_lines"), store.frame("order_lines_quarantine")
        totals = store.frame("currency_totals")
    assert counts["rows_read"] == len(lines) + 1
    assert counts["rows_accepted"] == len(accepted)
    assert counts["rows_quarantined"] == len(aside)
    assert counts["rows_read"] == len(accepted) + len(aside)
    minor = int(accepted["net_amount"].sum()) + int(aside["net_amount_minor"].fillna(0).sum())
    assert counts["net_read"] == Decimal(minor) / 100 - counts["net_rounding"]
    assert abs(counts["net_rounding"]) <= Decimal("0.005") * counts["rows_read"]
    converted = totals[totals["is_converted"]]
    assert converted["net_revenue"].sum() == accepted["net_amount"].sum()
    assert converted["lines"].sum() == len(accepted)
    assert accepted["net_amount"].notna().all()
    assert aside["reason"].str.len().gt(0).all()


@given(st.lists(LINE, min_size=1, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=12)
def test_shuffled_rows_and_split_files_give_the_same_bytes(lines, chance) -> None:
    lines = [GOOD, *lines]
    shuffled = random.Random(chance.random()).sample(lines, len(lines))
    cuts = sorted(chance.randint(0, len(lines)) for _ in range(2))
    parts = [shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]]
    made = []
    for split in ([lines], [part for part in parts if part]):
        with TemporaryDirectory() as folder:
            store = store_of(folder, *split)
            names = ("order_lines", "order_lines_repairs", "currency_totals")
            made.append([store.path(name).read_bytes() for name in names])
    assert made[0] == made[1]


def test_threads_do_not_change_the_bytes(extract, monkeypatch: pytest.MonkeyPatch) -> None:
    nets = ("12,5", "(7,00)", "1.234,50-", "€ 10", "3 zł", "x", "$ 1")
    rows = [
        (str(n % 9000), f"{1 + n % 28:02}.03.2026", f"C{n % 7}", "1", nets[n % 7], "1,5",
         ("", "EUR", "SEK")[n % 3])
        for n in range(20_000)
    ]  # fmt: skip
    made = set()
    for threads in (1, 3):
        monkeypatch.setenv("SEGKIT_THREADS", str(threads))
        store = store_of(str(extract.folder), rows)
        store.folder = extract.folder / f"store{threads}"
        made.add(tuple(store.path(name).read_bytes() for name in TABLES))
    assert len(made) == 1
