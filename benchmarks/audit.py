"""The audit's checks of 10 million order lines, beside the behaviour table of the same lines."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.behaviour import AGREED, generate
from benchmarks.measure import cost, line


def compare() -> None:
    """Generate the lines, check them and make the behaviour table, each in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        cost(["-m", "benchmarks.audit", "generate", folder])
        ours, table = (
            cost(["-m", *command, folder])
            for command in (("benchmarks.audit", "checks"), ("benchmarks.behaviour", "segkit"))
        )
    line(
        f"checks of {json.loads(ours.said)['lines']:,} lines",
        f"{ours.seconds:.1f} s",
        f"{table.seconds:.1f} s",
        f"{ours.seconds / table.seconds:.1f}x",
        "<= 3x the behaviour table",
    )
    line("their peak memory", f"{ours.peak_mb:,.0f} MB", "", "", "< 2,000 MB")


def check(folder: Path) -> dict[str, float]:
    """As a run makes it: every result, and the failing rows on disk."""
    from segkit.audit.checks import CHECKS, results
    from segkit.engine import Engine
    from segkit.store import Given, Sql

    paths = {name: folder / f"{name}.parquet" for name in ("order_lines", "customers", "products")}
    paths |= {"listed_customers": paths["customers"], "listed_products": paths["products"]}
    with Engine(folder / "scratch", memory_mb=1500) as engine:
        for name, path in paths.items():
            engine.register(name, path)
        made = results(Given(AGREED, paths, engine, ("check_results",)))
        for name, one in made.items():
            if isinstance(one, Sql):
                engine.write(one.text, folder / f"{name}.parquet")
    told = made["check_results"].set_index("check_id")
    return {"lines": int(told["of_rows"].max()), **told["rows"].to_dict(), "checks": len(CHECKS)}


WAYS = {"generate": generate, "checks": check}

if __name__ == "__main__":
    begun = time.perf_counter()
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
    print(f"{time.perf_counter() - begun:.1f} s", file=sys.stderr)
