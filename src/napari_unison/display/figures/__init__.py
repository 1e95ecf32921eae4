"""Figures: one function each, returning a matplotlib ``Figure`` whose title names the kind of embedding."""

from napari_unison.display.figures.attribution import attribution_figure
from napari_unison.display.figures.behaviour import position_figure
from napari_unison.display.figures.consistency import consistency_figure
from napari_unison.display.figures.embedding import embedding_figure
from napari_unison.display.figures.flow import flow_figure
from napari_unison.display.figures.incomplete_behaviour import incomplete_behaviour_figure
from napari_unison.display.figures.latents import best_latents_figure, latent_scores_figure
from napari_unison.display.figures.notebook import notebook_figures, write_figures
from napari_unison.display.figures.overlap import draw_overlap
from napari_unison.display.figures.protocol import protocol_figure
from napari_unison.display.figures.scores import quick_scores_figure
from napari_unison.display.figures.training import training_history_figure

__all__ = [
    "attribution_figure",
    "best_latents_figure",
    "consistency_figure",
    "draw_overlap",
    "embedding_figure",
    "flow_figure",
    "incomplete_behaviour_figure",
    "latent_scores_figure",
    "notebook_figures",
    "position_figure",
    "protocol_figure",
    "quick_scores_figure",
    "training_history_figure",
    "write_figures",
]
