"""The reference implementation's own training loop, set up as in the method's demo notebook."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_unison.encoder.label_space import LabelSpace
from napari_unison.sessions import Session

#: The 14 ratios that the reference's grid (0.3, 0.9, 0.05) comes to; it passes its maximum.
RATIOS = [round(0.3 + 0.05 * i, 2) for i in range(14)]
MASKS = {"RandomNeuronMask": RATIOS, "RandomTimestepMask": RATIOS}


def cebra_solver(
    sessions: Sequence[Session], *, masks: dict[str, list[float]] | None, iterations: int
) -> tuple[Any, Any]:
    """Return cebra's solver (not yet trained) and its loader over the sessions."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cebra.data
        import cebra.models
        import cebra.solver
    space = LabelSpace(sessions)
    dataset = cebra.data.UnifiedDataset(
        *(
            cebra.data.TensorDataset(
                torch.tensor(np.asarray(session.neural), dtype=torch.float32),
                continuous=torch.tensor(space.encode(session), dtype=torch.float32),
            )
            for session in sessions
        )
    )
    if masks:
        dataset.set_masks(masks)
    loader = cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=iterations, batch_size=2048, time_offset=10
    )
    neurons = sum(session.n_neurons for session in sessions)
    model = cebra.models.init("offset10-model", num_neurons=neurons, num_units=32, num_output=32)
    dataset.configure_for(model)
    solver = cebra.solver.UnifiedSolver(
        model=model,
        criterion=cebra.models.FixedCosineInfoNCE(temperature=1),
        optimizer=torch.optim.Adam(model.parameters(), lr=3e-4),
        tqdm_on=False,
    )
    return solver, loader
