"""The guard against the crash of triton beside an OpenGL driver that is built on LLVM."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from napari_unison._compat.windows import main_canvas

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

#: Renderers of OpenGL drivers that are built on LLVM: Mesa's llvmpipe, softpipe and radeonsi.
LLVM_RENDERERS = ("llvmpipe", "softpipe", "llvm", "radeonsi", "swrast")


def opengl_renderer(viewer: Any) -> str | None:
    """Return the name of the OpenGL renderer that draws the viewer, or None where it cannot be asked."""
    from vispy.gloo import gl

    canvas = main_canvas(viewer)
    if not _make_current(canvas):
        return None
    name = gl.glGetParameter(gl.GL_RENDERER)
    return str(name) if name else None


def _make_current(canvas: QWidget) -> bool:
    """Make the canvas' GL context the current one; False while Qt has not made a context yet."""
    is_valid = getattr(canvas, "isValid", None)
    if is_valid is None or not is_valid():
        return False
    canvas.makeCurrent()  # type: ignore[attr-defined]
    return True


def triton_is_dangerous(renderer: str | None, platform: str = sys.platform) -> bool:
    """Tell whether importing triton would end the process.

    Triton brings its own LLVM. Loaded after an OpenGL driver that is built on another LLVM, the two
    collide and the process dies. Only Linux has triton and such drivers together; a renderer that
    cannot be asked is taken for one of them.
    """
    if not platform.startswith("linux"):
        return False
    return renderer is None or any(word in renderer.lower() for word in LLVM_RENDERERS)


def guard_triton_once_drawn(viewer: Any) -> None:
    """Guard against triton as soon as the viewer has a GL context, for training without a workspace."""
    from qtpy.QtCore import QTimer

    canvas = main_canvas(viewer)
    if _make_current(canvas):
        guard_triton(viewer)
        return
    drawn = getattr(canvas, "frameSwapped", None)
    if drawn is None:
        return

    def on_drawn() -> None:
        drawn.disconnect(on_drawn)
        # Not while Qt draws: asking for the renderer makes another context the current one.
        QTimer.singleShot(0, lambda: guard_triton(viewer))

    drawn.connect(on_drawn)


def guard_triton(viewer: Any) -> bool:
    """Keep torch from importing triton where that would end the process; call it before making an optimiser.

    Returns
    -------
    bool
        Whether triton is blocked. Training then runs without ``torch.compile``.
    """
    if "triton" in sys.modules:
        return sys.modules["triton"] is None
    if not triton_is_dangerous(opengl_renderer(viewer)):
        return False
    sys.modules["triton"] = None  # type: ignore[assignment]
    return True
