"""One evented object per study: sessions, runs, what is shown, and the jobs that fill them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unison.workspace.jobs import Job, JobCancelledError
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import DisplaySettings
    from napari_unison.workspace.state import Workspace, WorkspaceError
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

_MODULE_OF = {
    "DisplaySettings": "settings",
    "Job": "jobs",
    "JobCancelledError": "jobs",
    "StudyRun": "runs",
    "Workspace": "state",
    "WorkspaceError": "state",
    "get_workspace": "viewers",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name in _MODULE_OF:
        value = getattr(import_module(f"napari_unison.workspace.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
