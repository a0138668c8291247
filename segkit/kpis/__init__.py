"""KPIs as data, their values per segment and seller, and targets with a tested base."""

from __future__ import annotations

from segkit.kpis.findings import (
    across_segments,
    answer,
    attainment,
    base,
    caveats,
    deep_discounts,
    definitions,
    lost_revenue,
    overdue,
    rests_on,
    sellers,
    tables_by_segment,
    targets,
)

__all__ = [
    "across_segments",
    "answer",
    "attainment",
    "base",
    "caveats",
    "deep_discounts",
    "definitions",
    "lost_revenue",
    "overdue",
    "rests_on",
    "sellers",
    "tables_by_segment",
    "targets",
]
