from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from report_client import KINDS, exhibit, payload, sample

from segkit.exhibits import Chart, Column, canvas, charts
from segkit.language import say

DATA = {
    "several": sample(),
    "empty": sample(0),
    "a single row": sample(1),
    "negative": sample(x=[-5.0, -4.0, 3.0, -2.0, 0.0], y=[-1.0, 2.0, -3.0, 4.0, -5.0]),
    "absent values": sample(
        x=[np.nan, 1.0, np.inf, 2.0, np.nan], y=[np.nan, 1.0, 2.0, 3.0, np.nan]
    ),
    "nothing but absent values": sample(x=np.nan, y=np.nan, low=np.nan, high=np.nan),
    "thirty rows": sample(30),
}


def words_of(drawing: str) -> list[str]:
    found = ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(one.itertext()) for one in found]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_every_kind_draws_any_data(kind: str, data: pd.DataFrame) -> None:
    drawing = charts.svg(payload(exhibit(kind, data)), "en")
    assert drawing.startswith("<svg ") and words_of(drawing)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_give_the_same_drawing(kind: str) -> None:
    told = payload(exhibit(kind))
    assert charts.svg(told, "pl") == charts.svg(told, "pl")


@pytest.mark.parametrize("kind", ["bars", "steps", "intervals", "stacked", "heat"])
def test_hostile_names_are_drawn_as_they_stand(kind: str) -> None:
    drawn = " ".join(words_of(charts.svg(payload(exhibit(kind)), "en")))
    for word in ("<script>alert", "=1+1", '#eval("x")', "*bold*", "$a$", "back\\slash"):
        assert word in drawn


def test_nothing_in_a_drawing_is_loaded_from_elsewhere() -> None:
    for kind in KINDS:
        drawing = charts.svg(payload(exhibit(kind)), "en")
        targets = re.findall(r'(?:href="|url\()([^")]*)', drawing)
        assert all(target.startswith(("#", "data:")) for target in targets)
        assert "<script" not in drawing and "<!DOCTYPE" not in drawing


def test_values_are_written_as_the_reader_writes_them() -> None:
    told = payload(exhibit("bars"))
    assert "1.25" in words_of(charts.svg(told, "en")) or "1.2" in words_of(charts.svg(told, "en"))
    assert "Net revenue, PLN million" in words_of(charts.svg(told, "en"))
    assert "Sprzedaż netto, mln zł" in words_of(charts.svg(told, "pl"))
    assert any(
        "," in word and word.strip("0123456789,") == "" for word in words_of(charts.svg(told, "pl"))
    )


def test_bars_start_at_zero() -> None:
    drawing = charts.svg(payload(exhibit("bars", sample(2, x=[100.0, 200.0]))), "en")
    bars = re.findall(
        r'<path d="M ([\d.]+) [\d.]+\s+L ([\d.]+) [^"]*"[^>]*style="fill: #(?:b9c1c9|0b6a72)',
        drawing,
    )
    (a0, a1), (b0, b1) = [(float(x), float(y)) for x, y in bars]
    assert a0 == b0
    assert (b1 - b0) / (a1 - a0) == pytest.approx(2, rel=1e-3)


def test_equal_labels_stay_two_bars() -> None:
    drawn = words_of(charts.svg(payload(exhibit("bars", sample(2, name="same"))), "en"))
    assert drawn.count("same") == 2


def test_more_than_five_thousand_points_are_a_picture() -> None:
    few, many = (
        charts.svg(payload(exhibit("points", sample(rows))), "en") for rows in (100, 5_001)
    )
    assert "<image" not in few
    assert "data:image/png;base64," in many


def test_values_that_a_log_scale_cannot_show_are_counted() -> None:
    drawn = words_of(
        charts.svg(payload(exhibit("points", sample(x=[0.0, -1.0, 5.0, 6.0, 70.0]))), "en")
    )
    assert "2 values at or below zero are not drawn." in drawn


def test_months_are_named_in_the_readers_language() -> None:
    days = pd.date_range("2024-04-01", periods=24, freq="MS").date
    data = pd.DataFrame(
        {"x": days, "y": np.arange(24.0), "name": "a", "group": "g", "is_named": False}
    )
    columns = (Column("x", say("Month"), "date"), Column("y", say("Orders"), "orders"))
    told = payload(exhibit("lines", data, columns=columns))
    assert "sty 2025" in words_of(charts.svg(told, "pl"))
    assert "Jan 2025" in words_of(charts.svg(told, "en"))


def test_more_than_five_series_share_a_colour_for_the_rest() -> None:
    data = sample(8, name="one", group=[f"group {i}" for i in range(8)])
    drawn = words_of(charts.svg(payload(exhibit("stacked", data)), "en"))
    assert "Other" in drawn and "group 3" in drawn and "group 4" not in drawn


def test_names_beside_points_do_not_touch() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_axes((0, 0, 1, 1))
    words = canvas.Beside(ax)
    for _ in range(20):
        words.write("the same place", 0.5, 0.5, strong=False)
    boxes = words.taken
    assert 1 < len(boxes) < 20
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_lines_that_end_together_are_named_apart() -> None:
    moved = canvas.apart([10.0, 11.0, 12.0, 100.0], 13.0)
    assert all(b - a >= 13 for a, b in pairwise(moved))


def test_outlines_need_no_font() -> None:
    assert not words_of(charts.svg(payload(exhibit("bars")), "en", outlines=True))


def test_letters_that_the_font_lacks_have_a_stand_in() -> None:
    drawn = words_of(charts.svg(payload(exhibit("bars", sample(1, name="東京 \u202eŁódź"))), "en"))
    assert "□□ Łódź" in drawn


def cells(*, led: bool) -> str:
    frame = pd.DataFrame(
        {
            "row": ["a", "a", "b"], "column": ["x", "y", "x"], "money": [10.0, 200.0, 0.5],
            "told": ["10 · two", "200 · one", "0.5 · six"], "is_led": [led, False, False],
        }
    )  # fmt: skip
    columns = tuple(Column(name, say("Name")) for name in ("row", "column", "told"))
    columns = (*columns, Column("money", say("Net revenue"), "PLN"))
    recipe = Chart("heat", x="column", y="row", value="money", label="told", accent="is_led")
    made = replace(exhibit("heat"), data=frame, columns=columns, chart=recipe)
    return charts.svg(payload(made), "en")


def test_a_map_tells_its_cells_in_words_of_two_lines() -> None:
    words = words_of(cells(led=True))
    assert {"10", "two", "200", "one", "0.5", "six"} <= {*words}


def test_the_cells_a_map_is_about_are_in_colour_and_the_others_grey() -> None:
    accent, pale = canvas.color("accent"), "#f2f3f4"
    assert cells(led=True).count(f"fill: {accent}") == 1
    assert pale in cells(led=True)
    assert pale not in cells(led=False)


def test_series_the_title_is_not_about_are_grey() -> None:
    frame = pd.DataFrame(
        {
            "row": ["a", "a"], "part": [0.4, 0.6], "side": ["left", "undecided"],
            "is_told": [True, False],
        }
    )  # fmt: skip
    columns = tuple(Column(name, say("Name")) for name in ("row", "side"))
    columns = (*columns, Column("part", say("Share"), "share"))
    recipe = Chart("stacked", x="part", y="row", series="side", accent="is_told")
    made = replace(exhibit("stacked"), data=frame, columns=columns, chart=recipe)
    drawing = charts.svg(payload(made), "en")
    assert f"fill: {canvas.color('grey')}" in drawing
    plain = charts.svg(payload(replace(made, chart=replace(recipe, accent=None))), "en")
    assert f"fill: {canvas.color('grey')}" not in plain
