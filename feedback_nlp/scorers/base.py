"""What every scorer takes and gives.

A scorer maps clauses to probabilities and touches nothing else: writing mentions is another act
(``feedback_nlp.insight.mentions``), so that thresholds, calibration and abstention can be tested alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import get_annotations, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.schema import NEUTRAL_BAND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from feedback_nlp.scorers.abstention import Abstention
    from feedback_nlp.taxonomy import Taxonomy
    from feedback_nlp.text.clauses import Clauses

__all__ = ["Prediction", "Scorer"]


@dataclass(frozen=True)
class Prediction:
    """The judgement of a batch of reviews.

    Attributes
    ----------
    clauses : float32 array of shape (n_clauses, n_facets, 3)
        Probability that the clause mentions the facet and is negative / neutral / positive about it. The
        rest of the mass, up to 1, is "not mentioned": the sum over the last axis is the ``score``.
    overall : float32 array of shape (n_reviews, 3)
        Probability that the review as a whole is negative / neutral / positive; rows sum to 1.
    flags : float32 array of shape (n_reviews, 5)
        Probability of each of ``schema.FLAGS``, not exclusive.
    """

    clauses: NDArray[np.float32]
    overall: NDArray[np.float32]
    flags: NDArray[np.float32]


class Scorer(ABC):
    """Base of all scorers.

    ``__init__`` only stores its arguments; ``fit`` learns attributes that end in ``_``; nothing is read or
    computed before. A fitted scorer has:

    Attributes
    ----------
    taxonomy_ : Taxonomy
        Gives the facet axis.
    thresholds_ : float32 array of shape (n_facets,)
        Score from which a mention is written.
    flag_thresholds_ : float32 array of shape (5,)
        Probability from which a flag is raised.
    neutral_band_ : float
        |polarity| up to this is labelled neutral.
    safety_threshold_ : float
        Score from which a negative ``product.safety`` mention puts its issue in the safety band.
    abstention_ : Abstention or None
        Errors of the overall label on left-out industries, for ``--max-error``; None where nobody counted.
    """

    name: str = ""
    taxonomy_: Taxonomy
    thresholds_: NDArray[np.float32]
    flag_thresholds_: NDArray[np.float32]
    neutral_band_: float = NEUTRAL_BAND
    safety_threshold_: float = 0.9
    abstention_: Abstention | None = None

    def __getattr__(self, name: str) -> Any:
        """Say of what ``fit`` or ``load`` would have set that nothing is learnt yet.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            For such a name; it is an AttributeError too, so that ``hasattr`` works.
        """
        declared = any(name in get_annotations(kind) for kind in type(self).__mro__)
        if name.startswith("__") or not (declared or name.endswith("_")):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        from sklearn.exceptions import NotFittedError

        raise NotFittedError(
            f"This {type(self).__name__} is not fitted yet. Call 'fit', or take one from load_model; "
            "scikit-learn's clone leaves out what was learnt."
        )

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 (scikit-learn's signature)
        """Return the arguments of ``__init__`` as stored; what scikit-learn's ``clone`` asks for."""
        del deep
        return {name: getattr(self, name) for name in signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Scorer:
        """Set arguments of ``__init__`` by name.

        Raises
        ------
        ValueError
            For a name that ``__init__`` does not have.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {sorted(known)}")
            setattr(self, name, value)
        return self

    @abstractmethod
    def predict(self, texts: Sequence[str | None], clauses: Clauses | None = None) -> Prediction:
        """Judge reviews.

        Parameters
        ----------
        texts : sequence of str or None, length n_reviews
            Original texts; ``None`` and blank texts have no clause, even overall and no flags.
        clauses : Clauses, optional
            Spans into ``texts``; cut by ``text.clauses.cut_column`` when not given.

        Returns
        -------
        Prediction
        """

    @abstractmethod
    def save(self, folder: str | Path) -> Path:
        """Write the model folder of the contract (no pickle) and return it."""

    @classmethod
    @abstractmethod
    def load(cls, folder: str | Path, taxonomy: Taxonomy | None = None) -> Scorer:
        """Read a model folder, verifying its hashes."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Sha256 of everything that decides the scores; the model hash of reports and manifests."""

    def describe(self) -> dict[str, Any]:
        """Return name, hash and taxonomy, as ``summary.json`` has them under ``model``."""
        return {
            "name": self.name,
            "sha256": self.fingerprint(),
            "taxonomy": self.taxonomy_.name,
            "taxonomy_version": self.taxonomy_.version,
            "taxonomy_sha256": self.taxonomy_.sha256,
        }
