"""The published rat files become sessions, or say which column is wrong."""

from __future__ import annotations

import joblib
import numpy as np
import pytest

from napari_unison.sessions import SessionError, load_session, load_sessions, segment_laps

T = 50


def content(**changes):
    right = (np.arange(T) % 20 < 10).astype(float)
    position = np.column_stack([np.linspace(0, 1.6, T), right, 1 - right])
    spikes = np.asfortranarray(np.random.default_rng(0).poisson(0.2, (T, 4)).astype(float))
    return {"spikes": spikes, "position": position} | changes


def refused(tmp_path, held) -> str:
    file = tmp_path / "bad.jl"
    joblib.dump(held, file)
    with pytest.raises(SessionError) as caught:
        load_session(file)
    assert "bad.jl" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("suffix", "compress"), [(".jl", 0), (".jl.gz", ("gzip", 3)), (".jl", ("zlib", 3))])
def test_a_rat_file_becomes_a_session(tmp_path, suffix, compress):
    held = content()
    joblib.dump(held, tmp_path / f"my.rat{suffix}", compress=compress)
    session = load_session(tmp_path / f"my.rat{suffix}")
    assert session.name == "my.rat"
    assert session.bin_width == 0.025
    assert session.kinds == {"position": "continuous", "direction": "discrete"}
    np.testing.assert_array_equal(session.neural, held["spikes"])
    np.testing.assert_array_equal(session.labels["position"], held["position"][:, 0])
    np.testing.assert_array_equal(session.labels["direction"] == "right", held["position"][:, 1] == 1)


def test_the_bin_width_can_be_given(tmp_path):
    joblib.dump(content(), tmp_path / "a.jl")
    assert load_session(tmp_path / "a.jl", bin_width=0.05).duration == T * 0.05


def test_missing_parts_are_named(tmp_path):
    assert "clearly a label" in refused(tmp_path, {"spikes": np.ones((30, 2))})
    assert "holds no array" in refused(tmp_path, {})
    assert "clearly neural activity" in refused(tmp_path, [1])


def test_wrong_shapes_are_named(tmp_path):
    assert "spikes is of shape (50,); an array (T, N)" in refused(tmp_path, content(spikes=np.ones(T)))
    assert "spikes is a str; an array (T, N)" in refused(tmp_path, content(spikes="none"))
    assert "position has shape (50, 2); three columns are needed: metres, right, left" in refused(
        tmp_path, content(position=np.ones((T, 2)))
    )
    text = refused(tmp_path, content(spikes=np.ones((4, T))))
    assert "position has 50 time bins and spikes 4 (shape (4, 50))" in text


def changed_position(rows, values):
    position = content()["position"]
    position[rows] = values
    return content(position=position)


def test_a_bin_needs_one_direction(tmp_path):
    text = refused(tmp_path, changed_position([3, 4], [0.5, 1, 1]))
    assert "both 1 in 2 bin(s) and both 0 in 0 bin(s), the first is bin 3" in text
    text = refused(tmp_path, changed_position([7], [0.5, 0, 0]))
    assert "both 1 in 0 bin(s) and both 0 in 1 bin(s), the first is bin 7" in text


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.5"), (np.nan, "nan")])
def test_directions_are_0_or_1(tmp_path, value, shown):
    text = refused(tmp_path, changed_position([7], [0.5, 0, value]))
    assert f"the column 'left' of position holds {shown} (bin 7); 0 or 1 is needed" in text


def test_what_a_session_finds_wrong_names_the_file_too(tmp_path):
    spikes = content()["spikes"]
    spikes[2, 1] = np.nan
    text = refused(tmp_path, content(spikes=spikes))
    assert "session 'bad': neural is nan" in text
    assert "neuron 1 (counted from 0) in bin 2" in text


def window_sums(counts, width=15):
    """Sum the counts of the bins around each bin."""
    padded = np.pad(counts.astype(float), ((width // 2, width // 2), (0, 0)))
    total = np.cumsum(np.vstack([np.zeros(counts.shape[1]), padded]), axis=0)
    return total[width:] - total[:-width]


def linear_scores(session, ridge=10.0):
    """Position R² and direction accuracy of a linear decoder, fitted on the first 80 % of time."""
    features = np.column_stack([window_sums(session.neural), np.ones(len(session))])
    targets = np.column_stack(
        [session.labels["position"], np.where(session.labels["direction"] == "right", 1.0, -1.0)]
    )
    border = int(0.8 * len(session))
    x, y = features[:border], targets[:border]
    weights = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)
    truth, found = targets[border:], features[border:] @ weights
    residual = ((truth - found)[:, 0] ** 2).sum() / ((truth - truth.mean(axis=0))[:, 0] ** 2).sum()
    return 1 - residual, ((found[:, 1] > 0) == (truth[:, 1] > 0)).mean()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "shape", "laps", "position_r2", "direction_accuracy"),
    [("achilles", (10178, 120), 84, 0.74, 0.89), ("buddy", (6577, 48), None, 0.66, 0.90)],
)
def test_the_published_rats_are_read_and_decode_as_known(
    real_rats, name, shape, laps, position_r2, direction_accuracy
):
    session = load_session(real_rats / f"{name}.jl.gz")
    assert session.neural.shape == shape
    assert session.name == name
    assert session.duration == pytest.approx(shape[0] * 0.025)
    assert 0 <= session.labels["position"].min() < session.labels["position"].max() <= 1.61
    if laps:
        assert len(segment_laps(session).segment_slices()) == laps
    r2, accuracy = linear_scores(session)
    assert r2 == pytest.approx(position_r2, abs=0.03)
    assert accuracy == pytest.approx(direction_accuracy, abs=0.03)


@pytest.mark.realdata
def test_the_published_rats_load_together(real_rats):
    sessions = load_sessions([real_rats / "achilles.jl.gz", real_rats / "buddy.jl.gz"])
    assert [session.name for session in sessions] == ["achilles", "buddy"]
