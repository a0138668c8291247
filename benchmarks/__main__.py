"""``python -m benchmarks [start] [chain] [behaviour] [reading] [audit] [rules]``."""

from __future__ import annotations

import os
import platform
import sys

from benchmarks import audit, behaviour, chain, reading, rules, segments, start
from benchmarks.measure import line

PARTS = {
    "start": start.compare,
    "chain": chain.compare,
    "behaviour": behaviour.compare,
    "reading": reading.compare,
    "audit": audit.compare,
    "rules": rules.compare,
    "segments": segments.compare,
}

print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
line("what", "segkit", "plain", "result", "aim")
for name in sys.argv[1:] or PARTS:
    PARTS[name]()
