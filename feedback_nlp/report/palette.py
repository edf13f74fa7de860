"""Colours of the reports, for the light and the dark page; tests hold the contrasts promised here.

Bars keep 3:1 on both pages and 4.5:1 under white text. The colours of lines come from a search over the sRGB
cube for six that keep 3:1 on their page with the largest smallest distance in CIELAB, seen with normal sight
and with protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009, severity 1).
"""

from __future__ import annotations

__all__ = ["NEGATIVE", "NEUTRAL", "NIGHT", "PAGE", "POSITIVE", "SERIES"]

NEGATIVE, NEUTRAL, POSITIVE = "#b9570f", "#848f9b", "#2f73b5"
# What the charts stand on, by theme; style.css has the same as --card.
PAGE = {"light": "#ffffff", "dark": "#1a212a"}
SERIES = ("#0072b2", "#d2780f", "#69003c", "#4b3c00", "#ff4b69", "#0f1e87")
_SERIES_DARK = ("#56b4e9", "#f0872d", "#f0f0b4", "#965a87", "#785ad2", "#f03c5a")
# Colour on the light page to colour on the dark one; what is not here stays.
NIGHT = dict(zip(SERIES, _SERIES_DARK, strict=True))
