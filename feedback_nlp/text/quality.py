"""What a text is good for: scored, or left out of all counts and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from feedback_nlp.text.codepoints import Joined, encode
from feedback_nlp.text.normalize import normalize, normalize_codes

__all__ = ["status", "status_of"]

# Cells that stand for "nothing here".
_NULLS = frozenset({"nan", "null", "none", "na", "nat", "nil", "undefined"})
# Sentences that a platform writes when the customer wrote none, and answers that say nothing.
_DEFAULT = re.compile(
    r"(?:(?:此|该|本)?(?:用户|买家|顾客|客户|评价方|会员)(?:没有|未|尚未)(?:及时|按时)?(?:填写|做出|作出|发表|输入|留下|进行|提交)?"
    r"(?:任何|文字)?(?:评价|评论|内容|点评)(?:内容)?)?"
    r"(?:(?:系统|平台)?(?:自动|默认)(?:给予|给出|给|为|做出)?(?:默认)?(?:了)?(?:五星|5星|满分|好)?(?:好?评价?|评论)?)?"
    r"(?:无文字内容|无文字评价|没有文字内容|暂无文字)?"
)
_BARE = frozenset(
    """
    好评 默认 默认好评 系统默认 系统默认好评 五星好评 5星好评 默认五星好评 默认评价 系统默认评价
    无 没 没有 没了 暂无 暂时没有 暂时无 目前没有 目前无 没有了 没什么 没有什么 略 同上 如题 未填 未填写 不填
    无意见 没意见 没有意见 暂无意见 无其他意见 无建议 没建议 没有建议 暂无建议 无其他建议 没有其他建议
    没有什么建议 无意见建议 没有意见和建议 无评价 暂无评价 无评论 暂无评论 无内容 此评论无内容 不知道 不清楚
    """.split()  # noqa: SIM905 - a list of 50 short words reads better like this
)
_ELLIPSIS = re.compile(r"[。.…·⋯]+")
# A row of emoji is an opinion without words: 👍👍, 😡.
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
# Text of another script: a word or so of Latin may still be a Chinese customer's ("ok", "nb", "yyds").
_FEWEST_LETTERS = 5
# Above this many Latin letters for each ideograph, a longer text is not Chinese.
_LATIN_PER_HAN = 15
_HAN, _LATIN, _OTHER = 1, 2, 3


def status(texts: Sequence[str | None]) -> list[str]:
    """Say for each text whether it can be scored.

    Parameters
    ----------
    texts : sequence of str or None, length n
        NaN counts as ``None``.

    Returns
    -------
    list of str, length n
        Of ``schema.STATUSES``: ``empty`` (nothing, or neither a letter nor an emoji), ``default`` (written by
        the platform, or an answer that says nothing), ``foreign`` (not Chinese), ``ok``.
    """
    sure = _plainly(texts)
    return [status_of(text) if known is None else known for text, known in zip(texts, sure, strict=True)]


def _plainly(texts: Sequence[str | None]) -> list[str | None]:
    """Return the status of texts that hold a letter or digit of no listed answer; None for the others.

    Those are all but a few, and only their scripts matter: counted for the whole column at once.
    """
    joined = Joined.of([text if isinstance(text, str) else None for text in texts])
    codes = normalize_codes(encode(joined.text))
    begins = joined.starts[:-1]
    if not len(begins):
        return []
    own = np.add.reduceat(_tells()[codes], begins, dtype=np.int64)
    scripts = _scripts()[codes]
    han, latin, other = (
        np.add.reduceat(scripts == kind, begins, dtype=np.int64) for kind in (_HAN, _LATIN, _OTHER)
    )
    foreign = (other > han) | ((latin >= _FEWEST_LETTERS) & (latin > _LATIN_PER_HAN * han))
    sure = (own > 0) & (han + latin + other > 0)
    found = np.where(foreign, "foreign", "ok").tolist()
    return [status if known else None for status, known in zip(found, sure.tolist(), strict=True)]


@lru_cache(maxsize=1)
def _tells() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which code points are letters or digits that stand in none of the listed answers."""
    table = np.zeros(0x110000, dtype=bool)
    table[_letters()] = True
    listed = {*_DEFAULT.pattern, *"".join(_BARE), *"".join(_NULLS)}
    table[[ord(char) for char in listed]] = False
    return table


def status_of(text: str | None) -> str:
    """Say for one text whether it can be scored, as ``status`` does."""
    if not isinstance(text, str):
        return "empty"
    normal = normalize(text).strip()
    if _ELLIPSIS.fullmatch(normal):
        return "default"
    words = "".join(char for char in normal if char.isalnum()) if len(normal) <= 60 else normal
    if words in _BARE or (words and _DEFAULT.fullmatch(words)):
        return "default"
    if words in _NULLS:
        return "empty"
    return _by_script(normal)


def _by_script(normal: str) -> str:
    kinds = np.bincount(_scripts()[encode(normal)], minlength=4)
    han, latin, other = int(kinds[_HAN]), int(kinds[_LATIN]), int(kinds[_OTHER])
    if han + latin + other == 0:
        return "ok" if _EMOJI.search(normal) else "empty"
    foreign = other > han or (latin >= _FEWEST_LETTERS and latin > _LATIN_PER_HAN * han)
    return "foreign" if foreign else "ok"


@lru_cache(maxsize=1)
def _letters() -> list[int]:
    return [code for code in range(0x10000) if chr(code).isalpha()]


@lru_cache(maxsize=1)
def _scripts() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the script of every code point: 0 none, else ``_HAN``, ``_LATIN`` or ``_OTHER``."""
    table = np.zeros(0x110000, dtype=np.uint8)
    table[_letters()] = _OTHER
    table[0x41:0x250] = np.where(table[0x41:0x250] == _OTHER, _LATIN, 0)
    for first, last in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3347F)):
        table[first : last + 1] = _HAN
    table[[ord("々"), ord("〇")]] = _HAN
    return table
