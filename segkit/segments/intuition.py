"""Against intuition, measured: what a way of grouping adds to last period's sales as a forecast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from segkit.evidence import SEED, judged
from segkit.language import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.store import Given

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

FEWEST = judged(
    "segments.intuition_customers", 60, 40, 150, "customers",
    say("Ways of grouping are compared as forecasts from so many customers on."),
)  # fmt: skip
_FOLDS, _DRAWS, _BLOCKS = 10, 400, 2_000
_MOST_GROUPS = 12
#: What the client sorts its customers by: its own class, and the trade class.
CLIENTS = ("class", "category")
_NUMBERS = ("gain", "low", "high", "ahead", "ahead_low", "ahead_high")


def intuition(given: Given) -> pd.DataFrame:
    """The recipe of ``intuition``: each way of grouping as a forecast, outside the sample.

    Customers are grouped by what was known at the split (``behaviour_before``), and the next
    period's sales, margin and net revenue a visit (``since``) are forecast from last period's
    value alone, and from it and the group. Customers are left out in ten parts, so that each is
    forecast by a rule that has not seen it.

    Returns
    -------
    DataFrame
        One row per rival, way and outcome: way, rival_of, outcome, groups, customers; gain (the
        share of the squared error that the groups take away; below zero they add error) with low
        and high; ahead (the same, less the rival's own gain) with ahead_low and ahead_high.
        Behaviour and chance stand beside each rival with as many groups as it has.
    """
    import pandas as pd

    known = given.table("behaviour_before")
    rows: list[dict[str, object]] = []
    if len(known) >= FEWEST:
        known = known.sort_values("customer_id", ignore_index=True)
        targets = _targets(known, given.table("since"))
        for rival, ways in _ways(known, given.table("customers")):
            for outcome, (base, target) in targets.items():
                rows += _held_together(rival, outcome, ways, base, target)
    kinds = {"way": "str", "rival_of": "str", "outcome": "str", "groups": "int64",
             "customers": "int64", **dict.fromkeys(_NUMBERS, "float64")}  # fmt: skip
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _held_together(
    rival: str, outcome: str, ways: dict[str, Ints], base: Floats, target: Floats
) -> list[dict[str, object]]:
    """One row per way of grouping beside one rival, and how far each is ahead of that rival."""
    fold = _folds(len(target))
    errors = {way: errors_of(base, target, labels, fold) for way, labels in ways.items()}
    alone = next(iter(errors.values()))[0]
    if not alone.sum() > 0:
        return []
    weights = _resamples(len(alone))
    made = []
    for way, (_, own) in errors.items():
        gained = _share(alone - own, alone, weights)
        ahead = _share(errors[rival][1] - own, alone, weights)
        numbers = dict(zip(_NUMBERS, (*gained, *ahead), strict=True))
        made.append({"way": way, "rival_of": rival, "outcome": outcome, "customers": len(own),
                     "groups": int(ways[way].max()) + 1, **numbers})  # fmt: skip
    return made


def _resamples(n: int) -> Floats:
    """How often each customer is drawn; of many customers, each block of them as one."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    size = min(n, _BLOCKS)
    draws = rng.integers(0, size, (_DRAWS, size))
    return np.stack([np.bincount(draw, minlength=size) for draw in draws]).astype("float64")


def _share(above: Floats, below: Floats, weights: Floats) -> tuple[float, float, float]:
    """A ratio of sums with its 95 % interval, customers (or blocks of them) resampled."""
    import numpy as np

    size = weights.shape[1]
    block = np.arange(len(above)) % size
    summed = [np.bincount(block, one, minlength=size) for one in (above, below)]
    low, high = np.quantile((weights @ summed[0]) / (weights @ summed[1]), [0.025, 0.975])
    whole = summed[0].sum() / summed[1].sum()
    return round(float(whole), 9), round(float(low), 9), round(float(high), 9)


def errors_of(base: Floats, target: Floats, labels: Ints, fold: Ints) -> tuple[Floats, Floats]:
    """Squared errors of each customer's forecast from `base` alone, and from `base` and group.

    Each part of the customers is forecast by least squares on the others. A group's own level is
    drawn towards all customers' by its size, so that many small groups gain nothing by chance.
    """
    import numpy as np

    alone, grouped = np.zeros(len(target)), np.zeros(len(target))
    for part in np.unique(fold):
        out, rest = fold == part, fold != part
        design = np.column_stack([np.ones(rest.sum()), base[rest]])
        weights, *_ = np.linalg.lstsq(design, target[rest], rcond=None)
        left = target[rest] - design @ weights
        forecast = np.column_stack([np.ones(out.sum()), base[out]]) @ weights
        levels = _levels(left, labels[rest], int(labels.max()) + 1)
        alone[out] = (target[out] - forecast) ** 2
        grouped[out] = (target[out] - forecast - levels[labels[out]]) ** 2
    return alone, grouped


def _levels(left: Floats, labels: Ints, size: int) -> Floats:
    """Each group's mean of what is left, shrunk by the variance between and within groups."""
    import numpy as np

    counts = np.bincount(labels, minlength=size).astype("float64")
    means = np.bincount(labels, left, minlength=size) / np.maximum(counts, 1)
    groups, n = int((counts > 0).sum()), float(len(left))
    within = float(((left - means[labels]) ** 2).sum() / max(n - groups, 1))
    # the moment estimator of a one-way layout with groups of unequal size
    spread = float((counts * (means - left.mean()) ** 2).sum()) - (groups - 1) * within
    between = max(spread / max(n - float((counts**2).sum()) / n, 1e-9), 0.0)
    if between == 0:
        return np.zeros(size)
    return np.asarray(means * between / (between + within / np.maximum(counts, 1)), np.float64)


def _folds(n: int) -> Ints:
    """Ten parts of nearly equal size, drawn once for customers in the order of their ids."""
    import numpy as np

    return np.random.default_rng(SEED).permutation(np.arange(n) % _FOLDS)


def _targets(known: pd.DataFrame, since: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
    """By outcome, last period's value and the next one's, on a scale on which factors add.

    Values are divided by the mean, so that the currency's unit changes nothing.
    """
    import numpy as np

    later = known[["customer_id"]].merge(since, on="customer_id", validate="1:1")
    pairs = {"net_revenue": (known["net_revenue"], later["net_revenue"])}
    if "gross_margin" in known and known["gross_margin"].notna().mean() > 0.8:
        pairs["gross_margin"] = (known["gross_margin"].fillna(0), later["gross_margin"])
    if "visits" in known and "visits" in later and (known["visits"] > 0).mean() > 0.2:
        pairs["visit_yield"] = (
            known["net_revenue"] / known["visits"].clip(lower=1),
            later["net_revenue"] / later["visits"].clip(lower=1),
        )
    made = {}
    for outcome, (last, following) in pairs.items():
        unit = max(float(last.astype("float64").clip(lower=0).mean()), 1e-9) / 100
        made[outcome] = tuple(
            np.log1p(one.astype("float64").clip(lower=0).to_numpy() / unit)
            for one in (last, following)
        )
    return made


def _ways(known: pd.DataFrame, customers: pd.DataFrame) -> Iterator[tuple[str, dict[str, Ints]]]:
    """Each rival's own groups, and as many of behaviour and of chance."""
    import numpy as np

    from segkit.segments.abc_xyz import abc
    from segkit.segments.rfm import rfm

    rivals: dict[str, pd.Series[str]] = {}
    own = customers.set_index("customer_id")
    for name in CLIENTS:
        if name in own and known["customer_id"].map(own[name]).notna().mean() > 0.5:
            rivals[name] = known["customer_id"].map(own[name]).astype("object").fillna("–")
    rivals["rfm"] = rfm(known, 5)["rfm_segment"]
    rivals["abc"] = abc(known["net_revenue"])
    for name, values in rivals.items():
        labels = _largest(values.map(str))
        if labels.max() < 1:
            continue
        ways = {name: labels}
        behaving = behaviour_groups(known, int(labels.max()) + 1)
        if behaving is not None:
            ways["behaviour"] = behaving
        ways["chance"] = np.random.default_rng(SEED).permutation(labels)
        yield name, ways


def behaviour_groups(known: pd.DataFrame, k: int) -> Ints | None:
    """Clusters of behaviour in `k` groups; None where too few measures are known of everyone."""
    from threadpoolctl import threadpool_limits

    from segkit.segments.clusters import fit
    from segkit.segments.features import matrix

    with threadpool_limits(1):
        points, blocks = matrix(known)
        if len(blocks) < 2 or len(known) < 10 * k:
            return None
        return fit(points, k)[0]


def _largest(values: pd.Series[str]) -> Ints:
    """Places of the groups, largest first; those beyond twelve are one."""
    import numpy as np

    sizes = values.value_counts().rename_axis("name").reset_index(name="size")
    order = sizes.sort_values(["size", "name"], ascending=[False, True])["name"].tolist()
    place = {name: min(n, _MOST_GROUPS - 1) for n, name in enumerate(order)}
    return np.asarray(values.map(place), np.int64)
