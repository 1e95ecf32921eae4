"""Which sessions are drawn."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu, QPushButton, QWidget

from napari_unison.widgets.explore.section import Section
from napari_unison.workspace.state import Workspace

EVERY = "all sessions"


class StayingMenu(QMenu):
    """A menu that stays open while its entries are ticked."""

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tick the entry under the pointer."""
        action = self.activeAction()
        if action is not None and action.isEnabled():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tick the entry that the arrow keys have reached."""
        action = self.activeAction()
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys and action is not None and action.isEnabled():
            action.trigger()
        else:
            super().keyPressEvent(event)


class SessionChoice(Section):
    """A button that says which sessions are drawn, and a menu in which they are ticked."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.button = QPushButton()
        self.button.setToolTip("Which sessions are drawn; colours keep the scale of all of them.")
        self.menu = StayingMenu(self.button)
        self.button.setMenu(self.menu)
        form = self.make_form()
        self.add_row(form, "sessions", self.button)
        self.listen(workspace.events.embedding, self.update_fields)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def _names(self) -> tuple[str, ...]:
        embedding = self.workspace.embedding
        return () if embedding is None else tuple(embedding.session_names)

    def _choose(self, name: str, is_on: bool) -> None:
        names, drawn = self._names(), set(self.workspace.display.sessions or self._names())
        drawn = drawn | {name} if is_on else drawn - {name}
        chosen = tuple(known for known in names if known in drawn)
        # The last one stays: there has to be something to look at.
        if chosen:
            self.show_changes(sessions=None if chosen == names else chosen)
        self.update_fields()

    def update_fields(self) -> None:
        """List the sessions of the shown embedding, and tick those that are drawn."""
        names = self._names()
        listed = tuple(action.text() for action in self.menu.actions() if not action.isSeparator())
        if listed != (EVERY, *names):
            self._fill_menu(names)
        drawn = self.workspace.display.sessions or names
        for action in self.menu.actions():
            is_on = len(drawn) == len(names) if action.text() == EVERY else action.text() in drawn
            action.setChecked(is_on and action.isCheckable())
        self.button.setEnabled(len(names) > 1)
        if len(drawn) == 1:
            self.button.setText(drawn[0])
        else:
            total = f"all {len(names)}" if len(drawn) == len(names) else f"{len(drawn)} of {len(names)}"
            self.button.setText(f"{total} sessions" if names else "–")

    def _fill_menu(self, names: tuple[str, ...]) -> None:
        self.menu.clear()
        every = self.menu.addAction(EVERY)
        self.menu.addSeparator()
        actions = [every, *(self.menu.addAction(name) for name in names)]
        for action in actions:
            if action is not None:
                action.setCheckable(True)
        if every is not None:
            every.triggered.connect(self._choose_all)
        for action, name in zip(actions[1:], names, strict=True):
            if action is not None:
                action.triggered.connect(lambda is_on=False, name=name: self._choose(name, is_on))

    def _choose_all(self) -> None:
        self.show_changes(sessions=None)
        self.update_fields()
