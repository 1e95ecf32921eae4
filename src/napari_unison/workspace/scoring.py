"""Quick scores of a workspace's run, computed in the background and kept as long as the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_unison.workspace import Workspace, WorkspaceError
from napari_unison.workspace.jobs import Job, JobCancelledError

if TYPE_CHECKING:
    from napari_unison.analysis.quick_scores import QuickScores


def score_run(workspace: Workspace) -> Job:
    """Score the current run on the sessions that its training did not see, in the background.

    Parameters
    ----------
    workspace : Workspace
        Its current run is scored.

    Returns
    -------
    Job
        Its result is the ``QuickScores``: label-free, aligned, and aligned with the own neurons silenced.
        ``run.quick_scores`` keeps them.

    Raises
    ------
    WorkspaceError
        If there is no run, or its training held nothing out.
    """
    run = workspace.run
    if run is None:
        raise WorkspaceError("there is no run yet: train an encoder or open a saved run first")
    if not run.held_out:
        raise WorkspaceError(
            f"{run.name} held nothing out to be scored on: train with a held-out share above 0"
        )

    def work(job: Job) -> QuickScores:
        from napari_unison.analysis import quick_scores

        def tell(share: float, what: str) -> None:
            if job.is_cancelled:
                raise JobCancelledError(f"{job.title} was given up because the workspace was closed")
            job.tell_share(share, what)

        return quick_scores(run.encoder, run.encoder.training_sessions_, run.held_out, on_progress=tell)

    def deliver(scores: QuickScores) -> QuickScores:
        run.quick_scores = scores
        return scores

    return workspace._start("scores", f"Scoring {run.name}", work, deliver)
