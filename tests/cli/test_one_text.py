"""``classify TEXT`` takes a shorter way than the other calls, to the same words."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from feedback_nlp import __main__ as entry

TEXT = "物流太慢了，客服很好"


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["feedback-nlp", *arguments])
    code = 0
    try:
        entry.main()
    except SystemExit as end:
        code = end.code or 0
    return code, *capsys.readouterr()


def test_it_says_what_the_command_line_says(monkeypatch, capsys):
    short = run(monkeypatch, capsys, "classify", TEXT)
    assert short == run(monkeypatch, capsys, "classify", TEXT, "--model", "linear")
    assert "物流太慢了" in short[1]


@pytest.mark.parametrize("arguments", [["classify"], ["classify", "--help"], ["segment", TEXT], []])
def test_other_calls_take_the_long_way(arguments):
    assert not entry._is_one_text(arguments)


def test_what_goes_wrong_is_left_to_the_command_line(monkeypatch, capsys):
    def fails(text):
        sys.stdout.write("half")
        raise ValueError(text)

    with monkeypatch.context() as patch:
        patch.setattr("feedback_nlp.cli.one_text.answer", fails)
        assert not entry._answered(TEXT)
    assert capsys.readouterr() == ("", "")
    assert gc.isenabled()


def test_the_parser_is_not_loaded():
    code = (
        "import sys\n"
        "from feedback_nlp.__main__ import main\n"
        f"sys.argv = ['feedback-nlp', 'classify', {TEXT!r}]\n"
        "main()\n"
        "heavy = ('feedback_nlp.cli.app', 'pydantic', 'pandas', 'scipy', 'typer', 'pyarrow')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip().endswith("[]")
