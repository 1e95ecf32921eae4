"""What every part of a workspace that works in the background is handed by the whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from napari_unison.workspace.shown import Shown

if TYPE_CHECKING:
    from napari_unison.workspace.job_list import JobList
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.runs import StudyRun


class BackgroundWork(Shown):
    """The part of a workspace that starts jobs; which ones, its subclasses say."""

    _jobs: JobList

    @property
    @abstractmethod
    def jobs(self) -> list[Job]:
        """The jobs that run now."""

    @abstractmethod
    def _start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        *,
        subject: Hashable = None,
        known: Any = None,
        stops: bool = False,
    ) -> Job:
        """Start a job.

        Parameters
        ----------
        kind : str
            One of those that ``workspace.jobs`` names.
        title : str
            What is done, for the person who waits.
        work : callable
            Called with the job in a thread; changes nothing of the workspace.
        deliver : callable
            Called with what the work returned, where the workspace lives; returns the job's result.
        subject : hashable, optional
            What the work is about, for those who look for it.
        known : optional
            The result, where it is there already: the job ends at once.
        stops : bool
            Whether the work looks at ``job.control`` all the time, so that it can be stopped.
        """

    @abstractmethod
    def _need_run(self) -> StudyRun:
        """Return the current run; raise a WorkspaceError that says what to do where there is none."""
