"""What CEBRA calls the weights of a network, and which network a set of weights belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from napari_unison.encoder.networks import architecture_of

Shape = tuple[int, ...]

#: Networks that both packages have; whether they normalise their output is not in their weights.
NETWORKS: Final = ("offset1", "offset5", "offset10", "offset36")


@dataclass(frozen=True)
class NetworkSize:
    """Which network, and how large.

    Attributes
    ----------
    network : str
        One of :data:`NETWORKS`.
    n_neurons, n_hidden, n_latents : int
        Its inputs (neurons of all sessions), hidden units and outputs.
    """

    network: str
    n_neurons: int
    n_hidden: int
    n_latents: int


def layer_names(network: str) -> dict[str, str]:
    """Return CEBRA's name of each layer, by the name that it has here, in the order of the layers.

    CEBRA numbers its layers with what stands between them: the activation functions, and for networks of one
    bin what flattens the input.
    """
    if network == "offset1":
        return {"first": "net.1", "plain.0": "net.3", "plain.1": "net.5", "last": "net.7"}
    n = architecture_of(f"{network}-model").n_residual
    residual = {f"residual.{i}": f"net.{2 + i}.module.0" for i in range(n)}
    return {"first": "net.0", **residual, "last": f"net.{2 + n}"}


def weight_shapes(size: NetworkSize) -> dict[str, Shape]:
    """Return the shape of each weight and bias in CEBRA, by CEBRA's name."""
    n, h, d = size.n_neurons, size.n_hidden, size.n_latents
    architecture = architecture_of(f"{size.network}-model")
    shapes: dict[str, Shape]
    if size.network == "offset1":
        # these are fully connected there: no axis of time
        shapes = {"first": (h, n), "plain.0": (h, h), "plain.1": (h // 2, h), "last": (d, h // 2)}
    else:
        shapes = {"first": (h, n, 2), "last": (d, h, architecture.last_kernel)}
        shapes |= {f"residual.{i}": (h, h, 3) for i in range(architecture.n_residual)}
    found: dict[str, Shape] = {}
    for ours, theirs in layer_names(size.network).items():
        found[f"{theirs}.weight"] = shapes[ours]
        found[f"{theirs}.bias"] = shapes[ours][:1]
    return found


def recognised(shapes: Mapping[str, Shape]) -> NetworkSize | None:
    """Return the network that has weights of these names and shapes; None if there is none here."""
    for network in NETWORKS:
        names = layer_names(network)
        first, last = shapes.get(f"{names['first']}.weight", ()), shapes.get(f"{names['last']}.weight", ())
        if len(first) < 2 or len(last) < 2:
            continue
        size = NetworkSize(network, n_neurons=first[1], n_hidden=first[0], n_latents=last[0])
        if weight_shapes(size) == dict(shapes):
            return size
    return None


def described(shapes: Mapping[str, Shape]) -> str:
    """Say what kind of network has these weights, where it is none of those that are known here."""
    names: Sequence[str] = list(shapes)
    if any(re.match(r"\d+\.net\.", name) for name in names):
        return (
            "one network for each session (multi-session CEBRA), not one unified encoder: only checkpoints "
            "of a UnifiedSolver, or of one session, can be imported"
        )
    if not any(name.startswith("net.") for name in names):
        return f"weights called {', '.join(names[:3])} …, which are no network of CEBRA"
    widths = [shape for name, shape in shapes.items() if name.endswith(".weight")]
    if widths and all(len(shape) == 2 for shape in widths):
        return (
            "a network of one bin with layers of other widths than offset1-model has (as CEBRA's "
            "offset1-model-mse and its variants do)"
        )
    n_residual = sum(bool(re.fullmatch(r"net\.\d+\.module\.0\.weight", name)) for name in names)
    return f"a network with {n_residual} residual convolutions"
