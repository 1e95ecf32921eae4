"""A run goes on, brings its sessions along, and is looked at while it learns."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from napari_unison.encoder import ConfigurationError, Looks
from napari_unison.workspace import Workspace, WorkspaceError


@pytest.fixture
def stopped(workspace):
    """A workspace whose run was stopped after some steps."""
    job = workspace.train(max_iterations=100_000)
    begun = threading.Event()
    job.events.progress.connect(lambda _: begun.set())
    assert begun.wait(120)
    job.stop()
    job.wait(60)
    return workspace


def test_a_stopped_run_goes_on(stopped, recorded):
    run = stopped.run
    steps, embedding, encoder = run.encoder.n_iter_, run.embedding("aligned"), run.encoder
    run.quick_scores = object()
    told = recorded(stopped.events.run)
    job = stopped.resume(3)
    assert job.wait(60) is run
    assert run.encoder.n_iter_ == steps + 3
    assert encoder.n_iter_ == steps
    assert stopped.embedding is run.embedding("aligned")
    assert stopped.embedding is not embedding
    assert run.quick_scores is None
    assert told == [(run,)]
    assert list(stopped.runs) == [run]


def test_what_a_stop_left_out_is_done_unless_said_otherwise(stopped):
    job = stopped.resume()
    with pytest.raises(WorkspaceError, match="a training runs already"):
        stopped.resume()
    begun = threading.Event()
    job.events.progress.connect(lambda _: begun.set())
    assert begun.wait(60)
    assert job.progress.total == 100_000
    job.stop()
    assert job.wait(60).was_stopped


def test_a_run_that_is_complete_asks_how_many_more(workspace):
    with pytest.raises(WorkspaceError, match="there is no run yet"):
        workspace.resume()
    run = workspace.train().wait(60)
    with pytest.raises(WorkspaceError, match=r"done all of its 4 steps: say how many to add, such as"):
        workspace.resume()
    with pytest.raises(WorkspaceError, match="no run 'run 7'; the runs are run 1"):
        workspace.resume(run="run 7")
    assert workspace.resume(2, run="run 1").wait(60) is run
    assert run.encoder.n_iter_ == 6


def test_a_run_without_room_on_its_device_stays_as_it_is(workspace, monkeypatch):
    run = workspace.train().wait(60)
    embedding = run.embedding("aligned")
    monkeypatch.setattr("napari_unison.encoder.device_memory.free_memory", lambda device: 10.0)
    job = workspace.resume(2)
    with pytest.raises(ConfigurationError, match="End other programs that use its memory"):
        job.wait(60)
    assert (run.encoder.n_iter_, workspace.embedding) == (4, embedding)
    assert workspace.so_far is None


def test_an_opened_run_brings_its_sessions_and_goes_on(workspace, small_sessions, tmp_path):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "kept")
    other = Workspace()
    other.open(folder)
    assert [session.name for session in other.sessions] == ["rat 1", "rat 2"]
    for session, before in zip(other.sessions, small_sessions, strict=True):
        np.testing.assert_array_equal(session.labels["position"], before.labels["position"])
        assert session.n_bins == before.n_bins
    other.open(folder)
    assert len(other.sessions) == 2
    assert other.resume(2).wait(60).encoder.n_iter_ == 6
    other.close()


def test_sessions_of_a_run_that_do_not_fit_are_told_and_the_run_is_open(
    workspace, small_sessions, tmp_path, recorded
):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "kept")
    other = Workspace([session.replace(weights={"direction": 2.0}) for session in small_sessions[:1]])
    told = recorded(other.events.warned)
    other.open(folder)
    assert other.run.name == "kept"
    assert [session.name for session in other.sessions] == ["rat 1"]
    assert "the sessions of kept were not added" in told[0][0]
    other.sessions[:] = [small_sessions[1].replace(name="rat 1")]
    other.open(folder)
    assert "another number of neurons" in told[1][0]
    other.close()


@pytest.fixture
def often(monkeypatch):
    """Look after every step."""
    monkeypatch.setattr("napari_unison.encoder.history._SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr("napari_unison.encoder.Looks", partial(Looks, interval=0, share=1e9))


@pytest.mark.usefixtures("often")
def test_the_embedding_so_far_is_told_and_forgotten_at_the_end(workspace, recorded):
    told = recorded(workspace.events.so_far)
    run = workspace.train(max_iterations=5).wait(60)
    looks = [look for (look,) in told if look is not None]
    assert [look.iteration for look in looks] == [1, 2, 3, 4, 5]
    assert told[-1] == (None,)
    assert workspace.so_far is None
    assert {look.embedding.session_names for look in looks} == {("rat 1", "rat 2")}
    iterations, bits = zip(*run.held_out_fit, strict=True)
    assert iterations == (1, 2, 3, 4, 5)
    assert np.isfinite(bits).all()


@pytest.mark.usefixtures("often")
def test_nothing_is_embedded_meanwhile_where_nobody_looks(workspace, recorded):
    workspace.follows_training = False
    told = recorded(workspace.events.so_far)
    workspace.train(max_iterations=3, validation_share=0).wait(60)
    looks = [look for (look,) in told if look is not None]
    assert [look.embedding for look in looks] == [None] * 3
    assert workspace.run.held_out_fit == []


@pytest.mark.usefixtures("often")
def test_looking_does_not_change_what_is_learned(workspace):
    looked_at = workspace.train(max_iterations=5).wait(60)
    workspace.follows_training = False
    alone = workspace.train(max_iterations=5, validation_share=0.2).wait(60)
    np.testing.assert_array_equal(looked_at.encoder.history_["loss"], alone.encoder.history_["loss"])
