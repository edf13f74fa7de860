import numpy as np
import pytest
from scored_files import make_taxonomy

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.priority import check_weights, feasibility, impact, priority, severity


def test_severity_matches_hand_worked_example():
    # .6·(1 + .25·.8) = .72; .9·(1 + .25·2) = 1.35, cut to 1.
    assert severity([0.6, 0.9], [0.8, 2]) == pytest.approx([0.72, 1.0])


def test_priority_matches_hand_worked_example():
    # .64^.5 · .125^.3 · .2^.2 = .8 · .53589 · .72478 = .31072
    assert priority(0.64, 0.125, 0.2, (0.5, 0.3, 0.2)) == pytest.approx(0.31072, abs=1e-5)
    assert impact(0.8, 0.5) == pytest.approx(0.4)


def test_nothing_can_be_bought_off():
    low = priority([1e-6], [1.0], [1.0], (0.5, 0.3, 0.2))
    assert low < priority([0.2], [0.2], [0.2], (0.5, 0.3, 0.2))


def test_weights_are_scaled_and_checked():
    assert check_weights([5, 3, 2]) == pytest.approx((0.5, 0.3, 0.2))
    for bad in ([1, 2], [0, 0, 0], [1, -1, 1], [float("nan"), 1, 1], [float("inf"), 1, 1]):
        with pytest.raises(ConfigError, match=r"0\.5,0\.3,0\.2"):
            check_weights(bad)


def test_feasibility_takes_the_closest_setting():
    ids = ["service.attitude:a", "service.attitude:b", "service.efficiency:c", "logistics.speed:d"]
    facets = [issue.partition(":")[0] for issue in ids]
    playbook = {"service.attitude:a": 5, "service.attitude": 1, "service": 2}
    level, given = feasibility(ids, facets, make_taxonomy(), playbook)
    # 5/5, 1/5, 2/5 and the taxonomy's default 3/5.
    assert level == pytest.approx([1.0, 0.2, 0.4, 0.6])
    assert given.tolist() == [True, True, True, False]
    assert not feasibility(ids, facets, make_taxonomy())[1].any()


@pytest.mark.parametrize("value", [0, 6, float("nan")])
def test_feasibility_outside_the_scale_is_refused(value):
    with pytest.raises(ConfigError, match="service"):
        feasibility([], [], make_taxonomy(), {"service": value})


def test_priority_does_not_depend_on_other_issues():
    alone = priority([0.3], [0.1], [0.6], (0.5, 0.3, 0.2))
    among = priority([0.3, 0.9, 1e-4], [0.1, 0.5, 1e-4], [0.6, 1, 0.2], (0.5, 0.3, 0.2))
    assert np.array_equal(alone, among[:1])
