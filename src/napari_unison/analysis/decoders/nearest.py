"""Decode by nearest neighbours: their number and the distance are chosen on held-out laps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.neighbours import Metric, nearest_bins
from napari_unison.analysis.protocol.inner_folds import InnerFold, held_out_errors
from napari_unison.analysis.targets import LabelTarget, mean_error

N_NEIGHBORS = (4, 9, 18, 36, 72, 144)
METRICS: tuple[Metric, ...] = ("cosine", "euclidean")


@dataclass(frozen=True)
class NeighbourDecoder:
    """Means over the nearest of the known rows.

    Attributes
    ----------
    features : ndarray of float32, (n, D)
        Rows that were given.
    targets : mapping of str to LabelTarget
        Their labels.
    n_neighbors, metric : mapping of str
        What was chosen for each label.
    inner_errors : mapping of str to float
        Mean error of the choice on held-out laps; NaN where nothing could be held out.
    """

    features: npt.NDArray[np.float32]
    targets: Mapping[str, LabelTarget]
    n_neighbors: Mapping[str, int]
    metric: Mapping[str, Metric]
    inner_errors: Mapping[str, float]

    @property
    def chosen(self) -> dict[str, dict[str, object]]:
        """Hyper-parameters of each label."""
        return {
            name: {"n_neighbors": self.n_neighbors[name], "metric": self.metric[name]}
            for name in self.targets
        }

    def regress(self, features: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float64]]:
        """Predict the columns of each target, (m, k), from features (m, D)."""
        predicted: dict[str, npt.NDArray[np.float64]] = {}
        for names, rows in _labels_by_known_rows(self.targets):
            for metric in METRICS:
                of_metric = [name for name in names if self.metric[name] == metric]
                if not of_metric:
                    continue
                most = max(self.n_neighbors[name] for name in of_metric)
                nearest = rows[nearest_bins(self.features[rows], features, most, metric)]
                for name in of_metric:
                    neighbours = nearest[:, : self.n_neighbors[name]]
                    predicted[name] = self.targets[name].values[neighbours].mean(axis=1)
        return predicted


def fit_neighbours(
    features: npt.NDArray[np.float32],
    targets: Mapping[str, LabelTarget],
    folds: Sequence[InnerFold],
    *,
    n_neighbors: Sequence[int] = N_NEIGHBORS,
    metrics: Sequence[Metric] = METRICS,
) -> NeighbourDecoder:
    """Choose number and distance of the neighbours for each label.

    Parameters
    ----------
    features : ndarray of float32, (n, D)
        Training rows.
    targets : mapping of str to LabelTarget
        Their labels; rows without a label are left out for that label.
    folds : sequence of InnerFold
        Blocks of laps to hold out. Without any, the first of the candidates are taken.
    n_neighbors, metrics : sequence
        Candidates; of equally good ones the first is taken.
    """
    candidates = [(number, metric) for metric in metrics for number in n_neighbors]
    numbers: dict[str, int] = {}
    distances: dict[str, Metric] = {}
    errors: dict[str, float] = {}
    for names, _ in _labels_by_known_rows(targets):
        of_names = [targets[name] for name in names]
        errors_of = partial(_fold_errors, features, of_names, n_neighbors=n_neighbors, metrics=metrics)
        means = held_out_errors(folds, of_names[0].known, errors_of)
        for place, name in enumerate(names):
            best = 0 if means is None else int(np.argmin(means[place]))
            numbers[name], distances[name] = candidates[best]
            errors[name] = float("nan") if means is None else float(means[place, best])
    return NeighbourDecoder(features, dict(targets), numbers, distances, errors)


def _fold_errors(
    features: npt.NDArray[np.float32],
    targets: Sequence[LabelTarget],
    fold: InnerFold,
    *,
    n_neighbors: Sequence[int],
    metrics: Sequence[Metric],
) -> npt.NDArray[np.float64]:
    """Return the mean error of every label and candidate, from one search a distance."""
    errors = np.empty((len(targets), len(metrics), len(n_neighbors)))
    queries = features[fold.held_out]
    for which, metric in enumerate(metrics):
        nearest = fold.fit[nearest_bins(features[fold.fit], queries, max(n_neighbors), metric)]
        for row, target in enumerate(targets):
            sums = np.cumsum(target.values[nearest], axis=1)
            for column, number in enumerate(n_neighbors):
                taken = min(number, nearest.shape[1])
                errors[row, which, column] = mean_error(target, sums[:, taken - 1] / taken, fold.held_out)
    return errors.reshape(len(targets), -1)


def _labels_by_known_rows(
    targets: Mapping[str, LabelTarget],
) -> Iterator[tuple[list[str], npt.NDArray[np.intp]]]:
    """Yield labels that are known in the same rows, which share the search, and these rows."""
    groups: dict[bytes, list[str]] = {}
    for name, target in targets.items():
        groups.setdefault(target.known.tobytes(), []).append(name)
    for names in groups.values():
        yield names, np.flatnonzero(targets[names[0]].known)
