"""Compiled loops against the NumPy code beside which they stand: the same bits."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feedback_nlp import gold, kernels
from feedback_nlp.catalog import corpus_names, corpus_path
from feedback_nlp.engines.local import score_batch
from feedback_nlp.pipeline.files import score_file
from feedback_nlp.scorers import load_model
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.lexicon import LexiconScorer
from feedback_nlp.scorers.linear import LinearScorer
from feedback_nlp.text.clauses import cut
from feedback_nlp.text.terms import TermMatcher

pytest.importorskip("numba")

ODD = [
    None,
    "",
    "。",
    "！！！",
    "好",
    "\x02\x03a",
    "\ud800坏",
    "👍👍",
    "０１２３ ABC abc",
    "很" * 5_000,
    "好不好，" * 500,
    "a\nb\r\nc\td",
    "\U0010ffff\U0001f600",
    "第3次买了，10分钟就送到了，1,299元",
]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_STATE", kernels._State())
    monkeypatch.setenv(kernels.VARIABLE, "1")
    assert kernels.prepare(1)


def both(call, monkeypatch: pytest.MonkeyPatch):
    """Return what a call gives without compiled loops, and with them."""
    monkeypatch.setenv(kernels.VARIABLE, "0")
    plain = call()
    monkeypatch.setenv(kernels.VARIABLE, "1")
    return plain, call()


def same(left: Prediction, right: Prediction) -> bool:
    return all(
        np.array_equal(getattr(left, name).view(np.uint32), getattr(right, name).view(np.uint32))
        for name in ("clauses", "overall", "flags")
    )


@pytest.fixture(scope="module")
def scorer() -> LinearScorer:
    found = load_model("linear")
    assert isinstance(found, LinearScorer)
    return found


@pytest.fixture(scope="module")
def written() -> list[str]:
    """Texts of the corpora, save the one kept unseen."""
    names = [name for name in corpus_names() if name != "demo"]
    return [review.text for name in names for review in gold.read(corpus_path(name))]


def muddled(texts: list[str], count: int, seed: int) -> list[str]:
    """Texts put together from pieces of others, and from characters of every kind."""
    chance = random.Random(seed)
    signs = "，。！？；…~ \n0123456789.,ＡＢabc👍的不没好差了\x02\x00\u3000"
    result = []
    for _ in range(count):
        parts = []
        for _ in range(chance.randint(1, 6)):
            text = chance.choice(texts)
            first = chance.randrange(len(text))
            parts.append(text[first : first + chance.randint(1, 15)])
            parts.append("".join(chance.choices(signs, k=chance.randint(0, 3))))
        result.append("".join(parts))
    return result


@pytest.mark.usefixtures("compiled")
class TestSameBits:
    def test_written_texts(self, scorer, written, monkeypatch) -> None:
        assert same(*both(lambda: scorer.predict(written), monkeypatch))

    @pytest.mark.parametrize("seed", range(3))
    def test_muddled_texts(self, scorer, written, seed, monkeypatch) -> None:
        texts = muddled(written, 1_000, seed)
        assert same(*both(lambda: scorer.predict(texts), monkeypatch))

    def test_odd_texts(self, scorer, monkeypatch) -> None:
        assert same(*both(lambda: scorer.predict(ODD * 5), monkeypatch))

    def test_clauses_of_hundreds_of_grams(self, scorer, written, monkeypatch) -> None:
        """Their sums leave sixteen bits; the clauses behind them are short again."""
        letters = [char for text in written[:200] for char in text if char.isalnum() and char not in "但而就"]
        whole = "".join(letters)
        texts = [whole[at : at + size] for size in (300, 700, 3_000) for at in (0, 500, 900)]
        assert max(end - start for text in texts for start, end in cut(text)) > 250
        texts = [text for long in texts for text in (long, *written[:8])]
        assert same(*both(lambda: scorer.predict(texts), monkeypatch))

    def test_nothing_to_read(self, scorer, monkeypatch) -> None:
        assert same(*both(lambda: scorer.predict([None] * 100), monkeypatch))
        assert same(*both(lambda: scorer.predict([]), monkeypatch))

    def test_a_review_alone_and_among_others(self, scorer, written) -> None:
        texts = written[:200]
        whole = scorer.predict(texts)
        for row in range(0, 200, 40):
            alone = scorer.predict([texts[row]])
            assert np.array_equal(alone.overall[0].view(np.uint32), whole.overall[row].view(np.uint32))

    def test_lexicon(self, written, monkeypatch) -> None:
        lexicon = LexiconScorer().fit()
        assert same(*both(lambda: lexicon.predict(written[:800]), monkeypatch))

    def test_tables(self, scorer, written, monkeypatch) -> None:
        texts = [*written[:500], *[text for text in ODD if text != "\ud800坏"], *written[:50]]
        ids = [str(number) for number in range(len(texts))]
        (mentions, scored), (quick_mentions, quick_scored) = both(
            lambda: score_batch(ids, texts, scorer), monkeypatch
        )
        assert mentions.equals(quick_mentions)
        assert scored.equals(quick_scored)

    def test_adapted_model(self, scorer, written, monkeypatch) -> None:
        """Weights in full precision, as learning leaves them, are laid out too."""
        from feedback_nlp.scorers.linear_model import LinearWeights

        known = scorer.weights_
        weights = LinearWeights(known.slots, known.short, known.weights * 1.5, known.bias, known.calibration)
        other = scorer.with_weights(weights)
        assert same(*both(lambda: other.predict(written[:300]), monkeypatch))

    @pytest.mark.parametrize("n_hidden", [0, 1, 16])
    def test_overall_layer_with_hidden_units_and_without(
        self, scorer, written, n_hidden, monkeypatch
    ) -> None:
        from dataclasses import replace

        known, draws = scorer.weights_, np.random.default_rng(n_hidden)
        names = ("overall_hidden", "overall_hidden_bias", "overall_weights", "overall_bias")
        shapes = [(19, n_hidden), (n_hidden,), (n_hidden or 19, 3), (3,)]
        drawn = {
            name: draws.normal(size=of).astype(np.float32) for name, of in zip(names, shapes, strict=True)
        }
        kept = {name: value for name, value in known.calibration.items() if name not in names}
        fit = kept | {name: value for name, value in drawn.items() if n_hidden or "hidden" not in name}
        other = scorer.with_weights(replace(known, calibration=fit))
        assert same(*both(lambda: other.predict(written[:300]), monkeypatch))
        assert len(np.unique(other.predict(written[:300]).overall)) > 1


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("jobs", [1, 2])
def test_files_with_the_same_bytes(scorer, written, jobs, monkeypatch, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [*muddled(written, 400, 9), None, "", "坏\0了", *written[:60], *written[:30]]
    pq.write_table(pa.table({"text": texts}), tmp_path / "in.parquet")

    def run() -> tuple[bytes, bytes]:
        outputs = tmp_path / "o.parquet", tmp_path / "m.parquet"
        score_file(tmp_path / "in.parquet", *outputs, model=scorer, jobs=jobs, batch_rows=128, force=True)
        return outputs[0].read_bytes(), outputs[1].read_bytes()

    plain, quick = both(run, monkeypatch)
    assert plain == quick


@pytest.mark.usefixtures("compiled")
class TestTerms:
    PHRASES = (
        "好",
        "不好",
        "好不好",
        "re:不.{0,2}好",
        "re:(很|太)慢",
        "re:.",
        "慢",
        "",
        "re:^好",
        "慢",
        "re:差$",
    )

    @pytest.mark.parametrize("seed", range(3))
    def test_random_texts(self, seed, monkeypatch) -> None:
        chance = random.Random(seed)
        texts = ["".join(chance.choices("好不很太慢差x", k=chance.randint(0, 12))) for _ in range(300)]
        matcher = TermMatcher(self.PHRASES)
        plain, quick = both(lambda: matcher.find_column(texts), monkeypatch)
        assert len(plain.doc) > 1_000
        for left, right in zip(plain, quick, strict=True):
            assert np.array_equal(left, right)
            assert left.dtype == right.dtype

    def test_more_matches_than_room(self, monkeypatch) -> None:
        phrases = ["好" * size for size in range(1, 40)]
        plain, quick = both(lambda: TermMatcher(phrases).find_column(["好" * 60] * 80), monkeypatch)
        assert len(plain.doc) > 60 * 80
        assert all(np.array_equal(left, right) for left, right in zip(plain, quick, strict=True))


class TestWhenTheyAreUsed:
    @pytest.fixture
    def state(self, monkeypatch) -> kernels._State:
        monkeypatch.delenv(kernels.VARIABLE, raising=False)
        state = kernels._State()
        monkeypatch.setattr(kernels, "_STATE", state)
        monkeypatch.setattr(kernels, "_turn_on", lambda: setattr(state, "on", True))
        return state

    @pytest.mark.parametrize(
        ("n_reviews", "before", "on"),
        [
            (1, True, False),
            (19_999, True, False),
            (20_000, True, True),
            (20_000, False, False),
            (200_000, False, True),
            (None, True, False),
        ],
    )
    def test_by_the_size_of_the_job(self, state, monkeypatch, n_reviews, before, on) -> None:
        monkeypatch.setattr(kernels, "compiled_before", lambda: before)
        assert kernels.prepare(n_reviews) is on
        assert state.on is on

    def test_after_many_small_batches(self, state, monkeypatch) -> None:
        monkeypatch.setattr(kernels, "compiled_before", lambda: True)
        for _ in range(9):
            kernels.count(2_000)
        assert not state.on
        kernels.count(2_000)
        assert state.on

    def test_never_compiled_in_the_middle_of_small_batches(self, state, monkeypatch) -> None:
        monkeypatch.setattr(kernels, "compiled_before", lambda: False)
        kernels.count(10_000_000)
        assert not state.on

    @pytest.mark.parametrize(("wanted", "on"), [("0", False), ("1", True)])
    def test_as_asked_for(self, state, monkeypatch, wanted, on) -> None:
        monkeypatch.setenv(kernels.VARIABLE, wanted)
        assert kernels.prepare(1 if on else 10_000_000) is on

    def test_not_without_numba(self, state, monkeypatch) -> None:
        monkeypatch.setenv(kernels.VARIABLE, "1")
        monkeypatch.setattr(kernels, "available", lambda: False)
        assert not kernels.prepare(10_000_000)
        assert not state.on

    def test_not_with_a_numba_that_does_not_fit(self, monkeypatch) -> None:
        state = kernels._State()
        monkeypatch.setattr(kernels, "_STATE", state)
        monkeypatch.setenv(kernels.VARIABLE, "1")

        def fails(place: Path) -> None:
            raise ImportError("Numba needs NumPy 9.9 or less")

        monkeypatch.setattr(kernels, "_load", fails)
        assert not kernels.prepare(1)
        kernels.count(10_000_000)
        assert not state.on
        assert not kernels.active()

    def test_one_text_never_imports_numba(self) -> None:
        code = "import sys, feedback_nlp; feedback_nlp.classify('物流太慢了'); print('numba' in sys.modules)"
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert out.stdout.strip() == "False"

    def test_everything_works_without_numba(self) -> None:
        code = (
            "import sys; sys.modules['numba'] = None\n"
            "import feedback_nlp as fn\n"
            "fn.score(['物流太慢了', '很好'])\nprint('scored')"
        )
        environment = {**os.environ, kernels.VARIABLE: "1"}
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        assert out.stdout.strip() == "scored"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of folders")
class TestFolder:
    @pytest.fixture(autouse=True)
    def _fresh(self, monkeypatch) -> Iterator[None]:
        monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
        kernels.folder.cache_clear()
        yield
        kernels.folder.cache_clear()

    def test_in_the_users_cache(self, monkeypatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert kernels.folder() == tmp_path / "feedback_nlp"
        assert (tmp_path / "feedback_nlp").stat().st_mode & 0o077 == 0

    def test_not_where_others_can_write(self, monkeypatch, tmp_path: Path) -> None:
        (tmp_path / "cache" / "feedback_nlp").mkdir(parents=True)
        (tmp_path / "cache" / "feedback_nlp").chmod(0o777)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
        assert kernels.folder() == tmp_path / f"feedback_nlp-{os.getuid()}"

    def test_nowhere(self, monkeypatch, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("")
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(file / "below"))
        assert kernels.folder() is None
