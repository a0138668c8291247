"""Customers who move away from their own segment: who, by how much, how sure, and for what reason.

Each customer is held against the median path of its own segment, so that a season, a price list or
a good year that moves everyone alike is nobody's deviation. Slopes are Theil–Sen and shrunk, lists
are cut by false discovery rate and by money; silence, lost categories and prices stand beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.segments.deviating.findings import declining, early_signs, growing

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

__all__ = ["declining", "deviations", "early_signs", "growing"]


def deviations(given: Given) -> pd.DataFrame:
    """The recipe of the table ``deviations``; see `table.deviations_of`."""
    from segkit.segments.deviating.paths import periods
    from segkit.segments.deviating.signs import CATEGORIES, PRICES
    from segkit.segments.deviating.table import deviations_of

    when = periods(given.engagement)
    spans = {"{first}": when.first, "{cut}": when.cut, "{last}": when.last}
    categories = CATEGORIES
    for mark, month in spans.items():
        categories = categories.replace(mark, str(month))
    segments = given.table("segments")[["customer_id", "segment_id", "base"]]
    people = given.table("behaviour").merge(segments, on="customer_id", validate="1:1")
    return deviations_of(
        given.table("customer_months"),
        people.sort_values("customer_id", ignore_index=True),
        given.engagement,
        given.query(PRICES),
        given.query(categories),
    )
