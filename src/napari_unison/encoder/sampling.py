"""References, positives and negatives: which bins of all sessions make a training batch.

Following Benquet et al. (unified encoder; CEBRA's "time delta" sampling): a reference is a bin of a random
session with its partners in all others; a negative is drawn likewise; the positive of a session is its bin
whose label is nearest to the reference's label plus an observed change of label over ``time_offsets`` bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from napari_unison.encoder.alignment import NO_BIN, Alignment
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.sessions import Session, SessionError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class BatchBins:
    """Bins of a batch, each array (S, B) of int; ``NO_BIN`` where a session is silent in a sample."""

    reference: Array
    positive: Array
    negative: Array


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
    ) -> None:
        self._space = space
        self._shared = positives == "shared"
        points = [space.encode(session) for session in sessions]
        self.alignment = Alignment(points, space.tie_tolerance, max_label_distance)
        for session, index in zip(sessions, self.alignment.indices, strict=True):
            if len(index.bins) == 0:
                raise SessionError(f"session {session.name!r} has no bin in which all labels are known")
        self.changes = _label_changes(sessions, points, space, time_offsets)

    def draw(self, n_samples: int, rng: np.random.Generator) -> BatchBins:
        """Draw a batch.

        Parameters
        ----------
        n_samples : int
            Batch size ``B``.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        BatchBins
            Bins of reference, positive and negative in every session.
        """
        reference = self.draw_pseudo_animals(n_samples, rng)
        negative = self.draw_pseudo_animals(n_samples, rng)
        return BatchBins(reference, self.draw_positives(reference, rng), negative)

    def draw_pseudo_animals(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw bins of one random session uniformly, and their partners in all others: (S, B) of int."""
        chosen = int(rng.integers(self.alignment.n_sessions))
        valid = self.alignment.indices[chosen].bins
        bins = valid[rng.integers(len(valid), size=n_samples)]
        return np.stack(
            [
                self.alignment.partners(chosen, bins, target, rng)[0]
                for target in range(self.alignment.n_sessions)
            ]
        )

    def draw_positives(self, reference: Array, rng: np.random.Generator) -> Array:
        """Draw each session's positive for references (S, B): (S, B) of int."""
        n_sessions, n_samples = reference.shape
        shared = rng.integers(len(self.changes), size=n_samples) if self._shared else None
        positive = np.full_like(reference, NO_BIN)
        residual = np.full(reference.shape, np.inf)
        for session in range(n_sessions):
            present = np.flatnonzero(reference[session] != NO_BIN)
            if len(present) == 0:
                continue
            own = rng.integers(len(self.changes), size=len(present))
            change = own if shared is None else shared[present]
            labels = self.alignment.points[session][reference[session, present]]
            index = self.alignment.indices[session]
            matches = index.match(self._space.shift(labels, self.changes[change]))
            bins = index.draw(matches, np.arange(len(present)), rng)
            positive[session, present] = bins
            residual[session, present] = matches.distance
        # the nearest session always stays: a sample that is silent everywhere would teach nothing
        too_far = residual > np.maximum(self.alignment.max_distance, residual.min(axis=0))
        return np.where(too_far, NO_BIN, positive)


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
