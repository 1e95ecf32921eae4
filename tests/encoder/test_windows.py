import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison import Session
from napari_unison.encoder.windows import embedding_windows, training_windows


def session(lengths):
    segment = np.repeat(np.arange(len(lengths)), lengths)
    n_bins = len(segment)
    return Session("rat", np.ones((n_bins, 1)), {"x": np.arange(n_bins, dtype=float)}, 0.1, segment=segment)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=5), st.sampled_from([(0, 1), (2, 3), (5, 5)]))
def test_windows_never_leave_their_segment(lengths, offset):
    rat = session(lengths)
    for windows in (training_windows(rat, *offset), embedding_windows(rat, *offset)):
        assert windows.shape == (rat.n_bins, sum(offset))
        assert (rat.segment[windows] == rat.segment[:, None]).all()


def test_training_shifts_windows_inward_and_embedding_repeats_edges():
    rat = session([12])
    np.testing.assert_array_equal(training_windows(rat, 2, 3)[0], [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(embedding_windows(rat, 2, 3)[0], [0, 0, 0, 1, 2])
    np.testing.assert_array_equal(training_windows(rat, 2, 3)[11], [7, 8, 9, 10, 11])
    np.testing.assert_array_equal(embedding_windows(rat, 2, 3)[11], [9, 10, 11, 11, 11])


@pytest.mark.parametrize("windows", [training_windows, embedding_windows])
def test_inside_a_segment_both_are_centred(windows):
    np.testing.assert_array_equal(windows(session([30]), 5, 5)[10], np.arange(5, 15))
