"""Of which kind a label is, and in which unit: by what its file says, by its name, and by its values."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.circles import AngleUnit, circle_of
from napari_unison.sessions.importing.contents import Contents, Entry, Samples
from napari_unison.sessions.importing.series_together import MOST_VALUES_READ
from napari_unison.sessions.importing.time_names import name_and_unit
from napari_unison.sessions.labels import LabelKind

Array: TypeAlias = npt.NDArray[Any]

#: Integers of at most so many different values are proposed as discrete.
MOST_CATEGORIES: Final = 20
#: Whole numbers that are kept as floating-point numbers, as MATLAB does, of at most so many different values.
MOST_FLOAT_CATEGORIES: Final = 8

_POSITION: Final = re.compile(r"pos|loc(?!om)|(^|[/_])[xyz](_(m|cm|mm|px))?$|track", re.I)
_ANGLE: Final = re.compile(
    r"angle|heading|head_?dir|direction|compass|theta|azimuth|orient|phase|(^|[^a-z])(hd|yaw|r[xyz])($|[^a-z])",
    re.I,
)
_HEAD: Final = re.compile(r"head", re.I)
_NO_ANGLE: Final = re.compile(r"vel|speed|rate|accel|power|ampl|freq|count|number", re.I)
_ANGLE_UNIT: Final = re.compile(r"[ _.(-](?:(?P<rad>rad|radians?)|(?P<deg>deg|degrees?|°))\)?$", re.I)
_UNITS: Final = {"meters": "m", "meter": "m", "metres": "m", "radian": "rad", "radians": "rad"}
_NO_UNITS: Final = ("unknown", "n/a", "na", "none", "no unit")
#: Of values in these, whole numbers can be categories; in centimetres, they are a measure.
_COUNTED: Final = ("", "a.u.", "au", "arbitrary", "bool", "boolean", "1")


def is_position(path: str) -> bool:
    """Return whether a path is called as positions are, such as "pos_x"."""
    return bool(_POSITION.search(name_and_unit(path)[0]))


def is_angle(path: str) -> bool:
    """Return whether a path is called as angles are, such as "head_direction"."""
    name = name_and_unit(path)[0]
    if _NO_ANGLE.search(name):
        return False
    return bool(_ANGLE.search(name)) or (bool(_HEAD.search(name)) and not is_position(path))


def said_unit(entry: Entry) -> str:
    """Return the unit that a file says, in the short form; "" where it says none."""
    unit = _UNITS.get(entry.unit.lower(), entry.unit)
    return "" if unit.lower() in _NO_UNITS else unit


def kind_and_unit(contents: Contents, entry: Entry) -> tuple[LabelKind | None, str] | None:
    """Guess kind and unit of a label that is an array or a series.

    Parameters
    ----------
    contents : Contents
        The open file. Numbers are read, up to :data:`MOST_VALUES_READ` of them.
    entry : Entry
        The label.

    Returns
    -------
    (kind, unit) or None
        The kind is None where values say it: texts are discrete, real numbers continuous. None of what can be
        no label, and of integers that are too many to be read.
    """
    unit = said_unit(entry)
    in_angles = _angle_unit(entry)
    if entry.is_circular or (entry.unit and in_angles and is_angle(entry.path)):
        return ("circular" if _has_one_column(entry) else None), unit
    if entry.dtype == "bool":
        return "discrete", ""
    if entry.dtype == "str":
        return None, unit
    is_float = entry.dtype.startswith("float")
    if not is_float and not entry.dtype.startswith(("int", "uint")):
        return None
    values = _read_numbers(contents, entry, is_float)
    if values is None:
        return (None, unit) if is_float else None
    # a position in whole bins is a position, whatever the number of bins
    if is_position(entry.path) and not is_angle(entry.path):
        return (None if is_float else "continuous"), unit
    if _are_categories(values, is_float, entry):
        return "discrete", ""
    circle = _circle(values, entry, in_angles) if values.size == max(values.shape, default=0) else ""
    if circle:
        return "circular", circle
    return (None if is_float else "continuous"), unit


def _has_one_column(entry: Entry) -> bool:
    return len(entry.shape) != 2 or entry.time_axis is None or entry.shape[1 - entry.time_axis] == 1


def _angle_unit(entry: Entry) -> AngleUnit:
    """Return the unit of an angle that a file says, or the end of the name."""
    unit = said_unit(entry).lower()
    if unit:
        return "rad" if unit == "rad" else "deg" if unit in ("deg", "degree", "degrees", "°") else ""
    found = _ANGLE_UNIT.search(entry.path)
    return "" if found is None else "rad" if found["rad"] else "deg"


def _read_numbers(contents: Contents, entry: Entry, is_float: bool) -> Array | None:
    if int(np.prod(entry.shape, dtype=object)) > MOST_VALUES_READ:
        return None
    try:
        values = contents.read(entry.path)
    except SessionError:
        # what is damaged is told when a session is made of it; the rest of a guess goes on
        if is_float:
            return None
        raise
    return values.values if isinstance(values, Samples) else None


def _are_categories(values: Array, is_float: bool, entry: Entry) -> bool:
    if not is_float:
        return len(np.unique(values)) <= MOST_CATEGORIES
    known = values[np.isfinite(values)]
    unit = said_unit(entry).lower()
    if values.size != max(values.shape, default=0) or unit not in _COUNTED or _NO_ANGLE.search(entry.name):
        return False
    # a first look saves sorting long traces of real numbers
    if not (known[:1000] == np.round(known[:1000])).all():
        return False
    different = np.unique(known)
    is_whole = bool((different == np.round(different)).all())
    return is_whole and 2 <= len(different) <= min(MOST_FLOAT_CATEGORIES, len(known) // 2)


def _circle(values: Array, entry: Entry, unit: AngleUnit) -> AngleUnit:
    if said_unit(entry).lower() not in _COUNTED and not unit:
        return ""
    is_named = is_angle(entry.path)
    # the number of the turns that an animal has made, or a speed in rad/s, is no angle
    if _NO_ANGLE.search(entry.name):
        return ""
    return circle_of(values.ravel(), unit=unit, is_named=is_named)
