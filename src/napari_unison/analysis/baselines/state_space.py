"""A Bayesian place decoder with continuity in time: what all bins say, given how the animal moves.

Zhang, Ginzburg, McNaughton & Sejnowski (1998, J. Neurophysiol. 79, 1017–1044) let the place of the bin before
weigh the places of a bin; Brown, Frank, Tang, Quirk & Wilson (1998, J. Neurosci. 18, 7411–7425) made a filter
of it, with a model of the path and one of the spikes; Denovellis et al. (2021, eLife 10, e64505) smooth such
a filter's posterior with what comes later. Here places are bins, and movements between them are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.baselines.activity_windows import Sums
from napari_unison.analysis.baselines.bayesian import BINS_OF_SMOOTHING, require_candidates
from napari_unison.analysis.baselines.chain_smoother import smoothed_posterior
from napari_unison.analysis.baselines.event_counts import event_scale, require_counts, scaled
from napari_unison.analysis.baselines.place_fields import PlaceFields, fit_place_fields
from napari_unison.analysis.baselines.place_states import PlaceStates, decodable_by_place, place_states
from napari_unison.analysis.baselines.place_transitions import fit_transitions
from napari_unison.analysis.baselines.session_decoder import SessionDecoder
from napari_unison.analysis.protocol.inner_folds import InnerFold, held_out_errors, inner_folds
from napari_unison.analysis.targets import LabelTarget, label_values, mean_error_share, session_targets
from napari_unison.sessions.segments import stretches

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BayesianStateSpaceDecoder(SessionDecoder):
    """Poisson place fields, and movements between the states as the animal made them in training.

    The posterior of a bin is that of a smoother: it takes in all bins before and after it, as far as time
    goes on without a gap (and borders of segments are hidden), from a flat start. Movements are counted
    across laps that follow each other. Place is the mean of the posterior (of its direction on the circle), a
    category the most likely one. Neurons are neither Poisson nor independent, so that bins together say less
    than a product of their likelihoods does; these are raised to a power. Of the values given for power,
    smoothing and least rate, each session takes those that err least on held-out laps of its training part.
    Sessions need counts and labels as for :class:`BayesianPlaceDecoder`.

    Parameters
    ----------
    position_bins : int
        Number of bins of the place.
    power : tuple of float
        Powers of the likelihood, above 0 and at most 1.
    smoothing : tuple of float
        Standard deviations of the Gaussian that smooths the fields, in bins of a 40th of the range (turn).
    least_rate : tuple of float
        Expected rates are at least this (1/s).
    """

    position_bins: int = 40
    power: tuple[float, ...] = (1.0, 0.5, 0.25, 0.1)
    smoothing: tuple[float, ...] = (0.75, 1.5, 3.0)
    least_rate: tuple[float, ...] = (0.01, 0.1)

    def __post_init__(self) -> None:
        require_candidates("position_bins", (self.position_bins,), least=2)
        require_candidates("power", self.power, least=1e-6)
        require_candidates("smoothing", self.smoothing, least=0)
        require_candidates("least_rate", self.least_rate, least=1e-12)
        if max(self.power) > 1:
            raise ValueError(f"power is {self.power}: give numbers up to 1, at which bins are independent")

    @property
    def name(self) -> str:
        """For tables and figures."""
        return "Bayesian state-space decoder"

    def _predicted(self, train: Session, test: Session, seed: int) -> Mapping[str, npt.NDArray[Any]]:  # noqa: ARG002
        require_counts(test)
        return self.fit(train).predict(test)

    def fit(self, session: Session) -> FittedStateSpaceDecoder:
        """Fit one session's fields and movements, choosing on held-out laps.

        Parameters
        ----------
        session : Session
            Training part; bins without the labels are left out.

        Raises
        ------
        ValueError
            If activity is negative, or the labels are of another kind or number than this decoder takes.
        """
        require_counts(session)
        targets = session_targets(session)
        decodable_by_place(targets, session.name)
        states = place_states(targets, self.position_bins)
        scale = event_scale(session)
        # in one segment only gaps in time are borders, as they are to the laps that will be decoded
        in_one_piece = session.replace(segment=np.zeros(session.n_bins, dtype=np.int64))
        counts = scaled(session.neural, scale)
        seen = _Seen(targets, states, counts, np.asarray(in_one_piece.segment), session.bin_width)
        candidates = list(product(self.smoothing, self.least_rate, self.power))
        best = 0
        if len(candidates) > 1:
            errors = held_out_errors(
                inner_folds(session.segment), states.known, lambda fold: list(self._errors(seen, fold))
            )
            best = 0 if errors is None else int(np.argmin(errors))
        smoothing, least_rate, power = candidates[best]
        rows = np.flatnonzero(states.known)
        return FittedStateSpaceDecoder(
            seen.fields(rows, smoothing, least_rate),
            fit_transitions(states, rows, seen.stretch),
            targets,
            scale,
            {"smoothing": smoothing, "least_rate": least_rate, "power": power},
        )

    def _errors(self, seen: _Seen, fold: InnerFold) -> Iterator[float]:
        """Yield the error of each candidate on the laps that a fold holds out.

        The smoother runs through all bins from the first scored one to the last, those without labels and
        those that are not scored included.
        """
        transitions = fit_transitions(seen.states, fold.fit, seen.stretch)
        first, after = int(fold.held_out[0]), int(fold.held_out[-1]) + 1
        for smoothing, least_rate in product(self.smoothing, self.least_rate):
            fields = seen.fields(fold.fit, smoothing, least_rate)
            likelihood = fields.log_likelihood(seen.counts[first:after], np.ones(after - first))
            for power in self.power:
                posterior = _through_stretches(power * likelihood, transitions, seen.stretch[first:after])
                scored = posterior[fold.held_out - first]
                regressed = {name: scored @ columns for name, columns in fields.columns.items()}
                yield mean_error_share(seen.targets, regressed, fold.fit, fold.held_out)


@dataclass(frozen=True)
class FittedStateSpaceDecoder:
    """The place fields and movements of one session.

    Attributes
    ----------
    fields : PlaceFields
        Expected counts in each state that was visited.
    transitions : ndarray of float64, (K, K)
        Probability of each of these states (columns) one bin after each of them (rows).
    targets : mapping of str to LabelTarget
        Labels of the training part.
    scale : ndarray of float64, (N,)
        What each neuron's activity is multiplied by, so that a typical event counts as one.
    chosen : mapping of str to float
        Hyper-parameters.
    """

    fields: PlaceFields
    transitions: Floats
    targets: Mapping[str, LabelTarget]
    scale: Floats
    chosen: Mapping[str, float]

    def posterior(self, session: Session) -> Floats:
        """Return how likely each state is in every bin, (T, K), given all counts of its segment."""
        likelihood = self.fields.log_likelihood(scaled(session.neural, self.scale), np.ones(session.n_bins))
        return _through_stretches(self.chosen["power"] * likelihood, self.transitions, session.segment)

    def regress(self, session: Session) -> dict[str, Floats]:
        """Return the posterior means of each label's columns, (T, k): probabilities for categories."""
        posterior = self.posterior(session)
        return {name: posterior @ columns for name, columns in self.fields.columns.items()}

    def predict(self, session: Session) -> dict[str, npt.NDArray[Any]]:
        """Return each label for all bins of a session with the same neurons, (T, columns)."""
        regressed = self.regress(session)
        return {name: label_values(target, regressed[name]) for name, target in self.targets.items()}


@dataclass(frozen=True)
class _Seen:
    """What is known of a training part: ``stretch`` differs across gaps in time only."""

    targets: Mapping[str, LabelTarget]
    states: PlaceStates
    counts: Sums
    stretch: npt.NDArray[Any]
    bin_width: float

    def fields(self, rows: npt.NDArray[np.intp], smoothing: float, least_rate: float) -> PlaceFields:
        return fit_place_fields(
            self.counts,
            self.states,
            rows,
            smoothing=smoothing * self.states.shape[1] / BINS_OF_SMOOTHING,
            least_count=least_rate * self.bin_width,
        )


def _through_stretches(log_likelihood: Floats, transitions: Floats, stretch: npt.NDArray[Any]) -> Floats:
    """Smooth each stretch of equal value by itself."""
    parts = [smoothed_posterior(log_likelihood[part], transitions) for part in stretches(stretch)]
    return np.concatenate(parts)
