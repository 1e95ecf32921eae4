"""Looks at an encoder while it trains."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_unison import UnifiedEncoder, split_sessions
from napari_unison.encoder import Look, Looks

SMALL = {
    "batch_size": 64,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "max_iterations": 6,
    "random_state": 0,
    "device": "cpu",
    "verbose": False,
}


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr("napari_unison.encoder.history._SECONDS_BETWEEN_REPORTS", 0.0)


@pytest.mark.usefixtures("often")
def test_the_last_look_is_the_embedding_thinned(small_sessions):
    training, held_out = split_sessions(small_sessions)
    seen: list[Look] = []
    looks = Looks(seen.append, held_out=held_out, n_bins=100, interval=0, share=1e9)
    encoder = UnifiedEncoder(**SMALL).fit(training, looks=looks)
    whole, last = encoder.embed(), seen[-1].embedding
    assert seen[-1].iteration == 6
    assert last.description == whole.description
    for values, thin, full, session in zip(last.values, last.sessions, whole.values, training, strict=True):
        assert len(values) == thin.n_bins == 50
        bins = np.searchsorted(session.time, thin.time - 1e-9)
        # partners that are equally near are drawn, and the rest is the same
        same = np.isclose(values, full[bins], atol=1e-5).all(axis=1)
        assert same.mean() > 0.9
    # the same bins in every look
    assert all(look.embedding.sessions == last.sessions for look in seen)


@pytest.mark.usefixtures("often")
def test_learning_weights_and_history_do_not_depend_on_looks(small_sessions):
    training, held_out = split_sessions(small_sessions)
    alone = UnifiedEncoder(**SMALL).fit(training)
    looks = Looks(lambda look: None, held_out=held_out, interval=0, share=1e9)
    watched = UnifiedEncoder(**SMALL).fit(training, looks=looks)
    np.testing.assert_array_equal(alone.history_["loss"], watched.history_["loss"])
    np.testing.assert_array_equal(alone.embed().values[0], watched.embed().values[0])


@pytest.mark.usefixtures("often")
def test_looks_wait_as_long_as_they_took_too_much(small_sessions, monkeypatch):
    clock = [0.0]

    def perf_counter():
        clock[0] += 1.0
        return clock[0]

    monkeypatch.setattr("napari_unison.encoder.looks.time", SimpleNamespace(perf_counter=perf_counter))
    seen: list[int] = []
    looks = Looks(lambda look: seen.append(look.iteration), interval=0, share=0.25)
    # a call takes a second of this clock, a look another one: three calls lie between two looks
    UnifiedEncoder(**SMALL | {"max_iterations": 12}).fit(small_sessions, looks=looks)
    assert seen[:4] == [1, 4, 7, 10]


@pytest.mark.usefixtures("often")
def test_held_out_parts_that_are_too_short_have_no_fit(small_sessions):
    held_out = [session[-5:] for session in small_sessions]
    seen: list[Look] = []
    looks = Looks(seen.append, held_out=held_out, wants_embedding=lambda: False, interval=0, share=1e9)
    UnifiedEncoder(**SMALL).fit(small_sessions, looks=looks)
    assert np.isnan([look.held_out_fit for look in seen]).all()
