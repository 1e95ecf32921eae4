"""The unified encoder: configuration, alignment, training, embedding, saved runs.

Names are loaded on first use, so that reading a configuration does not import torch.
"""

import os
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from napari_unison.encoder.cebra_checkpoint import CheckpointError
    from napari_unison.encoder.config import PRESETS, ConfigurationError, EncoderConfig
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.encoder.looks import Look, Looks
    from napari_unison.encoder.overlap import LabelOverlap, label_overlap
    from napari_unison.encoder.progress import Progress, TrainingControl
    from napari_unison.encoder.runs import Run, RunError, is_run, load_run, save_run
    from napari_unison.encoder.training import TrainingError

# OpenMP's threads wait in a spin unless told otherwise, and a window that draws (or any other program) then
# slows training down more than tenfold. The setting is read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = [
    "PRESETS",
    "CheckpointError",
    "ConfigurationError",
    "Embedding",
    "EncoderConfig",
    "LabelOverlap",
    "Look",
    "Looks",
    "Progress",
    "Run",
    "RunError",
    "TrainingControl",
    "TrainingError",
    "UnifiedEncoder",
    "is_run",
    "label_overlap",
    "load_run",
    "save_run",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cebra_checkpoint": ["CheckpointError"],
        "config": ["PRESETS", "ConfigurationError", "EncoderConfig"],
        "embedding": ["Embedding"],
        "estimator": ["UnifiedEncoder"],
        "looks": ["Look", "Looks"],
        "overlap": ["LabelOverlap", "label_overlap"],
        "progress": ["Progress", "TrainingControl"],
        "training": ["TrainingError"],
        "runs": ["Run", "RunError", "is_run", "load_run", "save_run"],
    },
)
