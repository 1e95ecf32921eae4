"""Labels as what a decoder regresses, and the scores of what it predicts.

Every kind of label becomes columns of numbers: continuous labels as they are, circular ones as cosine and
sine, discrete ones as one column of 0 and 1 a category. One formula of R² then serves all of them; for two
categories it is the R² of the label regressed as 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import LabelKind, Session


@dataclass(frozen=True)
class LabelTarget:
    """One label of all bins of an embedding, ready to be regressed.

    Attributes
    ----------
    name : str
        Name of the label.
    kind : {"continuous", "circular", "discrete"}
        Its kind.
    unit : str
        Its unit; empty where it is not known.
    values : ndarray of float64, (ΣT, k)
        What is regressed; rows with NaN have no label.
    raw : ndarray, (ΣT, columns of the label)
        The label in its own units (discrete: index of the category).
    categories : ndarray, (k,)
        Categories of a discrete label, sorted; empty for the other kinds.
    """

    name: str
    kind: LabelKind
    unit: str
    values: npt.NDArray[np.float64]
    raw: npt.NDArray[np.float64]
    categories: npt.NDArray[Any]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Bins that have this label, (ΣT,)."""
        return np.asarray(np.isfinite(self.values).all(axis=1))


def stacked_label(embedding: Embedding, name: str) -> npt.NDArray[Any]:
    """Return a label of all bins as columns, (ΣT, columns)."""
    values = embedding.label(name)
    return values.reshape(len(values), -1)


def label_targets(*embeddings: Embedding) -> list[dict[str, LabelTarget]]:
    """Turn the labels of embeddings into targets with the same columns in each of them.

    Parameters
    ----------
    *embeddings : Embedding
        Embeddings whose sessions carry the same labels.

    Returns
    -------
    list of dict of str to LabelTarget
        One dictionary an embedding, from the name of a label to its target.
    """
    first = embeddings[0].sessions[0]
    targets: list[dict[str, LabelTarget]] = [{} for _ in embeddings]
    for name, kind in first.kinds.items():
        raws = [stacked_label(embedding, name) for embedding in embeddings]
        categories = np.unique(np.concatenate(raws)) if kind == "discrete" else np.empty(0)
        for found, raw in zip(targets, raws, strict=True):
            found[name] = _target(name, kind, first.units[name], raw, categories)
    return targets


def session_targets(*sessions: Session) -> dict[str, LabelTarget]:
    """Turn the labels of sessions, one after the other, into targets.

    Parameters
    ----------
    *sessions : Session
        Sessions that carry the same labels.

    Returns
    -------
    dict of str to LabelTarget
        From the name of a label to its target, with ΣT rows; categories are those that occur.
    """
    targets: dict[str, LabelTarget] = {}
    for name, kind in sessions[0].kinds.items():
        raw = np.concatenate([session.labels[name].reshape(session.n_bins, -1) for session in sessions])
        categories = np.unique(raw) if kind == "discrete" else np.empty(0)
        targets[name] = _target(name, kind, sessions[0].units[name], raw, categories)
    return targets


def _target(
    name: str, kind: LabelKind, unit: str, raw: npt.NDArray[Any], categories: npt.NDArray[Any]
) -> LabelTarget:
    if kind == "discrete":
        index = np.searchsorted(categories, raw).astype(np.float64)
        values = (raw[:, :1] == categories[np.newaxis]).astype(np.float64)
        return LabelTarget(name, kind, unit, values, index, categories)
    numbers = raw.astype(np.float64)
    values = np.concatenate([np.cos(numbers), np.sin(numbers)], axis=1) if kind == "circular" else numbers
    return LabelTarget(name, kind, unit, values, numbers, categories)


def r_squared(truth: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> float:
    """Return the share of the variance that is predicted, summed over columns.

    Parameters
    ----------
    truth, predicted : ndarray, (n, k)
        What was and what is said.

    Returns
    -------
    float
        ``1 - Σ‖y - ŷ‖² / Σ‖y - ȳ‖²``; NaN where the truth does not vary.
    """
    if len(truth) < 2:
        return float("nan")
    total = float(np.sum((truth - truth.mean(axis=0)) ** 2))
    if total <= np.finfo(np.float64).eps * max(1.0, float(np.sum(truth**2))):
        return float("nan")
    return 1.0 - float(np.sum((truth - predicted) ** 2)) / total


def absolute_errors(
    target: LabelTarget, predicted: npt.NDArray[np.float64], rows: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Return each bin's distance from prediction to label, in the label's own units.

    Circular labels: the angle between them (radians). Labels of several columns: the length of the
    difference. Discrete labels have no such distance: the result is empty.
    """
    if target.kind == "discrete":
        return np.empty(0)
    raw = target.raw[rows]
    if target.kind == "continuous":
        difference = predicted - raw
    else:
        cosine, sine = np.split(predicted, 2, axis=1)
        difference = np.angle(np.exp(1j * (np.arctan2(sine, cosine) - raw)))
    lengths: npt.NDArray[np.float64] = np.linalg.norm(difference, axis=1)
    return lengths


def accuracy(target: LabelTarget, predicted: npt.NDArray[np.float64], rows: npt.NDArray[np.intp]) -> float:
    """Return the share of bins whose category the neighbours vote for; NaN if the label is not discrete."""
    if target.kind != "discrete" or len(rows) == 0:
        return float("nan")
    return float(np.mean(predicted.argmax(axis=1) == target.values[rows].argmax(axis=1)))


def mean_error(target: LabelTarget, predicted: npt.NDArray[np.float64], rows: npt.NDArray[np.intp]) -> float:
    """Return the mean error that choices are made by.

    Parameters
    ----------
    target : LabelTarget
        What was.
    predicted : ndarray of float64, (n, k)
        Columns of the target as they are predicted.
    rows : ndarray of int, (n,)
        Rows of the target that were predicted.

    Returns
    -------
    float
        Mean distance in the label's unit, mean angle (rad), or the share of wrong categories; NaN without
        rows.
    """
    if len(rows) == 0:
        return float("nan")
    if target.kind == "discrete":
        return 1.0 - accuracy(target, predicted, rows)
    return float(absolute_errors(target, predicted, rows).mean())


def guessing_error(target: LabelTarget, fit: npt.NDArray[np.intp], rows: npt.NDArray[np.intp]) -> float:
    """Return the mean error on some rows of one guess for all of them, made from others.

    Errors of labels with different units become comparable as shares of it.

    Parameters
    ----------
    target : LabelTarget
        The label.
    fit : ndarray of int, (a,)
        Rows with the label whose mean (most frequent category) is the guess.
    rows : ndarray of int, (b,)
        Rows to guess.

    Returns
    -------
    float
        As :func:`mean_error`; 1 where the guess is always right, so that it can be divided by.
    """
    guess = np.broadcast_to(target.values[fit].mean(axis=0), (len(rows), target.values.shape[1]))
    return mean_error(target, guess, rows) or 1.0


def mean_error_share(
    targets: Mapping[str, LabelTarget],
    predicted: Mapping[str, npt.NDArray[np.float64]],
    fit: npt.NDArray[np.intp],
    rows: npt.NDArray[np.intp],
) -> float:
    """Return the mean error over labels, each as a share of what one guess for all rows would err.

    Parameters
    ----------
    targets : mapping of str to LabelTarget
        The labels.
    predicted : mapping of str to ndarray of float64, (b, k)
        Columns of each target as they are predicted.
    fit, rows : ndarray of int
        Rows that guesses are made from, and rows that were predicted.
    """
    shares = [
        mean_error(target, predicted[name], rows) / guessing_error(target, fit, rows)
        for name, target in targets.items()
    ]
    return float(np.mean(shares))


def label_values(target: LabelTarget, predicted: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Turn predicted columns of a target into values of its label.

    Parameters
    ----------
    target : LabelTarget
        Says which kind of label it is, and its categories.
    predicted : ndarray of float64, (n, k)
        Columns of the target as they are predicted.

    Returns
    -------
    ndarray, (n, columns of the label)
        Continuous labels as predicted, circular ones as angle (rad), discrete ones as the category with the
        largest column.
    """
    if target.kind == "discrete":
        return np.asarray(target.categories[predicted.argmax(axis=1)][:, np.newaxis])
    if target.kind == "continuous":
        return predicted
    cosine, sine = np.split(predicted, 2, axis=1)
    return np.asarray(np.arctan2(sine, cosine))


def require_same_labels(embeddings: Sequence[Embedding]) -> None:
    """Make sure that embeddings can be decoded into each other.

    Raises
    ------
    ValueError
        If their sessions do not carry the same labels of the same kinds.
    """
    kinds = dict(embeddings[0].sessions[0].kinds)
    for embedding in embeddings:
        for session in embedding.sessions:
            if dict(session.kinds) != kinds:
                raise ValueError(
                    f"session {session.name!r} has the labels {dict(session.kinds)}, but session "
                    f"{embeddings[0].sessions[0].name!r} has {kinds}: give sessions with the same labels"
                )
