"""What the mouse does on a time axis: mark time, set the cursor, move and zoom."""

from __future__ import annotations

from typing import Any, Protocol

from qtpy.QtCore import Qt

from napari_unison.workspace.time_sets import SelectionMode

#: Pixels that make a drag of a click.
DRAG_THRESHOLD = 4
LEFT, RIGHT, MIDDLE = 1, 2, 3
#: How much a step of the wheel zooms.
ZOOM = 0.8


class TimeActions(Protocol):
    """What can be asked for by mouse."""

    def show_range(self, wanted: tuple[float, float]) -> None:
        """Show a stretch of time (s)."""

    def set_cursor(self, time: float) -> None:
        """Set the time cursor (s)."""

    def preview_selection(self, ends: tuple[float, float] | None) -> None:
        """Show what would be selected (s)."""

    def select_between(self, start: float, stop: float, mode: SelectionMode) -> None:
        """Select a stretch of time (s)."""

    def select_lap_at(self, time: float, mode: SelectionMode) -> None:
        """Select the lap around a time (s)."""


class TimeAxisPlace(Protocol):
    """Where times lie on a canvas."""

    range: tuple[float, float]

    def time_at(self, pixel: float) -> float:
        """Return the time (s) at a pixel."""


class TimeMouse:
    """Turns mouse events of a vispy canvas into times.

    Left drag marks time, with shift adds to it and with alt or control takes out of it; a click sets the
    cursor, a double click marks the lap. Right or middle drag moves, the wheel zooms, shift and wheel moves.

    Parameters
    ----------
    canvas : vispy.scene.SceneCanvas
        Where the mouse is.
    place : TimeAxisPlace
        Tells times of pixels.
    actions : TimeActions
        What is asked to do it.
    """

    def __init__(self, canvas: Any, place: TimeAxisPlace, actions: TimeActions) -> None:
        self._place, self._actions = place, actions
        self._pressed: tuple[int, float] | None = None
        self._is_drag = False
        self._last = 0.0
        for name in ("mouse_press", "mouse_move", "mouse_release", "mouse_wheel", "mouse_double_click"):
            getattr(canvas.events, name).connect(getattr(self, f"_on_{name}"))

    def _on_mouse_press(self, event: Any) -> None:
        if event.button in (LEFT, RIGHT, MIDDLE):
            self._pressed, self._is_drag = (event.button, float(event.pos[0])), False
            self._last = float(event.pos[0])

    def _on_mouse_move(self, event: Any) -> None:
        self._drag_to(float(event.pos[0]))

    def _drag_to(self, now: float) -> None:
        """Follow a drag to a pixel; moves that are quick may be told by the release alone."""
        if self._pressed is None:
            return
        button, begin = self._pressed
        self._is_drag = self._is_drag or abs(now - begin) >= DRAG_THRESHOLD
        if not self._is_drag:
            return
        if button == LEFT:
            self._actions.preview_selection((self._place.time_at(begin), self._place.time_at(now)))
        else:
            self._move(self._place.time_at(self._last) - self._place.time_at(now))
        self._last = now

    def _on_mouse_release(self, event: Any) -> None:
        if self._pressed is None:
            return
        self._drag_to(float(event.pos[0]))
        button, begin = self._pressed
        self._pressed = None
        if button != LEFT:
            return
        time = self._place.time_at(float(event.pos[0]))
        self._actions.preview_selection(None)
        if self._is_drag:
            self._actions.select_between(self._place.time_at(begin), time, mode_of(event.modifiers))
        else:
            self._actions.set_cursor(time)

    def _on_mouse_double_click(self, event: Any) -> None:
        if event.button == LEFT:
            time = self._place.time_at(float(event.pos[0]))
            self._actions.select_lap_at(time, mode_of(event.modifiers))

    def _on_mouse_wheel(self, event: Any) -> None:
        left, right = self._place.range
        steps = float(event.delta[1] or event.delta[0])
        if "Shift" in names_of(event.modifiers):
            self._move(-0.1 * steps * (right - left))
            return
        centre, factor = self._place.time_at(float(event.pos[0])), ZOOM**steps
        self._actions.show_range((centre - (centre - left) * factor, centre + (right - centre) * factor))

    def _move(self, seconds: float) -> None:
        left, right = self._place.range
        self._actions.show_range((left + seconds, right + seconds))


def names_of(modifiers: Any) -> set[str]:
    """Return the names of vispy's modifier keys."""
    return {str(key.name) for key in modifiers}


def mode_of(modifiers: Any) -> SelectionMode:
    """Return what held keys say: shift adds, alt takes out; control too, since alt may move the window."""
    names = names_of(modifiers)
    if "Shift" in names:
        return "add"
    return "remove" if names & {"Alt", "Control"} else "replace"


def qt_mode_of(modifiers: Qt.KeyboardModifier) -> SelectionMode:
    """Return the same of Qt's modifier keys."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return "add"
    removes = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
    return "remove" if modifiers & removes else "replace"
