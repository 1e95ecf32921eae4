"""Arrows lead from bins to those one step later, in a plane below the points."""

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
    np.testing.assert_allclose(arrows.vectors[:, 1, plane] / arrows.share, tips - tails, atol=1e-2)
    middles = arrows.vectors[:, 0, plane] + arrows.vectors[:, 1, plane] / 2
    np.testing.assert_allclose(middles, (tails + tips) / 2, atol=1e-3)
    (third,) = {0, 1, 2} - set(plane)
    assert len(np.unique(arrows.vectors[:, 0, third])) == 1
    assert arrows.vectors[0, 0, third] < values[:, third].min()
    assert (arrows.vectors[:, 1, third] == 0).all()
    assert arrows.step == pytest.approx(0.25)


def test_arrows_are_short_enough_to_be_told_apart_and_never_lengthened(embedding) -> None:
    axes = embedding_axes(embedding, (0, 1, 2))
    far = flow_arrows(embedding, axes, (0, 1), 2.0)
    lengths = np.linalg.norm(far.vectors[:, 1], axis=1)
    assert far.share < 1
    assert np.percentile(lengths, 95) <= 1.01 * np.ptp(far.vectors[:, 0], axis=0).max() / 12


def test_components_flow_too(embedding) -> None:
    arrows = flow_arrows(embedding, embedding_axes(embedding), (0, 1), 1.0)
    assert len(arrows.vectors) == len(arrows.rows) == len(arrows.session_index) > 10
    assert set(arrows.session_index) == {0, 1}
