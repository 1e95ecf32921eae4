"""The workspace's view and the camera of its viewer: each follows the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari_unison._compat import canvas_size_signal, cell_size, scene_camera
from napari_unison.display.camera_view import CameraView

if TYPE_CHECKING:
    from napari_unison.workspace.state import Workspace


class CameraLink:
    """Tells the workspace from where its viewer looks, and turns the viewer as the workspace says.

    Parameters
    ----------
    workspace : Workspace
        Keeps the view.
    viewer : napari.Viewer
        Shows it; not kept alive. Only its three-dimensional camera counts.
    """

    def __init__(self, workspace: Workspace, viewer: Any) -> None:
        self._workspace = workspace
        self._viewer = ref(viewer)
        self._is_busy = False
        workspace.events.view.connect(self.look)
        for signal in self._signals():
            signal.connect(self.note)

    def close(self) -> None:
        """Leave the viewer, whose window is being closed."""
        self._workspace.events.view.disconnect(self.look, missing_ok=True)
        for signal in self._signals():
            signal.disconnect(self.note)

    def note(self, event: Any = None) -> None:  # noqa: ARG002 - napari hands an event
        """Tell the workspace from where the viewer looks now."""
        viewer = self._viewer()
        if viewer is None or self._is_busy or viewer.dims.ndisplay != 3:
            return
        camera, (height, width) = scene_camera(viewer), cell_size(viewer)
        if camera.zoom <= 0 or height <= 0:
            return
        view = CameraView.of(
            camera.view_direction, camera.up_direction, camera.center, height / camera.zoom, width / height
        )
        with self._busy():
            self._workspace.view = view

    def look(self, view: CameraView | None) -> None:
        """Look from where the workspace says."""
        viewer = self._viewer()
        if viewer is None or view is None or self._is_busy or viewer.dims.ndisplay != 3:
            return
        camera = scene_camera(viewer)
        with self._busy():
            camera.set_view_direction(view.direction, view.up)
            camera.center = view.centre
            camera.zoom = cell_size(viewer)[0] / view.height

    def _signals(self) -> list[Any]:
        viewer = self._viewer()
        if viewer is None:
            return []
        events = scene_camera(viewer).events
        return [events.angles, events.zoom, events.center, canvas_size_signal(viewer)]

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Do not answer what is told meanwhile: it comes from here."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
