"""What customers ask for."""

import pytest

from feedback_nlp.insight.wishes import asked_for


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("拖了一个月，要求尽快退款！", "要求尽快退款"),
        ("请给我一个说法", "请给我一个说法"),
        ("希望你们，以后改进。退款了", ""),
        ("已经退款", ""),
        ("", ""),
    ],
)
def test_wishes(text: str, wish: str) -> None:
    assert asked_for(text) == wish
