"""What a customer asks for, in the customer's own words."""

from __future__ import annotations

import re

__all__ = ["asked_for"]

_ASKING = "要求|希望|请|麻烦|必须|申请|需要|想要|想|能不能|可不可以|给我|尽快|赶紧|立即"
_DONE = (
    "退款|退钱|退货|退费|退掉|换货|换新|更换|维修|修好|赔偿|赔付|赔我|补偿|道歉|回复|回电|联系|解释|说法|处理|解决|"
    "补发|补寄|开发票|上门"
)
# Nothing but a few words of one clause may stand between the asking and what is asked for.
_WISH = re.compile(f"(?:{_ASKING})[^，。！？；、,.!?;\\s]{{0,8}}?(?:{_DONE})")


def asked_for(text: str) -> str:
    """Return the first thing that a text asks for, "" for nothing.

    Examples
    --------
    >>> asked_for("拖了一个月，要求尽快退款！")
    '要求尽快退款'
    """
    found = _WISH.search(text)
    return found.group() if found else ""
