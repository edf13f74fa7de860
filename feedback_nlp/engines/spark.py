"""Score a Spark DataFrame: the same columns and values as on one machine, by ``mapInArrow``.

The model goes to each executor once, as a broadcast, and is loaded once by each of its Python processes.
Every executor needs this package, as it needs any Python package that a job uses.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.engines.batch import MENTIONS_COLUMN, score_batch
from feedback_nlp.errors import Bilingual, ColumnNotFoundError, InputError, MissingExtraError
from feedback_nlp.schema import mentions_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.broadcast import Broadcast
    from pyspark.sql import DataFrame, SparkSession

    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["ID", "Shipped", "SparkScored", "loaded", "score", "ship", "spark_schema"]

# Columns of our own while a plan runs; the first stays beside the scores as what mentions are joined on.
ID = "_fb_id"
_KEY, _PLACE, _FIRST = "_fb_key", "_fb_place", "_fb_first"
_TYPES = {"string": "string", "float": "float", "int32": "int", "bool": "boolean", "binary": "binary"}


@dataclass(frozen=True)
class SparkScored:
    """A scored DataFrame; nothing has been computed before something is asked of it.

    Attributes
    ----------
    both : pyspark.sql.DataFrame
        All input columns, ``_fb_id`` (the id as a string), the columns of ``schema.scored_schema()``, and
        ``fb_mentions``, the mentions of each review as a list of structs.
    meta : dict
        Roles, model and taxonomy, as scored files carry them.
    """

    both: DataFrame
    meta: dict[str, Any]

    @property
    def reviews(self) -> DataFrame:
        """All input columns with ``fb_*`` beside them; ``review_id`` is added where the input has none."""
        from pyspark.sql import functions as sql

        kept = self.both.drop(MENTIONS_COLUMN)
        role = self.meta["roles"]["review_id"]
        if role != "review_id" and "review_id" in kept.columns:
            return kept.drop(ID)
        named = kept.withColumn("review_id", sql.col(ID)).drop(ID)
        if role == "review_id":
            return named
        return named.select("review_id", *(name for name in named.columns if name != "review_id"))

    @property
    def mentions(self) -> DataFrame:
        """One row per (review, clause, facet), as ``schema.mentions_schema()``; ``issue_id`` null."""
        from pyspark.sql import functions as sql

        one = self.both.select(sql.col(ID).alias("review_id"), sql.explode(MENTIONS_COLUMN).alias("mention"))
        return one.select("review_id", "mention.*")

    def persist(self) -> SparkScored:
        """Keep the scores in memory and on disk, so that reviews and mentions are scored once, not twice."""
        from pyspark import StorageLevel

        return replace(self, both=self.both.persist(StorageLevel.MEMORY_AND_DISK))

    def unpersist(self) -> None:
        """Let go of what :meth:`persist` kept."""
        self.both.unpersist()


def score(
    df: DataFrame,
    *,
    text: str = "text",
    id: str = "review_id",
    customer: str | None = None,
    order: Sequence[str] = (),
    repeats: bool = True,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
) -> SparkScored:
    """Score the reviews of a DataFrame; parameters as in :func:`feedback_nlp.score` where named alike.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
    text, id, customer : str
        Columns; a DataFrame has no row numbers, so there must be one of ids. An empty id becomes "#" and a
        number of Spark's.
    order : sequence of str
        Columns that say which of two repeats came first; by default the order in which Spark reads the rows,
        which holds for files and tables but not behind a shuffle.
    repeats : bool
        Whether to look for repeats (``fb_duplicate_of``); it costs a shuffle of keys.
    model, taxonomy
        As in :func:`feedback_nlp.score`.

    Raises
    ------
    MissingExtraError
        Without PySpark.
    ColumnNotFoundError, InputError
        If a column is missing, or the text is no string.
    """
    sql = _functions()
    from feedback_nlp.scorers import load_model
    from feedback_nlp.taxonomy import load_taxonomy

    _check(df, {"text": text, "id": id, "customer": customer}, order)
    scorer = load_model(model, load_taxonomy(taxonomy))
    shipped = ship(df.sparkSession, scorer)
    old = {*scored_schema().names, MENTIONS_COLUMN, ID}
    kept = df.drop(*(name for name in df.columns if name in old))
    name = sql.col(_quoted(id)).cast("string")
    number = sql.concat(sql.lit("#"), sql.monotonically_increasing_id().cast("string"))
    named = kept.withColumn(ID, sql.when(sql.trim(name) != "", name).otherwise(number))
    ready = _with_repeats(named, text, customer, order) if repeats else named
    types = spark_schema(ready, *scored_schema(), _mentions_field())
    judged = ready.mapInArrow(_Scoring(shipped, text), types)
    if repeats:
        judged = judged.withColumn("fb_duplicate_of", sql.col(_FIRST)).drop(_FIRST)
    roles = {"review_id": id, "text": text, **({"customer": customer} if customer else {})}
    meta = {
        "roles": roles,
        "rating_scale": None,
        "model": scorer.describe(),
        "safety_threshold": scorer.safety_threshold_,
        "taxonomy": taxonomy if isinstance(taxonomy, str) else str(getattr(taxonomy, "name", taxonomy)),
    }
    return SparkScored(judged, meta)


def _functions() -> Any:
    try:
        from pyspark.sql import functions
    except ImportError as error:
        raise MissingExtraError.from_extra("spark", "feedback_nlp.engines.spark") from error
    return functions


def _check(df: DataFrame, columns: dict[str, str | None], order: Sequence[str]) -> None:
    for role, name in [*columns.items(), *(("order", name) for name in order)]:
        if name is not None and name not in df.columns:
            raise ColumnNotFoundError.from_missing(name, df.columns, f"{role}=")
    kind = df.schema[str(columns["text"])].dataType.simpleString()
    if kind != "string":
        raise InputError(
            Bilingual(
                f"列“{columns['text']}”的类型是 {kind}，不是文字。",
                f"Column '{columns['text']}' holds {kind}, not texts.",
            ),
            Bilingual("用 text= 指明内容所在的列。", "Name the column of texts with text=."),
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def spark_schema(df: DataFrame, *added: pa.Field) -> Any:
    """Return the schema of ``df`` with Arrow fields added, those of the same name replaced."""
    from pyspark.sql.types import StructType

    names = {field.name for field in added}
    kept = [field for field in df.schema.fields if field.name not in names]
    ddl = ", ".join(f"{_quoted(field.name)} {_ddl(field.type)}" for field in added)
    added_fields: Any = StructType.fromDDL(ddl)
    return StructType([*kept, *added_fields.fields])


def _ddl(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"array<{_ddl(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{_quoted(field.name)}: {_ddl(field.type)}" for field in kind) + ">"
    return _TYPES[str(kind)]


def _mentions_field() -> pa.Field:
    import pyarrow as pa

    kind = pa.struct([field for field in mentions_schema() if field.name != "review_id"])
    return pa.field(MENTIONS_COLUMN, pa.list_(kind))


# --- repeats


def _with_repeats(named: DataFrame, text: str, customer: str | None, order: Sequence[str]) -> DataFrame:
    """Add the id of the first review with the same text in the sense of ``duplicates.exact``."""
    sql = _functions()
    place = sql.struct(
        *(sql.col(_quoted(name)) for name in order),
        sql.monotonically_increasing_id().alias("_n"),
        sql.col(ID),
    )
    placed = named.withColumn(_PLACE, place)
    types = spark_schema(placed, _key_field())
    keyed = placed.mapInArrow(_Keys(text, customer), types)
    groups = keyed.where(sql.col(_KEY).isNotNull()).groupBy(_KEY)
    first = groups.agg(sql.min(_PLACE).alias("_fb_least"), sql.count("*").alias("_fb_n")).where("_fb_n > 1")
    joined = keyed.join(first, _KEY, "left")
    again = sql.col("_fb_least").isNotNull() & (sql.col("_fb_least") != sql.col(_PLACE))
    found = joined.withColumn(_FIRST, sql.when(again, sql.col(f"_fb_least.{ID}")))
    return found.drop(_KEY, _PLACE, "_fb_least", "_fb_n")


def _key_field() -> pa.Field:
    import pyarrow as pa

    return pa.field(_KEY, pa.binary())


class _Keys:
    """Adds to every row what its repeats have in common."""

    def __init__(self, text: str, customer: str | None) -> None:
        self.text, self.customer = text, customer

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        from feedback_nlp.engines import duplicates
        from feedback_nlp.text import quality

        for batch in batches:
            texts = batch.column(self.text).to_pylist()
            customers = None
            if self.customer is not None:
                customers = batch.column(self.customer).cast(pa.string()).to_pylist()
            found = duplicates.keys(texts, customers, quality.status(texts))
            yield batch.append_column(_KEY, found.cast(pa.binary()))


# --- the model


@dataclass(frozen=True)
class Shipped:
    """A model on its way to the executors: the files of its folder and its taxonomy, in a broadcast."""

    name: str
    fingerprint: str
    content: Broadcast[tuple[dict[str, bytes], Taxonomy]]


def ship(session: SparkSession, scorer: Scorer) -> Shipped:
    """Broadcast a model."""
    with tempfile.TemporaryDirectory(prefix="feedback-nlp-") as folder:
        saved = scorer.save(Path(folder) / "model")
        files = {path.name: path.read_bytes() for path in saved.iterdir()}
    content = session.sparkContext.broadcast((files, scorer.taxonomy_))
    return Shipped(scorer.name, scorer.fingerprint(), content)


# The models that this process has loaded, by fingerprint, and how often it loaded one.
_models: dict[str, Scorer] = {}
_lock = threading.Lock()


def loaded(shipped: Shipped) -> Scorer:
    """Return the model, loaded on the first call in a process."""
    with _lock:
        found = _models.get(shipped.fingerprint)
        if found is None:
            found = _models[shipped.fingerprint] = _load(shipped)
        return found


def _load(shipped: Shipped) -> Scorer:
    from feedback_nlp.scorers import scorer_class

    files, taxonomy = shipped.content.value
    with tempfile.TemporaryDirectory(prefix="feedback-nlp-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        return scorer_class(shipped.name).load(folder, taxonomy)


class _Scoring:
    """What an executor runs on its batches."""

    def __init__(self, shipped: Shipped, text: str) -> None:
        self.shipped, self.text = shipped, text

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorer = loaded(self.shipped)
        for batch in batches:
            yield score_batch(batch, scorer, text=self.text, mentions=True)
