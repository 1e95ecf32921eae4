"""Units of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from napari_unison.sessions import LabelKind

_UNITS: Final = ("m", "cm", "mm", "m/s", "cm/s", "mm/s", "s", "ms", "Hz", "deg")


def label_unit(name: str, kind: LabelKind) -> str:
    """Return the unit of a label.

    Circular labels are in radians. Of other labels only those are known that say it at the end of their
    name, such as "position (cm)"; for all others the result is empty: a position may be in m or in cm.
    """
    if kind == "circular":
        return "rad"
    return next((unit for unit in _UNITS if name.endswith(f"({unit})")), "")
