"""The embedding so far, drawn while an encoder is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
import numpy.typing as npt
from napari.layers import Layer, Points

from napari_unison._compat import canvas_title, is_dark, scene_camera, set_canvas_title
from napari_unison.display import Colouring, EmbeddingAxes, embedding_axes, feature_colours, point_layers
from napari_unison.workspace.camera import fit_camera

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding, Look
    from napari_unison.workspace.layers import ViewerLayers
    from napari_unison.workspace.state import Workspace

NAME = "embedding so far"


class FormingPicture:
    """One layer of points that moves as the encoder learns; other layers are hidden meanwhile.

    Points are assigned in place, a few thousand at most, so that memory does not grow and drawing hardly
    slows the training. Axes are principal components, turned so that they follow those of the look before.

    Parameters
    ----------
    workspace : Workspace
        Tells what was learned so far.
    viewer : napari.Viewer
        Where to draw; it is not kept alive.
    layers : ViewerLayers
        Its ``drawn`` tells the legend.
    """

    def __init__(self, workspace: Workspace, viewer: Any, layers: ViewerLayers) -> None:
        self.workspace = workspace
        self._viewer_reference = ref(viewer)
        self._drawn = layers.drawn
        self.layer: Points | None = None
        self._hidden: list[Layer] = []
        self._title = "", "top_left"
        self._axes: EmbeddingAxes | None = None
        self._fitted: tuple[float, tuple[float, ...]] | None = None
        self._colouring: tuple[Any, Colouring] | None = None
        workspace.events.so_far.connect(self.show)

    def close(self) -> None:
        """Draw no more: the viewer is being closed."""
        self.workspace.events.so_far.disconnect(self.show, missing_ok=True)
        self._forget()

    def show(self, look: Look | None) -> None:
        """Draw what was learned so far, or take the picture away."""
        viewer = self._viewer_reference()
        if viewer is None:
            return
        if look is None or look.embedding is None:
            self._take_away(viewer)
        elif self.layer is None or self.layer not in viewer.layers:
            self._begin(viewer, look, look.embedding)
        else:
            self.layer.data = data = self._layer_data(look.embedding)[0]
            self._fit(viewer, data)
            self._tell(viewer, look)

    def _begin(self, viewer: Any, look: Look, embedding: Embedding) -> None:
        self._axes = None
        self._hidden = [layer for layer in viewer.layers if layer.visible]
        self._title = canvas_title(viewer)
        for layer in self._hidden:
            layer.visible = False
        data, attributes, _ = self._layer_data(embedding)
        self.layer = Points(data, antialiasing=0, **attributes | {"name": NAME})
        viewer.add_layer(self.layer)
        viewer.dims.ndisplay = 3
        self._fit(viewer, data, turn=True)
        told = attributes["metadata"]
        self._drawn.emit(told["legend"], told["n_shown"], told["n_bins"])
        self._tell(viewer, look)

    def _fit(self, viewer: Any, points: npt.NDArray[Any], *, turn: bool = False) -> None:
        """Let the points fill the canvas as they spread, unless somebody has zoomed or moved the view."""
        camera = scene_camera(viewer)
        if turn or (camera.zoom, tuple(camera.center)) == self._fitted:
            fit_camera(viewer, points, turn=turn)
            self._fitted = camera.zoom, tuple(camera.center)

    def _tell(self, viewer: Any, look: Look) -> None:
        n_points = 0 if self.layer is None else len(self.layer.data)
        title = (
            f"{NAME} · aligned · iteration {look.iteration:,}\nprincipal components · {n_points:,} time bins"
        )
        set_canvas_title(viewer, title, "top_left")

    def _take_away(self, viewer: Any) -> None:
        layer, title = self.layer, f"{NAME} · "
        if layer is None:
            return
        for hidden in self._hidden:
            if hidden in viewer.layers:
                hidden.visible = True
        if canvas_title(viewer)[0].startswith(title):
            # nothing else was drawn meanwhile
            set_canvas_title(viewer, *self._title)
            if not self._hidden:
                self._drawn.emit(None, 0, 0)
        self._forget()
        if layer in viewer.layers:
            viewer.layers.remove(layer)

    def _forget(self) -> None:
        self.layer, self._hidden, self._axes, self._colouring = None, [], None, None

    def _layer_data(self, embedding: Embedding) -> Any:
        display = self.workspace.display
        self._axes = turned_to(self._axes, embedding_axes(embedding, "pca"))
        return point_layers(
            embedding,
            self._axes,
            self._colours(embedding),
            max_points=display.max_points,
            size=display.point_size,
            opacity=display.opacity,
            separate=False,
        )[-1]

    def _colours(self, embedding: Embedding) -> Colouring:
        """Return the colours, which are those of the first look: all looks are of the same bins."""
        if self._colouring is None or self._colouring[0] != embedding.sessions:
            viewer = self._viewer_reference()
            on_dark = viewer is None or is_dark(viewer)
            self._colouring = embedding.sessions, feature_colours(embedding, on_dark=on_dark)
        return self._colouring[1]


def turned_to(before: EmbeddingAxes | None, now: EmbeddingAxes) -> EmbeddingAxes:
    """Turn axes so that they lie as near as they can to those of the look before.

    Principal components change their sign and their order from look to look, and the picture would jump. The
    rotation is that of the orthogonal Procrustes problem (Schönemann, 1966).
    """
    if before is None or before.matrix.shape != now.matrix.shape:
        return now
    left, _, right = np.linalg.svd(now.matrix.T @ before.matrix)
    rotation: npt.NDArray[np.float32] = (left @ right).astype(np.float32)
    return EmbeddingAxes(now.names, now.matrix @ rotation, now.centre)
