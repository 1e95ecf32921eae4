"""Arrows connect bins one step apart, in a plane below the points."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.display import embedding_axes
from napari_unison.display.flow_arrows import flow_arrows


@pytest.mark.parametrize("plane", [(0, 1), (0, 2), (1, 2)])
def test_arrows_go_from_bin_to_bin(embedding, plane) -> None:
    arrows = flow_arrows(embedding, embedding_axes(embedding, (0, 1, 2)), plane, 0.25)
    values = 100 * embedding.stacked()[0][:, :3]
    tails, tips = values[arrows.rows - 5][:, plane], values[arrows.rows + 5][:, plane]
    np.testing.assert_allclose(arrows.vectors[:, 0, plane], tails, atol=1e-3)
    np.testing.assert_allclose(arrows.vectors[:, 0, plane] + arrows.vectors[:, 1, plane], tips, atol=1e-3)
    (third,) = {0, 1, 2} - set(plane)
    assert len(np.unique(arrows.vectors[:, 0, third])) == 1
    assert arrows.vectors[0, 0, third] < values[:, third].min()
    assert (arrows.vectors[:, 1, third] == 0).all()
    assert arrows.step == pytest.approx(0.25)


def test_components_flow_too(embedding) -> None:
    arrows = flow_arrows(embedding, embedding_axes(embedding), (0, 1), 1.0)
    assert len(arrows.vectors) == len(arrows.rows) == len(arrows.session_index) > 10
    assert set(arrows.session_index) == {0, 1}
