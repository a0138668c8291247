"""What the values of each file say: how much, how different, whose keys, which arithmetic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations, takewhile

import numpy as np

from segkit.engine import Engine, quoted
from segkit.sources.looking import Look, LookedColumn
from segkit.sources.parsing import text_sql
from segkit.sources.staging import Staged

#: A column of at most this many different values is read as a list of words.
MOST_WORDS = 60
_ARITHMETIC_ROWS = 5000
_AGREES = 0.95


@dataclass(frozen=True)
class Facts:
    """One column of a group of files.

    Attributes
    ----------
    words
        Its values with their rows, the most frequent first, where they are few.
    """

    look: LookedColumn
    kind: str
    filled: float
    distinct: int
    rows: int
    words: dict[str, int] = field(default_factory=dict)

    @property
    def header(self) -> str:
        """The header, as the reader knows it."""
        return self.look.header

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 1 and self.distinct >= self.rows

    @property
    def is_named(self) -> bool:
        """Whether the client gave it a header."""
        return re.fullmatch(r"column_\d+", self.header) is None


@dataclass(frozen=True)
class Group:
    """Files that hold one table together: the same headers, names that differ in a period."""

    looks: tuple[Look, ...]
    pattern: str
    facts: tuple[Facts, ...]
    relation: str
    types: dict[str, str]

    @property
    def rows(self) -> int:
        """Rows of data."""
        return sum(look.rows for look in self.looks)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets it takes of a file that has others."""
        named = tuple(dict.fromkeys(look.sheet for look in self.looks))
        first = self.looks[0]
        return named if len(first.sheets) > 1 or first.kind == "sqlite" else ()

    @property
    def label(self) -> str:
        """What it is called in reasons."""
        return f"{self.pattern} ({', '.join(self.sheets)})" if self.sheets else self.pattern

    @property
    def name(self) -> str:
        """The words its file or sheet is named with."""
        stem = self.pattern.rpartition("/")[2].rpartition(".")[0]
        return " ".join(self.sheets) or stem.replace("*", " ")

    def fact(self, header: str) -> Facts:
        """The facts of one of its columns."""
        return next(one for one in self.facts if one.header == header)

    def text(self, header: str) -> str:
        """SQL of a column's trimmed text."""
        return text_sql(quoted(header), self.types[header])


def grouped(looks: Sequence[Look]) -> list[tuple[str, tuple[Look, ...]]]:
    """Files of the same headers and alike names, each group with the glob that names them."""
    alike: dict[tuple[object, ...], list[Look]] = {}
    for look in looks:
        own: object = _stem(look.file)
        if len(look.sheets) > 1 or look.kind == "sqlite":
            own = (look.file, look.sheet if look.kind == "sqlite" else _stem(f"{look.sheet}."))
        alike.setdefault((own, tuple(map(str.casefold, look.headers)), look.kind), []).append(look)
    found = []
    for several in alike.values():
        names = sorted({look.file for look in several})
        others = {look.file for look in looks}.difference(names)
        found.append((_glob(names, others), tuple(several)))
    return found


def _stem(name: str) -> str:
    """A file's name without what tells one period from another."""
    return re.sub(r"(?i)\d+|(?<![a-z])[qk](?=\d)|[\W_]+", "", name.rpartition(".")[0])


def _glob(names: list[str], others: set[str]) -> str:
    if len(names) == 1:
        return re.sub(r"([\[*?])", r"[\1]", names[0])
    alike = takewhile(lambda letters: len({*letters}) == 1, zip(*names, strict=False))
    head = re.sub(r"\d+$", "", "".join(letters[0] for letters in alike))
    tail = "." + names[0].rpartition(".")[2]
    clash = any(other.startswith(head) and other.endswith(tail) for other in others)
    return f"{head}[0-9]*{tail}" if clash else f"{head}*{tail}"


def group_of(engine: Engine, pattern: str, looks: tuple[Look, ...], staged: Staged) -> Group:
    """The group with the facts of its columns."""
    types = staged.types(engine)
    rows = sum(look.rows for look in looks)
    headers = [one for one in looks[0].columns if one.header in types]
    facts = []
    for place, one in enumerate(headers):
        same = [look.columns[place] for look in looks if len(look.columns) > place]
        kinds = Counter(each.kind for each in same if each.kind != "empty")
        distinct = sum(each.distinct for each in same)
        words: dict[str, int] = {}
        if max(each.distinct for each in same) <= MOST_WORDS:
            text = text_sql(quoted(one.header), types[one.header])
            words = dict(
                engine.connection.execute(
                    f"SELECT v, count(*) FROM (SELECT {text} AS v FROM ({staged.relation})) "
                    f"WHERE v IS NOT NULL GROUP BY v ORDER BY 2 DESC, 1 LIMIT {MOST_WORDS}"
                ).fetchall()
            )
            distinct = len(words)
        facts.append(
            Facts(
                one,
                kinds.most_common(1)[0][0] if kinds else "empty",
                sum(each.filled * look.rows for each, look in zip(same, looks, strict=False))
                / max(rows, 1),
                distinct,
                rows,
                words,
            )
        )
    return Group(looks, pattern, tuple(facts), staged.relation, types)


def joined(engine: Engine, group: Group, header: str, other: Group, key: str) -> float:
    """The share of a column's different values that stand in another file's key."""
    found = engine.connection.execute(
        f"""
        SELECT avg(CAST(v IN (SELECT {other.text(key)} FROM ({other.relation})) AS INT))
        FROM (SELECT DISTINCT {group.text(header)} AS v FROM ({group.relation}))
        WHERE v IS NOT NULL
        """
    ).fetchone()
    return float(found[0]) if found and found[0] is not None else 0.0


def repeats(engine: Engine, group: Group, headers: Sequence[str]) -> int:
    """How many rows repeat these columns of another row."""
    texts = ", ".join(group.text(header) for header in headers)
    found = engine.connection.execute(
        f"SELECT count(*) - count(DISTINCT ({texts})) FROM ({group.relation})"
    ).fetchone()
    assert found is not None
    return int(found[0])


def place_of(pattern: str, several: Sequence[Look]) -> dict[str, str | tuple[str, ...]]:
    """Where a group stands, in the keys of the engagement file."""
    first = several[0]
    if first.kind == "sqlite":
        query = f"SELECT * FROM {quoted(first.sheet)}"
        return {"database": f"sqlite:{first.file}", "query": query}
    sheets = tuple(dict.fromkeys(look.sheet for look in several))
    if len(first.sheets) < 2:
        return {"file": pattern}
    return {"file": pattern, "sheet": sheets[0] if len(sheets) == 1 else sheets}


@dataclass(frozen=True)
class Identity:
    """Arithmetic that holds in the rows: ``result`` is ``left`` times or less ``right``."""

    result: str
    left: str
    sign: str
    right: str
    share: float

    def __str__(self) -> str:
        return f'"{self.left}" {self.sign} "{self.right}"'


def identities(engine: Engine, group: Group) -> list[Identity]:
    """Products and differences among the numbers of a file, in its first few thousand rows."""
    numbers = [one for one in group.facts if one.kind in ("whole", "number") and one.filled > 0.5]
    numbers = [one for one in numbers if one.distinct > 1][:10]
    if len(numbers) < 3:
        return []
    values = np.array(
        engine.connection.execute(
            f"SELECT {', '.join(number_sql(group, one.header) for one in numbers)} "
            f"FROM ({group.relation}) LIMIT {_ARITHMETIC_ROWS}"
        ).fetchall(),
        float,
    )
    found = []
    for result, left, right in permutations(range(len(numbers)), 3):
        whole = values[:, [result, left, right]]
        a, b, c = whole[~np.isnan(whole).any(axis=1)].T
        enough = (a != 0) & (b != 0) & (c != 0) & (abs(b) != 1) & (abs(c) != 1)
        if enough.sum() < 10:
            continue
        a, b, c = a[enough], b[enough], c[enough]
        named = [numbers[place].header for place in (result, left, right)]
        near = np.maximum(abs(a) * 0.0005, 0.011)
        for sign, told in (("x", b * c), ("-", b - c)):
            agrees = float((abs(a - told) <= near).mean())
            if agrees >= _AGREES and not (sign == "x" and left > right):
                found.append(Identity(named[0], named[1], sign, named[2], agrees))
    return found


def number_sql(group: Group, header: str, mark: str | None = None) -> str:
    """SQL of a column's numbers as doubles, with the decimal mark it has, or the one given."""
    if group.types[header] != "VARCHAR":
        return f"CAST({quoted(header)} AS DOUBLE)"
    mark = mark or ("," if group.fact(header).look.decimal == "," else ".")
    bare = rf"regexp_replace({quoted(header)}, '[^0-9\{mark}-]', '', 'g')"
    return f"TRY_CAST(replace({bare}, '{mark}', '.') AS DOUBLE)"
