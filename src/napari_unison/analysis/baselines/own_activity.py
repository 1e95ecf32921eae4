"""Ways to decode without an encoder: neighbours, principal components and a network on smoothed activity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from napari_unison.analysis.baselines.activity_windows import (
    has_negative_activity,
    smoothed_activity,
    window_of,
)
from napari_unison.analysis.baselines.place_states import decodable_by_place
from napari_unison.analysis.baselines.state_network import StateNetwork, fit_state_network
from napari_unison.analysis.decoders.fitting import (
    DECODER_NAMES,
    DecoderKind,
    FittedDecoder,
    fit_decoder,
    require_decoder_kind,
)
from napari_unison.analysis.neighbours import Metric, require_metric
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.session_parts import training_parts
from napari_unison.analysis.targets import guessing_error, session_targets

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Features = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _SmoothedActivity(ABC):
    """What the baselines share: each session by itself, its own activity averaged over a window."""

    window_s: float = 0.25

    def __post_init__(self) -> None:
        window_of(self.window_s, 1.0)

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

    @property
    def _milliseconds(self) -> str:
        return f"{1000 * self.window_s:g} ms"

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
            If a test session has no training part, or a label is unknown in all of it.
        """
        predictions: list[Prediction] = []
        for before, session in training_parts(train, test):
            decoder, features = self._fitted(before, session, seed)
            predicted = decoder.predict(features)
            predictions += [Prediction.of(session, label, predicted[label]) for label in session.labels]
        return predictions

    @abstractmethod
    def _fitted(
        self, train: Session, test: Session, seed: int
    ) -> tuple[FittedDecoder | StateNetwork, Features]:
        """Return a decoder that knows the training part alone, and the features of the test part."""

    def _fit_decoder(
        self,
        kind: DecoderKind,
        features: Features,
        session: Session,
        seed: int,
        candidates: dict[str, tuple[object, ...]] | None = None,
    ) -> FittedDecoder:
        try:
            return fit_decoder(
                kind,
                features,
                session_targets(session),
                session.segment,
                seed,
                guard=sum(window_of(self.window_s, session.bin_width)),
                candidates=candidates,
            )
        except ValueError as error:
            raise ValueError(f"session {session.name!r}: {error}") from error


@dataclass(frozen=True)
class SmoothedNeighbours(_SmoothedActivity):
    """Nearest neighbours on the moving average of a session's own activity.

    Parameters
    ----------
    window_s : float
        Length of the moving average (s), around each bin as the encoder's window.
    n_neighbors : int, optional
        Neighbours; chosen on held-out laps of the training part, label by label, unless given.
    metric : {"cosine", "euclidean"}, optional
        Their distance; chosen as well unless given.
    """

    n_neighbors: int | None = None
    metric: Metric | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_neighbors is not None and self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors}: it takes at least one neighbour")
        if self.metric is not None:
            require_metric(self.metric)

    @property
    def name(self) -> str:
        """For tables and figures."""
        return f"nearest neighbours on smoothed activity ({self._milliseconds})"

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[FittedDecoder, Features]:
        candidates: dict[str, tuple[object, ...]] = {}
        if self.n_neighbors is not None:
            candidates["n_neighbors"] = (self.n_neighbors,)
        if self.metric is not None:
            candidates["metrics"] = (self.metric,)
        features = smoothed_activity(train, self.window_s)
        return (
            self._fit_decoder("knn", features, train, seed, candidates),
            smoothed_activity(test, self.window_s),
        )


@dataclass(frozen=True)
class PrincipalComponents(_SmoothedActivity):
    """A decoder on the principal components of smoothed activity.

    Counts are square-rooted first, so that busy neurons do not outweigh the others by their noise; activity
    with negative values, such as ΔF/F, is taken as it is. The components are those of the whole training
    part, also where held-out laps of it choose their number and the decoder: they use no label and no bin
    that is scored, and the errors by which candidates are chosen, not the score, are a little optimistic.

    Parameters
    ----------
    window_s : float
        Length of the moving average (s), around each bin as the encoder's window.
    n_components : tuple of int
        Numbers of components. Of several, the one with which the labels err least on held-out laps of the
        training part is taken; the components themselves use no label.
    decoder : {"knn", "linear", "mlp"}
        What decodes the components.
    """

    n_components: tuple[int, ...] = (5, 10, 20, 40)
    decoder: DecoderKind = "knn"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_decoder_kind(self.decoder)
        if not self.n_components or min(self.n_components) < 1:
            raise ValueError(
                f"n_components is {self.n_components}: give one or more numbers, each at least 1"
            )

    @property
    def name(self) -> str:
        """For tables and figures."""
        return f"principal components ({self._milliseconds}), {DECODER_NAMES[self.decoder]}"

    @property
    def is_random(self) -> bool:
        """Whether the decoder is."""
        return self.decoder == "mlp"

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[FittedDecoder, Features]:
        fit_on, asked = _stabilised(train, test, self.window_s)
        most = min(max(self.n_components), *fit_on.shape)
        # Products of such small tables take longer in several threads, which wait for one another.
        with threadpool_limits(limits=1, user_api="blas"):
            components = PCA(n_components=most, svd_solver="covariance_eigh").fit(fit_on)
            fit_on, asked = components.transform(fit_on), components.transform(asked)
        # numbers beyond the neurons all mean the same
        numbers = dict.fromkeys(min(number, most) for number in self.n_components)
        decoders = {
            number: self._fit_decoder(self.decoder, fit_on[:, :number], train, seed) for number in numbers
        }
        best = min(decoders, key=lambda number: _error_share(decoders[number]))
        return decoders[best], asked[:, :best]


@dataclass(frozen=True)
class SupervisedNetwork(_SmoothedActivity):
    """A small network from smoothed activity to the probability of each place and category.

    Labels as for :class:`~napari_unison.analysis.baselines.bayesian.BayesianPlaceDecoder`: one with a place
    (continuous with one column, or circular), a discrete one, or one of both. Activity is taken as for
    :class:`PrincipalComponents`.

    Parameters
    ----------
    window_s : float
        Length of the moving average (s), around each bin as the encoder's window.
    position_bins : int
        Bins of the place.
    """

    position_bins: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.position_bins < 2:
            raise ValueError(f"position_bins is {self.position_bins}: a place needs at least two bins")

    @property
    def name(self) -> str:
        """For tables and figures."""
        return f"supervised network ({self._milliseconds})"

    @property
    def is_random(self) -> bool:
        """Weights and batches are."""
        return True

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[StateNetwork, Features]:
        fit_on, asked = _stabilised(train, test, self.window_s)
        targets = session_targets(train)
        decodable_by_place(targets, train.name)
        network = fit_state_network(
            fit_on,
            targets,
            train.segment,
            seed,
            position_bins=self.position_bins,
            guard=sum(window_of(self.window_s, train.bin_width)),
        )
        return network, asked


def _stabilised(train: Session, test: Session, window_s: float) -> tuple[Features, Features]:
    """Return smoothed activity of both parts, as its square root where it is never negative."""
    parts = smoothed_activity(train, window_s), smoothed_activity(test, window_s)
    if has_negative_activity(train) or has_negative_activity(test):
        return parts
    return np.sqrt(parts[0]), np.sqrt(parts[1])


def _error_share(fitted: FittedDecoder) -> float:
    """Return the mean over labels of the error on held-out laps, as a share of what a constant would err."""
    shares = []
    for name, target in fitted.targets.items():
        rows = np.flatnonzero(target.known)
        shares.append(fitted.inner_errors[name] / guessing_error(target, rows, rows))
    return float(np.mean(shares))
