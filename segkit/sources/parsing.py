"""SQL that reads dates, numbers and amounts as European clients write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from segkit.engagement import Source
from segkit.engine import Engine, failure, literal, quoted
from segkit.errors import EngagementError, SourceError
from segkit.sources.repairs import EVERYWHERE, NUMBERS, ODD_TEXT, Rule, date_rules, number_rules
from segkit.sources.staging import Staged
from segkit.tables import ENGINE_TYPES, Column, Table

#: An amount as the file has it, before rounding to minor units: whole lines stay in 64 bits.
RAW_AMOUNT = "DECIMAL(18,6)"
_SPACES = " \t\n\r\u00a0\u202f"
_GROUPS = {",": " .'’", ".": " ,'’"}
_YES = ("true", "t", "yes", "y", "1", "x", "tak", "ja", "da")
_NO = ("false", "f", "no", "n", "0", "nie", "nej", "nu")
_TYPED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_FIRST_DAY, _LAST_DAY = "DATE '1900-01-01'", "DATE '9999-12-31'"
#: Of a hundred values that tell, so many must tell the same.
_AGREE = 0.99


@dataclass(frozen=True)
class Cell:
    """One column of a source: its contract kind, and where its raw value is.

    Attributes
    ----------
    raw
        SQL of the value as the file has it.
    type
        The engine's type of that value.
    words
        The client's word = the contract's word.
    """

    column: Column
    raw: str
    type: str
    words: Mapping[str, str]

    @property
    def is_text(self) -> bool:
        """Whether the value is read from text, not from what the file typed."""
        kind = self.column.kind
        if self.words or self.type == "VARCHAR":
            return True
        if kind == "date":
            return not self.type.startswith(("DATE", "TIMESTAMP"))
        return kind not in NUMBERS or not self.type.startswith(_TYPED)

    @property
    def given(self) -> str:
        """SQL of the value: its text as the file has it, or what the file typed."""
        return _as_text(self.raw, self.type) if self.is_text else self.raw

    @property
    def text(self) -> str:
        """SQL of the value as trimmed text; empty is null."""
        return text_sql(self.raw, self.type)


@dataclass(frozen=True)
class Format:
    """How one column writes its values.

    Attributes
    ----------
    decimal, groups
        The decimal mark, and what may part thousands.
    is_strict
        Whether a number like 1.234 is left unread, since it may mean either.
    date_format
        The usual shape of dates, as the engine writes it; ``iso``, or none.
    declared
        The shape that the engagement declares.
    order, short
        What comes first in a date: see `date_rules`.
    epoch
        The day from which a spreadsheet counts.
    """

    decimal: str = "."
    groups: str = ""
    is_strict: bool = False
    date_format: str | None = None
    declared: str | None = None
    order: str = "dmy"
    short: str | None = None
    epoch: str = "1899-12-30"

    def rules(self, cell: Cell, currency: str) -> list[Rule]:
        """The repairs that a value of this column may get, in order."""
        kind = cell.column.kind
        more: Iterator[Rule] = iter(())
        if kind in NUMBERS:
            more = number_rules(currency, self.decimal, self.groups, is_strict=self.is_strict)
        elif kind == "date":
            more = date_rules(self.order, self.short, self.epoch)
        return [one for one in (*EVERYWHERE, *more) if one.fits(cell.column.name, kind)]


def text_sql(raw: str, kind: str) -> str:
    """SQL of a value as trimmed text; empty is null, a whole number has no decimals.

    Parameters
    ----------
    raw, kind
        SQL of the value, and the engine's type of it.
    """
    return trimmed_sql(_as_text(raw, kind))


def trimmed_sql(text: str) -> str:
    """SQL of a text without the spaces around it; empty is null."""
    return f"nullif(trim({text}, {literal(_SPACES)}), '')"


def _as_text(raw: str, kind: str) -> str:
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        return (
            f"CASE WHEN {raw} = trunc({raw}) AND abs({raw}) < 1e15 "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    return raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"


def fast_sql(cell: Cell, raw: str, how: Format) -> str:
    """SQL of the value where nothing has to be repaired; else null."""
    kind = cell.column.kind
    if not cell.is_text:
        if kind == "date":
            return f"CAST({raw} AS DATE)"
        return _finite(f"TRY_CAST({raw} AS {_exact(kind)})", kind)
    if kind in NUMBERS:
        return _plain_number(raw, kind, how)
    if kind == "date":
        return _plain_date(raw, how)
    return f"CASE WHEN NOT regexp_matches({raw}, {literal(ODD_TEXT)}) THEN nullif({raw}, '') END"


def repaired_sql(cell: Cell, text: str, how: Format) -> str:
    """SQL of the value of a text that went through the rules; null where it cannot be read."""
    kind = cell.column.kind
    if kind in NUMBERS:
        return _plain_number(text, kind, how)
    if kind == "date":
        day = _iso_date(text)
        return f"coalesce({day}, {_told_date(text, how.declared)})" if how.declared else day
    return text


def final_sql(cell: Cell, value: str) -> str:
    """SQL of the value in the contract's words and type."""
    if cell.words:
        cases = " ".join(
            f"WHEN {literal(theirs.strip())} THEN {literal(ours)}"
            for theirs, ours in cell.words.items()
        )
        value = f"CASE {value} {cases} ELSE {value} END"
    if cell.column.kind != "boolean":
        return value
    yes, no = (", ".join(map(literal, words)) for words in (_YES, _NO))
    return (
        f"CASE WHEN lower({value}) IN ({yes}) THEN true "
        f"WHEN lower({value}) IN ({no}) THEN false END"
    )


def minor_sql(raw: str, decimals: int) -> str:
    """SQL of an amount in minor units: rounded once, half away from zero."""
    return f"TRY_CAST(round({raw}, {decimals}) * {10**decimals} AS BIGINT)"


def _exact(kind: str) -> str:
    return RAW_AMOUNT if kind == "amount" else ENGINE_TYPES[kind]  # type: ignore[index]


def _finite(sql: str, kind: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END" if kind == "number" else sql


def _plain_number(text: str, kind: str, how: Format) -> str:
    other = "." if how.decimal == "," else ","
    point = text if how.decimal == "." else f"replace({text}, ',', '.')"
    exact = "DECIMAL(28,10)" if kind == "number" else _exact(kind)
    read = f"TRY_CAST({point} AS {exact})"
    read = f"CASE WHEN NOT contains({text}, '{other}') THEN {read} END"
    return f"CAST({read} AS DOUBLE)" if kind == "number" else read


def _plain_date(text: str, how: Format) -> str:
    if how.date_format is None:
        return "CAST(NULL AS DATE)"
    if how.date_format == "iso":
        return _iso_date(text)
    return _told_date(text, how.date_format)


def _iso_date(text: str) -> str:
    return _in_range(f"CASE WHEN {text} BETWEEN '0' AND ':' THEN TRY_CAST({text} AS DATE) END")


def _told_date(text: str, told: str) -> str:
    read = f"try_strptime({text}, {literal(told)})"  # which reads 'epoch', too
    return _in_range(f"CAST(CASE WHEN {text} <> 'epoch' THEN {read} END AS DATE)")


def _in_range(day: str) -> str:
    """SQL of a day that a calendar of business has: 01.03.26 is no day of the year 26."""
    return f"CASE WHEN {day} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {day} END"


# --- how each column writes ---------------------------------------------------------------------


def formats_of(
    engine: Engine, source: Source, staged: Staged, cells: list[Cell]
) -> dict[str, Format]:
    """How each column writes its values: as declared, else as all of its values show.

    Raises
    ------
    SourceError
        If values can be read in two ways and neither their column nor the others decide.
    """
    told = [cell for cell in cells if cell.is_text]
    numbers = [cell for cell in told if cell.column.kind in NUMBERS]
    dates = [cell for cell in told if cell.column.kind == "date"]
    return {
        **{cell.column.name: Format() for cell in cells},
        **_number_formats(engine, source, staged, numbers),
        **_date_formats(engine, source, staged, dates),
    }


def _number_formats(
    engine: Engine, source: Source, staged: Staged, cells: list[Cell]
) -> dict[str, Format]:
    def made(decimal: str, *, is_strict: bool = False) -> Format:
        groups = _GROUPS[decimal] if source.thousands is None else source.thousands
        spaced = "".join(" " if mark.isspace() else mark for mark in groups)
        return Format(decimal, spaced, is_strict)

    sheets = {part.decimal for part in staged.parts if part.sheet is not None}
    decimal = source.decimal or (sheets.pop() if len(sheets) == 1 else None)
    for cell in cells if staged.is_sheet and not decimal else ():
        for part in staged.parts:
            example = {quoted(name): text for name, text in part.unclear.items()}.get(cell.raw)
            if example:
                raise _undecided(
                    staged,
                    f"numbers such as {example} in {cell.column.name}, which can be read in two "
                    "ways",
                )
    if decimal or not cells or staged.is_sheet:
        one = made(decimal or ".", is_strict=decimal is None)
        return {cell.column.name: one for cell in cells}
    found = {cell.column.name: _marks(engine, staged, cell) for cell in cells}
    told = [*found.values()]
    pooled = _majority(sum(one[0] for one in told), sum(one[1] for one in told), ",", ".")
    formats = {}
    for name, (commas, dots, unclear, example) in found.items():
        decimal = _majority(commas, dots, ",", ".")
        if decimal is None and not staged.is_sheet:
            if commas or dots:
                raise _undecided(
                    staged, f"numbers with decimal commas ({commas:,}) and with decimal points "
                    f"({dots:,}) in {name}",
                )  # fmt: skip
            if unclear and pooled is None:
                raise _undecided(
                    staged, f"numbers such as {example} in {name}, which can be read in two ways"
                )
        is_strict = decimal is None and staged.is_sheet
        formats[name] = made(decimal or (None if is_strict else pooled) or ".", is_strict=is_strict)
    return formats


def _undecided(staged: Staged, what: str) -> SourceError:
    return SourceError(
        f"{staged.where} holds {what}.\n"
        f'Fix: set decimal = "," or decimal = "." under [{staged.where}].'
    )


def _marks(engine: Engine, staged: Staged, cell: Cell) -> tuple[int, int, int, str]:
    """How many numbers have a decimal comma, a decimal point, or a mark that may be either."""

    def is_decimal(mark: str, other: str) -> str:
        shape = (
            rf"^\D*0*\{mark}\d+\D*$|^[^\{mark}]*\{mark}(\d{{1,2}}|\d{{4,}})\D*$"
            rf"|[{other}'’\s\x{{A0}}\x{{2009}}\x{{202F}}]\d{{3}}\{mark}|\{other}\d{{3}}\{other}"
        )
        return (
            f"CASE WHEN NOT contains(v, '{mark}') AND NOT contains(v, '{other}') THEN false "
            f"WHEN v LIKE '%{mark}__' THEN true ELSE regexp_matches(v, {literal(shape)}) END"
        )

    either = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"
    found = engine.connection.execute(
        f"""
        SELECT count(*) FILTER (comma), count(*) FILTER (dot), count(*) FILTER (either),
               trim(coalesce(min(v) FILTER (either), ''), {literal(_SPACES)})
        FROM (
          SELECT v, {is_decimal(",", ".")} AS comma, {is_decimal(".", ",")} AS dot,
                 CASE WHEN contains(v, ',') OR contains(v, '.') THEN
                   regexp_matches(v, {literal(either)}) ELSE false END AS either
          FROM (SELECT {cell.given} AS v FROM ({staged.relation})))  -- trimming takes too long
        """
    ).fetchone()
    assert found is not None
    return found


def _date_formats(
    engine: Engine, source: Source, staged: Staged, cells: list[Cell]
) -> dict[str, Format]:
    declared = _strptime(engine, staged.where, source.date_format)
    epoch = "1904-01-01" if any(part.is_1904 for part in staged.parts) else "1899-12-30"
    if declared:
        order = "".join(re.findall("%([dmy])", declared.replace("%Y", "%y")))
        known = order in ("dmy", "mdy")
        one = Format(
            date_format="iso" if staged.is_sheet else declared,
            declared=declared,
            order=order if known else "dmy",
            short=order if known else None,
            epoch=epoch,
        )
        return {cell.column.name: one for cell in cells}
    found = {cell.column.name: _Dates.of(_day_texts(engine, staged, cell)) for cell in cells}
    pooled = _Dates([one for dates in found.values() for one in dates.parts], Counter()).order
    for name, dates in found.items():
        example = dates.unclear(pooled)
        if example:
            raise SourceError(
                f"{staged.where} holds dates such as {example} in {name}, which can be read in two "
                f"ways.\nFix: set date_format, such as dd.mm.yyyy or mm/dd/yyyy, under "
                f"[{staged.where}]."
            )
    return {name: replace(dates.format(pooled), epoch=epoch) for name, dates in found.items()}


def _day_texts(engine: Engine, staged: Staged, cell: Cell) -> list[tuple[str, int]]:
    """The most frequent texts of a column of dates, without their time, and how often each is."""
    return engine.connection.execute(
        f"""
        SELECT left(trim({cell.text}), 10) AS v, count(*) FROM ({staged.relation})
        WHERE v <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100_000
        """
    ).fetchall()


@dataclass(frozen=True)
class _Dates:
    """What the dates of one column show: first, second and third number, mark, rows; shapes."""

    parts: list[tuple[str, str, str, str, int]]
    shapes: Counter[str]

    @classmethod
    def of(cls, texts: list[tuple[str, int]]) -> _Dates:
        parts, shapes = [], Counter[str]()
        for text, rows in texts:
            if found := re.match(r"(\d{1,4})([-./])(\d{1,2})[-./](\d{1,4})(?!\d)", text):
                first, mark, second, third = found.groups()
                parts.append((first, second, third, mark, rows))
                ends = len(third) == 4
                shapes["iso" if len(first) == 4 else mark if ends else "short"] += rows
            elif re.fullmatch(r"(19|20)\d{6}", text):
                shapes["solid"] += rows
        return cls(parts, shapes)

    @property
    def order(self) -> str | None:
        """Whether days or months come first where the year comes last, if that can be told."""
        days = months = 0
        for first, second, third, mark, rows in self.parts:
            if len(third) == 4:
                days += rows * (int(first) > 12 or mark == ".")
                months += rows * (int(second) > 12 >= int(first))
        return _majority(days, months, "dmy", "mdy")

    @property
    def short(self) -> str | None:
        """The order of dates whose year has two digits: the only one that all of them allow."""
        dates = [one for one in self.parts if max(map(len, one[:3])) <= 2]
        kept = []
        for order in ("dmy", "mdy", "ymd"):
            day, month = order.index("d"), order.index("m")
            good = sum(
                one[4] for one in dates if 0 < int(one[day]) < 32 and 0 < int(one[month]) < 13
            )
            dotted = order == "mdy" and any(one[3] == "." for one in dates)
            if dates and good >= _AGREE * sum(one[4] for one in dates) and not dotted:
                kept.append(order)
        firsts, thirds = ({one[place] for one in dates} for place in (0, 2))
        if {*kept} == {"dmy", "ymd"}:  # there are many days and few years
            kept = ["dmy"] * (len(firsts) > 3 * len(thirds)) or ["ymd"] * (
                len(thirds) > 3 * len(firsts)
            )
        return kept[0] if len(kept) == 1 else None

    def unclear(self, pooled: str | None) -> str | None:
        """A date that can be read in two ways where not even `pooled`, the others' order, helps."""
        decided = self.order or pooled
        for first, second, third, mark, _ in self.parts:
            text = f"{first}{mark}{second}{mark}{third}"
            if len(third) == 4 and not decided and int(first) != int(second):
                return text
            if max(len(first), len(third)) <= 2 and self.short is None:
                return text
        return None

    def format(self, pooled: str | None) -> Format:
        order = self.order or pooled or "dmy"
        usual = max(self.shapes, key=lambda one: (self.shapes[one], one), default="")
        shape = {"iso": "iso", "solid": "%Y%m%d", "short": None, "": None}
        first, second, third = (f"%{part.upper() if part == 'y' else part}" for part in order)
        told = shape.get(usual, f"{first}{usual}{second}{usual}{third}")
        return Format(date_format=told, order=order, short=self.short)


def _majority(one: int, two: int, first: str, second: str) -> str | None:
    """Which of two readings nearly all values tell, of those that allow one reading only."""
    if not one + two or max(one, two) < _AGREE * (one + two):
        return None
    return first if one > two else second


def _strptime(engine: Engine, where: str, declared: str | None) -> str | None:
    """A date format in the engine's words; ``dd.mm.yyyy`` is understood too."""
    if declared is None:
        return None
    told = declared if "%" in declared else declared.lower()
    if "%" not in declared:
        for theirs, ours in (("yyyy", "%Y"), ("yy", "%y"), ("mm", "%m"), ("dd", "%d")):
            told = told.replace(theirs, ours)
    try:
        engine.connection.execute("SELECT try_strptime('', ?)", [told])
        if "%" in told:
            return told
    except failure():
        pass
    raise EngagementError(
        f"{where} sets date_format to {declared}, which is no date format.\n"
        "Fix: write it like %d.%m.%Y or dd.mm.yyyy."
    )


def cells_of(
    table: Table, source: Source, staged: Staged, found: Mapping[str, str], engine: Engine
) -> list[Cell]:
    """The given columns, contract columns first, in the contract's order."""
    types = staged.types(engine)
    staged.check_plain(found.values(), types)
    extra = [Column(name, "text", "the client's own", is_required=False) for name in found]
    columns = [*table.columns, *(one for one in extra if table.column(one.name) is None)]
    return [
        Cell(
            column,
            _behind(quoted(header)) if table.filled and column.kind == "text" else quoted(header),
            types[header],
            source.values.get(column.name, {}),
        )
        for column in columns
        if (header := found.get(column.name)) is not None
    ]


def _behind(raw: str) -> str:
    """SQL of the contract's word that a sheet of the data request has behind its own: [price]."""
    return f"coalesce(nullif(regexp_extract({raw}, '\\[([a-z_]+)\\]\\s*$', 1), ''), {raw})"
