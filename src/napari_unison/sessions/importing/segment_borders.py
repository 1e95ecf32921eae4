"""Where one stretch of continuous time ends and the next begins, as a mapping says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Events, Intervals, Samples
from napari_unison.sessions.importing.interval_times import interval_of
from napari_unison.sessions.importing.label_values import LabelValues
from napari_unison.sessions.importing.mapping import FileMapping
from napari_unison.sessions.importing.neural_values import NeuralBins
from napari_unison.sessions.importing.opened import OpenedFiles
from napari_unison.sessions.segments import border_bins

Bools: TypeAlias = npt.NDArray[np.bool_]


def segments_in_bins(
    files: OpenedFiles, mapping: FileMapping, labels: Mapping[str, LabelValues], bins: NeuralBins
) -> npt.NDArray[np.int64]:
    """Return the number of the segment of every bin.

    Parameters
    ----------
    files : OpenedFiles
        The file and its companions.
    mapping : FileMapping
        Its ``segments`` say where borders are.
    labels : mapping of str to LabelValues
        All labels, in every bin.
    bins : NeuralBins
        The T bins.

    Returns
    -------
    ndarray of int64 (T,)
        All 0 where nothing is said of borders.

    Raises
    ------
    SessionError
        If borders cannot be made of what the mapping names.
    """
    given = mapping.segments
    border = np.zeros(len(bins.time), np.bool_)
    if given is None:
        return border.astype(np.int64)
    if given.source:
        entry = files.entry(given.source)
        values = files.read(entry)
        if isinstance(values, Intervals):
            which = interval_of(values, bins.at)
        elif isinstance(values, Samples) and values.values.squeeze().shape == bins.time.shape:
            which = np.unique(values.values.squeeze(), return_inverse=True)[1].astype(np.int64)
        elif isinstance(values, Events):
            which = np.searchsorted(np.sort(values.time), bins.at, side="right").astype(np.int64)
        else:
            raise SessionError(f"segments need intervals, events, or one value a time bin; {entry.said()}")
        border[border_bins(which)] = True
    elif given.changes_of:
        border[border_bins(labels[given.changes_of].values)] = True
    elif given.steps_back_of:
        border[1:] = _steps_back(given.steps_back_of, labels[given.steps_back_of])
    else:
        position = np.asarray(labels[given.jumps_of].values, dtype=np.float64).reshape(len(border), -1)
        border[1:] = (np.abs(np.diff(position, axis=0)) >= given.jump).any(axis=1)
    return np.cumsum(border, dtype=np.int64)


def _steps_back(name: str, position: LabelValues) -> Bools:
    if position.kind == "discrete" or position.values.ndim != 1:
        raise SessionError(f"segments.steps_back_of needs a position of one column; {name} is none")
    steps = np.diff(np.asarray(position.values, dtype=np.float64))
    forward: Bools = steps > 0
    back: Bools = steps < 0
    return back if forward.sum() >= back.sum() else forward
