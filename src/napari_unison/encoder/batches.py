"""Training input on a device: windows of the drawn bins, masked, one session at a time.

The windows of all sessions side by side would take (W, 3 · B, ΣN) numbers, which grows with the sessions. So
a batch holds only the rows to read; windows are made of them session by session, as often as they are asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from napari_unison.encoder.device_masks import DeviceMask
from napari_unison.encoder.device_sampling import DeviceBins
from napari_unison.encoder.windows import training_windows
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]


def neural_tensor(session: Session, device: torch.device) -> Tensor:
    """Return a session's neural activity as a dense float32 tensor (T, N) on ``device``."""
    neural = session.neural
    dense = neural.toarray() if scipy.sparse.issparse(neural) else neural
    return torch.from_numpy(np.array(dense, dtype=np.float32, order="C")).to(device)


@dataclass(frozen=True)
class DeviceBatch:
    """What a batch reads, on a device.

    Attributes
    ----------
    sessions : tuple of int
        The ``k`` sessions that take part.
    neural : list of Tensor (T_s + 1, N_s)
        Their activity, with a row of zeros at the end.
    rows : list of Tensor (W · 3 · B,) of int
        Rows of the activity that make their windows; masked steps and silent bins read the row of zeros.
    masks : list of DeviceMask
        Of references, positives and negatives.
    """

    sessions: tuple[int, ...]
    neural: Sequence[Tensor]
    rows: Sequence[Tensor]
    masks: Sequence[DeviceMask]

    @property
    def n_rows(self) -> int:
        """Rows ``W · 3 · B`` of a session's windows."""
        return len(self.rows[0])

    @property
    def n_bytes(self) -> int:
        """Memory of the windows of all sessions, in bytes."""
        return sum(4 * self.n_rows * neural.shape[1] for neural in self.neural)

    def windows(self, place: int) -> Tensor:
        """Return the masked windows (W · 3 · B, N_s) of the session at ``place`` among those taking part."""
        windows = self.neural[place].index_select(0, self.rows[place])
        for role, mask in enumerate(self.masks):
            if mask.neurons is not None:
                kept = mask.neurons[place]
                n_samples, n_neurons = kept.shape
                samples = slice(role * n_samples, (role + 1) * n_samples)
                windows.view(-1, len(self.masks) * n_samples, n_neurons)[:, samples].mul_(kept)
        return windows


class WindowBank:
    """Activity of all sessions on a device, and the window of each bin.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    device : torch.device
        Where the input is made.
    """

    def __init__(self, sessions: Sequence[Session], left: int, right: int, device: torch.device) -> None:
        self._neural, self._windows = [], []
        for session in sessions:
            neural = torch.zeros(session.n_bins + 1, session.n_neurons, device=device)
            neural[:-1] = neural_tensor(session, torch.device("cpu"))
            self._neural.append(neural)
            # a silent bin is the one after the last; all its window is the row of zeros
            windows = np.full((left + right, session.n_bins + 1), session.n_bins, dtype=np.int32)
            windows[:, :-1] = training_windows(session, left, right).T
            self._windows.append(torch.from_numpy(windows).to(device))

    def batch(self, drawn: DeviceBins, masks: Sequence[DeviceMask]) -> DeviceBatch:
        """Lay out what a batch reads.

        Parameters
        ----------
        drawn : DeviceBins
            Drawn bins.
        masks : sequence of DeviceMask
            Of references, positives and negatives.
        """
        rows = [
            self._rows(session, place, bins, masks)
            for place, (session, bins) in enumerate(zip(drawn.sessions, drawn.bins, strict=True))
        ]
        return DeviceBatch(drawn.sessions, [self._neural[session] for session in drawn.sessions], rows, masks)

    def _rows(self, session: int, place: int, bins: Tensor, masks: Sequence[DeviceMask]) -> Tensor:
        silence = len(self._neural[session]) - 1
        bins = torch.where(bins < 0, silence, bins)
        for part, mask in zip(bins.chunk(len(masks)), masks, strict=True):
            if mask.sessions is not None:
                part.masked_fill_(~mask.sessions[place], silence)
        rows = self._windows[session].index_select(1, bins)
        for part, mask in zip(rows.chunk(len(masks), dim=1), masks, strict=True):
            if mask.steps is not None:
                part.masked_fill_(~mask.steps, silence)
        return rows.view(-1)
