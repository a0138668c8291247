"""Recomputed numbers of alignment: adjusted Rand, assignment, and matched Jaccard indices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, rand_score

from segkit.segments.identity.alignment import SAME, matched


def test_the_rand_indices_are_the_documented_ones() -> None:
    pair = ([0, 0, 1, 1], [0, 0, 1, 2])
    assert adjusted_rand_score(*pair) == pytest.approx(0.57143, abs=5e-6)
    assert rand_score(*pair) == pytest.approx(0.83333, abs=5e-6)


def test_the_assignment_of_least_cost_is_the_documented_one() -> None:
    cost = np.array([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
    rows, columns = linear_sum_assignment(cost)
    assert columns.tolist() == [1, 0, 2]
    assert cost[rows, columns].sum() == 5


def test_segments_are_matched_by_the_customers_they_share() -> None:
    shared = np.array([[5, 40, 1], [30, 2, 3], [0, 6, 25]])
    found = matched(shared)
    assert [one.new for one in found] == [1, 0, 2]
    assert sum(one.both for one in found) / shared.sum() == pytest.approx(0.8482, abs=5e-5)
    assert [round(one.jaccard, 4) for one in found] == [0.7407, 0.75, 0.7143]
    assert [bool(one.jaccard >= SAME) for one in found] == [False, True, False]


def test_segments_that_share_nobody_are_no_pair() -> None:
    assert [(one.old, one.new) for one in matched(np.array([[3, 0], [0, 0]]))] == [(0, 0)]
    assert matched(np.zeros((0, 2), dtype=np.int64)) == []
