"""The mean of the encoder's judgement and that of a linear scorer, and how to weigh the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.calibration import sharpened, sharpness
from feedback_nlp.scorers.linear_calibration import (
    Decisions,
    flag_thresholds,
    mention_thresholds,
    safety_threshold,
)

if TYPE_CHECKING:
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Blend", "blended", "fit_blend", "mean_of"]

# Probabilities are kept this far from 0 and 1 where their logarithm is taken.
_EDGE = 1e-4
_STEPS = np.arange(0.3, 0.96, 0.05)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Blend:
    """What part of the mean is the encoder's own, in clauses, overall label and flags: each in [0, 1].

    They err in different places: the one knows context, the other knows words; their mean is better than
    either. It is less sure than it should be, so the overall probabilities are raised to ``sharpness`` (in
    (0, 5]) and made to sum to one again.
    """

    clauses: float = 0.6
    overall: float = 0.6
    flags: float = 0.6
    sharpness: float = 1.0

    def to_header(self) -> dict[str, float]:
        """Return them for ``model.json``."""
        return asdict(self)

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Blend:
        """Read them from ``model.json``; models from before they were learnt have none.

        Raises
        ------
        ModelError
            If they are not known by their names, or out of range.
        """
        found = header.get("blend", {})
        names = {part.name for part in fields(cls)}
        if (
            not isinstance(found, dict)
            or not names.issuperset(found)
            or not all(_in_range(name, value) for name, value in found.items())
        ):
            raise ModelError(
                Bilingual("model.json 里的 blend 读不懂。", "The blend in model.json can't be read."),
                Bilingual("请重新安装或重新训练这个模型。", "Install or train the model again."),
            )
        return cls(**found)


def blended(own: Prediction, other: Prediction, blend: Blend) -> Prediction:
    """Return the weighed mean of two judgements of the same reviews."""
    return Prediction(
        mean_of(own.clauses, other.clauses, blend.clauses),
        sharpened(mean_of(own.overall, other.overall, blend.overall), blend.sharpness),
        mean_of(own.flags, other.flags, blend.flags),
    )


def mean_of(own: Any, other: Any, share: float) -> Any:
    """Return ``share`` of the one and the rest of the other, in float32."""
    weight = np.float32(share)
    return weight * own + (1 - weight) * other


def fit_blend(
    examples: Examples, own: Prediction, other: Prediction, taxonomy: Taxonomy
) -> tuple[Blend, Decisions]:
    """Choose the weights by likelihood, and the thresholds that suit what comes out (as in ``calibrate``).

    Parameters
    ----------
    examples : Examples
        Reviews that neither judge has learnt from.
    own, other : Prediction
        The encoder's and the linear scorer's judgement of them.
    taxonomy : Taxonomy
    """
    overall = examples.overall >= 0
    flags = examples.flags >= 0
    blend = Blend(
        _share(own.clauses, other.clauses, lambda mixed: _clause_loss(mixed, examples)),
        _share(
            own.overall[overall],
            other.overall[overall],
            lambda mixed: -np.log(_inside(mixed)[np.arange(len(mixed)), examples.overall[overall]]).mean(),
        ),
        _share(
            own.flags[flags], other.flags[flags], lambda mixed: _log_loss(mixed, examples.flags[flags] == 1)
        ),
    )
    mixed = blended(own, other, blend)
    natural = examples.natural()
    # How sure to be is learnt from texts as customers write them, as for mentions.
    usual = natural & overall
    blend = replace(blend, sharpness=sharpness(mixed.overall[usual], examples.overall[usual]))
    return blend, Decisions(
        mention_thresholds(examples, mixed.clauses.sum(axis=2), natural, taxonomy),
        flag_thresholds(mixed.flags, examples.flags),
        safety_threshold(examples, mixed.clauses, natural, taxonomy),
    )


def _in_range(name: str, value: object) -> bool:
    if not isinstance(value, float | int):
        return False
    return 0 < value <= 5 if name == "sharpness" else 0 <= value <= 1


def _share(own: Floats, other: Floats, loss: Any) -> float:
    losses = [loss(mean_of(own, other, float(share))) for share in _STEPS]
    return round(float(_STEPS[int(np.argmin(losses))]), 2)


def _clause_loss(mixed: Floats, examples: Examples) -> float:
    known = examples.mention >= 0
    return _log_loss(mixed[known], examples.sides[known])


def _log_loss(mixed: Floats, truth: NDArray[np.bool_]) -> float:
    odds = _inside(mixed)
    return float(-np.where(truth, np.log(odds), np.log1p(-odds)).mean())


def _inside(values: Floats) -> NDArray[np.float64]:
    return np.clip(values.astype(np.float64), _EDGE, 1 - _EDGE)
