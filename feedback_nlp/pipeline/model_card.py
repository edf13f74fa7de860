"""The card of a model learnt by the user: what it rests on, how right it is, what it can't know."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp import __version__
from feedback_nlp.errors import Bilingual
from feedback_nlp.gold import GoldReview
from feedback_nlp.schema import LABELS

if TYPE_CHECKING:
    from feedback_nlp.pipeline.learning import Trained
    from feedback_nlp.scorers.base import Scorer

__all__ = ["MEASURE_NAMES", "Source", "gains_table", "markdown_table", "render", "scores_table", "spread"]

_Say = Callable[[str, str], str]
# A facet with fewer examples is hardly learnt.
FEW = 15
MEASURE_NAMES = {
    "element": Bilingual("要素", "element"),
    "facet": Bilingual("方面", "facet"),
    "element_polarity": Bilingual("要素 + 褒贬", "element + polarity"),
    "facet_polarity": Bilingual("方面 + 褒贬", "facet + polarity"),
    "negatives": Bilingual("负面方面", "negatives"),
    "overall": Bilingual("总体（准确率）", "overall (accuracy)"),
    "flags": Bilingual("旗标", "flags"),
    "clause_facet": Bilingual("小句：方面", "clause: facet"),
    "clause_facet_polarity": Bilingual("小句：方面 + 褒贬", "clause: facet + polarity"),
}


@dataclass(frozen=True)
class Source:
    """One file learnt from: its name, the texts in it, those used (repeats are not) and their labels."""

    name: str
    n_texts: int
    n_used: int
    n_labels: int


@dataclass(frozen=True)
class Made:
    """How a model came about.

    Attributes
    ----------
    name : str
        Of its folder.
    sources : tuple of Source
    scores : mapping
        Measure → value with interval, by cross-fitting; empty when not measured.
    n_measured : int
        Reviews behind them.
    base : str, optional
        The model it leans on.
    command : str, optional
    adapted : bool
        Whether it was moved from the base, rather than learnt from nothing.
    before, gains : mapping
        The base's scores on the same reviews, and the differences.
    """

    name: str
    sources: tuple[Source, ...]
    scores: Mapping[str, Mapping[str, float]]
    n_measured: int
    base: str | None = None
    command: str | None = None
    adapted: bool = False
    before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    gains: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are aligned right by column two on."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def spread(score: Mapping[str, float]) -> str:
    """Return a score with its interval, as ``0.810 (0.780–0.840)``; a dash for nothing to find."""
    if not score["support"]:
        return "–"
    return f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})"


def scores_table(scores: Mapping[str, Mapping[str, float]], lang: str) -> str:
    """Return measures with interval and support as a Markdown table."""
    head = ("measure", "F1 (95 %)", "gold labels") if lang == "en" else ("指标", "F1（95 % 区间）", "标注数")
    rows = [
        (MEASURE_NAMES[name].in_(lang), spread(score), int(score["support"]))
        for name, score in scores.items()
    ]
    return markdown_table(head, rows)


def gains_table(made: Made | Trained, lang: str) -> str:
    """Return measures of the base, of the adapted model and their difference as a Markdown table."""
    english = ("measure", "before (95 %)", "after (95 %)", "difference (95 %)", "gold labels")
    head = english if lang == "en" else ("指标", "之前（95 %）", "之后（95 %）", "差（95 %）", "标注数")
    rows = []
    for name, score in made.scores.items():
        apart = made.gains[name]
        moved = f"{apart['difference']:+.3f} ({apart['low']:+.3f} – {apart['high']:+.3f})"
        rows.append(
            (
                MEASURE_NAMES[name].in_(lang),
                spread(made.before[name]),
                spread(score),
                moved if score["support"] else "–",
                int(score["support"]),
            )
        )
    return markdown_table(head, rows)


def render(scorer: Scorer, reviews: Sequence[GoldReview], made: Made, *, lang: str) -> str:
    """Return the card as Markdown in ``lang``."""

    def say(zh: str, en: str) -> str:
        return Bilingual(zh, en).in_(lang)

    taxonomy = scorer.taxonomy_
    parts = [
        f"# {made.name}",
        say(
            f"由 feedback-nlp {__version__} 的 `train` 从标注文件学得，类型 {scorer.name}，"
            f"分类体系 {taxonomy.name} {taxonomy.version}（{len(taxonomy.codes)} 个方面）。",
            f"Learnt from labelled files by `train` of feedback-nlp {__version__}; kind {scorer.name}, "
            f"taxonomy {taxonomy.name} {taxonomy.version} ({len(taxonomy.codes)} facets).",
        ),
        say("## 学自", "## Learnt from"),
        markdown_table(
            say("来源 文本 用到 标注", "source texts used labels").split(),
            [(source.name, source.n_texts, source.n_used, source.n_labels) for source in made.sources],
        ),
        _balance(reviews, say),
        say("## 交叉评测", "## Measured by cross-fitting"),
        _measured(made, lang, say),
        *([] if made.adapted else _few(reviews, taxonomy.codes, say)),
        say("## 怎么得来", "## How it was made"),
        _origin(scorer, made, say),
        say("## 许可", "## Licence"),
        say(
            "这个模型学自上列文件；这些数据和由此得到的权重归提供数据的人，许可由其决定。"
            "自带语料（文本和标注）为 Apache-2.0。feedback-nlp 不主张任何权利。",
            "The model is learnt from the files above; the data and the weights learnt from them belong to "
            "whoever provided the data, who decides on their licence. Shipped corpora are Apache-2.0, texts "
            "and labels. feedback-nlp claims nothing.",
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _balance(reviews: Sequence[GoldReview], say: _Say) -> str:
    sides = Counter(polarity for review in reviews for _, _, polarity in review.labels)
    overall = Counter(review.overall for review in reviews)
    flags = Counter(flag for review in reviews for flag in review.flags)

    def counted(counts: Counter[int]) -> str:
        return ", ".join(f"{label} {counts[side]:,}" for side, label in enumerate(LABELS, -1))

    raised = ", ".join(f"{flag} {count:,}" for flag, count in sorted(flags.items())) or "—"
    return say(
        f"标注的褒贬：{counted(sides)}。总体：{counted(overall)}。旗标：{raised}。",
        f"Polarity of labels: {counted(sides)}. Overall: {counted(overall)}. Flags: {raised}.",
    )


def _measured(made: Made, lang: str, say: _Say) -> str:
    if not made.scores:
        return say("没有评测（--folds 0，或文本太少）。", "Not measured (--folds 0, or too few texts).")
    note = say(
        f"{made.n_measured} 条文本，每条由没见过它的模型判断；区间是对评价的 bootstrap。"
        "这些文本与训练文本同源，换一个行业会更差。用 `feedback-nlp evaluate` 在别的标注上评测。",
        f"{made.n_measured} texts, each judged by a model that has not seen it; intervals by bootstrap over "
        "reviews. They come from the same sources as what was learnt: another industry fares worse. Measure "
        "on other labels with `feedback-nlp evaluate`.",
    )
    if made.adapted:
        note += say(
            "只数看过的小句；挑来复核的本来就难，分数低于全体，要看的是差。",
            " Only judged clauses count; clauses picked for review are hard ones, so look at the difference.",
        )
        return f"{note}\n\n{gains_table(made, lang)}"
    return f"{note}\n\n{scores_table(made.scores, lang)}"


def _few(reviews: Sequence[GoldReview], codes: Sequence[str], say: _Say) -> list[str]:
    return [say("## 例子太少的方面", "## Facets with too few examples"), _scarce(reviews, codes, say)]


def _scarce(reviews: Sequence[GoldReview], codes: Sequence[str], say: _Say) -> str:
    counts = Counter(facet for review in reviews for facet in {label[1] for label in review.labels})
    few = [f"{code} {counts[code]}" for code in codes if counts[code] < FEW]
    if not few:
        return say(f"每个方面都有至少 {FEW} 条文本。", f"Every facet has at least {FEW} texts.")
    return say(
        f"不到 {FEW} 条文本，别指望它认得：{'、'.join(few)}。",
        f"Fewer than {FEW} texts; don't expect it to know them: {', '.join(few)}.",
    )


def _origin(scorer: Scorer, made: Made, say: _Say) -> str:
    lines = [
        say(f"指纹 sha256 {scorer.fingerprint()}", f"Fingerprint sha256 {scorer.fingerprint()}"),
        say(
            "设置：feedback-nlp 的默认值；阈值、旗标和弃权的把握沿用基础模型。",
            "Settings: the defaults of feedback-nlp; thresholds, flags and abstention are the base's.",
        )
        if made.adapted
        else say(
            "设置：feedback-nlp 的默认值；阈值与校准由训练文本交叉拟合而来。",
            "Settings: the defaults of feedback-nlp; thresholds and calibration by cross-fitting on what was "
            "learnt.",
        ),
        f"Python {platform.python_version()}",
    ]
    if made.base is not None:
        lines.insert(
            0,
            say(
                f"由模型 {made.base} 按修正调整而来；它学自什么、许可如何，见它的说明卡。",
                f"Moved from the model {made.base} by corrections; what that was learnt "
                "from, and under which licences, is on its card.",
            )
            if made.adapted
            else say(
                f"借用了模型 {made.base} 学到的褒贬语气；那一部分学自什么、许可如何，见它的说明卡。",
                f"Leans on how praise and blame sound in the model {made.base}; what that part was learnt "
                "from, and under which licences, is on its card.",
            ),
        )
    if made.command:
        lines.insert(0, f"`{made.command}`")
    return "\n".join(f"- {line}" for line in lines)
