"""Scorers map clauses to ``(n, facets, 3)`` probabilities; see ``base``.

To add one: a file with a subclass of ``base.Scorer`` and a line in ``SCORERS``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.catalog import describe_model, model_folder, models
from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["SCORERS", "load_model"]

# kind (as in model.json) -> "module:Class", imported on use
SCORERS = {
    "lexicon": "feedback_nlp.scorers.lexicon:LexiconScorer",
    "encoder": "feedback_nlp.scorers.encoder:EncoderScorer",
    "linear": "feedback_nlp.scorers.linear:LinearScorer",
}


def load_model(name_or_path: str | Path | Scorer = "linear", taxonomy: Taxonomy | None = None) -> Scorer:
    """Load an installed model by name, or a model folder by path; a scorer is returned as it is.

    Parameters
    ----------
    name_or_path : str, Path or Scorer
        ``"linear"`` (default), ``"lexicon"`` (no training, works with any taxonomy), a folder or rules
        (a ``.toml``).
    taxonomy : Taxonomy, optional
        The taxonomy to score with; the shipped one when not given.

    Raises
    ------
    ModelError
        If there is no such model, it is damaged, or it was trained on other facets; for a scorer, if it is
        none, or another taxonomy than the shipped one is given and it is not the scorer's.
    """
    if not isinstance(name_or_path, str | Path):
        return _given(name_or_path, taxonomy)
    installed = {info.name: info.kind for info in models()}
    if str(name_or_path) == "lexicon" and "lexicon" not in installed:
        from feedback_nlp.scorers.lexicon import LexiconScorer

        return LexiconScorer(taxonomy=taxonomy or "default").fit()
    if str(name_or_path).endswith(".toml"):
        from feedback_nlp.scorers.rules import RuledScorer

        return RuledScorer.load(name_or_path, taxonomy)
    info = describe_model(model_folder(name_or_path))
    return scorer_class(info.kind).load(info.folder, taxonomy)


def _given(scorer: Scorer, taxonomy: Taxonomy | None) -> Scorer:
    """Return a scorer that was given as it is, if it is one and of the taxonomy that was asked for."""
    if not callable(getattr(scorer, "predict", None)):
        raise ModelError(
            Bilingual(f"{scorer!r:.60} 不是打分器。", f"{scorer!r:.60} is no scorer."),
            Bilingual(
                "给名字（如 linear）、模型文件夹，或 load_model 的结果。",
                "Give a name such as linear, a model folder, or what load_model returns.",
            ),
        )
    own: Taxonomy | None = getattr(scorer, "taxonomy_", None)
    if own is None or taxonomy is None:
        return scorer
    if taxonomy.sha256 in (own.sha256, load_taxonomy("default").sha256):
        return scorer
    there, asked = own.name, taxonomy.name
    if there == asked:
        there, asked = f"{there} ({own.sha256[:8]})", f"{asked} ({taxonomy.sha256[:8]})"
    raise ModelError(
        Bilingual(
            f"打分器用的是分类体系 {there}，不是 {asked}。",
            f"The scorer is of the taxonomy {there}, not of {asked}.",
        ),
        Bilingual(
            "载入时给出分类体系：load_model(名字, taxonomy)。",
            "Load it with the taxonomy: load_model(name, taxonomy).",
        ),
    )


def scorer_class(kind: str) -> type[Scorer]:
    """Return the class for a ``kind`` of ``model.json``."""
    if kind not in SCORERS:
        raise ModelError(
            Bilingual(f"不认识的模型类型“{kind}”。", f"Unknown kind of model '{kind}'."),
            Bilingual(
                f"这个版本认识：{'、'.join(SCORERS)}；升级 feedback-nlp 或换模型。",
                f"This version knows {', '.join(SCORERS)}; upgrade feedback-nlp or use another model.",
            ),
        )
    module, _, name = SCORERS[kind].partition(":")
    found: type[Scorer] = getattr(import_module(module), name)
    return found
