"""Putting the parts of a recording together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session


def join_sessions(first: Sequence[Session], rest: Sequence[Session]) -> list[Session]:
    """Put two parts of each session together in time: what ``split_sessions`` took apart.

    Parameters
    ----------
    first : sequence of Session
        Earlier parts, all of which are returned.
    rest : sequence of Session
        Later parts of the same sessions, by name; a session may be without one.

    Returns
    -------
    list of Session
        One session for each of ``first``, in that order. Segments go on where their number is the same on
        both sides and no time is missing between the parts.

    Raises
    ------
    SessionError
        If a later part has no earlier one, begins before its end, or has other neurons, labels or bins.
    """
    later = {session.name: session for session in rest}
    unknown = sorted(set(later) - {session.name for session in first})
    if unknown:
        raise SessionError(f"there is no earlier part of {', '.join(unknown)} to join the later one to")
    return [_joined(session, later[session.name]) if session.name in later else session for session in first]


def _joined(before: Session, after: Session) -> Session:
    """Join two parts of one session."""
    _require_parts_of_one(before, after)
    neural: Any = (before.neural, after.neural)
    if any(isinstance(part, np.ndarray) for part in neural):
        neural = np.concatenate([_dense(part) for part in neural])
    else:
        neural = sparse.csr_array(sparse.vstack(neural, format="csr"))
    labels = {name: np.concatenate([values, after.labels[name]]) for name, values in before.labels.items()}
    joined = Session(
        before.name,
        neural,
        labels,
        before.bin_width,
        start=before.start,
        kinds=before.kinds,
        weights=before.weights,
        units=before.units,
        segment=np.concatenate([before.segment, after.segment]),
        neurons=before.neurons,
    )
    return joined.with_time(np.concatenate([before.time, after.time]))


def _dense(neural: Any) -> npt.NDArray[Any]:
    return neural if isinstance(neural, np.ndarray) else np.asarray(neural.toarray())


def _require_parts_of_one(before: Session, after: Session) -> None:
    name = before.name
    if after.time[0] <= before.time[-1]:
        raise SessionError(
            f"session {name!r}: one part ends at {before.time[-1]:g} s, but the part to join to it begins at "
            f"{after.time[0]:g} s; give the earlier part first"
        )
    if before.n_neurons != after.n_neurons or before.bin_width != after.bin_width:
        raise SessionError(
            f"session {name!r}: one part has {before.n_neurons} neurons and bins of {before.bin_width:g} s, "
            f"the other {after.n_neurons} and {after.bin_width:g} s; give two parts of one recording"
        )
    if dict(before.kinds) != dict(after.kinds):
        raise SessionError(
            f"session {name!r}: one part has the labels {', '.join(before.labels)}, the other "
            f"{', '.join(after.labels)}, or they are of other kinds; give two parts of one recording"
        )
