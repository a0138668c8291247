"""What is divided, logged or sloped: each block of columns, from what the engine counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from segkit.behaviour.arithmetic import gap_cv, rarefied, ratio, robust_trend, since_began
from segkit.engagement import Engagement, identifier, months_before
from segkit.measures import CHANNELS, FEWEST_GAPS, FEWEST_MONTHS, RAREFIED_LINES

if TYPE_CHECKING:
    import pandas as pd

    Query = Callable[[str], pd.DataFrame]

_TOP_CATEGORIES = 10
_DAYS_A_MONTH = 30.4375


def months_observed(totals: pd.DataFrame, engagement: Engagement) -> pd.Series[float]:
    """Months of the window since the customer began, at least three."""
    window = (engagement.as_of - engagement.window_start).days
    return (totals["tenure_days"].clip(upper=window) / _DAYS_A_MONTH).clip(lower=FEWEST_MONTHS)


def counted(found: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """What was counted of orders; who only returned goods has none, and was last heard of then."""
    orders = found.drop(columns="customer_id")
    orders["recency_days"] = orders["recency_days"].fillna(totals["last_line_days"])
    return orders.fillna(0).astype("int64")


def value(
    totals: pd.DataFrame, months: pd.Series[float], engagement: Engagement
) -> pd.DataFrame:  # fmt: skip
    """Net revenue of the window and of its years, and what was earned on it."""
    import pandas as pd

    margin = totals["net_of_costed"] - totals["cost"]
    return pd.DataFrame(
        {
            "net_revenue_12m": _within(totals["net_year"], engagement, 12),
            "net_revenue_prior_12m": _within(totals["net_year_before"], engagement, 24),
            "revenue_per_month": (totals["net_revenue"] / months).round(),
            "gross_margin": margin.astype("Int64"),
            "margin_share": ratio(margin, totals["net_of_costed"]),
        }
    )


def _within(sums: pd.Series[int], engagement: Engagement, months: int) -> pd.Series[int]:
    """The sums where the window is that long, else unknown."""
    known = sums.astype("Int64")
    return known if engagement.window_months >= months else known.where(known.isna())


def rhythm(
    gaps: pd.DataFrame, orders: pd.DataFrame, months: pd.Series[float]
) -> pd.DataFrame:  # fmt: skip
    """How often, how lately and how regularly a customer orders."""
    import pandas as pd

    usual = gaps["twice_median"].where(gaps["gaps"] > 0) / 2
    has_rhythm = gaps["gaps"] >= FEWEST_GAPS
    active = gaps["active_months"].fillna(0).astype("int64")
    weekdays = gaps[[f"d{day}" for day in range(7)]].max(axis=1)
    return pd.DataFrame(
        {
            "orders": orders["orders"],
            "orders_per_month": orders["orders"] / months,
            "order_days": gaps["order_days"].fillna(0).astype("int64"),
            "recency_days": orders["recency_days"],
            "active_months": active,
            "active_month_share": (active / months).clip(upper=1),
            "gap_days": usual,
            "gap_cv": gap_cv(gaps["gaps"], gaps["gap_sum"], gaps["gap_squares"]),
            "gap_days_longest": gaps["longest"].astype("Int64"),
            "overdue_gaps": ratio(orders["recency_days"], usual.where(has_rhythm)),
            "weekday_share": ratio(weekdays, gaps["order_days"].where(has_rhythm)),
        }
    )


def trends(totals: pd.DataFrame, orders: pd.DataFrame, engagement: Engagement) -> pd.DataFrame:
    """The slopes of net revenue and of orders over the quarters, oldest first."""
    import pandas as pd

    oldest_first = [f"q{n}" for n in reversed(range(engagement.window_months // 3))]
    tenure = totals["tenure_days"].to_numpy("int64")
    return pd.DataFrame(
        {
            name: robust_trend(since_began(sums[oldest_first].to_numpy("float64"), tenure))
            for name, sums in (("trend", totals), ("trend_orders", orders))
        }
    )


def breadth(query: Query, sql: Mapping[str, str], totals: pd.DataFrame) -> pd.DataFrame:
    """How many products and categories, how evenly, and the share of lines of each category."""
    import pandas as pd

    size = len(totals)
    products = query(sql["product_counts"])
    made = pd.DataFrame(
        {
            "products": products["products"],
            "product_top_share": ratio(products["most_lines"], totals["lines"]),
            "custom_share": ratio(totals["custom"], totals["told_custom"]),
            "service_share": ratio(totals["services"], totals["told_kind"]),
        }
    )
    worth = query(sql["category_worth"])
    found = query(sql["category_lines" if len(worth) > 1 else "product_lines"])
    counts, customer = found["lines"].to_numpy("float64"), found["customer"].to_numpy()
    made["breadth_rarefied"] = rarefied(counts, customer, size, RAREFIED_LINES)
    return made.join(_categories(found, worth, size)) if len(worth) > 1 else made


def _categories(found: pd.DataFrame, worth: pd.DataFrame, size: int) -> pd.DataFrame:
    """How many, how much the first and how concentrated; lines without one are in the shares."""
    import numpy as np
    import pandas as pd

    customer, place = found["customer"].to_numpy(), found["place"].to_numpy()
    counts = found["lines"].to_numpy("float64")
    known = place >= 0
    lines, squares = (
        pd.Series(np.bincount(customer[known], weights[known], minlength=size))
        for weights in (counts, counts**2)
    )
    most = np.zeros(size)
    np.maximum.at(most, customer[known], counts[known])
    made = pd.DataFrame(
        {
            "categories": np.bincount(customer[known], minlength=size),
            "category_top_share": ratio(pd.Series(most), lines),
            "category_concentration": ratio(squares, lines**2),
        }
    )
    ranked = worth.sort_values(["net_amount", "name"], ascending=[False, True])[:_TOP_CATEGORIES]
    wide = {}
    for name, own in ranked.groupby(ranked["name"].map(identifier), sort=False)["place"]:
        inside = np.isin(place, own)  # two names of one identifier count together
        wide[name] = np.bincount(customer[inside], counts[inside], minlength=size)
    rest = ~np.isin(place, ranked["place"])
    wide["other"] = wide.get("other", 0) + np.bincount(customer[rest], counts[rest], minlength=size)
    return made.join(_shares(pd.DataFrame(wide), "share_category_"))


def prices(totals: pd.DataFrame, promotions: pd.DataFrame | None) -> pd.DataFrame:
    """What was bought below list price, and on promotion."""
    import pandas as pd

    promoted = totals["promoted"] + (0 if promotions is None else promotions["offered"])
    # without a promotion anywhere, nobody knows what was bought on one
    is_known = promotions is not None or bool(promoted.any())
    return pd.DataFrame(
        {
            "discount_share": ratio(totals["listed"] - totals["net_of_listed"], totals["listed"]),
            "discounted_share": ratio(totals["discounted_lines"], totals["listed_lines"]),
            "promotion_share": ratio(promoted, totals["sold"] if is_known else totals["sold"] * 0),
        }
    )


def channels(orders: pd.DataFrame, named: Sequence[str], known: Sequence[str]) -> pd.DataFrame:
    """How many channels, and the share of orders through each of the `named` ones.

    Parameters
    ----------
    known
        All channels of the lines, in the client's words or ours.
    """
    import pandas as pd

    if not named:
        return pd.DataFrame(index=orders.index)
    made = pd.DataFrame({"channels": orders["channels"]})
    if set(CHANNELS) & set(known):
        made["electronic_share"] = ratio(orders["electronic"], orders["told_channel"])
    counts = orders[[f"c{place}" for place in range(len(named))]]
    counts.columns = pd.Index([identifier(name) for name in named])
    counts["other"] = orders["orders"] - counts.sum(axis=1)
    counts = counts.T.groupby(level=0, sort=False).sum().T  # two names, one identifier
    return made.join(_shares(counts, "share_channel_"))


def basket(totals: pd.DataFrame, orders: pd.DataFrame, months: pd.Series[float]) -> pd.DataFrame:
    """How large orders are, and how many are small."""
    import pandas as pd

    return pd.DataFrame(
        {
            "lines_per_order": ratio(totals["sold_lines"], orders["orders"]),
            "order_value": ratio(totals["net_revenue"], orders["orders"]).round(),
            "order_value_median": (orders["twice_median"].where(orders["orders"] > 0) / 2).round(),
            "largest_order_share": ratio(orders["largest"], totals["sold"]),
            "small_order_share": ratio(orders["small"], orders["orders"]),
        }
    )


def returns_and_seasons(totals: pd.DataFrame, engagement: Engagement) -> pd.DataFrame:
    """What came back, and how much of a year falls into its strongest quarter."""
    import pandas as pd

    seasons = totals[[f"s{n}" for n in range(4)]]
    year = (engagement.as_of - months_before(engagement.as_of, 12)).days
    is_whole = (totals["tenure_days"] >= year) & (engagement.window_months >= 12)
    returned = totals["sold"] - totals["net_revenue"]
    return pd.DataFrame(
        {
            "return_share": ratio(returned, totals["sold"]).clip(0, 1),
            "return_line_share": ratio(totals["lines"] - totals["sold_lines"], totals["lines"]),
            "season_peak_share": ratio(seasons.max(axis=1), seasons.sum(axis=1).where(is_whole)),
        }
    )


def visits(
    found: pd.DataFrame, totals: pd.DataFrame, orders: pd.DataFrame, months: pd.Series[float]
) -> pd.DataFrame:
    """How often a customer is visited and called, and orders beside it."""
    import pandas as pd

    return pd.DataFrame(
        {
            "visits": found["visits"],
            "visits_per_month": found["visits"] / months,
            "calls_per_month": found["calls"] / months,
            "days_since_visit": found["days_since_visit"].astype("Int64"),
            "orders_per_visit": ratio(orders["orders"], found["visits"]),
            "revenue_per_visit": ratio(totals["net_revenue"], found["visits"]).round(),
        }
    )


def events(
    found: pd.DataFrame, totals: pd.DataFrame, orders: pd.DataFrame, months: pd.Series[float]
) -> pd.DataFrame:
    """What a customer asks of us beside orders and visits."""
    import pandas as pd

    count = found["thousandths"] / 1000
    return pd.DataFrame(
        {
            "events": count,
            "events_per_month": count / months,
            "events_per_order": ratio(count, orders["orders"]),
        }
    )


def payments(
    found: pd.DataFrame, totals: pd.DataFrame, orders: pd.DataFrame, months: pd.Series[float]
) -> pd.DataFrame:
    """How soon a customer pays, and what is overdue."""
    import pandas as pd

    known = found.fillna(0).astype("int64")
    return pd.DataFrame(
        {
            "invoices": known["invoices"],
            "payment_days": ratio(known["waited"], known["paid"]),
            "late_days": ratio(known["late"], known["paid"]),
            "late_share": ratio(known["due_late"], known["due"]),
            "overdue_amount": known["overdue"],
        }
    )


def _shares(counts: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """The share of each column in its row's sum; columns nobody has are left out."""
    counts = counts.loc[:, counts.sum() > 0].astype("float64")
    total = counts.sum(axis=1)
    return counts.div(total.where(total > 0), axis=0).add_prefix(prefix)
