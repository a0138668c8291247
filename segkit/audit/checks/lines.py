"""Checks of the order lines themselves."""

from __future__ import annotations

from decimal import Decimal

from segkit.audit.checks.framework import Check, Scalar
from segkit.language import say, say_n

#: What a reader needs to find a line again, in the order in which it is shown.
_LINE = (
    "order_id, line_no, order_date, customer_id, product_id, quantity, net_amount, channel, rep_id"
)

UNASSIGNED = Check(
    id="unassigned",
    asks=say("Order lines without a customer"),
    failing=f"SELECT {_LINE}, net_amount AS money FROM window_lines WHERE customer_id IS NULL",
    claim=say("{money}, or {share} of net revenue, belongs to no known customer"),
    touches=say_n(
        "{n} order line in the window names none: it counts in revenue but in no segment, so no "
        "plan by customer reaches {effect}.",
        "{n} order lines in the window name none: they count in revenue but in no segment, so no "
        "plan by customer reaches {effect}.",
        0,
    ),
    effect=Scalar("money", "SELECT SUM(money) FROM failed_unassigned"),
    action=say("Find which sales carry no customer number, and record it at the order."),
    owner=say("sales director"),
    changes=Decimal("0.01"),
)

CHECKS = (UNASSIGNED,)
