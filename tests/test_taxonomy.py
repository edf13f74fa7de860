"""The shipped taxonomy keeps what it promises; a user's own one is read or refused with a hint."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.errors import TaxonomyError
from feedback_nlp.schema import REMEDIES
from feedback_nlp.taxonomy import (
    GENERAL,
    REGEX_MARK,
    Change,
    Facet,
    Taxonomy,
    diff,
    load_taxonomy,
    shipped_names,
)

# The facet axis of every shipped model: changing it breaks them.
ELEMENTS = {
    "product": (
        "quality",
        "performance",
        "appearance",
        "taste",
        "size",
        "comfort",
        "content",
        "authenticity",
        "safety",
    ),
    "service": ("attitude", "efficiency", "competence", "access"),
    "after_sales": ("refund", "repair", "resolution"),
    "logistics": ("speed", "courier", "packaging", "accuracy"),
    "price": ("level", "value", "promotion", "billing"),
    "environment": ("hygiene", "facility", "atmosphere", "location"),
    "digital": ("usability", "ordering", "account"),
    "brand": ("honesty", "loyalty"),
    "overall": ("general",),
}
CODES = [f"{element}.{facet}" for element, facets in ELEMENTS.items() for facet in facets]
DEFAULT = load_taxonomy()
FACETS = pytest.mark.parametrize("facet", DEFAULT.facets, ids=lambda facet: facet.code)
HAN = re.compile("[\u4e00-\u9fff]")

SMALL = """
name = "own"
version = 3

[elements.menu]
zh = "菜品"
en = "Menu"

[elements.menu.facets.taste]
zh = "味道"
en = "Taste"
not = "分量归别处"
terms = ["味道", "口味", "味道"]
negative = ["难吃", "re:太(咸|淡)"]
feasibility = 4
remedy = "training"
action_zh = "试菜"
action_en = "Taste daily."
examples = [{ text = "太咸了", polarity = -1 }]

[[elements.menu.facets.taste.problems]]
code = "salty"
zh = "太咸"
en = "Too salty"
terms = ["咸"]
"""


def phrases(facet: Facet) -> list[str]:
    """Return every phrase of a facet, regular expressions after the mark."""
    marked = [REGEX_MARK + pattern for pattern in facet.patterns]
    named = [term for problem in facet.problems for term in problem.terms]
    return [*facet.terms, *facet.positive, *facet.negative, *named, *marked]


def test_facets_are_those_of_the_models() -> None:
    assert list(DEFAULT.codes) == CODES
    assert [DEFAULT.index[code] for code in CODES] == list(range(len(CODES)))
    assert [element.code for element in DEFAULT.elements] == list(ELEMENTS)
    assert len(CODES) == 34


def test_every_element_and_facet_has_names_in_both_languages() -> None:
    for item in (*DEFAULT.elements, *DEFAULT.facets):
        assert HAN.search(item.name("zh"))
        assert item.name("en")
        assert not HAN.search(item.name("en"))
        assert item.define


@FACETS
def test_a_facet_can_be_found(facet: Facet) -> None:
    assert len(facet.terms) + len(facet.patterns) >= 15
    assert len(facet.positive) >= 15
    assert len(facet.negative) >= 15


@FACETS
def test_examples_have_both_polarities(facet: Facet) -> None:
    assert len(facet.examples) >= 6
    assert {-1, 1} <= {example.polarity for example in facet.examples} <= {-1, 0, 1}
    texts = [example.text for example in facet.examples]
    assert len(set(texts)) == len(texts)


def test_no_example_is_shared() -> None:
    texts = [example.text for facet in DEFAULT.facets for example in facet.examples]
    assert len(set(texts)) == len(texts)


@FACETS
def test_remedies_and_actions(facet: Facet) -> None:
    assert facet.remedy in REMEDIES
    assert facet.feasibility in range(1, 6)
    assert HAN.search(facet.action("zh"))
    assert re.search("[a-z]", facet.action("en"))
    assert not HAN.search(facet.action("en"))


@FACETS
def test_named_problems(facet: Facet) -> None:
    if facet.code == GENERAL:
        assert facet.problems == ()
        return
    codes = [problem.code for problem in facet.problems]
    names = [problem.name("zh") for problem in facet.problems]
    assert len(codes) >= 5
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)
    for problem in facet.problems:
        assert problem.terms
        assert HAN.search(problem.zh)
        assert not HAN.search(problem.name("en"))
        # A name is a heading of the report, not a sentence.
        assert len(problem.zh) <= 20


@FACETS
def test_no_phrase_fixes_both_polarities(facet: Facet) -> None:
    assert not set(facet.positive) & set(facet.negative)


@FACETS
def test_phrases_are_in_normal_form(facet: Facet) -> None:
    for phrase in phrases(facet):
        assert phrase == phrase.strip()
        assert phrase == phrase.lower()
        # A plain phrase with the signs of a regular expression has lost its mark.
        assert phrase.startswith(REGEX_MARK) or not re.search(r"[\[\]{}|*?^$\\]", phrase), phrase
        assert not phrase.startswith(REGEX_MARK) or not re.fullmatch(phrase[len(REGEX_MARK) :], "")


@pytest.mark.parametrize(
    ("code", "text", "problem"),
    [
        ("after_sales.refund", "押金三个月了还不退", "押金定金不退"),
        ("after_sales.resolution", "商家和平台互相推诿", "推诿扯皮"),
        ("logistics.speed", "迟迟不发货", "发货慢、不发货"),
        ("logistics.packaging", "汤洒了一半", "洒漏"),
        ("price.promotion", "刚买完就降价", "买后降价不保价"),
        ("price.billing", "一直不开发票", "不开发票、发票拖延"),
        ("environment.atmosphere", "房间隔音太差", "隔音差"),
        ("environment.location", "根本没地方停车", "停车难"),
        ("digital.usability", "一打开就闪退", "App 闪退卡顿"),
        ("digital.account", "验证码收不到", "验证码收不到"),
    ],
)
def test_the_first_problem_that_matches_names_the_clause(code: str, text: str, problem: str) -> None:
    first = next(item for item in DEFAULT.facet(code).problems if any(matches(t, text) for t in item.terms))
    assert first.zh == problem


def matches(phrase: str, text: str) -> bool:
    if phrase.startswith(REGEX_MARK):
        return re.search(phrase[len(REGEX_MARK) :], text) is not None
    return phrase in text


@pytest.mark.parametrize(
    ("code", "positive", "negative"),
    [
        ("price.level", "价格便宜", "价格高"),
        ("price.value", "性价比高", "性价比低"),
        ("logistics.speed", "发货快", "发货慢"),
        ("environment.atmosphere", "隔音好", "隔音差"),
        ("environment.hygiene", "干净整洁", "脏乱差"),
    ],
)
def test_polarity_depends_on_the_subject(code: str, positive: str, negative: str) -> None:
    facet = DEFAULT.facet(code)
    assert any(matches(phrase, positive) for phrase in facet.positive)
    assert any(matches(phrase, negative) for phrase in facet.negative)
    assert not any(matches(phrase, positive) for phrase in facet.negative)
    assert not any(matches(phrase, negative) for phrase in facet.positive)


def test_own_taxonomy_is_read() -> None:
    own = Taxonomy.from_toml(SMALL)
    facet = own.facet("menu.taste")
    assert (own.name, own.version, own.codes) == ("own", 3, ("menu.taste",))
    assert (facet.element, facet.name(), facet.name("en"), facet.excludes) == (
        "menu",
        "味道",
        "Taste",
        "分量归别处",
    )
    assert facet.terms == ("味道", "口味"), "repeated phrases are kept once"
    assert facet.problems[0].name("en") == "Too salty"
    assert (facet.feasibility, facet.remedy, facet.examples[0].polarity) == (4, "training", -1)
    assert own.label("menu") == "菜品"
    assert own.label("menu.taste", "en") == "Taste"
    assert own.label("nothing.here") == "nothing.here"


def test_names_fall_back() -> None:
    own = Taxonomy.from_toml('[elements.menu]\nen = "Menu"\n[elements.menu.facets.taste]\nzh = "味道"\n')
    assert own.label("menu") == "Menu"
    assert own.facet("menu.taste").name("en") == "味道"


def test_shipped_by_name_and_as_itself() -> None:
    assert "default" in shipped_names()
    assert load_taxonomy("default") == DEFAULT
    assert load_taxonomy(DEFAULT) is DEFAULT


def test_file_with_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_taxonomy(path) == Taxonomy.from_toml(SMALL) == Taxonomy.from_toml("\ufeff" + SMALL)


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SMALL, encoding="utf-8")
    first = load_taxonomy(path)
    path.write_text(SMALL.replace("version = 3", "version = 4"), encoding="utf-8")
    assert (first.version, load_taxonomy(path).version) == (3, 4)


BAD = {
    "not toml": ("[elements", "不是有效的 TOML", "not valid TOML"),
    "empty": ("", "没有任何要素", "no elements"),
    "elements no table": ("elements = 1", "没有任何要素", "no elements"),
    "no facets": ('[elements.menu]\nzh = "菜品"', "menu 没有方面", "menu has no facets"),
    "facet no table": ("[elements.menu.facets]\ntaste = 1", "应是一张表", "must be a table"),
    "version": ('version = "a"' + SMALL.replace("version = 3", ""), "整数", "an integer"),
    "top key": ("author = 1" + SMALL, "不认识的键 author", "unknown keys author"),
    "element key": (SMALL.replace('zh = "菜品"', "colour = 1"), "不认识的键 colour", "unknown keys colour"),
    "facet key": (SMALL.replace("action_zh", "acton"), "不认识的键 acton", "unknown keys acton"),
    "element code": (SMALL.replace("elements.menu", "elements.Menu"), "小写英文字母", "lower-case"),
    "facet code": (SMALL.replace("facets.taste", "facets.1st"), "小写英文字母", "lower-case"),
    "name no text": (SMALL.replace('zh = "味道"', "zh = 1"), "字符串", "a string"),
    "feasibility 0": (SMALL.replace("= 4", "= 0"), "feasibility", "from 1 to 5"),
    "feasibility 6": (SMALL.replace("= 4", "= 6"), "feasibility", "from 1 to 5"),
    "feasibility true": (SMALL.replace("= 4", "= true"), "feasibility", "from 1 to 5"),
    "feasibility 2.0": (SMALL.replace("= 4", "= 2.0"), "feasibility", "from 1 to 5"),
    "remedy": (SMALL.replace('"training"', '"luck"'), "remedy", "one of process"),
    "terms text": (SMALL.replace('["咸"]', '"咸"'), "字符串的列表", "list of non-empty strings"),
    "terms number": (SMALL.replace('["咸"]', "5"), "字符串的列表", "list of non-empty strings"),
    "terms empty": (SMALL.replace('["咸"]', '[""]'), "字符串的列表", "list of non-empty strings"),
    "regex": (SMALL.replace("re:太(咸|淡)", "re:太(咸"), "正则", "bad pattern"),
    "pattern": (SMALL.replace("negative =", "patterns =").replace("难吃", "[难"), "正则", "bad pattern"),
    "polarity": (SMALL.replace("polarity = -1", "polarity = 2"), "examples", "polarity"),
    "polarity true": (SMALL.replace("polarity = -1", "polarity = true"), "examples", "polarity"),
    "examples": (SMALL.replace('[{ text = "太咸了", polarity = -1 }]', "1"), "列表", "a list"),
    "problem code": (SMALL.replace('code = "salty"', ""), "要有 code", "need code"),
    "problem key": (SMALL.replace('terms = ["咸"]', 'words = ["咸"]'), "键 words", "keys words"),
    "problem rest": (SMALL.replace('"salty"', '"other"'), "保留", "reserved"),
    "problem twice": (SMALL + SMALL[SMALL.index("\n[[") :], "重复的代码 salty", "repeat the code salty"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_taxonomy_says_where(name: str) -> None:
    text, zh, en = BAD[name]
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_toml(text, "own.toml")
    assert caught.value.exit_code == 2
    assert zh in caught.value.message("zh")
    assert en in caught.value.message("en")
    for lang in ("zh", "en"):
        assert "own.toml" in caught.value.message(lang)
        assert "feedback-nlp taxonomy check" in caught.value.message(lang)


@pytest.mark.parametrize("source", ["nowhere.toml", "a\0b", "."])
def test_a_missing_file_lists_the_shipped_names(source: str) -> None:
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(source)
    assert "default" in caught.value.hint.zh
    assert "default" in caught.value.hint.en


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(SMALL.encode("gb18030"))
    with pytest.raises(TaxonomyError, match="不是 UTF-8"):
        load_taxonomy(path)


def test_unknown_facet() -> None:
    with pytest.raises(TaxonomyError, match=r"product\.colour") as caught:
        DEFAULT.facet("product.colour")
    assert "taxonomy show" in caught.value.message("en")
    with pytest.raises(TaxonomyError):
        DEFAULT.facet("product")


def test_fingerprint_ignores_layout() -> None:
    laid_out = "# a comment\n" + SMALL.replace(" = ", "   =  ").replace('["咸"]', '[\n  "咸", # why\n]')
    assert Taxonomy.from_toml(laid_out).sha256 == Taxonomy.from_toml(SMALL).sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [("难吃", "难喝"), ("= 4", "= 3"), ("polarity = -1", "polarity = 0"), ('"咸"', '"盐"'), ("= 3", "= 5")],
)
def test_fingerprint_sees_content(old: str, new: str) -> None:
    assert Taxonomy.from_toml(SMALL.replace(old, new)).sha256 != Taxonomy.from_toml(SMALL).sha256


def test_fingerprint_sees_order() -> None:
    one = '[elements.a]\nzh = "甲"\n[elements.a.facets.b]\nzh = "乙"\n'
    two = '[elements.c]\nzh = "丙"\n[elements.c.facets.d]\nzh = "丁"\n'
    first, second = Taxonomy.from_toml(one + two), Taxonomy.from_toml(two + one)
    assert first.codes == second.codes[::-1]
    assert first.sha256 != second.sha256
    assert diff(first, second) == []


def test_diff() -> None:
    old = Taxonomy.from_toml(SMALL)
    new = Taxonomy.from_toml(
        SMALL.replace("难吃", "难喝").replace('zh = "菜品"', 'zh = "菜"')
        + '\n[elements.place]\nzh = "场地"\n[elements.place.facets.noise]\nzh = "吵"\n'
    )
    assert diff(old, new) == [
        Change("menu", "changed", ("zh",)),
        Change("menu.taste", "changed", ("negative",)),
        Change("place", "added"),
        Change("place.noise", "added"),
    ]
    back = {change.code: change.kind for change in diff(new, old)}
    assert back == {"menu": "changed", "menu.taste": "changed", "place": "removed", "place.noise": "removed"}
    assert diff(old, copy.deepcopy(old)) == []


def refusal(text: str) -> str:
    """Return the message with which a text is refused, empty if it is read."""
    try:
        Taxonomy.from_toml(text)
    except TaxonomyError as error:
        return error.message("en")
    return ""


@given(st.text(max_size=60))
def test_any_text_without_elements_is_refused(text: str) -> None:
    assert "Hint: " in refusal(text)


VALUES = (
    "1",
    "-1",
    "2.5",
    "true",
    '""',
    '"a"',
    "[]",
    "[1]",
    '["a"]',
    "{}",
    "{ a = 1 }",
    "[[]]",
    "1979-05-27",
)
KEYS = ("zh", "en", "define", "not", "terms", "patterns", "negative", "feasibility", "remedy", "action_zh")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", [*KEYS, "examples", "problems"])
def test_any_value_of_a_facet_is_read_or_refused_by_name(key: str, value: str) -> None:
    named = "" if key == "zh" else 'zh = "味道"\n'
    message = refusal(f'[elements.menu]\nzh = "菜品"\n[elements.menu.facets.taste]\n{named}{key} = {value}\n')
    assert message == "" or key in message
    assert message == "" or f"line {4 + bool(named)}" in message or "no name" in message
