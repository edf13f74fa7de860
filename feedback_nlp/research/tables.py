"""A table of results for a paper or a page: several models, intervals, Markdown or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from feedback_nlp.arguments import LANGS, one_of, whole_number
from feedback_nlp.errors import Bilingual, ConfigError

if TYPE_CHECKING:
    from feedback_nlp.evaluation import Report

__all__ = ["FORMATS", "results_table"]

FORMATS = ("markdown", "latex")
# What a paper reports first; the rest by name.
SHOWN = ("element", "facet", "facet_polarity", "negatives", "overall", "flags")
_LATEX = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}"}
_LATEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def results_table(
    reports: Mapping[str, Report],
    *,
    format: str = "markdown",
    measures: Sequence[str] = SHOWN,
    lang: str = "zh",
    digits: int = 3,
) -> str:
    """Return one row a model and one column a measure, with 95 % intervals, the best of each in bold.

    Parameters
    ----------
    reports : mapping of name to Report
        All of the same reviews.
    format : {"markdown", "latex"}
        LaTeX needs the package ``booktabs``, and ``ctex`` for Chinese heads.
    measures : sequence of str
        Of ``evaluation.MEASURES``.
    lang : {"zh", "en"}
        Of the heads.
    digits : int
        Behind the point.

    Raises
    ------
    ConfigError
        For an unknown format, measure or language, digits below 0, no report, or reports of different
        reviews.
    """
    _check(reports, format, measures, lang, digits)
    from feedback_nlp.pipeline.model_card import MEASURE_NAMES

    heads = [Bilingual("模型", "model").in_(lang), *(MEASURE_NAMES[name].in_(lang) for name in measures)]
    best = {name: max(_rounded(report, name, digits) for report in reports.values()) for name in measures}
    bold, span = (r"\textbf{%s}", "--") if format == "latex" else ("**%s**", "–")
    rows = []
    for model, report in reports.items():
        cells = [_cell(report, name, digits, span) for name in measures]
        marked = [
            value.replace(value.split(" ")[0], bold % value.split(" ")[0], 1)
            if len(reports) > 1 and _rounded(report, name, digits) == best[name] and value != span
            else value
            for name, value in zip(measures, cells, strict=True)
        ]
        rows.append([str(model), *marked])
    n = next(iter(reports.values())).n_reviews
    note = Bilingual(
        f"{n} 条评价；F1（总体为准确率），括号里是对评价 bootstrap 的 95 % 区间。",
        f"{n} reviews; F1 (overall: accuracy), 95 % bootstrap intervals over reviews in brackets.",
    ).in_(lang)
    return _latex(heads, rows, note) if format == "latex" else _markdown(heads, rows, note)


def _check(
    reports: Mapping[str, Report], format: str, measures: Sequence[str], lang: str, digits: int
) -> None:
    from feedback_nlp.evaluation import MEASURES, Report

    def is_report(found: object) -> bool:
        return isinstance(found, Report)

    whole_number("digits", digits, least=0)
    if not isinstance(reports, Mapping) or not reports or not all(map(is_report, reports.values())):
        raise ConfigError(
            Bilingual("没有评测可以列成表。", "There is no report to make a table of."),
            Bilingual('给字典：{"模型名": evaluate(…)}。', 'Give a dictionary: {"name": evaluate(…)}.'),
        )
    one_of(format, FORMATS)
    one_of(lang, LANGS)
    for name in measures:
        one_of(name, MEASURES)
    sizes = sorted({report.n_reviews for report in reports.values()})
    if len(sizes) != 1:
        raise ConfigError(
            Bilingual(f"各份评测的条数是 {sizes}。", f"The reports are of {sizes} reviews."),
            Bilingual("用同一份标注评测各个模型。", "Measure all models on the same labelled reviews."),
        )


def _rounded(report: Report, name: str, digits: int) -> float:
    value = report.scores[name]["value"] if report.scores[name]["support"] else math.nan
    return -1.0 if math.isnan(value) else round(value, digits)


def _cell(report: Report, name: str, digits: int, span: str) -> str:
    score = report.scores[name]
    if not score["support"]:
        return span
    return f"{score['value']:.{digits}f} ({score['low']:.{digits}f}{span}{score['high']:.{digits}f})"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> str:
    from feedback_nlp.pipeline.model_card import markdown_table

    safe = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return f"{markdown_table(heads, safe)}\n\n{note}\n"


def _latex(heads: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\begin{tabular}{l" + "c" * (len(heads) - 1) + "}",
        r"\toprule",
        " & ".join(map(_escaped, heads)) + r" \\",
        r"\midrule",
        *(" & ".join([_escaped(row[0]), *row[1:]]) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{_escaped(note)}}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
