from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.insight.arrow_arrays import booleans, numbers, strings

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6)


@given(texts, st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20))
def test_strings_by_row(values, picked):
    rows = np.array([row % len(values) for row, _ in picked], dtype=np.int64)
    missing = np.array([gone for _, gone in picked], dtype=bool)
    found = strings(values, rows, missing)
    found.validate(full=True)
    wanted = [
        None if gone else values[row] for row, gone in zip(rows.tolist(), missing.tolist(), strict=True)
    ]
    assert found.equals(pa.array(wanted, pa.string()))
    assert strings(values, rows).to_pylist() == [values[row] for row in rows.tolist()]


def test_no_strings():
    assert strings([], np.zeros(0, dtype=np.int64)).equals(pa.array([], pa.string()))


def test_a_lone_surrogate_is_refused():
    with pytest.raises(UnicodeEncodeError):
        strings(["\ud800"], np.array([0]))


@given(st.lists(st.tuples(st.floats(width=32, allow_nan=False), st.booleans()), max_size=20))
def test_numbers_and_truth_values(pairs):
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    flags = np.array([flag for _, flag in pairs], dtype=bool)
    found = numbers(values, pa.float32(), flags)
    found.validate(full=True)
    assert found.equals(pa.array(values.astype(np.float32), mask=flags))
    assert booleans(flags).to_pylist() == flags.tolist()
