"""Embedding sessions with a trained network: aligned with partners, or label-free.

The first convolution is linear and nothing is masked here, so it is applied to every session once, and
windows are taken of its result. Bins are embedded in chunks; chunks share no state, so that the result does
not depend on their size.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN, LabelIndex
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.windows import padded_bins
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

_CHUNK_BINS = 4096
_CHUNK_PROJECTED = 65_536


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
            bins[number, known] = np.where(near, matches.draw(rng.random(len(known))), NO_BIN)
            residual[known, number] = np.where(near, matches.distance, np.nan)
        return bins, residual


@dataclass(frozen=True)
class Projection:
    """A session after the first convolution (without its bias), for every window that its bins have.

    Attributes
    ----------
    hidden : Tensor (P, h)
        Activations along the session with its segments' edges repeated; the last ``length`` rows are zero.
    starts : array (T,) of int
        The window of bin ``t`` gives ``hidden[starts[t] : starts[t] + length]``.
    length : int
        Rows that a window gives.
    """

    hidden: Tensor
    starts: Array
    length: int

    def first_rows(self, bins: Array) -> Array:
        """Return where the windows of bins (B,) begin; those of ``NO_BIN`` begin where all is zero."""
        silence = len(self.hidden) - self.length
        return np.where(bins == NO_BIN, silence, self.starts[bins])

    def windows(self, bins: Array) -> Tensor:
        """Return the activations of bins (B,): (length, B, h), zero where a bin is ``NO_BIN``."""
        index = torch.from_numpy(self.first_rows(bins) + np.arange(self.length)[:, None])
        return self.hidden[index.to(self.hidden.device)]


def project(network: UnifiedNetwork, session: Session, number: int) -> Projection:
    """Apply the first convolution to a whole session.

    Parameters
    ----------
    network : UnifiedNetwork
        Trained network.
    session : Session
        ``T`` bins, ``N_s`` neurons.
    number : int
        Its number among the training sessions.

    Returns
    -------
    Projection
        What windows are taken of.
    """
    architecture, kernel = network.architecture, network.first.kernel
    bins, starts = padded_bins(session, architecture.left, architecture.right)
    n_hidden = len(bins) - kernel + 1
    length = architecture.window - kernel + 1
    with torch.no_grad():
        weights = network.input_weights(number)
        hidden = weights.new_zeros(n_hidden + length, weights.shape[1] // kernel)
        for begin in range(0, n_hidden, _CHUNK_PROJECTED):
            end = min(begin + _CHUNK_PROJECTED, n_hidden)
            # bins are in order, so those of a chunk are a stretch of the session
            needed = bins[begin : end + kernel - 1]
            projected = _product(session.neural[needed[0] : needed[-1] + 1], weights)
            index = torch.from_numpy(needed - needed[0]).to(weights.device)
            shifts = projected[index].view(len(needed), kernel, -1)
            for shift in range(kernel):
                hidden[begin:end] += shifts[shift : shift + end - begin, shift]
    return Projection(hidden, starts, length)


def _product(neural: Any, weights: Tensor) -> Tensor:
    """Multiply activity (T, N), dense or sparse, with weights (N, k)."""
    if isinstance(neural, np.ndarray):
        return torch.from_numpy(np.array(neural, dtype=np.float32)).to(weights.device) @ weights
    product = neural.astype(np.float32) @ weights.cpu().numpy()
    return torch.from_numpy(np.asarray(product)).to(weights.device)


def embed_windows(network: UnifiedNetwork, projections: Sequence[Projection], rows: Sequence[Array]) -> Array:
    """Embed ``T`` bins of the pseudo-animal that sessions make together.

    Parameters
    ----------
    network : UnifiedNetwork
        Trained network.
    projections : sequence of Projection
        Sessions that take part, at least one.
    rows : sequence of array (T,) of int
        For each of them, the bin that goes with each embedded bin, or ``NO_BIN``.

    Returns
    -------
    array (T, D) of float32
        Latents.
    """
    network.eval()
    if next(network.parameters()).device.type == "cpu":
        # compiled kernels take a second to load, which a card does not need
        from napari_unison.encoder.cpu import embedding

        first = [projection.first_rows(row) for projection, row in zip(projections, rows, strict=True)]
        return embedding.embed_windows(network, [p.hidden.numpy() for p in projections], first)
    latents = []
    with torch.no_grad():
        for begin in range(0, len(rows[0]), _CHUNK_BINS):
            chunk = slice(begin, begin + _CHUNK_BINS)
            total = network.first.bias + projections[0].windows(rows[0][chunk])
            for projection, row in zip(projections[1:], rows[1:], strict=True):
                total += projection.windows(row[chunk])
            latents.append(network.after_first(total).cpu())
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
    bank_projections = [
        None if other is None else project(network, other, number)
        for number, other in enumerate(bank.sessions)
    ]
    values, residuals = [], []
    for session, own in zip(sessions, numbers, strict=True):
        partners, residual = bank.partners_of(session, own)
        # silent windows of the own session keep the sum whole where nobody else takes part
        own_rows = np.full(session.n_bins, NO_BIN) if silence_own else np.arange(session.n_bins)
        projections, rows = [project(network, session, own)], [own_rows]
        for number, projection in enumerate(bank_projections):
            if projection is not None and number != own:
                projections.append(projection)
                rows.append(partners[number])
        values.append(embed_windows(network, projections, rows))
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
    values, residuals = [], []
    for session, own in zip(sessions, numbers, strict=True):
        rows = np.arange(session.n_bins)
        values.append(embed_windows(network, [project(network, session, own)], [rows]))
        residual = np.full((session.n_bins, len(network.neurons)), np.nan, dtype=np.float32)
        residual[:, own] = 0
        residuals.append(residual)
    return values, residuals
