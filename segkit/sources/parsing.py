"""SQL that reads dates, numbers and amounts as European clients write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segkit.engagement import Source
from segkit.engine import Engine, failure, literal, quoted
from segkit.errors import EngagementError, SourceError, first_few
from segkit.sources.staging import Staged
from segkit.tables import ENGINE_TYPES, Column, Table

#: An amount as the file has it, before rounding to minor units.
RAW_AMOUNT = "DECIMAL(22,6)"
_SPACES = " \t\n\u00a0\u202f"
_GROUPS = {",": " \u00a0\u202f.'’", ".": " \u00a0\u202f,'’"}
_MONEY_WORDS = ("£", "€", "$", "zł", "kr", "lei")
_DATE_SHAPE = (
    r"^(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}|(?:19|20)\d{6})"
    r"([ T]+\d{1,2}:\d{2}.*)?$"
)
_YES = ("true", "t", "yes", "y", "1", "x", "tak", "ja", "da")
_NO = ("false", "f", "no", "n", "0", "nie", "nej", "nu")


@dataclass(frozen=True)
class Format:
    """How one source writes its values."""

    decimal: str
    groups: str
    date_format: str | None
    is_sheet: bool
    currency: str
    decimals: int


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
    def text(self) -> str:
        """SQL of the value as trimmed text; empty is null."""
        return text_sql(self.raw, self.type)

    @property
    def worded(self) -> str:
        """SQL of the text in the contract's words."""
        if not self.words:
            return self.text
        cases = " ".join(
            f"WHEN {literal(theirs.strip())} THEN {literal(ours)}"
            for theirs, ours in self.words.items()
        )
        return f"CASE {self.text} {cases} ELSE {self.text} END"

    @property
    def is_text(self) -> bool:
        """Whether the value is read from text, not from what the file typed."""
        return bool(self.words) or self.type == "VARCHAR" or self.column.kind == "text"


def text_sql(raw: str, kind: str) -> str:
    """SQL of a value as trimmed text; empty is null, a whole number has no decimals.

    Parameters
    ----------
    raw, kind
        SQL of the value, and the engine's type of it.
    """
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        return (
            f"CASE WHEN {raw} = trunc({raw}) AND abs({raw}) < 1e15 "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    text = raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"
    # to look for a space first takes a quarter of the time that trimming all takes
    spaced = " OR ".join(f"contains({text}, {literal(space)})" for space in _SPACES)
    trimmed = f"CASE WHEN {spaced} THEN trim({text}, {literal(_SPACES)}) ELSE {text} END"
    return f"nullif({trimmed}, '')"


def value_sql(cell: Cell, text: str, how: Format) -> str:
    """SQL of the typed value; null where it cannot be read. `text` is SQL of its text."""
    kind = cell.column.kind
    if kind == "text":
        return text
    if kind == "date":
        is_dated = cell.type.startswith(("DATE", "TIMESTAMP")) and not cell.words
        return f"CAST({cell.raw} AS DATE)" if is_dated else _date(text, how)
    if kind == "boolean":
        return _boolean(text)
    wanted = RAW_AMOUNT if kind == "amount" else ENGINE_TYPES[kind]
    if not cell.is_text:
        return _finite(f"TRY_CAST({cell.raw} AS {wanted})", kind)
    return _number(text, wanted, how)


def minor_sql(raw: str, decimals: int) -> str:
    """SQL of an amount in minor units: rounded once, half away from zero."""
    return f"CAST(round({raw}, {decimals}) * {10**decimals} AS BIGINT)"


def format_of(
    engine: Engine, source: Source, staged: Staged, cells: list[Cell], currency: str, decimals: int
) -> Format:
    """How a source writes its numbers and dates: as declared, else as found in the rows."""
    decimal = source.decimal or ("." if staged.is_sheet else _found_decimal(engine, staged, cells))
    groups = _GROUPS[decimal] if source.thousands is None else source.thousands
    if source.date_format is None and not staged.is_sheet:
        _refuse_month_first(engine, staged, cells)
    date_format = _strptime(engine, staged.where, source.date_format)
    return Format(decimal, groups, date_format, staged.is_sheet, currency, decimals)


def _finite(sql: str, kind: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END" if kind == "number" else sql


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


def _date(text: str, how: Format) -> str:
    day = f"translate(regexp_extract({text}, {literal(_DATE_SHAPE)}, 1), './', '--')"
    anyhow = (
        f"CAST(CASE WHEN {day}[5] = '-' THEN try_strptime({day}, '%Y-%m-%d') "
        f"WHEN contains({day}, '-') THEN try_strptime({day}, '%d-%m-%Y') "
        f"ELSE try_strptime({day}, '%Y%m%d') END AS DATE)"
    )
    if how.date_format is None:
        return anyhow
    declared = f"CAST(try_strptime({text}, {literal(how.date_format)}) AS DATE)"
    return f"coalesce({declared}, {anyhow})" if how.is_sheet else declared


def _boolean(text: str) -> str:
    yes, no = (", ".join(map(literal, words)) for words in (_YES, _NO))
    return (
        f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"
    )


def _number(text: str, wanted: str, how: Format) -> str:
    """Plain numbers first; then groups of three, currency, a minus behind, parentheses."""
    other = "." if how.decimal == "," else ","
    exact = "DECIMAL(28,10)" if wanted == "DOUBLE" else wanted
    plain = (
        f"CASE WHEN NOT contains({text}, '{other}') "
        f"THEN TRY_CAST(replace({text}, '{how.decimal}', '.') AS {exact}) END"
    )
    # the engine evaluates a repeated expression for all rows, so the others are hidden from it
    bare = _bare(f"(CASE WHEN ({plain}) IS NULL THEN {text} END)", how)
    groups = "".join(f"\\x{{{ord(mark):X}}}" for mark in how.groups)
    shape = rf"^[+-]?\d{{1,3}}([{groups}]\d{{3}})+(\{how.decimal}\d*)?$" if groups else ""
    dressed = f"CASE WHEN NOT contains({bare}, '{other}') THEN {bare} END"
    if shape:
        ungrouped = f"regexp_replace({bare}, {literal(f'[{groups}]')}, '', 'g')"
        is_grouped = f"regexp_matches({bare}, {literal(shape)})"
        dressed = f"CASE WHEN {is_grouped} THEN {ungrouped} ELSE {dressed} END"
    read = f"coalesce({plain}, TRY_CAST(replace({dressed}, '{how.decimal}', '.') AS {exact}))"
    return f"CAST({read} AS {wanted})"


def _bare(text: str, how: Format) -> str:
    """SQL of a number without its currency, and with its minus in front."""
    words = "|".join(f"\\{word}" if word == "$" else word for word in (*_MONEY_WORDS, how.currency))
    bare = f"replace({text}, '−', '-')"
    edges = literal(rf"(?i)^([+-]?)\s*({words})\.?[\s\x{{A0}}]*|[\s\x{{A0}}]*({words})\.?$")
    bare = f"regexp_replace({bare}, {edges}, '\\1', 'g')"
    bare = f"regexp_replace({bare}, '^\\((.*)\\)$', '-\\1')"
    return f"regexp_replace({bare}, '^([^-].*)-$', '-\\1')"


def _text_columns(cells: list[Cell], kinds: tuple[str, ...]) -> list[str]:
    return [cell.worded for cell in cells if cell.column.kind in kinds and cell.type == "VARCHAR"]


def _found_decimal(engine: Engine, staged: Staged, cells: list[Cell]) -> str:
    """The decimal mark by the evidence of all numbers; a mark before three digits is none."""
    texts = _text_columns(cells, ("amount", "price", "number", "integer"))
    if not texts:
        return "."
    commas, dots, unclear, example = _evidence(engine, staged, texts)
    if not commas and not dots and not unclear:
        return "."
    if max(commas, dots) > 99 * min(commas, dots):
        return "," if commas > dots else "."
    said = (
        f"numbers with decimal commas ({commas:,}) and with decimal points ({dots:,})"
        if commas
        else f"numbers such as {example}, which can be read in two ways"
    )
    raise SourceError(
        f"{staged.where} holds {said}.\n"
        f'Fix: set decimal = "," or decimal = "." under [{staged.where}].'
    )


def _evidence(engine: Engine, staged: Staged, texts: list[str]) -> tuple[int, int, int, str]:
    """How many numbers have a decimal comma, a decimal point, or a mark that may be either."""

    def is_decimal(mark: str, other: str) -> str:
        shape = (
            rf"^\D*0*\{mark}\d+\D*$|^[^\{mark}]*\{mark}(\d{{1,2}}|\d{{4,}})\D*$"
            rf"|\{other}.*\{mark}|\{other}\d{{3}}\{other}"
        )
        return f"regexp_matches(v, {literal(shape)})"

    either = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"
    found = engine.connection.execute(
        f"""
        SELECT count(*) FILTER ({is_decimal(",", ".")}), count(*) FILTER ({is_decimal(".", ",")}),
               count(*) FILTER (regexp_matches(v, {literal(either)})),
               coalesce(min(v) FILTER (regexp_matches(v, {literal(either)})), '')
        FROM (SELECT unnest([{", ".join(texts)}]) AS v FROM ({staged.relation}))
        WHERE contains(v, ',') OR contains(v, '.')
        """
    ).fetchone()
    assert found is not None
    return found


def _refuse_month_first(engine: Engine, staged: Staged, cells: list[Cell]) -> None:
    """Dates such as 04/25/2025 would make days and months change places."""
    for cell in cells:
        if cell.column.kind == "date" and cell.type == "VARCHAR":
            found = engine.connection.execute(
                f"""
                SELECT coalesce(sum((first > 12)::INT), 0) AS days, sum((second > 12)::INT),
                       list(v ORDER BY v) FILTER (second > 12 AND first <= 12)
                FROM (SELECT v, TRY_CAST(regexp_extract(v, {literal(_MONTH_FIRST)}, 1) AS INT)
                             AS first,
                             TRY_CAST(regexp_extract(v, {literal(_MONTH_FIRST)}, 2) AS INT)
                             AS second
                      FROM (SELECT DISTINCT {cell.text} AS v FROM ({staged.relation})))
                """
            ).fetchone()
            assert found is not None
            days, months, examples = found
            if examples and months > days:
                raise SourceError(
                    f"{staged.where} writes the month first in {cell.column.name}: "
                    f"{first_few(examples)}.\n"
                    f'Fix: set date_format = "%m/%d/%Y" under [{staged.where}].'
                )


_MONTH_FIRST = r"^(\d{1,2})[-./](\d{1,2})[-./]\d{4}"


def cells_of(
    table: Table, source: Source, staged: Staged, found: Mapping[str, str], engine: Engine
) -> list[Cell]:
    """The given columns, contract columns first, in the contract's order."""
    types = staged.types(engine)
    extra = [Column(name, "text", "the client's own", is_required=False) for name in found]
    columns = [*table.columns, *(one for one in extra if table.column(one.name) is None)]
    return [
        Cell(column, quoted(header), types[header], source.values.get(column.name, {}))
        for column in columns
        if (header := found.get(column.name)) is not None
    ]
