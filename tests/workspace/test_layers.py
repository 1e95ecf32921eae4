"""The layers follow the workspace: nothing stale stays, and nothing is computed twice."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_unison import Session, get_workspace
from napari_unison.display import points
from napari_unison.workspace import pictures
from napari_unison.workspace.viewers import layers_of

pytestmark = pytest.mark.gui

SHORT = {"batch_size": 32, "max_iterations": 2, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}


def title(viewer) -> str:
    return viewer.canvas.overlays.text.text if viewer.canvas.overlays.text.visible else ""


@pytest.fixture
def computed(monkeypatch):
    """The names of what is computed for a picture, in order."""
    calls = []
    for name in ("embedding_axes", "feature_colours", "point_layers"):
        original = getattr(pictures, name)

        def noted(*arguments, original=original, name=name, **keywords):
            calls.append(name)
            return original(*arguments, **keywords)

        monkeypatch.setattr(pictures, name, noted)
    return calls


@pytest.mark.parametrize(
    "labels",
    [{"speed": np.linspace(0, 1, 200)}, {"odour": np.repeat(["rose", "mint"], 100)}],
    ids=["continuous", "discrete"],
)
def test_a_single_label_is_drawn(viewer, labels):
    workspace = get_workspace(viewer)
    draw = np.random.default_rng(0)
    workspace.sessions.extend(
        Session(name, draw.poisson(0.5, (200, 6)), labels, 0.025) for name in ("first", "second")
    )
    job = workspace.train(**SHORT)
    job.wait(60)
    assert job.state == "finished"
    assert [layer.name for layer in viewer.layers] == ["all sessions · aligned"]


def test_without_runs_the_picture_leaves_with_its_title_and_legend(viewer, trained):
    told = []
    layers_of(viewer).drawn.connect(lambda *drawn: told.append(drawn))
    trained.runs.clear()
    assert list(viewer.layers) == []
    assert title(viewer) == ""
    assert told == [(None, 0, 0)]


def test_the_picture_stays_while_the_next_is_computed_and_leaves_if_that_fails(
    viewer, trained, monkeypatch, qtbot
):
    go_on = threading.Event()

    def fail(**_):
        go_on.wait(30)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(trained.run.encoder, "embed", fail)
    trained.show(kind="label-free")
    assert title(viewer).startswith("aligned")
    assert len(viewer.layers) == 1
    go_on.set()
    with pytest.raises(RuntimeError, match="out of memory"):
        trained.job.wait(60)
    assert list(viewer.layers) == []
    assert title(viewer) == ""
    monkeypatch.undo()
    trained.show(kind="aligned")
    assert title(viewer).startswith("aligned")


def test_size_and_opacity_compute_nothing(viewer, trained, computed):
    trained.show(point_size=3.0)
    trained.show(opacity=0.4)
    assert computed == []
    assert set(viewer.layers[0].size) == {3.0}
    assert viewer.layers[0].opacity == 0.4


def test_only_what_changed_is_computed_again(viewer, trained, computed):
    trained.show(colour="session")
    assert computed == ["feature_colours", "point_layers"]
    computed.clear()
    trained.show(latents="pca")
    assert computed == ["embedding_axes", "point_layers"]
    computed.clear()
    trained.show(max_points=100)
    assert computed == ["point_layers"]


def test_a_new_run_is_drawn_once(viewer, trained, computed):
    trained.show(colour="residual")
    computed.clear()
    trained.train().wait(60)
    assert computed.count("point_layers") == 1


def test_only_the_layers_that_are_drawn_are_made(viewer, trained, monkeypatch):
    made = []
    original = points._layer

    def noted(*arguments):
        made.append(len(arguments[0].parts))
        return original(*arguments)

    monkeypatch.setattr(points, "_layer", noted)
    trained.show(colour="time")
    assert made == [2]
    made.clear()
    trained.show(grid=True)
    assert made == [1, 1, 2]
