"""The mean of the encoder and its partner: what is read from model.json."""

from __future__ import annotations

import numpy as np
import pytest

from feedback_nlp.errors import ModelError
from feedback_nlp.scorers.base import Prediction
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


def test_it_is_read_as_it_was_written() -> None:
    blend = Blend(0.75, 0.85, 0.7)
    assert Blend.from_header({"blend": blend.to_header()}) == blend
    assert Blend.from_header({}) == Blend()


@pytest.mark.parametrize("damaged", [None, [0.6], {"clauses": 2}, {"clauses": "0.6"}, {"facets": 0.6}])
def test_a_damaged_one_is_refused_in_one_line(damaged: object) -> None:
    with pytest.raises(ModelError, match="blend"):
        Blend.from_header({"blend": damaged})
