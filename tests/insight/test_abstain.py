import pyarrow as pa

from feedback_nlp.insight.abstain import accepted_from


def test_below_the_accepted_confidence_a_person_looks() -> None:
    table = pa.table(
        {
            "fb_confidence": pa.array([0.9, 0.7, None], pa.float32()),
            "fb_needs_review": pa.array([True, False, False]),
        }
    )
    assert accepted_from(table, 0.8)["fb_needs_review"].to_pylist() == [False, True, False]
    assert accepted_from(table, None)["fb_needs_review"].to_pylist() == [True, True, False]
