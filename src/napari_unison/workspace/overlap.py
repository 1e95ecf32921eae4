"""The overlap of the sessions' behaviour, computed in the background."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from napari_unison.workspace.jobs import DROPPED, Job

if TYPE_CHECKING:
    from napari_unison.analysis import BehaviourOverlap
    from napari_unison.workspace.state import Workspace

OVERLAP = "overlap"


def overlap_subject(workspace: Workspace) -> Hashable:
    """Return what the overlap depends on: sessions, their time ranges, and how labels are matched."""
    config = workspace.config
    return (
        tuple(id(session) for session in workspace.sessions),
        tuple(workspace.time_ranges.items()),
        config.label_scaling,
        config.max_label_distance,
    )


def compare_behaviour(workspace: Workspace) -> Job:
    """Compare the behaviour of a workspace's sessions in the background, as the next training would match it.

    Parameters
    ----------
    workspace : Workspace
        Its sessions in their time ranges are compared.

    Returns
    -------
    Job
        Its result is the ``BehaviourOverlap``; None if sessions or settings changed meanwhile.
    """
    subject = overlap_subject(workspace)
    sessions, config = workspace.used_sessions, workspace.config

    def work(_job: Job) -> BehaviourOverlap:
        from napari_unison.analysis.behaviour_overlap import behaviour_overlap

        return behaviour_overlap(
            sessions, scaling=config.label_scaling, max_label_distance=config.max_label_distance
        )

    def deliver(result: BehaviourOverlap) -> Any:
        return result if overlap_subject(workspace) == subject else DROPPED

    # not ``workspace.job``: that is the work which a person has asked for
    job = workspace._jobs.make(
        OVERLAP, "Comparing the sessions' behaviour", work, deliver, (OVERLAP, subject)
    )
    job.start()
    return job
