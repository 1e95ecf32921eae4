"""A supervised network for place and category together, which tells visited states apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from napari_unison.analysis.baselines.place_states import place_states
from napari_unison.analysis.decoders.network import NetworkDecoder, fit_network
from napari_unison.analysis.protocol.inner_folds import InnerFold, inner_folds
from napari_unison.analysis.targets import LabelTarget, guessing_error, label_values, mean_error


@dataclass(frozen=True)
class StateNetwork:
    """Probabilities of states, and the labels as their means.

    A place has several likely values more often than one, and a network that regresses it predicts the
    middle between them; a network that says how likely each of them is need not.

    Attributes
    ----------
    network : NetworkDecoder
        Gives the probability of each state.
    columns : dict of str to ndarray of float64, (K, k)
        What each state means in columns of each label's target.
    targets : mapping of str to LabelTarget
        Labels of the training part.
    """

    network: NetworkDecoder
    columns: dict[str, npt.NDArray[np.float64]]
    targets: Mapping[str, LabelTarget]

    def predict(self, features: npt.NDArray[np.floating]) -> dict[str, npt.NDArray[Any]]:
        """Return each label for features (m, D), as ``Prediction.of`` takes it."""
        likely = self.network.regress(features.astype(np.float32))
        return {
            name: label_values(target, likely @ self.columns[name]) for name, target in self.targets.items()
        }


def fit_state_network(
    features: npt.NDArray[np.floating],
    targets: Mapping[str, LabelTarget],
    laps: npt.NDArray[Any],
    seed: int,
    *,
    position_bins: int,
    guard: int,
) -> StateNetwork:
    """Train a network to tell states apart; how long and how, the labels on held-out laps decide.

    Parameters
    ----------
    features : ndarray, (n, D)
        Training rows in time order.
    targets : mapping of str to LabelTarget
        One label with a place, one discrete label, or both.
    laps : ndarray, (n,)
        Lap of each row.
    seed : int
        Seed of weights and batches.
    position_bins : int
        Bins of the label with a place.
    guard : int
        Rows on both sides of held-out laps that are not fitted on.
    """
    states = place_states(targets, position_bins)
    columns = states.columns()
    known = np.flatnonzero(states.known)
    n_states = states.shape[0] * states.shape[1]
    values = np.full((len(features), n_states), np.nan)
    values[known] = np.eye(n_states)[states.index(known)]
    state = LabelTarget("state", "discrete", "", values, values.argmax(axis=1)[:, None], np.arange(n_states))

    def error_of(likely: npt.NDArray[np.float64], fold: InnerFold) -> float:
        shares = [
            mean_error(target, likely @ columns[name], fold.held_out)
            / guessing_error(target, fold.fit, fold.held_out)
            for name, target in targets.items()
        ]
        return float(np.mean(shares))

    folds = inner_folds(laps, guard=guard)
    with threadpool_limits(limits=1, user_api="blas"):
        network = fit_network(features.astype(np.float32), state, folds, seed, error_of=error_of)
    return StateNetwork(network, columns, targets)
