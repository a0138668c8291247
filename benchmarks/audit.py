"""The whole audit of 10 million order lines, beside the behaviour table of the same lines."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.behaviour import AGREED, generate
from benchmarks.measure import cost, line


def compare() -> None:
    """Generate the lines, audit them and make the behaviour table, each in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        cost(["-m", "benchmarks.audit", "generate", folder])
        ours, table = (
            cost(["-m", *command, folder])
            for command in (("benchmarks.audit", "audit"), ("benchmarks.behaviour", "segkit"))
        )
    line(
        f"audit of {json.loads(ours.said)['lines']:,} lines",
        f"{ours.seconds:.1f} s",
        f"{table.seconds:.1f} s",
        f"{ours.seconds / table.seconds:.1f}x",
        "<= 3x the behaviour table",
    )
    line("its peak memory", f"{ours.peak_mb:,.0f} MB", "", "", "< 2,000 MB")


def audit(folder: Path) -> dict[str, int]:
    """Every recipe of the audit that these tables allow, as a run makes it."""
    from segkit.engine import Engine
    from segkit.recipes import RECIPES
    from segkit.store import Given, Sql

    names = ("order_lines", "customers", "products")
    paths = {name: folder / f"{name}.parquet" for name in names}
    paths |= {"listed_customers": paths["customers"], "listed_products": paths["products"]}
    paths |= {"order_lines_quarantine": _quarantine(folder)}
    for recipe in (one for one in RECIPES if one.make.startswith("segkit.audit")):
        if not set(recipe.needs) <= paths.keys():
            continue
        given = {name: paths[name] for name in (*recipe.needs, *recipe.may_use) if name in paths}
        module, function = recipe.make.split(":")
        with Engine(folder / "scratch", memory_mb=1500) as engine:
            for name, path in given.items():
                engine.register(name, path)
            made = getattr(importlib.import_module(module), function)(
                Given(AGREED, given, engine, recipe.makes)
            )
            made = made if isinstance(made, dict) else {recipe.makes[0]: made}
            for name, one in made.items():
                paths[name] = folder / f"{name}.made.parquet"
                if isinstance(one, Sql):
                    engine.write(one.text, paths[name])
                else:
                    one.to_parquet(paths[name], index=False)
    import pandas as pd

    results = pd.read_parquet(paths["check_results"])
    return {"lines": int(results["of_rows"].max()), "failed": int((results["rows"] > 0).sum())}


def _quarantine(folder: Path) -> Path:
    """No line was set aside."""
    import pandas as pd

    path = folder / "order_lines_quarantine.parquet"
    columns = {"customer_id": "str", "net_amount_minor": "int64", "reason_kind": "str"}
    pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()}).to_parquet(path)
    return path


WAYS = {"generate": generate, "audit": audit}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
