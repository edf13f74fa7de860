from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from feedback_nlp.errors import ModelError
from feedback_nlp.gold import GoldReview
from feedback_nlp.scorers import linear_overall
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.calibration import (
    best_threshold,
    calibration_error,
    platt,
    precision_threshold,
    shrunk_thresholds,
)
from feedback_nlp.scorers.hashing import SLOT_BITS, Vocabulary, ngram_slots
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.scorers.linear_calibration import flag_thresholds
from feedback_nlp.scorers.linear_heads import Settings
from feedback_nlp.scorers.linear_model import overall_seen, quantise, restore, softmax
from feedback_nlp.scorers.linear_overall import fit_overall, three_way
from feedback_nlp.scorers.linear_tone import learn_tone, silent
from feedback_nlp.scorers.targets import Judged
from feedback_nlp.scorers.training_data import fold_of, from_gold, without_overlap
from feedback_nlp.taxonomy import load_taxonomy
from feedback_nlp.text.clauses import cut_column, from_spans

SUBJECTS = ("房间", "味道", "快递", "屏幕", "空调", "书", "车", "菜")
PRAISE, BLAME = ["真好", "真不错", "很满意"], ["太差", "很糟糕", "真失望"]
HELD = ["物流太慢了，等了整整一个星期才到，客服也不理人", "很好"]


def test_held_out_texts_are_removed_even_when_edited():
    texts = [
        "物流太慢了!等了整整一个星期才到;客服也不理人。",  # punctuation only
        "物流太慢了，等了整整一个星期才到，客服也不理人，差评",  # a little more
        "等了整整一个星期才到，客服也不理人",  # a part
        "很好。",  # short: equal
        "很好吃",  # short: another text
        "房间干净，早餐丰富，下次还来",
        "房间干净早餐丰富下次还来！",  # repeats the one before
    ]
    kept = without_overlap(texts, HELD)
    assert kept.tolist() == [False, False, False, False, True, True, False]


def test_nothing_held_out_keeps_everything_once():
    assert without_overlap(["甲乙丙丁戊", "甲乙丙丁戊", ""], []).tolist() == [True, False, True]


@given(st.text(min_size=9, max_size=40).filter(lambda text: sum(c.isalnum() for c in text) >= 9))
@settings(max_examples=50, deadline=None)
def test_a_held_out_text_never_stays(text):
    assert not without_overlap([text, f"{text}，", f"“{text}”"], [text]).any()


def test_fold_ignores_punctuation():
    assert fold_of("物流慢，差评", 5) == fold_of("物流慢。差评!", 5)
    assert {fold_of(str(number), 5) for number in range(50)} == set(range(5))


def test_gold_as_arrays():
    taxonomy = load_taxonomy()
    review = GoldReview(
        "a",
        "物流慢，客服好",
        clauses=((0, 3), (4, 7)),
        labels=((0, "logistics.speed", -1), (1, "service.attitude", 1), (1, "mine.own", 1)),
        overall=-1,
        flags=("legal",),
    )
    examples = from_gold([review, GoldReview("b", "无")], taxonomy)
    assert examples.mention.sum() == 2
    assert examples.sides[1, taxonomy.index["service.attitude"], 2]
    assert examples.overall.tolist() == [0, 1]
    assert examples.flags.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_slots_are_of_clauses_alone():
    text = "物流慢，客服好"
    clauses = cut_column([text])
    rows, slots, count = ngram_slots([text], clauses)
    alone = ngram_slots(["客服好"], cut_column(["客服好"]))
    assert count == 2
    assert (rows == 1).sum() == len(alone.slot)
    np.testing.assert_array_equal(np.sort(slots[rows == 1]), np.sort(alone.slot))
    assert slots.min() >= 0
    assert slots.max() < 1 << SLOT_BITS


def test_slots_ignore_width_case_and_digits():
    def of(text):
        return ngram_slots([text], from_spans([[(0, len(text))]]))[1].tolist()

    assert of("ＡＢ３元") == of("ab7元")
    assert of("ab") != of("ba")


def test_tone_tells_praise_from_blame():
    texts = [f"{subject}{word}" for subject in SUBJECTS for word in PRAISE + BLAME]
    sides = [word in PRAISE for _ in SUBJECTS for word in PRAISE + BLAME]
    tone = learn_tone(texts, sides)
    new = ["客服真好，真不错", "太差，糟糕"]
    clauses = cut_column(new)
    sums = tone.sums(ngram_slots(new, clauses), Vocabulary(tone.slots))[:, 0]
    assert (sums[clauses.review == 0] > 0).all()
    assert (sums[clauses.review == 1] < 0).all()


def test_silent_tone_says_nothing():
    tone = silent()
    clauses = cut_column(["很好，很差"])
    assert not tone.sums(ngram_slots(["很好，很差"], clauses), Vocabulary(tone.slots))[:, 0].any()


def test_vocabulary_rows_are_sorted_and_distinct():
    texts = ["好好好好，慢", None, "好"]
    clauses = cut_column(texts)
    slots = np.unique(ngram_slots(texts, clauses)[1])
    matrix = Vocabulary(slots).matrix(texts, clauses)
    assert matrix.shape == (3, len(slots))
    assert set(matrix.data.tolist()) == {1.0}
    for row in range(3):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()


def test_quantised_weights_are_near_and_stable():
    weights = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    small, scale = quantise(weights)
    assert small.dtype == np.int8
    back = restore(small, scale)
    assert np.abs(back - weights).max() <= scale.max() / 2 + 1e-6
    again, _ = quantise(back)
    np.testing.assert_array_equal(again, small)


def test_platt_recovers_the_odds():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, 20000)
    truth = generator.random(20000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    slope, shift = platt(logits, truth, strength=1)
    assert slope == pytest.approx(0.5, abs=0.05)
    assert shift == pytest.approx(-1, abs=0.08)


def test_platt_finds_the_end_from_far_away():
    """Plain Newton steps run away here: the slope would end above 2,000."""
    generator = np.random.default_rng(0)
    unit = generator.normal(size=4000)
    truth = generator.random(4000) < 1 / (1 + np.exp(-(3 * unit - 3)))
    slope, shift = platt(0.1 * unit - 3.5, truth)
    assert 0 < slope < 40
    assert (1 / (1 + np.exp(-(slope * (0.1 * unit - 3.5) + shift)))).mean() == pytest.approx(
        truth.mean(), abs=0.02
    )


def test_platt_without_examples_is_the_prior():
    assert platt(np.zeros(0), np.zeros(0, bool), prior=(0.7, -2.0)) == pytest.approx((0.7, -2.0))


def test_best_threshold_splits_clean_scores():
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    truth = np.array([False, False, True, True])
    assert 0.2 < best_threshold(scores, truth) < 0.8


def test_rare_columns_keep_near_the_common_threshold():
    generator = np.random.default_rng(0)
    scores = generator.random((400, 2))
    truth = scores > 0.7
    truth[:, 1] = False
    truth[:2, 1] = True
    thresholds = shrunk_thresholds(scores, truth, common=0.4)
    assert abs(thresholds[0] - 0.7) < 0.1
    assert abs(thresholds[1] - 0.4) < 0.05


def test_precision_threshold():
    scores = np.linspace(0, 1, 100)
    truth = scores > 0.5
    threshold = precision_threshold(scores, truth, 0.9)
    assert truth[scores >= threshold].mean() >= 0.9
    assert precision_threshold(scores, np.zeros(100, bool), 0.9, fallback=0.95) == 0.95


def test_calibration_error():
    assert calibration_error(np.full(10, 0.8), np.arange(10) < 8) == pytest.approx(0)
    assert calibration_error(np.full(10, 0.8), np.zeros(10, bool)) == pytest.approx(0.8)


def simple_reviews(count: int = 60) -> list[GoldReview]:
    codes = load_taxonomy().codes
    return [
        GoldReview(
            str(number),
            f"{SUBJECTS[number % 8]}{(PRAISE if number % 2 else BLAME)[number % 3]}，第{number}次来",
            clauses=((0, 4), (5, 9)),
            labels=((0, codes[number % 8], 1 if number % 2 else -1),),
            overall=1 if number % 2 else -1,
        )
        for number in range(count)
    ]


def test_folds_in_processes_learn_the_same():
    examples = from_gold(simple_reviews(), load_taxonomy(), folds=3)
    one, two = (LinearScorer(settings=Settings(folds=3, jobs=jobs)).fit(examples) for jobs in (1, 2))
    assert one.fingerprint() == two.fingerprint()
    assert one.out_of_fold_.clauses.tobytes() == two.out_of_fold_.clauses.tobytes()


def test_another_judge_teaches_what_no_label_says():
    """Nobody has labelled a facet of 月亮; a judge of texts without labels is nearly sure of one."""
    taxonomy = load_taxonomy()
    place = len(taxonomy.codes) - 1
    texts = tuple(f"月亮{(PRAISE + BLAME)[number % 6]}，第{number}次来" for number in range(60))
    clauses = cut_column(texts)
    sides = np.zeros((len(clauses), len(taxonomy.codes), 3), np.float32)
    positive = np.array([number % 6 < 3 for number in clauses.review])
    first = clauses.index == 0
    sides[first & positive, place, 2] = sides[first & ~positive, place, 0] = 0.95
    overall = np.where(np.arange(60)[:, None] % 6 < 3, [[0.05, 0.05, 0.9]], [[0.9, 0.05, 0.05]])
    found = Prediction(sides, overall.astype(np.float32), np.zeros((60, 5), np.float32))
    examples = from_gold(simple_reviews(), taxonomy, folds=3)
    settings = Settings(folds=3, least=1, judged_weight=1.0)
    plain = LinearScorer(settings=settings).fit(examples)
    taught = LinearScorer(settings=settings, judged=Judged(texts, clauses, found)).fit(examples)
    before, after = (scorer.predict(["月亮真不错"]).clauses[0, place] for scorer in (plain, taught))
    assert after.sum() > before.sum() + 0.2
    assert after.argmax() == 2
    # What was judged is learnt from, never judged out of fold or calibrated on.
    assert len(taught.out_of_fold_.overall) == len(examples)


def test_what_nobody_has_labelled_is_not_found():
    taxonomy = load_taxonomy()
    examples = from_gold(simple_reviews(), taxonomy, folds=3)
    mention = examples.mention.copy()
    mention[:, -1] = -1
    partial = replace(examples, mention=mention, flags=np.full_like(examples.flags, -1))
    scorer = LinearScorer(settings=Settings(folds=3)).fit(partial)
    found = scorer.predict([review.text for review in simple_reviews()])
    assert found.clauses[:, -1].sum(axis=1).max() < 0.05
    assert not (found.flags >= scorer.flag_thresholds_).any()


def test_flags_are_raised_by_what_is_known():
    random = np.random.default_rng(0)
    flags = (random.random((400, 5)) < 0.3).astype(np.int8)
    scores = np.clip(flags * 0.5 + random.random((400, 5)) * 0.4, 0, 1)
    hidden = np.where(np.arange(400)[:, None] < 200, flags, -1).astype(np.int8)
    assert flag_thresholds(scores, hidden) == pytest.approx(flag_thresholds(scores[:200], flags[:200]))
    assert (flag_thresholds(scores, np.full_like(flags, -1)) == 0.5).all()
    assert (flag_thresholds(scores, np.zeros_like(flags)) == 0.5).all()
    assert (flag_thresholds(scores * 0.01, flags) >= 0.2).all()


def test_how_sure_to_be_is_learnt_from_other_folds():
    """Features that say nothing: a layer is sure of the texts it has learnt from, and wrong about others."""
    count = 600
    random = np.random.default_rng(0)
    features = random.normal(size=(count, 60)).astype(np.float32)
    examples = from_gold(simple_reviews(count), load_taxonomy(), folds=3)
    examples = replace(examples, overall=random.integers(0, 3, count).astype(np.int8))
    every = np.ones(count, dtype=bool)
    plain, _ = three_way(features, examples.overall)
    found, shares = fit_overall(features, examples, every, every)
    np.testing.assert_allclose(found["overall_weights"], plain * 0.7, rtol=1e-5)
    assert shares.max() < 0.9
    outside = replace(examples, fold=np.where(np.arange(count) < 20, -1, examples.fold))
    _, shares = fit_overall(features, outside, outside.fold >= 0, np.arange(count) < 560)
    np.testing.assert_array_equal(shares[:20], np.float32(1 / 3))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    few = np.arange(count) < 400
    found, shares = fit_overall(features, examples, every, few)
    np.testing.assert_array_equal(found["overall_weights"], plain)
    assert shares is None


def test_hidden_units_learn_what_no_weighted_sum_can(monkeypatch):
    """The label hangs on how far a feature is from nought: with few texts that stays unknown."""
    monkeypatch.setattr(linear_overall, "LEAST_HIDDEN", 1000)
    monkeypatch.setattr(linear_overall, "DECAY", 2.0)
    monkeypatch.setattr(linear_overall, "STEPS", 60)
    random = np.random.default_rng(0)
    count = 2400
    features = random.normal(size=(count, 3)).astype(np.float32) * np.array([1, 5, 1], np.float32)
    truth = np.digitize(np.abs(features[:, 0]), (0.5, 1.2)).astype(np.int8)
    few = from_gold(simple_reviews(6), load_taxonomy(), folds=3)
    examples = replace(few, overall=truth, fold=(np.arange(count) % 2).astype(np.int8))
    every = np.ones(count, dtype=bool)
    with threadpool_limits(1):
        fit, shares = fit_overall(features, examples, every, every)
        again, _ = fit_overall(features, examples, every, every)
    assert all(np.array_equal(fit[name], again[name]) for name in fit)
    some = np.arange(count) < 900
    plain, guessed = fit_overall(features, examples, some, every)
    assert set(plain) == {"overall_weights", "overall_bias"}
    assert set(fit) == {*plain, "overall_hidden", "overall_hidden_bias"}
    for layers, judged, least, most in ((fit, shares, 0.85, 1.0), (plain, guessed, 0.0, 0.6)):
        seen = overall_seen(features[some], layers)
        found = softmax(seen @ layers["overall_weights"] + layers["overall_bias"])
        for probability in (found, judged[some]):
            assert least < (probability.argmax(axis=1) == truth[some]).mean() <= most


def test_texts_that_share_nothing_are_told_in_one_line():
    texts = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"
    reviews = [
        GoldReview(str(at), char, clauses=((0, 1),), labels=(), overall=0) for at, char in enumerate(texts)
    ]
    with pytest.raises(ModelError, match="没有一个片段"):
        LinearScorer(settings=Settings(least=100)).fit(reviews)
