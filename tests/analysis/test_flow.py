from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_unison.analysis import flow_field
from napari_unison.sessions import Session


def _ramp(session: Session, make_embedding):
    """Embed so that latent 1 grows by 2 per second within a lap, and jumps by 1000 between laps."""
    embedding = make_embedding([session])
    values = np.zeros((session.n_bins, 2), dtype=np.float32)
    values[:, 0] = 2 * (session.time - session.time[0]) + 1000 * session.segment
    return replace(embedding, values=(values,))


def test_velocity_is_per_true_second(make_session, make_embedding) -> None:
    flow = flow_field(_ramp(make_session("rat 1", 300), make_embedding), (0, 1), step=30)
    np.testing.assert_allclose(flow.velocities[:, 0], 2.0, rtol=1e-3)
    np.testing.assert_allclose(flow.velocities[:, 1], 0.0)


def test_no_step_crosses_a_segment(make_session, make_embedding) -> None:
    flow = flow_field(_ramp(make_session("rat 1", 300), make_embedding), (0, 1), step=30)
    assert len(flow.positions) == 3 * 3
    assert flow.velocities.max() < 10


def test_no_step_crosses_a_gap(make_session, make_embedding) -> None:
    """Bins that were cut out leave a border, and the time across it does not count."""
    whole = make_session("rat 1", 100)
    cut = whole[np.r_[np.ones(50, bool), np.zeros(20, bool), np.ones(30, bool)]]
    flow = flow_field(_ramp(cut, make_embedding), (0, 1), step=25)
    assert sorted(flow.rows.tolist()) == [12, 62]
    np.testing.assert_allclose(flow.velocities[:, 0], 2.0, rtol=1e-3)


def test_no_step_crosses_sessions(make_session, make_embedding) -> None:
    sessions = [make_session("rat 1", 40, lap=1000), make_session("rat 2", 40, lap=1000)]
    flow = flow_field(make_embedding(sessions), (0, 1), step=30)
    assert flow.session_index.tolist() == [0, 1]
    assert flow.rows.tolist() == [15, 55]
    assert flow.labels["position"][0] == sessions[0].labels["position"][15]
    assert set(flow.labels) == {"position", "direction", "phase"}


def test_short_segments_give_no_step(make_session, make_embedding) -> None:
    flow = flow_field(make_embedding([make_session("rat 1", 60, lap=20)]), (0, 1), step=30)
    assert flow.positions.shape == (0, 2)
    assert "0" in str(flow)


def test_table_begins_with_the_kind(train) -> None:
    flow = flow_field(train, (0, 1))
    assert str(flow).startswith("embedding: aligned (labels used")
    assert len(flow.to_frame()) == len(flow.positions)


def test_errors_say_what_is_allowed(train) -> None:
    with pytest.raises(ValueError, match="at least one bin"):
        flow_field(train, (0, 1), step=0)
    with pytest.raises(ValueError, match="among the 5 latents"):
        flow_field(train, (0, 5))
    for latents in ((0,), (0, 1, 2), (1, 1), ()):
        with pytest.raises(ValueError, match="two different latents; give two, counted from 0"):
            flow_field(train, latents)  # type: ignore[arg-type]
