from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.text.codepoints import encode
from feedback_nlp.text.trie import Trie

chars = st.sampled_from("慢好了a😡\n\ud800")


def by_hand(words, text):
    return sorted(
        (length, start, word)
        for word, part in enumerate(words)
        for start in range(len(text))
        for length in [len(part)]
        if text.startswith(part, start)
    )


@given(st.sets(st.text(chars, min_size=1, max_size=5), max_size=12), st.text(chars, max_size=40))
def test_every_occurrence_of_every_word(words, text):
    words = sorted(words)
    found = Trie(words).scan(encode(text))
    rows = zip(found.length.tolist(), found.start.tolist(), found.word.tolist(), strict=True)
    assert sorted(rows) == by_hand(words, text)


def test_thousands_of_words_share_slots():
    words = [f"{number:05d}" for number in range(0, 20_000, 3)]
    text = "".join(words)
    found = Trie(words).scan(encode(text))
    assert {*zip(found.start.tolist(), found.word.tolist(), strict=True)} >= {
        (5 * place, place) for place in range(len(words))
    }
    assert all(text[start : start + 5] == words[word] for word, start, _ in zip(*found, strict=True))


def test_without_words_or_text():
    assert len(Trie([]).scan(encode("慢")).word) == 0
    assert len(Trie(["慢"]).scan(encode("")).word) == 0
