"""The last table of notebook 2: what each measure means, and of whom it is known."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from segkit.exhibits import Exhibit
from segkit.language import say
from segkit.segments.definitions import each_measure, is_mostly_known

BEHAVIOUR = pd.DataFrame(
    {
        "customer_id": ["A", "B", "C", "D"],
        "kind": ["shop"] * 4,
        "net_revenue": [5, 6, 7, 8],
        "gap_cv": [0.5, None, 0.1, 0.2],
        "discount_share": [0.5, None, None, None],
        "share_channel_web": [1.0, 0.5, None, 0.0],
        "share_channel_edi": [0.0, 0.5, None, 1.0],
    }
)


def shown(behaviour: pd.DataFrame) -> Exhibit:
    told: list[Any] = []
    book = SimpleNamespace(
        table=lambda name: behaviour, show=told.extend, currency="PLN",
        figure=lambda id, value, unit, **more: value, window_text=say("a year"),
        engagement=SimpleNamespace(as_of=date(2026, 3, 31)),
    )  # fmt: skip
    book.show = lambda *items: told.extend(items)
    each_measure(book)  # type: ignore[arg-type]
    return told[0]


def test_each_measure_is_told_with_unit_period_source_and_of_whom_it_is_known() -> None:
    made = shown(BEHAVIOUR)
    rows = made.data.assign(**{
        name: made.data[name].map(str) for name in ("measure", "unit", "window", "source")
    })  # fmt: skip
    assert rows.drop(columns="definition").to_numpy().tolist() == [
        ["net revenue", "PLN", "the window", "order lines", 1.0],
        ["variation of order gaps", "number", "the window", "order lines", 0.75],
        ["discount", "share", "the window", "order lines", 0.25],
        ["share of orders by channel", "share", "the window", "order lines", 0.75],
    ]
    assert made.rows_shown == len(rows)


@pytest.mark.parametrize(
    ("behaviour", "holds", "title"),
    [
        (
            BEHAVIOUR.drop(columns="discount_share"),
            True,
            "All 3 measures are known of at least half of the customers",
        ),
        (BEHAVIOUR, False, "Known of less than half of the customers: 1 of 4 measures"),
    ],
)
def test_the_title_says_whether_most_is_known(
    behaviour: pd.DataFrame, holds: bool, title: str
) -> None:
    made = shown(behaviour)
    assert (made.holds, str(made.title if made.holds else made.otherwise)) == (holds, title)


def test_half_is_enough() -> None:
    assert is_mostly_known(pd.Series([0.5, 1.0]))
    assert not is_mostly_known(pd.Series([0.5, 0.49]))
