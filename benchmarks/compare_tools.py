"""Compare the shipped scorers with other Chinese tools in one run, on the same texts.

    pip install snownlp cnsenti        # optional: a tool that is missing is left out with a note
    nice -n 10 env OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/compare_tools.py [--write]

Prints Markdown (in Chinese, for docs/models.md); ``--write`` puts it between the marks of that page. Texts:
``../shared/gold/dev.jsonl`` (never learnt from) and the challenge set. Linux only: peak memory is read
from /proc.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path

from feedback_nlp.evaluation import Report, compare, evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.pipeline.model_card import markdown_table, spread
from feedback_nlp.scorers import load_model

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "models.md"
BEGIN, END = "<!-- compare_tools begin -->", "<!-- compare_tools end -->"
OWN = ("lexicon", "linear", "encoder")
PLAIN = "TF-IDF + LR"
Judge = Callable[[str], float]
CHALLENGE_TYPES = {
    "negation": "否定",
    "contrast": "转折",
    "degree": "程度",
    "polarity_pairs": "依方面而变的褒贬",
    "implied": "隐含",
    "elided": "省略",
    "comparison": "比较",
    "sarcasm": "反讽",
    "complaining_question": "抱怨的问句",
    "typos": "错别字",
    "unpunctuated": "无标点",
    "traditional": "繁体",
    "emoji": "表情",
    "neutral_facts": "中性事实",
    "hotline": "热线记录",
}


@dataclass(frozen=True)
class Tool:
    """A sentiment tool.

    Attributes
    ----------
    module : str
    judge : callable
        Gives its text → polarity function.
    neutral : float
        |polarity| up to which a text counts as neutral. The tools document no such band: 0.2 of [−1, 1] where
        the score is a probability, 0 where it is a count.
    """

    module: str
    judge: Callable[[], Judge]
    neutral: float


def snownlp_judge() -> Judge:
    tool = import_module("snownlp").SnowNLP
    return lambda text: 2 * float(tool(text).sentiments) - 1 if text.strip() else 0.0


def cnsenti_judge() -> Judge:
    tool = import_module("cnsenti").Sentiment()

    def judge(text: str) -> float:
        found = tool.sentiment_calculate(text)
        return float(found["pos"]) - float(found["neg"])

    return judge


TOOLS = {
    "SnowNLP": Tool("snownlp", snownlp_judge, 0.2),
    "cnsenti": Tool("cnsenti", cnsenti_judge, 0.0),
}
# What a fresh process runs: import, load, judge one text; then it says what that took. Not ru_maxrss: that
# counts the parent's memory, carried over the fork.
TEXT = "物流太慢了，客服倒是很耐心"
FIRST_TEXT = {
    "SnowNLP": "from snownlp import SnowNLP; SnowNLP(TEXT).sentiments",
    "cnsenti": "from cnsenti import Sentiment; Sentiment().sentiment_calculate(TEXT)",
    **{name: f"from feedback_nlp import load_model; load_model('{name}').predict([TEXT])" for name in OWN},
}
PROBE = """
import json, pathlib, time
status = pathlib.Path("/proc/self/status").read_text()
memory = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
print(json.dumps([time.process_time(), int(memory) / 1024]))
"""


class Overall:
    """Something that only judges whole texts, in the form ``evaluate`` takes; it mentions nothing.

    Parameters
    ----------
    name : str
    polarity : callable
        Texts → polarities.
    neutral : float
        |polarity| up to this is neutral; negative for no neutral at all (a tie is positive).
    """

    neutral_band_ = 0.2

    def __init__(
        self, name: str, polarity: Callable[[Sequence[str]], Sequence[float]], neutral: float
    ) -> None:
        import numpy as np

        from feedback_nlp.taxonomy import load_taxonomy

        self.name, self.polarity, self.neutral = name, polarity, neutral
        self.taxonomy_ = load_taxonomy()
        self.thresholds_ = np.full(len(self.taxonomy_.codes), 0.5, np.float32)
        self.flag_thresholds_ = np.full(5, 0.5, np.float32)

    def predict(self, texts, clauses):  # noqa: ANN001, ANN201
        """Return one-hot overall labels and empty clause judgements."""
        import numpy as np

        from feedback_nlp.scorers.base import Prediction

        values = np.array(self.polarity(texts), dtype=np.float64)
        side = np.where(np.abs(values) <= self.neutral, 1, np.where(values < 0, 0, 2))
        block = np.zeros((len(clauses), len(self.taxonomy_.codes), 3), np.float32)
        return Prediction(block, np.eye(3, dtype=np.float32)[side], np.zeros((len(texts), 5), np.float32))


class Plain:
    """TF-IDF of character 1–3-grams and logistic regressions learnt from gold train: the baseline to beat.

    One regression a facet on the clause, three for its polarity, three for the whole text, one a flag; one
    threshold for all facets, chosen by 3-fold cross-fitting on train.
    """

    name = PLAIN
    neutral_band_ = 0.2

    def __init__(self, reviews: Sequence[GoldReview]) -> None:
        import numpy as np

        from feedback_nlp.schema import FLAGS
        from feedback_nlp.scorers.training_data import from_gold
        from feedback_nlp.taxonomy import load_taxonomy

        self.taxonomy_ = load_taxonomy()
        examples = from_gold(reviews, self.taxonomy_, folds=3)
        pieces = _pieces(examples.texts, examples.clauses)
        self.thresholds_ = np.full(
            len(self.taxonomy_.codes), self._threshold(pieces, examples), dtype=np.float32
        )
        self.flag_thresholds_ = np.full(len(FLAGS), 0.5, np.float32)
        self.facets = _Bag(pieces, examples.mention == 1)
        clause, _, side = np.nonzero(examples.sides)
        self.sides = _Bag([pieces[row] for row in clause], np.eye(3, dtype=bool)[side])
        self.overall = _Bag(examples.texts, np.eye(3, dtype=bool)[examples.overall])
        self.flags = _Bag(examples.texts, examples.flags == 1)

    @staticmethod
    def _threshold(pieces, examples):  # noqa: ANN001, ANN205
        import numpy as np

        from feedback_nlp.scorers.calibration import best_threshold

        fold = examples.fold[examples.clauses.review]
        score = np.zeros(examples.mention.shape)
        for part in range(3):
            learn = np.flatnonzero(fold != part)
            model = _Bag([pieces[row] for row in learn], examples.mention[learn] == 1)
            held = np.flatnonzero(fold == part)
            score[held] = model([pieces[row] for row in held])
        return best_threshold(score.ravel(), (examples.mention == 1).ravel())

    def predict(self, texts, clauses=None):  # noqa: ANN001, ANN201
        """Judge reviews; see ``base.Scorer.predict``."""
        import numpy as np

        from feedback_nlp.scorers.base import Prediction
        from feedback_nlp.text.clauses import cut_column

        clauses = cut_column(texts) if clauses is None else clauses
        pieces = _pieces(texts, clauses)
        block = self.facets(pieces)[:, :, None] * _shares(self.sides(pieces))[:, None, :]
        whole = _shares(self.overall(list(texts)))
        return Prediction(block.astype(np.float32), whole.astype(np.float32), self.flags(list(texts)))


class _Bag:
    """One logistic regression a column over shared TF-IDF features."""

    def __init__(self, texts, truth) -> None:  # noqa: ANN001
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
        matrix = self.features.fit_transform(texts)
        self.models = [
            LogisticRegression(C=10, solver="liblinear", random_state=0).fit(matrix, column)
            if column.any() and not column.all()
            else float(column.all())
            for column in truth.T
        ]

    def __call__(self, texts):  # noqa: ANN001, ANN204
        """Return probabilities, (n_texts, n_columns) float32."""
        import numpy as np

        matrix = self.features.transform(texts)
        columns = [
            np.full(len(texts), model) if isinstance(model, float) else model.predict_proba(matrix)[:, 1]
            for model in self.models
        ]
        return np.stack(columns, axis=1).astype(np.float32)


def _pieces(texts, clauses):  # noqa: ANN001, ANN202
    return [
        texts[row][start:end]
        for row, start, end in zip(
            clauses.review.tolist(), clauses.start.tolist(), clauses.end.tolist(), strict=True
        )
    ]


def _shares(values):  # noqa: ANN001, ANN202
    return values / values.sum(axis=1, keepdims=True)


def contestants(shared: Path, dev: Sequence[GoldReview], challenge: Sequence[GoldReview]) -> dict:
    """Return name → scorer for everything that is here to be compared."""
    from feedback_nlp.scorers.training_data import without_overlap

    found = {}
    for name, tool in TOOLS.items():
        if util.find_spec(tool.module) is None:
            print(f"{name} is not installed, left out: pip install {tool.module}", file=sys.stderr)
            continue
        found[name] = Overall(name, _remembering(tool.judge()), tool.neutral)
    train = read(shared / "gold" / "train.jsonl")
    kept = without_overlap([r.text for r in train], [r.text for r in [*dev, *challenge]])
    found[PLAIN] = Plain([review for review, keep in zip(train, kept, strict=True) if keep])
    return {**found, **{name: load_model(name) for name in OWN}}


def _remembering(judge: Judge) -> Callable[[Sequence[str]], list[float]]:
    known: dict[str, float] = {}

    def judged(texts: Sequence[str]) -> list[float]:
        for text in texts:
            if text not in known:
                known[text] = judge(text)
        return [known[text] for text in texts]

    return judged


def two_sided(name: str, scorer) -> Overall:  # noqa: ANN001
    """Return the scorer with its neutral label taken away: the likelier side, a tie is positive."""
    if isinstance(scorer, Overall):
        return Overall(name, scorer.polarity, -1.0)

    def polarity(texts: Sequence[str]) -> list[float]:
        overall = scorer.predict(texts).overall
        return (overall[:, 2] - overall[:, 0]).tolist()

    return Overall(name, polarity, -1.0)


def unseen_by_snownlp(reviews: Sequence[GoldReview]) -> list[GoldReview]:
    """Return the reviews that neither repeat nor nearly repeat what SnowNLP ships as its training texts."""
    from feedback_nlp.scorers.training_data import without_overlap

    spec = util.find_spec("snownlp")
    if spec is None:
        return []
    folder = Path(str(spec.origin)).parent / "sentiment"
    known = [
        line
        for name in ("pos.txt", "neg.txt")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]
    kept = without_overlap([review.text for review in reviews], known)
    return [review for review, keep in zip(reviews, kept, strict=True) if keep]


def accuracy_table(
    reports: Mapping[str, Report], binary: Mapping[str, Report], clean: Mapping[str, Report]
) -> str:
    head = ["工具", "总体三类", "总体两类", *(f"两类，{r.n_reviews} 条 †" for r in list(clean.values())[:1])]
    head += ["要素 F1", "方面 F1", "方面 + 褒贬 F1", "负面方面 F1", "旗标 F1"]
    rows = []
    for name, report in reports.items():
        measures = ("element", "facet", "facet_polarity", "negatives", "flags")
        cells = ["–" if name in TOOLS else spread(report.scores[measure]) for measure in measures]
        sides = [group[name] for group in (binary, clean) if group]
        rows.append((name, *(spread(found.scores["overall"]) for found in (report, *sides)), *cells))
    return markdown_table(head, rows)


def lead_table(reports: Mapping[str, Report], binary: Mapping[str, Report]) -> str:
    rows = []
    for name in (name for name in reports if name != "linear"):
        found = [compare(group["linear"], group[name])["overall"] for group in (reports, binary)]
        if name not in TOOLS:
            found.append(compare(reports["linear"], reports[name])["facet_polarity"])
        cells = [f"{d['difference']:+.3f} ({d['low']:+.3f} – {d['high']:+.3f})" for d in found]
        rows.append((name, *cells, *["–"] * (3 - len(cells))))
    return markdown_table(("linear 减去", "总体三类", "总体两类", "方面 + 褒贬 F1"), rows)


def challenge_table(scorers: Mapping, items: Sequence[GoldReview], measure: str, names: Sequence[str]) -> str:
    groups = {"全部": list(items)}
    for kind, label in CHALLENGE_TYPES.items():
        groups[f"{label} `{kind}`"] = [item for item in items if item.meta.get("type") == kind]
    rows = []
    for label, group in groups.items():
        if group:
            cells = [spread(evaluate(scorers[name], group).scores[measure]) for name in names]
            rows.append((label, len(group), *cells))
    return markdown_table(("类型", "条数", *names), rows)


def speed(judge: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Return reviews a second: the median of at least three passes and one second."""
    judge(texts[:20])
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < 1:
        begin = time.perf_counter()
        judge(texts)
        seconds.append(time.perf_counter() - begin)
    return len(texts) / statistics.median(seconds)


def cost_table(scorers: Mapping, texts: Sequence[str]) -> str:
    """Return speed on one core, and what a fresh process needs to import, load and judge one text."""
    rates = {}
    for name, scorer in scorers.items():
        if name in TOOLS:
            judge = TOOLS[name].judge()
            rates[name] = speed(lambda batch, judge=judge: [judge(text) for text in batch], texts)
        else:
            rates[name] = speed(scorer.predict, texts)
    rows = []
    for name, rate in rates.items():
        ratio = f"{rate / rates['SnowNLP']:,.1f}×" if "SnowNLP" in rates else "–"
        cells = ("–", "–", "–") if name == PLAIN else probed(name)
        rows.append((name, f"{rate:,.0f}", ratio, *cells))
    head = ("工具", "条/秒（单核）", "相对 SnowNLP", "启动到第一条（CPU 秒）", "内存峰值 MB", "磁盘 MB")
    return markdown_table(head, rows)


def probed(name: str) -> tuple[str, str, str]:
    """Measure three fresh processes; return CPU seconds, MB of memory and MB on disk."""
    found = []
    for _ in range(3):
        code = f"TEXT = {TEXT!r}\n{FIRST_TEXT[name]}\n{PROBE}"
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        found.append(json.loads(out.splitlines()[-1]))
    seconds, memory = (statistics.median(row[place] for row in found) for place in (0, 1))
    return f"{seconds:.2f}", f"{memory:.0f}", f"{_size(name) / 1e6:.1f}"


def _size(name: str) -> int:
    if name in TOOLS:
        place = Path(str(util.find_spec(TOOLS[name].module).origin)).parent
    elif name == "lexicon":
        place = REPOSITORY / "feedback_nlp" / "resources" / "lexicons"
    else:
        place = REPOSITORY / "models" / name
    return sum(path.stat().st_size for path in place.rglob("*") if path.suffix not in (".pyc", ".md"))


def versions() -> str:
    names = [tool.module for tool in TOOLS.values() if util.find_spec(tool.module)]
    found = ", ".join(f"{name} {metadata.version(name)}" for name in (*names, "scikit-learn", "feedback-nlp"))
    return f"{found}; Python {platform.python_version()}, {os.cpu_count()} 核"


def page(shared: Path) -> str:
    """Measure everything and return the Markdown."""
    dev = read(shared / "gold" / "dev.jsonl")
    challenge = read(REPOSITORY / "corpora" / "challenge" / "challenge.jsonl")
    scorers = contestants(shared, dev, challenge)
    polar = [review for review in dev if review.overall]
    reports = {name: evaluate(scorer, dev) for name, scorer in scorers.items()}
    sides = {name: two_sided(name, scorer) for name, scorer in scorers.items()}
    binary = {name: evaluate(side, polar) for name, side in sides.items()}
    unseen = unseen_by_snownlp(polar)
    clean = {name: evaluate(side, unseen) for name, side in sides.items()} if unseen else {}
    model = load_model("linear").fingerprint()[:12]
    with_facets = [name for name in scorers if name not in TOOLS]
    blocks = [
        f"量于 {dt.datetime.now(tz=dt.timezone.utc).date()}，linear 指纹 {model}…；{versions()}。",
        f"### gold dev（{len(dev)} 条真实评价，其中褒贬分明 {len(polar)} 条）",
        accuracy_table(reports, binary, clean),
        "配对 bootstrap 的差：",
        lead_table(reports, binary),
        "### 速度与大小",
        cost_table(scorers, [review.text for review in dev]),
        f"### 难例：总体标签的准确率（{len(challenge)} 条）",
        challenge_table(scorers, challenge, "overall", list(scorers)),
        "### 难例：方面 + 褒贬 F1",
        challenge_table(scorers, challenge, "facet_polarity", with_facets),
    ]
    return "\n\n".join(blocks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/models.md")
    arguments = parser.parse_args()
    text = page(arguments.shared)
    print(text)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
