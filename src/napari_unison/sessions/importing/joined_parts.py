"""Parts of one recording that a file keeps apart, such as the runs of either direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session


def put_parts_together(
    name: str, parts: Sequence[Session], label: str, values: Sequence[str], *, interleave: bool
) -> Session:
    """Make one session of parts with the same neurons, and a discrete label of which part a bin is from.

    Parameters
    ----------
    name : str
        Name of the session.
    parts : sequence of Session
        With the same neurons, labels and bins.
    label : str
        Name of the label that tells the parts apart.
    values : sequence of str
        Its value for each part.
    interleave : bool
        Whether segments of the parts alternate by the share of its part that has passed in the middle of a
        segment, each part's in their order: a contiguous stretch of the session then holds all parts. Else
        one part comes after the other.

    Returns
    -------
    Session
        Every segment of a part is one; its bins follow each other from 0 s, since the time between segments
        is not known.

    Raises
    ------
    SessionError
        If the parts differ in neurons or bins.
    """
    first = parts[0]
    for part, value in zip(parts, values, strict=True):
        if part.n_neurons != first.n_neurons or part.bin_width != first.bin_width:
            raise SessionError(
                f"session {name!r}: {label} {value!r} has {part.n_neurons} neurons and bins of "
                f"{part.bin_width:g} s, "
                f"{values[0]!r} has {first.n_neurons} and {first.bin_width:g}; parts are of one recording"
            )
        if dict(part.kinds) != dict(first.kinds):
            raise SessionError(f"session {name!r}: the labels of {label} {value!r} are of other kinds")
    pieces = [
        ((piece.start + piece.stop) / (2 * len(part)) if interleave else number, number, piece)
        for number, part in enumerate(parts)
        for piece in part.segment_slices()
    ]
    pieces.sort(key=lambda piece: piece[:2])
    tables: list[Any] = [parts[number].neural[piece] for _, number, piece in pieces]
    is_sparse = all(sparse.issparse(table) for table in tables)
    neural: Any = sparse.vstack(tables, format="csr") if is_sparse else np.concatenate(tables)
    lengths = [piece.stop - piece.start for _, _, piece in pieces]
    labels = {
        key: np.concatenate([parts[number].labels[key][piece] for _, number, piece in pieces])
        for key in first.labels
    }
    labels[label] = np.repeat([values[number] for _, number, _ in pieces], lengths)
    return Session(
        name,
        neural,
        labels,
        first.bin_width,
        kinds={**first.kinds, label: "discrete"},
        units=first.units,
        weights=first.weights,
        segment=np.repeat(np.arange(len(pieces)), lengths),
        neurons=first.neurons,
    )
