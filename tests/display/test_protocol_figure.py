from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_unison.analysis import MethodRuns, ProtocolResult
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.display.figures import protocol_figure

N_LAPS, LAP = 10, 20


def runs(name: str, error: float, sessions: tuple[str, ...], *, circular: bool = False, n_seeds: int = 3):
    """Return a method that errs by ``error`` m, and as often in the direction."""
    lap = np.repeat(np.arange(N_LAPS), LAP)
    time = 0.025 * np.arange(len(lap))
    position = np.tile(np.linspace(0, 1.6, LAP), N_LAPS)[:, None]
    direction = np.where(lap % 2 == 0, "right", "left")[:, None]
    predictions = {}
    for seed in range(n_seeds):
        random = np.random.default_rng(seed)
        found = []
        for session in sessions:
            said = position + error * random.normal(size=position.shape)
            wrong = random.random(direction.shape) < error
            way = np.where(wrong, "left", direction)
            found.append(Prediction(session, "position", "continuous", "m", time, lap, position, said))
            found.append(Prediction(session, "direction", "discrete", "", time, lap, direction, way))
        predictions[seed] = tuple(found)
    folds = dict.fromkeys(predictions, (0, 1))
    return MethodRuns(name, name, circular, n_seeds > 1, folds, predictions)


def result_of(*methods: MethodRuns, sessions: tuple[str, ...] = ("rat 1", "rat 2")) -> ProtocolResult:
    return ProtocolResult(methods, sessions, n_folds=2, guard=10, seeds=(0, 1, 2), n_done=6, n_planned=6)


@pytest.fixture
def result() -> ProtocolResult:
    names = ("rat 1", "rat 2")
    return result_of(
        runs("aligned encoder", 0.02, names, circular=True),
        runs("label-free encoder", 0.1, names),
        runs("Bayesian place decoder", 0.12, names, n_seeds=1),
    )


def picture(figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def visible(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def method_names(axes) -> list[str]:
    return [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_panel_a_session_and_a_row_a_label(result) -> None:
    figure = protocol_figure(result)
    panels = visible(figure)
    assert [axes.get_title() for axes in panels] == ["rat 1", "rat 2"] * 2
    assert [axes.get_xlabel() for axes in panels[::2]] == ["position median error (cm)", "direction accuracy"]
    assert panels[0].get_xlim() == panels[1].get_xlim()
    pixels = picture(figure)
    for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert (edge == 255).all()


def test_circular_methods_stand_below_the_others_hatched_and_named_so(result) -> None:
    figure = protocol_figure(result)
    axes = figure.axes[0]
    assert method_names(axes) == ["label-free encoder", "Bayesian place decoder", "aligned encoder"]
    assert axes.yaxis_inverted()
    (band,) = [patch for patch in axes.patches if patch.get_hatch()]
    low, high = band.get_y(), band.get_y() + band.get_height()
    inside = [low < place < high for place in axes.get_yticks()]
    assert inside == [False, False, True]
    assert "circular (labels used): no decoding" in legend(figure)
    assert "circular scores apart" in figure.get_suptitle()


def test_without_circular_methods_nothing_is_hatched(result) -> None:
    figure = protocol_figure(result_of(*result.methods[1:]))
    assert not figure.axes[0].patches
    assert legend(figure) == ["decoding", "one seed"]
    alone = protocol_figure(result_of(result.methods[0]))
    assert alone.get_suptitle().startswith("Circular scores")


def test_intervals_and_seeds_are_where_the_scores_say(result) -> None:
    axes = protocol_figure(result).axes[0]
    (score,) = [
        score
        for score in result.scores()
        if (score.method, score.session, score.label) == ("label-free encoder", "rat 1", "position")
    ]
    drawn = [line.get_xdata() for line in axes.lines if np.allclose(line.get_ydata(), 0.0)]
    assert any(np.allclose(x, [100 * score.median_error.low, 100 * score.median_error.high]) for x in drawn)
    assert any(np.allclose(x, 100 * score.median_error.value) for x in drawn)
    seeds = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 3]
    assert any(np.allclose(x, 100 * np.array(score.median_error.by_seed)) for x in seeds)


def test_null_is_a_band_in_the_panels_that_have_one(result) -> None:
    figure = protocol_figure(result_of(*result.methods[1:]), null={("rat 2", "position"): (0.3, 0.4)})
    assert not figure.axes[0].patches
    (band,) = figure.axes[1].patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((30, 40))
    assert figure.axes[0].get_xlim()[1] > 40
    assert "null: labels permuted by lap" in legend(figure)


def test_many_sessions_go_into_more_rows() -> None:
    names = tuple(f"day {number}" for number in range(5))
    figure = protocol_figure(result_of(runs("PCA", 0.1, names), sessions=names), labels=["position"])
    panels = visible(figure)
    assert [axes.get_title() for axes in panels] == list(names)
    assert method_names(panels[4]) == ["PCA"]


def test_long_names_stand_apart_and_numbers_stay_with_their_unit() -> None:
    names = [f"unified encoder, label-free (nearest neighbours, ±1.25 s fitted on {what})" for what in "abc"]
    state_space = "Bayesian state-space decoder (500 ms)"
    figure = protocol_figure(result_of(*(runs(name, 0.1, ("rat 1",)) for name in [*names, state_space])))
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_text().count("\n") for label in labels] == [2, 2, 2, 1]
    assert labels[3].get_text().endswith("500 ms)")
    picture(figure)
    boxes = [label.get_window_extent() for label in labels]
    assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(boxes))


def test_ticks_of_seeds_are_explained_only_where_there_are_any(result) -> None:
    assert "ticks: single seeds" in protocol_figure(result).get_suptitle()
    alone = protocol_figure(result_of(runs("PCA", 0.1, ("rat 1",), n_seeds=1)))
    assert "seeds;" not in alone.get_suptitle()
    assert "95 % interval over laps" in alone.get_suptitle()


def test_nothing_to_draw_says_why(result) -> None:
    with pytest.raises(ValueError, match="no fit of the protocol is done"):
        protocol_figure(result_of())
    with pytest.raises(ValueError, match=r"no scores of 'speed': the labels are position, direction"):
        protocol_figure(result, labels=["speed"])
