"""Labels and latents on a time axis in seconds, with gaps where segments end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.display.colours import first_column, position_direction_colours
from napari_unison.display.palettes import category_colours, value_limits
from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.analysis.latents import LatentScores
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import Session


@dataclass(frozen=True, eq=False)
class Trace:
    """One curve of one session.

    Attributes
    ----------
    name : str
        What is drawn, with the kind of embedding where it is a latent.
    unit : str
        Unit of the values; empty where there is none.
    time : ndarray of float64, (T,)
        Seconds.
    values : ndarray of float64, (T,)
        The curve.
    colours : ndarray of float32, (T, 4), or None
        RGBA of every point.
    breaks : ndarray of int
        Points that begin a new segment (never 0): no line is drawn to them from the point before.
    """

    name: str
    unit: str
    time: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    colours: npt.NDArray[np.float32] | None
    breaks: npt.NDArray[np.intp]

    @property
    def connect(self) -> npt.NDArray[np.bool_]:
        """Whether a line is drawn from each point to the next, (T - 1,)."""
        connect = np.ones(max(len(self.time) - 1, 0), dtype=bool)
        connect[self.breaks - 1] = False
        return connect


def session_traces(
    embedding: Embedding, session: str | int, scores: LatentScores | None = None, *, on_dark: bool = False
) -> list[Trace]:
    """Return the traces of one session: position, best position latent, best direction latent.

    Parameters
    ----------
    embedding : Embedding
        Embedding that holds the session.
    session : str or int
        Name of the session, or its number counted from 0.
    scores : LatentScores, optional
        Scores that choose the best latents; without them only the position is drawn.
    on_dark : bool, default False
        Leave out the dark ends of the colour maps.

    Returns
    -------
    list of Trace
        The position coloured by direction, its best latent by position and direction, the best latent of
        the direction by direction; those whose label the session lacks are left out.

    Raises
    ------
    ValueError
        If the embedding does not hold the session.
    """
    index = session_number(embedding, session)
    recording, values = embedding.sessions[index], embedding.values[index]
    roles = label_roles(recording)
    by_direction = label_colours(embedding, index, roles.direction)
    traces = []
    if roles.position:
        position = first_column(recording.labels[roles.position])
        unit = recording.units[roles.position]
        traces.append(_trace(recording, roles.position, unit, position, by_direction))
    if scores is None:
        return traces
    for role, label in (("position", roles.position), ("direction", roles.direction)):
        if label is None or label not in scores.scored_labels:
            continue
        latent = scores.best(label)
        colours = position_colours(embedding, index, on_dark) if role == "position" else by_direction
        name = f"latent {latent + 1}, best for {label} · {embedding.short_description}"
        traces.append(_trace(recording, name, "", values[:, latent], colours))
    return traces


def latent_trace(embedding: Embedding, session: str | int, latent: int, *, on_dark: bool = False) -> Trace:
    """Return one latent (counted from 0) of one session, coloured by position and direction.

    Raises
    ------
    ValueError
        If the embedding does not hold the session or the latent.
    """
    index = session_number(embedding, session)
    if not 0 <= latent < embedding.n_latents:
        raise ValueError(f"latent {latent} is not among the {embedding.n_latents} latents, counted from 0")
    name = f"latent {latent + 1} · {embedding.short_description}"
    colours = position_colours(embedding, index, on_dark)
    return _trace(embedding.sessions[index], name, "", embedding.values[index][:, latent], colours)


def session_number(embedding: Embedding, session: str | int) -> int:
    """Return the number of a session given by name or number.

    Raises
    ------
    ValueError
        If the embedding does not hold it; the message lists those that it holds.
    """
    names = embedding.session_names
    if isinstance(session, int) and 0 <= session < len(names):
        return session
    if session in names:
        return names.index(str(session))
    raise ValueError(f"session {session!r} is not in this embedding; it holds {', '.join(names)}")


def position_colours(embedding: Embedding, index: int, on_dark: bool) -> npt.NDArray[np.float32] | None:
    """Colour a session's bins by position and direction, on the scale of the whole embedding; (T, 4)."""
    session = embedding.sessions[index]
    roles = label_roles(session)
    if roles.position is None:
        return label_colours(embedding, index, roles.direction)
    return position_direction_colours(
        first_column(session.labels[roles.position]),
        None if roles.direction is None else first_column(session.labels[roles.direction]),
        limits=value_limits(first_column(embedding.label(roles.position))),
        on_dark=on_dark,
    )


def label_colours(embedding: Embedding, index: int, label: str | None) -> npt.NDArray[np.float32] | None:
    """Colour a session's bins by a discrete label, alike in all sessions; (T, 4), None without a label."""
    if label is None:
        return None
    values = first_column(embedding.sessions[index].labels[label])
    rgba = np.zeros((len(values), 4), dtype=np.float32)
    for category, colour in category_colours(np.unique(embedding.label(label))).items():
        rgba[values == category] = colour
    return rgba


def _trace(
    session: Session,
    name: str,
    unit: str,
    values: npt.NDArray[Any],
    colours: npt.NDArray[np.float32] | None,
) -> Trace:
    breaks = np.asarray([segment.start for segment in session.segment_slices()][1:], dtype=np.intp)
    return Trace(name, unit, session.time, np.asarray(values, dtype=np.float64), colours, breaks)


def decimate(trace: Trace, start: float, stop: float, columns: int) -> Trace:
    """Keep what can be seen: at most four points a pixel column, its first, last, lowest and highest.

    Parameters
    ----------
    trace : Trace
        The whole curve.
    start, stop : float
        Shown part of the time axis in seconds; one point beyond each end is kept, so that lines run out of
        the picture.
    columns : int
        Pixel columns of the picture.

    Returns
    -------
    Trace
        The same extremes in every column; segments stay apart.

    Raises
    ------
    ValueError
        If the shown time is empty or there is no column.
    """
    if columns < 1 or stop <= start:
        raise ValueError(f"nothing can be drawn from {start} s to {stop} s in {columns} pixel columns")
    first = max(int(np.searchsorted(trace.time, start, side="left")) - 1, 0)
    end = min(int(np.searchsorted(trace.time, stop, side="right")) + 1, len(trace.time))
    kept = np.arange(first, end, dtype=np.intp)
    if len(kept) > 4 * columns:
        kept = first + _extremes(trace.time[first:end], trace.values[first:end], (start, stop), columns)
    segment = np.searchsorted(trace.breaks, kept, side="right")
    return Trace(
        trace.name,
        trace.unit,
        trace.time[kept],
        trace.values[kept],
        None if trace.colours is None else trace.colours[kept],
        np.flatnonzero(np.diff(segment)) + 1,
    )


def _extremes(
    time: npt.NDArray[np.float64], values: npt.NDArray[np.float64], shown: tuple[float, float], columns: int
) -> npt.NDArray[np.intp]:
    """Return, sorted, the first, last, lowest and highest point of every column."""
    share = (time - shown[0]) / (shown[1] - shown[0])
    column = np.clip((share * columns).astype(np.intp), 0, columns - 1)
    begins = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(begins[1:], len(column)) - 1
    # Sorted by column, then by value: each column's lowest comes first and its highest last. Missing values
    # count as the lowest, so that a gap inside a column stays a gap.
    by_value = np.lexsort((np.nan_to_num(values, nan=-np.inf), column))
    return np.unique(np.concatenate([begins, ends, by_value[begins], by_value[ends]]))
