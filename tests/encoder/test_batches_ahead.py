from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_unison.encoder.batches_ahead import BatchesAhead


def numbers(rng):
    return rng.random(3)


def test_batches_are_those_that_would_be_drawn_without_a_thread():
    expected = BatchesAhead(numbers, np.random.default_rng(0))
    with ThreadPoolExecutor(1) as executor:
        found = BatchesAhead(numbers, np.random.default_rng(0), executor)
        for _ in range(4):
            np.testing.assert_array_equal(found.take(), expected.take())


def test_a_batch_that_nobody_took_leaves_no_trace():
    rng, plain = np.random.default_rng(0), np.random.default_rng(0)
    with ThreadPoolExecutor(1) as executor:
        BatchesAhead(numbers, rng, executor).take()
    numbers(plain)
    assert rng.bit_generator.state == plain.bit_generator.state


def test_an_error_while_drawing_reaches_who_takes_the_batch():
    def fails(rng):
        raise ValueError("no bins")

    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="no bins"):
        BatchesAhead(fails, np.random.default_rng(0), executor).take()
