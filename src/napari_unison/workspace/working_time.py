"""How long something has worked."""

from __future__ import annotations

import time


class WorkingTime:
    """Seconds since a job began, pauses left out."""

    def __init__(self) -> None:
        self._since: float | None = time.monotonic()
        self._before = 0.0

    def start(self) -> None:
        """Begin anew."""
        self._since, self._before = time.monotonic(), 0.0

    def hold(self) -> None:
        """Count no more until :meth:`go_on`."""
        self._before, self._since = self.seconds(), None

    def go_on(self) -> None:
        """Count again."""
        self._since = time.monotonic()

    def seconds(self) -> float:
        """Return what was counted (s)."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)
