"""Which overall labels to trust at a target error, and which to leave to a person.

The error among labels at least so sure is not monotone in the confidence, so conformal risk control does not
apply. A grid of thresholds is tested instead, each by an exact binomial bound (Learn then Test, Angelopoulos,
Bates, Candès, Jordan and Lei, 2021), on texts of industries the judging heads had not learnt from. The grid's
counts are all that is stored: any target can be tested on them later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.arguments import is_number
from feedback_nlp.errors import Bilingual, ConfigError, ModelError

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.scorers.linear_heads import Settings
    from feedback_nlp.scorers.linear_tone import Tone
    from feedback_nlp.scorers.training_data import Examples
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Abstention", "Chosen", "choose", "left_out", "store"]

Floats = NDArray[np.floating[Any]]
# Parts of the labels, the most confident first, whose error is tested.
COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))
# Chance of naming any threshold whose error is above the target.
DELTA = 0.1
# Coverages at which a sequence of tests begins; each gets an equal part of DELTA (fixed-sequence testing).
STARTS = (0.1, 0.3, 0.5)
HEADER = "abstention"


@dataclass(frozen=True)
class Abstention:
    """How often the overall label was wrong above each of a grid of confidences.

    Attributes
    ----------
    confidence : tuple of float
        Thresholds, falling.
    accepted, wrong : tuples of int
        Labels at least so sure, and the wrong ones among them.
    n : int
        Labels in all.
    domains : mapping
        Left-out group → ``{"n", "accepted", "wrong"}``, the last two as lists along the grid.
    """

    confidence: tuple[float, ...]
    accepted: tuple[int, ...]
    wrong: tuple[int, ...]
    n: int
    domains: Mapping[str, Mapping[str, Any]]

    @classmethod
    def learn(cls, confidence: Floats, right: NDArray[np.bool_], groups: Sequence[str]) -> Abstention:
        """Count errors above the grid of confidences.

        Parameters
        ----------
        confidence : float array of shape (n,)
            Of the overall label.
        right : bool array of shape (n,)
        groups : sequence of str, length n
            The group of industries each was left out with.

        Raises
        ------
        ConfigError
            If there is nothing to count.
        """
        if not len(confidence):
            raise ConfigError(
                Bilingual("没有可用来定阈值的判断。", "There is no judgement to set thresholds by."),
                Bilingual("给出留出行业的判断。", "Give judgements of left-out industries."),
            )
        sure = np.sort(np.asarray(confidence, dtype=np.float32))[::-1]
        cuts = [float(sure[max(round(part * len(sure)), 1) - 1]) for part in COVERAGES]
        grid = np.array(sorted(set(cuts), reverse=True), dtype=np.float32)
        above = np.asarray(confidence, dtype=np.float32)[:, None] >= grid
        missed = above & ~np.asarray(right, dtype=bool)[:, None]
        names = np.array(groups, dtype=object)
        return cls(
            tuple(float(str(value)) for value in grid),
            tuple(above.sum(axis=0).tolist()),
            tuple(missed.sum(axis=0).tolist()),
            len(sure),
            {
                name: {
                    "n": int((names == name).sum()),
                    "accepted": above[names == name].sum(axis=0).tolist(),
                    "wrong": missed[names == name].sum(axis=0).tolist(),
                }
                for name in sorted(set(groups))
            },
        )

    def threshold(self, max_error: float, *, delta: float = DELTA) -> float | None:
        """Return the lowest confidence at which the error is at most ``max_error``; None where none is.

        Parameters
        ----------
        max_error : float in (0, 1)
            Target error among accepted labels.
        delta : float in (0, 1)
            Chance, over the labels counted, that the error at the threshold named is above the target.

        Notes
        -----
        Threshold j is passed when P(Binomial(accepted_j, max_error) ≤ wrong_j) ≤ δ. From each of three starts
        the grid is walked downwards while thresholds pass, with a third of ``delta`` each: fixed-sequence
        testing keeps the chance of any false pass at ``delta``.
        """
        from scipy.stats import binom

        p = np.atleast_1d(binom.cdf(np.array(self.wrong), np.array(self.accepted), max_error))
        best: int | None = None
        for start in STARTS:
            place = int(np.searchsorted(np.array(self.accepted), start * self.n))
            while place < len(p) and p[place] <= delta / len(STARTS):
                best = place if best is None else max(best, place)
                place += 1
        return None if best is None else self.confidence[best]

    def coverage(self, threshold: float) -> float:
        """Return the part of the labels counted that is at least so sure."""
        return self.accepted[self.confidence.index(threshold)] / self.n

    def to_header(self) -> dict[str, Any]:
        """Return it as plain data for ``model.json``."""
        plain = asdict(self)
        return {**plain, **{name: list(plain[name]) for name in ("confidence", "accepted", "wrong")}}

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Abstention | None:
        """Read what :meth:`to_header` gave out of a model's header; None where there is none."""
        found = header.get(HEADER)
        if found is None:
            return None
        arrays = {name: tuple(found[name]) for name in ("confidence", "accepted", "wrong")}
        return cls(**arrays, n=int(found["n"]), domains=found["domains"])


@dataclass(frozen=True)
class Chosen:
    """The threshold a target error asks for.

    Attributes
    ----------
    max_error : float
        The target.
    confidence : float or None
        Labels less sure go to a person; None when no threshold keeps the target: then all do.
    coverage : float
        Part of the left-out labels that was at least so sure; 0 with None.
    """

    max_error: float
    confidence: float | None
    coverage: float


def choose(scorer: Scorer, max_error: float) -> Chosen:
    """Return the threshold at which ``scorer`` keeps the target error.

    Raises
    ------
    ConfigError
        If ``max_error`` is not in (0, 0.5].
    ModelError
        If the model carries no counts of errors (the lexicon, and models trained without them).
    """
    if not is_number(max_error) or not 0 < max_error <= 0.5:
        raise ConfigError(
            Bilingual(f"目标错误率 {max_error} 不对。", f"Bad target error {max_error}."),
            Bilingual(
                "给 0 到 0.5 之间的数，如 --max-error 0.05。", "Give a number up to 0.5, such as 0.05."
            ),
        )
    table = scorer.abstention_
    if table is None:
        raise ModelError(
            Bilingual(
                f"模型 {scorer.name} 没有存留出行业的错误率，不能按目标错误率挑选。",
                f"Model {scorer.name} holds no error counts of left-out industries: no threshold can be set.",
            ),
            Bilingual(
                "用自带的 linear 或由它调整来的模型，或去掉 --max-error。",
                "Use the shipped linear or a model adapted from it, or leave out --max-error.",
            ),
        )
    threshold = table.threshold(max_error)
    return Chosen(float(max_error), threshold, 0.0 if threshold is None else table.coverage(threshold))


def left_out(
    examples: Examples,
    groups: Sequence[str],
    taxonomy: Taxonomy,
    *,
    tone: Tone | None = None,
    settings: Settings | None = None,
    report: Callable[[str], None] | None = None,
) -> Abstention:
    """Judge every text by heads and layers that saw none of its group, and count the errors.

    Parameters
    ----------
    examples : Examples
        Of all industries.
    groups : sequence of str, length n_reviews
        Group of industries of each; each is left out once.
    taxonomy : Taxonomy
    tone : Tone, optional
        As the model's.
    settings : Settings, optional
        As the model's.
    report : callable, optional
        Told what is being done.
    """
    from feedback_nlp.scorers.linear_calibration import calibrate
    from feedback_nlp.scorers.linear_heads import Settings as Defaults
    from feedback_nlp.scorers.linear_inputs import evidence_of
    from feedback_nlp.scorers.linear_lessons import Lessons
    from feedback_nlp.scorers.linear_model import LinearWeights, whole_facets
    from feedback_nlp.scorers.linear_training import cross_fit, make_design

    names, place = np.unique(np.array(groups, dtype=str), return_inverse=True)
    parts = replace(examples, fold=place.astype(np.int8))
    chosen = replace(settings or Defaults(), folds=len(names))
    evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
    lessons = Lessons.labelled(parts, evidence)
    design = make_design(lessons, chosen)
    logits = cross_fit(lessons, design, chosen, report or (lambda _message: None))
    confidence = np.zeros(len(examples), dtype=np.float32)
    right = np.zeros(len(examples), dtype=bool)
    bare = np.zeros((1, 1), dtype=np.float32)
    for group in range(len(names)):
        inside = place == group
        others = replace(parts, fold=np.where(inside, -1, parts.fold).astype(np.int8))
        fitted, _ = calibrate(others, logits, evidence, taxonomy)
        layers = LinearWeights(design.slots, design.short, bare, {}, fitted)
        judged = layers.calibrated(logits, examples.clauses, evidence, whole_facets(taxonomy)).overall
        confidence[inside] = judged.max(axis=1)[inside]
        right[inside] = (judged.argmax(axis=1) == examples.overall)[inside]
    known = examples.overall >= 0
    counted = [group for group, kept in zip(groups, known, strict=True) if kept]
    return Abstention.learn(confidence[known], right[known], counted)


def store(folder: str | Path, table: Abstention) -> None:
    """Write the counts into the ``model.json`` of a model folder; its weights and hashes stay as they are.

    Raises
    ------
    ModelError
        If the folder holds no model.
    """
    import json

    from feedback_nlp.scorers.persistence import MODEL_FILE

    path = Path(folder) / MODEL_FILE
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            Bilingual(f"{folder} 里没有能读的 {MODEL_FILE}。", f"{folder} has no readable {MODEL_FILE}."),
            Bilingual("给一个模型文件夹。", "Give a model folder."),
        ) from error
    files = header.pop("files", {})
    content = {**header, HEADER: table.to_header(), "files": files}
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
