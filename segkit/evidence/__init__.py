"""How sure a number is: grades and intervals, and the register of what is judged, not counted."""

from __future__ import annotations

from segkit.evidence.estimates import SEED, Grade, lowest, ratio_interval, wilson
from segkit.evidence.register import (
    Assumed,
    agreed_range,
    assumed,
    joined,
    judged,
    register,
    unused,
)

__all__ = [
    "SEED",
    "Assumed",
    "Grade",
    "agreed_range",
    "assumed",
    "joined",
    "judged",
    "lowest",
    "ratio_interval",
    "register",
    "unused",
    "wilson",
]
