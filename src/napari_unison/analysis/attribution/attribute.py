"""Attribution: which neurons carry the latents, or a label that is decoded from them.

Both methods ask the trained network about label-free windows, neuron by neuron:

- *gradient*: activity times the gradient of the output, summed over the window's time steps. It has the unit
  of the output and is, to first order, what the output would lose without the neuron (Shrikumar et al. 2016,
  "Not just a black box: learning important features through propagating activation differences").
- *ablation*: the output minus the output with the neuron silent, as the other sessions' neurons are silent in
  every label-free embedding (leave-one-out occlusion, after Zeiler & Fergus 2014, "Visualizing and
  understanding convolutional networks").

A neuron that fires more is seen in more windows, and whatever it adds changes the output, be it signal or
noise: the score grows with the rate. The score per activity (for counts: per spike) does not; ask it where
neurons without a meaning may fire as much as those with one, and mind that few spikes make it uncertain. On
simulated rats the score finds the place cells with an area under the curve of 0.95 or more, that per spike
with 0.77 or more, the rate alone with 0.83 or more; if all other cells fire at 2 Hz, the score falls below
0.86, and that per spike is 0.95 or more (``benchmarks/attribution.py``). Neurons that say the same can stand
in for each other: a low score does not prove that a neuron knows nothing, only that this network can do
without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.attribution.scores import (
    LATENTS,
    Attribution,
    AttributionMethod,
    Floats,
    SessionAttribution,
)
from napari_unison.analysis.linear_maps import LinearMap, fit_linear_map
from napari_unison.analysis.targets import label_targets, r_squared

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.sessions import LabelKind, Session

Integers = npt.NDArray[np.intp]


def attribute(
    encoder: UnifiedEncoder,
    sessions: Sequence[Session] | None = None,
    *,
    target: str = LATENTS,
    method: AttributionMethod = "ablation",
    n_bins: int = 2000,
) -> Attribution:
    """Find out which neurons carry the latents, or a label decoded from them.

    All is label-free: the session's own neurons alone, the other sessions silent. A label is decoded by one
    fixed linear map (ridge regression, fitted to each session's label-free latents with all neurons), and
    contributions are changes of what it says: in the label's unit for continuous labels, radians for circular
    ones, shares of a category for discrete ones. This explains a decoder; how good it is on unseen laps is
    another question.

    Parameters
    ----------
    encoder : UnifiedEncoder
        Fitted encoder.
    sessions : sequence of Session, optional
        Any of its sessions; those of training unless given.
    target : str, default "latents"
        ``"latents"``, or the name of a label.
    method : {"ablation", "gradient"}, default "ablation"
        Leave a neuron out, or multiply its activity with the gradient.
    n_bins : int, default 2000
        Bins of each session, evenly spread, that are averaged over; fewer where the session is shorter.

    Returns
    -------
    Attribution
        Scores by session and neuron.

    Raises
    ------
    KeyError
        If there is no such label.
    ValueError
        If the method is not one of the two, ``n_bins`` is less than 1, or the label is nowhere known.
    NotFittedError, SessionError
        As in :meth:`UnifiedEncoder.embed`.
    """
    if method not in get_args(AttributionMethod):
        raise ValueError(f"method is {method!r}: choose 'ablation' or 'gradient'")
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}: give at least one bin to average over")
    embedding = encoder.embed(sessions, align=False)
    known = embedding.sessions[0]
    if target != LATENTS and target not in known.labels:
        raise KeyError(f"no label is called {target!r}; the labels are {', '.join(map(repr, known.labels))}")
    readouts = [_readout(embedding, place, target) for place in range(len(embedding.sessions))]
    results = []
    for session, latents, readout in zip(embedding.sessions, embedding.values, readouts, strict=True):
        bins = np.linspace(0, session.n_bins - 1, min(n_bins, session.n_bins)).round().astype(np.intp)
        contributions = _by_gradient if method == "gradient" else _by_ablation
        absolute, signed, score = contributions(encoder, session, bins, latents[bins], readout)
        results.append(SessionAttribution(session, absolute, signed, score, len(bins), readout.r2))
    unit = "" if target == LATENTS else known.units[target]
    return Attribution(tuple(results), method, target, unit, readouts[0].outputs, embedding.description)


@dataclass(frozen=True, eq=False)
class _Readout:
    """What is read of latents: themselves, or a label by a linear map.

    ``linear`` is None for the latents. Columns of a circular label are cosine and sine, and the outputs are
    angles.
    """

    linear: LinearMap | None
    kind: LabelKind
    outputs: tuple[str, ...]
    r2: float

    def change(self, before: npt.NDArray[Any], after: npt.NDArray[Any]) -> Floats:
        """Return outputs of the latents (b, D) before minus after, (b, K)."""
        if self.linear is None:
            return np.asarray(before - after, dtype=np.float64)
        first, then = self.linear(before), self.linear(after)
        if self.kind != "circular":
            return first - then
        return np.asarray(np.angle(_as_numbers(first) / _as_numbers(then)))

    def change_of_columns(self, latents: npt.NDArray[Any], contributions: npt.NDArray[Any]) -> Floats:
        """Turn contributions to the map's columns (b, N, columns) into those to the outputs (b, N, K)."""
        if self.linear is None or self.kind != "circular":
            return np.asarray(contributions, dtype=np.float64)
        # the angle of c + is moves by the imaginary part of d(c + is) / (c + is)
        whole = _as_numbers(self.linear(latents))[:, None]
        return np.asarray(np.imag(_as_numbers(contributions.astype(np.float64)) / whole))


def _as_numbers(columns: Floats) -> npt.NDArray[np.complex128]:
    """Join cosines and sines (…, 2k) to complex numbers (…, k)."""
    cosine, sine = np.split(columns, 2, axis=-1)
    return np.asarray(cosine + 1j * sine)


def _readout(embedding: Embedding, place: int, target: str) -> _Readout:
    """Fit what reads the target from one session's latents."""
    if target == LATENTS:
        names = tuple(f"latent {latent + 1}" for latent in range(embedding.n_latents))
        return _Readout(None, "continuous", names, float("nan"))
    label = label_targets(embedding)[0][target]
    first = sum(len(values) for values in embedding.values[:place])
    own = slice(first, first + len(embedding.values[place]))
    known = label.known[own]
    if known.sum() < 3:
        name = embedding.session_names[place]
        raise ValueError(
            f"session {name!r}: the label {target!r} is known in {known.sum()} bins, too few to decode"
        )
    latents, values = embedding.values[place][known], label.values[own][known]
    linear = fit_linear_map(latents, values)
    if label.kind == "discrete":
        names = tuple(f"{target} {category}" for category in label.categories)
    elif label.raw.shape[1] == 1:
        names = (target,)
    else:
        names = tuple(f"{target} {column + 1}" for column in range(label.raw.shape[1]))
    return _Readout(linear, label.kind, names, r_squared(values, linear(latents)))


def _by_gradient(
    encoder: UnifiedEncoder,
    session: Session,
    bins: Integers,
    latents: npt.NDArray[Any],
    readout: _Readout,
) -> tuple[Floats, Floats, Floats]:
    """Return absolute (N, K), signed (N, K) and score (N,) by gradient times input."""
    from napari_unison.encoder.neuron_contributions import gradient_times_input

    weights = None if readout.linear is None else readout.linear.weights
    shape = (session.n_neurons, len(readout.outputs))
    absolute, signed, score = np.zeros(shape), np.zeros(shape), np.zeros(session.n_neurons)
    done = 0
    for some, of_columns in gradient_times_input(encoder, session, bins, weights):
        part = readout.change_of_columns(latents[done : done + len(some)], of_columns)
        absolute += np.abs(part).sum(axis=0)
        signed += part.sum(axis=0)
        score += np.linalg.norm(part, axis=2).sum(axis=0)
        done += len(some)
    return absolute / done, signed / done, score / done


def _by_ablation(
    encoder: UnifiedEncoder,
    session: Session,
    bins: Integers,
    latents: npt.NDArray[Any],
    readout: _Readout,
) -> tuple[Floats, Floats, Floats]:
    """Return absolute (N, K), signed (N, K) and score (N,) by leaving neurons out."""
    from napari_unison.encoder.neuron_contributions import latents_without_each_neuron

    absolute, signed, score = [], [], []
    for places, without in latents_without_each_neuron(encoder, session, bins):
        change = readout.change(latents[places], without)
        absolute.append(np.abs(change).sum(axis=0))
        signed.append(change.sum(axis=0))
        score.append(np.linalg.norm(change, axis=1).sum())
    return np.stack(absolute) / len(bins), np.stack(signed) / len(bins), np.array(score) / len(bins)
