"""How much the service takes at a time."""

from __future__ import annotations

from dataclasses import dataclass

from feedback_nlp.errors import Bilingual, ConfigError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds of a request and of the service.

    Attributes
    ----------
    body : int
        Bytes of a request body.
    batch : int
        Reviews or texts of a request.
    waiting : int
        Requests being read, scored or waiting for a thread; one more is told to come again.
    threads : int
        Requests scored at the same time.
    seconds : float
        Within which a body must have arrived.
    """

    body: int = 8 * 2**20
    batch: int = 2_000
    waiting: int = 64
    threads: int = 2
    seconds: float = 30.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(
                    Bilingual(f"限额 {name}={value:g} 不对。", f"The limit {name}={value:g} can't be."),
                    Bilingual("给大于 0 的数。", "Give a number above 0."),
                )
