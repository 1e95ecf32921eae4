from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_unison.analysis import choose_latents, flow_field
from napari_unison.display.figures import (
    best_latents_figure,
    embedding_figure,
    flow_figure,
    latent_scores_figure,
    notebook_figures,
    position_figure,
    training_history_figure,
    write_figures,
)
from napari_unison.sessions import split_sessions

NAMES = (
    "training-history",
    "embedding",
    "latent-scores",
    "best-latents",
    "flow-field",
    "first-bins-position",
    "first-bins-embedding",
    "first-bins-together",
    "quick-scores",
)


def picture(figure: Figure) -> np.ndarray:
    """Draw a figure; (height, width, 4)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def assert_whole(figure: Figure) -> None:
    """The picture shows something, and nothing but white touches its border."""
    pixels = picture(figure)[..., :3]
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert (edge == 255).all()


class FakeEncoder:
    """Stands in for a fitted encoder: embeds sessions as a ring."""

    was_stopped_ = True

    def __init__(self, sessions, make_embedding, steps: int = 30) -> None:
        self.training_sessions_ = list(sessions)
        self.make_embedding = make_embedding
        self.n_iter_ = steps
        self.history_ = {"loss": np.linspace(6, 5, steps), "goodness_of_fit": np.linspace(0, 1, steps)}

    def embed(self, sessions=None, align=True, partners="training", silence_own=False):
        return self.make_embedding(
            self.training_sessions_ if sessions is None else sessions,
            kind="aligned" if align else "label-free",
            partners=partners,
            control="silenced" if silence_own else None,
        )


@pytest.fixture
def run(make_session, make_embedding) -> SimpleNamespace:
    train, held_out = split_sessions([make_session("rat 1", 1000), make_session("rat 2", 1400)], 0.8)
    encoder = FakeEncoder(train, make_embedding)
    return SimpleNamespace(encoder=encoder, embedding=None, held_out=tuple(held_out))


def test_every_figure_of_the_notebook_is_whole_and_names_its_kind(run) -> None:
    names = []
    for name, figure in notebook_figures(run):
        names.append(name)
        title = figure.get_suptitle()
        assert "aligned" in title or "label-free" in title, name
        assert_whole(figure)
    assert names == [f"{number:02d}-{name}" for number, name in enumerate(NAMES, start=1)]


def test_without_held_out_sessions_the_titles_say_so(run) -> None:
    run.held_out = ()
    figures = dict(notebook_figures(run))
    assert "09-quick-scores" not in figures
    assert "nothing was held out" in figures["03-latent-scores"].get_suptitle()
    assert "inside the training part" in figures["05-flow-field"].get_suptitle()


def test_aligned_latents_are_shown_beside_their_controls(run) -> None:
    for held_out in (run.held_out, ()):
        run.held_out = held_out
        figure = dict(notebook_figures(run))["03-latent-scores"]
        titles = [" ".join(axes.get_title().split()) for axes in figure.axes]
        assert len(titles) == 4
        assert titles[0].endswith("circular (labels used) Euclidean neighbours")
        assert "own neurons silenced → control of the aligned score Euclidean" in titles[1]
        assert titles[2].startswith("label-free (own neurons only) → decoding Euclidean")
        assert "circular (labels used) cosine neighbours" in titles[3]
        assert "beside the silenced control and label-free" in " ".join(figure.get_suptitle().split())
        assert len({axes.get_xlim() for axes in figure.axes[:3]}) == 1


def test_one_latent_has_no_flow_field_but_all_other_figures(make_session, make_embedding) -> None:
    train, held_out = split_sessions([make_session("rat 1", 1000)], 0.8)
    encoder = FakeEncoder(train, partial(make_embedding, n_latents=1))
    figures = dict(
        notebook_figures(SimpleNamespace(encoder=encoder, embedding=None, held_out=tuple(held_out)))
    )
    assert len(figures) == 9
    assert "one latent has no plane" in figures["05-flow-field"].get_suptitle()


def test_saved_embedding_is_used_where_it_is_the_right_one(run) -> None:
    run.embedding = run.encoder.embed()
    run.encoder.embed = None
    run.held_out = ()
    assert next(figure for name, figure in notebook_figures(run) if name == "02-embedding")


def test_figures_are_written_with_progress(run, tmp_path) -> None:
    run.held_out = ()
    told: list[float] = []
    files = write_figures(run, tmp_path / "new" / "folder", on_progress=lambda share, _: told.append(share))
    assert [file.name for file in files] == [
        f"{i:02d}-{name}.png" for i, name in enumerate(NAMES[:8], start=1)
    ]
    assert all(file.stat().st_size > 5000 for file in files)
    assert told[0] == 0
    assert told[-1] == 1


def test_unknown_format_is_refused_before_work(run, tmp_path) -> None:
    with pytest.raises(ValueError, match="cannot be written as doc: give some of"):
        write_figures(run, tmp_path / "figures", ["doc"])
    assert not (tmp_path / "figures").exists()


def test_sessions_without_direction_have_all_their_figures(make_session, make_embedding) -> None:
    train, held_out = split_sessions([make_session("a", 1000, direction=False)], 0.8)
    run = SimpleNamespace(
        encoder=FakeEncoder(train, make_embedding), embedding=None, held_out=tuple(held_out)
    )
    for _, figure in notebook_figures(run):
        assert_whole(figure)


def test_label_that_does_not_vary_stops_no_figure(make_session, make_embedding) -> None:
    """The last part of a short session may lie within one run."""
    sessions = [make_session("rat 1", 400), make_session("rat 2", 400)]
    run = SimpleNamespace(encoder=FakeEncoder(sessions, make_embedding), embedding=None, held_out=())
    titles = [figure.get_suptitle() for _, figure in notebook_figures(run)]
    assert len(titles) == 8


def test_short_training_is_drawn_too() -> None:
    history = {"loss": np.array([6.0, 5.9]), "goodness_of_fit": np.array([0.0, 0.1])}
    figure = training_history_figure(history, stopped=True)
    assert "2 iterations, stopped by hand, moving average of 2" in figure.get_suptitle()
    assert figure.axes[1].get_ylabel() == "goodness of fit (bits)"
    with pytest.raises(ValueError, match="no iterations"):
        training_history_figure({"loss": np.empty(0), "goodness_of_fit": np.empty(0)})


def test_embedding_has_a_panel_each_and_colour_bars(embedding) -> None:
    figure = embedding_figure(embedding)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["rat 1", "rat 2", "all sessions"]
    assert [axes.get_ylabel() for axes in figure.axes[4:]] == ["position · left", "position · right"]
    with pytest.raises(ValueError, match="nothing to draw"):
        embedding_figure(embedding, separate=False, together=False)


def test_label_free_figures_say_so(make_session, make_embedding) -> None:
    free = make_embedding([make_session("rat 1"), make_session("rat 2")], kind="label-free")
    scores = choose_latents(free)
    for figure in (
        embedding_figure(free),
        best_latents_figure(free, scores),
        latent_scores_figure([scores], free.sessions[0]),
        flow_figure(flow_field(free, (0, 1)), free),
    ):
        assert "label-free (own neurons only)" in figure.get_suptitle()
        assert "aligned" not in figure.get_suptitle()


def test_time_is_in_seconds_from_the_recording(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session("rat 1", 1000)[100:900]])
    figure = best_latents_figure(embedding, choose_latents(embedding))
    assert figure.axes[2].get_xlabel() == "time (s)"
    low, high = figure.axes[0].dataLim.intervalx
    assert low == pytest.approx(2.5)
    assert high == pytest.approx(899 * 0.025)


def test_positions_share_one_axis(make_session) -> None:
    figure = position_figure([make_session("rat 1"), make_session("rat 2")], n_bins=30, limits=(0, 1.6))
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert figure.axes[0].get_ylim() == pytest.approx((-0.08, 1.68))
    assert figure.axes[0].get_ylabel() == "position"


def test_flow_without_steps_says_why(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session(lap=10)])
    figure = flow_figure(flow_field(embedding, (0, 1), step=30), embedding)
    assert_whole(figure)
    assert "no segment is as long as a step" in [text.get_text() for text in figure.axes[0].texts]
