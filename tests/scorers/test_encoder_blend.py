"""The mean of the encoder and its partner: what is read from model.json."""

from __future__ import annotations

import numpy as np
import pytest

from feedback_nlp.errors import ModelError
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.calibration import sharpened
from feedback_nlp.scorers.encoder_blend import Blend, blended


def judgement(value: float) -> Prediction:
    return Prediction(
        *(np.full(shape, value, np.float32) for shape in ((2, 1, 3), (1, 3), (1, 5))),
    )


def test_each_part_has_its_own_weight() -> None:
    found = blended(judgement(1.0), judgement(0.0), Blend(0.75, 0.5, 0.25))
    assert [float(part.ravel()[0]) for part in (found.clauses, found.overall, found.flags)] == [
        0.75,
        0.5,
        0.25,
    ]


def test_sharper_is_surer_of_the_same() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3], [0.0, 0.1, 0.9]], np.float32)
    found = sharpened(shares, 2.0)
    np.testing.assert_allclose(found[0], np.array([25, 9, 4]) / 38, atol=1e-6)
    np.testing.assert_allclose(found[1], 1 / 3, atol=1e-6)
    assert found.dtype == np.float32
    assert (found.argmax(axis=1) == shares.argmax(axis=1)).all()
    # A row alone gives the same bits as among others.
    assert sharpened(shares[:1], 2.0).tobytes() == found[:1].tobytes()


def test_it_is_read_as_it_was_written() -> None:
    blend = Blend(0.75, 0.85, 0.7, 1.4)
    assert Blend.from_header({"blend": blend.to_header()}) == blend
    assert Blend.from_header({}) == Blend()


@pytest.mark.parametrize(
    "damaged",
    [None, [0.6], {"clauses": 2}, {"clauses": "0.6"}, {"facets": 0.6}, {"sharpness": 0}, {"sharpness": 9}],
)
def test_a_damaged_one_is_refused_in_one_line(damaged: object) -> None:
    with pytest.raises(ModelError, match="blend"):
        Blend.from_header({"blend": damaged})
