"""What becomes of mentions when the taxonomy changes: every one is told once, and the totals reconcile."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.insight.facet_moves import Move, moves, totals

CODES = st.sampled_from(["a.x", "a.y", "b.x", "b.z", "c.w"])
SAID = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 2)),
    st.dictionaries(CODES, st.sampled_from(["negative", "neutral", "positive"]), min_size=1),
)


def test_worked_by_hand() -> None:
    old = {
        (0, 0): {"a.x": "negative", "b.x": "positive"},
        (0, 1): {"a.x": "negative"},
        (1, 0): {"c.w": "neutral"},
    }
    new = {
        (0, 0): {"a.y": "negative", "b.x": "negative"},
        (1, 0): {"a.x": "neutral", "c.w": "neutral"},
        (2, 0): {"b.z": "positive"},
    }
    found = moves(old, new)
    assert found == [
        Move(0, 0, "b.x", "b.x", turned=True),
        Move(0, 0, "a.x", "a.y"),
        Move(0, 1, "a.x", None),
        Move(1, 0, "c.w", "c.w"),
        Move(1, 0, None, "a.x"),
        Move(2, 0, None, "b.z"),
    ]
    facet = totals(found)["a.x"]
    assert (facet.old, facet.kept, facet.moved_out, facet.lost) == (2, 0, 1, 1)
    assert (facet.moved_in, facet.added, facet.new) == (0, 1, 1)
    assert facet.n_reviews == {0, 1}
    assert totals(found)["b.x"].turned == 1


def test_facets_of_one_element_are_matched_first() -> None:
    found = moves(
        {(0, 0): {"a.x": "negative", "b.x": "negative"}}, {(0, 0): {"a.y": "neutral", "b.z": "neutral"}}
    )
    assert {(move.old, move.new) for move in found} == {("a.x", "a.y"), ("b.x", "b.z")}


@given(SAID, SAID)
def test_totals_reconcile(old: dict, new: dict) -> None:
    found = moves(old, new)
    sums = totals(found)
    before = Counter(code for said in old.values() for code in said)
    after = Counter(code for said in new.values() for code in said)
    assert set(sums) == {*before, *after}
    for code, counted in sums.items():
        assert counted.old == before[code]
        assert counted.new == after[code]
    assert sum(c.moved_out for c in sums.values()) == sum(c.moved_in for c in sums.values())


@given(SAID)
def test_nothing_moves_between_the_same(said: dict) -> None:
    assert all(move.old == move.new and not move.turned for move in moves(said, said))


@given(SAID, SAID)
def test_there_and_back_is_the_same(old: dict, new: dict) -> None:
    one, other = totals(moves(old, new)), totals(moves(new, old))
    assert {code: (c.kept, c.moved_out, c.lost) for code, c in one.items()} == {
        code: (c.kept, c.moved_in, c.added) for code, c in other.items()
    }
