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
MOUSE = "calcium_linear_track/C24M3_spike_train.mat"
#: Name of the picture, the recording, and a mapping where the proposal is not to be shown.
DIALOGS = (
    ("nwb", "nwb/A2929-200711_neurosuite.nwb", None),
    ("mouse", MOUSE, MAPPINGS / "calcium-mouse-days.toml"),
)
#: The recording to which a file is added, that file, and the width of its bins (s).
BESIDE = (MOUSE, "calcium_linear_track/C24M3_stimulus_trace.mat", 0.05)
#: How long a preview may take, in steps of waiting.
PATIENCE, STEP = 600, 100


def opened(viewer: Any, recording: Path) -> ImportDialog:
    """Open the dialog for a recording."""
    workspace = get_workspace(viewer)
    files = workspace.prepare_import(recording)
    files.look().wait()
    dialog = ImportDialog(workspace, files, main_window(viewer))
    dialog.open()
    return dialog


def take(dialog: ImportDialog, picture: Path) -> None:
    """Take the picture of a dialog once its preview is drawn, and close it."""
    for _ in range(PATIENCE):
        if dialog.checked is not None and not dialog.files.is_busy:
            break
        wait(STEP)
    wait(5 * STEP)
    save(dialog.grab(), picture)
    dialog.reject()
    print(picture, flush=True)


def take_beside(viewer: Any, recordings: Path, picture: Path) -> None:
    """Take the picture of a recording to which a file was added."""
    recording, beside, bin_width = BESIDE
    dialog = opened(viewer, recordings / recording)
    dialog.beside.add(recordings / beside)
    for _ in range(PATIENCE):
        if dialog.tree.names():
            break
        wait(STEP)
    dialog.form.bin_width.setValue(bin_width)
    take(dialog, picture)


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
            dialog = opened(viewer, recordings / recording)
            if mapping is not None:
                dialog.load_mapping(str(mapping))
            take(dialog, chosen.to / f"{name}-{chosen.theme}.png")
        take_beside(viewer, recordings, chosen.to / f"beside-{chosen.theme}.png")
        viewer.close()


if __name__ == "__main__":
    main()
