"""Write ``docs/cli.md`` from the commands' own help: ``python scripts/make_cli_docs.py``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from feedback_nlp.cli.app import app

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
INTRO = """# 命令行

由 `scripts/make_cli_docs.py` 从各命令自己的 `--help` 生成；测试保证两者一致。

- 结果写到标准输出，进度与说明写到标准错误；`--quiet` 只说错误，`--json` 给机器读。
- 退出码：0 完成，2 用户能改正（一行说明加提示），1 程序缺陷，130 中断。
- 消息语言：`--lang zh|en`，或环境变量 `FEEDBACK_NLP_LANG`。
- 每条命令都有一次调用的 Python 写法：[Python 接口](python.md)。
"""


def render() -> str:
    """Return the page."""
    parts = [INTRO]
    for words in names(get_command(app), ()):
        parts.append(f"\n## feedback-nlp {' '.join(words)}\n\n```text\n{help_of(words)}\n```\n")
    return "".join(parts)


def names(command: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the words of every command that does something, in order."""
    children = getattr(command, "commands", None)
    if children is None:
        return [path]
    return [words for name, child in children.items() for words in names(child, (*path, name))]


def help_of(words: tuple[str, ...]) -> str:
    """Return a command's help as plain text of a fixed width."""
    variables = {"TERMINAL_WIDTH": "100", "COLUMNS": "100", "NO_COLOR": "1", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
    result = CliRunner().invoke(app, [*words, "--help"], env=variables, prog_name="feedback-nlp")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    return "\n".join(line.rstrip() for line in plain.strip().splitlines())


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
