import numpy as np
import pytest

from feedback_nlp.insight import nps


def test_nps_matches_hand_worked_example():
    # 5 promoters, 3 passives, 2 detractors: p = .5, d = .2, NPS = 30.
    # Variance (.7 − .09)/10 = .061, half = 1.96·.24698 = .48407.
    found = nps.nps([10, 9, 9, 10, 9, 7, 8, 8, 6, 0])
    assert found.value == pytest.approx(30)
    assert found.low == pytest.approx(-18.407, abs=0.01)
    assert found.high == pytest.approx(78.407, abs=0.01)
    assert found.n == 10


def test_nps_interval_covers_and_stays_on_the_scale():
    rng = np.random.default_rng(0)
    truth = 10.0  # 40 % promoters − 30 % detractors
    hits = 0
    for _ in range(400):
        found = nps.nps(rng.choice([3, 7, 10], size=120, p=[0.3, 0.3, 0.4]))
        hits += found.low <= truth <= found.high
    assert hits / 400 > 0.92
    assert nps.nps([10, 10, 0]).high == 100


@pytest.mark.parametrize(("answer", "value"), [(0, -100), (8, 0), (10, 100)])
def test_equal_answers_still_have_an_interval(answer, value):
    few, many = nps.nps([answer] * 3), nps.nps([answer] * 300)
    for found in (few, many):
        assert found.value == value
        assert -100 <= found.low <= value <= found.high <= 100
    assert few.high - few.low > 50 > 5 > many.high - many.low > 0


def test_interval_of_equal_answers_matches_hand_worked_example():
    # 50 detractors and Rocks's three more: p = .75/53, d = 50.75/53, p − d = −.94340;
    # variance (.97170 − .88999)/53 = .0015416, half = 1.96·.039263 = .076955.
    found = nps.nps([0] * 50)
    assert (found.value, found.low) == (-100, -100)
    assert found.high == pytest.approx(-86.644, abs=0.01)


def test_csat_is_the_top_forty_percent_of_the_scale():
    # 1–5: above 3.4, so 4 and 5; 1–10: above 6.4, so 7 to 10; 1–3: only 3; 0–100: above 60.
    assert nps.csat([1, 2, 3, 4, 5], (1, 5)).value == pytest.approx(0.4)
    assert nps.csat(list(range(1, 11)), (1, 10)).value == pytest.approx(0.4)
    assert nps.csat([1, 2, 3], (1, 3)).value == pytest.approx(1 / 3)
    assert nps.csat([60, 61], (0, 100)).value == pytest.approx(0.5)


def test_mean_matches_hand_worked_example():
    # 2, 4, 4, 6: mean 4, variance 8/3, half = 1.96·√(8/3/4) = 1.6003.
    found = nps.mean([2, 4, 4, 6, np.nan])
    assert (found.value, found.n) == (4, 4)
    assert found.high == pytest.approx(5.6003, abs=1e-3)
    assert nps.mean([2, 4, 6], [1, 2, 1]) == found
    assert nps.mean([3.0]) == (3.0, None, None, 1)


def test_satisfaction_without_answers_has_only_nulls():
    block = nps.satisfaction([np.nan], [np.nan])
    assert block["n_rating"] == block["n_nps"] == 0
    assert all(value is None for name, value in block.items() if not name.startswith("n_"))


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 5, 3], (1, 5)),
        ([2, 9], (1, 10)),
        ([0, 7], (0, 10)),
        ([55, 90], (0, 100)),
        ([-3], None),
        ([], None),
    ],
)
def test_scale_is_guessed_from_the_values(values, scale):
    assert nps.guess_scale(values) == scale


def test_given_scale_beats_the_guess():
    assert nps.satisfaction([4, 5], [np.nan] * 2, scale=(0, 10))["csat"] == 0
    assert nps.satisfaction([4, 5], [np.nan] * 2)["csat"] == 1
