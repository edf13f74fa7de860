"""Corrections as rules: a clause a person has judged is judged the same again, whatever the model says.

A rules file (TOML) names the model it stands on and can be used wherever a model can (``--model``)::

    model = "linear"

    [[rule]]
    clause = "师傅放了我鸽子"                    # the whole clause, punctuation and case aside
    labels = [["after_sales.repair", -1]]        # empty: it mentions nothing
    review = "3f2a…"                             # only in this review; without it, wherever the clause stands
    by = "review"                                # written by `review import`, which replaces these rules only
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers.base import Prediction, Scorer
from feedback_nlp.scorers.training_data import text_key
from feedback_nlp.text.clauses import Clauses, cut_column

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["BY_REVIEW", "Rule", "RuledScorer", "derive", "load_rules", "render"]

BY_REVIEW = "review"
# A clause of fewer letters ("很好") means one thing here and another there: it holds for its review only.
LEAST_LETTERS = 6
_FILE = "rules.toml"
_BASE = "base"


@dataclass(frozen=True)
class Rule:
    """What a clause says.

    Attributes
    ----------
    clause : str
        As it was written.
    labels : tuple of (facet, polarity)
        −1, 0 or 1; empty for nothing.
    review : str, optional
        Digest of the one review it holds for.
    by : str
        Who made it.
    """

    clause: str
    labels: tuple[tuple[str, int], ...]
    review: str | None = None
    by: str = ""

    @property
    def place(self) -> tuple[str, str | None]:
        """What it is found by: the clause's letters, and the review."""
        return text_key(self.clause), self.review


def derive(reviews: Iterable[GoldReview]) -> list[Rule]:
    """Return the rules that corrections make, in order.

    A clause of at least 6 letters that was answered alike wherever it stood is a rule for every review; any
    other is a rule for its own.
    """
    said: list[tuple[GoldReview, str, tuple[tuple[str, int], ...]]] = []
    answers: dict[str, set[tuple[tuple[str, int], ...]]] = {}
    for review in reviews:
        for place in range(len(review.clauses)) if review.reviewed is None else review.reviewed:
            clause = review.text[slice(*review.clauses[place])]
            labels = tuple(sorted((facet, side) for row, facet, side in review.labels if row == place))
            said.append((review, clause, labels))
            answers.setdefault(text_key(clause), set()).add(labels)
    found: dict[tuple[str, str | None], Rule] = {}
    for review, clause, labels in said:
        key = text_key(clause)
        general = len(key) >= LEAST_LETTERS and len(answers[key]) == 1
        rule = Rule(clause, labels, None if general else digest(review.text), BY_REVIEW)
        if key:
            found.setdefault(rule.place, rule)
    return list(found.values())


def digest(text: str) -> str:
    """Return what a review's text is recognised by in rules."""
    return hashlib.sha256(text_key(text).encode()).hexdigest()[:12]


def render(rules: Sequence[Rule], model: str) -> str:
    """Return a rules file."""
    lines = [
        "# 复核过的小句；--model 这个文件 就照此判断。by = review 的由 review import 重写，别的保留。",
        "# Judged clauses; use it as --model THIS_FILE. Those by review are rewritten by review import.",
        f"model = {_quoted(model)}",
    ]
    for rule in rules:
        labels = ", ".join(f"[{_quoted(facet)}, {side}]" for facet, side in rule.labels)
        lines += ["", "[[rule]]", f"clause = {_quoted(rule.clause)}", f"labels = [{labels}]"]
        lines += [f"{name} = {_quoted(value)}" for name in ("review", "by") if (value := getattr(rule, name))]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    # JSON's strings are TOML's basic strings, but for the one control character JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def load_rules(path: str | Path) -> tuple[str, list[Rule]]:
    """Return the model a rules file stands on, and its rules.

    Raises
    ------
    ModelError
        If it can't be read or a rule makes no sense; the message says which.
    """
    source = Path(path)
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _broken(source, f"读不了（{error}）", f"can't be read ({error})") from error
    model, entries = content.get("model", "linear"), content.get("rule", [])
    if not isinstance(model, str) or not isinstance(entries, list):
        raise _broken(source, "没有 [[rule]]，或 model 不是文字", "has no [[rule]], or its model is no text")
    return model, [_rule(entry, number, source) for number, entry in enumerate(entries, 1)]


def _rule(entry: Any, number: int, source: Path) -> Rule:
    try:
        labels = tuple((str(facet), int(side)) for facet, side in entry["labels"])
        rule = Rule(entry["clause"], labels, entry.get("review"), str(entry.get("by", "")))
        if not text_key(rule.clause) or any(side not in (-1, 0, 1) for _, side in labels):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(
            source,
            f"的第 {number} 条规则不对：要有 clause 和 labels = [[方面, -1|0|1], …]",
            f"has a bad rule, number {number}: it needs clause and labels = [[facet, -1|0|1], …]",
        ) from error
    return rule


def _broken(source: Path, zh: str, en: str) -> ModelError:
    return ModelError(
        Bilingual(f"规则文件 {source} {zh}。", f"Rules file {source} {en}."),
        Bilingual(
            "改好它，或把它移走，再用 review import 重写一份。",
            "Mend it, or move it away and have review import write another.",
        ),
    )


class RuledScorer(Scorer):
    """A model whose judgement of some clauses is given.

    Parameters
    ----------
    base : Scorer
        Fitted.
    rules : sequence of Rule
        A later rule for the same place wins; one for a review wins over one for all.
    """

    def __init__(self, base: Scorer, rules: Sequence[Rule]) -> None:
        self.base = base
        self.rules = rules
        self.taxonomy_ = base.taxonomy_
        self.thresholds_, self.flag_thresholds_ = base.thresholds_, base.flag_thresholds_
        self.neutral_band_, self.safety_threshold_ = base.neutral_band_, base.safety_threshold_
        self.abstention_ = base.abstention_
        self.name = base.name
        self._found = {rule.place: rule for rule in rules}

    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews; see ``base.Scorer.predict``. A rule's labels have the score 1."""
        cut = cut_column(texts) if clauses is None else clauses
        found = self.base.predict(texts, cut)
        block = found.clauses.copy()
        digests = [digest(text or "") for text in texts]
        places = zip(cut.review.tolist(), cut.start.tolist(), cut.end.tolist(), strict=True)
        for row, (review, start, end) in enumerate(places):
            key = text_key((texts[review] or "")[start:end])
            rule = self._found.get((key, digests[review])) or self._found.get((key, None))
            if rule is not None:
                block[row] = self._given(rule)
        return replace(found, clauses=block)

    def _given(self, rule: Rule) -> np.ndarray[Any, np.dtype[np.float32]]:
        result = np.zeros((len(self.taxonomy_.codes), 3), dtype=np.float32)
        for facet, side in rule.labels:
            result[self.taxonomy_.index[facet], side + 1] = 1.0
        total = result.sum(axis=1, keepdims=True)
        given: np.ndarray[Any, np.dtype[np.float32]] = result / np.maximum(total, 1)
        return given

    def save(self, folder: str | Path) -> Path:
        """Write the model and its rules into ``folder``."""
        target = Path(folder)
        self.base.save(target / _BASE)
        (target / _FILE).write_text(render(self.rules, _BASE), encoding="utf-8", newline="\n")
        return target

    @classmethod
    def load(cls, folder: str | Path, taxonomy: Taxonomy | None = None) -> RuledScorer:
        """Read a rules file, or a folder that :meth:`save` wrote.

        Raises
        ------
        ModelError
            If the file or its model can't be used, or a rule's facet is not in the taxonomy.
        """
        from feedback_nlp.scorers import load_model

        source = Path(folder) / _FILE if Path(folder).is_dir() else Path(folder)
        model, rules = load_rules(source)
        beside = source.parent / model
        base = load_model(beside if beside.is_dir() else model, taxonomy)
        for number, rule in enumerate(rules, 1):
            unknown = [facet for facet, _ in rule.labels if facet not in base.taxonomy_.index]
            if unknown:
                raise _broken(
                    source,
                    f"的第 {number} 条规则里的方面 {unknown[0]} 不在分类体系里",
                    f"has a rule, number {number}, with the facet {unknown[0]}, which the taxonomy lacks",
                )
        return cls(base, rules)

    def fingerprint(self) -> str:
        """Sha256 of everything that decides the scores."""
        content = render(self.rules, self.base.fingerprint())
        return hashlib.sha256(content.encode()).hexdigest()
