from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from feedback_nlp.errors import ModelError, TaxonomyError
from feedback_nlp.schema import FLAGS
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.lexicon_context import place, summarise, tone
from feedback_nlp.scorers.lexicon_files import taxonomy_toml
from feedback_nlp.scorers.lexicon_reading import Evidence, Level, Readings
from feedback_nlp.scorers.lexicon_tables import evidence_table, overall_probabilities
from feedback_nlp.scorers.lexicon_words import load_words, read_table
from feedback_nlp.taxonomy import Taxonomy
from feedback_nlp.text.clauses import from_spans


@pytest.fixture(scope="module")
def scorer():
    return LexiconScorer().fit()


def judged(scorer, text):
    """{facet: label} per clause, as mentions would have them."""
    result = []
    for row in scorer.predict([text]).clauses:
        scores = row.sum(axis=1)
        polarity = (row[:, 2] - row[:, 0]) / np.maximum(scores, 1e-9)
        found = np.flatnonzero(scores >= scorer.thresholds_)
        result.append(
            {
                scorer.taxonomy_.codes[facet]: int(polarity[facet] > 0.2) - int(polarity[facet] < -0.2)
                for facet in found.tolist()
            }
        )
    return result


@pytest.mark.parametrize(
    ("text", "facet", "polarity"),
    [
        ("价格高", "price.level", -1),
        ("价格却不低", "price.level", -1),
        ("不便宜", "price.level", -1),
        ("一点都不贵", "price.level", 1),
        ("性价比高", "price.value", 1),
        ("噪音有点大", "environment.atmosphere", -1),
        ("空间大", "product.size", 1),
        ("发货快", "logistics.speed", 1),
        ("耗电快", "product.performance", -1),
        ("没有异味", "environment.hygiene", 1),
        ("隔音不差", "environment.atmosphere", 1),
        ("隔音很差", "environment.atmosphere", -1),
        ("快递员态度很差", "logistics.courier", -1),
        ("如果服务好就更好了", "service.attitude", -1),
        ("等了一个小时才上菜", "service.efficiency", -1),
        ("口味一般", "product.taste", 0),
        ("口味真的很一般", "product.taste", -1),
        ("真的服务好差", "service.attitude", -1),
        ("没有上次效果好", "product.performance", -1),
        ("交通不是很方便", "environment.location", -1),
    ],
)
def test_polarity_by_what_it_is_said_of(scorer, text, facet, polarity):
    assert judged(scorer, text)[0][facet] == polarity


@pytest.mark.parametrize(
    ("text", "facet", "other"),
    [
        ("快递员态度很差", "logistics.courier", "service.attitude"),
        ("空调噪音有点大", "product.performance", "environment.atmosphere"),
        ("包装很精致", "logistics.packaging", "product.appearance"),
        ("手机运行速度很慢", "product.performance", "logistics.speed"),
    ],
)
def test_boundaries_of_the_guide(scorer, text, facet, other):
    found = judged(scorer, text)[0]
    assert facet in found
    assert other not in found


def test_subject_of_the_clause_before(scorer):
    assert judged(scorer, "价格，还可以") == [{}, {"price.level": 1}]
    assert judged(scorer, "快递，太慢了") == [{}, {"logistics.speed": -1}]


def test_opinion_without_subject_is_general(scorer):
    assert judged(scorer, "不错") == [{"overall.general": 1}]
    assert judged(scorer, "垃圾") == [{"overall.general": -1}]
    assert judged(scorer, "不是不好") == [{"overall.general": 1}]


@pytest.mark.parametrize("text", ["好不好", "质量好不好啊", "差价", "2024年3月5日"])
def test_questions_and_facts_judge_nothing(scorer, text):
    assert all(abs(polarity) < 1 for clause in judged(scorer, text) for polarity in clause.values())


def test_several_subjects_in_one_review(scorer):
    found = judged(scorer, "物流太慢了，客服倒是很耐心，退款拖了一周")
    assert found == [{"logistics.speed": -1}, {"service.attitude": 1}, {"after_sales.refund": -1}]


def test_irony_turns_praise(scorer):
    assert judged(scorer, "质量可真行")[0].get("product.quality", 0) <= 0


@pytest.mark.parametrize(
    ("text", "label"),
    [("味道很好，环境也不错，下次还来", 2), ("味道不错，但是服务太差了，再也不来了", 0), ("还行，一般般", 1)],
)
def test_overall(scorer, text, label):
    assert scorer.predict([text]).overall[0].argmax() == label


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("插座漏电，差点出事", "safety"),
        ("再不处理我就打12315", "legal"),
        ("以后再也不来了", "churn"),
        ("打了好几次电话都没人解决", "repeat"),
        ("重复扣费，多收了我200元", "loss"),
    ],
)
def test_flags(scorer, text, flag):
    raised = scorer.predict([text, "味道不错"]).flags >= scorer.flag_thresholds_
    assert raised[0, FLAGS.index(flag)]
    assert not raised[1].any()


MINE = """
name = "gym"
[elements.coach]
zh = "教练"
[elements.coach.facets.skill]
zh = "水平"
terms = ["教练"]
patterns = ["换了.{1,3}个教练"]
positive = ["教得好"]
negative = ["re:动作.{0,3}不纠正"]
"""


def test_own_taxonomy_works_at_once():
    scorer = LexiconScorer(Taxonomy.from_toml(MINE)).fit()
    assert judged(scorer, "教练很专业，动作也不纠正") == [{"coach.skill": 1}, {"coach.skill": -1}]
    assert judged(scorer, "不错") == [{}]
    assert scorer.predict(["不错"]).overall[0].argmax() == 2


def test_missing_taxonomy_is_told():
    with pytest.raises(TaxonomyError, match="nowhere"):
        LexiconScorer("nowhere.toml").fit()


def test_taxonomy_survives_the_folder(tmp_path):
    taxonomy = Taxonomy.load("default")
    assert Taxonomy.from_toml(taxonomy_toml(taxonomy)) == taxonomy
    own = LexiconScorer(Taxonomy.from_toml(MINE)).fit()
    assert LexiconScorer.load(own.save(tmp_path)).taxonomy_ == own.taxonomy_


def damage_text(folder):
    path = folder / "taxonomy.toml"
    path.write_text(path.read_text(encoding="utf-8") + "# x", encoding="utf-8")


def damage_kind(folder):
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "kind": "linear"}))


@pytest.mark.parametrize(
    "damage",
    [
        damage_text,
        damage_kind,
        lambda folder: (folder / "taxonomy.toml").unlink(),
        lambda folder: (folder / "model.json").write_text("{"),
        lambda folder: (folder / "model.json").write_text("[]"),
    ],
)
def test_damaged_folder_is_told(tmp_path, damage):
    folder = LexiconScorer(Taxonomy.from_toml(MINE)).fit().save(tmp_path)
    damage(folder)
    with pytest.raises(ModelError) as raised:
        LexiconScorer.load(folder)
    assert str(folder) in raised.value.message("en")


def test_word_lists_change_the_fingerprint(scorer):
    other = LexiconScorer(Taxonomy.from_toml(MINE)).fit()
    assert other.fingerprint() != scorer.fingerprint()
    changed = LexiconScorer().fit()
    changed.thresholds_ = changed.thresholds_ + 0.1
    assert changed.fingerprint() != scorer.fingerprint()


def test_tables_are_complete_and_probable():
    table = evidence_table()
    assert table.shape == (len(Level), 3, 3, 3)
    assert (table >= 0).all()
    assert (table.sum(axis=-1) <= 1).all()
    # Firm evidence outweighs weak evidence.
    assert table[Level.PHRASE, 0, 0].sum() > table[Level.OPINION, 0, 0].sum() > table[Level.TERM, 1, 0].sum()


def test_overall_follows_praise_and_blame():
    rows = overall_probabilities(np.array([[3.0, 0, 0, 0.7], [0, 3.0, 0, -0.7], [0, 0, 0, 0]]))
    assert rows.argmax(axis=1)[:2].tolist() == [2, 0]
    assert rows[2].tolist() == pytest.approx([1 / 3] * 3)


def reading(*evidence, free=np.nan, rest=0, bare=False, contrast=False, whole=False):
    return evidence, free, rest, bare, contrast, whole


def review_of(*clauses):
    """The readings of one review, and its clauses."""
    rows = [(row, *item) for row, (evidence, *_) in enumerate(clauses) for item in evidence]
    clause, facet, level, value = np.array(rows, dtype=float).reshape(-1, 4).T
    found = Evidence(clause.astype(np.int64), facet.astype(np.int64), level.astype(np.int64), value)
    columns = list(zip(*(rest for _, *rest in clauses), strict=True))
    kinds = (float, np.int64, bool, bool, bool)
    arrays = [np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
    return Readings(found, *arrays), from_spans([[(2 * row, 2 * row + 1) for row in range(len(clauses))]])


def placed(*clauses, general=9):
    """What stands in the last clause."""
    found = place(*review_of(*clauses), general)
    rows = zip(*(column.tolist() for column in found), strict=True)
    return [(facet, Level(level), value) for row, facet, level, value in rows if row == len(clauses) - 1]


def test_places_of_opinions_without_subject():
    named = reading((3, Level.TERM, 0.0))
    judging = reading((3, Level.PHRASE, 1.0))
    opinion = reading(free=-0.7)
    announcing = reading((3, Level.TERM, 0.0), bare=True)
    assert placed(announcing, opinion) == [(3, Level.ANNOUNCED, -0.7)]
    assert placed(named, opinion) == [(3, Level.INHERITED, -0.7)]
    assert placed(judging, opinion) == [(3, Level.FOLLOWING, -0.7), (9, Level.GENERAL_AFTER, -0.7)]
    assert placed(reading(), opinion) == [(9, Level.GENERAL_ALONE, -0.7)]
    assert placed(opinion) == [(9, Level.GENERAL_FIRST, -0.7)]
    assert placed(reading(free=-0.7, rest=5)) == [(9, Level.GENERAL_MIXED, -0.7)]
    assert placed(named, reading(free=-0.7, whole=True)) == [(9, Level.GENERAL_AFTER, -0.7)]
    assert placed(opinion, general=-1) == []


def test_an_announcement_yields_to_the_judgement():
    found = place(*review_of(reading((3, Level.TERM, 0.0), bare=True), reading(free=-0.7)), 9)
    assert found.level.tolist() == [Level.MODIFIER, Level.ANNOUNCED]


def test_later_and_contrasting_clauses_weigh_more():
    readings, clauses = review_of(reading(free=0.5), reading(free=-0.5, contrast=True))
    praise, blame, _, last = summarise(readings, place(readings, clauses, -1), clauses)[0]
    assert blame > praise > 0
    assert last == -0.5
    assert tone(np.array([[0.0, 2.0], [2.0, 0.1], [1.0, 1.0]])).tolist() == [-1, 1, 0]


def test_word_lists_hold_what_the_rules_need():
    words = load_words()
    assert words.conditioned["噪音", "大"] < 0 < words.conditioned["空间", "大"]
    assert words.conditioned["耗电", "快"] < 0 < words.conditioned["发货", "快"]
    assert set(words.flags) == set(FLAGS)
    pairs = [tuple(row) for row in read_table("flags")]
    assert len(pairs) == len(set(pairs))


def test_no_heavy_imports():
    code = (
        "import sys; from feedback_nlp.scorers.lexicon import LexiconScorer;"
        "LexiconScorer().fit().predict(['物流太慢了']);"
        "print([name for name in ('sklearn', 'pandas', 'pyarrow', 'torch', 'jieba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
