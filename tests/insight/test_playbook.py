from datetime import date

import pytest
from scored_files import make_taxonomy

from feedback_nlp.errors import ConfigError
from feedback_nlp.insight.playbook import Known, Playbook

BOOK = """\
# 改进手册
["logistics.speed"]
feasibility = 4
owner = "王敏"

["慢得离谱"]
due = 2026-12-31

[service]
feasibility = 2

[service.attitude]
severity = 0.8
owner = "李雷"
"""
KNOWN = Known(
    ids=["logistics.speed:slow", "logistics.speed:other", "service.attitude:rude", "product.quality:m-1"],
    facets=["logistics.speed", "logistics.speed", "service.attitude", "product.quality"],
    names=[["慢得离谱", "Slow"], ["其他", "Other"], ["态度冷淡", "Rude"], ["掉漆", "Paint"]],
)


def write(tmp_path, text):
    path = tmp_path / "playbook.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_closest_entry_wins_field_by_field(tmp_path):
    book = Playbook.read(write(tmp_path, BOOK))
    assert book.check(make_taxonomy(), KNOWN) == []
    # The facet's own entry has no feasibility, so the element's stands.
    assert book.feasibility(KNOWN) == {
        "logistics.speed:slow": 4,
        "logistics.speed:other": 4,
        "service.attitude:rude": 2,
    }
    assert book.severity(KNOWN) == {"service.attitude:rude": 0.8}
    assert book.dues(KNOWN) == {"logistics.speed:slow": "2026-12-31"}
    assert book.owners(KNOWN)["service.attitude:rude"] == "李雷"
    over = book.with_feasibility({"logistics.speed:slow": 1})
    assert over.feasibility(KNOWN)["logistics.speed:slow"] == 1
    assert over.owners(KNOWN)["logistics.speed:slow"] == "王敏"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('["logistcs.speed"]\nfeasibility = 4\n', 1, "logistics.speed"),
        ('\n\n["logistics.speed"]\nfeasibilty = 4\n', 4, "feasibility"),
        ('["logistics.speed"]\nfeasibility = 9\n', 2, "1–5"),
        ('["logistics.speed"]\nfeasibility = "easy"\n', 2, "1–5"),
        ('["logistics.speed"]\nfeasibility = true\n', 2, "1–5"),
        ('["logistics.speed"]\nowner = """\n王敏\n"""\nseverity = 0\n', 5, "0–1"),
        ('["logistics.speed"]\ndue = "明年"\n', 2, "日期"),
        ('["logistics.speed"]\nowner = 3\n', 2, "文字"),
        ("feasibility = 3\n", 1, "条目"),
        ("# x\n[service.attitud]\nowner = 'a'\n", 2, "service.attitude"),
        ('["态度冷"]\nowner = "a"\n', 1, "态度冷淡"),
        ('["service.attitude:rud"]\nowner = "a"\n', 1, "service.attitude:rude"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_line(tmp_path, text, line, said):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        Playbook.read(path).check(make_taxonomy(), KNOWN)
    message = caught.value.message("zh")
    assert f"playbook.toml 第 {line} 行" in message
    assert said in message
    assert "\n" not in message
    assert f"line {line}:" in caught.value.message("en")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        Playbook.read(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="line 2"):
        Playbook.read(write(tmp_path, '[a]\nowner = "x\n'))
    (tmp_path / "gbk.toml").write_bytes('[a]\nowner = "王"'.encode("gb18030"))
    with pytest.raises(ConfigError, match="playbook init"):
        Playbook.read(tmp_path / "gbk.toml")


def test_issues_of_other_files_change_nothing_and_are_told():
    book = Playbook.of({"logistics.speed:m-0123abcd": {"feasibility": 5}, "service": {"owner": "a"}})
    assert book.check(make_taxonomy(), KNOWN) == ["logistics.speed:m-0123abcd"]
    with pytest.raises(ConfigError, match=r"nothing\.here"):
        Playbook.of({"nothing.here:m-0123abcd": {}}).check(make_taxonomy(), KNOWN)


def test_before_the_issues_are_known_only_names_pass():
    Playbook.of({"态度冷": {}}).check(make_taxonomy())
    for wrong in ("logistcs", "logistics.sped", "logistics.speed:x"):
        with pytest.raises(ConfigError, match=wrong):
            Playbook.of({wrong: {}}).check(make_taxonomy())


def test_mappings_and_nothing():
    assert not Playbook.of(None).entries
    book = Playbook.of({"service": {"due": date(2026, 1, 2), "feasibility": 3}})
    assert book.entries["service"].due == "2026-01-02"
    assert Playbook.of(book) is book
    with pytest.raises(ConfigError, match="service"):
        Playbook.of({"service": 4})


@pytest.mark.parametrize("levels", [["a"], "logistics", 3])
def test_feasibility_is_a_mapping(levels) -> None:
    with pytest.raises(ConfigError):
        Playbook().with_feasibility(levels)
