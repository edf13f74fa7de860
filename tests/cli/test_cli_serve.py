"""``feedback-nlp serve`` refuses before it starts."""

import sys

import pytest
from typer.testing import CliRunner

from feedback_nlp.cli.app import app


def run(*words):
    return CliRunner().invoke(app, ["serve", *words])


def test_without_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("feedback_nlp.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run()
    assert result.exit_code == 2
    assert 'pip install "feedback-nlp[serve]"' in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1"])
def test_addresses_that_others_can_reach(host):
    pytest.importorskip("fastapi")
    result = run("--host", host)
    assert result.exit_code == 2
    assert "--allow-remote" in result.stderr


def test_a_model_that_is_not_there():
    pytest.importorskip("fastapi")
    result = run("--model", "nonsense")
    assert result.exit_code == 2
    assert "nonsense" in result.stderr
