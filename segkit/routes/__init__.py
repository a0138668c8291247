"""Route to market: cost to serve, contribution, and visits beside what customers are worth."""

from __future__ import annotations

from segkit.routes.contacts import online, to_do, visits
from segkit.routes.costing import contribution, cost_to_serve
from segkit.routes.findings import (
    answer,
    assumptions,
    channels,
    loss_makers,
    pools,
    segments,
    whale,
)

__all__ = [
    "answer",
    "assumptions",
    "channels",
    "contribution",
    "cost_to_serve",
    "loss_makers",
    "online",
    "pools",
    "segments",
    "to_do",
    "visits",
    "whale",
]
