"""What keys do in Traces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent

from napari_unison.widgets.time_mouse import qt_mode_of

if TYPE_CHECKING:
    from napari_unison.widgets.traces import TracesWidget

#: A large step is this long (s), but at least ten bins.
LARGE_STEP = 1.0
HELP_KEYS = (
    "Keys: Space plays, ←/→ step a bin, with Shift a second, Home/End go to the ends; PgUp/PgDn move, "
    "+/− zoom, 0 shows all; I and O select from here to there, L the lap, K keeps the selection, "
    "Esc clears it, Ctrl+Z takes back."
)

_Action = Callable[["TracesWidget"], object]
_Key = Qt.Key


def key_action(event: QKeyEvent) -> _Action | None:
    """Return what a key does, or None."""
    key, modifiers = event.key(), event.modifiers()
    has_shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        if key == _Key.Key_Z:
            return _redo if has_shift else _undo
        return _redo if key == _Key.Key_Y else None
    if key in (_Key.Key_Left, _Key.Key_Right):
        sign = 1 if key == _Key.Key_Right else -1
        return lambda traces: traces.step(sign * (large_step(traces) if has_shift else 1))
    mode = qt_mode_of(modifiers)
    if key == _Key.Key_O:
        return lambda traces: traces.end_selection(mode)
    if key == _Key.Key_L:
        return lambda traces: _at_cursor(traces, lambda time: traces.select_lap_at(time, mode))
    return _PLAIN.get(_Key(key))


def large_step(traces: TracesWidget) -> int:
    """Return how many bins a large step has."""
    session = traces.workspace.parts_of(traces.session.currentText())
    return max(10, round(LARGE_STEP / session[0].bin_width)) if session else 10


def _at_cursor(traces: TracesWidget, act: Callable[[float], object]) -> None:
    if traces.plots.cursor is not None:
        act(traces.plots.cursor)


def _undo(traces: TracesWidget) -> None:
    traces.workspace.selection.undo()


def _redo(traces: TracesWidget) -> None:
    traces.workspace.selection.redo()


#: Farther than any session has bins.
_FAR = 2**40
_PLAIN: dict[Qt.Key, _Action] = {
    _Key.Key_Space: lambda traces: traces.play_or_stop(),
    _Key.Key_Home: lambda traces: traces.step(-_FAR),
    _Key.Key_End: lambda traces: traces.step(_FAR),
    _Key.Key_PageUp: lambda traces: traces.pan(-0.8),
    _Key.Key_PageDown: lambda traces: traces.pan(0.8),
    _Key.Key_Plus: lambda traces: traces.zoom(0.5),
    _Key.Key_Equal: lambda traces: traces.zoom(0.5),
    _Key.Key_Minus: lambda traces: traces.zoom(2.0),
    _Key.Key_0: lambda traces: traces.show_whole_session(),
    _Key.Key_I: lambda traces: traces.begin_selection(),
    _Key.Key_K: lambda traces: traces.selection_button.attempt(traces.selection_button.ask_name),
    _Key.Key_Escape: lambda traces: traces.workspace.selection.clear(),
}
