"""Learning a model from labelled files: read, check, cross-fit, write the folder and its card."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.catalog import CARD_FILE, MODEL_FILE, corpus_names, corpus_path
from feedback_nlp.errors import Bilingual, ConfigError, InputError, ModelError, OutputError
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.pipeline.model_card import Made, Source, render

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from feedback_nlp.evaluation import Report
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.scorers.linear import LinearScorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["LEAST_REVIEWS", "Trained", "gain", "interval", "labelled", "train"]

# With fewer the calibration layers have nothing to hold on to.
LEAST_REVIEWS = 20
# What may stand in a model folder that is replaced.
MODEL_FILES = {MODEL_FILE, CARD_FILE, "weights.npz", "encoder.onnx", "tokenizer.json", "partner"}
Data = str | Path | Sequence[str | Path] | Sequence[GoldReview]
Progress = Callable[[int, int], None]
Learn = Callable[[Sequence[GoldReview]], "LinearScorer"]


@dataclass(frozen=True)
class Trained:
    """What training left behind.

    Attributes
    ----------
    folder : Path
        The model folder, for ``load_model``.
    sources : tuple of Source
        What was learnt from.
    scores : mapping
        Measure → ``{"value", "low", "high", "support"}`` by cross-fitting; empty when it was not asked for.
    n_measured : int
        Reviews behind ``scores``.
    before : mapping
        The same measures of the base on the same reviews, where a base was adapted; else empty.
    gains : mapping
        Measure → ``{"difference", "low", "high"}`` of ``scores`` − ``before``, by paired bootstrap.
    """

    folder: Path
    sources: tuple[Source, ...]
    scores: Mapping[str, Mapping[str, float]]
    n_measured: int
    before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    gains: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def train(
    data: Data,
    out: str | Path,
    *,
    model: str = "linear",
    base: str | Path | None = None,
    taxonomy: str | Path | Taxonomy = "default",
    folds: int = 5,
    force: bool = False,
    lang: str = "zh",
    command: str | None = None,
    progress: Progress | None = None,
    epochs: int | None = None,
    resume: bool = False,
    say: Callable[[str], None] | None = None,
) -> Trained:
    """Learn a model from labelled reviews and write its folder.

    Parameters
    ----------
    data : path, corpus name, several of them, or labelled reviews
        Labelled files (``gold.read``). The name of a shipped corpus stands for its file; beside files of
        your own it is learnt from and never measured on.
    out : str or Path
        Folder to write; appears whole or not at all.
    model : str
        ``"linear"``, or ``"encoder"`` (needs the extra ``[torch]``).
    base : str or Path, optional
        For an encoder, and needed there: folder or name of a pretrained BERT-like checkpoint. For linear:
        A ``linear`` model to start from. With the same facets it is adapted: moved to what ``data`` says
        (``scorers.linear_adapt``), which may be a few corrections, and keeps all else. With other facets only
        what it learnt of how praise and blame sound (its ``tone_``) is taken over.
    taxonomy : str, Path or Taxonomy
        Of the labels.
    folds : int
        For the measurement on the card: each part of the texts is judged by a model that has not seen it. 0
        leaves it out; else 2 to 20. An encoder is measured on the tenth of the texts that it does not learn
        from instead (its thresholds do: a little flattered).
    force : bool
        Whether a model folder that exists may be replaced.
    lang : str
        Of the card, ``"zh"`` or ``"en"``.
    command : str, optional
        Shown on the card.
    progress : callable, optional
        Told the reviews learnt so far and in all, over all fits.
    epochs : int, optional
        Of an encoder: passes over the texts.
    resume : bool
        Of an encoder: go on from the checkpoint that a training cut off has left.
    say : callable, optional
        Of an encoder: told what is going on, with the time left.

    Raises
    ------
    InputError
        If a file is not a labelled file, there are too few reviews, or the taxonomy lacks a facet.
    ConfigError
        If ``model``, ``base`` or ``folds`` can't be.
    ModelError
        If ``base`` can't be loaded.
    MissingExtraError
        If an encoder is asked for and torch, transformers or onnx is not installed.
    OutputError
        If the folder can't be written, or exists and may not be replaced.
    """
    from feedback_nlp.scorers.linear import LinearScorer
    from feedback_nlp.scorers.linear_adapt import adapt
    from feedback_nlp.taxonomy import load_taxonomy

    _check_options(model, folds)
    target = Path(out)
    _check_target(target, force=force)
    named = load_taxonomy(taxonomy)
    if model == "encoder":
        return _train_encoder(
            data, target, named, base, lang=lang, command=command, epochs=epochs, resume=resume, tell=say
        )
    found = None if base is None else _base(base, named)
    start = found if found is not None and found.taxonomy_.codes == named.codes else None
    sources, reviews, own = _gather(data)
    _check_reviews(reviews, named, least=LEAST_REVIEWS if start is None else 1)
    tell = progress or (lambda _done, _total: None)

    def learn(part: Sequence[GoldReview]) -> LinearScorer:
        if start is not None:
            return adapt(start, part)
        return LinearScorer(named, tone=None if found is None else found.tone_).fit(part)

    measured = folds > 0 and len(reviews) >= LEAST_REVIEWS
    counts = _cross_fit(reviews, own, learn, folds, tell, start) if measured else {}
    scores = {name: interval(rows) for name, rows in counts.get("after", {}).items()}
    scorer = learn(reviews)
    made = Made(
        name=target.name,
        sources=sources,
        scores=scores,
        n_measured=sum(own) if scores else 0,
        base=None if base is None else str(base),
        command=command,
        adapted=start is not None,
        before={name: interval(rows) for name, rows in counts.get("before", {}).items()},
        gains={name: gain(counts["after"][name], rows) for name, rows in counts.get("before", {}).items()},
    )
    _write(scorer, render(scorer, reviews, made, lang=lang), target)
    tell((folds + 1) * len(reviews), (folds + 1) * len(reviews))
    return Trained(target, sources, scores, made.n_measured, made.before, made.gains)


def _train_encoder(
    data: Data,
    target: Path,
    taxonomy: Taxonomy,
    base: str | Path | None,
    *,
    lang: str,
    command: str | None,
    epochs: int | None,
    resume: bool,
    tell: Callable[[str], None] | None,
) -> Trained:
    from feedback_nlp.evaluation import MEASURES, evaluate
    from feedback_nlp.pipeline import encoder_learning as encoders

    sources, reviews, _ = _gather(data)
    _check_reviews(reviews, taxonomy, least=LEAST_REVIEWS)
    work = encoders.checkpoint_folder(target)
    scorer = encoders.fine_tune(reviews, taxonomy, base, work, resume=resume, epochs=epochs, tell=tell)
    held = encoders.held_out(reviews)
    counts = evaluate(scorer, held, draws=1).counts if held else {}
    scores = {name: interval(counts[name]) for name in MEASURES if name in counts}
    made = Made(target.name, sources, scores, len(held), base=str(base), command=command)
    _write(scorer, render(scorer, reviews, made, lang=lang), target)
    return Trained(target, sources, scores, len(held))


def labelled(data: Data) -> list[GoldReview]:
    """Read labelled files and shipped corpora given by name.

    Raises
    ------
    InputError
        If a file can't be read, breaks the format, is empty or has no labelled clauses.
    """
    return _gather(data, distinct=False)[1]


def interval(counts: NDArray[np.int64], *, draws: int = 1000, seed: int = 0) -> dict[str, float]:
    """Return F1 with its 95 % percentile bootstrap over reviews.

    Parameters
    ----------
    counts : int64 array of shape (n_reviews, 3)
        Hits, predicted and true of each review; (right, 1, 1) makes it an accuracy.

    Returns
    -------
    dict
        ``value``, ``low``, ``high``, ``support`` (sum of true).
    """
    import numpy as np

    f1 = _resampled(counts, draws, seed)
    low, high = np.percentile(f1[1:], [2.5, 97.5])
    return {
        "value": float(f1[0]),
        "low": float(low),
        "high": float(high),
        "support": float(counts[:, 2].sum()),
    }


def gain(
    new: NDArray[np.int64], old: NDArray[np.int64], *, draws: int = 1000, seed: int = 0
) -> dict[str, float]:
    """Return the difference of two F1 on the same reviews with its 95 % paired bootstrap interval.

    Parameters
    ----------
    new, old : int64 arrays of shape (n_reviews, 3)
        As in :func:`interval`, row by row of the same reviews.

    Returns
    -------
    dict
        ``difference``, ``low``, ``high``.
    """
    import numpy as np

    apart = _resampled(new, draws, seed) - _resampled(old, draws, seed)
    low, high = np.percentile(apart[1:], [2.5, 97.5])
    return {"difference": float(apart[0]), "low": float(low), "high": float(high)}


def _resampled(counts: NDArray[np.int64], draws: int, seed: int) -> NDArray[np.float64]:
    """Return F1 of all reviews, then of each bootstrap draw: (1 + draws,)."""
    import numpy as np

    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=draws) @ counts
    total = np.vstack([counts.sum(axis=0), drawn])
    f1: NDArray[np.float64] = 2 * total[:, 0] / np.maximum(total[:, 1] + total[:, 2], 1)
    return f1


def _gather(data: Data, *, distinct: bool = True) -> tuple[tuple[Source, ...], list[GoldReview], list[bool]]:
    """Return what was read by source, the reviews, and which are the user's own and not a shipped corpus."""
    from feedback_nlp.scorers.training_data import text_key

    parts = _parts(data)
    alone = all(not own for _, _, own in parts)
    seen: set[str] = set()
    sources, reviews, mine = [], [], []
    for name, found, own in parts:
        kept = []
        for review in found:
            key = text_key(review.text)
            if not (distinct and key in seen):
                kept.append(review)
            seen.add(key)
        sources.append(Source(name, len(found), len(kept), sum(len(review.labels) for review in kept)))
        reviews += kept
        mine += [own or alone] * len(kept)
    return tuple(sources), reviews, mine


def _parts(data: Data) -> list[tuple[str, list[GoldReview], bool]]:
    """Return (name, reviews, whether it is the user's own) of each file, corpus or list."""
    items: Sequence[Any] = [data] if isinstance(data, str | Path) else data
    if items and isinstance(items[0], GoldReview):
        return [("—", list(items), True)]
    parts = []
    for item in items:
        shipped = not Path(item).exists() and str(item) in corpus_names()
        path = corpus_path(str(item)) if shipped else Path(item)
        reviews = read(path)
        _check_labelled(reviews, str(item))
        parts.append((str(item) if shipped else path.name, reviews, not shipped))
    return parts


def _check_labelled(reviews: Sequence[GoldReview], name: str) -> None:
    if any(review.clauses for review in reviews):
        return
    raise InputError(
        Bilingual(
            f"{name} 里没有标注（{len(reviews)} 行）。", f"{name} has no labels ({len(reviews)} lines)."
        ),
        Bilingual(
            "标注文件每行要有 text、clauses、labels、overall；格式见 docs/models.md。",
            "Each line of a labelled file needs text, clauses, labels and overall; see docs/models.md.",
        ),
    )


def _check_reviews(reviews: Sequence[GoldReview], taxonomy: Taxonomy, *, least: int) -> None:
    unknown = sorted({facet for review in reviews for _, facet, _ in review.labels} - set(taxonomy.codes))
    if unknown:
        shown = ", ".join(unknown[:5])
        raise InputError(
            Bilingual(
                f"标注里的方面 {shown} 不在分类体系 {taxonomy.name} 里。",
                f"The labels have facets that taxonomy {taxonomy.name} lacks: {shown}.",
            ),
            Bilingual("用 --taxonomy 给出标注所用的分类体系。", "Give the labels' taxonomy by --taxonomy."),
        )
    if len(reviews) < least:
        raise InputError(
            Bilingual(
                f"只有 {len(reviews)} 条不同的标注文本，至少要 {least} 条。",
                f"Only {len(reviews)} distinct labelled texts; at least {least} are needed.",
            ),
            Bilingual(
                "多标一些（几百条才像样），或把自带语料一起给，如 --data consumer；lexicon 不需训练。",
                "Label more (a few hundred are a start) or add a shipped corpus such as --data consumer; "
                "--model lexicon needs no training.",
            ),
        )


def _base(base: str | Path, taxonomy: Taxonomy) -> LinearScorer:
    """Return the model to start from, whichever of the two taxonomies it was trained on."""
    from feedback_nlp.scorers import load_model
    from feedback_nlp.scorers.linear import LinearScorer

    try:
        found = load_model(base, taxonomy)
    except ModelError:
        found = load_model(base)
    if not isinstance(found, LinearScorer):
        raise ConfigError(
            Bilingual(
                f"不能以 {base} 为基础训练 linear。", f"linear can't be trained on the base of {base}."
            ),
            Bilingual(
                "--base 给 linear，或一个 linear 类型的模型文件夹。",
                "Give --base linear, or the folder of a model of that kind.",
            ),
        )
    return found


def _check_options(model: str, folds: int) -> None:
    if model not in ("linear", "encoder"):
        raise ConfigError(
            Bilingual(f"不能训练“{model}”。", f"Can't train '{model}'."),
            Bilingual("可训练的是 linear 和 encoder。", "linear and encoder can be trained."),
        )
    if folds != 0 and not 2 <= folds <= 20:
        raise ConfigError(
            Bilingual(f"交叉评测的份数 {folds} 不对。", f"Bad number of folds: {folds}."),
            Bilingual("用 0（不评测）或 2 到 20。", "Use 0 (don't measure) or 2 to 20."),
        )


def _cross_fit(
    reviews: Sequence[GoldReview],
    own: Sequence[bool],
    learn: Learn,
    folds: int,
    tell: Progress,
    base: LinearScorer | None,
) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Return counts by measure of reviews judged ``after`` by models that did not learn from them.

    With a base also those ``before``, on the same rows.
    """
    import numpy as np

    from feedback_nlp.evaluation import MEASURES, evaluate
    from feedback_nlp.scorers.training_data import fold_of

    part = np.array([fold_of(review.text, folds) for review in reviews])
    reports: dict[str, list[Report]] = {"after": []} if base is None else {"after": [], "before": []}
    for fold in range(folds):
        tell(fold * len(reviews), (folds + 1) * len(reviews))
        held = [r for r, mine, k in zip(reviews, own, part, strict=True) if mine and k == fold]
        if held:
            scorer = learn([r for r, k in zip(reviews, part, strict=True) if k != fold])
            reports["after"].append(evaluate(scorer, held, draws=1))
            if base is not None:
                reports["before"].append(evaluate(base, held, draws=1))
    tell(folds * len(reviews), (folds + 1) * len(reviews))
    return {
        when: {name: np.concatenate([report.counts[name] for report in done]) for name in MEASURES}
        for when, done in reports.items()
    }


def _check_target(target: Path, *, force: bool) -> None:
    """Refuse a place whose replacement would lose anything but an older model."""
    from feedback_nlp.io.writers import make_folder

    if not target.exists():
        make_folder(target.parent)
        return
    if not target.is_dir():
        raise _occupied(target, "是文件", "is a file", force=True)
    inside = {path.name for path in target.iterdir()}
    if not inside:
        return
    foreign = sorted(inside - MODEL_FILES)
    if foreign or MODEL_FILE not in inside:
        shown = ", ".join(foreign[:3]) or ", ".join(sorted(inside))
        raise _occupied(target, f"里有别的文件（{shown}）", f"holds other files ({shown})", force=True)
    if not force:
        raise _occupied(target, "已经有一个模型", "holds a model already", force=False)


def _occupied(target: Path, zh: str, en: str, *, force: bool) -> OutputError:
    hint = (
        Bilingual("换一个文件夹名。", "Choose another folder.")
        if force
        else Bilingual(
            "要覆盖请加 --force，或换一个文件夹名。", "Add --force to replace it, or choose another."
        )
    )
    return OutputError(Bilingual(f"{target} {zh}。", f"{target} {en}."), hint)


def _write(scorer: Scorer, card: str, target: Path) -> None:
    """Write the folder beside its place, then rename it; an older model stays until the new one is whole.

    Raises
    ------
    OutputError
        If the place can't be written or is full.
    """
    try:
        with tempfile.TemporaryDirectory(
            prefix=".feedback-nlp-", suffix=".tmp", dir=target.parent
        ) as scratch:
            new = scorer.save(Path(scratch) / "new")
            (new / CARD_FILE).write_text(card, encoding="utf-8")
            _swap(new, target, Path(scratch) / "old")
    except OutputError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(
            Bilingual(
                f"模型文件夹 {target} 写不了（{why}）。", f"Can't write model folder {target} ({why})."
            ),
            Bilingual(
                "换一个能写、有空间的地方；没有留下半个文件夹。",
                "Choose a place that can be written and has room; no partial folder was left.",
            ),
        ) from error


def _swap(new: Path, target: Path, older: Path) -> None:
    if target.exists():
        target.rename(older)
    try:
        new.rename(target)
    except OSError:
        if older.exists():
            older.rename(target)
        raise
