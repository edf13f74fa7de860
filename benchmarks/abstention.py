"""Count the errors of the overall label on left-out industries and put the counts into a model folder.

    nice -n 5 env OMP_NUM_THREADS=1 python benchmarks/abstention.py

The heads, and the layers above them, are learnt anew for each group of industries without it. The counts go
to ``abstention_counts.json`` beside this file, from where ``train_linear.py`` puts them into what it learns,
and into ``models/linear/model.json``, whose weights stay as they are. Writes the table of ``docs/methods.md``
to standard output: error and coverage of each group at the threshold chosen with all other groups.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import train_linear

from feedback_nlp.scorers.abstention import HEADER, Abstention, left_out, store
from feedback_nlp.scorers.linear_tone import learn_tone
from feedback_nlp.scorers.training_data import from_gold
from feedback_nlp.taxonomy import load_taxonomy

# Words of a domain's name → its group; the first that fits. What fits none is "other".
GROUPS = {
    "finance": ("bank", "loan", "insurance", "credit", "fund"),
    "telecom and hotlines": ("telecom", "hotline", "utilities", "public", "property", "complaint"),
    "hotels and travel": (
        "hotel",
        "homestay",
        "travel",
        "scenic",
        "airline",
        "rail",
        "ticket",
        "museum",
        "rental",
    ),
    "food": ("restaurant", "takeaway", "hotpot", "cafe", "food", "snack", "fruit", "水果", "dairy", "蒙牛"),
    "phones and computers": (
        "phone",
        "手机",
        "tablet",
        "平板",
        "computer",
        "计算机",
        "laptop",
        "robot",
        "headphone",
    ),
    "appliances": (
        "aircon",
        "air-con",
        "appliance",
        "热水器",
        "water-heater",
        "家电",
        "kitchen",
        "furniture",
    ),
    "cars": ("car", "auto", "ride-hailing", "parking"),
    "goods": (
        "clothes",
        "衣服",
        "clothing",
        "shoes",
        "makeup",
        "shampoo",
        "洗发水",
        "books",
        "书籍",
        "toys",
        "mother",
    ),
    "shops and delivery": ("ecommerce", "express", "retail", "courier", "supermarket", "second-hand", "shop"),
}
TARGETS = (0.03, 0.05, 0.1)


def group_of(domain: str) -> str:
    """Return the group of industries of a domain."""
    found = (name for name, words in GROUPS.items() if any(word in domain for word in words))
    return next(found, "other")


def realised(table: Abstention, target: float) -> list[tuple[str, int, float, float]]:
    """Return group, texts, coverage and error at the threshold that the other groups choose."""
    rows = []
    for name, part in table.domains.items():
        accepted, wrong = np.array(part["accepted"]), np.array(part["wrong"])
        others = Abstention(
            table.confidence,
            tuple((np.array(table.accepted) - accepted).tolist()),
            tuple((np.array(table.wrong) - wrong).tolist()),
            table.n - part["n"],
            {},
        )
        chosen = others.threshold(target)
        at = None if chosen is None else table.confidence.index(chosen)
        kept = 0 if at is None else int(accepted[at])
        rows.append((name, part["n"], kept / part["n"], float("nan") if not kept else wrong[at] / kept))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=train_linear.REPOSITORY.parent / "shared")
    parser.add_argument("--model", type=Path, default=train_linear.REPOSITORY / "models" / "linear")
    parser.add_argument("--every", type=int, default=1, help="only every n-th text: n times sooner")
    parser.add_argument("--jobs", type=int, default=1, help="groups learnt at a time, each in a process")
    parser.add_argument("--store", action="store_true", help="only put the counts at hand into the model")
    arguments = parser.parse_args()
    if arguments.store:
        known = Abstention.from_header({HEADER: json.loads(train_linear.COUNTS.read_text(encoding="utf-8"))})
        assert known is not None
        store(arguments.model, known)
        return
    data = train_linear.load(arguments.shared)
    taxonomy = load_taxonomy()
    tone = learn_tone(data.opinions.texts, data.opinions.positive)
    texts = data.training[:: arguments.every]
    table = left_out(
        from_gold(texts, taxonomy),
        [group_of(review.domain) for review in texts],
        taxonomy,
        tone=tone,
        settings=replace(train_linear.SETTINGS, jobs=arguments.jobs),
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    text = json.dumps(table.to_header(), ensure_ascii=False, indent=1)
    train_linear.COUNTS.write_text(text + "\n", encoding="utf-8")
    store(arguments.model, table)
    for target in TARGETS:
        rows = realised(table, target)
        errors = [error for *_, error in rows if error == error]
        print(f"\ntarget {target:.0%}; threshold with all {table.threshold(target)}\n")
        print("| left out | texts | judged | error |\n|---|---:|---:|---:|")
        for name, n, coverage, error in rows:
            print(f"| {name} | {n} | {coverage:.0%} | {'–' if error != error else f'{error:.1%}'} |")
        mean = [np.mean([row[2] for row in rows]), np.mean(errors) if errors else float("nan")]
        print(f"| mean of groups | {table.n} | {mean[0]:.0%} | {mean[1]:.1%} |")


if __name__ == "__main__":
    main()
