"""What a reader must know before repeating a number of the analysis."""

from __future__ import annotations

from feedback_nlp.errors import Bilingual
from feedback_nlp.insight.pareto import OTHER_LIMIT

__all__ = ["caveats"]

# Fewer counted reviews than this give intervals too wide to rank by.
_FEW_REVIEWS = 100
# From this part of negative reviews on, the file holds complaints only.
_COMPLAINTS = 0.95


def caveats(
    n_reviews: int,
    *,
    negative_share: float,
    has_time: bool,
    other_share: float,
    n_shared: int,
    no_importance: Bilingual | None,
) -> tuple[Bilingual, ...]:
    """Return the warnings that hold.

    Parameters
    ----------
    n_reviews : int
        Counted reviews.
    negative_share : float in [0, 1]
        Part of them that is negative as a whole.
    has_time : bool
    other_share : float in [0, 1]
        Part of the rest in the sum of all Pareto bars.
    n_shared : int
        Rows left out because another one has their id.
    no_importance : Bilingual, optional
        Why the importance of facets couldn't be estimated.
    """
    checks = [
        (n_reviews < _FEW_REVIEWS, _few_reviews(n_reviews)),
        (n_reviews > 0 and negative_share >= _COMPLAINTS, _COMPLAINTS_ONLY),
        (not has_time, _NO_TIME),
        (other_share > OTHER_LIMIT, _much_other(other_share)),
        (n_shared > 0, _shared_ids(n_shared)),
    ]
    told = [warning for holds, warning in checks if holds]
    if no_importance is not None:
        told.append(_no_importance(no_importance))
    return tuple(told)


_COMPLAINTS_ONLY = Bilingual(
    "几乎全是负面评价：占比只说明投诉的构成，不说明满意度；“对评分的影响”无从计算。",
    "Nearly all reviews are negative: shares tell what the complaints are about, not how satisfied "
    "customers are, and impact on the score is undefined.",
)
_NO_TIME = Bilingual("没有时间列：看不出趋势。", "There is no time column, so trends are unknown.")


def _few_reviews(n: int) -> Bilingual:
    return Bilingual(
        f"只有 {n} 条可计入的评价，区间很宽，排序仅供参考。",
        f"Only {n} reviews count: intervals are wide and the order is tentative.",
    )


def _much_other(part: float) -> Bilingual:
    return Bilingual(
        f"“其他”占帕累托图的 {part:.0%}，超过 {OTHER_LIMIT:.0%}："
        "请读一读其中的原文，或在分类体系里补上问题。",
        f"'Other' makes up {part:.0%} of the Pareto bars, over {OTHER_LIMIT:.0%}: "
        "read its texts, or add problems to the taxonomy.",
    )


def _shared_ids(n: int) -> Bilingual:
    return Bilingual(
        f"有 {n} 行与别的行编号相同，每个编号只计一次。",
        f"{n} rows share an id with another row; each id is counted once.",
    )


def _no_importance(reason: Bilingual) -> Bilingual:
    return Bilingual(
        f"各方面的重要性一律按 1 计：{reason.zh}", f"The importance of every facet is taken as 1. {reason.en}"
    )
