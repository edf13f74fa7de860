"""Tables and plots of an evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import feedback_nlp as fn
from feedback_nlp.cli.app import app
from feedback_nlp.errors import ConfigError


@pytest.fixture(scope="module")
def reports():  # type: ignore[no-untyped-def]
    reviews = fn.load_corpus("survey")[:40]
    names = {"lexicon": "lexicon", "a_b & 50%": "linear"}
    return {name: fn.evaluate(fn.load_model(model), reviews, draws=20) for name, model in names.items()}


def test_markdown(reports) -> None:
    lines = fn.results_table(reports).splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("| 模型 |")
    value = reports["lexicon"].scores["element"]
    assert f"({value['low']:.3f}–{value['high']:.3f})" in lines[2]
    for column in range(2, 8):
        cells = [line.split("|")[column] for line in lines[2:4]]
        best = max(cells, key=lambda cell: cell.replace("*", "").strip())
        assert "**" in best or "–" in best


def test_latex(reports) -> None:
    text = fn.results_table(reports, format="latex", lang="en", digits=2, measures=("facet", "overall"))
    assert r"\begin{tabular}{lcc}" in text
    assert r"a\_b \& 50\%" in text
    assert text.count(r"\textbf{") >= 2
    assert text.count("{") == text.count("}")


def test_names_may_be_years_and_values_are_reports(reports) -> None:
    assert "| 2025 |" in fn.results_table({2025: reports["lexicon"]})
    for wrong in ({"lexicon": 0.7}, {"lexicon": None}, [reports["lexicon"]]):
        with pytest.raises(ConfigError, match="没有评测"):
            fn.results_table(wrong)


def test_bad_asks(reports) -> None:
    for asked in ({"format": "word"}, {"measures": ("nope",)}, {"lang": "x"}):
        with pytest.raises(ConfigError):
            fn.results_table(reports, **asked)
    with pytest.raises(ConfigError):
        fn.results_table({})


def test_confusion(reports) -> None:
    report = reports["lexicon"]
    assert report.confusion.sum() == report.n_reviews
    assert np.trace(report.confusion) / report.n_reviews == pytest.approx(report.scores["overall"]["value"])
    plot = fn.confusion_plot(report)
    assert list(plot.data[0].x) == ["负面", "中性", "正面"]
    assert "Noto Sans CJK SC" in plot.layout.font.family
    assert fn.confusion_plot(report, lang="en").data[0].x[0] == "negative"


@pytest.mark.parametrize("of", ["overall", "mention"])
def test_calibration(reports, of: str) -> None:
    plot = fn.calibration_plot(reports, of=of)
    assert len(plot.data) == 1 + len(reports)
    report = reports["lexicon"]
    line = next(trace for trace in plot.data if trace.name.startswith("lexicon"))
    counts, said, _ = report.calibration[f"{of}_bins"]
    assert list(line.x) == [value for value, n in zip(said, counts, strict=True) if n]
    assert all(0 <= value <= 1 for value in (*line.x, *line.y))
    assert len(fn.calibration_plot(report, of=of).data) == 2


def test_unknown_calibration(reports) -> None:
    with pytest.raises(ValueError, match="overall or mention"):
        fn.calibration_plot(reports, of="flags")


def test_command_writes_table_and_plots(tmp_path: Path) -> None:
    data = tmp_path / "labels.jsonl"
    corpus = Path(fn.__file__).parents[1] / "corpora" / "survey.jsonl"
    lines = corpus.read_text(encoding="utf-8").splitlines()[:12]
    data.write_text("\n".join(lines), encoding="utf-8")
    table, plots = tmp_path / "t.tex", tmp_path / "p.html"
    base = ["evaluate", "--model", "lexicon", "--data", str(data), "--draws", "5", "-q"]
    done = CliRunner().invoke(app, [*base, "--table", str(table), "--plots", str(plots)])
    assert done.exit_code == 0, done.output
    assert r"\toprule" in table.read_text(encoding="utf-8")
    page = plots.read_text(encoding="utf-8")
    assert "校准" in page or "\\u6821\\u51c6" in page
    assert "<script src" not in page
    assert CliRunner().invoke(app, [*base, "--table", str(table)]).exit_code == 2, "nothing is overwritten"
    assert CliRunner().invoke(app, [*base, "--table", str(tmp_path / "t.doc")]).exit_code == 2
