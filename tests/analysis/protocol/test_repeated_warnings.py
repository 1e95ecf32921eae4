"""What is wrong with the labels is told once, however many encoders are trained."""

from __future__ import annotations

import warnings

import numpy as np
from simulated_rats import quick_config, rats

from napari_unison.analysis import LabelFreeEncoder, cross_validate


def test_each_cross_validation_tells_once_what_is_wrong_with_labels() -> None:
    first, second = rats("rat 1", "rat 2", n_bins=600)
    turned = np.where(second.labels["direction"] == "right", "left", "right")
    sessions = [first, second.replace(labels={**second.labels, "direction": turned})]
    for seed in (0, 1):
        method = LabelFreeEncoder(quick_config(batch_size=16, max_iterations=1))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            cross_validate([method], sessions, n_folds=2, seeds=[seed, seed + 2], guard=10)
        about_labels = [str(one.message) for one in told if "does not mean the same" in str(one.message)]
        assert len(about_labels) == 1
