"""A memoryless Bayesian place decoder: what counts in one window say about place and direction.

After Zhang, Ginzburg, McNaughton & Sejnowski (1998), "Interpreting neuronal population activity by
reconstruction", J. Neurophysiol. 79, 1017–1044: Poisson neurons, independent given the place, a flat prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.baselines.activity_windows import Sums, window_of, window_sums
from napari_unison.analysis.baselines.event_counts import event_scale, require_counts, scaled
from napari_unison.analysis.baselines.place_fields import PlaceFields, fit_place_fields
from napari_unison.analysis.baselines.place_states import decodable_by_place, place_states
from napari_unison.analysis.baselines.session_decoder import SessionDecoder
from napari_unison.analysis.protocol.inner_folds import InnerFold, held_out_errors, inner_folds
from napari_unison.analysis.targets import LabelTarget, label_values, mean_error_share, session_targets

if TYPE_CHECKING:
    from napari_unison.sessions import Session

# Smoothing is told in bins of a 40th of the range, so that it means the same for any number of bins.
BINS_OF_SMOOTHING = 40


@dataclass(frozen=True)
class BayesianPlaceDecoder(SessionDecoder):
    """Poisson place fields, a flat prior over visited states, no memory of earlier windows.

    Place is the mean of the posterior (of its direction on the circle), a category the most likely one. Of
    the values given for bins, smoothing and least rate, each session takes those that err least on held-out
    laps of its training part; one value is no choice. Sessions need counts (or deconvolved events), one
    label with a place (continuous with one column, or circular) or a discrete label, or one of both.

    Parameters
    ----------
    window_s : float
        Length of the window whose counts are added up (s), around each bin as the encoder's.
    position_bins : tuple of int
        Numbers of bins of the place.
    smoothing : tuple of float
        Standard deviations of the Gaussian that smooths the fields, in bins of a 40th of the range (turn).
    least_rate : tuple of float
        Expected rates are at least this (1/s).
    """

    window_s: float = 0.25
    position_bins: tuple[int, ...] = (20, 40)
    smoothing: tuple[float, ...] = (0.75, 1.5, 3.0)
    least_rate: tuple[float, ...] = (0.01, 0.1)

    def __post_init__(self) -> None:
        window_of(self.window_s, 1.0)
        require_candidates("position_bins", self.position_bins, least=2)
        require_candidates("smoothing", self.smoothing, least=0)
        require_candidates("least_rate", self.least_rate, least=1e-12)

    @property
    def name(self) -> str:
        """For tables and figures."""
        return f"Bayesian place decoder ({1000 * self.window_s:g} ms)"

    def _predicted(self, train: Session, test: Session, seed: int) -> Mapping[str, npt.NDArray[Any]]:  # noqa: ARG002
        require_counts(test)
        return self.fit(train).predict(test)

    def fit(self, session: Session) -> FittedPlaceDecoder:
        """Fit one session's fields, choosing on held-out laps.

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
        scale = event_scale(session)
        counts = scaled(session.neural, scale)
        window = window_of(self.window_s, session.bin_width)
        sums, n_bins = window_sums(session, *window)
        seen = _Seen(targets, counts, scaled(sums, scale), n_bins, session.bin_width)
        candidates = list(product(self.position_bins, self.smoothing, self.least_rate))
        best = 0
        if len(candidates) > 1:
            folds = inner_folds(session.segment, guard=sum(window))
            known = place_states(targets, 2).known
            errors = held_out_errors(
                folds, known, lambda fold: [seen.held_out_error(fold, *given) for given in candidates]
            )
            best = 0 if errors is None else int(np.argmin(errors))
        fields = seen.fields(None, *candidates[best])
        chosen = dict(zip(("position_bins", "smoothing", "least_rate"), candidates[best], strict=True))
        return FittedPlaceDecoder(fields, targets, self.window_s, scale, chosen)


@dataclass(frozen=True)
class FittedPlaceDecoder:
    """The place fields of one session.

    Attributes
    ----------
    fields : PlaceFields
        Expected counts in each state.
    targets : mapping of str to LabelTarget
        Labels of the training part.
    window_s : float
        Length of the window (s).
    scale : ndarray of float64, (N,)
        What each neuron's activity is multiplied by, so that a typical event counts as one.
    chosen : mapping of str to number
        Hyper-parameters.
    """

    fields: PlaceFields
    targets: Mapping[str, LabelTarget]
    window_s: float
    scale: npt.NDArray[np.float64]
    chosen: Mapping[str, float]

    def regress(self, session: Session) -> dict[str, npt.NDArray[np.float64]]:
        """Return the posterior means of each label's columns, (T, k): probabilities for categories."""
        sums, n_bins = window_sums(session, *window_of(self.window_s, session.bin_width))
        return self.fields.regress(scaled(sums, self.scale), n_bins)

    def predict(self, session: Session) -> dict[str, npt.NDArray[Any]]:
        """Return each label for all bins of a session with the same neurons, (T, columns)."""
        regressed = self.regress(session)
        return {name: label_values(target, regressed[name]) for name, target in self.targets.items()}


@dataclass(frozen=True)
class _Seen:
    """What is known of a training part."""

    targets: Mapping[str, LabelTarget]
    counts: Sums
    sums: Sums
    n_bins: npt.NDArray[np.float64]
    bin_width: float

    def fields(
        self, rows: npt.NDArray[np.intp] | None, position_bins: int, smoothing: float, least_rate: float
    ) -> PlaceFields:
        states = place_states(self.targets, position_bins)
        if rows is None:
            rows = np.flatnonzero(states.known)
        return fit_place_fields(
            self.counts,
            states,
            rows,
            smoothing=smoothing * position_bins / BINS_OF_SMOOTHING,
            least_count=least_rate * self.bin_width,
        )

    def held_out_error(
        self, fold: InnerFold, position_bins: int, smoothing: float, least_rate: float
    ) -> float:
        """Return the mean error over labels, each as a share of what one guess for all bins would err."""
        fields = self.fields(fold.fit, position_bins, smoothing, least_rate)
        rows = fold.held_out
        regressed = fields.regress(self.sums[rows], self.n_bins[rows])
        return mean_error_share(self.targets, regressed, fold.fit, rows)


def require_candidates(what: str, values: Sequence[float], *, least: float) -> None:
    """Make sure that there is something to choose from, and that all of it is possible.

    Raises
    ------
    ValueError
        If not; the message names the parameter.
    """
    if not values or min(values) < least:
        raise ValueError(f"{what} is {values}: give one or more numbers, each at least {least:g}")
