from __future__ import annotations

import numpy as np
import pytest
from simulated_rats import quick_config, rats, with_noise

from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.encoders.encoder_methods import (
    LabelFreeEncoder,
    SingleSessionEncoder,
    UntrainedEncoder,
)
from napari_unison.analysis.protocol.folds import guard_bins, lap_folds
from napari_unison.analysis.time_context import TimeContext

CONFIG = quick_config()


@pytest.fixture(scope="module")
def fits():
    return EncoderFits(n_in_memory=8)


@pytest.fixture(scope="module")
def fold():
    sessions = rats("rat 1", "rat 2", n_bins=1600)
    return lap_folds(sessions, 4, guard=guard_bins(CONFIG))[1]


@pytest.fixture(scope="module")
def methods(fits):
    return {
        "label-free": LabelFreeEncoder(CONFIG, fits=fits),
        "linear": LabelFreeEncoder(CONFIG, "linear", fits=fits),
        "aligned bank": LabelFreeEncoder(CONFIG, fitted_on="aligned bank", fits=fits),
        "other sessions": LabelFreeEncoder(CONFIG, fitted_on="other sessions", fits=fits),
        "single": SingleSessionEncoder(CONFIG, fits=fits),
        "untrained": UntrainedEncoder(CONFIG, fits=fits),
    }


@pytest.fixture(scope="module")
def errors(methods, fold):
    """Median error (m) of the position of rat 1, by method."""
    found = {}
    for name, method in methods.items():
        predictions = method.predict(fold.train, fold.test, 0)
        of_rat = [one for one in predictions if (one.session, one.label) == ("rat 1", "position")]
        found[name] = float(np.median(of_rat[0].errors()))
    return found


def test_every_label_of_every_session_is_predicted_bin_by_bin(methods, fold) -> None:
    predictions = methods["label-free"].predict(fold.train, fold.test, 0)
    expected = {(session.name, label) for session in fold.test for label in ("position", "direction")}
    assert {(one.session, one.label) for one in predictions} == expected
    for session in fold.test:
        own = [one for one in predictions if one.session == session.name]
        for one in own:
            np.testing.assert_array_equal(one.time, session.time)
            np.testing.assert_array_equal(one.lap, session.segment)
        assert set(own[1].predicted[:, 0]) <= {"left", "right"}


@pytest.mark.parametrize("name", ["label-free", "linear", "aligned bank", "other sessions", "single"])
def test_trained_encoders_decode_the_place(errors, name) -> None:
    # the track is 1.6 m long; always saying its middle errs by 0.4 m
    assert errors[name] < 0.2


def test_training_is_better_than_random_weights(errors) -> None:
    assert errors["label-free"] < errors["untrained"]


@pytest.mark.parametrize("name", ["label-free", "aligned bank", "other sessions", "single", "untrained"])
def test_no_label_of_the_bins_to_decode_enters(methods, fold, name) -> None:
    method = methods[name]
    mislabelled = [
        session.replace(
            labels={
                "position": np.zeros(session.n_bins),
                "direction": np.full(session.n_bins, "left"),
            }
        )
        for session in fold.test
    ]
    for one, other in zip(
        method.predict(fold.train, fold.test, 0), method.predict(fold.train, mislabelled, 0), strict=True
    ):
        np.testing.assert_array_equal(one.predicted, other.predicted)
    assert not method.uses_labels_of_test


def test_a_decoder_of_other_sessions_knows_no_label_of_this_one(fits, fold) -> None:
    method = LabelFreeEncoder(CONFIG, fitted_on="other sessions", fits=fits)
    encoder = fits.fitted(CONFIG, fold.train, 0)

    class _OneEncoder(EncoderFits):
        def fitted(self, config, sessions, seed):
            return encoder

    first, second = fold.train
    position = np.zeros(first.n_bins)
    relabelled = first.replace(labels=dict(first.labels) | {"position": position})
    fixed = LabelFreeEncoder(CONFIG, fitted_on="other sessions", fits=_OneEncoder())
    true = method.predict(fold.train, fold.test, 0)
    changed = fixed.predict([relabelled, second], fold.test, 0)
    np.testing.assert_array_equal(true[0].predicted, changed[0].predicted)
    assert not np.array_equal(true[2].predicted, changed[2].predicted)


def test_methods_share_an_encoder(fold) -> None:
    config = quick_config(max_iterations=3)
    fits = EncoderFits()
    for fitted_on in ("label-free", "aligned bank", "other sessions"):
        LabelFreeEncoder(config, fitted_on=fitted_on, fits=fits).predict(fold.train, fold.test, 0)
    assert fits.n_trained == 1


def test_one_encoder_per_session_does_not_see_the_others(fold, fits, methods) -> None:
    first, second = fold.train
    with_noisy_partner = methods["single"].predict([first, with_noise(second)], fold.test[:1], 0)
    for one, other in zip(
        with_noisy_partner, methods["single"].predict(fold.train, fold.test[:1], 0), strict=True
    ):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_one_encoder_per_session_takes_any_number_of_sessions_per_step(fold) -> None:
    method = SingleSessionEncoder(quick_config(max_iterations=2, sessions_per_step=2))
    assert len(method.predict(fold.train, fold.test, 0)) == 4


def test_no_training_changes_the_weights_of_an_untrained_encoder(fold) -> None:
    fits = EncoderFits()
    predictions = [
        UntrainedEncoder(config, fits=fits).predict(fold.train, fold.test, 1)
        for config in (CONFIG, quick_config(masks={}, temperature=0.1, max_iterations=7))
    ]
    for one, other in zip(*predictions, strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_the_seed_decides(fold) -> None:
    config = quick_config(max_iterations=5)
    first, again, other = (LabelFreeEncoder(config).predict(fold.train, fold.test, s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first[0].predicted, again[0].predicted)
    assert not np.array_equal(first[0].predicted, other[0].predicted)


def test_settings_tell_apart_what_gives_other_results(methods) -> None:
    settings = {method.settings for method in methods.values()}
    assert len(settings) == len(methods)
    longer = LabelFreeEncoder(quick_config(max_iterations=101))
    assert longer.settings not in settings
    assert LabelFreeEncoder(quick_config(random_state=4), name="mine").settings in settings


def test_names_say_what_a_decoder_is_fitted_on(methods) -> None:
    assert methods["label-free"].name == "unified encoder, label-free (nearest neighbours)"
    assert "fitted on the other sessions" in methods["other sessions"].name
    assert methods["single"].name.startswith("one encoder per session")
    assert LabelFreeEncoder(CONFIG, name="with session masks").name == "with session masks"


def test_what_cannot_be_done_is_said(methods, fold) -> None:
    with pytest.raises(ValueError, match="'rat 1' is alone"):
        methods["other sessions"].predict(fold.train[:1], fold.test[:1], 0)
    for name in ("label-free", "single"):
        with pytest.raises(ValueError, match=r"no training part of rat 2.*are of rat 1"):
            methods[name].predict(fold.train[:1], fold.test, 0)
    with pytest.raises(ValueError, match="no decoder 'forest'"):
        LabelFreeEncoder(CONFIG, "forest")
    with pytest.raises(ValueError, match=r"cannot be fitted on 'test'.*'aligned bank'"):
        LabelFreeEncoder(CONFIG, fitted_on="test")


def test_a_decoder_that_sees_the_stretch_around_a_bin_errs_less(fits, fold, errors) -> None:
    method = LabelFreeEncoder(CONFIG, context=TimeContext(0.25, (0.25,)), fits=fits)
    predictions = method.predict(fold.train, fold.test, 0)
    [position] = [one for one in predictions if (one.session, one.label) == ("rat 1", "position")]
    assert np.median(position.errors()) < errors["label-free"]
    assert "±0.375 s" in method.name
    assert method.settings != LabelFreeEncoder(CONFIG, fits=fits).settings
