"""Where models, corpora and the sample lie. Local folders only: nothing here opens a network connection."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from feedback_nlp.errors import Bilingual, InputError, ModelError

__all__ = [
    "ModelInfo",
    "corpus_names",
    "corpus_path",
    "describe_model",
    "model_folder",
    "models",
    "sample_path",
]

_PACKAGE = Path(__file__).resolve().parent
MODEL_FILE = "model.json"
CARD_FILE = "card.md"
SAMPLES = ("xlsx", "csv")


@dataclass(frozen=True)
class ModelInfo:
    """An installed model: its name, kind (``linear``, ``lexicon`` …), folder and size in bytes."""

    name: str
    kind: str
    folder: Path
    n_bytes: int

    @property
    def card(self) -> str:
        """The model card as Markdown; empty where there is none."""
        path = self.folder / CARD_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def _shipped(name: str) -> Path:
    """Folder of shipped data: inside the package in a wheel, beside it in a checkout."""
    packaged = _PACKAGE / "resources" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def models() -> list[ModelInfo]:
    """Return the installed models in order of name."""
    return [describe_model(path.parent) for path in sorted(_shipped("models").glob(f"*/{MODEL_FILE}"))]


def model_folder(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by installed name or by path.

    Raises
    ------
    ModelError
        If there is no such model; the message lists those installed.
    """
    installed = {info.name: info.folder for info in models()}
    if str(name_or_path) in installed:
        return installed[str(name_or_path)]
    path = Path(name_or_path)
    if (path / MODEL_FILE).is_file():
        return path
    names = ["lexicon", *installed]
    raise ModelError(
        Bilingual(f"没有模型“{name_or_path}”。", f"No model '{name_or_path}'."),
        Bilingual(
            f"已安装：{'、'.join(names)}；也可以给一个模型文件夹的路径（内有 {MODEL_FILE}）。",
            f"Installed: {', '.join(names)}; or give the path of a model folder (with {MODEL_FILE}).",
        ),
    )


def describe_model(folder: Path) -> ModelInfo:
    """Return name, kind and size of the model in ``folder``.

    Raises
    ------
    ModelError
        If its ``model.json`` can't be read.
    """
    try:
        kind = str(json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            Bilingual(
                f"模型 {folder.name} 的 {MODEL_FILE} 读不了：{error}。",
                f"Can't read {MODEL_FILE} of model {folder.name}: {error}.",
            ),
            Bilingual("重新安装，或换一个模型文件夹。", "Reinstall, or use another model folder."),
        ) from error
    size = sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())
    return ModelInfo(folder.name, kind, folder, size)


def sample_path(kind: str = "xlsx") -> Path:
    """Return the bundled sample, ``"xlsx"`` or ``"csv"``: 420 invented rows of an appliance retailer.

    Raises
    ------
    InputError
        If ``kind`` is neither.
    """
    if kind not in SAMPLES:
        raise _unknown("示例格式", "sample format", kind, SAMPLES)
    return _PACKAGE / "resources" / "sample" / f"sample.{kind}"


def corpus_names() -> tuple[str, ...]:
    """Return the names of the corpora shipped, in order."""
    return tuple(sorted(path.stem for path in _shipped("corpora").glob("*.jsonl")))


def corpus_path(name: str) -> Path:
    """Return the file of a corpus shipped with the package.

    Raises
    ------
    InputError
        If there is no such corpus; the message lists them.
    """
    if name not in corpus_names():
        raise _unknown("语料", "corpus", name, corpus_names())
    return _shipped("corpora") / f"{name}.jsonl"


def _unknown(zh: str, en: str, value: str, choices: Iterable[str]) -> InputError:
    known = list(choices)
    return InputError(
        Bilingual(f"没有{zh}“{value}”。", f"No {en} '{value}'."),
        Bilingual(f"可选：{'、'.join(known)}。", f"Choose from: {', '.join(known)}."),
    )
