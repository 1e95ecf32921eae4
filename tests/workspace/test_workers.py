"""Jobs of a workspace with a window."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings

import pytest
from qtpy.QtCore import QThreadPool

from napari_unison import get_workspace

pytestmark = pytest.mark.gui


def test_warnings_of_overlapping_jobs_are_told_and_the_process_keeps_its_own(
    make_napari_viewer, qtbot, recorded
):
    workspace = get_workspace(make_napari_viewer())
    told = recorded(workspace.events.warned)
    both = threading.Barrier(2, timeout=20)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = []
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        before, filters = warnings.showwarning, list(warnings.filters)

        def warn(job):
            both.wait()
            warnings.warn(f"{job.title} warns", stacklevel=1)
            both.wait()

        jobs = [workspace._start("opening", name, warn, lambda _: []) for name in ("first", "second")]
        for job in jobs:
            job.wait(20)
        assert warnings.showwarning is before
        assert list(warnings.filters) == filters
        assert shown == []
    assert [job.warnings for job in jobs] == [["first warns"], ["second warns"]]
    assert sorted(told) == [("first warns",), ("second warns",)]


SCRIPT_THAT_FAILS = """
import threading
import napari
from napari_unison import get_workspace

workspace = get_workspace(napari.Viewer(show=False))
begun = threading.Event()

def work(job):
    begun.set()
    while not job.is_cancelled:
        job.tell_share(0.5, "busy")

workspace._start("decoding", "a study", work, lambda _: None)
begun.wait(60)
raise ValueError("the script has a mistake")
"""


def test_a_script_that_fails_during_a_study_ends_with_its_own_error():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT_THAT_FAILS], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip().endswith("ValueError: the script has a mistake")


def test_a_window_that_closes_before_a_result_is_delivered_cancels_the_job(make_napari_viewer):
    viewer = make_napari_viewer()
    workspace = get_workspace(viewer)
    delivered = []
    job = workspace._start("opening", "a recording", lambda job: "result", delivered.append)
    # the work ends in its thread; what it sends waits in the queue of this one
    QThreadPool.globalInstance().waitForDone(20_000)
    assert job.is_running
    viewer.close()
    assert not job.is_running
    assert job.is_cancelled
    assert delivered == []
