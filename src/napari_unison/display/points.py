"""Embeddings as napari points: layer data tuples, made without napari."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
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
    latents : tuple of int or None
        The latents that the axes are; None where each is made of several.
    """

    names: tuple[str, str, str]
    matrix: npt.NDArray[np.float32]
    centre: npt.NDArray[np.float32]
    latents: tuple[int, ...] | None = None

    def project(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the coordinates (T, 3) of latents (T, D)."""
        if self.latents is not None:
            # Taken as they are: a product would wait for its threads on a busy machine.
            places = np.zeros((len(values), 3), dtype=np.float32)
            places[:, : len(self.latents)] = values[:, self.latents]
            return places
        # The centre is taken off afterwards: three columns instead of all.
        return np.asarray(values @ self.matrix - self.centre @ self.matrix, dtype=np.float32)


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
    return EmbeddingAxes(_three(names), matrix, np.zeros(count, dtype=np.float32), tuple(latents))


def _three(names: list[str]) -> tuple[str, str, str]:
    first, second, third = names
    return first, second, third


def thin(n_bins: int, n_shown: int) -> npt.NDArray[np.intp]:
    """Return at most ``n_shown`` of ``n_bins`` bins, evenly spaced, the first and the last among them."""
    if n_shown >= n_bins:
        return np.arange(n_bins, dtype=np.intp)
    return np.unique(np.linspace(0, n_bins - 1, max(n_shown, 1)).round().astype(np.intp))


def thin_sessions(
    embedding: Embedding, max_points: int, sessions: Collection[str] | None = None
) -> dict[int, npt.NDArray[np.intp]]:
    """Choose the bins that are drawn: all, or evenly spaced ones of each session in proportion.

    Parameters
    ----------
    embedding : Embedding
        What is drawn.
    max_points : int
        Most points of all sessions together.
    sessions : collection of str, optional
        Names of the sessions that are drawn; all unless given.

    Returns
    -------
    dict of int to ndarray of int
        The bins of each drawn session, by its number in the embedding.

    Raises
    ------
    ValueError
        If fewer points are allowed than there are sessions, or none of the sessions exists.
    """
    lengths = {
        index: len(values)
        for index, values in enumerate(embedding.values)
        if sessions is None or embedding.session_names[index] in sessions
    }
    if not lengths:
        raise ValueError(
            f"none of these sessions is in the embedding: it holds {', '.join(embedding.session_names)}"
        )
    if max_points < len(lengths):
        raise ValueError(f"max_points is {max_points}: {len(lengths)} sessions need at least one point each")
    total = sum(lengths.values())
    return {index: thin(length, max(1, max_points * length // total)) for index, length in lengths.items()}


@dataclass(eq=False)
class PointSet:
    """The bins that one layer draws; remembers what it was last asked, so that nothing is computed twice.

    Attributes
    ----------
    embedding : Embedding
        What they are bins of.
    parts : dict of int to ndarray of int
        Drawn bins by number of the session.
    features : dict of str to ndarray, (n,)
        What is told of each point.
    rows : ndarray of int, (n,)
        The same bins as rows of the stacked embedding.
    """

    embedding: Embedding
    parts: dict[int, npt.NDArray[np.intp]]
    features: dict[str, npt.NDArray[Any]] = field(init=False, repr=False)
    rows: npt.NDArray[np.intp] = field(init=False, repr=False)
    session_index: npt.NDArray[np.intp] = field(init=False, repr=False)
    bins: npt.NDArray[np.intp] = field(init=False, repr=False)
    _positions: tuple[EmbeddingAxes, npt.NDArray[np.float32]] | None = field(default=None, repr=False)
    _colours: tuple[Colouring, npt.NDArray[np.float32]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        lengths = [len(values) for values in self.embedding.values]
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
        self.bins = np.concatenate(list(self.parts.values()))
        self.session_index = np.concatenate([np.full(len(bins), index) for index, bins in self.parts.items()])
        self.rows = offsets[self.session_index] + self.bins
        self.features = _features(self.embedding, list(self.parts.items()))

    @property
    def session(self) -> str | None:
        """Name of the only session; None if there are several."""
        return self.embedding.session_names[next(iter(self.parts))] if len(self.parts) == 1 else None

    @property
    def title(self) -> str:
        """Which sessions, in words."""
        if self.session is not None:
            return self.session
        total = len(self.embedding.sessions)
        return ALL_SESSIONS if len(self.parts) == total else f"{len(self.parts)} of {total} sessions"

    @property
    def n_bins(self) -> int:
        """How many bins the sessions have, drawn or not."""
        return sum(len(self.embedding.values[index]) for index in self.parts)

    def positions(self, axes: EmbeddingAxes) -> npt.NDArray[np.float32]:
        """Return where the points lie, (n, 3)."""
        if self._positions is None or self._positions[0] is not axes:
            parts = [axes.project(self.embedding.values[index])[bins] for index, bins in self.parts.items()]
            self._positions = axes, (np.concatenate(parts) * SCALE).astype(np.float32)
        return self._positions[1]

    def colours(self, colouring: Colouring) -> npt.NDArray[np.float32]:
        """Return the points' colours, (n, 4)."""
        if self._colours is None or self._colours[0] is not colouring:
            self._colours = colouring, colouring.rgba[self.rows]
        return self._colours[1]


def point_sets(
    embedding: Embedding,
    *,
    max_points: int = 100_000,
    sessions: Collection[str] | None = None,
    combined: bool = True,
    separate: bool = True,
) -> list[PointSet]:
    """Choose which bins each layer draws; see :func:`point_layers`."""
    shown = thin_sessions(embedding, max_points, sessions)
    sets = [
        PointSet(embedding, {index: bins})
        for index, bins in shown.items()
        if separate or not combined or len(shown) == 1
    ]
    if combined and len(shown) > 1:
        sets.append(PointSet(embedding, shown))
    return sets


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
    sessions: Collection[str] | None = None,
    sets: list[PointSet] | None = None,
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
        Add the layer of all drawn sessions, if there are several.
    separate : bool, default True
        Make the layers of the single sessions; one session alone always has its layer.
    sessions : collection of str, optional
        Names of the sessions that are drawn; all unless given.
    sets : list of PointSet, optional
        What :func:`point_sets` returned for the same choices, so that it is not chosen again.

    Returns
    -------
    list of (ndarray (n, 3), dict, "points")
        napari's layer data tuples.

    Raises
    ------
    ValueError
        If the colours are not those of this embedding, or a latent or all of the sessions do not exist.
    """
    total = sum(len(values) for values in embedding.values)
    if len(colouring.rgba) != total:
        raise ValueError(
            f"there are colours for {len(colouring.rgba)} bins, but the embedding has {total}: "
            f"colour this embedding with feature_colours()"
        )
    axes = latents if isinstance(latents, EmbeddingAxes) else embedding_axes(embedding, latents)
    if sets is None:
        sets = point_sets(
            embedding, max_points=max_points, sessions=sessions, combined=combined, separate=separate
        )
    return [_layer(points, axes, colouring, size, opacity) for points in sets]


def _layer(
    points: PointSet, axes: EmbeddingAxes, colouring: Colouring, size: float, opacity: float
) -> LayerData:
    """Build the layer of a set of points."""
    embedding = points.embedding
    attributes = {
        "name": f"{points.title} · {embedding.short_description}",
        "features": points.features,
        "face_color": points.colours(colouring),
        "border_color": "transparent",
        "border_width": 0.0,
        "blending": "translucent",
        "out_of_slice_display": False,
        "axis_labels": axes.names,
        "size": size,
        "opacity": opacity,
        "metadata": {
            "embedding": embedding,
            "kind": embedding.kind,
            "control": embedding.control,
            "description": embedding.description,
            "session": points.session,
            "sessions": tuple(embedding.session_names[index] for index in points.parts),
            "session_index": points.session_index,
            "bins": points.bins,
            "n_shown": len(points.rows),
            "n_bins": points.n_bins,
            "axes": axes.names,
            "colour_mode": colouring.mode,
            "legend": colouring.legend,
        },
    }
    return points.positions(axes), attributes, "points"


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
