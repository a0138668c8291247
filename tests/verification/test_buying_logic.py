"""Published numbers: latent classes, agreement of raters, and kappa."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from segkit.segments.buying.agreement import Metric, alpha
from segkit.segments.buying.classes import Classes, classes, more_than

COUNTS = (20, 2, 9, 2, 6, 1, 4, 1, 38, 7, 24, 6, 25, 6, 23, 42)


@pytest.fixture(scope="module")
def stouffer_toby() -> np.ndarray:
    """216 answers to four role conflicts, as 16 counts of 1111, 1112 … 2222."""
    levels = np.array([[cell >> bit & 1 for bit in (3, 2, 1, 0)] for cell in range(16)])
    return np.repeat(levels, COUNTS, axis=0)


@pytest.mark.parametrize(("k", "expected"), [(1, -543.6498), (2, -504.4677), (3, -503.3011)])
def test_latent_classes_of_stouffer_and_toby_reach_the_published_likelihood(
    stouffer_toby: np.ndarray, k: int, expected: float
) -> None:
    assert classes(stouffer_toby, k).log_likelihood == pytest.approx(expected, abs=1e-4)


def test_two_latent_classes_of_stouffer_and_toby(stouffer_toby: np.ndarray) -> None:
    found = classes(stouffer_toby, 2)
    assert found.bic == pytest.approx(1057.313, abs=5e-4)
    assert found.aic == pytest.approx(1026.935, abs=5e-4)
    assert found.shares == pytest.approx([0.7208, 0.2792], abs=1e-4)


def test_the_bootstrap_wants_two_classes_of_stouffer_and_toby(stouffer_toby: np.ndarray) -> None:
    assert more_than(stouffer_toby, 1) == 0.01
    assert more_than(stouffer_toby, 2) > 0.1


#: Seven pathologists on 118 slides (Landis and Koch 1977): who found carcinoma, and how often.
SLIDES = (
    "0000000:34 0000100:2 0100000:6 0100001:1 0100100:4 0100101:5 1000000:2 1010101:1 1100000:2 "
    "1100001:1 1100100:2 1100101:7 1100111:1 1101001:1 1101101:2 1101111:3 1110101:13 1110111:5 "
    "1111101:10 1111111:16"
)


@pytest.mark.parametrize(
    ("k", "likelihood", "bic"),
    [(2, -317.2568, 706.0739), (3, -293.705, 697.1357), (4, -289.2858, 726.4629)],
)
def test_latent_classes_of_the_carcinoma_slides(k: int, likelihood: float, bic: float) -> None:
    slides = [one.split(":") for one in SLIDES.split()]
    rows = np.array([list(map(int, pattern)) for pattern, n in slides for _ in range(int(n))])
    found = classes(rows, k)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-4)
    assert found.bic == pytest.approx(bic, abs=1e-4)
    if k == 3:
        assert found.shares == pytest.approx([0.4447, 0.3736, 0.1817], abs=1e-4)


def test_rows_in_another_order_give_the_same_classes(stouffer_toby: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(len(stouffer_toby))
    one, two = classes(stouffer_toby, 2), classes(stouffer_toby[order], 2)
    assert isinstance(one, Classes)
    assert one.log_likelihood == two.log_likelihood
    assert (one.belongs[order] == two.belongs).all()


def ratings(*raters: str) -> np.ndarray:
    told = [[one.translate({46: "nan", 42: "nan"}) for one in rater.split()] for rater in raters]
    return np.array(told, dtype="float64")


FOUR = ratings(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
THREE = ratings(
    "* * * * * 3 4 1 2 1 1 3 3 * 3",
    "1 * 2 1 3 3 4 3 * * * * * * *",
    "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
)


@pytest.mark.parametrize(
    ("given", "metric", "expected"),
    [
        (FOUR, "nominal", 0.7434),
        (FOUR, "ordinal", 0.8154),
        (FOUR, "interval", 0.8491),
        (FOUR, "ratio", 0.7974),
        (THREE, "nominal", 0.6914),
        (THREE, "ordinal", 0.8067),
        (THREE, "interval", 0.8108),
    ],
)
def test_alpha_is_krippendorffs(given: np.ndarray, metric: Metric, expected: float) -> None:
    assert alpha(given, metric) == pytest.approx(expected, abs=5e-5)
    assert alpha(given[::-1, ::-1], metric) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[40, 9], [6, 45]], 0.6995),
        ([[80, 10], [5, 5]], 0.3182),
        ([[90, 5], [5, 0]], -0.0526),
        ([[118, 5], [2, 0]], -0.0234),
    ],
)
def test_kappa_of_the_library_is_the_published(table: list[list[int]], expected: float) -> None:
    cells = [(row, column) for row in (0, 1) for column in (0, 1)]
    flat = np.repeat(cells, np.array(table).reshape(-1), axis=0)
    assert cohen_kappa_score(flat[:, 0], flat[:, 1]) == pytest.approx(expected, abs=5e-5)
