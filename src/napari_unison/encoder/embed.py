"""Embedding sessions with a trained network: aligned with partners, or label-free.

The first convolution is linear and nothing is masked here, so every session is projected once
(``(T, N) @ (N, kernel · h)``) and windows are taken of the projection. Bins are embedded in chunks; chunks
share no state, so that the result does not depend on their size.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN, LabelIndex
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.windows import embedding_windows
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

_CHUNK_BINS = 4096


class PartnerBank:
    """Sessions that partners are taken from.

    Parameters
    ----------
    sessions : sequence of Session or None
        In the order of the ``S`` training sessions; None is silent.
    space : LabelSpace
        Where labels are compared.
    max_label_distance : float, optional
        A partner farther than this is given up.
    seed : int
        Decides between partners that are equally near.
    """

    def __init__(
        self,
        sessions: Sequence[Session | None],
        space: LabelSpace,
        max_label_distance: float | None,
        seed: int,
    ) -> None:
        self.sessions = sessions
        self._space = space
        self._max_distance = np.inf if max_label_distance is None else max_label_distance
        self._seed = seed
        self._indices = [
            None if other is None else LabelIndex(space.encode(other), space.tie_tolerance)
            for other in sessions
        ]

    def partners_of(self, session: Session, own: int) -> tuple[Array, Array]:
        """Find the partner of each bin in every training session.

        Parameters
        ----------
        session : Session
            Embedded session of ``T`` bins.
        own : int
            Its number among the ``S`` training sessions.

        Returns
        -------
        bins : array (S, T) of int
            Partners; ``NO_BIN`` where there is none; not used for ``own``.
        residual : array (T, S) of float32
            Label distances; 0 for ``own``, NaN where there is no partner.
        """
        labels = self._space.encode(session)
        known = np.flatnonzero(~np.isnan(labels).any(axis=1))
        bins = np.full((len(self.sessions), session.n_bins), NO_BIN)
        residual = np.full((session.n_bins, len(self.sessions)), np.nan, dtype=np.float32)
        residual[:, own] = 0
        for number, index in enumerate(self._indices):
            if index is None or number == own or len(index.bins) == 0:
                continue
            # a generator of its own, so that neither order nor number of the embedded sessions matters
            rng = np.random.default_rng([self._seed, zlib.crc32(session.name.encode()), number])
            matches = index.match(labels[known])
            near = matches.distance <= self._max_distance
            bins[number, known] = np.where(near, index.draw(matches, np.arange(len(known)), rng), NO_BIN)
            residual[known, number] = np.where(near, matches.distance, np.nan)
        return bins, residual


class Projector:
    """A trained network, with sessions projected by its first convolution.

    Parameters
    ----------
    network : UnifiedNetwork
        Trained network.
    """

    def __init__(self, network: UnifiedNetwork) -> None:
        self.network = network
        self._device = next(network.parameters()).device

    def project(self, session: Session, number: int) -> Tensor:
        """Project a session's activity with its input weights: (T + 1, kernel · h), the last row zero.

        The zero row stands for silence.
        """
        with torch.no_grad():
            weights = self.network.input_weights(number)
            if isinstance(session.neural, np.ndarray):
                neural = torch.from_numpy(np.array(session.neural, dtype=np.float32)).to(self._device)
                projected = neural @ weights
            else:
                product = session.neural.astype(np.float32) @ weights.cpu().numpy()
                projected = torch.from_numpy(np.asarray(product)).to(self._device)
            silence = projected.new_zeros(1, projected.shape[1])
            return torch.cat([projected, silence])

    def silence(self) -> Tensor:
        """Return the projection of a silent session."""
        first = self.network.first
        return torch.zeros(1, first.kernel * first.weight.shape[0], device=self._device)

    def embed(self, projections: Sequence[Tensor], windows: Sequence[Array], rows: Sequence[Array]) -> Array:
        """Embed ``T`` bins.

        Parameters
        ----------
        projections : sequence of Tensor (T_i + 1, kernel · h)
            Projected sessions that take part.
        windows : sequence of array (T_i, W) of int
            Their windows.
        rows : sequence of array (T,) of int
            For each of them, the bin that goes with each embedded bin, or ``NO_BIN``.

        Returns
        -------
        array (T, D) of float32
            Latents.
        """
        n_bins = len(rows[0])
        steps = self.network.architecture.window
        latents = []
        self.network.eval()
        with torch.no_grad():
            for begin in range(0, n_bins, _CHUNK_BINS):
                chunk = slice(begin, begin + _CHUNK_BINS)
                size = min(_CHUNK_BINS, n_bins - begin)
                total = torch.zeros(steps * size, projections[0].shape[1], device=self._device)
                for projection, window, row in zip(projections, windows, rows, strict=True):
                    bins = np.where(row[chunk, None] == NO_BIN, len(projection) - 1, window[row[chunk]])
                    index = torch.from_numpy(np.ascontiguousarray(bins.T)).to(self._device)
                    total += projection[index.reshape(-1)]
                latents.append(self.network.from_projection(total.view(steps, size, -1)).cpu())
        return np.asarray(torch.cat(latents).numpy())


def embed_aligned(
    network: UnifiedNetwork,
    sessions: Sequence[Session],
    numbers: Sequence[int],
    bank: PartnerBank,
    *,
    silence_own: bool = False,
) -> tuple[list[Array], list[Array]]:
    """Embed sessions together with the partners that the bank has for their labels.

    Parameters
    ----------
    network : UnifiedNetwork
        Trained network.
    sessions : sequence of Session
        Sessions to embed.
    numbers : sequence of int
        Their numbers among the training sessions.
    bank : PartnerBank
        Where partners come from.
    silence_own : bool
        Leave the embedded session's own neurons silent (the silenced control).

    Returns
    -------
    values : list of array (T_s, D) of float32
        Latents.
    residual : list of array (T_s, S) of float32
        Label distances of the partners.
    """
    architecture = network.architecture
    projector = Projector(network)
    partner_windows = [
        None if other is None else embedding_windows(other, architecture.left, architecture.right)
        for other in bank.sessions
    ]
    projected = [
        None if other is None else projector.project(other, number)
        for number, other in enumerate(bank.sessions)
    ]
    values, residuals = [], []
    for session, own in zip(sessions, numbers, strict=True):
        partners, residual = bank.partners_of(session, own)
        taking_part = [
            (projection, windows, partners[number])
            for number, (projection, windows) in enumerate(zip(projected, partner_windows, strict=True))
            if projection is not None and windows is not None and number != own
        ]
        own_windows = embedding_windows(session, architecture.left, architecture.right)
        own_projection = projector.silence() if silence_own else projector.project(session, own)
        own_rows = np.full(session.n_bins, NO_BIN) if silence_own else np.arange(session.n_bins)
        taking_part.append((own_projection, own_windows, own_rows))
        projections, windows, rows = zip(*taking_part, strict=True)
        values.append(projector.embed(projections, windows, rows))
        residuals.append(residual)
    return values, residuals


def embed_label_free(
    network: UnifiedNetwork, sessions: Sequence[Session], numbers: Sequence[int]
) -> tuple[list[Array], list[Array]]:
    """Embed sessions by their own neurons alone; no label enters.

    Parameters
    ----------
    network : UnifiedNetwork
        Trained network.
    sessions : sequence of Session
        Sessions to embed.
    numbers : sequence of int
        Their numbers among the ``S`` training sessions.

    Returns
    -------
    values : list of array (T_s, D) of float32
        Latents.
    residual : list of array (T_s, S) of float32
        0 for the session itself, NaN for all others, which are silent.
    """
    projector = Projector(network)
    values, residuals = [], []
    for session, own in zip(sessions, numbers, strict=True):
        windows = embedding_windows(session, network.architecture.left, network.architecture.right)
        values.append(
            projector.embed([projector.project(session, own)], [windows], [np.arange(session.n_bins)])
        )
        residual = np.full((session.n_bins, len(network.neurons)), np.nan, dtype=np.float32)
        residual[:, own] = 0
        residuals.append(residual)
    return values, residuals
