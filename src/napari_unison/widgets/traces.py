"""The Traces dock: behaviour, latents and activity of one session on one time axis."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.display import Trace, chosen_traces, label_roles, latent_trace, recording_traces
from napari_unison.display import session_traces as best_traces
from napari_unison.display.colours import first_column
from napari_unison.display.palettes import PALETTES, PAPER, Palette, category_colours
from napari_unison.display.traces import trace_choices
from napari_unison.sessions import Session
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.messages import Message
from napari_unison.widgets.playback import SPEEDS, CursorPlayer
from napari_unison.widgets.selection_menu import SelectionMenu
from napari_unison.widgets.time_axis import TimeAxis
from napari_unison.widgets.time_keys import HELP_KEYS, key_action
from napari_unison.widgets.trace_chooser import TraceChooser
from napari_unison.widgets.trace_plots import TimeRange, TracePlots
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.held_out import held_out_part, will_be_held_out
from napari_unison.workspace.selection import Selection
from napari_unison.workspace.settings import DisplaySettings
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.time_ranges import recorded_range
from napari_unison.workspace.time_sets import SelectionMode

FIRST_RANGE = 60.0
#: Shortest stretch of time that can be zoomed into, in time bins.
FEWEST_BINS = 4
#: As many categories are explained beside the buttons.
MOST_CATEGORIES = 8
REDRAW_INTERVAL = 40
#: Lowest height of a plot (pixels); more of them than there is room for can be scrolled.
LOWEST_ROW = 36
COLOURS_HELP = "Colours of the curves; the best latent of a position is coloured by both."
HELP = (
    "Drag: select time (Shift: more, Alt or Ctrl: less). Click: time cursor. Double click: select the lap.\n"
    "Right drag, or drag the time axis: move. Wheel: zoom.\n"
)


class TracesWidget(WorkspaceWidget):
    """Traces of one session: labels, latents of the shown embedding, its residual and its raster."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._session: Session | None = None
        self._held_out: Session | None = None
        self._drawn: tuple[Any, ...] = ()
        self._select_from: float | None = None
        self._make_fields()
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_INTERVAL)
        self._restyle = QTimer(self)
        self._restyle.setSingleShot(True)
        self._colours = self._palette_colours()
        self.plots = self._new_plots()
        self.axis = TimeAxis(lambda: self.plots.frame(), self.show_range)
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self.update_sessions()

    def _make_fields(self) -> None:
        self.session = QComboBox()
        self.session.setMinimumContentsLength(8)
        self.session.setToolTip("The session that is drawn")
        self.session.setAccessibleName("session")
        self.curves = TraceChooser(self.workspace, self)
        self.raster = QCheckBox("raster")
        self.raster.setToolTip("Activity of all neurons below the traces.")
        self.play_button = QToolButton()
        self.play_button.setText("▶")
        self.play_button.setCheckable(True)
        self.play_button.setToolTip("Play the time cursor (Space)")
        self.speed = QComboBox()
        self.speed.setAccessibleName("speed")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.setToolTip("Speed of playing, in seconds of the recording a second")
        self.player = CursorPlayer(self.workspace, self)
        self.in_button, self.out_button = QToolButton(), QToolButton()
        for button, text, tip in (
            (self.in_button, "+", "Show less time (+)"),
            (self.out_button, "−", "Show more time (−)"),
        ):
            button.setText(text)
            button.setToolTip(tip)
        self.minute_button = QPushButton("1 min")
        self.minute_button.setToolTip("Show the session's first minute")
        self.whole_button = QPushButton("all")
        self.whole_button.setToolTip("Show the whole session (0)")
        self.selection_button: SelectionMenu = SelectionMenu(self.workspace, self)
        self.colours = QLabel()
        self.colours.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        # it takes what the buttons leave: a dock that asks for more than there is loses its right end
        self.colours.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.colours.setToolTip(COLOURS_HELP)
        self.message = Message()
        self.setToolTip(HELP + HELP_KEYS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("traces")

    def _palette_colours(self) -> tuple[str, str]:
        """Return background and text colour, which napari's theme gives."""
        palette = self.palette()
        return palette.color(self.backgroundRole()).name(), palette.color(self.foregroundRole()).name()

    @property
    def _is_dark(self) -> bool:
        return self.palette().color(self.backgroundRole()).lightness() < 128

    @property
    def _palette(self) -> Palette:
        return PALETTES[self.workspace.display.palette]

    def _new_plots(self) -> TracePlots:
        plots = TracePlots(self, *self._colours)
        plots.native.setMinimumHeight(120)
        # Clicks and keys are for this widget, which is around the canvas.
        plots.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plots.canvas.events.resize.connect(self._on_resize)
        return plots

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(4)
        for widget in (
            self.session,
            self.curves,
            self.raster,
            self.play_button,
            self.speed,
            self.out_button,
            self.in_button,
            self.minute_button,
            self.whole_button,
            self.selection_button,
        ):
            choices.addWidget(widget)
        choices.addWidget(self.colours, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.plots.native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        layout.addLayout(choices)
        layout.addWidget(self.message)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.axis)

    def _connect(self) -> None:
        # Methods, not lambdas: a timer may end once after Python has let go of a widget that Qt is to delete,
        # and the call of a lambda that was collected ends the process.
        self._redraw.timeout.connect(self._on_redraw)
        self._restyle.timeout.connect(self._follow_theme)
        self.session.currentTextChanged.connect(self.update_traces)
        self.raster.toggled.connect(lambda shown: self.workspace.show(raster=shown))
        self.play_button.clicked.connect(self.play_or_stop)
        self.speed.currentIndexChanged.connect(self._set_speed)
        self.player.changed.connect(self._on_playing)
        self.in_button.clicked.connect(lambda: self.zoom(0.5))
        self.out_button.clicked.connect(lambda: self.zoom(2.0))
        self.whole_button.clicked.connect(self.show_whole_session)
        self.minute_button.clicked.connect(self.show_first_minute)
        self.selection_button.failed.connect(self.message.show_error)
        self.selection_button.told.connect(self.message.show_note)
        events = self.workspace.events
        self.listen(events.sessions, self.update_sessions)
        self.listen(events.embedding, self.update_sessions)
        self.listen(events.display, self._on_display)
        self.listen(events.time_ranges, self._show_held_out)
        self.listen(events.validation_share, self._show_held_out)
        self.listen(events.cursor, self._follow_cursor)
        self.listen(events.selection, self._show_selection)

    def rebuild_canvas(self) -> None:
        """Make a new canvas: the old one's GL context does not survive that its dock floats."""
        shown = self.plots.range
        self.area.takeWidget()
        self.plots.close()
        self.plots = self._new_plots()
        self.area.setWidget(self.plots.native)
        self._drawn = ()
        self.update_traces()
        self.show_range(shown)

    def retire(self) -> None:
        """Let go of canvas and widget, once napari has thrown the dock away."""
        self.player.stop()
        self._redraw.stop()
        self.area.takeWidget()
        self.plots.close()
        self.deleteLater()

    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Follow another theme, once Qt has spread it."""
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            self._restyle.start(0)
        super().changeEvent(event)

    def _follow_theme(self) -> None:
        colours = self._palette_colours()
        if colours != self._colours:
            self._colours = colours
            self.plots.set_colours(*colours)
            self._drawn = ()
            self.update_traces()

    def _on_redraw(self) -> None:
        self.plots.redraw()

    def _on_resize(self, event: Any) -> None:  # noqa: ARG002 - vispy's event
        self._redraw.start()
        self.axis.update()

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
        self._show_raster_choice(session)
        if session is None:
            self.plots.set_traces([])
            self._session, self._held_out, self._drawn = None, None, ()
            self._show_held_out()
            return
        is_embedded = self._is_embedded(session)
        raster = session if self.workspace.display.raster or not is_embedded else None
        first_look = self._session is None or self._session.name != session.name
        self._session = session
        run = self.workspace.run
        self._held_out = held_out_part(run, session) if run is not None and is_embedded else None
        self._drawn = self._wanted()
        self.plots.set_traces(self._traces(session), raster)
        self.plots.native.setMinimumHeight(self.plots.n_rows * LOWEST_ROW)
        if first_look:
            self.show_first_minute()
        else:
            self.show_range(self.plots.range)
        self._show_held_out()
        self._show_cursor()
        self._show_selection(self.workspace.selection)

    def _show_held_out(self) -> None:
        """Shade what the encoder has not learned from, or will not, and say so."""
        session, part = self._session, self._held_out
        if session is None:
            shaded = None
        elif self._is_embedded(session):
            shaded = None if part is None else recorded_range(part)
        else:
            shaded = will_be_held_out(self.workspace, session)
        self.plots.set_held_out(shaded)
        self.colours.setText("" if session is None else direction_legend(session, self._palette))
        told = ""
        if shaded is not None:
            begin, end = shaded
            tense = "has not learned" if part is not None else "will not learn"
            told = f"Shaded: held out, {begin:,.1f} to {end:,.1f} s; the encoder {tense} from it.\n"
        self.setToolTip(told + HELP + HELP_KEYS)
        self.colours.setToolTip(told + COLOURS_HELP)

    def _is_embedded(self, session: Session) -> bool:
        embedding = self.workspace.embedding
        return embedding is not None and session.name in embedding.session_names

    def _traces(self, session: Session) -> list[Trace]:
        """Make the curves of a session that are chosen, as far as there are any."""
        embedding, run, settings = self.workspace.embedding, self.workspace.run, self.workspace.display
        wanted = () if isinstance(settings.traces, str) else settings.traces
        if embedding is None or run is None or not self._is_embedded(session):
            return recording_traces(session, wanted, palette=self._palette)
        looks: dict[str, Any] = {"on_dark": self._is_dark, "palette": self._palette}
        held_out = self._held_out
        known = [choice for choice in wanted if choice in trace_choices(embedding, [session])]
        if known:
            traces = chosen_traces(embedding, session.name, known, **looks, held_out=held_out)
            drawn = [choice for choice in known if isinstance(choice, int)]
        else:
            scores = run.latent_scores.get(embedding.kind)
            traces = best_traces(embedding, session.name, scores, **looks, held_out=held_out)
            drawn = [] if scores is None else [scores.best(label) for label in scores.scored_labels]
        latent = settings.latent
        if latent is not None and latent < embedding.n_latents and latent not in drawn:
            traces.append(latent_trace(embedding, session.name, latent, **looks))
        return traces

    def _wanted(self) -> tuple[Any, ...]:
        settings = self.workspace.display
        return settings.latent, settings.traces, settings.raster, settings.palette

    def _on_display(self, settings: DisplaySettings) -> None:  # noqa: ARG002 - the signal's
        if self._wanted() != self._drawn:
            self.update_traces()

    def _show_raster_choice(self, session: Session | None) -> None:
        # What has no latents yet is shown with its raster, whatever was chosen for those that have.
        is_always = session is not None and not self._is_embedded(session)
        self.raster.blockSignals(True)
        self.raster.setChecked(is_always or self.workspace.display.raster)
        self.raster.setEnabled(not is_always)
        self.raster.blockSignals(False)

    def _span(self) -> TimeRange:
        if self._session is None:
            return 0.0, 1.0
        last = self._session if self._held_out is None else self._held_out
        return recorded_range(self._session)[0], recorded_range(last)[1]

    # -- time ------------------------------------------------------------------------------------------

    def show_range(self, wanted: TimeRange) -> None:
        """Show a stretch of time (s), as far as the session goes."""
        start, stop = self._span()
        bin_width = 0.025 if self._session is None else self._session.bin_width
        width = float(
            np.clip(wanted[1] - wanted[0], min(FEWEST_BINS * bin_width, stop - start), stop - start)
        )
        left = float(np.clip(wanted[0], start, stop - width))
        self.plots.set_range((left, left + width))
        self.axis.show_time(self.plots.range, self.plots.cursor)
        self._redraw.start()

    def zoom(self, factor: float) -> None:
        """Show ``factor`` times as much time, around the cursor if it is shown, else around the middle."""
        left, right = self.plots.range
        cursor = self.plots.cursor
        centre = cursor if cursor is not None and left <= cursor <= right else (left + right) / 2
        self.show_range((centre - (centre - left) * factor, centre + (right - centre) * factor))

    def pan(self, share: float) -> None:
        """Move by a share of the shown time."""
        left, right = self.plots.range
        shift = share * (right - left)
        self.show_range((left + shift, right + shift))

    def show_whole_session(self) -> None:
        """Show all of the session's time."""
        self.show_range(self._span())

    def show_first_minute(self) -> None:
        """Show the session's first minute."""
        start, stop = self._span()
        self.show_range((start, min(start + FIRST_RANGE, stop)))

    # -- the cursor ------------------------------------------------------------------------------------

    def set_cursor(self, time: float) -> None:
        """Set the workspace's cursor to a time (s) of the shown session."""
        if self._session is not None:
            start, stop = self._span()
            last = stop - self._session.bin_width
            self.workspace.cursor = (self._session.name, float(np.clip(time, start, last)))

    def step(self, bins: int) -> None:
        """Move the cursor by time bins of the shown session."""
        if self._session is None:
            return
        self.workspace.step_cursor(bins, self._session.name)
        cursor = self.workspace.cursor
        if cursor is not None and not self._span()[0] <= cursor[1] < self._span()[1]:
            # An embedding may hold a part of its recording.
            self.set_cursor(cursor[1])

    def play_or_stop(self) -> None:
        """Play the cursor through time, or let it rest."""
        if self.player.is_playing:
            self.player.stop()
        elif self._session is not None:
            self.player.play(self._session.name, *self._span())
        self._on_playing(self.player.is_playing)

    def _on_playing(self, is_playing: bool) -> None:
        self.play_button.setChecked(is_playing)
        self.play_button.setText("❚❚" if is_playing else "▶")

    def _set_speed(self) -> None:
        self.player.speed = float(self.speed.currentData())

    def _follow_cursor(self, cursor: tuple[str, float] | None) -> None:
        """Show the cursor, in its session and in sight."""
        available = [session.name for session in self._available()]
        if cursor is not None and cursor[0] in available and cursor[0] != self.session.currentText():
            self.session.setCurrentText(cursor[0])
        self._show_cursor()
        time, (left, right) = self.plots.cursor, self.plots.range
        if time is not None and not left <= time <= right:
            self.show_range((time - 0.1 * (right - left), time + 0.9 * (right - left)))

    def _show_cursor(self) -> None:
        cursor = self.workspace.cursor
        here = cursor is not None and self._session is not None and cursor[0] == self._session.name
        self.plots.set_cursor(cursor[1] if here and cursor is not None else None)
        self.axis.show_time(self.plots.range, self.plots.cursor)

    # -- the selection ---------------------------------------------------------------------------------

    def preview_selection(self, ends: TimeRange | None) -> None:
        """Show what would be selected (s)."""
        self.plots.set_preview(ends)

    def select_between(self, start: float, stop: float, mode: SelectionMode) -> None:
        """Select a stretch of the shown session's time (s)."""
        if self._session is not None:
            name = self._session.name
            selection = self.workspace.selection
            self.selection_button.attempt(lambda: selection.select(name, start, stop, mode=mode))

    def select_lap_at(self, time: float, mode: SelectionMode) -> None:
        """Select the lap around a time (s) of the shown session."""
        if self._session is not None:
            name = self._session.name
            selection = self.workspace.selection
            self.selection_button.attempt(lambda: selection.select_lap(name, time, mode=mode))

    def begin_selection(self) -> None:
        """Remember the cursor as where a selection begins."""
        self._select_from = self.plots.cursor

    def end_selection(self, mode: SelectionMode) -> None:
        """Select from where the selection began to the end of the cursor's bin."""
        cursor = self.plots.cursor
        if cursor is not None and self._session is not None:
            begin = cursor if self._select_from is None else self._select_from
            half = self._session.bin_width / 2
            self.select_between(min(begin, cursor) + half, max(begin, cursor) + half, mode)

    def _show_selection(self, selection: Selection) -> None:
        if self._session is not None:
            name = self._session.name
            self.plots.set_marked(selection.current.within(name, -np.inf, np.inf))

    # -- keys ------------------------------------------------------------------------------------------

    def event(self, event: Any) -> bool:
        """Keep keys that mean something here from the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and key_action(event) is not None:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Do what a key says, see ``time_keys``."""
        act = None if event is None else key_action(event)
        if act is None:
            super().keyPressEvent(event)
        else:
            act(self)


def direction_legend(session: Session, palette: Palette = PAPER) -> str:
    """Return, as rich text, which colour stands for which direction; empty where there is none to tell."""
    direction = label_roles(session).direction
    if direction is None:
        return ""
    colours = category_colours(np.unique(first_column(session.labels[direction])), palette)
    known = [
        f'<span style="color: {to_hex(colour)}">■</span>&nbsp;{escape(str(category))}'
        for category, colour in list(colours.items())[:MOST_CATEGORIES]
    ]
    more = ["…"] if len(colours) > MOST_CATEGORIES else []
    return "&nbsp; ".join([escape(direction), *known, *more])
