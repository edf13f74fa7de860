"""The bundled sample and corpora, loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedback_nlp.catalog import corpus_path, sample_path

if TYPE_CHECKING:
    import pandas as pd

    from feedback_nlp.gold import GoldReview

__all__ = ["load_corpus", "load_sample"]


def load_sample() -> pd.DataFrame:
    """Return the bundled sample: 420 invented rows of an appliance retailer, January to June 2025.

    Examples
    --------
    >>> load_sample().shape
    (420, 9)
    """
    from feedback_nlp.io.readers import read

    frame: pd.DataFrame = read(sample_path("xlsx")).table.to_pandas()
    return frame


def load_corpus(name: str) -> list[GoldReview]:
    """Return a labelled corpus shipped with the package.

    Raises
    ------
    InputError
        If there is no corpus of that name; the message lists them.
    """
    from feedback_nlp.gold import read

    return read([corpus_path(name)])
