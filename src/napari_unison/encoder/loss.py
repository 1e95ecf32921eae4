"""The contrastive loss (InfoNCE) and the goodness of fit.

``mean_i( -φ(ref_i, pos_i)/τ + logsumexp_j φ(ref_i, neg_j)/τ )`` with φ the dot product or minus the squared
distance (Schneider, Lee & Mathis, 2023; van den Oord et al., 2018). Similarities of a few hundred references
at a time are made, used for loss and gradient, and dropped, so that the B × B matrix never stands in memory.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

Distance = Literal["cosine", "euclidean"]

_CHUNK_ELEMENTS = 2**19


def goodness_of_fit(loss: Any, batch_size: int) -> Any:
    """Return the goodness of fit in bits: ``(ln B - loss) · log2 e``.

    Parameters
    ----------
    loss : float or array
        InfoNCE loss (nats).
    batch_size : int
        Negatives ``B`` of each reference.

    Returns
    -------
    float or array
        0 for an encoder that knows nothing, more for a better one.
    """
    return (math.log(batch_size) - np.asarray(loss)) * math.log2(math.e)


class _InfoNCE(torch.autograd.Function):
    """Loss and its gradients in one pass over chunks of references."""

    @staticmethod
    def forward(
        ctx: Any, ref: Tensor, pos: Tensor, neg: Tensor, inverse_temperature: Tensor, euclidean: bool
    ) -> Tensor:
        beta = inverse_temperature.detach()
        n = ref.shape[0]
        chunk = max(1, min(n, _CHUNK_ELEMENTS // max(1, neg.shape[0])))
        grad_ref, grad_neg = torch.empty_like(ref), torch.zeros_like(neg)
        negatives = neg.t().contiguous()
        squares = (neg * neg).sum(1) if euclidean else None
        total = ref.new_zeros(())
        grad_beta = ref.new_zeros(())
        for begin in range(0, n, chunk):
            part = ref[begin : begin + chunk]
            similarity = part @ negatives
            if squares is not None:
                similarity.mul_(2).sub_(squares).sub_((part * part).sum(1, keepdim=True))
            scaled = similarity * beta
            highest = scaled.amax(1, keepdim=True)
            share = scaled.sub_(highest).exp_()
            normaliser = share.sum(1, keepdim=True)
            total += (normaliser.log() + highest).sum()
            share.div_(normaliser)
            grad_beta += (share * similarity).sum()
            pulled, pushed = share @ neg, share.t() @ part
            if squares is not None:
                pulled = 2 * (pulled - part)
                pushed = 2 * (pushed - share.sum(0)[:, None] * neg)
            grad_ref[begin : begin + chunk] = pulled
            grad_neg += pushed
        if euclidean:
            difference = ref - pos
            matched = -(difference * difference).sum(1)
            grad_matched_ref, grad_pos = -2 * difference, 2 * difference
        else:
            matched = (ref * pos).sum(1)
            grad_matched_ref, grad_pos = pos, ref
        scale = beta / n
        ctx.save_for_backward(
            (grad_ref - grad_matched_ref) * scale,
            -grad_pos * scale,
            grad_neg * scale,
            (grad_beta - matched.sum()) / n,
        )
        return (total - beta * matched.sum()) / n

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor | None, ...]:
        (gradient,) = outer
        return (*(gradient * saved for saved in ctx.saved_tensors), None)


class InfoNCE(nn.Module):
    """The contrastive loss with a fixed or learned temperature.

    Parameters
    ----------
    distance : {"cosine", "euclidean"}
        φ: the dot product, or minus the squared distance.
    temperature : float
        τ, or its start.
    learn_temperature : bool
        Whether τ is a parameter of the optimiser.
    min_temperature : float, optional
        Lowest τ that may be learned.
    """

    def __init__(
        self,
        distance: Distance = "cosine",
        temperature: float = 1.0,
        *,
        learn_temperature: bool = False,
        min_temperature: float | None = None,
    ) -> None:
        super().__init__()
        self.is_euclidean = distance == "euclidean"
        self._highest = math.inf if min_temperature is None else 1 / min_temperature
        start = torch.tensor(-math.log(temperature))
        if learn_temperature:
            self.log_inverse_temperature: Tensor = nn.Parameter(start)
        else:
            self.register_buffer("log_inverse_temperature", start)

    @property
    def inverse_temperature(self) -> Tensor:
        """Return 1/τ."""
        return self.log_inverse_temperature.exp().clamp(max=self._highest)

    @property
    def temperature(self) -> float:
        """Return τ."""
        return float(1 / self.inverse_temperature.detach())

    def forward(self, reference: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss (nats) of latents, each ``(B, D)``."""
        loss: Tensor = _InfoNCE.apply(  # type: ignore[no-untyped-call]
            reference, positive, negative, self.inverse_temperature, self.is_euclidean
        )
        return loss
