"""Plays the time cursor: it moves as fast as the animal did, or slower or faster."""

from __future__ import annotations

from qtpy.QtCore import QElapsedTimer, QObject, QTimer, Signal

from napari_unison.workspace.state import Workspace

#: Between two steps (ms).
INTERVAL = 40
SPEEDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class CursorPlayer(QObject):
    """Steps the workspace's cursor through the bins of its session until the end.

    Parameters
    ----------
    workspace : Workspace
        Whose cursor.
    parent : QObject
        The timer ends with it.
    """

    changed = Signal(bool)
    """Emitted when playing begins or ends."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.speed = 1.0
        self._since = QElapsedTimer()
        self._owed = 0.0
        self._stop = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._on_time)

    @property
    def is_playing(self) -> bool:
        """Whether the cursor moves."""
        return self._timer.isActive()

    def play(self, session: str, start: float, stop: float) -> None:
        """Move the cursor on in a session up to ``stop`` (s); from ``start`` if it is elsewhere or there."""
        self._stop = stop
        cursor = self._workspace.cursor
        if cursor is None or cursor[0] != session or not start <= cursor[1] or self._is_at_end():
            self._workspace.cursor = (session, start)
        self._owed = 0.0
        self._since.start()
        self._timer.start()
        self.changed.emit(True)

    def stop(self) -> None:
        """Let the cursor rest."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit(False)

    def _on_time(self) -> None:
        self.advance(self._since.restart() / 1000)

    def advance(self, seconds: float) -> None:
        """Move the cursor by what passes in some seconds of watching."""
        cursor = self._workspace.cursor
        parts = [] if cursor is None else self._workspace.parts_of(cursor[0])
        if not parts or self._is_at_end():
            self.stop()
            return
        self._owed += seconds * self.speed / parts[0].bin_width
        steps = int(self._owed)
        self._owed -= steps
        if steps:
            self._workspace.step_cursor(steps)

    def _is_at_end(self) -> bool:
        cursor = self._workspace.cursor
        parts = [] if cursor is None else self._workspace.parts_of(cursor[0])
        if cursor is None or not parts:
            return True
        last = min(self._stop, max(float(part.time[-1] + part.bin_width) for part in parts))
        return cursor[1] + 1.5 * parts[0].bin_width > last
