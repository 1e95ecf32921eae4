"""Activity as counts of events, as a Poisson likelihood takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.analysis.baselines.activity_windows import Sums, has_negative_activity

if TYPE_CHECKING:
    from napari_unison.sessions import Session


def event_scale(session: Session) -> npt.NDArray[np.float64]:
    """Return what makes a typical event count as one: the inverse of each neuron's mean event, (N,).

    Counts are left as they are (all 1). Deconvolved events come in units of their own, and a Poisson
    likelihood would take large ones for many spikes.
    """
    neural = session.neural
    values = neural.data if isinstance(neural, sparse.csr_array) else neural
    if (values == np.floor(values)).all():
        return np.ones(session.n_neurons)
    total = np.asarray(neural.sum(axis=0, dtype=np.float64)).reshape(-1)
    events = np.asarray(neural.astype(bool).sum(axis=0, dtype=np.float64)).reshape(-1)
    return np.asarray(np.divide(events, total, out=np.ones(session.n_neurons), where=total > 0))


def scaled(counts: Any, scale: npt.NDArray[np.float64]) -> Sums:
    """Multiply each neuron's counts (T, N) by its scale (N,)."""
    if isinstance(counts, sparse.csr_array):
        return counts @ sparse.diags_array(scale, format="csr")
    return np.asarray(counts * scale)


def require_counts(session: Session) -> None:
    """Make sure that activity may be taken for counts.

    Raises
    ------
    ValueError
        If some of it is negative.
    """
    if has_negative_activity(session):
        raise ValueError(
            f"session {session.name!r} has activity below 0, as ΔF/F has, but a Bayesian place decoder needs "
            f"counts or deconvolved events: use SmoothedNeighbours or PrincipalComponents as baseline, which "
            f"take any activity"
        )
