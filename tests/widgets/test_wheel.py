"""Scrolling a form does not change it."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox

from napari_unison.widgets.explore import ExploreWidget
from napari_unison.widgets.train import TrainWidget
from napari_unison.workspace import Workspace


def turn_wheel(widget) -> bool:
    """Turn the wheel over a widget; tell whether the widget took it from what scrolls."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(widget.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize("make", [TrainWidget, ExploreWidget])
def test_the_wheel_over_a_form_scrolls_and_changes_nothing(qtbot, make):
    workspace = Workspace()
    widget = make(workspace)
    qtbot.addWidget(widget)
    before = workspace.config, workspace.display, workspace.validation_share
    fields = widget.findChildren(QAbstractSpinBox) + widget.findChildren(QComboBox)
    assert len(fields) > 5
    for field in fields:
        assert not turn_wheel(field)
        assert field.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert (workspace.config, workspace.display, workspace.validation_share) == before


def test_the_wheel_changes_a_field_that_was_chosen(qtbot, monkeypatch):
    train = TrainWidget(Workspace())
    qtbot.addWidget(train)
    field = train.form.editors["batch_size"].widget
    before = field.value()
    # Without a window manager, as in the tests, no window gets the focus.
    monkeypatch.setattr(field, "hasFocus", lambda: True)
    assert turn_wheel(field)
    assert field.value() == before - 1
