"""The taxonomy: elements, their facets, and what each facet needs to be found, judged and mended. It is data.

A taxonomy is one TOML file (``feedback-nlp taxonomy init`` writes a start)::

    name = "default"
    version = 1

    [elements.logistics]
    zh = "物流"
    en = "Logistics"
    define = "从下单到送到手上。"

    [elements.logistics.facets.speed]
    zh = "时效"
    en = "Speed"
    define = "发货慢、配送慢、准时"
    not = "餐厅上菜慢归响应等待"                 # borderline cases that belong elsewhere
    terms = ["物流", "快递", "发货"]            # name the subject; polarity comes from the rest of the clause
    patterns = ["等了.{1,6}才(到|发货)"]         # regular expressions, the same without a fixed wording
    positive = ["发货快", "re:隔天.{0,2}到"]     # phrases that name facet and polarity at once
    negative = ["发货慢", "迟迟不发货"]           # ("re:" marks a regular expression)
    like = "default:logistics.speed"             # takes over all that this shipped facet has (or one of this
                                                 # file, "element.facet") besides what stands here …
    without = ["快递"]                            # … but for these phrases
    feasibility = 3                              # 1 hard to 5 easy
    remedy = "process"                           # process | training | technology | personalisation
    action_zh = "……"
    action_en = "…"
    examples = [{ text = "物流太慢了", polarity = -1 }]

    [[elements.logistics.facets.speed.problems]] # named problems, tried in order on negative mentions
    code = "slow_dispatch"
    zh = "发货慢"
    en = "Slow dispatch"
    terms = ["不发货", "没发货", "re:发货.{0,3}慢"]
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.compiled import read_compiled
from feedback_nlp.errors import Bilingual, TaxonomyError
from feedback_nlp.taxonomy_parts import GENERAL, PHRASES, REGEX_MARK, Element, Example, Facet, Problem
from feedback_nlp.taxonomy_reading import not_utf8, read

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = [
    "GENERAL",
    "REGEX_MARK",
    "Change",
    "Element",
    "Example",
    "Facet",
    "Problem",
    "Taxonomy",
    "diff",
    "load_taxonomy",
    "shipped_names",
]


@dataclass(frozen=True)
class Taxonomy:
    """The label space: elements in order, facets in order of their elements.

    Every array axis named ``facets`` in this package follows ``Taxonomy.codes``.
    """

    name: str
    version: int
    elements: tuple[Element, ...] = field(default=())

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """All facets in order."""
        return tuple(facet for element in self.elements for facet in element.facets)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Facet codes in order."""
        return tuple(facet.code for facet in self.facets)

    @cached_property
    def index(self) -> dict[str, int]:
        """Facet code to its position on the facet axis."""
        return {code: position for position, code in enumerate(self.codes)}

    @cached_property
    def _by_code(self) -> dict[str, Element | Facet]:
        items: tuple[Element | Facet, ...] = (*self.elements, *self.facets)
        return {item.code: item for item in items}

    def facet(self, code: str) -> Facet:
        """Return the facet ``element.facet``.

        Raises
        ------
        TaxonomyError
            If there is no such facet.
        """
        found = self._by_code.get(code)
        if not isinstance(found, Facet):
            fact = Bilingual(
                f"分类体系 {self.name} 里没有方面 {code}。", f"Taxonomy {self.name} has no facet {code}."
            )
            hint = Bilingual("用 feedback-nlp taxonomy show 看有哪些。", "See feedback-nlp taxonomy show.")
            raise TaxonomyError(fact, hint)
        return found

    def label(self, code: str, lang: str = "zh") -> str:
        """Return the display name of an element or facet code; the code itself where it is unknown."""
        found = self._by_code.get(code)
        return code if found is None else found.name(lang)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the whole content, whatever the layout of the file."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @classmethod
    def load(cls, source: str | Path | Taxonomy = "default") -> Taxonomy:
        """Load a taxonomy shipped by name, or a TOML file by path.

        Raises
        ------
        TaxonomyError
            If there is no such taxonomy, it is not TOML, or it breaks a rule (the message says which).
        """
        if isinstance(source, Taxonomy):
            return source
        named = str(source)
        return _load_shipped(named) if named in shipped_names() else _load_file(named)

    @classmethod
    def from_toml(cls, text: str, origin: str = "taxonomy") -> Taxonomy:
        """Build a taxonomy from TOML text; ``origin`` names it in messages.

        Raises
        ------
        TaxonomyError
            If it is not TOML or breaks a rule; the message says on which line and what to do.
        """
        return cls(*read(text, origin, _shipped_facet))


def load_taxonomy(source: str | Path | Taxonomy = "default") -> Taxonomy:
    """Load a taxonomy by shipped name or by path; see :meth:`Taxonomy.load`."""
    return Taxonomy.load(source)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the taxonomies in the package."""
    names = (item.name for item in _shipped_folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@dataclass(frozen=True)
class Change:
    """One difference between two taxonomies.

    ``code`` is that of an element or facet; ``kind`` is ``"added"``, ``"removed"`` or ``"changed"``;
    ``fields`` names the attributes that differ (only where changed; the facets of an element are listed on
    their own).
    """

    code: str
    kind: str
    fields: tuple[str, ...] = ()


def diff(old: Taxonomy, new: Taxonomy) -> list[Change]:
    """Return what changed from ``old`` to ``new``: first the codes of ``old`` in order, then added ones."""
    before, after = old._by_code, new._by_code
    changes = (_change(code, before.get(code), after.get(code)) for code in {**before, **after})
    return [change for change in changes if change is not None]


def _change(code: str, old: Element | Facet | None, new: Element | Facet | None) -> Change | None:
    if old is None or new is None:
        return Change(code, "added" if old is None else "removed")
    names = (item.name for item in fields(old) if item.name != "facets")
    differing = tuple(name for name in names if getattr(old, name) != getattr(new, name))
    return Change(code, "changed", differing) if differing else None


def _shipped_folder() -> Traversable:
    return resources.files("feedback_nlp") / "resources" / "taxonomies"


@lru_cache(maxsize=8)
def _load_shipped(name: str) -> Taxonomy:
    source = (_shipped_folder() / f"{name}.toml").read_bytes()
    compiled = read_compiled(f"taxonomy-{name}", source)
    if compiled is None:
        return Taxonomy.from_toml(source.decode("utf-8"), name)
    taxonomy = _restored(compiled["taxonomy"])
    taxonomy.__dict__["sha256"] = compiled["sha256"]
    return taxonomy


def _restored(content: dict[str, Any]) -> Taxonomy:
    """Return a taxonomy from what ``dataclasses.asdict`` made of it and JSON kept."""
    elements = (
        Element(**{**row, "facets": tuple(map(_restored_facet, row["facets"]))})
        for row in content["elements"]
    )
    return Taxonomy(content["name"], content["version"], tuple(elements))


def _restored_facet(row: dict[str, Any]) -> Facet:
    problems = (Problem(**{**problem, "terms": tuple(problem["terms"])}) for problem in row["problems"])
    parts = {
        "examples": tuple(Example(**example) for example in row["examples"]),
        "problems": tuple(problems),
        **{key: tuple(row[key]) for key in PHRASES},
    }
    return Facet(**{**row, **parts})


def _load_file(source: str) -> Taxonomy:
    # Not cached: a file is edited and loaded again within one notebook.
    try:
        text = Path(source).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(source) from error
    except (OSError, ValueError) as error:
        fact = Bilingual(f"找不到分类体系 {source}。", f"No taxonomy {source}.")
        hint = Bilingual(
            f"给一个 TOML 文件的路径，或自带的名字：{'、'.join(shipped_names())}。",
            f"Give the path of a TOML file, or one shipped: {', '.join(shipped_names())}.",
        )
        raise TaxonomyError(fact, hint) from error
    return Taxonomy.from_toml(text, source)


def _shipped_facet(name: str, code: str) -> Facet | None:
    found = _load_shipped(name)._by_code.get(code) if name in shipped_names() else None
    return found if isinstance(found, Facet) else None
