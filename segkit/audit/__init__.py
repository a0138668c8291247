"""What was given, whether it ties to the client's own figures, and what it can answer."""

from segkit.audit.base_cohorts import cohorts, health
from segkit.audit.base_findings import compare, spread
from segkit.audit.bridge_findings import why
from segkit.audit.checks import checked
from segkit.audit.checks.time_page import calendar, meanings, visit_log
from segkit.audit.findings import answer, given, readiness
from segkit.audit.interviews import interviews
from segkit.audit.revenue import concentration, over_time
from segkit.audit.set_aside import currencies, repairs, set_aside
from segkit.audit.tying import controls, files, ledger, walk

__all__ = [
    "answer",
    "calendar",
    "checked",
    "cohorts",
    "compare",
    "concentration",
    "controls",
    "currencies",
    "files",
    "given",
    "health",
    "interviews",
    "ledger",
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
