from __future__ import annotations

import numpy as np
import pytest
from simulated_rats import quick_config, rats

from napari_unison.analysis.encoders.encoder_fits import EncoderFits, FitStoppedError, config_text
from napari_unison.encoder import TrainingControl

CONFIG = quick_config(max_iterations=5, batch_size=32)


@pytest.fixture(scope="module")
def sessions():
    return rats("rat 1", "rat 2", n_bins=400)


def test_the_same_fit_is_not_trained_again(sessions) -> None:
    fits = EncoderFits()
    encoder = fits.fitted(CONFIG, sessions, 3)
    assert fits.fitted(CONFIG, sessions, 3) is encoder
    # neither the seed of the configuration nor its progress bar decides anything
    assert fits.fitted(CONFIG.model_copy(update={"random_state": 8, "verbose": True}), sessions, 3) is encoder
    assert fits.n_trained == 1
    assert encoder.seed_ == 3


def test_whatever_changes_the_result_is_another_fit(sessions) -> None:
    first, second = sessions
    fits = EncoderFits(n_in_memory=9)
    fits.fitted(CONFIG, sessions, 0)
    fits.fitted(CONFIG, sessions, 1)
    fits.fitted(CONFIG.model_copy(update={"temperature": 0.5}), sessions, 0)
    fits.fitted(CONFIG, [second, first], 0)
    fits.fitted(CONFIG, [first[:300], second], 0)
    position = first.labels["position"] + 1e-3
    relabelled = first.replace(labels=dict(first.labels) | {"position": position})
    fits.fitted(CONFIG, [relabelled, second], 0)
    reweighted = [session.replace(weights={"position": 2.0}) for session in sessions]
    fits.fitted(CONFIG, reweighted, 0)
    assert fits.n_trained == 7


def test_fits_in_a_folder_are_found_again(sessions, tmp_path) -> None:
    before = EncoderFits(tmp_path / "fits")
    encoder = before.fitted(CONFIG, sessions, 0)
    assert [folder.suffix for folder in (tmp_path / "fits").iterdir()] == [".unison"]
    after = EncoderFits(tmp_path / "fits")
    found = after.fitted(CONFIG, sessions, 0)
    assert after.n_trained == 0
    for one, other in zip(found.transform(sessions), encoder.transform(sessions), strict=True):
        np.testing.assert_array_equal(one, other)


def test_fits_of_other_code_are_not_taken(sessions, tmp_path, monkeypatch) -> None:
    fits = EncoderFits(tmp_path)
    fits.fitted(CONFIG, sessions, 0)
    monkeypatch.setattr("napari_unison.analysis.protocol.results_version.RESULTS_VERSION", 999)
    fits.fitted(CONFIG, sessions, 0)
    assert fits.n_trained == 2


def test_a_fit_that_another_process_saved_meanwhile_stays(sessions, tmp_path) -> None:
    theirs = EncoderFits(tmp_path / "fits")

    def while_ours_trains(_progress) -> None:
        if not theirs.n_trained:
            theirs.fitted(CONFIG, sessions, 0)

    ours = EncoderFits(tmp_path / "fits", on_progress=while_ours_trains)
    encoder = ours.fitted(CONFIG, sessions, 0)
    assert (ours.n_trained, theirs.n_trained) == (1, 1)
    assert encoder.n_iter_ == CONFIG.max_iterations


def test_only_the_last_encoders_stay_in_memory(sessions) -> None:
    fits = EncoderFits(n_in_memory=2)
    first = fits.fitted(CONFIG, sessions, 0)
    fits.fitted(CONFIG, sessions, 1)
    assert fits.fitted(CONFIG, sessions, 0) is first
    fits.fitted(CONFIG, sessions, 2)
    assert fits.fitted(CONFIG, sessions, 0) is first
    assert fits.n_trained == 3
    fits.fitted(CONFIG, sessions, 1)
    assert fits.n_trained == 4
    with pytest.raises(ValueError, match="n_in_memory is 0"):
        EncoderFits(n_in_memory=0)


def test_a_stopped_training_is_told_of_and_not_kept(sessions, tmp_path) -> None:
    control = TrainingControl()
    fits = EncoderFits(tmp_path, on_progress=lambda _: control.stop(), control=control)
    with pytest.raises(FitStoppedError, match=r"stopped after \d+ of 100000 iterations"):
        fits.fitted(CONFIG.model_copy(update={"max_iterations": 100_000}), sessions, 0)
    assert list(tmp_path.iterdir()) == []
    assert fits.n_trained == 0


def test_the_text_of_a_configuration_holds_what_decides_a_fit() -> None:
    assert config_text(CONFIG) == config_text(CONFIG.model_copy(update={"random_state": 5}))
    assert config_text(CONFIG) != config_text(CONFIG.model_copy(update={"masks": {}}))
    assert '"SessionMask"' in config_text(CONFIG)
