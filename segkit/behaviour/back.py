"""Behaviour as of the month ends since the segments were frozen: the memory of re-scored ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.behaviour.before import known_at
from segkit.engagement import months_before

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

#: Who stood elsewhere longer ago has settled since.
_MONTH_ENDS = 6


def back(given: Given) -> pd.DataFrame:
    """The recipe of ``behaviour_back``: customer_id, as_of, and the columns of the frozen rules.

    One row per customer and month end, oldest first; none where nothing is frozen or nothing is
    to be remembered.
    """
    import pandas as pd

    agreed = given.engagement
    frozen = agreed.rescored_by
    empty = pd.DataFrame(
        {"customer_id": pd.Series(dtype="str"), "as_of": pd.Series(dtype="datetime64[us]")}
    )
    if frozen is None or not agreed.segmentation.hysteresis:
        return empty
    wanted = {one[0] for own in frozen.segments for path in own.conditions for one in path}
    days = [months_before(agreed.as_of, number) for number in range(_MONTH_ENDS, 0, -1)]
    made = []
    for day in days:
        if day < frozen.as_of:
            continue
        known = known_at(given, agreed.model_copy(update={"as_of": day}))
        kept = ["customer_id", *(name for name in map(str, known) if name in wanted)]
        made.append(known[kept].assign(as_of=pd.Timestamp(day)))
    return pd.concat(made, ignore_index=True) if made else empty
