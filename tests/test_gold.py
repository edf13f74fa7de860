import json

import pytest

from feedback_nlp.errors import InputError
from feedback_nlp.gold import parse, read

LINE = {
    "id": "a1",
    "text": "物流太慢了，客服很好",
    "domain": "shop",
    "source": "own",
    "clauses": [[0, 5], [6, 10]],
    "labels": [[0, "logistics.speed", -1], [1, "service.attitude", 1]],
    "overall": 0,
    "flags": ["repeat"],
    "channel": "电话",
}


def write(path, *records):
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records), encoding="utf-8")
    return path


def test_reads_every_field(tmp_path):
    (review,) = read(write(tmp_path / "a.jsonl", LINE))
    assert (review.id, review.domain, review.source, review.overall) == ("a1", "shop", "own", 0)
    assert [review.text[start:end] for start, end in review.clauses] == ["物流太慢了", "客服很好"]
    assert review.labels[1] == (1, "service.attitude", 1)
    assert review.flags == ("repeat",)
    assert review.meta == {"channel": "电话"}


def test_reads_several_files_in_order_skipping_blank_lines(tmp_path):
    first, second = write(tmp_path / "a.jsonl", LINE), write(tmp_path / "b.jsonl", {**LINE, "id": "b1"})
    first.write_text(first.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    assert [review.id for review in read([first, second])] == ["a1", "b1"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"text": 3}, "text"),
        ({"clauses": [[0, 99]], "labels": []}, "clauses"),
        ({"clauses": [[3, 3]], "labels": []}, "clauses"),
        ({"clauses": [[0, 5], [4, 10]]}, "clauses"),
        ({"clauses": [[0]], "labels": []}, "clauses"),
        ({"labels": [[5, "logistics.speed", 1]]}, "labels"),
        ({"labels": [[0, "logistics.speed", 2]]}, "labels"),
        ({"labels": [[0, "speed", 1]]}, "labels"),
        ({"labels": [[0]]}, "labels"),
        ({"overall": 5}, "overall"),
        ({"flags": ["boom"]}, "flags"),
    ],
)
def test_bad_line_is_named(tmp_path, change, named):
    path = write(tmp_path / "a.jsonl", LINE, {**LINE, **change})
    with pytest.raises(InputError) as caught:
        read(path)
    assert "第 2 行" in str(caught.value)
    assert named in str(caught.value)


def test_not_json_and_missing_file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{]", encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行"):
        read(path)
    with pytest.raises(InputError, match=r"nothing\.jsonl"):
        read(tmp_path / "nothing.jsonl")


def test_reviewed_clauses_are_kept_and_checked() -> None:
    record = {"text": "慢，贵", "clauses": [[0, 1], [2, 3]], "labels": [[1, "price.level", -1]]}
    assert parse(record).reviewed is None
    assert parse(record | {"reviewed": [1, 1]}).reviewed == (1,)
    for wrong in ([0], [1, 2], [True], "1", {"1": 1}):
        with pytest.raises(ValueError, match="reviewed"):
            parse(record | {"reviewed": wrong})
