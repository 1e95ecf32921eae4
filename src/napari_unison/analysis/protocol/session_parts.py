"""Training and test parts of the same sessions, brought together by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from napari_unison.analysis.protocol.folds import in_one_piece

if TYPE_CHECKING:
    from napari_unison.sessions import Session


def training_parts(train: Sequence[Session], test: Sequence[Session]) -> Iterator[tuple[Session, Session]]:
    """Yield the training part and the test part of every test session.

    Parameters
    ----------
    train, test : sequence of Session
        Parts of the same sessions.

    Raises
    ------
    ValueError
        If a test session has no training part, or its neurons or bins are others there.
    """
    known = {session.name: session for session in train}
    for session in test:
        before = known.get(session.name)
        if before is None:
            raise ValueError(
                f"session {session.name!r} is to be decoded, but the training part holds "
                f"{', '.join(map(repr, known)) or 'no session'}: give the training part of the same sessions"
            )
        if before.n_neurons != session.n_neurons or before.bin_width != session.bin_width:
            raise ValueError(
                f"session {session.name!r} has {session.n_neurons} neurons and bins of "
                f"{session.bin_width:g} s in the test part, but {before.n_neurons} and "
                f"{before.bin_width:g} s in the training part: give two parts of one recording"
            )
        yield before, session


def bordered_alike(train: Session, test: Session) -> Session:
    """Return a training part with borders of laps only if the test part has them.

    A decoder is then fitted on windows such as those it is asked for: ones that run through the borders of
    laps where those of the test part are hidden. Gaps in time stay borders in both.

    Parameters
    ----------
    train, test : Session
        Two parts of one recording.
    """
    hidden = bool((test.segment == test.segment[0]).all())
    return in_one_piece(train) if hidden else train
