"""Splits in time: whether scored bins were seen before, and how the split is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_unison.sessions import Session


def n_shared_bins(session: Session, other: Session) -> int:
    """Count the bins of one session that another one holds, too: those less than half a bin apart in time.

    Parameters
    ----------
    session : Session
        Whose bins are counted.
    other : Session
        Another part of the same recording.
    """
    after = np.searchsorted(other.time, session.time)
    next_one = other.time[np.minimum(after, other.n_bins - 1)]
    last_one = other.time[np.maximum(after - 1, 0)]
    distance = np.minimum(np.abs(next_one - session.time), np.abs(session.time - last_one))
    return int(np.count_nonzero(distance < 0.5 * session.bin_width))


def require_unseen(test: Sequence[Session], seen: Sequence[Session], where: str) -> None:
    """Refuse sessions to score that share bins with sessions of the same name that were seen.

    Parameters
    ----------
    test : sequence of Session
        What is to be scored.
    seen : sequence of Session
        What the encoder or the decoder was fitted on.
    where : str
        What ``seen`` is, for the message.

    Raises
    ------
    ValueError
        If a bin of ``test`` lies in ``seen``.
    """
    for session in test:
        for other in seen:
            if other.name != session.name:
                continue
            shared = n_shared_bins(session, other)
            if shared:
                raise ValueError(
                    f"session {session.name!r}: {shared} of the {session.n_bins} bins to score lie in "
                    f"{where}, so their scores would be no decoding; fit on the first part and score the "
                    f"rest, as split_sessions divides them (another recording of the same name needs times "
                    f"of its own: session.replace(start=...))"
                )


def split_in_words(train: Sequence[Session], test: Sequence[Session]) -> str:
    """Describe a split: "scored on the last 20 % of each session" where that is so.

    Parameters
    ----------
    train : sequence of Session
        What decoders are fitted on.
    test : sequence of Session
        What is scored.
    """
    known = {session.name: session for session in train}
    shares = []
    for session in test:
        before = known.get(session.name)
        if before is None or session.time[0] <= before.time[-1]:
            return "scored on the bins given"
        shares.append(session.n_bins / (session.n_bins + before.n_bins))
    if not shares:
        return "scored on the bins given"
    low, high = round(100 * min(shares)), round(100 * max(shares))
    share = f"{low} %" if low == high else f"{low} to {high} %"
    return f"scored on the last {share} of each session"
