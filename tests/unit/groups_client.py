"""A small client for the tests of rules: tables as files, and every rule asked row by row."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.engagement import Engagement, SegmentRule, Source
from segkit.engine import Engine
from segkit.segments.groups.grammar import Apply, Call, Name, Node, Number, Text, Truth
from segkit.store import Given, _write

NEVER = 1_000_000_000
Row = Mapping[str, Any]
KINDS = {
    "customer_id": "str", "region": "str", "category": "str", "vip": "boolean", "since": "date",
    "size": "Float64", "Liczba foteli": "Int64", "order_id": "str", "product_id": "str",
    "order_date": "date", "quantity": "Float64", "net_amount": "Int64", "list_amount": "Int64",
    "discount_amount": "Int64", "cost_amount": "Int64", "channel": "str", "promotion_id": "str",
    "period": "str", "unit_cost": "price", "is_custom": "boolean", "visit_id": "str",
    "visit_date": "date", "kind": "str", "event_date": "date", "activity": "str",
    "net_revenue": "Int64", "trend": "Float64", "orders": "Int64",
}  # fmt: skip


def agreed(as_of: date = date(2026, 3, 31), *rules: tuple[str, str]) -> Engagement:
    """An engagement with these rules, by id and text."""
    return Engagement(
        client="Small", as_of=as_of, window_months=12, currency="EUR",
        sources={"order_lines": Source(file="lines.csv")},
        segment_rules=tuple(SegmentRule(id=id, name=id.title(), where=text) for id, text in rules),
    )  # fmt: skip


def tables(seed: int = 7) -> dict[str, list[dict[str, Any]]]:
    """Twelve customers, some without any row, with what is missing here and there."""
    draw = random.Random(seed)
    days = [date(2026, 3, 31) - timedelta(days=n) for n in (0, 1, 15, 16, 17, 28, 29, 30, 31, 32,
            46, 59, 60, 61, 75, 89, 90, 91, 92, 120, 182, 300, 364, 365, 366, 500)]  # fmt: skip
    customers = [
        {
            "customer_id": f"c{n:02d}",
            "region": draw.choice(["North", "O'South", None]),
            "category": draw.choice(["Drugstore", "Salon", None]),
            "vip": draw.choice([True, False, None]),
            "since": draw.choice([date(2020, 1, 1), date(2025, 6, 30), None]),
            "size": draw.choice([1.5, 10.0, None]),
            "Liczba foteli": draw.choice([1, 3, None]),
        }
        for n in range(12)
    ]
    products = [
        {"product_id": f"p{n}", "category": ["Shampoo", "Colour", None][n % 3],
         "unit_cost": [None, "1.250000", "0.333333"][n % 3], "is_custom": n == 4}
        for n in range(5)
    ]  # fmt: skip
    lines = []
    for n in range(150):
        is_return = draw.random() < 0.12
        net = draw.choice([0, 100, 999, 1000, 1050, 9900, 10000, 123456])
        lines.append(
            {
                "order_id": f"o{n // 3}",
                "customer_id": draw.choice([f"c{n // 3 % 9:02d}", f"c{n // 3 % 9:02d}", None]),
                "product_id": draw.choice([*(one["product_id"] for one in products), None]),
                "order_date": days[n // 3 % len(days)],
                "quantity": draw.choice([1.0, 2.0, 0.25, 1.001]) * (-1 if is_return else 1),
                "net_amount": -net if is_return else net,
                "list_amount": draw.choice([None, net + 100, net + 250]),
                "discount_amount": draw.choice([None, 50]),
                "cost_amount": draw.choice([None, 40, 400]),
                "channel": draw.choice(["web", "field", None]),
                "promotion_id": draw.choice(["summer", None, None]),
                "period": "in_window",
            }
        )
    visits = [
        {"visit_id": f"v{n}", "customer_id": f"c{n % 10:02d}", "visit_date": draw.choice(days),
         "kind": draw.choice(["visit", "visit", "call", None])}
        for n in range(40)
    ]  # fmt: skip
    events = [
        {"customer_id": f"c{n % 7:02d}", "event_date": draw.choice(days),
         "activity": draw.choice(["claim", "delivery"]), "quantity": draw.choice([1.0, 2.5])}
        for n in range(20)
    ]  # fmt: skip
    behaviour = [
        {"customer_id": f"c{n:02d}", "net_revenue": 1000 * n, "trend": [0.5, -0.1, None][n % 3],
         "orders": n}
        for n in range(9)
    ]  # fmt: skip
    return {
        "customers": customers, "products": products, "order_lines": lines, "visits": visits,
        "events": events, "behaviour": behaviour,
    }  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> Any:
    """Rows as a table with the contract's types."""
    import pyarrow as pa

    types = {
        "str": pa.string(), "boolean": pa.bool_(), "date": pa.date32(), "Float64": pa.float64(),
        "Int64": pa.int64(), "price": pa.decimal128(18, 6),
    }  # fmt: skip
    from decimal import Decimal

    columns = {
        name: pa.array(
            [Decimal(row[name]) if KINDS[name] == "price" and row[name] else row[name]
             for row in rows], types[KINDS[name]])
        for name in rows[0]
    }  # fmt: skip
    return pa.table(columns)


def given(
    folder: Path, engine: Engine, engagement: Engagement, made: Mapping[str, Any] | None = None
) -> Given:
    """The tables as a recipe is given them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, rows in (made or tables()).items():
        paths[name] = folder / f"{name}.parquet"
        _write(engine, frame(rows) if isinstance(rows, list) else rows, paths[name])
        engine.register(name, paths[name])
    return Given(engagement, paths, engine)


# --- the oracle: one customer after the other, in fractions ---------------------------------------


@dataclass
class Oracle:
    """Asks a rule of each customer by going through the rows."""

    tables: Mapping[str, list[dict[str, Any]]]
    as_of: date

    def members(self, rule: Node) -> list[str]:
        return [
            one["customer_id"] for one in self.tables["customers"] if self.holds(rule, one) is True
        ]

    def holds(self, node: Node, row: Row) -> Any:
        """The value of a part for one customer; None is missing, and neither true nor false."""
        match node:
            case Number(value):
                return Fraction(value)
            case Text(value) | Truth(value):
                return value
            case Name(name):
                return self.column(name, row)
            case Call("average" | "median" as name, args):
                return self.peers(name, args, row)
            case Call():
                return self.measure(node, row["customer_id"])
            case Apply("and", parts):
                return _all([self.holds(one, row) for one in parts])
            case Apply("or", parts):
                told = _all([_not(self.holds(one, row)) for one in parts])
                return _not(told)
            case Apply("not", (one,)):
                return _not(self.holds(one, row))
            case Apply("missing", (one,)):
                return self.holds(one, row) is None
            case Apply("between", (one, low, high)):
                return _all(
                    [self.holds(Apply(">=", (one, low)), row),
                     self.holds(Apply("<=", (one, high)), row)]
                )  # fmt: skip
            case Apply("in", (one, *values)):
                return self.holds(Apply("or", tuple(Apply("=", (one, v)) for v in values)), row)
            case Apply(op, (one, other)):
                return _reckon(op, self.holds(one, row), self.holds(other, row))
        raise AssertionError(node)

    def column(self, name: str, row: Row) -> Any:
        product = next(
            (p for p in self.tables["products"] if p["product_id"] == row.get("product_id")), {}
        )
        if name.startswith("product_") and name != "product_id":
            value = product.get(name.removeprefix("product_"))
        else:
            value = row.get({"promotion": "promotion_id"}.get(name, name))
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        return Fraction(value) / (100 if name.endswith(("_amount", "_revenue")) else 1)

    def measure(self, call: Call, customer: str) -> Any:
        reserved = {
            arg.parts[0].name: arg.parts[1].value
            for arg in call.args
            if arg.parts[0].name in ("last", "per")
        }
        filters = [arg for arg in call.args if arg.parts[0].name not in ("last", "per")]
        table = {"visits": "visits", "visits_per_month": "visits", "days_since_visit": "visits",
                 "events": "events"}.get(call.name, "order_lines")  # fmt: skip
        day = {"visits": "visit_date", "events": "event_date"}.get(table, "order_date")
        after, until, months = self.span(reserved.get("last"))
        if call.name.startswith("days_"):
            after, until = date.min, self.as_of
        rows = [
            row for row in self.tables[table]
            if row["customer_id"] == customer and after < row[day] <= until
            and all(self.holds(one, row) is True for one in filters)
        ]  # fmt: skip
        if table == "visits" and not any("kind" in str(one) for one in filters):
            rows = [row for row in rows if row["kind"] in ("visit", None)]
        value = MEASURES[call.name](self, rows)
        per = reserved.get("per", "month" if call.name.endswith("_per_month") else None)
        if per is None:
            return value
        days = Fraction((until - after).days)
        spans = {
            "day": days, "week": days / 7,
            "month": Fraction(months) if months else days / Fraction("30.4375"),
            "year": Fraction(months, 12) if months else days / Fraction("365.25"),
        }  # fmt: skip
        return None if value is None else value / spans[per]

    def span(self, last: str | None) -> tuple[date, date, int]:
        """The last day before, the last day, and how many calendar months."""
        if last is None:
            return date(self.as_of.year - 1, self.as_of.month, self.as_of.day), self.as_of, 12
        count, unit = int(last.split()[0]), last.split()[1].rstrip("s")
        if unit in ("day", "week"):
            return self.as_of - timedelta(days=count * {"day": 1, "week": 7}[unit]), self.as_of, 0
        months = count * {"month": 1, "year": 12}[unit]
        until = self.as_of
        while (until + timedelta(days=1)).day != 1:
            until -= timedelta(days=1)
        after = until
        for _ in range(months):
            after = after.replace(day=1) - timedelta(days=1)
        return after, until, months

    def peers(self, name: str, args: tuple[Node, ...], row: Row) -> Any:
        call = next(one for one in args if isinstance(one, Call))
        by = next((one.parts[1].name for one in args if isinstance(one, Apply)), None)
        after, until, _ = self.span(None)
        active = {
            one["customer_id"] for one in self.tables["order_lines"]
            if after < one["order_date"] <= until
        }  # fmt: skip
        alike = [
            one["customer_id"] for one in self.tables["customers"]
            if one["customer_id"] in active
            and (by is None or (row[by] is not None and one[by] == row[by]))
        ]  # fmt: skip
        if name == "average" and call.name in RATES:
            sums = [RATES[call.name](self, self.rows_of(call, one)) for one in alike]
            above = sum((one[0] or 0 for one in sums), Fraction(0))
            below = sum((one[1] or 0 for one in sums), Fraction(0))
            return above / below if below else None
        values = [self.measure(call, one) for one in alike]
        known = sorted(one for one in values if one is not None and one < NEVER)
        if not known:
            return None
        if name == "average":
            return Fraction(sum(known), len(known))
        return (known[(len(known) - 1) // 2] + known[len(known) // 2]) / Fraction(2)

    def rows_of(self, call: Call, customer: str) -> list[Row]:
        """The rows of a rate over the window, unfiltered."""
        after, until, _ = self.span(None)
        return [
            row for row in self.tables["order_lines"]
            if row["customer_id"] == customer and after < row["order_date"] <= until
        ]  # fmt: skip


def _all(told: list[Any]) -> Any:
    if False in told:
        return False
    return None if None in told else True


def _not(told: Any) -> Any:
    return None if told is None else not told


def _reckon(op: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    if isinstance(one, date):
        other = date.fromisoformat(other)
    if op == "/":
        return one / other if other else None
    return {
        "=": lambda: one == other, "<>": lambda: one != other, "<": lambda: one < other,
        "<=": lambda: one <= other, ">": lambda: one > other, ">=": lambda: one >= other,
        "+": lambda: one + other, "-": lambda: one - other, "*": lambda: one * other,
    }[op]()  # fmt: skip


def _sold(rows: list[Row]) -> Iterator[Row]:
    return (row for row in rows if row["quantity"] >= 0 and row["net_amount"] >= 0)


def _net(rows: list[Row]) -> Fraction:
    return Fraction(sum(row["net_amount"] for row in rows), 100)


def _cost(oracle: Oracle, row: Row) -> int | None:
    if row["cost_amount"] is not None:
        return row["cost_amount"]
    unit = oracle.column("product_unit_cost", row)
    return None if unit is None else _rounded(Fraction(row["quantity"]) * Fraction(unit) * 100)


def _rounded(value: Fraction) -> int:
    """Half away from zero, as the engine does."""
    return int(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


def _margin(oracle: Oracle, rows: list[Row]) -> tuple[Fraction | None, Fraction | None]:
    known = [(row["net_amount"], cost) for row in rows
             if (cost := _cost(oracle, row)) is not None]  # fmt: skip
    if not known:
        return (None, None)
    return (Fraction(sum(n - c for n, c in known), 100), Fraction(sum(n for n, _ in known), 100))


def _listed(_: Oracle, rows: list[Row]) -> tuple[Fraction | None, Fraction | None]:
    known = []
    for row in _sold(rows):
        listed = row["list_amount"]
        if listed is None and row["discount_amount"] is not None:
            listed = row["net_amount"] + row["discount_amount"]
        if listed is not None:
            known.append((listed - row["net_amount"], listed))
    if not known:
        return (None, None)
    return (Fraction(sum(d for d, _ in known)), Fraction(sum(n for _, n in known)))


def _returned(rows: list[Row]) -> Fraction:
    back = [row for row in rows if row["quantity"] < 0 or row["net_amount"] < 0]
    return Fraction(sum(-row["net_amount"] for row in back), 100)


def _days(day: str) -> Callable[[Oracle, list[Row]], Fraction]:
    def since(oracle: Oracle, rows: list[Row]) -> Fraction:
        found = [row[day] for row in (_sold(rows) if day == "order_date" else rows)]
        return Fraction((oracle.as_of - max(found)).days if found else NEVER)

    return since


RATES: dict[str, Callable[[Oracle, list[Row]], tuple[Any, Any]]] = {
    "order_value": lambda _, rows: (
        _net(rows), Fraction(len({row["order_id"] for row in _sold(rows)}))),
    "discount_share": _listed,
    "margin_rate": _margin,
    "return_share": lambda _, rows: (_returned(rows), _net(list(_sold(rows)))),
}  # fmt: skip


def _ratio(name: str) -> Callable[[Oracle, list[Row]], Any]:
    def told(oracle: Oracle, rows: list[Row]) -> Any:
        above, below = RATES[name](oracle, rows)
        if not rows or above is None or not below:
            return None
        return above / below

    return told


MEASURES: dict[str, Callable[[Oracle, list[Row]], Any]] = {
    "spend": lambda _, rows: _net(rows),
    "orders": lambda _, rows: Fraction(len({row["order_id"] for row in _sold(rows)})),
    "orders_per_month": lambda _, rows: Fraction(len({row["order_id"] for row in _sold(rows)})),
    "lines": lambda _, rows: Fraction(len(list(_sold(rows)))),
    "quantity": lambda _, rows: sum(
        (Fraction(round(row["quantity"] * 1000), 1000) for row in rows), Fraction(0)),
    "products": lambda _, rows: Fraction(
        len({row["product_id"] for row in _sold(rows)} - {None})),
    "categories": lambda oracle, rows: Fraction(
        len({oracle.column("product_category", row) for row in _sold(rows)} - {None})),
    "margin": lambda oracle, rows: _margin(oracle, rows)[0] if rows else Fraction(0),
    "returns": lambda _, rows: _returned(rows),
    "visits": lambda _, rows: Fraction(len(rows)),
    "visits_per_month": lambda _, rows: Fraction(len(rows)),
    "events": lambda _, rows: sum((Fraction(row["quantity"]) for row in rows), Fraction(0)),
    "days_since_order": _days("order_date"),
    "days_since_visit": _days("visit_date"),
    **{name: _ratio(name) for name in RATES},
}  # fmt: skip

__all__ = ["MEASURES", "RATES", "Oracle", "agreed", "frame", "given", "pd", "tables"]
