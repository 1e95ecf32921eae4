"""How a person likes pictures to look, kept from one start of napari to the next in its settings."""

from __future__ import annotations

from typing import Any, Final

from qtpy.QtCore import QTimer

from napari_unison import _compat
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.settings import DisplaySettings
from napari_unison.workspace.state import Workspace

#: What is kept; the rest belongs to a study.
KEPT: Final = ("palette", "point_size", "opacity", "max_points", "trail")
#: After the last change, so that a field that is being turned is written once (ms).
DELAY = 400


class DisplayPreferences(WorkspaceWidget):
    """Palette, points and trail; invisible.

    A workspace whose display was changed already, in the console or by a saved one, keeps what it has.
    """

    def __init__(self, workspace: Workspace, parent: Any = None) -> None:
        super().__init__(workspace, parent)
        self.hide()
        self._stored = _compat.explore_settings()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY)
        self._soon.timeout.connect(self.keep)
        if self._stored is not None:
            if workspace.display == DisplaySettings.model_validate({}):
                self._restore(self._stored)
            self.listen(workspace.events.display, self._on_change)

    def _on_change(self) -> None:
        self._soon.start()

    def _restore(self, stored: Any) -> None:
        try:
            self.workspace.show(**{name: getattr(stored, name) for name in KEPT})
        except (AttributeError, ValueError):
            self.workspace.events.warned.emit(
                "how pictures looked the last time could not be read from napari's settings: Explore begins "
                "with the usual looks"
            )

    def keep(self) -> None:
        """Write how pictures look now into napari's settings."""
        for name in KEPT:
            value = getattr(self.workspace.display, name)
            if getattr(self._stored, name) != value:
                setattr(self._stored, name, value)
