"""Signs beside the trend: silence, categories no longer bought, a discount that drifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say
from segkit.segments.deviating import robust

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.segments.deviating.table import Customers

    Floats = npt.NDArray[np.float64]

FALSE_SHARE = judged(
    "segments.deviating.false_share", 0.10, 0.05, 0.20, "share",
    say("Of the customers called deviating, at most this part may be so by chance."),
)  # fmt: skip
_PRICE = judged(
    "segments.deviating.price", 0.02, 0.01, 0.05, "share",
    say("A change of the discount against the segment is told from this part of list value on."),
)  # fmt: skip

#: List value and net of it by customer and month; returns are left out.
PRICES = """
SELECT customer_id, CAST(year(order_date) * 12 + month(order_date) - 1 AS BIGINT) AS month,
    CAST(sum(coalesce(list_amount, net_amount + discount_amount)) AS BIGINT) AS listed,
    CAST(sum(net_amount) AS BIGINT) AS net
FROM order_lines
WHERE period = 'in_window' AND customer_id IS NOT NULL AND quantity > 0 AND net_amount >= 0
    AND coalesce(list_amount, net_amount + discount_amount) > 0
GROUP BY 1, 2 ORDER BY 1, 2
"""

#: In how many orders each customer bought each category, before and in the last periods.
CATEGORIES = """
WITH bought AS (
    SELECT DISTINCT l.customer_id, l.order_id, p.category,
        CASE WHEN year(l.order_date) * 12 + month(l.order_date) - 1 >= {cut} THEN 1 ELSE 0 END
            AS is_recent
    FROM order_lines l JOIN products p ON p.product_id = l.product_id
    WHERE l.period = 'in_window' AND l.customer_id IS NOT NULL AND l.quantity > 0
        AND l.net_amount >= 0 AND p.category IS NOT NULL
        AND year(l.order_date) * 12 + month(l.order_date) - 1 BETWEEN {first} AND {last}
)
SELECT customer_id, category, CAST(sum(1 - is_recent) AS BIGINT) AS before,
    CAST(sum(is_recent) AS BIGINT) AS recent
FROM bought GROUP BY customer_id, category ORDER BY customer_id, category
"""


def is_silent(people: pd.DataFrame) -> pd.Series[bool]:
    """Who has been silent for longer than its own rhythm explains."""
    from segkit.segments.findings import is_overdue

    return is_overdue(people).astype(bool)


def price_drift(held: Customers, people: pd.DataFrame, prices: pd.DataFrame | None) -> pd.DataFrame:
    """The discount of the last periods less that of those before, beyond what the segment's did."""
    import numpy as np
    import pandas as pd

    size = len(people)
    change = np.full(size, np.nan)
    drifts = np.zeros(size, bool)
    if prices is not None and len(prices):
        rate = _discounts(held, people, prices)
        known = (~np.isnan(rate)).sum(axis=1) == held.when.count
        if known.any():
            z = rate[known] - _medians(rate[known], held.peers[known])
            cut = held.when.count - held.when.recent
            own = z[:, cut:].mean(axis=1) - np.median(z[:, :cut], axis=1)
            spread = robust.scatter(z - np.median(z, axis=1)[:, None])
            noise = robust.noise(spread, held.size[known], held.alike[known], held.when.count - 2)
            error = robust.shift_error(noise.sd, held.before[known], held.when.recent)
            change[known] = own
            drifts[known] = _found(robust.deviates(own / error, noise.freedom))
            drifts &= np.abs(np.nan_to_num(change)) >= _PRICE
    return pd.DataFrame({"discount_change": change, "has_price_drift": drifts})


def category_lost(
    held: Customers, people: pd.DataFrame, categories: pd.DataFrame | None
) -> pd.DataFrame:
    """The category that a customer still ordering no longer buys, though it would by its own habit.

    Notes
    -----
    Bought in k orders of E, the chance that none of the next n orders holds it is
    (1 + n · f / E)^-k (gamma–Poisson without prior), where f is what the segment did.
    """
    import numpy as np
    import pandas as pd

    size = len(people)
    lost = pd.Series([None] * size, dtype="string")
    chance = np.ones(size)
    if categories is not None and len(categories):
        rows = categories.assign(
            row=pd.Index(people["customer_id"]).get_indexer(categories["customer_id"])
        )
        rows = rows[rows["row"] >= 0].reset_index(drop=True)
        rows = rows.assign(**_expected(held, rows))
        # every category of a customer is looked at: the smallest of so many chances
        best = rows.sort_values(["row", "chance", "category"]).drop_duplicates("row")
        times = rows.groupby("row").size().reindex(best["row"]).to_numpy()
        chance[best["row"]] = np.minimum(1, best["chance"] * times)
        lost[best["row"].to_numpy()] = best["category"].astype("string").to_numpy()
    found = _found_by_p(np.where(chance < 1, chance, np.nan))
    return pd.DataFrame({"lost_category": lost.where(found), "has_breadth_loss": found})


def _expected(held: Customers, rows: pd.DataFrame) -> dict[str, Floats]:
    """The chance that a category is absent from the last orders, given the orders before."""
    import numpy as np

    before, recent = held.sums(held.orders)
    row = rows["row"].to_numpy()
    keys = [held.peers[row], rows["category"]]
    sums = {
        name: rows.groupby(keys)[name].transform("sum").to_numpy(np.float64)
        for name in ("before", "recent")
    }
    n = int(held.peers.max()) + 1
    orders = {
        "before": np.bincount(held.peers, before, n)[held.peers][row],
        "recent": np.bincount(held.peers, recent, n)[held.peers][row],
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (sums["recent"] / orders["recent"]) / (sums["before"] / orders["before"])
        ahead = np.nan_to_num(recent[row] * np.minimum(moved, 1) / before[row])
    k = rows["before"].to_numpy(np.float64)
    absent = (rows["recent"].to_numpy() == 0) & (k > 0) & (before[row] > 0)
    return {"chance": np.where(absent, np.exp(-k * np.log1p(ahead)), 1.0)}


def _discounts(held: Customers, people: pd.DataFrame, prices: pd.DataFrame) -> Floats:
    """The discount rate by customer and period; not-a-number where nothing was bought."""
    import numpy as np
    import pandas as pd

    row = pd.Index(people["customer_id"]).get_indexer(prices["customer_id"])
    period = held.when.of(prices["month"].to_numpy(np.int64))
    inside = (row >= 0) & (period >= 0) & (period < held.when.count)
    place = row[inside] * held.when.count + period[inside]
    shape = len(people), held.when.count
    sums = [
        np.bincount(place, prices[name].to_numpy(np.float64)[inside], shape[0] * shape[1])
        for name in ("listed", "net")
    ]
    listed, net = (one.reshape(shape) for one in sums)
    return np.where(listed > 0, 1 - net / np.where(listed > 0, listed, 1), np.nan)


def _medians(rate: Floats, peers: npt.NDArray[np.int64]) -> Floats:
    """The median discount of each customer's peers by period."""
    import pandas as pd

    return pd.DataFrame(rate).groupby(peers).transform("median").to_numpy()


def _found(deviate: Floats) -> npt.NDArray[np.bool_]:
    import numpy as np
    from scipy.stats import norm

    return _found_by_p(2 * norm.sf(np.abs(deviate / robust.spread_of(deviate))))


def _found_by_p(p: Floats) -> npt.NDArray[np.bool_]:
    """Whose p stands under the limit of the false discovery rate."""
    import numpy as np
    from scipy.stats import false_discovery_control

    found = np.zeros(len(p), bool)
    known = np.isfinite(p)
    if known.any():
        found[known] = false_discovery_control(p[known]) <= FALSE_SHARE
    return found
