"""What every way to decode has in common, so that all of them are scored on the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.predictions import Prediction
    from napari_unison.sessions import Session


class Method(Protocol):
    """A way to decode: an encoder with a decoder, or a baseline.

    Attributes
    ----------
    name : str
        For tables and figures, such as ``"Bayesian place decoder (250 ms)"``.
    settings : str
        Everything that decides the result besides sessions and seed, as text: results are kept under it.
    uses_labels_of_test : bool
        Whether labels of the bins to decode enter: then the scores are circular, and no decoding.
    is_random : bool
        Whether the result depends on the seed.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def settings(self) -> str: ...  # noqa: D102

    @property
    def uses_labels_of_test(self) -> bool: ...  # noqa: D102

    @property
    def is_random(self) -> bool: ...  # noqa: D102

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Fit on the training part of sessions and predict all labels of the test part.

        Parameters
        ----------
        train : sequence of Session
            Training part of each session. Hyper-parameters are chosen within it.
        test : sequence of Session
            Test part of the same sessions, by name.
        seed : int
            Decides whatever is random.

        Returns
        -------
        list of Prediction
            One for each session of ``test`` and each of its labels.
        """
