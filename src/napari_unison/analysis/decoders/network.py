"""Decode by a small network whose training ends where it no longer helps on a held-out block of laps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import check_random_state

from napari_unison.analysis.decoders.categories import OneCategory, category_columns
from napari_unison.analysis.decoders.scaling import Scaling
from napari_unison.analysis.protocol.inner_folds import InnerFold
from napari_unison.analysis.targets import LabelTarget, mean_error

ErrorOf: TypeAlias = "Callable[[npt.NDArray[np.float64], InnerFold], float]"

HIDDEN_UNITS = 128
WEIGHT_DECAYS = (0.1, 1.0)
MOST_PASSES = 60
_PATIENCE = 10
_BATCH_SIZE = 256


@dataclass(frozen=True)
class NetworkDecoder:
    """A network of one hidden layer for one label.

    Attributes
    ----------
    scaling : Scaling
        Mean and spread of the training features.
    of_target : Scaling
        Mean and spread of the target's columns.
    model : MLPRegressor, MLPClassifier or OneCategory
        The network.
    n_columns : int
        Columns of the target.
    chosen : dict
        ``{"weight_decay": …, "passes": …}``; passes: how often training saw every bin.
    inner_error : float
        Mean error of the choice on the held-out laps; NaN where nothing could be held out.
    """

    scaling: Scaling
    of_target: Scaling
    model: Any
    n_columns: int
    chosen: dict[str, object]
    inner_error: float

    def regress(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Predict the columns of the target, (m, k), from features (m, D)."""
        return _regressed(self.model, self.scaling.scaled(features), self.of_target, self.n_columns)


def fit_network(
    features: npt.NDArray[np.float32],
    target: LabelTarget,
    folds: Sequence[InnerFold],
    seed: int,
    *,
    weight_decays: Sequence[float] = WEIGHT_DECAYS,
    error_of: ErrorOf | None = None,
) -> NetworkDecoder:
    """Find out on one held-out block of laps how to train and how long, then train so on all rows.

    scikit-learn's own early stopping draws single bins for validation, whose neighbours in time stay in the
    training part: it stops too late.

    Parameters
    ----------
    features : ndarray of float32, (n, D)
        Training rows.
    target : LabelTarget
        Their label; rows without it are left out.
    folds : sequence of InnerFold
        Blocks of laps; the last one that can be held out decides. Without any, the first weight decay is
        taken and all passes are made.
    seed : int
        Seed of weights and batches.
    weight_decays : sequence of float
        Candidates for the penalty on squared weights.
    error_of : callable, optional
        Takes predicted columns and the fold whose held-out rows they are for, and returns the error to make
        small; the label's mean error unless given.
    """
    n_columns = target.values.shape[1]
    decay, passes, best = weight_decays[0], MOST_PASSES, float("nan")
    known = [fold.within(target.known) for fold in folds]
    usable = [fold for fold in known if len(fold.fit) and len(fold.held_out)]
    if usable:
        fold = usable[-1]
        if error_of is None:
            error_of = partial(_mean_error, target)
        found = [_passes_until_best(features, target, fold, seed, decay, error_of) for decay in weight_decays]
        place = int(np.argmin([error for _, error in found]))
        decay, (passes, best) = weight_decays[place], found[place]
    rows = np.flatnonzero(target.known)
    scaling, of_target = Scaling.of(features[rows]), Scaling.of(target.values[rows])
    training = _training(scaling.scaled(features[rows]), target, rows, of_target, decay, seed)
    model = next(islice(training, passes - 1, None))
    chosen: dict[str, object] = {"weight_decay": decay, "passes": passes}
    return NetworkDecoder(scaling, of_target, model, n_columns, chosen, best)


def _mean_error(target: LabelTarget, predicted: npt.NDArray[np.float64], fold: InnerFold) -> float:
    return mean_error(target, predicted, fold.held_out)


def _passes_until_best(
    features: npt.NDArray[np.float32],
    target: LabelTarget,
    fold: InnerFold,
    seed: int,
    weight_decay: float,
    error_of: ErrorOf,
) -> tuple[int, float]:
    """Return after how many passes the held-out laps were predicted best, and their error then."""
    scaling, of_target = Scaling.of(features[fold.fit]), Scaling.of(target.values[fold.fit])
    held_out = scaling.scaled(features[fold.held_out])
    fit = scaling.scaled(features[fold.fit])
    training = _training(fit, target, fold.fit, of_target, weight_decay, seed)
    best, best_pass = float("inf"), 1
    for number, model in enumerate(islice(training, MOST_PASSES), start=1):
        error = error_of(_regressed(model, held_out, of_target, target.values.shape[1]), fold)
        if error < best:
            best, best_pass = error, number
        if number - best_pass >= _PATIENCE:
            break
    return best_pass, best


def _training(
    scaled: npt.NDArray[np.float32],
    target: LabelTarget,
    rows: npt.NDArray[np.intp],
    of_target: Scaling,
    weight_decay: float,
    seed: int,
) -> Iterator[Any]:
    """Yield the network after each pass over all bins, without end."""
    # One stream of random numbers for all passes: from a number, each pass would shuffle alike.
    settings = {
        "hidden_layer_sizes": (HIDDEN_UNITS,),
        "alpha": weight_decay,
        "batch_size": min(_BATCH_SIZE, len(rows)),
        "random_state": check_random_state(seed),
    }
    if target.kind != "discrete":
        regressor = MLPRegressor(**settings)
        values = of_target.scaled(target.values[rows])
        while True:
            yield regressor.partial_fit(scaled, values[:, 0] if values.shape[1] == 1 else values)
    index = target.values[rows].argmax(axis=1)
    categories = np.unique(index)
    if len(categories) == 1:
        while True:
            yield OneCategory(int(categories[0]))
    classifier = MLPClassifier(**settings)
    while True:
        yield classifier.partial_fit(scaled, index, classes=categories)


def _regressed(
    model: Any, scaled: npt.NDArray[np.float32], of_target: Scaling, n_columns: int
) -> npt.NDArray[np.float64]:
    if isinstance(model, MLPRegressor):
        return of_target.restored(model.predict(scaled).reshape(len(scaled), n_columns))
    return category_columns(model, scaled, n_columns)
