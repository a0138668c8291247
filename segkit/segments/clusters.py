"""How many segments the data support: k-means, bootstrapped, beside structureless data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.evidence import SEED, judged
from segkit.language import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_ALWAYS = judged(
    "segments.always", 0.98, 0.95, 0.99, "share",
    say("Of clusters that come back to this part it is not asked to beat structureless data."),
)  # fmt: skip
#: After the manual of R's fpc: from here on a cluster is valid and stable.
STABLE = judged(
    "segments.stable", 0.75, 0.70, 0.80, "share",
    say("A cluster is valid and stable when this part of it comes back in resamples."),
)  # fmt: skip
HIGHLY_STABLE = judged(
    "segments.highly_stable", 0.85, 0.85, 0.90, "share",
    say("A cluster is highly stable when this part of it comes back."),
)  # fmt: skip
RESAMPLES = 100
#: Draws of structureless data behind the null band, and resamples of each.
NULLS, _NULL_RESAMPLES = 30, 3
#: Random starts of k-means in a resample, beside the centres found before; as many in data
#: without structure, for a fair band.
_STARTS = 5
_RIVAL_RESAMPLES = 20
_SPREADS = 5
#: Resamples that show who is a border case.
_DRAWS = 50
_MARGIN = judged(
    "segments.margin", 0.97, 0.95, 0.99, "share",
    say("Clusters leave at most this part of the variance that data without structure leave."),
)  # fmt: skip
#: Stability is measured on at most this many customers, drawn at random.
SAMPLE = 2_000
_BORDER = judged(
    "segments.border", 0.8, 0.7, 0.9, "share",
    say("A customer that lands in its segment in fewer resamples is a border case."),
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """One number of clusters, and how it held up.

    Attributes
    ----------
    labels, centres
        Of every customer, though the centres were found in the sample.
    jaccards
        One per cluster of `labels`, averaged over resamples.
    null_jaccards
        The weakest cluster's, at 5, 50 and 95 % of the draws of structureless data.
    unexplained, null_unexplained
        Share of the variance left within clusters, here and in data without further structure.
    rival_agreement, rival_jaccard
        Adjusted Rand index with Ward's clusters, and the weakest of those in resamples.
    border_share
        Share of the sample that resampling moves to another cluster.
    """

    k: int
    labels: Ints
    centres: Floats
    jaccards: Floats
    null_jaccards: tuple[float, float, float]
    unexplained: float
    null_unexplained: float
    rival_agreement: float
    rival_jaccard: float
    silhouette: float
    border_share: float
    is_large_enough: bool

    @property
    def is_stable(self) -> bool:
        """Whether the weakest cluster comes back, and does so more than structureless data's."""
        weakest = float(self.jaccards.min())
        # two groups far apart always come back, and so may the halves of a long cloud
        return weakest >= STABLE and weakest > min(self.null_jaccards[2], _ALWAYS)

    @property
    def is_supported(self) -> bool:
        """Stable, closer together than chance, and no cluster too small."""
        structured = self.unexplained < _MARGIN * self.null_unexplained
        return self.is_stable and structured and self.is_large_enough


def fit(points: Floats, k: int, starts: int = 20) -> tuple[Ints, Floats]:
    """Labels and centres of k-means, clusters numbered by size, then by their first customer."""
    import numpy as np

    with _one_thread():
        centres = _centres(points, k, starts, SEED)
        labels = _nearest(points, centres)
    sizes = np.bincount(labels, minlength=k)
    first = [int(np.argmax(labels == one)) for one in range(k)]
    order = sorted(range(k), key=lambda one: (-sizes[one], first[one]))
    place = np.empty(k, dtype=np.int64)
    place[order] = np.arange(k)
    return place[labels], centres[order]


def stability(
    points: Floats, labels: Ints, k: int, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """How well each cluster is found again in bootstrap samples, and how sure each customer is.

    Notes
    -----
    Hennig (2007): for each cluster the greatest Jaccard similarity with a cluster of the resample,
    among the customers in the resample, each counted once; averaged over resamples.
    """
    import numpy as np

    found, kept = np.zeros(k), np.zeros(len(points))
    with _one_thread():
        for inside, theirs, centres in _resampled(points, labels, k, resamples):
            similar = _jaccard(labels[inside], theirs, k)
            found += similar.max(axis=1)
            kept += similar.argmax(axis=0)[_nearest(points, centres)] == labels
    return found / resamples, kept / resamples


def border(points: Floats, tried: Tried) -> npt.NDArray[np.bool_]:
    """Which customers resampling moves to another cluster more than once in five times."""
    import numpy as np

    sample = sample_of(len(points))
    own, kept = points[sample], np.zeros(len(points))
    with _one_thread():
        for inside, theirs, centres in _resampled(own, tried.labels[sample], tried.k, _DRAWS):
            similar = _jaccard(tried.labels[sample][inside], theirs, tried.k)
            kept += similar.argmax(axis=0)[_nearest(points, centres)] == tried.labels
    return np.asarray(kept < _BORDER * _DRAWS, np.bool_)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in threads differ in the last digit from run to run; our own points need no checks."""
    import sklearn.cluster  # only libraries that are loaded can be limited
    from threadpoolctl import threadpool_limits

    checks = sklearn.config_context(assume_finite=True, skip_parameter_validation=True)
    with threadpool_limits(1), checks:
        yield


def sample_of(size: int) -> Ints:
    """The places of the customers whom stability is measured on."""
    import numpy as np

    if size <= SAMPLE:
        return np.arange(size)
    drawn = np.random.default_rng(SEED).choice(size, SAMPLE, replace=False)
    return np.asarray(np.sort(drawn), np.int64)


def structureless(points: Floats, groups: Ints, seed: int) -> Floats:
    """Points without structure beyond `groups`: the null reference.

    In each group as many points, spread alike along the same axes, but uniform: among shapes
    with a single hump that is the easiest one to cut into clusters.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    made = np.empty_like(points)
    for group in np.unique(groups):
        own = points[groups == group]
        _, spread, axes = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)
        draws = rng.uniform(-1, 1, (len(own), len(spread))) * np.sqrt(3 / len(own)) * spread
        made[groups == group] = own.mean(axis=0) + draws @ axes
    return made


def unrelated(points: Floats, seed: int) -> Floats:
    """A second null: every column is shuffled, so that tails stay but belong to nobody.

    Skewed measures that have nothing to do with each other make clusters of their tails.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    return np.column_stack([rng.permutation(column) for column in points.T])


def unexplained(points: Floats, labels: Ints) -> float:
    """The share of the variance of `points` that is left within the groups of `labels`."""
    import numpy as np

    groups = np.unique(labels)
    within = sum(_spread(points[labels == one]) for one in groups)
    return float(within / _spread(points))


def try_numbers(
    points: Floats, numbers: Sequence[int], resamples: int = RESAMPLES, draws: int = NULLS
) -> list[Tried]:
    """Every number of clusters in `numbers`, ascending, tried on at most 2,000 of the customers.

    Each is held against data without structure beyond the last number that was supported, so that
    cutting true groups once more is not taken for finding more of them.
    """
    import numpy as np

    sample = points[sample_of(len(points))]
    groups = np.zeros(len(sample), dtype=np.int64)
    made: list[Tried] = []
    with _one_thread():
        nulls = [structureless(sample, groups, SEED + draw) for draw in range(draws)]
        wards = _wards(sample, sorted(numbers))
        for k in sorted(numbers):
            one, labels = _try(points, sample, groups, k, nulls, wards[k], resamples)
            groups = labels if one.is_supported else groups
            made.append(one)
    return made


def _try(
    points: Floats,
    sample: Floats,
    groups: Ints,
    k: int,
    nulls: list[Floats],
    ward: tuple[Ints, float],
    resamples: int,
) -> tuple[Tried, Ints]:
    import numpy as np
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    found, centres = fit(sample, k)
    jaccards, certainty = stability(sample, found, k, resamples)
    labels = found if len(sample) == len(points) else _nearest(points, centres)
    null_labels = [fit(null, k, 3)[0] for null in nulls]
    weakest = [
        stability(null, own, k, _NULL_RESAMPLES)[0].min()
        for null, own in zip(nulls, null_labels, strict=True)
    ]
    low, middle, high = (float(one) for one in np.quantile(weakest, [0.05, 0.5, 0.95]))
    made = Tried(
        k=k,
        labels=labels,
        centres=centres,
        jaccards=jaccards,
        null_jaccards=(low, middle, high),
        unexplained=unexplained(sample, found),
        null_unexplained=_least_unexplained(sample, groups, k, nulls, null_labels),
        rival_agreement=float(adjusted_rand_score(found, ward[0])),
        rival_jaccard=ward[1],
        silhouette=float(silhouette_score(sample, found)),
        border_share=float((certainty < _BORDER).mean()),
        is_large_enough=bool(np.bincount(labels, minlength=k).min() >= max(20, 0.02 * len(points))),
    )
    return made, found


def _least_unexplained(
    sample: Floats, groups: Ints, k: int, nulls: list[Floats], null_labels: list[Ints]
) -> float:
    """The least variance left in data without structure beyond `groups`."""
    if not groups.any():  # one measure alone may well part groups that others have found
        shuffled = [unrelated(sample, SEED + draw) for draw in range(_SPREADS)]
        pairs = [
            *zip(nulls, null_labels, strict=True),
            *((one, fit(one, k, 5)[0]) for one in shuffled),
        ]
    else:
        made = [structureless(sample, groups, SEED + draw) for draw in range(_SPREADS)]
        pairs = [(one, fit(one, k, 5)[0]) for one in made]
    return min(unexplained(one, labels) for one, labels in pairs)


def _wards(sample: Floats, numbers: Sequence[int]) -> dict[int, tuple[Ints, float]]:
    """The rival: Ward's clusters of each number, and how the weakest of them comes back.

    One tree gives all numbers, so each resample is grown once.
    """
    import numpy as np

    labels = _grown(sample, numbers)
    found = {k: np.zeros(k) for k in numbers}
    for draw in range(_RIVAL_RESAMPLES):
        inside = np.flatnonzero(_weights(len(sample), draw))
        theirs = _grown(sample[inside], numbers)
        for k in numbers:
            found[k] += _jaccard(labels[k][inside], theirs[k], k).max(axis=1)
    return {k: (labels[k], float(found[k].min() / _RIVAL_RESAMPLES)) for k in numbers}


def _grown(points: Floats, numbers: Sequence[int]) -> dict[int, Ints]:
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(points, "ward")
    cuts = {k: fcluster(tree, k, "maxclust") - 1 for k in numbers}
    return {k: np.asarray(own, np.int64) for k, own in cuts.items()}


def _resampled(
    points: Floats, labels: Ints, k: int, resamples: int
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Bootstrap samples: who is in each, their clusters in it, and its centres.

    The best of several random starts and of the centres found before is taken, so that a cluster
    isn't called unstable because a start went astray.
    """
    import numpy as np

    before = np.array([points[labels == one].mean(axis=0) for one in range(k)])
    for draw in range(resamples):
        weights = _weights(len(points), draw)
        inside = np.flatnonzero(weights)
        own, heavy = points[inside], weights[inside]
        centres = _best(own, k, _STARTS, SEED + draw, heavy, before)
        yield inside, _nearest(own, centres), centres


def _weights(size: int, draw: int) -> Ints:
    """How often each of `size` customers is drawn, with replacement."""
    import numpy as np

    drawn = np.random.default_rng([SEED, draw]).integers(0, size, size)
    return np.bincount(drawn, minlength=size)


def _best(points: Floats, k: int, starts: int, seed: int, weights: Ints, before: Floats) -> Floats:
    import numpy as np
    from sklearn.cluster import KMeans

    again = KMeans(k, init=before, n_init=1, tol=1e-3).fit(points, sample_weight=weights)
    anew = KMeans(k, n_init=starts, random_state=seed % 2**31, tol=1e-3)
    anew.fit(points, sample_weight=weights)
    best = again if again.inertia_ <= anew.inertia_ else anew
    return np.asarray(best.cluster_centers_, np.float64)


def _centres(points: Floats, k: int, starts: int, seed: int) -> Floats:
    import numpy as np
    from sklearn.cluster import KMeans

    made = KMeans(k, n_init=starts, random_state=seed % 2**31).fit(points)
    return np.asarray(made.cluster_centers_, np.float64)


def _nearest(points: Floats, centres: Floats) -> Ints:
    """The nearest centre; equal customers get the same one."""
    import numpy as np

    distances = (centres**2).sum(axis=1) - 2 * points @ centres.T
    return np.asarray(np.round(distances, 9).argmin(axis=1), np.int64)


def _jaccard(ours: Ints, theirs: Ints, k: int) -> Floats:
    """Jaccard similarity of each of our clusters (rows) with each of theirs (columns)."""
    import numpy as np

    both = np.zeros((k, k))
    np.add.at(both, (ours, theirs), 1)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    return np.asarray(both / np.maximum(either, 1), np.float64)


def _spread(points: Floats) -> float:
    return float(((points - points.mean(axis=0)) ** 2).sum())
