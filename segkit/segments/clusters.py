"""How many segments the data support: k-means, bootstrapped, beside structureless data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.evidence import SEED, judged
from segkit.language import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: After the manual of R's fpc: from here on a cluster is valid and stable.
STABLE = judged(
    "segments.stable", 0.75, 0.70, 0.80, "share",
    say("A cluster is valid and stable when this part of it comes back in resamples."),
)  # fmt: skip
PATTERN = judged(
    "segments.pattern", 0.60, 0.60, 0.70, "share",
    say("A cluster is a pattern, and no more, when this part of it comes back."),
)  # fmt: skip
HIGHLY_STABLE = judged(
    "segments.highly_stable", 0.85, 0.85, 0.90, "share",
    say("A cluster is highly stable when this part of it comes back."),
)  # fmt: skip
RESAMPLES = 40
_NULLS, _NULL_RESAMPLES = 3, 10
_MARGIN = judged(
    "segments.margin", 0.97, 0.95, 0.99, "share",
    say("Clusters leave at most this part of the variance that data without structure leave."),
)  # fmt: skip
#: Stability is measured on at most this many customers.
_SAMPLE = 5_000
_BORDER = judged(
    "segments.border", 0.8, 0.7, 0.9, "share",
    say("A customer that lands in its segment in fewer resamples is a border case."),
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """One number of clusters, and how it held up.

    Attributes
    ----------
    jaccards
        One per cluster of `labels`, averaged over resamples.
    unexplained, null_unexplained
        Share of the variance left within clusters, here and in data without further structure.
    smallest
        Share of customers in the smallest cluster.
    certainty
        One per customer: the share of resamples that put it into its own cluster.
    """

    k: int
    labels: Ints
    jaccards: Floats
    certainty: Floats
    unexplained: float
    null_unexplained: float
    null_jaccard: float
    silhouette: float
    is_large_enough: bool

    @property
    def is_supported(self) -> bool:
        """Stable, beyond what data without further structure show, and no cluster too small."""
        stable = bool(self.jaccards.min() >= STABLE)
        structured = self.unexplained < _MARGIN * self.null_unexplained
        return stable and structured and self.is_large_enough

    @property
    def is_border(self) -> npt.NDArray[np.bool_]:
        """Which customers resampling moves to another cluster more than once in five times."""
        return self.certainty < _BORDER


def fit(points: Floats, k: int, starts: int = 20) -> tuple[Ints, Floats]:
    """Labels and centres of k-means, clusters numbered by size, then by their first customer."""
    import numpy as np

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

    rng = np.random.default_rng(SEED)
    found, kept = np.zeros(k), np.zeros(len(points))
    for draw in range(resamples):
        weights = np.bincount(rng.integers(0, len(points), len(points)), minlength=len(points))
        inside = np.flatnonzero(weights)
        centres = _centres(points[inside], k, 5, SEED + draw, weights[inside])
        theirs = _nearest(points, centres)
        similar = _jaccard(labels[inside], theirs[inside], k)
        found += similar.max(axis=1)
        kept += similar.argmax(axis=0)[theirs] == labels
    return found / resamples, kept / resamples


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


def try_numbers(points: Floats, numbers: Sequence[int]) -> list[Tried]:
    """Every number of clusters in `numbers`, ascending, tried on at most 5,000 of the customers.

    Each is held against data without structure beyond the last number that was supported, so that
    cutting true groups once more is not taken for finding more of them.
    """
    import numpy as np
    import sklearn.cluster  # noqa: F401 — only libraries that are loaded can be limited
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(SEED)
    sample = points
    if len(points) > _SAMPLE:
        sample = points[np.sort(rng.choice(len(points), _SAMPLE, replace=False))]
    groups = np.zeros(len(sample), dtype=np.int64)
    made: list[Tried] = []
    with threadpool_limits(1):  # sums in threads differ in the last digit from run to run
        for k in sorted(numbers):
            one, labels = _try(points, sample, groups, k)
            groups = labels if one.is_supported else groups
            made.append(one)
    return made


def _try(points: Floats, sample: Floats, groups: Ints, k: int) -> tuple[Tried, Ints]:
    import numpy as np
    from sklearn.metrics import silhouette_score

    labels, centres = fit(sample, k)
    found = labels
    jaccards, certainty = stability(sample, labels, k)
    if len(sample) < len(points):
        labels = _nearest(points, centres)
        certainty = _margin_certainty(points, centres)
    draws = [SEED + draw for draw in range(_NULLS)]
    nulls = [structureless(sample, groups, draw) for draw in draws]
    if not groups.any():  # one measure alone may well part groups that others have found
        nulls += [unrelated(sample, draw) for draw in draws]
    null_labels = [fit(null, k, 5)[0] for null in nulls]
    null_jaccards, _ = stability(nulls[0], null_labels[0], k, _NULL_RESAMPLES)
    sizes = np.bincount(labels, minlength=k)
    made = Tried(
        k=k,
        labels=labels,
        jaccards=jaccards,
        certainty=certainty,
        unexplained=unexplained(points, labels),
        null_unexplained=float(
            np.min([unexplained(a, b) for a, b in zip(nulls, null_labels, strict=True)])
        ),
        null_jaccard=float(null_jaccards.min()),
        silhouette=float(
            silhouette_score(points, labels, sample_size=min(len(points), 2_000), random_state=SEED)
        ),
        is_large_enough=bool(sizes.min() >= max(20, 0.02 * len(points))),
    )
    return made, found


def _centres(points: Floats, k: int, starts: int, seed: int, weights: Ints | None = None) -> Floats:
    import numpy as np
    from sklearn.cluster import KMeans

    made = KMeans(k, n_init=starts, random_state=seed % 2**31).fit(points, sample_weight=weights)
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


def _margin_certainty(points: Floats, centres: Floats) -> Floats:
    """Where only a sample was resampled: on a border is who is nearly as near to another centre."""
    import numpy as np

    squares = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
    near = np.sqrt(np.maximum(np.sort(squares, axis=1), 0))
    return np.where(near[:, 0] > 0.9 * near[:, 1], 0.5, 1.0)


def _spread(points: Floats) -> float:
    return float(((points - points.mean(axis=0)) ** 2).sum())
