"""What a torch file holds, read without running any of it.

A torch file is a zip archive of stored (never compressed) tensors and one pickle that puts them together. The
pickle is first looked through, without being run, for the names that it asks for; only those of a checkpoint
are let through. It is then read by torch's own restricted reader (``weights_only=True``), which knows no
other names either.
"""

from __future__ import annotations

import os
import pickle
import pickletools
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

_LARGEST_PICKLE: Final = 256 * 2**20  # bytes; the tensors stand beside it, so that a real one is small

_TENSOR_NAMES: Final = frozenset(
    {
        "collections OrderedDict",
        "torch Size",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor_v2",
        *(f"torch {kind}Storage" for kind in ("BFloat16", "Bool", "Double", "Float", "Half", "Int", "Long")),
        *(f"torch {kind}" for kind in ("float16", "float32", "float64", "int32", "int64")),
    }
)
# CEBRA counts its inputs with numpy, so that one of these numbers is in every checkpoint
_NUMBER_NAMES: Final = frozenset(
    {"_codecs encode", "numpy dtype", "numpy._core.multiarray scalar", "numpy.core.multiarray scalar"}
)
# its estimator adds these two, of which nothing is needed here
_ESTIMATOR_NAMES: Final = frozenset({"cebra.data.datatypes Offset", "torch.torch_version TorchVersion"})
_KNOWN_NAMES: Final = _TENSOR_NAMES | _NUMBER_NAMES | _ESTIMATOR_NAMES
# opcodes that name or build things in other ways than torch's files do
_STRANGE_OPCODES: Final = frozenset(
    {"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"}
)


class CheckpointError(ValueError):
    """A checkpoint cannot be read or written; the message names the file and says what to do."""


class _Ignored:
    """Stands in for what a checkpoint of CEBRA's estimator mentions and nobody needs here."""

    def __init__(self, *_: Any) -> None:
        pass


def read_torch_file(path: str | os.PathLike[str]) -> Any:
    """Return what a torch file holds: dictionaries, lists, numbers, strings and tensors on the CPU.

    Parameters
    ----------
    path : path
        Written by ``torch.save``.

    Raises
    ------
    CheckpointError
        If it is no such file, is damaged, or asks for anything else to be run.
    """
    place = os.fspath(path)
    _look_through(_pickle_in(Path(path)), place)
    try:
        with torch.serialization.safe_globals(_safe_globals()):
            return torch.load(place, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,  # of which torch makes most of what is wrong with a file
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        AssertionError,
        EOFError,
        OverflowError,
        MemoryError,
    ) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{place} is damaged or no checkpoint ({reason}); copy it again") from error


def _pickle_in(path: Path) -> bytes:
    """Return the pickle of a torch file, after checking that the archive is what torch writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, path)
            # torch itself does not compare the checksums of tensors
            damaged = archive.testzip()
            if damaged is not None:
                raise CheckpointError(f"{path} is damaged ({damaged}); copy or download it again")
            return archive.read(next(e for e in entries if e.filename.endswith("/data.pkl")))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist; check the path") from error
    except IsADirectoryError as error:
        raise CheckpointError(f"{path} is a folder; give a checkpoint, a file such as NAME.pt") from error
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(
            f"{path} is no checkpoint, or is cut off or damaged ({error}): a file of torch.save (torch 1.6 "
            f"or newer) is needed; copy or download it again"
        ) from error


def _check_entries(entries: list[zipfile.ZipInfo], path: Path) -> None:
    names = [entry.filename for entry in entries]
    pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
    if any(name.endswith("/constants.pkl") for name in names):
        raise CheckpointError(
            f"{path} is a TorchScript program, not a checkpoint: save the solver with "
            f"solver.save(logdir, filename)"
        )
    if len(pickles) != 1 or len(set(names)) != len(names):
        raise CheckpointError(
            f"{path} is a zip archive, but no checkpoint: a file of torch.save is needed (if it lies in this "
            f"archive, unpack it first)"
        )
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise CheckpointError(
            f"{path} unpacks to more than it holds, which no file of torch.save does: it was not read; copy "
            f"or download it again"
        )
    if pickles[0].file_size > _LARGEST_PICKLE:
        raise CheckpointError(
            f"{path} describes its tensors in {pickles[0].file_size / 2**20:.0f} MiB, a checkpoint in a few: "
            f"it was not read"
        )


def _look_through(content: bytes, place: str) -> None:
    """Refuse a pickle that asks for anything that is no part of a checkpoint; nothing of it is run."""
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "GLOBAL" and argument not in _KNOWN_NAMES:
                _refuse(str(argument), place)
            if opcode.name in _STRANGE_OPCODES:
                raise CheckpointError(
                    f"{place} is not written as torch writes checkpoints ({opcode.name}): it was not read"
                )
    except CheckpointError:
        raise
    except (ValueError, IndexError, OverflowError, MemoryError) as error:
        raise CheckpointError(f"{place} is damaged ({error}); copy or download it again") from error


def _refuse(name: str, place: str) -> None:
    name = name.replace(" ", ".")
    if name.startswith("cebra"):
        raise CheckpointError(
            f"{place} holds a whole Python object ({name}), which cannot be read without running what the "
            f"file says. In CEBRA, load it and save its weights instead: solver.save(logdir, filename), or "
            f'model.save(filename, backend="sklearn")'
        )
    raise CheckpointError(
        f"{place} asks for {name}, which no checkpoint needs: it was not read, and nothing of it was run. Do "
        f"not open it by other means unless you know who made it"
    )


def _safe_globals() -> list[Any]:
    """Return what torch's reader may build beside tensors: numbers of numpy, and nothing else."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = {type(np.dtype(kind)) for kind in ("bool", "int32", "int64", "float16", "float32", "float64")}
    return [
        (scalar, "numpy._core.multiarray.scalar"),
        (scalar, "numpy.core.multiarray.scalar"),
        np.dtype,
        *kinds,
        (_Ignored, "cebra.data.datatypes.Offset"),
        (str, "torch.torch_version.TorchVersion"),
    ]
