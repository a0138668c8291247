"""Fifty rules of 10 million order lines, beside the same fifty questions as SQL written by hand."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import behaviour
from benchmarks.measure import cost, line
from segkit.engagement import SegmentRule

LINES = int(os.environ.get("SEGKIT_BENCH_LINES", behaviour.LINES))
_BY_CUSTOMER = "FROM order_lines WHERE customer_id IS NOT NULL AND order_date <= '2026-03-31'"
_SHAMPOO = "AND product_id IN (SELECT product_id FROM products WHERE category = 'Category 1')"
_ORDER = "CASE WHEN quantity >= 0 AND net_amount >= 0 THEN order_id END"
#: Each kind of rule, and the question as an analyst would write it; {n} differs.
KINDS = (
    (
        "region = 'R{r}' and spend(product_category = 'Category 1', last = '1 month') < {n}00",
        f"""SELECT c.customer_id FROM customers c LEFT JOIN (
            SELECT customer_id, sum(net_amount) AS net {_BY_CUSTOMER} AND order_date > '2026-02-28'
            {_SHAMPOO} GROUP BY 1) m USING (customer_id)
        WHERE region = 'R{{r}}' AND coalesce(net, 0) < {{n}}0000 ORDER BY 1""",
    ),
    (
        "orders(last = '{r} months') = 0",
        f"""SELECT customer_id FROM customers c WHERE NOT EXISTS (
            SELECT 1 {_BY_CUSTOMER} AND order_lines.customer_id = c.customer_id
            AND quantity >= 0 AND net_amount >= 0 AND order_date > '{{after}}') ORDER BY 1""",
    ),
    (
        "spend(last = '6 months') > {n}000",
        f"""SELECT customer_id {_BY_CUSTOMER} AND order_date > '2025-09-30'
        GROUP BY 1 HAVING sum(net_amount) > {{n}}00000 ORDER BY 1""",
    ),
    (
        "orders(channel = 'web') >= {n}",
        f"""SELECT customer_id {_BY_CUSTOMER} AND order_date > '2024-03-31' AND channel = 'web'
        GROUP BY 1 HAVING count(DISTINCT {_ORDER}) >= {{n}} ORDER BY 1""",
    ),
    (
        "days_since_order() > {n}0",
        f"""SELECT c.customer_id FROM customers c LEFT JOIN (
            SELECT customer_id, max(order_date) AS last {_BY_CUSTOMER}
            AND quantity >= 0 AND net_amount >= 0 GROUP BY 1) m USING (customer_id)
        WHERE last IS NULL OR DATE '2026-03-31' - last > {{n}}0 ORDER BY 1""",
    ),
    (
        "order_value(last = '1 year') between {n}0 and {n}000",
        f"""SELECT customer_id FROM (
            SELECT customer_id, sum(net_amount) / 100 / nullif(count(DISTINCT {_ORDER}), 0) AS worth
            {_BY_CUSTOMER} AND order_date > '2025-03-31' GROUP BY 1)
        WHERE worth BETWEEN {{n}}0 AND {{n}}000 ORDER BY 1""",
    ),
    (
        "spend(last = '3 months') < 0.{r} * average(spend(last = '3 months'), by = region)",
        f"""WITH spent AS (
            SELECT customer_id, sum(net_amount) AS net {_BY_CUSTOMER} AND order_date > '2025-12-31'
            GROUP BY 1
        ), whole AS (
            SELECT c.customer_id, region, coalesce(net, 0) AS net
            FROM customers c LEFT JOIN spent USING (customer_id)
        ), middle AS (
            SELECT region, avg(net) AS net FROM whole
            WHERE customer_id IN (SELECT customer_id {_BY_CUSTOMER} AND order_date > '2024-03-31')
            GROUP BY 1
        )
        SELECT customer_id FROM whole JOIN middle USING (region)
        WHERE whole.net < 0.{{r}} * middle.net ORDER BY 1""",
    ),
    (
        "margin_rate(last = '1 year') < 0.4{r}",
        f"""SELECT customer_id FROM (
            SELECT customer_id, sum(net_amount - cost_amount) / nullif(sum(net_amount), 0) AS rate
            {_BY_CUSTOMER} AND order_date > '2025-03-31' GROUP BY 1)
        WHERE rate < 0.4{{r}} ORDER BY 1""",
    ),
    (
        "products(last = '6 months') > {n}",
        f"""SELECT customer_id {_BY_CUSTOMER} AND order_date > '2025-09-30'
            AND quantity >= 0 AND net_amount >= 0
        GROUP BY 1 HAVING count(DISTINCT product_id) > {{n}} ORDER BY 1""",
    ),
    (
        "spend(last = '1 month') > spend(last = '3 months', per = 'month') * 1.{r}",
        f"""SELECT customer_id FROM (
            SELECT customer_id,
                coalesce(sum(net_amount) FILTER (order_date > '2026-02-28'), 0) AS month,
                sum(net_amount) / 3 AS usual
            {_BY_CUSTOMER} AND order_date > '2025-12-31' GROUP BY 1)
        WHERE month > usual * 1.{{r}} ORDER BY 1""",
    ),
)
_AFTER = ("2026-02-28", "2026-01-31", "2025-12-31", "2025-11-30", "2025-10-31")
RULES = tuple(
    tuple(
        text.replace("{n}", str(3 * r)).replace("{r}", str(r)).replace("{after}", _AFTER[r - 1])
        for text in kind
    )
    for kind in KINDS
    for r in (1, 2, 3, 4, 5)
)


def compare() -> None:
    """Generate the lines, ask both ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        cost(["-m", "benchmarks.rules", "generate", folder])
        ours, plain = (
            json.loads(cost(["-m", "benchmarks.rules", way, folder]).said)
            for way in ("segkit", "plain")
        )
    differ = [rule for (rule, _), a, b in zip(RULES, *(x["members"] for x in (ours, plain)),
                                              strict=True) if a != b]  # fmt: skip
    assert not differ, differ
    line(
        f"{len(RULES)} rules of {LINES:,} lines",
        f"{ours['seconds']:.1f} s",
        f"{plain['seconds']:.1f} s",
        f"{ours['seconds'] / plain['seconds']:.2f}x",
        "<= 1.5x",
    )


def generate(folder: Path) -> dict[str, float]:
    """The lines of the behaviour benchmark, and customers of five regions."""
    import duckdb

    behaviour.LINES = LINES
    behaviour.generate(folder)
    with duckdb.connect() as engine:
        for name, query in {
            "customers": "SELECT * REPLACE ('R' || (hash(customer_id) % 5 + 1) AS region)",
            "behaviour": "SELECT customer_id, CAST(1 AS BIGINT) AS net_revenue",
        }.items():
            engine.execute(
                f"COPY ({query} FROM '{folder}/customers.parquet' ORDER BY customer_id) "
                f"TO '{folder}/{name}.new' (FORMAT parquet)"
            )
            Path(folder, f"{name}.new").replace(Path(folder, f"{name}.parquet"))
    return {}


def by_segkit(folder: Path) -> dict[str, object]:
    """Read, checked, compiled and asked as a run does."""
    from segkit.engine import Engine
    from segkit.segments.groups.known import words
    from segkit.segments.groups.members import members, prepared
    from segkit.store import Given

    names = ("order_lines", "customers", "products", "behaviour")
    paths = {name: folder / f"{name}.parquet" for name in names}
    with Engine(folder / "scratch") as engine:
        for name, path in paths.items():
            engine.register(name, path)
        given = Given(behaviour.AGREED, paths, engine)
        start = time.perf_counter()
        rules = [SegmentRule(id="rule", name="Rule", where=rule) for rule, _ in RULES]
        known = prepared(rules, given, words(given))
        found = [_sum(members(rule, given, known)) for rule in rules]
        return {"seconds": time.perf_counter() - start, "members": found}


def by_hand(folder: Path) -> dict[str, object]:
    """The same questions in plain DuckDB."""
    import duckdb

    with duckdb.connect() as engine:
        for name in ("order_lines", "customers", "products"):
            engine.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")
        start = time.perf_counter()
        found = [_sum(engine.sql(query).to_df()["customer_id"].to_numpy()) for _, query in RULES]
        return {"seconds": time.perf_counter() - start, "members": found}


def _sum(members: object) -> list[object]:
    """How many there are, and which."""
    import hashlib

    ids = list(members)  # type: ignore[call-overload]
    return [len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]]


WAYS = {"generate": generate, "segkit": by_segkit, "plain": by_hand}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
