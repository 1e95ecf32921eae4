"""Which points are selected, and how the others stand back behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Opacity that is left of points that are not selected: of many little, since they lie over each other and
#: would hide a lap of a hundred points.
MOST_LEFT: Final = 0.12
LEAST_LEFT: Final = 0.02
TOGETHER: Final = 500.0
#: How far their colours go towards grey.
GREYED: Final = 0.7


def selected_points(
    metadata: Mapping[str, Any], marks: Sequence[npt.NDArray[np.bool_]]
) -> npt.NDArray[np.bool_]:
    """Return which points of a layer are selected.

    Parameters
    ----------
    metadata : mapping
        Of the layer: the session and the bin of each point.
    marks : sequence of ndarray of bool, (T,)
        The selected bins of each session.
    """
    begins = np.cumsum([0, *(len(mark) for mark in marks)])
    rows = begins[metadata["session_index"]] + metadata["bins"]
    selected: npt.NDArray[np.bool_] = np.concatenate(marks)[rows]
    return selected


def faded(colours: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return colours (n, 4) of points that shall stand back: nearly grey, and nearly transparent."""
    grey = colours[:, :3].mean(axis=1, keepdims=True)
    left = np.clip(TOGETHER / max(len(colours), 1), LEAST_LEFT, MOST_LEFT)
    return np.column_stack([(1 - GREYED) * colours[:, :3] + GREYED * grey, left * colours[:, 3]])
