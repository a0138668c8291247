"""What sets a segment apart, as its name, its id and a sentence: never "Cluster 3"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.engagement import Engagement, identifier
from segkit.evidence import judged
from segkit.language import Message, say
from segkit.segments.features import FEATURES, SHARE_BLOCKS, TENURE, Feature, feature, share_columns
from segkit.segments.rules import written

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: From this many orders a month on a segment's rhythm is called so.
_RHYTHMS = (
    (3.1, say("Weekly")),
    (1.5, say("Fortnightly")),
    (0.7, say("Monthly")),
    (0.4, say("Two-monthly")),
    (0.25, say("Quarterly")),
    (0.0, say("Occasional")),
)
_ONE_ORDER = say("One-order")
_APART = judged(
    "segments.apart", 0.5, 0.3, 0.8, "deviations",
    say("A trait sets a segment apart from this many standard deviations on."),
)  # fmt: skip
_SLIGHT = judged(
    "segments.slight", 0.2, 0.1, 0.3, "deviations",
    say("A trait tells two segments of one name apart from this many standard deviations on."),
)  # fmt: skip
_VISIBLE = judged(
    "segments.visible", 0.15, 0.1, 0.25, "share",
    say("A trait is named only where its typical value differs by this part."),
)  # fmt: skip
#: A channel or category gives its name to a segment that has at least this share of it.
_LEADING = {"share_channel_": 0.5, "share_category_": 0.3}
_TREND = judged(
    "segments.trend", 0.05, 0.03, 0.1, "share",
    say("A segment is called growing or fading from this change a quarter on."),
)  # fmt: skip


@dataclass(frozen=True)
class Trait:
    """One measure in which a segment differs: its median there, and that of its whole base."""

    feature: Feature
    apart: float
    here: float
    everywhere: float

    @property
    def is_marked(self) -> bool:
        """Whether it is far apart both among customers and as a number a reader sees."""
        gap = abs(self.here - self.everywhere)
        far = gap > 0 and gap >= _VISIBLE * abs(self.everywhere)
        return far and abs(self.apart) >= _APART

    @property
    def word(self) -> Message | None:
        """The word for being far above, or far below."""
        return self.feature.high if self.apart > 0 else self.feature.low


def traits(
    behaviour: pd.DataFrame, inside: npt.NDArray[np.bool_], names: Mapping[str, Message]
) -> list[Trait]:
    """What sets the customers `inside` apart from the others, the strongest first."""
    found = []
    columns = [one.column for one in (*FEATURES, TENURE) if one.column in behaviour]
    for prefix, _ in SHARE_BLOCKS:
        columns += share_columns(behaviour, prefix)
    for column in columns:
        values = behaviour[column].astype("float64")
        own, others = values[inside], values[~inside]
        spread = values.std()
        if not spread > 0 or own.notna().sum() == 0 or others.notna().sum() == 0:
            continue
        apart = float((own.mean() - others.mean()) / spread)
        middle = (float(own.median()), float(values.median()))
        if column.startswith("share_"):
            middle = (float(own.mean()), float(values.mean()))
        found.append(Trait(feature(column, names), apart, *middle))
    return sorted(found, key=lambda one: (-abs(one.apart), one.feature.column))


def rhythm(own: pd.DataFrame) -> Message:
    """How often the customers of a segment order, in a word."""
    if own["orders"].median() < 2:  # one order is no rhythm
        return _ONE_ORDER
    rate = float(own["orders_per_month"].median())
    return next(word for least, word in _RHYTHMS if rate >= least)


def unique_names(found: Sequence[tuple[Message, Sequence[Trait]]]) -> list[Message]:
    """A name for each segment: its rhythm and what sets it apart from all the others.

    Where an earlier segment has that name, words are added in which the two differ most.

    Parameters
    ----------
    found
        Each segment's rhythm and traits, in order of net revenue: the first keeps the shorter name.
    """
    taken: dict[str, Sequence[Trait]] = {}
    names: list[Message] = []
    for often, traits_here in found:
        words = [one for one in traits_here if one.is_marked and _is_true_word(one)][:1]
        name = _name(often, words)
        while str(name) in taken and len(words) < 3:
            more = _telling(traits_here, taken[str(name)], words)
            if more is None:
                break
            words = [*words, more]
            name = _name(often, words)
        place = 2
        while str(name) in taken:
            name, place = say("{name} {place}", name=_name(often, words), place=place), place + 1
        taken[str(name)] = traits_here
        names.append(name)
    return names


def _telling(here: Sequence[Trait], there: Sequence[Trait], said: Sequence[Trait]) -> Trait | None:
    """The trait in which a segment differs most from its namesake, and has a true word for it."""
    other = {one.feature.column: one.apart for one in there}

    def differs(one: Trait) -> float:
        return abs(one.apart - other.get(one.feature.column, 0.0))

    free = [one for one in here if one not in said and _is_true_word(one)]
    best = max(free, key=differs, default=None)
    return best if best is not None and differs(best) >= _SLIGHT else None


def segment_id(name: Message | str, base: str | None) -> str:
    """The id of a segment: its English name in plain letters, behind that of its base."""
    return identifier(f"{base} {name}" if base else str(name))


def describe(found: Sequence[Trait], engagement: Engagement) -> Message:
    """The three strongest traits in words: "order value: PLN 2,300 (all: PLN 950)"."""
    told = [
        say(
            "{what}: {here} (all: {everywhere})",
            what=one.feature.label,
            here=written(one.feature.column, _readable(one.here), engagement),
            everywhere=written(one.feature.column, _readable(one.everywhere), engagement),
        )
        for one in [one for one in found if one.is_marked][:3]
    ]
    if not told:
        return say("close to the average in every measure")
    said = told[0]
    for other in told[1:]:
        said = say("{one}; {other}", one=said, other=other)
    return said


def _is_true_word(one: Trait) -> bool:
    """Whether a trait may stand in a name: true in the words' own sense."""
    if one.word is None or abs(one.apart) < _SLIGHT:
        return False
    if one.feature.column == "trend":
        return abs(one.here) >= _TREND and (one.here > 0) == (one.apart > 0)
    for prefix, least in _LEADING.items():
        if one.feature.column.startswith(prefix):
            return one.apart > 0 and one.here >= least and not one.feature.column.endswith("_other")
    return True


def _name(often: Message, words: Sequence[Trait]) -> Message:
    said = [one.word for one in words]
    told = {"rhythm": often, **dict(zip(("one", "two", "three"), said, strict=False))}
    if not said:
        return say("{rhythm} buyers", **told)
    if len(said) == 1:
        return say("{rhythm} {one} buyers", **told)
    if len(said) == 2:
        return say("{rhythm} {one} {two} buyers", **told)
    return say("{rhythm} {one} {two} {three} buyers", **told)


def _readable(value: float) -> float:
    """The value to two significant digits, or whole from 100 on."""
    return float(f"{value:.2g}") if abs(value) < 100 else float(round(value))
