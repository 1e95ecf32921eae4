from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from napari_unison import Session
from napari_unison.analysis import choose_latents
from napari_unison.display import (
    RIGHT_COLOUR,
    chosen_traces,
    label_trace,
    latent_trace,
    recording_traces,
    session_traces,
    trace_choices,
)
from napari_unison.display.residuals import farthest_partner


def test_position_and_best_latents_are_traced(embedding) -> None:
    scores = choose_latents(embedding)
    traces = session_traces(embedding, "rat 2", scores)
    best = scores.best("position") + 1
    assert [trace.name for trace in traces] == [
        "position",
        f"latent {best}, best for position · aligned",
        f"latent {scores.best('direction') + 1}, best for direction · aligned",
    ]
    assert traces[0].unit == ""
    np.testing.assert_array_equal(traces[0].time, embedding.sessions[1].time)
    np.testing.assert_array_equal(traces[1].values, embedding.values[1][:, best - 1])
    np.testing.assert_allclose(traces[0].colours[0], to_rgba(RIGHT_COLOUR), rtol=1e-6)


def test_segments_are_kept_apart(embedding) -> None:
    trace = session_traces(embedding, 0)[0]
    assert trace.breaks.tolist() == [100, 200, 300]
    assert np.flatnonzero(~trace.connect).tolist() == [99, 199, 299]


def test_session_without_direction_has_no_direction_trace(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session(direction=False)])
    traces = session_traces(embedding, 0, choose_latents(embedding))
    assert len(traces) == 2
    assert traces[0].colours is None


def test_colours_are_alike_in_all_sessions(make_session, make_embedding) -> None:
    """A rat that never runs the whole track has the colours of its positions, not of its own range."""
    whole, short = make_session("rat 1"), make_session("rat 2", 60)
    embedding = make_embedding([whole, short])
    np.testing.assert_array_equal(
        latent_trace(embedding, "rat 1", 0).colours[:60], latent_trace(embedding, "rat 2", 0).colours
    )


def test_errors_name_what_there_is(embedding) -> None:
    with pytest.raises(ValueError, match="it holds rat 1, rat 2"):
        session_traces(embedding, "rat 9")
    with pytest.raises(ValueError, match="among the 4 latents"):
        latent_trace(embedding, 0, 4)


def test_chosen_traces_come_in_their_order_with_name_and_unit(embedding) -> None:
    traces = chosen_traces(embedding, "rat 2", (2, "position", "direction", "residual"))
    assert [trace.name for trace in traces] == [
        "latent 3 · aligned",
        "position",
        "direction: 0 left, 1 right",
        "residual",
    ]
    session = embedding.sessions[1]
    np.testing.assert_array_equal(traces[0].values, embedding.values[1][:, 2])
    np.testing.assert_array_equal(traces[2].values, session.labels["direction"] == "right")
    np.testing.assert_array_equal(traces[3].values, farthest_partner(embedding, 1))
    assert traces[3].unit == embedding.residual_unit


def test_what_is_chosen_is_among_what_can_be(embedding) -> None:
    choices = trace_choices(embedding, embedding.sessions)
    assert choices[:2] == ("position", "direction")
    assert choices[-4:] == (0, 1, 2, 3)
    assert len(chosen_traces(embedding, 0, choices)) == len(choices)
    assert trace_choices(None, embedding.sessions) == ("position", "direction")
    assert trace_choices(None, []) == ()


def test_a_recording_alone_has_its_labels(embedding) -> None:
    session = embedding.sessions[0]
    assert [trace.name for trace in recording_traces(session)] == ["position"]
    assert recording_traces(session)[0].colours is not None
    assert [trace.name for trace in recording_traces(session, (3, "direction"))] == [
        "direction: 0 left, 1 right"
    ]


def test_circular_labels_have_no_line_across_the_plot_at_each_turn(make_embedding) -> None:
    angle = np.linspace(0, 6 * np.pi, 300) % (2 * np.pi)
    session = Session("mouse", np.ones((300, 2)), {"position": angle}, 0.1, kinds={"position": "circular"})
    trace = label_trace(session, "position")
    assert len(trace.breaks) == np.sum(np.abs(np.diff(angle)) > np.pi) >= 2
    assert np.abs(np.diff(trace.values))[trace.connect].max() < 1
    assert trace.unit == "rad"
    shown = session_traces(make_embedding([session]), 0)[0]
    np.testing.assert_array_equal(shown.breaks, trace.breaks)


def test_a_label_that_is_not_there_names_those_that_are(embedding) -> None:
    with pytest.raises(ValueError, match="it has position, direction"):
        label_trace(embedding.sessions[0], "speed")


def test_labels_go_on_where_a_session_was_held_out_and_latents_end(make_session, make_embedding) -> None:
    whole, half = make_session(), 250
    embedding, held_out = make_embedding([whole[:half]]), whole[half:]
    position, latent = chosen_traces(embedding, 0, ["position", 0], held_out=held_out)
    np.testing.assert_array_equal(position.time, whole.time)
    np.testing.assert_array_equal(position.values, whole.labels["position"])
    # cut where laps change, and nowhere else
    np.testing.assert_array_equal(position.breaks, recording_traces(whole, ["position"])[0].breaks)
    np.testing.assert_array_equal(position.colours, recording_traces(whole)[0].colours)
    np.testing.assert_array_equal(latent.time, whole.time[:half])
    np.testing.assert_array_equal(session_traces(embedding, 0, held_out=held_out)[0].values, position.values)


def test_a_category_that_only_the_held_out_part_has_is_grey(make_session, make_embedding) -> None:
    whole = make_session()
    direction = np.array(whole.labels["direction"], dtype="<U8")
    direction[300:] = "pauses"
    whole = whole.replace(labels={**whole.labels, "direction": direction})
    embedding = make_embedding([whole[:300]])
    (position,) = session_traces(embedding, 0, held_out=whole[300:])
    np.testing.assert_allclose(position.colours[300:], [(0.5, 0.5, 0.5, 1.0)] * (whole.n_bins - 300))
    (numbers,) = chosen_traces(embedding, 0, ["direction"], held_out=whole[300:])
    assert numbers.values[-1] == 1.0  # left, pauses, right
    assert numbers.name == "direction: 0 left, 1 pauses, 2 right"
