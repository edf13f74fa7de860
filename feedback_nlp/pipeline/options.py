"""What an analysis can be asked for: options that need no new scores, and the files it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp.arguments import LANGS, check_draws, plain
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.insight.priority import check_weights

if TYPE_CHECKING:
    from feedback_nlp.insight.edits import Edits
    from feedback_nlp.insight.monitoring.actions import Action
    from feedback_nlp.insight.monitoring.exposure import Exposure
    from feedback_nlp.insight.playbook import Playbook

__all__ = ["FORMATS", "LANGS", "OUTPUTS", "Options"]

REPORT = "report.html"
WORKBOOK = "issues.xlsx"
SCORED = "scored.parquet"
MENTIONS = "mentions.parquet"
SUMMARY = "summary.json"
HANDOFF = ("8d.md", "8d.xlsx")
SLIDES = "report.pptx"
# What can be asked for beside the reports, and the files it makes.
FORMATS: dict[str, tuple[str, ...]] = {"pptx": (SLIDES,), "8d": HANDOFF}
OUTPUTS = (REPORT, WORKBOOK, SCORED, MENTIONS, SUMMARY)


@dataclass(frozen=True)
class Options:
    """What an analysis can be asked without scoring again.

    Attributes
    ----------
    lang : {"zh", "en"}
    weights : (impact, scope, feasibility)
        Exponents of the priority.
    feasibility : dict
        Element, facet, issue id or issue name to 1 … 5; goes before the playbook.
    playbook : Playbook, optional
        Feasibility, severity, owner and due date by element, facet or issue.
    edits : Edits, optional
        Issues that people renamed, merged, split or pinned.
    draws, seed : int
        Bootstrap draws of the rank intervals, and their seed.
    mask : bool
        Mask personal data in reports.
    period : {"day", "week", "month"}, optional
        What alarms go by; chosen by the data when not given.
    exposure : Exposure, optional
        Orders or units by period, for rates per thousand.
    actions : tuple of Action
        What was done about issues.
    """

    lang: str = "zh"
    weights: tuple[float, float, float] = (0.5, 0.3, 0.2)
    feasibility: dict[str, int] = field(default_factory=dict)
    draws: int = 1000
    seed: int = 0
    mask: bool = True
    playbook: Playbook | None = None
    edits: Edits | None = None
    period: str | None = None
    exposure: Exposure | None = None
    actions: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        if self.lang not in LANGS:
            raise ConfigError(
                Bilingual(f"语言“{self.lang}”没有。", f"No language '{self.lang}'."),
                Bilingual("用 zh 或 en。", "Use zh or en."),
            )
        check_weights(self.weights)
        draws, seed = check_draws(self.draws, self.seed)
        known = {
            "draws": draws,
            "seed": seed,
            "mask": bool(self.mask),
            "weights": tuple(map(plain, self.weights)),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)
