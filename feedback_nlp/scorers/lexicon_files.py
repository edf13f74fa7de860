"""The lexicon scorer's model folder: ``model.json`` and the taxonomy; it has no weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, ModelError
from feedback_nlp.scorers.persistence import (
    FORMAT,
    MODEL_FILE,
    new_folder,
    taxonomy_entry,
    write_header,
)
from feedback_nlp.taxonomy import Element, Facet, Taxonomy

__all__ = ["KIND", "read_folder", "taxonomy_toml", "write_folder"]

KIND, TAXONOMY_FILE = "lexicon", "taxonomy.toml"


def write_folder(folder: str | Path, taxonomy: Taxonomy, header: dict[str, Any]) -> Path:
    """Write ``taxonomy.toml`` and ``model.json`` into ``folder``, making it if needed.

    Raises
    ------
    OutputError
        If the folder can't be written.
    """
    header = {
        "kind": KIND,
        "facets": list(taxonomy.codes),
        "taxonomy": taxonomy_entry(taxonomy),
        **header,
    }
    with new_folder(folder) as target:
        (target / TAXONOMY_FILE).write_text(taxonomy_toml(taxonomy), encoding="utf-8", newline="\n")
        write_header(target, header, TAXONOMY_FILE)
    return target


def read_folder(folder: str | Path) -> Taxonomy:
    """Return the taxonomy of a lexicon model folder after verifying it.

    Raises
    ------
    ModelError
        If a file is missing or changed, or the folder holds another kind of model.
    """
    source = Path(folder)
    try:
        header = json.loads((source / MODEL_FILE).read_text(encoding="utf-8"))
        text = (source / TAXONOMY_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise _broken(source, f"读不了：{error}", f"can't be read: {error}") from error
    if not isinstance(header, dict):
        raise _broken(source, f"的 {MODEL_FILE} 不是对象", f"has a {MODEL_FILE} that is not an object")
    found = (header.get("kind"), header.get("format"))
    if found != (KIND, FORMAT):
        raise _broken(source, f"类型和格式是 {found}", f"is of kind and format {found}")
    if hashlib.sha256(text).hexdigest() != header.get("files", {}).get(TAXONOMY_FILE):
        raise _broken(source, f"的 {TAXONOMY_FILE} 被改过", f"has a {TAXONOMY_FILE} that was changed")
    return Taxonomy.from_toml(text.decode("utf-8"), str(source / TAXONOMY_FILE))


def _broken(folder: Path, zh: str, en: str) -> ModelError:
    return ModelError(
        Bilingual(f"模型文件夹 {folder} {zh}。", f"Model folder {folder} {en}."),
        Bilingual(
            "重新保存这个模型，或用 --model lexicon --taxonomy 指定分类体系。",
            "Save the model again, or use --model lexicon --taxonomy.",
        ),
    )


def taxonomy_toml(taxonomy: Taxonomy) -> str:
    """Return a taxonomy as the TOML that ``Taxonomy.from_toml`` reads back as the same taxonomy."""
    import tomlkit

    elements = {element.code: _element(element) for element in taxonomy.elements}
    return tomlkit.dumps({"name": taxonomy.name, "version": taxonomy.version, "elements": elements})


def _element(element: Element) -> dict[str, Any]:
    facets = {facet.code.partition(".")[2]: _facet(facet) for facet in element.facets}
    return {"zh": element.zh, "en": element.en, "define": element.define, "facets": facets}


def _facet(facet: Facet) -> dict[str, Any]:
    texts = ("terms", "patterns", "positive", "negative")
    return {
        "zh": facet.zh,
        "en": facet.en,
        "define": facet.define,
        "not": facet.excludes,
        **{key: list(getattr(facet, key)) for key in texts},
        "feasibility": facet.feasibility,
        "remedy": facet.remedy,
        "action_zh": facet.action_zh,
        "action_en": facet.action_en,
        "examples": [{"text": item.text, "polarity": item.polarity} for item in facet.examples],
        "problems": [
            {"code": item.code, "zh": item.zh, "en": item.en, "terms": list(item.terms)}
            for item in facet.problems
        ],
    }
