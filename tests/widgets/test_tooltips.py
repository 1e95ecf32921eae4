"""Every control of every dock says what it is for when the pointer rests on it."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTabBar,
    QWidget,
)

from napari_unison.widgets.unison import UnisonWidget

pytestmark = pytest.mark.gui

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
)


def _is_part_of_a_control(widget: QWidget) -> bool:
    """Tell whether a widget is inside of another: the line of a spin box, the bar of what scrolls."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        if isinstance(parent, (*CONTROLS, QTabBar)) or parent.objectName().endswith("container"):
            return True
        parent = parent.parentWidget()
    return False


def controls(dock: QWidget) -> list[QWidget]:
    """Return what can be clicked, moved or written in."""
    return [
        widget
        for widget in dock.findChildren(QWidget)
        if isinstance(widget, CONTROLS)
        and not widget.objectName().startswith("qt_")
        and not _is_part_of_a_control(widget)
    ]


def without_help(dock: QWidget) -> list[str]:
    """Describe the controls that have no tooltip."""
    return [
        f"{type(control).__name__} {getattr(control, 'text', str)()!r} {control.accessibleName()!r} "
        f"in {type(control.parentWidget()).__name__}"
        for control in controls(dock)
        if not control.toolTip()
    ]


@pytest.fixture
def docks(unison: UnisonWidget, small_sessions: Any) -> dict[str, QWidget]:
    """All docks, with a run."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(
        max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8, random_state=0, device="cpu"
    ).wait(60)
    return {
        "Unison": unison,
        "Sessions": unison.sessions,
        "Train": unison.train,
        "Explore": unison.explore,
        "Traces": unison.traces,
        "Decode": unison.decode,
    }


def test_every_control_of_every_dock_explains_itself(docks: dict[str, QWidget]) -> None:
    assert all(len(controls(dock)) >= 5 for dock in docks.values())
    missing = {name: found for name, dock in docks.items() if (found := without_help(dock))}
    assert missing == {}, missing
