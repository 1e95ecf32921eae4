"""Selected time in the picture of the embedding: selected points keep their colour, the others fade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from napari_unison._compat import recolour_points
from napari_unison.display.selected_points import faded, selected_points

if TYPE_CHECKING:
    from napari.layers import Points

    from napari_unison.workspace.layers import ViewerLayers

#: Without depth, so that points that fade hide no others behind them.
FADED_BLENDING = "translucent_no_depth"


@dataclass(frozen=True, eq=False)
class _Faded:
    """What a layer was drawn with, and the colours that it was given instead."""

    own: npt.NDArray[Any]
    blending: str
    given: npt.NDArray[Any]


class SelectionHighlight:
    """Keeps the colours of the points in step with the selection.

    Parameters
    ----------
    layers : ViewerLayers
        Whose layers are recoloured, each time they were drawn and each time the selection changes.
    viewer : napari.Viewer
        Where they are drawn; it is not kept alive.
    """

    def __init__(self, layers: ViewerLayers, viewer: Any) -> None:
        self._layers = layers
        self._viewer = ref(viewer)
        self._faded: WeakKeyDictionary[Points, _Faded] = WeakKeyDictionary()
        layers.drawn.connect(self.update)
        layers.workspace.events.selection.connect(self.update)

    def close(self) -> None:
        """Leave the layers as they are from now on."""
        self._layers.drawn.disconnect(self.update, missing_ok=True)
        self._layers.workspace.events.selection.disconnect(self.update, missing_ok=True)

    def update(self) -> None:
        """Fade what is not selected; where no point at all is, all keep their colours."""
        embedding, selection = self._layers.shown_embedding, self._layers.workspace.selection
        if embedding is None:
            return
        layers = self._layers.point_layers
        marks = [selection.bins(session) for session in embedding.sessions]
        selected = [selected_points(layer.metadata, marks) for layer in layers]
        is_some = any(here.any() for here in selected)
        for layer, here in zip(layers, selected, strict=True):
            if is_some:
                self._fade(layer, here)
            elif layer in self._faded:
                self._restore(layer)

    def _fade(self, layer: Points, selected: npt.NDArray[np.bool_]) -> None:
        own = self._own_colours(layer)
        blending = self._faded[layer].blending if layer in self._faded else str(layer.blending)
        colours = faded(own)
        colours[selected] = own[selected]
        recolour_points(self._viewer(), layer, colours)
        # Even the blending that it has already would have all layers put in order again.
        if layer.blending != FADED_BLENDING:
            layer.blending = FADED_BLENDING
        self._faded[layer] = _Faded(own, blending, np.array(layer.face_color))

    def _restore(self, layer: Points) -> None:
        recolour_points(self._viewer(), layer, self._own_colours(layer))
        layer.blending = self._faded.pop(layer).blending

    def _own_colours(self, layer: Points) -> npt.NDArray[Any]:
        """Return the colours of a layer before it faded, or those that it was drawn with since."""
        faded = self._faded.get(layer)
        if faded is not None and np.array_equal(layer.face_color, faded.given):
            return faded.own
        return np.array(layer.face_color)
