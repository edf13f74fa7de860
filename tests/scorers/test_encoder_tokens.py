"""Tokens, windows and the places of clauses in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.scorers.encoder_tokens import OVERLAP, tokenize
from feedback_nlp.text.clauses import cut_column

tokenizers = pytest.importorskip("tokenizers")

TEXTS = st.lists(st.text(alphabet="物流慢贵好，。 a1😀\n", max_size=120), max_size=5)


@pytest.fixture(scope="module")
def tokenizer():
    """Every character a token whose id is its code point."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    letters = {chr(code): code for code in (*range(32, 127), *map(ord, "物流慢贵好，。😀"))}
    built = Tokenizer(models.WordLevel({"<unk>": 1, "<s>": 2, "</s>": 3, **letters}, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    built.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    return built


def read(tokens, clause):
    """Return the text of a clause, read back from its tokens."""
    start, end = tokens.span[clause]
    return "".join(map(chr, tokens.windows.ids[tokens.window[clause]][start:end]))


def test_clauses_read_back(tokenizer):
    texts = ["物流慢，贵", None, "", "好。慢😀"]
    cut = cut_column(texts)
    tokens = tokenize(texts, cut, tokenizer)
    assert [read(tokens, clause) for clause in range(len(cut))] == ["物流慢", "贵", "好", "慢😀"]
    assert tokens.windows.review.tolist() == [0, 3]
    assert tokens.windows.own.tolist() == [[1, 6], [1, 5]]


def test_halves_of_surrogate_pairs_keep_their_place(tokenizer):
    texts = ["\ud800物流慢\udfff，贵"]
    tokens = tokenize(texts, cut_column(texts), tokenizer)
    assert [read(tokens, clause) for clause in range(2)] == ["\x01物流慢\x01", "贵"]


def test_long_review_is_read_in_overlapping_windows(tokenizer):
    texts = ["慢慢慢慢慢慢慢慢慢，" * 40]
    cut = cut_column(texts)
    tokens = tokenize(texts, cut, tokenizer, most_tokens=100)
    assert len(cut) == 40
    assert (tokens.windows.lengths() <= 100).all()
    assert {read(tokens, clause) for clause in range(40)} == {"慢慢慢慢慢慢慢慢慢"}
    # Every token is owned by exactly one window, and later windows begin with what was said before.
    owned = tokens.windows.own[:, 1] - tokens.windows.own[:, 0]
    assert owned.sum() == len(texts[0])
    assert (tokens.windows.own[1:, 0] == 1 + OVERLAP).all()


def test_clause_longer_than_a_window_is_judged_by_its_beginning(tokenizer):
    texts = ["好" * 500 + "，慢"]
    cut = cut_column(texts)
    tokens = tokenize(texts, cut, tokenizer, most_tokens=64)
    assert (tokens.windows.lengths() <= 64).all()
    assert read(tokens, 0) == "好" * 62
    assert read(tokens, 1) == "慢"


@given(texts=TEXTS)
def test_any_text_has_tokens_for_every_clause(tokenizer, texts):
    cut = cut_column(texts)
    tokens = tokenize(texts, cut, tokenizer, most_tokens=70)
    assert len(tokens.window) == len(cut)
    assert (tokens.span[:, 1] > tokens.span[:, 0]).all()
    lengths = tokens.windows.lengths()
    assert (lengths <= 70).all()
    assert (tokens.span[:, 1] < lengths[tokens.window]).all()
    assert (tokens.windows.review[tokens.window] == cut.review).all()


def test_batches_hold_every_window_once(tokenizer):
    texts = ["慢" * size for size in (3, 50, 4, 20, 1, 60)]
    tokens = tokenize(texts, cut_column(texts), tokenizer)
    batches = list(tokens.batches(70))
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(6))
    assert all(batch.ids.size <= 70 or len(batch.rows) == 1 for batch in batches)
    assert all((batch.ids[batch.mask == 0] == tokens.pad).all() for batch in batches)
