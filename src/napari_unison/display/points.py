"""Embeddings as napari points: layer data tuples, made without napari."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.display.colours import Colouring
    from napari_unison.encoder.embedding import Embedding

LayerData = tuple[npt.NDArray[np.float32], dict[str, Any], str]
Latents = tuple[int, ...] | Literal["pca"]

SCALE: Final = 100.0
"""Embeddings of unit length are drawn this much larger, so that point sizes and cameras behave."""

ALL_SESSIONS: Final = "all sessions"


@dataclass(frozen=True, eq=False)
class EmbeddingAxes:
    """Three axes through the latents of an embedding.

    Attributes
    ----------
    names : tuple of str
        Names of the three axes.
    matrix : ndarray of float32, (D, 3)
        Axes as columns; zero columns where the embedding has fewer than three latents.
    centre : ndarray of float32, (D,)
        What is taken off first.
    """

    names: tuple[str, str, str]
    matrix: npt.NDArray[np.float32]
    centre: npt.NDArray[np.float32]

    def project(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the coordinates (T, 3) of latents (T, D)."""
        return np.asarray((values - self.centre) @ self.matrix, dtype=np.float32)


def embedding_axes(embedding: Embedding, latents: Latents = "pca") -> EmbeddingAxes:
    """Choose three axes: three latents, or the principal components of all of them.

    Parameters
    ----------
    embedding : Embedding
        Embedding of one or more sessions; the components are those of all its bins.
    latents : "pca" or tuple of up to three int, default "pca"
        Latents counted from 0. Axes that are not there are zero.

    Raises
    ------
    ValueError
        If a latent does not exist, or not one to three are given.
    """
    count = embedding.n_latents
    matrix = np.zeros((count, 3), dtype=np.float32)
    if latents == "pca":
        values = embedding.stacked()[0]
        components = min(3, count, len(values))
        analysis = PCA(components, svd_solver="covariance_eigh").fit(values)
        matrix[:, :components] = analysis.components_.T
        names = [f"component {axis + 1}" if axis < components else "–" for axis in range(3)]
        return EmbeddingAxes(_three(names), matrix, analysis.mean_.astype(np.float32))
    if not 1 <= len(latents) <= 3 or any(not 0 <= latent < count for latent in latents):
        raise ValueError(
            f"latents {latents} cannot be drawn: give one to three of the {count} latents, "
            f"counted from 0, or 'pca'"
        )
    for axis, latent in enumerate(latents):
        matrix[latent, axis] = 1.0
    names = [f"latent {latent + 1}" for latent in latents] + ["–"] * (3 - len(latents))
    return EmbeddingAxes(_three(names), matrix, np.zeros(count, dtype=np.float32))


def _three(names: list[str]) -> tuple[str, str, str]:
    first, second, third = names
    return first, second, third


def thin(n_bins: int, n_shown: int) -> npt.NDArray[np.intp]:
    """Return at most ``n_shown`` of ``n_bins`` bins, evenly spaced, the first and the last among them."""
    if n_shown >= n_bins:
        return np.arange(n_bins, dtype=np.intp)
    return np.unique(np.linspace(0, n_bins - 1, max(n_shown, 1)).round().astype(np.intp))


def thin_sessions(embedding: Embedding, max_points: int) -> list[npt.NDArray[np.intp]]:
    """Choose the bins that are drawn: all, or evenly spaced ones of each session in proportion.

    Raises
    ------
    ValueError
        If fewer points are allowed than there are sessions.
    """
    lengths = [len(values) for values in embedding.values]
    if max_points < len(lengths):
        raise ValueError(f"max_points is {max_points}: {len(lengths)} sessions need at least one point each")
    total = sum(lengths)
    return [thin(length, max(1, max_points * length // total)) for length in lengths]


def point_layers(
    embedding: Embedding,
    latents: Latents | EmbeddingAxes,
    colouring: Colouring,
    *,
    max_points: int = 100_000,
    size: float = 1.5,
    opacity: float = 0.7,
    combined: bool = True,
    separate: bool = True,
) -> list[LayerData]:
    """Turn an embedding into points layers, one a session and one for all of them.

    Parameters
    ----------
    embedding : Embedding
        What is drawn.
    latents : "pca", tuple of int, or EmbeddingAxes
        The three axes (:func:`embedding_axes`).
    colouring : Colouring
        Colours of all its bins.
    max_points : int, default 100_000
        Most points of the layer "all sessions"; bins are left out evenly. The number shown is in the
        layer's metadata.
    size, opacity : float
        Of the points; the embedding is drawn 100 times larger than its values.
    combined : bool, default True
        Add the layer "all sessions", if there are several.
    separate : bool, default True
        Make the layers of the single sessions; one session alone always has its layer.

    Returns
    -------
    list of (ndarray (n, 3), dict, "points")
        napari's layer data tuples.

    Raises
    ------
    ValueError
        If the colours are not those of this embedding, or a latent does not exist.
    """
    lengths = [len(values) for values in embedding.values]
    if len(colouring.rgba) != sum(lengths):
        raise ValueError(
            f"there are colours for {len(colouring.rgba)} bins, but the embedding has {sum(lengths)}: "
            f"colour this embedding with feature_colours()"
        )
    axes = latents if isinstance(latents, EmbeddingAxes) else embedding_axes(embedding, latents)
    shown = thin_sessions(embedding, max_points)
    style = {"size": size, "opacity": opacity}
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    layers = [
        _layer(embedding, axes, colouring, [(index, shown[index])], offsets, style)
        for index in range(len(lengths))
        if separate or not combined or len(lengths) == 1
    ]
    if combined and len(lengths) > 1:
        layers.append(_layer(embedding, axes, colouring, list(enumerate(shown)), offsets, style))
    return layers


def _layer(
    embedding: Embedding,
    axes: EmbeddingAxes,
    colouring: Colouring,
    parts: list[tuple[int, npt.NDArray[np.intp]]],
    offsets: npt.NDArray[np.intp],
    style: dict[str, float],
) -> LayerData:
    """Build the layer of some sessions from (number of the session, its shown bins)."""
    session = embedding.sessions[parts[0][0]].name if len(parts) == 1 else None
    rows = np.concatenate([offsets[index] + bins for index, bins in parts])
    data = np.concatenate([axes.project(embedding.values[index][bins]) for index, bins in parts]) * SCALE
    attributes = {
        "name": f"{session or ALL_SESSIONS} · {embedding.short_description}",
        "features": _features(embedding, parts),
        "face_color": colouring.rgba[rows],
        "border_color": "transparent",
        "border_width": 0.0,
        "blending": "translucent",
        "out_of_slice_display": False,
        "axis_labels": axes.names,
        "metadata": {
            "kind": embedding.kind,
            "control": embedding.control,
            "description": embedding.description,
            "session": session,
            "sessions": tuple(embedding.sessions[index].name for index, _ in parts),
            "session_index": np.concatenate([np.full(len(bins), index) for index, bins in parts]),
            "bins": np.concatenate([bins for _, bins in parts]),
            "n_shown": len(rows),
            "n_bins": sum(len(embedding.values[index]) for index, _ in parts),
            "axes": axes.names,
            "colour_mode": colouring.mode,
            "legend": colouring.legend,
        },
        **style,
    }
    return data.astype(np.float32), attributes, "points"


def _features(
    embedding: Embedding, parts: list[tuple[int, npt.NDArray[np.intp]]]
) -> dict[str, npt.NDArray[Any]]:
    """Collect what is told of each point: session, time in seconds, and every label."""
    features: dict[str, list[npt.NDArray[Any]]] = {}
    roles = label_roles(embedding.sessions[0])
    for index, bins in parts:
        session = embedding.sessions[index]
        columns: dict[str, npt.NDArray[Any]] = {
            "session": np.full(len(bins), session.name, dtype=object),
            "time_s": session.time[bins],
            "segment": session.segment[bins],
        }
        for name, label in session.labels.items():
            if label.ndim == 1:
                columns[name] = label[bins]
            else:
                columns |= {f"{name}_{column + 1}": label[bins, column] for column in range(label.shape[1])}
        if roles.position and session.labels[roles.position].ndim == 1:
            columns.setdefault("position", session.labels[roles.position][bins])
        for name, values in columns.items():
            features.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in features.items()}
