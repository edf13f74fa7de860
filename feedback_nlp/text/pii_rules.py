"""The table of personal data: what each kind looks like, where it may stand, and how it is verified.

Patterns are read in verbose mode and meet normalised text (half-width, lower case, simplified).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

__all__ = ["KINDS", "LONGEST_LEAD", "Rule", "cues", "luhn", "person", "resident_id", "rules"]

KINDS = (
    "email",
    "account",
    "order",
    "id_card",
    "mobile",
    "landline",
    "bank_card",
    "plate",
    "name",
    "address",
)
# How far before a house number the names of its road and town are looked for, in characters.
LONGEST_LEAD = 16


class Rule(NamedTuple):
    """One row of the table.

    ``pattern`` finds a candidate (its group 1 where it has one), ``accept`` verifies it, and what ``lead``
    matches in the reversed text before the candidate belongs to it too.
    """

    kind: str
    pattern: re.Pattern[str]
    accept: Callable[[str], bool] = bool
    lead: re.Pattern[str] | None = None


def luhn(text: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1, Luhn's algorithm)."""
    digits = [int(char) for char in text if char.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(text: str) -> bool:
    """Check the last character of an 18-digit identity number (GB 11643, ISO 7064 MOD 11-2)."""
    chars = [char for char in text if char.isalnum()]
    total = sum(weight * int(char) for weight, char in zip(_ID_WEIGHTS, chars, strict=False))
    return chars[-1] == "10x98765432"[total % 11]


def _digits(least: int) -> Callable[[str], bool]:
    return lambda text: sum(char.isdecimal() for char in text) >= least


def _issued(text: str) -> bool:
    """Whether a long number looks issued, unlike 66666666666666."""
    return len(set(text)) >= 4


_PARTS: Mapping[str, str] = {
    "is": r"(?:是|为)? [: ]{0,3}",
    "gap": "[ ._–—-]",
    "date": r"(?:0[1-9]|1[0-2]) (?:0[1-9]|[12]\d|3[01])",
    "clock": r"20\d\d <date> (?:[01]\d|2[0-3]) [0-5]\d [0-5]\d (?!\d)",
    "chat": r"""
        (?:[微薇威]信|wechat|weixin|(?<![a-z])(?:v信|vx|wx|qq)|加[ ]?(?:微|v(?!i[pd]))|\+[ ]?v(?![a-z]))
    """,
    "site": "(?:淘宝|天猫|京东|拼多多|支付宝|抖音|快手|小红书|微博|闲鱼|美团|饿了么|游戏)",
    "login": "(?:[账帐][号户]|用户名|登录名|会员名|(?<![a-z])id)",
    "member": "(?:会员|贵宾|积分|储值|充值|vip)卡?编?号码?",
    # A name or number to log in with, no amount of money.
    "user": r"[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9])){4,31}(?![a-z0-9_-]|[ ]?[元块万])",
    "number": r"(?:号码|账号|号|id)",
    "document": r"""
        (?:订单|运单|快递单?|物流单?|单|工单|流水|交易|受理|案件|投诉|包裹|取件|保单|合同) (?:编?号码?|编码)
    """,
    "courier": r"(?:sf|yt|jdv?[a-z]?|jt|zto?|sto|yd|ems|dp[kl]?)",
    "carrier": "(?:顺丰|圆通|中通|申通|韵达|极兔|德邦|邮政|京东物流|京东快递)",
    "papers": "(?:护照|通行证|台胞证|回乡证|军官证|居留证|居住证|驾驶证|社保卡|医保卡|身分证|passport)",
    "frame": "(?:车架|车辆识别代?|(?<![a-z])vin)",
    "parcel": "(?<![a-z]) (?:order|tracking|parcel|ticket|invoice)",
    "province": "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]",
    "cjk": "[一-鿿]",
    # Characters of names of places and roads, not those of what is said around them.
    "place": "(?![在到于是住至的去往从了我有个和给为址您你他她这那如询诉请因被就可们说])[一-鿿]",
    "polite": "(?:先生|女士|小姐|(?<!祝)老师)(?!们)",
    # 康师傅 and 鲍师傅 are brands, 祝老板 a wish, 先生们 nobody.
    "job": """
        (?:经理|主任|(?<![康鲍])师傅|医生|大夫|护士|店长|教练|警官|律师|领班|技师|队长
        |(?<!祝)(?:老板|阿姨|大姐|大哥))(?!们)
    """,
    "title": "(?:<polite>|<job>)",
    "label": "(?:联系人|姓名|收货人|收件人|寄件人|户名|开户人|经办人|投诉人|我叫|名叫|本人叫|名字[叫是])",
    "saying": "(?:本人[系是]|我[是系])",
    "party": "(?:申请|举报|报案|来电|反映|当事|负责|持卡|处理|受理)人",
    # Talk is written down in the same way ("客户：马上"), so after these only usual names count.
    "role": "(?:[车机业户房]主|患者|客户|乘客|旅客|住客|司机|骑手|快递员)",
    # A name can begin here: after what is no Chinese character, and after words that call or name somebody.
    "begins": "(?:^|(?<=[^一-鿿])|(?<=[是叫位户客服理台员由找人系]))",
    # There a surname can stand alone that elsewhere is more often the end of a word.
    "alone": r"(?:(?<![一-鿿\d])|(?<=[是叫位服台员堂厅部师找系谢让问跟与如的]))",
    # A given name is one or two characters that are no function words.
    "given": "(?:(?![的了是在有和与位个名这那就都也很不级档熟便全说让请叫对到天厢师转])[一-鿿]){1,2}?",
    # What follows a name after a label, if no punctuation does.
    "told": """
        (?![一-鿿])|电话|手机|联系|身份证|性别|年龄|家住|住[在址]|是|来自|今年|现[住年在]|[男女][,，、 性]
        |反映|[和及与][ ]?<family>
    """,
    "among": "[ ]?[、/和及与][ ]?",
    "block": r"(?:\d{1,4}(?:栋|幢|座|号楼|号院|弄)|[a-z](?:栋|座|幢))",
    "unit": r"(?:[\d一二三四五六]{1,2}单元)",
    "room": r"(?:[a-z]?\d{3,4}(?:室|房|号房|号)?(?!\d))",
}

_NUMBERS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("email", r"(?<![a-z0-9._%+-]) [a-z0-9._%+-]{1,64} @ (?:[a-z0-9-]{1,63}\.){1,8} [a-z]{2,24}", bool),
    ("account", r"<chat> <number>? <is> ([a-z][a-z0-9_-]{5,19}) (?![a-z0-9_-])", _digits(1)),
    ("account", r"<chat> (?:<number>|:) <is> ([a-z][a-z0-9_-]{5,19}) (?![a-z0-9_-])", bool),
    ("account", r"<chat> <number>? <is> (\d{5,11}) (?!\d)", bool),
    ("order", r"<document> <is> ([a-z0-9][a-z0-9-]{5,63}) (?![a-z0-9-])", _digits(5)),
    ("order", r"(?:订单|运单|工单|快递|保单|合同) [: ]{0,2} ([a-z]{0,4}\d{8,32}) (?![a-z0-9-])", bool),
    (
        "order",
        r"<parcel> [ ]? (?:number|no|id|\#) \.? <is> ([a-z0-9][a-z0-9-]{5,63}) (?![a-z0-9-])",
        _digits(5),
    ),
    ("order", r"<carrier> (?:快递|速运|速递|物流)? [: ]{0,2} ([a-z]{0,4}\d{8,20}) (?![a-z0-9-])", bool),
    ("id_card", r"(?:身份证|证件)(?:号码?)? <is> (\d{14,17}[\dx]) (?![a-z0-9])", bool),
    ("id_card", r"<papers> [ ]? <number>? <is> ([a-z]{0,2}\d{7,18}x?) (?![a-z0-9])", bool),
    ("plate", r"<frame> (?:号码?|码)? <is> ([a-hj-npr-z0-9]{17}) (?![a-z0-9])", _digits(5)),
    ("bank_card", r"(?:卡号|账号|账户|银行卡) <is> (\d{4}(?:[ -]?\d{4}){2,3}[ -]?\d{0,3}) (?!\d)", bool),
    ("order", r"(?<![a-z0-9]) <courier> \d{10,16} (?![a-z0-9])", bool),
    (
        "id_card",
        r"(?<![\d.]) [1-9]\d{5} [ -]? (?:18|19|20)\d\d <date> [ -]? \d{3}[\dx] (?![\da-z])",
        resident_id,
    ),
    ("id_card", r"(?<![\d.]) [1-9]\d{5} \d\d <date> \d{3} (?![\d.])", bool),
    (
        "mobile",
        r"""
        (?<![\d.]) (?:\+?(?:00)?86[ -]?)? 1[3-9]\d
        (?:<gap>?\d{4}<gap>?\d{4} | <gap>\d{3}<gap>\d{5}) (?!\d)
        """,
        bool,
    ),
    ("mobile", r"(?<![\d.]) (?:\+|00)852[ -]? [2-9]\d{3}[ -]?\d{4} (?!\d)", bool),
    ("mobile", r"(?<![\d.]) (?:\+?886[ -]?9|09)\d\d [ -]?\d{3} [ -]?\d{3} (?!\d)", bool),
    (
        "landline",
        r"""
        (?<![\d.]) \(?(?:010|02\d|0[3-9]\d\d)\)? [ -]{0,2}
        [1-9]\d{2,3} [ -]? \d{4} (?:[转-]\d{1,5})? (?!\d)
        """,
        bool,
    ),
    ("landline", r"(?:电话|座机|致电)(?:号码?)? <is> ([2-8]\d{6,7}) (?!\d)", bool),
    ("bank_card", r"(?<![\d.]) [3-69]\d{3} (?:[ -]?\d{4}){2} [ -]?\d{3,4} (?:[ -]?\d{1,3})? (?!\d)", luhn),
    ("order", r"(?<![\d.]) (?!<clock>) \d{14,64} (?![\d.])", _issued),
    (
        "plate",
        r"""
        <province> [a-hj-np-z] [ ·.-]?
        (?:[a-hj-np-z0-9]{5} | [a-hj-k][a-hj-np-z0-9]\d{4} | \d{5}[a-hj-k]) (?![a-z0-9])
        """,
        _digits(3),
    ),
    # Cars of Hong Kong and Macau that may cross the border.
    ("plate", r"粤z [ ·.-]? [a-hj-np-z0-9]{4} [港澳]", _digits(1)),
    ("account", r"<site> (?:<login>|号) <is> (<user>)", _digits(1)),
    ("account", r"<login> (?:是|为|:) [: ]{0,2} (<user>)", _digits(1)),
    ("account", r"<member> <is> (<user>)", _digits(4)),
)

_NAMES = (
    r"((?:<compound>)(?:<given>)??) (?=<title>)",
    # Any given name only where a name can begin, for "方便女士" is no name; elsewhere usual ones.
    r"<begins> (<surname><given>) <named> (?=<polite>)",
    r"(?=<surname><usual>{1,2}<title>) (<surname> <named> <usual>{1,2}) <named> (?=<title>)",
    r"(<single>) <named> (?=<title>)",
    r"<alone> (<weak>) (?=<title>)",
    r"<label> (?:是|为|叫)? [: ]{0,3} (?!于[今昨去前本当上]) (<family><given>) <named> (?=<told>)",
    r"<saying> (<family><usual>{1,2}) <named> (?!<cjk>)",
    r"<party> : [ ]? (<family><given>) <named> (?=<told>)",
    # Hotlines leave the colon out: 举报人周燕，身份证号码…
    r"<party> [ ]{0,2} (<family><usual>{1,2}) <named> (?=<told>)",
    r"<role> : [ ]? (<family><usual>{1,2}) <named> (?=<told>)",
    # The next of several, whose names before it are hidden by now: 投诉人：周燕、吴敏
    r"(?:<label>|<party>|<role>:) [: ]{0,3} (?:\*{2,4}<among>){1,9} (<family><usual>{1,2})<named> (?=<told>)",
)

_HOUSE = r"""
    (?:路|街|大道|巷|胡同) (?:[东西南北中]段?|[一二三四五]段)? [a-z]? \d{1,5} (?:号|弄)
    (?: [ -]? (?:<place>){0,10} <block>)? (?:[ -]?<unit>)? (?:[ -]?\d{1,2}[层楼])? (?:[ -]?<room>)?
"""
_FLAT = r"<block> [ -]? (?:<unit> [ -]? <room>? | <room>)"
_DOOR = r"\d{1,3}-\d{1,2}-\d{3,4} (?![\d-])"
_ESTATE_ENDS = "区园寓苑村场厦庭期府湾郡里庄城院坊轩阁居墅邸盛"

# A cell that is a person's name and nothing else: among shops and products full names only, for 李宁 and 王芳
# can be either; among people whatever begins with a surname and is no team.
_PERSON = r"(?!东方|百里|南宫) (?:(?:<compound>)<usual>{1,2} | <single><usual>{2}) <named>"
_COLLEAGUE = r"<family><given> <named> (?<![组班部队店岗站处室线台科区务心员类])"

# Something of this list stands in everything that a rule can find: a text without any is passed over.
_CUES = (
    r"@ | \d{4} | <chat> | <login> | <site>号 | <member> | [单递流工水易理件诉裹同]号 | 号码 | 编码 | 编号",
    r"<title> | <label> | <saying> | <party> | <role>:",
    r"<province>[a-hj-np-z] | (?:路|街|道|巷|胡同) .{0,4} \d",
    r"\d-\d{1,2}-\d | \d(?:栋|幢|座|号楼|号院|弄) | [a-z](?:栋|座|幢)",
)
# What the cues begin with; looking at one character first makes the search several times faster.
_CUES_BEGIN = (
    r"[@+\da-z微薇威单递流工水易理件诉裹同号编加账帐用登会贵积储充淘天拼支抖快小红闲美饿游街路道巷胡大"
    "先女老经主师医护店教警律领技队阿联姓收寄户开投我名本申举报来反当负持处受车机业房患客乘旅住司骑]"
)
_REFERENCE = re.compile(r"<([a-z]+)>")


@lru_cache(maxsize=1)
def cues() -> re.Pattern[str]:
    """Return a pattern that is found in every text in which some rule finds something."""
    return _compile(f"(?={_CUES_BEGIN}|<province>)(?:{'|'.join(_CUES)})", _PARTS)


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Return the table in the order in which it is applied: most specific first."""
    parts = {**_PARTS, **_name_parts()}
    # Read backwards. A house number continues a road; a block needs the name of an estate before it.
    road = _compile(f"(?:<place>){{1,{LONGEST_LEAD}}}", parts)
    estate = _compile(f"(?=[{_ESTATE_ENDS}]) (?:<place>){{1,{LONGEST_LEAD}}}", parts)
    return (
        *(Rule(kind, _compile(pattern, parts), accept) for kind, pattern, accept in _NUMBERS),
        *(Rule("name", _compile(pattern, parts)) for pattern in _NAMES),
        Rule("address", _compile(_HOUSE, parts), lead=road),
        Rule("address", _compile(_FLAT, parts), lead=estate),
        Rule("address", _compile(f"(?<=[{_ESTATE_ENDS}]) {_DOOR}", parts), lead=estate),
    )


@lru_cache(maxsize=2)
def person(*, among_people: bool) -> re.Pattern[str]:
    """Return what a whole cell with a person's name looks like, in a column of people or another."""
    return _compile(_COLLEAGUE if among_people else _PERSON, {**_PARTS, **_name_parts()})


def _compile(pattern: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    filled = pattern
    while _REFERENCE.search(filled):
        filled = _REFERENCE.sub(lambda match: parts[match[1]], filled)
    return re.compile(filled, re.VERBOSE | re.MULTILINE)


def _name_parts() -> dict[str, str]:
    """Return surnames and given names as character classes, and a check that what ends here can be a name."""
    lines = _lexicon("surnames.txt")
    strong = "".join(line for line in lines if " " not in line and line[0] != "~")
    weak = "".join(line[1:] for line in lines if line[0] == "~")
    compound = "|".join(name for line in lines if " " in line for name in line.split())
    words = [word for line in _lexicon("no_names.txt") for word in line.split()]
    return {
        "single": f"[{strong}]",
        "weak": f"[{weak}]",
        "surname": f"[{strong}{weak}]",
        "compound": compound,
        "family": f"(?:{compound}|[{strong}{weak}])",
        "usual": f"[{''.join(_lexicon('given_names.txt'))}]",
        "named": "".join(f"(?<!{'|'.join(word for word in words if len(word) == n)})" for n in (2, 3)),
    }


def _lexicon(name: str) -> list[str]:
    table = resources.files("feedback_nlp").joinpath(f"resources/lexicons/{name}").read_text("utf-8")
    return [line for line in table.splitlines() if not line.startswith("#")]
