"""Model folders: ``model.json``, weights as ``.npz`` without pickles, and a hash of every file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_nlp.errors import Bilingual, ModelError, OutputError

if TYPE_CHECKING:
    from feedback_nlp.taxonomy import Taxonomy

__all__ = [
    "FORMAT",
    "MODEL_FILE",
    "file_sha256",
    "new_folder",
    "read_model",
    "rounded",
    "taxonomy_entry",
    "write_header",
    "write_model",
]

FORMAT = 1
MODEL_FILE = "model.json"
WEIGHTS_FILE = "weights.npz"
# Arrays that deflate would hardly make smaller, and inflate would make slower to load.
STORED = frozenset({"table"})


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def taxonomy_entry(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what ``model.json`` says of the taxonomy a model was trained on."""
    return {"name": taxonomy.name, "version": taxonomy.version, "sha256": taxonomy.sha256}


@contextmanager
def new_folder(folder: str | Path) -> Iterator[Path]:
    """Make ``folder`` if needed, for writing a model into it.

    Raises
    ------
    OutputError
        If it, or a file in it, can't be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield target
    except OSError as error:
        raise OutputError(
            Bilingual(
                f"模型文件夹 {target} 写不了：{error}。", f"Can't write model folder {target}: {error}."
            ),
            Bilingual("换一个能写的文件夹。", "Choose a folder that can be written."),
        ) from error


def write_header(folder: Path, header: Mapping[str, Any], *files: str) -> None:
    """Write ``model.json``: format, ``header`` and the hashes of ``files``, which stand in ``folder``."""
    content = {"format": FORMAT, **header, "files": {file: file_sha256(folder / file) for file in files}}
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    (folder / MODEL_FILE).write_text(text, encoding="utf-8", newline="\n")


def write_model(
    folder: str | Path,
    header: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write ``weights.npz``, further ``files`` and ``model.json`` into ``folder``, making it if needed.

    Raises
    ------
    OutputError
        If the folder can't be written.
    """
    with new_folder(folder) as target:
        _write_npz(target / WEIGHTS_FILE, arrays)
        for name, content in (files or {}).items():
            (target / name).write_bytes(content)
        write_header(target, header, WEIGHTS_FILE, *(files or {}))
    return target


def read_model(
    folder: str | Path, kind: str, taxonomy: Taxonomy
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the header and arrays of a model folder after verifying it.

    Raises
    ------
    ModelError
        If a file is missing or changed, the format or kind is another, or the facets are not the taxonomy's.
    """
    source = Path(folder)
    header = _read_header(source)
    if header.get("format") != FORMAT or header.get("kind") != kind:
        found = f"{header.get('kind')} {header.get('format')}"
        raise _model_error(
            source,
            f"类型或格式是 {found}，这里要 {kind} {FORMAT}",
            f"is of kind and format {found}, {kind} {FORMAT} is needed",
        )
    _check_files(source, header.get("files", {}))
    _check_facets(source, header.get("facets", []), taxonomy)
    return header, _read_npz(source / WEIGHTS_FILE)


def rounded(values: Iterable[float]) -> list[float]:
    """Return floats in the shortest form that reads back as the same float32."""
    return [float(str(np.float32(value))) for value in values]


def _write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as ``numpy.savez_compressed`` does, but with fixed times: equal arrays, equal bytes.

    Those named in ``STORED`` are not compressed.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name in STORED else zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read_header(folder: Path) -> dict[str, Any]:
    path = folder / MODEL_FILE
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _model_error(
            folder, f"没有 {MODEL_FILE} 或读不了", f"has no {MODEL_FILE}, or it can't be read"
        ) from error
    except ValueError as error:
        raise _model_error(
            folder, f"的 {MODEL_FILE} 不是 JSON", f"has a {MODEL_FILE} that is not JSON"
        ) from error
    if not isinstance(header, dict):
        raise _model_error(folder, f"的 {MODEL_FILE} 不是对象", f"has a {MODEL_FILE} that is not an object")
    return header


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    if WEIGHTS_FILE not in files:
        raise _model_error(folder, f"没有登记 {WEIGHTS_FILE}", f"does not list {WEIGHTS_FILE}")
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise _model_error(folder, f"缺文件 {name}", f"lacks the file {name}")
        if file_sha256(path) != expected:
            raise _model_error(folder, f"的文件 {name} 被改过或损坏", f"has a changed or damaged file {name}")


def _check_facets(folder: Path, facets: list[str], taxonomy: Taxonomy) -> None:
    if list(taxonomy.codes) == facets:
        return
    differing = sorted(set(taxonomy.codes) ^ set(facets)) or ["(order)"]
    shown = ", ".join(differing[:5])
    raise ModelError(
        Bilingual(
            f"模型 {folder.name} 是按另一套方面训练的，和分类体系 {taxonomy.name} 不同（{shown}）。",
            f"Model {folder.name} was trained on other facets than taxonomy {taxonomy.name} has ({shown}).",
        ),
        Bilingual(
            "用 --model lexicon（不需训练），或用 feedback-nlp train 训练自己的模型。",
            "Use --model lexicon (needs no training), or train your own with feedback-nlp train.",
        ),
    )


def _model_error(folder: Path, zh: str, en: str) -> ModelError:
    return ModelError(
        Bilingual(f"模型文件夹 {folder} {zh}。", f"Model folder {folder} {en}."),
        Bilingual(
            "重新安装 feedback-nlp，或重新训练模型。", "Reinstall feedback-nlp, or train the model again."
        ),
    )
