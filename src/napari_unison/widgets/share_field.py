"""The field for the share of each session that is held out."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox

SHARE_HELP = "The end of the used part of each session, which the training does not see. Scores come from it."


def share_field() -> QDoubleSpinBox:
    """Return a field for the share of each session that is held out."""
    field = QDoubleSpinBox()
    field.setRange(0, 50)
    field.setDecimals(0)
    field.setSingleStep(5)
    field.setSuffix(" % of each session")
    field.setKeyboardTracking(False)
    field.setToolTip(SHARE_HELP)
    field.setAccessibleName("held out")
    return field
