"""The selection and the named sets follow sessions that get another name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from napari_unison.workspace.session_steps import explain_edit

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.workspace.keeping import Keeping


class RenamedSessions:
    """Notices that a session has another name, by whatever door, and also when that is undone.

    Runs that were trained before keep the old name: where one knows it, sets hold for both names.

    Parameters
    ----------
    workspace : Keeping
        Whose sessions and selection.
    """

    def __init__(self, workspace: Keeping) -> None:
        self._workspace = ref(workspace)
        self._before: list[Session] = list(workspace.sessions)
        workspace.events.sessions.connect(self._on_sessions)

    def _on_sessions(self) -> None:
        workspace = self._workspace()
        if workspace is None:
            return
        before, self._before = self._before, list(workspace.sessions)
        if len(before) != len(self._before):
            return
        for old, new in zip(before, self._before, strict=True):
            # what was moved or took another's place is not the same under another name
            if old.name != new.name and explain_edit(old, new) is not None:
                self._rename(workspace, old.name, new.name)

    def _rename(self, workspace: Keeping, name: str, new_name: str) -> None:
        learned = {part.name for run in workspace.runs for part in run.encoder.training_sessions_}
        keeps_old = name in learned
        workspace.selection.change_all(lambda held: held.renamed(name, new_name, keeps_old=keeps_old))
