"""A Pareto chart for PowerPoint: columns and a cumulative line on an axis of its own, both native.

python-pptx makes charts of one kind only, so the second series of a column chart is moved into a line
chart beside it; both still read from the one workbook inside the chart, and stay editable.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

__all__ = ["lift_line"]

_SPACE = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_DRAW = "http://schemas.openxmlformats.org/drawingml/2006/main"
_CATEGORY, _VALUE = "50010", "50020"
# What a series of columns has and one of lines must not.
_COLUMN_ONLY = ("invertIfNegative", "spPr", "dLbls", "pictureOptions", "shape")
_LOOK = """<c:part xmlns:c="{space}" xmlns:a="{draw}">
<c:spPr><a:ln w="28575" cap="rnd"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill><a:round/></a:ln>
</c:spPr><c:marker><c:symbol val="circle"/><c:size val="6"/><c:spPr><a:solidFill><a:srgbClr val="{colour}"/>
</a:solidFill></c:spPr></c:marker></c:part>"""
_AXES = """<c:part xmlns:c="{space}" xmlns:a="{draw}">
<c:catAx><c:axId val="{category}"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="1"/>
<c:axPos val="b"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>
<c:crossAx val="{value}"/><c:crosses val="autoZero"/></c:catAx>
<c:valAx><c:axId val="{value}"/><c:scaling><c:orientation val="minMax"/><c:max val="1"/><c:min val="0"/>
</c:scaling><c:delete val="0"/><c:axPos val="r"/><c:numFmt formatCode="0%" sourceLinked="0"/>
<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>
<c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:crossAx val="{category}"/><c:crosses val="max"/>
<c:crossBetween val="between"/><c:majorUnit val="0.2"/></c:valAx></c:part>"""
_LINES = """<c:lineChart xmlns:c="{space}"><c:grouping val="standard"/><c:varyColors val="0"/>
<c:marker val="1"/><c:axId val="{category}"/><c:axId val="{value}"/></c:lineChart>"""


def lift_line(chart: Any, colour: str) -> None:
    """Move the last series of a column chart into a line chart with a percent axis at the right.

    Parameters
    ----------
    chart : pptx.chart.chart.Chart
        Of columns, with two series.
    colour : str
        ``#rrggbb`` of the line.
    """
    area = chart._chartSpace.chart.plotArea
    columns = area.find(f"{{{_SPACE}}}barChart")
    series = columns.findall(f"{{{_SPACE}}}ser")[-1]
    columns.remove(series)
    for name in _COLUMN_ONLY:
        for part in series.findall(f"{{{_SPACE}}}{name}"):
            series.remove(part)
    named = series.find(f"{{{_SPACE}}}tx")
    for part in reversed(_parts(_LOOK, colour=colour.lstrip("#"))):
        named.addnext(part)
    lines = _parse(_LINES)
    lines.find(f"{{{_SPACE}}}marker").addprevious(series)
    columns.addnext(lines)
    last = area.findall(f"{{{_SPACE}}}valAx")[-1]
    for axis in reversed(_parts(_AXES)):
        last.addnext(axis)


def _parse(text: str, **values: str) -> Any:
    from pptx.oxml import parse_xml

    return parse_xml(text.format(space=_SPACE, draw=_DRAW, category=_CATEGORY, value=_VALUE, **values))


def _parts(text: str, **values: str) -> list[Any]:
    return [deepcopy(part) for part in _parse(text, **values)]
