"""Labels and latents on a time axis in seconds, with gaps where segments end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.display.colours import first_column, position_direction_colours
from napari_unison.display.palettes import PAPER, Palette, category_colours, value_limits
from napari_unison.display.residuals import farthest_partner, has_residual
from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.analysis.latents import LatentScores
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import Session

#: What the label distance to the farthest partner is called among the traces.
RESIDUAL: Final = "residual"
#: As many categories of a discrete label are explained.
MOST_TOLD: Final = 6
UNKNOWN_CATEGORY: Final = (0.5, 0.5, 0.5, 1.0)


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
    embedding: Embedding,
    session: str | int,
    scores: LatentScores | None = None,
    *,
    on_dark: bool = False,
    palette: Palette = PAPER,
    held_out: Session | None = None,
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
    palette : Palette, default PAPER
        Which colours.
    held_out : Session, optional
        What comes after the session and was not embedded: the position goes on there.

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
    by_direction = label_colours(embedding, index, roles.direction, palette)
    traces = []
    if roles.position:
        colours = label_colours(embedding, index, roles.direction, palette, held_out)
        traces.append(label_trace(recording, roles.position, colours, held_out=held_out))
    if scores is None:
        return traces
    for role, label in (("position", roles.position), ("direction", roles.direction)):
        if label is None or label not in scores.scored_labels:
            continue
        latent = scores.best(label)
        colours = position_colours(embedding, index, on_dark, palette) if role == "position" else by_direction
        name = f"latent {latent + 1}, best for {label} · {embedding.short_description}"
        traces.append(_trace(recording, name, "", values[:, latent], colours))
    return traces


def latent_trace(
    embedding: Embedding,
    session: str | int,
    latent: int,
    *,
    on_dark: bool = False,
    palette: Palette = PAPER,
) -> Trace:
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
    colours = position_colours(embedding, index, on_dark, palette)
    return _trace(embedding.sessions[index], name, "", embedding.values[index][:, latent], colours)


def residual_trace(embedding: Embedding, session: str | int) -> Trace:
    """Return the label distance from each bin of a session to the farthest of its partners.

    Raises
    ------
    ValueError
        If the embedding does not hold the session.
    """
    index = session_number(embedding, session)
    values = farthest_partner(embedding, index)
    return _trace(embedding.sessions[index], RESIDUAL, embedding.residual_unit, values, None)


def label_trace(
    session: Session,
    label: str,
    colours: npt.NDArray[np.float32] | None = None,
    *,
    held_out: Session | None = None,
) -> Trace:
    """Return a label of a session; categories are numbered, and circular labels begin anew after a turn.

    Parameters
    ----------
    session : Session
        Whose label.
    label : str
        Its name.
    colours : ndarray of float32, (T, 4), optional
        RGBA of every point, those of ``held_out`` too.
    held_out : Session, optional
        What comes after the session: the trace goes on there.

    Raises
    ------
    ValueError
        If the session has no such label.
    """
    if label not in session.labels:
        raise ValueError(f"{session.name} has no label {label!r}; it has {', '.join(session.labels)}")
    values, name = _label_values(session, label, held_out), label
    if session.kinds[label] == "discrete":
        categories, values = np.unique(values, return_inverse=True)
        told = ", ".join(f"{number} {category}" for number, category in enumerate(categories[:MOST_TOLD]))
        name = f"{label}: {told}" + (", …" if len(categories) > MOST_TOLD else "")
    trace = _trace(session, name, session.units[label], values, colours, held_out)
    if session.kinds[label] != "circular":
        return trace
    turns = np.flatnonzero(np.abs(np.diff(trace.values)) > np.pi) + 1
    return replace(trace, breaks=np.union1d(trace.breaks, turns))


def recording_traces(
    session: Session, wanted: Sequence[int | str] = (), *, palette: Palette = PAPER
) -> list[Trace]:
    """Return the wanted labels of a session that no encoder has seen; without any, its position.

    Latents and labels that it does not have are left out.
    """
    roles = label_roles(session)
    colours = None
    if roles.direction is not None:
        directions = first_column(session.labels[roles.direction])
        colours = np.zeros((session.n_bins, 4), dtype=np.float32)
        for category, colour in category_colours(np.unique(directions), palette).items():
            colours[directions == category] = colour
    labels = [name for name in wanted if name in session.labels]
    if not labels and roles.position is not None:
        labels = [roles.position]
    return [label_trace(session, str(name), colours if name == roles.position else None) for name in labels]


def chosen_traces(
    embedding: Embedding,
    session: str | int,
    wanted: Sequence[int | str],
    *,
    on_dark: bool = False,
    palette: Palette = PAPER,
    held_out: Session | None = None,
) -> list[Trace]:
    """Return chosen traces of a session: latents (counted from 0), labels by name, and ``"residual"``.

    Labels go on in ``held_out``, what comes after the session and was not embedded.

    Raises
    ------
    ValueError
        If the embedding does not hold the session, or one of what is wanted.
    """
    index = session_number(embedding, session)
    recording = embedding.sessions[index]
    roles = label_roles(recording)
    traces = []
    for choice in wanted:
        if isinstance(choice, int):
            traces.append(latent_trace(embedding, index, choice, on_dark=on_dark, palette=palette))
        elif choice == RESIDUAL:
            traces.append(residual_trace(embedding, index))
        else:
            by_direction = label_colours(embedding, index, roles.direction, palette, held_out)
            colours = by_direction if choice == roles.position else None
            traces.append(label_trace(recording, choice, colours, held_out=held_out))
    return traces


def trace_choices(embedding: Embedding | None, sessions: Sequence[Session]) -> tuple[int | str, ...]:
    """Return all that can be traced: labels, the residual where there is one, latents counted from 0."""
    labels: list[int | str] = list(sessions[0].labels) if sessions else []
    if embedding is None:
        return tuple(labels)
    residual = [RESIDUAL] if has_residual(embedding) else []
    return (*labels, *residual, *range(embedding.n_latents))


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


def position_colours(
    embedding: Embedding, index: int, on_dark: bool, palette: Palette
) -> npt.NDArray[np.float32] | None:
    """Colour a session's bins by position and direction, on the scale of the whole embedding; (T, 4)."""
    session = embedding.sessions[index]
    roles = label_roles(session)
    if roles.position is None:
        return label_colours(embedding, index, roles.direction, palette)
    is_circular = session.kinds[roles.position] == "circular"
    return position_direction_colours(
        first_column(session.labels[roles.position]),
        None if roles.direction is None else first_column(session.labels[roles.direction]),
        limits=None if is_circular else value_limits(first_column(embedding.label(roles.position))),
        on_dark=on_dark,
        palette=palette,
        is_circular=is_circular,
    )


def label_colours(
    embedding: Embedding, index: int, label: str | None, palette: Palette, held_out: Session | None = None
) -> npt.NDArray[np.float32] | None:
    """Colour a session's bins by a discrete label, alike in all sessions; (T, 4), None without a label.

    Bins of what was held out follow; categories that only they have are grey.
    """
    if label is None:
        return None
    values = _label_values(embedding.sessions[index], label, held_out)
    rgba = np.zeros((len(values), 4), dtype=np.float32)
    rgba[embedding.sessions[index].n_bins :] = UNKNOWN_CATEGORY
    for category, colour in category_colours(np.unique(embedding.label(label)), palette).items():
        rgba[values == category] = colour
    return rgba


def _label_values(session: Session, label: str, held_out: Session | None) -> npt.NDArray[Any]:
    """Return the first column of a label, with what was held out behind it."""
    parts = [session] if held_out is None else [session, held_out]
    return np.concatenate([first_column(part.labels[label]) for part in parts])


def _trace(
    session: Session,
    name: str,
    unit: str,
    values: npt.NDArray[Any],
    colours: npt.NDArray[np.float32] | None,
    held_out: Session | None = None,
) -> Trace:
    breaks = [segment.start for segment in session.segment_slices()][1:]
    time = session.time
    if held_out is not None:
        slices = held_out.segment_slices()
        # in the same segment, and no time is missing: the line goes on
        is_next = held_out.time[0] - time[-1] < 1.5 * session.bin_width
        goes_on = is_next and held_out.segment[0] == session.segment[-1]
        breaks += [len(time) + segment.start for segment in slices[1 if goes_on else 0 :]]
        time = np.concatenate([time, held_out.time])
    return Trace(
        name, unit, time, np.asarray(values, dtype=np.float64), colours, np.asarray(breaks, dtype=np.intp)
    )
