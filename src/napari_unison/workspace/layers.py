"""The state as napari layers: points of the shown embedding, rasters of recordings that were dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from napari.layers import Layer, Points
from psygnal import Signal

from napari_unison._compat import name_in_grid_cell, set_canvas_title
from napari_unison.display import feature_colours, point_layers
from napari_unison.sessions import Session, SessionError
from napari_unison.workspace.camera import fit_camera
from napari_unison.workspace.runs import study_run

if TYPE_CHECKING:
    from napari_unison.display import LayerData
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.state import Workspace

#: Keys in ``layer.metadata`` under which a reader hands a session or a saved run over.
SESSION_KEY = "unison_session"
RUN_KEY = "unison_run"
FOLDER_KEY = "unison_folder"


class ViewerLayers:
    """Keeps a viewer's layers in step with a workspace.

    Layers are changed in place: taking a points layer out and putting a larger one in can end the process.

    Parameters
    ----------
    workspace : Workspace
        What is drawn.
    viewer : napari.Viewer
        Where; it is not kept alive.
    """

    drawn = Signal(object, int, int)
    """Emitted with the legend, and how many of how many time bins are drawn."""

    def __init__(self, workspace: Workspace, viewer: Any) -> None:
        self.workspace = workspace
        self._viewer = ref(viewer)
        self._points: dict[str, Points] = {}
        self._rasters: WeakSet[Layer] = WeakSet()
        self._shown: tuple[Any, ...] = ()
        workspace.events.embedding.connect(self.update)
        workspace.events.display.connect(self.update)
        viewer.layers.events.inserted.connect(self._on_inserted)
        for layer in list(viewer.layers):
            self._adopt(layer)

    def tell_drawn(self) -> None:
        """Tell again what is drawn, for somebody who has just come."""
        for layer in list(self._points.values())[:1]:
            told = layer.metadata
            self.drawn.emit(told["legend"], told["n_shown"], told["n_bins"])

    # -- recordings that come as layers ----------------------------------------------------------------

    def _on_inserted(self, event: Any) -> None:
        self._adopt(event.value)

    def _adopt(self, layer: Layer) -> None:
        """Take over the session or run that a reader or sample left in a layer."""
        session = layer.metadata.get(SESSION_KEY)
        run = layer.metadata.get(RUN_KEY)
        if isinstance(session, Session):
            self._rasters.add(layer)
            if session.name not in [known.name for known in self.workspace.sessions]:
                try:
                    self.workspace.sessions.append(session)
                except SessionError as error:
                    self.workspace.events.failed.emit(f"{session.name} is shown, but was not added. {error}")
        elif run is not None:
            self._points.setdefault(_role(layer), layer)
            self.workspace.add_run(study_run(run, layer.metadata[FOLDER_KEY]))

    def _remove_rasters(self, viewer: Any) -> None:
        # reset_view would fit hidden layers too, and a raster is much larger than an embedding.
        for layer in list(self._rasters):
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        self._rasters.clear()

    # -- the embedding ---------------------------------------------------------------------------------

    def update(self) -> None:
        """Draw the embedding that is to be shown; does nothing while there is none."""
        viewer, embedding = self._viewer(), self.workspace.embedding
        run = self.workspace.run
        if viewer is None or embedding is None or run is None:
            return
        settings = self.workspace.display
        wanted = wanted_layers(self.workspace, embedding)
        self._remove_rasters(viewer)
        for role in [role for role in self._points if role not in wanted]:
            layer = self._points.pop(role)
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        for role, data in wanted.items():
            self._draw(viewer, role, data)
            name_in_grid_cell(self._points[role], settings.grid)
        self._arrange(viewer, embedding)
        # The first layer is that of all sessions.
        title = title_of(run.name, embedding, next(iter(wanted.values()))[1]["metadata"])
        set_canvas_title(viewer, title, "bottom_left" if settings.grid else "top_left")
        self.tell_drawn()

    def _draw(self, viewer: Any, role: str, layer_data: LayerData) -> None:
        data, attributes, _ = layer_data
        layer = self._points.get(role)
        if layer is None or layer not in viewer.layers:
            # Smoothed rims would be dark: they are drawn before the points behind them.
            self._points[role] = viewer.add_layer(Points(data, antialiasing=0, **attributes))
            return
        replace_points(layer, layer_data)

    def _arrange(self, viewer: Any, embedding: Embedding) -> None:
        """Turn to three dimensions and fit the view, when what is drawn has another extent than before."""
        settings = self.workspace.display
        shown = (embedding, settings.latents, settings.grid)
        before, self._shown = self._shown, shown
        if before == shown:
            return
        viewer.canvas.grid.stride = -1
        viewer.canvas.grid.enabled = settings.grid
        viewer.dims.ndisplay = 3
        # The first layer is that of all sessions.
        points = next(iter(self._points.values())).data
        fit_camera(viewer, points, turn=not before or before[:2] != shown[:2])


def _role(layer: Layer) -> str:
    return str(layer.metadata.get("session") or "all sessions")


def wanted_layers(workspace: Workspace, embedding: Embedding) -> dict[str, LayerData]:
    """Return the layers that shall be drawn, by role: a session's name or "all sessions".

    "All sessions" comes first, and the last session is the next: the grid is filled from the last layer on.
    """
    settings, run = workspace.display, workspace.run
    latents = settings.latents
    if latents == "best":
        latents = run.best_latents(embedding.kind) if run is not None else "pca"
    colouring = feature_colours(embedding, settings.colour, on_dark=True)
    layers = point_layers(
        embedding,
        latents,
        colouring,
        max_points=settings.max_points,
        size=settings.point_size,
        opacity=settings.opacity,
    )
    if not settings.grid:
        layers = layers[-1:]
    return {str(layer[1]["metadata"]["session"] or "all sessions"): layer for layer in reversed(layers)}


def replace_points(layer: Points, layer_data: LayerData) -> None:
    """Change a points layer in place to other layer data."""
    data, attributes, _ = layer_data
    layer.data = data
    layer.features = attributes["features"]
    layer.face_color = attributes["face_color"]
    layer.border_color = attributes["border_color"]
    layer.border_width = attributes["border_width"]
    layer.size = attributes["size"]
    layer.opacity = attributes["opacity"]
    layer.axis_labels = attributes["axis_labels"]
    layer.metadata = attributes["metadata"]
    layer.name = attributes["name"]


def title_of(run_name: str, embedding: Embedding, shown: dict[str, Any]) -> str:
    """Say what is drawn: kind, sessions, run, axes, and how many of the time bins."""
    sessions = len(embedding.sessions)
    bins, drawn = shown["n_bins"], shown["n_shown"]
    points = f"{bins:,} time bins" if drawn == bins else f"{drawn:,} of {bins:,} time bins"
    axes = " / ".join(name for name in shown["axes"] if name != "–")
    count = f"{sessions} session{'s' * (sessions != 1)}"
    return f"{embedding.short_description} · {count} · {run_name}\n{axes} · {points}"
