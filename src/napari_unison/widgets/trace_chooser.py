"""The button that chooses what is drawn over time: labels, residual, latents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QMenu, QToolButton, QWidgetAction

from napari_unison.display import trace_choices
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.state import Workspace

if TYPE_CHECKING:
    from napari_unison.analysis import LatentScores

BEST = "best for the labels"
ROWS = 12


class TraceChooser(QToolButton):
    """Opens a list with a tick for every curve; ticking is a call of ``workspace.show(traces=…)``.

    Parameters
    ----------
    workspace : Workspace
        Whose display is changed.
    parent : WorkspaceWidget
        Listens for it.
    """

    def __init__(self, workspace: Workspace, parent: WorkspaceWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._texts: list[str] = []
        # Room for the arrow.
        self.setText("Curves   ")
        self.setToolTip("Choose labels, latents and the residual to draw over time.")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.list = QListWidget()
        self.list.setAccessibleName("curves over time")
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self.list)
        menu.addAction(action)
        menu.aboutToShow.connect(self.fill)
        self.setMenu(menu)
        self.list.itemChanged.connect(self._choose)
        parent.listen(workspace.events.display, self.fill)
        parent.listen(workspace.events.embedding, self.fill)
        parent.listen(workspace.events.sessions, self.fill)
        self.fill()

    def fill(self) -> None:
        """List what can be drawn, and tick what is."""
        workspace = self._workspace
        embedding = workspace.embedding
        sessions = list(workspace.sessions) if embedding is None else embedding.sessions
        chosen = workspace.display.traces
        run = workspace.run
        scores = None if run is None or embedding is None else run.latent_scores.get(embedding.kind)
        wanted: list[tuple[int | str, str]] = [("best", BEST)]
        for choice in trace_choices(embedding, sessions):
            wanted.append((choice, choice if isinstance(choice, str) else latent_text(choice, scores)))
        self.list.blockSignals(True)
        texts = [text for _, text in wanted]
        if texts != self._texts:
            self._texts = texts
            self.list.clear()
            for choice, text in wanted:
                item = QListWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, (choice,))
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsSelectable)
                self.list.addItem(item)
            self._fit()
        for row, (choice, _) in enumerate(wanted):
            is_best = isinstance(chosen, str)
            ticked = choice == "best" if is_best else row > 0 and choice in chosen
            listed = self.list.item(row)
            if listed is not None:
                listed.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)

    def _fit(self) -> None:
        rows = min(self.list.count(), ROWS)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), 18) + 8)
        self.list.setMinimumWidth(self.list.sizeHintForColumn(0) + 36)

    def _choose(self, item: QListWidgetItem) -> None:
        (choice,) = item.data(Qt.ItemDataRole.UserRole)
        is_ticked = item.checkState() == Qt.CheckState.Checked
        chosen = self._workspace.display.traces
        if choice == "best" and self.list.row(item) == 0:
            # It goes when something else is ticked.
            self._workspace.show(traces="best")
            self.fill()
            return
        before = () if isinstance(chosen, str) else chosen
        after = (*before, choice) if is_ticked else tuple(other for other in before if other != choice)
        self._workspace.show(traces=after or "best")


def latent_text(latent: int, scores: LatentScores | None) -> str:
    """Name a latent (counted from 0) with the label that it says most about."""
    name = f"latent {latent + 1}"
    if scores is None:
        return name
    known = {label: r2[latent] for label, r2 in scores.r2.items() if np.isfinite(r2[latent])}
    if not known:
        return name
    label = max(known, key=lambda label: known[label])
    return f"{name} · {label} R² {known[label]:.2f}"
