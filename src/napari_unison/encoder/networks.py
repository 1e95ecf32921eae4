"""The encoder networks, on time-major input ``(W, B, ΣN)``.

Architectures of CEBRA (Schneider, Lee & Mathis, 2023) as the unified encoder uses them: a convolution over
the window, residual convolutions that crop one bin at each side, a last convolution to the latents.
With time as the first axis every shifted slice is contiguous, and a convolution is a few matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_unison.encoder.config import ConfigurationError


@dataclass(frozen=True)
class Architecture:
    """Shape of a network.

    Attributes
    ----------
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    n_residual : int
        Residual convolutions.
    last_kernel : int
        Time bins of the last convolution.
    normalises : bool
        Whether latents lie on the unit sphere.
    """

    left: int
    right: int
    n_residual: int
    last_kernel: int
    normalises: bool

    @property
    def window(self) -> int:
        """Time bins ``W`` that one output sees."""
        return self.left + self.right


_WINDOWED: Final = {"offset5": (2, 3, 1, 2), "offset10": (5, 5, 3, 3), "offset36": (18, 18, 16, 3)}


def architecture_of(name: str) -> Architecture:
    """Return the shape of the network called ``name``, such as ``"offset10-model"``.

    Raises
    ------
    ConfigurationError
        If there is no such network.
    """
    base = name.split("-")[0]
    normalises = not name.endswith("-mse")
    if base == "offset1":
        return Architecture(0, 1, 0, 1, normalises)
    if base in _WINDOWED:
        return Architecture(*_WINDOWED[base], normalises)
    raise ConfigurationError(f"model_architecture: no network is called {name!r}")


class _Convolve(torch.autograd.Function):
    """Convolution over the first axis; its gradient is summed in place, without a copy for each shift."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        length = x.shape[0] - weight.shape[2] + 1
        result = torch.addmm(bias, _steps(x, 0, length), weight[:, :, 0].t())
        for shift in range(1, weight.shape[2]):
            result.addmm_(_steps(x, shift, length), weight[:, :, shift].t())
        return result.view(length, x.shape[1], -1)

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        length = outer[0].shape[0]
        gradient = outer[0].reshape(-1, weight.shape[0])
        of_weight = torch.empty_like(weight)
        for shift in range(weight.shape[2]):
            of_weight[:, :, shift] = gradient.t() @ _steps(x, shift, length)
        of_input = None
        if ctx.needs_input_grad[0]:
            of_input = torch.zeros_like(x)
            for shift in range(weight.shape[2]):
                _steps(of_input, shift, length).addmm_(gradient, weight[:, :, shift])
        return of_input, of_weight, gradient.sum(0)


def _steps(x: Tensor, first: int, length: int) -> Tensor:
    """View ``length`` time steps of ``(L, B, n)`` as rows ``(length · B, n)``."""
    return x[first : first + length].view(-1, x.shape[2])


class Convolution(nn.Module):
    """Convolution over the first axis of ``(L, B, n_in)``, giving ``(L - kernel + 1, B, n_out)``.

    ``weight`` is ``(n_out, n_in, kernel)`` and ``bias`` ``(n_out,)``, both uniform in ±1/√(n_in·kernel). In
    memory all weights of one input stand together, because of a sparse input only a few are read.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_in * kernel)
        weight = torch.empty(n_out, n_in, kernel).uniform_(-bound, bound, generator=generator)
        self.weight = nn.Parameter(weight.permute(1, 2, 0).contiguous().permute(2, 0, 1))
        self.bias = nn.Parameter(torch.empty(n_out).uniform_(-bound, bound, generator=generator))

    @property
    def kernel(self) -> int:
        """Time bins that one output sees."""
        return self.weight.shape[2]

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(L, B, n_in)`` to ``(L - kernel + 1, B, n_out)``."""
        result: Tensor = _Convolve.apply(x.contiguous(), self.weight, self.bias)  # type: ignore[no-untyped-call]
        return result


class UnifiedNetwork(nn.Module):
    """From windows of all sessions' neurons to latents.

    Parameters
    ----------
    architecture : Architecture
        Shape of the network.
    neurons : sequence of int
        Neurons of each session; the input stacks them.
    n_hidden : int
        Hidden units.
    n_latents : int
        Output dimension ``D``.
    generator : torch.Generator
        Draws the initial weights.
    """

    def __init__(
        self,
        architecture: Architecture,
        neurons: Sequence[int],
        n_hidden: int,
        n_latents: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.neurons = tuple(neurons)
        n_inputs = sum(neurons)
        if architecture.window == 1:
            if n_hidden < 2:
                raise ConfigurationError("num_hidden_units: the offset1 networks need at least 2")
            self.first = Convolution(n_inputs, n_hidden, 1, generator)
            self.plain = nn.ModuleList(
                [
                    Convolution(n_hidden, n_hidden, 1, generator),
                    Convolution(n_hidden, n_hidden // 2, 1, generator),
                ]
            )
            self.residual = nn.ModuleList()
            self.last = Convolution(n_hidden // 2, n_latents, 1, generator)
        else:
            self.first = Convolution(n_inputs, n_hidden, 2, generator)
            self.plain = nn.ModuleList()
            self.residual = nn.ModuleList(
                Convolution(n_hidden, n_hidden, 3, generator) for _ in range(architecture.n_residual)
            )
            self.last = Convolution(n_hidden, n_latents, architecture.last_kernel, generator)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : Tensor (W, B, ΣN)
            Neural activity, time first.

        Returns
        -------
        Tensor (B, D)
            Latents.
        """
        return self.after_first(self.first(windows))

    def input_weights(self, session: int) -> Tensor:
        """Return a session's part of the first convolution, one column a shift: (N_s, kernel · h).

        The first convolution is linear, so a whole session can be projected once and windows be taken of
        the projection.
        """
        begin = sum(self.neurons[:session])
        return self._all_input_weights()[begin : begin + self.neurons[session]]

    def _all_input_weights(self) -> Tensor:
        """Return the first convolution as a matrix (ΣN, kernel · h), one block of columns a shift."""
        weight = self.first.weight
        return weight.permute(1, 2, 0).reshape(weight.shape[1], -1)

    def from_projection(self, projected: Tensor) -> Tensor:
        """Encode windows whose neurons were already projected by :meth:`input_weights`.

        Parameters
        ----------
        projected : Tensor (W, B, kernel · h)
            Sum over the sessions of their projected windows.

        Returns
        -------
        Tensor (B, D)
            Latents.
        """
        kernel = self.first.kernel
        length = projected.shape[0] - kernel + 1
        shifts = projected.view(*projected.shape[:2], kernel, -1)
        hidden = self.first.bias + sum(shifts[k : k + length, :, k] for k in range(kernel))
        return self.after_first(hidden)

    def after_first(self, hidden: Tensor) -> Tensor:
        """Go on from the first convolution's output ``(W - kernel + 1, B, h)`` to latents ``(B, D)``."""
        hidden = functional.gelu(hidden)
        for layer in self.plain:
            hidden = functional.gelu(layer(hidden))
        for layer in self.residual:
            hidden = hidden[1:-1] + functional.gelu(layer(hidden))
        latents: Tensor = self.last(hidden)[0]
        if self.architecture.normalises:
            latents = latents / torch.linalg.vector_norm(latents, dim=1, keepdim=True)
        return latents
