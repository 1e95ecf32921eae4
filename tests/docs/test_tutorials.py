"""What the tutorials on real recordings tell to type is run, with an encoder that hardly learns."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from make_tutorials import HEAD_DIRECTION, MAPPING, MICE, take_pictures
from PIL import Image

from napari_unison.cli import main
from napari_unison.encoder import PRESETS, EncoderConfig
from napari_unison.workspace import Workspace

pytestmark = pytest.mark.realdata

DOCS = Path(__file__).parents[2] / "docs"
MICE_PAGE = DOCS / "tutorial-calcium-mice.md"
HEAD_PAGE = DOCS / "tutorial-head-direction.md"
TINY = EncoderConfig(batch_size=32, max_iterations=3, random_state=0)


@pytest.fixture
def workplace(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A folder with the recordings, an encoder that hardly learns, and an empty workspace."""
    for mouse in MICE:
        for kind in ("spike_train", "stimulus_trace"):
            (tmp_path / f"{mouse}_{kind}.mat").symlink_to(
                real_data / "calcium_linear_track" / f"{mouse}_{kind}.mat"
            )
    (tmp_path / HEAD_DIRECTION.name).symlink_to(real_data / HEAD_DIRECTION)
    (tmp_path / MAPPING.name).symlink_to(MAPPING)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "label-free decoding", TINY)
    workspace = Workspace()
    monkeypatch.setattr("napari_unison.get_workspace", lambda viewer: workspace)
    yield {"viewer": None, "ws": workspace}
    workspace.close()


def run_page(page: Path, names: dict[str, Any]) -> None:
    """Run the blocks of a page one after the other, those of Python in one namespace."""
    for language, block in re.findall(r"```(python|bash)\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        if language == "python":
            exec(compile(block, page.name, "exec"), names)
            continue
        for line in block.strip().splitlines():
            program, *words = shlex.split(line)
            assert program == "napari-unison"
            tiny = ["--batch-size", "32", "--max-iterations", "3"] if words[0] == "train" else []
            done = CliRunner().invoke(main, words + tiny)
            assert done.exit_code == 0, f"{line}\n{done.output}"


def test_the_page_on_mice_does_as_it_says(workplace: dict[str, Any]) -> None:
    run_page(MICE_PAGE, workplace)
    days = workplace["ws"].sessions
    assert [day.n_neurons for day in days] == [104, 98, 109, 97]
    assert workplace["ws"].embedding.kind == "aligned"
    assert {path.name for path in Path().glob("*.unison")} == {"C24M3.unison", "C23M4.unison"}
    assert list(Path("figures").iterdir())
    table = MICE_PAGE.read_text(encoding="utf-8")
    of_table = [int(number) for number in re.findall(r"(?:\| |\b)(\d+)(?: neurons)?, \d+ s", table)]
    assert of_table == [104, 98, 109, 97, 146, 164, 125, 165]


def test_the_page_on_head_direction_does_as_it_says(workplace: dict[str, Any]) -> None:
    run_page(HEAD_PAGE, workplace)
    assert workplace["ws"].sessions[0].kinds == {"head direction": "circular"}
    assert len(workplace["ws"].sessions[0].segment_slices()) == 27
    assert [session.n_neurons for session in workplace["halves"]] == [8, 7]
    assert (workplace["adn"].n_neurons, workplace["ca1"].n_neurons) == (7, 8)
    assert {path.name for path in Path().glob("A2929-*.nwb")} == {
        HEAD_DIRECTION.name,
        "A2929-with-latents.nwb",
        "A2929-run.nwb",
    }


@pytest.mark.gui
@pytest.mark.parametrize("part", ["C24M3", "head-direction"])
def test_the_pictures_of_the_pages_are_taken(
    make_napari_viewer: Any, tmp_path: Path, real_data: Path, part: str
) -> None:
    viewer = make_napari_viewer(show=True)
    written = take_pictures(viewer, part, real_data, tmp_path, config=TINY, iterations=2, pause=20)
    assert written
    for picture in written:
        with Image.open(picture) as opened:
            # more than a background: letters and lines
            assert len(opened.convert("RGB").quantize(64).getcolors()) > 8
