"""Plots of an evaluation: what is taken for what, and whether probabilities hold; in plotly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual
from feedback_nlp.report.rich import FONT
from feedback_nlp.schema import LABELS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from feedback_nlp.evaluation import Report

__all__ = ["calibration_plot", "confusion_plot", "figure", "page"]

_NAMES = {
    "negative": Bilingual("负面", "negative"),
    "neutral": Bilingual("中性", "neutral"),
    "positive": Bilingual("正面", "positive"),
}
# Told apart by those who can't tell red from green (Okabe & Ito 2008).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "star")


def figure(content: Mapping[str, Any], **layout: Any) -> Figure:
    """Return a plotly figure of ``data`` and ``layout``, in fonts that have Chinese."""
    import plotly.graph_objects as go

    made = go.Figure(data=content["data"], layout=content.get("layout", {}))
    made.update_layout(font={"family": FONT}, template="plotly_white", **layout)
    return made


def confusion_plot(report: Report, *, lang: str = "zh") -> Figure:
    """Return the confusion of the overall label: rows are gold, columns what the model said.

    Parameters
    ----------
    report : Report
        Of :func:`feedback_nlp.evaluate`.
    lang : {"zh", "en"}

    Returns
    -------
    plotly.graph_objects.Figure
        Colours are shares of the row; numbers are reviews.
    """
    counts = report.confusion
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    names = [_NAMES[label].in_(lang) for label in LABELS]
    heat = {
        "type": "heatmap",
        "z": shares.tolist(),
        "x": names,
        "y": names,
        "zmin": 0,
        "zmax": 1,
        "colorscale": "Blues",
        "text": [
            [f"{n}<br>{share:.0%}" for n, share in zip(*row, strict=True)]
            for row in zip(counts, shares, strict=True)
        ],
        "texttemplate": "%{text}",
        "hovertemplate": "%{y} → %{x}: %{text}<extra></extra>",
        "showscale": False,
    }
    said = Bilingual(
        f"总体褒贬：{report.name}，{report.n_reviews} 条",
        f"Overall label: {report.name}, n = {report.n_reviews}",
    )
    return figure(
        {"data": [heat]},
        title=said.in_(lang),
        xaxis={"title": Bilingual("模型", "model").in_(lang), "side": "bottom"},
        yaxis={"title": Bilingual("标注", "gold").in_(lang), "autorange": "reversed"},
        width=460,
        height=420,
    )


def calibration_plot(
    reports: Report | Mapping[str, Report], *, of: str = "overall", lang: str = "zh"
) -> Figure:
    """Return a reliability diagram: the share that was right against the probability that was said.

    Parameters
    ----------
    reports : Report, or mapping of name to Report
    of : {"overall", "mention"}
        The confidence of the overall label, or scores of mentions from 0.2 on.
    lang : {"zh", "en"}

    Returns
    -------
    plotly.graph_objects.Figure
        One point a bin of width 0.1 with at least one case, its area by the number of cases; the diagonal is
        perfect. The legend has the expected calibration error.

    Raises
    ------
    ValueError
        If ``of`` is neither.
    """
    if of not in ("overall", "mention"):
        raise ValueError(f"of must be overall or mention, got {of!r}")
    named = dict(reports) if isinstance(reports, Mapping) else {reports.name: reports}
    lines = [_reliability(name, report, of, place) for place, (name, report) in enumerate(named.items())]
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "name": Bilingual("完全校准", "perfect").in_(lang),
        "line": {"dash": "dash", "color": "#888"},
    }
    titles = {
        "overall": Bilingual("总体褒贬的把握准不准", "Calibration of the overall label"),
        "mention": Bilingual("提及分数准不准（≥ 0.2）", "Calibration of mention scores (≥ 0.2)"),
    }
    return figure(
        {"data": [diagonal, *lines]},
        title=titles[of].in_(lang),
        xaxis={"title": Bilingual("模型说的概率", "probability said").in_(lang), "range": [0, 1]},
        yaxis={"title": Bilingual("实际对的比例", "share right").in_(lang), "range": [0, 1.02]},
        width=560,
        height=460,
    )


def _reliability(name: str, report: Report, of: str, place: int) -> dict[str, Any]:
    counts, said, right = (list(part) for part in report.calibration[f"{of}_bins"])
    kept = [row for row, n in enumerate(counts) if n]
    most = max(counts, default=1) or 1
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{name} (ECE {report.calibration[f'{of}_error']:.3f})",
        "x": [said[row] for row in kept],
        "y": [right[row] for row in kept],
        "text": [f"n = {counts[row]}" for row in kept],
        "hovertemplate": "%{x:.2f} → %{y:.2f}, %{text}<extra></extra>",
        "line": {"color": _COLOURS[place % len(_COLOURS)]},
        "marker": {
            "symbol": _SYMBOLS[place % len(_SYMBOLS)],
            "size": [6 + 14 * (counts[row] / most) ** 0.5 for row in kept],
        },
    }


def page(reports: Mapping[str, Report], *, lang: str = "zh") -> str:
    """Return one self-contained HTML page with the calibration of all reports and the confusion of each."""
    import plotly.io as pio

    shown = [calibration_plot(reports, of=of, lang=lang) for of in ("overall", "mention")]
    shown += [confusion_plot(report, lang=lang) for report in reports.values()]
    parts = [
        pio.to_html(plot, full_html=False, include_plotlyjs=place == 0, config={"displaylogo": False})
        for place, plot in enumerate(shown)
    ]
    title = Bilingual("评测", "Evaluation").in_(lang)
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )
