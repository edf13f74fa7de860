"""What moves satisfaction, as DataFrames: drivers, low scores, and what a fix would be worth."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.frames import frame

if TYPE_CHECKING:
    import pandas as pd

    from feedback_nlp.insight.analysis import Insight
    from feedback_nlp.insight.standing import Basis

__all__ = ["detractors", "drivers", "what_if"]


def drivers(insight: Insight, lang: str) -> pd.DataFrame:
    """Return the drivers of both levels; ``attrs`` has r2, n, outcome and reason by level."""
    found = frame(insight.drivers)
    found.attrs = {
        level: {
            "r2": part.r2,
            "n": part.n,
            "outcome": part.outcome,
            "reason": part.reason.in_(lang) if part.reason else None,
        }
        for level, part in insight.driving.items()
    }
    return found


def detractors(insight: Insight, lang: str) -> pd.DataFrame:
    """Return what goes with low scores, both levels; ``attrs`` has r2, n, n_low, outcome, reason by level."""
    import pyarrow as pa

    parts = [
        part.table.add_column(0, "level", pa.array([level] * part.table.num_rows, pa.string()))
        for level, part in insight.detractors.items()
    ]
    found = frame(pa.concat_tables(parts).combine_chunks())
    found.attrs = {
        level: {
            "r2": part.r2,
            "n": part.n,
            "n_low": part.n_low,
            "outcome": part.outcome,
            "reason": part.reason.in_(lang) if part.reason else None,
        }
        for level, part in insight.detractors.items()
    }
    return found


def what_if(
    insight: Insight,
    codes: str | Sequence[str],
    *,
    reduction: float,
    outcome: str | None,
    lang: str,
) -> pd.DataFrame:
    """Return one row for each score; see ``Analysis.what_if``."""
    import pandas as pd

    from feedback_nlp.insight.what_if import Change, changes

    asked = [codes] if isinstance(codes, str) else list(codes)
    resolved = [_resolved(code, insight.basis) for code in asked]
    levels = {level for level, _ in resolved}
    if len(levels) > 1:
        raise ConfigError(
            Bilingual(
                f"“{'、'.join(asked)}”不是同一层的，不能相加。",
                f"'{', '.join(asked)}' are not of one level, so they can't be added up.",
            ),
            Bilingual("都给要素、都给方面，或都给问题。", "Give elements only, facets only, or issues only."),
        )
    rows = changes(
        insight.effects,
        min(levels, default="element"),
        [code for _, code in resolved],
        reduction=reduction,
        outcome=outcome,
    )
    told = [row._replace(reason=row.reason.in_(lang) if row.reason else None) for row in rows]  # type: ignore[arg-type]
    return pd.DataFrame(told, columns=list(Change._fields))


def _resolved(code: str, basis: Basis) -> tuple[str, str]:
    """Return the level and the code that an element, a facet, or an issue by id or by name stands for."""
    known = basis.known()
    elements = [element.code for element in basis.taxonomy.elements]
    for level, codes in (("element", elements), ("facet", basis.taxonomy.codes), ("issue", known.ids)):
        if code in codes:
            return level, code
    named = {name: issue for issue, names in zip(known.ids, known.names, strict=True) for name in names}
    if code in named:
        return "issue", named[code]
    near = get_close_matches(code, [*elements, *basis.taxonomy.codes, *known.ids, *named], n=1, cutoff=0.5)
    raise ConfigError(
        Bilingual(f"没有要素、方面或问题“{code}”。", f"No element, facet or issue '{code}'."),
        Bilingual(
            f"{f'是不是“{near[0]}”？' if near else ''}代码见 result.elements 与 result.issues。",
            f"{f'Did you mean {near[0]!r}? ' if near else ''}See result.elements and result.issues.",
        ),
    )
