"""Published and recomputed numbers: clusters of iris and of UCI's wholesale customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from segkit.segments.clusters import fit, stability, unexplained

WHOLESALE = ["Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen"]


def inertia(points: np.ndarray, labels: np.ndarray) -> float:
    """Summed squared distance to the own cluster's mean."""
    return unexplained(points, labels) * float(((points - points.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize(("k", "expected"), [(2, 152.348), (3, 78.851), (4, 57.228)])
def test_k_means_of_iris_reaches_the_published_inertia(k: int, expected: float) -> None:
    points = load_iris().data
    labels, _ = fit(points, k)
    assert inertia(points, labels) == pytest.approx(expected, abs=0.005)


def test_three_clusters_of_iris_agree_with_the_species_as_published() -> None:
    iris = load_iris()
    labels, _ = fit(iris.data, 3)
    assert adjusted_rand_score(iris.target, labels) == pytest.approx(0.7302, abs=5e-4)


@pytest.mark.parametrize(
    ("k", "expected", "error"),
    [
        (3, [0.93, 0.94, 1.00], 0.03),
        # four clusters cut one species in two: the mean of a hundred resamples itself varies by .03
        (4, [0.81, 0.84, 0.93, 1.00], 0.06),
    ],
)
def test_bootstrapped_similarity_of_iris_clusters(
    k: int, expected: list[float], error: float
) -> None:
    points = load_iris().data
    jaccards, _ = stability(points, fit(points, k)[0], k, resamples=100)
    assert sorted(jaccards) == pytest.approx(expected, abs=error)


@pytest.fixture(scope="module")
def wholesale(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "wholesale_customers" / "wholesale_customers.csv"
    return pd.read_csv(path, encoding="utf-8-sig")


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_logged_spend_of_wholesale_customers_makes_two_stable_groups(
    wholesale: pd.DataFrame,
) -> None:
    points = standardised(np.log1p(wholesale[WHOLESALE].to_numpy(float)))
    labels, _ = fit(points, 2)
    jaccards, _ = stability(points, labels, 2, resamples=100)
    assert sorted(jaccards) == pytest.approx([0.95, 0.96], abs=0.03)
    assert adjusted_rand_score(wholesale["Channel"], labels) == pytest.approx(0.514, abs=0.002)


def test_raw_spend_only_cuts_off_the_large_accounts(wholesale: pd.DataFrame) -> None:
    points = standardised(wholesale[WHOLESALE].to_numpy(float))
    labels, _ = fit(points, 2)
    jaccards, _ = stability(points, labels, 2, resamples=100)
    assert jaccards.min() < 0.75
    assert adjusted_rand_score(wholesale["Channel"], labels) == pytest.approx(0.213, abs=0.02)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_noise_is_never_found_again_well_enough(k: int) -> None:
    # recomputed elsewhere: 0.58 and 0.59; 0.59 to 0.67; 0.37 to 0.54
    points = np.random.default_rng(0).normal(size=(440, 6))
    assert stability(points, fit(points, k)[0], k, 100)[0].max() < 0.75
