import numpy as np
from numba import njit
from scipy.special import ndtr

from napari_unison.encoder.cpu.elementary import FLAGS, exp_of_negative, normal_distribution


@njit(fastmath=FLAGS, error_model="numpy")
def exponentials(x):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = exp_of_negative(x[i])
    return result


@njit(fastmath=FLAGS, error_model="numpy")
def normals(x):
    below, density = np.empty_like(x), np.empty_like(x)
    for i in range(x.size):
        below[i], density[i] = normal_distribution(x[i])
    return below, density


def test_the_exponential_is_exact_to_single_precision():
    x = np.concatenate([np.linspace(-86, 0, 200_001), [-1e-8, -0.0]]).astype(np.float32)
    np.testing.assert_allclose(exponentials(x), np.exp(x.astype(np.float64)), rtol=3e-7)


def test_far_below_zero_the_exponential_is_as_good_as_nothing():
    assert exponentials(np.array([-1e4, -np.inf], dtype=np.float32)).max() < 2e-38


def test_the_normal_distribution_is_exact_to_single_precision():
    x = np.linspace(-12, 12, 200_001).astype(np.float32)
    below, density = normals(x)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(below, ndtr(wide), atol=2e-7)
    np.testing.assert_allclose(density, np.exp(-(wide**2) / 2) / np.sqrt(2 * np.pi), atol=1e-7)
    # GELU and its slope are made of the two
    np.testing.assert_allclose(x * below, wide * ndtr(wide), atol=5e-7)
