import numpy as np
import pytest
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.ranks import CLEAR, Evidence, Factors, evidence, order, simulate
from feedback_nlp.insight.shares import beta_prior, shrink

WEIGHTS = (0.5, 0.3, 0.2)


def make_evidence(counts, n_respondents, chance=0.9, rng=None):
    """Respondents who mention exactly one issue each, all equally harsh."""
    issue = np.repeat(np.arange(len(counts)), counts)
    chances = np.full(len(issue), chance) if rng is None else rng.uniform(0.6, 1.0, size=len(issue))
    sums = np.stack(
        [np.full(len(issue), 0.7), np.ones(len(issue)), np.zeros(len(issue)), np.ones(len(issue))]
    )
    unit = np.arange(len(issue))
    return Evidence(unit, issue, chances, sums, len(counts), len(issue), n_respondents - len(issue))


def make_factors(found, **changes):
    n = found.n_issues
    prior = beta_prior(found.counts, np.full(n, found.n_respondents))
    values = {
        "severity": np.full(n, 0.7),
        "fixed": np.zeros(n, dtype=bool),
        "importance": np.ones(n),
        "importance_draws": np.ones((0, n)),
        "share": shrink(found.counts, found.n_respondents, prior),
        "spread": np.ones(n),
        "feasibility": np.full(n, 0.6),
        "given": np.ones(n, dtype=bool),
        "band": np.zeros(n, dtype=bool),
        "other": np.zeros(n, dtype=bool),
        "prior": prior,
    }
    return Factors(**(values | changes))


def run(found, factors, draws=400, seed=0):
    ids = [f"i{k}" for k in range(found.n_issues)]
    rank = order(factors, WEIGHTS, ids)
    return rank, simulate(found, factors, weights=WEIGHTS, rank=rank, draws=draws, seed=seed)


def test_pairs_collect_what_a_customer_says():
    reviews = make_reviews(
        [
            {"review_id": "a", "customer": "甲", "fb_flags": ["loss", "safety"]},
            {"review_id": "b", "customer": "甲"},
            {"review_id": "c", "customer": "乙"},
            {"review_id": "d", "customer": None},
        ]
    )
    rows = [("a", -0.5, 0.5), ("a", -0.7, 0.6), ("b", -0.9, 0.8), ("d", -0.4, 0.9)]
    mentions = make_mentions(
        [{"review_id": i, "facet": "service.attitude", "polarity": p, "score": s} for i, p, s in rows]
    )
    facts = Facts.of(reviews, assign_by_facet(mentions, make_taxonomy())[0])
    found = evidence(facts, ["other:issue", "service.attitude:all"])
    assert (found.n_units, found.n_silent, found.n_respondents) == (2, 1, 3)
    assert found.counts.tolist() == [0, 2]
    # 甲: 1 − .5·.4·.2 = .96, harshness .5 + .7 + .9, 3 mentions, 1 concern flag (safety is none), 2 reviews.
    own = int(np.argmax(found.sums[1]))
    assert found.chance[own] == pytest.approx(0.96)
    assert found.sums[:, own] == pytest.approx([2.1, 3, 1, 2])
    assert found.chance[1 - own] == pytest.approx(0.9)


def test_ranks_follow_priority_with_the_safety_band_on_top():
    found = make_evidence([50, 20, 3], 400)
    factors = make_factors(found, band=np.array([False, False, True]))
    rank, drawn = run(found, factors)
    assert rank.tolist() == [2, 3, 1]
    assert drawn.low[2] == drawn.high[2] == 1
    # First among its own kind.
    assert drawn.p_first.tolist() == pytest.approx([1, 0, 1], abs=0.02)


def test_unsure_labels_do_not_shift_the_ranks():
    # 60 mentions at .55 against 50 at 1: without centring the first would fall behind in most draws.
    issue = np.repeat([0, 1], [60, 50])
    found = make_evidence([60, 50], 500)
    found = Evidence(found.unit, issue, np.where(issue == 0, 0.55, 1.0), found.sums, 2, 110, 390)
    _, drawn = run(found, make_factors(found), draws=1000)
    assert drawn.p_first[0] > 0.6


def test_unsure_labels_widen_the_intervals():
    counts, n = [3000, 2800, 2600, 2400], 100_000
    sure = run(make_evidence(counts, n, chance=1.0), make_factors(make_evidence(counts, n)))[1]
    unsure = run(make_evidence(counts, n, chance=0.5), make_factors(make_evidence(counts, n)))[1]
    assert unsure.p_first[0] < sure.p_first[0]


def test_simulated_ties_have_no_clear_first():
    rng = np.random.default_rng(6)
    clear = 0
    for trial in range(100):
        counts = rng.binomial(400, 0.1, size=2)
        found = make_evidence(counts, 400, rng=rng)
        clear += bool((run(found, make_factors(found), draws=200, seed=trial)[1].p_first >= CLEAR).any())
    assert clear <= 10


def test_a_real_lead_is_clear():
    found = make_evidence([120, 30, 25, 5], 500)
    rank, drawn = run(found, make_factors(found))
    assert rank.tolist() == [1, 2, 3, 4]
    assert drawn.p_first[0] > 0.99
    assert (drawn.low[0], drawn.high[0]) == (1, 1)
    assert drawn.low[1] == 2
    assert drawn.high[2] >= 3
    assert drawn.p_top3 == pytest.approx([1, 1, 1, 0], abs=0.05)


def test_open_feasibility_widens_the_band_but_not_the_chances():
    found = make_evidence([60, 40, 30], 500)
    given = run(found, make_factors(found))[1]
    open_ = run(found, make_factors(found, given=np.zeros(3, dtype=bool)))[1]
    assert (open_.high - open_.low).sum() > (given.high - given.low).sum()
    assert np.array_equal(open_.p_first, given.p_first)
    assert open_.p_first_open[0] < open_.p_first[0]
    assert np.array_equal(given.p_first_open, given.p_first)


def test_in_the_safety_band_too_what_has_a_name_comes_first():
    found = make_evidence([80, 10, 90], 500)
    band = np.array([True, True, False])
    rank, drawn = run(found, make_factors(found, band=band, other=np.array([True, False, False])))
    assert rank.tolist() == [2, 1, 3]
    assert (drawn.low.tolist(), drawn.high.tolist()) == ([2, 1, 3], [2, 1, 3])


def test_the_rest_of_a_facet_comes_after_named_issues():
    found = make_evidence([80, 40, 10], 500)
    rank, drawn = run(found, make_factors(found, other=np.array([True, False, False])))
    assert rank.tolist() == [3, 1, 2]
    assert drawn.low[0] == drawn.high[0] == 3
    assert drawn.p_first[1] > 0.9
    assert drawn.p_first[0] == 1


def test_uncertain_importance_is_drawn():
    found = make_evidence([50, 50], 500)
    swinging = np.array([[1.0, 0.1], [0.1, 1.0]])
    fixed = make_factors(found, importance=np.array([1.0, 0.1]))
    drawn = make_factors(found, importance=np.array([1.0, 0.1]), importance_draws=swinging)
    assert run(found, fixed)[1].p_first[0] > 0.95
    assert 0.3 < run(found, drawn)[1].p_first[0] < 0.7


def test_weights_of_zero_and_no_issues_work():
    found = make_evidence([5, 3], 50)
    factors = make_factors(found)
    rank = order(factors, (1.0, 0.0, 0.0), ["a", "b"])
    drawn = simulate(found, factors, weights=(1.0, 0.0, 0.0), rank=rank, draws=20)
    assert drawn.p_first.sum() == pytest.approx(1)
    none = evidence(Facts.of(make_reviews([]), make_mentions([])), [])
    empty = simulate(none, make_factors(none), weights=WEIGHTS, rank=np.zeros(0, dtype=np.int64))
    assert len(empty.low) == 0


def test_result_is_seeded_and_independent_of_row_order():
    reviews, mentions = make_file(150)
    filled, catalogue = assign_by_facet(mentions, make_taxonomy())
    ids = catalogue["issue_id"].to_pylist()
    rng = np.random.default_rng(0)
    one = evidence(Facts.of(reviews, filled), ids)
    other = evidence(
        Facts.of(
            reviews.take(rng.permutation(reviews.num_rows)), filled.take(rng.permutation(filled.num_rows))
        ),
        ids,
    )
    first, second = run(one, make_factors(one))[1], run(other, make_factors(other))[1]
    assert np.array_equal(first.p_first, second.p_first)
    assert np.array_equal(first.high, second.high)
    assert not np.array_equal(first.p_first, run(one, make_factors(one), seed=1)[1].p_first)
