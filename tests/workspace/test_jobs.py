"""Long work: it ends once, with its own errors only, and is held only where that has an effect."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from napari_unison.workspace.jobs import Job
from napari_unison.workspace.runners import ThreadRunner


def make_job(work, deliver=lambda result: result, kind="training", runner=None, reported=None) -> Job:
    def report(job, error):
        if reported is not None:
            reported.append(str(error))

    return Job(kind, "Some work", work, deliver, runner or ThreadRunner(), report)


def raise_at(signal, text="cannot draw this") -> None:
    def listener(*_):
        raise ValueError(text)

    signal.connect(listener)


def test_pause_holds_the_training_and_resume_goes_on(workspace):
    job = workspace.train(max_iterations=100_000)
    moved = threading.Event()
    job.events.progress.connect(lambda _: moved.set())
    assert moved.wait(60)
    job.pause()
    assert job.is_paused
    # The step that runs may still end.
    moved.clear()
    moved.wait(0.3)
    moved.clear()
    held = job.progress.iteration
    assert not moved.wait(0.3)
    assert job.progress.iteration == held
    job.resume()
    assert moved.wait(60)
    assert job.progress.iteration > held
    job.stop()
    assert job.wait(60).was_stopped


def test_a_listener_that_fails_does_not_become_the_error_of_the_training(workspace, recorded):
    told = recorded(workspace.events.failed)
    raise_at(workspace.events.embedding)
    job = workspace.train()
    run = job.wait(60)
    assert job.state == "finished"
    assert job.error is None
    assert workspace.run is run
    assert list(workspace.runs) == [run]
    assert len(told) == 1
    assert told[0][0] == ("Training on 2 sessions: showing what changed failed. ValueError: cannot draw this")


@pytest.mark.parametrize("signal", ["runs", "run", "display", "job", "progress"])
def test_the_run_is_there_whichever_listener_fails(workspace, recorded, signal):
    told = recorded(workspace.events.failed)
    raise_at(workspace.events[signal])
    workspace.show(latents="pca") if signal != "display" else None
    run = workspace.train().wait(60)
    assert workspace.run is run
    assert workspace.embedding is not None
    assert len(told) == (0 if signal == "display" else 1)


def test_opening_goes_on_after_a_listener_failed(small_sessions, recorded, monkeypatch, workspace):
    workspace.sessions.clear()
    told = recorded(workspace.events.failed)
    raise_at(workspace.events.sessions)
    monkeypatch.setattr(
        "napari_unison.workspace.samples.sample_sessions", lambda name, **_: list(small_sessions)
    )
    assert workspace.open_sample().wait(60) == small_sessions
    assert len(told) == 1


def test_a_stop_that_comes_while_the_work_ends_leaves_the_job_ended():
    """The thread ends between the question whether the job runs and the answer."""
    job = make_job(lambda job: None)
    is_running = Job.is_running

    class EndsMeanwhile(Job):
        @property
        def can_stop(self):
            answer = super().can_stop
            if answer:
                ended = threading.Thread(target=self.complete, args=("result",))
                ended.start()
                ended.join(0.2)
            return answer

    job.__class__ = EndsMeanwhile
    job._state = "running"
    job.stop()
    assert job._ended.wait(5)
    assert not is_running.fget(job)
    assert job.state == "finished"
    assert job.wait(1) == "result"


def test_a_stop_before_the_first_step_still_gives_a_run(workspace):
    job = workspace.train(max_iterations=100_000)
    job.stop()
    assert job.wait(60).was_stopped
    assert job.state == "stopped"


@pytest.mark.parametrize("act", ["pause", "resume", "stop", "cancel"])
def test_nothing_wakes_a_job_that_has_ended(act):
    job = make_job(lambda job: 7)
    job.start()
    assert job.wait(5) == 7
    getattr(job, act)()
    assert job.state == "finished"
    assert job.wait(1) == 7


def test_a_job_that_cannot_begin_has_failed():
    class FullRunner(ThreadRunner):
        def start(self, job):
            raise RuntimeError("can't start new thread")

    job = make_job(lambda job: None, runner=FullRunner())
    job.start()
    assert job.state == "failed"
    with pytest.raises(RuntimeError, match="can't start new thread"):
        job.wait(1)


def test_only_the_training_itself_can_be_paused_and_stopped():
    reached, go_on = threading.Event(), threading.Event()

    def work(job):
        job.tell_phase("training")
        assert job.can_pause
        assert job.can_stop
        job.tell_phase("choosing the best latents")
        reached.set()
        go_on.wait(5)
        return "complete"

    job = make_job(work)
    job.start()
    assert reached.wait(5)
    assert not job.can_pause
    assert not job.can_stop
    job.pause()
    assert job.state == "running"
    job.stop()
    assert job.state == "running"
    go_on.set()
    assert job.wait(5) == "complete"
    assert job.state == "finished"


def test_a_pause_that_came_after_the_last_step_does_not_last():
    def work(job):
        job.tell_phase("training")
        job.pause()
        job.tell_phase("embedding")
        return job.state

    job = make_job(work)
    job.start()
    assert job.wait(5) == "running"


@pytest.mark.parametrize("kind", ["opening", "embedding", "saving"])
def test_other_work_cannot_be_paused(kind):
    job = make_job(lambda job: (job.can_pause, job.can_stop), kind=kind)
    job.start()
    assert job.wait(5) == (False, False)


def test_a_listener_that_fails_at_every_step_is_reported_once():
    reported = []

    def work(job):
        for step in range(5):
            job.tell_progress(step)

    job = make_job(work, reported=reported)
    raise_at(job.events.progress)
    job.start()
    job.wait(5)
    assert job.state == "finished"
    assert reported == ["cannot draw this"]


def test_a_script_that_ends_during_a_job_ends_without_a_word():
    script = """
import threading
from napari_unison import sample_sessions
from napari_unison.workspace import Workspace

workspace = Workspace([session[:800] for session in sample_sessions("linear-track")[:2]])
small = {"batch_size": 32, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}
job = workspace.train(max_iterations=100_000, **small)
begun = threading.Event()
job.events.progress.connect(lambda progress: begun.set())
begun.wait(60)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
