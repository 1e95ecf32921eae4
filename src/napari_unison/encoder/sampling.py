"""References, positives and negatives: which bins of all sessions make a training batch.

Following Benquet et al. (unified encoder; CEBRA's "time delta" sampling): a reference is a bin of a random
session with its partners in all others; a negative is drawn likewise; the positive of a session is its bin
whose label is nearest to the reference's label plus an observed change of label over ``time_offsets`` bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from napari_unison.encoder.alignment import NO_BIN, Alignment
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.sessions import Session, SessionError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class BatchBins:
    """Bins of a batch; ``NO_BIN`` where a session is silent in a sample.

    Attributes
    ----------
    reference, positive, negative : arrays (k, B) of int
        Bins; row ``i`` belongs to session ``sessions[i]``.
    sessions : array (k,) of int
        The sessions that take part, in ascending order.
    """

    reference: Array
    positive: Array
    negative: Array
    sessions: Array


@dataclass(frozen=True)
class _Chances:
    """Every random number of a batch, drawn before anything is searched.

    Attributes
    ----------
    sessions : array (k,) of int
        The sessions that take part.
    anchors : pair of int
        Sessions that the bins of references and negatives are drawn from.
    anchor_bins : pair of array (B,) of int
        Those bins.
    change : array (k, B) of int
        Which label change leads to a positive.
    uniform : array (3, k, B)
        Decides between ties of references, negatives and positives.
    """

    sessions: Array
    anchors: tuple[int, int]
    anchor_bins: tuple[Array, Array]
    change: Array
    uniform: Array


class BatchSampler:
    """Draws training batches from sessions.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    space : LabelSpace
        Where their labels are compared.
    time_offsets : int
        Bins over which label changes are taken.
    positives : {"independent", "shared"}
        Whether each session draws its own label change or all share one a sample.
    max_label_distance : float, optional
        Partners and positives farther than this are silenced.
    sessions_per_step : int, optional
        Sessions that take part in a batch, drawn anew each time; all unless given, or if there are fewer.

    Raises
    ------
    SessionError
        If no segment is longer than ``time_offsets``, or a session has no bin with all its labels.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        space: LabelSpace,
        *,
        time_offsets: int,
        positives: Literal["independent", "shared"] = "independent",
        max_label_distance: float | None = None,
        sessions_per_step: int | None = None,
    ) -> None:
        self._n_taking_part = min(sessions_per_step or len(sessions), len(sessions))
        self._space = space
        self._shared = positives == "shared"
        points = [space.encode(session) for session in sessions]
        self.alignment = Alignment(points, space.tie_tolerance, max_label_distance)
        for session, index in zip(sessions, self.alignment.indices, strict=True):
            if len(index.bins) == 0:
                raise SessionError(f"session {session.name!r} has no bin in which all labels are known")
        self.changes = _label_changes(sessions, points, space, time_offsets)

    def draw(self, n_samples: int, rng: np.random.Generator, executor: Executor | None = None) -> BatchBins:
        """Draw a batch.

        Parameters
        ----------
        n_samples : int
            Batch size ``B``.
        rng : numpy.random.Generator
            Source of randomness.
        executor : concurrent.futures.Executor, optional
            Threads that share the sessions between them. They do not change what is drawn.

        Returns
        -------
        BatchBins
            Bins of reference, positive and negative in every session that takes part.
        """
        chances = self._chances(n_samples, rng)
        bins = np.empty((3, len(chances.sessions), n_samples), dtype=np.intp)
        distance = np.full(bins.shape[1:], np.inf)

        def search(place: int) -> None:
            for role in range(2):
                bins[role, place] = self.alignment.partners(
                    chances.anchors[role],
                    chances.anchor_bins[role],
                    int(chances.sessions[place]),
                    chances.uniform[role, place],
                )
            self._search_positives(chances, place, bins[0, place], bins[2, place], distance[place])

        # a list, so that an error in a thread is raised here
        list((map if executor is None else executor.map)(search, range(len(chances.sessions))))
        reference, negative, positive = bins
        if self.alignment.max_distance < np.inf:
            # the nearest session always stays: a sample that is silent everywhere would teach nothing
            reach = np.maximum(self.alignment.max_distance, distance.min(axis=0))
            positive[distance > reach] = NO_BIN
        return BatchBins(reference, positive, negative, chances.sessions)

    def _chances(self, n_samples: int, rng: np.random.Generator) -> _Chances:
        """Draw all random numbers of a batch, in an order that no thread can change."""
        n_sessions, n_taking_part = self.alignment.n_sessions, self._n_taking_part
        sessions = np.arange(n_sessions)
        if n_taking_part < n_sessions:
            sessions = np.sort(rng.choice(n_sessions, n_taking_part, replace=False))
        first, second = (int(session) for session in rng.choice(sessions, 2))
        valid = [self.alignment.indices[anchor].bins for anchor in (first, second)]
        bins = [known[rng.integers(len(known), size=n_samples)] for known in valid]
        shape = (n_taking_part, n_samples)
        change = rng.integers(len(self.changes), size=n_samples if self._shared else shape)
        return _Chances(
            sessions,
            (first, second),
            (bins[0], bins[1]),
            np.broadcast_to(change, shape),
            rng.random((3, *shape)),
        )

    def _search_positives(
        self, chances: _Chances, place: int, reference: Array, positive: Array, distance: Array
    ) -> None:
        """Write one session's positives of its references and how far they are from what was looked for."""
        session = int(chances.sessions[place])
        change, uniform = chances.change[place], chances.uniform[2, place]
        present: Any = slice(None)
        if self.alignment.max_distance < np.inf:
            present = np.flatnonzero(reference != NO_BIN)
            positive[:] = NO_BIN
            if len(present) == 0:
                return
        labels = self.alignment.points[session].take(reference[present], axis=0)
        shifted = self._space.shift(labels, self.changes.take(change[present], axis=0))
        matches = self.alignment.indices[session].match(shifted)
        positive[present] = matches.draw(uniform[present])
        distance[present] = matches.distance


def _label_changes(
    sessions: Sequence[Session], points: list[Array], space: LabelSpace, time_offsets: int
) -> Array:
    """Collect the label changes over ``time_offsets`` bins inside segments of all sessions: (M, d)."""
    collected = []
    longest = pairs = 0
    for session, labels in zip(sessions, points, strict=True):
        known = np.asarray(~np.isnan(labels).any(axis=1))
        for stretch in session.segment_slices():
            length = stretch.stop - stretch.start
            longest = max(longest, length)
            first = np.arange(stretch.start, stretch.stop - time_offsets)
            pairs += len(first)
            first = first[known[first] & known[first + time_offsets]]
            collected.append(space.changes(labels, first, first + time_offsets))
    changes = np.concatenate(collected)
    if pairs and len(changes) == 0:
        raise SessionError(
            f"no label change over {time_offsets} time bins can be observed: no two bins that far apart in "
            f"one segment have all their labels. Fill the missing labels in, or change time_offsets"
        )
    if len(changes) == 0:
        raise SessionError(
            f"no label change over {time_offsets} time bins can be observed: the longest segment has "
            f"{longest} bins. Lower time_offsets, or use longer segments"
        )
    return changes
