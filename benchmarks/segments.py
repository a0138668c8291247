"""Segments of 200,000 customers with 10 million lines: how long the chain to notebook 2 takes."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import cost, line

LINES, CUSTOMERS, PRODUCTS = 10_000_000, 200_000, 2_000
#: Four ways of buying: orders' part, channel, category and size of a line differ.
_ENGAGEMENT = """
client = "Benchmark"
as_of = 2026-03-31
currency = "EUR"

[data]
root = "."

[sources.order_lines]
file = "order_lines.parquet"

[sources.products]
file = "products.parquet"
"""


def compare() -> None:
    """The whole notebook in one command, then stability beside one plain k-means for each k."""
    with tempfile.TemporaryDirectory() as folder:
        cost(["-m", "benchmarks.segments", "generate", folder])
        given = str(Path(folder, "engagement.toml"))
        where = {"SEGKIT_REPORTS": str(Path(folder, "reports"))}
        whole = cost(
            ["-m", "segkit", "run", given, "--notebook", "02-behavioural-segmentation"], where
        )
        made = cost(["-m", "benchmarks.segments", "stability", folder], where).said.split()
    lines = f"{CUSTOMERS:,} customers, {LINES:,} lines"
    line("notebook 2 of " + lines, f"{whole.seconds:.0f} s", "", "", "<= 90 s on four cores")
    line("its largest process", made[3] + " MB", "", "", "<= 4,000 MB")
    ours, plain = float(made[0]), float(made[1])
    line(
        "stability of segments",
        f"{ours:.1f} s",
        f"{plain:.1f} s",
        f"{ours / plain:.1f}x",
        "<= 20 s",
    )
    line("segments from the behaviour table", made[2] + " s", "", "", "")


def generate(folder: Path) -> None:
    """Lines drawn by hash: the same each time; a customer's number decides how it buys."""
    import duckdb

    kind = "CAST(hash(c) % 4 AS BIGINT)"
    drawn = f"""
        SELECT i, i // 4 AS o,
            CAST(pow((hash(i // 4) % 1000000) / 1e6, 1.6) * {CUSTOMERS} AS BIGINT) AS c
        FROM range({LINES}) AS lines(i)"""
    queries = {
        "order_lines": f"""
            SELECT 'O' || o AS order_id, 'C' || lpad(CAST(c AS VARCHAR), 7, '0') AS customer_id,
                DATE '2026-03-31' - CAST(hash(o + 3) % 730 AS INTEGER) AS order_date,
                'P' || (CASE WHEN hash(i + 5) % 10 < 7 THEN 4 * (hash(i + 7) % 500) + {kind}
                    ELSE hash(i + 9) % {PRODUCTS} END) AS product_id,
                CAST(1 + hash(i + 11) % 20 AS DOUBLE) AS quantity,
                CAST((1 + hash(i + 13) % 1000) * (1 + 3 * {kind}) AS DECIMAL(18, 2)) AS net_amount,
                CASE WHEN hash(o + 17) % 10 < 8 THEN ['field', 'inside', 'web', 'edi'][1 + {kind}]
                    ELSE 'field' END AS channel
            FROM ({drawn})""",
        "products": f"""
            SELECT 'P' || i AS product_id, 'Product ' || i AS name,
                'Category ' || (i % 4) AS category
            FROM range({PRODUCTS}) AS given(i)""",
    }
    folder.mkdir(exist_ok=True)
    for name, query in queries.items():
        duckdb.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
    (folder / "engagement.toml").write_text(_ENGAGEMENT, "utf-8")


def stability(folder: Path) -> tuple[float, float, float, float]:
    """Seconds of all numbers tried, of one plain fit each, of the recipe; and its peak memory."""
    import resource

    from sklearn.cluster import KMeans

    from segkit.engagement import read_engagement
    from segkit.recipes import open_store
    from segkit.segments import _segment_base
    from segkit.segments.clusters import try_numbers
    from segkit.segments.features import matrix

    store = open_store(read_engagement(folder / "engagement.toml"))
    behaviour = store.frame("behaviour").sort_values("customer_id", ignore_index=True)
    start = time.perf_counter()
    _segment_base(behaviour, None, store.engagement, {})
    recipe = time.perf_counter() - start
    points, _ = matrix(behaviour)
    start = time.perf_counter()
    try_numbers(points, range(2, 10))
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for k in range(2, 10):
        KMeans(k, n_init=5, random_state=0).fit(points)
    plain = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return ours, plain, recipe, peak


if __name__ == "__main__":
    where = Path(sys.argv[2])
    if sys.argv[1] == "generate":
        generate(where)
    else:
        print(*(f"{number:.1f}" for number in stability(where)))
