"""The contrasts and distances that the colours promise, computed (WCAG 2.2; Machado et al. 2009; CIELAB)."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from feedback_nlp.report import html
from feedback_nlp.report.palette import NEGATIVE, NEUTRAL, NIGHT, PAGE, POSITIVE, SERIES

# Linear RGB as seen with each kind of sight; the matrices of severity 1.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour: str) -> np.ndarray:
    if len(colour) == 4:
        colour = "#" + "".join(2 * digit for digit in colour[1:])
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(colour) @ XYZ[1]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, sight: str) -> np.ndarray:
    seen = np.clip(np.array(SIGHTS[sight]) @ linear(colour), 0, 1)
    ratio = XYZ @ seen / np.array([0.95047, 1, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def variables() -> dict[str, dict[str, str]]:
    """The colours of style.css by theme; the dark ones over the light."""
    style = html._asset("style.css")
    light, dark = (
        dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", style[style.index(start) :].partition("}")[0]))
        for start in (":root {", ':root[data-theme="dark"] {')
    )
    paper = dict(
        re.findall(r"--(\w+): (#[0-9a-f]{3,6});", style[style.index("@media print") :].partition("}")[0])
    )
    return {"light": light, "dark": light | dark, "paper": light | paper}


def test_the_measure() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lab("#ff0000", "normal") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
def test_text_is_readable(theme: str) -> None:
    found = variables()[theme]
    for ground in ("bg", "card", "faint"):
        for text in ("ink", "soft", "blue", "orange"):
            assert contrast(found[text], found[ground]) >= 4.5, (text, ground)
    assert contrast(found["ink"], found["mark"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_stand_out_from_their_page(theme: str) -> None:
    page = PAGE[theme]
    assert page.replace("#ffffff", "#fff") == variables()[theme]["card"]
    series = SERIES if theme == "light" else tuple(NIGHT.values())
    for colour in (NEGATIVE, NEUTRAL, POSITIVE, *series):
        assert contrast(colour, page) >= 3, colour
    for colour in (NEGATIVE, POSITIVE):
        assert contrast("#ffffff", colour) >= 4.5, "white figures stand in the bars"


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_stay_apart_for_everybody(sight: str) -> None:
    for group in ((NEGATIVE, NEUTRAL, POSITIVE), SERIES, tuple(NIGHT.values())):
        for one, other in combinations(group, 2):
            # Some ten times what is just noticed side by side.
            assert np.linalg.norm(lab(one, sight) - lab(other, sight)) >= 23, (one, other)


def test_pages_without_scripts_have_the_same_dark_colours() -> None:
    style = html._asset("style.css")
    chosen, system = (
        style[style.index(start) + len(start) :].partition("}")[0]
        for start in (':root[data-theme="dark"] {', ":root:not([data-theme]) {")
    )
    assert chosen == system


def test_the_style_sheet_has_the_charts_colours() -> None:
    light = variables()["light"]
    assert (light["negative"], light["neutral"], light["positive"]) == (NEGATIVE, NEUTRAL, POSITIVE)
