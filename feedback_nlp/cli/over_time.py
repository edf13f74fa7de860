"""What the report commands need for alarms, rates and actions: read before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.cli import console

if TYPE_CHECKING:
    from feedback_nlp.pipeline.options import Options

__all__ = ["watched"]


def watched(options: Options, chosen: Mapping[str, Any], *, beside: str | Path, folder: Path) -> Options:
    """Return ``options`` with the period, the exposure file and the action log.

    Parameters
    ----------
    options : Options
    chosen : mapping
        Options as given: ``period``, ``exposure``, ``actions``.
    beside : path
        The input; ``actions.toml`` beside it is read by itself.
    folder : Path
        Where the report goes; its workbook's sheet of actions is read where there is no ``actions.toml``.

    Raises
    ------
    ConfigError, InputError
        If one of the files can't be used.
    """
    from feedback_nlp.pipeline.action_log import find_actions
    from feedback_nlp.pipeline.monitoring import over_time

    log = chosen.get("actions") or find_actions(beside, folder)
    found = over_time(
        options, period=chosen.get("period"), exposure=chosen.get("exposure"), actions=log or ()
    )
    if found.actions:
        n = len(found.actions)
        console.note(f"读入 {n} 条措施：{log}", f"{n} actions read from {log}")
    return found
