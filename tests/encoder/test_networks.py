import numpy as np
import pytest
import torch

from napari_unison.encoder import ConfigurationError
from napari_unison.encoder.networks import Convolution, UnifiedNetwork, architecture_of

NAMES = [f"offset{n}-model{suffix}" for n in (1, 5, 10, 36) for suffix in ("", "-mse")]


def network(name="offset10-model", neurons=(4, 3), seed=0):
    return UnifiedNetwork(architecture_of(name), neurons, 8, 5, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_a_window_becomes_one_point(name):
    net = network(name)
    steps = int(name.split("-")[0].removeprefix("offset"))
    assert net.architecture.window == steps
    latents = net(torch.rand(steps, 6, 7))
    assert latents.shape == (6, 5)
    norms = torch.linalg.vector_norm(latents, dim=1)
    on_sphere = bool(torch.allclose(norms, torch.ones(6)))
    assert on_sphere != name.endswith("-mse")


@pytest.mark.parametrize("name", ["offset1-model", "offset5-model", "offset10-model"])
def test_projecting_sessions_first_gives_the_same_latents(name):
    net = network(name)
    windows = torch.rand(net.architecture.window, 6, 7)
    projected = windows[:, :, :4] @ net.input_weights(0) + windows[:, :, 4:] @ net.input_weights(1)
    torch.testing.assert_close(net.from_projection(projected), net(windows), atol=1e-6, rtol=1e-5)


def test_the_convolution_and_its_gradients_are_torchs():
    layer = Convolution(3, 4, 2, torch.Generator().manual_seed(0))
    x = torch.rand(6, 5, 3, requires_grad=True)
    by_torch = torch.nn.functional.conv1d(x.permute(1, 2, 0), layer.weight, layer.bias).permute(2, 0, 1)
    torch.testing.assert_close(layer(x), by_torch)
    weighting = torch.rand(5, 5, 4)
    inputs = (x, layer.weight, layer.bias)
    found = torch.autograd.grad((layer(x) * weighting).sum(), inputs)
    expected = torch.autograd.grad((by_torch * weighting).sum(), inputs)
    for gradient, reference in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, reference)


def test_initial_weights_follow_the_seed_alone():
    torch.manual_seed(1)
    first = network(seed=7).first.weight
    torch.manual_seed(2)
    assert torch.equal(network(seed=7).first.weight, first)
    assert not torch.equal(network(seed=8).first.weight, first)
    bound = 1 / np.sqrt(7 * 2)
    assert float(first.detach().abs().max()) <= bound


def test_unknown_networks_and_too_few_units_are_told():
    with pytest.raises(ConfigurationError, match="no network is called 'offset7-model'"):
        architecture_of("offset7-model")
    with pytest.raises(ConfigurationError, match="num_hidden_units: the offset1 networks need at least 2"):
        UnifiedNetwork(architecture_of("offset1-model"), [3], 1, 2, torch.Generator())
