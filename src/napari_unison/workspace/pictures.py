"""What is drawn of an embedding, as layer data; axes and colours are computed once for each choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_unison.display import embedding_axes, feature_colours, point_layers
from napari_unison.encoder import Embedding

if TYPE_CHECKING:
    from napari_unison.display import Colouring, EmbeddingAxes, LayerData
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import DisplaySettings

#: The role of the layer that holds the points of all sessions.
ALL_SESSIONS = "all sessions"
#: What is changed in place, or not drawn as points at all.
STYLE = {"point_size", "opacity", "latent", "traces", "raster"}


def same_but_style(first: DisplaySettings, second: DisplaySettings) -> bool:
    """Tell whether two settings differ in nothing that decides where and in which colour points lie."""
    return first.model_dump(exclude=STYLE) == second.model_dump(exclude=STYLE)


class PictureMaker:
    """Makes the layers of embeddings, and remembers the last axes and colours of each."""

    def __init__(self) -> None:
        self._axes: WeakKeyDictionary[Embedding, tuple[Any, EmbeddingAxes]] = WeakKeyDictionary()
        self._colourings: WeakKeyDictionary[Embedding, tuple[str, Colouring]] = WeakKeyDictionary()

    def layers(self, run: StudyRun, embedding: Embedding, settings: DisplaySettings) -> dict[str, LayerData]:
        """Return the layers that shall be drawn, by role: a session's name or "all sessions".

        "All sessions" comes first, and the last session is the next: the grid is filled from the last layer
        on.
        """
        layers = point_layers(
            embedding,
            self._chosen_axes(run, embedding, settings),
            self._colouring(embedding, settings.colour),
            max_points=settings.max_points,
            size=settings.point_size,
            opacity=settings.opacity,
            separate=settings.grid,
        )
        return {str(layer[1]["metadata"]["session"] or ALL_SESSIONS): layer for layer in reversed(layers)}

    def _chosen_axes(self, run: StudyRun, embedding: Embedding, settings: DisplaySettings) -> EmbeddingAxes:
        latents = run.best_latents(embedding.kind) if settings.latents == "best" else settings.latents
        known = self._axes.get(embedding)
        if known is None or known[0] != latents:
            known = self._axes[embedding] = (latents, embedding_axes(embedding, latents))
        return known[1]

    def _colouring(self, embedding: Embedding, colour: str) -> Colouring:
        known = self._colourings.get(embedding)
        if known is None or known[0] != colour:
            known = self._colourings[embedding] = (colour, feature_colours(embedding, colour, on_dark=True))
        return known[1]


def page_of(
    run: StudyRun, embedding: Embedding, settings: DisplaySettings
) -> tuple[list[LayerData], str]:
    """Return the layers of a page on white, sessions first, and its title."""
    latents = run.best_latents(embedding.kind) if settings.latents == "best" else settings.latents
    layers = point_layers(
        embedding,
        embedding_axes(embedding, latents),
        feature_colours(embedding, settings.colour),
        max_points=settings.max_points,
        size=settings.point_size,
        opacity=settings.opacity,
        separate=settings.grid,
    )
    return layers, title_of(run.name, embedding, layers[-1][1]["metadata"])


def title_of(run_name: str, embedding: Embedding, shown: dict[str, Any]) -> str:
    """Say what is drawn: kind, sessions, run, axes, and how many of the time bins."""
    sessions = len(embedding.sessions)
    bins, drawn = shown["n_bins"], shown["n_shown"]
    points = f"{bins:,} time bins" if drawn == bins else f"{drawn:,} of {bins:,} time bins"
    axes = " / ".join(name for name in shown["axes"] if name != "–")
    count = f"{sessions} session{'s' * (sessions != 1)}"
    return f"{embedding.short_description} · {count} · {run_name}\n{axes} · {points}"
