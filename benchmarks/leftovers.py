"""What a window holds on to: threads, timers, callbacks, objects of the graphics, memory.

Counted in the whole process where that can be, so that what is left behind by anybody is seen.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

from napari.settings import get_settings
from napari.utils.events import EventEmitter
from psygnal import SignalInstance
from qtpy.QtCore import QObject, QThreadPool, QTimer
from qtpy.QtWidgets import QApplication
from vispy.gloo import gl
from vispy.scene import ViewBox

from napari_unison import Session
from napari_unison._compat import main_canvas
from napari_unison.encoder import UnifiedEncoder

#: Names of objects of the graphics are given out from 1 on, and given out again when they are free.
MOST_NAMES = 4096
KINDS_OF_GRAPHICS = {
    "buffers": gl.glIsBuffer,
    "textures": gl.glIsTexture,
    "programs": gl.glIsProgram,
    "shaders": gl.glIsShader,
}


def resident_bytes() -> int:
    """Return the memory of this process that is in use; 0 where the system does not tell it that way."""
    told = Path("/proc/self/statm")
    if not told.exists():
        return 0
    return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def give_back_free_memory() -> bool:
    """Have the C library give back to the system what nobody uses; tell whether it can.

    Pages between allocations that live on stay with the process after all on them was freed. What is resident
    without them is what somebody holds.
    """
    if not sys.platform.startswith("linux"):
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True


def graphics_objects(canvas: Any) -> dict[str, int]:
    """Count what the graphics driver keeps for a canvas and those that share with it, by asking the driver.

    Parameters
    ----------
    canvas : QOpenGLWidget
        The widget that vispy draws in; it has been drawn at least once.

    Returns
    -------
    dict
        Numbers of buffers, textures, programs and shaders; empty while the canvas was never drawn.
    """
    if not canvas.isValid():
        return {}
    canvas.makeCurrent()
    try:
        return {
            kind: sum(bool(is_one(name)) for name in range(1, MOST_NAMES))
            for kind, is_one in KINDS_OF_GRAPHICS.items()
        }
    finally:
        canvas.doneCurrent()


def living_callbacks(thing: object) -> int:
    """Count an event's callbacks whose owners are alive; napari forgets the others only later.

    Those of napari's settings are left out: a slider that napari makes anew when an axis comes or goes leaves
    small functions there, which it forgets when the setting is changed.
    """
    if not issubclass(type(thing), EventEmitter):
        return 0
    if getattr(thing, "source", None) is get_settings().application:
        return 0
    known: list[Any] = list(thing.callbacks)  # type: ignore[attr-defined]
    return sum(not isinstance(one, tuple) or one[0]() is not None for one in known)


def alive(kind: type) -> int:
    """Count the objects of a class, and of classes made from it, that anybody holds."""
    gc.collect()
    # by the type: to ask an object for its class may wake what is loaded only when it is used
    return sum(issubclass(type(one), kind) for one in gc.get_objects())


def counts(viewer: Any) -> dict[str, int]:
    """Count what a viewer and its process hold; memory is another matter, see :func:`resident_bytes`."""
    gc.collect()
    widgets = QApplication.allWidgets()
    windows = QApplication.topLevelWidgets()
    objects = gc.get_objects()
    return {
        "threads of Python": len([one for one in threading.enumerate() if not one.name.startswith("Dummy-")]),
        "threads at work": QThreadPool.globalInstance().activeThreadCount(),
        "widgets": len(widgets),
        "timers": len({timer for window in windows for timer in window.findChildren(QTimer)}),
        "objects of Qt": len({one for window in windows for one in window.findChildren(QObject)}),
        "callbacks of napari": sum(map(living_callbacks, objects)),
        "callbacks of psygnal": sum(len(one) for one in objects if issubclass(type(one), SignalInstance)),
        "views of vispy": sum(issubclass(type(one), ViewBox) for one in objects),
        "layers": len(viewer.layers),
        "sessions": sum(type(one) is Session for one in objects),
        "encoders": sum(type(one) is UnifiedEncoder for one in objects),
        **{f"{kind} of the graphics": n for kind, n in graphics_objects(main_canvas(viewer)).items()},
    }


def threads_of_the_system() -> int:
    """Return how many threads the system counts for this process; 0 where it does not tell it that way."""
    folder = Path("/proc/self/task")
    return len(list(folder.iterdir())) if sys.platform == "linux" and folder.exists() else 0
