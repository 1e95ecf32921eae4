"""Ways to decode without an encoder: neighbours, principal components and a network on smoothed activity."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
from napari_unison.analysis.baselines.session_decoder import SessionDecoder
from napari_unison.analysis.baselines.state_network import StateNetwork, fit_state_network
from napari_unison.analysis.decoders.fitting import (
    DECODER_NAMES,
    DecoderKind,
    FittedDecoder,
    fit_decoder,
    require_decoder_kind,
)
from napari_unison.analysis.neighbours import Metric, require_metric
from napari_unison.analysis.protocol.session_parts import bordered_alike
from napari_unison.analysis.targets import guessing_error, session_targets
from napari_unison.analysis.time_context import beside, checked_offsets, offset_bins, reach_in_words

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Features = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _SmoothedActivity(SessionDecoder):
    """What these baselines share: activity that is averaged over windows."""

    window_s: float = 0.25
    offsets_s: tuple[float, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        window_of(self.window_s, 1.0)
        object.__setattr__(self, "offsets_s", checked_offsets(self.offsets_s))

    @property
    def _window_in_words(self) -> str:
        reach = f", {reach_in_words(self.window_s, self.offsets_s)}" if self.offsets_s else ""
        return f"{1000 * self.window_s:g} ms{reach}"

    def _guard(self, bin_width: float) -> int:
        """Return the bins that the features of one bin are made from."""
        offsets = offset_bins(self.offsets_s, bin_width)
        return sum(window_of(self.window_s, bin_width)) + 2 * max(offsets, default=0)

    def _activity(self, train: Session, test: Session) -> Iterator[tuple[Session, Features]]:
        """Yield each part as windows see it, the training part first, and its smoothed activity."""
        for part in (bordered_alike(train, test), test):
            yield part, smoothed_activity(part, self.window_s)

    def _beside(self, part: Session, features: Features) -> Features:
        """Set what is before and after each bin beside its features."""
        return beside(part, features, offset_bins(self.offsets_s, part.bin_width))

    def _predicted(self, train: Session, test: Session, seed: int) -> Mapping[str, npt.NDArray[Any]]:
        decoder, features = self._fitted(train, test, seed)
        return decoder.predict(features)

    def _stabilised(self, train: Session, test: Session) -> list[tuple[Session, Features]]:
        """Return both parts with smoothed activity, as its square root where it is never negative."""
        parts = list(self._activity(train, test))
        if has_negative_activity(train) or has_negative_activity(test):
            return parts
        return [(part, np.sqrt(activity)) for part, activity in parts]

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
                guard=self._guard(session.bin_width),
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
    offsets_s : tuple of float
        How far before and after each bin further averages are taken (s), in rising order.
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
        return f"nearest neighbours on smoothed activity ({self._window_in_words})"

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[FittedDecoder, Features]:
        candidates: dict[str, tuple[object, ...]] = {}
        if self.n_neighbors is not None:
            candidates["n_neighbors"] = (self.n_neighbors,)
        if self.metric is not None:
            candidates["metrics"] = (self.metric,)
        features, asked = (self._beside(*seen) for seen in self._activity(train, test))
        return self._fit_decoder("knn", features, train, seed, candidates), asked


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
    offsets_s : tuple of float
        How far before and after each bin further averages are taken (s), in rising order.
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
        return f"principal components ({self._window_in_words}), {DECODER_NAMES[self.decoder]}"

    @property
    def is_random(self) -> bool:
        """Whether the decoder is."""
        return self.decoder == "mlp"

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[FittedDecoder, Features]:
        (before, fit_on), (_, asked) = self._stabilised(train, test)
        most = min(max(self.n_components), *fit_on.shape)
        # Products of such small tables take longer in several threads, which wait for one another.
        with threadpool_limits(limits=1, user_api="blas"):
            components = PCA(n_components=most, svd_solver="covariance_eigh").fit(fit_on)
            fit_on, asked = components.transform(fit_on), components.transform(asked)
        # numbers beyond the neurons all mean the same
        numbers = dict.fromkeys(min(number, most) for number in self.n_components)
        decoders = {
            number: self._fit_decoder(self.decoder, self._beside(before, fit_on[:, :number]), train, seed)
            for number in numbers
        }
        best = min(decoders, key=lambda number: _error_share(decoders[number]))
        return decoders[best], self._beside(test, asked[:, :best])


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
    offsets_s : tuple of float
        How far before and after each bin further averages are taken (s), in rising order.
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
        return f"supervised network ({self._window_in_words})"

    @property
    def is_random(self) -> bool:
        """Weights and batches are."""
        return True

    def _fitted(self, train: Session, test: Session, seed: int) -> tuple[StateNetwork, Features]:
        fit_on, asked = (self._beside(*seen) for seen in self._stabilised(train, test))
        targets = session_targets(train)
        decodable_by_place(targets, train.name)
        network = fit_state_network(
            fit_on,
            targets,
            train.segment,
            seed,
            position_bins=self.position_bins,
            guard=self._guard(train.bin_width),
        )
        return network, asked


def _error_share(fitted: FittedDecoder) -> float:
    """Return the mean over labels of the error on held-out laps, as a share of what a constant would err."""
    shares = []
    for name, target in fitted.targets.items():
        rows = np.flatnonzero(target.known)
        shares.append(fitted.inner_errors[name] / guessing_error(target, rows, rows))
    return float(np.mean(shares))
