"""Whether numbers go around a circle: a head that turns on jumps from one end of its range to the other."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
AngleUnit = Literal["rad", "deg", ""]

_TURNS: Final[dict[AngleUnit, float]] = {"rad": 2 * np.pi, "deg": 360.0}
#: Rounding may carry values so far out of the circle (turns).
_ROUNDING: Final = 0.002
#: A jump around leaves and arrives no farther than this from the ends of the range (turns).
_NEAR_END: Final = 1 / 6
#: Values whose name says nothing must reach both ends up to this (turns).
_AT_END: Final = 0.02


def circle_of(values: Array, *, unit: AngleUnit = "", is_named: bool = False) -> AngleUnit:
    """Return the unit of values that go around a circle; "" of others.

    Parameters
    ----------
    values : ndarray (n,)
        Numbers in the order of time; NaN where there is none.
    unit : {"rad", "deg", ""}
        The unit of an angle, where the file or the name says one.
    is_named : bool
        Whether the name is that of an angle, such as "heading".

    Returns
    -------
    {"rad", "deg", ""}
        Values lie from 0 to one turn, or half a turn to both sides of 0. Where both name and unit say it,
        that is enough. Where one of them does, values must jump around from one end to the other. Where
        nothing does, they must do so in both ways, again and again, reach both ends and hardly jump
        otherwise: a position of 0 to 6.2 m that begins anew with each lap jumps one way alone. Degrees need
        a name or a unit.

    Examples
    --------
    >>> circle_of(np.mod(np.arange(100) / 5, 2 * np.pi), is_named=True)
    'rad'
    >>> circle_of(np.mod(np.arange(100) / 5, 2 * np.pi))
    ''
    """
    numbers = np.asarray(values, dtype=np.float64)
    units: list[AngleUnit] = [unit] if unit else ["rad", "deg"] if is_named else ["rad"]
    return next((one for one in units if _goes_around(numbers, _TURNS[one], bool(unit), is_named)), "")


def _goes_around(values: Array, turn: float, has_unit: bool, is_named: bool) -> bool:
    known = values[np.isfinite(values)]
    if not len(known):
        return False
    low = 0.0 if known.min() >= -_ROUNDING * turn else -turn / 2
    high = low + turn
    if known.min() < low - _ROUNDING * turn or known.max() > high + _ROUNDING * turn:
        return False
    if has_unit and is_named:
        return True
    before, after = values[:-1], values[1:]
    # steps from and to unknown values are NaN, and no comparison with them holds
    jump = np.abs(after - before) > turn / 2
    near = _NEAR_END * turn
    upwards = int((jump & (before > high - near) & (after < low + near)).sum())
    downwards = int((jump & (before < low + near) & (after > high - near)).sum())
    around, of_all = upwards + downwards, int(jump.sum())
    if has_unit or is_named:
        return around >= 1 and around >= 0.5 * of_all
    reaches = known.min() <= low + _AT_END * turn and known.max() >= high - _AT_END * turn
    return bool(reaches) and min(upwards, downwards) >= 2 and around >= 0.8 * of_all
