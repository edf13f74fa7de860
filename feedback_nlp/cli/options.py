"""The options commands share, and how they meet the configuration file.

An option given on the command line wins over ``feedback-nlp.toml``, which wins over the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from feedback_nlp.cli import console
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.schema import ROLES

COLUMNS = "列 Columns"
RUN = "运行 Run"
OUTPUT = "输出 Output"


def _column(flag: str, help_text: str, metavar: str = "列名") -> Any:
    return typer.Option(flag, help=help_text, rich_help_panel=COLUMNS, metavar=metavar)


def run(flag: str, help_text: str, metavar: str | None = None, **more: Any) -> Any:
    """Return an option of the panel on how the work is done."""
    return typer.Option(flag, help=help_text, rich_help_panel=RUN, metavar=metavar, **more)


def output(flag: str, help_text: str, metavar: str | None = None, **more: Any) -> Any:
    """Return an option of the panel on what is written."""
    return typer.Option(flag, help=help_text, rich_help_panel=OUTPUT, metavar=metavar, **more)


Text = Annotated[str | None, _column("--text", "评价/投诉内容所在的列（默认自动识别，下同）。")]
Id = Annotated[str | None, _column("--id", "编号。")]
Rating = Annotated[str | None, _column("--rating", "评分。")]
Nps = Annotated[str | None, _column("--nps", "推荐意愿 0–10。")]
Time = Annotated[str | None, _column("--time", "时间。")]
Channel = Annotated[str | None, _column("--channel", "渠道。")]
Product = Annotated[str | None, _column("--product", "产品。")]
Store = Annotated[str | None, _column("--store", "门店。")]
Customer = Annotated[str | None, _column("--customer", "客户。")]
Amount = Annotated[str | None, _column("--amount", "金额。")]
Tier = Annotated[str | None, _column("--tier", "客户等级。")]
Scored = Annotated[
    Path, typer.Argument(help="analyze 写出的文件夹，或打过分的 .parquet。", metavar="文件夹|文件")
]
MentionsFile = Annotated[Path | None, typer.Option("--mentions", help="提及表（默认在打分文件旁边）。")]
Workbook = Annotated[Path, typer.Option("--output", "-o", help="写到这个 .xlsx。", metavar="文件")]
RatingScale = Annotated[str | None, _column("--rating-scale", "评分的量程，如 1-5、0-10、0-100。", "低-高")]
Sheet = Annotated[
    str | None, _column("--sheet", "工作表名或序号（从 1 起）；all 把表头相同的接成一张。", "名称")
]
Model = Annotated[str | None, run("--model", "linear（默认）、lexicon 或模型文件夹。", "名称|路径")]
TaxonomyName = Annotated[str | None, run("--taxonomy", "分类体系：自带的名字或 TOML 文件。", "名称|路径")]
Period = Annotated[str | None, run("--period", "预警按 day、week 或 month（默认按数据量）。", "单位")]
ExposureFile = Annotated[
    Path | None, run("--exposure", "各时期（各门店或产品）的订单数或件数，用来算每千单。")
]
ActionsFile = Annotated[
    Path | None,
    run("--actions", "措施记录（TOML，或本工具写出的 issues.xlsx）；默认读输入旁边的 actions.toml。"),
]
Jobs = Annotated[int | None, run("--jobs", "进程数（默认按数据量和核数）。", min=1)]
Weights = Annotated[str | None, run("--weights", "影响,范围,可行性 的权重（默认 0.5,0.3,0.2）。", "a,b,c")]
PlaybookFile = Annotated[
    Path | None,
    run("--playbook", "改进手册（TOML）：可行性、负责人、期限、严重度；playbook init 写样板。", "文件"),
]
MaxError = Annotated[
    float | None, run("--max-error", "总体褒贬自动判断的目标错误率，如 0.05；把握不够的进待复核。", "P")
]
IssuesFile = Annotated[
    Path | None,
    run(
        "--issues",
        "改名、合并、拆分、固定问题：issues.toml 或改过的 issues.xlsx；默认读输入和输出文件夹里的。",
    ),
]
Config = Annotated[Path | None, run("--config", "配置文件；默认读输入旁边的 feedback-nlp.toml。")]
SaveConfig = Annotated[bool, run("--save-config", "把这次的列和选项存成输入旁边的 feedback-nlp.toml。")]
Lang = Annotated[str | None, output("--lang", "zh（默认）或 en。", "zh|en")]
Format = Annotated[
    str | None,
    output("--format", "pptx：月会用的幻灯片 report.pptx；8d：投诉分析记录与 8D 草稿。", "pptx|8d"),
]
Top = Annotated[int, output("--top", "--format 写前几个问题。", min=1)]
NoMask = Annotated[bool, output("--no-mask", "个人信息不打码。")]
Force = Annotated[bool, output("--force", "覆盖已有的输出文件。")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="只说错误。", rich_help_panel=OUTPUT)]
Json = Annotated[bool, output("--json", "结果以 JSON 写到标准输出。")]

COLUMN_OPTIONS = tuple("id" if role == "review_id" else role for role in ROLES)


def merge(given: Mapping[str, Any], files: Sequence[str] = (), config: Path | None = None) -> dict[str, Any]:
    """Return ``given`` with what it leaves open filled in from the configuration file, values parsed.

    Parameters
    ----------
    given : mapping
        Option name to value; ``None`` is "not given".
    files : sequence of str
        Inputs; the configuration beside the first is read when ``config`` is not given.
    config : Path, optional

    Raises
    ------
    ConfigError
        If the file, or a value of an option, is bad.
    """
    from feedback_nlp.io.config import load

    beside = next((Path(name) for name in files if name != "-"), None)
    chosen = dict(load(config, beside))
    said = {name: value for name, value in given.items() if value is not None and value is not False}
    chosen["from_config"] = tuple(name for name in COLUMN_OPTIONS if name in chosen and name not in said)
    chosen.update(said)
    _check_lang(chosen.get("lang"))
    console.setup(language=chosen.get("lang"), quiet=bool(chosen.get("quiet")))
    if isinstance(chosen.get("rating_scale"), str):
        chosen["rating_scale"] = rating_scale(chosen["rating_scale"])
    if "weights" in chosen:
        chosen["weights"] = weights(chosen["weights"])
    return chosen


def given(arguments: Mapping[str, Any], *own: str) -> dict[str, Any]:
    """Return the options among the arguments of a command: all but its ``own``, which no file may hold."""
    return {name: value for name, value in arguments.items() if name not in own}


def columns(chosen: Mapping[str, Any]) -> dict[str, str | None]:
    """Return role to column name, as ``pipeline.prepare`` takes it."""
    return {"review_id" if name == "id" else name: chosen.get(name) for name in COLUMN_OPTIONS}


def rating_scale(value: str) -> tuple[float, float]:
    """Parse ``"1-5"`` into ``(1.0, 5.0)``."""
    low, _, high = value.replace("–", "-").replace("~", "-").partition("-")
    try:
        scale = float(low), float(high)
    except ValueError:
        scale = (0.0, 0.0)
    if scale[0] >= scale[1]:
        raise ConfigError(
            Bilingual(f"评分量程“{value}”不对。", f"Bad rating scale '{value}'."),
            Bilingual("写成 低-高，如 --rating-scale 1-5。", "Write low-high, such as --rating-scale 1-5."),
        )
    return scale


def weights(value: str | Sequence[float]) -> tuple[float, float, float]:
    """Parse ``"0.5,0.3,0.2"`` into three exponents, scaled to sum 1."""
    from feedback_nlp.insight.priority import check_weights

    parts = value.replace("，", ",").split(",") if isinstance(value, str) else list(value)
    try:
        return check_weights([float(part) for part in parts])
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            Bilingual(f"权重“{value}”里有不是数的。", f"Weights '{value}' hold something that is no number."),
            Bilingual("写成 --weights 0.5,0.3,0.2。", "Write --weights 0.5,0.3,0.2."),
        ) from error


def _check_lang(value: str | None) -> None:
    if value is not None and value not in console.LANGS:
        raise ConfigError(
            Bilingual(f"语言“{value}”没有。", f"No language '{value}'."),
            Bilingual("用 --lang zh 或 --lang en。", "Use --lang zh or --lang en."),
        )
