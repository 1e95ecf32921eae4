"""The notebook's run on two real rats, begun: it follows the reference implementation's learning curve."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import UnifiedEncoder, load_sessions, split_sessions
from napari_unison.analysis import quick_scores

RATIOS = [round(0.3 + 0.05 * i, 2) for i in range(14)]
REFERENCE_BITS = (0.568, 0.497, 0.520)  # mean over iterations 400 to 600, three seeds of cebra 0.6.1


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:label 'direction' does not mean the same")
def test_the_notebooks_run_learns_as_fast_as_the_reference(real_rats):
    sessions = load_sessions([real_rats / "achilles.jl.gz", real_rats / "buddy.jl.gz"])
    train, test = split_sessions(sessions, 0.8)
    masks = {"RandomNeuronMask": RATIOS, "RandomTimestepMask": RATIOS}
    encoder = UnifiedEncoder(max_iterations=600, masks=masks, random_state=0, verbose=False).fit(train)
    bits = encoder.history_["goodness_of_fit"][400:600].mean()
    assert np.mean(REFERENCE_BITS) - 0.08 < bits < np.mean(REFERENCE_BITS) + 0.08
    scores = quick_scores(encoder, train, test)
    # what a rat's own neurons say, without any label
    assert scores.label_free.row("achilles", "position").r2 > 0.7
    # without its own neurons the aligned score stays high: it is circular, and the product says so
    assert scores.silenced.row("buddy", "position").r2 > 0.5
    assert scores.aligned.is_circular
    assert not scores.label_free.is_circular
