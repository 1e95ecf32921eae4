"""What napari's manifest names: reader, writer, samples, and the widget that opens the workspace.

Importing this module imports none of the rooms; napari does so whenever somebody drops a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari.viewer
    import numpy as np

    from napari_unison.encoder import Embedding
    from napari_unison.sessions import Session
    from napari_unison.widgets.keep_actions import KeepActions
    from napari_unison.workspace.jobs import Job

LayerData = tuple[Any, dict[str, Any], str]

RECORDING_ENDINGS = (".jl", ".jl.gz", ".nwb")
#: NWB in a folder of Zarr.
FOLDER_ENDING = ".nwb.zarr"
RUN_ENDING = ".unison"
WORKSPACE_ENDING = ".unison-workspace"
WORKSPACE_TITLE = "Unison workspace"
STAND_IN_KEY = "unison_stand_in"
#: Height of a raster beside its width, which is in seconds: some tens of neurons over many minutes would be
#: a thin line else.
RASTER_SHAPE = 0.6
#: Of the bins that are not zero, this share is drawn darker than the brightest; few large values dim nothing.
BRIGHT_SHARE = 0.95
THE_WAY = f"To train, explore and decode: Plugins › napari-unison › {WORKSPACE_TITLE}."


def __getattr__(name: str) -> Any:
    """Load the widgets only when they are opened (PEP 562)."""
    if name == "UnisonWidget":
        return import_module("napari_unison.widgets.unison").UnisonWidget
    if name == "DecodeDock":
        return import_module("napari_unison.widgets.decode").DecodeDock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return a reader for recordings, saved runs and workspaces, and None at once for everything else."""
    paths = [path] if isinstance(path, str) else list(path)
    if paths and all(_is_ours(Path(p)) for p in paths):
        return read_layers
    return None


def _is_ours(path: Path) -> bool:
    if path.name.endswith(RECORDING_ENDINGS):
        return path.is_file()
    if path.name.endswith(FOLDER_ENDING):
        return path.is_dir()
    return path.suffix in (RUN_ENDING, WORKSPACE_ENDING) and path.is_dir()


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Read recordings as rasters and runs as points; a workspace takes them over from ``layer.metadata``."""
    layers: list[LayerData] = []
    for one in [path] if isinstance(path, str) else path:
        layers += layers_of(Path(one))
    tell_the_way()
    return layers


def layers_of(path: Path) -> list[LayerData]:
    """Read one recording or run."""
    from napari import current_viewer

    if path.suffix in (RUN_ENDING, WORKSPACE_ENDING):
        return run_layers(path)
    viewer = current_viewer()
    if viewer is None or path.name.endswith((".jl", ".jl.gz")):
        return recording_layers(path)
    open_recording(viewer, path)
    # napari's own sign for a file that was read and gives no layer, now
    return [(None,)]  # type: ignore[list-item]


def open_recording(viewer: napari.viewer.Viewer, path: Path) -> Job:
    """Open a recording of another make in the background; its rasters are shown then.

    Where it does not say what is activity and what a label, the open workspace asks.
    """
    from napari.utils.notifications import show_error, show_info

    from napari_unison.widgets.importing import open_dropped
    from napari_unison.workspace.viewers import get_workspace

    docks = viewer.window.dock_widgets.items()
    sessions = next((dock.sessions for name, dock in docks if WORKSPACE_TITLE in name), None)

    def show(session: Session) -> None:
        raster, attributes, _ = raster_layer(session)
        viewer.add_image(raster, **attributes)

    show_info(f"Reading {path.name} …")
    return open_dropped(
        get_workspace(viewer),
        path,
        show=show,
        ask=None if sessions is None else sessions.ask_about,
        note=show_info,
        fail=show_error,
    )


def tell_the_way() -> None:
    """Say where sessions and runs are worked with, where napari is open and the workspace is not."""
    from napari import current_viewer
    from napari.utils.notifications import show_info

    viewer = current_viewer()
    if viewer is not None and not any(WORKSPACE_TITLE in name for name in viewer.window.dock_widgets):
        show_info(THE_WAY)


def recording_layers(path: Path) -> list[LayerData]:
    """Read the sessions of a file as raster layers."""
    from napari_unison.sessions import load_sessions
    from napari_unison.workspace.journal import line_of_opening

    line = line_of_opening([path], {})
    return [raster_layer(session, line) for session in load_sessions([path])]


def run_layers(folder: Path) -> list[LayerData]:
    """Hand a saved run or workspace over to the viewer's; without a viewer, read it as points."""
    from napari import current_viewer

    from napari_unison.workspace.viewers import get_workspace

    viewer = current_viewer()
    if viewer is None:
        return [points_of_run(folder)]
    # The workspace opens it in the background, and fills the layer.
    get_workspace(viewer)
    return [empty_layer(folder)]


def empty_layer(folder: Path) -> LayerData:
    """Return a layer without points, which a workspace fills with the run in a folder."""
    import numpy as np

    from napari_unison.workspace.layers import FOLDER_KEY

    attributes = {
        "name": f"{folder.stem} · opening",
        "ndim": 3,
        "antialiasing": 0,
        "metadata": {FOLDER_KEY: folder},
    }
    return np.zeros((0, 3), dtype=np.float32), attributes, "points"


def points_of_run(folder: Path) -> LayerData:
    """Read a saved run as the points of its embedding, which is computed where none was saved.

    Of a saved workspace it is the run that was shown.
    """
    from napari_unison.display import feature_colours, point_layers
    from napari_unison.workspace.layers import FOLDER_KEY

    embedding = saved_embedding(folder)
    colouring = feature_colours(embedding, on_dark=True)
    data, attributes, kind = point_layers(embedding, "pca", colouring, separate=False)[-1]
    metadata = attributes["metadata"] | {FOLDER_KEY: folder}
    return data, attributes | {"metadata": metadata}, kind


def saved_embedding(folder: Path) -> Embedding:
    """Return the aligned embedding of a saved run, or of the run that a saved workspace shows."""
    from napari_unison.encoder import load_run
    from napari_unison.workspace import WorkspaceError
    from napari_unison.workspace.keep import read_workspace

    if folder.suffix == WORKSPACE_ENDING:
        contents = read_workspace(folder)
        if contents.run is None:
            raise WorkspaceError(f"{folder} holds sessions, but no run to be drawn as points")
        kept = contents.runs[contents.run]
        found = kept.embedding("aligned")
        return kept.encoder.embed() if found is None else found
    run = load_run(folder)
    return run.encoder.embed() if run.embedding is None else run.embedding


def raster_layer(session: Session, origin: str | None = None) -> LayerData:
    """Return a session's activity as an image, one row a neuron and one column a time bin.

    The axis of time is in seconds; rows are as high as the canvas has room for. ``origin`` is the line of
    Python that brings the session. Brightness reaches to a quantile of the bins that are not zero, so that
    sparse counts show.
    """
    from napari_unison.workspace.layers import ORIGIN_KEY, SESSION_KEY

    raster = dense_raster(session)
    row_height = RASTER_SHAPE * session.duration / session.n_neurons
    attributes = {
        "name": f"{session.name} · {session.n_neurons} neurons",
        "colormap": "gray",
        "contrast_limits": (0.0, brightness(raster)),
        "scale": (row_height, session.bin_width),
        "translate": (row_height / 2, session.start + session.bin_width / 2),
        "axis_labels": ("neuron", "time (s)"),
        "metadata": {SESSION_KEY: session} | ({} if origin is None else {ORIGIN_KEY: origin}),
    }
    return raster, attributes, "image"


def brightness(raster: np.ndarray) -> float:
    """Return the activity that is drawn brightest."""
    import numpy as np

    active = raster[raster > 0]
    return float(np.quantile(active, BRIGHT_SHARE)) if active.size else 1.0


def dense_raster(session: Session) -> np.ndarray:
    """Return neural activity as (N, T) float32."""
    import numpy as np

    neural = session.neural
    dense = neural if isinstance(neural, np.ndarray) else neural.toarray()
    return np.ascontiguousarray(dense.T, dtype=np.float32)


def linear_track() -> list[LayerData]:
    """Return the simulated sample as raster layers."""
    return _sample_layers("linear-track")


def rat_hippocampus() -> list[LayerData]:
    """Return the published sample as raster layers."""
    return _sample_layers("rat-hippocampus")


def _sample_layers(name: str) -> list[LayerData]:
    from napari import current_viewer

    from napari_unison.sessions import sample_sessions
    from napari_unison.sessions.samples import needs_download
    from napari_unison.workspace.journal import line_of_sample

    viewer = current_viewer()
    if viewer is not None and needs_download(name):
        download_sample(viewer, name)
        return [stand_in(name)]
    return [raster_layer(session, line_of_sample(name)) for session in sample_sessions(name)]


def download_sample(viewer: napari.viewer.Viewer, name: str) -> Job:
    """Download a sample in the background, and show its rasters then.

    The workspace is opened: it tells how far the download is, and can stop it.
    """
    from napari_unison.workspace.layers import SESSION_KEY
    from napari_unison.workspace.viewers import get_workspace

    viewer.window.add_plugin_dock_widget("napari-unison", WORKSPACE_TITLE)
    job = get_workspace(viewer).open_sample(name, background=True)

    def show_rasters() -> None:
        if job.is_cancelled:  # the window closes
            return
        for layer in [layer for layer in viewer.layers if layer.metadata.get(STAND_IN_KEY) == name]:
            viewer.layers.remove(layer)
        shown = [layer.metadata.get(SESSION_KEY) for layer in viewer.layers]
        for session in job.result or []:
            if not any(session is known for known in shown):  # somebody asked twice
                raster, attributes, _ = raster_layer(session)
                viewer.add_image(raster, **attributes)

    job.events.finished.connect(show_rasters)
    return job


def stand_in(name: str) -> LayerData:
    """Return a black layer for a sample that is being downloaded: napari takes none for an error."""
    import numpy as np

    attributes = {"name": f"{name} · downloading", "metadata": {STAND_IN_KEY: name}}
    return np.zeros((1, 1), dtype=np.float32), attributes, "image"


# -- writing -----------------------------------------------------------------------------------------------


def write_points(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the embedding behind points layers as a table; points of somebody else as napari does.

    All time bins and latents of the layers' sessions are written, not just what is drawn.

    Parameters
    ----------
    path : str
        Ends in ``.csv``, ``.npz`` or ``.parquet``.
    layers : sequence of layer data
        Points layers.

    Returns
    -------
    list of str
        What was written: one file for layers of one embedding, else one a layer.
    """
    from napari_unison.display.export import check_table_file, write_layers

    file = Path(path)
    check_table_file(file)
    return [str(written) for written in write_layers(layers, file)]


# -- commands of napari's palette --------------------------------------------------------------------------


def save_workspace(viewer: napari.viewer.Viewer) -> None:
    """Ask where to, and save the viewer's workspace."""
    _actions(viewer).save_workspace()


def open_workspace(viewer: napari.viewer.Viewer) -> None:
    """Ask which saved workspace, and open it."""
    _actions(viewer).open_workspace()


def export_embedding(viewer: napari.viewer.Viewer) -> None:
    """Ask where to, and write the embedding that is shown, as a table or into a copy of an NWB file."""
    _actions(viewer).export()


def export_session(viewer: napari.viewer.Viewer) -> None:
    """Ask which session and where to, and write it."""
    _actions(viewer).export_session()


def save_figure(viewer: napari.viewer.Viewer) -> None:
    """Ask where to, and write the view as a figure."""
    _actions(viewer).save_figure()


def save_movie(viewer: napari.viewer.Viewer) -> None:
    """Ask where to, and make a movie that walks around the view."""
    _actions(viewer).save_movie()


def link_movie(viewer: napari.viewer.Viewer) -> None:
    """Ask for a movie, and link it with the time cursor."""
    _actions(viewer).link_movie()


def copy_script(viewer: napari.viewer.Viewer) -> None:
    """Put the Python that repeats what was done on the clipboard."""
    _actions(viewer).copy_script()


def _actions(viewer: napari.viewer.Viewer) -> KeepActions:
    from napari_unison.widgets.keep_actions import KeepActions

    return KeepActions.of(viewer)
