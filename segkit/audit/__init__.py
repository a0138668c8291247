"""What was given, whether it ties to the client's own figures, and what it can answer."""

from segkit.audit.checks import checked
from segkit.audit.findings import (
    answer,
    controls,
    given,
    readiness,
    repairs,
    set_aside,
    walk,
)
from segkit.audit.revenue import concentration, over_time, year_on_year

__all__ = [
    "answer",
    "checked",
    "concentration",
    "controls",
    "given",
    "over_time",
    "readiness",
    "repairs",
    "set_aside",
    "walk",
    "year_on_year",
]
