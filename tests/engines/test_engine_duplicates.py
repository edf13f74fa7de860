"""Duplicates by hashes are those by texts, in one round or many, in a file or a pipe."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.engines import duplicates
from feedback_nlp.text.duplicates import exact

TEXT = st.sampled_from(
    ["物流太慢了等了十天还没到", "物流太慢了, 等了十天还没到。。", "不错", "", "客服态度很差再也不来了", None]
)
CUSTOMER = st.sampled_from(["甲", "乙", "", None])
ROWS = st.lists(st.tuples(TEXT, CUSTOMER, st.sampled_from(["ok", "default"])), max_size=40)


def parts_of(keys: pa.Array, size: int):  # type: ignore[no-untyped-def]
    return lambda: (keys.slice(at, size) for at in range(0, len(keys), size))


@given(ROWS, st.integers(1, 9), st.integers(1, 50))
def test_sources_are_those_of_the_texts(rows, size, most) -> None:
    texts, customers, statuses = ([row[i] for row in rows] for i in range(3))
    ids = [f"r{i}" for i in range(len(rows))]
    expected = exact(texts, ids, customers, statuses)
    keys = duplicates.keys(texts, customers, statuses)
    found = duplicates.sources(parts_of(keys, size), len(rows), most)
    assert [None if source < 0 else ids[source] for source in found.tolist()] == expected
    assert duplicates.n_repeated(parts_of(keys, size), len(rows), most) == sum(
        one is not None for one in expected
    )


@given(ROWS, st.integers(1, 9))
def test_a_pipe_finds_the_same(rows, size) -> None:
    texts, customers, statuses = ([row[i] for row in rows] for i in range(3))
    ids = [f"r{i}" for i in range(len(rows))]
    keys = duplicates.keys(texts, customers, statuses)
    seen = duplicates.Seen()
    found = [
        one
        for at in range(0, len(rows), size)
        for one in seen.duplicates(keys.slice(at, size), pa.array(ids[at : at + size])).to_pylist()
    ]
    assert found == exact(texts, ids, customers, statuses)


def test_keys_that_share_a_half_are_different() -> None:
    """Such hashes do not happen; the table must not count on it."""
    chance = random.Random(1)
    halves = [chance.randbytes(8) for _ in range(4)]
    raw = [chance.choice(halves) + chance.choice(halves) for _ in range(300)]
    keys = pa.array(raw, pa.binary(16))
    first: dict[bytes, int] = {}
    expected = [first.setdefault(key, row) for row, key in enumerate(raw)]
    found = duplicates.sources(parts_of(keys, 7), 300, 50)
    assert np.where(found < 0, np.arange(300), found).tolist() == expected
    seen = duplicates.Seen()
    ids = pa.array([str(row) for row in range(300)])
    piped = [
        name
        for at in range(0, 300, 7)
        for name in seen.duplicates(keys.slice(at, 7), ids.slice(at, 7)).to_pylist()
    ]
    assert [row if name is None else int(name) for row, name in enumerate(piped)] == expected


def test_customer_and_text_are_told_apart() -> None:
    keys = duplicates.keys(["物流", "流"], ["甲", "甲物"], ["ok", "ok"])
    assert keys[0] != keys[1]
    long_names = duplicates.keys(["物流"] * 2, ["x" * 100, "x" * 101], ["ok"] * 2)
    assert long_names[0] != long_names[1]


@pytest.mark.parametrize("n_rows", [0, 5])
def test_nothing_to_compare(n_rows) -> None:
    keys = pa.nulls(n_rows, pa.binary(16))
    assert duplicates.sources(parts_of(keys, 2), n_rows).tolist() == [-1] * n_rows
    assert duplicates.Seen().duplicates(keys, pa.nulls(n_rows, pa.string())).null_count == n_rows
