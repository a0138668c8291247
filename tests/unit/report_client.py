"""A small run as a client might have it, with hostile words in every place that words can stand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd

from segkit.exhibits import MIME, Answer, Chart, Column, Exhibit, Finding, Item, Note, Tiles
from segkit.language import Value, say, say_n, share
from segkit.report import Cover, RunContents

AS_OF = date(2026, 3, 31)
HOSTILE = [
    '<script>alert("x")</script>',
    "=1+1",
    '#eval("x")',
    "*bold* _it_ $a$ @ref",
    'back\\slash "q"',
]
KINDS = ("bars", "lines", "curve", "points", "heat", "intervals", "stacked", "steps")


def sample(rows: int = 5, **changed: Any) -> pd.DataFrame:
    """Rows that every kind of chart can draw."""
    place = np.arange(rows)
    frame = pd.DataFrame(
        {
            "name": [HOSTILE[i % len(HOSTILE)] + (f" {i}" if i >= 5 else "") for i in place],
            "group": [f"group {i % 2}" for i in place],
            "x": (place + 1) * 250_000.0,
            "y": 100.0 - 7.5 * place,
            "low": (place + 1) * 200_000.0,
            "high": (place + 1) * 300_000.0,
            "is_named": place == 1,
        }
    )
    return frame.assign(**changed)


def exhibit(kind: str | None = None, data: pd.DataFrame | None = None, **changed: Any) -> Exhibit:
    """An exhibit of `data`: a table, or a chart of a kind."""
    columns = (
        Column("name", say("Customer")),
        Column("group", say("Group")),
        Column("x", say("Net revenue"), "PLN"),
        Column("y", say("Orders"), "orders"),
    )
    made = Exhibit(
        id=f"test.{kind or 'table'}",
        title=say("One customer stands out: {name}", name=HOSTILE[0]),
        holds=True,
        otherwise=say("No customer stands out"),
        subtitle=say("Net revenue per customer"),
        data=sample() if data is None else data,
        columns=columns,
        sources=("order_lines",),
        as_of=AS_OF,
        chart=chart(kind) if kind else None,
        reading=say("Read {name} as it stands.", name=HOSTILE[2]),
        n=5,
        grade="C",
        number="1.1",
    )
    return replace(made, **changed)


def chart(kind: str) -> Chart:
    """A recipe of a kind over the columns of `sample`."""
    rows = {"x": "x", "y": "name", "accent": "is_named"}
    given: dict[str, dict[str, Any]] = {
        "bars": rows,
        "steps": {**rows, "total": "is_named"},
        "intervals": {
            **rows,
            "low": "low",
            "high": "high",
            "reference": 4e5,
            "reference_label": say("All"),
        },
        "stacked": {**rows, "series": "group"},
        "heat": {"x": "group", "y": "name", "value": "x"},
        "lines": {
            "x": "x",
            "y": "y",
            "series": "group",
            "reference": 50.0,
            "reference_label": say("Half"),
        },
        "curve": {"x": "x", "y": "y", "accent": "is_named", "reference": 50.0},
        "points": {"x": "x", "y": "y", "label": "name", "accent": "is_named", "log_x": True},
    }
    return Chart(kind, **given[kind])  # type: ignore[arg-type]


def payload(item: Item) -> dict[str, Any]:
    """An item as it is after its travel through a notebook."""
    return json.loads(json.dumps(item.as_json()))


def items() -> list[Item]:
    """One of everything."""
    money = Value(Decimal("1234567.89"), "PLN", "test.money")
    claim = say_n("{n} customer: {name}", "{n} customers: {name}", 3, name=HOSTILE[3])
    return [
        Answer((say("A {part} of all.", part=share(0.25)), say("By {name}.", name=HOSTILE[4]))),
        Tiles(((say("Net revenue"), money),)),
        Finding("test.one", claim, True, say("So {name}.", name=HOSTILE[1]), money="test.money",
                action=say("Call {name}", name=HOSTILE[2]), owner=say("Head of sales"), grade="B"),
        Finding("test.two", say("All customers are alike"), False, say("Nothing.")),
        Note(say("Take {name} with care.", name=HOSTILE[0]), "warning"),
        exhibit(),
        *(exhibit(kind) for kind in KINDS),
    ]  # fmt: skip


def run(folder: Path, **cover: Any) -> RunContents:
    """An executed notebook of every item, and what the run knows of it."""
    told = [payload(item) for item in items()]
    node = nbformat.v4.new_notebook()
    prose = "# Who is <b>first</b>?\n\nSome *prose*, `code`, <script>x</script> and [a link](http://x.y)."
    outputs = [
        nbformat.v4.new_output("display_data", {MIME: one, "text/plain": "x"}) for one in told
    ]
    frame = pd.DataFrame({"a": HOSTILE})
    foreign = {"text/html": "<style>b{}</style>" + frame.to_html(), "text/plain": str(frame)}
    outputs.append(nbformat.v4.new_output("display_data", foreign))
    outputs.append(
        nbformat.v4.new_output("display_data", {"text/html": "<b>raw</b>", "text/plain": "raw"})
    )
    outputs.append(nbformat.v4.new_output("stream", name="stdout", text="chatter"))
    node.cells = [
        nbformat.v4.new_markdown_cell(prose, id="cell-01"),
        nbformat.v4.new_code_cell("secret_code()", outputs=outputs, id="cell-02"),
        nbformat.v4.new_markdown_cell(
            "## A section\n\n- one\n- two\n\n| a | b |\n|--|--:|\n| 1 | 2 |", id="cell-03"
        ),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "01-data-audit.ipynb"
    nbformat.write(node, path)
    tables = {}
    for name, frame in _tables().items():
        tables[name] = folder / f"{name}.parquet"
        frame.to_parquet(tables[name])
    figure = {"value": 1234567.89, "unit": "PLN", "period": "p", "n": 3, "low": None, "high": None,
              "grade": "R", "source": ["order_lines"]}  # fmt: skip
    findings = [
        {**one, "rank": 1, "notebook": path.stem, "text": ""}
        for one in told
        if one["type"] == "finding"
    ]
    ledger = {
        "figures": {"test.money": figure},
        "findings": findings,
        "identities": [{"holds": True}],
    }
    given = {
        "client": f"Łoś & {HOSTILE[0]}",
        "title": "Customer segments",
        "as_of": AS_OF,
        "period": "a year",
    }
    exact = json.loads(json.dumps(told), parse_float=Decimal)  # as a run reads its parts
    parts = ({"notebook": path.stem, "items": exact},)
    return RunContents(Cover(**{**given, **cover}), (path,), ledger, parts, tables)


def _tables() -> dict[str, pd.DataFrame]:
    return {
        "segments": pd.DataFrame(
            {"customer_id": ["=1+1", "C1", "C2"], "segment_id": ["b", "a", "b"]}
        ),
        "customers": pd.DataFrame(
            {"customer_id": ["C1", "=1+1", "C2"], "name": ["Łódź", "@x", "-2"]}
        ),
        "segment_definitions": pd.DataFrame({"segment_id": ["a", "b"], "name": ["Core", "Tail"]}),
        "memberships": pd.DataFrame(
            {"customer_id": ["=1+1", "C9"], "group_id": ["low", "low"], "as_of": [AS_OF, AS_OF]}
        ),
        "group_definitions": pd.DataFrame({"group_id": ["low"], "name": ["+Low"]}),
    }
