"""A nightly job: ``spark-submit spark_job.py IN OUT``.

IN is Parquet with the columns named below; OUT becomes a folder with ``reviews`` and ``mentions`` (Parquet,
written by the executors) and ``report`` (HTML, Excel and JSON, written by the driver).
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession

from feedback_nlp.pipeline.cluster import analyze
from feedback_nlp.pipeline.result import Options


def main(source: str, target: str) -> None:
    """Score, write the tables, add up, write the report."""
    spark = SparkSession.builder.appName("feedback_nlp").getOrCreate()
    reviews = spark.read.parquet(source)
    found = analyze(
        reviews,
        text="内容",
        id="工单号",
        time="时间",
        store="门店",
        order=["时间", "工单号"],
        options=Options(lang="zh"),
    )
    found.scored.reviews.write.mode("overwrite").parquet(f"{target}/reviews")
    found.scored.mentions.write.mode("overwrite").parquet(f"{target}/mentions")
    for path in found.write(Path(target) / "report").values():
        print(path)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
