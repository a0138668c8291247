"""Accepted rows against their contract: pandera judges what the engine counted over all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segkit.engine import Engine, literal, quoted
from segkit.errors import ReconciliationError, SourceError
from segkit.tables import ENGINE_TYPES, Column, Table

if TYPE_CHECKING:
    import pandera.pandas

#: What our own reading must have made sure of.
_OURS = ("type", "is_empty", "repeated")


@dataclass(frozen=True)
class Breach:
    """Values of one column that the contract does not allow, though their rows count."""

    column: str
    rule: str
    rows: int
    example: str


def breaches(engine: Engine, table: Table, key: tuple[str, ...], rows: str) -> list[Breach]:
    """Values that no rule set aside and that the contract does not allow.

    Every row is counted, none is sampled: the engine counts in one pass, pandera compares.

    Parameters
    ----------
    key
        The contract's key, or the declared one.
    rows
        SQL of the accepted rows.

    Raises
    ------
    ReconciliationError
        If rows have another type, lack what must be there or repeat their key: our mistake.
    SourceError
        If a rate is nothing or less.
    """
    from pandera.errors import SchemaErrors

    try:
        schema(table, key).validate(counted(engine, table, key, rows), lazy=True)
    except SchemaErrors as error:
        found = error.failure_cases
    else:
        return []
    told = [
        (*str(name).rsplit(":", 1), case)
        for name, case in zip(found["column"], found["failure_case"], strict=True)
    ]
    _refuse(table, told)
    return [
        Breach(name, rule, int(case), _example(engine, table, rows, name, rule))
        for name, rule, case in told
    ]


def schema(table: Table, key: tuple[str, ...]) -> pandera.pandas.DataFrameSchema:
    """The contract as pandera checks it: each column's type, and counts that must be nought."""
    import pandera.pandas as pa

    nought = pa.Column(int, pa.Check.eq(0))
    columns: dict[str, Any] = {}
    for column in table.columns:
        columns[f"{column.name}:type"] = pa.Column(str, pa.Check.eq(ENGINE_TYPES[column.kind]))
        columns |= {f"{column.name}:{rule}": nought for rule, _ in _rules(column, table)}
    if key:
        columns["key:repeated"] = nought
    return pa.DataFrameSchema(columns, strict=True)


def counted(engine: Engine, table: Table, key: tuple[str, ...], rows: str) -> Any:
    """One row of what the schema asks, counted over all accepted rows."""
    import pandas as pd

    described = engine.connection.execute(f"DESCRIBE {rows}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    counts = {
        f"{column.name}:{rule}": f"count(*) FILTER ({test})"
        for column in table.columns
        for rule, test in _rules(column, table)
    }
    if key:
        whole = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in key)
        together = f"({', '.join(map(quoted, key))})" if len(key) > 1 else quoted(key[0])
        counts["key:repeated"] = (
            f"count(*) FILTER ({whole}) - count(DISTINCT {together}) FILTER ({whole})"
        )
    found = engine.connection.execute(
        f"SELECT {', '.join(counts.values()) or '1'} FROM ({rows})"
    ).fetchone()
    told = {f"{column.name}:type": types.get(column.name, "none") for column in table.columns}
    return pd.DataFrame([told | dict(zip(counts, found or (), strict=False))])


def _rules(column: Column, table: Table) -> list[tuple[str, str]]:
    """The rules of one column, each with SQL that is true where it is broken."""
    name, rules = quoted(column.name), []
    if column.counts or column.name in table.key:
        rules.append(("is_empty", f"{name} IS NULL"))
    if column.is_never_negative:
        rules.append(("below_zero", f"{name} < 0"))
    if column.words:
        rules.append(("other_word", f"{name} NOT IN ({', '.join(map(literal, column.words))})"))
    if column.name == "rate":
        rules.append(("no_rate", f"{name} <= 0"))
    return rules


def _example(engine: Engine, table: Table, rows: str, name: str, rule: str) -> str:
    column = table.column(name)
    assert column is not None
    test = dict(_rules(column, table))[rule]
    found = engine.connection.execute(
        f"SELECT CAST(min({quoted(name)}) AS VARCHAR) FROM ({rows}) WHERE {test}"
    ).fetchone()
    return str(found[0]) if found else ""


def _refuse(table: Table, told: list[tuple[str, str, Any]]) -> None:
    for name, rule, case in told:
        if rule in _OURS:
            raise ReconciliationError(
                f"Accepted rows of {table.name} break their contract: {name} {rule} ({case}).\n"
                "Fix: this is a mistake in segkit; please report it."
            )
        if rule == "no_rate":
            raise SourceError(
                f"sources.{table.name} holds rates of nothing or less: {int(case):,}.\n"
                "Fix: correct these rates, or leave them out."
            )
