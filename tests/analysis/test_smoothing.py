from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis import smooth


def test_each_value_is_the_mean_of_its_window() -> None:
    np.testing.assert_allclose(smooth([0, 2, 4, 10], 2), [1, 3, 7])


def test_window_of_one_changes_nothing() -> None:
    np.testing.assert_allclose(smooth([3.0, 1.0], 1), [3.0, 1.0])


@pytest.mark.parametrize("window", [0, 5])
def test_window_must_lie_inside_the_curve(window: int) -> None:
    with pytest.raises(ValueError, match="the curve has 4 samples"):
        smooth([1, 2, 3, 4], window)


def test_a_curve_has_one_dimension() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        smooth([[1, 2], [3, 4]], 1)
