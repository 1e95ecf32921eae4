"""Units of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unison.sessions import LabelKind


def label_unit(name: str, kind: LabelKind) -> str:
    """Return the unit of a label.

    Circular labels are in radians, and a continuous label called "position" is in metres throughout the
    product; the units of other labels are not known, and the result is empty.
    """
    if kind == "circular":
        return "rad"
    return "m" if (name, kind) == ("position", "continuous") else ""
