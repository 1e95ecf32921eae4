"""The workspace, headless: what a script or the console does with it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from pydantic import ValidationError

from napari_unison import Session
from napari_unison.encoder import ConfigurationError
from napari_unison.sessions import SessionError, write_sessions
from napari_unison.workspace import JobCancelledError, Workspace, WorkspaceError


def test_training_puts_a_run_with_an_aligned_embedding_into_the_workspace(workspace):
    run = workspace.train().wait(60)
    assert run is workspace.run
    assert list(workspace.runs) == [run]
    embedding = run.embedding("aligned")
    assert embedding is workspace.embedding
    assert [len(values) for values in embedding.values] == [480, 480]
    assert len(set(run.best_latents("aligned"))) == 3


def test_the_run_holds_out_the_end_of_each_session(workspace):
    run = workspace.train(validation_share=0.25).wait(60)
    assert [session.n_bins for session in run.held_out] == [150, 150]
    assert [session.n_bins for session in run.encoder.training_sessions_] == [450, 450]


def test_nothing_is_held_out_if_not_wanted(workspace):
    run = workspace.train(validation_share=0).wait(60)
    assert run.held_out == ()
    assert run.encoder.training_sessions_[0].n_bins == 600


def test_parameters_given_to_train_become_the_configuration(workspace):
    run = workspace.train(max_iterations=2).wait(60)
    assert workspace.config.max_iterations == 2
    assert run.encoder.n_iter_ == 2


def test_training_without_sessions_says_what_to_do():
    with pytest.raises(WorkspaceError, match="open recordings or a sample first"):
        Workspace().train()


def test_a_second_training_at_the_same_time_is_refused(workspace):
    job = workspace.train(max_iterations=100_000)
    with pytest.raises(WorkspaceError, match="a training runs already"):
        workspace.train()
    job.stop()
    job.wait(60)


def test_a_stopped_training_keeps_its_encoder(workspace):
    job = workspace.train(max_iterations=100_000)
    begun = threading.Event()
    job.events.progress.connect(lambda _: begun.set())
    assert begun.wait(60)
    job.stop()
    run = job.wait(60)
    assert job.state == "stopped"
    assert run.was_stopped
    assert 0 < run.encoder.n_iter_ < 100_000
    assert "stopped" in run.description
    assert workspace.embedding is not None


def test_an_error_in_the_background_is_told_and_raised_again(workspace, recorded, monkeypatch):
    def out_of_memory(*args, **kwargs):
        raise RuntimeError("CUDA out of memory: tried to allocate 20 GiB")

    monkeypatch.setattr("napari_unison.encoder.UnifiedEncoder.fit", out_of_memory)
    told = recorded(workspace.events.failed)
    job = workspace.train()
    with pytest.raises(RuntimeError, match="out of memory"):
        job.wait(60)
    assert job.state == "failed"
    assert "Training on 2 sessions failed" in told[0][0]
    assert "20 GiB" in told[0][0]
    assert len(workspace.runs) == 0


def test_waiting_too_short_leaves_the_job_running(workspace):
    job = workspace.train(max_iterations=100_000)
    with pytest.raises(TimeoutError, match="it goes on in the background"):
        job.wait(0.01)
    assert job.is_running
    job.stop()
    job.wait(60)


def test_closing_the_workspace_ends_its_threads(small_sessions):
    workspace = Workspace(small_sessions)
    job = workspace.train(max_iterations=100_000, batch_size=64)
    workspace.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Training")]
    with pytest.raises(JobCancelledError, match="the workspace was closed"):
        job.wait()
    assert len(workspace.sessions) == 0


def test_an_embedding_is_computed_once_a_run(workspace):
    workspace.train().wait(60)
    first = workspace.embed(align=False).wait(60)
    assert first.kind == "label-free"
    again = workspace.embed(align=False)
    assert not again.is_running
    assert again.wait() is first


def test_showing_another_kind_computes_it(workspace, recorded):
    workspace.train().wait(60)
    told = recorded(workspace.events.embedding)
    workspace.show(kind="label-free")
    workspace.job.wait(60)
    assert workspace.embedding.kind == "label-free"
    assert told[-1][0] is workspace.embedding


def test_embedding_without_a_run_says_what_to_do(workspace):
    with pytest.raises(WorkspaceError, match="there is no run yet"):
        workspace.embed()


def test_sessions_with_other_labels_are_refused_and_nothing_changes(workspace, small_sessions):
    stranger = Session("stranger", np.ones((20, 3)), {"speed": np.linspace(0, 1, 20)}, 0.025)
    before = list(workspace.sessions)
    for change in (
        lambda: workspace.sessions.append(stranger),
        lambda: workspace.sessions.extend([small_sessions[0].replace(name="new"), stranger]),
        lambda: workspace.sessions.__setitem__(0, stranger),
    ):
        with pytest.raises(SessionError, match="stranger"):
            change()
        assert list(workspace.sessions) == before


def test_two_sessions_of_one_name_are_refused(workspace, small_sessions):
    with pytest.raises(SessionError, match="rat 1"):
        workspace.sessions.append(small_sessions[0])


def test_only_sessions_go_into_the_list(workspace):
    with pytest.raises(TypeError, match="a workspace holds sessions, not ndarray"):
        workspace.sessions.append(np.ones(3))


def test_removing_a_session_leaves_the_others(workspace, recorded):
    told = recorded(workspace.events.sessions)
    workspace.remove("rat 1")
    assert [session.name for session in workspace.sessions] == ["rat 2"]
    assert told


def test_a_configuration_that_is_not_valid_changes_nothing(workspace):
    before = workspace.config
    with pytest.raises(ConfigurationError, match="batch_size"):
        workspace.configure(batch_size=0)
    with pytest.raises(ConfigurationError, match="no such parameter"):
        workspace.configure(batchsize=12)
    assert workspace.config is before


def test_a_changed_configuration_is_told_once(workspace, recorded):
    told = recorded(workspace.events.config)
    workspace.configure(batch_size=128)
    workspace.configure(batch_size=128)
    assert [config.batch_size for (config,) in told] == [128]


@pytest.mark.parametrize("share", [-0.1, 0.6])
def test_a_held_out_share_out_of_range_is_refused(workspace, share):
    with pytest.raises(WorkspaceError, match=r"between 0 and 0\.5"):
        workspace.validation_share = share


def test_display_settings_are_validated(workspace):
    with pytest.raises(ValidationError, match="opacity"):
        workspace.show(opacity=2)
    assert workspace.display.opacity <= 1


def test_opening_files_adds_their_sessions(small_sessions, tmp_path):
    write_sessions(tmp_path / "rats.npz", small_sessions)
    workspace = Workspace()
    workspace.open(tmp_path / "rats.npz")
    assert [session.name for session in workspace.sessions] == ["rat 1", "rat 2"]


def test_a_file_that_cannot_be_read_is_told_and_raised(tmp_path, recorded):
    workspace = Workspace()
    told = recorded(workspace.events.failed)
    with pytest.raises(SessionError, match=r"missing\.npz"):
        workspace.open(tmp_path / "missing.npz")
    assert "missing.npz" in told[0][0]


def test_a_saved_run_opens_in_another_workspace(workspace, tmp_path):
    run = workspace.train().wait(60)
    folder = workspace.save(tmp_path / "first")
    assert folder.name == "first.unison"
    other = Workspace()
    other.open(folder)
    assert other.run.name == "first"
    np.testing.assert_array_equal(other.embedding.values[0], run.embedding("aligned").values[0])
    assert other.run.held_out[0].n_bins == run.held_out[0].n_bins


def test_a_run_replaces_its_own_folder_and_no_other(workspace, tmp_path):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "first")
    (folder / "decoding").mkdir()
    (folder / "decoding" / "scores.csv").write_text("hours of work")
    assert workspace.save(folder) == folder
    assert (folder / "decoding" / "scores.csv").read_text() == "hours of work"
    workspace.train().wait(60)
    with pytest.raises(ValueError, match=r"first\.unison is a run already: choose another name"):
        workspace.save(folder)
    assert workspace.save(folder, overwrite=True) == folder
    assert not (folder / "decoding").exists()


def test_choosing_a_run_by_name(workspace):
    first = workspace.train().wait(60)
    second = workspace.train().wait(60)
    assert workspace.run is second
    workspace.run = "run 1"
    assert workspace.run is first
    with pytest.raises(WorkspaceError, match="the runs are run 1, run 2"):
        workspace.run = "run 7"


def test_removing_the_current_run_shows_the_one_before(workspace):
    first = workspace.train().wait(60)
    second = workspace.train().wait(60)
    workspace.runs.remove(second)
    assert workspace.run is first


def test_the_cursor_is_told(workspace, recorded):
    cursors = recorded(workspace.events.cursor)
    workspace.cursor = ("rat 1", 2.5)
    assert cursors == [(("rat 1", 2.5),)]
