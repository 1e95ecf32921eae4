"""Which workspace belongs to which viewer."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from napari.utils.notifications import show_error, show_warning

from napari_unison import _compat
from napari_unison._compat import guard_triton_once_drawn, on_viewer_closed, push_to_console, unwrapped
from napari_unison.workspace.camera_link import CameraLink
from napari_unison.workspace.forming import FormingPicture
from napari_unison.workspace.highlight import SelectionHighlight
from napari_unison.workspace.layers import ViewerLayers
from napari_unison.workspace.runs import RUN_ENDING
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.whole_workspace import WORKSPACE_ENDING
from napari_unison.workspace.workers import NapariRunner

#: NWB in a folder of Zarr.
RECORDING_FOLDER_ENDING = ".nwb.zarr"

_LAYERS_OF: WeakKeyDictionary[Any, ViewerLayers] = WeakKeyDictionary()


def get_workspace(viewer: Any) -> Workspace:
    """Return the workspace of a viewer, made on first use.

    The viewer shows what the workspace holds, napari's console knows it as ``workspace``, and closing the
    viewer closes it.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer, or the proxy that napari hands to plugins and to its console.

    Returns
    -------
    Workspace
        The same object for every call with the same viewer; the widgets use it too.
    """
    return layers_of(viewer).workspace


def layers_of(viewer: Any) -> ViewerLayers:
    """Return what keeps a viewer's layers in step with its workspace."""
    viewer = unwrapped(viewer)
    if viewer not in _LAYERS_OF:
        workspace = Workspace(runner=NapariRunner(viewer))
        workspace.events.failed.connect(show_error)
        workspace.events.warned.connect(show_warning)
        layers = _LAYERS_OF[viewer] = ViewerLayers(workspace, viewer)
        forming = FormingPicture(workspace, viewer, layers)
        camera = CameraLink(workspace, viewer)
        highlight = SelectionHighlight(layers, viewer)

        def close() -> None:
            # The layers of a window that is being closed are napari's business.
            camera.close()
            highlight.close()
            forming.close()
            layers.close()
            workspace.close()

        push_to_console(viewer, workspace=workspace)
        on_viewer_closed(viewer, close)
        guard_triton_once_drawn(viewer)
        # By its module, so that tests can leave the settings of whoever runs them alone.
        _compat.open_folders_ourselves((RUN_ENDING, WORKSPACE_ENDING, RECORDING_FOLDER_ENDING))
    return _LAYERS_OF[viewer]
