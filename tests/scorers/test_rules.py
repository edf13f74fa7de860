"""Rules: what was judged once is judged so again, and nothing else changes."""

import numpy as np
import pytest

from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.rules import Rule, RuledScorer, derive, load_rules, render
from feedback_nlp.text.clauses import cut

SPEED, SAFETY = "logistics.speed", "product.safety"


def review(text: str, *labels: tuple[int, str, int], reviewed=None) -> GoldReview:
    return GoldReview("1", text, clauses=tuple(cut(text)), labels=labels, reviewed=reviewed)


def test_long_clauses_are_rules_for_all_and_short_ones_for_their_review() -> None:
    one = review("包裹还在天上飞，很好", (0, SPEED, -1), (1, "overall.general", 1))
    first, second = derive([one])
    assert (first.review, first.labels) == (None, ((SPEED, -1),))
    assert second.review is not None


def test_a_clause_answered_in_two_ways_is_a_rule_for_each_review() -> None:
    rules = derive([review("等了整整一下午", (0, SPEED, -1)), review("哼！等了整整一下午", (1, SAFETY, -1))])
    kept = [rule for rule in rules if rule.labels]
    assert len({rule.review for rule in kept}) == 2
    assert None not in {rule.review for rule in kept}


def test_only_reviewed_clauses_make_rules() -> None:
    assert [rule.clause for rule in derive([review("包裹还在天上飞，很好", reviewed=(1,))])] == ["很好"]


def test_a_file_reads_back_as_it_was_written(tmp_path) -> None:
    rules = [
        Rule('他说"没事"\\', ((SPEED, -1), (SAFETY, 0)), by="review"),
        Rule("一句\x7f话", (), "ab12", "me"),
    ]
    path = tmp_path / "r.toml"
    path.write_text(render(rules, "my-model"), encoding="utf-8")
    assert load_rules(path) == ("my-model", rules)


def test_the_model_follows_them_whatever_the_punctuation(tmp_path) -> None:
    path = tmp_path / "rules.toml"
    rules = [Rule("快递在天上飞", ((SAFETY, 1),)), Rule("客服很好", ())]
    path.write_text(render(rules, "lexicon"), encoding="utf-8")
    base, ruled = load_model("lexicon"), load_model(path)
    texts = ["快递在“天上”飞！客服很好，物流太慢", "物流太慢"]
    before, after = base.predict(texts), ruled.predict(texts)
    facet = base.taxonomy_.index[SAFETY]
    assert after.clauses[0, facet].tolist() == [0, 0, 1]
    assert after.clauses[0].sum() == 1
    assert after.clauses[1].sum() == 0
    assert before.clauses[1].sum() > 0
    np.testing.assert_array_equal(before.clauses[2:], after.clauses[2:])
    np.testing.assert_array_equal(before.overall, after.overall)
    assert ruled.fingerprint() != base.fingerprint()


def test_a_rule_for_a_review_wins_over_one_for_all() -> None:
    here = "快递在天上飞，真行"
    own = Rule("快递在天上飞", ((SPEED, -1),), derive([review(here)])[1].review)
    ruled = RuledScorer(load_model("lexicon"), [own, Rule("快递在天上飞", ())])
    facet = ruled.taxonomy_.index[SPEED]
    found = ruled.predict([here, "快递在天上飞"]).clauses[:, facet, 0]
    assert found[[0, -1]].tolist() == [1.0, 0.0]


def test_workers_can_load_it_from_a_folder(tmp_path) -> None:
    ruled = RuledScorer(load_model("lexicon"), [Rule("快递在天上飞", ((SPEED, -1),))])
    again = RuledScorer.load(ruled.save(tmp_path / "m"))
    np.testing.assert_array_equal(
        ruled.predict(["快递在天上飞"]).clauses, again.predict(["快递在天上飞"]).clauses
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[rule]]\nclause = 1\nlabels = []", "第 1 条规则"),
        ('[[rule]]\nclause = "慢慢慢"\nlabels = [["logistics.speed", 2]]', "第 1 条规则"),
        ('[[rule]]\nclause = "，"\nlabels = []', "第 1 条规则"),
        ('[[rule]]\nclause = "慢慢慢"\nlabels = [["mood.joy", 1]]', "mood.joy"),
        ("rule = 3", r"没有 \[\[rule\]\]"),
        ("[[", "读不了"),
    ],
)
def test_bad_files_are_one_line(content: str, words: str, tmp_path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f'model = "lexicon"\n{content}\n', encoding="utf-8")
    with pytest.raises(ModelError, match=words):
        load_model(path)
