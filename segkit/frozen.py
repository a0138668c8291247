"""``segments.json``: the segments as they were agreed, read strictly and never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segkit.errors import EngagementError

FILE = "segments.json"
#: Of the file's layout; another one is refused.
LAYOUT = 1

Number = Annotated[float, Field(allow_inf_nan=False)]
Texts = Annotated[Mapping[str, str], Field(min_length=1)]
#: A column, the side, and the threshold in the table's own units.
FrozenCondition = tuple[str, Literal[">=", "<"], Number]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FrozenSegment(_Kept):
    """One segment: what it is called, who belongs to it, and what it was like.

    Attributes
    ----------
    name, rule, description
        By language.
    conditions
        Any of the paths, each with all of its conditions; the first segment that holds wins.
    centre
        The median of each measure, as it was: what the segment stood for.
    comes_from
        What found it: clusters, value, rfm or the client's own rules.
    """

    segment_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    base: str | None = None
    name: Texts
    rule: Texts
    description: Texts
    conditions: tuple[tuple[FrozenCondition, ...], ...]
    comes_from: str
    customers: int
    net_revenue: int
    centre: Mapping[str, Number] = Field(default_factory=dict)


class FrozenScores(_Kept):
    """The edges of the recency, frequency and monetary scores within one base.

    Attributes
    ----------
    recency_days
        The most days for a score of two and more; `orders`, `net_revenue`: the least for it.
    """

    base: str | None = None
    recency_days: tuple[Number, ...]
    orders: tuple[Number, ...]
    net_revenue: tuple[Number, ...]


class Frozen(_Kept):
    """Every definition that new data is scored by."""

    layout: Literal[1]
    client: str
    as_of: date
    window_months: int
    currency: str
    primary: Literal["clusters", "rules", "rfm"]
    within: str | None = None
    segments: Annotated[tuple[FrozenSegment, ...], Field(min_length=1)]
    scores: tuple[FrozenScores, ...] = ()

    def of_base(self, base: str | None) -> tuple[FrozenSegment, ...]:
        """The segments of one base, in the order in which their rules are tried."""
        return tuple(one for one in self.segments if one.base == base)


def read_frozen(folder: Path) -> Frozen | None:
    """The frozen segments beside an engagement file; None where nothing was frozen.

    Raises
    ------
    EngagementError
        If the file cannot be read, or holds what a freeze does not write.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        kept = Frozen.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        said = f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise EngagementError(
            f"{FILE} is not as segkit freeze writes it: {said}.\n"
            "Fix: put back the file as it was agreed, or delete it and freeze anew with: "
            "segkit freeze ENGAGEMENT"
        ) from None
    ids = [one.segment_id for one in kept.segments]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise EngagementError(
            f"{FILE} defines the segment {twice[0]} twice.\nFix: delete one of the two."
        )
    return kept
