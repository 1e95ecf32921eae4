"""Checkpoints of CEBRA's ``UnifiedSolver``, in and out; see ``docs/cebra.md``.

``torch_files`` reads what a torch file holds without running any of it, ``layers`` knows what CEBRA calls the
weights, ``contents`` says what a checkpoint tells, ``importing`` makes an encoder of it, and ``exporting``
writes one.
"""

from napari_unison.encoder.cebra_checkpoint.contents import CebraCheckpoint, read_checkpoint
from napari_unison.encoder.cebra_checkpoint.exporting import write_checkpoint
from napari_unison.encoder.cebra_checkpoint.importing import import_checkpoint
from napari_unison.encoder.cebra_checkpoint.torch_files import CheckpointError

__all__ = [
    "CebraCheckpoint",
    "CheckpointError",
    "import_checkpoint",
    "read_checkpoint",
    "write_checkpoint",
]
