"""The default scorer with a network learnt from the encoder, on public texts without labels.

What must stay honest: the encoder never learnt from one labelled text in ten (``encoder_fit.FOLDS``). The
same texts are kept from the network, the encoder teaches without its partner, which has seen them, and the
calibration and thresholds of the result come from them alone, judged by heads learnt without their fold.
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
from feedback_nlp.scorers.linear_calibration import Decisions, calibrate
from feedback_nlp.scorers.linear_heads import Settings
from feedback_nlp.scorers.linear_inputs import evidence_of
from feedback_nlp.scorers.linear_model import (
    LinearWeights,
    Logits,
    clause_block,
    quantise,
    restore,
    sigmoid,
)
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
LEAST_UNLABELLED = 12
# Parts of what the network adds that are tried; the likeliest counts. Half of it errs less than none or all
# where industries are new.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# The network costs a fifth of the time and a third of the size: it must lower the loss by this part of it.
WORTH = 0.01
# The encoder judges so many texts at a time.
BATCH = 2000


@dataclass(frozen=True)
class Distilled:
    """The scorer with the network, where that is worth it, and the same heads without it."""

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
    evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
    more = frequent(texts, cut_column(texts))
    heads = learn_heads(examples, evidence, settings, more_slots=more, report=tell)
    return taught(teacher, heads, examples, evidence, texts, taxonomy, tone, tell, recipe)


def taught(
    teacher: EncoderScorer,
    heads: Heads,
    examples: Examples,
    evidence: Evidence,
    texts: list[str],
    taxonomy: Taxonomy,
    tone: Tone,
    tell: Callable[[str], None],
    recipe: student.Recipe | None = None,
) -> Distilled:
    """Return ``heads`` with the network beside them."""
    chosen, clauses = recipe or student.Recipe(), cut_column(texts)
    calibration, decisions = calibrate(examples, heads.out_of_fold, evidence, taxonomy)
    weights = heads.weighed(calibration)
    plain = LinearScorer(taxonomy).adopt(taxonomy, weights, tone, decisions)
    plain.out_of_fold_ = judged_out_of_fold(
        examples, heads.out_of_fold, weights, decisions, evidence, taxonomy
    )
    kept_out = kept_from_learning(examples)
    # Alone: what its partner says the heads say already, and that has seen the tenth kept out.
    teacher.adopt_partner(None)
    found = judged_in_parts(teacher, texts, tell)
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
    return Distilled(joined(heads, table, arrays, examples, evidence, plain, tell), plain, len(texts))


def frequent(texts: list[str], clauses: Clauses) -> NDArray[np.uint32]:
    rows, slots, _ = ngram_slots(texts, clauses)
    pairs = np.unique(rows << 32 | slots) & 0xFFFFFFFF
    known, counts = np.unique(pairs, return_counts=True)
    return known[counts >= LEAST_UNLABELLED].astype(np.uint32)


def judged_in_parts(teacher: EncoderScorer, texts: list[str], tell: Callable[[str], None]) -> Prediction:
    """Return what ``teacher`` thinks of many texts, with a line of progress now and then."""
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
    tell: Callable[[str], None],
) -> LinearScorer:
    """Return heads and network as one scorer, its clauses calibrated on the texts that neither has seen.

    ``plain`` where the network is not worth it.

    The layers of overall label and flags are those of ``plain``, which ten times as many texts have set.
    """
    kept_out = kept_from_learning(examples)
    judged = examples.pick(np.flatnonzero(kept_out))
    # Folds of the small layers alone: those of the heads are one and the same here.
    judged = replace(judged, fold=np.array([fold_of(text[::-1], 5) for text in judged.texts], np.int8))
    known, base = _some(examples, evidence, heads.out_of_fold, kept_out)
    learnt = _with_network(heads, table, arrays, 1.0)
    matrix = Vocabulary(learnt.slots).matrix(judged.texts, judged.clauses)
    added = learnt.added(matrix, known.tone, judged.clauses)
    tried = {
        share: _calibrated(judged, base.plus(added * np.float32(share)), known, plain.taxonomy_)
        for share in SHARES
    }
    losses = {share: found[2] for share, found in tried.items()}
    share = min(losses, key=lambda share: losses[share])
    tell("network: loss by share " + ", ".join(f"{part}: {loss:.5f}" for part, loss in losses.items()))
    if losses[share] > (1 - WORTH) * losses[0.0]:
        tell("network: not worth it")
        return plain
    own, decisions, _ = tried[share]
    clauses = {name: own[name] for name in ("mention_slope", "mention_shift", "polar_slope")}
    fitted = replace(
        _with_network(heads, table, arrays, share), calibration={**plain.weights_.calibration, **clauses}
    )
    decisions = replace(decisions, flag_thresholds=plain.flag_thresholds_)
    return LinearScorer(plain.taxonomy_).adopt(plain.taxonomy_, fitted, plain.tone_, decisions)


def _with_network(
    heads: Heads, table: NDArray[np.float32], arrays: dict[str, NDArray[np.float32]], share: float
) -> LinearWeights:
    weights = np.concatenate([heads.weights, restore(*quantise(table))], axis=1)
    parts = {name: arrays[name] * np.float32(share) for name in (STUDENT + "out", STUDENT + "shift")}
    return LinearWeights(
        heads.design.slots, heads.design.short, weights, {**heads.bias, **arrays, **parts}, {}
    )


def _calibrated(
    examples: Examples, logits: Logits, evidence: Evidence, taxonomy: Taxonomy
) -> tuple[dict[str, NDArray[np.float32]], Decisions, float]:
    """Return calibration and thresholds, and the mean loss of a cell (clause, facet, side) with them."""
    fit, decisions = calibrate(examples, logits, evidence, taxonomy)
    score = sigmoid(logits.mention * fit["mention_slope"] + fit["mention_shift"])
    odds = np.clip(clause_block(score, logits, fit["polar_slope"]).astype(np.float64), 1e-4, 1 - 1e-4)
    truth, known = examples.sides, examples.mention >= 0
    loss = -np.where(truth, np.log(odds), np.log1p(-odds))[known].mean()
    return fit, decisions, float(loss)


def kept_from_learning(examples: Examples) -> NDArray[np.bool_]:
    """Return which texts neither the encoder nor the network has learnt from."""
    return np.array([fold_of(text, FOLDS) for text in examples.texts]) == 0
