"""Legends as plain data, which a widget or a figure draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colour = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ColourBar:
    """A continuous scale.

    Attributes
    ----------
    label : str
        What is shown, such as ``"position · right"``.
    unit : str
        Its unit; empty where there is none or it is not known.
    limits : tuple of float
        Values at both ends of the bar.
    colours : ndarray of float32, (256, 4)
        RGBA from the lower to the upper limit.
    is_circular : bool, default False
        Whether the scale is an angle (rad), whose ends are one.
    """

    label: str
    unit: str
    limits: tuple[float, float]
    colours: npt.NDArray[np.float32]
    is_circular: bool = False

    @property
    def text(self) -> str:
        """Label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class Swatch:
    """One colour and what it stands for.

    Attributes
    ----------
    name : str
        What has this colour.
    colour : tuple of float
        RGBA, each from 0 to 1.
    """

    name: str
    colour: Colour


@dataclass(frozen=True)
class Legend:
    """What the colours of a picture mean.

    Attributes
    ----------
    title : str
        What the colours show.
    entries : tuple of ColourBar or Swatch
        From top to bottom.
    """

    title: str
    entries: tuple[ColourBar | Swatch, ...]

    @property
    def bars(self) -> tuple[ColourBar, ...]:
        """The colour bars alone."""
        return tuple(entry for entry in self.entries if isinstance(entry, ColourBar))

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        """The single colours alone."""
        return tuple(entry for entry in self.entries if isinstance(entry, Swatch))
