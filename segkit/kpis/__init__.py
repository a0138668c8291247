"""KPIs as data, their values per segment and seller, and targets with a tested base."""

from segkit.kpis.findings import (
    across_segments,
    attainment,
    deep_discounts,
    definitions,
    lost_revenue,
    overdue,
    sellers,
    tables_by_segment,
)
from segkit.kpis.plan import answer, base, rests_on, targets

__all__ = [
    "across_segments", "answer", "attainment", "base", "deep_discounts", "definitions",
    "lost_revenue", "overdue", "rests_on", "sellers", "tables_by_segment", "targets",
]  # fmt: skip
