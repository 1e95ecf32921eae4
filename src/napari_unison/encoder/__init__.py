"""The unified encoder: configuration, alignment, training, embedding, saved runs.

Names are loaded on first use, so that reading a configuration does not import torch.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unison.encoder.config import PRESETS, ConfigurationError, EncoderConfig
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.encoder.progress import Progress, TrainingControl
    from napari_unison.encoder.runs import Run, RunError, is_run, load_run, save_run

# OpenMP's threads wait in a spin unless told otherwise, and a window that draws (or any other program) then
# slows training down more than tenfold. The setting is read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = [
    "PRESETS",
    "ConfigurationError",
    "Embedding",
    "EncoderConfig",
    "Progress",
    "Run",
    "RunError",
    "TrainingControl",
    "UnifiedEncoder",
    "is_run",
    "load_run",
    "save_run",
]

_MODULE_OF = {
    "PRESETS": "config",
    "ConfigurationError": "config",
    "EncoderConfig": "config",
    "Embedding": "embedding",
    "UnifiedEncoder": "estimator",
    "Progress": "progress",
    "TrainingControl": "progress",
    "Run": "runs",
    "RunError": "runs",
    "is_run": "runs",
    "load_run": "runs",
    "save_run": "runs",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name in _MODULE_OF:
        value = getattr(import_module(f"napari_unison.encoder.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
