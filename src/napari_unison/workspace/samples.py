"""Samples as a workspace opens them: with progress, and with an end before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_unison.sessions import DownloadStoppedError, Session, sample_sessions

if TYPE_CHECKING:
    from napari_unison.workspace.jobs import Job


def read_sample(name: str, job: Job) -> tuple[list[Session], dict[Any, Any]] | None:
    """Read a sample in the thread of a job; return its sessions and no runs, or None where it was stopped.

    The phase of a job that was stopped says what has been kept.
    """
    try:
        return sample_sessions(name, on_progress=job.tell_share, control=job.control), {}
    except DownloadStoppedError as stopped:
        job.tell_share(job.share, str(stopped))
        return None
