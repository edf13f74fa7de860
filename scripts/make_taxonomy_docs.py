"""Write ``docs/taxonomy.md`` from the shipped taxonomy: ``python scripts/make_taxonomy_docs.py``."""

from __future__ import annotations

from pathlib import Path

from feedback_nlp.taxonomy import Facet, load_taxonomy

TARGET = Path(__file__).resolve().parent.parent / "docs" / "taxonomy.md"
INTRO = """# 分类体系

由 `scripts/make_taxonomy_docs.py` 从 `feedback_nlp/resources/taxonomies/default.toml` 生成。

自己的体系：

```bash
feedback-nlp taxonomy init 我的体系.toml
feedback-nlp taxonomy check 我的体系.toml
feedback-nlp classify '排队太久了，护士很有耐心' --taxonomy 我的体系.toml --model lexicon
```

写了词就能用（`--model lexicon`）；`feedback-nlp taxonomy init --full` 从自带的完整体系改起。
可行性 1 难改、5 好改，是没有人给出意见时的默认值。
补救类型：process 流程、training 培训、technology 技术、personalisation 个性化。
"""
HEAD = "| 方面 | 代码 | 说的是 | 问题 | 可行性 | 补救 |\n|---|---|---|---|---|---|\n"


def render() -> str:
    """Return the page."""
    parts = [INTRO]
    for element in load_taxonomy().elements:
        parts.append(f"\n## {element.zh} `{element.code}`\n\n{element.define}\n\n{HEAD}")
        parts += [row(facet) for facet in element.facets]
    return "".join(parts)


def row(facet: Facet) -> str:
    """Return the table row of a facet."""
    problems = "、".join(problem.zh for problem in facet.problems)
    cells = (facet.zh, f"`{facet.code}`", facet.define, problems, f"{facet.feasibility}", facet.remedy)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
