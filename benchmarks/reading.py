"""1 GB of order lines in code page 1250 to typed Parquet, beside plain DuckDB on UTF-8."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.measure import cost, line
from segkit.engagement import Engagement, Source

LINES = 11_000_000
HEADERS = {
    "order_id": "Nr zamówienia",
    "order_date": "Data sprzedaży",
    "customer_id": "Klient",
    "customer_name": "Nazwa klienta",
    "product_id": "Indeks",
    "channel": "Kanał",
    "quantity": "Ilość",
    "net_amount": "Wartość netto",
}


def compare() -> None:
    """Generate the file, read it both ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        cost(["-m", "benchmarks.reading", "generate", folder])
        size = (Path(folder) / "cp1250.csv").stat().st_size / 1e9
        limit = {"SEGKIT_MEMORY_MB": "1200"}
        sorted_, typed, ours = (
            cost(["-m", "benchmarks.reading", way, folder], limit)
            for way in ("sorted", "typed", "segkit")
        )
    assert json.loads(ours.said) == json.loads(sorted_.said) == json.loads(typed.said)
    what = f"{size:.1f} GB of cp1250 CSV to"
    for name, plain in (("the same sorted table", sorted_), ("typed Parquet, unsorted", typed)):
        line(
            f"{what} {name}",
            f"{ours.seconds:.1f} s",
            f"{plain.seconds:.1f} s",
            f"{ours.seconds / plain.seconds:.1f}x",
            "<= 3x",
        )
    line("its peak memory", f"{ours.peak_mb:,.0f} MB", f"{typed.peak_mb:,.0f} MB", "", "< 2,000 MB")


def generate(folder: Path) -> dict[str, float]:
    """Lines drawn by hash, as UTF-8 and as the code page."""
    import duckdb

    drawn = """
        'Z/' || (i // 4) || '/2025',
        strftime(DATE '2026-03-31' - CAST(hash(i // 4) % 900 AS INTEGER), '%d.%m.%Y'),
        lpad(CAST(hash(i // 4 + 1) % 200000 AS VARCHAR), 7, '0'),
        ['Żabka Świętokrzyska', 'Hurtownia Łódź', 'Zakład Gęśla Jaźń', 'Piekarnia Wróbel']
            [1 + CAST(hash(i // 4 + 2) % 4 AS INTEGER)] || ' sp. z o.o. nr ' || hash(i // 4) % 9999,
        'IND-' || (hash(i + 3) % 5000),
        ['Teren', 'Telefon', 'WWW', 'EDI'][1 + CAST(hash(i // 4 + 9) % 4 AS INTEGER)],
        CAST(1 + hash(i + 4) % 50 AS VARCHAR),
        replace(CAST(CAST(hash(i + 5) % 5000000 AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2))
            ::VARCHAR, '.', ',')
    """
    columns = ", ".join(f'{name} AS "{header}"' for name, header in HEADERS.items())
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT {columns} FROM (SELECT {drawn} FROM range({LINES}) AS lines(i)) "
            f"AS drawn({', '.join(HEADERS)})) TO '{folder}/utf8.csv' (HEADER, DELIMITER ';')"
        )
    with (
        (folder / "utf8.csv").open(encoding="utf-8", newline="") as source,
        (folder / "cp1250.csv").open("w", encoding="cp1250", newline="") as target,
    ):
        while text := source.read(1 << 24):
            target.write(text)
    return {}


def by_segkit(folder: Path) -> dict[str, float]:
    """The whole recipe: every value looked at, every row accounted for, sorted by its values."""
    from segkit.recipes import RECIPES
    from segkit.sources import files_hash
    from segkit.store import Store

    columns = {name: header for name, header in HEADERS.items() if name != "customer_name"}
    engagement = Engagement(
        client="Benchmark", as_of=date(2026, 3, 31), currency="PLN", country="PL", folder=folder,
        sources={"order_lines": Source(file="cp1250.csv", columns=columns)},
    )  # fmt: skip
    store = Store(folder / ".store", engagement, RECIPES, files_hash)
    return totals(store.path("order_lines"))


def by_duckdb(folder: Path, order: str = "") -> dict[str, float]:
    """The same columns with the types known beforehand, and nothing looked at twice."""
    import os

    import duckdb

    types = dict.fromkeys(HEADERS, "VARCHAR") | {
        "order_date": "DATE", "quantity": "DOUBLE", "net_amount": "DECIMAL(18,2)",
    }  # fmt: skip
    target = folder / f"plain{len(order)}.parquet"
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    settings = {
        "memory_limit": f"{os.environ['SEGKIT_MEMORY_MB']}MB",
        "temp_directory": str(folder / "scratch"),
    }
    with duckdb.connect(config=settings) as engine:
        engine.execute(
            f"COPY (SELECT order_id, order_date, customer_id, product_id, channel, quantity, "
            f"CAST(net_amount * 100 AS BIGINT) AS net_amount FROM read_csv('{folder}/utf8.csv', "
            f"header=true, auto_detect=false, delim=';', quote='\"', decimal_separator=',', "
            f"dateformat='%d.%m.%Y', columns={{{columns}}}) {order}) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return totals(target)


def totals(path: Path) -> dict[str, float]:
    """Sums that are the same only if both tables are."""
    import duckdb

    found = duckdb.sql(
        "SELECT count(*) AS lines, CAST(sum(net_amount) AS BIGINT) AS net, sum(quantity) AS units, "
        "count(DISTINCT customer_id) AS customers, CAST(min(order_date) AS VARCHAR) AS first "
        f"FROM '{path}'"
    )
    return dict(zip(found.columns, found.fetchall()[0], strict=True))


WAYS = {
    "generate": generate,
    "segkit": by_segkit,
    "typed": by_duckdb,
    "sorted": lambda folder: by_duckdb(folder, "ORDER BY ALL"),
}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
