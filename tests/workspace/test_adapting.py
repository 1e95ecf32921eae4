"""What is shown follows what there is: other labels, another kind, another run."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.display import colour_modes, feature_colours
from napari_unison.workspace import Workspace, WorkspaceError

SHORT = {"batch_size": 32, "max_iterations": 2, "num_hidden_units": 8, "random_state": 0, "device": "cpu"}
SPEED = np.abs(np.sin(np.arange(200) / 9.0))


def sessions_with(**labels) -> list[Session]:
    draw = np.random.default_rng(0)
    return [Session(name, draw.poisson(0.5, (200, 6)), labels, 0.025) for name in ("first", "second")]


@pytest.mark.parametrize(
    ("labels", "first_mode"),
    [({"speed": SPEED}, "position"), ({"odour": np.repeat(["rose", "mint"], 100)}, "direction")],
)
def test_a_single_label_is_enough_to_train_and_to_look(labels, first_mode):
    workspace = Workspace(sessions_with(**labels))
    workspace.configure(**SHORT, output_dimension=3)
    told = []
    workspace.events.embedding.connect(
        lambda embedding: told.append(feature_colours(embedding, workspace.display.colour).mode)
    )
    job = workspace.train()
    job.wait(60)
    assert job.state == "finished"
    assert told == [first_mode]


@pytest.fixture
def trained(small_sessions) -> Workspace:
    """A workspace with a run of four latents."""
    workspace = Workspace(small_sessions)
    workspace.train(**SHORT, output_dimension=4).wait(60)
    return workspace


def test_label_free_after_colouring_by_residual_shows_the_usual_colours(trained):
    trained.show(colour="residual")
    trained.show(kind="label-free")
    trained.job.wait(60)
    assert trained.display.kind == trained.embedding.kind == "label-free"
    assert trained.display.colour == "best"
    assert feature_colours(trained.embedding, "best").mode == colour_modes(trained.embedding)[0]


def test_label_free_that_is_known_already_is_told_with_colours_that_it_has(trained):
    trained.embed(align=False).wait(60)
    trained.show(colour="residual")
    told = []
    trained.events.display.connect(lambda settings: told.append((settings.kind, settings.colour)))
    trained.show(kind="label-free")
    assert told == [("label-free", "best")]


@pytest.mark.parametrize("chosen", [{"latents": (3, 2, 1)}, {"colour": "latent 4"}])
def test_a_run_with_fewer_latents_falls_back_to_the_best(trained, chosen):
    trained.show(**chosen)
    job = trained.train(output_dimension=3)
    run = job.wait(60)
    assert job.state == "finished"
    assert trained.run is run
    (name,) = chosen
    assert getattr(trained.display, name) == "best"


def test_a_choice_that_the_next_run_has_is_kept(trained):
    trained.show(colour="session", latents=(2, 1, 0))
    trained.train(output_dimension=3).wait(60)
    assert trained.display.colour == "session"
    assert trained.display.latents == (2, 1, 0)


def test_a_colour_or_latents_that_are_not_there_are_refused_by_name(trained):
    before = trained.display
    with pytest.raises(WorkspaceError, match=r"'humidity' in an embedding that is aligned.*session"):
        trained.show(colour="humidity")
    with pytest.raises(WorkspaceError, match="of the 4 latents"):
        trained.show(latents=(1, 7, 2))
    assert trained.display is before


def test_traces_are_checked_and_those_that_an_embedding_lacks_are_kept_for_the_next(workspace):
    workspace.train().wait(60)
    workspace.show(traces=(2, "position", "residual"), raster=True)
    with pytest.raises(WorkspaceError, match=r"'speed' cannot be traced: there are position, direction"):
        workspace.show(traces=("speed",))
    with pytest.raises(WorkspaceError, match="latents 0 to 3"):
        workspace.show(traces=(4,))
    workspace.show(kind="label-free")
    workspace.job.wait(60)
    assert workspace.display.traces == (2, "position", "residual")
    assert workspace.display.raster
