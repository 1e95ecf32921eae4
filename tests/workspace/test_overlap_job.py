"""The overlap of behaviour in the background."""

from __future__ import annotations

from napari_unison.workspace import Workspace
from napari_unison.workspace.overlap import compare_behaviour


def test_what_is_used_is_compared_as_it_will_be_matched(workspace):
    workspace.configure(max_label_distance=0.01)
    workspace.time_ranges["rat 2"] = 0, 1
    job = compare_behaviour(workspace)
    result = job.wait(60)
    assert workspace.job is None
    assert result.overlap.tolerance == 0.01
    assert result.coverage.seconds[1].sum() == 1


class WhenAsked:
    """Runs a job when somebody waits for it."""

    def start(self, job):
        """Nothing runs yet."""

    def wait(self, job, timeout):
        job.perform(lambda function: function())

    def close(self):
        """Nothing runs."""


def test_a_result_for_other_sessions_is_dropped(small_sessions):
    workspace = Workspace(small_sessions, runner=WhenAsked())
    job = compare_behaviour(workspace)
    workspace.time_ranges["rat 2"] = 0, 1
    assert job.wait() is None
    assert job.state == "dropped"
    assert compare_behaviour(workspace).wait().coverage.seconds[1].sum() == 1
