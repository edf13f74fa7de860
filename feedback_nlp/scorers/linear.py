"""The default scorer: linear models over hashed character n-grams of a clause in its context."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp import kernels
from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.schema import NEUTRAL_BAND
from feedback_nlp.scorers.abstention import HEADER, Abstention
from feedback_nlp.scorers.base import Prediction, Scorer
from feedback_nlp.scorers.hashing import Vocabulary, column_slots, distinct
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.linear_inputs import evidence_of
from feedback_nlp.scorers.linear_model import LinearWeights, restore
from feedback_nlp.scorers.linear_parts import Inputs, predict_in_parts
from feedback_nlp.scorers.linear_tone import Tone, silent
from feedback_nlp.scorers.persistence import model_error, read_model, rounded, taxonomy_entry, write_model
from feedback_nlp.scorers.sparse_rows import Table
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut_column
from feedback_nlp.text.column import Column

if TYPE_CHECKING:
    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.linear_calibration import Decisions
    from feedback_nlp.scorers.linear_fast import FastModel
    from feedback_nlp.scorers.linear_training import Settings
    from feedback_nlp.scorers.targets import Judged
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy
    from feedback_nlp.text.clauses import Clauses

__all__ = ["LinearScorer"]

_BIAS, _CALIBRATION = "bias.", "calibration."
# Arrays of a network that once could stand beside the heads: a model calibrated with it errs without.
_NETWORK = f"{_BIAS}student_"
# Reviews from which on compiled loops, if they are on, are worth their overhead.
_MANY = 32
PACKAGE_RANGE = ">=0.1,<1"


class LinearScorer(Scorer):
    """Linear models over hashed character n-grams: small, instant, the same bits in any batch.

    Parameters
    ----------
    taxonomy : str, Path or Taxonomy
        The facets to learn.
    settings : linear_training.Settings, optional
        How to learn; the defaults suit a few thousand labelled reviews.
    tone : Tone, optional
        How praise and blame sound, learnt before (``linear_tone.learn_tone``).
    judged : Judged, optional
        Reviews without labels and what another judge, say an encoder, thinks of them, to learn from besides.

    Attributes
    ----------
    weights_ : LinearWeights
        Everything learnt.
    lexicon_ : LexiconScorer
        Of the same taxonomy; its judgement is weighed with the n-grams.
    out_of_fold_ : Prediction
        After ``fit`` only: the learnt texts, each judged by heads that had not learnt from it.

    Examples
    --------
    >>> from feedback_nlp.scorers import load_model
    >>> scorer = load_model("linear")
    >>> prediction = scorer.predict(["物流太慢了"])
    >>> prediction.clauses.shape[0], scorer.taxonomy_.codes[prediction.clauses[0].sum(axis=1).argmax()]
    (1, 'logistics.speed')
    """

    name = "linear"
    weights_: LinearWeights
    tone_: Tone
    lexicon_: LexiconScorer
    out_of_fold_: Prediction
    # What ``fingerprint`` was asked for last, and what it said.
    _known_as: tuple[bytes, str] | None

    def __init__(
        self,
        taxonomy: str | Path | Taxonomy = "default",
        *,
        settings: Settings | None = None,
        tone: Tone | None = None,
        judged: Judged | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self.settings = settings
        self.tone = tone
        self.judged = judged

    def fit(self, reviews: Sequence[GoldReview] | Examples, labels: None = None) -> LinearScorer:
        """Learn from labelled reviews, or from prepared examples with partial labels.

        Parameters
        ----------
        reviews : sequence of GoldReview, or Examples
        labels : None
            Not used: gold reviews carry their labels.
        """
        from feedback_nlp.scorers.linear_lessons import Lessons
        from feedback_nlp.scorers.linear_training import Settings, learn
        from feedback_nlp.scorers.training_data import Examples, from_gold

        del labels
        taxonomy = load_taxonomy(self.taxonomy)
        settings = self.settings or Settings()
        examples = (
            reviews if isinstance(reviews, Examples) else from_gold(reviews, taxonomy, folds=settings.folds)
        )
        if not len(examples.clauses):
            raise ModelError(
                Bilingual("没有带标注的小句，训练不了。", "No labelled clauses to learn from."),
                Bilingual("给出带 clauses 和 labels 的文件。", "Give files with clauses and labels."),
            )
        tone = self.tone or silent()
        evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
        judged = None
        if self.judged is not None:
            if self.judged.found.clauses.shape[1] != len(taxonomy.codes):
                raise ModelError(
                    Bilingual("judged 用的是别的分类体系。", "judged is of another taxonomy."),
                    Bilingual("两处要用同一份分类体系。", "Use the same taxonomy for both."),
                )
            said = evidence_of(self.judged.texts, self.judged.clauses, taxonomy, tone)
            judged = Lessons.judged(self.judged, said, settings.judged_weight)
        weights, decisions, self.out_of_fold_ = learn(examples, taxonomy, evidence, settings, judged=judged)
        return self.adopt(taxonomy, weights, tone, decisions)

    def adopt(
        self, taxonomy: Taxonomy, weights: LinearWeights, tone: Tone, decisions: Decisions
    ) -> LinearScorer:
        """Take what was learnt elsewhere, and return the scorer."""
        self._adopt(taxonomy, weights, tone, decisions.thresholds, decisions.flag_thresholds)
        self.safety_threshold_ = decisions.safety_threshold
        return self

    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews; see ``base.Scorer.predict``."""
        cut = cut_column(texts) if clauses is None else clauses
        column = Column.of(texts, cut)
        kernels.count(len(texts))
        if len(texts) >= _MANY and kernels.active():
            return self._fast.predict(self.lexicon_.judge(column, cut), column, cut)
        grams = distinct(column_slots(column))
        inputs = Inputs(
            self.lexicon_.judge(column, cut),
            self._vocabulary.known(grams),
            self.tone_.sums_of(self._tone_vocabulary.known(grams)),
            cut,
        )
        return predict_in_parts(self.weights_, inputs, self._whole)

    def save(self, folder: str | Path, *, compressed: bool = False) -> Path:
        """Write the model folder: ``model.json`` and ``weights.npz`` (int8 weights, float32 scales).

        ``compressed`` weights are a third as large and take longer to load.
        """
        small, scale = self.weights_.eight_bits()
        tone, tone_scale = self.tone_.quantised
        arrays: dict[str, NDArray[Any]] = {
            "slots": self.weights_.slots,
            "short": self.weights_.short,
            "weights": small,
            "scale": scale,
            "tone.slots": self.tone_.slots,
            "tone.weights": tone,
            "tone.scale": tone_scale,
            **{_BIAS + name: value for name, value in self.weights_.bias.items()},
            **{_CALIBRATION + name: value for name, value in self.weights_.calibration.items()},
        }
        return write_model(folder, self._header(), arrays, compressed=compressed)

    @classmethod
    def load(cls, folder: str | Path, taxonomy: Taxonomy | None = None) -> LinearScorer:
        """Read a model folder, verifying its hashes.

        Raises
        ------
        ModelError
            If the folder is damaged, was trained on other facets, or has a network beside its heads.
        """
        used = taxonomy or load_taxonomy("default")
        header, arrays = read_model(folder, cls.name, used)
        if any(name.startswith(_NETWORK) for name in arrays):
            raise model_error(
                Path(folder),
                "带着一个小网络，这个版本已经不用它",
                "has a small network beside its heads, which this version no longer uses",
            )
        scorer = cls(used)
        weights = LinearWeights.stored(
            arrays["slots"],
            arrays["short"],
            Table(arrays["weights"], arrays["scale"]),
            _prefixed(arrays, _BIAS),
            _prefixed(arrays, _CALIBRATION),
        )
        scorer._adopt(
            used,
            weights,
            Tone(arrays["tone.slots"], restore(arrays["tone.weights"], arrays["tone.scale"])),
            np.array(header["thresholds"], dtype=np.float32),
            np.array(header["flag_thresholds"], dtype=np.float32),
        )
        scorer.safety_threshold_ = float(header["safety_threshold"])
        scorer.abstention_ = Abstention.from_header(header)
        scorer.neutral_band_ = float(header.get("neutral_band", NEUTRAL_BAND))
        return scorer

    def fingerprint(self) -> str:
        """Sha256 of everything that decides the scores."""
        groups = (self.weights_.bias, self.weights_.calibration)
        arrays = [array for group in groups for _, array in sorted(group.items())]
        layers = b"".join(
            np.ascontiguousarray(array).tobytes()
            for array in (self.thresholds_, self.flag_thresholds_, *arrays)
        )
        layers += repr((self.lexicon_.fingerprint(), self.neutral_band_, self.safety_threshold_)).encode()
        # The large arrays, which nobody changes in place, are looked at once for the same small ones.
        if self._known_as is None or self._known_as[0] != layers:
            digest = hashlib.sha256()
            tone = (self.tone_.slots, *self.tone_.quantised)
            for array in (*tone, self.weights_.slots, *self.weights_.eight_bits()):
                digest.update(np.ascontiguousarray(array).data)
            digest.update(layers)
            self._known_as = layers, digest.hexdigest()
        return self._known_as[1]

    def with_weights(self, weights: LinearWeights) -> LinearScorer:
        """Return a scorer like this one, with other weights on the same facets."""
        other = type(self)(self.taxonomy_)
        other._adopt(self.taxonomy_, weights, self.tone_, self.thresholds_, self.flag_thresholds_)
        other.neutral_band_, other.safety_threshold_ = self.neutral_band_, self.safety_threshold_
        other.abstention_ = self.abstention_
        return other

    @cached_property
    def _fast(self) -> FastModel:
        """Everything laid out for compiled loops, when they are first used."""
        from feedback_nlp.scorers.linear_fast import FastModel

        return FastModel.of(self.weights_, self.tone_, self._whole)

    def _adopt(
        self,
        taxonomy: Taxonomy,
        weights: LinearWeights,
        tone: Tone,
        thresholds: NDArray[np.float32],
        flag_thresholds: NDArray[np.float32],
    ) -> None:
        from feedback_nlp.scorers.linear_model import whole_facets

        self.taxonomy_ = taxonomy
        self.weights_ = weights.quantised()
        self.tone_ = tone
        self._tone_vocabulary = Vocabulary(tone.slots)
        self.lexicon_ = LexiconScorer(taxonomy).fit()
        self.thresholds_ = thresholds
        self.flag_thresholds_ = flag_thresholds
        self._vocabulary = Vocabulary(weights.slots)
        self._whole = whole_facets(taxonomy)
        self.__dict__.pop("_fast", None)
        self._known_as = None

    def _header(self) -> dict[str, Any]:
        codes = self.taxonomy_.codes
        return {
            "kind": self.name,
            "facets": list(codes),
            "taxonomy": taxonomy_entry(self.taxonomy_),
            "package": PACKAGE_RANGE,
            "thresholds": rounded(self.thresholds_),
            "flag_thresholds": rounded(self.flag_thresholds_),
            "neutral_band": self.neutral_band_,
            "safety_threshold": self.safety_threshold_,
            "calibration": {
                name: rounded(self.weights_.calibration[name])
                for name in ("mention_slope", "mention_shift", "polar_slope")
            },
            **({HEADER: self.abstention_.to_header()} if self.abstention_ is not None else {}),
        }


def _prefixed(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[np.float32]]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
