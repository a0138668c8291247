"""Latent classes of answers, as a check of the indices: groups that answer alike, found blindly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from segkit.evidence import SEED, judged
from segkit.language import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

FEWEST_ANSWERED = judged(
    "buying.fewest_answered", 150, 100, 300, "customers",
    say("Latent classes are looked for from so many customers with four answers on."),
    table="needs",
)  # fmt: skip
_STARTS, _ROUNDS, _CLOSE = 20, 3_000, 1e-9


@dataclass(frozen=True)
class Classes:
    """Latent classes of one number.

    Attributes
    ----------
    shares
        The part of each class, the largest first.
    answers
        One array per item: the chance of each level, a row per class.
    belongs
        The chance of each row of the answers to belong to each class.
    """

    log_likelihood: float
    bic: float
    aic: float
    shares: Floats
    answers: list[Floats]
    belongs: Floats

    @property
    def entropy(self) -> float:
        """How clearly rows belong to one class: 1 is certain, 0 is a guess."""
        import numpy as np

        k = len(self.shares)
        if k == 1:
            return 1.0
        unsure = -(self.belongs * np.log(np.maximum(self.belongs, 1e-300))).sum()
        return float(1 - unsure / (len(self.belongs) * np.log(k)))


def classes(answers: Ints, k: int, starts: int = _STARTS) -> Classes:
    """The most likely `k` latent classes of categorical answers, by expectation-maximisation.

    Parameters
    ----------
    answers
        One row per customer, one column per item: a level from 0 on, -1 where not answered.
    starts
        Random beginnings; the likeliest end counts.

    Notes
    -----
    Within a class the answers are independent of each other. Equal rows are worked on once.
    Verified against the values that the packages poLCA and StepMix give.
    """
    import numpy as np

    patterns, at, counts = np.unique(answers, axis=0, return_inverse=True, return_counts=True)
    at = at.reshape(-1)
    levels = [int(column.max()) + 1 for column in answers.T]
    likelihood, shares, chances, belongs = _climb(
        patterns, counts[None, :].astype("float64"), levels, k, starts
    )
    order = np.lexsort((np.arange(k), -shares[0]))
    free = k - 1 + k * sum(level - 1 for level in levels)
    ends = np.cumsum([0, *levels])
    return Classes(
        float(likelihood[0]),
        float(-2 * likelihood[0] + free * np.log(len(answers))),
        float(-2 * likelihood[0] + 2 * free),
        shares[0][order],
        [chances[0][order, a:b] for a, b in pairwise(ends)],
        belongs[0][at][:, order],
    )


def more_than(answers: Ints, k: int, draws: int = 99) -> float:
    """How often data of `k` classes gain as much by one class more as these: the bootstrap's p.

    Samples of the model with `k` classes are fitted with `k` and one more; their likelihood ratio
    is what chance alone gains.
    """
    import numpy as np

    null, more = classes(answers, k), classes(answers, k + 1)
    gained = more.log_likelihood - null.log_likelihood
    rng = np.random.default_rng(SEED)
    of = rng.choice(k, p=null.shares / null.shares.sum(), size=(draws, len(answers)))
    drawn = np.empty((draws, len(answers), answers.shape[1]), dtype=np.int64)
    for item, chances in enumerate(null.answers):
        edges = chances.cumsum(axis=1)[of]
        drawn[:, :, item] = (rng.random(of.shape)[..., None] > edges[..., :-1]).sum(axis=-1)
    drawn[:, answers < 0] = -1
    patterns, at = np.unique(drawn.reshape(-1, answers.shape[1]), axis=0, return_inverse=True)
    own = np.repeat(np.arange(draws), len(answers))
    counts = np.zeros((draws, len(patterns)))
    np.add.at(counts, (own, at.reshape(-1)), 1.0)
    levels = [chances.shape[1] for chances in null.answers]
    low, high = (_climb(patterns, counts, levels, one, 4, 200)[0] for one in (k, k + 1))
    return float((1 + (high - low >= gained - 1e-6).sum()) / (draws + 1))


def _climb(
    patterns: Ints, counts: Floats, levels: list[int], k: int, starts: int, rounds: int = _ROUNDS
) -> tuple[Floats, Floats, Floats, Floats]:
    """The likeliest end of several climbs, for each row of `counts` at once.

    Returns
    -------
    tuple
        Per row of `counts`: log-likelihood, shares, chances (all items' levels side by side), and
        the chance of each pattern to belong to each class.
    """
    import numpy as np

    seen = np.hstack(
        [
            (patterns[:, [item]] == np.arange(level)).astype("float64")
            for item, level in enumerate(levels)
        ]
    )
    ends = np.cumsum([0, *levels])
    items = np.repeat(np.arange(len(levels)), levels)
    rng = np.random.default_rng(SEED)
    sets = len(counts)
    chances = rng.uniform(0.2, 0.8, (sets * starts, k, len(items)))
    weights = np.repeat(counts, starts, axis=0)
    shares = np.full((len(weights), k), 1 / k)
    before = np.full(len(weights), -np.inf)

    def normed(raw: Floats) -> Floats:
        sums = np.add.reduceat(raw, ends[:-1], axis=2)
        return np.asarray(raw / np.maximum(sums, 1e-300)[:, :, items])

    chances = normed(chances)
    for _ in range(rounds):
        log_joint = np.log(np.maximum(chances, 1e-300)) @ seen.T
        log_joint = log_joint.transpose(0, 2, 1) + np.log(np.maximum(shares, 1e-300))[:, None, :]
        top = log_joint.max(axis=2, keepdims=True)
        joint = np.exp(log_joint - top)
        summed = joint.sum(axis=2, keepdims=True)
        belongs = joint / summed
        likelihood = (weights * (np.log(summed) + top)[:, :, 0]).sum(axis=1)
        if (likelihood - before < _CLOSE * np.abs(likelihood)).all():
            break
        before = likelihood
        held = belongs * weights[:, :, None]
        shares = held.sum(axis=1) / weights.sum(axis=1, keepdims=True)
        chances = normed(held.transpose(0, 2, 1) @ seen)
    best = likelihood.reshape(sets, starts).argmax(axis=1) + np.arange(sets) * starts
    return likelihood[best], shares[best], chances[best], belongs[best]
