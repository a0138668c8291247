"""Small random records of a client, with everything that makes counting hard."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from segkit.engagement import Engagement
from segkit.engine import Engine, Spark
from segkit.tables import CONTRACTS, ENGINE_TYPES

AS_OF = date(2026, 3, 31)
AGREED = Engagement(client="Random", as_of=AS_OF, sources={})
TABLES = (
    "order_lines", "customers", "products", "promotions", "visits", "events", "receivables"
)  # fmt: skip
#: Quotes and backslashes are parts of names, and Ä stands after z.
CHANNELS = ("field", "web", "edi", "Kasia's \\ shop", "Ärzte", "fax", "post", None)
_ARROW = {
    "VARCHAR": pa.string(), "DATE": pa.date32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(), "DECIMAL(18,6)": pa.decimal128(18, 6),
}  # fmt: skip

Rows = list[dict[str, Any]]


def records(seed: int, customers: int = 12, lines: int = 500) -> dict[str, Rows]:
    """The accepted tables of a small client; the same for the same seed."""
    draw = Random(seed)
    names = [f"{'ÄC0z'[n % 4]}{n:03d}" for n in range(customers)]
    products = [_product(draw, n) for n in range(15)]
    orders = [_order(draw, names, n) for n in range(max(lines // 3, 1))]
    return {
        "order_lines": [_line(draw, draw.choice(orders), products) for _ in range(lines)],
        "customers": [{"customer_id": one, "kind": draw.choice(["a", "b", None])}
                      for one in names[1:]],
        "products": products,
        "promotions": [
            _promotion(draw, names, products, draw.choice(orders)["order_date"], n)
            for n in range(8)
        ],
        "visits": [
            {"customer_id": draw.choice(names[2:]), "visit_date": _day(draw),
             "kind": draw.choice(["visit", "visit", "call", "online", None])}
            for _ in range(6 * customers)
        ],
        "events": [
            {"customer_id": draw.choice(names), "event_date": _day(draw),
             "quantity": draw.choice([1.0, 2.0, 0.5, 0.125, 0.0015, -1.0])}
            for _ in range(4 * customers)
        ],
        "receivables": [_invoice(draw, names) for _ in range(8 * customers)],
    }  # fmt: skip


def _product(draw: Random, n: int) -> dict[str, Any]:
    return {
        "product_id": f"p{n}",
        "category": [None, "Zink", "Äpfel", "zinc", "Body care", "body-care"][n % 6],
        "kind": draw.choice(["product", "service", None]),
        "is_custom": draw.choice([True, False, False, None]),
        "unit_cost": draw.choice([None, Decimal(draw.randrange(1, 9_000_000)) / 1_000_000]),
    }


def _order(draw: Random, names: list[str], n: int) -> dict[str, Any]:
    # few have most orders, one has a single one, some orders belong to nobody
    owner = names[min(int(draw.paretovariate(0.9)) - 1, len(names) - 1)]
    return {
        "order_id": f"o{n // 2}",  # two customers may use one number
        "customer_id": None if draw.random() < 0.03 else owner,
        "order_date": _day(draw),
        "channel": draw.choice(CHANNELS),
    }


def _line(draw: Random, order: dict[str, Any], products: Rows) -> dict[str, Any]:
    is_return = draw.random() < 0.1
    quantity = draw.choice([0.5, 1.0, 2.5, 3.0, 12.0]) * (-1 if is_return else 1)
    net = draw.randrange(0, 20_000) * (-1 if is_return else 1)
    priced = draw.random()
    late = draw.random() < 0.05  # some lines of an order follow later
    day = min(order["order_date"] + timedelta(days=9 * late), AS_OF + timedelta(days=30))
    return order | {
        "order_date": day,
        "product_id": draw.choice([one["product_id"] for one in products] + ["unheard", None]),
        "quantity": quantity,
        "net_amount": net,
        "list_amount": abs(net) + draw.randrange(0, 3) * 500 if priced < 0.4 else None,
        "discount_amount": draw.randrange(0, 900) if priced > 0.7 else None,
        "cost_amount": int(net * 0.6) if draw.random() < 0.5 else None,
        "channel": order["channel"] if draw.random() < 0.9 else draw.choice(CHANNELS),
        "promotion_id": draw.choice([None, None, None, "spring"]),
        "period": _period(day),
    }


def _promotion(
    draw: Random, names: list[str], products: Rows, first: date, n: int
) -> dict[str, Any]:
    return {
        "promotion_id": f"x{n}",
        "customer_id": draw.choice([None, draw.choice(names)]),
        "segment_id": draw.choice([None, None, None, "large"]),
        "product_id": draw.choice([None, draw.choice(products)["product_id"]]),
        "category": draw.choice([None, None, "Zink"]),
        "from_date": first,
        "to_date": first + timedelta(days=draw.randrange(0, 60)),
    }


def _invoice(draw: Random, names: list[str]) -> dict[str, Any]:
    day = _day(draw)
    waited = draw.choice([None, draw.randrange(0, 120)])
    return {
        "customer_id": draw.choice(names[:-1]),
        "invoice_date": day,
        "due_date": day + timedelta(days=30),
        "paid_date": None if waited is None else day + timedelta(days=waited),
        "amount": draw.randrange(-2_000, 50_000),
    }


def _day(draw: Random) -> date:
    """A day of the two years before the as-of date, or a little outside of them."""
    return AS_OF - timedelta(days=draw.randrange(-20, 800))


def _period(day: date) -> str:
    if day > AS_OF:
        return "after_as_of"
    return "in_window" if day > AGREED.window_start else "before_window"


def shuffled(tables: dict[str, Rows], seed: int) -> dict[str, Rows]:
    """The same rows in another order."""
    draw = Random(seed)
    return {name: draw.sample(rows, len(rows)) for name, rows in tables.items()}


def in_units(tables: dict[str, Rows], factor: int) -> dict[str, Rows]:
    """The same records in a currency of which `factor` make one of before."""
    kinds = {
        name: {one.name for one in CONTRACTS[name].columns if one.kind in ("amount", "price")}
        for name in tables
    }
    return {
        name: [
            {
                key: value * factor if value is not None and key in kinds[name] else value
                for key, value in row.items()
            }
            for row in rows
        ]
        for name, rows in tables.items()
    }


def write(folder: Path, tables: dict[str, Rows], rows_a_group: int = 64) -> dict[str, Path]:
    """Each table as a Parquet file of the types of the contract."""
    made = {}
    for name, rows in tables.items():
        types = {one.name: _ARROW[ENGINE_TYPES[one.kind]] for one in CONTRACTS[name].columns}
        if name == "order_lines":
            types["period"] = pa.string()
        columns = {
            key: pa.array([row.get(key) for row in rows], kind) for key, kind in types.items()
        }
        made[name] = folder / f"{name}.parquet"
        pq.write_table(pa.table(columns), made[name], row_group_size=rows_a_group)
    return made


def register(engine: Engine | Spark, paths: dict[str, Path]) -> None:
    for name, path in paths.items():
        engine.register(name, path)
