"""The customer base: the arithmetic of its audit, on plain tables of customers.

A table of customers has one row per customer that was active in a period: ``customer_id``,
``orders``, ``spend`` (net revenue) and ``profit``, the amounts in whole minor units. Source of the
measures: Fader, Hardie and Ross (2022), The Customer-Base Audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from segkit.engagement import months_before

if TYPE_CHECKING:
    import pandas as pd

#: The first order rarely falls on the first day: a period that lacks so few days is whole.
SLACK_DAYS = 7
#: Years of history that count as whole ones, for the same reason.
ONE_YEAR, TWO_YEARS = 0.98, 1.98
SUMS = ["orders", "spend", "profit"]


# --- periods --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Periods:
    """A period and the equal one before it, which ends where the later begins.

    Attributes
    ----------
    months
        Length of each; 0 where the records are too short to compare, and all of them are this
        period.
    start
        The day before the first day of this period.
    before
        The day before the first day of the last period.
    """

    months: int
    before: date
    start: date
    as_of: date

    @property
    def is_year(self) -> bool:
        """Whether both are twelve months, so that their seasons are alike."""
        return self.months == 12


def periods(first: date, as_of: date) -> Periods:
    """The latest twelve months and the twelve before, or the longest two equal halves.

    Parameters
    ----------
    first
        The day of the first order line.
    """
    for months in range(12, 0, -1):
        before = months_before(as_of, 2 * months)
        if first <= before + timedelta(days=1 + SLACK_DAYS * (months > 2)):
            return Periods(months, before, months_before(as_of, months), as_of)
    day_before = first - timedelta(days=1)
    return Periods(0, day_before, day_before, as_of)


# --- one period -----------------------------------------------------------------------------


def by_size(customers: pd.DataFrame) -> pd.DataFrame:
    """Active customers from the largest net revenue down; equal ones by id, unassigned left out."""
    active = customers[customers["customer_id"].notna() & (customers["lines"] > 0)]
    return active.sort_values(["net_revenue", "customer_id"], ascending=[False, True])


def part_of_largest(values: pd.Series[int], share: float) -> float:
    """What the largest `share` of customers bring in, as a share of all; `values` fall.

    Examples
    --------
    >>> import pandas as pd
    >>> part_of_largest(pd.Series([60, 20, 10, 6, 4]), 0.2)
    0.6
    """
    total = int(values.sum())
    few = ceil(round(share * len(values), 9))  # 0.2 x 15 is 3.0000000000000004
    return int(values.iloc[:few].sum()) / total if total else 0.0


def customers_for_half(values: pd.Series[int]) -> int:
    """The smallest number of customers that bring in half of all; `values` fall.

    Examples
    --------
    >>> import pandas as pd
    >>> customers_for_half(pd.Series([40, 20, 20, 10, 10]))
    2
    """
    return int((values.cumsum().shift(fill_value=0) * 2 < values.sum()).sum())


def whale(values: pd.Series[int], points: int = 50) -> pd.DataFrame:
    """Share of customers, the best first, against the share of all that they bring in.

    Where some lose money the curve rises above 1 and falls back to it.

    Returns
    -------
    DataFrame
        ``customers``, ``customers_share``, ``cumulative_share``; from nothing to everyone.
    """
    import pandas as pd

    n, total = len(values), int(values.sum()) or 1
    counts = sorted({round(n * point / points) for point in range(points + 1)})
    summed = [0, *values.cumsum()]
    return pd.DataFrame(
        {
            "customers": counts,
            "customers_share": [count / n for count in counts],
            "cumulative_share": [summed[count] / total for count in counts],
        }
    )


def deciles(customers: pd.DataFrame, by: str = "profit") -> pd.Series[int]:
    """Tenths of the customers: ``int(10 × (rank − 1) / n) + 1``.

    Ranked by `by` falling, equal ones by ``customer_id``.
    """
    import numpy as np
    import pandas as pd

    ranked = customers.sort_values([by, "customer_id"], ascending=[False, True]).index
    tenths = 10 * np.arange(len(ranked)) // max(1, len(ranked)) + 1
    return pd.Series(tenths, index=ranked, name="decile").reindex(customers.index)


def cutoffs(profit: pd.Series[int]) -> list[int]:
    """Where tenths of the profit end: the profit of the customer who crosses each of nine.

    Summed from the largest down, the customer with whom the sum first exceeds k tenths of the
    total is cut-off k. Without a total above zero there are none.
    """
    falling = profit.sort_values(ascending=False).to_numpy().astype("int64")
    total, summed = int(falling.sum()), falling.cumsum()
    if total <= 0:
        return []
    return [int(falling[(10 * summed > k * total).argmax()]) for k in range(1, 10)]


def profit_deciles(profit: pd.Series[int], cuts: list[int]) -> pd.Series[int]:
    """Tenths of the profit: 1 above the first cut-off, 2 above the second, 10 at most the last.

    The customer who crosses a cut-off, and all with the same profit, stand below it: each tenth
    holds at most a tenth of the profit, but for the last, where all who lose money are.
    """
    import numpy as np
    import pandas as pd

    below = np.array(cuts, dtype="int64") >= profit.to_numpy()[:, None]
    return pd.Series(below.sum(axis=1) + 1, index=profit.index, name="decile")


def factors(sums: pd.DataFrame) -> pd.DataFrame:
    """Orders a customer, value an order, margin: profit = customers × frequency × value × margin.

    Parameters
    ----------
    sums
        ``customers``, ``orders``, ``spend`` and ``profit`` in each row.
    """
    return sums.assign(
        frequency=sums["orders"] / sums["customers"].where(sums["customers"] > 0),
        value=sums["spend"] / sums["orders"].where(sums["orders"] > 0),
        margin=sums["profit"] / sums["spend"].where(sums["spend"] > 0),
        spend_each=sums["spend"] / sums["customers"].where(sums["customers"] > 0),
        profit_each=sums["profit"] / sums["customers"].where(sums["customers"] > 0),
    )


def decile_table(customers: pd.DataFrame, decile: pd.Series[int]) -> pd.DataFrame:
    """One row per decile: sums, shares of all, and the factors; empty deciles have none."""
    given = customers.assign(decile=decile)
    summed = given.groupby("decile")[SUMS].sum()
    summed.insert(0, "customers", given.groupby("decile").size())
    shares = summed.div(summed.sum().where(summed.sum() != 0)).add_suffix("_share")
    return factors(summed).join(shares).reset_index()


def distribution(
    values: pd.Series[Any], width: float, above: float, below: float | None = None
) -> pd.DataFrame:
    """How many customers lie in each step of equal `width`, up to `above` and beyond it.

    A step holds what is more than its lower end and at most its upper one; the first holds its
    lower end too. Without `below` the first step begins at nothing and holds all that is less.

    Parameters
    ----------
    above
        Where the last step begins, which has no upper end.
    below
        Where the first step ends, which has no lower end: 0 keeps those who lose money apart.

    Returns
    -------
    DataFrame
        ``low`` and ``high`` (empty where there is none), ``customers``, ``customers_share``.

    Examples
    --------
    >>> import pandas as pd
    >>> distribution(pd.Series([-3, 0, 25, 26, 50, 51, 99]), 25, 50, below=0)["customers"].tolist()
    [1, 2, 2, 2]
    """
    import numpy as np
    import pandas as pd

    start = below or 0
    edges = [start + width * step for step in range(1, round((above - start) / width) + 1)]
    place = np.searchsorted(edges, values.to_numpy(), side="left")
    if below is not None:
        place = np.where(values.to_numpy() < below, 0, place + 1)
    low = [start, *edges] if below is None else [None, below, *edges]
    high = [*edges, None] if below is None else [below, *edges, None]
    counts = np.bincount(place, minlength=len(low))
    return pd.DataFrame({"low": low, "high": high}, dtype="float64").assign(
        customers=counts, customers_share=counts / max(len(values), 1)
    )


#: Steps of a distribution are one of these times a power of ten, at most so many of them.
_ROUND, _STEPS = (1, 2, 2.5, 5, 10), 16


def steps(values: pd.Series[Any]) -> tuple[float, float]:
    """A round width, and the end of the last whole step: it holds nineteen of twenty customers.

    Examples
    --------
    >>> import pandas as pd
    >>> steps(pd.Series(range(1, 601)))
    (50.0, 600.0)
    """
    high = float(values.quantile(0.95, interpolation="higher"))
    if high <= 0:
        return 1.0, 1.0
    power = 10.0 ** floor(log10(high / _STEPS))
    width = next(one * power for one in _ROUND if one * power * _STEPS >= high * (1 - 1e-9))
    return width, width * ceil(round(high / width, 9))


def percentiles(values: pd.Series[float], shares: tuple[float, ...]) -> list[float]:
    """Percentiles by straight lines between neighbours, as spreadsheets have them."""
    return [float(one) for one in values.quantile(list(shares))]


# --- two periods ----------------------------------------------------------------------------


def compared(last: pd.DataFrame, this: pd.DataFrame) -> pd.DataFrame:
    """One row per customer active in either period, by id.

    Returns
    -------
    DataFrame
        ``customer_id``, the sums of both periods (``spend_last``, ``spend_this`` …; nothing is 0)
        and ``status``: kept, lost or new.
    """
    both = last[["customer_id", *SUMS]].merge(
        this[["customer_id", *SUMS]],
        on="customer_id",
        how="outer",
        suffixes=("_last", "_this"),
        indicator="status",
    )
    told = {"both": "kept", "left_only": "lost", "right_only": "new"}
    both["status"] = both["status"].astype(str).map(told)
    numbers = [f"{name}_{when}" for name in SUMS for when in ("last", "this")]
    both[numbers] = both[numbers].fillna(0).astype("int64")
    return both.sort_values("customer_id", ignore_index=True)


def groups(both: pd.DataFrame) -> pd.DataFrame:
    """Kept, lost and new customers and all of each period, with their factors.

    Returns
    -------
    DataFrame
        ``status`` (kept, lost, new, all), ``when`` (last, this), ``customers``, sums, factors.
    """
    import pandas as pd

    rows = [
        {"status": status, "when": when, "customers": len(part)}
        | {name: int(part[f"{name}_{when}"].sum()) for name in SUMS}
        for status, when in (
            ("kept", "last"), ("lost", "last"), ("all", "last"),
            ("kept", "this"), ("new", "this"), ("all", "this"),
        )
        for part in [
            both[both["status"].isin(["kept", "lost" if when == "last" else "new"])]
            if status == "all"
            else both[both["status"] == status]
        ]
    ]  # fmt: skip
    return factors(pd.DataFrame(rows))


_BITS = {"profit_up": 8, "orders_up": 4, "value_up": 2, "margin_up": 1}
MOVES = [*_BITS]


def up_down(both: pd.DataFrame) -> pd.DataFrame:
    """Kept customers by whether profit, orders, value an order and margin went up.

    An unchanged value counts as up. Ratios are compared as whole numbers, multiplied crosswise.
    Who has no order or no spend above zero in one of the periods has no value or margin: such
    customers stand apart in one row, where the moves are empty.

    Returns
    -------
    DataFrame
        The four moves (True, False or None), ``customers``, ``profit_last``, ``profit_this``
        and ``change``; up before down, rows that occur only.
    """
    import pandas as pd

    kept = both[both["status"] == "kept"]
    last, this = ({name: kept[f"{name}_{when}"].astype(object) for name in SUMS}
                  for when in ("last", "this"))  # fmt: skip
    known = pd.concat(
        [one[name] > 0 for one in (last, this) for name in ("orders", "spend")], axis=1
    ).all(axis=1)
    moves = pd.DataFrame(
        {
            "profit_up": this["profit"] >= last["profit"],
            "orders_up": this["orders"] >= last["orders"],
            "value_up": this["spend"] * last["orders"] >= last["spend"] * this["orders"],
            "margin_up": this["profit"] * last["spend"] >= last["profit"] * this["spend"],
        }
    )
    place = (moves.astype("int64") * pd.Series(_BITS)).sum(axis=1)
    summed = kept.groupby(place.where(known, -1))
    table = summed[["profit_last", "profit_this"]].sum()
    table.insert(0, "customers", summed.size())
    table = table.assign(change=table["profit_this"] - table["profit_last"])
    table = table.sort_index(ascending=False)
    for name, bit in _BITS.items():
        table[name] = pd.Series(
            [None if place < 0 else bool(place & bit) for place in table.index],
            index=table.index, dtype=object,
        )  # fmt: skip
    return table.reset_index(drop=True)[
        [*_BITS, "customers", "profit_last", "profit_this", "change"]
    ]


def migration(last: pd.Series[int], this: pd.Series[int]) -> pd.DataFrame:
    """Customers by the decile they were in (rows) and are in (columns).

    Parameters
    ----------
    last, this
        Decile by ``customer_id`` of each period.

    Returns
    -------
    DataFrame
        ``was`` 1-10 or 0 for new, ``now`` 1-10 or 0 for lost, ``customers``; every pair once.
    """
    import pandas as pd

    moved = pd.DataFrame({"was": last, "now": this}).fillna(0).astype("int64")
    counts = moved.groupby(["was", "now"]).size()
    places = [*range(1, 11), 0]
    every = pd.MultiIndex.from_product([places, places], names=["was", "now"])
    table = counts.reindex(every, fill_value=0).rename("customers").reset_index()
    return table[(table["was"] > 0) | (table["now"] > 0)].reset_index(drop=True)


# --- months ---------------------------------------------------------------------------------


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
