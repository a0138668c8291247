"""Cost to serve against published numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from unit.routes_client import Client, engagement


def test_kaplan_and_anderson_come_out_to_the_digit(tmp_path: Path) -> None:
    """Kaplan & Anderson (2004), Harvard Business Review 82 (11): one department, one quarter."""
    agreed = engagement(as_of=date(2026, 3, 31), window_months=3, currency="USD")
    quarter = {"period_start": "2026-01-01", "period_end": "2026-03-31"}
    orders = pd.DataFrame({"order_id": [f"{n}" for n in range(49_000)]}).assign(
        order_date="2026-02-02", customer_id="C1", quantity=1, net_amount=0, period="in_window"
    )
    events = pd.DataFrame(
        {"activity": ["inquiry", "credit check"], "quantity": [1_400, 2_500]}
    ).assign(customer_id="C1", event_date="2026-02-02")
    activities = pd.DataFrame(
        {
            "activity": ["Process order", "Handle inquiry", "Check credit"],
            "minutes": [8, 44, 50],
            "driver": ["order", "inquiry", "credit check"],
        }
    ).assign(pool="Customer service")
    resources = pd.DataFrame(
        [{"pool": "Customer service", "cost": 56_000_000, "practical_minutes": 700_000, **quarter}]
    )
    products = pd.DataFrame({"product_id": ["unknown"]})
    client = Client(
        tmp_path,
        agreed,
        {
            "order_lines": orders,
            "events": events,
            "activities": activities,
            "resources": resources,
            "products": products,
        },
    )
    spent = client.frame("cost_to_serve").set_index("activity")["cost"]
    assert spent.to_dict() == {
        "Process order": 31_360_000,
        "Handle inquiry": 4_928_000,
        "Check credit": 10_000_000,
    }
    (pool,) = client.frame("pool_capacity").to_dict("records")
    assert (pool["used_minutes"], pool["assigned"], pool["unused"]) == (
        578_600,
        46_288_000,
        9_712_000,
    )
    assert pool["practical_minutes"] - pool["used_minutes"] == 121_400
    assert not pool["is_scaled"]
