"""What is drawn of an embedding, as layer data; axes and colours are computed once for each choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_unison.display import embedding_axes, feature_colours, point_layers
from napari_unison.display.points import point_sets
from napari_unison.encoder import Embedding
from napari_unison.workspace.colouring import errors_of

if TYPE_CHECKING:
    from napari_unison.display import Colouring, EmbeddingAxes, LayerData
    from napari_unison.display.points import PointSet
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import DisplaySettings

#: The role of the layer that holds the points of all sessions that are drawn; of the only one, too.
ALL_SESSIONS = "all sessions"
#: What is changed in place, or not drawn as points at all.
STYLE = {"point_size", "opacity", "latent", "traces", "raster", "trail", "flow", "flow_step"}


def same_but_style(first: DisplaySettings, second: DisplaySettings) -> bool:
    """Tell whether two settings differ in nothing that decides where and in which colour points lie."""
    return first.model_dump(exclude=STYLE) == second.model_dump(exclude=STYLE)


class PictureMaker:
    """Makes the layers of embeddings, and remembers the last axes, colours and points of each.

    What did not change is the same array as before.
    """

    def __init__(self) -> None:
        self._axes: WeakKeyDictionary[Embedding, tuple[Any, EmbeddingAxes]] = WeakKeyDictionary()
        self._colourings: WeakKeyDictionary[Embedding, tuple[Any, Colouring]] = WeakKeyDictionary()
        self._sets: tuple[Any, list[PointSet]] | None = None

    def layers(
        self, run: StudyRun, embedding: Embedding, settings: DisplaySettings, *, on_dark: bool = True
    ) -> dict[str, LayerData]:
        """Return the layers that shall be drawn, by role: a session's name or "all sessions".

        "All sessions" comes first, and the last session is the next: the grid is filled from the last layer
        on.
        """
        layers = point_layers(
            embedding,
            self.axes(run, embedding, settings),
            self.colouring(run, embedding, settings, on_dark=on_dark),
            size=settings.point_size,
            opacity=settings.opacity,
            sets=self._points(embedding, settings),
        )
        last = layers.pop()
        return {ALL_SESSIONS: last} | {str(layer[1]["metadata"]["session"]): layer for layer in layers[::-1]}

    def axes(self, run: StudyRun, embedding: Embedding, settings: DisplaySettings) -> EmbeddingAxes:
        """Return the axes that are shown."""
        latents = run.best_latents(embedding.kind) if settings.latents == "best" else settings.latents
        known = self._axes.get(embedding)
        if known is None or known[0] != latents:
            known = self._axes[embedding] = (latents, embedding_axes(embedding, latents))
        return known[1]

    def colouring(
        self, run: StudyRun, embedding: Embedding, settings: DisplaySettings, *, on_dark: bool
    ) -> Colouring:
        """Return the colours that are shown."""
        errors = errors_of(run, embedding)
        asked = (settings.colour, settings.palette, on_dark, errors)
        known = self._colourings.get(embedding)
        if known is None or known[0] != asked:
            colouring = feature_colours(
                embedding, settings.colour, on_dark=on_dark, palette=settings.palette, errors=errors
            )
            known = self._colourings[embedding] = (asked, colouring)
        return known[1]

    def _points(self, embedding: Embedding, settings: DisplaySettings) -> list[PointSet]:
        # Sets hold their embedding: those of the last one only, or nothing could ever be let go of.
        asked = (id(embedding), settings.max_points, settings.sessions, settings.grid)
        if self._sets is None or self._sets[0] != asked:
            sets = point_sets(
                embedding,
                max_points=settings.max_points,
                sessions=settings.sessions,
                separate=settings.grid,
            )
            self._sets = (asked, sets)
        return self._sets[1]


def title_of(run_name: str, embedding: Embedding, shown: dict[str, Any]) -> str:
    """Say what is drawn: kind, sessions, run, axes, and how many of the time bins."""
    sessions, chosen = len(embedding.sessions), len(shown["sessions"])
    bins, drawn = shown["n_bins"], shown["n_shown"]
    points = f"{bins:,} time bins" if drawn == bins else f"{drawn:,} of {bins:,} time bins"
    axes = " / ".join(name for name in shown["axes"] if name != "–")
    share = f"{chosen} of {sessions}" if chosen != sessions else f"{sessions}"
    count = f"{share} session{'s' * (sessions != 1)}"
    return f"{embedding.short_description} · {count} · {run_name}\n{axes} · {points}"
