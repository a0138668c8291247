"""The client's own segments: rules over attributes and behaviour, and who belongs to them."""

from segkit.segments.groups.compiling import Known, compile_attributes
from segkit.segments.groups.findings import group_moves, groups, micro_segments
from segkit.segments.groups.members import EVERYONE_ELSE, Primary, memberships, primary_by_rules

__all__ = [
    "EVERYONE_ELSE",
    "Known",
    "Primary",
    "compile_attributes",
    "group_moves",
    "groups",
    "memberships",
    "micro_segments",
    "primary_by_rules",
]
