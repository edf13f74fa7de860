"""Write ``docs/cli.md`` from the command objects themselves: ``python scripts/make_cli_docs.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.main import get_command

from feedback_nlp.cli.app import app

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
INTRO = """# 命令行

[文档目录](README.md)

由 `scripts/make_cli_docs.py` 从命令本身生成；测试保证两者一致。

- 结果写到标准输出，进度与说明写到标准错误；`--quiet` 只说错误，`--json` 给机器读。
- 退出码：0 完成，2 用户能改正（一行说明加提示），1 程序缺陷，130 中断。
- 消息语言：`--lang zh|en`，或环境变量 `FEEDBACK_NLP_LANG`。
- `feedback-nlp --install-completion` 装上命令补全。
- 每条命令都有一次调用的 Python 写法：[Python 接口](python.md)。

## In English
Made from the commands themselves. Results go to standard output, progress and notes to standard error; exit
codes are 0 done, 2 you can mend it, 1 our bug, 130 interrupted. `--lang en` (or `FEEDBACK_NLP_LANG=en`) gives
messages in English.
"""


def render() -> str:
    """Return the page."""
    return INTRO + "".join(section(words, command) for words, command in leaves(get_command(app), ()))


def leaves(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    """Return every command that does something, with its words, in order."""
    children = getattr(command, "commands", None)
    if children is None:
        return [(path, command)]
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


def section(words: tuple[str, ...], command: Any) -> str:
    """Return the section of one command."""
    lines = [f"\n## feedback-nlp {' '.join(words)}\n", f"{command.help}\n"]
    if command.epilog:
        lines.append(f"{command.epilog}\n")
    lines += [entry(param) for param in command.params]
    return "\n".join(lines) + "\n"


def entry(param: Any) -> str:
    """Return the line of one argument or option."""
    if param.param_type_name == "argument":
        return f"- `{param.metavar or param.name}` {param.help or ''}".rstrip()
    value = "" if param.is_flag else f" {param.metavar or 'VALUE'}"
    default = "" if param.default in (None, False) or callable(param.default) else f"默认 `{param.default}`。"
    return f"- `{', '.join(param.opts)}{value}` {param.help or ''}{default}".rstrip()


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
