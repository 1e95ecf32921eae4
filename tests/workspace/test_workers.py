"""Jobs of a workspace with a window."""

from __future__ import annotations

import threading
import warnings

import pytest

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
