"""Results in a notebook: plots of an analysis, and reviews with what they mention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from feedback_nlp.arguments import one_of, whole_number
from feedback_nlp.errors import Bilingual, ConfigError
from feedback_nlp.report.rich import FONT, Highlights, highlight
from feedback_nlp.schema import LABELS

if TYPE_CHECKING:
    import pyarrow as pa
    from plotly.graph_objects import Figure

    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["highlights", "plot"]


def plot(summary: Mapping[str, Any], name: str, lang: str) -> Figure:
    """Return a chart of the report as a plotly figure, in fonts that have Chinese.

    Raises
    ------
    ConfigError
        If the data do not allow a chart of that name; the message lists those that they do.
    """
    import plotly.graph_objects as go

    from feedback_nlp.report.charts import charts
    from feedback_nlp.report.wording import Words

    made = charts(summary, Words(lang))
    if name not in made:
        known = ", ".join(made) or "–"
        raise ConfigError(
            Bilingual(f"没有图“{name}”，或数据不够画它。", f"No chart '{name}', or too little data for it."),
            Bilingual(f"现在能画：{known}。", f"These can be drawn: {known}."),
        )
    drawn = made[name]["figure"]
    figure = go.Figure(data=drawn["data"], layout=drawn["layout"])
    return figure.update_layout(
        title={"text": made[name]["title"], "yref": "container", "y": 0.97},
        font={"family": FONT},
        margin={"t": 84},
        paper_bgcolor="white",
        plot_bgcolor="white",
    )


def highlights(
    reviews: pa.Table,
    mentions: pa.Table,
    taxonomy: Taxonomy,
    *,
    issue: str | None,
    facet: str | None,
    label: str | None,
    n: int,
    mask: bool,
    lang: str,
) -> Highlights:
    """Return the first ``n`` reviews that mention what is asked for, their mentions marked.

    Parameters
    ----------
    reviews, mentions : pyarrow.Table
        ``review_id`` and ``text``; as in the contract. Of rows that share an id the first is shown.
    taxonomy : Taxonomy
    issue, facet, label : str, optional
        ``issue_id``; facet or element; negative, neutral or positive. All mentions when not given.
    n : int
    mask : bool
        Whether personal data is masked.
    lang : {"zh", "en"}

    Raises
    ------
    ConfigError
        For an issue, facet or label that there is not, or ``n`` below 1.
    """
    from feedback_nlp.report.evidence import masked

    whole_number("n", n, least=1)
    if label is not None:
        one_of(label, LABELS)
    if facet is not None:
        one_of(facet, (*taxonomy.codes, *(element.code for element in taxonomy.elements)))
    if issue is not None:
        _check_issue(issue, mentions)
    kept: dict[str, list[dict[str, Any]]] = {}
    for mention in mentions.to_pylist():
        fits = issue is None or mention["issue_id"] == issue
        fits &= facet is None or facet in (mention["facet"], mention["element"])
        if fits and label in (None, mention["label"]):
            kept.setdefault(mention["review_id"], []).append(mention)
    text_of: dict[str, str] = {}
    for review_id, text in zip(reviews["review_id"].to_pylist(), reviews["text"].to_pylist(), strict=True):
        if review_id in kept:
            text_of.setdefault(review_id, text or "")
    chosen = list(text_of)[:n]
    texts = [text_of[review_id] for review_id in chosen]
    names = {code: taxonomy.label(code, lang) for code in taxonomy.codes}
    shown = masked(texts) if mask else texts
    fitting = [
        [one for one in kept[review_id] if text[one["start"] : one["end"]] == one["text"]]
        for review_id, text in zip(chosen, texts, strict=True)
    ]
    return highlight(shown, fitting, names, lang=lang)


def _check_issue(issue: str, mentions: pa.Table) -> None:
    if issue not in mentions["issue_id"].unique().to_pylist():
        raise ConfigError(
            Bilingual(f"没有编号为“{issue!s:.40}”的问题。", f"There is no issue '{issue!s:.40}'."),
            Bilingual("编号见 issues 表的 issue_id 列。", "See the column issue_id of the table issues."),
        )
