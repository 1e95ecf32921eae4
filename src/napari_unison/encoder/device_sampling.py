"""Training batches that are drawn on a device, from the same distribution as :class:`BatchSampler`'s.

The host draws what decides sizes (which sessions take part, which two of them the bins of references and
negatives come from); all else is drawn and searched on the device, which the host never waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.device_labels import device_search, number_type
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.sampling import BatchSampler


@dataclass(frozen=True)
class DeviceBins:
    """Bins of a batch on a device.

    Attributes
    ----------
    sessions : tuple of int
        The ``k`` sessions that take part, in ascending order.
    bins : Tensor (k, 3 · B) of int64
        References, positives and negatives one after another; ``NO_BIN`` where a session is silent.
    """

    sessions: tuple[int, ...]
    bins: Tensor


class DeviceSampler:
    """Draws training batches on a device.

    Parameters
    ----------
    sampler : BatchSampler
        Has the labels, the label changes and the largest label distance.
    space : LabelSpace
        Where labels are compared.
    device : torch.device
        Where to draw.
    positives, sessions_per_step
        As in :class:`BatchSampler`.
    dtype : torch.dtype, optional
        Numbers that labels are compared in; the most exact that the device has unless given.
    """

    def __init__(
        self,
        sampler: BatchSampler,
        space: LabelSpace,
        device: torch.device,
        *,
        positives: Literal["independent", "shared"] = "independent",
        sessions_per_step: int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._device = device
        self._dtype = number_type(device) if dtype is None else dtype
        alignment = sampler.alignment
        n_sessions = alignment.n_sessions
        self._n_taking_part = min(sessions_per_step or n_sessions, n_sessions)
        self._shares_changes = positives == "shared"
        self._max_distance = alignment.max_distance
        # silent bins ask for a row too, and what is asked must be a number
        self._points = [
            torch.from_numpy(np.nan_to_num(points)).to(device, self._dtype) for points in alignment.points
        ]
        self._known = [torch.from_numpy(index.bins).to(device) for index in alignment.indices]
        self._search = [device_search(index, device, self._dtype) for index in alignment.indices]
        self._changes = torch.from_numpy(sampler.changes).to(device, self._dtype)
        self._circular = [label.columns.start for label in space.labels if label.kind == "circular"]

    def draw(self, n_samples: int, rng: np.random.Generator, generator: torch.Generator) -> DeviceBins:
        """Draw a batch.

        Parameters
        ----------
        n_samples : int
            Batch size ``B``.
        rng : numpy.random.Generator
            Draws what decides sizes.
        generator : torch.Generator
            Draws all else, on the device.

        Returns
        -------
        DeviceBins
            Bins of reference, positive and negative in every session that takes part.
        """
        n_sessions = len(self._points)
        sessions = np.arange(n_sessions)
        if self._n_taking_part < n_sessions:
            sessions = np.sort(rng.choice(n_sessions, self._n_taking_part, replace=False))
        anchors = tuple(int(session) for session in rng.choice(sessions, 2))
        shape = (len(sessions), n_samples)
        anchor_bins = [
            self._known[anchor].index_select(
                0, self._random_places(len(self._known[anchor]), (n_samples,), generator)
            )
            for anchor in anchors
        ]
        labels = torch.cat(
            [
                self._points[anchor].index_select(0, bins)
                for anchor, bins in zip(anchors, anchor_bins, strict=True)
            ]
        )
        change = self._random_places(
            len(self._changes), shape[1:] if self._shares_changes else shape, generator
        ).expand(shape)
        uniform = torch.rand(
            (len(sessions), 3 * n_samples), generator=generator, dtype=self._dtype, device=self._device
        )
        references, negatives, positives, distances = [], [], [], []
        for place, session in enumerate(sessions.tolist()):
            reference, negative = self._partners(
                session, anchors, anchor_bins, labels, uniform[place, : 2 * n_samples]
            )
            positive, distance = self._positives(
                session, reference, change[place], uniform[place, 2 * n_samples :]
            )
            references.append(reference)
            negatives.append(negative)
            positives.append(positive)
            distances.append(distance)
        near = self._near_positives(torch.stack(positives), torch.stack(distances))
        bins = torch.cat([torch.stack(references), near, torch.stack(negatives)], dim=1)
        return DeviceBins(tuple(sessions.tolist()), bins)

    def _random_places(self, end: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randint(end, shape, generator=generator, device=self._device)

    def _partners(
        self,
        session: int,
        anchors: tuple[int, ...],
        anchor_bins: list[Tensor],
        labels: Tensor,
        uniform: Tensor,
    ) -> tuple[Tensor, ...]:
        """Return the partners (B,) in a session of the bins of references and of negatives."""
        if anchors == (session, session):
            return tuple(anchor_bins)
        found, distance = self._search[session].draw(labels, uniform)
        if self._max_distance < np.inf:
            found = torch.where(distance > self._max_distance, NO_BIN, found)
        # a bin is its own partner
        return tuple(
            own if anchor == session else partner
            for anchor, own, partner in zip(anchors, anchor_bins, found.chunk(2), strict=True)
        )

    def _positives(
        self, session: int, reference: Tensor, change: Tensor, uniform: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return a session's positives (B,) of its references, and how far they are from what was asked."""
        labels = self._points[session].index_select(0, reference.clamp(min=0))
        shifted = self._shift(labels, self._changes.index_select(0, change))
        found, distance = self._search[session].draw(shifted, uniform)
        if self._max_distance == np.inf:
            return found, distance
        silent = reference == NO_BIN
        return torch.where(silent, NO_BIN, found), torch.where(silent, np.inf, distance)

    def _near_positives(self, positives: Tensor, distances: Tensor) -> Tensor:
        """Silence positives (k, B) that are too far; the nearest of each sample stays."""
        if self._max_distance == np.inf:
            return positives
        reach = distances.amin(0).clamp(min=self._max_distance)
        return torch.where(distances > reach, NO_BIN, positives)

    def _shift(self, labels: Tensor, changes: Tensor) -> Tensor:
        """Add label changes (Q, d) to labels, as :meth:`LabelSpace.shift` does."""
        shifted = labels + changes
        for column in self._circular:
            c, s = labels[:, column], labels[:, column + 1]
            dc, ds = changes[:, column], changes[:, column + 1]
            shifted[:, column] = c * dc - s * ds
            shifted[:, column + 1] = s * dc + c * ds
        return shifted
