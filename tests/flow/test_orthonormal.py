"""Orthonormal vectors by Cholesky's factors of panels, and what becomes of vectors that are too parallel for them."""

import numpy as np
import pytest

from lstm_sym.flow import growth_rates
from lstm_sym.flow.spectra import orthonormal as engine
from lstm_sym.flow.spectra.orthonormal import FEWEST, orthonormal_rows
from lstm_sym.flow.spectra.triangular import random_columns

SIZE = 128


def orthogonal(size: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def graded(exponent: float, seed: int = 0, size: int = SIZE) -> np.ndarray:
    """A matrix whose singular values fall evenly from 1 to 10^exponent, at random directions."""
    return orthogonal(size, seed) @ np.diag(np.logspace(0, exponent, size)) @ orthogonal(size, seed + 1)


def nearly_equal(distance: float) -> np.ndarray:
    """Orthonormal rows, but for the second one, which differs from the first by `distance`."""
    rows = orthogonal(SIZE, 77)
    rows[1] = rows[0] + distance * rows[1]
    return rows[None]


def not_orthonormal(directions: np.ndarray) -> float:
    return float(np.abs(directions @ directions.swapaxes(-2, -1) - np.eye(SIZE)).max())


def by_householder(rows: np.ndarray) -> np.ndarray:
    return np.abs(np.diagonal(np.linalg.qr(rows.swapaxes(-2, -1), mode="r"), axis1=-2, axis2=-1))


def refused(*_, **__):
    raise AssertionError("Householder's QR was taken")


@pytest.mark.parametrize("count", [FEWEST, 100, SIZE])
@pytest.mark.parametrize("exponent", [0.0, -3.0, -6.0])
def test_vectors_and_triangle_are_those_of_householder(monkeypatch, count, exponent):
    rows = np.stack([graded(exponent, seed)[:count] for seed in (0, 5)])
    wanted = by_householder(rows)
    monkeypatch.setattr(np.linalg, "qr", refused)
    directions, triangle = orthonormal_rows(rows)
    loss = (np.linalg.norm(triangle, axis=-2) / np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))).max()
    rounding = SIZE * np.finfo(float).eps * loss
    assert np.abs(directions @ directions.swapaxes(-2, -1) - np.eye(count)).max() <= rounding
    assert np.abs(triangle.swapaxes(-2, -1) @ directions - rows).max() <= 1e-14 * np.abs(rows).max()
    assert np.abs(np.diagonal(triangle, axis1=-2, axis2=-1) / wanted - 1).max() <= rounding
    assert not np.tril(triangle, -1).any()


def test_rather_parallel_vectors_of_a_panel_are_mended_by_a_second_factor(monkeypatch):
    rows = nearly_equal(1e-4)
    assert not_orthonormal(orthonormal_rows(rows)[0]) <= 1e-12
    monkeypatch.setattr(engine, "SOUND", np.inf)
    assert not_orthonormal(orthonormal_rows(rows)[0]) >= 1e-10


@pytest.mark.parametrize("rows", [nearly_equal(3e-9), np.zeros((1, SIZE, SIZE)), np.full((1, SIZE, SIZE), np.nan)])
def test_vectors_that_a_gram_matrix_does_not_tell_apart_are_left_to_householder(rows):
    columns, wanted = np.linalg.qr(rows.swapaxes(-2, -1))
    directions, triangle = orthonormal_rows(rows)
    np.testing.assert_array_equal(directions, columns.swapaxes(-2, -1))
    np.testing.assert_array_equal(triangle, wanted)


def test_without_the_guard_an_exponent_is_wrong(monkeypatch):
    """A last step that makes two directions nearly equal: nothing follows that takes back what a Gram matrix loses."""
    matrices = [orthogonal(SIZE, seed) for seed in range(16)]
    frame = np.linalg.multi_dot([*matrices[::-1], random_columns(SIZE, SIZE)])
    matrices.append(nearly_equal(1e-9)[0].T @ frame.T)
    wanted = np.log(1e-9)
    assert growth_rates(matrices).exponents.sum() * len(matrices) == pytest.approx(wanted, abs=1e-5)
    for name in ("SOUND", "LAST", "MENDED"):
        monkeypatch.setattr(engine, name, np.inf)
    assert abs(growth_rates(matrices).exponents.sum() * len(matrices) - wanted) > 1.0
