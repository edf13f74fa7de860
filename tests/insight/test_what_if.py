import numpy as np
import pytest
from scored_files import assign_by_facet, make_file, make_mentions, make_reviews, make_taxonomy

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.facts import Facts
from feedback_nlp.insight.what_if import changes, effects

CODES = {
    "element": ["product", "service", "logistics"],
    "facet": ["product.quality", "service.attitude", "logistics.speed"],
    "issue": ["logistics.speed:all", "service.attitude:all"],
}
FACETS = ["logistics.speed", "service.attitude"]


def make_facts(rows, facets, **columns):
    """One review per rating; ``facets`` gives what each blames."""
    reviews = [
        {"review_id": f"{k:04}", "rating": float(y), **{name: values[k] for name, values in columns.items()}}
        for k, y in enumerate(rows)
    ]
    said = [(f"{k:04}", facet, -0.8) for k, blamed in enumerate(facets) for facet in blamed]
    return Facts.of(make_reviews(reviews), assign_by_facet(make_mentions(said), make_taxonomy())[0])


def level(code):
    return "issue" if ":" in code else "facet" if "." in code else "element"


def one(found, code, outcome="rating", **options):
    (change,) = changes(found, level(code), [code], outcome=outcome, **options)
    return change


def test_matches_hand_worked_example():
    # 20 of 60 blame speed and give 2, the others 4 and 5 in turn (mean 4.5): penalty −2.5, p = 1/3.
    # Without the blame +2.5/3 = .8333, from 3.6667 to 4.5; with half of it +.4167.
    # CSAT (4 and more): 40/60, without the blame 1. NPS of 0 and 10: −100·20/60 + 100·40/60 = 33.3.
    rows = [2.0] * 20 + [4.0, 5.0] * 20
    facts = make_facts(rows, [["logistics.speed"]] * 20 + [[]] * 40, nps=[0.0] * 20 + [10.0] * 40)
    found = effects(facts, CODES, FACETS, scale=(1, 5), draws=20)
    for code in ("logistics", "logistics.speed", "logistics.speed:all"):
        change = one(found, code)
        assert (change.now, change.change, change.after) == pytest.approx((11 / 3, 2.5 / 3, 4.5), abs=1e-4)
        assert (change.n, change.n_blamed) == (60, 20)
        assert change.low <= change.change <= change.high
    assert one(found, "logistics", reduction=0.5).change == pytest.approx(2.5 / 6, abs=1e-4)
    assert one(found, "logistics", "csat").change == pytest.approx(1 / 3, abs=1e-4)
    assert one(found, "logistics", "nps").change == pytest.approx(200 / 3, abs=1e-2)


def test_interval_covers_the_planted_change():
    # Speed costs 1.2 stars in 20 % of the reviews, attitude .6 in 30 %, together more often than by chance.
    hits, trials = 0, 150
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        slow = rng.random(300) < 0.2
        rude = rng.random(300) < np.where(slow, 0.5, 0.25)
        y = 4.2 - 1.2 * slow - 0.6 * rude + rng.normal(0, 0.7, size=300)
        facets = [
            ["logistics.speed"] * int(s) + ["service.attitude"] * int(r)
            for s, r in zip(slow, rude, strict=True)
        ]
        facts = make_facts(y, facets)
        change = one(effects(facts, CODES, FACETS, scale=(1, 6), draws=100, seed=trial), "logistics.speed")
        hits += change.low <= 0.24 <= change.high
    assert hits / trials > 0.9


def test_blame_that_costs_nothing_promises_nothing():
    rng = np.random.default_rng(4)
    blamed = rng.random(400) < 0.3
    facts = make_facts(3 + rng.normal(size=400), [["logistics.speed"] * int(b) for b in blamed])
    change = one(effects(facts, CODES, FACETS, scale=(1, 5), draws=100), "logistics.speed")
    assert 0 <= change.low < 0.01
    assert change.change < 0.1


def test_several_codes_add_up_and_stay_on_the_scale():
    reviews, mentions = make_file(300)
    filled, catalogue = assign_by_facet(mentions, make_taxonomy())
    codes = CODES | {"issue": catalogue["issue_id"].to_pylist()}
    found = effects(Facts.of(reviews, filled), codes, catalogue["facet"].to_pylist(), draws=30)
    parts = [one(found, code).change for code in ("product", "service")]
    (both,) = changes(found, "element", ["product", "service"], outcome="rating")
    assert both.change == pytest.approx(sum(parts))
    assert both.n_blamed is None
    assert both.after <= 5
    issue = one(found, "service.attitude:all")
    assert issue.change == pytest.approx(one(found, "service.attitude").change, rel=0.05)


def test_what_cannot_be_told_says_why():
    rows, facets = [1.0, 3.0, 5.0] * 30, [["logistics.speed"], [], []] * 30
    assert changes(effects(make_facts(rows[:9], facets[:9]), CODES, FACETS), "element", ["logistics"])[
        0
    ].reason
    rare = one(effects(make_facts(rows, facets), CODES, FACETS, draws=5), "service.attitude")
    assert rare.change is None
    assert "service.attitude" in rare.reason.en
    same = effects(make_facts([4.0] * 90, facets), CODES, FACETS, draws=5)
    assert "the same" in one(same, "logistics").reason.en
    none = make_reviews([{"review_id": str(k)} for k in range(60)])
    bare = effects(Facts.of(none, make_mentions([])), CODES, FACETS)
    assert "no rating" in changes(bare, "element", ["logistics"])[0].reason.en
    grim = effects(make_facts(rows, facets, fb_label=["negative"] * 90), CODES, FACETS, draws=5)
    assert "complaints" in one(grim, "logistics").reason.en


@pytest.mark.parametrize(
    ("codes", "options"),
    [
        ([], {}),
        (["logistics"], {"reduction": 0}),
        (["logistics"], {"reduction": 1.5}),
        (["logistics"], {"reduction": float("nan")}),
        (["logistics"], {"outcome": "stars"}),
    ],
)
def test_questions_that_make_no_sense_are_refused(codes, options):
    with pytest.raises(ConfigError):
        changes((), "element", codes, **options)
