"""What was given, whether it ties to the client's own figures, and what it can answer."""

from segkit.audit.findings import (
    answer,
    controls,
    given,
    peculiarities,
    readiness,
    repairs,
    set_aside,
    unassigned,
    walk,
)
from segkit.audit.revenue import concentration, over_time, year_on_year

__all__ = [
    "answer",
    "concentration",
    "controls",
    "given",
    "over_time",
    "peculiarities",
    "readiness",
    "repairs",
    "set_aside",
    "unassigned",
    "walk",
    "year_on_year",
]
