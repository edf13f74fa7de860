"""What ``feedback-nlp evaluate`` writes into files: a table of results, plots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.cli import console
from feedback_nlp.errors import Bilingual, ConfigError

if TYPE_CHECKING:
    from feedback_nlp.evaluation import Report

__all__ = ["check", "write"]

TABLES = {".md": "markdown", ".tex": "latex"}
PLOTS = (".html", ".htm")


def check(table: Path | None, plots: Path | None, *, force: bool) -> None:
    """Refuse places that can't be written, before anything is measured.

    Raises
    ------
    ConfigError
        If a suffix says no format.
    OutputError
        If a file is there and may not be replaced, or can't be written.
    """
    from feedback_nlp.io.writers import check_writable

    for path, suffixes in ((table, tuple(TABLES)), (plots, PLOTS)):
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:
            raise ConfigError(
                Bilingual(f"{path} 的后缀不对。", f"Bad suffix: {path}."),
                Bilingual(f"用 {' 或 '.join(suffixes)}。", f"Use {' or '.join(suffixes)}."),
            )
        check_writable(path, force=force, suffixes=False)


def write(reports: Mapping[str, Report], table: Path | None, plots: Path | None) -> None:
    """Write what was asked for."""
    from feedback_nlp.io.writers import atomic

    if table is not None:
        from feedback_nlp.research.tables import results_table

        text = results_table(reports, format=TABLES[table.suffix.lower()], lang=console.lang())
        with atomic(table) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if plots is not None:
        from feedback_nlp.research.plots import page

        with atomic(plots) as temporary:
            temporary.write_text(page(reports, lang=console.lang()), encoding="utf-8")
    for path in (table, plots):
        if path is not None:
            console.note(f"写好了：{path}", f"Written: {path}")
