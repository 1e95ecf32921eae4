"""A field for short times: shown in milliseconds or seconds, typed in either."""

from __future__ import annotations

import re
from typing import Any

from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QWidget

_TYPED = re.compile(r"^\s*([0-9]*[.,]?[0-9]*(?:[eE]-?[0-9]+)?)\s*(m?s?)\s*$")


class DurationField(QDoubleSpinBox):
    """A time in seconds; "25", "25 ms" and "0.025 s" are the same.

    Parameters
    ----------
    nothing : str
        What zero stands for.
    """

    def __init__(self, nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(6)
        self.setRange(0.0, 3600.0)
        self.setSingleStep(0.005)
        self.setSpecialValueText(nothing)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """Write seconds as milliseconds below one second."""
        return f"{value:.6g} s" if value >= 1 else f"{1000 * value:.6g} ms"

    def valueFromText(self, text: str | None) -> float:  # noqa: N802 - Qt's name
        """Read milliseconds, or seconds where "s" is written."""
        found = _TYPED.match((text or "").replace(self.specialValueText(), "0"))
        if found is None or not found[1]:
            return 0.0
        try:
            number = float(found[1].replace(",", "."))
        except ValueError:
            return 0.0
        return number if found[2] == "s" else number / 1000

    def validate(self, text: str | None, position: int) -> Any:
        """Take digits and the units "ms" and "s"; anything on the way to what zero stands for, too."""
        typed = text or ""
        if typed == self.specialValueText() or _TYPED.match(typed):
            return QValidator.State.Acceptable, typed, position
        if self.specialValueText().startswith(typed.strip()):
            return QValidator.State.Intermediate, typed, position
        return QValidator.State.Invalid, typed, position
