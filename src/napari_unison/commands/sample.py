"""A sample for a command: with a bar while it is downloaded, which Ctrl-C ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_unison.commands.progress import LONG, progress_bar
from napari_unison.interruption import interruptible

if TYPE_CHECKING:
    from napari_unison.sessions import Session


def read_sample(name: str) -> list[Session]:
    """Return the sessions of a sample; a download shows how far it is.

    Raises
    ------
    SessionError
        If there is no such sample, or it cannot be downloaded, or Ctrl-C stopped that.
    """
    from napari_unison.sessions import sample_sessions
    from napari_unison.sessions.samples import needs_download

    if not needs_download(name):
        return sample_sessions(name)

    import pooch  # type: ignore[import-untyped]
    from tqdm.contrib.logging import logging_redirect_tqdm

    # what pooch says of places comes above the bar, not into it
    with (
        interruptible() as control,
        logging_redirect_tqdm([pooch.get_logger()]),
        progress_bar(LONG) as show,
    ):
        return sample_sessions(name, on_progress=show, control=control)
