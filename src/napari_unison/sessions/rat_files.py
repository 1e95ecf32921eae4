"""The published rat recordings (hc-11 as prepared for CEBRA): joblib files of ``spikes`` and ``position``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.joblib_arrays import read_joblib
from napari_unison.sessions.session import Session

Array: TypeAlias = npt.NDArray[Any]


def read_rat_file(
    path: str | os.PathLike[str], *, name: str | None = None, bin_width: float = 0.025
) -> list[Session]:
    """Read one rat: ``spikes`` (T, N) and ``position`` (T, 3): metres, right, left.

    Parameters
    ----------
    path : path
        A joblib file, ``.jl`` or ``.jl.gz``. Nothing in it is executed.
    name : str, optional
        Name of the session; the file's name without its suffix unless given.
    bin_width : float
        Width of a time bin, s.

    Returns
    -------
    list of Session
        One session with the labels ``position`` (continuous, m) and ``direction`` ("right" or "left").

    Raises
    ------
    SessionError
        If the file is not such a recording; the message names the file and the column.
    """
    return rat_sessions(read_joblib(path), os.fspath(path), name=name, bin_width=bin_width)


def rat_sessions(
    content: Any, place: str, *, name: str | None = None, bin_width: float = 0.025
) -> list[Session]:
    """Make the session of one rat from what its file holds.

    Parameters
    ----------
    content : object
        What :func:`read_joblib` gave: a dictionary of ``spikes`` (T, N) and ``position`` (T, 3).
    place : str
        The file, for messages and the session's name.
    name : str, optional
        Name of the session; the file's name without its suffix unless given.
    bin_width : float
        Width of a time bin, s.

    Raises
    ------
    SessionError
        If it is not such a recording.
    """
    if not isinstance(content, dict):
        raise SessionError(
            f"{place} holds a {type(content).__name__}; a rat file holds a dictionary of spikes and position"
        )
    spikes = _numbers(content, "spikes", "(T, N): time bins × neurons", place)
    position = _numbers(content, "position", "(T, 3): metres, right, left", place)
    if position.shape[1] != 3:
        raise SessionError(
            f"{place}: position has shape {position.shape}; three columns are needed: metres, right, left"
        )
    if len(position) != len(spikes):
        raise SessionError(
            f"{place}: position has {len(position)} time bins and spikes {len(spikes)} (shape "
            f"{spikes.shape}); both are (time bins, columns) of the same bins"
        )
    labels = {"position": position[:, 0], "direction": _direction(position, place)}
    try:
        title = Path(place).name.split(".jl")[0] if name is None else name
        return [Session(title, spikes, labels, bin_width, units={"position": "m"})]
    except SessionError as error:
        raise SessionError(f"{place}: {error}") from error


def _numbers(content: dict[Any, Any], key: str, shape: str, place: str) -> Array:
    if key not in content:
        held = ", ".join(repr(name) for name in content) or "nothing"
        raise SessionError(f"{place} has no {key!r} (it holds {held}); a rat file holds spikes and position")
    values = content[key]
    if not isinstance(values, np.ndarray) or values.ndim != 2:
        found = f"of shape {values.shape}" if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        raise SessionError(f"{place}: {key} is {found}; an array {shape} is needed")
    return values


def _direction(position: Array, place: str) -> Array:
    right, left = position[:, 1], position[:, 2]
    for column, values in (("right", right), ("left", left)):
        odd = (values != 0) & (values != 1)
        if odd.any():
            raise SessionError(
                f"{place}: the column {column!r} of position holds {values[odd][0]:g} (bin {odd.argmax()}); "
                f"0 or 1 is needed"
            )
    both = (right == 1) & (left == 1)
    neither = (right == 0) & (left == 0)
    if both.any() or neither.any():
        raise SessionError(
            f"{place}: the columns right and left of position are both 1 in {both.sum()} bin(s) and both 0 "
            f"in {neither.sum()} bin(s), the first is bin {(both | neither).argmax()}; each bin needs one "
            "direction: leave such bins out"
        )
    return np.where(right == 1, "right", "left")
