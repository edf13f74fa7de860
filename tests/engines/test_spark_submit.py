"""The job of docs/spark.md, run by ``spark-submit`` in local mode."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import feedback_nlp

ROOT = Path(feedback_nlp.__file__).resolve().parent.parent
JOB = ROOT / "docs" / "examples" / "spark_job.py"


def test_the_job(spark, tmp_path):
    import pyspark

    source, target = tmp_path / "in.parquet", tmp_path / "out"
    texts = ["物流太慢了，等了半个月", "客服态度太差", "退款拖了一个月", None]
    columns = {
        "工单号": [f"W{k}" for k in range(4)],
        "内容": texts,
        "时间": pa.array([datetime(2025, 1, 1 + k) for k in range(4)], pa.timestamp("us")),
        "门店": ["东", "西", "东", None],
    }
    pq.write_table(pa.table(columns), source)
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    options = ["--master", "local[2]", "--conf", "spark.ui.enabled=false", "--driver-memory", "1g"]
    done = subprocess.run(
        [str(submit), *options, str(JOB), str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    reviews, mentions = (pq.read_table(target / name) for name in ("reviews", "mentions"))
    assert sorted(reviews["工单号"].to_pylist()) == columns["工单号"]
    assert set(mentions["review_id"].to_pylist()) == {"W0", "W1", "W2"}
    summary = json.loads((target / "report" / "summary.json").read_text(encoding="utf-8"))
    assert summary["reviews"]["n"] == 4
    assert (target / "report" / "report.html").is_file()
