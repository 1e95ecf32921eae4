"""What baselines share that decode each session from its own activity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.session_parts import training_parts

if TYPE_CHECKING:
    from napari_unison.sessions import Session


class SessionDecoder(ABC):
    """A :class:`~napari_unison.analysis.Method` that knows of each session its own training part."""

    @property
    def settings(self) -> str:
        """All parameters as text."""
        return repr(self)

    @property
    def uses_labels_of_test(self) -> bool:
        """Never."""
        return False

    @property
    def is_random(self) -> bool:
        """Whether the seed counts."""
        return False

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Fit on each session's training part and predict the labels of its test part.

        Parameters
        ----------
        train, test : sequence of Session
            Parts of the same sessions, by name.
        seed : int
            Decides whatever is random.

        Returns
        -------
        list of Prediction
            One for each session of ``test`` and each of its labels.

        Raises
        ------
        ValueError
            If a test session has no training part, a label is unknown in all of it, or activity or labels are
            such as this decoder does not take.
        """
        predictions: list[Prediction] = []
        for before, session in training_parts(train, test):
            predicted = self._predicted(before, session, seed)
            predictions += [Prediction.of(session, label, predicted[label]) for label in session.labels]
        return predictions

    @abstractmethod
    def _predicted(self, train: Session, test: Session, seed: int) -> Mapping[str, npt.NDArray[Any]]:
        """Return the labels of the test part, a value a bin (T,) or (T, k), by name."""
