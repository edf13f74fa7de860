"""What corrections are worth: a model that has never seen an industry, adapted with 0 to 400 of them.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/adapting.py --cache /tmp/adapting

A base is learnt from everything ``train_linear.py`` learns from but two industries: their gold texts, the
corpora's texts on them, and the public reviews behind the tone. The gold texts of each of the two are cut in
halves by the hash of the text. Corrections are picked from one half, by uncertainty and diversity as
``review export`` picks them, or at random; the other half measures, and the other way round. The ceiling
(``--ceiling``, four more models to learn) is a model learnt anew from the base's texts and the whole of one
half. Corrections are the gold labels: a person who agrees with the annotators. Writes the tables of
``docs/adapting.md``. ``--cache`` keeps the models learnt.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import train_linear

from feedback_nlp.evaluation import evaluate
from feedback_nlp.gold import GoldReview, read
from feedback_nlp.insight.mentions import write
from feedback_nlp.pipeline.picking import Mentioned, pick
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.abstention import Abstention
from feedback_nlp.scorers.base import Scorer
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_adapt import adapt
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.training_data import fold_of, without_overlap
from feedback_nlp.text.clauses import from_spans

# Industry → its domains in gold train and in the corpora; and the files of public reviews that speak of them.
INDUSTRIES = {"restaurant": ("restaurant", "hotpot", "cafe"), "phone": ("phone", "shop-手机")}
PUBLIC = ("restaurant_stars", "phone_dated")
SIZES = (50, 100, 200, 400)
SEEDS = 1
MEASURES = ("facet", "facet_polarity", "negatives", "overall")
Counts = dict[str, np.ndarray]


def learnt(shared: Path, more: Sequence[GoldReview], folder: Path | None) -> LinearScorer:
    """Learn a model without the industries but for ``more``, or load it from ``folder``."""
    if folder is not None and (folder / "model.json").is_file():
        found = load_model(folder)
        assert isinstance(found, LinearScorer)
        return found
    data = train_linear.load(shared)
    out = {domain for domains in INDUSTRIES.values() for domain in domains}
    kept = [review for review in data.training if review.domain not in out]
    public = data.opinions.pick([name not in PUBLIC for name in data.opinions.sources])
    tone = learn_tone(public.texts, public.positive)
    scorer = LinearScorer(tone=tone).fit([*kept, *more])
    if folder is not None:
        scorer.save(folder)
    return scorer


def clauses_of(pool: Sequence[GoldReview]) -> list[tuple[int, int]]:
    """Return (review, clause) of every clause, in order."""
    return [(row, clause) for row, review in enumerate(pool) for clause in range(len(review.clauses))]


def corrected(pool: Sequence[GoldReview], chosen: Sequence[int]) -> list[GoldReview]:
    """Return the reviews of the chosen clauses, judged in those clauses alone."""
    places = clauses_of(pool)
    by_review: dict[int, list[int]] = {}
    for row in chosen:
        by_review.setdefault(places[row][0], []).append(places[row][1])
    return [
        replace(
            pool[row],
            reviewed=tuple(sorted(clauses)),
            labels=tuple(label for label in pool[row].labels if label[0] in clauses),
            flags=(),
        )
        for row, clauses in sorted(by_review.items())
    ]


def uncertain(base: Scorer, pool: Sequence[GoldReview], n: int) -> list[int]:
    """Pick clauses as ``review export`` does."""
    texts = [review.text for review in pool]
    clauses = from_spans([review.clauses for review in pool])
    prediction = base.predict(texts, clauses)
    mentions, scored = write(prediction, clauses, [str(row) for row in range(len(pool))], texts, base)
    rows = np.array(mentions["review_id"].to_pylist(), dtype=np.int64)
    negative = np.array([label == "negative" for label in scored["fb_label"].to_pylist()])
    found = pick(texts, clauses, Mentioned.of(mentions, rows, clauses), negative=negative, n=n)
    return [chosen.clause for chosen in found]


def at_random(pool: Sequence[GoldReview], n: int, seed: int) -> list[int]:
    """Pick clauses by lot."""
    return np.random.default_rng(seed).permutation(len(clauses_of(pool)))[:n].tolist()


def f1(counts: Sequence[np.ndarray]) -> float:
    hits, found, true = np.concatenate(counts).sum(axis=0)
    return float(2 * hits / max(found + true, 1))


def apart(pool: Sequence[GoldReview], test: Sequence[GoldReview]) -> list[GoldReview]:
    """Return the reviews of the pool that repeat none of the test."""
    kept = without_overlap([review.text for review in pool], [review.text for review in test])
    return [review for review, keep in zip(pool, kept, strict=True) if keep]


def choices(base: Scorer, pool: Sequence[GoldReview], n: int) -> dict[str, list[int]]:
    """Return way → clauses picked."""
    by_lot = {f"random {seed} {n}": at_random(pool, n, seed) for seed in range(SEEDS)}
    return {f"picked {n}": uncertain(base, pool, n), **by_lot}


def curve(shared: Path, industry: str, cache: Path | None, *, ceiling: bool) -> dict[str, dict[str, float]]:
    """Return way → measure → F1 over both halves."""
    gold = [r for r in read(shared / "gold" / "train.jsonl") if r.domain in INDUSTRIES[industry]]
    halves = [[review for review in gold if fold_of(review.text, 2) == half] for half in (0, 1)]
    rows: dict[str, list[Counts]] = {}

    def add(way: str, scorer: Scorer, test: Sequence[GoldReview]) -> None:
        rows.setdefault(way, []).append(dict(evaluate(scorer, test, draws=1).counts))

    for tested, test in enumerate(halves):
        pool = apart(halves[1 - tested], test)
        base = learnt(shared, [], cache and cache / "base")
        add("base", base, test)
        if ceiling:
            add(
                "all, learnt anew",
                learnt(shared, pool, cache and cache / f"{industry}-without-{tested}"),
                test,
            )
        add("all, adapted", adapt(base, corrected(pool, range(len(clauses_of(pool))))), test)
        for n in SIZES:
            for way, chosen in choices(base, pool, n).items():
                begin = time.process_time()
                model = adapt(base, corrected(pool, chosen))
                took = time.process_time() - begin
                add(way, model, test)
                print(f"{industry} {tested} {way}: {took:.1f} s of CPU", file=sys.stderr, flush=True)
    return {way: {name: f1([c[name] for c in counts]) for name in MEASURES} for way, counts in rows.items()}


def counted(shared: Path, cache: Path | None) -> Abstention:
    """Count the base's errors of the overall label on the industries it has never seen."""
    place = {domain: name for name, domains in INDUSTRIES.items() for domain in domains}
    gold = [review for review in read(shared / "gold" / "train.jsonl") if review.domain in place]
    report = evaluate(learnt(shared, [], cache and cache / "base"), gold, draws=1)
    right = report.counts["overall"][:, 0].astype(bool)
    return Abstention.learn(report.confidence, right, [place[domain] for domain in report.domain_of])


def table(found: dict[str, dict[str, float]]) -> str:
    """Return the curve as Markdown, with the part of the gap that each size closes."""
    base, full = found["base"], found.get("all, learnt anew", found["all, adapted"])
    lines = ["| corrections | " + " | ".join(f"{name} · gap closed" for name in MEASURES) + " |"]
    lines.append("|---|" + "---:|" * len(MEASURES))

    def row(title: str, scores: dict[str, float]) -> str:
        cells = []
        for name in MEASURES:
            gap = full[name] - base[name]
            part = f" · {(scores[name] - base[name]) / gap:.0%}" if abs(gap) >= 0.005 else ""
            cells.append(f"{scores[name]:.3f}{part}")
        return f"| {title} | " + " | ".join(cells) + " |"

    lines.append(row("0", base))
    for n in SIZES:
        lines.append(row(f"{n} picked", found[f"picked {n}"]))
        runs = [found[f"random {seed} {n}"] for seed in range(SEEDS)]
        lines.append(
            row(f"{n} random", {name: float(np.mean([run[name] for run in runs])) for name in MEASURES})
        )
    lines += [row(way, found[way]) for way in ("all, adapted", "all, learnt anew") if way in found]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=train_linear.REPOSITORY.parent / "shared")
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--industry", choices=INDUSTRIES, action="append")
    parser.add_argument("--counts", type=Path, help="only write the counts for --max-error here (JSON)")
    parser.add_argument("--ceiling", action="store_true", help="also learn anew with the industry")
    arguments = parser.parse_args()
    if arguments.counts is not None:
        found = counted(arguments.shared, arguments.cache).to_header()
        arguments.counts.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    for industry in arguments.industry or INDUSTRIES:
        scores = curve(arguments.shared, industry, arguments.cache, ceiling=arguments.ceiling)
        print(f"\n## {industry}\n\n{table(scores)}", flush=True)


if __name__ == "__main__":
    main()
