"""What importing costs, each time in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "napari", "qtpy", "sklearn", "matplotlib", "scipy")


def python(code: str, **options: object) -> str:
    """Run code in a fresh process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_by(code: str) -> set[str]:
    """Return which heavy packages, and which of our modules, code has loaded."""
    return set(python(f"{code}\nimport sys\nprint(*sys.modules)").split())


def test_importing_the_package_is_fast_and_loads_nothing_heavy():
    assert not loaded_by("import napari_unison") & set(HEAVY)
    measure = "import time; t = time.perf_counter(); import napari_unison; print(time.perf_counter() - t)"
    assert min(float(python(measure)) for _ in range(5)) < 0.3


def test_reading_the_configuration_does_not_load_torch():
    assert "torch" not in loaded_by("from napari_unison.encoder import EncoderConfig, PRESETS")


def test_discovering_the_plugin_loads_none_of_its_modules():
    discover = "import npe2; m = npe2.PluginManager.instance(); m.discover(); assert 'napari-unison' in m"
    assert not {name for name in loaded_by(discover) if name.startswith("napari_unison")} - {"napari_unison"}


def test_turning_a_foreign_folder_down_loads_none_of_the_rooms(tmp_path):
    ask = f"from napari_unison.contributions import get_reader; assert get_reader({str(tmp_path)!r}) is None"
    ours = {name for name in loaded_by(ask) if name.startswith("napari_unison.")}
    assert ours == {"napari_unison.contributions"}


@pytest.mark.gui
def test_starting_napari_does_not_load_torch():
    start = (
        "import napari, npe2\n"
        "viewer = napari.Viewer(show=False)\n"
        "npe2.PluginManager.instance().discover()\n"
        "import sys; assert 'torch' not in sys.modules\n"
        "viewer.close()\n"
    )
    assert "torch" not in loaded_by(start)
