"""Whether activity is counts of spikes or events, which alone have a rate a second."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

#: Rows that are looked at together.
_ROWS = 4096


def are_counts(values: Any) -> bool:
    """Return whether values are whole numbers from 0 on: MATLAB keeps counts as floating-point numbers.

    Parameters
    ----------
    values : ndarray or csr_array (T, N)
        Activity.
    """
    if values.dtype.kind in "iub":
        return True
    numbers = values.data if isinstance(values, sparse.csr_array) else values
    # in pieces: most activity that is no count shows it in the first one, and no large copy is made
    return all(
        bool(((piece >= 0) & (piece == np.floor(piece))).all())
        for piece in np.array_split(numbers, max(1, len(numbers) // _ROWS))
    )
