"""Decoders of simulated rats that know the truth: no method errs less, other than by chance.

They know the simulator: every neuron's field, theta and its phase, the gain of the lap, Poisson noise, and
how rats move. What they know beside the counts they need not learn, so that whoever has to learn it, from
whatever training laps, does worse on average over recordings, or as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.baselines.activity_windows import dense, window_of
from napari_unison.analysis.baselines.oracle_estimates import BEST_FOR, BestFor, best_places
from napari_unison.analysis.baselines.oracle_laps import LapBetween, lap_posterior
from napari_unison.analysis.baselines.oracle_windows import N_CELLS, WindowPaths
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.sessions.simulated_laps import FAR_END, TRACK_LENGTH
from napari_unison.sessions.simulator import theta_modulation

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.sessions.simulator import SimulatedRecording

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OracleDecoder:
    """Bayes' rule with the simulator's own truth, given a window or everything.

    With a window: the posterior over place and direction given the counts in it, and where a border of
    segments cuts it. No function of the same window has a smaller expected error. Without one: given all
    counts, the borders of laps, the direction, and the true path of all other laps. No method whatever has a
    smaller expected error, not even one that decodes the recording as a whole. In either case rats are taken
    to move as they do in general; recordings of a few laps may, by chance, suit another method better.

    What is best depends on the measure, see
    :func:`~napari_unison.analysis.baselines.oracle_estimates.best_places`: an oracle bounds the measure that
    it names places for, and always the accuracy of the direction, for which it takes the likelier one.

    Parameters
    ----------
    recordings : sequence of SimulatedRecording
        Where the sessions to decode come from, by name.
    window_s : float or None, default 0.25
        Length of the window (s), around each bin as the encoder's; None for everything.
    best_for : {"median_error", "mean_error", "r2"}
        Measure of the position to bound.
    n_draws : int, optional
        Laps that are run to know how rats move: 4000 for windows, and 20 000 for each lap without one.
    draws_seed : int
        Seed of these laps.
    """

    recordings: Sequence[SimulatedRecording]
    window_s: float | None = 0.25
    best_for: BestFor = "median_error"
    n_draws: int | None = None
    draws_seed: int = 0
    _paths: dict[tuple[float, ...], WindowPaths] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.window_s is not None:
            window_of(self.window_s, 1.0)
        if self.best_for not in BEST_FOR:
            raise ValueError(f"best_for is {self.best_for!r}: choose {', '.join(map(repr, BEST_FOR))}")
        if self.n_draws is not None and self.n_draws < 2:
            raise ValueError(f"n_draws is {self.n_draws}: run at least two laps")

    @property
    def name(self) -> str:
        """For tables and figures."""
        knows = "whole recording" if self.window_s is None else f"{1000 * self.window_s:g} ms"
        return f"oracle ({knows}), {BEST_FOR[self.best_for]}"

    @property
    def settings(self) -> str:
        """All parameters as text; the truth belongs to the sessions."""
        return json.dumps(
            {
                "method": "oracle",
                "window_s": self.window_s,
                "best_for": self.best_for,
                "n_draws": self._n_draws,
                "draws_seed": self.draws_seed,
            }
        )

    @property
    def uses_labels_of_test(self) -> bool:
        """Without a window: direction and path of the other laps are told."""
        return self.window_s is None

    @property
    def is_random(self) -> bool:
        """Never: its laps have a seed of their own."""
        return False

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:  # noqa: ARG002
        """Predict the labels of simulated sessions.

        Parameters
        ----------
        train : sequence of Session
            Not needed.
        test : sequence of Session
            Whole laps of the recordings, see
            :meth:`~napari_unison.sessions.simulator.SimulatedRecording.in_laps`, their borders known or, in
            one segment, hidden; some neurons may be left out.
        seed : int
            Changes nothing.

        Returns
        -------
        list of Prediction
            One for each session and each of its labels, position and direction.

        Raises
        ------
        ValueError
            If a session comes from no recording, or its segments do not consist of whole laps.
        """
        predictions: list[Prediction] = []
        edges = np.linspace(0, TRACK_LENGTH, N_CELLS + 1)
        for session in test:
            posterior = self.posterior(session)
            running_right, running_left = posterior[:, :N_CELLS], posterior[:, N_CELLS:]
            rightward = running_right.sum(axis=1) > 0.5
            predicted: dict[str, npt.NDArray[Any]] = {
                "position": best_places(running_right + running_left, edges, self.best_for),
                "direction": np.where(rightward, "right", "left"),
            }
            predictions += [Prediction.of(session, label, predicted[label]) for label in session.labels]
        return predictions

    def posterior(self, session: Session) -> Floats:
        """Return how likely each place and direction is in every bin.

        Parameters
        ----------
        session : Session
            As for :meth:`predict`.

        Returns
        -------
        ndarray, (T, 2 · 640)
            Each row sums to 1: cells of 2.5 mm running right, then left.
        """
        recording = self._recording_of(session)
        numbers = _laps_of(session, recording)
        likelihood = log_likelihood(session, recording)
        if self.window_s is None:
            return self._given_everything(likelihood, recording, numbers)
        window = window_of(self.window_s, session.bin_width)
        lengths = np.array([stretch.stop - stretch.start for stretch in session.segment_slices()])
        through_laps = len(numbers) > len(lengths)
        key = recording.speed, recording.speed_spread, *window, through_laps
        if key not in self._paths:
            self._paths[key] = WindowPaths(
                recording.speed,
                recording.speed_spread,
                window,
                through_laps=through_laps,
                n_laps=self._n_draws,
                seed=self.draws_seed,
            )
        return self._paths[key].posterior(likelihood, lengths)

    @property
    def _n_draws(self) -> int:
        if self.n_draws is not None:
            return self.n_draws
        return 20_000 if self.window_s is None else 4000

    def _given_everything(
        self, likelihood: Floats, recording: SimulatedRecording, numbers: Sequence[int]
    ) -> Floats:
        random = np.random.default_rng(self.draws_seed)
        laps = dict(enumerate(recording.laps))
        parts: list[Floats] = []
        done = 0
        for number in numbers:
            between = LapBetween(
                laps[number],
                laps.get(number - 1),
                laps.get(number + 1),
                recording.speed,
                recording.speed_spread,
            )
            of_lap = likelihood[done : done + between.lap.n_bins]
            parts.append(lap_posterior(of_lap, between, self._n_draws, random)[0])
            done += between.lap.n_bins
        return np.concatenate(parts)

    def _recording_of(self, session: Session) -> SimulatedRecording:
        for recording in self.recordings:
            if recording.session.name == session.name:
                return recording
        raise ValueError(
            f"session {session.name!r} is not among the recordings that the oracle was told: "
            f"{', '.join(recording.session.name for recording in self.recordings) or 'none'}"
        )


def log_likelihood(session: Session, recording: SimulatedRecording) -> Floats:
    """Return how likely the counts of single bins are in each column of all place fields.

    Parameters
    ----------
    session : Session
        Bins of the recording; some neurons may be left out.
    recording : SimulatedRecording
        Tells gain and phase of theta.

    Returns
    -------
    ndarray, (T, 128)
        Logarithm, up to a constant in each bin: ``Σ n log f - Δt g Σ f θ`` over neurons with counts ``n``,
        fields ``f`` (Hz) and theta ``θ``, in bins of ``Δt`` with gain ``g``.

    Raises
    ------
    ValueError
        If the session does not know its neurons' fields.
    """
    missing = {"place_field", "theta_phase"} - set(session.neurons)
    if missing:
        raise ValueError(
            f"session {session.name!r} has no {' and no '.join(sorted(missing))} of its neurons: an oracle "
            f"needs the truth that simulated sessions carry"
        )
    fields = np.asarray(session.neurons["place_field"]).reshape(session.n_neurons, -1)
    bins = _bins_of(session, recording)
    theta = theta_modulation(recording.theta_phase[bins], np.asarray(session.neurons["theta_phase"]))
    expected = session.bin_width * recording.gain[bins, np.newaxis] * (theta @ fields)
    return np.asarray(dense(session.neural) @ np.log(fields) - expected)


def _bins_of(session: Session, recording: SimulatedRecording) -> npt.NDArray[np.int64]:
    """Return which bins of the recording those of a session are."""
    whole = recording.session
    return np.rint((session.time - whole.start) / whole.bin_width).astype(np.int64)


def _laps_of(session: Session, recording: SimulatedRecording) -> list[int]:
    """Return which laps of the recording a session consists of: one or several whole ones a segment."""
    laps = recording.laps
    on_whole_track = [lap.end == before.end == FAR_END for before, lap in pairwise(laps)]
    usual = [laps[0].end == FAR_END, *on_whole_track]
    starts = {lap.start: number for number, lap in enumerate(laps) if usual[number]}
    bins = _bins_of(session, recording)
    found = []
    for stretch in session.segment_slices():
        here, end = int(bins[stretch.start]), int(bins[stretch.stop - 1]) + 1
        while here < end:
            number = starts.get(here)
            if number is None or here + laps[number].n_bins > end:
                raise ValueError(
                    f"session {session.name!r}: the segment from {session.time[stretch.start]:g} s on does "
                    f"not consist of whole laps of the whole track; give sessions of recording.in_laps()"
                )
            found.append(number)
            here += laps[number].n_bins
    return found
