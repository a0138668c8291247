"""One measurable rule for each segment: what a seller can look up decides, not the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from segkit.evidence import SEED, judged
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
CHEAP = judged(
    "segments.cheap", 1.10, 1.05, 1.2, "times",
    say("Rules that spread a segment further than the clusters are called approximate."),
)  # fmt: skip
_DEPTH = 4
#: Trees are grown on at most so many customers, and their cuts resampled on at most so many.
_GROWN_ON, _RESAMPLED_ON, _RESAMPLES = 20_000, 2_000, 100
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
class Threshold:
    """One cut of the rules: where it lies, and the middle half of its places in resamples.

    Attributes
    ----------
    customers
        Whom it divides.
    """

    column: str
    threshold: float
    low: float
    high: float
    customers: int


@dataclass(frozen=True)
class Rules:
    """One rule per cluster, and the labels that the rules give.

    Attributes
    ----------
    fidelity
        Share of customers whom the rules place as the clusters do.
    price
        Spread within the rules' segments over that within the clusters.
    """

    by_label: Mapping[int, Rule]
    labels: Ints
    fidelity: float
    price: float
    thresholds: tuple[Threshold, ...]

    @property
    def paths(self) -> int:
        """How many paths there are to remember."""
        return sum(len(rule) for rule in self.by_label.values())


def from_clusters(behaviour: pd.DataFrame, labels: Ints, points: Floats, minor_units: int) -> Rules:
    """Rules of readable thresholds that give every customer exactly one of `labels`.

    Of trees with k to 2k leaves the smallest one is taken that places nearly everyone as the
    clusters do, else the one that places the most.
    Each threshold is rounded within the middle half of its places in bootstrap samples, from the
    top down; then customers are labelled anew.
    """
    values = {name: rule_values(behaviour, name) for name in rule_columns(behaviour)}
    return told_apart(values, labels, points, minor_units)


def told_apart(
    values: Mapping[str, Floats], labels: Ints, points: Floats, minor_units: int
) -> Rules:
    """`from_clusters`, of columns of numbers."""
    import numpy as np

    k = len(np.unique(labels))
    tried: list[Rules] = []
    grown: set[int] = set()
    for leaves in range(k, 2 * k + 1):
        tree = _grown(values, labels, leaves)
        if tree.node_count in grown:  # no further leaf was worth it
            continue
        grown.add(tree.node_count)
        tried.append(_rounded_tree(tree, values, labels, points, minor_units))
        if tried[-1].fidelity >= FAITHFUL and len(tried[-1].by_label) == k:
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


def exactly(column: str, value: float, engagement: Engagement) -> Value:
    """A threshold with every digit it has: what the page says is what decides."""
    if feature(column).unit == "share":
        return Value(value, "share", digits=_digits(100 * value))
    return written(column, value, engagement)


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
    scale = _scale(column, minor_units)
    size = exact / scale
    power = math.floor(math.log10(abs(size))) if size else 0
    whole = unit in ("count", "days")
    for step in (Decimal(5) / 10, Decimal(1) / 10, Decimal(1) / 100, Decimal(1) / 10_000):
        step = max(step * Decimal(10) ** power, Decimal(1 if whole else 0))
        count = math.ceil(size / float(step) - 1e-9) if whole else round(size / float(step))
        yield float(count * step * Decimal(str(scale)))


def _grown(values: Mapping[str, Floats], labels: Ints, leaves: int) -> Any:
    """A tree of at most so many leaves, grown on a sample where there are many customers."""
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    sample = _sample(np.arange(len(labels)), _GROWN_ON)
    own = labels[sample]
    smallest = min(_SMALLEST_LEAF * len(own), np.bincount(own)[np.unique(own)].min() / 2)
    return (
        DecisionTreeClassifier(
            criterion="entropy",
            max_depth=_DEPTH,
            max_leaf_nodes=max(leaves, 2),
            min_samples_leaf=max(int(smallest), 1),
            random_state=0,
        )
        .fit(np.column_stack([column[sample] for column in values.values()]), own)
        .tree_
    )


def _rounded_tree(
    tree: Any, values: Mapping[str, Floats], labels: Ints, points: Floats, minor_units: int
) -> Rules:
    """A tree with its thresholds rounded from the top down, and the labels it then gives."""
    import numpy as np

    columns, numbers = list(values), np.unique(labels)
    paths: list[tuple[Path, int]] = []
    cuts: list[Threshold] = []

    def descend(node: int, path: Path, inside: Bools) -> None:
        if tree.children_left[node] == -1 or not inside.any():
            votes = numbers[int(np.argmax(tree.value[node][0]))]
            paths.append(
                (path, int(np.bincount(labels[inside]).argmax()) if inside.any() else votes)
            )
            return
        column = columns[tree.feature[node]]
        places = _sample(np.flatnonzero(inside), _RESAMPLED_ON)
        near = float(tree.threshold[node])
        low, high = resampled_cut(values[column][places], labels[places], near)
        edge = most_readable(column, low, high, minor_units)
        cuts.append(Threshold(column, edge, round(low, 9), round(high, 9), int(inside.sum())))
        for is_least, child in ((False, tree.children_left), (True, tree.children_right)):
            one = Condition(column, is_least, edge)
            descend(int(child[node]), (*path, one), inside & one.holds(values[column]))

    descend(0, (), np.ones(len(labels), dtype=bool))
    return _collected(_merged(paths), values, labels, points, cuts)


def resampled_cut(values: Floats, labels: Ints, near: float) -> tuple[float, float]:
    """The middle half of the places where bootstrap samples would cut `values`.

    A cut lies halfway between two neighbours; where all samples choose the same two, anywhere
    between them divides the customers alike, and that is the range. `near` is kept where no
    sample can be cut.
    """
    import numpy as np

    order = np.argsort(values, kind="stable")
    ranked, own = values[order], labels[order]
    known = own[:, None] == np.unique(own)
    rng = np.random.default_rng(SEED)
    places = []
    for _ in range(_RESAMPLES):
        weights = np.bincount(rng.integers(0, len(own), len(own)), minlength=len(own))
        place = _best_cut(ranked, known, weights)
        if place is not None:
            places.append(place)
    if not places:
        return near, near
    low, high = (float(one) for one in np.quantile(places, [0.25, 0.75]))
    if low == high:
        below, above = ranked[ranked < low], ranked[ranked >= low]
        if len(below) and len(above):
            return float(np.nextafter(below[-1], np.inf)), float(above[0])
    return low, high


def _best_cut(ranked: Floats, known: Bools, weights: Ints) -> float | None:
    """Where one sample of sorted values is best cut: the least entropy of its classes."""
    import numpy as np
    from scipy.special import xlogy

    inside = np.flatnonzero(weights)
    counts = np.cumsum(known[inside] * weights[inside][:, None], axis=0, dtype=np.float64)
    left, right = counts[:-1], counts[-1] - counts[:-1]
    apart = np.flatnonzero(np.diff(ranked[inside]) > 0)
    if not len(apart):
        return None
    chaos = sum(
        xlogy(side.sum(axis=1), side.sum(axis=1)) - xlogy(side, side).sum(axis=1)
        for side in (left[apart], right[apart])
    )
    best = apart[int(np.argmin(np.round(chaos, 9)))]
    return float((ranked[inside][best] + ranked[inside][best + 1]) / 2)


def most_readable(column: str, low: float, high: float, minor_units: int) -> float:
    """The roundest number between `low` and `high`, the nearest to their middle.

    Examples
    --------
    >>> most_readable("orders_per_month", 1.08, 1.31, 100)
    1.2
    """
    import math

    scale = _scale(column, minor_units)
    least, most = low / scale, high / scale
    middle = (least + most) / 2
    if feature(column).unit in ("count", "days"):  # of whole numbers the next one divides alike
        least, most, middle = math.ceil(least), math.ceil(most), math.ceil(middle - 1e-9)
    power = math.floor(math.log10(max(abs(least), abs(most)))) if least or most else 0
    for step in _steps(power):
        nearest = round(middle / float(step)) * step
        for one in (nearest, nearest - step, nearest + step):
            if least <= float(one) <= most:
                return float(one * Decimal(str(scale)))
    return (low + high) / 2


def _steps(power: int) -> Iterable[Decimal]:
    """Steps of round numbers: 50, 25, 10, 5, 2, 1, 0.5, … of numbers in tens."""
    for lower in range(0, 7):
        for digit in ("5", "2", "1"):
            yield Decimal(digit) * Decimal(10) ** (power - lower)


def _scale(column: str, minor_units: int) -> float:
    unit = feature(column).unit
    return minor_units if unit == "money" else 0.01 if unit == "share" else 1


def _sample(places: Ints, most: int) -> Ints:
    """At most so many of `places`, drawn at random."""
    import numpy as np

    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(SEED).choice(places, most, replace=False))


def _merged(paths: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
    """Sibling leaves of one label are one leaf."""
    kept = list(paths)
    for place in range(len(kept) - 1):
        (one, label), (other, same) = kept[place], kept[place + 1]
        if label == same and len(one) == len(other) and one[:-1] == other[:-1]:
            return _merged([*kept[:place], (one[:-1], label), *kept[place + 2 :]])
    return kept


def _collected(
    paths: Sequence[tuple[Path, int]],
    values: Mapping[str, Floats],
    labels: Ints,
    points: Floats,
    cuts: Sequence[Threshold],
) -> Rules:
    import numpy as np

    from segkit.segments.clusters import unexplained

    rules: dict[int, Rule] = {}
    given = np.full(len(labels), -1)
    spare: list[tuple[Path, int]] = []  # met by nobody today
    for path, label in paths:
        inside = np.ones(len(labels), dtype=bool)
        for one in path:
            inside &= one.holds(values[one.column])
        given[inside] = label
        if inside.any():
            rules[label] = (*rules.get(label, ()), _tightest(path))
        else:
            spare.append((path, label))
    for path, label in spare:
        label = label if label in rules else int(np.bincount(given).argmax())
        rules[label] = (*rules[label], _tightest(path))
    price = unexplained(points, given) / unexplained(points, labels)
    return Rules(rules, given, float(np.mean(given == labels)), price, tuple(cuts))


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
        "edge": exactly(one.column, one.threshold, engagement),
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
