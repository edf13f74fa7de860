"""What licence-clean weights cost: ``linear-open`` against ``linear``, as paired differences.

    nice -n 12 env OMP_NUM_THREADS=1 python benchmarks/open_gap.py --write   # needs ../shared/gold

On gold dev, the shipped demo's texts and the challenge set, which neither has learnt from. ``--write`` puts
the table into the card of ``linear-open`` and into docs/models.md, between their marks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from feedback_nlp.evaluation import Report, compare, evaluate
from feedback_nlp.gold import read
from feedback_nlp.scorers import load_model

REPOSITORY = Path(__file__).resolve().parents[1]
MARK = "open_gap"
PAGES = (REPOSITORY / "models" / "linear-open" / "card.md", REPOSITORY / "docs" / "models.md")
MEASURES = ("element", "facet", "facet_polarity", "negatives", "overall", "flags")


def table(reports: dict[str, dict[str, Report]]) -> str:
    """Return set → model → report as a table of differences."""
    head = "| 文本 texts | n | 量 measure | linear | linear-open | 差 difference (95 %) |"
    rows = [head, "|---|---:|---|---:|---:|---:|"]
    for name, found in reports.items():
        gap = compare(found["linear-open"], found["linear"])
        for measure in MEASURES:
            one, other = (found[model].scores[measure]["value"] for model in ("linear", "linear-open"))
            value = gap[measure]
            rows.append(
                f"| {name} | {found['linear'].n_reviews} | {measure} | {one:.3f} | {other:.3f} "
                f"| {value['difference']:+.3f} ({value['low']:+.3f} – {value['high']:+.3f}) |"
            )
    return "\n".join(rows)


def put(text: str, content: str, mark: str) -> str:
    """Return ``text`` with ``content`` between the comments ``mark begin`` and ``mark end``.

    Raises
    ------
    ValueError
        If they are not there.
    """
    first, last = f"<!-- {mark} begin -->", f"<!-- {mark} end -->"
    head, begin, rest = text.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"no {first} … {last}")
    return f"{head}{first}\n\n{content}\n\n{last}{tail}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    corpora = REPOSITORY / "corpora"
    texts = {
        "gold dev": read(arguments.shared / "gold" / "dev.jsonl"),
        "demo": read(corpora / "demo.jsonl"),
        "challenge": read(corpora / "challenge" / "challenge.jsonl"),
    }
    models = {name: load_model(REPOSITORY / "models" / name) for name in ("linear", "linear-open")}
    content = table(
        {
            title: {name: evaluate(scorer, found) for name, scorer in models.items()}
            for title, found in texts.items()
        }
    )
    print(content)
    if arguments.write:
        for page in PAGES:
            page.write_text(put(page.read_text(encoding="utf-8"), content, MARK), encoding="utf-8")


if __name__ == "__main__":
    main()
