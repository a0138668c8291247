"""A small client that gives order lines and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

CUSTOMERS, LAST_DAY, DAYS = 300, date(2025, 6, 30), 720


def write_lines(path: Path) -> None:
    """Three kinds of buyers: often and little, seldom and much, and once only."""
    draw = np.random.default_rng(7)
    rows = [
        (f"{customer:04d}", day, order, line)
        for customer in range(CUSTOMERS)
        for order, day in enumerate(_days(customer, draw))
        for line in range(1 + customer % 4)
    ]
    table = pd.DataFrame(rows, columns=["Account", "Invoiced", "order", "line"])
    table["Document"] = table["Account"] + "-" + table["order"].astype(str)
    table["Article"] = "P" + draw.integers(1, 40, len(table)).astype(str)
    table["Pieces"] = draw.integers(1, 12, len(table))
    size = np.array([40.0, 900.0, 150.0])[table["Account"].astype(int) % 3]
    table["Value"] = (size * draw.lognormal(0, 0.4, len(table))).round(2)
    kept = ["Account", "Document", "Invoiced", "Article", "Pieces", "Value"]
    table[kept].to_csv(path, index=False, lineterminator="\n")


def _days(customer: int, draw: np.random.Generator) -> list[date]:
    count = (40, 6, 1)[customer % 3]
    ago = np.unique(draw.integers(0, DAYS, count))[::-1]
    return [LAST_DAY - timedelta(days=int(days)) for days in ago]
