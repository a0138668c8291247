"""Changes of definition over time: a field that empties, a code list that turns, a unit of sale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.audit.checks.calendar import DATED
from segkit.evidence import judged
from segkit.language import say

if TYPE_CHECKING:
    from segkit.store import Given

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Per table: fields whose emptiness is followed, whose codes are, and whose size is.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "order_lines": (
        ("customer_id", "line_no", "list_amount", "discount_amount", "cost_amount", "rep_id",
         "promotion_id", "invoice_id"),
        ("channel", "currency", "unit"),
        ("net_amount", "quantity"),
    ),
    "visits": (
        ("rep_id", "minutes", "is_planned", "order_id"),
        ("kind", "purpose", "outcome"),
        ("minutes",),
    ),
    "receivables": ((), (), ("amount",)),
    "events": ((), ("activity",), ("quantity",)),
    "quotes": (("rep_id",), (), ("amount",)),
}  # fmt: skip
#: A list with more codes than these is free text.
CODES = 40
#: Fewer months, or months before or after, say nothing of a shift.
MONTHS, SIDE = 8, 2
FALSE = judged(
    "audit.false_shifts", 0.01, 0.005, 0.05, "share",
    say("At most this part of the shifts that are called one is chance."),
)  # fmt: skip
#: Population stability index from which a shift matters: 0.25 is called major. A field that was
#: always given and is empty on every tenth row has 0.2.
LARGE = {"codes": 0.25, "size": 0.25, "empty": 0.1}
SUDDEN = judged(
    "audit.sudden", 0.7, 0.5, 0.9, "share",
    say("A shift is sudden when the months beside it hold this part of it."),
)  # fmt: skip
_BESIDE = 3
FACTOR = judged(
    "audit.unit_factor", 3.0, 2.0, 5.0, "times",
    say("A price that changes so many times is another unit or another currency."),
)  # fmt: skip
#: Where only the unit changed, the price goes by a pack and the value of a line stays, within these
#: parts; else it may as well be a clearance.
PACKS, _PACK, _SAME = (6, 10, 12, 18, 20, 24, 25, 36, 48, 50, 60, 72, 100, 144, 1000), 0.04, 0.25


# --- the test -----------------------------------------------------------------------------------


def shift(counts: Counts) -> dict[str, Any] | None:
    """The likeliest month in which the make-up of a series changed, and how sure that is.

    A likelihood-ratio scan over all months. The months are compared with their own scatter, so
    that rows which come in bundles (the lines of an order) do not count as evidence each; the
    p-value is that of the best month times the number of months tried.

    Parameters
    ----------
    counts
        One row per month, one column per code.

    Returns
    -------
    dict or None
        ``at`` (the first month of the new), ``p``, ``psi`` and the ``noise`` that chance alone
        would make (95 %), ``sudden`` and ``lasting`` (the part of the shift that lies between the
        months beside it, and between the same months of two years: a season comes back).
    """
    from scipy.stats import chi2
    from scipy.stats import f as f_distribution

    series: Floats = counts[:, counts.sum(axis=0) > 0].astype(np.float64)
    months, codes = series.shape
    if months < MONTHS or codes < 2:
        return None
    summed, whole = series.cumsum(axis=0), series.sum(axis=0)
    tried = range(SIDE, months - SIDE + 1)
    gain = np.array([_gain(summed[at - 1], whole - summed[at - 1]) for at in tried])
    at = int(tried[int(gain.argmax())])
    scatter = _scatter(series[:at]) + _scatter(series[at:])
    free = (months - 2) * (codes - 1)
    spread = max(scatter / free, 1.0)
    ratio = float(gain.max()) / (codes - 1) / spread
    before, after = summed[at - 1], whole - summed[at - 1]
    rows = (before.sum() / spread, after.sum() / spread)
    return {
        "at": at,
        "p": min(float(f_distribution.sf(ratio, codes - 1, free)) * len(tried), 1.0),
        "psi": psi(before, after),
        "noise": float(chi2.ppf(0.95, codes - 1)) * (1 / rows[0] + 1 / rows[1]),
        "sudden": _sudden(series, at),
        "lasting": _lasting(series, at),
    }


def psi(before: Floats, after: Floats) -> float:
    """The population stability index; an empty bin counts as half a row (methods A4)."""
    a, b = (np.maximum(side, 0.5) / np.maximum(side, 0.5).sum() for side in (before, after))
    return float(((b - a) * np.log(b / a)).sum())


def _gain(before: Floats, after: Floats) -> float:
    """Twice the log-likelihood that two make-ups explain more than one."""
    return 2 * (_log_likelihood(before) + _log_likelihood(after) - _log_likelihood(before + after))


def _log_likelihood(counts: Floats) -> float:
    some = counts[counts > 0]
    return float((some * np.log(some / counts.sum())).sum()) if len(some) else 0.0


def _scatter(counts: Floats) -> float:
    """Pearson's chi-square of the months around their own make-up."""
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
    some = expected > 0
    return float(((counts - expected)[some] ** 2 / expected[some]).sum())


def _sudden(counts: Floats, at: int) -> float:
    """How much of the difference between before and after lies between the nearest months."""
    near = _distance(counts[max(at - _BESIDE, 0) : at], counts[at : at + _BESIDE])
    return near / max(_distance(counts[:at], counts[at:]), 1e-12)


def _lasting(counts: Floats, at: int) -> float:
    """How much of the difference stands between months before and the same months after."""
    after = np.arange(max(at, 12), min(at + 12, len(counts)))
    if not len(after):
        return 1.0
    near = _distance(counts[after - 12], counts[after])
    return near / max(_distance(counts[:at], counts[at:]), 1e-12)


def _distance(before: Floats, after: Floats) -> float:
    a, b = (side.sum(axis=0) / max(side.sum(), 1.0) for side in (before, after))
    return float(np.abs(a - b).sum() / 2)


def discoveries(p: Floats, false: float = FALSE) -> npt.NDArray[np.bool_]:
    """Which of many p-values stand when at most a share `false` of those may be chance.

    Source: Benjamini and Hochberg (1995).
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    passed = p[order] <= false * np.arange(1, len(p) + 1) / max(len(p), 1)
    most = int(np.flatnonzero(passed)[-1]) + 1 if passed.any() else 0
    stands = np.zeros(len(p), dtype=bool)
    stands[order[:most]] = True
    return stands


# --- fields -------------------------------------------------------------------------------------


def field_months(given: Given) -> pd.DataFrame:
    """Rows and amount per month and value of each field: empty or not, its codes, its size.

    Returns
    -------
    DataFrame
        ``source``, ``field``, ``kind`` (``empty``, ``codes``, ``size``), ``month``, ``value``,
        ``rows``, ``amount`` (minor units). A size is the power of two below it.
    """
    parts = [
        part
        for source in DATED
        if given.has(source)
        for part in (_emptiness(given, source), *_values(given, source))
    ]
    return pd.concat(parts, ignore_index=True).astype({"value": "str"})


def _emptiness(given: Given, source: str) -> pd.DataFrame:
    day, amount, _ = DATED[source]
    fields = FIELDS[source][0]
    sums = "".join(
        f", COUNT(*) - COUNT({one}) AS {one}, CAST(COALESCE(SUM("
        f"CASE WHEN {one} IS NULL THEN {amount or 0} END), 0) AS BIGINT) AS {one}_amount"
        for one in fields
    )
    found = given.query(
        f"SELECT {_MONTH.format(day)} AS month, COUNT(*) AS rows, "
        f"CAST(COALESCE(SUM({amount or 0}), 0) AS BIGINT) AS amount{sums} FROM {source} "
        f"WHERE {day} <= DATE '{given.engagement.as_of}' GROUP BY 1 ORDER BY 1"
    )
    tidy = [
        found[["month"]].assign(source=source, field=one, kind="empty", value=value,
                                rows=rows, amount=money)
        for one in fields
        if 0 < found[one].sum() < found["rows"].sum()
        for value, rows, money in (
            ("empty", found[one], found[f"{one}_amount"]),
            ("given", found["rows"] - found[one], found["amount"] - found[f"{one}_amount"]),
        )
    ]  # fmt: skip
    return pd.concat(tidy) if tidy else pd.DataFrame(columns=_TIDY)


_MONTH = "CAST(date_trunc('month', {}) AS DATE)"
_TIDY = ["month", "source", "field", "kind", "value", "rows", "amount"]


def _values(given: Given, source: str) -> Iterator[pd.DataFrame]:
    """The codes of its lists, and its sizes, per month."""
    day, amount, _ = DATED[source]
    sizes = {one: f"floor(log2(abs({one})))" for one in FIELDS[source][2]}
    for field, value in {**{one: one for one in FIELDS[source][1]}, **sizes}.items():
        found = given.query(
            f"SELECT {_MONTH.format(day)} AS month, {_AS_TEXT[field in sizes].format(value)} "
            "AS value, COUNT(*) AS rows, "
            f"CAST(COALESCE(SUM({amount or 0}), 0) AS BIGINT) AS amount FROM {source} "
            f"WHERE {day} <= DATE '{given.engagement.as_of}' AND {field} IS NOT NULL "
            f"{f'AND {field} <> 0 ' if field in sizes else ''}GROUP BY 1, 2 ORDER BY 1, 2"
        )
        if 1 < found["value"].nunique() <= CODES:
            kind = "size" if field in sizes else "codes"
            yield found.assign(source=source, field=field, kind=kind)[_TIDY]


_AS_TEXT = {False: "CAST({} AS VARCHAR)", True: "CAST(CAST({} AS BIGINT) AS VARCHAR)"}


def field_shifts(months: pd.DataFrame) -> pd.DataFrame:
    """The fields that changed their meaning at a date.

    Parameters
    ----------
    months
        See `field_months`.

    Returns
    -------
    DataFrame
        One row per field: `source`, `field`, `kind`, ``since`` (the first month of the new), the
        ``value`` that moved most, its share ``before`` and ``after`` (of a size: its median),
        ``psi``, ``noise``, and ``rows`` and ``amount`` of the side that reads otherwise: the rows
        left empty, or else those of the shorter side.
    """
    series = [
        (key, rows.pivot_table(index="month", columns="value", values=["rows", "amount"],
                               aggfunc="sum", fill_value=0, sort=True))
        for key, rows in months.groupby(["source", "field", "kind"], sort=True)
    ]  # fmt: skip
    found = [(key, table, shift(table["rows"].to_numpy())) for key, table in series]
    tried = [(key, table, one) for key, table, one in found if one is not None]
    stands = discoveries(np.array([one["p"] for *_, one in tried]))
    return pd.DataFrame(
        [
            _told(key, table, one)
            for (key, table, one), stood in zip(tried, stands, strict=True)
            if stood and matters(str(key[2]), one)
        ],
        columns=_SHIFT,
    ).astype(_SHIFT_TYPES)


def matters(kind: str, found: dict[str, Any]) -> bool:
    """Whether a shift is large, above what chance makes, no slow trend and no season."""
    large: float = max(LARGE[kind], found["noise"])
    is_step = found["sudden"] >= SUDDEN and found["lasting"] >= SUDDEN
    return bool(found["psi"] > large and is_step)


_SHIFT = ["source", "field", "kind", "since", "value", "before", "after", "psi", "noise", "rows",
          "amount"]  # fmt: skip
_SHIFT_TYPES = {**dict.fromkeys(["source", "field", "kind", "value"], "str"), "since": "M8[s]",
                **dict.fromkeys(["before", "after", "psi", "noise"], "float64"), "rows": "int64",
                "amount": "int64"}  # fmt: skip


def _told(key: Any, table: Any, found: dict[str, Any]) -> dict[str, Any]:
    source, field, kind = key
    rows, at = table["rows"], found["at"]
    sides = [rows.iloc[:at].sum(axis=0), rows.iloc[at:].sum(axis=0)]
    before, after = (side / side.sum() for side in sides)
    value = str((after - before).abs().idxmax()) if kind == "codes" else "empty"
    told = [_median(side) for side in sides] if kind == "size" else [before[value], after[value]]
    # what reads otherwise: the emptier side of a field that is left empty, else the shorter side
    is_late = told[1] > told[0] if kind == "empty" else sides[1].sum() <= sides[0].sum()
    touched = table.iloc[at:] if is_late else table.iloc[:at]
    if kind == "empty":
        touched = touched.xs("empty", axis=1, level=1, drop_level=False)
    return {
        "source": source, "field": field, "kind": kind, "since": table.index[at],
        "value": "" if kind == "size" else value, "before": float(told[0]),
        "after": float(told[1]), "psi": found["psi"], "noise": found["noise"],
        "rows": int(touched["rows"].to_numpy().sum()),
        "amount": int(touched["amount"].to_numpy().sum()),
    }  # fmt: skip


def _median(side: pd.Series[int]) -> float:
    """The median of sizes, read off between powers of two."""
    powers = side.index.astype(int).to_numpy()
    order = np.argsort(powers)
    rows = side.to_numpy()[order].cumsum()
    at = int(np.searchsorted(rows, rows[-1] / 2))
    below = rows[at - 1] if at else 0
    return float(2.0 ** (powers[order][at] + (rows[-1] / 2 - below) / max(rows[at] - below, 1)))


# --- products -----------------------------------------------------------------------------------


def product_months(given: Given) -> pd.DataFrame:
    """Lines, thousandths of units and net revenue per product and month, sales only."""
    return given.query(
        f"SELECT product_id, {_MONTH.format('order_date')} AS month, COUNT(*) AS lines, "
        "CAST(SUM(CAST(round(quantity * 1000) AS BIGINT)) AS BIGINT) AS quantity, "
        "CAST(SUM(net_amount) AS BIGINT) AS amount FROM order_lines "
        "WHERE quantity > 0 AND net_amount > 0 AND product_id <> 'unknown' "
        f"AND order_date <= DATE '{given.engagement.as_of}' GROUP BY 1, 2 ORDER BY 1, 2"
    )


def product_shifts(months: pd.DataFrame) -> pd.DataFrame:
    """Products whose price per unit changed by a factor at a date: a unit of sale, or a currency.

    Every month before must lie on one side of every month after, and the step must be far larger
    than the months scatter (an F test over all months tried, false discoveries controlled over
    products).

    Returns
    -------
    DataFrame
        One row per product: ``since``, ``price_before`` and ``price_after`` (minor units a unit),
        ``factor`` of the price, ``quantity_factor`` of the quantity a line, ``kind`` (see
        `is_unit`; else ``price``), ``lines`` and ``amount`` since then.
    """
    from scipy.stats import f as f_distribution

    if months.empty:
        return pd.DataFrame(columns=_PRODUCT).astype(_PRODUCT_TYPES)
    wide = {
        name: months.pivot_table(index="product_id", columns="month", values=name, sort=True)
        for name in ("lines", "quantity", "amount")
    }
    price: Floats = np.log(1000 * wide["amount"].to_numpy() / wide["quantity"].to_numpy())
    at, ratio = _steps(price)
    n, tried = np.isfinite(price).sum(axis=1), price.shape[1] - 1
    p = np.minimum(f_distribution.sf(ratio, 1, np.maximum(n - 2, 1)) * tried, 1.0)
    stands = discoveries(np.where(ratio > 0, p, 1.0)) & (ratio > 0)
    rows = [
        _product(wide, price[place], place, int(at[place]))
        for place in map(int, np.flatnonzero(stands))
    ]
    made = pd.DataFrame([row for row in rows if row], columns=_PRODUCT)
    return made.astype(_PRODUCT_TYPES)


_PRODUCT = ["product_id", "kind", "since", "price_before", "price_after", "factor",
            "quantity_factor", "lines", "amount"]  # fmt: skip
_PRODUCT_TYPES = {"product_id": "str", "kind": "str", "since": "M8[s]", "lines": "int64",
                  "amount": "int64"}  # fmt: skip


def _steps(price: Floats) -> tuple[Counts, Floats]:
    """Per row: the month with the best step, and its F ratio; 0 where there are too few months."""
    here = np.isfinite(price)
    value = np.where(here, price, 0.0)
    n, s, q = here.cumsum(axis=1), value.cumsum(axis=1), (value**2).cumsum(axis=1)
    best, at = np.zeros(len(price)), np.zeros(len(price), dtype=np.int64)
    for month in range(1, price.shape[1]):
        before, after = n[:, month - 1], n[:, -1] - n[:, month - 1]
        fits = (before >= SIDE) & (after >= SIDE) & (n[:, -1] >= MONTHS)
        a, b = np.maximum(before, 1), np.maximum(after, 1)
        first, second = s[:, month - 1] / a, (s[:, -1] - s[:, month - 1]) / b
        within = np.maximum(q[:, -1] - a * first**2 - b * second**2, 1e-9)
        between = (second - first) ** 2 * a * b / (a + b)
        ratio = np.where(fits, between / within * np.maximum(n[:, -1] - 2, 1), 0.0)
        at, best = np.where(ratio > best, month, at), np.maximum(ratio, best)
    return at, best


def _product(
    wide: dict[str, pd.DataFrame], price: Floats, place: int, at: int
) -> dict[str, Any] | None:
    before, after = price[:at][np.isfinite(price[:at])], price[at:][np.isfinite(price[at:])]
    factor = float(np.exp(after.mean() - before.mean()))
    apart = before.max() < after.min() or after.max() < before.min()
    if not apart or max(factor, 1 / factor) < FACTOR:
        return None
    sums = {name: table.iloc[place].to_numpy() for name, table in wide.items()}
    each = [np.nansum(sums["quantity"][side]) / np.nansum(sums["lines"][side])
            for side in (slice(None, at), slice(at, None))]  # fmt: skip
    less = float(each[1] / each[0])
    return {
        "product_id": wide["lines"].index[place],
        "kind": "unit" if is_unit(factor, less) else "price",
        "since": wide["lines"].columns[at],
        "price_before": float(np.exp(before.mean())), "price_after": float(np.exp(after.mean())),
        "factor": factor, "quantity_factor": less,
        "lines": int(np.nansum(sums["lines"][at:])), "amount": int(np.nansum(sums["amount"][at:])),
    }  # fmt: skip


def is_unit(price: float, quantity: float) -> bool:
    """Whether two factors look like another unit of sale: pieces became boxes, or boxes pieces.

    Examples
    --------
    >>> is_unit(12.0, 1 / 11), is_unit(4.3, 1 / 4.3), is_unit(1 / 4, 12.0)
    (True, False, False)
    """
    larger = max(price, 1 / price)
    is_pack = min(abs(larger / pack - 1) for pack in PACKS) <= _PACK
    return is_pack and bool(abs(np.log(price * quantity)) <= np.log(1 + _SAME))


def shifts(given: Given) -> dict[str, pd.DataFrame]:
    """Tables ``field_series`` (what could be tested), ``field_shifts`` and ``product_shifts``."""
    months = field_months(given)
    names = ["source", "field", "kind"]
    lengths = months.groupby(names, as_index=False).agg(months=("month", "nunique"))
    return {
        "field_series": lengths[lengths["months"] >= MONTHS],
        "field_shifts": field_shifts(months),
        "product_shifts": product_shifts(product_months(given)),
    }
