"""Matrix products that give a row the same bits wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest

from feedback_nlp.scorers.products import rowwise_product


def test_products_of_no_rows_and_many() -> None:
    random = np.random.default_rng(2)
    weights = random.normal(size=(3, 2)).astype(np.float32)
    assert rowwise_product(np.zeros((0, 3), np.float32), weights).shape == (0, 2)
    rows = random.normal(size=(201, 3)).astype(np.float32)
    np.testing.assert_allclose(rowwise_product(rows, weights), rows @ weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("width", "wanted"), [(64, 128), (128, 102), (768, 34)])
def test_a_row_has_the_same_bits_wherever_it_stands(width: int, wanted: int) -> None:
    random = np.random.default_rng(5)
    weights = random.normal(size=(width, wanted)).astype(np.float32)
    rows = np.repeat(random.normal(size=(1, width)).astype(np.float32), 200, axis=0)
    assert len({row.tobytes() for row in rowwise_product(rows, weights)}) == 1
    assert rowwise_product(rows[:1], weights).tobytes() == rowwise_product(rows, weights)[7].tobytes()
