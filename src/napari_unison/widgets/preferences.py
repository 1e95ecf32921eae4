"""What a person chose for trainings, kept from one start of napari to the next in its settings."""

from __future__ import annotations

import json
from typing import Any

from qtpy.QtCore import QTimer

from napari_unison import _compat
from napari_unison.encoder import ConfigurationError, EncoderConfig
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.state import Workspace, WorkspaceError

#: After the last change, so that a field that is being turned is written once (ms).
DELAY = 400


class Preferences(WorkspaceWidget):
    """Parameters, held-out share and whether the training is followed; invisible.

    A workspace that was changed already, in the console or by a saved one, keeps what it has. Settings that
    this version cannot read are passed over.
    """

    def __init__(self, workspace: Workspace, parent: Any = None) -> None:
        super().__init__(workspace, parent)
        self.hide()
        self._stored = _compat.training_settings()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY)
        self._soon.timeout.connect(self.keep)
        if self._stored is not None:
            self._restore(self._stored)
            events = workspace.events
            for signal in (events.config, events.validation_share, events.follows_training):
                self.listen(signal, self._on_change)

    def _on_change(self) -> None:
        self._soon.start()

    def _restore(self, stored: Any) -> None:
        workspace = self.workspace
        if workspace.config == EncoderConfig():
            try:
                workspace.configure(**json.loads(stored.parameters or "{}"))
            except (ConfigurationError, ValueError, TypeError):
                workspace.events.warned.emit(
                    "the parameters of the last training could not be read from napari's settings: the form "
                    "begins with the preset notebook"
                )
            try:
                workspace.validation_share = stored.held_out / 100
            except WorkspaceError as error:
                workspace.events.warned.emit(str(error))
        workspace.follows_training = bool(stored.follow)

    def keep(self) -> None:
        """Write what is chosen now into napari's settings."""
        stored, workspace = self._stored, self.workspace
        if stored is None:
            return
        now, usual = workspace.config.model_dump(mode="json"), EncoderConfig().model_dump(mode="json")
        # only what differs: a later version's better defaults are not held back
        stored.parameters = json.dumps({name: value for name, value in now.items() if value != usual[name]})
        stored.held_out = round(100 * workspace.validation_share)
        stored.follow = workspace.follows_training
