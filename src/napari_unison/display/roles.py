"""Which label plays the part of position, and which that of direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unison.sessions import Session


@dataclass(frozen=True)
class LabelRoles:
    """Names of the labels that pictures are coloured by.

    Attributes
    ----------
    position : str or None
        The label called "position" if it is continuous or circular, else the first continuous one, else the
        first circular one.
    direction : str or None
        The label called "direction" if it is discrete, else the first discrete one.
    """

    position: str | None
    direction: str | None


def label_roles(session: Session) -> LabelRoles:
    """Find the labels that play position and direction, by name first, then by kind."""
    kinds = session.kinds
    ordered = [name for name, kind in kinds.items() if kind == "continuous"]
    ordered += [name for name, kind in kinds.items() if kind == "circular"]
    discrete = [name for name, kind in kinds.items() if kind == "discrete"]
    position = "position" if "position" in ordered else next(iter(ordered), None)
    direction = "direction" if "direction" in discrete else next(iter(discrete), None)
    return LabelRoles(position, direction)


def with_unit(text: str, unit: str) -> str:
    """Write a quantity with its unit in brackets, if it has one that the text does not end with already."""
    suffix = f" ({unit})" if unit else ""
    return text if text.endswith(suffix) else text + suffix
