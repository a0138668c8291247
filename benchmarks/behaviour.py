"""The behaviour table of 10 million order lines, beside the same table in plain pandas."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.measure import cost, line
from segkit.engagement import Engagement, Source

LINES, CUSTOMERS, PRODUCTS = 10_000_000, 200_000, 2_000
AGREED = Engagement(
    client="Benchmark",
    as_of=date(2026, 3, 31),
    currency="EUR",
    sources={"order_lines": Source(file="order_lines.parquet")},
)


def compare() -> None:
    """Generate the lines, make the table both ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        # by a process of its own: what a parent once held would count as its children's peak
        cost(["-m", "benchmarks.behaviour", "generate", folder])
        ours, plain = (
            cost(["-m", "benchmarks.behaviour", way, folder]) for way in ("segkit", "pandas")
        )
    assert json.loads(ours.said) == json.loads(plain.said), (ours.said, plain.said)
    line(
        f"behaviour of {LINES:,} lines",
        f"{ours.seconds:.1f} s",
        f"{plain.seconds:.1f} s",
        f"{plain.seconds / ours.seconds:.1f}x",
        ">= 4x",
    )
    line("its peak memory", f"{ours.peak_mb:,.0f} MB", f"{plain.peak_mb:,.0f} MB", "", "< 2,000 MB")


def generate(folder: Path) -> dict[str, float]:
    """Lines drawn by hash: the same each time, in no order, few customers with most of them."""
    import duckdb

    queries = {
        "order_lines": f"""
            SELECT 'O' || (i // 4) AS order_id,
                'C' || lpad(CAST(CAST(pow((hash(i // 4) % 1000000) / 1e6, 2) * {CUSTOMERS}
                    AS BIGINT) AS VARCHAR), 7, '0') AS customer_id,
                'P' || (hash(i + 7) % {PRODUCTS}) AS product_id,
                DATE '2026-03-31' - CAST(hash(i // 4 + 3) % 730 AS INTEGER) AS order_date,
                CAST(1 + hash(i + 11) % 20 AS DOUBLE)
                    * CASE WHEN hash(i) % 50 = 0 THEN -1 ELSE 1 END AS quantity,
                CAST(100 + hash(i + 13) % 100000 AS BIGINT)
                    * CASE WHEN hash(i) % 50 = 0 THEN -1 ELSE 1 END AS net_amount,
                CAST(NULL AS BIGINT) AS list_amount, CAST(NULL AS BIGINT) AS discount_amount,
                CAST(60 + hash(i + 13) % 60000 AS BIGINT) AS cost_amount,
                ['field', 'inside', 'web', 'edi'][CAST(1 + hash(i // 4 + 17) % 4 AS BIGINT)]
                    AS channel,
                'in_window' AS period, CAST(NULL AS VARCHAR) AS line_no,
                CAST(NULL AS VARCHAR) AS unit, CAST(NULL AS VARCHAR) AS currency,
                CAST(NULL AS VARCHAR) AS invoice_id, CAST(NULL AS VARCHAR) AS original_order_id,
                CAST(NULL AS VARCHAR) AS promotion_id,
                'R' || (hash(i // 4 + 29) % 40) AS rep_id
            FROM range({LINES}) AS lines(i) ORDER BY hash(i + 23)""",
        "customers": f"""
            SELECT 'C' || lpad(CAST(i AS VARCHAR), 7, '0') AS customer_id,
                CAST(NULL AS VARCHAR) AS kind, 'Customer ' || i AS name, true AS is_listed,
                CAST(NULL AS VARCHAR) AS parent_id, CAST(NULL AS VARCHAR) AS address,
                CAST(NULL AS VARCHAR) AS tax_number, 'R' || (i % 40) AS rep_id,
                CAST(NULL AS VARCHAR) AS region, CAST(NULL AS VARCHAR) AS category,
                CAST(NULL AS VARCHAR) AS status, CAST(NULL AS DATE) AS since
            FROM range({CUSTOMERS + 1}) AS given(i) ORDER BY 1""",
        "products": f"""
            SELECT 'P' || i AS product_id, 'Category ' || (i % 8) AS category,
                CAST(NULL AS DECIMAL(18,6)) AS unit_cost, true AS is_listed,
                'Product ' || i AS name, CAST(NULL AS VARCHAR) AS family,
                CAST(NULL AS VARCHAR) AS kind,
                CAST(NULL AS BOOLEAN) AS is_custom
            FROM range({PRODUCTS}) AS given(i) ORDER BY 1""",
    }
    with duckdb.connect() as engine:
        engine.execute(f"SET temp_directory = '{folder}/scratch'")
        for name, query in queries.items():
            engine.execute(f"COPY ({query}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
    return {}


def by_segkit(folder: Path) -> dict[str, float]:
    """As a run makes it."""
    from segkit.behaviour import behaviour
    from segkit.engine import Engine
    from segkit.store import Given

    paths = {name: folder / f"{name}.parquet" for name in ("order_lines", "customers", "products")}
    with Engine(folder / "scratch", memory_mb=1500) as engine:
        for name, path in paths.items():
            engine.register(name, path)
        made = behaviour(Given(AGREED, paths, engine, ("behaviour",)))
    return totals(made)


def by_pandas(folder: Path) -> dict[str, float]:
    """The same columns from one data frame, group by group; what comes after is shared."""
    import numpy as np
    import pandas as pd

    from segkit.behaviour.arithmetic import gap_cv, rarefied, ratio, robust_trend, since_began

    lines = pd.read_parquet(folder / "order_lines.parquet")
    products = pd.read_parquet(folder / "products.parquet").set_index("product_id")
    as_of = pd.Timestamp(AGREED.as_of)
    year = as_of - pd.DateOffset(months=12)
    lines["order_date"] = pd.to_datetime(lines["order_date"])
    lines = lines[(lines["period"] == "in_window") & lines["customer_id"].notna()]
    is_return = (lines["quantity"] < 0) | (lines["net_amount"] < 0)
    sold = lines["net_amount"].where(~is_return, 0)
    is_late = lines["order_date"] > year
    ago = (as_of - lines["order_date"]).dt.days * 16 // 1461
    lines = lines.assign(
        sold=sold,
        listed=lines["list_amount"].where(~is_return),
        late=lines["net_amount"].where(is_late, 0),
        early=lines["net_amount"].where(~is_late, 0),
        promoted=sold.where(lines["promotion_id"].notna(), 0),
        # whole columns of nothing: what they give is nothing, and still has to be looked at
        custom=sold.where(lines["product_id"].map(products["is_custom"]).notna(), 0),
        service=sold.where(lines["product_id"].map(products["kind"]) == "service", 0),
    )
    bought = lines[~is_return]
    grouped = lines.groupby("customer_id")
    made = grouped.agg(
        lines=("net_amount", "size"),
        net_revenue=("net_amount", "sum"),
        sold=("sold", "sum"),
        listed=("listed", "sum"),
        cost=("cost_amount", "sum"),
        first=("order_date", "min"),
        net_revenue_12m=("late", "sum"),
        net_revenue_prior_12m=("early", "sum"),
        promoted=("promoted", "sum"),
        custom=("custom", "sum"),
        service=("service", "sum"),
    )
    place = pd.Series(np.arange(len(made)), index=made.index)
    made["returned"] = made["sold"] - made["net_revenue"]
    made["tenure_days"] = (as_of - made["first"]).dt.days
    made["sold_lines"] = bought.groupby("customer_id").size().reindex(made.index, fill_value=0)
    orders = bought.groupby(["customer_id", "order_id"]).agg(
        day=("order_date", "min"), channel=("channel", "min"), value=("net_amount", "sum")
    )
    orders["is_small"] = orders["value"] < 0.25 * orders["value"].mean()
    by_customer = orders.groupby("customer_id")
    told = by_customer.agg(
        orders=("value", "size"),
        channels=("channel", "nunique"),
        order_value_median=("value", "median"),
        largest=("value", "max"),
        small=("is_small", "sum"),
        last=("day", "max"),
    )
    made = made.join(told)
    made["orders"] = made["orders"].fillna(0)
    made["recency_days"] = (as_of - made["last"]).dt.days
    channels = orders.groupby(["customer_id", "channel"]).size().unstack(fill_value=0)
    made["electronic_share"] = channels[["edi", "web"]].sum(axis=1) / channels.sum(axis=1)
    made = made.join(channels.div(channels.sum(axis=1), axis=0).add_prefix("share_channel_"))
    days = bought[["customer_id", "order_date"]].drop_duplicates()
    days = days.sort_values(["customer_id", "order_date"])
    gap = days.groupby("customer_id")["order_date"].diff().dt.days
    gaps = gap.groupby(days["customer_id"])
    made["gap_days"] = gaps.median()
    made["gap_days_longest"] = gaps.max()
    squares = (gap**2).groupby(days["customer_id"]).sum()
    made["gap_cv"] = gap_cv(gaps.count(), gaps.sum(), squares)
    months = days["order_date"].dt.year * 12 + days["order_date"].dt.month
    made["active_months"] = months.groupby(days["customer_id"]).nunique()
    weekdays = days.groupby(["customer_id", days["order_date"].dt.day_of_week]).size()
    made["order_days"] = days.groupby("customer_id").size()
    weekday_share = weekdays.groupby("customer_id").max() / made["order_days"]
    made["weekday_share"] = weekday_share.where(gaps.count() >= 3)
    tenure = made["tenure_days"].to_numpy()
    ago_of_orders = ((as_of - orders["day"]).dt.days * 16 // 1461).to_numpy()
    owner = orders.index.get_level_values(0).map(place)
    for name, rows in (
        ("trend", lines["net_amount"].groupby([lines["customer_id"].map(place), ago]).sum()),
        ("trend_orders", orders["value"].groupby([owner, ago_of_orders]).size()),
    ):
        wide = rows.unstack(fill_value=0).reindex(range(len(made)), fill_value=0)
        oldest_first = wide.reindex(columns=range(7, -1, -1), fill_value=0).to_numpy("float64")
        made[name] = robust_trend(since_began(oldest_first, tenure))
    recent = lines[is_late]
    seasons = recent.groupby(["customer_id", recent["order_date"].dt.quarter])["sold"].sum()
    seasons = seasons.unstack(fill_value=0).reindex(made.index, fill_value=0)
    is_whole = made["tenure_days"] >= (as_of - year).days
    made["season_peak_share"] = ratio(seasons.max(axis=1), seasons.sum(axis=1).where(is_whole))
    by_product = lines.groupby(["customer_id", "product_id"]).size().groupby(level=0)
    made["products"] = by_product.size()
    made["product_top_share"] = by_product.max() / made["lines"]
    category = lines["product_id"].map(products["category"])
    counts = lines.groupby([lines["customer_id"].map(place), category]).size()
    kinds = counts.groupby(level=0)
    made["categories"] = kinds.size().to_numpy()
    customer = counts.index.get_level_values(0).to_numpy()
    made["breadth_rarefied"] = rarefied(counts.to_numpy("float64"), customer, len(made), 10)
    made["category_top_share"] = (kinds.max() / kinds.sum()).to_numpy()
    concentration = (counts**2).groupby(level=0).sum() / kinds.sum() ** 2
    made["category_concentration"] = concentration.to_numpy()
    wide = counts.unstack(fill_value=0)
    wide.index = made.index
    made = made.join(wide.div(wide.sum(axis=1), axis=0).add_prefix("share_category_"))
    made["order_value"] = ratio(made["net_revenue"], made["orders"]).round()
    made["order_value_median"] = made["order_value_median"].round()
    made["largest_order_share"] = ratio(made["largest"], made["sold"])
    made["small_order_share"] = ratio(made["small"], made["orders"])
    made["lines_per_order"] = ratio(made["sold_lines"], made["orders"])
    made["return_share"] = ratio(made["returned"], made["sold"]).clip(0, 1)
    made["return_line_share"] = 1 - made["sold_lines"] / made["lines"]
    made["gross_margin"] = made["net_revenue"] - made["cost"]
    return totals(made)


def totals(made: object) -> dict[str, float]:
    """Sums that are the same only if both tables are."""
    exact = (
        "lines", "orders", "net_revenue", "products", "categories", "gross_margin",
        "net_revenue_12m", "net_revenue_prior_12m", "channels", "order_days", "gap_days_longest",
    )  # fmt: skip
    near = (
        "gap_days", "gap_cv", "trend", "breadth_rarefied", "return_share", "order_value",
        "trend_orders", "weekday_share", "season_peak_share", "product_top_share",
        "category_top_share", "category_concentration", "electronic_share", "largest_order_share",
        "small_order_share", "order_value_median", "return_line_share",
    )  # fmt: skip
    sums = {name: float(made[name].sum()) for name in exact}  # type: ignore[index]
    return sums | {name: round(float(made[name].sum()), 1) for name in near}  # type: ignore[index]


WAYS = {"generate": generate, "segkit": by_segkit, "pandas": by_pandas}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
