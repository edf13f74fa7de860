"""What ``feedback-nlp taxonomy diff`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.cli import console
from feedback_nlp.errors import Bilingual, ConfigError

if TYPE_CHECKING:
    from feedback_nlp.pipeline.taxonomy_moves import TaxonomyComparison
    from feedback_nlp.taxonomy import Change, Taxonomy

__all__ = ["check_no_output", "page", "structure"]

MOST_FLOWS = 20
KINDS = {"added": ("新增", "added"), "removed": ("删去", "removed"), "changed": ("改动", "changed")}


def check_no_output(output: Path | None) -> None:
    """Refuse to write clauses where no data were given.

    Raises
    ------
    ConfigError
        If ``output`` is given.
    """
    if output is not None:
        raise ConfigError(
            Bilingual("没有给数据，写不出变了的句子。", "Without data there are no clauses to write."),
            Bilingual("在两个体系后面加上数据文件。", "Add the data file behind the two taxonomies."),
        )


def structure(old: Taxonomy, new: Taxonomy, *, as_json: bool) -> None:
    """Print what differs in the taxonomies themselves."""
    from dataclasses import asdict

    from feedback_nlp.cli import texts
    from feedback_nlp.taxonomy import diff

    changes = diff(old, new)
    if as_json:
        texts.as_json(asdict(change) for change in changes)
    else:
        console.result(_changes(changes, old, new))


def page(found: TaxonomyComparison) -> str:
    """Return everything a person is shown, as Markdown."""
    sums = found.totals
    says = console.text(
        f"{sums['n_reviews']} 条评价，提及 {sums['old']} → {sums['new']}：不变 {sums['kept']}（其中褒贬变了 "
        f"{sums['turned']}），换方面 {sums['moved']}，少了 {sums['lost']}，多了 {sums['added']}。",
        f"{sums['n_reviews']} reviews, mentions {sums['old']} → {sums['new']}: {sums['kept']} kept "
        f"({sums['turned']} with another label), {sums['moved']} moved, {sums['lost']} lost, "
        f"{sums['added']} added.",
    )
    check = console.text(
        f"对账：旧 {sums['old']} = 不变 {sums['kept']} + 换 {sums['moved']} + 少 {sums['lost']}；"
        f"新 {sums['new']} = 不变 {sums['kept']} + 换 {sums['moved']} + 多 {sums['added']}。",
        f"Old {sums['old']} = kept {sums['kept']} + moved {sums['moved']} + lost {sums['lost']}; "
        f"new {sums['new']} = kept {sums['kept']} + moved {sums['moved']} + added {sums['added']}.",
    )
    blocks = [says, check, _changes(found.changes, found.old, found.new)]
    if len(found.flows):
        blocks += [_facets(found), _flows(found)]
    return "\n\n".join(blocks)


def _changes(changes: Sequence[Change], old: Taxonomy, new: Taxonomy) -> str:
    if not changes:
        return console.text("两版体系内容相同。", "The two taxonomies say the same.")
    lines = []
    for change in changes:
        name = (old if change.kind == "removed" else new).label(change.code, console.lang())
        what = f"：{'、'.join(change.fields)}" if change.fields else ""
        lines.append(f"- {console.text(*KINDS[change.kind])} `{change.code}` {name}{what}")
    return "\n".join(lines)


def _facets(found: TaxonomyComparison) -> str:
    from feedback_nlp.pipeline.model_card import markdown_table

    pairs = (("方面", "facet"), ("旧", "old"), ("不变", "kept"), ("换走", "moved out"), ("少了", "lost"),
             ("换来", "moved in"), ("多了", "added"), ("新", "new"))  # fmt: skip
    names = ("old", "kept", "moved_out", "lost", "moved_in", "added", "new")
    table = found.facets
    moved = table[(table.old != table.kept) | (table.new != table.kept)]
    rows = [[row["facet"], *(row[name] for name in names)] for row in moved.to_dict("records")]
    still = table.drop(moved.index)
    rest = console.text("（没有变动的方面）", "(facets without a change)")
    total = console.text("合计", "total")
    rows += [[rest, *(int(still[name].sum()) for name in names)]]
    rows += [[total, *(int(table[name].sum()) for name in names)]]
    return markdown_table([console.text(*pair) for pair in pairs], rows)


def _flows(found: TaxonomyComparison) -> str:
    from feedback_nlp.pipeline.model_card import markdown_table

    nothing = console.text("（无）", "(none)")
    pairs = (("从", "from"), ("到", "to"), ("提及", "mentions"), ("评价", "reviews"), ("例", "example"))
    flows: list[dict[str, Any]] = found.flows.head(MOST_FLOWS).to_dict("records")  # type: ignore[assignment]
    rows = [
        [
            row["old"] or nothing,
            row["new"] or nothing,
            row["n_mentions"],
            row["n_reviews"],
            row["example"].replace("|", "｜"),
        ]
        for row in flows
    ]
    table = markdown_table([console.text(*pair) for pair in pairs], rows)
    left = len(found.flows) - len(rows)
    more = f"还有 {left} 种，见 --json 或 -o。", f"{left} more kinds: see --json or -o."
    return table if left <= 0 else f"{table}\n\n{console.text(*more)}"
