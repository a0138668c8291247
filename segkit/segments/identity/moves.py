"""Who changed segment between two periods, by the same rules, and whether the base drifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segkit.evidence import wilson
from segkit.evidence.drift import drift, noise_line, psi
from segkit.segments.identity.scoring import NEAR, rest_id
from segkit.segments.rules import from_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.store import Given

#: What became of a customer: true moves apart from those over a border nearby.
STAYED, JITTER, MOVED, CAME, LEFT = "stayed", "jitter", "moved", "came", "left"


def moves(given: Given) -> dict[str, pd.DataFrame]:
    """The recipe of ``segment_moves``, ``segment_migration`` and ``segment_drift``.

    Without an earlier run the same rules are applied to what was known at the split of
    ``behaviour_before``; both sides are then by the rules alone.
    """
    import pandas as pd

    from segkit.segments.rules import apply_rules

    definitions, now = given.table("segment_definitions"), given.table("behaviour")
    then, assigned = given.table("behaviour_before"), given.table("segments")
    within, bases = given.engagement.segmentation.within, None
    if then.empty or (definitions["conditions"] == "[]").all():
        then = now.head(0)
    if within is not None:
        customers = given.table("customers")
        base = then["customer_id"].map(customers.set_index("customer_id")[within])
        bases = base.astype("object").where(base.notna(), "other").astype(str).tolist()
    columns = columns_in(definitions)
    then = then.assign(**{name: 0.0 for name in columns if name not in then})
    by_rule = apply_rules(then, definitions, bases).astype("object")
    if given.engagement.rescored_by:
        rest = [rest_id(base) for base in bases] if bases else [rest_id(None)] * len(then)
        by_rule = by_rule.where(by_rule.notna(), pd.Series(rest, then.index, "object"))
    was = pd.DataFrame(
        {"customer_id": then["customer_id"], "segment_id": by_rule, "is_border": False}
    )
    here = assigned.assign(segment_id=assigned["rule_segment_id"])
    return compared(now, here, then, was[was["segment_id"].notna()], columns)


def columns_in(definitions: pd.DataFrame) -> list[str]:
    """The columns that the rules of ``segment_definitions`` read."""
    rules = [from_json(text) for text in definitions["conditions"]]
    return sorted({one.column for rule in rules for path in rule for one in path})


def compared(
    now: pd.DataFrame,
    here: pd.DataFrame,
    then: pd.DataFrame,
    there: pd.DataFrame,
    columns: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """Two periods of ``behaviour`` and ``segments``, earlier ones as `then` and `there`.

    Returns
    -------
    dict
        ``segment_moves``: customer_id, from_id, to_id, kind, net_revenue; one row per customer of
        either period. ``segment_migration``: from_id, to_id, customers, jitter, share, low, high;
        of whom was in a segment then, the part that is in each now, with its Wilson interval, also
        where it is none.
        ``segment_drift``: what (a column, or ``segment_id``), psi, line, is_beyond.
    """
    made = _moves(now, here, then, there, columns)
    drifts = {name: (then[name], now[name]) for name in columns if name in then and name in now}
    return {
        "segment_moves": made,
        "segment_migration": migration(made),
        "segment_drift": _drifts(drifts, there["segment_id"], here["segment_id"]),
    }


def _moves(
    now: pd.DataFrame,
    here: pd.DataFrame,
    then: pd.DataFrame,
    there: pd.DataFrame,
    columns: Sequence[str],
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    was = there.set_index("customer_id")[["segment_id", "is_border"]]
    new = here.set_index("customer_id")[["segment_id", "is_border"]]
    both = was.add_suffix("_then").join(new.add_suffix("_now"), how="outer").sort_index()
    known = [name for name in columns if name in then and name in now]
    near = (both["is_border_then"] == True) | (both["is_border_now"] == True)  # noqa: E712
    near |= ~changed(now, then, known).reindex(both.index, fill_value=True)
    old, new_id = both["segment_id_then"], both["segment_id_now"]
    kind = np.select(
        [old.isna(), new_id.isna(), old == new_id, near], [CAME, LEFT, STAYED, JITTER], MOVED
    )
    money = now.set_index("customer_id")["net_revenue"]
    before = then.set_index("customer_id")["net_revenue"] if "net_revenue" in then else money
    revenue = money.reindex(both.index).fillna(before.reindex(both.index)).fillna(0)
    return pd.DataFrame(
        {
            "customer_id": both.index.astype(str),
            "from_id": old.to_numpy(),
            "to_id": new_id.to_numpy(),
            "kind": kind,
            "net_revenue": revenue.astype("int64").to_numpy(),
        }
    ).astype({"customer_id": "string", "from_id": "string", "to_id": "string", "kind": "string"})


def changed(now: pd.DataFrame, then: pd.DataFrame, columns: Sequence[str]) -> pd.Series[Any]:
    """By customer of both periods: whether any measure changed by a tenth or more."""
    import numpy as np
    import pandas as pd

    own = ["customer_id", *columns]
    both = then[own].merge(now[own], on="customer_id", suffixes=("_then", "_now"))
    far = np.zeros(len(both), dtype=bool)
    for name in columns:
        was, is_now = (
            both[f"{name}_{when}"].astype("float64").fillna(0.0) for when in ("then", "now")
        )
        far |= np.asarray((is_now - was).abs() >= float(NEAR) * was.abs()) & np.asarray(
            is_now != was
        )
    return pd.Series(far, index=both["customer_id"].astype(str))


def migration(made: pd.DataFrame) -> pd.DataFrame:
    """How many went from each segment to each, as a share of who was there and still orders."""
    import pandas as pd

    both = made.dropna(subset=["from_id", "to_id"]).assign(jitter=made["kind"] == JITTER)
    groups = both.groupby(["from_id", "to_id"])["jitter"]
    counts, near = groups.size().to_dict(), groups.sum().to_dict()
    sizes = both.groupby("from_id").size().to_dict()
    ids = sorted({*both["from_id"], *both["to_id"]})
    rows = [
        (*pair, size, int(near.get(pair, 0)), size / whole, *wilson(size, whole))
        for one, whole in sizes.items()
        for pair in ((one, other) for other in ids)
        for size in (int(counts.get(pair, 0)),)
    ]
    columns = ["from_id", "to_id", "customers", "jitter", "share", "low", "high"]
    kinds = dict.fromkeys(columns[:2], "string") | dict.fromkeys(columns[2:4], "int64")
    return pd.DataFrame(rows, columns=columns).astype(kinds | dict.fromkeys(columns[4:], "float64"))


def _drifts(
    columns: Mapping[str, tuple[pd.Series[Any], pd.Series[Any]]],
    then: pd.Series[Any],
    now: pd.Series[Any],
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    if len(then) and len(now):
        before, after = shares(then, now)
        line = noise_line(len(then), len(now), len(before))
        rows.append(("segment_id", psi(before, after), line))
    for name, pair in columns.items():
        if (found := drift(*pair)) is not None:
            rows.append((name, found.psi, found.line))
    made = pd.DataFrame(rows, columns=["what", "psi", "line"])
    made = made.astype({"what": "string", "psi": "float64", "line": "float64"})
    return made.assign(is_beyond=made["psi"] > made["line"])


def shares(
    then: pd.Series[Any], now: pd.Series[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How many customers each segment of either period has, then and now."""
    import numpy as np

    ids = sorted({*then, *now})
    before, after = (one.value_counts().reindex(ids, fill_value=0) for one in (then, now))
    return np.asarray(before, np.float64), np.asarray(after, np.float64)
