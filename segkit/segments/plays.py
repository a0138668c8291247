"""What to do for a segment that is high or low in a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.language import Message, say

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Play:
    """What to do for a segment, and who does it."""

    id: str
    action: Message
    owner: Message


WIN_BACK = Play(
    "win_back",
    say("Find out why they buy less, the largest first; offer nothing before the reason is known."),
    say("sales managers"),
)
PROTECT = Play(
    "protect",
    say("Protect: an owner and a plan for the largest, a word to all at a change of rhythm."),
    say("sales director"),
)
AUTOMATE = Play(
    "automate",
    say("Keep ordering automatic; spend visits on range and terms, not on taking orders."),
    say("head of e-commerce"),
)
PLAN = Play(
    "plan",
    say("Plan the next large order with them: ask for dates, quote early, agree stock."),
    say("key account managers"),
)
WIDEN = Play(
    "widen",
    say("Test a wider range: offer the categories that similar customers buy and these do not."),
    say("category managers"),
)
SERVE_LEAN = Play(
    "serve_lean",
    say("Serve by phone and web; agree a smallest order or a fixed order day."),
    say("head of inside sales"),
)
KEEP = Play(
    "keep",
    say("Keep the rhythm; let the seller look when a customer leaves it."),
    say("sales managers"),
)


def play(profile: pd.DataFrame, money_share: float, customer_share: float) -> Play:
    """The first play whose reason is there, in order of urgency.

    Parameters
    ----------
    profile
        One row per measure of the segment: its ``mean``, and ``z`` from its base's mean.
    money_share, customer_share
        The segment's part of net revenue and of customers.
    """
    z, means = profile["z"].fillna(0), profile["mean"].fillna(0)
    self_service = sum(means.get(f"share_channel_{one}", 0.0) for one in ("web", "edi"))
    if means.get("trend", 0.0) <= -0.05 and z.get("trend", 0.0) <= -0.5:
        return WIN_BACK
    if z.get("recency_days", 0.0) >= 1:
        return WIN_BACK
    if money_share >= 1.5 * customer_share and z.get("orders_per_month", 0.0) > -0.3:
        return PROTECT
    if self_service >= 0.5:
        return AUTOMATE
    if z.get("order_value", 0.0) >= 0.5:
        return PLAN
    if money_share <= 0.5 * customer_share:
        return SERVE_LEAN
    return WIDEN if z.get("breadth_rarefied", 0.0) <= -0.5 else KEEP
