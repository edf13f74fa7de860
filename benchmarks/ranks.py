"""Are rank intervals right, and how fast: ``benchmarks/ranks.py speed|coverage|ties|places|copies``.

``coverage GOLD.jsonl [--model NAME]``: the labelled file is the population. Its issues are the facets blamed
by at least ``MIN_REVIEWS`` reviews, their true ranks those of its labels. Resamples of it, with
replacement, are ranked as shipped; how often the 95 % interval holds the true rank. With ``--model`` the
resamples are read by a model (one that has not learnt from the file), the truth stays that of the labels.
Beside it: the same with the feasibility given, and a plain bootstrap of the reviews (labels taken as true,
weights and feasibility fixed).

``ties``: k issues of one true share; how often no first is named.
``places``: planted local and systemic issues; AUC of the spread, and the verdicts.
``copies``: 20 % copied reviews, all of one issue, added to the bundled sample; whether the ranking changes.
``speed``: 1,000 draws over 100,000 reviews with 50 issues; CPU seconds and peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import feedback_nlp as fn
from feedback_nlp.frames import frame
from feedback_nlp.insight import ranks
from feedback_nlp.insight.analysis import analyse
from feedback_nlp.insight.playbook import Playbook
from feedback_nlp.insight.scope import spread, verdicts
from feedback_nlp.insight.shares import beta_prior, shrink
from feedback_nlp.schema import mentions_schema
from feedback_nlp.taxonomy import GENERAL, load_taxonomy

SEED = 20261123
MIN_REVIEWS = 15
WEIGHTS = (0.5, 0.3, 0.2)


# ---- coverage ----


def gold_tables(path: Path) -> tuple[pa.Table, pa.Table]:
    """Return reviews and mentions that a perfect reader would have written."""
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    reviews = [
        {
            "review_id": item["id"], "text": item["text"], "fb_status": "ok", "fb_flags": item["flags"],
            "fb_label": ("negative", "neutral", "positive")[item["overall"] + 1],
        }
        for item in items
    ]  # fmt: skip
    mentions = []
    for item in items:
        for clause, facet, sign in item["labels"]:
            start, end = item["clauses"][clause]
            mentions.append(
                {
                    "review_id": item["id"], "clause": clause, "start": start, "end": end,
                    "text": item["text"][start:end], "element": facet.partition(".")[0], "facet": facet,
                    "score": 1.0, "polarity": 0.9 * sign,
                    "label": ("negative", "neutral", "positive")[sign + 1],
                }
            )  # fmt: skip
    return pa.Table.from_pylist(reviews), pa.Table.from_pylist(mentions, schema=mentions_schema())


def by_facet(kept: set[str]) -> Any:
    """Return an ``assign`` of one issue per facet of ``kept``."""

    def assign(mentions: pa.Table, taxonomy: Any, *, lang: str = "zh") -> tuple[pa.Table, pa.Table]:
        rows = zip(mentions["facet"].to_pylist(), mentions["label"].to_pylist(), strict=True)
        ids = [facet if label == "negative" and facet in kept else None for facet, label in rows]
        met = sorted({issue for issue in ids if issue})
        catalogue = pa.Table.from_pylist(
            [
                {
                    "issue_id": code,
                    "element": code.partition(".")[0],
                    "facet": code,
                    "name": code,
                    "other": False,
                }
                for code in met
            ],
            schema=pa.schema(
                [(name, pa.string()) for name in ("issue_id", "element", "facet", "name")]
                + [("other", pa.bool_())]
            ),
        )
        place = mentions.schema.get_field_index("issue_id")
        return mentions.set_column(place, "issue_id", pa.array(ids, pa.string())), catalogue

    return assign


def resampled(
    reviews: pa.Table, mentions: pa.Table, rng: np.random.Generator, n: int
) -> tuple[pa.Table, pa.Table]:
    """Draw reviews with replacement; each draw gets an id of its own."""
    rows = rng.integers(reviews.num_rows, size=n)
    of_review = {review: [] for review in reviews["review_id"].to_pylist()}
    for place, review in enumerate(mentions["review_id"].to_pylist()):
        of_review[review].append(place)
    old = reviews["review_id"].to_pylist()
    ids = [f"{k:06}" for k in range(n)]
    taken = [(place, ids[k]) for k, row in enumerate(rows) for place in of_review[old[row]]]
    drawn = mentions.take([place for place, _ in taken])
    drawn = drawn.set_column(0, "review_id", pa.array([name for _, name in taken], pa.string()))
    column = reviews.schema.get_field_index("review_id")
    return reviews.take(rows).set_column(column, "review_id", pa.array(ids, pa.string())), drawn


def coverage(path: Path, model: str | None, trials: int, n: int | None) -> None:
    """Print how often the interval holds the true rank."""
    taxonomy = load_taxonomy()
    truth = gold_tables(path)
    blamed: dict[str, set[str]] = {}
    for review, facet, label in zip(
        *(truth[1][name].to_pylist() for name in ("review_id", "facet", "label")), strict=True
    ):
        if label == "negative" and facet != GENERAL:
            blamed.setdefault(facet, set()).add(review)
    kept = {facet for facet, ids in blamed.items() if len(ids) >= MIN_REVIEWS}
    options = {"assign": by_facet(kept), "safety_threshold": 2.0}
    given = Playbook.of({code: {"feasibility": taxonomy.facet(code).feasibility} for code in kept})
    true_rank = ranked(analyse(*truth, taxonomy, draws=1, **options).issues)
    read = truth
    if model is not None:
        scored = fn.score(truth[0]["text"].to_pylist(), model=model)
        ids = dict(
            zip(scored.canonical["review_id"].to_pylist(), truth[0]["review_id"].to_pylist(), strict=True)
        )
        mentions = scored.mention_table
        names = pa.array([ids[name] for name in mentions["review_id"].to_pylist()], pa.string())
        flags = scored.columns["fb_flags"]
        place = truth[0].schema.get_field_index("fb_flags")
        read = truth[0].set_column(place, "fb_flags", flags), mentions.set_column(0, "review_id", names)
    rng = np.random.default_rng(SEED)
    hits: dict[str, list[bool]] = {"shipped": [], "feasibility given": [], "plain bootstrap": []}
    widths: dict[str, list[int]] = {name: [] for name in hits}
    size = n or truth[0].num_rows
    for trial in range(trials):
        found = analyse(*resampled(*read, rng, size), taxonomy, draws=200, seed=trial, **options)
        told = {
            "shipped": found.issues,
            "feasibility given": ranks_of(found, given, trial),
            "plain bootstrap": plain(found, given, trial),
        }
        for name, table in told.items():
            for row in table.to_pylist():
                if row["issue_id"] in true_rank:
                    hits[name].append(row["rank_low"] <= true_rank[row["issue_id"]] <= row["rank_high"])
                    widths[name].append(row["rank_high"] - row["rank_low"] + 1)
    print(
        f"{path.name}: {truth[0].num_rows} reviews, {len(kept)} issues, {trials} resamples of {size}, "
        f"read by {model or 'labels'}"
    )
    for name, values in hits.items():
        print(f"  {name:18} covers {np.mean(values):.1%}, mean width {np.mean(widths[name]):.1f} ranks")


def ranked(issues: pa.Table) -> dict[str, int]:
    """Return rank by issue."""
    return dict(zip(issues["issue_id"].to_pylist(), issues["rank"].to_pylist(), strict=True))


def ranks_of(found: Any, book: Playbook, seed: int) -> pa.Table:
    """Rank again with a playbook."""
    from feedback_nlp.insight.standing import stand

    return stand(found.basis, playbook=book, draws=200, seed=seed).issues


def plain(found: Any, book: Playbook, seed: int) -> pa.Table:
    """Rank again by a bootstrap that takes labels, weights and feasibility as true."""
    evidence = found.basis.evidence
    sure = replace(found.basis, evidence=replace(evidence, chance=np.ones(len(evidence.chance))))
    before = ranks._CONCENTRATION
    ranks._CONCENTRATION = 1e12
    try:
        return ranks_of(replace(found, basis=sure), book, seed)
    finally:
        ranks._CONCENTRATION = before


# ---- simulated evidence ----


def made(counts: np.ndarray, n: int, rng: np.random.Generator) -> tuple[ranks.Evidence, ranks.Factors]:
    """Return respondents who blame one issue each, and factors that differ in the share alone."""
    issue = np.repeat(np.arange(len(counts)), counts)
    pairs = len(issue)
    sums = np.stack([rng.uniform(0.5, 0.9, size=pairs), np.ones(pairs), np.zeros(pairs), np.ones(pairs)])
    evidence = ranks.Evidence(
        np.arange(pairs), issue, rng.uniform(0.6, 1.0, size=pairs), sums, len(counts), pairs, n - pairs
    )
    prior = beta_prior(counts, np.full(len(counts), n))
    severe = np.array([sums[0, issue == k].mean() if (issue == k).any() else 0.7 for k in range(len(counts))])
    same, yes = np.ones(len(counts)), np.ones(len(counts), dtype=bool)
    factors = ranks.Factors(
        severity=severe, fixed=~yes, importance=same, importance_draws=np.ones((0, len(counts))),
        share=shrink(counts, n, prior), spread=same, feasibility=0.6 * same, given=yes, band=~yes, other=~yes,
        prior=prior,
    )  # fmt: skip
    return evidence, factors


def ties(trials: int) -> None:
    """Print how often no first is named among k issues that are alike."""
    for n, share, k in ((400, 0.1, 2), (400, 0.1, 5), (5_000, 0.05, 2), (5_000, 0.05, 5), (200, 0.03, 3)):
        rng = np.random.default_rng(SEED)
        none = 0
        for trial in range(trials):
            evidence, factors = made(rng.binomial(n, share, size=k), n, rng)
            rank = ranks.order(factors, WEIGHTS, [f"i{j}" for j in range(k)])
            drawn = ranks.simulate(evidence, factors, weights=WEIGHTS, rank=rank, draws=300, seed=trial)
            none += not bool((drawn.p_first >= ranks.CLEAR).any())
        print(f"{k} issues of {share:.0%} in {n} reviews: no clear first {none / trials:.1%} of {trials}")


def places(trials: int) -> None:
    """Print the AUC of spread, and verdicts, for planted local and systemic issues."""
    rng = np.random.default_rng(SEED)
    scores: dict[bool, list[float]] = {True: [], False: []}
    told: dict[bool, list[str]] = {True: [], False: []}
    for _ in range(trials):
        stores = int(rng.integers(4, 31))
        base = np.maximum(rng.lognormal(4.2, 0.8, size=stores).astype(int), 10)
        share = float(rng.choice([0.01, 0.03, 0.08]))
        for local in (True, False):
            rates = np.clip(share * rng.lognormal(0, 0.25, size=stores), 0, 0.9)
            if local:
                # One store holds two thirds to nine tenths of what is said of it.
                where, part = rng.integers(stores), rng.uniform(0.66, 0.9)
                others = share * base.sum() * (1 - part) / max(base.sum() - base[where], 1)
                rates = np.full(stores, others)
                rates[where] = min(share * base.sum() * part / base[where], 0.9)
            counts = rng.binomial(base, rates)[None, :]
            scores[local].append(1 - float(spread(counts, base)[0]))
            told[local].append(verdicts(counts, base)[0][0])
    higher = np.array(scores[True])[:, None] - np.array(scores[False])[None, :]
    print(
        f"AUC of 1 − spread, {trials} local and {trials} systemic issues: "
        f"{np.mean(higher > 0) + np.mean(higher == 0) / 2:.3f}"
    )
    for local, kinds in told.items():
        parts = {kind: f"{kinds.count(kind) / len(kinds):.1%}" for kind in ("local", "everywhere", "unclear")}
        print(f"  {'local' if local else 'systemic'} ones are called {parts}")


def copies(trials: int) -> None:
    """Print how often 20 % copied reviews of one issue change the ranking of the sample."""
    import pandas as pd

    data = fn.load_sample()
    for what, columns in (
        ("same customer", list(data.columns)),
        ("no customer column", list(data.columns[:5]) + list(data.columns[6:])),
    ):
        table = data[columns]
        base = fn.analyze(table, draws=200)
        before = standing(base)
        rng = np.random.default_rng(SEED)
        same, added = 0, len(table) // 5
        judged = frame(base.scored.judged)
        long = (judged.text.str.len() >= 12).to_numpy()
        for _ in range(trials):
            issue = rng.choice(base.issues.issue_id[~base.issues.other].head(20))
            blamed = base.mentions.review_id[base.mentions.issue_id == issue]
            rows = np.flatnonzero(judged.review_id.isin(set(blamed)).to_numpy() & long)
            extra = table.iloc[rng.choice(rows if len(rows) else np.flatnonzero(long), size=added)].copy()
            extra[columns[0]] = [f"copy{k}" for k in range(added)]
            same += standing(fn.analyze(pd.concat([table, extra], ignore_index=True), draws=200)) == before
        told = f"ranks and intervals the same in {same} of {trials}"
        print(f"{added} copies added to {len(table)} reviews, {what}: {told}")


def standing(result: fn.Analysis) -> list[tuple[Any, ...]]:
    """Return what must not change."""
    issues = result.issues
    return list(zip(issues.issue_id, issues["rank"], issues.rank_low, issues.rank_high, strict=True))


def speed() -> None:
    """Print what 1,000 draws over 100,000 reviews with 50 issues cost."""
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(60_000, rng.dirichlet(np.full(50, 0.7)))
    evidence, factors = made(counts, 100_000, rng)
    rank = ranks.order(factors, WEIGHTS, [f"i{k}" for k in range(50)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    ranks.simulate(evidence, factors, weights=WEIGHTS, rank=rank, draws=1_000)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"1,000 draws, 100,000 reviews, {len(evidence.issue):,} pairs: {spent:.1f} s CPU, "
        f"peak +{(peak - before) / 1024:.0f} MiB (process {peak / 1024:.0f} MiB)"
    )


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "coverage", "ties", "places", "copies"))
    parser.add_argument("gold", nargs="?", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--n", type=int)
    given = parser.parse_args()
    if given.what == "coverage":
        coverage(given.gold, given.model, given.trials, given.n)
    elif given.what == "speed":
        speed()
    else:
        {"ties": ties, "places": places, "copies": copies}[given.what](given.trials)


if __name__ == "__main__":
    main()
