"""The Typer app: commands, exit codes, and the one place where an error becomes a line.

Exit codes: 0 done, 2 the user can fix it, 1 our bug, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from feedback_nlp import __version__
from feedback_nlp.cli import (
    analyze,
    audit,
    classify,
    compare,
    console,
    demo,
    evaluate,
    labels,
    models,
    playbook,
    report,
    review,
    score,
    segment,
    serve,
    taxonomy,
    track,
    train,
    webapp,
)
from feedback_nlp.errors import FeedbackError

DEBUG_VARIABLE = "FEEDBACK_NLP_DEBUG"
INTERRUPTED = 130


class FeedbackGroup(TyperGroup):
    """Turns what commands raise into one line and an exit code, in the shell and under ``CliRunner``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        console.setup()
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()  # here, where a pipe that is closed or a disk that is full can be told of
            return found
        except FeedbackError as error:
            console.error(error.message(console.lang()))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            console.error(
                console.text("已中断，没有留下写了一半的文件。", "Interrupted; no half-written file is left.")
            )
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError:
            # The reader of our output (head, less) has closed it: nothing is wrong. Point stdout elsewhere
            # so that the interpreter's last flush does not fail either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (typer.Exit, typer.Abort):
            raise
        except OSError as error:
            console.error(_system(error))
            raise typer.Exit(2) from error
        except Exception as error:  # the last line of defence: a user never sees a traceback
            if os.environ.get(DEBUG_VARIABLE) or _is_usage(error):
                raise
            console.error(_bug(error))
            raise typer.Exit(1) from error


def _is_usage(error: Exception) -> bool:
    """Whether the command line's own parser raised it (it prints and exits 2 by itself)."""
    return hasattr(error, "exit_code") and hasattr(error, "show")


def _system(error: OSError) -> str:
    """Return the line for what the system refuses outside the files that readers and writers explain."""
    why = error.strerror or " ".join(str(error).split())
    where = f" {error.filename}" if error.filename else ""
    return console.text(
        f"系统拒绝了读写{where}（{why}）。提示：请检查磁盘空间、权限和标准输出。",
        f"The system refused to read or write{where} ({why}). Hint: check disk space and permissions.",
    )


def _bug(error: Exception) -> str:
    kind = type(error).__name__
    zh = f"程序内部错误（{kind}：{error}）。提示：这是我们的缺陷，设 {DEBUG_VARIABLE}=1 重跑可得到详情。"
    en = f"Internal error ({kind}: {error}). Hint: this is our bug; {DEBUG_VARIABLE}=1 shows the details."
    return " ".join(console.text(zh, en).split("\n"))


def _version(wanted: bool) -> None:
    if wanted:
        console.result(__version__)
        raise typer.Exit(0)


app = typer.Typer(
    name="feedback-nlp",
    cls=FeedbackGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="把中文投诉和评价变成有证据的改进排序。Chinese feedback in, ranked improvements out.",
    epilog="先试试：`feedback-nlp demo` · 自己的文件：`feedback-nlp analyze 投诉.xlsx`",
)


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="显示版本。"),
) -> None:
    """Hold the options that come before a command."""


app.command("demo")(demo.demo)
app.command("analyze", epilog=analyze.EPILOG)(analyze.analyze)
app.command("score")(score.score)
app.command("segment")(segment.segment)
app.command("serve")(serve.serve)
app.command("app")(webapp.app)
app.command("classify")(classify.classify)
app.command("report")(report.report)
app.command("compare", epilog=compare.EPILOG)(compare.compare)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(review.app, name="review")
app.add_typer(labels.app, name="labels")
app.add_typer(audit.app, name="audit")
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(playbook.app, name="playbook")
app.add_typer(models.app, name="models")
app.add_typer(track.app, name="track")
