"""How files come in: those that need no mapping are opened, the others are shown in the import dialog."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_unison.sessions import Session
from napari_unison.widgets.importing.dialog import ImportDialog
from napari_unison.widgets.importing.job_ends import when_done
from napari_unison.workspace.file_imports import FileImport
from napari_unison.workspace.import_problems import note_in_words
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.taken_names import taken_names

Tell = Callable[[str], object]


def begin_import(
    workspace: Workspace,
    paths: Sequence[Path],
    parent: QWidget,
    *,
    note: Tell,
    fail: Tell,
    own_too: bool = False,
    opened: Callable[[ImportDialog], object] = lambda _: None,
) -> Job:
    """Look into recordings in the background; open those that need no mapping, ask about the others.

    Parameters
    ----------
    workspace : Workspace
        Where the sessions go.
    paths : sequence of Path
        The recordings.
    parent : QWidget
        Where the dialog is to be seen.
    note, fail : callable
        Told what is going on, and what is wrong.
    own_too : bool
        Whether to ask about recordings that need no mapping as well.
    opened : callable
        Told the dialog, if there is one.
    """
    files = workspace.prepare_import(paths, own_too=own_too)

    def show(_: Any) -> None:
        note("")
        if files.own:
            workspace.open(files.own, background=True)
        if files.files:
            dialog = ImportDialog(workspace, files, parent.window())
            opened(dialog)
            dialog.open()

    def tell(job: Job) -> None:
        if job.kind == "look" and job.is_running:
            note(f"{job.title} …" if math.isnan(job.share) else f"{job.title} … {job.share:.0%}")

    files.events.job.connect(tell)
    job = files.look()
    when_done(job, show, lambda error: fail(str(error)))
    return job


def open_dropped(
    workspace: Workspace,
    path: Path,
    *,
    show: Callable[[Session], object],
    ask: Callable[[FileImport], object] | None,
    note: Tell,
    fail: Tell,
) -> Job:
    """Open a recording that was dropped on the viewer by the mapping used last or a guess.

    Parameters
    ----------
    workspace : Workspace
        Where its sessions go.
    path : Path
        The recording.
    show : callable
        Called with each session, once it is in the workspace.
    ask : callable or None
        Called with the file where the guess does not go far enough, or its session's name is taken; None
        where nobody can be asked.
    note, fail : callable
        Told what should be known of the guess, and what is wrong.
    """
    files = workspace.prepare_import(path, own_too=True)

    def go_on(_: Any) -> None:
        proposal = files.proposal
        mapping = None if proposal is None else proposal.mapping
        open_already = [session.name for session in workspace.sessions]
        taken = None if mapping is None else taken_names(mapping, [path], open_already)
        if mapping is not None and taken is None:
            files.close()
            for said in () if proposal is None else proposal.notes:
                note(f"{path.name}: {note_in_words(said)}")
            job = workspace.open(path, mapping=mapping, background=True)
            when_done(job, lambda sessions: [show(session) for session in sessions], lambda _: None)
        elif ask is not None:
            ask(files)
        else:
            files.close()
            missing = "; ".join(() if proposal is None else proposal.missing)
            problem = f"{missing}." if taken is None else taken.problem
            fail(f"{path.name}: {problem} Open the Unison workspace and import it there.")

    job = files.look()
    when_done(job, go_on, lambda error: fail(str(error)))
    return job
