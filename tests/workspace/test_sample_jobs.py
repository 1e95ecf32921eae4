"""A sample that has to be downloaded: the workspace tells how far it is, and can stop it."""

from __future__ import annotations

import pytest

from napari_unison.sessions import SessionError
from napari_unison.workspace import Workspace
from napari_unison.workspace.jobs import JobCancelledError
from served_files import RATS, cut_after, stall_after, status


@pytest.fixture
def workspace():
    made = Workspace()
    yield made
    made.close()


def test_a_download_tells_how_far_it_is(workspace, rat_server):
    told = []
    workspace.events.job.connect(lambda job: told.append((job.share, job.phase)))
    workspace.open_sample("rat-hippocampus")
    assert [session.name for session in workspace.sessions] == list(RATS)
    shares = [share for share, phase in told if phase.startswith("downloading")]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any(phase.startswith("downloading buddy (2 of 4): ") for _, phase in told)


def test_a_download_that_was_stopped_leaves_the_workspace_as_it_was(workspace, rat_server):
    failed = []
    workspace.events.failed.connect(failed.append)
    rat_server.answers.append(stall_after(1000))
    job = workspace.open_sample("rat-hippocampus", background=True)
    rat_server.is_stalling.wait()
    assert job.can_stop
    job.stop()
    assert job.wait(20) is None
    assert job.state == "stopped"
    assert job.phase.startswith("the download of achilles was stopped. ")
    assert len(workspace.sessions) == 0
    assert failed == []


def test_the_next_time_a_stopped_download_goes_on(workspace, rat_server):
    rat_server.answers.append(stall_after(1000))
    job = workspace.open_sample("rat-hippocampus", background=True)

    def stop_when_some_is_there(told):
        if "1 kB of" in told.phase:
            told.stop()

    workspace.events.job.connect(stop_when_some_is_there)
    job.wait(20)
    workspace.events.job.disconnect(stop_when_some_is_there)
    assert "The 1 kB that have come are kept in" in job.phase
    rat_server.asked.clear()
    workspace.open_sample("rat-hippocampus")
    assert rat_server.ranges == ["bytes=1000-", "", "", ""]
    assert len(workspace.sessions) == 4


def test_a_workspace_that_closes_ends_its_download(workspace, rat_server):
    rat_server.answers.append(stall_after(1000))
    job = workspace.open_sample("rat-hippocampus", background=True)
    rat_server.is_stalling.wait()
    workspace.close()
    with pytest.raises(JobCancelledError):
        job.wait()


def test_a_download_that_fails_is_told_and_raised(workspace, rat_server):
    failed = []
    workspace.events.failed.connect(failed.append)
    rat_server.answers.extend([cut_after(1000), status(500)])
    with pytest.raises(SessionError, match="achilles could not be downloaded from"):
        workspace.open_sample("rat-hippocampus")
    assert len(failed) == 1
    assert failed[0].startswith("Opening the sample rat-hippocampus failed. achilles could not be downloaded")


def test_what_takes_no_download_tells_no_share(workspace):
    job = workspace.open_sample("linear-track")
    assert job.share != job.share


def test_a_sample_that_is_being_opened_is_not_opened_twice(workspace, rat_server):
    rat_server.answers.append(stall_after(1000))
    job = workspace.open_sample("rat-hippocampus", background=True)
    assert workspace.open_sample("rat-hippocampus", background=True) is job
    job.stop()
    job.wait(20)
    assert workspace.open_sample("rat-hippocampus") is not job
