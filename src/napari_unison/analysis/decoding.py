"""Decode labels from an embedding with nearest neighbours, pooled and session by session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.neighbours import Metric, nearest_bins, require_metric
from napari_unison.analysis.tables import data_frame, number, text_table
from napari_unison.analysis.targets import (
    LabelTarget,
    absolute_errors,
    accuracy,
    label_targets,
    r_squared,
    require_same_labels,
)

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import LabelKind

ALL_SESSIONS = "all sessions"


@dataclass(frozen=True)
class LabelScore:
    """How well one label of one session (or of all of them) is predicted.

    Attributes
    ----------
    session : str
        Name of the session, or ``"all sessions"`` for one decoder fitted on and asked for all of them.
    label : str
        Name of the label.
    kind : {"continuous", "circular", "discrete"}
        Its kind.
    unit : str
        Unit of the errors; empty where it is not known.
    n_bins : int
        Bins that were scored; bins without the label are left out.
    r2 : float
        Share of variance predicted; circular labels on (cosine, sine), discrete ones regressed as 0 and 1.
    median_error, mean_error : float
        Absolute error in the label's own unit; NaN for discrete labels.
    accuracy : float
        Share of bins whose category was predicted; NaN unless the label is discrete.
    """

    session: str
    label: str
    kind: LabelKind
    unit: str
    n_bins: int
    r2: float
    median_error: float
    mean_error: float
    accuracy: float


@dataclass(frozen=True)
class DecodingScores:
    """Scores of a nearest-neighbour decoder, one row for all sessions and one a session.

    Attributes
    ----------
    scores : tuple of LabelScore
        Scores by session, then by label.
    embedding_description : str
        Kind of the embedding that was scored.
    is_circular : bool
        True if labels were used to make the embedding: such scores are no decoding.
    n_neighbors : int
        Neighbours asked for.
    metric : {"cosine", "euclidean"}
        Their distance.
    two_categories : frozenset of str
        Discrete labels with two categories, whose R² is that of the label regressed as 0 and 1.
    fitted_on_description : str
        Kind of the embedding that the decoders were fitted on; partners may come from elsewhere there.
    """

    scores: tuple[LabelScore, ...]
    embedding_description: str
    is_circular: bool
    n_neighbors: int
    metric: Metric
    two_categories: frozenset[str]
    fitted_on_description: str

    @property
    def sessions(self) -> tuple[str, ...]:
        """Rows: "all sessions" and the sessions by name."""
        return tuple(dict.fromkeys(score.session for score in self.scores))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that were scored."""
        return tuple(dict.fromkeys(score.label for score in self.scores))

    def row(self, session: str, label: str) -> LabelScore:
        """Look up one score.

        Raises
        ------
        KeyError
            If there is no such session or label; the message lists those that exist.
        """
        for score in self.scores:
            if (score.session, score.label) == (session, label):
                return score
        raise KeyError(
            f"no score for session {session!r} and label {label!r}: the sessions are "
            f"{', '.join(self.sessions)}; the labels are {', '.join(self.labels)}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a session and label, with the kind of embedding in the first column."""
        fields = (
            "session",
            "label",
            "kind",
            "unit",
            "n_bins",
            "r2",
            "median_error",
            "mean_error",
            "accuracy",
        )
        columns = {field: [getattr(score, field) for score in self.scores] for field in fields}
        return data_frame({"embedding": [self.embedding_description] * len(self.scores)} | columns)

    def cells(self, session: str) -> dict[str, str]:
        """Return one row as text, from column name to cell."""
        cells: dict[str, str] = {}
        for label in self.labels:
            score = self.row(session, label)
            if score.kind == "discrete":
                suffix = " (0/1)" if label in self.two_categories else ""
                cells[f"{label} R²{suffix}"] = number(score.r2)
                cells[f"{label} accuracy"] = number(score.accuracy)
            else:
                unit = f" ({score.unit})" if score.unit else ""
                cells[f"{label} R²"] = number(score.r2)
                cells[f"{label} median error{unit}"] = number(score.median_error)
                cells[f"{label} mean error{unit}"] = number(score.mean_error)
        return cells

    def __str__(self) -> str:
        note = "  (circular: labels chose the partners; not decoding)" if self.is_circular else ""
        fitted_on = ""
        if self.fitted_on_description != self.embedding_description:
            fitted_on = f", fitted on: {self.fitted_on_description}"
        header = ["session", *self.cells(self.sessions[0])]
        rows = [[session, *self.cells(session).values()] for session in self.sessions]
        return "\n".join(
            [
                f"embedding: {self.embedding_description}{note}",
                f"decoder: {self.n_neighbors} nearest neighbours, {self.metric}{fitted_on}",
                text_table(header, rows),
            ]
        )


def decode(
    train: Embedding, test: Embedding, *, n_neighbors: int = 36, metric: Metric = "cosine"
) -> DecodingScores:
    """Predict the labels of one embedding from another one of the same kind.

    The row "all sessions" is one decoder fitted on all sessions of ``train`` and asked for all of
    ``test``; each session's row is a decoder fitted on that session alone.

    Parameters
    ----------
    train : Embedding
        Bins that the decoders are fitted on.
    test : Embedding
        Bins that are scored; its sessions must be among those of ``train``.
    n_neighbors : int, default 36
        Neighbours that are averaged (or vote, for categories).
    metric : {"cosine", "euclidean"}, default "cosine"
        Distance between bins.

    Returns
    -------
    DecodingScores
        Scores with the kind of embedding; those of aligned embeddings are marked as circular.

    Raises
    ------
    ValueError
        If one embedding is aligned and the other label-free, one has its own neurons silenced and the other
        has not, a session is missing in ``train``, the labels differ, or a parameter is out of range.
    """
    require_metric(metric)
    if n_neighbors < 1:
        raise ValueError(f"n_neighbors is {n_neighbors}: a decoder needs at least one neighbour")
    _require_comparable(train, test)
    known, asked = label_targets(train, test)
    pairs = [(ALL_SESSIONS, np.arange(_n_bins(train)), np.arange(_n_bins(test)))]
    train_rows, test_rows = _rows_by_session(train), _rows_by_session(test)
    pairs += [(name, train_rows[name], rows) for name, rows in test_rows.items()]
    train_values, test_values = np.concatenate(train.values), np.concatenate(test.values)
    scores: list[LabelScore] = []
    for name, fitted_on, asked_for in pairs:
        neighbours: dict[bytes, npt.NDArray[np.intp]] = {}
        for label, target in asked.items():
            fit = fitted_on[known[label].known[fitted_on]]
            ask = asked_for[target.known[asked_for]]
            if len(fit) == 0 or len(ask) == 0:
                scores.append(_score(name, target, np.empty((0, target.values.shape[1])), ask[:0]))
                continue
            # Labels that are known in the same bins share the search.
            key = fit.tobytes() + b"|" + ask.tobytes()
            if key not in neighbours:
                neighbours[key] = nearest_bins(train_values[fit], test_values[ask], n_neighbors, metric)
            predicted = known[label].values[fit][neighbours[key]].mean(axis=1)
            scores.append(_score(name, target, predicted, ask))
    two = frozenset(label for label, target in asked.items() if len(target.categories) == 2)
    return DecodingScores(
        tuple(scores),
        test.description,
        test.kind == "aligned",
        n_neighbors,
        metric,
        two,
        train.description,
    )


def _score(
    session: str, target: LabelTarget, predicted: npt.NDArray[np.float64], rows: npt.NDArray[np.intp]
) -> LabelScore:
    errors = absolute_errors(target, predicted, rows)
    return LabelScore(
        session=session,
        label=target.name,
        kind=target.kind,
        unit=target.unit,
        n_bins=len(rows),
        r2=r_squared(target.values[rows], predicted),
        median_error=float(np.median(errors)) if len(errors) else float("nan"),
        mean_error=float(np.mean(errors)) if len(errors) else float("nan"),
        accuracy=accuracy(target, predicted, rows),
    )


def _require_comparable(train: Embedding, test: Embedding) -> None:
    if train.kind != test.kind:
        raise ValueError(
            f"the decoder's embedding is {train.kind} and the one to decode is {test.kind}: give two of the "
            f"same kind"
        )
    if train.control != test.control:
        with_control, without = ("decoder's embedding", "one to decode")
        if test.control:
            with_control, without = without, with_control
        raise ValueError(
            f"the {with_control} has its own neurons silenced and the {without} has not: give two embeddings "
            f"with the neurons, or two without (silence_own=True for both)"
        )
    missing = [name for name in test.session_names if name not in train.session_names]
    if missing:
        raise ValueError(
            f"no decoder for {', '.join(missing)}: the training embedding holds "
            f"{', '.join(train.session_names)}; embed the training part of the same sessions"
        )
    if train.n_latents != test.n_latents:
        raise ValueError(
            f"the embeddings have {train.n_latents} and {test.n_latents} latents: give two of one encoder"
        )
    require_same_labels([train, test])


def _n_bins(embedding: Embedding) -> int:
    return sum(len(values) for values in embedding.values)


def _rows_by_session(embedding: Embedding) -> dict[str, npt.NDArray[np.intp]]:
    ends = np.cumsum([len(values) for values in embedding.values])
    return {
        name: np.arange(end - len(values), end)
        for name, values, end in zip(embedding.session_names, embedding.values, ends, strict=True)
    }
