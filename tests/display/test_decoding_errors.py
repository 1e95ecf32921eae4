"""Errors of a study land on the bins that it decoded, whatever part of the session is shown."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.display.decoding_errors import decoding_errors


def study_of(predictions_by_seed, labels=("position", "direction")):
    """A study that holds nothing but its main method's predictions."""
    method = SimpleNamespace(
        scored=lambda session, label: [
            prediction
            for predictions in predictions_by_seed
            for prediction in predictions
            if (prediction.session, prediction.label) == (session, label)
        ]
    )
    return SimpleNamespace(
        main="label-free + kNN", protocol=SimpleNamespace(labels=labels, method=lambda name: method)
    )


def test_errors_are_means_over_seeds_on_the_bins_of_the_embedding(make_session, make_embedding) -> None:
    whole = make_session("rat 1")
    shown = make_embedding([whole[:300]])
    truth = whole.labels["position"]
    seeds = [[Prediction.of(whole[100:], "position", truth[100:] + shift)] for shift in (0.1, 0.3)]
    errors = decoding_errors(study_of(seeds), shown)
    assert (errors.label, errors.unit, errors.method) == ("position", "", "label-free + kNN")
    assert np.isnan(errors.values[:100]).all()
    np.testing.assert_allclose(errors.values[100:], 0.2)


def test_an_embedding_that_was_not_decoded_has_none(make_session, make_embedding) -> None:
    whole = make_session("rat 1")
    seeds = [[Prediction.of(whole, "position", whole.labels["position"])]]
    assert decoding_errors(study_of(seeds), make_embedding([make_session("rat 9")])) is None
    assert decoding_errors(study_of(seeds, labels=()), make_embedding([whole])) is None
