"""Decode by a straight line: ridge regression for numbers and angles, logistic regression for categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge

from napari_unison.analysis.decoders.categories import OneCategory, category_columns
from napari_unison.analysis.decoders.scaling import Scaling
from napari_unison.analysis.protocol.inner_folds import InnerFold, held_out_errors
from napari_unison.analysis.targets import LabelTarget, mean_error

# Squared weights against the mean loss of a bin, features scaled to unit variance; strongest first, since
# each logistic fit starts where the last one ended.
STRENGTHS = (10.0, 1.0, 0.1, 0.01, 0.001)


@dataclass(frozen=True)
class LinearDecoder:
    """A ridge or logistic regression of one label on scaled features.

    Attributes
    ----------
    scaling : Scaling
        Mean and spread of the training features.
    model : Ridge, LogisticRegression or OneCategory
        The regression.
    n_columns : int
        Columns of the target.
    chosen : dict
        ``{"strength": …}``.
    inner_error : float
        Mean error of the choice on held-out laps; NaN where nothing could be held out.
    """

    scaling: Scaling
    model: Any
    n_columns: int
    chosen: dict[str, object]
    inner_error: float

    def regress(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Predict the columns of the target, (m, k), from features (m, D)."""
        return _regressed(self.model, self.scaling.scaled(features), self.n_columns)


def fit_linear(
    features: npt.NDArray[np.float32],
    target: LabelTarget,
    folds: Sequence[InnerFold],
    *,
    strengths: Sequence[float] = STRENGTHS,
) -> LinearDecoder:
    """Choose how strongly weights are held back, and fit on all rows that have the label.

    Parameters
    ----------
    features : ndarray of float32, (n, D)
        Training rows.
    target : LabelTarget
        Their label.
    folds : sequence of InnerFold
        Blocks of laps to hold out. Without any, the first strength is taken.
    strengths : sequence of float
        Candidates; of equally good ones the first is taken.
    """
    means = held_out_errors(folds, target.known, lambda fold: _fold_errors(features, target, fold, strengths))
    best = 0 if means is None else int(np.argmin(means))
    rows = np.flatnonzero(target.known)
    scaling = Scaling.of(features[rows])
    (model,) = _models(scaling.scaled(features[rows]), target, rows, strengths[best : best + 1])
    return LinearDecoder(
        scaling,
        model,
        target.values.shape[1],
        {"strength": strengths[best]},
        float("nan") if means is None else float(means[best]),
    )


def _fold_errors(
    features: npt.NDArray[np.float32], target: LabelTarget, fold: InnerFold, strengths: Sequence[float]
) -> list[float]:
    scaling = Scaling.of(features[fold.fit])
    fit, held_out = scaling.scaled(features[fold.fit]), scaling.scaled(features[fold.held_out])
    n_columns = target.values.shape[1]
    return [
        mean_error(target, _regressed(model, held_out, n_columns), fold.held_out)
        for model in _models(fit, target, fold.fit, strengths)
    ]


def _models(
    scaled: npt.NDArray[np.float32],
    target: LabelTarget,
    rows: npt.NDArray[np.intp],
    strengths: Sequence[float],
) -> Iterator[Any]:
    """Yield the regression fitted with each strength."""
    if target.kind != "discrete":
        for strength in strengths:
            yield Ridge(alpha=strength * len(rows)).fit(scaled, target.values[rows])
        return
    index = target.values[rows].argmax(axis=1)
    if len(np.unique(index)) == 1:
        yield from (OneCategory(int(index[0])) for _ in strengths)
        return
    logistic = LogisticRegression(max_iter=2000, warm_start=True)
    for strength in strengths:
        yield logistic.set_params(C=1.0 / (strength * len(rows))).fit(scaled, index)


def _regressed(model: Any, scaled: npt.NDArray[np.float32], n_columns: int) -> npt.NDArray[np.float64]:
    if isinstance(model, Ridge):
        return np.asarray(model.predict(scaled), dtype=np.float64).reshape(len(scaled), n_columns)
    return category_columns(model, scaled, n_columns)
