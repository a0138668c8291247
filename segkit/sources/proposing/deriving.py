"""Columns that no header names but others give: as SQL over the file, each with its question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from segkit.engagement import QUESTION, identifier
from segkit.engine import Engine, literal
from segkit.engine import quoted as named
from segkit.sources.proposing import writing
from segkit.sources.proposing.evidence import Facts, Group
from segkit.sources.proposing.matching import Match, Proposal, percent
from segkit.sources.proposing.words import heard, name_score
from segkit.tables import CONTRACTS

#: A constant for a column that no header names, and what is then asked.
_CONSTANTS = {
    ("order_lines", "quantity"): ("1", "no column holds the quantity; is 1 for each line right?"),
    ("visits", "kind"): ("visit", "is each row a visit? No column tells visits from calls"),
    ("quotas", "measure"): ("net_revenue", "are the quotas of net revenue? No column says so"),
    ("needs", "rater"): ("customer", "who gave the scores: customer, seller or manager?"),
}
#: What a flat file of order lines may say about its customers and products.
_WITHIN = {
    "customers": ("name", "kind", "category", "region", "class", "parent_id", "tax_number"),
    "products": ("name", "kind", "category", "family"),
}
_MOSTLY = 0.7


@dataclass(frozen=True)
class Derived:
    """A contract column made from others: its SQL, and what to ask about it."""

    column: str
    sql: str
    question: str


def derived(one: Proposal) -> tuple[Derived, ...]:
    """What stands in for the required columns that no header names."""
    return tuple(made for name in one.missing if (made := _derived(one, name)))


def _derived(one: Proposal, name: str) -> Derived | None:
    table = one.table.name
    if (table, name) in _CONSTANTS:
        value, asked = _CONSTANTS[table, name]
        return Derived(name, literal(value), asked)
    if (table, name) == ("order_lines", "net_amount"):
        return _amount(one)
    key = one.header(one.table.key[0]) if one.table.key else None
    if name == "name" and key:
        return Derived(name, named(key), f"no column holds a name; is {key} name enough?")
    parts = {"order_id": ("customer_id", "order_date"),
             "visit_id": ("customer_id", "visit_date", "rep_id")}.get(name, ())  # fmt: skip
    headers = [header for part in parts if (header := one.header(part))]
    if len(headers) < 2:
        return None
    sql = " || ' ' || ".join(f"coalesce(CAST({named(one)} AS VARCHAR), '')" for one in headers)
    what = "order" if name == "order_id" else "visit"
    return Derived(name, sql, f"is one {what} all that a customer has on one day? No column says")


def _amount(one: Proposal) -> Derived | None:
    """Quantity times the price, where a file gives no amount."""
    quantity = one.header("quantity")
    prices = [
        (name_score(fact.header, "products", "list_price"), fact)
        for fact in one.group.facts
        if fact.kind in ("number", "whole") and fact.header != quantity
    ]
    score, price = max(prices, key=lambda found: found[0], default=(0.0, None))
    if quantity is None or price is None or score < 0.5:
        return None
    sql = f"{_exact(one.group, one.group.fact(quantity))} * {_exact(one.group, price)}"
    asked = f"is net revenue {quantity} x {price.header}? No column holds the amount"
    return Derived("net_amount", sql, asked)


def _exact(group: Group, fact: Facts) -> str:
    header = named(fact.header)
    if group.types[fact.header] == "VARCHAR":
        mark = "," if fact.look.decimal == "," else "."
        plain = rf"regexp_replace({header}, '[^0-9\{mark}-]', '', 'g')"
        header = f"replace({plain}, '{mark}', '.')" if mark == "," else plain
        return f"TRY_CAST({header} AS DECIMAL(18,6))"
    return header if fact.kind == "whole" else f"CAST({header} AS DECIMAL(18,6))"


def raw_name(group: Group) -> str:
    """What the group's file is called under ``[raw]``."""
    return identifier(group.name)[:40] or "file"


def select(one: Proposal, made: Sequence[Derived]) -> Iterator[str]:
    """The lines of a SELECT that gives a table's columns, each with how sure it is and why."""
    columns = [
        (f"{named(match.header)} AS {match.column}", writing.told(match)) for match in one.matches
    ] + [(f"{each.sql} AS {each.column}", f"low: {each.question}") for each in made]
    yield 'sql = """'
    yield "SELECT"
    for place, (column, told) in enumerate(columns):
        comma = "," if place < len(columns) - 1 else ""
        yield _in_string(f"  {column}{comma}  -- {writing.comment(told)}")
    yield f'FROM raw.{raw_name(one.group)}\n"""'


def _in_string(line: str) -> str:
    """A line inside a TOML string of three quotation marks."""
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", line)
    return plain.replace("\\", "\\\\").replace('"""', '""\\"')


# --- customers and products in a flat file ----------------------------------------------------


def within(engine: Engine, lines: Proposal, chosen: Sequence[Proposal]) -> list[Proposal]:
    """Customers and products that have no file of their own, out of the order lines."""
    there = {one.table.name for one in chosen}
    found, used = [], {match.header for match in lines.matches}
    for table, columns in _WITHIN.items():
        key = lines.header(CONTRACTS[table].key[0])
        if table in there or key is None:
            continue
        matches = [Match(CONTRACTS[table].key[0], key, 1.0, ("the key of the order lines",))]
        for column in columns:
            free = [fact.header for fact in lines.group.facts if fact.header not in used]
            scored = [(name_score(header, table, column), header) for header in free]
            score, header = max(scored, default=(0.0, ""))
            share = _depends(engine, lines.group, key, header) if score >= 0.5 else 0.0
            if share >= _MOSTLY:
                used.add(header)
                why = f"{heard(header, table, column)}; one value for {percent(share)} of {key}"
                matches.append(Match(column, header, min(score, 0.84), (why,)))
        if len(matches) > 1:
            missing = () if matches[1].column == "name" else ("name",)
            own = CONTRACTS[table]
            found.append(replace(lines, table=own, matches=(*matches,), missing=missing, rivals=()))
    return found


def _depends(engine: Engine, group: Group, key: str, header: str) -> float:
    """The share of keys for which a column has one value."""
    found = engine.connection.execute(
        f"SELECT avg(CAST(n = 1 AS INT)) FROM (SELECT count(DISTINCT {group.text(header)}) AS n "
        f"FROM ({group.relation}) WHERE {group.text(key)} IS NOT NULL GROUP BY {group.text(key)})"
    ).fetchone()
    return float(found[0] or 0) if found else 0.0


def distinct(one: Proposal) -> Iterator[str]:
    """The lines of a SELECT of one row per key: what most of its order lines say."""
    key = one.matches[0]
    rest = one.matches[1:]
    names = [*(match.column for match in rest), *one.missing]
    yield 'sql = """'
    yield f"SELECT {', '.join([key.column, *names])} FROM ("
    yield _in_string(f"  SELECT {named(key.header)} AS {key.column},  -- {writing.told(key)}")
    for match in rest:
        yield _in_string(f"    {named(match.header)} AS {match.column},  -- {writing.told(match)}")
    for name in one.missing:
        yield _in_string(f"    {named(key.header)} AS {name},  -- low: no column holds it")
    headers = ", ".join(named(match.header) for match in rest)
    yield _in_string(
        f"    row_number() OVER (PARTITION BY {named(key.header)} "
        f"ORDER BY count(*) DESC, {headers}) AS place"
    )
    yield _in_string(
        f"  FROM raw.{raw_name(one.group)} WHERE {named(key.header)} IS NOT NULL\n"
        f"  GROUP BY {named(key.header)}, {headers}"
    ).replace(" \n", "\n")
    yield ') WHERE place = 1\n"""'


def questions(made: Sequence[Derived]) -> Iterator[str]:
    """What to ask about derived columns."""
    for one in made:
        yield from writing.wrapped(f"{QUESTION} {one.question}")
