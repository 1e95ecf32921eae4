import os
import subprocess
import sys

import numpy as np
import pytest

from napari_unison import UnifiedEncoder
from napari_unison.encoder import label_tree
from napari_unison.encoder.cpu import contrast, dense_inputs, embedding, inputs, masks, sparse_inputs, trunk
from napari_unison.encoder.cpu.warm_up import are_compiled, warm_up


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


def test_it_is_known_whether_kernels_are_in_the_cache(tmp_path):
    warm_up()
    assert are_compiled()
    # a cache that holds nothing yet, as on a new machine
    asked = "from napari_unison.encoder.cpu.warm_up import are_compiled; print(are_compiled())"
    found = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "False"


def test_a_process_that_compiles_ends_with_the_program():
    script = """
import subprocess, sys, threading
from napari_unison.encoder.cpu import warm_up
start = subprocess.Popen
def slow(arguments, **how):
    return start([sys.executable, "-c", "import time; time.sleep(600)"], **how)
subprocess.Popen = slow
threading.Thread(target=warm_up.compile_apart).start()
"""
    ended = subprocess.run([sys.executable, "-c", script], timeout=120, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
