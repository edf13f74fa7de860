"""Issues by what people may call them, and what edits make of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.insight.edits import Edits, Merge
from feedback_nlp.insight.naming import Issue

__all__ = ["Called"]


@dataclass(frozen=True)
class Called:
    """The issues of a file by id and by name; ``file`` is that of the edits, for messages."""

    by_id: Mapping[str, Issue]
    by_name: Mapping[str, tuple[Issue, ...]]
    file: str

    @classmethod
    def of(cls, names: Mapping[Issue, Iterable[str]], file: str) -> Called:
        """Take issues with their names."""
        by_name: dict[str, tuple[Issue, ...]] = {}
        for issue, known in sorted(names.items(), key=lambda item: item[0].id):
            for name in dict.fromkeys(known):
                by_name[name] = (*by_name.get(name, ()), issue)
        return cls({issue.id: issue for issue in names}, by_name, file)

    def with_own(self, issues: Iterable[Issue]) -> Called:
        """Add issues that were split off."""
        names: dict[Issue, list[str]] = {issue: [issue.own] for issue in issues if issue.own}
        for name, found in self.by_name.items():
            for issue in found:
                names.setdefault(issue, []).append(name)
        return Called.of(names, self.file)

    def with_given(self, edits: Edits) -> Called:
        """Add the names that people gave: those are what they see. A name without edits goes before."""
        given: dict[str, tuple[Issue, ...]] = {}
        for key, name in edits.renames.items():
            renamed = self.find(key)
            if renamed is not None and name not in self.by_name:
                given[name] = (*given.get(name, ()), renamed)
        return replace(self, by_name={**self.by_name, **given})

    def knows(self, key: str) -> bool:
        """Return whether this file has an issue of that id or name."""
        return key in self.by_id or key in self.by_name

    def find(self, key: str, line: int = 0, *, facets: Container[str] = ()) -> Issue | None:
        """Return the issue of an id or a name; ``None`` where this file has none.

        Parameters
        ----------
        key : str
        line : int
            Where it stands, for the message.
        facets : container of str
            Of several issues with that name, the one of these facets is meant.

        Raises
        ------
        ConfigError
            If issues of several facets have that name.
        """
        if key in self.by_id:
            return self.by_id[key]
        found = self.by_name.get(key, ())
        if len(found) > 1:
            near = [issue for issue in found if issue.facet in facets]
            if len(near) == 1:
                return near[0]
            ids = [issue.id for issue in found]
            where = f"{self.file} 第 {line} 行" if line else self.file
            raise ConfigError(
                Bilingual(
                    f"{where}：叫“{key}”的问题有 {len(ids)} 个。",
                    f"{where}: {len(ids)} issues are called '{key}'.",
                ),
                Bilingual(f"改写编号：{'、'.join(ids)}。", f"Write the id instead: {', '.join(ids)}."),
            )
        return found[0] if found else None

    def decide(self, edits: Edits) -> dict[Issue, Issue]:
        """Return what merges, names and pins make of the issues they speak of.

        Raises
        ------
        ConfigError
            For a merge across facets, and a name that stands for several issues.
        """
        target: dict[Issue, Issue] = {}
        given: dict[Issue, str] = {}
        for merge in edits.merges:
            parts = self._parts(merge)
            for part in parts[1:]:
                # What was put into the other one already is one with it, whichever was named first.
                if _last(parts[0], target) != part:
                    target[part] = parts[0]
            if parts and merge.name:
                given[parts[0]] = merge.name
        for key, name in edits.renames.items():
            renamed = self.find(key)
            if renamed is not None:
                given[_last(renamed, target)] = name
        pinned = {_last(issue, target) for key in edits.pins if (issue := self.find(key)) is not None}
        touched = {*target, *given, *pinned}
        return {issue: self._made(_last(issue, target), given, pinned) for issue in touched}

    def _made(self, issue: Issue, given: Mapping[Issue, str], pinned: set[Issue]) -> Issue:
        return replace(issue, given=given.get(issue, ""), pinned=issue in pinned)

    def _parts(self, merge: Merge) -> list[Issue]:
        """Return the issues of a merge that this file has, those of one facet."""
        beside = {self.by_id[key].facet for key in merge.issues if key in self.by_id}
        found = [self.find(key, merge.line, facets=beside) for key in merge.issues]
        parts = [issue for issue in found if issue is not None]
        facets = list(dict.fromkeys(part.facet for part in parts))
        if len(facets) > 1:
            where = f"{self.file} 第 {merge.line} 行" if merge.line else self.file
            raise ConfigError(
                Bilingual(
                    f"{where}：要合并的问题分属 {'、'.join(facets)}，只能合并同一方面的。",
                    f"{where}: the issues to merge are of {', '.join(facets)}; they must be of one facet.",
                ),
                Bilingual("每个方面的问题各自合并。", "Merge the issues of each facet by themselves."),
            )
        return list(dict.fromkeys(parts))


def _last(issue: Issue, target: Mapping[Issue, Issue]) -> Issue:
    """Follow merges of merges; one that comes back to where it began ends there."""
    seen = {issue}
    while issue in target and target[issue] not in seen:
        issue = target[issue]
        seen.add(issue)
    return issue
