"""The offline bundle: its scripts as far as they can be judged here, and an installation without network."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORDS = {
    "PYTHON": "3.11",
    "PLATFORM": "Windows AMD64",
    "VERSION": "1.2",
    "REQUIREMENT": "feedback-nlp[app]==1.2",
}
# A namespace without a network but its own loopback, in which this user is allowed to bring that up.
APART = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    pytest.importorskip("packaging")
    spec = importlib.util.spec_from_file_location("make_bundle", ROOT / "scripts" / "make_bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(maker: ModuleType, name: str, folder: Path) -> bytes:
    maker.write(name, WORDS, folder)
    return (folder / name).read_bytes()


@pytest.mark.parametrize("name", ["install.bat", "start.bat"])
def test_batch_files_for_windows(maker: ModuleType, name: str, tmp_path: Path) -> None:
    """They can't be run here, so they are held to what is known to go wrong."""
    data = made(maker, name, tmp_path)
    assert data.count(b"\n") == data.count(b"\r\n") > 0, "cmd.exe loses labels in files with other line ends"
    assert not data.startswith(b"\xef\xbb\xbf"), "a byte order mark would be taken as a command"
    text = data.decode()
    lines = [line for line in text.split("\r\n") if line and not line.startswith(("rem ", "echo ", ":"))]
    code = "\n".join(lines)
    assert lines[0] == "@echo off"
    assert "chcp 65001 >nul" in lines, "the texts are UTF-8"
    assert text.index("chcp") < min(i for i, letter in enumerate(text) if letter > "~"), (
        "before the first of them"
    )
    assert not re.search(r"[^ -~\n]", code), "commands are ASCII"
    assert not re.search(r"\$|`|/dev/|\.sh\b|\bthen\b|\bfi\b|\bexport\b|&&", code), (
        "no shell of another system"
    )
    assert "@" not in text.removeprefix("@echo off"), "every word is filled in"
    # Paths go by backslash, stay in this folder and are quoted, since folders have names with spaces.
    assert "/" not in re.sub(r"(?<=\s)/[bd]\b", "", code).replace("%~dp0", "")
    for path in re.findall(r"\S*venv\\\S*", code):
        assert re.fullmatch(r'"(%~dp0)?venv\\Scripts\\python\.exe"', path), path
    labels = set(re.findall(r"^:(\w+)", text, flags=re.MULTILINE))
    assert set(re.findall(r"goto (\w+)", code)) == labels
    # Whoever double-clicks must be able to read what is said.
    for place in [match.start() for match in re.finditer(r"exit /b", text)]:
        assert text[:place].rstrip().endswith("pause")
    # A blind eye to parentheses and exclamation marks: no blocks and no delayed expansion are used.
    assert "(" not in re.sub(r'"[^"]*"', "", code)
    assert "enabledelayedexpansion" not in code.lower()


def test_the_installers_use_the_wheels_alone(maker: ModuleType, tmp_path: Path) -> None:
    for name in ("install.bat", "install.sh"):
        text = made(maker, name, tmp_path).decode()
        installing = [line for line in text.splitlines() if "-m pip install" in line]
        assert len(installing) == 1
        assert "--no-index --find-links wheels" in installing[0]
        assert '"feedback-nlp[app]==1.2"' in installing[0]
        assert not re.search(r"https?:|curl|wget|sudo", text)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh")
@pytest.mark.parametrize("name", ["install.sh", "start.sh"])
def test_shell_scripts_are_sound(maker: ModuleType, name: str, tmp_path: Path) -> None:
    data = made(maker, name, tmp_path)
    assert b"\r" not in data
    assert os.access(tmp_path / name, os.X_OK)
    subprocess.run(["sh", "-n", name], cwd=tmp_path, check=True)


def test_the_readme_is_in_both_languages(maker: ModuleType, tmp_path: Path) -> None:
    text = made(maker, "README.txt", tmp_path).decode()
    for part in (
        "离线安装包（Windows AMD64",
        "offline bundle (Windows AMD64",
        "install.bat",
        "install.sh",
        "SHA256SUMS",
    ):
        assert part in text
    assert "@" not in text


def test_a_wheel_is_put_together_again(maker: ModuleType, tmp_path: Path) -> None:
    from importlib import metadata
    from zipfile import ZipFile

    path = maker.repack(metadata.distribution("jinja2"), tmp_path)
    assert path.name == f"jinja2-{metadata.version('jinja2')}-py3-none-any.whl"
    with ZipFile(path) as wheel:
        names = wheel.namelist()
        assert "jinja2/__init__.py" in names
        assert not [name for name in names if name.endswith(".pyc") or name.startswith("..")]
        record = next(name for name in names if name.endswith("/RECORD"))
        told = [line.split(",")[0] for line in wheel.read(record).decode().splitlines()]
    assert sorted(told) == sorted(names)


@pytest.fixture(scope="module")
def bundle(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle without the encoder and the slides, from the packages of this environment."""
    return maker.make(tmp_path_factory.mktemp("离线 bundle"), ["app"], offline=True)


@pytest.mark.slow
@pytest.mark.timeout(900)  # some 350 MB are put together, unpacked and installed
@pytest.mark.skipif(platform.system() != "Linux", reason="the installer for Linux")
def test_it_installs_and_runs_without_a_network(bundle: Path) -> None:
    sums = dict(line.split("  ", 1)[::-1] for line in (bundle / "SHA256SUMS").read_text("utf-8").splitlines())
    assert {"install.sh", "start.sh", "README.txt", "sample.xlsx"} < set(sums)
    for name in ("install.sh", "sample.xlsx"):
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == sums[name]
    apart = APART if can_be_apart() else []
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(bundle),  # no settings of this user
        "PIP_NO_COMPILE": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_INDEX_URL": "http://127.0.0.1:9/",  # nobody there, should it be asked all the same
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [*apart, *words], cwd=bundle, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "装好了" in run("sh", "install.sh")
    inside = "venv/bin/python"
    where = run(inside, "-c", "import feedback_nlp; print(feedback_nlp.__file__)").strip()
    assert Path(where).is_relative_to(bundle), "what runs is what was installed"
    run(inside, "-m", "feedback_nlp", "analyze", "sample.xlsx", "--out", "report", "--quiet")
    assert (bundle / "report" / "report.html").stat().st_size > 100_000
    answered = run(inside, "-c", ASK)
    assert "200" in answered


# Starts the page as start.sh does, asks it for itself once, and ends it; all within the namespace.
ASK = """
import subprocess, http.client
page = subprocess.Popen(["sh", "start.sh", "--no-browser"], stdout=subprocess.PIPE, text=True)
address = page.stdout.readline().strip()
host, path = address.removeprefix("http://").split("/", 1)
line = http.client.HTTPConnection(host, timeout=60)
line.request("GET", "/" + path)
print(line.getresponse().status)
page.terminate()
page.wait(60)
"""


def can_be_apart() -> bool:
    """Whether this machine lets a user make a namespace without a network."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    look = "import socket; socket.create_connection(('192.0.2.1', 9), 1)"
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode != 0:
        return False
    blocked = subprocess.run(
        [*APART, sys.executable, "-c", look], capture_output=True, text=True, check=False
    )
    return "unreachable" in blocked.stderr.lower()


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="the installer for Linux")
def test_a_damaged_bundle_is_told(bundle: Path, tmp_path: Path) -> None:
    for name in ("install.sh", "SHA256SUMS", "README.txt", "sample.xlsx", "start.sh"):
        shutil.copy(bundle / name, tmp_path)
    (tmp_path / "sample.xlsx").write_bytes(b"changed")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "install.sh"], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "有文件损坏或被改过" in done.stderr
    assert not (tmp_path / "venv").exists()
