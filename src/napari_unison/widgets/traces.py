"""The Traces dock: behaviour, best latents and activity of one session on one time axis."""

from __future__ import annotations

from html import escape

import numpy as np
from matplotlib.colors import to_hex
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_unison._compat import theme_colours
from napari_unison.display import Trace, label_roles, latent_trace, session_traces
from napari_unison.display.colours import first_column
from napari_unison.display.palettes import category_colours
from napari_unison.sessions import Session
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.trace_plots import TimeRange, TracePlots, pooled_raster
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.settings import DisplaySettings
from napari_unison.workspace.state import Workspace

FIRST_RANGE = 60.0
#: Shortest stretch of time that can be zoomed into, in time bins.
FEWEST_BINS = 4
#: As many categories are explained beside the buttons.
MOST_CATEGORIES = 8
REDRAW_INTERVAL = 40
HELP = "Wheel: zoom in time. Drag: move. Click: set the time cursor."


class TracesWidget(WorkspaceWidget):
    """Traces of one session: its position, the best latents of the shown embedding, and its raster."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.session = QComboBox()
        self.session.setMinimumContentsLength(12)
        self.raster = QCheckBox("raster")
        self.raster.setToolTip("Activity of all neurons below the traces.")
        self.whole_button = QPushButton("whole session")
        self.minute_button = QPushButton("first minute")
        self.colours = QLabel()
        self.colours.setToolTip("Colours of the curves; the best latent of a position is coloured by both.")
        self.setToolTip(HELP)
        self._session: Session | None = None
        self._latent: int | None = None
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_INTERVAL)
        self.plots = self._new_plots()
        self._redraw.timeout.connect(lambda: self.plots.redraw())
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self.update_sessions()

    def _new_plots(self) -> TracePlots:
        background, foreground = theme_colours()
        plots = TracePlots(self.show_range, self.set_cursor, background, foreground)
        plots.native.setMinimumHeight(200)
        return plots

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        for widget in (QLabel("session"), self.session, self.minute_button, self.whole_button, self.raster):
            choices.addWidget(widget)
        choices.addStretch(1)
        choices.addWidget(self.colours)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(4, 2, 4, 2)
        self._layout.addLayout(choices)
        self._layout.addWidget(self.plots.native, 1)

    def _connect(self) -> None:
        self.session.currentTextChanged.connect(self.update_traces)
        self.raster.toggled.connect(self.update_traces)
        self.whole_button.clicked.connect(self.show_whole_session)
        self.minute_button.clicked.connect(self.show_first_minute)
        events = self.workspace.events
        self.listen(events.sessions, self.update_sessions)
        self.listen(events.embedding, self.update_sessions)
        self.listen(events.display, self._on_display)
        self.listen(events.cursor, self._show_cursor)

    def rebuild_canvas(self) -> None:
        """Make a new canvas: the old one's GL context does not survive that its dock floats."""
        shown = self.plots.range
        self.plots.close()
        self.plots = self._new_plots()
        self._layout.addWidget(self.plots.native, 1)
        self.update_traces()
        self.show_range(shown)

    def retire(self) -> None:
        """Let go of canvas and widget, once napari has thrown the dock away."""
        self.plots.close()
        self.deleteLater()

    # -- what is drawn ---------------------------------------------------------------------------------

    def _available(self) -> list[Session]:
        """Return the sessions of the shown embedding, then the open ones that it does not hold."""
        embedding = self.workspace.embedding
        embedded = [] if embedding is None else list(embedding.sessions)
        names = {session.name for session in embedded}
        return embedded + [session for session in self.workspace.sessions if session.name not in names]

    def update_sessions(self) -> None:
        """List the sessions, keeping the choice, and draw it."""
        names = [session.name for session in self._available()]
        chosen = self.session.currentText()
        self.session.blockSignals(True)
        self.session.clear()
        self.session.addItems(names)
        if chosen in names:
            self.session.setCurrentText(chosen)
        self.session.blockSignals(False)
        self.update_traces()

    def update_traces(self) -> None:
        """Draw the chosen session."""
        sessions = {session.name: session for session in self._available()}
        session = sessions.get(self.session.currentText())
        embedding, run = self.workspace.embedding, self.workspace.run
        if session is None:
            self.plots.set_traces([], None, (0.0, 1.0))
            self._session = None
            self.colours.setText("")
            return
        is_embedded = embedding is not None and session.name in embedding.session_names
        if embedding is None or run is None or not is_embedded:
            traces = label_traces(session)
        else:
            scores = run.latent_scores.get(embedding.kind)
            traces = session_traces(embedding, session.name, scores, on_dark=True)
            self._latent = chosen = self.workspace.display.latent
            best = [] if scores is None else [scores.best(label) for label in scores.scored_labels]
            if chosen is not None and chosen < embedding.n_latents and chosen not in best:
                traces.append(latent_trace(embedding, session.name, chosen, on_dark=True))
        raster = pooled_raster(session.neural) if self.raster.isChecked() or not is_embedded else None
        first_look = self._session is None or self._session.name != session.name
        self._session = session
        self.colours.setText(direction_legend(session))
        self.plots.set_traces(traces, raster, self._span())
        if first_look:
            self.show_first_minute()
        else:
            self.show_range(self.plots.range)
        self._show_cursor(self.workspace.cursor)

    def _on_display(self, settings: DisplaySettings) -> None:
        if settings.latent != self._latent:
            self._latent = settings.latent
            self.update_traces()

    def _span(self) -> TimeRange:
        if self._session is None:
            return 0.0, 1.0
        return float(self._session.time[0]), float(self._session.time[-1] + self._session.bin_width)

    # -- time ------------------------------------------------------------------------------------------

    def show_range(self, wanted: TimeRange) -> None:
        """Show a stretch of time (s), as far as the session goes."""
        start, stop = self._span()
        bin_width = 0.025 if self._session is None else self._session.bin_width
        width = float(np.clip(wanted[1] - wanted[0], FEWEST_BINS * bin_width, stop - start))
        left = float(np.clip(wanted[0], start, stop - width))
        self.plots.set_range((left, left + width))
        self._redraw.start()

    def show_whole_session(self) -> None:
        """Show all of the session's time."""
        self.show_range(self._span())

    def show_first_minute(self) -> None:
        """Show the session's first minute."""
        start, stop = self._span()
        self.show_range((start, min(start + FIRST_RANGE, stop)))

    def set_cursor(self, time: float) -> None:
        """Set the workspace's cursor to a time (s) of the shown session."""
        if self._session is not None:
            self.workspace.cursor = (self._session.name, time)

    def _show_cursor(self, cursor: tuple[str, float] | None) -> None:
        here = cursor is not None and self._session is not None and cursor[0] == self._session.name
        self.plots.set_cursor(cursor[1] if here and cursor is not None else None)


def direction_legend(session: Session) -> str:
    """Return, as rich text, which colour stands for which direction; empty where there is none to tell."""
    direction = label_roles(session).direction
    if direction is None:
        return ""
    colours = category_colours(np.unique(first_column(session.labels[direction])))
    known = [
        f'<span style="color: {to_hex(colour)}">■</span>&nbsp;{escape(str(category))}'
        for category, colour in list(colours.items())[:MOST_CATEGORIES]
    ]
    more = ["…"] if len(colours) > MOST_CATEGORIES else []
    return "&nbsp; ".join([escape(direction), *known, *more])


def label_traces(session: Session) -> list[Trace]:
    """Return the position of a session that no encoder has seen yet, coloured by direction."""
    roles = label_roles(session)
    if roles.position is None:
        return []
    colours = None
    if roles.direction is not None:
        directions = first_column(session.labels[roles.direction])
        colours = np.zeros((session.n_bins, 4), dtype=np.float32)
        for category, colour in category_colours(np.unique(directions)).items():
            colours[directions == category] = colour
    values = first_column(session.labels[roles.position]).astype(np.float64)
    breaks = np.array([segment.start for segment in session.segment_slices()][1:], dtype=np.intp)
    unit = session.units[roles.position]
    return [Trace(roles.position, unit, session.time, values, colours, breaks)]
