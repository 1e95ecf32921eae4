"""Tables, figures and movies of what is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_unison.workspace import WorkspaceError


@pytest.fixture
def trained(workspace):
    """A workspace with a run."""
    workspace.train().wait()
    return workspace


def test_what_is_shown_is_exported_with_its_sets(trained, tmp_path):
    trained.selection.select("rat 1", 2.0, 4.0)
    trained.selection.keep("replay 3")
    frame = pd.read_csv(trained.export(tmp_path / "all.csv"))
    values = trained.embedding.stacked()[0]
    assert len(frame) == len(values)
    np.testing.assert_allclose(frame["latent_3"], values[:, 2], rtol=1e-5)
    assert set(frame["embedding"]) == {"aligned"}
    marked = frame[frame["set replay 3"]]
    assert set(marked["session"]) == {"rat 1"}
    assert marked["time_s"].between(2.0, 4.0).all()
    chosen = pd.read_csv(trained.export(tmp_path / "chosen.csv", selected=True))
    pd.testing.assert_frame_equal(chosen, marked.reset_index(drop=True))


def test_the_other_kind_is_computed_for_the_export(trained, tmp_path):
    frame = pd.read_csv(trained.export(tmp_path / "own.csv", kind="label-free"))
    assert set(frame["embedding"]) == {"label-free"}
    assert trained.display.kind == "aligned"


def test_nothing_is_overwritten_unasked(trained, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("mine")
    for write in (trained.export, trained.save_figure, trained.save_movie, trained.save_script):
        taken = tmp_path / {trained.save_script: "mine.py"}.get(write, "mine.csv")
        taken.write_text("mine")
        with pytest.raises(WorkspaceError, match="overwrite=True"):
            write(taken)
        assert taken.read_text() == "mine"
    trained.export(file, overwrite=True)
    assert file.read_text().startswith("session,")


def test_without_a_run_or_a_selection_it_says_what_to_do(workspace, tmp_path):
    with pytest.raises(WorkspaceError, match="train an encoder"):
        workspace.export(tmp_path / "x.csv")
    with pytest.raises(WorkspaceError, match="train an encoder"):
        workspace.save_figure(tmp_path / "x.png")
    workspace.train().wait()
    with pytest.raises(WorkspaceError, match="nothing of the embedded time is selected"):
        workspace.export(tmp_path / "x.csv", selected=True)
    with pytest.raises(WorkspaceError, match=r"ends in \.png, \.svg, \.pdf"):
        workspace.save_figure(tmp_path / "x.tiff")
    with pytest.raises(WorkspaceError, match="60"):
        workspace.save_movie(tmp_path / "x.gif", frames_per_second=1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_view_is_saved_as_a_figure(trained, tmp_path, ending):
    file = trained.save_figure(tmp_path / f"view.{ending}", dpi=60)
    assert list(tmp_path.iterdir()) == [file]
    if ending == "svg":
        assert "latent" in file.read_text() or "<text" in file.read_text()


def test_a_movie_is_made_in_the_background(trained, tmp_path):
    shares = []
    job = trained.save_movie(tmp_path / "turning.gif", seconds=0.4, frames_per_second=10)
    job.events.changed.connect(lambda: shares.append(job.share))
    assert job.wait(120) == tmp_path / "turning.gif"
    with Image.open(tmp_path / "turning.gif") as image:
        assert image.n_frames == 4
    assert shares[-1] == 1.0
    assert "ws.save_movie(" in trained.script()


def test_a_movie_that_is_given_up_leaves_nothing(trained, tmp_path):
    job = trained.save_movie(tmp_path / "turning.gif", seconds=100.0)
    job.events.changed.connect(lambda: job.stop() if job.share > 0 else None)
    assert job.wait(120) is None
    assert job.state == "stopped"
    assert list(tmp_path.iterdir()) == []
    assert "save_movie" not in trained.script()
