"""One measurable rule for each segment: what a seller can look up decides, not the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.evidence import judged
from segkit.language import Message, Value, say
from segkit.segments.features import feature, rule_columns, rule_values

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.engagement import Engagement

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

FAITHFUL = judged(
    "segments.faithful", 0.90, 0.85, 0.95, "share",
    say("A rule that places fewer customers as the clusters do is called approximate."),
)  # fmt: skip
_DEPTH = 4
_SMALLEST_LEAF = judged(
    "segments.smallest_leaf", 0.05, 0.02, 0.1, "share",
    say("No branch of the rules holds a smaller part of the customers."),
)  # fmt: skip
_MOVED = judged(
    "segments.moved", 0.01, 0.0, 0.03, "share",
    say("A rounded threshold may move this part of the customers it divides."),
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One side of one threshold: the column is at least, or below, `threshold` (table units)."""

    column: str
    is_least: bool
    threshold: float

    def holds(self, values: Floats) -> Bools:
        """Which of `values` meet the condition."""
        return values >= self.threshold if self.is_least else values < self.threshold


Path = tuple[Condition, ...]
#: A segment's rule: any of its paths, each with all of its conditions.
Rule = tuple[Path, ...]


@dataclass(frozen=True)
class Rules:
    """One rule per cluster, and the labels that the rules give."""

    by_label: Mapping[int, Rule]
    labels: Ints
    fidelity: float

    @property
    def paths(self) -> int:
        """How many paths there are to remember."""
        return sum(len(rule) for rule in self.by_label.values())

    @property
    def is_faithful(self) -> bool:
        """Whether the rules give nearly everyone the cluster's label."""
        return self.fidelity >= FAITHFUL


def from_clusters(behaviour: pd.DataFrame, labels: Ints, minor_units: int) -> Rules:
    """Rules of readable thresholds that give every customer exactly one of `labels`.

    The smallest tree that is faithful is taken, else the most faithful one; then customers are
    labelled anew by the rounded thresholds.
    """
    import numpy as np

    columns = rule_columns(behaviour)
    values = {name: rule_values(behaviour, name) for name in columns}
    k = len(np.unique(labels))
    tried: list[Rules] = []
    for leaves in range(k, 2 * k + 1):
        for criterion in ("entropy", "gini"):
            tried.append(_grown(values, labels, leaves, criterion, minor_units))
            if tried[-1].is_faithful and len(tried[-1].by_label) == k:
                return tried[-1]
    return max(tried, key=lambda one: (len(one.by_label), one.fidelity - 0.01 * one.paths))


def as_json(rule: Rule) -> str:
    """A rule as it is kept in ``segment_definitions.conditions``."""
    return json.dumps(
        [[[one.column, ">=" if one.is_least else "<", one.threshold] for one in p] for p in rule]
    )


def from_json(text: str) -> Rule:
    """A rule as it was kept."""
    return tuple(
        tuple(Condition(column, sign == ">=", float(threshold)) for column, sign, threshold in path)
        for path in json.loads(text)
    )


def apply_rules(
    behaviour: pd.DataFrame, definitions: pd.DataFrame, base: Sequence[str | None] | None = None
) -> pd.Series[str]:
    """The segment of each customer by the rules alone; the first rule that holds wins.

    Parameters
    ----------
    behaviour
        One row per customer.
    definitions
        The table ``segment_definitions``, in its order.
    base
        Each customer's base, where customers are segmented within bases.
    """
    import numpy as np
    import pandas as pd

    bases = pd.Series(list(base or [""] * len(behaviour)), behaviour.index, "object").fillna("")
    given = np.full(len(behaviour), None, dtype=object)
    for one in definitions.itertuples():
        own = (bases == (one.base if isinstance(one.base, str) else "")).to_numpy()
        free = own & np.array([segment is None for segment in given])
        given[free & meets(behaviour, from_json(str(one.conditions)))] = one.segment_id
    return pd.Series(given, index=behaviour.index, name="segment_id")


def meets(behaviour: pd.DataFrame, rule: Rule) -> Bools:
    """Which customers meet a rule."""
    import numpy as np

    found = np.zeros(len(behaviour), dtype=bool)
    for path in rule:
        inside = np.ones(len(behaviour), dtype=bool)
        for one in path:
            inside &= one.holds(rule_values(behaviour, one.column))
        found |= inside
    return found


def in_words(
    rule: Rule, engagement: Engagement, names: Mapping[str, Message] | None = None
) -> Message:
    """A rule as a sentence part: "orders a month at least 4 and web share of orders below 20%"."""
    paths = [_joined([_condition(one, engagement, names) for one in path]) for path in rule]
    said = paths[0]
    for other in paths[1:]:
        said = say("{one}; or {other}", one=said, other=other)
    return said


def written(column: str, value: float, engagement: Engagement) -> Value:
    """A value of a column as the reader writes it."""
    unit = feature(column).unit
    if unit == "money":
        return Value(Decimal(str(value)) / engagement.minor_units, engagement.currency)
    if unit == "share":
        return Value(value, "share", digits=None if abs(value) >= 0.1 else _digits(100 * value))
    return Value(value, "number", digits=_digits(value))


def readable(column: str, exact: float, values: Any, minor_units: int) -> float:
    """The most readable threshold that moves hardly any of `values` to the other side."""
    import numpy as np

    near = exact
    for near in _rounded(column, exact, minor_units):
        if np.mean((np.asarray(values) < exact) != (np.asarray(values) < near)) <= _MOVED:
            break
    return near


def _rounded(column: str, exact: float, minor_units: int) -> Iterable[float]:
    """Thresholds near `exact`, the most readable first, the last one nearly exact."""
    import math

    unit = feature(column).unit
    scale = minor_units if unit == "money" else 0.01 if unit == "share" else 1
    size = exact / scale
    power = math.floor(math.log10(abs(size))) if size else 0
    whole = unit in ("count", "days")
    for step in (Decimal(5) / 10, Decimal(1) / 10, Decimal(1) / 100, Decimal(1) / 10_000):
        step = max(step * Decimal(10) ** power, Decimal(1 if whole else 0))
        count = math.ceil(size / float(step) - 1e-9) if whole else round(size / float(step))
        yield float(count * step * Decimal(str(scale)))


def _grown(
    values: Mapping[str, Floats], labels: Ints, leaves: int, criterion: str, minor_units: int
) -> Rules:
    """Grow a tree, round its thresholds from the top down, and label the customers by it."""
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    smallest = min(_SMALLEST_LEAF * len(labels), np.bincount(labels).min() / 2)
    grown = DecisionTreeClassifier(
        criterion=criterion,
        max_depth=_DEPTH,
        max_leaf_nodes=max(leaves, 2),
        min_samples_leaf=max(int(smallest), 1),
        random_state=0,
    ).fit(np.column_stack(list(values.values())), labels)
    tree, columns = grown.tree_, list(values)
    paths: list[tuple[Path, int]] = []

    def descend(node: int, path: Path, inside: Bools) -> None:
        if tree.children_left[node] == -1 or not inside.any():
            paths.append((path, _majority(labels[inside], tree.value[node][0])))
            return
        column = columns[tree.feature[node]]
        edge = readable(column, float(tree.threshold[node]), values[column][inside], minor_units)
        for is_least, child in ((False, tree.children_left), (True, tree.children_right)):
            one = Condition(column, is_least, edge)
            descend(int(child[node]), (*path, one), inside & one.holds(values[column]))

    descend(0, (), np.ones(len(labels), dtype=bool))
    return _collected(_merged(paths), values, labels)


def _majority(labels: Ints, votes: Floats) -> int:
    import numpy as np

    return int(np.bincount(labels).argmax()) if len(labels) else int(np.argmax(votes))


def _merged(paths: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
    """Sibling leaves of one label are one leaf."""
    kept = list(paths)
    for place in range(len(kept) - 1):
        (one, label), (other, same) = kept[place], kept[place + 1]
        if label == same and len(one) == len(other) and one[:-1] == other[:-1]:
            return _merged([*kept[:place], (one[:-1], label), *kept[place + 2 :]])
    return kept


def _collected(
    paths: Sequence[tuple[Path, int]], values: Mapping[str, Floats], labels: Ints
) -> Rules:
    import numpy as np

    rules: dict[int, Rule] = {}
    given = np.full(len(labels), -1)
    for path, label in paths:
        inside = np.ones(len(labels), dtype=bool)
        for one in path:
            inside &= one.holds(values[one.column])
        given[inside] = label
        if inside.any():
            rules[label] = (*rules.get(label, ()), _tightest(path))
    return Rules(rules, given, float(np.mean(given == labels)))


def _tightest(path: Path) -> Path:
    """Of several conditions on one side of a column only the tightest is needed."""
    kept: dict[tuple[str, bool], Condition] = {}
    for one in path:
        key = (one.column, one.is_least)
        before = kept.get(key)
        tighter: Callable[[float, float], float] = max if one.is_least else min
        edge = tighter(one.threshold, before.threshold) if before else one.threshold
        kept[key] = Condition(one.column, one.is_least, edge)
    return tuple(kept.values())


def _condition(
    one: Condition, engagement: Engagement, names: Mapping[str, Message] | None
) -> Message:
    about: dict[str, Any] = {
        "what": feature(one.column, names).label,
        "edge": written(one.column, one.threshold, engagement),
    }
    return (
        say("{what} at least {edge}", **about)
        if one.is_least
        else say("{what} below {edge}", **about)
    )


def _joined(parts: Sequence[Message]) -> Message:
    if not parts:
        return say("every customer")
    said = parts[0]
    for other in parts[1:]:
        said = say("{one} and {other}", one=said, other=other)
    return said


def _digits(value: float) -> int:
    """Digits behind the decimal mark that the value needs, at most three."""
    return next((n for n in range(3) if abs(value - round(value, n)) < 1e-9), 3)
