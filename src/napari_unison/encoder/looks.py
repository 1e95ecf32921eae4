"""Looks at an encoder while it trains: a thinned embedding, and how well it fits what was held out.

A look is taken between two training steps, in the thread of the training, so that weights do not move
meanwhile. What it takes is measured, and the next one comes so much later that training hardly slows.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.cpu.threads import compute_threads
from napari_unison.encoder.embed import PartnerBank, embed_windows, project
from napari_unison.encoder.embedding import Embedding
from napari_unison.encoder.engines import Engine, engine_for
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import goodness_of_fit
from napari_unison.encoder.progress import Progress, ProgressCallback
from napari_unison.encoder.training import TrainingState
from napari_unison.sessions import Session, SessionError

Array = np.ndarray[Any, np.dtype[Any]]

#: Between two looks at least (s).
INTERVAL = 1.0
#: Of a training's time that looks may take. To draw what they show takes as much of the processor again.
SHARE = 0.03
#: Time bins of the thinned embedding.
MOST_BINS = 4000


@dataclass(frozen=True, eq=False)
class Look:
    """What an encoder has learned so far.

    Attributes
    ----------
    iteration : int
        Training steps done.
    embedding : Embedding or None
        Aligned, of evenly spaced bins of the training sessions; the same bins in every look of a training.
        None where nobody wants to see it.
    held_out_fit : float
        Goodness of fit (bits) of one batch of what was held out, the same batch in every look, masked as in
        training; NaN where nothing was held out.
    """

    iteration: int
    embedding: Embedding | None
    held_out_fit: float


class Looks:
    """Takes looks at one training, at most one a second, and tells them.

    Parameters
    ----------
    tell : callable
        Called with a :class:`Look` in the thread of the training.
    held_out : sequence of Session
        Parts of the training sessions that the training does not see; may be empty.
    wants_embedding : callable
        Asked before each look whether anybody wants to see the embedding.
    n_bins : int
        At most this many bins are embedded.
    interval : float
        Between two looks at least (s).
    share : float
        Of the training's time that looks may take.
    """

    def __init__(
        self,
        tell: Callable[[Look], None],
        *,
        held_out: Sequence[Session] = (),
        wants_embedding: Callable[[], bool] = lambda: True,
        n_bins: int = MOST_BINS,
        interval: float = INTERVAL,
        share: float = SHARE,
    ) -> None:
        self._tell = tell
        self._held_out = held_out
        self._wants_embedding = wants_embedding
        self._n_bins, self._interval, self._share = n_bins, interval, share
        self._next, self._last = time.perf_counter() + interval, 0
        self._embedder: _Embedder | None = None
        self._fit: _HeldOutFit | None = None

    def between_steps(
        self,
        config: EncoderConfig,
        sessions: Sequence[Session],
        space: LabelSpace,
        seed: int,
        state: TrainingState,
        on_progress: ProgressCallback | None,
    ) -> ProgressCallback:
        """Return what a training shall call with its progress: it takes a look when one is due.

        Parameters
        ----------
        config, sessions, space, seed, state
            Of the training.
        on_progress : callable, optional
            Is called first.
        """

        def called(progress: Progress) -> None:
            if on_progress is not None:
                on_progress(progress)
            begin = time.perf_counter()
            if begin < self._next or progress.iteration == self._last:
                return
            self._last = progress.iteration
            if self._fit is None:
                self._fit = _HeldOutFit(config, self._held_out, space, seed, state)
            embedding = None
            if self._wants_embedding():
                self._embedder = self._embedder or _Embedder(config, sessions, space, seed, self._n_bins)
                embedding = self._embedder.embed(state)
            self._tell(Look(progress.iteration, embedding, self._fit.bits()))
            taken = time.perf_counter() - begin
            self._next = begin + max(self._interval, taken / self._share)

        return called


class _Embedder:
    """Embeds the same thinned bins again and again; partners depend on labels, and are found once."""

    def __init__(
        self, config: EncoderConfig, sessions: Sequence[Session], space: LabelSpace, seed: int, n_bins: int
    ) -> None:
        self._sessions = sessions
        self._unit = space.unit
        bank = PartnerBank(sessions, space, config.max_label_distance, seed)
        total = sum(session.n_bins for session in sessions)
        self._thin, self._rows, self._residuals = list[Session](), list[list[Array]](), list[Array]()
        for own, session in enumerate(sessions):
            wanted = max(1, min(session.n_bins, n_bins * session.n_bins // total))
            bins = np.unique(np.linspace(0, session.n_bins - 1, wanted).round().astype(np.intp))
            mask = np.zeros(session.n_bins, dtype=bool)
            mask[bins] = True
            thin = session[mask]
            partners, residual = bank.partners_of(thin, own)
            self._thin.append(thin)
            self._rows.append([bins if number == own else row for number, row in enumerate(partners)])
            self._residuals.append(residual)

    def embed(self, state: TrainingState) -> Embedding:
        """Return the embedding with the weights as they are now."""
        network = state.network
        # the first convolution of every session, with which all sessions are embedded
        projections = [project(network, session, number) for number, session in enumerate(self._sessions)]
        values = []
        for rows in self._rows:
            taking_part = [number for number, row in enumerate(rows) if (row != NO_BIN).any()]
            values.append(
                embed_windows(
                    network,
                    [projections[number] for number in taking_part],
                    [rows[number] for number in taking_part],
                )
            )
        network.train()
        return Embedding(
            values=tuple(values),
            sessions=tuple(self._thin),
            kind="aligned",
            partners="training",
            residual=tuple(self._residuals),
            partner_names=tuple(session.name for session in self._sessions),
            residual_unit=self._unit,
        )


class _HeldOutFit:
    """The goodness of fit of one batch of held-out bins, drawn once."""

    def __init__(
        self,
        config: EncoderConfig,
        held_out: Sequence[Session],
        space: LabelSpace,
        seed: int,
        state: TrainingState,
    ) -> None:
        self._engine: Engine | None = None
        self._batch_size = config.batch_size
        names_differ = len(held_out) != len(state.network.neurons)
        if not held_out or names_differ or next(state.network.parameters()).device.type != "cpu":
            # on a card a second batch would not be in the memory that was foreseen
            return
        try:
            with warnings.catch_warnings():
                # the training itself has told them
                warnings.simplefilter("ignore")
                self._engine = engine_for(config, held_out, space, state.network, state.criterion)
        except SessionError:
            # too short to draw from: there is no curve
            return
        self._batch = self._engine.draw(np.random.default_rng([seed, 1]))

    def bits(self) -> float:
        """Return it for the weights as they are now; the next step overwrites the gradients it leaves."""
        if self._engine is None:
            return float("nan")
        with compute_threads() as executor:
            self._engine.executor = executor
            loss = float(self._engine.gradients(self._batch))
            self._engine.executor = None
        return float(goodness_of_fit(loss, self._batch_size))
