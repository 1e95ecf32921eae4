"""What single neurons add to label-free latents: gradients at their activity, and latents without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.embed import Projection, embed_windows, project
from napari_unison.encoder.estimator import UnifiedEncoder
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.windows import embedding_windows, padded_bins
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

#: Numbers that gradients of one chunk of bins may take: bins × window × neurons.
_CHUNK_NUMBERS = 2**19
#: Numbers that the projections of neurons left out together may take.
_GROUP_NUMBERS = 2**23


def gradient_times_input(
    encoder: UnifiedEncoder, session: Session, bins: Array, readout: Array | None = None
) -> Iterator[tuple[Array, Array]]:
    """Multiply each neuron's activity with the gradient of the label-free output, summed over the window.

    To first order this is what the output would lose if the neuron were silent (Shrikumar et al. 2016,
    "Not just a black box").

    Parameters
    ----------
    encoder : UnifiedEncoder
        Fitted.
    session : Session
        One of its sessions, ``N`` neurons.
    bins : array (B,) of int
        Bins whose windows are taken.
    readout : array (D, K), optional
        Linear outputs of the latents; the ``D`` latents themselves unless given.

    Yields
    ------
    bins : array (b,) of int
        The next of the bins.
    contributions : array (b, N, K) of float32
        In units of the output.

    Raises
    ------
    NotFittedError, SessionError
        As in :meth:`UnifiedEncoder.embed`.
    """
    network, number = _network_and_number(encoder, session)
    shape = network.architecture
    windows = embedding_windows(session, shape.left, shape.right)
    weights = network.input_weights(number).detach()
    turned = None if readout is None else torch.from_numpy(np.array(readout, dtype=np.float32))
    network.eval()
    chunk = max(1, _CHUNK_NUMBERS // (shape.window * session.n_neurons))
    for begin in range(0, len(bins), chunk):
        some = bins[begin : begin + chunk]
        activity = _windows_of(session, windows[some]).to(weights.device)
        projected = (activity @ weights).requires_grad_()
        outputs = network.from_projection(projected)
        if turned is not None:
            outputs = outputs @ turned.to(weights.device)
        yield some, _contributions(outputs, projected, activity, weights)


def _contributions(outputs: Tensor, projected: Tensor, activity: Tensor, weights: Tensor) -> Array:
    """Multiply activity (W, b, N) with the gradients of outputs (b, K): (b, N, K)."""
    n_outputs = outputs.shape[1]
    contributions = []
    for output in range(n_outputs):
        # bins do not touch each other, so the gradient of their sum holds each bin's own
        (gradient,) = torch.autograd.grad(outputs[:, output].sum(), projected, retain_graph=True)
        contributions.append((activity * (gradient @ weights.t())).sum(0))
    return np.asarray(torch.stack(contributions, dim=2).cpu().numpy())


def latents_without_each_neuron(
    encoder: UnifiedEncoder, session: Session, bins: Array
) -> Iterator[tuple[Array, Array]]:
    """Embed a session label-free with one neuron silent, one neuron after the other.

    The first convolution is linear, so the neuron's part is subtracted from the projected session, and only
    bins are embedded again in whose window the neuron was active.

    Parameters
    ----------
    encoder : UnifiedEncoder
        Fitted.
    session : Session
        One of its sessions, ``N`` neurons.
    bins : array (B,) of int
        Bins that are embedded.

    Yields
    ------
    places : array (b,) of int
        Which of ``bins`` saw the neuron active; all others keep their latents.
    latents : array (b, D) of float32
        Latents of those bins without the neuron.

    Raises
    ------
    NotFittedError, SessionError
        As in :meth:`UnifiedEncoder.embed`.
    """
    network, number = _network_and_number(encoder, session)
    window = network.architecture.window
    whole = project(network, session, number)
    padded, starts = padded_bins(session, network.architecture.left, network.architecture.right)
    columns = session.neural if isinstance(session.neural, np.ndarray) else session.neural.tocsc()
    size = max(1, _GROUP_NUMBERS // whole.hidden.numel())
    for begin in range(0, session.n_neurons, size):
        neurons = range(begin, min(begin + size, session.n_neurons))
        activities = [_column(columns, neuron)[padded] for neuron in neurons]
        places = []
        for activity in activities:
            active_before = np.concatenate([[0], np.cumsum(activity != 0)])
            places.append(np.flatnonzero(np.diff(active_before[starts[bins] + [[0], [window]]], axis=0)[0]))
        parts = _projections_of_single(network, number, neurons, activities, whole)
        rows = np.concatenate([bins[place] for place in places])
        turn = np.repeat(np.arange(len(neurons)), [len(place) for place in places])
        latents = embed_windows(network, [whole, parts], [rows, turn * session.n_bins + rows])
        yield from zip(
            places, np.split(latents, np.cumsum([len(place) for place in places])[:-1]), strict=True
        )


def _projections_of_single(
    network: UnifiedNetwork,
    number: int,
    neurons: Sequence[int],
    activities: Sequence[Array],
    whole: Projection,
) -> Projection:
    """Return minus what neurons add to the projection of their session, one neuron after the other.

    The window of bin ``t`` without the ``i``-th of these neurons is that of bin ``i · T + t``.
    """
    kernel, length = network.first.kernel, len(whole.hidden)
    hidden = whole.hidden.new_zeros(len(neurons), length, whole.hidden.shape[1])
    n_rows = len(activities[0]) - kernel + 1
    with torch.no_grad():
        weights = network.input_weights(number)
        for place, (neuron, activity) in enumerate(zip(neurons, activities, strict=True)):
            counts = torch.from_numpy(activity.astype(np.float32)).to(weights.device)
            for shift, of_shift in enumerate(weights[neuron].view(kernel, -1)):
                hidden[place, :n_rows] -= counts[shift : shift + n_rows, None] * of_shift
    starts = np.arange(len(neurons))[:, None] * length + whole.starts
    return Projection(hidden.view(len(neurons) * length, -1), starts.reshape(-1), whole.length)


def _column(neural: Any, neuron: int) -> Array:
    """Return the activity (T,) of one neuron of a dense or column-sparse table."""
    column = neural[:, [neuron]]
    return np.asarray(column if isinstance(column, np.ndarray) else column.toarray()).reshape(-1)


def _windows_of(session: Session, windows: Array) -> Tensor:
    """Return the activity of windows (b, W) time first: (W, b, N)."""
    rows = session.neural[windows.T.reshape(-1)]
    dense = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return torch.from_numpy(np.array(dense, dtype=np.float32)).view(*windows.T.shape, session.n_neurons)


def _network_and_number(encoder: UnifiedEncoder, session: Session) -> tuple[UnifiedNetwork, int]:
    """Return the trained network and the session's number among those of training."""
    encoder._check_fitted()
    return encoder._state.network, encoder._number_of(session)
