"""The behaviour table once more, in plain loops over plain rows: slow, and easy to believe."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from itertools import combinations, pairwise
from statistics import median, stdev
from typing import Any

from segkit.engagement import Engagement, identifier, months_before

Rows = list[dict[str, Any]]
_FEWEST_MONTHS, _FEWEST_GAPS, _FEWEST_QUARTERS, _DRAWN, _SMALL = 3, 3, 4, 10, 0.25


def oracle(tables: dict[str, Rows], agreed: Engagement) -> dict[str, dict[str, Any]]:
    """Each active customer's measures; None is unknown, and a column nobody has is left out."""
    lines = [one for one in tables["order_lines"] if one["customer_id"] is not None]
    bought = [one for one in lines if one["period"] == "in_window"]
    products = {one["product_id"]: one for one in tables["products"]}
    kinds = {one["customer_id"]: one["kind"] for one in tables["customers"]}
    began: dict[str, date] = {}
    for one in lines:
        if one["period"] != "after_as_of":
            owner = one["customer_id"]
            began[owner] = min(began.get(owner, one["order_date"]), one["order_date"])
    every_order = [
        sum(line["net_amount"] for line in order)
        for owner in began
        for order in _orders_of([one for one in bought if one["customer_id"] == owner])
    ]
    small = _SMALL * sum(every_order) / len(every_order) if every_order else 0
    channels = _ranked(Counter(one["channel"] for one in bought if one["channel"] is not None))
    worth: Counter[str] = Counter()
    for one in bought:
        category = products.get(one["product_id"], {}).get("category")
        if category is not None:
            worth[category] += one["net_amount"]
    made = {}
    for owner in sorted({one["customer_id"] for one in bought}):
        own = [one for one in bought if one["customer_id"] == owner]
        orders = _orders_of(own)
        sold = [one for one in own if not _is_return(one)]
        tenure = (agreed.as_of - began[owner]).days
        window = (agreed.as_of - agreed.window_start).days
        months = max(min(tenure, window) / 30.4375, _FEWEST_MONTHS)
        row = {"kind": kinds.get(owner), "tenure_days": tenure, "lines": len(own)}
        row |= _value(own, products, agreed, months)
        row |= _rhythm(own, sold, orders, agreed, months)
        row |= _trends(own, orders, agreed, tenure)
        row |= _mix(own, sold, products, _ranked(worth))
        row |= _prices(tables, sold, products, bought)
        row |= _channels(orders, channels)
        row |= _basket(own, sold, orders, small)
        row |= _season(sold, agreed, tenure)
        for name, measure in (("visits", _visits), ("events", _events), ("receivables", _paid)):
            if name in tables:
                theirs = [one for one in tables[name] if one["customer_id"] == owner]
                row |= measure(theirs, agreed, months, len(orders), row["net_revenue"])
        made[owner] = row
    return made


def _is_return(line: dict[str, Any]) -> bool:
    return line["quantity"] < 0 or line["net_amount"] < 0


def _orders_of(lines: Rows) -> list[Rows]:
    """The lines of each order; returns are no orders."""
    found: dict[str, Rows] = {}
    for one in lines:
        if not _is_return(one):
            found.setdefault(one["order_id"], []).append(one)
    return list(found.values())


def _ranked(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def _ratio(above: float, below: float | None) -> float | None:
    return above / below if below is not None and below > 0 else None


def _half_away(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _sum(lines: Rows) -> int:
    return sum(one["net_amount"] for one in lines)


def _value(own: Rows, products: Any, agreed: Engagement, months: float) -> dict[str, Any]:
    year, before = (months_before(agreed.as_of, n) for n in (12, 24))
    costs = []
    for one in own:
        unit = products.get(one["product_id"], {}).get("unit_cost")
        if one["cost_amount"] is not None:
            costs.append((one["net_amount"], one["cost_amount"]))
        elif unit is not None:
            cost = _half_away(one["quantity"] * float(unit) * agreed.minor_units)
            costs.append((one["net_amount"], cost))
    margin = sum(net - cost for net, cost in costs) if costs else None
    length = agreed.window_months
    return {
        "net_revenue": _sum(own),
        "net_revenue_12m": _sum([one for one in own if one["order_date"] > year])
        if length >= 12 else None,
        "net_revenue_prior_12m": _sum([one for one in own if before < one["order_date"] <= year])
        if length >= 24 else None,
        "revenue_per_month": round(_sum(own) / months),
        "gross_margin": margin,
        "margin_share": None if margin is None else _ratio(margin, sum(net for net, _ in costs)),
    }  # fmt: skip


def _rhythm(
    own: Rows, sold: Rows, orders: list[Rows], agreed: Engagement, months: float
) -> dict[str, Any]:
    days = sorted({one["order_date"] for one in sold})
    first_days = [min(line["order_date"] for line in order) for order in orders]
    last = max(first_days) if orders else max(one["order_date"] for one in own)
    gaps = [(after - before).days for before, after in pairwise(days)]
    active = len({(day.year, day.month) for day in days})
    has_rhythm = len(gaps) >= _FEWEST_GAPS
    recency = (agreed.as_of - last).days
    return {
        "orders": len(orders),
        "orders_per_month": len(orders) / months,
        "order_days": len(days),
        "recency_days": recency,
        "active_months": active,
        "active_month_share": min(active / months, 1),
        "gap_days": median(gaps) if gaps else None,
        "gap_cv": stdev(gaps) / (sum(gaps) / len(gaps)) if has_rhythm else None,
        "gap_days_longest": max(gaps) if gaps else None,
        "overdue_gaps": recency / median(gaps) if has_rhythm else None,
        "weekday_share": max(Counter(day.weekday() for day in days).values()) / len(days)
        if has_rhythm else None,
    }  # fmt: skip


def _trends(own: Rows, orders: list[Rows], agreed: Engagement, tenure: int) -> dict[str, Any]:
    count = agreed.window_months // 3
    revenue, numbers = [0.0] * count, [0.0] * count
    for one in own:
        ago = (agreed.as_of - one["order_date"]).days * 16 // 1461
        if ago < count:
            revenue[ago] += one["net_amount"]
    for order in orders:
        ago = (agreed.as_of - min(line["order_date"] for line in order)).days * 16 // 1461
        if ago < count:
            numbers[ago] += 1
    known = min(tenure * 16 // 1461, count)
    return {"trend": _slope(revenue[:known]), "trend_orders": _slope(numbers[:known])}


def _slope(latest_first: list[float]) -> float | None:
    values = [max(value, 0) for value in reversed(latest_first)]
    if len(values) < _FEWEST_QUARTERS or sum(values) == 0:
        return None
    tenth = 0.1 * sum(values) / len(values)
    logs = [math.log(value + tenth) for value in values]
    slopes = [(logs[j] - logs[i]) / (j - i) for i, j in combinations(range(len(logs)), 2)]
    return math.expm1(median(slopes))


def _mix(own: Rows, sold: Rows, products: Any, worth: list[str]) -> dict[str, Any]:
    bought = Counter(one["product_id"] for one in own)
    row: dict[str, Any] = {
        "products": len(bought),
        "product_top_share": max(bought.values()) / len(own),
    }
    for name, key, wanted in (
        ("custom_share", "is_custom", True), ("service_share", "kind", "service")
    ):  # fmt: skip
        told = [
            (products[one["product_id"]][key], one["net_amount"])
            for one in sold
            if products.get(one["product_id"], {}).get(key) is not None
        ]
        yes = sum(net for value, net in told if value == wanted)
        row[name] = _ratio(yes, sum(net for _, net in told))
    if len(worth) < 2:
        return row | {"breadth_rarefied": _rarefied(list(bought.values()))}
    kinds = Counter(products.get(one["product_id"], {}).get("category") for one in own)
    known = [count for name, count in kinds.items() if name is not None]
    row |= {
        "categories": len(known),
        "breadth_rarefied": _rarefied(list(kinds.values())),
        "category_top_share": _ratio(max(known, default=0), sum(known)),
        "category_concentration": _ratio(sum(n**2 for n in known), sum(known) ** 2),
    }
    shares = Counter(
        {f"share_category_{identifier(name)}": 0 for name in worth[:10]}
        | {"share_category_other": 0}
    )
    for name, count in kinds.items():
        shares[f"share_category_{identifier(name) if name in worth[:10] else 'other'}"] += count
    return row | {name: count / len(own) for name, count in shares.items()}


def _rarefied(counts: list[int]) -> float:
    n = sum(counts)
    m = min(_DRAWN, n)
    return math.fsum(1 - math.comb(n - one, m) / math.comb(n, m) for one in counts)


def _prices(tables: dict[str, Rows], sold: Rows, products: Any, bought: Rows) -> dict[str, Any]:
    listed = []
    for one in sold:
        if one["list_amount"] is not None:
            listed.append((one["list_amount"], one["net_amount"]))
        elif one["discount_amount"] is not None:
            listed.append((one["net_amount"] + one["discount_amount"], one["net_amount"]))
    whole = sum(price for price, _ in listed)
    promoted = 0
    for one in sold:
        product = products.get(one["product_id"])
        ran = product is not None and any(
            offer["segment_id"] is None
            and offer["product_id"] in (None, one["product_id"])
            and offer["category"] in (None, product["category"])
            and offer["customer_id"] in (None, one["customer_id"])
            and offer["from_date"] <= one["order_date"] <= offer["to_date"]
            for offer in tables.get("promotions", ())
        )
        promoted += one["net_amount"] if one["promotion_id"] is not None or ran else 0
    told = "promotions" in tables or any(
        one["promotion_id"] is not None and one["net_amount"] > 0 and not _is_return(one)
        for one in bought
    )
    return {
        "discount_share": _ratio(whole - sum(net for _, net in listed), whole),
        "discounted_share": _ratio(sum(price > net for price, net in listed), len(listed)),
        "promotion_share": _ratio(promoted, _sum(sold)) if told else None,
    }


def _channels(orders: list[Rows], known: list[str]) -> dict[str, Any]:
    if not known:
        return {}
    of_orders = [
        min((line["channel"] for line in order if line["channel"] is not None), default=None)
        for order in orders
    ]
    told = [name for name in of_orders if name is not None]
    row: dict[str, Any] = {"channels": len(set(told))}
    if {"field", "inside", "web", "edi", "distributor"} & set(known):
        row["electronic_share"] = _ratio(sum(name in ("web", "edi") for name in told), len(told))
    counts = Counter({f"share_channel_{identifier(name)}": 0 for name in known[:6]})
    counts["share_channel_other"] += 0
    for name in of_orders:
        counts[f"share_channel_{identifier(name) if name in known[:6] else 'other'}"] += 1
    return row | {name: _ratio(count, len(orders)) for name, count in counts.items()}


def _basket(own: Rows, sold: Rows, orders: list[Rows], small: float) -> dict[str, Any]:
    values = [_sum(order) for order in orders]
    return {
        "lines_per_order": _ratio(len(sold), len(orders)),
        "order_value": round(_sum(own) / len(orders)) if orders else None,
        "order_value_median": round(median(values)) if orders else None,
        "largest_order_share": _ratio(max(values, default=0), _sum(sold)),
        "small_order_share": _ratio(sum(value < small for value in values), len(orders)),
        "return_share": None
        if _sum(sold) <= 0
        else min(max((_sum(sold) - _sum(own)) / _sum(sold), 0), 1),
        "return_line_share": (len(own) - len(sold)) / len(own),
    }


def _season(sold: Rows, agreed: Engagement, tenure: int) -> dict[str, Any]:
    year = months_before(agreed.as_of, 12)
    quarters = [0] * 4
    for one in sold:
        if one["order_date"] > year:
            quarters[(one["order_date"].month - 1) // 3] += one["net_amount"]
    is_whole = tenure >= (agreed.as_of - year).days and agreed.window_months >= 12
    return {"season_peak_share": _ratio(max(quarters), sum(quarters)) if is_whole else None}


def _visits(
    theirs: Rows, agreed: Engagement, months: float, orders: int, revenue: int
) -> dict[str, Any]:
    known = [one for one in theirs if one["visit_date"] <= agreed.as_of]
    visits = [one for one in known if one["kind"] in ("visit", None)]
    recent = [one for one in visits if one["visit_date"] > agreed.window_start]
    calls = [
        one for one in known if one not in visits and one["visit_date"] > agreed.window_start
    ]  # fmt: skip
    last = max((one["visit_date"] for one in visits), default=None)
    return {
        "visits": len(recent),
        "visits_per_month": len(recent) / months,
        "calls_per_month": len(calls) / months,
        "days_since_visit": None if last is None else (agreed.as_of - last).days,
        "orders_per_visit": _ratio(orders, len(recent)),
        "revenue_per_visit": round(revenue / len(recent)) if recent else None,
    }


def _events(
    theirs: Rows, agreed: Engagement, months: float, orders: int, revenue: int
) -> dict[str, Any]:
    count = sum(
        _half_away(one["quantity"] * 1000)
        for one in theirs
        if agreed.window_start < one["event_date"] <= agreed.as_of
    ) / 1000  # fmt: skip
    return {
        "events": count,
        "events_per_month": count / months,
        "events_per_order": _ratio(count, orders),
    }


def _paid(
    theirs: Rows, agreed: Engagement, months: float, orders: int, revenue: int
) -> dict[str, Any]:
    known = [one for one in theirs if one["invoice_date"] <= agreed.as_of]
    recent = [
        one for one in known if one["invoice_date"] > agreed.window_start and one["amount"] > 0
    ]
    paid = [one for one in recent if one["paid_date"] and one["paid_date"] <= agreed.as_of]
    due = [one for one in recent if one["due_date"] < agreed.as_of]
    late = [
        one for one in due
        if one["paid_date"] is None or one["paid_date"] > one["due_date"]
    ]  # fmt: skip
    overdue = [
        one for one in known if one["due_date"] < agreed.as_of
        and (one["paid_date"] is None or one["paid_date"] > agreed.as_of)
    ]  # fmt: skip
    waits = sum((one["paid_date"] - one["invoice_date"]).days for one in paid)
    lates = sum((one["paid_date"] - one["due_date"]).days for one in paid)
    return {
        "invoices": len(recent),
        "payment_days": _ratio(waits, len(paid)),
        "late_days": _ratio(lates, len(paid)),
        "late_share": _ratio(sum(one["amount"] for one in late), sum(o["amount"] for o in due)),
        "overdue_amount": sum(one["amount"] for one in overdue),
    }
