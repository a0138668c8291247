"""Customers ranked by what they are worth: the whale curve, and visits beside value."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segkit.evidence import judged
from segkit.language import say

OFTEN = judged(
    "routes.often", 2.0, 1.5, 3.0, "times",
    say("Visited far more often: this many times the typical customer of the same tenth by value."),
    table="visits",
)  # fmt: skip
MONTHLY = judged(
    "routes.monthly", 1.0, 0.5, 2.0, "visits",
    say("Visited far more often: at least this often a month."),
    table="visits",
)  # fmt: skip
BREAK_EVEN = judged(
    "routes.break_even", 0.01, 0.0, 0.03, "share",
    say("Within this part of its revenue a contribution counts as break-even."),
    table="cost_to_serve",
)  # fmt: skip


def whale(values: pd.DataFrame, by: str = "contribution") -> pd.DataFrame:
    """The whale curve: customers from the most to the least profitable, summed up.

    Equal values are ranked by customer_id. Where the whole is not above zero, shares of it mean
    nothing, and `cumulative` is in the unit of `by`.

    Examples
    --------
    >>> four = pd.DataFrame({"customer_id": list("ABCD"), "contribution": [60, 80, -40, 0]})
    >>> whale(four)["cumulative"].tolist()
    [0.0, 0.8, 1.4, 1.4, 1.0]
    """
    ranked = values.dropna(subset=[by]).sort_values([by, "customer_id"], ascending=[False, True])
    total = float(ranked[by].sum())
    summed = np.append(0.0, ranked[by].to_numpy(dtype=np.float64).cumsum())
    return pd.DataFrame(
        {
            "customers": np.arange(len(ranked) + 1) / max(len(ranked), 1),
            "cumulative": summed / total if total > 0 else summed,
        }
    )


def bands(values: pd.DataFrame) -> pd.Series[str]:
    """Whether each customer makes money, breaks even (1 % of its revenue) or loses money."""
    edge = values["net_revenue"].abs() * BREAK_EVEN
    made = values["contribution"]
    return pd.Series(
        np.select([made > edge, made < -edge], ["profit", "loss"], "even"), index=values.index
    )


def tenths(value: pd.Series[float]) -> pd.Series[int]:
    """The tenth of each customer by value, 1 the best; equal values share a tenth.

    Examples
    --------
    >>> tenths(pd.Series([5.0, 9.0, 5.0, 1.0])).tolist()
    [7, 3, 7, 10]
    """
    rank = value.rank(ascending=False)
    return (rank * 10 / max(value.count(), 1)).apply(np.ceil).astype(int)


def over_visited(customers: pd.DataFrame, months: float) -> pd.DataFrame:
    """Customers visited far more often than others of their value.

    Parameters
    ----------
    customers
        One row per customer: `tenth` by value, `visits` in the period.
    months
        Length of the period.

    Returns
    -------
    DataFrame
        The same rows with `typical` (median visits of the customer's tenth), `excess` visits above
        it, and `is_over`: at least twice as often as is typical, and at least once a month.
    """
    typical = customers.groupby("tenth")["visits"].transform("median")
    is_over = (customers["visits"] >= OFTEN * typical) & (customers["visits"] >= MONTHLY * months)
    excess = (customers["visits"] - typical).clip(lower=0)
    return customers.assign(typical=typical, excess=excess, is_over=is_over)


def low_half(customers: pd.DataFrame, value: str, effort: str) -> tuple[float, float]:
    """The share of `effort` and of `value` that the lower half of customers by value has."""
    is_low = customers["tenth"] > 5
    return _part(customers[effort], is_low), _part(customers[value], is_low)


def _part(column: pd.Series[float], chosen: pd.Series[bool]) -> float:
    total = float(column.sum())
    return float(column[chosen].sum()) / total if total else 0.0
