"""The parts slides are made of: a deck with titles and notes, text, tables and native charts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from feedback_nlp.errors import MissingExtraError
from feedback_nlp.report.palette import NEUTRAL
from feedback_nlp.report.sheets import MARK

__all__ = ["BLUE", "FAINT", "INK", "ORANGE", "SOFT", "Deck", "Run", "check_extra", "height_of", "said"]

# style.css has the same colours for the light page.
INK, SOFT, FAINT, BLUE, ORANGE = "#1c2733", "#55626f", "#eef2f5", "#1f5f9e", "#a84d0a"
WIDTH, HEIGHT, LEFT = 13.333, 7.5, 0.6
INNER = WIDTH - 2 * LEFT
# Office puts its own font where a computer has not got this one.
FONTS = {"zh": "Microsoft YaHei", "en": "Segoe UI"}
# What XML can't hold: control characters but tab and line end, lone surrogates, two non-characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Box = tuple[float, float, float, float]
Run = tuple[str, Mapping[str, Any]]


def check_extra() -> None:
    """Raise unless python-pptx is installed.

    Raises
    ------
    MissingExtraError
    """
    try:
        import pptx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.from_extra("pptx", "report.pptx") from error


def said(text: object) -> str:
    """Return a text as a slide can hold it: one line, nothing that XML refuses."""
    return " ".join(_UNWRITABLE.sub("", str(text)).split())


def _named(text: object) -> str:
    """Return a name for a chart, whose figures lie in a workbook that would take ``=1+1`` for a formula."""
    name = said(text)
    return f"\u200b{name}" if re.match(r"[=+\-@{]|\w+:", name) else name


def height_of(text: str, width: float, size: float) -> float:
    """Estimate the height (inches) of a text set ``width`` inches wide in ``size`` points."""
    ems = sum(1.0 if ord(mark) > 0x2E7F else 0.55 for mark in said(text))
    return max(1, ceil(ems * size / 72 / width)) * size * 1.35 / 72


class Deck:
    """A widescreen presentation whose slides have a title, a base line and notes.

    Parameters
    ----------
    lang : {"zh", "en"}
    foot : str
        At the foot of every slide.

    Raises
    ------
    MissingExtraError
        If python-pptx is not installed.
    """

    def __init__(self, lang: str, foot: str) -> None:
        check_extra()
        from pptx import Presentation
        from pptx.opc.constants import RELATIONSHIP_TYPE
        from pptx.util import Inches

        self.lang, self.foot = lang, said(foot)
        self.file = Presentation()
        self.file.slide_width, self.file.slide_height = Inches(WIDTH), Inches(HEIGHT)
        theme = self.file.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
        # Charts and tables take their font from the theme, which has none for Chinese.
        face = FONTS[lang].encode()
        theme._blob = re.sub(
            rb'<a:(latin|ea) typeface="[^"]*"', rb'<a:\1 typeface="' + face + b'"', theme.blob
        )

    def about(self, title: str, *, subject: str, created: str | None) -> None:
        """Fill in the properties of the file."""
        core = self.file.core_properties
        core.title, core.subject, core.author = said(title), said(subject), "feedback_nlp"
        core.keywords = MARK
        core.last_modified_by, core.language = "feedback_nlp", "zh-CN" if self.lang == "zh" else "en"
        when = datetime.fromisoformat(created) if created else None
        if when is not None:
            core.created = core.modified = when.replace(tzinfo=None)

    def slide(self, title: str, base: str = "", notes: Sequence[str] = ()) -> Any:
        """Add a slide with its title, what its figures are shares of, and notes for the speaker."""
        slide = self.file.slides.add_slide(self.file.slide_layouts[5])
        head = slide.shapes.title
        self._place(head, (LEFT, 0.36, INNER, 0.7))
        self._write(head.text_frame, [[(title, {"size": 26, "bold": True})]])
        if base:
            self.text(slide, (LEFT, 1.08, INNER, 0.4), [[(base, {"size": 12, "color": SOFT})]])
        number = f"{self.foot}  ·  {len(self.file.slides)}"
        self.text(slide, (LEFT, 7.02, INNER, 0.3), [[(number, {"size": 10, "color": SOFT})]])
        if notes:
            slide.notes_slide.notes_text_frame.text = "\n".join(said(note) for note in notes)
        return slide

    def _place(self, shape: Any, box: Box) -> None:
        from pptx.util import Inches

        shape.left, shape.top, shape.width, shape.height = (Inches(value) for value in box)

    def text(
        self,
        slide: Any,
        box: Box,
        paragraphs: Sequence[Sequence[Run]],
        *,
        fill: str | None = None,
        gap: float = 4,
    ) -> Any:
        """Add a text box of paragraphs, each a list of ``(text, look)`` with size, bold and color."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.util import Inches

        places = (Inches(value) for value in box)
        shape = (
            slide.shapes.add_textbox(*places)
            if fill is None
            else slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *places)
        )
        if fill is not None:
            shape.fill.solid()
            shape.fill.fore_color.rgb = _rgb(fill)
            shape.line.fill.background()
            shape.shadow.inherit = False
        self._write(shape.text_frame, paragraphs, gap=gap, inset=0.0 if fill is None else 0.12)
        return shape

    def _write(
        self, frame: Any, paragraphs: Sequence[Sequence[Run]], *, gap: float = 4, inset: float = 0.0
    ) -> None:
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Inches, Pt

        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = Inches(inset)
        frame.margin_top = frame.margin_bottom = Inches(inset / 1.5)
        for place, runs in enumerate(paragraphs):
            line = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            line.alignment, line.space_after = PP_ALIGN.LEFT, Pt(gap)
            for text, look in runs:
                run = line.add_run()
                run.text = said(text)
                run.font.size, run.font.bold = Pt(look.get("size", 14)), look.get("bold", False)
                run.font.color.rgb = _rgb(look.get("color", INK))

    def table(self, slide: Any, box: Box, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Any:
        """Add a table whose first row is its head; columns after the second stand right."""
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Inches, Pt

        frame = slide.shapes.add_table(len(rows), len(rows[0]), *(Inches(value) for value in box))
        table = frame.table
        table.horz_banding = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Inches(width)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                cell = table.cell(at, column)
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb(FAINT if at == 0 else "#ffffff")
                cell.margin_top = cell.margin_bottom = Inches(0.04)
                look = {"size": 12, "bold": at == 0 or column == 1, "color": SOFT if at == 0 else INK}
                self._write(cell.text_frame, [[(value, look)]], gap=0, inset=0.04)
                if column > 1:
                    cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT
        for row in table.rows:
            row.height = Pt(27)
        return table

    def chart(
        self,
        slide: Any,
        box: Box,
        kind: str,
        names: Sequence[str],
        series: Sequence[tuple[str, Sequence[float | None], str]],
        *,
        alt: str,
        form: str = "0%",
        labels: bool = True,
    ) -> Any:
        """Add a native chart.

        Parameters
        ----------
        slide, box
            Where: left, top, width and height in inches.
        kind : {"bar", "stack", "column", "line"}
        names : sequence of str
            The categories.
        series : sequence of (name, values, colour)
            ``None`` leaves a gap.
        alt : str
            For those who can't see it.
        form : str
            Number format of the values, as Excel has them.
        labels : bool
            Write the values at their marks.
        """
        from pptx.chart.data import CategoryChartData
        from pptx.util import Inches

        data = CategoryChartData(number_format=form)
        data.categories = [_named(name) for name in names]
        for name, values, _ in series:
            data.add_series(_named(name), values)
        places = (Inches(value) for value in box)
        frame = slide.shapes.add_chart(_kinds()[kind], *places, data)
        frame._element.nvGraphicFramePr.cNvPr.set("descr", said(alt))
        _dress(frame.chart, kind, [colour for *_, colour in series], form=form, labels=labels)
        return frame.chart

    def save(self, path: Any) -> None:
        """Write the file."""
        self.file.save(str(path))


def _rgb(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour.lstrip("#").upper())


def _kinds() -> dict[str, Any]:
    from pptx.enum.chart import XL_CHART_TYPE

    return {
        "bar": XL_CHART_TYPE.BAR_CLUSTERED,
        "stack": XL_CHART_TYPE.BAR_STACKED,
        "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
        "line": XL_CHART_TYPE.LINE_MARKERS,
    }


def _dress(chart: Any, kind: str, colours: Sequence[str], *, form: str, labels: bool) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.util import Pt

    chart.font.size, chart.font.color.rgb = Pt(11), _rgb(INK)
    chart.has_title = False
    chart.has_legend = len(colours) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    across = kind in ("bar", "stack")
    plot = chart.plots[0]
    plot.vary_by_categories = False
    if kind != "line":
        plot.gap_width = 55
    chart.value_axis.has_major_gridlines = not across
    chart.value_axis.visible = not (across and labels)
    chart.value_axis.minimum_scale = 0
    chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = (
        form,
        False,
    )
    chart.value_axis.format.line.fill.background()
    if not across:
        chart.value_axis.major_gridlines.format.line.color.rgb = _rgb("#dde3e9")
    chart.category_axis.reverse_order = across
    chart.category_axis.has_major_gridlines = False
    chart.category_axis.format.line.color.rgb = _rgb(NEUTRAL)
    for series, colour in zip(plot.series, colours, strict=True):
        part = series.format.line.color if kind == "line" else _solid(series.format.fill)
        if kind == "line":
            part.rgb = _rgb(colour)
            series.format.line.width, series.smooth = Pt(2.25), False
            _solid(series.marker.format.fill).rgb = _rgb(colour)
        else:
            part.rgb = _rgb(colour)
        if labels:
            _label(series, kind, form)


def _solid(fill: Any) -> Any:
    fill.solid()
    return fill.fore_color


def _label(series: Any, kind: str, form: str) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION
    from pptx.util import Pt

    labels = series.data_labels
    labels.show_value, labels.number_format, labels.number_format_is_linked = True, form, False
    labels.font.size = Pt(10)
    if kind == "stack":
        labels.font.color.rgb = _rgb("#ffffff")
        labels.position = XL_LABEL_POSITION.CENTER
    elif kind == "line":
        labels.position = XL_LABEL_POSITION.ABOVE
    else:
        labels.position = XL_LABEL_POSITION.OUTSIDE_END
