"""The short summary."""

from __future__ import annotations

from feedback_nlp.report import markdown


def test_headline_table_and_base(summary: dict) -> None:
    text = markdown.render(summary)
    assert text.startswith("# 客户反馈：先改什么\n")
    for item in summary["headline"]["sentences"]:
        assert f"- **{item['lead']}**：" in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == 2 + min(markdown.N_ISSUES, len(summary["issues"]))
    assert all(line.count("|") == 7 for line in table)
    assert "依据 405 条" in text


def test_the_rest_is_counted(summary: dict) -> None:
    """Each group by its name: the sum of all three is a number that nothing else in a report says."""
    groups = ["listed"] * 13 + ["rare"] * 4 + ["unnamed"] * 2
    many = [{**summary["issues"][0], "issue_id": str(k), "group": name} for k, name in enumerate(groups)]
    said = markdown.render({**summary, "issues": many})
    assert "另有 3 个问题、4 个少见的问题、2 个方面没有归成问题的负面评价，见报告。" in said
    assert "另有" not in markdown.render({**summary, "issues": many[:10]})


def test_names_do_not_act_as_marks(summary: dict) -> None:
    odd = {**summary, "issues": [{**summary["issues"][0], "name": "a|b *c* <d>\n[e](f)"}]}
    text = markdown.render(odd)
    assert r"a\|b \*c\* \<d\> \[e\](f)" in text


def test_english(summary_en: dict) -> None:
    text = markdown.render(summary_en)
    assert "| Rank | Issue |" in text
    assert not any("\u4e00" <= mark <= "\u9fff" for mark in text)
