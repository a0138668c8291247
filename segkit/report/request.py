"""The data request: a workbook that asks a client for its data, and whose sheets are read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

from xlsxwriter.worksheet import Worksheet

from segkit.errors import EngagementError, nearest
from segkit.exhibits.brand import brand
from segkit.language import LOCALES
from segkit.report import Cover
from segkit.report import request_contents as asked
from segkit.report.sheets import Book
from segkit.store import PACKAGE
from segkit.tables import CONTRACTS

_CATALOGUES = PACKAGE / "locale"
#: A file's date would change its bytes with the day it is written on.
_DAY = date(2000, 1, 1)
#: How many empty rows people find, and how far down the choices reach.
_OWN, _NEEDS, _CHECKED = 12, 40, 2000
_HEAD = 4


def write_request(language: str, out: Path | None = None) -> Path:
    """Write the data request in `language`, and say where.

    Raises
    ------
    EngagementError
        If there is no such language, or no such folder.
    """
    if language not in LOCALES:
        raise EngagementError(
            f"There is no data request in {language}.{nearest(language, LOCALES)}\n"
            f"Fix: --request takes one of {', '.join(LOCALES)}."
        )
    path = Path(out or f"data-request-{language}.xlsx")
    if not path.parent.is_dir():
        raise EngagementError(f"There is no folder {path.parent}.\nFix: make it, or correct --out.")
    book = _Request(path, texts(language))
    book.start()
    book.tables()
    book.columns()
    book.controls()
    book.assumptions()
    book.needs()
    book.interviews()
    book.close()
    return path


@lru_cache
def texts(language: str) -> Callable[[str], str]:
    """What gives a text of the request in `language`; English where it has none."""
    if language == "en":
        return str
    from babel.messages.pofile import read_po

    with (_CATALOGUES / language / "LC_MESSAGES" / "request.po").open("rb") as opened:
        told = {one.id: str(one.string) for one in read_po(opened) if one.id and one.string}
    return lambda text: told.get(text, text)


def glossed(said: str, ours: str) -> str:
    """A word as people read it, with our own behind it, by which it is read back.

    Examples
    --------
    >>> glossed("pris", "price"), glossed("price", "price")
    ('pris [price]', 'price')
    """
    return said if said == ours else f"{said} [{ours}]"


class _Request(Book):
    """The sheets of the request, in the brand's look."""

    def __init__(self, path: Path, say: Callable[[str], str]) -> None:
        self.say = say
        title = say("Data request")
        super().__init__(path, Cover("", title, _DAY, ""))
        colors = brand().colors
        wrapped = {**self.base, "text_wrap": True, "valign": "vcenter"}
        band = {**self.base, "bg_color": colors["wash"], "top": 1, "top_color": colors["grey"]}
        entry = {**wrapped, "bg_color": "#fffbe6", "border": 1, "border_color": colors["line"]}
        looks: dict[str, dict[str, Any]] = {
            "text": wrapped,
            "note": {**wrapped, "font_color": colors["muted"]},
            "section": {**self.base, "bold": True, "font_size": 12, "font_color": colors["accent"]},
            "number": {**wrapped, "font_color": colors["accent"], "bold": True, "align": "right"},
            "strong": {**wrapped, "bold": True},
            "needed": {**wrapped, "bold": True, "font_color": colors["accent"]},
            "band": {**band, "bold": True, "font_size": 11},
            "bandnote": {**band, "font_color": colors["muted"]},
            "code": {**wrapped, "font_name": "Consolas", "font_color": colors["muted"]},
            "example": {**wrapped, "font_color": colors["muted"], "align": "right"},
            "exampleday": {
                **wrapped, "font_color": colors["muted"], "align": "right",
                "num_format": "yyyy-mm-dd",
            },
            "right": {**self.base, "bold": True, "bottom": 1, "align": "right"},
            "tall": {**wrapped, "bold": True, "valign": "bottom", "bottom": 1},
            "bold": {**self.base, "bold": True},
            "small": {**self.base, "font_size": 8, "font_color": colors["muted"]},
            "entry": entry,
            "entrynumber": {**entry, "num_format": "General", "align": "right"},
            "entryday": {**entry, "num_format": "yyyy-mm-dd", "align": "right"},
            "entryshare": {**entry, "num_format": "0.0%", "align": "right"},
        }  # fmt: skip
        self.looks |= {name: self.book.add_format(look) for name, look in looks.items()}

    # --- what is asked for -------------------------------------------------------------------

    def start(self) -> None:
        """How to go about it, what is needed at least, formats, controls, privacy."""
        sheet = self._titled("Start", "Data request", (3, 110))
        self._write(sheet, 1, 0, "What we ask for, how it should look, and what it makes possible",
                    "quiet")  # fmt: skip
        row = 3
        for head, lines in (
            ("How it works", asked.HOW_TO),
            ("Needed at least", asked.LEAST),
            ("Formats we read", asked.FORMATS),
            ("Privacy", asked.PRIVACY),
        ):
            self._write(sheet, row, 0, head, "section")
            for place, line in enumerate(lines, start=1):
                mark = str(place) if lines is asked.HOW_TO else "–" if len(lines) > 1 else ""
                sheet.write_string(row + place, 0, mark, self.looks["number"])
                self._write(sheet, row + place, 1, line, "text")
                sheet.set_row(row + place, _tall(self.say(line), 108))
            row += len(lines) + 2

    def tables(self) -> None:
        """The ladder: what each table adds to those above it."""
        sheet = self._titled("Tables", "Which tables, and what each of them makes possible",
                             (30, 15, 34, 12, 34, 52))  # fmt: skip
        heads = ("Table", "Our name", "One row per", "Need", "Period", "What it makes possible")
        self._heads(sheet, _HEAD, heads)
        for row, one in enumerate(asked.WANTED, start=_HEAD + 1):
            table = CONTRACTS[one.table]
            told = (one.name, one.table, table.grain, asked.STEPS[one.step], one.period,
                    table.adds.text)  # fmt: skip
            looks = ("strong", "code", "text", "needed" if one.step == 1 else "text", "text",
                     "text")  # fmt: skip
            for place, (text, look) in enumerate(zip(told, looks, strict=True)):
                said = text if look == "code" else self.say(text)
                sheet.write_string(row, place, said, self.looks[look])
            sheet.set_row(
                row, max(_tall(self.say(told[at]), w) for at, w in ((2, 32), (4, 30), (5, 48)))
            )
        sheet.freeze_panes(_HEAD + 1, 0)

    def columns(self) -> None:
        """Every table's columns, what they mean, and examples that fit together."""
        sheet = self._titled(
            "Columns", "Which columns, with examples", (20, 50, 11, 26, 21, 21, 21)
        )
        note = ("The examples are invented and fit together: the customer of an order is in the "
                "customer list.")  # fmt: skip
        self._write(sheet, 1, 0, note, "quiet")
        row = _HEAD
        for one in asked.WANTED:
            row = self._block(sheet, row, one)
        sheet.freeze_panes(_HEAD - 1, 0)

    def _block(self, sheet: Worksheet, row: int, one: asked.Wanted) -> int:
        for place in range(7):
            sheet.write_blank(row, place, None, self.looks["band"])
        self._write(sheet, row, 0, one.name, "band")
        self._write(sheet, row, 3, one.period, "bandnote")
        sheet.set_row(row, 20)
        examples = [f"{self.say('Example')} {n}" for n in (1, 2, 3)]
        self._heads(sheet, row + 1, ("Column", "Meaning", "Required", "Kind"), "head")
        for place, text in enumerate(examples, start=4):
            sheet.write_string(row + 1, place, text, self.looks["right"])
        for at, (column, values) in enumerate(one.columns, start=row + 2):
            sheet.write_string(at, 0, column.name, self.looks["code"])
            self._write(sheet, at, 1, column.meaning, "text")
            self._write(sheet, at, 2, "yes" if column.is_required else "", "needed")
            self._write(sheet, at, 3, asked.KINDS[column.kind], "note")
            sheet.set_row(at, _tall(self.say(column.meaning), 48))
            for place, value in enumerate(values, start=4):
                self._example(sheet, at, place, value, column.kind)
        return row + len(one.columns) + 3

    def _example(self, sheet: Worksheet, row: int, place: int, value: str, kind: str) -> None:
        if value and kind == "date":
            sheet.write_datetime(row, place, date.fromisoformat(value), self.looks["exampleday"])
        elif value and kind in ("amount", "price", "number", "integer"):
            sheet.write_number(row, place, float(value), self.looks["example"])
        else:
            self._write(sheet, row, place, value, "example")

    def controls(self) -> None:
        """Your own totals, by which both sides see that nothing was lost."""
        sheet = self._titled("Control totals", "Your own totals, so that we can prove ours",
                             (36, 58, 26, 22, 36))  # fmt: skip
        note = ("Please take them from the ledger or from a report that you trust, not from the "
                "files you send. Totals by month help us to find a gap.")  # fmt: skip
        self._write(sheet, 1, 0, note, "quiet")
        self._heads(sheet, _HEAD, ("Total", "What it holds", "Period", "Your figure",
                                   "Where it comes from"))  # fmt: skip
        for row, (total, what) in enumerate(asked.CONTROLS, start=_HEAD + 1):
            self._write(sheet, row, 0, total, "strong")
            self._write(sheet, row, 1, what, "text")
            self._entries(sheet, row, (2, 3, 4))
        row = _HEAD + 2 + len(asked.CONTROLS)
        self._write(sheet, row, 0, "Net revenue by month", "section")
        for month in range(1, 25):
            sheet.write_string(row + month, 0, f"{self.say('Month')} {month}", self.looks["note"])
            self._entries(sheet, row + month, (2, 3, 4))

    # --- what is filled in and read back -----------------------------------------------------

    def assumptions(self) -> None:
        """Numbers that are judged, not counted."""
        note = ("Numbers that no system holds. Give your best value and the range it could lie in; "
                "we show how much the result depends on it. Add rows of your own.")  # fmt: skip
        heads = {
            "text": ("Assumption", 52), "value": ("Value", 11), "low": ("Lowest", 11),
            "high": ("Highest", 11), "unit": ("Unit", 22), "": ("If left empty we use", 13),
            "source": ("Where it comes from", 28), "owner": ("Who stands behind it", 22),
            "date": ("Date", 12), "id": ("Name", 22),
        }  # fmt: skip
        sheet = self._form("Assumptions", "Assumptions we agree on", note, heads)
        for row, (id, usual, sentence, unit) in enumerate(asked.ASSUMPTIONS, start=_HEAD + 1):
            self._write(sheet, row, 0, sentence, "text")
            self._entries(sheet, row, (1, 2, 3), "entrynumber")
            self._write(sheet, row, 4, unit, "note")
            self._example(sheet, row, 5, usual, "number")
            self._entries(sheet, row, (6, 7))
            self._entries(sheet, row, (8,), "entryday")
            sheet.write_string(row, 9, id, self.looks["code"])
            sheet.set_row(row, _tall(self.say(sentence), 50))
        for row in range(_HEAD + 1 + len(asked.ASSUMPTIONS), _HEAD + 1 + _OWN):
            self._entries(sheet, row, range(10))
        self._number(sheet, (1, 3), -1e9, 1e9, "A number, such as 0.8")

    def needs(self) -> None:
        """What customers need, scored by those who know them."""
        note = ("One row per customer, question and rater. 1 means “does not matter to this "
                "customer”, 7 “decides whether it buys”. Several people may score one "
                "customer.")  # fmt: skip
        heads = {"customer_id": ("Customer number", 22), "item": ("What matters", 38),
                 "rater": ("Who scores", 24), "score": ("Score 1–7", 12)}  # fmt: skip
        sheet = self._form("Needs", "What matters to your customers", note, heads)
        for row in range(_HEAD + 1, _HEAD + 1 + _NEEDS):
            self._entries(sheet, row, (0, 1, 2))
            self._entries(sheet, row, (3,), "entrynumber")
        self._choice(sheet, 1, asked.ITEMS)
        self._choice(sheet, 2, asked.RATERS)
        self._number(sheet, (3, 3), 1, 7, "A whole number from 1 to 7", "integer")
        self._legend(sheet, 4)

    def _legend(self, sheet: Worksheet, place: int) -> None:
        """What each item means, beside the rows."""
        sheet.set_column(place, place, 70)
        self._write(sheet, _HEAD, place, "What the words mean", "tall")
        for row, line in enumerate(asked.MEANT, start=_HEAD + 1):
            self._write(sheet, row, place, line, "note")

    def interviews(self) -> None:
        """Questions by theme; where the records show the same, we set both side by side."""
        note = ("Write the answers in the yellow cells. If several people answer, copy the "
                "row. Where your records show the same, our report sets both side by "
                "side.")  # fmt: skip
        heads = {
            "theme": ("Theme", 22), "respondent": ("Who answers", 22), "question": ("Question", 62),
            "answer": ("Answer", 62), "date": ("Date", 12), "measure": ("Compared with", 20),
        }  # fmt: skip
        sheet = self._form("Interviews", "Questions we would like to ask", note, heads)
        for row, (theme, who, question, measure) in enumerate(asked.QUESTIONS, start=_HEAD + 1):
            for place, text in enumerate((theme, who, question)):
                self._write(sheet, row, place, text, "text")
            look = "entryshare" if measure.endswith("share") else "entry"
            self._entries(sheet, row, (3,), look)
            self._entries(sheet, row, (4,), "entryday")
            sheet.write_string(row, 5, measure, self.looks["code"])
            sheet.set_row(row, _tall(self.say(question), 60, 2))

    def _form(
        self, name: str, title: str, note: str, heads: Mapping[str, tuple[str, int]]
    ) -> Worksheet:
        """A sheet to fill in: each heading holds the contract's name, by which it is read."""
        sheet = self._titled(name, title, tuple(width for _, width in heads.values()))
        self._write(sheet, 1, 0, note, "quiet")
        for place, (ours, (label, _)) in enumerate(heads.items()):
            said, tall = self.say(label), self.looks["tall"]
            if ours:
                sheet.write_rich_string(
                    _HEAD, place, self.looks["bold"], f"{said}\n", self.looks["small"],
                    f"[{ours}]", tall,
                )  # fmt: skip
            else:
                sheet.write_string(_HEAD, place, said, tall)
        sheet.set_row(_HEAD, 42)
        sheet.freeze_panes(_HEAD + 1, 0)
        return sheet

    # --- cells -------------------------------------------------------------------------------

    def _titled(self, name: str, title: str, widths: Sequence[int]) -> Worksheet:
        sheet = self._sheet(self.say(name), self.say(title), "")
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_paper(9)
        sheet.set_footer(f"&L{self.say('Data request')}&C&A&R&P / &N")
        return sheet

    def _write(self, sheet: Worksheet, row: int, place: int, text: str, look: str) -> None:
        sheet.write_string(row, place, self.say(text) if text else "", self.looks[look])

    def _heads(self, sheet: Worksheet, row: int, heads: Iterable[str], look: str = "tall") -> None:
        for place, head in enumerate(heads):
            self._write(sheet, row, place, head, look)

    def _entries(
        self, sheet: Worksheet, row: int, places: Iterable[int], look: str = "entry"
    ) -> None:
        for place in places:
            sheet.write_blank(row, place, None, self.looks[look])

    def _choice(self, sheet: Worksheet, place: int, words: Mapping[str, str]) -> None:
        source = [glossed(self.say(said), ours) for ours, said in words.items()]
        sheet.data_validation(
            _HEAD + 1, place, _CHECKED, place,
            {"validate": "list", "source": source, "error_title": self.say("Please choose"),
             "error_message": self.say("Please choose one of the words in the list.")},
        )  # fmt: skip

    def _number(
        self, sheet: Worksheet, places: tuple[int, int], low: float, high: float, says: str,
        kind: str = "decimal",
    ) -> None:  # fmt: skip
        sheet.data_validation(
            _HEAD + 1, places[0], _CHECKED, places[1],
            {"validate": kind, "criteria": "between", "minimum": low, "maximum": high,
             "error_title": self.say("Please check"), "error_message": self.say(says)},
        )  # fmt: skip


def _tall(text: str, width: int, least: int = 1) -> int:
    """The height of a row whose `text` stands in a column of `width` letters."""
    return 4 + 14 * max(least, ceil(len(text) / (1.12 * width)))
