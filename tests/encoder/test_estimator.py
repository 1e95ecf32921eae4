import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from napari_unison import UnifiedEncoder
from napari_unison.encoder import ConfigurationError, EncoderConfig
from napari_unison.sessions import SessionError

NOTEBOOK = {
    "model_architecture": "offset10-model",
    "batch_size": 2048,
    "output_dimension": 32,
    "time_offsets": 10,
    "learning_rate": 0.0003,
    "num_hidden_units": 32,
    "temperature": 1,
    "max_iterations": 5000,
    "conditional": "time_delta",
    "verbose": True,
}


def test_the_notebooks_configuration_can_be_passed_as_it_is():
    encoder = UnifiedEncoder(**NOTEBOOK)
    assert EncoderConfig.from_parameters(encoder.get_params()) == EncoderConfig()


def test_parameters_follow_scikit_learns_rules():
    masks = {"RandomNeuronMask": [0.5]}
    encoder = UnifiedEncoder(batch_size=7, masks=masks)
    assert encoder.get_params()["masks"] is masks
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params()
    assert encoder.set_params(batch_size=9) is encoder
    assert encoder.batch_size == 9
    with pytest.raises(ValueError, match="batchsize"):
        encoder.set_params(batchsize=3)
    assert "batch_size=9" in repr(encoder)


def test_wrong_parameters_are_told_when_fitting_not_when_constructing(rats):
    encoder = UnifiedEncoder(batch_size=0)
    with pytest.raises(ConfigurationError, match="batch_size"):
        encoder.fit(rats)
    assert not [name for name in vars(encoder) if name.endswith("_")]


def test_an_encoder_that_is_not_fitted_says_so(rats):
    for call in (
        lambda e: e.embed(),
        lambda e: e.transform(rats),
        lambda e: e.resume(),
        lambda e: e.save("x"),
    ):
        with pytest.raises(NotFittedError, match="call fit"):
            call(UnifiedEncoder())


def test_fit_transform_and_transform_are_label_free(fitted, rats):
    free = fitted.embed(rats, align=False).values
    for mine, expected in zip(fitted.transform(rats), free, strict=True):
        np.testing.assert_array_equal(mine, expected)
    encoder = clone(fitted).set_params(max_iterations=2)
    assert [values.shape for values in encoder.fit_transform(rats)] == [(700, 32), (500, 32), (900, 32)]


def test_what_is_no_session_is_told(fitted):
    with pytest.raises(TypeError, match=r"Session objects, not ndarray: make one with Session\(name"):
        UnifiedEncoder().fit([np.zeros((10, 3))])
    with pytest.raises(SessionError, match="at least one"):
        UnifiedEncoder().fit([])


def test_one_session_alone_can_be_trained_and_embedded(rats):
    encoder = UnifiedEncoder(batch_size=32, max_iterations=2, verbose=False).fit(rats[0])
    assert encoder.embed().values[0].shape == (700, 32)
    assert encoder.embed().silenced == ()


def test_unknown_sessions_and_other_widths_are_refused(fitted, make_session, rats):
    with pytest.raises(SessionError, match=r"no training session is called 'dora'.*'anna', 'bert', 'cleo'"):
        fitted.embed([make_session("dora")])
    with pytest.raises(SessionError, match=r"'anna' has 5 neurons, but had 12 in training"):
        fitted.embed([make_session("anna", n_neurons=5)])
    with pytest.raises(ValueError, match="partners is 'all'"):
        fitted.embed(rats, partners="all")
    with pytest.raises(ValueError, match="silence_own needs align=True"):
        fitted.embed(rats, align=False, silence_own=True)


def test_without_a_seed_one_is_drawn_and_kept(rats):
    encoder = UnifiedEncoder(batch_size=32, max_iterations=2, verbose=False).fit(rats)
    again = UnifiedEncoder(batch_size=32, max_iterations=2, verbose=False, random_state=encoder.seed_).fit(
        rats
    )
    np.testing.assert_array_equal(encoder.history_["loss"], again.history_["loss"])


def test_a_second_fit_forgets_the_first(rats):
    encoder = UnifiedEncoder(batch_size=32, max_iterations=3, verbose=False, random_state=0).fit(rats)
    encoder.fit(rats[:2])
    assert encoder.session_names_ == ("anna", "bert")
    assert encoder.n_iter_ == 3


def test_label_weights_that_hide_a_label_are_warned_of(rats):
    in_centimetres = [
        rat.replace(labels={**rat.labels, "position": rat.labels["position"] * 1000}) for rat in rats
    ]
    with pytest.warns(UserWarning, match="'position' outweighs 'direction'"):
        UnifiedEncoder(batch_size=32, max_iterations=1, verbose=False).fit(in_centimetres)


def test_sessions_with_other_bin_widths_are_refused(fitted, rats):
    wide = rats[1].replace(bin_width=0.1)
    with pytest.raises(
        SessionError, match=r"'bert' has bins of 0.1 s, but 'anna' of 0.025 s.*bin all sessions alike"
    ):
        UnifiedEncoder().fit([rats[0], wide])
    with pytest.raises(SessionError, match=r"'bert' has bins of 0\.1 s"):
        fitted.embed([wide])
