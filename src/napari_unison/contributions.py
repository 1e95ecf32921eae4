"""What napari's manifest names: the reader, the samples and the widget that opens the workspace.

Importing this module imports none of the rooms; napari does so whenever somebody drops a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from napari_unison.sessions import Session

LayerData = tuple[Any, dict[str, Any], str]

RECORDING_ENDINGS = (".jl", ".jl.gz")
RUN_ENDING = ".unison"


def __getattr__(name: str) -> Any:
    """Load the widgets only when they are opened (PEP 562)."""
    if name == "UnisonWidget":
        return import_module("napari_unison.widgets.unison").UnisonWidget
    if name == "DecodeDock":
        return import_module("napari_unison.widgets.decode").DecodeDock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return a reader for recordings and saved runs, and None at once for everything else."""
    paths = [path] if isinstance(path, str) else list(path)
    if paths and all(_is_ours(Path(p)) for p in paths):
        return read_layers
    return None


def _is_ours(path: Path) -> bool:
    if path.name.endswith(RECORDING_ENDINGS):
        return path.is_file()
    return path.suffix == RUN_ENDING and path.is_dir()


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Read recordings as rasters and runs as points; a workspace takes them over from ``layer.metadata``."""
    layers: list[LayerData] = []
    for one in [path] if isinstance(path, str) else path:
        layers += run_layers(Path(one)) if Path(one).is_dir() else recording_layers(Path(one))
    return layers


def recording_layers(path: Path) -> list[LayerData]:
    """Read the sessions of a file as raster layers."""
    from napari_unison.sessions import load_sessions

    return [raster_layer(session) for session in load_sessions([path])]


def run_layers(folder: Path) -> list[LayerData]:
    """Hand a saved run over to the viewer's workspace; without a viewer, read it as points."""
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
    """Read a saved run as the points of its embedding, which is computed where none was saved."""
    from napari_unison.display import feature_colours, point_layers
    from napari_unison.encoder import load_run
    from napari_unison.workspace.layers import FOLDER_KEY

    run = load_run(folder)
    embedding = run.embedding if run.embedding is not None else run.encoder.embed()
    colouring = feature_colours(embedding, on_dark=True)
    data, attributes, kind = point_layers(embedding, "pca", colouring, separate=False)[-1]
    metadata = attributes["metadata"] | {FOLDER_KEY: folder}
    return data, attributes | {"metadata": metadata}, kind


def raster_layer(session: Session) -> LayerData:
    """Return a session's activity as an image, one row a neuron and one column a time bin.

    Brightness reaches to a quantile of the bins that are not zero, so that sparse counts show.
    """
    from napari_unison.workspace.layers import SESSION_KEY

    raster = dense_raster(session)
    brightest = float(raster.max(initial=0.0))
    attributes = {
        "name": f"{session.name} · {session.n_neurons} neurons",
        "colormap": "gray",
        "contrast_limits": (0.0, brightest or 1.0),
        "scale": (1.0, session.bin_width),
        "translate": (0.0, session.start),
        "axis_labels": ("neuron", "time (s)"),
        "metadata": {SESSION_KEY: session},
    }
    return raster, attributes, "image"


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
    from napari_unison.sessions import sample_sessions

    return [raster_layer(session) for session in sample_sessions(name)]
