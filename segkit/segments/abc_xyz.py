"""ABC by value and XYZ by steadiness: nine fields that a director knows, with their convention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

A_UP_TO = judged(
    "segments.abc_a", 0.80, 0.70, 0.85, "share",
    say("The largest that together bring in this part of the sum are A."),
)  # fmt: skip
B_UP_TO = judged(
    "segments.abc_b", 0.95, 0.90, 0.97, "share",
    say("A and B together bring in this part of the sum; the rest is C."),
)  # fmt: skip
X_UP_TO = judged(
    "segments.xyz_x", 0.5, 0.4, 0.6, "times",
    say("Months that vary by at most this part of their mean are steady: X."),
)  # fmt: skip
Y_UP_TO = judged(
    "segments.xyz_y", 1.0, 0.8, 1.25, "times",
    say("Months that vary by at most this part of their mean are Y; the rest is Z."),
)  # fmt: skip
FEWEST_MONTHS = judged(
    "segments.xyz_months", 6, 4, 12, "months",
    say("How much months vary is told from so many months on."),
)  # fmt: skip
_RARE = judged(
    "segments.xyz_rare", 31, 28, 45, "days",
    say("Where the usual gap between orders is longer, steadiness is told by quarter."),
)  # fmt: skip


def abc(values: pd.Series[int]) -> pd.Series[str]:
    """A, B or C by the part of the sum that all larger ones bring in; equal values alike.

    Who brings in nothing, or less, is C.

    Examples
    --------
    >>> import pandas as pd
    >>> abc(pd.Series([700, 100, 100, 60, 40, 0])).tolist()
    ['A', 'A', 'A', 'B', 'C', 'C']
    """
    import numpy as np
    import pandas as pd

    gained = values.clip(lower=0).astype("int64")
    by_value = gained.groupby(gained).sum().sort_index(ascending=False)
    larger = (by_value.cumsum() - by_value) / max(int(by_value.sum()), 1)
    before = gained.map(larger).astype("float64")
    letters = np.select([gained <= 0, before < A_UP_TO, before < B_UP_TO], ["C", "A", "B"], "C")
    return pd.Series(letters, index=values.index, dtype="str")


def xyz(deviation: pd.Series[float]) -> pd.Series[str]:
    """X, Y or Z by the variation of months; empty where it is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> xyz(pd.Series([0.5, 1.0, 3.0])).tolist()
    ['X', 'Y', 'Z']
    """
    import numpy as np
    import pandas as pd

    letters = np.select([deviation <= X_UP_TO, deviation <= Y_UP_TO, deviation > Y_UP_TO],
                        ["X", "Y", "Z"], "")  # fmt: skip
    return pd.Series(letters, index=deviation.index, dtype="str").replace("", None)


def variation(months: pd.DataFrame, last: int, window: int, step: int = 1) -> pd.Series[float]:
    """Standard deviation over mean of each customer's months, empty ones counting as zero.

    Months before a customer's first one in the window are not its own and are left out.

    Parameters
    ----------
    months
        ``customer_months``: one row per customer and month with a line.
    last, window
        The last month of the window as ``year * 12 + month - 1``, and how many there are.
    step
        How many months make one period, counted back from the last one.
    """
    import numpy as np
    import pandas as pd

    periods = window // step
    kept = months[months["month"].between(last - periods * step + 1, last)]
    ago = (last - kept["month"]) // step
    sums = kept["net_revenue"].groupby([kept["customer_id"], ago], sort=True).sum().clip(lower=0)
    frame = pd.DataFrame(
        {"one": sums.astype("float64"), "square": sums.astype("float64") ** 2,
         "ago": sums.index.get_level_values(1)}
    )  # fmt: skip
    found = frame.groupby(level=0, sort=True).agg({"one": "sum", "square": "sum", "ago": "max"})
    lived = (found["ago"] + 1).astype("float64")
    mean = found["one"] / lived
    variance = (found["square"] / lived - mean**2).clip(lower=0)
    known = (lived * step >= FEWEST_MONTHS) & (lived > 1) & (mean > 0)
    return (np.sqrt(variance) / mean.where(known)).round(9)


def period_months(gap_days: pd.Series[float]) -> int:
    """Months in a period: one, or a quarter where most order less than monthly.

    By the middle of the usual gaps of all customers who have one.

    Examples
    --------
    >>> import pandas as pd
    >>> [period_months(pd.Series(gaps)) for gaps in ([7.0, 30.0, 90.0], [30.0, 91.0, 92.0], [])]
    [1, 3, 1]
    """
    middle = float(gap_days.astype("float64").median())
    return 3 if middle > _RARE else 1


def abc_xyz(given: Given) -> pd.DataFrame:
    """The recipe of ``abc_xyz``, one row per active customer, sorted.

    Its columns: customer_id, net_revenue, period_months (1 or 3, the same for all), variation, abc,
    xyz, field (both letters; too short a history has no second letter).
    """
    agreed = given.engagement
    behaviour = given.table("behaviour").sort_values("customer_id", ignore_index=True)
    made = behaviour[["customer_id", "net_revenue"]].copy()
    made["period_months"] = period_months(behaviour["gap_days"])
    last = agreed.as_of.year * 12 + agreed.as_of.month - 1
    step = int(made["period_months"].iloc[0])
    varies = variation(given.table("customer_months"), last, agreed.window_months, step)
    made["variation"] = made["customer_id"].map(varies).astype("float64")
    made["abc"] = abc(made["net_revenue"])
    made["xyz"] = xyz(made["variation"])
    made["field"] = made["abc"] + made["xyz"].fillna("–")
    return made
