"""What was given, whether it ties to the client's own figures, and what it can answer."""

from segkit.audit.base_findings import cohorts, compare, health, spread
from segkit.audit.bridge_findings import why
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
from segkit.audit.revenue import concentration, over_time

__all__ = [
    "answer",
    "checked",
    "cohorts",
    "compare",
    "concentration",
    "controls",
    "given",
    "health",
    "over_time",
    "readiness",
    "repairs",
    "set_aside",
    "spread",
    "walk",
    "why",
]
