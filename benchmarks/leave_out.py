"""Leave industries out: how well the default recipe judges industries it has never seen.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/leave_out.py --write   # needs ../shared

Industries are left out two or three at a time, unlike ones together: the tone is learnt from the public sets
and the heads from ``gold/train.jsonl``, our readings and our own corpora, all without them, as
``train_linear.py`` learns them but for what the encoder thinks (which has seen all). Of the corpora every
text goes that is of a left-out industry by its domain or names what that sells. The small last layers are
calibrated on the real texts of all other industries, each judged by heads that had not learnt from its own.
What is judged: labelled public reviews, positive against negative, beside a hashed NB-SVM learnt from the
same reviews; and our labels of the left-out industries. ``--write`` puts the tables into docs/models.md.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import open_gap
import readings
from joblib import Parallel, delayed
from numpy.typing import NDArray
from partial_labels import rows
from public_sets import Opinions, opinions
from scipy.sparse import csr_matrix, diags_array
from train_linear import SETTINGS, own_corpora

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers.hashing import Vocabulary
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_calibration import calibrate
from feedback_nlp.scorers.linear_evidence import Evidence
from feedback_nlp.scorers.linear_heads import fit_heads
from feedback_nlp.scorers.linear_inputs import evidence_of
from feedback_nlp.scorers.linear_lessons import Lessons
from feedback_nlp.scorers.linear_model import LinearWeights, Logits, quantise, restore
from feedback_nlp.scorers.linear_tone import Tone, learn_tone
from feedback_nlp.scorers.linear_training import make_design
from feedback_nlp.scorers.training_data import Examples, from_gold, text_key, without_overlap
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "models.md"
MARK = "leave_out"
# Labelled reviews of an industry that are judged.
JUDGED = 1000
DRAWS = 2000
SHOWN = ("element", "facet", "facet_polarity", "overall")
# NB-SVM: hashed character 1- to 3-grams, smoothing of the log-count ratio.
HASHES, SMOOTHING = 2**20, 1.0

HEAD = """\
量于 {started}。*Measured on that day; 95 % bootstrap intervals.*

| 行业 industry | 条 n | linear 准确率 accuracy | macro-F1 | NB-SVM 准确率 accuracy | macro-F1 |
|---|---:|---:|---:|---:|---:|"""
LABELS_HEAD = """
| 行业 industry | 条 n | 要素 element F1 | 方面 facet F1 | 方面 + 褒贬 + polarity F1 | 总体三类 overall |
|---|---:|---:|---:|---:|---:|"""

Truth = NDArray[np.bool_]


class Industry(NamedTuple):
    """One industry: its domains in all sources, and the file of its labelled public reviews.

    ``fine`` matches its domains in our corpora, which are finer, and ``words`` what their texts call it.
    """

    name: str
    domains: frozenset[str]
    fine: str
    words: str
    file: str | None = None

    def has(self, review: GoldReview) -> bool:
        """Return whether a text of our corpora is of this industry or names what it sells."""
        return bool(
            review.domain in self.domains
            or re.search(self.fine, review.domain)
            or re.search(self.words, review.text)
        )


def _shop(name: str, fine: str, words: str, *others: str) -> Industry:
    domains = frozenset({name, f"shop-{name}", *others})
    return Industry(name, domains, rf"{fine}|^shop-{name}", words, "shopping")


# A domain stands under every industry that it belongs to: hotel reviews are in two files, phones in four.
# Those of one line are left out together.
GROUPS: tuple[tuple[Industry, ...], ...] = (
    (
        Industry(
            "餐馆",
            frozenset({"restaurant", "mixed"}),
            "restaurant|food|pot|noodle|bbq|cafe|canteen|bakery|bar$|coffee|tea|drink|snack|食品",
            "餐馆|餐厅|饭店|火锅|烧烤|堂食|上菜|菜品",
        ),
        _shop("书籍", "book|read|novel|library", "书"),
    ),
    (
        Industry(
            "酒店",
            frozenset({"hotel", "酒店"}),
            "hotel|homestay|hostel|b&b|travel|resort",
            "酒店|宾馆|民宿|旅馆|旅店|入住|前台",
            "hotel",
        ),
        _shop(
            "水果", "fruit|fresh|farm|agri|grocer|vegetable|生鲜", "水果|苹果|橙|梨|桃|葡萄|草莓|樱桃|芒果"
        ),
        _shop("平板", "tablet|reading|数码", "平板|iPad|ipad|IPAD"),
    ),
    (
        Industry(
            "外卖",
            frozenset({"takeaway"}),
            "takeaway|delivery|errand|food|milk.?tea|drink",
            "外卖|骑手|送餐|配送员",
            "takeaway",
        ),
        _shop(
            "计算机",
            "computer|laptop|monitor|keyboard|数码",
            "电脑|笔记本|计算机|台式机",
            "laptop",
            "notebook",
        ),
        _shop("洗发水", "shampoo|hair|barber|salon|cosmetic|skincare", "洗发|头发|头皮", "shampoo"),
    ),
    (
        _shop("手机", "phone|digital|electronic|数码", "手机", "phone"),
        Industry("空调", frozenset({"aircon"}), "air.?con|appliance|家电|空调", "空调|制冷|外机"),
        _shop("蒙牛", "milk|dairy", "奶|蒙牛"),
    ),
    (
        Industry(
            "汽车",
            frozenset({"car", "car-complaint"}),
            "car|auto|dealer|4s|^ev|charging|tyre|driving|parking",
            "汽车|轿车|车子|新车|试驾|油耗|4[sS]店|提车|保养",
        ),
        _shop("热水器", "heater|appliance|家电", "热水器"),
        _shop("衣服", "cloth|apparel|jacket|衣|服装|shoes|鞋", "衣|裤|裙|外套|毛衣|衬衫"),
    ),
)


class Judged(NamedTuple):
    """What was found of one industry: sides and their truth, by our scorer and NB-SVM, and our labels."""

    ours: tuple[Truth, Truth] | None
    plain: tuple[Truth, Truth] | None
    labels: Report


@dataclass(frozen=True)
class Fitted:
    """Tone and heads that have not seen a group of industries, and how they judge our labelled texts of it.

    ``plain`` is which of the public ``texts`` NB-SVM likes, one array an industry.
    """

    tone: Tone
    weights: LinearWeights
    own: list[GoldReview]
    evidence: Evidence
    logits: Logits
    texts: list[list[str]]
    truth: list[Truth]
    plain: list[Truth]


def reviews_of(data: Path, industry: Industry) -> tuple[list[str], Truth]:
    """Return at most ``JUDGED`` labelled reviews of an industry, in their natural mix, and their sides."""
    if industry.file is None:
        return [], np.zeros(0, dtype=bool)
    found = [row for row in rows(data, industry.file) if row["domain"] in industry.domains]
    step = max(len(found) / JUDGED, 1.0)
    picked = [found[int(place * step)] for place in range(min(JUDGED, len(found)))]
    return [row["text"] for row in picked], np.array([row["label"] == 1 for row in picked], dtype=bool)


def nb_svm(texts: Sequence[str], positive: Sequence[bool], judged: Sequence[str]) -> Truth:
    """Return which ``judged`` texts an NB-SVM (Wang and Manning 2012) learnt from ``texts`` likes."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.svm import LinearSVC

    hashing = HashingVectorizer(
        analyzer="char",
        ngram_range=(1, 3),
        n_features=HASHES,
        binary=True,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )
    matrix, side = csr_matrix(hashing.transform(texts)), np.asarray(positive, dtype=bool)
    counts = [np.asarray(matrix[rows].sum(axis=0)).ravel() + SMOOTHING for rows in (side, ~side)]
    ratio = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    weigh = diags_array(ratio.astype(np.float32))
    model = LinearSVC(C=0.1, dual=True, random_state=0, max_iter=2000).fit(
        _unit(csr_matrix(matrix @ weigh)), side
    )
    return np.asarray(model.predict(_unit(csr_matrix(hashing.transform(judged) @ weigh))), dtype=bool)


def _unit(matrix: csr_matrix) -> csr_matrix:
    from sklearn.preprocessing import normalize

    return csr_matrix(normalize(csr_matrix(matrix)))


def fit(
    group: Sequence[Industry],
    data: Path,
    labelled: Sequence[GoldReview],
    written: Sequence[GoldReview],
    public: Opinions,
    taxonomy: Taxonomy,
) -> Fitted:
    """Learn without a group of industries: real texts, labelled or rated, and ``written`` ones."""
    away = frozenset[str]().union(*(industry.domains for industry in group))
    found = [reviews_of(data, industry) for industry in group]
    own = [review for review in labelled if review.domain in away]
    held = [text for texts, _ in found for text in texts] + [review.text for review in own]
    keys = {text_key(text) for text in held}
    outside = public.pick([domain not in away for domain in public.domains])
    outside = outside.pick([text_key(text) not in keys for text in outside.texts])
    rest = [review for review in labelled if review.domain not in away]
    rest += [review for review in written if not any(industry.has(review) for industry in group)]
    kept = without_overlap([review.text for review in rest], held)
    rest = [review for review, keep in zip(rest, kept, strict=True) if keep]
    tone = learn_tone(outside.texts, outside.positive)
    weights = heads(from_gold(rest, taxonomy), tone, taxonomy)
    examples = from_gold(own, taxonomy)
    evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
    matrix = Vocabulary(weights.slots).matrix(examples.texts, examples.clauses)
    likes = nb_svm(outside.texts, outside.positive, [text for texts, _ in found for text in texts])
    ends = np.cumsum([len(texts) for texts, _ in found])[:-1]
    return Fitted(
        tone,
        weights,
        own,
        evidence,
        weights.logits(matrix, examples.clauses, evidence),
        [texts for texts, _ in found],
        [truth for _, truth in found],
        np.split(likes, ends),
    )


def timed_fit(group: Sequence[Industry], *given: Any) -> Fitted:
    """Do :func:`fit`, and say what it took."""
    begin = time.process_time()
    fitted = fit(group, *given)
    names = "、".join(industry.name for industry in group)
    print(f"{names}: {time.process_time() - begin:.0f} s of CPU", file=sys.stderr, flush=True)
    return fitted


def heads(examples: Examples, tone: Tone, taxonomy: Taxonomy) -> LinearWeights:
    """Fit the heads on all examples; nothing is calibrated yet."""
    evidence = evidence_of(examples.texts, examples.clauses, taxonomy, tone)
    lessons = Lessons.labelled(examples, evidence)
    design = make_design(lessons, SETTINGS)
    weights, bias = fit_heads(lessons, design, SETTINGS, np.ones(len(examples), dtype=bool))
    return LinearWeights(design.slots, design.short, restore(*quantise(weights)), bias, {})


def calibrated(place: int, fits: Sequence[Fitted], taxonomy: Taxonomy) -> LinearScorer:
    """Return the scorer of one group: its heads, with last layers from the texts of all other groups."""
    others = [fitted for position, fitted in enumerate(fits) if position != place]
    examples = from_gold([review for fitted in others for review in fitted.own], taxonomy)
    evidence = Evidence(**_stacked([vars(fitted.evidence) for fitted in others]))
    logits = Logits(**_stacked([vars(fitted.logits) for fitted in others]))
    layers, decisions = calibrate(examples, logits, evidence, taxonomy)
    weights = replace(fits[place].weights, calibration=layers)
    return LinearScorer(taxonomy).adopt(taxonomy, weights, fits[place].tone, decisions)


def _stacked(parts: Sequence[dict[str, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def judge(group: Sequence[Industry], fitted: Fitted, scorer: LinearScorer) -> dict[str, Judged]:
    """Judge each industry of a group by the scorer that has not seen it."""
    found = {}
    for industry, texts, truth, plain in zip(group, fitted.texts, fitted.truth, fitted.plain, strict=True):
        own = [review for review in fitted.own if review.domain in industry.domains]
        sides = scorer.predict(texts).overall
        ours = (sides[:, 2] > sides[:, 0], truth) if texts else None
        found[industry.name] = Judged(ours, (plain, truth) if texts else None, evaluate(scorer, own))
    return found


def accuracy(found: Truth, truth: Truth) -> str:
    """Return accuracy with its bootstrap 95 % interval."""
    right = (found == truth).astype(float)
    low, high = np.percentile(right[_rows(len(right))].mean(axis=1), [2.5, 97.5])
    return f"{right.mean():.3f} ({low:.3f}–{high:.3f})"


def _rows(n: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, n, (DRAWS, n))


def macro_f1(found: Truth, truth: Truth) -> float:
    """Return the mean F1 of both sides."""
    values = []
    for one, other in ((found, truth), (~found, ~truth)):
        values.append(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))
    return float(np.mean(values))


def mean_accuracy(results: Sequence[tuple[Truth, Truth]]) -> str:
    """Return the mean over industries, with an interval that draws reviews within each."""
    rights = [(found == truth).astype(float) for found, truth in results]
    draws = np.mean([right[_rows(len(right))].mean(axis=1) for right in rights], axis=0)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{np.mean([right.mean() for right in rights]):.3f} ({low:.3f}–{high:.3f})"


def render(results: dict[str, Judged], started: str) -> str:
    """Return both tables."""
    return "\n".join([HEAD.format(started=started), *_sentiment(results), LABELS_HEAD, *_labels(results)])


def _sentiment(results: dict[str, Judged]) -> list[str]:
    both = {name: (found.ours, found.plain) for name, found in results.items() if found.ours and found.plain}
    lines = []
    for name, pairs in both.items():
        sides = " | ".join(f"{accuracy(*pair)} | {macro_f1(*pair):.3f}" for pair in pairs)
        lines.append(f"| {name} | {len(pairs[0][1])} | {sides} |")
    groups = list(zip(*both.values(), strict=True))
    means = " | ".join(
        f"**{mean_accuracy(group)}** | {np.mean([macro_f1(*pair) for pair in group]):.3f}" for group in groups
    )
    total = sum(len(pairs[0][1]) for pairs in both.values())
    return [*lines, f"| **平均 mean** | {total} | {means} |"]


def _labels(results: dict[str, Judged]) -> list[str]:
    lines = []
    for name, found in results.items():
        cells = [found.labels.scores[measure] for measure in SHOWN]
        shown = " | ".join(f"{cell['value']:.3f} ({cell['low']:.3f}–{cell['high']:.3f})" for cell in cells)
        lines.append(f"| {name} | {found.labels.n_reviews} | {shown} |")
    reports = [found.labels for found in results.values()]
    means = " | ".join(
        f"**{np.mean([report.scores[measure]['value'] for report in reports]):.3f}**" for measure in SHOWN
    )
    return [*lines, f"| **平均 mean** | {sum(report.n_reviews for report in reports)} | {means} |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}")
    parser.add_argument("--jobs", type=int, default=1, help="processes; each takes 1 GB")
    arguments = parser.parse_args()
    if arguments.write:
        # A page without the marks is better told of before the work than after it.
        open_gap.put(PAGE.read_text(encoding="utf-8"), "", MARK)
    data, taxonomy = arguments.shared / "data", load_taxonomy("default")
    labelled = read(arguments.shared / "gold" / "train.jsonl")
    labelled += [review for found in readings.read_readings(data).values() for review in found]
    public = opinions(data)
    public = public.pick(without_overlap(public.texts, [review.text for review in labelled]).tolist())
    written = [review for texts in own_corpora().values() for review in texts]
    fits = Parallel(n_jobs=arguments.jobs)(
        delayed(timed_fit)(group, data, labelled, written, public, taxonomy) for group in GROUPS
    )
    results: dict[str, Judged] = {}
    for place, group in enumerate(GROUPS):
        results |= judge(group, fits[place], calibrated(place, fits, taxonomy))
    content = render(results, time.strftime("%Y-%m-%d"))
    print(content)
    if arguments.write:
        text = open_gap.put(PAGE.read_text(encoding="utf-8"), content, MARK)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
