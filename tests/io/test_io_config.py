from __future__ import annotations

import pytest

from feedback_nlp.errors import ConfigError
from feedback_nlp.io.config import NAME, OPTIONS, find, load, save


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_to_load(tmp_path):
    assert load(None, None) == {}
    assert load(None, tmp_path / "a.csv") == {}
    assert load(None, "-") == {}


def test_the_file_beside_the_input_is_found(tmp_path):
    path = write(tmp_path / NAME, 'text = "内容"\nsheet = 2\nweights = [0.5, 0.3, 0.2]\n')
    assert find(tmp_path / "a.csv") == find(tmp_path) == path
    assert load(None, tmp_path / "a.csv") == {"text": "内容", "sheet": 2, "weights": [0.5, 0.3, 0.2]}


def test_the_named_file_wins(tmp_path):
    write(tmp_path / NAME, 'text = "甲"\n')
    other = write(tmp_path / "b.toml", '\ufefftext = "乙"\n')
    assert load(other, tmp_path / "a.csv") == {"text": "乙"}


def test_named_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"找不到文件.*没有\.toml"):
        load(tmp_path / "没有.toml")


def test_not_toml(tmp_path):
    with pytest.raises(ConfigError, match="读不了") as caught:
        load(write(tmp_path / "a.toml", "text = 内容\n"))
    assert "a.toml" in str(caught.value)


def test_unknown_key_names_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="ratng") as caught:
        load(write(tmp_path / "a.toml", 'ratng = "评分"\n'))
    assert "是不是“rating”" in str(caught.value)
    assert "Did you mean 'rating'" in caught.value.message("en")


@pytest.mark.parametrize(
    "line", ["text = 3", "jobs = true", "no_mask = 1", "weights = {a = 1}", "sheet = 1.5"]
)
def test_wrong_type(tmp_path, line):
    with pytest.raises(ConfigError, match="类型不对"):
        load(write(tmp_path / "a.toml", line + "\n"))


def test_saved_options_load_again(tmp_path):
    options = {"text": '评论 "内容"', "sheet": "明细", "weights": [0.5, 0.3, 0.2], "no_mask": True, "jobs": 2}
    save(tmp_path / NAME, {**options, "store": None})
    assert load(None, tmp_path / "a.csv") == options
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_comments_and_other_keys_stay(tmp_path):
    path = write(tmp_path / NAME, '# 每月投诉\ntext = "旧" # 正文\n\n# 渠道\nchannel = "来源"\n')
    save(path, {"text": "新", "lang": "en"})
    kept = path.read_text(encoding="utf-8")
    assert "# 每月投诉" in kept
    assert "# 正文" in kept
    assert load(path) == {"text": "新", "channel": "来源", "lang": "en"}


def test_saving_an_unknown_option_is_refused(tmp_path):
    with pytest.raises(ConfigError):
        save(tmp_path / NAME, {"nonsense": 1})
    assert list(tmp_path.iterdir()) == []


def test_saving_over_a_broken_file_is_refused(tmp_path):
    path = write(tmp_path / NAME, "text = \n")
    with pytest.raises(ConfigError, match="读不了"):
        save(path, {"text": "新"})
    assert path.read_text(encoding="utf-8") == "text = \n"


def test_options_are_long_names_with_underscores():
    assert all(name.isidentifier() and name == name.lower() for name in OPTIONS)
