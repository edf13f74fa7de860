"""A taxonomy file of one's own: what is taken over from another facet, and lines of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import TaxonomyError
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy
from feedback_nlp.taxonomy_source import Source, places

DEFAULT = load_taxonomy()

OWN = """# 我的体系
name = "own"
version = 2

[elements.menu]
zh = "菜品"

[elements.menu.facets.taste]
zh = "味道"
terms = [
    "锅气",  # 12 条
    "[不是表头]",
]
negative = ["没锅气"]

[[elements.menu.facets.taste.problems]]
code = "no_fire"
zh = "没锅气"

[elements.menu.facets.delivery]
zh = "送餐"
like = "default:logistics.speed"
terms = ["送餐柜"]
without = ["同城件"]
feasibility = 5
"""


def refused(text: str) -> TaxonomyError:
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_toml(text, "own.toml")
    return caught.value


def test_a_facet_takes_over_what_another_has() -> None:
    facet, source = Taxonomy.from_toml(OWN).facet("menu.delivery"), DEFAULT.facet("logistics.speed")
    assert facet.terms[0] == "送餐柜", "what the facet says itself goes first"
    assert set(facet.terms) == {"送餐柜", *source.terms} - {"同城件"}
    assert (facet.zh, facet.feasibility) == ("送餐", 5)
    assert (facet.en, facet.negative, facet.problems) == (source.en, source.negative, source.problems)
    assert facet.action() == source.action()


def test_a_facet_may_be_like_one_of_the_same_file() -> None:
    text = OWN + '\n[elements.menu.facets.late]\nzh = "送餐晚"\nlike = "menu.delivery"\n'
    own = Taxonomy.from_toml(text)
    assert own.facet("menu.late").terms == own.facet("menu.delivery").terms
    assert own.facet("menu.late").feasibility == 5


def test_own_problems_go_first_and_replace_those_of_the_same_code() -> None:
    code = DEFAULT.facet("logistics.speed").problems[0].code
    added = f'[[elements.menu.facets.delivery.problems]]\ncode = "{code}"\nzh = "我的叫法"\nterms = ["晚"]\n'
    problems = Taxonomy.from_toml(OWN + "\n" + added).facet("menu.delivery").problems
    assert problems[0].zh == "我的叫法"
    assert [problem.code for problem in problems].count(code) == 1
    assert len(problems) == len(DEFAULT.facet("logistics.speed").problems)


def like(first: str, second: str) -> str:
    return (
        '[elements.a]\nzh = "甲"\n'
        f'[elements.a.facets.b]\nzh = "乙"\nlike = "{first}"\n'
        f'[elements.a.facets.c]\nzh = "丙"\nlike = "{second}"\n'
    )


LIKE = {
    "circle": (like("a.c", "a.b"), 5, "a.b → a.c → a.b", "删掉圈里的一个 like"),
    "itself": (like("default:price.level", "a.c"), 8, "a.c → a.c", "删掉"),
    "nowhere": (like("a.x", "a.b"), 5, "找不到 a.x", "default:logistics.speed"),
    "no such shipped facet": (like("default:a.b", "a.b"), 5, "找不到 default:a.b", "写成 like"),
    "no such taxonomy": (like("mine:a.b", "a.b"), 5, "找不到 mine:a.b", "写成 like"),
    "no text": (OWN.replace('like = "default:logistics.speed"', "like = 3"), 22, "要有 like", "写成 like"),
    "unwanted is not there": (OWN.replace('["同城件"]', '["快弟"]'), 24, "快弟", "写成借来的原样"),
    "unwanted is no list": (OWN.replace('["同城件"]', '"同城件"'), 24, "without", "删掉它"),
    "without alone": (OWN.replace('like = "default:logistics.speed"\n', ""), 23, "要有 like", "写成 like"),
}


@pytest.mark.parametrize("case", LIKE)
def test_a_reference_that_leads_nowhere_says_line_and_remedy(case: str) -> None:
    text, line, fact, hint = LIKE[case]
    error = refused(text)
    assert f"own.toml 第 {line} 行：" in error.message()
    assert f"own.toml, line {line}:" in error.message("en")
    assert fact in error.fact.zh
    assert hint in error.hint.zh


WRONG = {
    "element twice": (
        OWN + '\n[elements.menu]\nzh = "菜"\n',
        27,
        "elements.menu 写了两次（先在第 5 行）",
        "换一个代码",
    ),
    "facet twice": (
        OWN + '\n[elements.menu.facets.taste]\nzh = "口味"\n',
        27,
        "elements.menu.facets.taste 写了两次（先在第 8 行）",
        "换一个代码",
    ),
    "key twice": (
        OWN.replace("feasibility", 'zh = "快"\nfeasibility'),
        25,
        "zh 写了两次（先在第 21 行）",
        "换一个",
    ),
    "element without a name": (OWN.replace('zh = "菜品"\n', ""), 5, "menu 没有名字", 'zh = "名字"'),
    "facet without a name": (OWN.replace('zh = "味道"\n', ""), 8, "menu.taste 没有名字", 'zh = "名字"'),
    "blank name": (OWN.replace('"味道"', '"  "'), 8, "menu.taste 没有名字", "加一行"),
    "unknown key": (OWN.replace("negative", "negativ"), 14, "不认识的键 negativ", "可以写的键：action_en"),
    "unknown top key": (OWN.replace("version", "edition"), 3, "不认识的键 edition", "version"),
    "bad value": (OWN.replace("= 5", '= "好改"'), 25, "feasibility 应为 1–5 的整数", "taxonomy check"),
    "bad version": (OWN.replace("= 2", "= 2.5"), 3, "version 应为整数", "taxonomy check"),
    "bad code": (OWN.replace("facets.taste", "facets.Taste"), 8, "小写英文", "taxonomy check"),
    "no facets": (OWN + '\n[elements.place]\nzh = "场地"\n', 27, "place 没有方面", "taxonomy check"),
    "problem without a name": (OWN.replace('zh = "没锅气"', ""), 16, "要有 code 和 zh", "taxonomy check"),
    "unfinished": (OWN.replace('"锅气",', '"锅气,'), 11, "不是有效的 TOML", "taxonomy check"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_says_line_and_remedy(case: str) -> None:
    text, line, fact, hint = WRONG[case]
    error = refused(text)
    assert f"第 {line} 行" in error.message() or f"line {line}" in error.fact.zh
    assert fact in error.fact.zh
    assert hint in error.hint.zh
    assert "\n" not in error.message("en")


def test_keys_and_headers_have_lines_and_values_do_not() -> None:
    text = 'a = """\n[no]\nb = 1\n"""\nc = [\n  "[x]", # ]\n  "d = 1",\n]\n["q.r".s]  # here\n"t u" = { v = 1 }\n'  # noqa: E501
    assert list(places(text)) == [(("a",), 1), (("c",), 5), (("q.r", "s"), 9), (("q.r", "s", "t u"), 10)]


@given(st.text(max_size=80))
def test_any_text_has_lines_in_order(text: str) -> None:
    lines = [line for _, line in places(text)]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


def test_a_place_that_is_not_written_is_that_of_what_holds_it() -> None:
    source = Source("own.toml", OWN)
    assert source.line("menu.taste.action_zh") == 8
    assert source.line("menu.zh") == 6
    assert source.line("elements.nothing") is None
    assert Source("no text").line("menu") is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('zh = "送餐"', 'zh = "味道"', 21, "menu.taste 和 menu.delivery 同名“味道”"),
        ('terms = ["送餐柜"]', "terms = [“送餐柜”]", 23, "英文的"),
        ('terms = ["送餐柜"]', 'terms = ["送餐柜"，"餐柜"]', 23, "英文的"),
        ('zh = "送餐"', "zh = 送餐", 21, "文字要加引号"),
    ],
)
def test_what_is_typed_wrong_most_often_is_told_by_its_line(
    old: str, new: str, line: int, words: str
) -> None:
    message = refused(OWN.replace(old, new)).message()
    assert f"第 {line} 行" in message
    assert words in message


def test_one_name_for_two_elements_or_problems() -> None:
    more = '\n[elements.food]\nzh = "菜品"\n[elements.food.facets.a]\nzh = "甲"\n'
    assert "menu 和 food 同名“菜品”" in refused(OWN + more).message()
    again = '\n[[elements.menu.facets.delivery.problems]]\ncode = "a"\nzh = "晚"\n'
    assert "a 和 b 同名“晚”" in refused(OWN + again + again.replace('"a"', '"b"')).message()


def test_another_encoding_says_how_to_save(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(OWN.encode("gb18030"))
    with pytest.raises(TaxonomyError, match="编码选 UTF-8"):
        load_taxonomy(path)
