"""The guard against triton in a process whose OpenGL driver is built on LLVM."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QMainWindow

from napari_unison._compat import on_viewer_closed, triton_is_dangerous

TRAP = """
import os, sys
sys.stderr.write("triton was imported\\n")
os.abort()
"""

# As a user does it: the window first, with something drawn in it, then training.
VIEWER_THEN_TRAINING = """
import napari, numpy as np, sys
viewer = napari.Viewer(show=True)
viewer.add_points(np.random.default_rng(0).random((50, 3)))
viewer.screenshot(flash=False)
from napari_unison import get_workspace, sample_sessions
from napari_unison._compat import opengl_renderer
workspace = get_workspace(viewer)
print("renderer:", opengl_renderer(viewer))
workspace.sessions.extend([session[:300] for session in sample_sessions()[:2]])
run = workspace.train(max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8).wait(200)
try:
    import triton
except ImportError:
    print("triton: blocked")
print("iterations:", run.encoder.n_iter_, "points:", len(viewer.layers[1].data))
viewer.close()
"""

# From napari's console: the workspace is open, but the encoder is trained without it.
VIEWER_THEN_FIT = """
import napari, numpy as np, sys
viewer = napari.Viewer(show=True)
from napari_unison import UnifiedEncoder, get_workspace, sample_sessions
get_workspace(viewer)
viewer.add_points(np.random.default_rng(0).random((50, 3)))
viewer.screenshot(flash=False)
from qtpy.QtCore import QEventLoop, QTimer
from napari_unison._compat import opengl_renderer
loop = QEventLoop()
QTimer.singleShot(1500, loop.quit)
loop.exec()
print("renderer:", opengl_renderer(viewer))
sessions = [session[:300] for session in sample_sessions()[:2]]
encoder = UnifiedEncoder(
    max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8, verbose=False
).fit(sessions)
print("triton:", "blocked" if sys.modules.get("triton", 0) is None else "free")
print("iterations:", encoder.n_iter_)
viewer.close()
"""


@pytest.mark.parametrize(
    ("renderer", "platform", "dangerous"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", "linux", True),
        ("AMD Radeon RX 6600 (radeonsi, navi23, LLVM 17.0.6, DRM 3.57)", "linux", True),
        ("NVIDIA GeForce RTX 4090/PCIe/SSE2", "linux", False),
        ("Mesa Intel(R) UHD Graphics 620 (KBL GT2)", "linux", False),
        (None, "linux", True),
        (None, "darwin", False),
        ("llvmpipe", "win32", False),
    ],
)
def test_which_drivers_triton_collides_with(renderer, platform, dangerous):
    assert triton_is_dangerous(renderer, platform) is dangerous


@pytest.mark.gui
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="triton and Mesa meet on Linux only")
@pytest.mark.parametrize("script", [VIEWER_THEN_TRAINING, VIEWER_THEN_FIT], ids=["workspace", "console"])
def test_viewer_first_then_training_does_not_import_triton(tmp_path: Path, qapp, script):
    """In a fresh process, with a triton that ends it as the real one does there."""
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text(TRAP)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    environment.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "triton was imported" not in done.stderr
    assert "iterations: 2" in done.stdout
    if script is VIEWER_THEN_TRAINING:
        assert "points: 480" in done.stdout
    if "llvm" in done.stdout.lower():
        assert "triton: blocked" in done.stdout


class AskingWindow(QMainWindow):
    """A window that asks before it closes, in a loop of its own as a dialog does."""

    answer = True

    def closeEvent(self, event):  # noqa: N802 - Qt's name
        loop = QEventLoop()
        QTimer.singleShot(150, loop.quit)
        loop.exec()
        event.setAccepted(self.answer)


@pytest.fixture
def asking(qtbot, monkeypatch):
    """A window on the screen, and a list that grows when it is taken for closed."""
    window, closed = AskingWindow(), []
    qtbot.addWidget(window, before_close_func=lambda window: setattr(window, "answer", True))
    monkeypatch.setattr("napari_unison._compat.windows.main_window", lambda viewer: window)
    on_viewer_closed(object(), lambda: closed.append(True))
    window.show()
    qtbot.waitExposed(window)
    return window, closed


def close_as_by_a_click(window, qtbot) -> None:
    """Close from within an event loop, where a click comes from."""
    done = []
    QTimer.singleShot(0, lambda: done.append(window.close()))
    qtbot.waitUntil(lambda: bool(done))


@pytest.mark.gui
def test_a_window_that_was_closed_after_asking_is_closed(asking, qtbot):
    window, closed = asking
    close_as_by_a_click(window, qtbot)
    assert closed == [True]


@pytest.mark.gui
@pytest.mark.parametrize("hide", ["hide", "showMinimized"])
def test_hiding_a_window_whose_closing_was_declined_closes_nothing(asking, qtbot, hide):
    window, closed = asking
    window.answer = False
    close_as_by_a_click(window, qtbot)
    qtbot.wait(150)
    getattr(window, hide)()
    qtbot.wait(20)
    assert closed == []
    window.show()
    window.answer = True
    close_as_by_a_click(window, qtbot)
    assert closed == [True]
