"""What was given, whether it ties to the client's own figures, and what it can answer."""

from segkit.audit.base_findings import cohorts, compare, health, spread
from segkit.audit.bridge_findings import why
from segkit.audit.checks import checked
from segkit.audit.checks.time_page import calendar, meanings, visit_log
from segkit.audit.findings import (
    answer,
    controls,
    given,
    readiness,
    repairs,
    set_aside,
    walk,
)
from segkit.audit.revenue import concentration, over_time

__all__ = [
    "answer",
    "calendar",
    "checked",
    "cohorts",
    "compare",
    "concentration",
    "controls",
    "given",
    "health",
    "meanings",
    "over_time",
    "readiness",
    "repairs",
    "set_aside",
    "spread",
    "visit_log",
    "walk",
    "why",
]
