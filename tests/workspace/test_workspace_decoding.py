"""Decoding studies of a workspace's runs: kept with the run, dropped when overtaken, none after a stop."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from made_scores import made_study
from napari_unison.analysis import DecodingStudyError, StudyOptions
from napari_unison.workspace import Workspace, WorkspaceError
from napari_unison.workspace.decoding import whole_sessions

PATIENCE = 60


class HeldStudy:
    """Stands for a study: waits inside until it is let go, and heeds its control as the real one does."""

    def __init__(self) -> None:
        self.calls: list[StudyOptions] = []
        self.has_begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def __call__(self, sessions, config, options, *, cache, on_progress, control):
        self.calls.append(options)
        on_progress(0.0, "fold 1")
        on_progress(0.25, "fold 2")
        self.has_begun.release()
        while not self.may_end.wait(0.01) and not control.is_stopped:
            control.wait_while_paused()
        if control.is_stopped:
            raise ValueError("this TrainingControl has stopped a training already: make a new one")
        return made_study(options)


@pytest.fixture
def held(monkeypatch) -> HeldStudy:
    study = HeldStudy()
    monkeypatch.setattr("napari_unison.analysis.study_decoding", study)
    return study


@pytest.fixture
def trained(workspace) -> Workspace:
    workspace.train().wait(PATIENCE)
    return workspace


def test_a_study_of_a_run_without_a_window(trained, small_sessions) -> None:
    job = trained.decode(methods=("label-free", "components"), n_folds=2, with_controls=False)
    study = job.wait(PATIENCE)
    assert trained.run.studies == {"quick": study}
    assert study.is_of(small_sessions)
    assert study.config.batch_size == trained.run.encoder.config_.batch_size
    assert study.protocol.sessions == ("rat 1", "rat 2")
    assert job.state == "finished"
    assert job.share == 1.0


def test_all_of_the_recording_is_decoded_not_only_what_was_trained_on(trained, small_sessions) -> None:
    for whole, recorded in zip(whole_sessions(trained.run), small_sessions, strict=True):
        np.testing.assert_array_equal(whole.time, recorded.time)
        np.testing.assert_array_equal(whole.labels["position"], recorded.labels["position"])
        np.testing.assert_array_equal(whole.segment, recorded.segment)


def test_there_must_be_a_run(workspace) -> None:
    with pytest.raises(WorkspaceError, match="there is no run yet"):
        workspace.decode()


def test_unknown_studies_and_options_are_refused_before_anything_runs(trained) -> None:
    with pytest.raises(WorkspaceError, match=r"no study called 'thorough'.*'quick' and 'full'"):
        trained.decode("thorough")
    with pytest.raises(WorkspaceError, match=r"no option 'folds'.*n_folds"):
        trained.decode(folds=3)
    with pytest.raises(DecodingStudyError, match="at least two folds"):
        trained.decode(n_folds=1)
    assert trained.jobs == []


def test_share_time_left_and_what_runs_are_told(trained, held) -> None:
    job = trained.decode()
    held.has_begun.acquire(timeout=PATIENCE)
    assert job.share == 0.25
    assert job.phase == "fold 2"
    assert job.seconds_left >= 0
    held.may_end.set()
    job.wait(PATIENCE)


def test_a_stop_leaves_no_result(trained, held) -> None:
    job = trained.decode()
    held.has_begun.acquire(timeout=PATIENCE)
    assert job.can_stop
    job.stop()
    assert job.wait(PATIENCE) is None
    assert job.state == "stopped"
    assert job.error is None
    assert trained.run.studies == {}


def test_a_pause_holds_the_study(trained, held) -> None:
    job = trained.decode()
    held.has_begun.acquire(timeout=PATIENCE)
    job.pause()
    assert job.is_paused
    held.may_end.set()
    job.resume()
    assert job.wait(PATIENCE) is trained.run.studies["quick"]


def test_a_newer_request_drops_the_one_before(trained, held) -> None:
    first = trained.decode("quick")
    held.has_begun.acquire(timeout=PATIENCE)
    second = trained.decode("full")
    assert first.wait(PATIENCE) is None
    assert first.state == "dropped"
    held.may_end.set()
    second.wait(PATIENCE)
    assert list(trained.run.studies) == ["full"]
    assert [options.is_quick for options in held.calls] == [True, False]


def test_the_same_request_is_the_same_job_and_the_same_result_is_not_computed_again(trained, held) -> None:
    job = trained.decode()
    assert trained.decode() is job
    held.may_end.set()
    study = job.wait(PATIENCE)
    again = trained.decode()
    assert again.wait(PATIENCE) is study
    assert len(held.calls) == 1
    trained.decode(n_permutations=20).wait(PATIENCE)
    assert held.calls[1].n_permutations == 20


def test_studies_stay_with_their_runs(trained, held) -> None:
    held.may_end.set()
    first = trained.run
    study = trained.decode().wait(PATIENCE)
    second = trained.train(random_state=1).wait(PATIENCE)
    assert second.studies == {}
    trained.run = first.name
    assert trained.run.studies == {"quick": study}


def test_the_study_of_a_run_that_was_removed_is_dropped(trained, held) -> None:
    job = trained.decode()
    held.has_begun.acquire(timeout=PATIENCE)
    run = trained.runs.pop()
    held.may_end.set()
    assert job.wait(PATIENCE) is None
    assert job.state == "dropped"
    assert run.studies == {}


def test_a_study_that_fails_says_the_cores_sentence(trained, monkeypatch, recorded) -> None:
    def fail(*args, **kwargs):
        raise DecodingStudyError("session 'rat 1' has 3 laps, too few for 5 folds")

    monkeypatch.setattr("napari_unison.analysis.study_decoding", fail)
    failed = recorded(trained.events.failed)
    with pytest.raises(DecodingStudyError, match="3 laps"):
        trained.decode().wait(PATIENCE)
    assert failed == [
        ("Decoding study of run 1, quick failed. session 'rat 1' has 3 laps, too few for 5 folds",)
    ]


def test_closing_the_workspace_ends_a_study(trained, held) -> None:
    job = trained.decode()
    held.has_begun.acquire(timeout=PATIENCE)
    trained.close()
    assert job.state == "cancelled"


def test_a_chosen_latent_becomes_the_first_axis_and_the_axes_before_move_up(trained) -> None:
    best = trained.run.best_latents("aligned")
    (other,) = set(range(4)) - set(best)
    trained.choose_latent(other)
    assert trained.display.latent == other
    assert trained.display.latents == (other, *best[:2])
    trained.choose_latent(best[1])
    assert trained.display.latent == best[1]
    assert trained.display.latents == (other, *best[:2])
    trained.choose_latent(None)
    assert trained.display.latent is None


def test_a_latent_that_is_not_there_cannot_be_chosen(trained) -> None:
    with pytest.raises(WorkspaceError, match="there is no latent 4: the embedding has 4"):
        trained.choose_latent(4)
    with pytest.raises(WorkspaceError, match="no embedding to choose a latent of"):
        Workspace().choose_latent(0)


def test_a_chosen_latent_that_the_next_run_lacks_is_forgotten(trained) -> None:
    trained.choose_latent(3)
    trained.train(output_dimension=3).wait(PATIENCE)
    assert trained.display.latent is None


def test_studies_are_saved_with_their_run_and_come_back_with_it(trained, tmp_path) -> None:
    options = {"methods": ("components",), "n_folds": 2, "with_controls": False}
    study = trained.decode(**options).wait(PATIENCE)
    folder = trained.save(tmp_path / "rats")
    other = Workspace()
    other.open(folder)
    found = other.run.studies
    assert list(found) == ["quick"]
    assert str(found["quick"]) == str(study)
    assert other.decode(**options).result is found["quick"]
    other.close()


def test_a_damaged_study_does_not_keep_a_run_from_opening(trained, held, tmp_path) -> None:
    held.may_end.set()
    trained.decode().wait(PATIENCE)
    folder = trained.save(tmp_path / "rats")
    (folder / "decoding" / "quick" / "study.json").write_text("{}", encoding="utf-8")
    other = Workspace()
    with pytest.warns(UserWarning, match=r"open without its decoding study.*quick"):
        other.open(folder)
    assert other.run.studies == {}
    other.close()
