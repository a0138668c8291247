"""SQL that types all values of a source: rows as usual at once, only the others by rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from segkit.engine import literal, quoted
from segkit.sources.parsing import Cell, Format, fast_sql, final_sql, repaired_sql, trimmed_sql
from segkit.sources.repairs import EVERYWHERE, MONEY, NUMBERS, SIGNS, Rule, money_word

_LONGEST = 60
_REPAIR = "STRUCT(rule VARCHAR, example VARCHAR, became VARCHAR)"
_AS_THE_DAY = 10  # letters of 2026-03-01


def usual_sql(
    relation: str, cells: Sequence[Cell], formats: Mapping[str, Format], asked: Sequence[Cell]
) -> str:
    """A SELECT of all rows with the columns of `odd_sql`, none of which went through a rule.

    Parameters
    ----------
    asked
        Columns that every row of data holds.

    Returns
    -------
    str
        Its ``__odd`` is true of a row that has to be read by `odd_sql` instead.
    """
    named = [
        f"{one} AS {_of(mark, cell)}"
        for cell in cells
        for mark, one in (
            ("v", final_sql(cell, _of("f", cell))),
            ("t", "CAST(NULL AS VARCHAR)"),
            ("r", f"CAST(NULL AS {_REPAIR})"),
            ("w", "CAST(NULL AS VARCHAR)"),
        )
    ]
    empty = [f"{_of('f', cell)} IS NULL" for cell in asked]
    odd = " OR ".join([*empty, *_needs_a_look(cells)])
    fast = _read_fast(relation, cells, formats)
    return f"SELECT __file, __row{_listed(named)}, coalesce({odd}, false) AS __odd FROM ({fast})"


def odd_sql(
    relation: str, cells: Sequence[Cell], formats: Mapping[str, Format], currency: str
) -> str:
    """A SELECT of ``__file``, ``__row`` and four columns for each cell.

    ``v_<name>`` is the value, ``t_<name>`` the text where it needed a look, ``r_<name>`` what was
    repaired (rule, example, became), ``w_<name>`` the currency that was written beside it.
    """
    texts = [cell for cell in cells if cell.is_text]
    rules = {cell.column.name: formats[cell.column.name].rules(cell, currency) for cell in texts}
    odd = [
        f"CASE WHEN {_of('f', cell)} IS NULL THEN {trimmed_plain(_of('g', cell))} END "
        f"AS {_of('x0', cell)}"
        for cell in texts
    ]
    fast = _read_fast(relation, cells, formats)
    sql = f"SELECT *{_listed(odd)} FROM ({fast})"
    for step in range(max(map(len, rules.values()), default=0)):
        made = [
            f"{_step(rules[cell.column.name][step], cell, step)} AS {_of(f'x{step + 1}', cell)}"
            for cell in texts
            if step < len(rules[cell.column.name])
        ]
        sql = f"SELECT *{_listed(made)} FROM ({sql})"
    ends = [one for cell in cells for one in _ends(cell, rules, formats, currency)]
    sql = f"SELECT __file, __row{_listed(ends)} FROM ({sql})"
    named = [
        f"{one} AS {_of(mark, cell)}"
        for cell in cells
        for mark, one in (
            ("v", final_sql(cell, _of("p", cell))),
            ("t", _of("t", cell)),
            ("r", _repair(cell)),
            ("w", _of("w", cell)),
        )
    ]
    return f"SELECT __file, __row{_listed(named)}, false AS __odd FROM ({sql})"


def _read_fast(relation: str, cells: Sequence[Cell], formats: Mapping[str, Format]) -> str:
    """The values as given, and as they read where nothing has to be repaired."""
    given = f"SELECT __file, __row{_listed(map(_given, cells))} FROM ({relation})"
    fast = [
        f"{fast_sql(cell, _of('g', cell), formats[cell.column.name])} AS {_of('f', cell)}"
        for cell in cells
    ]
    return f"SELECT *{_listed(fast)} FROM ({given})"


def _needs_a_look(cells: Sequence[Cell]) -> list[str]:
    """SQL of what is true of a value that was not read, or that had more than was read."""
    tests = []
    for cell in cells:
        given, fast = _of("g", cell), _of("f", cell)
        blank = f" AND {given} <> ''" if cell.is_text else ""
        tests.append(f"({fast} IS NULL AND {given} IS NOT NULL{blank})")
        if cell.is_text and cell.column.kind == "date":
            tests.append(f"coalesce(strlen({given}) > {_AS_THE_DAY}, false)")
    return tests


def trimmed_plain(text: str) -> str:
    """SQL of a text without the keyboard's spaces around it, which is no repair; empty is null."""
    return f"nullif(trim({text}, ' \t\n\r'), '')"


def _listed(parts: Iterable[str]) -> str:
    return "".join(f", {part}" for part in parts)


def _of(mark: str, cell: Cell) -> str:
    return quoted(f"{mark}_{cell.column.name}")


def _given(cell: Cell) -> str:
    """The value as given; a client's word for a number or a day in ours."""
    given = cell.given
    if cell.words and cell.column.kind in (*NUMBERS, "date"):
        given = final_sql(cell, trimmed_sql(given))
    return f"{given} AS {_of('g', cell)}"


def _step(rule: Rule, cell: Cell, step: int) -> str:
    text = _of(f"x{step}", cell)
    if step == len(EVERYWHERE):
        text = trimmed_plain(text)
    return rule.applied(text)


def _ends(
    cell: Cell, rules: Mapping[str, list[Rule]], formats: Mapping[str, Format], currency: str
) -> Iterable[str]:
    """The value, the text that needed a look, the rules that changed it, and its currency."""
    name = cell.column.name
    if not cell.is_text:
        nothing = "CAST(NULL AS VARCHAR)"
        given = f"CASE WHEN {_of('f', cell)} IS NULL THEN CAST({_of('g', cell)} AS VARCHAR) END"
        values = (_of("f", cell), given, nothing, _of("g", cell), nothing)
    else:
        last = _of(f"x{len(rules[name])}", cell)
        last = last if len(rules[name]) > len(EVERYWHERE) else trimmed_plain(last)
        looked = trimmed_plain(_of(f"x{len(EVERYWHERE)}", cell))
        read = f"coalesce({_of('f', cell)}, {repaired_sql(cell, last, formats[name])})"
        written = _written(looked, currency) if cell.column.kind in MONEY else "NULL"
        values = (read, looked, _marks(cell, rules[name]), _of("g", cell), written)
    return [f"{one} AS {_of(mark, cell)}" for mark, one in zip("ptmgw", values, strict=True)]


def _marks(cell: Cell, rules: Sequence[Rule]) -> str:
    """SQL of the ids of the rules that changed the text."""
    changed: dict[str, list[str]] = {}
    for step, rule in enumerate(rules):
        before = _of(f"x{step}", cell)
        before = trimmed_plain(before) if step == len(EVERYWHERE) else before
        changed.setdefault(rule.id, []).append(f"{_of(f'x{step + 1}', cell)} <> {before}")
    cases = ", ".join(
        f"CASE WHEN {' OR '.join(tests)} THEN {literal(id)} END" for id, tests in changed.items()
    )
    told = f"nullif(concat_ws(' ', {cases}), '')" if cases else "NULL"
    if cell.column.kind != "date":
        return told
    timed = f"CASE WHEN strlen({_of('g', cell)}) > {_AS_THE_DAY} THEN 'time_of_day' END"
    return (
        f"CASE WHEN {_of('f', cell)} IS NOT NULL THEN {timed} "
        f"ELSE coalesce({told}, 'other_date') END"
    )


def _repair(cell: Cell) -> str:
    value, marks, given = (_of(mark, cell) for mark in "pmg")
    cut = f"left(CAST({given} AS VARCHAR), {_LONGEST})"
    became = f"left(CAST({value} AS VARCHAR), {_LONGEST})"
    if cell.column.kind in NUMBERS:  # 12.5, not 12.500000
        became = rf"regexp_replace({became}, '\.0+$|(\.\d*[1-9])0+$', '\1')"
    return (
        f"CASE WHEN {marks} IS NOT NULL AND {value} IS NOT NULL "
        f"THEN {{'rule': {marks}, 'example': {cut}, 'became': {became}}} END"
    )


# --- currencies ---------------------------------------------------------------------------------


def _written(text: str, currency: str) -> str:
    """SQL of the currency's sign or word that stands before or behind a number."""
    word = money_word(currency)
    ends = (literal(rf"^[-+−(]*\s*({word})"), literal(rf"({word})\.?[-−)]*$"))
    found = " || ".join(f"regexp_extract({text}, {end}, 1)" for end in ends)
    return f"nullif(upper({found}), '')"


def code_sql(word: str, home: str, row: str = "NULL") -> str:
    """SQL of a currency's code: a sign of several currencies is its row's, or the engagement's.

    Parameters
    ----------
    word
        SQL of a sign, word or code in capitals.
    home
        The engagement's currency.
    row
        SQL of the currency that the row names.
    """
    cases = []
    for sign, codes in SIGNS.items():
        known = codes[0] if len(codes) == 1 else home if home in codes else sign
        listed = ", ".join(map(literal, codes))
        if row != "NULL" and len(codes) > 1:
            cases.append(f"WHEN {word} = {literal(sign)} AND {row} IN ({listed}) THEN {row}")
        cases.append(f"WHEN {word} = {literal(sign)} THEN {literal(known)}")
    return f"CASE WHEN {word} IS NULL THEN NULL {' '.join(cases)} ELSE {word} END"
