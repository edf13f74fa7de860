from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedback_nlp
from feedback_nlp.text.words import Segmenter, default_segmenter, domain_words


@pytest.mark.parametrize("word", ["破壁机", "性价比", "上门安装", "七天无理由", "以旧换新", "石沉大海"])
def test_domain_words_stay_whole(word):
    assert (word, 2, 2 + len(word)) in default_segmenter().cut(f"说，{word}，好")


def test_traditional_and_full_width_are_looked_up_but_quoted_as_written():
    words = [word for word, _, _ in default_segmenter().cut("這個破壁機性價比ＯＫ")]
    assert words[1:] == ["破壁機", "性價比", "ＯＫ"]


@given(st.text(st.sampled_from("破壁机的性价比不高，。 \n\r\u3000ab12３👍𠮷電"), max_size=40))
def test_words_slice_back_and_leave_out_only_white_space(text):
    last = 0
    for word, start, end in default_segmenter().cut(text):
        assert text[start:end] == word
        assert not text[last:start].strip()
        assert start < end
        last = end
    assert not text[last:].strip()


def test_own_words_join():
    assert ("无尘安装师", 0, 5) in Segmenter(["无尘安装师"]).cut("无尘安装师来了")


def test_domain_words_are_distinct():
    words = domain_words()
    assert len(words) > 300
    assert len(set(words)) == len(words)
    assert not any(word.startswith("#") for word in words)


def test_the_global_jieba_the_temporary_folder_and_standard_error_stay_untouched(tmp_path):
    script = (
        "from feedback_nlp.text.words import default_segmenter\n"
        "default_segmenter().cut('物流太慢了')\n"
        "import jieba\n"
        "assert not jieba.dt.initialized\n"
    )
    # A fresh interpreter without compiled files, so that jieba's invalid escapes are met again.
    package = Path(feedback_nlp.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", f"pycache_prefix={tmp_path / 'pyc'}", "-c", script],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["pyc"]
