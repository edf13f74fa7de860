"""Which role a header speaks of: the synonyms of ``resources/columns.toml`` and how they are matched."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from feedback_nlp.text.normalize import normalize as simplified

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Match", "matches", "names_people", "normalise", "synonyms"]

EXACT = 100.0
_NOISE = re.compile(r"[\s_\-—–*＊:：?？!！,，.。、/\\|()（）\[\]【】<>《》\"'“”‘’#]+")
_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
# A header is a name or a survey question; anything longer is a text.
LONGEST = 45

# Headers of columns whose cells may be a person's name and nothing else, and what they hold if they don't.
_PEOPLE = re.compile(
    "姓名|名字|昵称|人$|联系人|收货人|收件人|客户|顾客|会员|用户|买家|客服|[坐座]席|快递员|配送员|骑手|司机|员工|店[员长]"
    "|服务员|导购|顾问|业务员|销售员|技师|师傅|医生|[老教]师|经理|管家|主播|name|user|customer|agent|staff|employee"
)
_NO_PEOPLE = re.compile(
    "门店|店铺|分店|店名|商品|产品|品牌|酒店|渠道|来源|平台|部门|团队|store|shop|branch|product|item|brand|hotel|goods"
    "|channel|platform|(?:类型|类别|分类|等级|级别|组|编号|id|type|level|group|team)$"
)


@dataclass(frozen=True)
class Synonyms:
    """Names of one role, the best first."""

    exact: tuple[str, ...]
    contains: tuple[str, ...]
    never: tuple[str, ...]


class Match(NamedTuple):
    """How well a header names a role: 100 for a synonym, less for a header that contains one."""

    role: str
    score: float

    @property
    def exact(self) -> bool:
        """Whether the header is a synonym itself."""
        return self.score > EXACT - 20


def normalise(header: str) -> str:
    """Return a header without case, width, spaces, punctuation; traditional characters as simplified."""
    return _NOISE.sub("", simplified(unicodedata.normalize("NFKC", header)).casefold())


@lru_cache(maxsize=1)
def synonyms() -> dict[str, Synonyms]:
    """Return the synonyms of every role."""
    text = resources.files("feedback_nlp").joinpath("resources/columns.toml").read_text("utf-8")
    return {
        role: Synonyms(
            *(tuple(normalise(word) for word in entry.get(key, ())) for key in ("exact", "contains", "never"))
        )
        for role, entry in tomllib.loads(text).items()
    }


@lru_cache(maxsize=4096)
def matches(header: str) -> tuple[Match, ...]:
    """Return the roles that a header may name, without order."""
    if len(header) > LONGEST or header.startswith("fb_"):
        return ()
    found = []
    for role, words in synonyms().items():
        score = max(_score(normalise(_BRACKETS.sub("", header)), words), _score(normalise(header), words))
        if score > 0:
            found.append(Match(role, score))
    return tuple(found)


def _score(name: str, words: Synonyms) -> float:
    """Synonyms score 100 to 81 in the order given; containing one scores by its share of the header."""
    if not name:
        return 0.0
    if name in words.exact:
        return EXACT - 19.0 * words.exact.index(name) / len(words.exact)
    if any(word in name for word in words.never):
        return 0.0
    covered = [len(word) for word in words.contains if word in name]
    return 40.0 + 35.0 * max(covered) / len(name) if covered else 0.0


def names_people(header: str) -> bool:
    """Whether the cells of a column with this header may be a person's name and nothing else."""
    header = header.strip().casefold()
    return bool(_PEOPLE.search(header)) and not _NO_PEOPLE.search(header)
