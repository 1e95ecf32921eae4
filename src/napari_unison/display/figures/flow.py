"""The flow field: how the state moves through two latents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_unison.display.colours import Colouring, colour_modes, feature_colours
from napari_unison.display.figures.layout import draw_legend, new_figure, plain
from napari_unison.display.legends import Legend

if TYPE_CHECKING:
    from napari_unison.analysis.flow import FlowField
    from napari_unison.encoder.embedding import Embedding


def flow_figure(
    flow: FlowField, embedding: Embedding, *, names: tuple[str, str] | None = None, note: str = ""
) -> Figure:
    """Draw the steps of a flow field, coloured by direction, and by position and direction.

    Parameters
    ----------
    flow : FlowField
        Steps through two latents.
    embedding : Embedding
        The embedding that it was taken from: it gives colours and their scale.
    names : tuple of str, optional
        What the two latents are, such as "best for position".
    note : str
        A line below the kind of embedding.
    """
    modes = colour_modes(embedding)
    both = modes[0]
    shown = ["direction", both] if "direction" in modes and both != "direction" else [both]
    colourings = [feature_colours(embedding, mode) for mode in shown]
    seconds = flow.step * embedding.sessions[0].bin_width
    figure = new_figure(
        5.2 * len(shown) + 1.8,
        5.0,
        "Flow through the best latents" if names else "Flow through two latents",
        flow.embedding_description,
        f"steps of {flow.step} bins ({seconds:g} s), none across segments or sessions",
        note,
    )
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    labels = [f"latent {latent + 1}" for latent in flow.latents]
    if names:
        labels = [f"{label}, {name}" for label, name in zip(labels, names, strict=True)]
    for axes, colouring in zip(panels, colourings, strict=True):
        _arrows(axes, flow, colouring.rgba[flow.rows])
        axes.set_title(f"by {colouring.legend.title}", fontsize=9)
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        plain(axes)
    draw_legend(figure, list(panels), _joint_legend(colourings))
    return figure


def _joint_legend(colourings: list[Colouring]) -> Legend:
    entries = [entry for colouring in reversed(colourings) for entry in colouring.legend.entries]
    return Legend(colourings[-1].legend.title, tuple(entries))


def _arrows(axes: Axes, flow: FlowField, colours: npt.NDArray[np.float32]) -> None:
    """Draw one arrow a step, and one whose length is labelled."""
    axes.margins(0.08)
    if len(flow.positions) == 0:
        axes.text(0.5, 0.5, "no segment is as long as a step", transform=axes.transAxes, ha="center")
        return
    speeds = np.linalg.norm(flow.velocities, axis=1)
    across, up = flow.positions.T
    extent = max(float(np.ptp(flow.positions)), 1e-6)
    # A fast step (95th percentile) is drawn as a twelfth of the panel.
    fast = max(float(np.percentile(speeds, 95)), 1e-9)
    arrows = axes.quiver(
        across,
        up,
        flow.velocities[:, 0],
        flow.velocities[:, 1],
        color=[tuple(colour) for colour in colours],
        angles="xy",
        scale_units="width",
        scale=fast * 12,
        width=0.003,
        alpha=0.8,
        rasterized=True,
    )
    axes.set_xlim(across.min() - 0.05 * extent, across.max() + 0.05 * extent)
    axes.set_ylim(up.min() - 0.05 * extent, up.max() + 0.05 * extent)
    key = float(f"{fast:.1g}")
    axes.quiverkey(arrows, 0.84, 1.03, key, f"{key:g} 1/s", labelpos="E", fontproperties={"size": 8})
