"""Arrays out of joblib files, without running anything that such a file may hold.

A joblib file is a pickle with raw array bytes in between, and unpickling can call any function. Here the
instructions of the pickle are only *parsed* (``pickletools``) and carried out by a machine that knows
dictionaries, lists, tuples, texts, numbers and numpy arrays, and nothing else: no import, no call.
"""

from __future__ import annotations

import io
import math
import os
import pickletools
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.unpacking import DamagedError, unpacked_bytes

Array: TypeAlias = npt.NDArray[Any]

_MOST_INSTRUCTIONS: Final = 100_000

_WRAPPER: Final = "joblib.numpy_pickle NumpyArrayWrapper"
_NDARRAY: Final = "numpy ndarray"
_DTYPE: Final = "numpy dtype"
_SCALAR: Final = ("numpy.core.multiarray scalar", "numpy._core.multiarray scalar")
_KNOWN: Final = frozenset({_WRAPPER, _NDARRAY, _DTYPE, *_SCALAR})
_NUMBER_TYPE: Final = re.compile(r"[<>=|]?[biufc]\d{1,2}")


def read_joblib(path: str | os.PathLike[str]) -> Any:
    """Read what a joblib file holds: numpy arrays in dictionaries, lists and tuples.

    Parameters
    ----------
    path : path
        Plain, or compressed with gzip, zlib, bz2 or lzma (found from the first bytes, not from the name).

    Returns
    -------
    object
        The dictionary, list, tuple or array in the file.

    Raises
    ------
    SessionError
        If the file is missing, damaged, or holds anything but arrays; the message names the file.
    """
    place = os.fspath(path)
    content = unpacked_bytes(path)
    try:
        return _Machine(content).run()
    except _RefusedError as refused:
        raise SessionError(
            f"{place} holds {refused}; only numpy arrays of numbers are read from such files, and nothing in "
            "them is run. Save a dictionary of plain arrays"
        ) from None
    except DamagedError as damaged:
        raise SessionError(f"{place} is damaged or cut off: {damaged}; copy or download it again") from None


class _RefusedError(Exception):
    """The file holds something that is not let through."""


class _Name:
    """The name of a class or function in the pickle; it is never looked up."""

    def __init__(self, module: Any, name: Any) -> None:
        self.full = f"{module} {name}"
        if self.full not in _KNOWN:
            raise _RefusedError(f"{module}.{name}")


class _ArrayHead:
    """Where joblib announces an array whose bytes follow in the file."""


class _NumberType:
    """A numpy type under construction."""

    def __init__(self, code: Any) -> None:
        if not isinstance(code, str) or not _NUMBER_TYPE.fullmatch(code):
            raise _RefusedError(f"an array of the type {code!r}")
        try:
            self.dtype: np.dtype[Any] = np.dtype(code)
        except TypeError:
            raise DamagedError(f"there is no number type {code!r}") from None

    def take_state(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "=", "|"):
            raise DamagedError("the number type of an array is not readable")
        if any(part is not None for part in state[2:5]):
            raise _RefusedError("an array with fields")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Mark:
    """The pickle's mark on the stack."""


_Instruction: TypeAlias = "Callable[[_Machine, Any], None]"


class _Machine:
    """Carries out the few pickle instructions that build containers, numbers, texts and numpy arrays."""

    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)
        self.size = len(content)
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        try:
            return self._run()
        except (IndexError, KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
            raise DamagedError(str(error) or type(error).__name__) from None

    def _run(self) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(self.file)):
            if count > _MOST_INSTRUCTIONS:
                raise _RefusedError("too many parts")
            if opcode.name == "STOP":
                return _finished(self.stack.pop())
            if opcode.name in _CONSTANTS:
                self.stack.append(_CONSTANTS[opcode.name])
            elif opcode.name in _VALUES:
                self.stack.append(argument)
            elif opcode.name in _INSTRUCTIONS:
                _INSTRUCTIONS[opcode.name](self, argument)
            else:
                raise _RefusedError(f"the pickle instruction {opcode.name}")
        raise DamagedError("the pickle does not end")

    def pop_to_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self.stack.pop()) is not _Mark:
            values.append(value)
        return values[::-1]

    def ignore(self, _: Any) -> None:
        """Do nothing: protocol numbers and frames only help readers that read ahead."""

    def remember(self, argument: Any) -> None:
        self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]

    def recall(self, argument: Any) -> None:
        self.stack.append(self.memo[argument])

    def name(self, argument: Any) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(_Name(module, name))

    def name_on_stack(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(module, name))

    def new_object(self, _: Any) -> None:
        arguments, made = self.stack.pop(), self.stack.pop()
        if not isinstance(made, _Name) or made.full != _WRAPPER or arguments != ():
            raise _RefusedError(f"an object of {_said(made)}")
        self.stack.append(_ArrayHead())

    def reduce(self, _: Any) -> None:
        arguments, made = self.stack.pop(), self.stack.pop()
        if isinstance(made, _Name) and made.full == _DTYPE and isinstance(arguments, tuple) and arguments:
            self.stack.append(_NumberType(arguments[0]))
        elif isinstance(made, _Name) and made.full in _SCALAR and isinstance(arguments, tuple):
            self.stack.append(_scalar(*arguments))
        else:
            raise _RefusedError(f"a call of {_said(made)}")

    def build(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _NumberType):
            target.take_state(state)
        elif isinstance(target, _ArrayHead) and isinstance(state, dict):
            array = self.array(state)
            self.stack[-1] = array
            for key in [key for key, value in self.memo.items() if value is target]:
                self.memo[key] = array
        else:
            raise _RefusedError(f"a {type(target).__name__} with a state")

    def array(self, state: dict[str, Any]) -> Array:
        """Read the raw bytes that follow an array's head."""
        number_type, shape, order = state["dtype"], state["shape"], state["order"]
        if not isinstance(number_type, _NumberType):
            raise _RefusedError("an array without a number type")
        if not isinstance(state["subclass"], _Name) or state["subclass"].full != _NDARRAY:
            raise _RefusedError("an array of a class other than numpy.ndarray")
        if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
            raise DamagedError(f"an array of shape {shape!r}")
        if order not in ("C", "F"):
            raise DamagedError(f"an array in order {order!r}")
        if state.get("numpy_array_alignment_bytes") is not None:
            padding = self.file.read(1)
            self.file.seek(padding[0] if padding else 0, io.SEEK_CUR)
        needed = math.prod(shape) * number_type.dtype.itemsize
        left = max(0, self.size - self.file.tell())
        if needed > left:
            raise DamagedError(
                f"an array of shape {shape} needs {needed} bytes, and {left} are left in the file"
            )
        values = np.frombuffer(self.file.read(needed), dtype=number_type.dtype)
        return values.reshape(shape, order=order)

    def tuple_of(self, size: int) -> None:
        parts = [self.stack.pop() for _ in range(size)]
        self.stack.append(tuple(parts[::-1]))

    def append(self, values: list[Any]) -> None:
        _expect(self.stack[-1], list).extend(values)

    def set_items(self, parts: list[Any]) -> None:
        _expect(self.stack[-1], dict).update(zip(parts[::2], parts[1::2], strict=True))

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise DamagedError(f"a {kind.__name__} was expected, and there is a {type(value).__name__}")
    return value


def _said(made: Any) -> str:
    return made.full.replace(" ", ".") if isinstance(made, _Name) else type(made).__name__


def _scalar(number_type: Any, raw: Any) -> Any:
    if not isinstance(number_type, _NumberType) or not isinstance(raw, bytes):
        raise _RefusedError("a number that is not plain")
    return np.frombuffer(raw, dtype=number_type.dtype)[0]


def _finished(value: Any) -> Any:
    """Check that what is handed out is made of arrays, containers and plain values only."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, _Name | _ArrayHead | _NumberType) or part is _Mark:
            raise _RefusedError("something that is not an array")
    return value


_CONSTANTS: Final[dict[str, Any]] = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
    "MARK": _Mark,
}
_VALUES: Final = frozenset(
    [
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    ]
)
_INSTRUCTIONS: Final[dict[str, _Instruction]] = {
    "PROTO": _Machine.ignore,
    "FRAME": _Machine.ignore,
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "DICT": lambda machine, _: machine.stack.append(_dict_of(machine.pop_to_mark())),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_item(),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "PUT": _Machine.remember,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.remember,
    "GET": _Machine.recall,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "NEWOBJ": _Machine.new_object,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}


def _dict_of(parts: list[Any]) -> dict[Any, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))
