"""Results as data for pictures: colours and legends, layer data, traces; figures live in ``figures``.

Pure functions: nothing here knows a viewer or a window.
"""

from napari_unison.display.colours import (
    LEFT_COLOUR,
    RIGHT_COLOUR,
    Colouring,
    LabelRoles,
    colour_modes,
    feature_colours,
    label_roles,
    position_direction_colours,
)
from napari_unison.display.legends import ColourBar, Legend, Swatch
from napari_unison.display.points import EmbeddingAxes, LayerData, embedding_axes, point_layers
from napari_unison.display.traces import Trace, decimate, latent_trace, session_traces

__all__ = [
    "LEFT_COLOUR",
    "RIGHT_COLOUR",
    "ColourBar",
    "Colouring",
    "EmbeddingAxes",
    "LabelRoles",
    "LayerData",
    "Legend",
    "Swatch",
    "Trace",
    "colour_modes",
    "decimate",
    "embedding_axes",
    "feature_colours",
    "label_roles",
    "latent_trace",
    "point_layers",
    "position_direction_colours",
    "session_traces",
]
