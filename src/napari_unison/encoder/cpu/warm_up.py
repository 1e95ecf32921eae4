"""Have the compiled kernels ready before they are needed."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse

from napari_unison.encoder.cpu import contrast, trunk
from napari_unison.encoder.estimator import UnifiedEncoder
from napari_unison.sessions import Session

#: Kernels that take longest to compile, and that every training on the CPU needs.
_LONGEST: Final[tuple[Any, ...]] = (trunk.encode_blocks, trunk.backward_blocks, contrast.contrast)


def warm_up() -> None:
    """Load the compiled kernels; where they are not in numba's cache yet, compile them.

    Compiling takes some twenty seconds, once for a version of the package on a machine; loading takes two.
    Any training does both by itself: this is for programs that would rather do it while a person looks round.
    """
    rng = np.random.default_rng(0)
    position = np.linspace(0, 1, 60)
    encoder = UnifiedEncoder(batch_size=8, max_iterations=1, time_offsets=1, device="cpu", verbose=False)
    for neural in (sparse.csr_array((60, 3)), rng.normal(size=(60, 3))):
        sessions = [Session(name, neural, {"position": position}, 0.025) for name in ("one", "other")]
        encoder.fit(sessions).embed()


def are_compiled() -> bool:
    """Return whether numba's cache holds the kernels that take longest to compile."""
    for kernel in _LONGEST:
        code = kernel.py_func.__code__
        folder = Path(kernel.stats.cache_path or ".")
        if not any(folder.glob(f"*.{code.co_qualname}-{code.co_firstlineno}.*.nbi")):
            return False
    return True


def compile_apart() -> None:
    """Compile the kernels in a process of its own; they are in numba's cache then.

    A thread that compiles holds the interpreter most of the time, and windows of its process stand still.
    Ends with the program. If the process fails, nothing is lost: :func:`warm_up` compiles what is not there.
    """
    process = subprocess.Popen(  # noqa: S603 - this very interpreter and module
        [sys.executable, "-m", __name__],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows a console would open
    )
    program = threading.main_thread()
    while process.poll() is None:
        program.join(0.1)
        if not program.is_alive():
            process.terminate()
            process.wait()


if __name__ == "__main__":
    warm_up()
