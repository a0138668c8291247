"""What each customer costs to serve, by time-driven activity-based costing, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.errors import SourceError, first_few
from segkit.evidence import SEED, agreed_range, assumed, judged
from segkit.language import say

if TYPE_CHECKING:
    from segkit.engagement import Engagement
    from segkit.store import Given

Floats = npt.NDArray[np.float64]
SPAN = ["period_start", "period_end"]
ROW = ["customer_id", "pool", "activity", "channel"]
DRAWS = 400
SURE = judged(
    "routes.sure", 0.9, 0.8, 0.95, "share",
    say("A loss or a profit is called sure when at least this part of the draws agree."),
    table="cost_to_serve",
)  # fmt: skip
MINUTES = judged(
    "activity_minutes", 1.0, 0.75, 1.25, "times",
    say("Work takes this many times the given minutes; nobody has measured them."),
    is_asked=True, table="cost_to_serve",
)  # fmt: skip
CAPACITY = judged(
    "practical_capacity", 1.0, 1.0, 1.0, "share",
    say("Part of the paid time that is left for work; none agreed is taken as given."),
    is_asked=True, table="cost_to_serve",
)  # fmt: skip


def cost_to_serve(given: Given) -> dict[str, pd.DataFrame]:
    """Cost to serve by customer, pool, activity and channel, and the capacity of each pool.

    Only the months that every pool covers and that end in the window are costed, so that cost and
    margin can be compared. Minutes are those recorded, cost is in minor units.

    Returns
    -------
    dict
        ``cost_to_serve``, whose empty `customer_id` is work for nobody known, and
        ``pool_capacity``, one row per pool and period, where assigned + unused = cost.
    """
    agreed = given.engagement
    pools = comparable(given.table("resources"), agreed)
    activities = given.table("activities")[["activity", "pool", "minutes", "driver"]]
    factor = assumed(agreed, "activity_minutes").value
    return spread(pools, activities, driver_counts(given, pools), factor)


def comparable(resources: pd.DataFrame, agreed: Engagement) -> pd.DataFrame:
    """The pool periods that can be compared: they end in the window and all pools cover them.

    Raises
    ------
    SourceError
        If none is left, or periods of one pool overlap.
    """
    summed = resources.groupby(["pool", *SPAN], as_index=False)[["cost", "practical_minutes"]].sum()
    _refuse_overlaps(summed)
    ends = summed["period_end"]
    inside = (ends > pd.Timestamp(agreed.window_start)) & (ends <= pd.Timestamp(agreed.as_of))
    kept = summed[inside]
    covered = kept.groupby("pool").agg(first=("period_start", "min"), last=("period_end", "max"))
    kept = kept[
        (kept["period_start"] >= covered["first"].max())
        & (kept["period_end"] <= covered["last"].min())
    ]
    if kept.empty:
        raise SourceError(
            f"resources has no period that ends in the window and that all pools cover: "
            f"{len(summed):,} of {len(summed):,} set aside ({first_few(_named(summed))}).\n"
            "Fix: give the pools' cost for the same months, or move as_of or window_months."
        )
    return kept.reset_index(drop=True)


def _refuse_overlaps(summed: pd.DataFrame) -> None:
    before = summed.groupby("pool")["period_end"].shift()
    overlaps = summed[summed["period_start"] <= before]
    if len(overlaps):
        raise SourceError(
            f"resources with periods that overlap in one pool: {len(overlaps):,} of "
            f"{len(summed):,} ({first_few(_named(overlaps))}).\n"
            "Fix: give each pool one row per period, so that no work is costed twice."
        )


def _named(rows: pd.DataFrame) -> list[str]:
    days = rows["period_start"].dt.strftime("%Y-%m-%d")
    return [f"{pool} from {day}" for pool, day in zip(rows["pool"], days, strict=True)]


# --- what happened -------------------------------------------------------------------------------


def driver_counts(given: Given, pools: pd.DataFrame) -> pd.DataFrame:
    """How often each driver happened: one row per driver, customer, period and channel.

    An order that shows several channels counts once, in the first by name. Events have no channel
    of their own: they follow the customer's main channel, and stay ``events`` where none is known.
    """
    spans = ", ".join(
        f"(DATE '{start:%Y-%m-%d}', DATE '{end:%Y-%m-%d}')"
        for start, end in pools[SPAN].drop_duplicates().itertuples(index=False)
    )
    queries = [_ORDERS, _LINES]
    queries += [_VISITS] if given.has("visits") else []
    queries += [_EVENTS] if given.has("events") else []
    parts = [given.query(one.format(spans=spans)) for one in queries]
    counts = pd.concat(parts, ignore_index=True)
    counts["quantity"] = counts.pop("thousandths") / 1000
    main = _main_channel(parts[0])
    rest = counts["channel"].isna()
    counts.loc[rest, "channel"] = counts.loc[rest, "customer_id"].map(main).fillna("events")
    return counts


_IN = (
    "JOIN (VALUES {{spans}}) AS p(period_start, period_end) "
    "ON {day} BETWEEN p.period_start AND p.period_end"
)
_GROUP = "GROUP BY 1, 2, 3, 4, 5"
_ORDERS = f"""
SELECT 'order' AS driver, customer_id, period_start, period_end, channel,
       CAST(count(*) * 1000 AS BIGINT) AS thousandths
FROM (SELECT l.customer_id, l.order_id, p.period_start, p.period_end,
             coalesce(min(l.channel), 'not given') AS channel
      FROM order_lines AS l {_IN.format(day="l.order_date")} GROUP BY 1, 2, 3, 4) AS orders
{_GROUP}"""
_LINES = f"""
SELECT 'line' AS driver, l.customer_id, p.period_start, p.period_end,
       coalesce(l.channel, 'not given') AS channel, CAST(count(*) * 1000 AS BIGINT) AS thousandths
FROM order_lines AS l {_IN.format(day="l.order_date")} {_GROUP}"""
_VISITS = f"""
SELECT CASE v.kind WHEN 'visit' THEN 'visit' ELSE 'call' END AS driver, v.customer_id,
       p.period_start, p.period_end,
       CASE v.kind WHEN 'visit' THEN 'field' ELSE 'inside' END AS channel,
       CAST(count(*) * 1000 AS BIGINT) AS thousandths
FROM visits AS v {_IN.format(day="v.visit_date")}
WHERE v.kind IN ('visit', 'call', 'online') {_GROUP}"""
# thousandths, because a sum of floats depends on the order of the rows
_EVENTS = f"""
SELECT e.activity AS driver, e.customer_id, p.period_start, p.period_end,
       CAST(NULL AS VARCHAR) AS channel,
       CAST(sum(CAST(round(e.quantity * 1000) AS BIGINT)) AS BIGINT) AS thousandths
FROM events AS e {_IN.format(day="e.event_date")}
WHERE e.activity NOT IN ('order', 'line', 'visit', 'call') {_GROUP}"""


def _main_channel(orders: pd.DataFrame) -> pd.Series[Any]:
    """Each customer's channel with most orders; of equals, the first by name."""
    known = orders.groupby(["customer_id", "channel"], as_index=False)[["thousandths"]].sum()
    ranked = known.sort_values(
        ["customer_id", "thousandths", "channel"], ascending=[True, False, True]
    )
    return ranked.drop_duplicates("customer_id").set_index("customer_id")["channel"]


# --- what it cost --------------------------------------------------------------------------------


def spread(
    pools: pd.DataFrame, activities: pd.DataFrame, counts: pd.DataFrame, factor: float = 1.0
) -> dict[str, pd.DataFrame]:
    """Spread each pool's cost over what happened in its period; the rest is unused.

    Parameters
    ----------
    pools
        One row per pool and period: `cost` in minor units, `practical_minutes`.
    activities
        One row per activity: `pool`, `minutes` each time, and the `driver` that counts the times.
    counts
        One row per driver, customer, period and channel: `quantity`.
    factor
        Times the client's minutes.

    Notes
    -----
    Rate = cost ÷ practical minutes. Where more minutes are recorded than a pool could work, the
    rate falls so that its whole cost is assigned, and no more. Source: Kaplan & Anderson (2004),
    Harvard Business Review 82 (11).
    """
    work = activities.merge(counts, on="driver").merge(pools, on=["pool", *SPAN])
    work["minutes"] = work["minutes"] * work["quantity"] * factor
    order = ["pool", *SPAN, "customer_id", "activity", "channel"]
    work = work.sort_values(order, kind="stable", ignore_index=True)
    used = work.groupby(["pool", *SPAN])["minutes"].sum().rename("used_minutes")
    pools = pools.merge(used.reset_index(), on=["pool", *SPAN], how="left")
    pools = pools.fillna({"used_minutes": 0.0}).sort_values(["pool", *SPAN], ignore_index=True)
    work["spent"] = 0
    unused = []
    places = work.groupby(["pool", *SPAN]).indices
    for pool in pools.itertuples():
        at = places.get((pool.pool, pool.period_start, pool.period_end), np.array([], dtype=int))
        spent = _spend(pool, work["minutes"].to_numpy()[at])
        work.loc[at, "spent"] = spent[:-1]
        unused.append(spent[-1])
    pools["unused"] = np.array(unused, dtype=np.int64)
    pools["assigned"] = pools["cost"] - pools["unused"]
    pools["is_scaled"] = pools["used_minutes"] > pools["practical_minutes"]
    summed = work.groupby(ROW, dropna=False, as_index=False)[["minutes", "spent"]].sum()
    columns = ["pool", *SPAN, "cost", "practical_minutes", "used_minutes", "assigned", "unused"]
    return {
        "cost_to_serve": summed.rename(columns={"spent": "cost"}),
        "pool_capacity": pools[[*columns, "is_scaled"]],
    }


def _spend(pool: Any, minutes: Floats) -> npt.NDArray[np.int64]:
    """The pool's cost over these pieces of work, and last what is unused."""
    whole = max(pool.practical_minutes, pool.used_minutes) or 1.0
    parts = np.append(minutes, whole - pool.used_minutes) * (pool.cost / whole)
    return largest_remainder(parts, int(pool.cost))


def largest_remainder(parts: Floats, total: int) -> npt.NDArray[np.int64]:
    """Whole numbers next to `parts` that sum to `total` exactly; of equals, the first gains.

    Examples
    --------
    >>> largest_remainder(np.array([1.5, 1.5, 2.0]), 5).tolist()
    [2, 1, 2]
    """
    whole = np.floor(parts).astype(np.int64)
    left = total - int(whole.sum())
    whole[np.argsort(whole - parts, kind="stable")[:left]] += 1
    return whole


# --- what is left --------------------------------------------------------------------------------


def margins_sql(minor_units: int, by: str = "customer_id", where: str = "TRUE") -> str:
    """Net revenue and gross margin of order lines, summed; minor units.

    Lines whose cost isn't known have no margin: they are counted apart, and where no line of a row
    has a cost its `gross_margin` is empty.
    """
    return f"""
SELECT {by}, CAST(count(*) AS BIGINT) AS lines, CAST(sum(net_amount) AS BIGINT) AS net_revenue,
       CAST(sum(net_amount - cost) AS BIGINT) AS gross_margin,
       CAST(count(*) FILTER (WHERE cost IS NULL) AS BIGINT) AS lines_without_cost,
       CAST(coalesce(sum(net_amount) FILTER (WHERE cost IS NULL), 0) AS BIGINT)
           AS revenue_without_cost
FROM (SELECT l.*, coalesce(l.cost_amount,
             CAST(round(p.unit_cost * l.quantity * {minor_units}) AS BIGINT)) AS cost
      FROM order_lines AS l LEFT JOIN products AS p ON l.product_id = p.product_id
      WHERE {where}) AS known
GROUP BY {by} ORDER BY {by}"""


def contribution(given: Given) -> pd.DataFrame:
    """Net revenue, gross margin, cost to serve and contribution over the pools' own months.

    One row per customer with an order line or a cost in those months, and one without an id for
    lines and work of nobody known; minor units. Where no line has a cost, `gross_margin` and
    `contribution` are empty. `p_loss` is the share of draws over minutes and capacity in which the
    customer loses money; `verdict` is loss, profit or unsure.
    """
    where = (
        "EXISTS (SELECT 1 FROM pool_capacity AS c "
        "WHERE l.order_date BETWEEN c.period_start AND c.period_end)"
    )
    margins = given.query(margins_sql(given.engagement.minor_units, where=where))
    costs = given.table("cost_to_serve")
    return contributions(margins, costs, given.table("pool_capacity"), given.engagement)


def contributions(
    margins: pd.DataFrame, costs: pd.DataFrame, pools: pd.DataFrame, agreed: Engagement
) -> pd.DataFrame:
    """The arithmetic of `contribution`: margins and costs to serve, one row per customer."""
    served = costs.groupby("customer_id", dropna=False)["cost"].sum().rename("cost_to_serve")
    table = margins.merge(served.reset_index(), on="customer_id", how="outer")
    table = table.sort_values("customer_id", kind="stable", ignore_index=True)
    if table["gross_margin"].notna().any():  # visited or served, but nothing sold
        table.loc[table["lines"].isna(), "gross_margin"] = 0
    counted = [
        "lines",
        "net_revenue",
        "lines_without_cost",
        "revenue_without_cost",
        "cost_to_serve",
    ]
    table[counted] = table[counted].fillna(0).astype("int64")
    table["gross_margin"] = table["gross_margin"].astype("Int64")
    table["contribution"] = table["gross_margin"] - table["cost_to_serve"]
    table["p_loss"], table["verdict"] = _chances(table, costs, pools, agreed)
    return table


def _chances(
    table: pd.DataFrame, costs: pd.DataFrame, pools: pd.DataFrame, agreed: Engagement
) -> tuple[Floats, npt.NDArray[np.object_]]:
    """How likely each customer loses money, and what can be said of it.

    Lines without cost could earn anything up to their whole revenue: a customer surely loses only
    if that would not save it.
    """
    work, factors = drawn_factors(costs, pools, agreed)
    column = pd.MultiIndex.from_frame(costs[["pool", "activity"]])
    at = pd.MultiIndex.from_frame(work[["pool", "activity"]]).get_indexer(column)
    row = pd.Index(table["customer_id"]).get_indexer(costs["customer_id"])
    base = np.zeros((len(table), len(work)))
    np.add.at(base, (row, at), costs["cost"].to_numpy())
    drawn = base @ factors
    margin = table["gross_margin"].to_numpy(dtype="float64", na_value=np.nan)[:, None]
    most = margin + table[["revenue_without_cost"]].clip(lower=0).to_numpy()
    loses, earns = (most < drawn).mean(axis=1), (margin > drawn).mean(axis=1)
    unknown = table["customer_id"].isna().to_numpy() | np.isnan(margin[:, 0])
    said = [loses >= SURE, earns >= SURE]
    verdict = np.select(said, ["loss", "profit"], "unsure").astype(object)
    verdict[unknown] = None
    return np.where(unknown, np.nan, loses), verdict


def drawn_factors(
    costs: pd.DataFrame, pools: pd.DataFrame, agreed: Engagement
) -> tuple[pd.DataFrame, Floats]:
    """The activities, and how much dearer each is in every draw of minutes and capacity."""
    work = costs.groupby(["pool", "activity"], as_index=False)[["minutes", "cost"]].sum()
    rng = np.random.default_rng(SEED)
    value, low, high = agreed_range(agreed, "activity_minutes")
    minutes = rng.uniform(low / value, high / value, (len(work), DRAWS))
    value, low, high = agreed_range(agreed, "practical_capacity")
    return work, cost_factors(work, pools, minutes, rng.uniform(low / value, high / value, DRAWS))


def cost_factors(
    work: pd.DataFrame, pools: pd.DataFrame, minutes: Floats, capacity: Floats
) -> Floats:
    """How much dearer each activity gets when its minutes and the pools' capacity change.

    Parameters
    ----------
    work
        One row per pool and activity: `minutes` used.
    minutes
        Times today's minutes: one row per activity, one column per draw.
    capacity
        Times today's practical minutes: one per draw.
    """
    total = pools.groupby("pool")[["practical_minutes", "used_minutes"]].sum()
    names, place = np.unique(work["pool"].to_numpy(dtype=str), return_inverse=True)
    practical, used = total.loc[names].to_numpy(dtype=np.float64).T[:, :, None]
    changed = np.zeros((len(names), minutes.shape[1]))
    np.add.at(changed, place, work["minutes"].to_numpy()[:, None] * minutes)
    dearer = np.maximum(practical, used) / np.maximum(practical * capacity, changed)
    return np.asarray(minutes * dearer[place])
