import numpy as np
import pytest

from napari_unison import UnifiedEncoder
from napari_unison.encoder import label_tree
from napari_unison.encoder.cpu import contrast, dense_inputs, embedding, inputs, masks, sparse_inputs, trunk
from napari_unison.encoder.cpu.warm_up import warm_up


def compiled():
    return {
        f"{module.__name__}.{name}": len(value.signatures)
        for module in (contrast, dense_inputs, embedding, inputs, label_tree, masks, sparse_inputs, trunk)
        for name, value in vars(module).items()
        if hasattr(value, "signatures")
    }


@pytest.mark.parametrize("dense", [False, True])
def test_a_training_after_it_compiles_nothing_more(rats, dense):
    warm_up()
    ready = compiled()
    assert ready["napari_unison.encoder.cpu.trunk.encode_blocks"] > 0
    if dense:
        rats = [rat.replace(neural=np.asarray(rat.neural) + 0.5) for rat in rats]
    UnifiedEncoder(batch_size=16, max_iterations=2, verbose=False).fit(rats).embed()
    assert compiled() == ready
