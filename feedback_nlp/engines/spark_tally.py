"""Add a scored Spark DataFrame up: tallies of the partitions, merged; mentions stay on the cluster.

To the driver come the merged tally, the reviews that it quotes, and a bounded random sample of reviews in
numbers (no texts), from which what no count can tell is estimated: the importance of facets and the
uncertainty of ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from feedback_nlp.engines.batch import MENTIONS_COLUMN, mentions_of
from feedback_nlp.engines.spark import ID, SparkScored
from feedback_nlp.schema import STATUSES, reviews_schema, scored_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from feedback_nlp.insight.tally import Tally
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["NEVER", "SAMPLE", "Aggregate", "aggregate", "named_issues"]

# Reviews whose numbers the driver gets at most, about; their clauses are some 20 MB.
SAMPLE = 50_000
# A phrase must be in the shipped lists: how many reviews share it, no partition knows.
NEVER = 2**31 - 1
_PARTS = ("cells", "customers", "examples", "catalogue")
_MERGERS = 8
_BUCKETS = 1_000_000


@dataclass(frozen=True)
class Aggregate:
    """What comes out of the cluster.

    Attributes
    ----------
    tally : Tally
        Of all counted reviews.
    catalogue : Arrow table of ``issues.catalogue_schema``
    counts : dict
        Rows: ``n``, ``n_<status>``, ``n_duplicates``, ``n_shared`` (left out because another row has their
        id) and ``n_needs_review`` (of counted reviews).
    n_other : int
        Distinct counted reviews with a mention in the 其他 of a facet.
    reviews, mentions : Arrow tables
        The sample, counted reviews only: canonical columns without texts; ``issue_id`` filled.
    quoted, quoted_mentions : Arrow tables
        The reviews that ``tally.examples`` quotes, with their texts.
    """

    tally: Tally
    catalogue: pa.Table
    counts: dict[str, int]
    n_other: int
    reviews: pa.Table
    mentions: pa.Table
    quoted: pa.Table
    quoted_mentions: pa.Table


def named_issues(mentions: pa.Table, taxonomy: Taxonomy, *, lang: str = "zh") -> tuple[pa.Table, pa.Table]:
    """Group mentions into issues by each clause alone, as ``insight.issues.assign``.

    Problems of the taxonomy and phrases of the shipped lists are issues; a phrase that only its number of
    reviews would make one stays in the 其他 of its facet.
    """
    from feedback_nlp.insight.issues import assign

    return assign(mentions, taxonomy, lang=lang, min_reviews=NEVER, min_sure=1)


def aggregate(
    scored: SparkScored,
    taxonomy: Taxonomy,
    *,
    columns: Mapping[str, str] | None = None,
    lang: str = "zh",
    sample: int = SAMPLE,
) -> Aggregate:
    """Add up a scored DataFrame.

    Parameters
    ----------
    scored : SparkScored
        Read several times: :meth:`SparkScored.persist` it.
    taxonomy : Taxonomy
        The one it was scored with.
    columns : mapping, optional
        Role (rating, nps, time, channel, product, store, customer) to column. Ratings and nps are cast to
        numbers and times to timestamps by Spark's own rules, in the time zone of the session; cells that
        can't be are null.
    lang : {"zh", "en"}
        Language of issue names.
    sample : int
        Reviews in the sample, about; all where there are no more.
    """
    from pyspark import StorageLevel

    canonical = _canonical(scored, dict(columns or {}))
    counted = canonical.where("fb_status = 'ok' AND fb_duplicate_of IS NULL")
    one = _one_per_id(counted).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tally, catalogue, n_other = _tallied(one, taxonomy, lang)
        n = int(tally.vector("all", [""])[0])
        drawn = _sampled(one, n, sample).mapInArrow(_Numbers(taxonomy, lang), one.schema)
        reviews, mentions = _tables(drawn.toArrow())
        quoted, said = _quoted(one, tally)
        counts = _counts(canonical, one)
    finally:
        one.unpersist()
    return Aggregate(
        tally,
        catalogue,
        counts,
        n_other,
        reviews,
        mentions,
        quoted,
        named_issues(said, taxonomy, lang=lang)[0],
    )


def _canonical(scored: SparkScored, columns: dict[str, str]) -> DataFrame:
    """Return the roles as columns of ``schema.reviews_schema``, scores and mentions."""
    from pyspark.sql import functions as sql

    roles = {**scored.meta["roles"], **columns}
    kinds = {"double": "double", "timestamp[s]": "timestamp_ntz", "string": "string"}

    def cell(role: str, kind: str) -> Column:
        column = sql.col("`" + roles[role].replace("`", "``") + "`")
        if role == "text":
            return column
        return column.cast(kind) if kind == "string" else column.try_cast(kind)

    found = [sql.col(ID).alias("review_id")]
    for field in reviews_schema():
        if field.name in roles and field.name != "review_id":
            found.append(cell(field.name, kinds[str(field.type)]).alias(field.name))
    return scored.both.select(*found, *scored_schema().names, MENTIONS_COLUMN)


def _one_per_id(counted: DataFrame) -> DataFrame:
    """Of rows that share an id keep the one whose text sorts first, as analyses on one machine do."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    place = sql.row_number().over(Window.partitionBy("review_id").orderBy("text"))
    return counted.withColumn("_fb_place", place).where("_fb_place = 1").drop("_fb_place")


def _counts(canonical: DataFrame, one: DataFrame) -> dict[str, int]:
    from pyspark.sql import functions as sql

    def number(condition: Column) -> Column:
        return sql.count(sql.when(condition, 1))

    status = sql.col("fb_status")
    of_status = [number(status == name).alias(f"n_{name}") for name in STATUSES]
    repeated = sql.col("fb_duplicate_of").isNotNull()
    counted = number((status == "ok") & ~repeated).alias("n_rows")
    row = canonical.agg(
        sql.count("*").alias("n"), *of_status, number(repeated).alias("n_duplicates"), counted
    )
    found = {name: int(value) for name, value in row.collect()[0].asDict().items()}
    kept = one.agg(sql.count("*").alias("n"), number(sql.col("fb_needs_review")).alias("unsure")).collect()[0]
    found["n_shared"] = found.pop("n_rows") - int(kept["n"])
    return found | {"n_needs_review": int(kept["unsure"])}


def _tallied(one: DataFrame, taxonomy: Taxonomy, lang: str) -> tuple[Tally, pa.Table, int]:
    types = ", ".join([*(f"{name} binary" for name in _PARTS), "n_other long"])
    partial = one.mapInArrow(_Tallying(taxonomy, lang), types)
    # A tree of two levels, so that the driver adds a few sums and not one of every partition.
    merged = partial.repartition(_MERGERS).mapInArrow(_merging, types)
    sums = [_unpacked(row.asDict()) for row in merged.collect()]
    return reduce(_added, sums, _nothing())


def _sampled(one: DataFrame, n: int, sample: int) -> DataFrame:
    """Draw respondents, whole, by the hash of their name: the same rows in every run."""
    if n <= sample:
        return one
    from pyspark.sql import functions as sql

    own = sql.concat(sql.lit("\x00"), sql.col("review_id"))
    who = sql.coalesce(sql.col("customer"), own) if "customer" in one.columns else own
    return one.where(sql.pmod(sql.xxhash64(who), sql.lit(_BUCKETS)) < int(_BUCKETS * sample / n))


def _quoted(one: DataFrame, tally: Tally) -> tuple[pa.Table, pa.Table]:
    from pyspark.sql import functions as sql

    ids = sorted(set(tally.examples["review_id"].to_pylist()))
    named = one.sparkSession.createDataFrame([(name,) for name in ids], "review_id string")
    found = one.join(sql.broadcast(named), "review_id", "left_semi").orderBy("review_id")
    return _tables(found.toArrow())


def _tables(found: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return canonical reviews and mentions of collected rows or a batch of them."""
    import pyarrow as pa

    mentions = mentions_of(found)
    known = {field.name: field for field in (*reviews_schema(), *scored_schema())}
    fields = [known[name] for name in found.schema.names if name != MENTIONS_COLUMN]
    table = found if isinstance(found, pa.Table) else pa.Table.from_batches([found])
    # Parts of a second are cut off.
    return table.drop_columns([MENTIONS_COLUMN]).cast(pa.schema(fields), safe=False), mentions


# --- on the executors


class _Tallying:
    """Adds up the batches of a partition."""

    def __init__(self, taxonomy: Taxonomy, lang: str) -> None:
        self.taxonomy, self.lang = taxonomy, lang

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield _packed(reduce(_added, map(self._sum, batches), _nothing()))

    def _sum(self, batch: pa.RecordBatch) -> tuple[Tally, pa.Table, int]:
        import pyarrow.compute as pc

        from feedback_nlp.insight.facts import Facts
        from feedback_nlp.insight.tally import Tally

        reviews, mentions = _tables(batch)
        filled, catalogue = named_issues(mentions, self.taxonomy, lang=self.lang)
        rest = catalogue.filter(catalogue["other"])["issue_id"].combine_chunks()
        in_rest = filled.filter(pc.is_in(filled["issue_id"], value_set=rest))
        return Tally.of(Facts.of(reviews, filled)), catalogue, len(pc.unique(in_rest["review_id"]))


class _Numbers:
    """Names the issues of the mentions and takes every text away."""

    def __init__(self, taxonomy: Taxonomy, lang: str) -> None:
        self.taxonomy, self.lang = taxonomy, lang

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            lists = batch.column(MENTIONS_COLUMN)
            filled, _ = named_issues(mentions_of(batch), self.taxonomy, lang=self.lang)
            blank = {"text": pa.repeat(pa.scalar("", pa.string()), filled.num_rows)}
            kind = lists.type.value_type
            values = [
                (blank.get(field.name) or _whole(filled[field.name])).cast(field.type) for field in kind
            ]
            struct = pa.StructArray.from_arrays(values, fields=list(kind))
            columns = {
                MENTIONS_COLUMN: pa.ListArray.from_arrays(_offsets(lists), struct, type=lists.type),
                "text": pa.repeat(pa.scalar("", pa.string()), batch.num_rows),
            }
            names = batch.schema.names
            arrays = [columns.get(name, batch.column(name)) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, names)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _offsets(lists: pa.ListArray) -> pa.Array:
    """Return the offsets of lists as if they began at 0."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0), dtype=np.int32)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _merging(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = (row for batch in batches for row in batch.to_pylist())
    yield _packed(reduce(_added, map(_unpacked, rows), _nothing()))


Sum = tuple["Tally", "pa.Table", int]


def _nothing() -> Sum:
    from feedback_nlp.insight.issues import catalogue_schema
    from feedback_nlp.insight.tally import Tally

    return Tally.empty(), catalogue_schema().empty_table(), 0


def _added(one: Sum, other: Sum) -> Sum:
    import pyarrow as pa

    both = pa.concat_tables([one[1], other[1]])
    names = both.column_names
    catalogue = both.group_by(names).aggregate([]).select(names).sort_by("issue_id").combine_chunks()
    return one[0] + other[0], catalogue, one[2] + other[2]


def _packed(found: Sum) -> pa.RecordBatch:
    import pyarrow as pa

    tally, catalogue, n_other = found
    tables = (tally.cells, tally.customers, tally.examples, catalogue)
    columns = {name: [_to_bytes(table)] for name, table in zip(_PARTS, tables, strict=True)}
    arrays = [
        *(pa.array(column, pa.binary()) for column in columns.values()),
        pa.array([n_other], pa.int64()),
    ]
    return pa.RecordBatch.from_arrays(arrays, [*_PARTS, "n_other"])


def _unpacked(row: Mapping[str, Any]) -> Sum:
    from feedback_nlp.insight.tally import Tally

    cells, customers, examples, catalogue = (_from_bytes(bytes(row[name])) for name in _PARTS)
    return Tally(cells, customers, examples), catalogue, int(row["n_other"])


def _to_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _from_bytes(content: bytes) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(content).read_all()
