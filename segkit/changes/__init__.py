"""What changed between two runs: rows, months that were restated, fields, figures and findings."""

from segkit.changes.earlier import Earlier, earlier
from segkit.changes.findings import answer, claims, fields, figures, months, people, rows
from segkit.changes.groups import groups

__all__ = [
    "Earlier",
    "answer",
    "claims",
    "earlier",
    "fields",
    "figures",
    "groups",
    "months",
    "people",
    "rows",
]
