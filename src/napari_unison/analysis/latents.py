"""What single latents say about the labels, and which of them says most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.meanings import CIRCULAR, CONTROL, DECODING
from napari_unison.analysis.neighbours import (
    Metric,
    neighbour_means_by_sign,
    neighbour_means_on_line,
    require_metric,
)
from napari_unison.analysis.tables import data_frame, number, text_table
from napari_unison.analysis.targets import label_targets, r_squared, require_same_labels

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.encoder.embedding import Embedding


@dataclass(frozen=True)
class LatentScores:
    """R² of every label decoded from every latent by itself, all sessions pooled.

    Attributes
    ----------
    r2 : mapping of str to ndarray of float64, (D,)
        From the name of a label to the R² of each latent; NaN where the label does not vary.
    metric : {"euclidean", "cosine"}
        Distance of the neighbours; by cosine only the sign of a latent is left.
    n_neighbors : int
        Neighbours averaged.
    scored_on : str
        Which bins were scored, in words.
    embedding_description : str
        Kind of the embedding.
    is_circular : bool
        True if labels were used to make the embedding.
    control : "silenced" or None
        ``"silenced"`` where the session's own neurons were set to zero: what the labels alone give.
    """

    r2: Mapping[str, npt.NDArray[np.float64]]
    metric: Metric
    n_neighbors: int
    scored_on: str
    embedding_description: str
    is_circular: bool
    control: Literal["silenced"] | None

    @property
    def meaning(self) -> str:
        """What such scores are, in words."""
        if self.control:
            return CONTROL
        return CIRCULAR if self.is_circular else DECODING

    @property
    def n_latents(self) -> int:
        """Number of latents, D."""
        return len(next(iter(self.r2.values())))

    @property
    def scored_labels(self) -> tuple[str, ...]:
        """Labels that vary in the scored bins, so that latents can be chosen by them."""
        return tuple(label for label, scores in self.r2.items() if np.isfinite(scores).any())

    def best(self, label: str, *, exclude: Collection[int] = ()) -> int:
        """Return the latent (counted from 0) with the highest R².

        Parameters
        ----------
        label : str
            Name of a label.
        exclude : collection of int
            Latents that are already used otherwise.

        Raises
        ------
        KeyError
            If the label was not scored.
        ValueError
            If none has a score for the label, or those that have are all excluded.
        """
        if label not in self.r2:
            raise KeyError(f"label {label!r} was not scored; the labels are {', '.join(self.r2)}")
        scores = self.r2[label].copy()
        if np.all(np.isnan(scores)):
            raise ValueError(
                f"no latent has a score for label {label!r}: it is unknown or the same in all bins that were "
                f"scored ({self.scored_on}); choose by another label"
            )
        scores[list(exclude)] = np.nan
        if np.all(np.isnan(scores)):
            raise ValueError(
                f"no latent is left for label {label!r}: all {self.n_latents} are excluded, or have no "
                f"score; exclude fewer"
            )
        return int(np.nanargmax(scores))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a latent (counted from 1, as shown everywhere) with the R² of every label."""
        latents = np.arange(1, self.n_latents + 1)
        columns = {f"{label} R²": scores for label, scores in self.r2.items()}
        return data_frame(
            {"embedding": [self.embedding_description] * len(latents), "latent": latents} | columns
        )

    def __str__(self) -> str:
        notes = {
            CIRCULAR: "  (circular: labels chose the partners; not decoding. Needed beside it: the "
            "label-free score, and that with the own neurons silenced)",
            CONTROL: f"  ({CONTROL}: what the labels alone give; not decoding)",
        }
        rows = [
            [str(latent + 1), *(number(scores[latent]) for scores in self.r2.values())]
            for latent in range(self.n_latents)
        ]
        return "\n".join(
            [
                f"embedding: {self.embedding_description}{notes.get(self.meaning, '')}",
                f"single latents, {self.n_neighbors} nearest neighbours, {self.metric}; {self.scored_on}",
                text_table(["latent", *(f"{label} R²" for label in self.r2)], rows),
            ]
        )


def score_latents(
    train: Embedding,
    test: Embedding,
    *,
    metric: Metric = "euclidean",
    n_neighbors: int = 36,
    scored_on: str = "scored on the test bins",
) -> LatentScores:
    """Decode every label from every latent by itself.

    Parameters
    ----------
    train : Embedding
        Bins that the decoders are fitted on, all sessions pooled.
    test : Embedding
        Bins that are scored; of the same kind.
    metric : {"euclidean", "cosine"}, default "euclidean"
        ``"cosine"`` is the notebook's variant, which keeps only the sign of a latent.
    n_neighbors : int, default 36
        Neighbours that are averaged.
    scored_on : str
        The scored bins in words, for titles and tables.

    Returns
    -------
    LatentScores
        R² of each label and latent; labels of two categories are regressed as 0 and 1.

    Raises
    ------
    ValueError
        If the kinds, labels or numbers of latents differ, or a parameter is out of range.
    """
    require_metric(metric)
    if n_neighbors < 1:
        raise ValueError(f"n_neighbors is {n_neighbors}: a decoder needs at least one neighbour")
    if (train.kind, train.control, train.n_latents) != (test.kind, test.control, test.n_latents):
        raise ValueError(
            f"the embeddings differ ({train.short_description} with {train.n_latents} latents; "
            f"{test.short_description} with {test.n_latents}): give two of one encoder and one kind"
        )
    require_same_labels([train, test])
    predict = neighbour_means_on_line if metric == "euclidean" else neighbour_means_by_sign
    train_values, test_values = np.concatenate(train.values), np.concatenate(test.values)
    known, asked = label_targets(train, test)
    r2: dict[str, npt.NDArray[np.float64]] = {}
    for label, target in asked.items():
        fit, ask = known[label].known, target.known
        r2[label] = np.full(test.n_latents, np.nan)
        if not (fit.any() and ask.any()):
            continue
        targets = known[label].values[fit]
        for latent in range(test.n_latents):
            predicted = predict(train_values[fit, latent], test_values[ask, latent], targets, n_neighbors)
            r2[label][latent] = r_squared(target.values[ask], predicted)
    return LatentScores(
        MappingProxyType(r2),
        metric,
        n_neighbors,
        scored_on,
        test.description,
        test.kind == "aligned",
        test.control,
    )


def choose_latents(
    embedding: Embedding, *, share: float = 0.8, metric: Metric = "euclidean", n_neighbors: int = 36
) -> LatentScores:
    """Score the latents inside one embedding, so that a choice among them sees no other data.

    Parameters
    ----------
    embedding : Embedding
        Usually that of the training part.
    share : float, default 0.8
        Decoders are fitted on this first share of every session and scored on the rest.
    metric, n_neighbors
        As in :func:`score_latents`.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or a part of a session would be empty.
    """
    first, rest = divide_embedding(embedding, share)
    scored_on = (
        f"chosen inside this part (fitted on the first {100 * share:g} % of each session, scored on the rest)"
    )
    return score_latents(first, rest, metric=metric, n_neighbors=n_neighbors, scored_on=scored_on)


def divide_embedding(embedding: Embedding, share: float) -> tuple[Embedding, Embedding]:
    """Divide an embedding in time: the first share of every session, and the rest.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or a part of a session would be empty.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}: give a number between 0 and 1, such as 0.8")
    cuts = [int(share * len(values)) for values in embedding.values]
    for name, values, cut in zip(embedding.session_names, embedding.values, cuts, strict=True):
        if not 0 < cut < len(values):
            raise ValueError(
                f"session {name!r} has {len(values)} bins: too few to be divided at {100 * share:g} %"
            )
    return (
        _part(embedding, [slice(0, cut) for cut in cuts]),
        _part(embedding, [slice(cut, None) for cut in cuts]),
    )


def _part(embedding: Embedding, parts: list[slice]) -> Embedding:
    return replace(
        embedding,
        values=tuple(values[part] for values, part in zip(embedding.values, parts, strict=True)),
        sessions=tuple(session[part] for session, part in zip(embedding.sessions, parts, strict=True)),
        residual=tuple(residual[part] for residual, part in zip(embedding.residual, parts, strict=True)),
    )
