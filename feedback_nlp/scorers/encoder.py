"""The encoder scorer: a small transformer reads the whole review, every clause is judged in its context.

Prediction needs onnxruntime and tokenizers (``[encoder]``); ``fit`` needs torch and transformers
(``[torch]``). Both are imported on use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.schema import NEUTRAL_BAND
from feedback_nlp.scorers.base import Prediction, Scorer
from feedback_nlp.scorers.encoder_blend import Blend, blended, fit_blend, mean_of
from feedback_nlp.scorers.encoder_heads import HEAD_LAYERS, EncoderLogits, Heads, calibrated
from feedback_nlp.scorers.encoder_session import OnnxBackend, load_tokenizer
from feedback_nlp.scorers.encoder_tokens import tokenize
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.persistence import read_model, rounded, taxonomy_entry, write_model
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut_column

if TYPE_CHECKING:
    from feedback_nlp.gold import GoldReview
    from feedback_nlp.scorers.encoder_session import Backend
    from feedback_nlp.scorers.encoder_training import Recipe
    from feedback_nlp.scorers.targets import Judged
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy
    from feedback_nlp.text.clauses import Clauses

__all__ = ["EncoderScorer"]

GRAPH_FILE, TOKENIZER_FILE, PARTNER_FOLDER = "encoder.onnx", "tokenizer.json", "partner"
PACKAGE_RANGE = ">=0.1,<1"
_WEIGHT, _BIAS, _CALIBRATION = "weight.", "bias.", "calibration."


class EncoderScorer(Scorer):
    """A fine-tuned transformer over whole reviews.

    Parameters
    ----------
    taxonomy : str, Path or Taxonomy
        The facets to learn.
    base : str or Path, optional
        What ``fit`` starts from: folder or name of a BERT-like checkpoint with a fast tokenizer.
    recipe : encoder_training.Recipe, optional
        How to learn.
    extra : Examples, optional
        Reviews with partial labels to learn from as well.
    judged : encoder_lessons.Judged, optional
        Reviews without labels and what another judge thinks of them, to learn from as well.
    work : str or Path, optional
        Folder for checkpoints; with it a training that was cut off goes on where it stopped.
    partner : LinearScorer, optional
        A fitted linear scorer of the same facets, whose probabilities are averaged with the encoder's.
    tell : callable, optional
        Told the progress of ``fit``.

    Attributes
    ----------
    heads_ : encoder_heads.Heads
    calibration_ : dict of float32 arrays
    partner_ : LinearScorer or None
    most_tokens_ : int
        Longest window read at once.
    history_ : list of dict
        After ``fit`` only: loss and scores on the held-out part, epoch by epoch.
    """

    name = "encoder"
    heads_: Heads
    calibration_: dict[str, NDArray[np.float32]]
    most_tokens_: int
    partner_: LinearScorer | None
    blend_: Blend
    history_: list[dict[str, float]]
    _backend: Backend
    _tokenizer: Any
    _graph: bytes

    def __init__(
        self,
        taxonomy: str | Path | Taxonomy = "default",
        *,
        base: str | Path | None = None,
        recipe: Recipe | None = None,
        extra: Examples | None = None,
        judged: Judged | None = None,
        work: str | Path | None = None,
        partner: LinearScorer | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self.base = base
        self.recipe = recipe
        self.extra = extra
        self.judged = judged
        self.work = work
        self.partner = partner
        self.tell = tell

    def fit(self, reviews: Sequence[GoldReview] | Examples, labels: None = None) -> EncoderScorer:
        """Fine-tune ``base``; see ``encoder_fit``.

        Parameters
        ----------
        reviews : sequence of GoldReview, or Examples
        labels : None
            Not used: gold reviews carry their labels.

        Raises
        ------
        MissingExtraError
            If torch or transformers is not installed.
        ModelError
            If there is no base, or nothing to learn from.
        """
        from feedback_nlp.scorers.encoder_fit import fit

        del labels
        fit(self, reviews)
        return self

    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews; see ``base.Scorer.predict``."""
        cut = cut_column(texts) if clauses is None else clauses
        own = calibrated(self.logits(texts, cut), cut, self.calibration_)
        return self.with_partner(own, texts, cut)

    def with_partner(self, own: Prediction, texts: Sequence[str | None], clauses: Clauses) -> Prediction:
        """Return the mean of the encoder's ``own`` judgement and its partner's; without one, ``own``."""
        if self.partner_ is None:
            return own
        return blended(own, self.partner_.predict(texts, clauses), self.blend_)

    def vectors(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> NDArray[np.float32]:
        """Return one unit vector a clause, alike for clauses alike in meaning: (n_clauses, width)."""
        cut = cut_column(texts) if clauses is None else clauses
        pooled = self._backend.pooled(self._tokens(texts, cut)).clauses
        norm = np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(pooled / np.maximum(norm, np.float32(1e-9)), dtype=np.float32)

    def save(self, folder: str | Path) -> Path:
        """Write the model folder: ``model.json``, ``weights.npz`` (heads), ``encoder.onnx``, tokenizer."""
        arrays: dict[str, NDArray[Any]] = {
            **{_WEIGHT + name: value for name, value in self.heads_.weights.items()},
            **{_BIAS + name: value for name, value in self.heads_.biases.items()},
            **{_CALIBRATION + name: value for name, value in self.calibration_.items()},
        }
        files = {
            GRAPH_FILE: self._graph,
            TOKENIZER_FILE: self._tokenizer.to_str().encode("utf-8"),
        }
        if self.partner_ is not None:
            # Beside the encoder's own loading, inflating it is nothing.
            self.partner_.save(Path(folder) / PARTNER_FOLDER, compressed=True)
        return write_model(folder, self._header(), arrays, files)

    @classmethod
    def load(cls, folder: str | Path, taxonomy: Taxonomy | None = None) -> EncoderScorer:
        """Read a model folder, verifying its hashes.

        Raises
        ------
        MissingExtraError
            If onnxruntime or tokenizers is not installed.
        ModelError
            If the folder is damaged or was trained on other facets.
        """
        used = taxonomy or load_taxonomy("default")
        header, arrays = read_model(folder, cls.name, used)
        scorer = cls(used)
        scorer.taxonomy_ = used
        scorer.heads_ = Heads(
            {name: arrays[_WEIGHT + name] for name in HEAD_LAYERS},
            {name: arrays[_BIAS + name] for name in HEAD_LAYERS},
        )
        scorer.calibration_ = {
            name.removeprefix(_CALIBRATION): value
            for name, value in arrays.items()
            if name.startswith(_CALIBRATION)
        }
        scorer.thresholds_ = np.array(header["thresholds"], dtype=np.float32)
        scorer.flag_thresholds_ = np.array(header["flag_thresholds"], dtype=np.float32)
        scorer.safety_threshold_ = float(header["safety_threshold"])
        scorer.neutral_band_ = float(header.get("neutral_band", NEUTRAL_BAND))
        scorer.most_tokens_ = int(header["most_tokens"])
        scorer.adopt_graph((Path(folder) / GRAPH_FILE).read_bytes())
        scorer._tokenizer = load_tokenizer(Path(folder) / TOKENIZER_FILE)
        partner = Path(folder) / PARTNER_FOLDER
        scorer.partner_ = LinearScorer.load(partner, used) if header["partner"] else None
        scorer.blend_ = Blend.from_header(header)
        return scorer

    def adopt_graph(self, graph: bytes) -> None:
        """Predict with an exported encoder from now on."""
        self._graph = graph
        self._backend = OnnxBackend(graph)

    def adopt_tokenizer(self, tokenizer: Any) -> None:
        """Read texts with ``tokenizer`` from now on."""
        self._tokenizer = tokenizer

    def adopt_partner(self, partner: LinearScorer | None) -> None:
        """Average with ``partner`` from now on; thresholds become the mean of both, weighed alike."""
        self.partner_, self.blend_ = partner, Blend()
        if partner is None:
            return
        share = self.blend_.clauses
        self.thresholds_ = mean_of(self.thresholds_, partner.thresholds_, share)
        self.flag_thresholds_ = mean_of(self.flag_thresholds_, partner.flag_thresholds_, self.blend_.flags)
        self.safety_threshold_ = float(mean_of(self.safety_threshold_, partner.safety_threshold_, share))

    def weigh_partner(self, examples: Examples, own: Prediction, partners: Prediction) -> None:
        """Choose how to average with the partner, and thresholds, by reviews neither has learnt from.

        Parameters
        ----------
        examples : Examples
        own, partners : Prediction
            How the encoder alone and its partner judge them.
        """
        self.blend_, decisions = fit_blend(examples, own, partners, self.taxonomy_)
        self.thresholds_ = decisions.thresholds
        self.flag_thresholds_ = decisions.flag_thresholds
        self.safety_threshold_ = decisions.safety_threshold

    def logits(self, texts: Sequence[str | None], clauses: Clauses) -> EncoderLogits:
        """Return uncalibrated outputs, as calibration and distillation want them."""
        tokens = self._tokens(texts, clauses)
        return self.heads_.logits(self._backend.pooled(tokens), tokens, clauses)

    def fingerprint(self) -> str:
        """Sha256 of everything that decides the scores."""
        digest = hashlib.sha256(self._graph)
        digest.update(self._tokenizer.to_str().encode("utf-8"))
        groups = (self.heads_.weights, self.heads_.biases, self.calibration_)
        arrays = [array for group in groups for _, array in sorted(group.items())]
        if self.partner_ is not None:
            digest.update(self.partner_.fingerprint().encode())
        for array in (*arrays, self.thresholds_, self.flag_thresholds_):
            digest.update(np.ascontiguousarray(array).tobytes())
        numbers = (self.most_tokens_, self.neutral_band_, self.safety_threshold_, self.blend_)
        digest.update(repr(numbers).encode())
        return digest.hexdigest()

    def _tokens(self, texts: Sequence[str | None], clauses: Clauses) -> Any:
        return tokenize(texts, clauses, self._tokenizer, most_tokens=self.most_tokens_)

    def _header(self) -> dict[str, Any]:
        return {
            "kind": self.name,
            "facets": list(self.taxonomy_.codes),
            "taxonomy": taxonomy_entry(self.taxonomy_),
            "package": PACKAGE_RANGE,
            "most_tokens": self.most_tokens_,
            "partner": self.partner_ is not None,
            "blend": self.blend_.to_header(),
            "thresholds": rounded(self.thresholds_),
            "flag_thresholds": rounded(self.flag_thresholds_),
            "neutral_band": self.neutral_band_,
            "safety_threshold": self.safety_threshold_,
        }
