"""Weights are read as they were written, whether the archive is compressed or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feedback_nlp.scorers import persistence

ARRAYS = {
    "small": np.arange(-6, 6, dtype=np.int8).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "none": np.zeros((0, 5), dtype=np.uint32),
    "one": np.array(0.5, dtype=np.float32),
    "字": np.array([True, False]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed, None])
def test_arrays_come_back(tmp_path: Path, save) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "weights.npz"
    if save is None:
        persistence._write_npz(path, ARRAYS)
    else:
        save(path, **ARRAYS)
    found = persistence._read_npz(path.read_bytes())
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_compressed_they_come_back_from_a_smaller_file(tmp_path: Path) -> None:
    many = {"many": np.zeros((100, 100), dtype=np.int8)}
    for name, compressed in (("a", False), ("b", True)):
        persistence._write_npz(tmp_path / name, many, compressed=compressed)
    assert (tmp_path / "b").stat().st_size < (tmp_path / "a").stat().st_size / 10
    np.testing.assert_array_equal(persistence._read_npz((tmp_path / "b").read_bytes())["many"], many["many"])


def test_what_is_not_compressed_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    persistence._write_npz(path, ARRAYS)
    found = persistence._read_npz(path.read_bytes())
    assert not found["small"].flags.owndata
    assert not found["small"].flags.writeable


def test_equal_arrays_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        persistence._write_npz(tmp_path / name, ARRAYS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_pickle_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    np.savez(path, bad=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError):  # noqa: PT011 (NumPy's words)
        persistence._read_npz(path.read_bytes())
