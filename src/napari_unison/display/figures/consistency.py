"""Consistency between sessions or runs as a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from napari_unison.analysis.tables import number
from napari_unison.display.figures.layout import new_figure

if TYPE_CHECKING:
    from napari_unison.analysis.consistency import Consistency


def consistency_figure(result: Consistency, *, note: str = "") -> Figure:
    """Draw the matrix of R² with the value in every cell.

    Parameters
    ----------
    result : Consistency
        What is drawn.
    note : str
        A line below the kind of embedding.
    """
    n = len(result.names)
    side = max(3.6, 0.75 * n + 1.6)
    figure = new_figure(
        side + 3.0,
        side + 1.6,
        f"Consistency between {result.by}: R² of linear maps",
        f"{result.embedding_description} · {result.meaning}",
        f"{result.binned_by}; maps fitted and scored on different laps",
        "diagonal: one half of the laps from the other",
        result.summary,
        note,
    )
    axes = figure.subplots()
    image = axes.imshow(np.clip(result.r2, 0, 1), vmin=0, vmax=1, cmap="viridis")
    for row, column in np.ndindex(n, n):
        value = result.r2[row, column]
        dark = not np.isfinite(value) or value > 0.6
        axes.text(
            *(column, row),
            number(float(value), 2),
            color="black" if dark else "white",
            ha="center",
            va="center",
            fontsize=8,
        )
    axes.set_xticks(range(n), result.names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(n), result.names, fontsize=8)
    axes.set_xlabel("to")
    axes.set_ylabel("from")
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.7)
    bar.set_label("R² (0 and below: one colour)", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure
