"""``train`` and ``evaluate``, as a user types them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_nlp.catalog import corpus_path
from feedback_nlp.cli.app import app
from feedback_nlp.evaluation import MEASURES


def run(*args: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, [str(arg) for arg in args])


def lines(corpus: str, start: int, end: int) -> str:
    return "".join(corpus_path(corpus).read_text(encoding="utf-8").splitlines(keepends=True)[start:end])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two small labelled files of different texts."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(lines("survey", 0, 60), encoding="utf-8")
    second.write_text(lines("demo", 0, 40), encoding="utf-8")
    return first, second


def test_train_then_use_then_evaluate(files: tuple[Path, Path], tmp_path: Path) -> None:
    own = tmp_path / "own"
    trained = run("train", "--data", files[0], "-o", own, "--folds", 2)
    assert trained.exit_code == 0, trained.stderr
    assert str(own) in trained.stdout
    assert "| 方面 + 褒贬 |" in trained.stdout
    assert "交叉评测" in (own / "card.md").read_text(encoding="utf-8")
    assert run("classify", "价格太高了", "--model", own).exit_code == 0
    measured = run("evaluate", "--model", "lexicon", "--model", own, "--data", files[1])
    assert measured.exit_code == 0, measured.stderr
    assert "40 条评价" in measured.stdout
    assert f"| 指标 | lexicon | {own} | 标注数 |" in measured.stdout
    assert "与 lexicon 的差" in measured.stdout


def test_train_quiet_and_json(files: tuple[Path, Path], tmp_path: Path) -> None:
    quiet = run("train", "--data", files[0], "-o", tmp_path / "q", "--folds", 0, "-q")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "", "")
    result = run("train", "--data", files[0], files[1], "-o", tmp_path / "j", "--folds", 0, "--json", "-q")
    row = json.loads(result.stdout)
    assert row["folder"] == str(tmp_path / "j")
    assert [source["name"] for source in row["sources"]] == ["a.jsonl", "b.jsonl"]


def test_evaluate_json_is_plain_and_complete(files: tuple[Path, Path]) -> None:
    result = run("evaluate", "--model", "lexicon", "--data", *files, "--json", "--draws", 50)
    assert result.exit_code == 0, result.stderr
    assert "NaN" not in result.stdout
    row = json.loads(result.stdout)
    assert row["n_reviews"] == 100
    assert row["data"] == [str(path) for path in files]
    (model,) = row["models"]
    assert tuple(model["scores"]) == MEASURES
    for score in model["scores"].values():
        assert score["low"] <= score["value"] <= score["high"]
    assert model["model"]["name"] == "lexicon"
    assert row["differences"] == {}


def test_differences_are_from_the_first_model(files: tuple[Path, Path], tmp_path: Path) -> None:
    own = tmp_path / "own"
    run("train", "--data", files[1], "-o", own, "--folds", 0, "-q")
    args = ("evaluate", "--model", "lexicon", "--model", own, "--data", files[1], "--draws", 50, "--json")
    row = json.loads(run(*args).stdout)
    lexicon, learnt = (model["scores"]["facet"]["value"] for model in row["models"])
    assert row["differences"][str(own)]["facet"]["difference"] == pytest.approx(learnt - lexicon)
    # it has learnt these very texts
    assert learnt > lexicon


@pytest.mark.parametrize(
    ("by", "lang", "expected"),
    [
        ("facet", "zh", "| 标签 | 标注数 | lexicon P | R | F1 |"),
        ("facet", "en", "| after_sales.refund |"),
        ("domain", "en", "| domain | n | model | element |"),
    ],
)
def test_evaluate_by(files: tuple[Path, Path], by: str, lang: str, expected: str) -> None:
    result = run(
        "evaluate", "--model", "lexicon", "--data", files[1], "--by", by, "--lang", lang, "--draws", 9
    )
    assert result.exit_code == 0, result.stderr
    assert expected in result.stdout


def test_the_default_is_linear_and_corpora_have_names() -> None:
    result = run("evaluate", "--data", "demo", "--draws", 9, "--lang", "en")
    assert result.exit_code == 0, result.stderr
    assert "420 reviews" in result.stdout
    assert "| measure | linear | gold labels |" in result.stdout
    assert "every shipped corpus but demo" in result.stderr.replace("\n", " ")


BAD = {
    "no labels": ('{"text": "物流慢"}\n', "没有标注"),
    "empty": ("", "没有标注"),
    "not JSON": ("编号,内容\n1,慢\n", "第 1 行"),
    "unknown facet": (
        '{"text": "开心", "clauses": [[0, 2]], "labels": [[0, "mood.joy", 1]], "overall": 1}\n',
        "mood.joy",
    ),
    "span outside": ('{"text": "开心", "clauses": [[0, 9]], "labels": []}\n', "clauses"),
}


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_one_line(command: str, case: str, tmp_path: Path) -> None:
    content, expected = BAD[case]
    path = tmp_path / "bad.jsonl"
    path.write_text(content, encoding="utf-8")
    more = ["-o", tmp_path / "m"] if command == "train" else ["--model", "lexicon"]
    result = run(command, "--data", path, *more)
    assert_refused(result, expected)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("evaluate",), "--data"),
        (("evaluate", "--data", "nowhere.jsonl"), "nowhere.jsonl"),
        (("evaluate", "--data", "demo", "--by", "city"), "city"),
        (("evaluate", "--data", "demo", "--model", "nope"), "nope"),
        (("train", "--data", "demo", "-o", "m", "--model", "encoder"), "encoder"),
        (("train", "--data", "demo", "-o", "m", "--base", "lexicon"), "lexicon"),
        (("train", "--data", "demo", "-o", "m", "--taxonomy", "nope"), "nope"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_options_are_one_line(
    args: tuple[str, ...], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(run(*args), expected)
    assert not list(tmp_path.iterdir())


def assert_refused(result, expected: str) -> None:  # type: ignore[no-untyped-def]
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("错误：")]
    assert expected in line
    assert "提示：" in line


def test_own_taxonomy(tmp_path: Path) -> None:
    taxonomy, data, own = tmp_path / "own.toml", tmp_path / "own.jsonl", tmp_path / "m"
    template = resources.files("feedback_nlp") / "resources" / "templates" / "taxonomy.toml"
    taxonomy.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    rows = [
        {"text": f"第{i}次来{word}", "clauses": [[0, 4 + len(str(i)) + len(word) - 1]], "overall": side,
         "labels": [[0, code, side]]}
        for i in range(12)
        for word, code, side in (("排队太久", "visit.wait", -1), ("护士耐心", "visit.nurse", 1))
    ]  # fmt: skip
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    trained = run("train", "--data", data, "-o", own, "--taxonomy", taxonomy, "--base", "linear", "-q")
    assert trained.exit_code == 0, trained.stderr
    args = ("--model", own, "--taxonomy", taxonomy)
    found = json.loads(run("classify", "今天排队太久", *args, "--json").stdout)["mentions"]
    assert [(row["facet"], row["label"]) for row in found] == [("visit.wait", "negative")]
    assert run("evaluate", *args, "--data", data).exit_code == 0
