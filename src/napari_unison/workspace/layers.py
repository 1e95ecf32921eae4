"""The state as napari layers: points of the shown embedding, rasters of recordings that were dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from napari.layers import Layer, Points
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_unison._compat import (
    drawn_once,
    is_dark,
    name_in_grid_cell,
    set_canvas_title,
    show_grid,
    theme_signal,
)
from napari_unison.display.flow_arrows import PLANES
from napari_unison.sessions import Session, SessionError
from napari_unison.workspace.camera import fit_camera
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.overlay_layers import OverlayLayers, Shown
from napari_unison.workspace.pictures import ALL_SESSIONS, PictureMaker, same_but_style, title_of

if TYPE_CHECKING:
    from napari_unison.display import LayerData
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.settings import DisplaySettings
    from napari_unison.workspace.state import Workspace

#: Keys in ``layer.metadata`` under which a reader hands over a session, or the folder of a saved run.
SESSION_KEY = "unison_session"
FOLDER_KEY = "unison_folder"
#: The line of Python that brings the session of a layer.
ORIGIN_KEY = "unison_origin"


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
        self._viewer_reference = ref(viewer)
        self._is_open = True
        self._points: dict[str, Points] = {}
        self._rasters: WeakSet[Layer] = WeakSet()
        self._shown: tuple[str, Embedding, DisplaySettings] | None = None
        self._pictures = PictureMaker()
        self._overlays = OverlayLayers()
        self._drawn: dict[str, LayerData] = {}
        workspace.events.embedding.connect(self.update)
        workspace.events.display.connect(self.update)
        workspace.events.cursor.connect(self._follow)
        theme_signal(viewer).connect(self._on_theme)
        workspace.events.job.connect(self._on_job)
        viewer.layers.events.inserted.connect(self._on_inserted)
        for layer in list(viewer.layers):
            self._adopt(layer, was_there=True)

    def _viewer(self) -> Any:
        """Return the viewer, or None if its window was closed."""
        return self._viewer_reference() if self._is_open else None

    def close(self) -> None:
        """Leave the viewer, whose window is being closed, as it is from now on."""
        events = self.workspace.events
        for signal, slot in (
            (events.embedding, self.update),
            (events.display, self.update),
            (events.cursor, self._follow),
            (events.job, self._on_job),
        ):
            signal.disconnect(slot, missing_ok=True)
        viewer = self._viewer()
        if viewer is not None:
            theme_signal(viewer).disconnect(self._on_theme)
        self._is_open = False
        self._overlays.close()
        self._forget()

    def _forget(self) -> None:
        self._points, self._drawn, self._shown, self._pictures = {}, {}, None, PictureMaker()

    @property
    def point_layers(self) -> list[Points]:
        """The layers in which the points of the embedding are drawn now."""
        viewer = self._viewer()
        return [] if viewer is None else [layer for layer in self._points.values() if layer in viewer.layers]

    @property
    def shown_embedding(self) -> Embedding | None:
        """The embedding whose points are drawn now."""
        return None if self._shown is None else self._shown[1]

    def tell_drawn(self) -> None:
        """Tell again what is drawn, for somebody who has just come."""
        for layer in list(self._points.values())[:1]:
            told = layer.metadata
            self.drawn.emit(told["legend"], told["n_shown"], told["n_bins"])

    # -- recordings and runs that come as layers -------------------------------------------------------

    def _on_inserted(self, event: Any) -> None:
        self._adopt(event.value)

    def _adopt(self, layer: Layer, *, was_there: bool = False) -> None:
        """Take over the session or run that a reader or sample left in a layer."""
        session, folder = layer.metadata.get(SESSION_KEY), layer.metadata.get(FOLDER_KEY)
        if isinstance(session, Session):
            self._adopt_session(layer, session, was_there=was_there)
        elif folder is not None:
            self._adopt_run(layer, Path(folder))

    def _adopt_session(self, layer: Layer, session: Session, *, was_there: bool) -> None:
        """Add a session; where it does not go with the others, its raster leaves with it.

        A raster that somebody looked at before the workspace was there stays.
        """
        if not any(known is session for known in self.workspace.sessions):
            origin = layer.metadata.get(ORIGIN_KEY)
            if origin is not None:
                self.workspace.journal.expect(origin, [session])
            try:
                self.workspace.sessions.append(session)
            except SessionError as error:
                outcome = "is shown, but was not added" if was_there else "was not added"
                self.workspace.events.failed.emit(f"{session.name} {outcome}. {error}")
                if not was_there:
                    # Not at once: napari is still adding the layer.
                    self._later(lambda viewer: _remove(viewer, layer))
                return
        self._rasters.add(layer)
        if self.workspace.embedding is not None:
            # Not at once: napari is still adding the layer.
            self._later(self._remove_rasters)

    def _adopt_run(self, layer: Layer, folder: Path) -> None:
        viewer, taken = self._viewer(), self._points.get(ALL_SESSIONS)
        if isinstance(layer, Points) and (taken is None or viewer is None or taken not in viewer.layers):
            self._points[ALL_SESSIONS] = layer
        else:
            self._later(lambda viewer: _remove(viewer, layer))

        def remove_if_empty() -> None:
            if FOLDER_KEY in layer.metadata:
                self._later(lambda viewer: _remove(viewer, layer))

        try:
            job = self.workspace.open(folder, background=True)
        except WorkspaceError as error:
            self.workspace.events.failed.emit(str(error))
            remove_if_empty()
            return
        if job.is_running:
            job.events.finished.connect(remove_if_empty)
        else:
            remove_if_empty()

    def _later(self, act: Callable[[Any], None]) -> None:
        """Change the viewer once napari is done with what it is doing."""

        def act_if_open() -> None:
            viewer = self._viewer()
            if viewer is not None:
                act(viewer)

        QTimer.singleShot(0, act_if_open)

    def _remove_rasters(self, viewer: Any) -> None:
        # reset_view would fit hidden layers too, and a raster is much larger than an embedding.
        for layer in list(self._rasters):
            _remove(viewer, layer)
        self._rasters.clear()

    # -- the embedding ---------------------------------------------------------------------------------

    def update(self) -> None:
        """Draw the embedding that is to be shown; keep the old picture while it is being computed."""
        viewer = self._viewer()
        if viewer is None:
            return
        run, embedding, settings = self.workspace.run, self.workspace.embedding, self.workspace.display
        if run is None or embedding is None:
            if self.workspace.awaited is None:
                self._clear(viewer)
            return
        before, self._shown = self._shown, (run.name, embedding, settings)
        is_there = bool(self._points) and all(layer in viewer.layers for layer in self._points.values())
        if is_there and before is not None and before[:2] == self._shown[:2]:
            if before[2] == settings:
                return
            if same_but_style(before[2], settings):
                self._restyle(viewer, before[2], settings)
                return
        self._redraw(viewer, before)

    def _redraw(self, viewer: Any, before: tuple[str, Embedding, DisplaySettings] | None) -> None:
        run, embedding, settings = self.workspace.run, self.workspace.embedding, self.workspace.display
        if run is None or embedding is None:
            return
        wanted = self._pictures.layers(run, embedding, settings, on_dark=is_dark(viewer))
        self._remove_rasters(viewer)
        for role in [role for role in self._points if role not in wanted]:
            _remove(viewer, self._points.pop(role))
        known = [layer for layer in self._points.values() if layer in viewer.layers]
        with drawn_once(*known, *self._overlays.layers):
            for role, data in wanted.items():
                self._draw(viewer, role, data)
        for layer in self._points.values():
            name_in_grid_cell(layer, settings.grid)
        self._drawn = wanted
        kinds_changed = self._update_overlays(viewer)
        self._arrange(viewer, embedding, settings, before, kinds_changed=kinds_changed)
        # The first layer is that of all sessions.
        title = title_of(run.name, embedding, next(iter(wanted.values()))[1]["metadata"])
        # A line of its own for the points leaves room for the legend beside it. In a grid the title lies over
        # a cell, and the names of the cells say the kind: one line of it is enough.
        title = title.splitlines()[-1] if settings.grid else "\n".join(title.rsplit(" · ", 1))
        set_canvas_title(viewer, title, "bottom_left" if settings.grid else "top_left")
        self.tell_drawn()

    def _restyle(self, viewer: Any, before: DisplaySettings, settings: DisplaySettings) -> None:
        for layer in self._points.values():
            if settings.point_size != before.point_size:
                layer.size = settings.point_size
            layer.opacity = settings.opacity
        looks = {"point_size", "trail", "flow", "flow_step"}
        if before.model_dump(include=looks) == settings.model_dump(include=looks):
            return
        if self._update_overlays(viewer):
            show_grid(viewer, settings.grid, per_cell=1 + self._overlays.per_cell)
        if settings.flow is not None and settings.flow != before.flow:
            # The plane is often seen from its edge: look down on it, as on a map below the points.
            points = next(iter(self._points.values())).data
            fit_camera(viewer, points, onto=PLANES[settings.flow], also=self._overlays.plane_points())
        elif settings.flow != before.flow:
            fit_camera(viewer, next(iter(self._points.values())).data)

    def _update_overlays(self, viewer: Any) -> bool:
        """Draw trail, cursor and flow field over the points; tell whether kinds of them came or went."""
        run, embedding, settings = self.workspace.run, self.workspace.embedding, self.workspace.display
        if run is None or embedding is None:
            return False
        on_dark = is_dark(viewer)
        shown = Shown(
            embedding,
            self._pictures.axes(run, embedding, settings),
            self._pictures.colouring(run, embedding, settings, on_dark=on_dark),
            settings,
            on_dark,
        )
        return self._overlays.update(viewer, self._points, shown, self.workspace.cursor)

    def _follow(self, cursor: tuple[str, float] | None) -> None:
        """Draw where the time cursor is."""
        viewer = self._viewer()
        if viewer is None or self._shown is None:
            return
        if self._overlays.has_cursor:
            self._overlays.follow(cursor)
        elif self._update_overlays(viewer):
            show_grid(viewer, self.workspace.display.grid, per_cell=1 + self._overlays.per_cell)

    def _on_theme(self) -> None:
        """Take colours that show on the new background."""
        viewer = self._viewer()
        if viewer is not None and self._shown is not None:
            self._redraw(viewer, self._shown)

    def _clear(self, viewer: Any) -> None:
        """Take the picture away, with its title and legend."""
        if self._shown is None:
            return
        self._overlays.clear(viewer)
        for layer in self._points.values():
            _remove(viewer, layer)
        self._forget()
        set_canvas_title(viewer, "", "top_left")
        self.drawn.emit(None, 0, 0)

    def _on_job(self, job: Job) -> None:
        # A picture that waits for an embedding waits in vain if it fails.
        if job.kind == "embedding" and job.error is not None:
            self.update()

    def _draw(self, viewer: Any, role: str, layer_data: LayerData) -> None:
        data, attributes, _ = layer_data
        layer = self._points.get(role)
        if layer is None or layer not in viewer.layers:
            # Smoothed rims would be dark: they are drawn before the points behind them.
            self._points[role] = viewer.add_layer(Points(data, antialiasing=0, **attributes))
            return
        replace_points(layer, layer_data, self._drawn.get(role))

    def _arrange(
        self,
        viewer: Any,
        embedding: Embedding,
        settings: DisplaySettings,
        before: tuple[str, Embedding, DisplaySettings] | None,
        *,
        kinds_changed: bool,
    ) -> None:
        """Turn to three dimensions and fit the view, when what is drawn has another extent than before."""
        per_cell = 1 + self._overlays.per_cell
        is_turned = before is None or before[1] is not embedding or before[2].latents != settings.latents
        if before is not None and not is_turned:
            same_cells = before[2].grid == settings.grid and before[2].sessions == settings.sessions
            if same_cells and kinds_changed:
                show_grid(viewer, settings.grid, per_cell=per_cell)
            if same_cells:
                return
        show_grid(viewer, settings.grid, per_cell=per_cell)
        viewer.dims.ndisplay = 3
        # The first layer is that of all sessions.
        points = next(iter(self._points.values())).data
        if settings.flow is None:
            fit_camera(viewer, points, turn=is_turned)
        else:
            onto = PLANES[settings.flow] if is_turned else None
            fit_camera(viewer, points, turn=False, onto=onto, also=self._overlays.plane_points())


def _remove(viewer: Any, layer: Layer) -> None:
    if layer in viewer.layers:
        viewer.layers.remove(layer)


def replace_points(layer: Points, layer_data: LayerData, before: LayerData | None = None) -> None:
    """Change a points layer in place to other layer data.

    Parameters
    ----------
    layer : Points
        The layer.
    layer_data : LayerData
        What it shall show.
    before : LayerData, optional
        What it shows now: arrays that are the same object are left alone.
    """
    data, attributes, _ = layer_data
    known: dict[str, Any] = {} if before is None or len(before[0]) != len(data) else before[1]
    if before is None or before[0] is not data:
        layer.data = data
        layer.axis_labels = attributes["axis_labels"]
    if known.get("features") is not attributes["features"]:
        layer.features = attributes["features"]
    if known.get("face_color") is not attributes["face_color"]:
        layer.face_color = attributes["face_color"]
    if not known:
        layer.border_color = attributes["border_color"]
        layer.border_width = attributes["border_width"]
    if known.get("size") != attributes["size"]:
        layer.size = attributes["size"]
    layer.opacity = attributes["opacity"]
    layer.metadata = attributes["metadata"]
    layer.name = attributes["name"]
