"""The default scorer with a network learnt from the encoder, on public texts without labels.

What must stay honest: the encoder never learnt from one labelled text in ten (``encoder_fit.FOLDS``). The
same texts are kept from the network, the linear model averaged with the encoder here has not seen them
either, and the calibration and thresholds of the result come from them alone, judged by heads learnt without
their fold.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import student
from numpy.typing import NDArray

from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_fit import FOLDS
from feedback_nlp.scorers.hashing import Vocabulary, ngram_slots
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_calibration import calibrate
from feedback_nlp.scorers.linear_heads import Settings, fit_heads
from feedback_nlp.scorers.linear_inputs import evidence_of
from feedback_nlp.scorers.linear_model import LinearWeights, Logits, quantise, restore
from feedback_nlp.scorers.linear_student import STUDENT
from feedback_nlp.scorers.linear_training import Heads, judged_out_of_fold, learn_heads
from feedback_nlp.scorers.training_data import Examples, fold_of, without_overlap
from feedback_nlp.text.clauses import Clauses, cut_column

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Prediction
    from feedback_nlp.scorers.linear_evidence import Evidence
    from feedback_nlp.scorers.linear_tone import Tone
    from feedback_nlp.taxonomy import Taxonomy

# Texts of one domain of one file: breadth of industries teaches more than depth in one.
PER_DOMAIN = 2200
# Letters within these lengths: shorter ones say little, longer ones cost much.
SHORTEST, LONGEST = 8, 120
# Clauses that an n-gram which no labelled text has must stand in, to be known.
LEAST_UNLABELLED = 8
# Part of what the network adds that counts: the mean of the heads with and without it errs less than either
# where industries are new.
SHARE = 0.5
# The encoder judges so many texts at a time.
BATCH = 2000


@dataclass(frozen=True)
class Distilled:
    """The scorer with the network, and the same heads without it."""

    scorer: LinearScorer
    plain: LinearScorer
    n_texts: int


def unlabelled(data: Path, held_out: list[str], per_domain: int = PER_DOMAIN) -> list[str]:
    """Return texts of every public file, spread over their domains, none like those ``held_out``."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, domain, text in _texts(data):
        if SHORTEST <= len(text) <= LONGEST:
            groups[name, domain].append(text)
    found: list[str] = []
    for texts in groups.values():
        step = max(len(texts) / per_domain, 1.0)
        found += [texts[int(place * step)] for place in range(min(per_domain, len(texts)))]
    kept = without_overlap(found, held_out)
    return [text for text, keep in zip(found, kept, strict=True) if keep]


def _texts(data: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                yield path.name, str(row.get("domain", "")), row["text"]


def distil(
    teacher: EncoderScorer,
    examples: Examples,
    texts: list[str],
    taxonomy: Taxonomy,
    tone: Tone,
    settings: Settings,
    tell: Callable[[str], None],
    recipe: student.Recipe | None = None,
) -> Distilled:
    """Learn the heads from ``examples``, and the network from them and ``teacher``'s view of ``texts``."""
    chosen = recipe or student.Recipe()
    evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
    clauses = cut_column(texts)
    heads = learn_heads(examples, evidence, settings, more_slots=_frequent(texts, clauses), report=tell)
    calibration, decisions = calibrate(examples, heads.out_of_fold, evidence, taxonomy)
    weights = heads.weighed(calibration)
    plain = LinearScorer(taxonomy).adopt(taxonomy, weights, tone, decisions)
    plain.out_of_fold_ = judged_out_of_fold(
        examples, heads.out_of_fold, weights, decisions, evidence, taxonomy
    )
    kept_out = kept_from_learning(examples)
    teacher.adopt_partner(_without(examples, heads, settings, plain, tone, kept_out))
    found = _judged(teacher, texts, clauses, tell)
    said = evidence_of(texts, clauses, taxonomy, tone)
    base = plain.weights_.logits(Vocabulary(heads.design.slots).matrix(texts, clauses), clauses, said)
    learnt_from = np.flatnonzero(~kept_out)
    lessons = [
        student.labelled(
            examples.pick(learnt_from),
            *_some(examples, evidence, heads.out_of_fold, ~kept_out),
            chosen.labelled_weight,
        ),
        student.judged(tuple(texts), clauses, said, base, found),
    ]
    table, arrays = student.learn(lessons, heads.design.slots, chosen, tell)
    return Distilled(joined(heads, table, arrays, examples, evidence, plain), plain, len(texts))


def _frequent(texts: list[str], clauses: Clauses) -> NDArray[np.uint32]:
    rows, slots, _ = ngram_slots(texts, clauses)
    pairs = np.unique(rows << 32 | slots) & 0xFFFFFFFF
    known, counts = np.unique(pairs, return_counts=True)
    return known[counts >= LEAST_UNLABELLED].astype(np.uint32)


def _without(
    examples: Examples,
    heads: Heads,
    settings: Settings,
    plain: LinearScorer,
    tone: Tone,
    out: NDArray[np.bool_],
) -> LinearScorer:
    """Return a scorer like ``plain`` whose heads have not seen the texts that are ``out``."""
    weights, bias = fit_heads(examples, heads.design, settings, ~out)
    calibration = plain.weights_.calibration
    learnt = LinearWeights(
        heads.design.slots, heads.design.short, restore(*quantise(weights)), bias, calibration
    )
    return plain.with_weights(learnt)


def _judged(
    teacher: EncoderScorer, texts: list[str], clauses: Clauses, tell: Callable[[str], None]
) -> Prediction:
    parts = []
    for start in range(0, len(texts), BATCH):
        parts.append(teacher.predict(texts[start : start + BATCH]))
        tell(f"judged {start + len(parts[-1].overall)} of {len(texts)} texts")
    return type(parts[0])(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("clauses", "overall", "flags"))
    )


def _some(
    examples: Examples, evidence: Evidence, logits: Logits, reviews: NDArray[np.bool_]
) -> tuple[Evidence, Logits]:
    """Return evidence and logits of some reviews."""
    rows = reviews[examples.clauses.review]
    per_review = ("overall", "flags")
    return (
        type(evidence)(
            **{name: value[reviews if name in per_review else rows] for name, value in vars(evidence).items()}
        ),
        type(logits)(
            **{name: value[reviews if name in per_review else rows] for name, value in vars(logits).items()}
        ),
    )


def joined(
    heads: Heads,
    table: NDArray[np.float32],
    arrays: dict[str, NDArray[np.float32]],
    examples: Examples,
    evidence: Evidence,
    plain: LinearScorer,
) -> LinearScorer:
    """Return heads and network as one scorer, its clauses calibrated on the texts that neither has seen.

    The layers of overall label and flags are those of ``plain``, which ten times as many texts have set.
    """
    taxonomy, kept_out = plain.taxonomy_, kept_from_learning(examples)
    weights = np.concatenate([heads.weights, restore(*quantise(table))], axis=1)
    halved = {name: arrays[name] * np.float32(SHARE) for name in (STUDENT + "out", STUDENT + "shift")}
    bias = {**heads.bias, **arrays, **halved}
    learnt = LinearWeights(heads.design.slots, heads.design.short, weights, bias, {})
    judged = examples.pick(np.flatnonzero(kept_out))
    # Folds of the small layers alone: those of the heads are one and the same here.
    judged = replace(judged, fold=np.array([fold_of(text[::-1], 5) for text in judged.texts], np.int8))
    known, base = _some(examples, evidence, heads.out_of_fold, kept_out)
    matrix = Vocabulary(learnt.slots).matrix(judged.texts, judged.clauses)
    added = learnt.added(matrix, known.tone, judged.clauses)
    own, decisions = calibrate(judged, base.plus(added), known, taxonomy)
    clauses = {name: own[name] for name in ("mention_slope", "mention_shift", "polar_slope")}
    fitted = replace(learnt, calibration={**plain.weights_.calibration, **clauses})
    decisions = replace(decisions, flag_thresholds=plain.flag_thresholds_)
    return LinearScorer(taxonomy).adopt(taxonomy, fitted, plain.tone_, decisions)


def kept_from_learning(examples: Examples) -> NDArray[np.bool_]:
    """Return which texts neither the encoder nor the network has learnt from."""
    return np.array([fold_of(text, FOLDS) for text in examples.texts]) == 0
