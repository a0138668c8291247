"""From a client's files to the accepted rows, those set aside, the counts and the repairs."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from segkit.engagement import Engagement, Source
from segkit.engine import Engine, literal, quoted
from segkit.errors import SourceError, first_few
from segkit.sources.columns import mapped
from segkit.sources.contracts import Breach, breaches
from segkit.sources.files import behind, files_of
from segkit.sources.merging import check_known, merged
from segkit.sources.parsing import Cell, cells_of, formats_of, minor_sql, text_sql
from segkit.sources.repairs import MONEY
from segkit.sources.selected import select
from segkit.sources.staging import Staged, readable, stage
from segkit.sources.typed import code_sql, odd_sql, usual_sql
from segkit.store import Given, Sql, file_digest
from segkit.tables import CONTRACTS, ENGINE_TYPES, Column, Table

_NET = "net_amount"
_RATE = "DECIMAL(18,6)"
_EXACT = "DECIMAL(38,12)"  # an amount times a rate
_FIRST_DAY = "1900-01-01"
#: Of the engine, so that the whole process stays below 2 GB whatever the size of the files.
_MOST_MEMORY_MB = 1200
_SET_ASIDE = ("reason", "reason_kind", "file", "row")
_NO_DATA = """CASE kind WHEN 'totals_row' THEN 'is a row of totals: '
    WHEN 'repeated_header' THEN 'repeats the header: '
    ELSE 'does not have the fields of the header: ' END"""


@dataclass(frozen=True)
class _Reading:
    """One contract table being read: `folder` holds its rows typed, with a reason or none."""

    engine: Engine
    engagement: Engagement
    table: Table
    source: Source
    staged: Staged
    cells: tuple[Cell, ...]
    folder: Path
    has_rates: bool

    @property
    def typed(self) -> str:
        """SQL of its rows, typed."""
        return f"(SELECT * EXCLUDE (__odd) FROM {_scan(self.folder)} WHERE NOT __odd)"

    @property
    def told(self) -> str:
        """What else is told of a row, by which equal rows are parted."""
        return "__told, __own" if self.has_money else "__told"

    @property
    def amounts(self) -> list[Cell]:
        """The columns of money, which a row's currency is about; what must be read comes first."""
        found = [cell for cell in self.cells if cell.column.kind == "amount"]
        return sorted(found, key=lambda cell: not cell.column.counts)

    @property
    def day(self) -> str | None:
        """SQL of the day whose rate holds for a row."""
        days = (cell.column for cell in self.cells if cell.column.kind == "date")
        return next((quoted(f"v_{one.name}") for one in days if one.counts), None)

    @property
    def columns(self) -> list[Column]:
        """The contract's columns, then further attributes."""
        ours = list(self.table.columns)
        return ours + [cell.column for cell in self.cells if cell.column not in ours]

    @property
    def names(self) -> str:
        """The columns' names for a SELECT."""
        return ", ".join(quoted(column.name) for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies a row: by the contract, else as declared."""
        return self.table.key or self.source.key

    @property
    def has_money(self) -> bool:
        """Whether rows carry the net revenue that must reconcile."""
        return self.table.name == "order_lines"


def read(given: Given) -> dict[str, Sql]:
    """Read the client's files of one contract table.

    Parameters
    ----------
    given
        Its ``makes`` name the accepted rows, then those set aside, the counts, the repairs and,
        for order lines, the totals by currency.

    Returns
    -------
    dict
        Accepted rows in an order that depends on their values only; rows set aside with their
        reason; rows per file; repairs by column and rule with an example; lines by currency.
    """
    accepted, quarantine, counts, repairs, *currencies = given.makes
    given.engine.at_most(_MOST_MEMORY_MB)
    reading = _open(given, quarantine.removesuffix("_quarantine"))
    with readable(reading.staged):
        _parse(reading)
    _set_aside(reading)
    _check_rows(reading)
    rows = f"SELECT {_accepted_columns(reading)} FROM {_kept(reading)}"
    broken = breaches(given.engine, reading.table, reading.key, rows)
    check_known(given.engine, given.engagement, reading.table, rows)
    return {
        accepted: Sql(_sorted(reading, merged(given.engagement, reading.table, rows))),
        quarantine: Sql(_quarantine(reading)),
        counts: Sql(_counts(reading)),
        repairs: Sql(_repairs(reading, broken)),
        **{name: Sql(_currencies(reading)) for name in currencies},
    }


def _open(given: Given, name: str) -> _Reading:
    engine, engagement = given.engine, given.engagement
    table, source = CONTRACTS[name], engagement.sources[name]
    where = f"sources.{name}"
    staged = (select if source.sql else stage)(engine, engagement, where, source)
    found = mapped(table, source, staged)
    cells = tuple(cells_of(table, source, staged, found, engine))
    folder = engine.workspace / f"{name}.typed"
    has_rates = given.has("rates")
    return _Reading(engine, engagement, table, source, staged, cells, folder, has_rates)


# --- parse ------------------------------------------------------------------------------------


def _parse(reading: _Reading) -> None:
    """Type every value once, into Parquet; a row that can't be counted gets its reason."""
    formats = formats_of(reading.engine, reading.source, reading.staged, list(reading.cells))
    rows = reading.staged.relation
    asked = [cell for cell in reading.cells if _is_asked(reading, cell.column)]
    reading.folder.mkdir(exist_ok=True)
    reading.engine.connection.execute("SET preserve_insertion_order = false")  # __row keeps it
    _type(reading, usual_sql(rows, reading.cells, formats, asked), "usual")
    odd = f"SELECT __file, __row FROM {_scan(reading.folder)} WHERE __odd"
    rows = f"SELECT * FROM ({rows}) SEMI JOIN ({odd}) USING (__file, __row)"
    rows = f"SELECT * FROM ({rows}) WHERE {_is_row(reading)}"
    typed = odd_sql(rows, reading.cells, formats, reading.engagement.currency)
    _type(reading, typed, "odd")
    reading.engine.connection.execute("SET preserve_insertion_order = true")


def _type(reading: _Reading, typed: str, which: str) -> None:
    """Write typed rows beside the others; only odd ones have repairs."""
    repairs = _repaired(reading) if which == "odd" else ""
    reading.engine.connection.execute(f"""
        COPY (
          WITH typed AS ({_in_currencies(reading, typed)}),
               valued AS (SELECT *{_values(reading)} FROM typed)
          SELECT __file, __row, __odd, {_finals(reading)}{repairs} FROM valued
        ) TO {literal(str(reading.folder / f"{which}.parquet"))} (FORMAT parquet)
    """)


def _scan(folder: Path) -> str:
    """A table function that reads all typed rows."""
    return f"read_parquet({literal(str(folder / '*.parquet'))}, union_by_name=true)"


def _is_asked(reading: _Reading, column: Column) -> bool:
    return _must_be_read(reading, column) or column.name == reading.table.filled


def _is_row(reading: _Reading) -> str:
    """SQL that is true of a line with any value, mapped or not; of a form, one that is filled."""
    filled = [cell for cell in reading.cells if cell.column.name == reading.table.filled]
    if filled:
        return f"{filled[0].text} IS NOT NULL"
    types = reading.staged.types(reading.engine)
    texts = [text_sql(quoted(header), types[header]) for header in reading.staged.headers]
    surely = next(cell.text for cell in reading.cells)  # most lines hold this, so no more is asked
    return (
        f"CASE WHEN {surely} IS NOT NULL THEN true ELSE coalesce({', '.join(texts)}) NOT NULL END"
    )


def _in_currencies(reading: _Reading, typed: str) -> str:
    """Each row with its currency, where that is not the engagement's, and the day's rate."""
    home = reading.engagement.currency
    amounts, sql = reading.amounts, typed
    if not amounts:
        return f"SELECT *, CAST(NULL AS VARCHAR) AS __currency FROM ({sql})"
    named = "NULL"
    if any(cell.column.name == "currency" for cell in reading.cells):
        named = code_sql("upper(v_currency)", home)
    sql = f"SELECT *, CAST({named} AS VARCHAR) AS __named FROM ({sql})"
    signs = ", ".join(
        f"{code_sql(_col('w', cell.column), home, '__named')} AS {_col('s', cell.column)}"
        for cell in amounts
    )
    sql = f"SELECT *, {signs} FROM ({sql})"
    sql = f"SELECT *, coalesce(__named, {_col('s', amounts[0].column)}) AS __currency FROM ({sql})"
    sql = f"SELECT *, nullif(__currency, {literal(home)}) AS __foreign FROM ({sql})"
    day = reading.day
    if not reading.has_rates or day is None:
        return f"SELECT *, CAST(NULL AS {_RATE}) AS __rate FROM ({sql})"
    of_day = f"greatest(least({day}, (SELECT max(day) FROM daily)), DATE '{_FIRST_DAY}')"
    return (
        f"WITH daily AS ({_daily(reading)}) SELECT valued.*, daily.rate AS __rate "
        f"FROM ({sql}) AS valued LEFT JOIN daily "
        f"ON daily.currency = valued.__foreign AND daily.day = {of_day}"
    )


def _daily(reading: _Reading) -> str:
    """A rate for each currency and day: the latest given on or before it, up to the last given."""
    home = literal(reading.engagement.currency)
    first = f"greatest(from_date, DATE '{_FIRST_DAY}')"
    ends = "lead(day) OVER (PARTITION BY currency ORDER BY day, from_date, rate)"
    return f"""
        SELECT currency, CAST(unnest(range(day, until, INTERVAL 1 DAY)) AS DATE) AS day, rate
        FROM (
          SELECT currency, day, CAST(rate AS {_RATE}) AS rate,
                 coalesce({ends}, max(day) OVER () + INTERVAL 1 DAY) AS until
          FROM (SELECT {code_sql("upper(currency)", reading.engagement.currency)} AS currency,
                       from_date, {first} AS day, rate FROM rates)
          WHERE currency <> {home})
    """


def _col(mark: str, column: Column) -> str:
    return quoted(f"{mark}_{column.name}")


def _values(reading: _Reading) -> str:
    """The values in our units and words; null where they cannot be read or converted."""
    return "".join(
        f", {_value(reading, cell)} AS {_col('a', cell.column)}" for cell in reading.cells
    )


def _value(reading: _Reading, cell: Cell) -> str:
    column, value = cell.column, _col("v", cell.column)
    home = literal(reading.engagement.currency)
    if column.kind == "price" and cell.is_text:
        sign = code_sql(_col("w", column), reading.engagement.currency)
        return f"CASE WHEN coalesce({sign}, {home}) = {home} THEN {value} END"
    if column.kind == "text" and reading.table.filled:  # a form has our word behind: pris [price]
        return f"coalesce(nullif(regexp_extract({value}, '\\[([a-z_]+)\\]$', 1), ''), {value})"
    if column.kind != "amount":
        return value
    decimals = reading.engagement.decimals
    converted = f"CAST({value} AS DECIMAL(38,6)) * __rate"  # 18 digits would overflow
    return (
        f"CASE WHEN {_col('s', column)} <> coalesce(__currency, {home}) THEN NULL "
        f"WHEN __foreign IS NULL THEN {minor_sql(value, decimals)} "
        f"ELSE {minor_sql(converted, decimals)} END"
    )


def _finals(reading: _Reading) -> str:
    """The typed columns, the exact net amount, the reasons, and what was repaired or emptied."""
    finals = [_final(reading, column) for column in reading.columns]
    if reading.has_money:
        finals += [f"v_{_NET} AS __own", "__foreign", "__rate"]
    must = [cell for cell in reading.cells if _must_be_read(reading, cell.column)]
    whys = [why for cell in must for why in _whys(reading, cell)]
    reasons = ", ".join(f"CASE WHEN {test} THEN {told} END" for test, _, told in whys)
    kinds = ", ".join(f"CASE WHEN {test} THEN '{kind}' END" for test, kind, _ in whys)
    finals.append(f"nullif(concat_ws('; ', {reasons}), '') AS __reason")
    finals.append(f"coalesce({kinds}, NULL) AS __kind")
    return ", ".join(finals)


def _repaired(reading: _Reading) -> str:
    """What was repaired in each value, or why it is empty; and all of it together, as text."""
    notes = {_col("r", cell.column): _noted(reading, cell) for cell in reading.cells}
    told = ", ".join(f"CAST({note} AS VARCHAR)" for note in notes.values())
    listed = "".join(f", {note} AS {name}" for name, note in notes.items())
    return f"{listed}, concat_ws(' ', {told}) AS __told"


def _final(reading: _Reading, column: Column) -> str:
    given = any(cell.column == column for cell in reading.cells)
    value = _col("a", column) if given else "NULL"
    if reading.has_money and column.name == "product_id":
        value = f"coalesce({value}, 'unknown')"
    if reading.has_money and column.name == "currency":
        value = "__currency"
    return f"CAST({value} AS {ENGINE_TYPES[column.kind]}) AS {quoted(column.name)}"


def _must_be_read(reading: _Reading, column: Column) -> bool:
    return column.counts or column.name in reading.table.key


def _whys(reading: _Reading, cell: Cell) -> list[tuple[str, str, str]]:
    """Why a value may keep its row from being counted: SQL of the test, kind, SQL of the reason."""
    column, name = cell.column, cell.column.name
    value, text, final = _col("v", column), _col("t", column), _col("a", column)
    what = {"date": "date", "amount": "amount"}.get(column.kind, "number")
    what = "quantity" if name == "quantity" else what
    whys = [
        (f"{value} IS NULL AND {text} IS NULL", f"empty_{name}", f"'{name} is empty'"),
        (
            f"{value} IS NULL AND {text} IS NOT NULL",
            f"unreadable_{what}",
            f"'{name} cannot be read: ' || left({text}, 60)",
        ),
    ]
    if column.kind != "amount":
        return whys
    currency = f"coalesce(__currency, {literal(reading.engagement.currency)})"
    is_other = f"coalesce({_col('s', column)} <> {currency}, false)"
    alone = f"{value} IS NOT NULL AND NOT {is_other}"
    on = f" || ' on ' || {reading.day}" if reading.day else ""
    return [
        *whys,
        (
            f"{value} IS NOT NULL AND {is_other}",
            "two_currencies",
            f"'{name} is in another currency than its row, ' || {currency} || ': ' || {text}",
        ),
        (
            f"{alone} AND __foreign IS NOT NULL AND __rate IS NULL "
            f"AND {reading.day or 'true'} IS NOT NULL",
            "no_rate",
            f"'{name} has no rate: ' || __foreign{on}",
        ),
        (
            f"{alone} AND {final} IS NULL AND (__foreign IS NULL OR __rate IS NOT NULL)",
            f"unreadable_{what}",
            f"'{name} cannot be read: ' || {value}",
        ),
    ]


def _noted(reading: _Reading, cell: Cell) -> str:
    """SQL of what is told of a value: the rules that repaired it, or that it was left empty."""
    column = cell.column
    text, value, final = _col("t", column), _col("v", column), _col("a", column)
    left = [f"WHEN {value} IS NULL AND {text} IS NOT NULL THEN {_struct('cannot_be_read', text)}"]
    if column.kind in MONEY:
        left.append(f"WHEN {final} IS NULL AND {value} IS NOT NULL "
                    f"THEN {_struct('other_currency', text)}")  # fmt: skip
    cases = "" if _must_be_read(reading, column) else " ".join(left)
    return f"CASE {cases} WHEN {_col('r', column)} IS NOT NULL THEN {_col('r', column)} END"


def _struct(rule: str, example: str) -> str:
    cut = f"left(CAST({example} AS VARCHAR), 60)"
    return f"{{'rule': '{rule}', 'example': {cut}, 'became': CAST(NULL AS VARCHAR)}}"


# --- set aside --------------------------------------------------------------------------------


def _set_aside(reading: _Reading) -> None:
    """Table `aside`: rows that can't be counted, and repeats of the key."""
    net = quoted(_NET) if reading.has_money else "NULL"
    key = [quoted(name) for name in reading.key]
    repeats = ""
    if key:
        said = literal(f"{', '.join(reading.key)} repeated: ")
        values = ", ".join(f"CAST({name} AS VARCHAR)" for name in key)
        whole = " AND ".join(f"{name} IS NOT NULL" for name in key)
        # which one stays depends on its values, never on the order of rows
        repeats = f"""
            UNION ALL
            SELECT __file, __row, {said} || concat_ws(', ', {values}), 'repeated_key', {net}
            FROM {reading.typed} WHERE __reason IS NULL AND {whole}
            QUALIFY row_number() OVER (
              PARTITION BY {", ".join(key)}
              ORDER BY {reading.names}, {reading.told}, __file, __row) > 1
        """
    reading.engine.connection.execute(f"""
        CREATE TABLE aside AS
        SELECT __file, __row, __reason, __kind, {net} AS __minor
        FROM {reading.typed} WHERE __reason IS NOT NULL {repeats}
    """)
    reading.engine.connection.execute(
        "CREATE TABLE rejects (__file VARCHAR, __row BIGINT, kind VARCHAR, line VARCHAR)"
    )
    if reading.staged.aside:
        reading.engine.connection.executemany(
            "INSERT INTO rejects VALUES (?, ?, ?, ?)", list(map(astuple, reading.staged.aside))
        )


def _kept(reading: _Reading) -> str:
    return f"(FROM {reading.typed} ANTI JOIN aside USING (__file, __row))"


def _accepted_columns(reading: _Reading) -> str:
    if not reading.has_money:
        return reading.names
    first, last = reading.engagement.window_start, reading.engagement.as_of
    return (
        f"{reading.names}, CASE WHEN order_date <= DATE '{first}' THEN 'before_window' "
        f"WHEN order_date <= DATE '{last}' THEN 'in_window' ELSE 'after_as_of' END AS period"
    )


def _sorted(reading: _Reading, rows: str) -> str:
    """The rows by their values; columns that were not given are no part of the sorting."""
    given = {cell.column.name for cell in reading.cells} | {"product_id", "currency"}
    empty = [one.name for one in reading.columns if one.name not in given]
    if not empty:
        return f"{rows} ORDER BY ALL"
    named = ", ".join(
        f"CAST(NULL AS {ENGINE_TYPES[one.kind]}) AS {quoted(one.name)}"
        if one.name in empty
        else quoted(one.name)
        for one in reading.columns
    )
    without = ", ".join(map(quoted, empty))
    rest = ", ".join(quoted(one.name) for one in reading.columns if one.name not in empty)
    return (
        f"SELECT {named}, * EXCLUDE ({rest}) "
        f"FROM (SELECT * EXCLUDE ({without}) FROM ({rows}) ORDER BY ALL)"
    )


def _quarantine(reading: _Reading) -> str:
    """Rows as the files have them, with the reason why they can't be counted."""
    by_name = {cell.column.name: cell for cell in reading.cells}

    def as_read(column: Column) -> str:
        name = f"{column.name}_read" if column.name in _SET_ASIDE else column.name
        cell = by_name.get(column.name)
        return f"CAST({cell.text if cell else 'NULL'} AS VARCHAR) AS {quoted(name)}"

    texts = ", ".join(map(as_read, reading.table.columns))
    nulls = ", ".join("NULL" for _ in reading.table.columns)
    has_rows = reading.staged.parts[0].offset is not None
    row = "__row" if has_rows else "CAST(NULL AS BIGINT)"
    money = ", CAST(__minor AS BIGINT) AS net_amount_minor" if reading.has_money else ""
    return f"""
        SELECT * FROM (
          SELECT {texts}, __reason AS reason, __kind AS reason_kind, __file AS file,
                 {row} AS row{money}
          FROM ({reading.staged.relation}) JOIN aside USING (__file, __row)
          UNION ALL
          SELECT {nulls}, {_NO_DATA} || left(line, 200), kind, __file, __row
                 {", NULL" if money else ""} FROM rejects
        ) ORDER BY file, row, COLUMNS(*)
    """


def _counts(reading: _Reading) -> str:
    """One row per file; for order lines with the exact sum and what rounding did to it."""
    money = sums = ""
    if reading.has_money:
        decimals = reading.engagement.decimals
        unit = f"CAST({Decimal(1).scaleb(-decimals)} AS DECIMAL({decimals + 1},{decimals}))"
        # exact in the engagement's currency; what has no rate is no part of it
        converted = "CAST(__own AS DECIMAL(38,6)) * __rate"
        home = f"{_NET} IS NOT NULL AND __foreign IS NULL"
        money = f""",
            CAST(coalesce(sum(__own) FILTER ({home}), 0) AS {_EXACT})
              + CAST(coalesce(sum({converted}) FILTER ({_NET} IS NOT NULL), 0) AS {_EXACT})
              AS exact,
            CAST(coalesce(sum({_NET}), 0) AS DECIMAL(30,0)) * {unit} AS rounded"""
        sums = f""", CAST(coalesce(exact, 0) AS {_EXACT}) AS net_read,
               CAST(coalesce(rounded - exact, 0) AS {_EXACT}) AS net_rounding"""
    return f"""
        SELECT file, CAST(coalesce(rows, 0) + coalesce(lost, 0) AS BIGINT) AS rows_read,
               CAST(coalesce(rows, 0) - coalesce(bad, 0) AS BIGINT) AS rows_accepted,
               CAST(coalesce(bad, 0) + coalesce(lost, 0) AS BIGINT) AS rows_quarantined{sums},
               first_day, last_day, sha256
        FROM (VALUES {_files(reading)}) AS files(file, sha256)
        LEFT JOIN (SELECT __file AS file, count(*) AS rows, {_span(reading)}{money}
                   FROM {reading.typed} GROUP BY 1) USING (file)
        LEFT JOIN (SELECT __file AS file, count(*) AS bad FROM aside GROUP BY 1) USING (file)
        LEFT JOIN (SELECT __file AS file, count(*) AS lost FROM rejects GROUP BY 1) USING (file)
        ORDER BY file
    """


def _span(reading: _Reading) -> str:
    """The days between which nearly all rows of a file lie: a mistyped year stretches none."""
    days = [one.name for one in reading.table.columns if one.kind == "date" and one.counts]
    day = quoted(days[0]) if days else "CAST(NULL AS DATE)"
    return f"quantile_disc({day}, 0.01) AS first_day, quantile_disc({day}, 0.99) AS last_day"


def _files(reading: _Reading) -> str:
    """Each file's label and, where it is one file, its hash."""
    known = {
        file.label: file_digest(file.path)
        for where, source in behind(reading.engagement, reading.table.name).items()
        if source.file
        for file in files_of(reading.engagement, where, source)
    }

    def told(label: str) -> str:
        each = [known.get(one) or known.get(one.partition(" (")[0]) for one in label.split(" + ")]
        return literal(" + ".join(filter(None, each)))

    return ", ".join(f"({literal(one.file)}, {told(one.file)})" for one in reading.staged.parts)


def _repairs(reading: _Reading, broken: list[Breach]) -> str:
    """What was repaired, left empty or not as agreed in accepted rows, with an example of each."""
    each = [
        f'SELECT {literal(cell.column.name)} AS "column", {_col("r", cell.column)} AS told '
        f"FROM kept WHERE told IS NOT NULL"
        for cell in reading.cells
    ]
    each += [
        f"SELECT {literal(one.name)}, {_struct('is_empty', 'NULL')} FROM kept "
        f"WHERE {quoted(one.name)} IS NULL AND {_col('r', one)} IS NULL"
        for one in (cell.column for cell in reading.cells)
        if one.is_required and not _must_be_read(reading, one)
    ]
    each += [
        f"SELECT {literal(name)}, {_struct(rule, literal(part.file))}"
        for part in reading.staged.parts
        for rule, names in (("unnamed_column", part.dropped), ("no_text", part.no_text))
        for name in names
    ]
    flaws = "".join(
        f" UNION ALL SELECT {literal(one.column)}, {literal(one.rule)}, {one.rows}, "
        f"['', {literal(one.example)}, NULL]"
        for one in broken
    )
    return f"""
        WITH kept AS {_kept(reading)}
        SELECT "column", rule, rows, one[2] AS example, one[3] AS became FROM (
          SELECT "column", unnest(string_split(told.rule, ' ')) AS rule, count(*) AS rows,
                 min([CAST(len(told.rule) - len(replace(told.rule, ' ', '')) AS VARCHAR),
                      told.example, told.became]) AS one  -- best of all one of this rule alone
          FROM ({" UNION ALL ".join(each)}) GROUP BY 1, 2{flaws}
        ) ORDER BY 1, 2
    """


def _currencies(reading: _Reading) -> str:
    """Order lines by the currency they are in, and whether a rate was there to convert them."""
    home = literal(reading.engagement.currency)
    return f"""
        SELECT coalesce(__foreign, {home}) AS currency, {_NET} IS NOT NULL AS is_converted,
               count(*) AS lines, CAST(sum(__own) AS DECIMAL(38,6)) AS amount,
               min(__rate) AS rate_low, max(__rate) AS rate_high,
               CAST(sum({_NET}) AS BIGINT) AS net_revenue
        FROM {reading.typed} LEFT JOIN aside USING (__file, __row)
        WHERE aside.__row IS NULL OR aside.__kind = 'no_rate'
        GROUP BY 1, 2 ORDER BY 1, 2
    """


# --- what stops a run -------------------------------------------------------------------------


def _check_rows(reading: _Reading) -> None:
    files = ", ".join(part.file for part in reading.staged.parts)
    read, aside = _one(
        reading,
        f"SELECT (SELECT count(*) FROM {reading.typed}) + "
        "(SELECT count(*) FROM rejects), (SELECT count(*) FROM aside) + "
        "(SELECT count(*) FROM rejects)",
    )
    if read == 0 and not reading.table.filled:
        raise SourceError(
            f"{files} holds no rows below its header.\n"
            "Fix: ask for the file again, or leave it out."
        )
    if reading.has_money:
        _check_dates(reading, files, read, aside)


def _check_dates(reading: _Reading, files: str, read: int, aside: int) -> None:
    as_of, start = reading.engagement.as_of, reading.engagement.window_start
    first, in_window = _one(
        reading,
        "SELECT min(order_date), count(*) FILTER "
        f"(order_date > DATE '{start}' AND order_date <= DATE '{as_of}') FROM {_kept(reading)}",
    )
    if first is None:
        reasons = reading.engine.connection.execute(
            f"SELECT __reason FROM aside UNION ALL SELECT {_NO_DATA} || left(line, 200) "
            "FROM rejects ORDER BY 1"
        ).fetchall()
        without_rate = all(" has no rate: " in reason for (reason,) in reasons)
        fix = "correct columns, decimal or date_format under [sources.order_lines]."
        raise SourceError(
            f"None of the {read:,} order lines can be counted: "
            f"{first_few([reason for (reason,) in reasons])}.\n"
            f"Fix: {'give [sources.rates], or correct currency.' if without_rate else fix}"
        )
    if first > as_of:
        raise SourceError(
            f"The first order is of {first}, after as_of ({as_of}).\n"
            "Fix: correct as_of, or ask for the earlier orders."
        )
    if in_window == 0:
        raise SourceError(
            f"None of the {read - aside:,} order lines lies in the window after {start} up to "
            f"{as_of}.\nFix: correct as_of or window_months, or ask for the orders of the window."
        )


def _one(reading: _Reading, sql: str) -> tuple[Any, ...]:
    found = reading.engine.connection.execute(sql).fetchone()
    assert found is not None
    return found
