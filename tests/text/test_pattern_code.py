"""Expressions run by the machine find what ``re`` finds."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from feedback_nlp import kernels
from feedback_nlp.text.codepoints import Joined, encode
from feedback_nlp.text.pattern_code import kind_of, opens_of, program_of

pytest.importorskip("numba")


@pytest.fixture(autouse=True)
def _compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_STATE", kernels._State())
    monkeypatch.setenv(kernels.VARIABLE, "1")
    assert kernels.prepare(1)


def found(patterns: list[str], texts: list[str]) -> tuple[list[tuple[int, ...]], int]:
    """Return the machine's matches (text, pattern, start, length), and how many pairs it leaves."""
    from feedback_nlp.text.terms_fast import Expressions

    joined = Joined.of(texts)
    starts, ends = joined.starts[:-1].copy(), joined.starts[1:] - 1
    pairs = np.array([(p, d) for p in range(len(patterns)) for d in range(len(texts))], dtype=np.int64)
    rows, left = Expressions.of(patterns).find(encode(joined.text), starts, ends, pairs)
    rows[:, 2] -= starts[rows[:, 0]]
    return [tuple(row) for row in rows.tolist()], len(left)


def expected(patterns: list[str], texts: list[str]) -> list[tuple[int, ...]]:
    return [
        (d, p, match.start(), match.end() - match.start())
        for p, pattern in enumerate(patterns)
        for d, text in enumerate(texts)
        for match in re.finditer(pattern, text)
    ]


WRITTEN = [
    "等了.{0,6}(小时|分钟)才",
    "^(?!.*(券|分)).*过期",
    "(?<!比)价(格|钱)?(有点|太)?(高|贵)",
    "床(?!头).{1,3}?大",
    "(a|ab)(c|bcd)(d*)x",
    "[^不没]好$",
    "(?:a(?=b)|b(?!a))+?c",
    "[0-9一-九]{2,}(?<=5)",
    "a??b",
    "(?=(a|b)c)[ab].",
    "x(?<!(?<!a)x)",
    r"\Aa|b\Z",
    r"\.\[",
    "a{2}b{,2}c{1,}",
]


@pytest.mark.parametrize("pattern", WRITTEN)
def test_written(pattern: str) -> None:
    chance = random.Random(pattern)
    alphabet = [char for char in pattern if char not in "(){}|?*+\\^$:=!<>,"] + list("ab不5x\n小时")
    texts = ["".join(chance.choices(alphabet, k=chance.randint(0, 12))) for _ in range(400)]
    texts += [
        "等了三个小时才到",
        "优惠券过期",
        "积过期",
        "价格太贵",
        "性价比贵",
        "床很大",
        "abcdx",
        "aacbbcc",
    ]
    matches, left = found([pattern], texts)
    assert left == 0
    assert matches == expected([pattern], texts)


def random_pattern(chance: random.Random, depth: int = 3) -> str:
    kinds = [
        "char",
        "char",
        "any",
        "set",
        "sequence",
        "sequence",
        "either",
        "repeat",
        "repeat",
        "look",
        "edge",
    ]
    kind = chance.choice(kinds) if depth else "char"

    def inner() -> str:
        return random_pattern(chance, depth - 1)

    if kind == "any":
        return "."
    if kind == "set":
        return chance.choice(["[ab]", "[^a]", "[a-c]"])
    if kind == "sequence":
        return inner() + inner() + inner()
    if kind == "either":
        return f"(?:{inner()}|{inner()})"
    if kind == "repeat":
        times = chance.choice(["?", "*", "+", "{0,2}", "{1,2}", "{2}"]) + chance.choice(["", "?"])
        return f"(?:{inner()}){times}"
    if kind == "look":
        behind = chance.choice(["<=a", "<!b", "<=ab", "<!ac"])
        return chance.choice([f"(?={inner()})", f"(?!{inner()})", f"(?{behind})"])
    if kind == "edge":
        return chance.choice("^$")
    return chance.choice("abc")


def test_random() -> None:
    chance = random.Random(7)
    patterns = [random_pattern(chance) for _ in range(3_000)]
    known = [pattern for pattern in patterns if program_of(pattern) is not None]
    texts = ["".join(chance.choices("abc\n", k=chance.randint(0, 9))) for _ in range(25)]
    assert len(known) > 800
    matches, left = found(known, texts)
    assert left == 0
    assert matches == expected(known, texts)


@pytest.mark.parametrize("pattern", ["a*", "(a)\\1", "(?i)a", r"\bа", r"\d", "(a?)+b", "(", "a" * 5_000, ""])
def test_what_stays_with_re(pattern: str) -> None:
    assert program_of(pattern) is None


def test_ways_without_end_are_left_to_re() -> None:
    pattern, text = "(?:a|aa)+b", "a" * 3_000
    matches, left = found([pattern], [text, "aab"])
    assert left == 1
    assert matches == [(1, 0, 0, 3)]


def test_kinds_of_characters() -> None:
    from feedback_nlp.kernels import expressions

    text = "a好 \n\U0010ffff0退" + "".join(map(chr, range(0x4E00, 0x4F00)))
    assert expressions.kinds(encode(text)).tolist() == [1 << kind_of(ord(char)) for char in text]


@pytest.mark.parametrize("pattern", [pattern for pattern in WRITTEN if program_of(pattern) is not None])
def test_what_a_match_may_begin_with(pattern: str) -> None:
    program = program_of(pattern)
    assert program is not None
    first = opens_of(program)[0]
    chance = random.Random(pattern)
    for _ in range(500):
        text = "".join(chance.choices(pattern + "ab不5x小时", k=10))
        for match in re.finditer(pattern, text):
            assert first >> kind_of(ord(match[0][0])) & 1


def test_few_expressions_may_begin_with_anything() -> None:
    program = program_of("(退|换)了?.{0,4}钱")
    assert program is not None
    assert opens_of(program)[0] == 1 << kind_of(ord("退")) | 1 << kind_of(ord("换"))
