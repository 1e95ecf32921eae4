"""Moving averages for curves such as the loss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def smooth(values: npt.ArrayLike, window: int) -> npt.NDArray[np.float64]:
    """Average over a moving window, where the window lies wholly inside the curve.

    Parameters
    ----------
    values : array-like, (T,)
        The curve.
    window : int
        Length of the window in samples.

    Returns
    -------
    ndarray of float64, (T - window + 1,)
        Entry ``i`` is the mean of ``values[i : i + window]``.

    Raises
    ------
    ValueError
        If the curve has more than one dimension, or the window is shorter than 1 or longer than the curve.
    """
    curve = np.asarray(values, dtype=np.float64)
    if curve.ndim != 1:
        raise ValueError(f"a curve has one dimension, this one has the shape {curve.shape}")
    if not 1 <= window <= len(curve):
        raise ValueError(
            f"window is {window}, but the curve has {len(curve)} samples: give 1 to {len(curve)}"
        )
    return np.convolve(curve, np.full(window, 1.0 / window), mode="valid")
