"""Two files, two periods or the parts of one file side by side: what changed, with tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, ColumnNotFoundError, ConfigError, InputError
from feedback_nlp.frames import frame
from feedback_nlp.pipeline.issue_edits import edited, edits_of
from feedback_nlp.pipeline.options import LANGS, SCORED
from feedback_nlp.pipeline.overlap import overlap_note
from feedback_nlp.pipeline.prepare import Prepared, prepare
from feedback_nlp.pipeline.reload import load_scored
from feedback_nlp.pipeline.result import Analysis
from feedback_nlp.pipeline.scored import Scored
from feedback_nlp.schema import METADATA_KEY, ROLES
from feedback_nlp.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from feedback_nlp.engines.local import Progress
    from feedback_nlp.insight.edits import Edits
    from feedback_nlp.insight.facts import Facts
    from feedback_nlp.scorers.base import Scorer

__all__ = ["Comparison", "check_mode", "compare", "is_scored"]

# A part of a file with fewer counted reviews is not compared with the rest.
MIN_SEGMENT = 30
# More parts than this can't be read; the largest are kept.
MAX_SEGMENTS = 30


@dataclass(frozen=True)
class Comparison:
    """What differs between two sides.

    Built by :func:`feedback_nlp.compare`.

    Attributes
    ----------
    cells, scores : pyarrow.Table
        ``insight.monitoring.comparison.cells_schema()`` and ``scores_schema()``.
    sides : dict
        ``old`` and ``new``: name, n_counted, period.
    names : dict
        (kind, code) to name.
    kind : {"files", "split", "by"}
    notes : tuple of Bilingual
        What to bear in mind.
    lang : {"zh", "en"}
    """

    cells: pa.Table
    scores: pa.Table
    sides: dict[str, dict[str, Any]]
    names: dict[tuple[str, str], str]
    kind: str
    notes: tuple[Bilingual, ...]
    lang: str

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per thing compared, largest sure difference first, with its name."""
        found = frame(self.cells)
        keys = zip(found["kind"], found["code"], strict=True)
        found.insert(3, "name", [self.names[key] for key in keys])
        return found

    @cached_property
    def document(self) -> dict[str, Any]:
        """Everything that is shown, as plain data."""
        from feedback_nlp.report.comparison import build

        return build(
            self.cells.to_pylist(), self.scores.to_pylist(), self.sides, self.names, kind=self.kind,
            notes=[note.in_(self.lang) for note in self.notes], lang=self.lang,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        from feedback_nlp.report.comparison import public

        return public(self.document)

    def to_markdown(self) -> str:
        """Return the sentences and the table for a terminal, a chat or an e-mail."""
        from feedback_nlp.report.comparison import markdown

        return markdown(self.document)

    def to_html(self, path: str | Path) -> Path:
        """Write the page as one self-contained HTML file and return its path."""
        from feedback_nlp.io.writers import atomic
        from feedback_nlp.report.comparison import html

        with atomic(path) as temporary:
            temporary.write_text(html(self.document), encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        shown = self.table[["name", "share_old", "share_new", "difference", "low", "high", "q", "verdict"]]
        text: str = shown.head(15).to_html(index=False, float_format="{:.3f}".format)
        return text


def compare(
    old: Any,
    new: Any = None,
    *,
    split_at: str | date | None = None,
    by: str | None = None,
    text: str | None = None,
    id: str | None = None,
    rating: str | None = None,
    nps: str | None = None,
    time: str | None = None,
    channel: str | None = None,
    product: str | None = None,
    store: str | None = None,
    customer: str | None = None,
    amount: str | None = None,
    tier: str | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    issues: str | Path | Edits | None = None,
    lang: str = "zh",
    mask: bool = True,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two sets of reviews.

    Parameters
    ----------
    old, new : path, DataFrame, list of str, Arrow table, Analysis, Scored or Prepared
        What came before and after. Raw reviews are scored; a folder written by ``analyze`` and a Parquet
        written by ``score`` (with ``mentions.parquet`` beside it) are used as they are. ``new`` is left out
        with ``split_at`` or ``by``.
    split_at : date or "2025-06-01", optional
        Compare the reviews before this day with those from it on.
    by : str, optional
        Compare each value of this column (a role such as "store", or a header) with all others.
    text, id, rating, nps, time, channel, product, store, customer, amount, tier : str, optional
        Column names; recognised from headers and values when not given.
    rating_scale, sheet, model, taxonomy, issues, lang, jobs, progress
        As in :func:`analyze`; the edits of issues hold for both sides.
    mask : bool
        Mask personal data in names.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        If it isn't said what to compare, or the date can't be read.
    InputError
        If a side has no counted review, or there is no time to split at.

    Examples
    --------
    >>> found = compare(["物流很快", "物流不错"] * 20, ["物流太慢了", "发货拖了好几天"] * 20)
    >>> found.table["verdict"].tolist()[:2]
    ['more', 'more']
    """
    chosen = check_mode(old, new, split_at, by)
    if lang not in LANGS:
        raise ConfigError(
            Bilingual(f"语言“{lang}”没有。", f"No language '{lang}'."),
            Bilingual("用 zh 或 en。", "Use zh or en."),
        )
    named = (id, text, rating, nps, time, channel, product, store, customer, amount, tier)
    load = _Loader(dict(zip(ROLES, named, strict=True)), rating_scale, sheet, model, taxonomy, jobs, progress)
    first = load(old)
    second = load(new) if chosen == "files" else None
    sides = _Sides(first, second, load.taxonomy_of(first), lang, mask=mask, edits=edits_of(issues))
    if chosen == "split":
        return sides.split(_day(split_at))
    return sides.by(str(by)) if chosen == "by" else sides.files()


def check_mode(old: object, new: object, split_at: object, by: object) -> str:
    """Return ``files``, ``split`` or ``by``, whichever was asked for.

    Raises
    ------
    ConfigError
        If it is not exactly one, or the two files are one.
    """
    _check_two(old, new)
    given = [name for name, value in (("files", new), ("split", split_at), ("by", by)) if value is not None]
    if len(given) == 1:
        return given[0]
    raise ConfigError(
        Bilingual(
            "没有说和什么比。" if not given else "两个文件、--split-at、--by 只能选一种。",
            "Nothing to compare with." if not given else "Two files, --split-at and --by exclude each other.",
        ),
        Bilingual(
            "给两个文件，或一个文件加 --split-at 日期，或加 --by 列名。",
            "Give two files, or one file with --split-at DATE or --by COLUMN.",
        ),
    )


def _check_two(old: object, new: object) -> None:
    if not (isinstance(old, str | Path) and isinstance(new, str | Path)):
        return
    if Path(old).resolve() == Path(new).resolve():
        raise ConfigError(
            Bilingual(f"两份是同一个文件（{new}），没有什么可比。", f"Both are the same file ({new})."),
            Bilingual(
                "给两个不同的文件，或一个文件加 --split-at 日期，或加 --by 列名。",
                "Give two files, or one file with --split-at DATE or --by COLUMN.",
            ),
        )


def _day(value: str | date | None) -> date:
    from feedback_nlp.io.times import parse_one

    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = parse_one(value)
    if found is None:
        raise ConfigError(
            Bilingual(f"日期“{value}”读不懂。", f"Can't read the date '{value}'."),
            Bilingual("写成 --split-at 2025-06-01。", "Write --split-at 2025-06-01."),
        )
    return found.date()


def is_scored(source: object) -> bool:
    """Return whether ``source`` is a path that holds scored reviews: a folder or Parquet of this package."""
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    if path.is_dir():
        return (path / SCORED).is_file()
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError):
        return False  # reading it as a table will say what is wrong
    return METADATA_KEY in metadata


class _Loader:
    """Turns whatever is given into scored reviews."""

    def __init__(
        self,
        columns: Mapping[str, str | None],
        rating_scale: tuple[float, float] | None,
        sheet: str | int | None,
        model: str | Path | Scorer,
        taxonomy: str | Path | Taxonomy,
        jobs: int | None,
        progress: Progress | None,
    ) -> None:
        self.columns, self.rating_scale, self.sheet = columns, rating_scale, sheet
        self.model, self.taxonomy, self.jobs, self.progress = model, taxonomy, jobs, progress

    def __call__(self, source: Any) -> Scored:
        if isinstance(source, Analysis):
            return source.scored
        if isinstance(source, Scored):
            return source
        if is_scored(source):
            return load_scored(source)
        ready = source if isinstance(source, Prepared) else self._prepared(source)
        from feedback_nlp.pipeline.run import score_prepared

        return score_prepared(
            ready, model=self.model, taxonomy=self.taxonomy, jobs=self.jobs, progress=self.progress
        )

    def _prepared(self, source: Any) -> Prepared:
        return prepare(source, columns=self.columns, rating_scale=self.rating_scale, sheet=self.sheet)

    def taxonomy_of(self, scored: Scored) -> Taxonomy:
        """Return the taxonomy that reviews were scored with."""
        named = scored.meta["taxonomy"]
        return self.taxonomy if isinstance(self.taxonomy, Taxonomy) else load_taxonomy(named)


class _Sides:
    """The scored reviews with one grouping into issues, and the three ways to part them."""

    def __init__(
        self,
        first: Scored,
        second: Scored | None,
        taxonomy: Taxonomy,
        lang: str,
        *,
        mask: bool,
        edits: Edits | None = None,
    ) -> None:
        import pyarrow as pa

        self.first, self.second, self.taxonomy, self.lang, self.mask = first, second, taxonomy, lang, mask
        tables = [first.mention_table, *([second.mention_table] if second is not None else [])]
        filled, catalogue, said = edited(pa.concat_tables(tables), taxonomy, edits, lang)
        self.mentions = filled.slice(0, tables[0].num_rows), filled.slice(tables[0].num_rows)
        self.issues = catalogue.to_pylist()
        self.notes: list[Bilingual] = [_MIX, *said]

    def files(self) -> Comparison:
        """Compare the two files."""
        assert self.second is not None
        pair = [self._facts(k, scored) for k, scored in enumerate((self.first, self.second))]
        names = [str(scored.meta["input"]["name"]) for scored in (self.first, self.second)]
        for facts, name, scored in zip(pair, names, (self.first, self.second), strict=True):
            _check_counted(facts, Bilingual(f"“{name}”", f"'{name}'"))
            self.notes += _left_out(self._shown(name), scored.table.num_rows, facts.n_reviews)
        if names[0] == names[1]:
            names = [_marked(name, k, self.lang) for k, name in enumerate(names)]
        self.notes += overlap_note(self.first.judged["text"], self.second.judged["text"])
        if self.first.meta["model"] != self.second.meta["model"]:
            self.notes.append(_OTHER_MODEL)
        return self._compared([(pair[0], pair[1], None)], names, "files")

    def split(self, day: date) -> Comparison:
        """Compare what came before ``day`` with what came from it on."""
        import numpy as np

        times = self._times()
        cut = np.datetime64(day.isoformat(), "s")
        known = ~np.isnat(times)
        sides = [self._facts(0, self.first, mask) for mask in (known & (times < cut), known & (times >= cut))]
        if (~known).any():
            n = int((~known).sum())
            self.notes.append(
                Bilingual(f"{n} 条没有时间，没有算在内。", f"{n} reviews have no time and are left out.")
            )
        span = [str(edge)[:10] for edge in (times[known].min(), times[known].max())]
        for facts, side in zip(sides, _BEFORE_AFTER, strict=True):
            if facts.n_reviews == 0:
                where = Bilingual(f"{day} {side.zh}", f"{day} and {side.en}")
                raise _nothing(
                    where,
                    Bilingual("数据从 {} 到 {}。".format(*span), "The data run from {} to {}.".format(*span)),
                )
        before, after = (part.in_(self.lang) for part in _BEFORE_AFTER)
        names = [f"{day} {before}", f"{day} {after}"]
        return self._compared([(sides[0], sides[1], None)], names, "split")

    def by(self, column: str) -> Comparison:
        """Compare each value of ``column`` with all other reviews."""
        import numpy as np

        values = self._values(column)
        whole = self._facts(0, self.first)
        _check_counted(whole, Bilingual("文件", "the file"))
        parts = []
        shown = self._shown_values([str(value) for value, _ in _largest(values)], column)
        for value, _ in _largest(values):
            here = values == value
            inside = self._facts(0, self.first, here)
            outside = self._facts(0, self.first, ~here & (values != _MISSING))
            if min(inside.n_reviews, outside.n_reviews) >= MIN_SEGMENT:
                parts.append((outside, inside, shown[value]))
        if not parts:
            raise InputError(
                Bilingual(
                    f"列“{column}”没有两个以上、各有 {MIN_SEGMENT} 条计入评价的取值。",
                    f"Column '{column}' has no two values with {MIN_SEGMENT} counted reviews each.",
                ),
                Bilingual("换一个分组列。", "Choose another column."),
            )
        n_values = len(np.unique(values[values != _MISSING]))
        if n_values > len(parts):
            self.notes.append(
                Bilingual(
                    f"“{column}”有 {n_values} 个取值，比较了评价够多的 {len(parts)} 个。",
                    f"'{column}' has {n_values} values; the {len(parts)} with enough reviews are compared.",
                )
            )
        from feedback_nlp.report.wording import Words

        words = Words(self.lang)
        label = words.section("role").get(column, column)
        rest, each = words("compare.old_by"), words("compare.each", name=label)
        return self._compared(parts[:MAX_SEGMENTS], [rest, each], "by", base=whole)

    # ---- parts ----

    def _facts(self, place: int, scored: Scored, keep: NDArray[np.bool_] | None = None) -> Facts:
        import pyarrow as pa

        from feedback_nlp.insight.facts import Facts

        reviews = scored.judged
        return Facts.of(reviews if keep is None else reviews.filter(pa.array(keep)), self.mentions[place])

    def _times(self) -> NDArray[Any]:
        import numpy as np

        table = self.first.canonical
        if "time" not in table.column_names or table["time"].null_count == table.num_rows:
            raise InputError(
                Bilingual(
                    "没有时间列，或没有一个读得出的时间，不能按日期分开。", "There is no time to split at."
                ),
                Bilingual("用 --time 指定时间列。", "Name the column of times with --time."),
            )
        return np.asarray(self.first.canonical["time"], dtype="datetime64[s]")

    def _values(self, column: str) -> NDArray[Any]:
        import numpy as np

        tables = (self.first.canonical, self.first.table)
        known = column in ROLES and column in tables[0].column_names
        table = tables[0] if known else tables[1]
        if column not in table.column_names:
            raise ColumnNotFoundError.from_missing(column, table.column_names, "--by")
        cells = table[column].to_pylist()
        return np.array(
            [_MISSING if cell is None or str(cell) == "" else str(cell) for cell in cells], dtype=object
        )

    def _shown(self, name: str) -> str:
        from feedback_nlp.text import pii

        return pii.mask(name) if self.mask else name

    def _shown_values(self, values: Sequence[str], column: str) -> dict[str, str]:
        from feedback_nlp.pipeline.privacy import UNITS, masked_units, shown_units

        if not self.mask:
            return {value: value for value in values}
        roles = self.first.meta["roles"]
        # People name the column as it is called in their file.
        role = next((role for role, header in roles.items() if header == column), column)
        known = shown_units(self.first.judged, roles) if role in UNITS else {}
        known |= masked_units(values, header=roles.get(role, column), known=known)
        # What a column of the user's own holds is not known, so there names and addresses go too.
        others = {value: value if role in UNITS else self._shown(value) for value in values}
        return others | known

    def _compared(
        self,
        parts: Sequence[tuple[Facts, Facts, str | None]],
        names: list[str],
        kind: str,
        base: Facts | None = None,
    ) -> Comparison:
        from feedback_nlp.insight.monitoring.comparison import Pair
        from feedback_nlp.insight.monitoring.comparison import compare as compared

        others = [row["issue_id"] for row in self.issues if row["other"]]
        cells, scores = compared([Pair(*part) for part in parts], others=others)
        ends = parts[0][:2] if base is None else (base, base)
        sides = {
            side: {"name": self._shown(name), "n_counted": facts.n_reviews, "period": _span(facts)}
            for side, name, facts in zip(("old", "new"), names, ends, strict=True)
        }
        return Comparison(cells, scores, sides, self._names(), kind, tuple(self.notes), self.lang)

    def _names(self) -> dict[tuple[str, str], str]:
        from feedback_nlp.report.wording import Words

        words = Words(self.lang)
        names = {("all", ""): words("compare.all")}
        for element in self.taxonomy.elements:
            label = self.taxonomy.label(element.code, self.lang)
            names["element", element.code] = words("compare.blame", name=label)
            names["praise", element.code] = words("compare.praise", name=label)
        for flag, label in words.section("flag").items():
            names["flag", flag] = words("compare.flag", name=label)
        for row in self.issues:
            names["issue", row["issue_id"]] = self._shown(row["name"])
        return names


_MISSING = "\x00"
_BEFORE_AFTER = (Bilingual("之前", "before"), Bilingual("及以后", "after"))
_MIX = Bilingual(
    "占比只说构成：一类抱怨少了，别的类占比就会升。要知道每千单多少，给 analyze 加 --exposure。",
    "Shares tell of the mix: when one complaint falls the shares of the others rise. For rates per thousand "
    "orders use analyze --exposure.",
)
_OTHER_MODEL = Bilingual(
    "两份用的模型不同，差别可能来自模型；请用同一模型重新打分再比。",
    "The two were scored by different models, which may be the difference; score both with one model.",
)


def _marked(name: str, place: int, lang: str) -> str:
    sides = (Bilingual("（旧）", " (old)"), Bilingual("（新）", " (new)"))
    return name + sides[place].in_(lang)


def _nothing(where: Bilingual, hint: Bilingual) -> InputError:
    return InputError(
        Bilingual(f"{where.zh}没有可以计入的评价。", f"There is no counted review in {where.en}."), hint
    )


def _check_counted(facts: Facts, where: Bilingual) -> None:
    if facts.n_reviews == 0:
        raise _nothing(
            where, Bilingual("看看内容列选对没有（--text）。", "Is it the right text column (--text)?")
        )


def _left_out(name: str, n: int, counted: int) -> list[Bilingual]:
    if n == counted:
        return []
    return [
        Bilingual(
            f"“{name}”的 {n} 行里计入 {counted} 条；空的、默认好评、不是中文的和重复的不计。",
            f"'{name}': {counted} of {n} rows are counted; those that are empty, default praise, not Chinese "
            "or repeated are not.",
        )
    ]


def _largest(values: NDArray[Any]) -> list[tuple[str, int]]:
    """Return the values with their counts, most first."""
    import numpy as np

    names, counts = np.unique(values[values != _MISSING].astype(str), return_counts=True)
    found = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
    return [item for item in found if item[1] >= MIN_SEGMENT][:MAX_SEGMENTS]


def _span(facts: Facts) -> list[str] | None:
    import pyarrow.compute as pc

    if not facts.has("time"):
        return None
    ends = pc.min_max(facts.reviews["time"]).as_py()
    return [f"{ends[end]:%Y-%m-%d}" for end in ("min", "max")]
