"""The customer base: how revenue is spread over customers and months, and how it moved."""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Years of history that count as whole ones: the first order rarely falls on the first day.
ONE_YEAR, TWO_YEARS = 0.98, 1.98


def by_size(customers: pd.DataFrame) -> pd.DataFrame:
    """Active customers from the largest net revenue down; equal ones by id, unassigned left out."""
    active = customers[customers["customer_id"].notna() & (customers["lines"] > 0)]
    return active.sort_values(["net_revenue", "customer_id"], ascending=[False, True])


def part_of_largest(revenue: pd.Series[int], share: float) -> float:
    """What the largest `share` of customers bring in, as a share of all; `revenue` falls.

    Examples
    --------
    >>> import pandas as pd
    >>> part_of_largest(pd.Series([60, 20, 10, 6, 4]), 0.2)
    0.6
    """
    total = int(revenue.sum())
    few = ceil(round(share * len(revenue), 9))  # 0.2 x 15 is 3.0000000000000004
    return int(revenue.iloc[:few].sum()) / total if total else 0.0


def customers_for_half(revenue: pd.Series[int]) -> int:
    """The smallest number of customers that bring in half of the revenue; `revenue` falls.

    Examples
    --------
    >>> import pandas as pd
    >>> customers_for_half(pd.Series([40, 20, 20, 10, 10]))
    2
    """
    return int((revenue.cumsum().shift(fill_value=0) * 2 < revenue.sum()).sum())


def concentration_curve(revenue: pd.Series[int], points: int = 50) -> pd.DataFrame:
    """Share of customers, largest first, against the share of revenue they bring in.

    Returns
    -------
    DataFrame
        ``customers``, ``customers_share``, ``revenue_share``; from nothing to everyone.
    """
    import pandas as pd

    n, total = len(revenue), int(revenue.sum()) or 1
    counts = sorted({round(n * point / points) for point in range(points + 1)})
    summed = [0, *revenue.cumsum()]
    return pd.DataFrame(
        {
            "customers": counts,
            "customers_share": [count / n for count in counts],
            "revenue_share": [summed[count] / total for count in counts],
        }
    )


def bridge(customers: pd.DataFrame) -> pd.DataFrame:
    """How net revenue moved from the twelve months before to the latest twelve.

    A customer stopped with a line in the months before and none in the latest, and is new the
    other way round; the others bought more or less.

    Returns
    -------
    DataFrame
        ``step``, ``customers``, ``change`` (minor units), in the order in which they are told;
        before + changes = latest.
    """
    import numpy as np
    import pandas as pd

    change = customers["latest"] - customers["before"]
    was, now = customers["lines_before"] > 0, customers["lines_latest"] > 0
    step = np.select(
        [customers["customer_id"].isna(), was & ~now, ~was & now, change < 0],
        ["unassigned", "stopped", "new", "less"],
        "more",
    )
    moved = pd.DataFrame({"step": step, "change": change, "customers": was | now})
    order = ["stopped", "less", "more", "new", "unassigned"]
    return moved.groupby("step").sum().reindex(order, fill_value=0).astype("int64").reset_index()


def whole_months(months: pd.DataFrame, first: date, as_of: date) -> pd.DataFrame:
    """The months that the records cover from start to end.

    The first counts when the records begin in its first days, the last when the as-of date is its
    last day: half a month is no dip.
    """
    import pandas as pd

    ends = months["month"] + pd.offsets.MonthEnd(0)
    begins = months["month"] + pd.Timedelta(days=4)
    return months[(ends <= pd.Timestamp(as_of)) & (begins >= pd.Timestamp(first))]


def years_of_history(first: date, as_of: date) -> float:
    """Years from the first order line to the as-of date."""
    return (as_of - first).days / 365.25
