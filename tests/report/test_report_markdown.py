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
    many = {**summary, "issues": summary["issues"] * 3}
    assert f"另有 {len(many['issues']) - markdown.N_ISSUES} 个问题" in markdown.render(many)


def test_names_do_not_act_as_marks(summary: dict) -> None:
    odd = {**summary, "issues": [{**summary["issues"][0], "name": "a|b *c* <d>\n[e](f)"}]}
    text = markdown.render(odd)
    assert r"a\|b \*c\* \<d\> \[e\](f)" in text


def test_english(summary_en: dict) -> None:
    text = markdown.render(summary_en)
    assert "| Rank | Issue |" in text
    assert not any("\u4e00" <= mark <= "\u9fff" for mark in text)
