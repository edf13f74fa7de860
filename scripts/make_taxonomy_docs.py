"""Write ``docs/taxonomy.md`` from the shipped taxonomy: ``python scripts/make_taxonomy_docs.py``."""

from __future__ import annotations

from pathlib import Path

from feedback_nlp.taxonomy import Facet, load_taxonomy

TARGET = Path(__file__).resolve().parent.parent / "docs" / "taxonomy.md"
INTRO = """# 分类体系

[文档目录](README.md)

由 `scripts/make_taxonomy_docs.py` 从 `feedback_nlp/resources/taxonomies/default.toml` 生成。

自己的体系：

```bash
feedback-nlp taxonomy init 我的体系.toml
feedback-nlp taxonomy check 我的体系.toml
feedback-nlp classify '排队太久了，护士很有耐心' --taxonomy 我的体系.toml --model lexicon
```

写了词就能用（`--model lexicon`）；`feedback-nlp taxonomy init --full` 从自带的完整体系改起。

从自己的数据起步，改好马上打分，看看挪动了什么：

```bash
feedback-nlp taxonomy init 提出的.toml --from-data 投诉.xlsx
feedback-nlp taxonomy check 提出的.toml
feedback-nlp taxonomy diff default 提出的.toml 投诉.xlsx
feedback-nlp analyze 投诉.xlsx --taxonomy 提出的.toml --model lexicon --out 我的报告 -q
```

- `--from-data` 不联网：列出这份数据说到的自带方面、各方面里新出现的词（带条数），和没有方面覆盖的抱怨里反复出现的词（归成新话题，
  名字取自其中的词）。每一处都有条数和一句例子作注释；它只是起点，请改名、合并、删除。
- `like = "default:logistics.speed"` 借来自带方面的全部词、问题和建议，自己写的排在前面；`without = ["…"]` 去掉不要的；
  也可以借同一文件里的方面。借成一圈、代码重复、没有名字、不认识的键，都说在第几行、怎么改。
- `version` 每改一次加一；模型和报告都记下版本和内容的指纹。`taxonomy diff 旧 新 数据` 逐句比较：不变、换了方面、少了、多了，
  合计对得上 `score` 的提及数；`-o 变了的.csv` 写出每一句。不给数据就只比体系本身。
- 修正教它：`review export 我的报告 -o 待复核.xlsx --taxonomy 提出的.toml` → 在 Excel 里改 →
  `review import 待复核.xlsx -o corrections.jsonl --taxonomy 提出的.toml` →
  `train --data corrections.jsonl --taxonomy 提出的.toml -o 我的模型`（至少 20 条评价）。
  `taxonomy diff 旧 新 数据 --new-model 我的模型` 比较时也可以用它。
- Python：`fn.propose_taxonomy(数据).to_toml()`、`fn.compare_taxonomies(旧, 新, 数据).facets`。

可行性 1 难改、5 好改，是没有人给出意见时的默认值。
补救类型：process 流程、training 培训、technology 技术、personalisation 个性化。

## In English
A taxonomy is one TOML file: elements, their facets, the terms that find them, named problems, how easy a fix
is. `taxonomy init` writes a start (`--from-data FILE` proposes one from your data), `check` names the line of
what is wrong, `diff` shows what moves. It works at once with `--model lexicon`. The shipped one follows;
`taxonomy show --lang en` has it in English.
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
