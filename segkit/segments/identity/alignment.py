"""Segments that were found anew, matched with those frozen before by the customers they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segkit.evidence import judged
from segkit.language import Value, say
from segkit.segments.identity.scoring import placed, readable, said

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.engagement import Engagement
    from segkit.frozen import Frozen
    from segkit.segments.cut import Cut

SAME = judged(
    "segments.same", 0.75, 0.6, 0.85, "number",
    say("A re-fit segment keeps its id and name from this Jaccard index with the old one on."),
)  # fmt: skip
_KINDS = {
    "base": "string", "found_id": "string", "old_id": "string", "customers": "int64",
    "both": "int64", "jaccard": "float64", "is_kept": "bool",
}  # fmt: skip
_COLUMNS = [name for name in _KINDS if name != "base"]


@dataclass(frozen=True)
class Match:
    """One old and one new segment that share the most customers; places in their orders."""

    old: int
    new: int
    both: int
    jaccard: float


def matched(shared: npt.NDArray[np.int64]) -> list[Match]:
    """The pairs that share the most customers in all (rows old, columns new).

    Each segment is in at most one pair, and pairs share at least one customer.

    Examples
    --------
    >>> import numpy as np
    >>> found = matched(np.array([[5, 40, 1], [30, 2, 3], [0, 6, 25]]))
    >>> [(one.new, round(one.jaccard, 4)) for one in found]
    [(1, 0.7407), (0, 0.75), (2, 0.7143)]
    """
    from scipy.optimize import linear_sum_assignment

    olds, news = linear_sum_assignment(shared, maximize=True)
    made = []
    for old, new in zip(olds.tolist(), news.tolist(), strict=True):
        both = int(shared[old, new])
        either = int(shared[old].sum() + shared[:, new].sum()) - both
        if both:
            made.append(Match(old, new, both, both / either))
    return made


def alignment(
    behaviour: pd.DataFrame,
    labels: npt.NDArray[np.int64],
    ids: Sequence[str],
    base: str | None,
    frozen: Frozen,
) -> pd.DataFrame:
    """How the segments of a re-fit match those frozen before, as both place today's customers.

    Returns
    -------
    DataFrame
        One row per new segment, and per frozen one that no new one matches: base, found_id (as it
        was named anew), old_id, customers, both, jaccard, is_kept.
    """
    import numpy as np
    import pandas as pd

    own = frozen.of_base(base)
    there = np.asarray(placed(readable(behaviour, own), own))
    olds = [one.segment_id for one in own]
    shared = np.array(
        [[((there == old) & (labels == new)).sum() for new in range(len(ids))] for old in olds],
        dtype=np.int64,
    ).reshape(len(olds), len(ids))
    pairs = {one.new: one for one in matched(shared)}
    rows: list[tuple[Any, ...]] = [
        (id, None, int((labels == new).sum()), 0, 0.0, False)
        if new not in pairs
        else (
            id, olds[pairs[new].old], int((labels == new).sum()), pairs[new].both,
            pairs[new].jaccard, bool(pairs[new].jaccard >= SAME),
        )
        for new, id in enumerate(ids)
    ]  # fmt: skip
    lost = sorted(set(range(len(olds))) - {one.old for one in pairs.values()})
    rows += [(None, olds[n], int((there == olds[n]).sum()), 0, 0.0, False) for n in lost]
    made = pd.DataFrame(rows, columns=_COLUMNS).assign(base=base)
    return made.astype(_KINDS)


def renamed(
    made: Cut, ids: Sequence[str], matches: pd.DataFrame, agreed: Engagement
) -> tuple[Cut, list[str]]:
    """The ids and names of a re-fit: the frozen ones where the match holds, else new ones."""
    assert agreed.frozen is not None
    known = {one.segment_id: one for one in agreed.frozen.segments}
    names, new_ids = list(made.names), list(ids)
    rows = matches[matches["found_id"].notna()].to_dict("records")
    for place, one in enumerate(rows):
        if one["is_kept"]:
            frozen = known[one["old_id"]]
            new_ids[place], names[place] = frozen.segment_id, said(frozen.name)
        elif new_ids[place] in known:  # the same words for other customers: another segment
            new_ids[place] = f"{new_ids[place]}_from_{agreed.as_of:%Y_%m}"
            month = Value(agreed.as_of, "month")
            names[place] = say("{name} (from {month})", name=made.names[place], month=month)
    return replace(made, names=names), new_ids


def not_aligned() -> pd.DataFrame:
    """The table where nothing was frozen before."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _KINDS.items()})
