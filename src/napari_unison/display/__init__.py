"""Results as data for pictures: colours and legends, layer data, traces; figures live in ``figures``.

Pure functions: nothing here knows a viewer or a window. Figures are loaded on first use, since a window
with points and traces draws none.
"""

from typing import TYPE_CHECKING

import lazy_loader

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
from napari_unison.display.level_of_detail import decimate
from napari_unison.display.points import EmbeddingAxes, LayerData, embedding_axes, point_layers
from napari_unison.display.traces import (
    Trace,
    chosen_traces,
    label_trace,
    latent_trace,
    recording_traces,
    residual_trace,
    session_traces,
    trace_choices,
)

if TYPE_CHECKING:
    from napari_unison.display.figures import notebook_figures, write_figures

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
    "chosen_traces",
    "colour_modes",
    "decimate",
    "embedding_axes",
    "feature_colours",
    "label_roles",
    "label_trace",
    "latent_trace",
    "notebook_figures",
    "point_layers",
    "position_direction_colours",
    "recording_traces",
    "residual_trace",
    "session_traces",
    "trace_choices",
    "write_figures",
]

__getattr__, _, _ = lazy_loader.attach(
    __name__, submod_attrs={"figures": ["notebook_figures", "write_figures"]}
)
