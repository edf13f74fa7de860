"""``feedback-nlp.toml``: the options of a run, kept beside the input so that next month's run needs none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from feedback_nlp.errors import Bilingual, ConfigError, cannot_open
from feedback_nlp.io.writers import atomic

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["NAME", "OPTIONS", "find", "load", "save"]

NAME = "feedback-nlp.toml"
# Long option names with underscores, and the types their values may have.
OPTIONS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("text", "id", "rating", "nps", "time", "channel", "product", "store", "customer", "amount", "tier"),
        (str,),
    ),
    "rating_scale": (str,),
    "sheet": (str, int),
    "model": (str,),
    "taxonomy": (str,),
    "lang": (str,),
    "jobs": (int,),
    "weights": (list, str),
    "playbook": (str,),
    **dict.fromkeys(("period", "exposure", "actions"), (str,)),
    "issues": (str,),
    "out": (str,),
    "format": (str,),
    "no_mask": (bool,),
    **dict.fromkeys(("quiet", "json", "force", "resume"), (bool,)),
    "max_error": (float, int),
    "strict": (bool,),
}
_TYPE_NAMES = {
    str: Bilingual("文字", "text"),
    int: Bilingual("整数", "a whole number"),
    float: Bilingual("数", "a number"),
    bool: Bilingual("true 或 false", "true or false"),
    list: Bilingual("列表", "a list"),
}


def find(beside: str | Path | None) -> Path | None:
    """Return the configuration file in the folder of the input ``beside``, if there is one."""
    if beside is None or str(beside) == "-":
        return None
    place = Path(beside)
    path = (place if place.is_dir() else place.parent) / NAME
    return path if path.is_file() else None


def load(path: str | Path | None, beside: str | Path | None = None) -> dict[str, Any]:
    """Return the options of ``path``, or of the file beside the input; none if there is no such file.

    Raises
    ------
    ConfigError
        If ``path`` is not there, is not TOML, has an unknown key or a value of a wrong type.
    """
    chosen = Path(path) if path is not None else find(beside)
    if chosen is None:
        return {}
    try:
        options = tomllib.loads(chosen.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise cannot_open(str(chosen), error, ConfigError) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(chosen, str(error)) from error
    for key, value in options.items():
        _check(key, value, chosen)
    return options


def save(path: str | Path, options: Mapping[str, Any]) -> None:
    """Write options; an existing file keeps its comments, its order and the keys not given here.

    Raises
    ------
    ConfigError
        If an option is unknown or of a wrong type, or the existing file is not TOML.
    OutputError
        If it can't be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    target = Path(path)
    given = {key: value for key, value in options.items() if value is not None}
    for key, value in given.items():
        _check(key, value, target)
    try:
        old = target.read_bytes().decode("utf-8-sig") if target.is_file() else ""
        document = tomlkit.parse(old)
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise _unreadable(target, str(error)) from error
    if not old:
        document.add(tomlkit.comment("feedback-nlp: options of this folder; 这个文件夹的默认选项"))
    for key, value in given.items():
        document[key] = value
    with atomic(target) as temporary:
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")


def _check(key: str, value: Any, path: Path) -> None:
    if key not in OPTIONS:
        raise _unknown(key, path)
    types = OPTIONS[key]
    # bool is an int to isinstance, not to people.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise _wrong_type(key, value, path)


def _unknown(key: str, path: Path) -> ConfigError:
    near = get_close_matches(key, OPTIONS, n=1, cutoff=0.5)
    guess_zh = f"是不是“{near[0]}”？" if near else ""
    guess_en = f"Did you mean '{near[0]}'? " if near else ""
    return ConfigError(
        Bilingual(f"{path} 里没有选项“{key}”。", f"{path}: no option '{key}'."),
        Bilingual(f"{guess_zh}可用：{'、'.join(OPTIONS)}。", f"{guess_en}Options: {', '.join(OPTIONS)}."),
    )


def _wrong_type(key: str, value: Any, path: Path) -> ConfigError:
    names = [_TYPE_NAMES[kind] for kind in OPTIONS[key]]
    return ConfigError(
        Bilingual(f"{path} 里 {key} 的值 {value!r} 类型不对。", f"{path}: {key} can't be {value!r}."),
        Bilingual(
            f"应为{'或'.join(name.zh for name in names)}。",
            f"It must be {' or '.join(name.en for name in names)}.",
        ),
    )


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        Bilingual(
            f"配置文件 {path} 读不了（{why}）。", f"The configuration file {path} can't be read ({why})."
        ),
        Bilingual("请改正或删掉它。", "Mend or delete it."),
    )
