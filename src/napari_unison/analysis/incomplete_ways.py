"""The ways in which a session that has seen a part of the behaviour is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_unison.analysis.encoders.encoder_methods import fit_on_sessions
from napari_unison.analysis.incomplete_scores import (
    ALIGNED,
    ALONE,
    COMPLETE,
    GUESS,
    SILENCED,
    WITH_OTHERS,
    WITH_OTHERS_ALL,
    WITH_OTHERS_OWN,
)
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.targets import label_values, session_targets

if TYPE_CHECKING:
    from napari_unison.analysis.decoders.fitting import DecoderKind
    from napari_unison.analysis.encoders.encoder_fits import EncoderFits
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.encoder import EncoderConfig, UnifiedEncoder
    from napari_unison.sessions import Session


class IncompleteWays:
    """Predicts the test laps of the incomplete session in all ways.

    Parameters
    ----------
    number : int
        Which of the sessions is incomplete.
    config : EncoderConfig
        Parameters of all encoders; its ``random_state`` gives way to the seeds.
    decoder : {"knn", "linear", "mlp"}
        Decoder of latents.
    guard : int
        Bins around test laps that are in no part.
    fits : EncoderFits
        Gives trained encoders.
    """

    def __init__(
        self, number: int, config: EncoderConfig, decoder: DecoderKind, guard: int, fits: EncoderFits
    ) -> None:
        self._number = number
        self._config = config
        self._decoder = decoder
        self._guard = guard
        self._fits = fits

    def predict(self, fold: Fold, reduced: Fold, seed: int) -> Iterator[tuple[str, list[Prediction]]]:
        """Yield each way with its predictions, one a label.

        Parameters
        ----------
        fold, reduced : Fold
            The complete training parts, and those of which the incomplete session holds its part only.
        seed : int
            Of encoders and decoders.
        """
        own = [self._number]
        others = [number for number in range(len(fold.train)) if number != self._number]
        test = fold.test[self._number]
        together = self._fits.fitted(self._config, reduced.train, seed)
        for way, chosen in (
            (WITH_OTHERS, others),
            (WITH_OTHERS_OWN, own),
            (WITH_OTHERS_ALL, [*others, *own]),
        ):
            yield way, self._decoded(together, reduced.train, chosen, test, seed)
        for way in (ALIGNED, SILENCED):
            everybody = list(range(len(fold.train)))
            silent = way == SILENCED
            yield (
                way,
                self._decoded(together, reduced.train, everybody, test, seed, align=True, silence_own=silent),
            )
        single = self._config.model_copy(update={"sessions_per_step": None})
        part = [reduced.train[self._number]]
        yield ALONE, self._decoded(self._fits.fitted(single, part, seed), part, [0], test, seed)
        complete = self._fits.fitted(self._config, fold.train, seed)
        yield COMPLETE, self._decoded(complete, fold.train, own, test, seed)
        yield GUESS, _guessed(reduced.train, test)

    def _decoded(
        self,
        encoder: UnifiedEncoder,
        train: Sequence[Session],
        chosen: Sequence[int],
        test: Session,
        seed: int,
        *,
        align: bool = False,
        silence_own: bool = False,
    ) -> list[Prediction]:
        known = encoder.embed(train, align=align)
        latents = encoder.embed([test], align=align, silence_own=silence_own).values[0]
        fitted = fit_on_sessions(train, known.values, chosen, self._decoder, seed, self._guard)
        return [Prediction.of(test, label, values) for label, values in fitted.predict(latents).items()]


def _guessed(train: Sequence[Session], test: Session) -> list[Prediction]:
    """Predict every bin by the mean (most frequent category, mean angle) of all training bins."""
    predictions = []
    for label, target in session_targets(*train).items():
        mean = target.values[target.known].mean(axis=0)
        guess = np.broadcast_to(mean, (test.n_bins, len(mean)))
        predictions.append(Prediction.of(test, label, label_values(target, guess)))
    return predictions
