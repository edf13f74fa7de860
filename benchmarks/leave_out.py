"""Leave one industry out: how well the default scorer judges industries it has never seen.

    nice -n 12 env OMP_NUM_THREADS=1 python benchmarks/leave_out.py --write

For each industry a scorer is learnt from ``gold/train.jsonl`` and a tone from the public sets with labels or
stars, both without that industry (and without our own corpora, which have texts of most industries). It is
judged on the industry's labelled reviews, positive against negative, beside a hashed NB-SVM learnt from the
same reviews of the other industries; and, for the largest domains of gold train, on their labels.
``--write`` puts the tables into ``docs/leave_one_out.md`` after each industry, so that a run cut short leaves
what it has.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from partial_labels import rows
from public_sets import Opinions, opinions
from scipy.sparse import csr_matrix, diags_array

from feedback_nlp.evaluation import Report, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.linear_training import Settings
from feedback_nlp.scorers.training_data import text_key, without_overlap

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "leave_one_out.md"
SETTINGS = Settings(folds=2)
# Labelled reviews of an industry that are judged.
JUDGED = 1000
DRAWS = 2000
SHOWN = ("facet", "facet_polarity", "overall")
# NB-SVM: hashed character 1- to 3-grams, smoothing of the log-count ratio.
HASHES, SMOOTHING = 2**20, 1.0

HEAD = """\
# 没见过的行业

把一个行业的文本全部拿开再训练，然后只在这个行业上量：这是新行业的用户会看到的数。
*English: every text of one industry is left out of training, then only that industry is judged.*

```sh
nice -n 12 env OMP_NUM_THREADS=1 python benchmarks/leave_out.py --write   # needs ../shared
```

量于 {started}。{partly}

学的是 gold train 里别的行业，加上别的行业的公开评价的褒贬（tone）；不含自写语料和编码器的软标签，
所以与发布的 `linear` 不是同一个模型。相近的行业（平板与计算机、热水器与空调）各算各的。
区间是 95 % bootstrap。
*Learnt from the other industries of gold train and, for the tone, of the public sets; without our own
corpora and the encoder's soft labels, so this is not the shipped model. Neighbouring industries (tablets and
computers, water heaters and air conditioners) count as different ones. 95 % bootstrap intervals.*
"""
SENTIMENT_HEAD = """\
## 褒贬两类 / Positive against negative

每个行业至多 {most} 条带标签的公开评价，p(正面) > p(负面) 算正面。NB-SVM：散列的字符 1–3 片段，
同一次运行、同样的别的行业的评价。标签本身有错（同一句话有两种标签的都有），所以到不了 1。
*At most {most} labelled public reviews an industry; beside them a hashed NB-SVM on the same texts of the
other industries. The labels are noisy themselves.*

| 行业 industry | 条 n | linear 准确率 accuracy | macro-F1 | NB-SVM 准确率 accuracy | macro-F1 |
|---|---:|---:|---:|---:|---:|"""
GOLD_HEAD = """
## 方面与褒贬 / Facets and their sides

gold train 里最大的六个领域，逐个拿开（同一行业的别的领域一起拿开），口径同 `feedback-nlp evaluate`。
*The six largest domains of gold train, each left out with its industry, measured as by
`feedback-nlp evaluate`.*

| 领域 domain | 条 n | 方面 facet F1 | 方面 + 褒贬 facet + polarity F1 | 总体三类 overall |
|---|---:|---:|---:|---:|"""

Truth = NDArray[np.bool_]


class Industry(NamedTuple):
    """One industry: its domains in the public sets and in gold, and where its labelled reviews stand."""

    name: str
    domains: frozenset[str]
    gold: frozenset[str]
    file: str | None = None


def _shop(name: str, *others: str) -> Industry:
    gold = {f"shop-{name}", *others}
    return Industry(name, frozenset({name, *others}), frozenset(gold), "shopping")


# A domain stands under every industry that it belongs to: hotel reviews are in two files, phones in two.
INDUSTRIES = (
    Industry("酒店", frozenset({"hotel", "酒店"}), frozenset({"hotel"}), "hotel"),
    Industry("外卖", frozenset({"takeaway"}), frozenset({"takeaway"}), "takeaway"),
    _shop("热水器"),
    _shop("手机", "phone"),
    _shop("书籍"),
    _shop("水果"),
    _shop("平板"),
    _shop("洗发水"),
    _shop("衣服"),
    _shop("计算机"),
    _shop("蒙牛"),
    Industry("餐馆", frozenset({"restaurant"}), frozenset({"restaurant"})),
    Industry("空调", frozenset({"aircon"}), frozenset({"aircon"})),
    Industry("汽车", frozenset({"car", "car-complaint"}), frozenset({"car", "car-complaint"})),
)
# The six largest domains of gold train, judged by their own labels.
GOLD_DOMAINS = ("hotel", "takeaway", "restaurant", "aircon", "shop-热水器", "car")


@dataclass
class Results:
    """What was measured so far, by industry or domain."""

    started: str
    ours: dict[str, tuple[Truth, Truth]] = field(default_factory=dict)
    plain: dict[str, tuple[Truth, Truth]] = field(default_factory=dict)
    gold: dict[str, Report] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)


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


def measure(
    industry: Industry, data: Path, gold: Sequence[GoldReview], public: Opinions, results: Results
) -> None:
    """Learn without an industry and judge its reviews and its gold domains."""
    outside = public.pick([domain not in industry.domains for domain in public.domains])
    texts, truth = reviews_of(data, industry)
    domains = [name for name in GOLD_DOMAINS if name in industry.gold]
    own = [review for review in gold if review.domain in industry.gold]
    held = {text_key(text) for text in [*texts, *(review.text for review in own)]}
    outside = outside.pick([text_key(text) not in held for text in outside.texts])
    rest = [review for review in gold if review.domain not in industry.gold]
    rest = [review for review in rest if text_key(review.text) not in held]
    scorer = LinearScorer(settings=SETTINGS, tone=learn_tone(outside.texts, outside.positive)).fit(rest)
    if texts:
        sides = scorer.predict(texts).overall
        results.ours[industry.name] = (sides[:, 2] > sides[:, 0], truth)
        results.plain[industry.name] = (nb_svm(outside.texts, outside.positive, texts), truth)
    for name in domains:
        results.gold[name] = evaluate(scorer, [review for review in own if review.domain == name])
    results.done.append(industry.name)


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


def render(results: Results) -> str:
    """Return the page."""
    missing = [industry.name for industry in INDUSTRIES if industry.name not in results.done]
    partly = f"**未跑完，还缺 / partial, missing: {'、'.join(missing)}。**" if missing else ""
    head = HEAD.format(started=results.started, partly=partly)
    return "\n".join([head, *_sentiment(results), GOLD_HEAD, *_gold(results)]) + "\n"


def _sentiment(results: Results) -> list[str]:
    lines = [SENTIMENT_HEAD.format(most=JUDGED)]
    for name, ours in results.ours.items():
        sides = " | ".join(
            f"{accuracy(*pair)} | {macro_f1(*pair):.3f}" for pair in (ours, results.plain[name])
        )
        lines.append(f"| {name} | {len(ours[1])} | {sides} |")
    if results.ours:
        groups = [list(group.values()) for group in (results.ours, results.plain)]
        means = " | ".join(
            f"**{mean_accuracy(group)}** | {np.mean([macro_f1(*pair) for pair in group]):.3f}"
            for group in groups
        )
        lines.append(f"| **平均 mean** | {sum(len(truth) for _, truth in groups[0])} | {means} |")
    return lines


def _gold(results: Results) -> list[str]:
    lines = []
    for name, report in results.gold.items():
        cells = [report.scores[measure] for measure in SHOWN]
        shown = " | ".join(f"{cell['value']:.3f} ({cell['low']:.3f}–{cell['high']:.3f})" for cell in cells)
        lines.append(f"| {name} | {report.n_reviews} | {shown} |")
    if results.gold:
        values = [
            np.mean([report.scores[measure]["value"] for report in results.gold.values()])
            for measure in SHOWN
        ]
        total = sum(report.n_reviews for report in results.gold.values())
        lines.append(
            f"| **平均 mean** | {total} | " + " | ".join(f"**{value:.3f}**" for value in values) + " |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}")
    parser.add_argument("industries", nargs="*", help="only these")
    arguments = parser.parse_args()
    gold = read(arguments.shared / "gold" / "train.jsonl")
    dev = [review.text for review in read(arguments.shared / "gold" / "dev.jsonl")]
    public = opinions(arguments.shared / "data")
    public = public.pick(without_overlap(public.texts, [*dev, *(review.text for review in gold)]).tolist())
    results = Results(time.strftime("%Y-%m-%d"))
    for industry in INDUSTRIES:
        if arguments.industries and industry.name not in arguments.industries:
            continue
        begin = time.process_time()
        measure(industry, arguments.shared / "data", gold, public, results)
        print(f"{industry.name}: {time.process_time() - begin:.0f} s of CPU", file=sys.stderr, flush=True)
        if arguments.write:
            PAGE.write_text(render(results), encoding="utf-8")
    if not arguments.write:
        print(render(results))


if __name__ == "__main__":
    main()
