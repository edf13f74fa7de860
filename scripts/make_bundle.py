"""Make the offline bundle for this system: ``python scripts/make_bundle.py`` (``make bundle``).

A folder and an archive in ``dist/``: the package with all it needs as wheels, an installer, a start script,
the sample, a readme and SHA256SUMS. Wheels have compiled code, so a bundle is for the kind of system and the
version of Python it was made with: make one on Windows for Windows, one on Linux for Linux.

With ``--offline`` the wheels are put together from what is installed in this environment, which needs no
network (files outside the packages, such as manual pages, are left out).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "scripts" / "bundle"
SAMPLE = ROOT / "feedback_nlp" / "resources" / "sample" / "sample.xlsx"
EXTRAS = ("app", "encoder", "pptx")
NAME = "feedback-nlp"
SCRIPTS = {"Windows": ("install.bat", "start.bat"), "Linux": ("install.sh", "start.sh")}
# What pip writes on installing and writes anew.
_OF_PIP = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")


def main() -> None:
    """Make a bundle with the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where it goes")
    parser.add_argument("--extras", default=",".join(EXTRAS), help="extras of the package, by comma")
    parser.add_argument(
        "--offline", action="store_true", help="wheels from this environment, without network"
    )
    parser.add_argument("--no-archive", action="store_true", help="the folder only")
    asked = parser.parse_args()
    folder = make(asked.out, asked.extras.split(","), offline=asked.offline)
    print(folder)
    if not asked.no_archive:
        kind = "zip" if platform.system() == "Windows" else "gztar"
        print(shutil.make_archive(str(folder), kind, folder.parent, folder.name))


def make(out: Path, extras: Sequence[str], *, offline: bool = False) -> Path:
    """Make the folder of the bundle and return it."""
    out.mkdir(parents=True, exist_ok=True)
    wheel = build(out / "wheel")
    version = wheel.name.split("-")[1]
    folder = out / f"{NAME}-{version}-{system()}-py{python()}".replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    shutil.move(wheel, wheels)
    shutil.rmtree(out / "wheel")
    if offline:
        for found in closure(wheels / wheel.name, extras):
            repack(found, wheels)
    else:
        download(wheels / wheel.name, extras, wheels)
    words = {
        "PYTHON": python(),
        "PLATFORM": system(),
        "VERSION": version,
        "REQUIREMENT": f"{NAME}[{','.join(extras)}]=={version}",
    }
    for name in (*SCRIPTS.get(platform.system(), SCRIPTS["Linux"]), "README.txt"):
        write(name, words, folder)
    shutil.copyfile(SAMPLE, folder / "sample.xlsx")
    sums = "".join(f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files(folder))
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
    return folder


def python() -> str:
    """Return the version of Python that compiled wheels are for."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def system() -> str:
    """Return the kind of system, as people say it."""
    return f"{platform.system()} {platform.machine()}"


def build(folder: Path) -> Path:
    """Build the package's own wheel."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())]
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def download(wheel: Path, extras: Sequence[str], folder: Path) -> None:
    """Get all that the wheel needs, as wheels of the versions that CI tests."""
    words = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--prefer-binary",
    ]
    words += ["-c", str(ROOT / "constraints.txt"), "-w", str(folder), f"{wheel}[{','.join(extras)}]"]
    subprocess.run(words, check=True)


def write(name: str, words: dict[str, str], folder: Path) -> None:
    """Write a part of the bundle with its words filled in; Windows reads line ends of its own."""
    text = (PARTS / name).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="\r\n" if name.endswith((".bat", ".txt")) else "\n")
    if name.endswith(".sh"):
        path.chmod(0o755)


def files(folder: Path) -> list[Path]:
    """Return the files of a folder in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) else _slow(path)


def _slow(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- wheels from what is installed


def closure(wheel: Path, extras: Sequence[str]) -> list[metadata.Distribution]:
    """Return what the wheel with these extras needs, as installed here, without the package itself."""
    about = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    found: dict[str, metadata.Distribution] = {NAME: metadata.PathDistribution(zipfile.Path(wheel, about))}
    seen: set[tuple[str, str]] = set()
    waiting = [(NAME, extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        if name not in found:
            found[name] = metadata.distribution(name)
        for text in found[name].requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), more) for more in ("", *needed.extras)]
    del found[NAME]
    return list(found.values())


def repack(found: metadata.Distribution, folder: Path) -> Path:
    """Write a wheel with the files of an installed package; scripts are made anew on installing."""
    about = f"{canonicalize_name(found.name).replace('-', '_')}-{found.version}"
    path = folder / f"{about}-{tag_of(found)}.whl"
    record = ""
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as wheel:
        for name, content in contents(found):
            wheel.writestr(zipfile.ZipInfo(name), content)
            sum_ = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={sum_},{len(content)}")
            record = f"{name.split('/')[0]}/RECORD" if name.split("/")[0].endswith(".dist-info") else record
        wheel.writestr(zipfile.ZipInfo(record), "\n".join([*lines, f"{record},,"]) + "\n")
    return path


def contents(found: metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an installed package that belong in its wheel."""
    for file in found.files or ():
        name = file.as_posix()
        of_pip = ".dist-info/" in name and file.name in _OF_PIP
        if name.startswith("..") or file.is_absolute() or file.suffix == ".pyc" or of_pip:
            continue
        yield name, Path(str(file.locate())).read_bytes()


def tag_of(found: metadata.Distribution) -> str:
    """Return the tag of a package that this Python takes."""
    text = found.read_text("WHEEL") or ""
    own = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Tag:")]
    usable = {str(tag) for tag in sys_tags()}
    return next(tag for tag in own if tag in usable)


if __name__ == "__main__":
    main()
