"""Scorers map clauses to ``(n, facets, 3)`` probabilities; see ``base``.

To add one: a file with a subclass of ``base.Scorer`` and a line in ``SCORERS``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.catalog import describe_model, model_folder, models
from feedback_nlp.errors import Bilingual, ModelError

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
        If there is no such model, it is damaged, or it was trained on other facets.
    """
    if not isinstance(name_or_path, str | Path):
        return name_or_path
    installed = {info.name: info.kind for info in models()}
    if str(name_or_path) == "lexicon" and "lexicon" not in installed:
        from feedback_nlp.scorers.lexicon import LexiconScorer

        return LexiconScorer(taxonomy=taxonomy or "default").fit()
    if str(name_or_path).endswith(".toml"):
        from feedback_nlp.scorers.rules import RuledScorer

        return RuledScorer.load(name_or_path, taxonomy)
    info = describe_model(model_folder(name_or_path))
    return scorer_class(info.kind).load(info.folder, taxonomy)


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
