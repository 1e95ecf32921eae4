"""CEBRA checkpoints as runs of a workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.sessions import Session, split_sessions
from napari_unison.workspace.background import BackgroundWork
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.runs import StudyRun, embed_run
from napari_unison.workspace.script import Settings, call

if TYPE_CHECKING:
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.state import Workspace

CHECKPOINT_ENDINGS = (".pt", ".pth")
IMPORTING = "importing"


class CebraRuns(BackgroundWork):
    """The part of a workspace that opens checkpoints of CEBRA."""

    def open_cebra(
        self,
        checkpoint: str | os.PathLike[str],
        *,
        validation_share: float = 0.0,
        trained_on: Mapping[str, int] | None = None,
        background: bool = False,
        **parameters: Any,
    ) -> Job:
        """Make a run of a CEBRA checkpoint and the open sessions, which it was trained on in their order.

        Nothing in the file is run. Of sessions with a time range that part is used, as for a training.

        Parameters
        ----------
        checkpoint : path
            What CEBRA's ``UnifiedSolver.save`` wrote.
        validation_share : float
            Share of the end of each session that the training in CEBRA has not seen (0.2 in its notebook).
        trained_on : mapping of str to int, optional
            Names and neurons of all sessions that it was trained on, where only some are open.
        background : bool
            Return at once and read in the background, as the widgets do.
        **parameters
            Parameters of the encoder that the checkpoint does not tell, such as ``batch_size``.

        Returns
        -------
        Job
            Its result is the run, with the aligned embedding of its sessions.

        Raises
        ------
        WorkspaceError
            If there are no sessions, or the share is none.
        CheckpointError
            If the file is no checkpoint, is damaged, or asks for anything to be run.
        SessionError
            If the sessions are not those of the checkpoint.
        ConfigurationError
            If a parameter contradicts the checkpoint, or is out of its range.
        """
        words: dict[str, Any] = dict(parameters)
        if trained_on is not None:
            words["trained_on"] = dict(trained_on)
        job = start_import(self, Path(checkpoint), validation_share, words)  # type: ignore[arg-type]
        if not background:
            job.wait()
        return job


def start_import(workspace: Workspace, checkpoint: Path, share: float, words: dict[str, Any]) -> Job:
    """Start to make a run of a checkpoint in the background."""
    if not workspace.sessions:
        raise WorkspaceError(
            f"there are no sessions yet: open those that {checkpoint.name} was trained on, in that order"
        )
    if not 0 <= share <= 0.5:
        raise WorkspaceError(f"the held-out share is between 0 and 0.5, not {share}")
    seen, held_out = workspace.used_sessions, list[Session]()
    if share > 0:
        seen, held_out = split_sessions(seen, 1 - share)
    name = _free_name(checkpoint.stem, {run.name for run in workspace.runs})
    settings = Settings.of(workspace)
    told = words | ({"validation_share": share} if share else {})
    line = call("ws.open_cebra", str(checkpoint.absolute()), **told)
    title = f"Importing {checkpoint.name}"

    def work(job: Job) -> StudyRun:
        from napari_unison.encoder import UnifiedEncoder

        job.tell_phase("reading")
        encoder = UnifiedEncoder.from_cebra(checkpoint, seen, **words)
        run = StudyRun(name, encoder, _of_names(held_out, encoder.session_names_))
        run.embeddings["aligned"], run.latent_scores["aligned"] = embed_run(
            job, run, align=True, partners="training"
        )
        return run

    def deliver(run: StudyRun) -> StudyRun:
        workspace.journal.note_made_run(line, run, settings)
        with workspace._jobs.apart(title):
            workspace.add_run(run)
        return run

    return workspace._start(IMPORTING, title, work, deliver)


def _of_names(sessions: list[Session], names: tuple[str, ...]) -> tuple[Session, ...]:
    """Return sessions in the order of names."""
    by_name = {session.name: session for session in sessions}
    return tuple(by_name[name] for name in names if name in by_name)


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
