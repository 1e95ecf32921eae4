"""Pictures of the import dialog over real recordings.

They lie in the folder that ``NAPARI_UNISON_TEST_DATA`` names. Where there is no display, it starts
itself again under ``xvfb-run``.

    python docs/make_import_pictures.py [--to docs/pictures/import] [--theme dark]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from make_tour import THEMES, WINDOW_SIZE, in_virtual_display, save, wait

from napari_unison import get_workspace
from napari_unison._compat import main_window
from napari_unison.demo import has_display
from napari_unison.widgets.importing import ImportDialog

MAPPINGS = Path(__file__).parent / "mappings"
#: Name of the picture, the recording, and a mapping where the proposal is not to be shown.
DIALOGS = (
    ("nwb", "nwb/A2929-200711_neurosuite.nwb", None),
    ("mouse", "calcium_linear_track/C24M3_spike_train.mat", MAPPINGS / "calcium-mouse-days.toml"),
)
#: How long a preview may take, in steps of waiting.
PATIENCE, STEP = 600, 100


def take(viewer: Any, recording: Path, mapping: Path | None, picture: Path) -> None:
    """Open the dialog for a recording, and take its picture once the preview is drawn."""
    workspace = get_workspace(viewer)
    files = workspace.prepare_import(recording)
    files.look().wait()
    dialog = ImportDialog(workspace, files, main_window(viewer))
    dialog.open()
    if mapping is not None:
        dialog.load_mapping(str(mapping))
    for _ in range(PATIENCE):
        if dialog.checked is not None and not files.is_busy:
            break
        wait(STEP)
    wait(5 * STEP)
    save(dialog.grab(), picture)
    dialog.reject()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description="Pictures of the import dialog.")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "pictures" / "import")
    parser.add_argument("--theme", choices=THEMES, default="dark")
    chosen = parser.parse_args()
    folder_of_recordings = os.environ.get("NAPARI_UNISON_TEST_DATA")
    if not folder_of_recordings:
        parser.error("NAPARI_UNISON_TEST_DATA is not set: there are no real recordings to be shown")
    if not has_display():
        in_virtual_display()
    recordings = Path(folder_of_recordings)
    chosen.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # neither how somebody's napari is set up nor what was imported before shall be seen, or changed
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        os.environ["XDG_CONFIG_HOME"] = folder
        import napari
        from napari.settings import get_settings

        viewer = napari.Viewer()
        main_window(viewer).resize(*WINDOW_SIZE)
        get_settings().appearance.theme = chosen.theme
        for name, recording, mapping in DIALOGS:
            picture = chosen.to / f"{name}-{chosen.theme}.png"
            take(viewer, recordings / recording, mapping, picture)
            print(picture, flush=True)
        viewer.close()


if __name__ == "__main__":
    main()
