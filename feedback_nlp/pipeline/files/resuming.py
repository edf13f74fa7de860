"""Whether a run can be taken up again: what it rested on, and what is said when that has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, OutputError

if TYPE_CHECKING:
    from feedback_nlp.pipeline.files.parts import Parts

__all__ = ["difference", "file_fingerprint", "refused", "resumable"]


def file_fingerprint(path: Path) -> dict[str, Any]:
    """Return name, size and hash of a file's content."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        return {"name": path.name, "size": file.tell(), "sha256": digest.hexdigest()}


_NAMES = {
    "version": Bilingual("程序版本", "the version of this program"),
    "input": Bilingual("输入", "the input"),
    "model": Bilingual("模型", "the model"),
    "taxonomy": Bilingual("分类体系", "the taxonomy"),
    "columns": Bilingual("列的用途", "the columns used"),
    "rating_scale": Bilingual("评分量程", "the rating scale"),
    "sheet": Bilingual("工作表", "the sheet"),
    "max_error": Bilingual("目标错误率", "the target error"),
    "mentions": Bilingual("是否要提及表", "whether mentions are wanted"),
}


def difference(left: Mapping[str, Any], run: Mapping[str, Any]) -> Bilingual | None:
    """Return what has changed since the earlier run, None if nothing."""
    for key, what in _NAMES.items():
        if left.get(key) != run[key]:
            return what
    return None


def refused(parts: Parts, what: Bilingual) -> OutputError:
    """Return the error for an earlier run that can't be taken up again."""
    return OutputError(
        Bilingual(
            f"不能接着上次的运行（{parts.folder}）：{what.zh}变了。",
            f"The earlier run ({parts.folder}) can't be resumed: {what.en} changed.",
        ),
        Bilingual(
            "改回去再续，或加 --force 从头来，或换一个输出文件名。",
            "Change it back, add --force to start over, or choose another output.",
        ),
    )


def resumable(error: OutputError) -> OutputError:
    """Return ``error`` with the hint that what is finished is kept."""
    hint = Bilingual(
        "做完的部分留着：解决后再运行同一条命令就接着做。" + error.hint.zh,
        "Finished parts are kept: run the same command again to go on. " + error.hint.en,
    )
    return OutputError(error.fact, hint)
