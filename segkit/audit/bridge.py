"""Why sales rose or fell: the bridge from the last period to this one, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import TYPE_CHECKING

from segkit.audit.base import periods
from segkit.engine import quoted

if TYPE_CHECKING:
    import pandas as pd

    from segkit.store import Given

#: What stands between both periods, in the order in which it is told.
STEPS = ["new", "lost", "price", "volume", "mix", "unassigned"]
#: Quantities are whole millionths: a sum of them does not depend on the order of the lines.
_CHANGES = """
WITH lines AS (
  SELECT customer_id, COALESCE(product_id, 'unknown') AS product_id, COALESCE(unit, '') AS unit,
         CASE WHEN order_date > DATE '{start}' THEN 1 ELSE 0 END AS is_this,
         CAST(SUM(net_amount) AS BIGINT) AS net,
         CAST(SUM(CAST(ROUND(quantity * 1000000) AS BIGINT)) AS BIGINT) AS quantity,
         COUNT(*) AS lines
  FROM order_lines
  WHERE order_date > DATE '{before}' AND order_date <= DATE '{as_of}'
  GROUP BY 1, 2, 3, 4
), seen AS (
  SELECT customer_id, MAX(is_this) AS is_this, MIN(is_this) AS is_only_this
  FROM lines WHERE customer_id IS NOT NULL GROUP BY customer_id
)
SELECT CASE WHEN l.customer_id IS NULL THEN 'unassigned' WHEN s.is_this = 0 THEN 'lost'
            WHEN s.is_only_this = 1 THEN 'new' ELSE 'kept' END AS status,
       {by} AS {name}, l.product_id, l.unit,
       {sums}
FROM lines AS l LEFT JOIN seen AS s ON s.customer_id = l.customer_id
LEFT JOIN {table} AS g ON g.customer_id = l.customer_id
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_SUMS = ", ".join(
    f"CAST(SUM(CASE WHEN l.is_this = {at} THEN l.{what} ELSE 0 END) AS BIGINT) AS {what}_{when}"
    for what in ("net", "quantity", "lines")
    for when, at in (("last", 0), ("this", 1))
)


def by_region(given: Given) -> pd.DataFrame:
    """Net revenue, quantity and lines of both periods by region and product.

    Returns
    -------
    DataFrame
        One row per status (kept, lost, new, unassigned), ``region``, product and unit: ``net_*``
        in minor units, ``quantity_*`` in millionths, ``lines_*``, each of ``last`` and ``this``.
    """
    return _changes(given, "region", "customers")


def by_segment(given: Given) -> pd.DataFrame:
    """As `by_region`, by ``segment_id``."""
    return _changes(given, "segment_id", "segments")


def _changes(given: Given, name: str, table: str) -> pd.DataFrame:
    first = given.query("SELECT MIN(order_date) AS first FROM order_lines")["first"].iloc[0]
    at = periods(first.date(), given.engagement.as_of)
    text = _CHANGES.format(
        start=at.start, before=at.before, as_of=at.as_of, by=f"g.{quoted(name)}", name=name,
        table=table, sums=_SUMS,
    )  # fmt: skip
    return given.query(text)


def effects(kept: pd.DataFrame) -> dict[str, int]:
    """Price, volume and mix of what kept customers bought; they sum to its change.

    Per product sold in both periods price = (p1 − p0) × q1, where p = net revenue ÷ quantity. Over
    all products volume = (Q1 − Q0) × R0 ÷ Q0, summed over units when there are several, since
    pieces and pallets don't add. Each is rounded once, half away from zero, and mix is the rest:
    the rounding is in it, and products that are new, dropped, or without a quantity above zero.

    Parameters
    ----------
    kept
        ``product_id``, ``unit``, ``net_last``, ``net_this`` (minor units), ``quantity_last``,
        ``quantity_this``; several rows of one product are added first.
    """
    sums = kept.groupby(["product_id", "unit"])[_BOTH].sum()
    change = int(sums["net_this"].sum() - sums["net_last"].sum())
    price = whole(prices(sums))
    units = sums.groupby("unit").sum()
    units = units[units["quantity_last"] > 0]
    volume = whole(
        (units["quantity_this"] - units["quantity_last"])
        * (units["net_last"] / units["quantity_last"])
    )
    return {"price": price, "volume": volume, "mix": change - price - volume}


_BOTH = ["net_last", "net_this", "quantity_last", "quantity_this"]


def prices(sums: pd.DataFrame) -> pd.Series[float]:
    """(p1 − p0) × q1 of each product, in minor units; 0 without a quantity in both periods."""
    known = (sums["quantity_last"] > 0) & (sums["quantity_this"] > 0)
    ratio = sums["quantity_this"] / sums["quantity_last"].where(known)
    return (sums["net_this"] - sums["net_last"] * ratio).where(known, 0.0)


def whole(parts: pd.Series[float]) -> int:
    """Their sum as a whole number, half away from zero; the order of the parts does not matter."""
    total = fsum(parts)
    return int(abs(total) + 0.5) * (1 if total >= 0 else -1)


def bridge(changes: pd.DataFrame) -> dict[str, int]:
    """``last`` + ``new`` + ``lost`` + ``price`` + ``volume`` + ``mix`` + ``unassigned`` = ``this``.

    Kept customers bought in both periods, lost ones only in the last, new ones only in this.
    """
    last, this = (changes.groupby("status")[f"net_{when}"].sum() for when in ("last", "this"))
    return {
        "last": int(last.sum()),
        "new": int(this.get("new", 0)),
        "lost": -int(last.get("lost", 0)),
        **effects(changes[changes["status"] == "kept"]),
        "unassigned": int(this.get("unassigned", 0) - last.get("unassigned", 0)),
        "this": int(this.sum()),
    }


def bridges(changes: pd.DataFrame, by: str) -> pd.DataFrame:
    """One bridge per value of `by`, prices and volumes those of its own kept customers.

    Returns
    -------
    DataFrame
        `by`, the steps of `bridge`, and ``change``; the largest change first, then by name.
    """
    import pandas as pd

    rows = [
        {by: None if name != name else name, **bridge(part)}
        for name, part in changes.groupby(by, dropna=False)
    ]
    table = pd.DataFrame(rows, columns=[by, "last", *STEPS, "this"])
    table["change"] = table["this"] - table["last"]
    order = table.assign(size=-table["change"].abs()).sort_values(["size", by]).index
    return table.loc[order].reset_index(drop=True)


def driver(steps: Mapping[str, int]) -> str:
    """The step that moved furthest the way that the whole moved; nothing when it did not move."""
    change = steps["this"] - steps["last"]
    sizes = {name: steps[name] * (1 if change > 0 else -1) for name in STEPS}
    largest = max(sizes, key=lambda name: sizes[name])
    return largest if change and sizes[largest] > 0 else ""


def products(changes: pd.DataFrame) -> pd.DataFrame:
    """Kept customers' products: sums of both periods, change, and its part in price.

    ``is_new`` has lines in this period only, ``is_dropped`` in the last only. The largest change
    first, then by id.
    """
    kept = changes[changes["status"] == "kept"]
    table = kept.groupby(["product_id", "unit"])[[*_BOTH, "lines_last", "lines_this"]].sum()
    table["price"] = prices(table)
    table["change"] = table["net_this"] - table["net_last"]
    table["is_new"] = (table["lines_last"] == 0) & (table["lines_this"] > 0)
    table["is_dropped"] = (table["lines_this"] == 0) & (table["lines_last"] > 0)
    order = table.assign(size=-table["change"].abs()).reset_index()
    return order.sort_values(["size", "product_id", "unit"], ignore_index=True)
