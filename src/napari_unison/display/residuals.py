"""The residual of a bin: how far the label of its farthest partner in the other sessions is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding


def farthest_partner(embedding: Embedding, index: int) -> npt.NDArray[np.float64]:
    """Return the label distance of each bin's farthest partner in one session, (T,); NaN without partners."""
    residual = np.asarray(embedding.residual[index], dtype=np.float64)
    own = np.asarray(embedding.partner_names) == embedding.session_names[index]
    others = np.where(own[None, :] | ~np.isfinite(residual), -np.inf, residual)
    largest = others.max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, np.nan)


def has_residual(embedding: Embedding) -> bool:
    """Tell whether any bin has a partner in another session."""
    return any(np.isfinite(farthest_partner(embedding, i)).any() for i in range(len(embedding.sessions)))


def largest_residual(embedding: Embedding) -> npt.NDArray[np.float64] | None:
    """Return the residual of all bins, (ΣT,); None where no bin has a partner in another session."""
    largest = np.concatenate([farthest_partner(embedding, index) for index in range(len(embedding.sessions))])
    return largest if np.isfinite(largest).any() else None
