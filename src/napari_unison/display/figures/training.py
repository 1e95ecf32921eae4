"""The course of a training: loss and goodness of fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from napari_unison.analysis.smoothing import smooth
from napari_unison.display.figures.layout import new_figure, plain


def training_history_figure(
    history: Mapping[str, npt.NDArray[Any]], *, window: int = 10, stopped: bool = False
) -> Figure:
    """Draw the loss and the goodness of fit over the training steps.

    Parameters
    ----------
    history : mapping of str to ndarray, (iterations,)
        "loss" and "goodness_of_fit" (bits), one entry an iteration.
    window : int, default 10
        Moving average in iterations; the curve's length where it is shorter.
    stopped : bool, default False
        The training was stopped before its end.

    Raises
    ------
    ValueError
        If the history is empty.
    """
    steps = len(history["loss"])
    if steps == 0:
        raise ValueError("there is no training to draw: the history has no iterations")
    window = min(window, steps)
    end = ", stopped by hand" if stopped else ""
    figure = new_figure(
        9,
        3.8,
        "Training history",
        "aligned training samples (labels used)",
        f"{steps} iterations{end}, moving average of {window}",
    )
    panels = figure.subplots(1, 2)
    # A window ends at the iteration that it is drawn at.
    iterations = np.arange(window, steps + 1)
    curves = (
        ("loss", "InfoNCE loss", "royalblue"),
        ("goodness_of_fit", "goodness of fit (bits)", "mediumpurple"),
    )
    for axes, (name, label, colour) in zip(panels, curves, strict=True):
        axes.plot(iterations, smooth(history[name], window), color=colour, linewidth=1.2)
        axes.set_xlabel("training step (iterations)")
        axes.set_ylabel(label)
        plain(axes)
    return figure
