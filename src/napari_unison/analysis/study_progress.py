"""How far a study of several parts is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unison.analysis.progress import OnProgress
    from napari_unison.encoder.progress import Progress


class StudyProgress:
    """Tells the share of several parts together, and how far the training is that runs within them.

    Parameters
    ----------
    on_progress : callable, optional
        Called with the share that is done and what is running; told nothing unless given.
    """

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._tell = on_progress
        self._share = 0.0
        self._what = ""

    def part(self, first: float, size: float, total: float) -> OnProgress | None:
        """Return what a part is given to tell its own share; it begins at ``first`` of ``total``."""
        if self._tell is None:
            return None
        return lambda share, what: self._say((first + share * size) / max(total, 1), what)

    def of_training(self, progress: Progress) -> None:
        """Add the step of the training that is running to what is told."""
        if self._tell is not None:
            self._tell(self._share, f"{self._what}: step {progress.iteration} of {progress.total}")

    def _say(self, share: float, what: str) -> None:
        # a part that starts anew, such as a resumed null, does not take the bar back
        self._share, self._what = min(max(share, self._share), 1.0), what
        if self._tell is not None:
            self._tell(self._share, what)
