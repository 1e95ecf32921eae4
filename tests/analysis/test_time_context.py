from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.analysis import TimeContext, guard_bins
from napari_unison.analysis.protocol.session_parts import bordered_alike
from napari_unison.encoder import EncoderConfig

BIN_WIDTH = 0.25


def _session(*segment: int) -> Session:
    n_bins = len(segment)
    return Session(
        "rat",
        np.ones((n_bins, 2)),
        {"position": np.linspace(0, 1, n_bins)},
        BIN_WIDTH,
        segment=np.array(segment),
    )


def test_averages_are_over_the_stretch_around_a_bin_and_end_with_its_segment() -> None:
    session = _session(0, 0, 0, 0, 1, 1)
    values = np.array([[0.0], [1.0], [2.0], [9.0], [100.0], [102.0]])
    averaged = TimeContext(0.75, ()).features(session, values)
    # three bins: one before, the bin, one after
    assert averaged[:, 0].tolist() == pytest.approx([0.5, 1.0, 4.0, 5.5, 101.0, 101.0])


def test_what_is_before_and_after_stands_beside_a_bin_earliest_first() -> None:
    session = _session(0, 0, 0, 1, 1, 1)
    values = np.arange(6.0)[:, np.newaxis]
    seen = TimeContext(0.0, (0.25, 0.5)).features(session, values)
    assert seen[2].tolist() == [0, 1, 2, 2, 2]
    assert seen[3].tolist() == [3, 3, 3, 4, 5]
    assert seen.dtype == np.float32


def test_a_step_in_latents_reaches_no_further_than_the_width() -> None:
    context = TimeContext(0.5, (0.5, 1.0))
    session = _session(*[0] * 60)
    step = (np.arange(60) >= 30).astype(float)[:, np.newaxis]
    seen = context.features(session, step)
    differs = np.flatnonzero((seen != seen[0]).any(axis=1) & (seen != seen[-1]).any(axis=1))
    assert len(differs) <= context.width(BIN_WIDTH) == 10


def test_offsets_shorter_than_half_a_bin_are_the_bin_itself() -> None:
    session = _session(0, 0, 0)
    assert TimeContext(0.0, (0.1,)).features(session, np.eye(3)).shape == (3, 3)


@pytest.mark.parametrize(
    ("average", "offsets", "said"),
    [(-1, (), "average_s is -1"), (0.5, (1.0, 0.5), "rising order"), (0.5, (0.0,), "above 0")],
)
def test_times_that_mean_nothing_are_refused(average, offsets, said) -> None:
    with pytest.raises(ValueError, match=said):
        TimeContext(average, offsets)


def test_training_parts_have_borders_of_laps_only_if_test_parts_do() -> None:
    train, hidden, known = _session(0, 0, 1, 1), _session(0, 0, 0), _session(3, 3, 4)
    assert len(bordered_alike(train, hidden).segment_slices()) == 1
    assert len(bordered_alike(train, known).segment_slices()) == 2


def test_the_guard_keeps_the_context_of_test_bins_away_from_training_bins() -> None:
    config = EncoderConfig(model_architecture="offset10-model", time_offsets=4)
    assert guard_bins(config, context=TimeContext(0.5, (1.0,)).width(0.05)) == 10 + 10 + 2 * 20
