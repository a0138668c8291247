"""The workbook, a sheet an exhibit, and exports for other programs: no cell is ever a formula."""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from segkit.exhibits.brand import brand
from segkit.exhibits.words import GRADES, heading, of_tables, source_line, words
from segkit.language import Message, Scale, client_word, is_currency, render, say, term, write_value
from segkit.report import Cover, RunContents
from segkit.report.pages import at_stake
from segkit.store import read_frame

_ROWS = 1_048_000
_NUMBERS = (int, float, Decimal)  # parts of the ledger are read with exact decimals
_FORMULA = ("=", "+", "-", "@")
_NATIVE = {"bars": "bar", "lines": "line"}
_CHARTED = 40  # rows
_HEADS = {
    "at_stake": say("At stake"),
    "customer": say("Customer"),
    "customer_id": say("Customer number"),
    "figure": say("Figure"),
    "figures": say("Figures"),
    "finding": say("Finding"),
    "grade": say("Grade"),
    "high": say("High"),
    "is_border": say("Near another segment"),
    "low": say("Low"),
    "n": say("n"),
    "next_step": say("Next step"),
    "notebook": say("Notebook"),
    "owner": say("Owner"),
    "period": say("Period"),
    "rank": say("Rank"),
    "rfm_segment": say("RFM segment"),
    "segment": say("Segment"),
    "segment_id": say("Segment id"),
    "so_what": say("What follows"),
    "source": say("Source"),
    "unit": say("Unit"),
    "value": say("Value"),
}
_FAILING = 5_000  # rows of one check
#: Columns of lists whose cells are words of ours.
_CONTRACT_WORDS = ("source", "field", "table", "column", "reason", "unit")
_TWINS = "failed_same_customer"


def write(run: RunContents, out: Path) -> None:
    """Write ``workbook.xlsx`` and the exports: segments, memberships and the merge map."""
    segments = segment_list(run.tables, run.cover.language)
    book = Book(out / "workbook.xlsx", run.cover)
    exhibits = [item for part in run.parts for item in part["items"] if item["type"] == "exhibit"]
    book.contents(exhibits)
    for exhibit in exhibits:
        book.exhibit(exhibit)
    if segments is not None:
        book.table(say("segments"), say("Every active customer's segment"), segments)
    for name, check in _failing(exhibits).items():
        if name in run.tables:
            book.failing(name, check, run.tables[name])
    book.table(say("findings"), say("Findings by their rank"), _findings(run))
    book.table(say("figures"), say("Every figure of the reports"), _figures(run))
    book.close()
    if segments is not None:
        write_csv(out / "exports" / "segments.csv", segments)
    if (groups := membership_list(run.tables, run.cover.language)) is not None:
        write_csv(out / "exports" / "memberships.csv", groups)
    if _TWINS in run.tables:
        proposed = read_frame(run.tables[_TWINS]).drop(columns="money")
        write_csv(out / "exports" / "merge_map.csv", proposed.assign(confirmed="", owner=""))


def segment_list(tables: Mapping[str, Path], language: str = "en") -> pd.DataFrame | None:
    """One row a customer: its id, name, segment and the segment's name in `language`.

    None without segments.
    """
    if "segments" not in tables:
        return None
    given = read_frame(tables["segments"])
    kept = [
        name for name in ("customer_id", "segment_id", "rfm_segment", "is_border") if name in given
    ]
    made = _with_names(given[kept], tables, language)
    first = [n for n in ("customer_id", "customer", "segment_id", "segment") if n in made]
    rest = [name for name in made.columns if name not in first]
    return made[[*first, *rest]].sort_values("customer_id", ignore_index=True)


def membership_list(tables: Mapping[str, Path], language: str = "en") -> pd.DataFrame | None:
    """One row per customer and group it is in, with the segment: together a micro-segment.

    None without groups.
    """
    if not {"memberships", "segments"} <= tables.keys():
        return None
    made = read_frame(tables["memberships"])
    if made.empty:
        return None
    made["as_of"] = made["as_of"].dt.strftime("%Y-%m-%d")
    segments = read_frame(tables["segments"])[["customer_id", "segment_id"]]
    made = _with_names(made.merge(segments, on="customer_id", how="left"), tables, language)
    columns = ["customer_id", "customer", "group_id", "group", "segment_id", "segment", "as_of"]
    made = made[[name for name in columns if name in made]].fillna("")
    return made.sort_values(["customer_id", "group_id"], ignore_index=True)


_NAMED = (
    ("segment_definitions", "segment_id", "segment"),
    ("group_definitions", "group_id", "group"),
    ("customers", "customer_id", "customer"),
)


def _with_names(made: pd.DataFrame, tables: Mapping[str, Path], language: str) -> pd.DataFrame:
    """The rows with the name of every id that has one."""
    for table, key, name in _NAMED:
        if table in tables and key in made:
            names = read_frame(tables[table])[[key, "name"]]
            names["name"] = [_said(one, language) for one in names["name"]]
            made = made.merge(names.rename(columns={"name": name}), on=key, how="left")
    return made


def _said(name: Message | str, language: str) -> str:
    return name.in_language(language) if isinstance(name, Message) else name


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """A table that Excel and a CRM open alike; text like a formula gets an apostrophe."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([inert(name) for name in frame.columns])
        writer.writerows([inert(value) for value in row] for row in frame.itertuples(index=False))


def inert(value: Any) -> Any:
    r"""A CSV cell that no spreadsheet runs.

    Examples
    --------
    >>> inert("=1+1"), inert("\t=1"), inert(-5), inert("A-1")
    ("'=1+1", "'\t=1", -5, 'A-1')
    """
    if value is None or value != value:
        return ""
    is_risky = isinstance(value, str) and value[:1] and (value[0] in _FORMULA or value[0] < " ")
    return f"'{value}" if is_risky else value


def _findings(run: RunContents) -> pd.DataFrame:
    language = run.cover.language
    rows = [
        {
            "rank": one.get("rank"),
            "notebook": one["notebook"],
            "finding": render(one["claim"], language),
            "so_what": render(one["so_what"], language),
            "at_stake": at_stake(run, one),
            "next_step": render(one["action"], language),
            "owner": render(one["owner"], language),
            "grade": one["grade"],
            "figures": ", ".join(one["figures"]),
        }
        for one in run.ledger.get("findings", [])
        if not one["is_withheld"]
    ]
    return pd.DataFrame(rows)


def _figures(run: RunContents) -> pd.DataFrame:
    language = run.cover.language
    rows = [
        {
            "figure": id,
            "value": figure.get("value"),
            "unit": words(term(figure["unit"]), language),
            **{key: figure.get(key) for key in ("low", "high", "n")},
            "grade": words(GRADES[figure["grade"]], language),
            "period": figure["period"],
            "source": write_value(of_tables(figure["source"]).as_json(), language),
        }
        for id, figure in run.ledger.get("figures", {}).items()
    ]
    return pd.DataFrame(rows)


def _failing(exhibits: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What each check looks for, by the name of its failing rows."""
    told = next((one["data"] for one in exhibits if one["id"] == "audit.checks"), None)
    return dict(zip(told["sheet"], told["check"], strict=True)) if told else {}


class Book:
    """One workbook in the brand's look; the same content gives the same bytes."""

    def __init__(self, path: Path, cover: Cover) -> None:
        self.cover = cover
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        }
        self.book = xlsxwriter.Workbook(path, options)
        day = datetime.combine(cover.as_of, time())
        self.book.set_properties({"title": cover.title, "company": cover.client, "created": day})
        colors, font = brand().colors, brand().office_font
        base = {"font_name": font, "font_size": 10, "font_color": colors["ink"]}
        self.looks = {
            "plain": self.book.add_format({**base, "valign": "top"}),
            "title": self.book.add_format({**base, "bold": True, "font_size": 15}),
            "quiet": self.book.add_format({**base, "font_color": colors["muted"]}),
            "link": self.book.add_format({**base, "font_color": colors["accent"], "underline": 1}),
            "head": self.book.add_format(
                {**base, "bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1}
            ),
        }
        self.base = base
        self.names: set[str] = set()

    def contents(self, exhibits: Sequence[Mapping[str, Any]]) -> None:
        """The first sheet: for whom, until when, and a link to every exhibit."""
        sheet = self._sheet(
            words(say("Contents"), self.cover.language),
            self.cover.title,
            f"{self.cover.client} · {self.cover.period}",
        )
        if self.cover.status:
            sheet.write_string(2, 0, self.cover.status, self.looks["head"])
        names = self._named(exhibits)
        for row, (exhibit, name) in enumerate(zip(exhibits, names, strict=True), start=4):
            title = render(exhibit["title"], self.cover.language)
            sheet.write_url(row, 0, f"internal:'{name}'!A1", self.looks["link"], name)
            sheet.write_string(row, 1, title, self.looks["plain"])
            sheet.write_string(
                row, 2, render(exhibit["subtitle"], self.cover.language), self.looks["quiet"]
            )
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 70)

    def _named(self, exhibits: Sequence[Mapping[str, Any]]) -> list[str]:
        names = [
            self._name(f"{one['number']} {render(one['title'], self.cover.language)}")
            for one in exhibits
        ]
        self.waiting = list(names)
        return names

    def _name(self, wanted: str) -> str:
        """A sheet name that Excel accepts and no other sheet has."""
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", wanted).strip("' ")
        plain = textwrap.shorten(plain, 31, placeholder="…").strip("' ") or "Sheet"
        name, count = plain, 2
        while name.casefold() in self.names or name.casefold() == "history":
            name, count = f"{plain[: 30 - len(str(count))]} {count}", count + 1
        self.names.add(name.casefold())
        return name

    def exhibit(self, payload: Mapping[str, Any]) -> None:
        """One exhibit's data as an Excel table under its title, with a native chart."""
        language, name = self.cover.language, self.waiting.pop(0)
        sheet = self._add(
            name, render(payload["title"], language), render(payload["subtitle"], language)
        )
        sheet.write_string(2, 0, source_line(payload, language), self.looks["quiet"])
        columns = [*payload["columns"], *payload.get("in_workbook", ()), *_ranges(payload)]
        units = [column["unit"] for column in columns]
        heads = [
            heading(c["label"], c["unit"], Scale(c["unit"], language=language).words, language)
            for c in columns
        ]
        data = [payload["data"][column["name"]] for column in columns]
        self._fill(sheet, heads, units, data)
        chart = payload["chart"]
        if (
            chart
            and chart["kind"] in _NATIVE
            and not chart["series"]
            and 0 < len(data[0]) <= _CHARTED
        ):
            self._chart(sheet, name, chart, columns, len(data[0]), render(payload["alt"], language))

    def _chart(
        self,
        sheet: Worksheet,
        name: str,
        chart: Mapping[str, Any],
        columns: Any,
        rows: int,
        alt: str,
    ) -> None:
        """A native chart of the same rows, so that it can go into slides."""
        names = [column["name"] for column in columns]
        is_dated = any(column["unit"] == "date" for column in columns)
        labels, values = (
            (chart["y"], chart["x"]) if chart["kind"] == "bars" else (chart["x"], chart["y"])
        )
        if labels not in names or values not in names:
            return
        drawn = self.book.add_chart({"type": _NATIVE[chart["kind"]]})
        at = {n: [name, 5, names.index(n), 4 + rows, names.index(n)] for n in (labels, values)}
        color = brand().colors["accent"]
        series = {"categories": at[labels], "values": at[values]}
        look = {"fill": {"color": color}, "line": {"color": color}, "gap": 45}
        bare = {"major_gridlines": {"visible": False}}
        if chart["kind"] == "bars":
            look["data_labels"] = {"value": True}
            drawn.set_x_axis({**bare, "visible": False})
            drawn.set_y_axis({**bare, "reverse": True})
        else:
            drawn.set_x_axis({**bare, "date_axis": is_dated, "num_format": "mmm yyyy"})
            drawn.set_y_axis({"major_gridlines": {"visible": True}, "num_format": "#,##0"})
        drawn.add_series(series | look)
        drawn.set_legend({"none": True})
        drawn.set_size({"width": 620, "height": max(260, 26 * min(rows, 24))})
        sheet.insert_chart(4, len(names) + 1, drawn, {"description": alt})

    def table(self, name: Message, title: Message, frame: pd.DataFrame) -> None:
        """A sheet of plain columns."""
        language = self.cover.language
        sheet = self._sheet(words(name, language), words(title, language), self.cover.client)
        columns = [frame[column].tolist()[:_ROWS] for column in frame.columns]
        heads = [
            words(_HEADS.get(str(column), term(str(column))), language) for column in frame.columns
        ]
        self._fill(sheet, heads, ["text"] * len(heads), columns)

    def failing(self, name: str, check: Mapping[str, Any], path: Path) -> None:
        """The first rows that fail a check, most money first, and where the others lie."""
        file = pq.ParquetFile(path)
        rows = file.metadata.num_rows
        first = next(file.iter_batches(batch_size=_FAILING), None)
        told = say("The first {shown} of {all} rows; all of them are in run/tables/{file}.",
                   shown=min(rows, _FAILING), all=rows, file=path.name)  # fmt: skip
        if rows <= _FAILING:
            told = say("Every row, most money first.")
        sheet = self._sheet(
            name, render(check, self.cover.language), told.in_language(self.cover.language)
        )
        columns = first.to_pydict() if first is not None else {}
        given = {head: column for head, column in columns.items() if any(
            value is not None for value in column
        )}  # fmt: skip
        heads = [words(_HEADS.get(head, term(head)), self.cover.language) for head in given]
        given = {head: [self._spoken(head, one) for one in given[head]] for head in given}
        units = ["date" if isinstance(column[0], date) else "number" for column in given.values()]
        self._fill(sheet, heads, units, list(given.values()))

    def _spoken(self, head: str, value: Any) -> Any:
        """A word of the contract as the reader calls it, in columns that hold such words."""
        if not isinstance(value, str):
            return value
        said = term(value) if head in _CONTRACT_WORDS else client_word(value, self.cover.words)
        return words(said, self.cover.language)

    def _sheet(self, name: str, title: str, subtitle: str) -> Worksheet:
        return self._add(self._name(name), title, subtitle)

    def _add(self, name: str, title: str, subtitle: str) -> Worksheet:
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, title, self.looks["title"])
        sheet.write_string(1, 0, subtitle, self.looks["quiet"])
        return sheet

    def _fill(
        self,
        sheet: Worksheet,
        heads: Sequence[str],
        units: Sequence[str],
        data: Sequence[list[Any]],
    ) -> None:
        """An Excel table from the fifth row on, with filters and number formats."""
        rows = max((len(column) for column in data), default=0)
        if not rows:
            return
        heads = _unlike(heads)
        for place, (unit, column) in enumerate(zip(units, data, strict=True)):
            look = self._look(unit, column)
            for row, value in enumerate(column, start=5):
                self._cell(sheet, row, place, value, look)
            widest = max(len(str(value)) for value in column[:200])
            sheet.set_column(place, place, min(max(widest, len(heads[place]) / 2, 9) + 3, 60))
        sheet.add_table(
            4, 0, 4 + rows, len(heads) - 1,
            {
                "style": "Table Style Light 1",
                "columns": [{"header": h, "header_format": self.looks["head"]} for h in heads],
            },
        )  # fmt: skip
        sheet.set_row(4, 30)
        sheet.freeze_panes(5, 0)

    def _cell(self, sheet: Worksheet, row: int, column: int, value: Any, look: Any) -> None:
        if isinstance(value, Mapping) and value["text"] == "{value}":
            alone = value["args"]["value"]
            if alone["unit"] != "list":
                value = alone["value"]  # a number that brings its own unit
        if isinstance(value, Mapping):
            value = render(value, self.cover.language)
        if value is None or value != value:
            sheet.write_blank(row, column, None, look)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, look)
        elif isinstance(value, _NUMBERS):
            sheet.write_number(row, column, value, look)
        elif look is self.looks.get("date"):
            sheet.write_datetime(row, column, date.fromisoformat(str(value)[:10]), look)
        else:
            sheet.write_string(row, column, str(value)[:32_767], look)

    def _look(self, unit: str, column: Iterable[Any]) -> Any:
        """The format of a column; dates and digits appear as the reader's Excel is set."""
        numbers = [v for v in column if isinstance(v, _NUMBERS) and not isinstance(v, bool)]
        whole = all(float(value).is_integer() for value in numbers)
        if unit == "text" or not (numbers or unit == "date"):
            return self.looks["plain"]
        kind = {"share": "0.0%", "date": "date"}.get(unit)
        kind = kind or ("#,##0" if whole or (is_currency(unit) and _large(numbers)) else "#,##0.00")
        if kind not in self.looks:
            code: Any = 14 if kind == "date" else kind
            self.looks[kind] = self.book.add_format(
                {**self.base, "num_format": code, "valign": "top"}
            )
        return self.looks[kind]

    def close(self) -> None:
        """Write the file."""
        self.book.close()


def _ranges(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ends of a range that is drawn, as columns of their own."""
    chart = payload["chart"] or {}
    units = {column["name"]: column["unit"] for column in payload["columns"]}
    unit = units.get(chart.get("x", ""), "number")
    return [
        {"name": chart[end], "label": label.as_json(), "unit": unit, "digits": None}
        for end, label in (("low", say("Low")), ("high", say("High")))
        if chart.get(end) and chart[end] not in units
    ]


def _large(numbers: Iterable[float | Decimal]) -> bool:
    return any(abs(float(number)) >= 1000 for number in numbers)


def _unlike(heads: Sequence[str]) -> list[str]:
    """Headings without twins: Excel refuses a table with two alike."""
    seen: dict[str, int] = {}
    made = []
    for head in heads:
        count = seen[head.casefold()] = seen.get(head.casefold(), 0) + 1
        made.append(head if count == 1 else f"{head} {count}")
    return made
