"""Which file is which table, and which of its columns is which: by words and by values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from segkit.engine import Engine
from segkit.sources.proposing.evidence import Facts, Group, Identity, identities, joined
from segkit.sources.proposing.words import file_score, hear, heard, name_score, value_word
from segkit.tables import CONTRACTS, Column, Table

Confidence = Literal["high", "medium", "low"]
#: Below this a column is not proposed; from the others on it is likely or all but certain.
_ENOUGH, _MEDIUM, _HIGH, _APART = 0.35, 0.6, 0.85, 0.12
#: Below this a file is not taken for a table.
_IS_TABLE, _IS_LIST, _RIVALS = 0.48, 0.4, 0.2
#: From here on a file's name says which table it is.
_SAYS_SO = 0.8
#: From this share of a table's required columns on it is told what else it would need.
_NEARLY = 0.6
#: Tables whose columns could be those of many files: only a name tells them.
_BY_NAME = ("assumptions", "interviews")
#: What a column counts for that something else can stand in for.
_STAND_IN = 0.3
#: Contract columns that hold another table's key.
KEYS = {"customer_id": "customers", "product_id": "products", "rep_id": "reps"}
#: Columns without which a table can still be read, when something stands in for them.
DERIVED = {
    ("order_lines", "order_id"),
    ("order_lines", "net_amount"),
    ("order_lines", "quantity"),
    ("customers", "name"),
    ("products", "name"),
    ("reps", "name"),
    ("visits", "visit_id"),
    ("visits", "kind"),
    ("quotas", "measure"),
    ("needs", "rater"),
}
_FITS: dict[str, dict[str, float]] = {
    "date": {"date": 1.0},
    "amount": {"whole": 1.0, "number": 1.0, "code": 0.2},
    "price": {"whole": 1.0, "number": 1.0, "code": 0.2},
    "number": {"whole": 1.0, "number": 1.0, "code": 0.2, "boolean": 0.5},
    "boolean": {"boolean": 1.0, "text": 0.4, "whole": 0.4},
    "id": {"text": 1.0, "code": 1.0, "whole": 1.0, "number": 0.4, "boolean": 0.5},
    "text": {"text": 1, "code": 0.7, "whole": 0.7, "boolean": 0.7, "date": 0.6, "number": 0.2},
}


@dataclass(frozen=True)
class Match:
    """One contract column and the client's header proposed for it.

    Attributes
    ----------
    reasons
        Why, in words.
    rival
        Another column that fits nearly as well.
    """

    column: str
    header: str
    score: float
    reasons: tuple[str, ...]
    rival: str | None = None

    @property
    def confidence(self) -> Confidence:
        """How far it can be relied on."""
        if self.score >= _HIGH and self.rival is None:
            return "high"
        return "medium" if self.score >= _MEDIUM else "low"


@dataclass(frozen=True)
class Proposal:
    """A contract table, the files proposed for it, and its columns.

    Attributes
    ----------
    missing
        Required columns that no header was found for.
    rivals
        Further files that look like the same table.
    """

    table: Table
    group: Group
    matches: tuple[Match, ...]
    score: float
    missing: tuple[str, ...] = ()
    rivals: tuple[Group, ...] = ()

    def header(self, column: str) -> str | None:
        """The header proposed for a contract column."""
        return next((one.header for one in self.matches if one.column == column), None)


Joins = Mapping[tuple[str, str, str], tuple[float, str]]


def proposals(engine: Engine, groups: Sequence[Group]) -> list[Proposal]:
    """For each table the files that fit it best, in the order of the contract."""
    sums = {one.label: tuple(identities(engine, one)) for one in groups}
    first = _chosen(groups, sums, {}, {})
    homes = _homes(engine, groups, sums, first)
    return _chosen(groups, sums, _joins(engine, groups, first, homes), homes)


#: Per table and file: the share of the order lines' values that stand in its key.
Homes = Mapping[tuple[str, str], float]


def _homes(
    engine: Engine,
    groups: Sequence[Group],
    sums: Mapping[str, tuple[Identity, ...]],
    first: Sequence[Proposal],
) -> Homes:
    """Whether the lists that may be of customers, products or reps are those of the lines."""
    lines = next((one for one in first if one.table.name == "order_lines"), None)
    found: dict[tuple[str, str], float] = {}
    for column, table in KEYS.items():
        held = lines.header(column) if lines else None
        lists = [_proposal(group, CONTRACTS[table], sums, {}) for group in groups if held]
        for one in lists:
            key = one.header(column)
            if lines and held and key and one.group is not lines.group and one.score >= _IS_LIST:
                share = joined(engine, lines.group, held, one.group, key)
                found[table, one.group.label] = share
    return found


def _joins(
    engine: Engine, groups: Sequence[Group], first: Iterable[Proposal], homes: Homes
) -> Joins:
    """Share of each column's values that stand in the key of customers, products or reps."""
    found = {}
    chosen = {one.table.name: one for one in first}
    for column, home in KEYS.items():
        where = chosen.get(home)
        key = where.header(column) if where else None
        best = max((share for (table, _), share in homes.items() if table == home), default=0.0)
        if where is None or key is None or homes.get((home, where.group.label), best) < best - 0.1:
            continue  # another list than the one chosen at first is that of the lines
        told = f'"{key}" of {where.group.label}'
        for group in groups:
            for fact in group.facts:
                if group is not where.group and _may_be_key(fact, column):
                    share = joined(engine, group, fact.header, where.group, key)
                    found[group.label, fact.header, column] = (share, told)
    return found


def _may_be_key(fact: Facts, column: str) -> bool:
    concept = column.removesuffix("_id")
    says = any(concept in token for token in hear(fact.header).tokens)
    is_text = fact.kind in ("text", "code", "whole", "number")
    return is_text and (says or not fact.is_named or (fact.kind == "code" and fact.distinct > 20))


def _chosen(
    groups: Sequence[Group],
    sums: Mapping[str, tuple[Identity, ...]],
    joins: Joins,
    homes: Homes,
) -> list[Proposal]:
    from scipy.optimize import linear_sum_assignment

    tables = list(CONTRACTS.values())
    each = [[_proposal(group, table, sums, joins) for table in tables] for group in groups]
    scores = np.array([[one.score for one in row] for row in each]).reshape(-1, len(tables))
    # a file does not become a table it fits badly because another took its own
    is_best = (scores >= _IS_TABLE) & (scores >= scores.max(axis=1, initial=0)[:, None] - 0.1)
    shares = [[homes.get((one.name, group.label), 0.5) for one in tables] for group in groups]
    worth = np.where(is_best, scores + 0.5 * (np.array(shares).reshape(scores.shape) - 0.5), 0)
    weight = np.log1p([group.rows for group in groups])[:, None] / 100  # the larger of two alike
    pairs = zip(*linear_sum_assignment(-(worth + weight * (worth > 0))), strict=True)
    chosen = {column: row for row, column in pairs if worth[row, column]}
    found = []
    for column, row in sorted(chosen.items()):
        rivals = tuple(
            groups[other]
            for other in range(len(groups))
            if other not in chosen.values()
            and worth[other, column]
            and not each[other][column].missing
        )
        found.append(replace(each[row][column], rivals=rivals))
    return found


def nearly(group: Group) -> Proposal | None:
    """The table that a file would be, did it not lack columns that nothing stands in for."""
    each = [_proposal(group, table, {group.label: ()}, {}) for table in CONTRACTS.values()]
    parts = [1 - len(one.missing) / len(one.table.required) for one in each]
    best = max(range(len(each)), key=lambda place: (parts[place], each[place].score))
    enough = parts[best] >= _NEARLY and each[best].table.name not in _BY_NAME
    return each[best] if enough else None


def _proposal(
    group: Group, table: Table, sums: Mapping[str, tuple[Identity, ...]], joins: Joins
) -> Proposal:
    matches = _assigned(group, table, sums[group.label], joins)
    by_column = {one.column: one.score for one in matches}
    missing = tuple(name for name in table.required if name not in by_column)
    lost = [name for name in missing if (table.name, name) not in DERIVED]
    needed = [
        by_column.get(name, _STAND_IN if (table.name, name) in DERIVED else 0.0)
        for name in table.required
    ]
    usable = sum(one.kind not in ("empty", "nested", "bytes") for one in group.facts) or 1
    covered = min(1.0, sum(by_column.values()) / usable)
    score = 0.55 * sum(needed) / len(needed) + 0.2 * covered
    score += 0.25 * file_score(group.name, table.name)
    if lost:
        score *= 0.85 ** len(lost) if table.name == "order_lines" and len(lost) < 2 else 0
    if len(missing) > 2 or (table.name in _BY_NAME and not file_score(group.name, table.name)):
        score = 0
    return Proposal(table, group, matches, score, missing)


def _assigned(
    group: Group, table: Table, sums: tuple[Identity, ...], joins: Joins
) -> tuple[Match, ...]:
    """Each contract column its header, so that no header is used twice."""
    from scipy.optimize import linear_sum_assignment

    scored = [
        [_scored(group, fact, table, column, sums, joins) for fact in group.facts]
        for column in table.columns
    ]
    scores = np.array([[one.score for one in row] for row in scored])
    if not scores.size:
        return ()
    needed = np.array([0.5 if column.is_required else 0.0 for column in table.columns])
    worth = np.where(scores >= _ENOUGH, scores + needed[:, None], 0)
    taken = [
        (row, column)
        for row, column in zip(*linear_sum_assignment(-worth), strict=True)
        if worth[row, column]
    ]
    used = {column for _, column in taken}
    found = []
    for row, column in taken:
        others = [
            (scores[row, other], group.facts[other].header)
            for other in range(len(group.facts))
            if other not in used
        ]
        near, rival = max(others, default=(0.0, ""))
        one = scored[row][column]
        least = _MEDIUM if group.facts[column].is_named else _ENOUGH
        is_near = near >= least and near >= one.score - _APART
        found.append(replace(one, rival=rival if is_near else None))
    return tuple(found)


def _scored(
    group: Group,
    fact: Facts,
    table: Table,
    column: Column,
    sums: tuple[Identity, ...],
    joins: Joins,
) -> Match:
    """How well one of the client's columns is one of the contract's, and why."""
    named = name_score(fact.header, table.name, column.name) if fact.is_named else 0.0
    fit = _fit(fact, table, column)
    base, reasons = named * fit, []
    if named:
        reasons.append(heard(fact.header, table.name, column.name))
    strength = 0.0
    for gain, reason in _evidence(group, fact, table, column, sums, joins):
        strength = max(strength, gain)
        reasons.append(reason)
    if fact.is_named and not named:
        strength = 0.0 if strength < 0.5 else strength
    score = 1 - (1 - base) * (1 - strength * min(1.0, fit)) if strength >= 0 else base * 0.5
    return Match(column.name, fact.header, score, tuple(reasons))


def _fit(fact: Facts, table: Table, column: Column) -> float:
    """Whether the values can be what the contract column holds."""
    if fact.kind == "empty":
        return 0.3 if column.is_required else 0.9
    is_id = column.name.endswith("_id") or column.name in table.key
    kind = "id" if is_id and column.kind == "text" else column.kind
    fit = _FITS[kind].get(fact.kind, 0.0)
    if kind == "id" and any(re.search(r"[A-Za-z]|\.0$", text) for text in fact.look.examples):
        fit = 1.0  # codes such as H16, which look like numbers with a unit, and 17850.0
    if kind == "date" and all(
        re.fullmatch(r"[34]\d{4}(\.\d+)?", one) for one in fact.look.examples
    ):
        fit = 1.0  # days as a spreadsheet counts them
    if column.kind == "boolean" and fact.kind != "boolean" and fact.distinct > 2:
        fit = 0.1
    if (column.name,) == table.key and fact.distinct < 0.9 * fact.rows * fact.filled:
        fit *= 0.5
    if column.name == "name" and fact.kind != "text":
        fit *= 0.4
    if column.name == "currency" and not any(map(is_currency, fact.look.examples)):
        fit *= 0.2
    return fit


def is_currency(text: str) -> bool:
    """Whether a client's word is a currency, by its code or sign."""
    return bool(re.fullmatch("[A-Z]{3}", text) or value_word("currency", text))


def _evidence(
    group: Group,
    fact: Facts,
    table: Table,
    column: Column,
    sums: tuple[Identity, ...],
    joins: Joins,
) -> Iterable[tuple[float, str]]:
    """What the values say for it, each with its strength; below zero speaks against it."""
    share, told = joins.get((group.label, fact.header, column.name), (None, ""))
    if share is not None and share >= 0.5:
        yield 0.6 * share, f"{percent(share)} of its values are in {told}"
    elif share is not None and share < 0.1:
        yield -1.0, f"only {percent(share)} of its values are in {told}"
    known = _known_words(fact, table, column)
    if known >= 0.5:
        first = ", ".join(list(fact.words)[:3])
        yield 0.55 * known, f"its words are those of {column.name}: {first}"
    if (column.name,) == table.key and fact.is_unique:
        is_theirs = fact is group.facts[0] and file_score(group.name, table.name) >= _SAYS_SO
        yield (0.55 if is_theirs else 0.49 if fact.is_named else 0.3), "no value stands twice"
    if column.name in ("net_amount", "cost_amount", "list_amount"):
        yield from _by_arithmetic(fact, column, sums)
    if not fact.is_named:
        yield from _by_values_alone(group, fact, column)


def percent(share: float) -> str:
    """A share in words that don't round to all or to nothing.

    Examples
    --------
    >>> percent(1), percent(0.9991), percent(0.0001), percent(0)
    ('all', '99%', '1%', 'none')
    """
    if share in (0, 1):
        return "all" if share else "none"
    return f"{min(max(share, 0.01), 0.99):.0%}"


def _known_words(fact: Facts, table: Table, column: Column) -> float:
    """Share of the rows whose word is one of those known for this contract column."""
    if not fact.words or fact.kind in ("date", "number"):
        return 0.0
    vocabulary = words_of(table.name, column)
    known = sum(rows for word, rows in fact.words.items() if value_word(vocabulary, word))
    return known / sum(fact.words.values())


def words_of(table: str, column: Column) -> str:
    """The name of the list of words for a contract column."""
    if column.kind == "boolean":
        return "boolean"
    if (table, column.name) == ("events", "activity"):
        return "activities.driver"
    return column.name if column.name in ("channel", "currency") else f"{table}.{column.name}"


def _by_arithmetic(
    fact: Facts, column: Column, sums: tuple[Identity, ...]
) -> Iterable[tuple[float, str]]:
    for one in sums:
        if one.sign != "-" or name_score(one.right, "order_lines", "discount_amount") < 0.6:
            continue
        if (one.result, "net_amount") == (fact.header, column.name):
            yield 0.5, f"it is {one} in {percent(one.share)} of the rows"
        if (one.left, "list_amount") == (fact.header, column.name):
            yield 0.5, f'"{one.result}" is {one} in {percent(one.share)} of the rows'


def _by_values_alone(group: Group, fact: Facts, column: Column) -> Iterable[tuple[float, str]]:
    """What a column without a header may be, by its values and its place among the others."""
    same = [one for one in group.facts if one.kind == fact.kind]
    if column.name == "order_date" and fact.kind == "date" and len(same) == 1:
        yield 0.55, "the only dates of the file"
    if column.name == "net_amount" and fact.kind == "number" and len(same) == 1:
        yield 0.5, "the only numbers with decimals"
    if column.name == "quantity" and fact.kind == "whole" and fact.distinct <= 1000:
        yield (0.45 if len(same) == 1 else 0.36), "small whole numbers"
    is_id = fact.kind in ("code", "whole", "text") and 20 < fact.distinct < 0.9 * fact.rows
    if column.name == "customer_id" and is_id and fact.filled > 0.5:
        first = fact is next(one for one in same if 20 < one.distinct < 0.9 * one.rows)
        yield (0.42 if first else 0.4), "codes that stand in several rows"
