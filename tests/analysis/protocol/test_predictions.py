import numpy as np
import pytest

from napari_unison import Session
from napari_unison.analysis.protocol.predictions import Prediction


@pytest.fixture
def session():
    return Session(
        "mouse",
        np.ones((4, 2)),
        {
            "position": np.array([0.0, 1.0, np.nan, 3.0]),
            "heading": np.array([0.1, 3.1, -3.1, 0.0]),
            "direction": np.array(["left", "left", "right", "right"]),
        },
        0.05,
        kinds={"heading": "circular"},
        segment=np.array([0, 0, 1, 1]),
        units={"position": "m"},
    )


def test_bins_without_the_label_are_left_out(session):
    prediction = Prediction.of(session, "position", np.array([0.5, 1.0, 9.0, 1.0]))
    assert prediction.unit == "m"
    np.testing.assert_array_equal(prediction.lap, [0, 0, 1])
    np.testing.assert_allclose(prediction.time, [0, 0.05, 0.15])
    np.testing.assert_allclose(prediction.errors(), [0.5, 0, 2])


def test_errors_of_angles_go_the_short_way(session):
    prediction = Prediction.of(session, "heading", np.array([0.1, -3.1, 3.1, 0.5]))
    np.testing.assert_allclose(prediction.errors(), [0, 2 * np.pi - 6.2, 2 * np.pi - 6.2, 0.5])


def test_categories_are_right_or_wrong(session):
    prediction = Prediction.of(session, "direction", np.array(["left", "right", "right", "left"]))
    np.testing.assert_array_equal(prediction.errors(), [0, 1, 0, 1])


def test_rows_that_do_not_go_together_are_refused(session):
    whole = Prediction.of(session, "heading", np.zeros(4))
    with pytest.raises(ValueError, match=r"session 'mouse', label 'heading': .* one row a bin"):
        Prediction(
            "mouse", "heading", "circular", "", whole.time, whole.lap[:2], whole.truth, whole.predicted
        )
