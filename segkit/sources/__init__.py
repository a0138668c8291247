"""Sources: a client's files become contract tables; what can't be counted is set aside."""

from __future__ import annotations

from segkit.sources.checking import Checked, CheckedTable, check, freshness
from segkit.sources.completing import all_customers, all_products
from segkit.sources.files import files_hash
from segkit.sources.reading import read

__all__ = [
    "Checked",
    "CheckedTable",
    "all_customers",
    "all_products",
    "check",
    "files_hash",
    "freshness",
    "read",
]
