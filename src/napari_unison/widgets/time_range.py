"""The part of a session's time that is used: a slider below its position, and two numbers."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QDoubleRangeSlider

from napari_unison.sessions import Session
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.time_plots import LEFT, RIGHT
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.time_ranges import TimeRange, recorded_range

#: Half the width of a slider's handle (pixels).
HANDLE = 8
NOBODY = "Select one session in the table to use a part of its time."
HELP = (
    "The training uses the bins of {name} that begin from the first to before the second time. The rest "
    "stays in the session and can be embedded afterwards."
)


class TimeRangeRow(WorkspaceWidget):
    """From, to (s) and a button that uses the whole session again, for the one session that is selected.

    The slider changes the workspace when it is let go; :attr:`moved` tells where it is meanwhile.
    """

    moved = Signal(float, float)
    """Emitted with start and stop (s) while the slider is dragged."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._name: str | None = None
        self.start, self.stop = _seconds(), _seconds()
        self.start.setAccessibleName("use from")
        self.stop.setAccessibleName("use to")
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setTracking(False)
        self.slider.setAccessibleName("part of the session that is used")
        self.whole_button = QPushButton("All")
        self.whole_button.setToolTip("Use the whole session again.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        # the handles stand below the ends of the plot above
        sliding = QHBoxLayout()
        sliding.setContentsMargins(round(LEFT) - HANDLE, 0, round(RIGHT) - HANDLE, 0)
        sliding.addWidget(self.slider)
        numbers = QHBoxLayout()
        layout.addLayout(sliding)
        layout.addLayout(numbers)
        for widget in (QLabel("use"), self.start, QLabel("to"), self.stop, self.whole_button):
            numbers.addWidget(widget, 1 if widget in (self.start, self.stop) else 0)
        self.start.valueChanged.connect(self._choose_start)
        self.stop.valueChanged.connect(self._choose_stop)
        # without tracking it tells no value of its own when it is let go
        self.slider.sliderReleased.connect(lambda: self._choose_range(self.slider.sliderPosition()))
        self.slider.sliderMoved.connect(lambda values: self.moved.emit(*values))
        self.whole_button.clicked.connect(self._use_whole)
        self.listen(workspace.events.time_ranges, self.update_fields)
        WheelGuard(self)
        self.show_session(None)

    def show_session(self, name: str | None) -> None:
        """Show the range of a session; None where not exactly one is selected."""
        self._name = name
        self.update_fields()

    def update_fields(self) -> None:
        """Show the range that is used, within what was recorded."""
        session = self._session()
        for widget in (self.slider, self.start, self.stop):
            widget.setEnabled(session is not None)
            widget.setToolTip(NOBODY if session is None else HELP.format(name=session.name))
        used = session is not None and session.name in self.workspace.time_ranges
        self.whole_button.setEnabled(used)
        if session is None:
            return
        (first, last), (start, stop) = recorded_range(session), self._used(session)
        self.slider.blockSignals(True)
        self.slider.setRange(first, last)
        self.slider.setSingleStep(session.bin_width)
        self.slider.setValue((start, stop))
        self.slider.blockSignals(False)
        for widget, value, lowest, highest in (
            (self.start, start, first, stop - session.bin_width),
            (self.stop, stop, start + session.bin_width, last),
        ):
            widget.blockSignals(True)
            widget.setRange(lowest, highest)
            widget.setValue(value)
            widget.blockSignals(False)

    def _choose_start(self, value: float) -> None:
        session = self._session()
        if session is not None:
            # at its limits the field stands for the exact times, of which it shows three digits
            first, stop = recorded_range(session)[0], self._used(session)[1]
            exact = {self.start.minimum(): first, self.start.maximum(): stop - session.bin_width}
            self._use(session, exact.get(value, value), stop)

    def _choose_stop(self, value: float) -> None:
        session = self._session()
        if session is not None:
            start, last = self._used(session)[0], recorded_range(session)[1]
            exact = {self.stop.minimum(): start + session.bin_width, self.stop.maximum(): last}
            self._use(session, start, exact.get(value, value))

    def _choose_range(self, values: TimeRange) -> None:
        session = self._session()
        if session is None:
            return
        # one bin stays, wherever the handles meet
        first, last = recorded_range(session)
        start = min(values[0], last - session.bin_width)
        self._use(session, max(start, first), max(values[1], start + session.bin_width))

    def _use(self, session: Session, start: float, stop: float) -> None:
        try:
            self.workspace.time_ranges[session.name] = start, stop
        except ValueError as error:
            self.workspace.events.failed.emit(str(error))
            self.update_fields()

    def _used(self, session: Session) -> TimeRange:
        """Return the exact range that is used, within what was recorded."""
        first, last = recorded_range(session)
        start, stop = self.workspace.time_ranges.get(session.name, (first, last))
        return max(start, first), min(stop, last)

    def _use_whole(self) -> None:
        if self._name is not None and self._name in self.workspace.time_ranges:
            del self.workspace.time_ranges[self._name]

    def _session(self) -> Session | None:
        return next((session for session in self.workspace.sessions if session.name == self._name), None)


def _seconds() -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setDecimals(3)
    spin.setSuffix(" s")
    spin.setKeyboardTracking(False)
    # two in a row of a narrow dock: the arrow keys change them, buttons would hide the numbers
    spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    spin.setStyleSheet("min-width: 44px;")
    return spin
