"""Customers placed by the frozen rules, with the memory that keeps them from flipping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segkit.engagement import identifier
from segkit.errors import EngagementError, nearest
from segkit.evidence import judged
from segkit.language import Message, say
from segkit.segments.cut import Cut
from segkit.segments.rfm import named
from segkit.segments.rules import Condition, Rule, meets

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.frozen import Frozen, FrozenSegment

    Bools = npt.NDArray[np.bool_]

NEAR = judged(
    "segments.near", 0.10, 0.05, 0.2, "share",
    say("A change of less than this part in every measure of the rules is no move of a customer."),
)  # fmt: skip
_REST = say("Placed by no frozen rule")
_REST_WHY = say("no rule of the frozen segments holds; a re-fit would say where they belong")


def rest_id(base: str | None) -> str:
    """The id of those whom no frozen rule covers."""
    return identifier(f"{base} unplaced") if base else "unplaced"


def rule_of(segment: FrozenSegment) -> Rule:
    """The rule of a frozen segment."""
    return tuple(tuple(Condition(c, s == ">=", t) for c, s, t in p) for p in segment.conditions)


def columns_of(segments: Sequence[FrozenSegment]) -> list[str]:
    """The columns that the rules of these segments read."""
    return sorted({one[0] for own in segments for path in own.conditions for one in path})


def readable(behaviour: pd.DataFrame, segments: Sequence[FrozenSegment]) -> pd.DataFrame:
    """Behaviour with every column of the rules: of a channel nobody uses any more, all have 0 %."""
    lacking = [name for name in columns_of(segments) if name not in behaviour]
    for name in lacking:
        if not name.startswith("share_"):
            raise EngagementError(
                f"segments.json has a rule on {name}, which behaviour lacks."
                f"{nearest(name, map(str, behaviour.columns))}\n"
                "Fix: give the table it is made from, or freeze anew with: "
                "segkit freeze --refit ENGAGEMENT"
            )
    return behaviour.assign(**dict.fromkeys(lacking, 0.0))


def placed(
    behaviour: pd.DataFrame, segments: Sequence[FrozenSegment], base: str | None = None
) -> pd.Series[str]:
    """The segment of each customer by the frozen rules: the first that holds, or else the rest."""
    import numpy as np
    import pandas as pd

    given = np.full(len(behaviour), -1)
    for place, one in enumerate(segments):
        given[(given < 0) & meets(behaviour, rule_of(one))] = place
    base = segments[0].base if segments else base
    ids = np.array([*(one.segment_id for one in segments), rest_id(base)], dtype=object)
    return pd.Series(ids[given], index=behaviour.index, dtype="object")


def near_a_cut(
    behaviour: pd.DataFrame, segments: Sequence[FrozenSegment], share: float | None = None
) -> Bools:
    """Customers whom a tenth more or less of one measure would place elsewhere."""
    import numpy as np

    share = float(NEAR) if share is None else share
    here = placed(behaviour, segments)
    near = np.zeros(len(behaviour), dtype=bool)
    for column in columns_of(segments):
        values = behaviour[column].astype("float64")
        for factor in (1 - share, 1 + share):
            there = placed(behaviour.assign(**{column: values * factor}), segments)
            near |= np.asarray(here != there)
    return near


def settled(periods: Sequence[tuple[pd.Series[Any], pd.Series[Any]]]) -> pd.Series[Any]:
    """Where each customer stands after `periods`: it moves when the move is certain.

    A move counts at the second period in a row that the rules say so, or at once where the
    customer is clearly past the cut. Who was not there before stands where the rules say.

    Parameters
    ----------
    periods
        Oldest first; by customer, the segment by the rules and whether it is near a cut.
    """
    state, before = periods[0][0], periods[0][0]
    for now, near in periods[1:]:
        was, last = state.reindex(now.index), before.reindex(now.index)
        moves = was.isna() | (now == last) | ~near
        state, before = now.where(moves, was), now
    return state


def frozen_cut(
    behaviour: pd.DataFrame, base: str | None, frozen: Frozen, back: pd.DataFrame | None = None
) -> Cut:
    """One base cut by the frozen rules; `back` is behaviour at earlier month ends."""
    import numpy as np
    import pandas as pd

    own = frozen.of_base(base)
    read = readable(behaviour, own).set_index("customer_id", drop=False)
    here, near = placed(read, own, base), pd.Series(near_a_cut(read, own), index=read.index)
    given = settled([*_earlier(back, own, read.index), (here, near)])
    ids = [*(one.segment_id for one in own), rest_id(base)]
    kept = [id for id in ids if (given == id).any()]
    by_id = {one.segment_id: one for one in own}
    rest = (_REST if base is None else say("{name} ({base})", name=_REST, base=base), _REST_WHY)
    called = {id: (said(one.name), said(one.description)) for id, one in by_id.items()}
    called[rest_id(base)] = rest
    return Cut(
        rules=[rule_of(by_id[id]) if id in by_id else () for id in kept],
        names=[called[id][0] for id in kept],
        descriptions=[called[id][1] for id in kept],
        labels=np.asarray(given.map({id: place for place, id in enumerate(kept)}), np.int64),
        is_border=near.to_numpy(),
        comes_from="frozen",
        ids=kept,
        said=[said(by_id[id].rule) if id in by_id else _REST_WHY for id in kept],
        by_rule=here.to_numpy(),
    )


def _earlier(
    back: pd.DataFrame | None, own: Sequence[FrozenSegment], customers: pd.Index[Any]
) -> list[tuple[pd.Series[Any], pd.Series[Any]]]:
    import pandas as pd

    if back is None or back.empty:
        return []
    read = readable(back[back["customer_id"].isin(customers)], own)
    made = []
    for _, period in read.groupby("as_of", sort=True):
        known = period.set_index("customer_id", drop=False)
        made.append((placed(known, own), pd.Series(near_a_cut(known, own), index=known.index)))
    return made


def frozen_scores(behaviour: pd.DataFrame, base: str | None, frozen: Frozen) -> pd.DataFrame | None:
    """Recency, frequency and value scored by the frozen edges; None of a base without any."""
    edges = next((one for one in frozen.scores if one.base == base), None)
    if edges is None:
        return None
    made = behaviour[["customer_id", "recency_days", "orders", "net_revenue"]].copy()
    made["rfm_r"] = _score(-made["recency_days"], [-edge for edge in edges.recency_days])
    made["rfm_f"] = _score(made["orders"], edges.orders)
    made["rfm_m"] = _score(made["net_revenue"], edges.net_revenue)
    bins = len(edges.orders) + 1
    codes = made[["rfm_r", "rfm_f", "rfm_m"]].itertuples(index=False)
    made["rfm_segment"] = [named(*code, bins=bins).id for code in codes]
    return made


def _score(values: pd.Series[Any], edges: Sequence[float]) -> pd.Series[int]:
    """One, and one more for every edge that is reached."""
    import numpy as np
    import pandas as pd

    reached = values.to_numpy()[:, None] >= np.array(edges)[None, :]
    return pd.Series(1 + reached.sum(axis=1), index=values.index, dtype="int64")


def said(by_language: Mapping[str, str]) -> Message:
    """A frozen text as a message that no catalogue has to hold."""
    text = by_language.get("en") or next(iter(by_language.values()))
    return Message(text.replace("{", "{{").replace("}", "}}"), own=dict(by_language))
