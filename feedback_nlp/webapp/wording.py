"""Messages that speak of command line options, in the words of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from feedback_nlp.errors import Bilingual, FeedbackError

__all__ = ["LABELS", "both", "error_words", "page_words"]

# What the page calls the roles of columns; options of the same name stand for the same thing.
LABELS: Mapping[str, Bilingual] = {
    "text": Bilingual("正文", "Text"),
    "review_id": Bilingual("编号", "Id"),
    "rating": Bilingual("评分", "Rating"),
    "nps": Bilingual("推荐意愿（0–10）", "Likelihood to recommend (0–10)"),
    "time": Bilingual("时间", "Date"),
    "channel": Bilingual("渠道", "Channel"),
    "product": Bilingual("产品", "Product"),
    "store": Bilingual("门店", "Store"),
    "customer": Bilingual("客户", "Customer"),
    "amount": Bilingual("金额", "Amount"),
    "tier": Bilingual("客户等级", "Customer tier"),
}
_PLACES: Mapping[str, Bilingual] = {
    **{f"--{role}": label for role, label in LABELS.items()},
    "--id": LABELS["review_id"],
    "--sheet": Bilingual("工作表", "Sheet"),
    "--rating-scale": Bilingual("评分量程", "Rating scale"),
    "--model": Bilingual("模型", "Model"),
}
# "用 --text 列名 指定" and "Name it with --text COLUMN": an option, its lead-in, what stands for its value.
_OPTION = {
    "zh": re.compile(r"(用 )?(--[a-z-]+)(?: 列名)? ?"),
    "en": re.compile(r"(with |give )?(--[a-z-]+)(?: COLUMN)?"),
}


def page_words(line: Bilingual) -> Bilingual:
    """Return a line with the options it names replaced by the places of the page; others stay."""
    return Bilingual(_OPTION["zh"].sub(_zh, line.zh), _OPTION["en"].sub(_en, line.en))


def _zh(found: re.Match[str]) -> str:
    place = _PLACES.get(found[2])
    if place is None:
        return found[0]
    return f"在“{place.zh}”里" if found[1] else f"“{place.zh}”"


def _en(found: re.Match[str]) -> str:
    place = _PLACES.get(found[2])
    if place is None:
        return found[0]
    return f"under '{place.en}'" if found[1] else f"'{place.en}'"


def error_words(error: FeedbackError) -> Bilingual:
    """Return the one line of an error as the command line says it, in the words of the page."""
    return page_words(Bilingual(error.message("zh"), error.message("en")))


def both(line: Bilingual) -> dict[str, str]:
    """Return a line as the page takes it: it shows the language that is chosen."""
    return {"zh": line.zh, "en": line.en}
