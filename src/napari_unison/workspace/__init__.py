"""One evented object per study: sessions, runs, what is shown, and the jobs that fill them."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from napari_unison.workspace.events import WorkspaceError
    from napari_unison.workspace.jobs import Job, JobCancelledError
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import DisplaySettings
    from napari_unison.workspace.state import Workspace
    from napari_unison.workspace.viewers import get_workspace

__all__ = [
    "DisplaySettings",
    "Job",
    "JobCancelledError",
    "StudyRun",
    "Workspace",
    "WorkspaceError",
    "get_workspace",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "events": ["WorkspaceError"],
        "jobs": ["Job", "JobCancelledError"],
        "runs": ["StudyRun"],
        "settings": ["DisplaySettings"],
        "state": ["Workspace"],
        "viewers": ["get_workspace"],
    },
)
