from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.caveats import caveats

FINE = {"negative_share": 0.5, "has_time": True, "other_share": 0.1, "n_shared": 0, "no_importance": None}


def told(n=500, **changes):
    return [warning.en for warning in caveats(n, **(FINE | changes))]


def test_a_fine_file_has_no_warning():
    assert told() == []


def test_each_warning_holds_alone():
    reason = Bilingual("没有评分。", "No rating.")
    cases = {
        "Only 99 reviews": told(99),
        "Nearly all": told(negative_share=0.95),
        "no time column": told(has_time=False),
        "makes up 16%": told(other_share=0.16),
        "3 rows share": told(n_shared=3),
        "taken as 1. No rating.": told(no_importance=reason),
    }
    for part, found in cases.items():
        assert len(found) == 1
        assert part in found[0]


def test_an_empty_file_is_not_called_complaints_only():
    assert [text[:6] for text in told(0, negative_share=1.0)] == ["Only 0"]
