"""Have the compiled kernels ready before they are needed."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from napari_unison.encoder.estimator import UnifiedEncoder
from napari_unison.sessions import Session


def warm_up() -> None:
    """Load the compiled kernels; where they are not in numba's cache yet, compile them.

    Compiling takes some twenty seconds, once for a version of the package on a machine; loading takes two.
    Any training does both by itself: this is for programs that would rather do it while a person looks round.
    """
    rng = np.random.default_rng(0)
    position = np.linspace(0, 1, 60)
    encoder = UnifiedEncoder(batch_size=8, max_iterations=1, time_offsets=1, device="cpu", verbose=False)
    for neural in (sparse.csr_array((60, 3)), rng.normal(size=(60, 3))):
        sessions = [Session(name, neural, {"position": position}, 0.025) for name in ("one", "other")]
        encoder.fit(sessions).embed()
