"""The reference implementation as a way to decode on the protocol's folds: its encoder, label-free."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from cebra_loop import MASKS, cebra_solver
from napari_unison.analysis.decoders.fitting import DECODER_NAMES, DecoderKind, fit_decoder
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.targets import session_targets
from napari_unison.encoder.windows import embedding_windows
from napari_unison.sessions import Session

#: Bins before and after of the architecture offset10-model, which the demo notebook uses.
LEFT = RIGHT = 5
_CHUNK_BINS = 4096


class CebraLabelFree:
    """cebra's unified encoder as in its demo notebook; bins are decoded from the session's own neurons alone.

    Training is cebra's own loop, which knows no segments. The embedding is ours: cebra's aligns by labels, so
    windows are given to its network with the neurons of all other sessions at zero.

    Parameters
    ----------
    iterations : int
        Training steps; the notebook does 5000, which take hours on a CPU.
    decoder : {"knn", "linear", "mlp"}
        Decoder of the latents.
    """

    uses_labels_of_test = False
    is_random = True

    def __init__(self, iterations: int = 5000, decoder: DecoderKind = "knn") -> None:
        self.iterations = iterations
        self.decoder = decoder

    @property
    def name(self) -> str:
        """For tables and figures."""
        return f"cebra 0.6.1 unified encoder, label-free ({DECODER_NAMES[self.decoder]})"

    @property
    def settings(self) -> str:
        """Everything that decides the result besides sessions and seed."""
        return json.dumps({"method": self.name, "iterations": self.iterations, "masks": MASKS})

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Train on the training parts of all sessions, and decode the test parts label-free."""
        import torch

        # cebra draws from all three global generators
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        solver, loader = cebra_solver(train, masks=MASKS, iterations=self.iterations)
        solver.fit(loader)
        predictions = []
        for session in test:
            [own] = [part for part in train if part.name == session.name]
            decoder = fit_decoder(
                self.decoder,
                _label_free(solver.model, own, train),
                session_targets(own),
                own.segment,
                seed,
                guard=LEFT + RIGHT,
            )
            predicted = decoder.predict(_label_free(solver.model, session, train))
            predictions += [Prediction.of(session, label, values) for label, values in predicted.items()]
        return predictions


def _label_free(model: Any, session: Session, sessions: Sequence[Session]) -> np.ndarray:
    """Embed a session with all other sessions' neurons at zero: (T, D)."""
    import torch

    names = [other.name for other in sessions]
    first = sum(other.n_neurons for other in sessions[: names.index(session.name)])
    n_neurons = sum(other.n_neurons for other in sessions)
    windows = embedding_windows(session, LEFT, RIGHT)
    neural = np.asarray(session.neural, dtype=np.float32)
    latents = []
    model.eval()
    with torch.no_grad():
        for begin in range(0, session.n_bins, _CHUNK_BINS):
            activity = neural[windows[begin : begin + _CHUNK_BINS]].transpose(0, 2, 1)
            whole = torch.zeros(len(activity), n_neurons, LEFT + RIGHT)
            whole[:, first : first + session.n_neurons] = torch.from_numpy(activity.copy())
            latents.append(model(whole).numpy())
    return np.concatenate(latents)
