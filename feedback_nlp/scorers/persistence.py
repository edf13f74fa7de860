"""Model folders: ``model.json``, weights as ``.npz`` without pickles, and a hash of every file."""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
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
    "model_error",
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
    *,
    compressed: bool = False,
) -> Path:
    """Write ``weights.npz``, further ``files`` and ``model.json`` into ``folder``, making it if needed.

    ``compressed`` weights are a third as large and take longer to load.

    Raises
    ------
    OutputError
        If the folder can't be written.
    """
    with new_folder(folder) as target:
        _write_npz(target / WEIGHTS_FILE, arrays, compressed=compressed)
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
        raise model_error(
            source,
            f"类型或格式是 {found}，这里要 {kind} {FORMAT}",
            f"is of kind and format {found}, {kind} {FORMAT} is needed",
        )
    weights = _checked_weights(source, header.get("files", {}))
    _check_facets(source, header.get("facets", []), taxonomy)
    return header, _read_npz(weights)


def rounded(values: Iterable[float]) -> list[float]:
    """Return floats in the shortest form that reads back as the same float32."""
    return [float(str(np.float32(value))) for value in values]


def _write_npz(path: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False) -> None:
    """Write arrays as ``numpy.savez`` does, but with fixed times: equal arrays, equal bytes.

    To inflate them would take longer than all the rest of loading, and a wheel is compressed as a whole.
    """
    with zipfile.ZipFile(path, "w", compresslevel=6) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)


def _read_npz(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz``; those that are not compressed are views of its bytes, read-only."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            entry.filename.removesuffix(".npy"): _array(archive, entry, content)
            for entry in archive.infolist()
        }


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> NDArray[Any]:
    with archive.open(entry) as stream:
        if entry.compress_type != zipfile.ZIP_STORED:
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
        version = np.lib.format.read_magic(stream)
        header = getattr(np.lib.format, f"read_array_header_{version[0]}_{version[1]}")
        shape, by_columns, kind = header(stream)
        size = math.prod(shape)
        # The bytes have been checked as a whole: the archive's own check would read them once more.
        start = _data_start(content, entry) + stream.tell()
        flat = np.frombuffer(content, kind, size, start)
    return flat.reshape(shape, order="F" if by_columns else "C")


def _data_start(content: bytes, entry: zipfile.ZipInfo) -> int:
    """Return where an entry's bytes begin: behind its local header of 30 bytes, its name and extra field."""
    name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
    return int(entry.header_offset + 30 + name + extra)


def _read_header(folder: Path) -> dict[str, Any]:
    path = folder / MODEL_FILE
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise model_error(
            folder, f"没有 {MODEL_FILE} 或读不了", f"has no {MODEL_FILE}, or it can't be read"
        ) from error
    except ValueError as error:
        raise model_error(
            folder, f"的 {MODEL_FILE} 不是 JSON", f"has a {MODEL_FILE} that is not JSON"
        ) from error
    if not isinstance(header, dict):
        raise model_error(folder, f"的 {MODEL_FILE} 不是对象", f"has a {MODEL_FILE} that is not an object")
    return header


def _checked_weights(folder: Path, files: Mapping[str, str]) -> bytes:
    """Return the bytes of the weights after checking every file against its hash."""
    if WEIGHTS_FILE not in files:
        raise model_error(folder, f"没有登记 {WEIGHTS_FILE}", f"does not list {WEIGHTS_FILE}")
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise model_error(folder, f"缺文件 {name}", f"lacks the file {name}")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise model_error(folder, f"的文件 {name} 被改过或损坏", f"has a changed or damaged file {name}")
        if name == WEIGHTS_FILE:
            weights = content
    return weights


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


def model_error(folder: Path, zh: str, en: str) -> ModelError:
    """Return the error of a model folder that can't be used: ``zh`` and ``en`` say what is wrong with it."""
    return ModelError(
        Bilingual(f"模型文件夹 {folder} {zh}。", f"Model folder {folder} {en}."),
        Bilingual(
            "重新安装 feedback-nlp，或重新训练模型。", "Reinstall feedback-nlp, or train the model again."
        ),
    )
