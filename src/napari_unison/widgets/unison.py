"""Unison workspace: the widget of the Plugins menu that opens and arranges all others."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_unison._compat import (
    bottom_dock,
    canvas_title,
    dock_of,
    main_canvas,
    move_to_left,
    move_to_right,
    set_dock_height,
    unwrapped,
)
from napari_unison.widgets.canvas_picker import CanvasPicker
from napari_unison.widgets.decode import DecodeDock
from napari_unison.widgets.docking import UndockingWatcher
from napari_unison.widgets.explore import ExploreWidget
from napari_unison.widgets.keep_actions import KeepActions
from napari_unison.widgets.keep_line import KeepLine
from napari_unison.widgets.keep_menu import keep_menu
from napari_unison.widgets.lasso import Lasso
from napari_unison.widgets.legend import CanvasLegend
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.preferences import Preferences
from napari_unison.widgets.sessions import SessionsWidget
from napari_unison.widgets.traces import TracesWidget
from napari_unison.widgets.train import TrainWidget
from napari_unison.workspace.viewers import get_workspace, layers_of

TRACES_DOCK = "Traces"
#: On the tab of the dock, beside napari's own two.
SHORT_TITLE = "Unison"
PREFERRED_WIDTH = 350
TRACES_HEIGHT = 250
DECODE_WIDTH = 350


class UnisonWidget(WorkspaceWidget):
    """Tabs Sessions, Train and Explore on the left, Traces below the canvas, Decode on the right.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose workspace is shown.
    """

    def __init__(self, napari_viewer: Any) -> None:
        self._viewer = unwrapped(napari_viewer)
        super().__init__(get_workspace(self._viewer))
        self.preferences = Preferences(self.workspace, self)
        self.sessions = SessionsWidget(self.workspace)
        self.train = TrainWidget(self.workspace)
        self.explore = ExploreWidget(self.workspace)
        self.tabs = QTabWidget()
        for title, widget in (("Sessions", self.sessions), ("Train", self.train), ("Explore", self.explore)):
            self.tabs.addTab(widget, title)
        self.traces_button = QPushButton(TRACES_DOCK)
        self.traces_button.setToolTip("Show the traces below the canvas.")
        self.traces_button.clicked.connect(self.open_traces)
        self.decode_button = QPushButton("Decode")
        self.decode_button.setToolTip("Show scores of latents and decoding beside the canvas.")
        self.decode_button.clicked.connect(self.open_decode)
        self.keep_button = QPushButton("Keep")
        self.keep_button.setToolTip("Save, open, export, draw, film, link a movie, copy as script.")
        self.keep_button.setMenu(keep_menu(KeepActions.of(self._viewer), self))
        self.keep_line = KeepLine(self.workspace)
        corner = QWidget()
        buttons = QHBoxLayout(corner)
        buttons.setContentsMargins(0, 0, 4, 0)
        buttons.setSpacing(2)
        for button in (self.traces_button, self.decode_button, self.keep_button):
            buttons.addWidget(button)
        self.tabs.setCornerWidget(corner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.keep_line)
        self.setMinimumWidth(PREFERRED_WIDTH - 20)
        self.traces: TracesWidget = self._docked_traces()
        self.decode: DecodeDock = self._docked_decode()
        self.canvas_legend = CanvasLegend.on(main_canvas(self._viewer), self)
        self.lasso = Lasso.on(self._viewer, self)
        self.explore.selecting.follow(self.lasso)
        self._picker = CanvasPicker(self._viewer, self)
        layers = layers_of(self._viewer)
        self.listen(layers.drawn, self._show_drawn)
        layers.tell_drawn()
        # The Plugins menu makes a new widget after the dock was closed: the legend goes with the old one.
        UndockingWatcher(self, self.deleteLater)
        # napari docks this widget on the right once the constructor has returned.
        self._after_docking = QTimer(self)
        self._after_docking.setSingleShot(True)
        self._after_docking.timeout.connect(self._arrange)
        self._after_docking.start(0)

    def _docked_traces(self) -> TracesWidget:
        known = self._viewer.window.dock_widgets.get(TRACES_DOCK)
        if isinstance(known, TracesWidget):
            return known
        traces = TracesWidget(self.workspace)
        UndockingWatcher(traces, traces.retire)
        dock = bottom_dock(self._viewer, traces, TRACES_DOCK)
        dock.topLevelChanged.connect(traces.rebuild_canvas)
        return traces

    def _docked_decode(self) -> DecodeDock:
        # Under the name that the Plugins menu gives it: it is there once, whoever opens it.
        _, decode = self._viewer.window.add_plugin_dock_widget("napari-unison", "Decode")
        return decode

    def open_decode(self) -> None:
        """Show latents and scores; if their dock was closed or hidden, it comes back."""
        self.decode = self._docked_decode()
        dock = dock_of(self.decode)
        if dock is not None:
            dock.show()
            dock.raise_()
        move_to_right(self._viewer, self.decode, DECODE_WIDTH)

    def open_traces(self) -> None:
        """Show the traces; if their dock was closed or hidden, it comes back."""
        self.traces = self._docked_traces()
        dock = dock_of(self.traces)
        if dock is not None and not dock.isVisible():
            dock.show()
        set_dock_height(self._viewer, self.traces, TRACES_HEIGHT)

    def _arrange(self) -> None:
        move_to_left(self._viewer, self, PREFERRED_WIDTH)
        move_to_right(self._viewer, self.decode, DECODE_WIDTH)
        set_dock_height(self._viewer, self.traces, TRACES_HEIGHT)
        dock = dock_of(self)
        if dock is not None:
            dock.setWindowTitle(SHORT_TITLE)

    def _show_drawn(self, legend: Any, n_shown: int, n_bins: int) -> None:
        self.explore.points.show_drawn(n_shown, n_bins)
        title, _ = canvas_title(self._viewer)
        self.canvas_legend.set_legend(legend, is_low=self.workspace.display.grid, title=title)
