"""Decoders from features of bins to labels; what they leave open is chosen on held-out laps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from napari_unison.analysis.decoders.linear import fit_linear
from napari_unison.analysis.decoders.nearest import fit_neighbours
from napari_unison.analysis.decoders.network import WEIGHT_DECAYS, fit_network
from napari_unison.analysis.protocol.inner_folds import InnerFold, inner_folds
from napari_unison.analysis.targets import LabelTarget, label_values

DecoderKind = Literal["knn", "linear", "mlp"]
DECODER_KINDS: tuple[DecoderKind, ...] = get_args(DecoderKind)
DECODER_NAMES: Mapping[DecoderKind, str] = {
    "knn": "nearest neighbours",
    "linear": "ridge and logistic regression",
    "mlp": "small network",
}

_CANDIDATES: Mapping[DecoderKind, tuple[str, ...]] = {
    "knn": ("n_neighbors", "metrics"),
    "linear": ("strengths",),
    "mlp": ("weight_decays",),
}


class _LabelDecoder(Protocol):
    """What decodes one label."""

    @property
    def chosen(self) -> dict[str, object]: ...

    @property
    def inner_error(self) -> float: ...

    def regress(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]: ...


class _Regression(Protocol):
    """What decodes all labels at once."""

    def regress(self, features: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float64]]: ...


@dataclass(frozen=True)
class FittedDecoder:
    """A decoder of all labels, ready to predict.

    Attributes
    ----------
    kind : {"knn", "linear", "mlp"}
        Nearest neighbours; ridge and logistic regression; a network with one hidden layer.
    targets : mapping of str to LabelTarget
        What it was fitted on, label by label.
    chosen : mapping of str to mapping
        The hyper-parameters of each label.
    inner_errors : mapping of str to float
        Their mean error on held-out laps of the training part: distance in the label's unit, angle (rad), or
        the share of wrong categories; NaN where there were too few rows to hold some out.
    """

    kind: DecoderKind
    targets: Mapping[str, LabelTarget]
    chosen: Mapping[str, Mapping[str, object]]
    inner_errors: Mapping[str, float]
    _regression: _Regression

    def regress(self, features: npt.ArrayLike) -> dict[str, npt.NDArray[np.float64]]:
        """Predict the columns that are regressed.

        Parameters
        ----------
        features : array-like, (m, D)
            Rows to decode.

        Returns
        -------
        dict of str to ndarray of float64, (m, k)
            Continuous labels in their unit, cosine and sine of circular ones, a probability (or share of
            neighbours) for each category of discrete ones.
        """
        return self._regression.regress(_rows(features))

    def predict(self, features: npt.ArrayLike) -> dict[str, npt.NDArray[Any]]:
        """Predict the labels.

        Parameters
        ----------
        features : array-like, (m, D)
            Rows to decode.

        Returns
        -------
        dict of str to ndarray, (m, columns of the label)
            Continuous labels in their unit, circular ones as angle (rad), discrete ones as category: as
            ``Prediction.of`` takes them.
        """
        regressed = self.regress(features)
        return {name: label_values(target, regressed[name]) for name, target in self.targets.items()}


@dataclass(frozen=True)
class _LabelByLabel:
    decoders: Mapping[str, _LabelDecoder]

    def regress(self, features: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float64]]:
        return {name: decoder.regress(features) for name, decoder in self.decoders.items()}


def fit_decoder(
    kind: DecoderKind,
    features: npt.ArrayLike,
    session_labels: Mapping[str, LabelTarget],
    laps: npt.NDArray[Any],
    seed: int,
    *,
    guard: int = 0,
    recordings: npt.NDArray[Any] | None = None,
    candidates: Mapping[str, Sequence[Any]] | None = None,
) -> FittedDecoder:
    """Fit a decoder of all labels; its hyper-parameters are those that err least on held-out laps.

    Each label has hyper-parameters of its own, chosen in five contiguous blocks of laps of these rows (the
    network: how long it is trained, on the last of them).

    Parameters
    ----------
    kind : {"knn", "linear", "mlp"}
        Nearest neighbours; ridge regression (discrete labels: logistic regression); a small network.
    features : array-like, (n, D)
        Training rows in time order.
    session_labels : mapping of str to LabelTarget
        Their labels, see :func:`~napari_unison.analysis.targets.session_targets`. Rows without a label are
        left out for that label.
    laps : ndarray, (n,)
        Lap (segment) of each row.
    seed : int
        Decides whatever is random (the network alone).
    guard : int, default 0
        Rows on both sides of held-out laps that are not fitted on: at least the window of the features.
    recordings : ndarray, (n,), optional
        Recording of each row, where rows of several sessions follow one another; all of one unless given.
    candidates : mapping, optional
        Values to choose from, instead of the usual ones; one value is no choice. ``n_neighbors`` and
        ``metrics`` for "knn", ``strengths`` for "linear", ``weight_decays`` for "mlp".

    Returns
    -------
    FittedDecoder

    Raises
    ------
    ValueError
        If the kind is not known, sizes do not go together, a feature is not finite, or a label is unknown in
        all rows.
    """
    rows = _rows(features)
    _require_decodable(kind, rows, session_labels, laps)
    folds = inner_folds(laps, guard=guard, recordings=recordings)
    options = _checked_candidates(kind, candidates)
    # Products of such small tables take longer in several threads, which wait for one another.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(kind, rows, session_labels, folds, seed, options)


def _fit(
    kind: DecoderKind,
    rows: npt.NDArray[np.float32],
    session_labels: Mapping[str, LabelTarget],
    folds: Sequence[InnerFold],
    seed: int,
    options: dict[str, Sequence[Any]],
) -> FittedDecoder:
    if kind == "knn":
        neighbours = fit_neighbours(rows, session_labels, folds, **options)
        return FittedDecoder(kind, session_labels, neighbours.chosen, neighbours.inner_errors, neighbours)
    decoders = {
        name: _fit_label(kind, rows, target, folds, seed, options) for name, target in session_labels.items()
    }
    chosen = {name: decoder.chosen for name, decoder in decoders.items()}
    errors = {name: decoder.inner_error for name, decoder in decoders.items()}
    return FittedDecoder(kind, session_labels, chosen, errors, _LabelByLabel(decoders))


def _fit_label(
    kind: DecoderKind,
    features: npt.NDArray[np.float32],
    target: LabelTarget,
    folds: Sequence[InnerFold],
    seed: int,
    options: dict[str, Sequence[Any]],
) -> _LabelDecoder:
    if kind == "linear":
        return fit_linear(features, target, folds, **options)
    decays = options.get("weight_decays", WEIGHT_DECAYS)
    return fit_network(features, target, folds, seed, weight_decays=decays)


def _checked_candidates(
    kind: DecoderKind, candidates: Mapping[str, Sequence[Any]] | None
) -> dict[str, Sequence[Any]]:
    options = dict(candidates or {})
    wrong = [name for name in options if name not in _CANDIDATES[kind]]
    if wrong:
        raise ValueError(
            f"the decoder {kind!r} has no {', '.join(wrong)} to choose: give {' or '.join(_CANDIDATES[kind])}"
        )
    empty = [name for name, values in options.items() if not len(values)]
    if empty:
        raise ValueError(f"there is no candidate for {', '.join(empty)}: give one or more values")
    return options


def require_decoder_kind(kind: str) -> None:
    """Raise ``ValueError`` unless there is such a decoder."""
    if kind not in DECODER_KINDS:
        raise ValueError(f"there is no decoder {kind!r}: give one of {', '.join(map(repr, DECODER_KINDS))}")


def _require_decodable(
    kind: str,
    features: npt.NDArray[np.float32],
    targets: Mapping[str, LabelTarget],
    laps: npt.NDArray[Any],
) -> None:
    require_decoder_kind(kind)
    if not targets:
        raise ValueError("there is no label to decode: give at least one")
    sizes = {name: len(target.values) for name, target in targets.items()} | {"laps": len(laps)}
    wrong = [f"{name} has {size}" for name, size in sizes.items() if size != len(features)]
    if wrong:
        raise ValueError(
            f"there are {len(features)} rows of features, but {', '.join(wrong)}: give one each a row"
        )
    if not np.isfinite(features).all():
        raise ValueError("some features are not finite: leave these rows out, or fill them in")
    for name, target in targets.items():
        if not target.known.any():
            raise ValueError(
                f"label {name!r} is unknown in all {len(features)} training bins, so nothing can be learned "
                f"of it: leave the label out, or give a training part that has it"
            )


def _rows(features: npt.ArrayLike) -> npt.NDArray[np.float32]:
    rows = np.asarray(features, dtype=np.float32)
    if rows.ndim != 2:
        raise ValueError(f"features have the shape {rows.shape}: give one row a bin, (n, D)")
    return rows
