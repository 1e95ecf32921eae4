"""Saved runs: the folder ``NAME.unison``, readable without running anything that it holds.

Layout: ``config.toml``, ``encoder.safetensors``, ``optimizer.safetensors``, ``history.csv``, ``sessions.npz``
(the training sessions), ``held-out.npz``, ``embedding.npz``, ``run.json``. See ``docs/saved-run.md``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import tomllib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unison.encoder.whole_folders import whole_folder
from napari_unison.sessions import Session, read_sessions, write_sessions

if TYPE_CHECKING:
    import torch

    from napari_unison.encoder.config import EncoderConfig
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.encoder.training import TrainingState

FORMAT_VERSION = 1
SUFFIX = ".unison"
_REQUIRED = (
    "config.toml",
    "encoder.safetensors",
    "optimizer.safetensors",
    "history.csv",
    "sessions.npz",
)
_PACKAGES = ("napari-unison", "torch", "numpy", "scipy", "scikit-learn", "safetensors")


class RunError(ValueError):
    """A saved run cannot be read or written; the message names the folder and file and says what to do."""


@dataclass(frozen=True)
class Run:
    """What a run folder holds.

    Attributes
    ----------
    encoder : UnifiedEncoder
        Fitted.
    embedding : Embedding or None
        The embedding that was saved with it.
    held_out : tuple of Session
        Sessions that were kept out of training, for scores.
    """

    encoder: UnifiedEncoder
    embedding: Embedding | None = None
    held_out: tuple[Session, ...] = ()


def is_run(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a saved run; looks at names only."""
    path = Path(folder)
    return path.suffix == SUFFIX and (path / "run.json").is_file()


def save_run(
    run: Run,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    write_also: Callable[[Path], None] | None = None,
) -> Path:
    """Save a run; the folder appears complete or not at all.

    Parameters
    ----------
    run : Run
        Its encoder is fitted.
    folder : path
        Ends with ``.unison``; the suffix is added where it is missing.
    overwrite : bool
        Replace a run that stands there.
    write_also : callable, optional
        Called with the new folder before it is put in its place, to write further files into it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    RunError
        If a run stands there and is not to be replaced, or a file or folder that is no run.
    NotFittedError
        If the encoder was not fitted.
    """
    run.encoder._check_fitted()
    target = Path(folder)
    if target.suffix != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    if target.exists() and not is_run(target):
        raise RunError(f"{target} exists and is not a saved run: choose another name")
    if target.exists() and not overwrite:
        raise RunError(f"{target} is a run already: choose another name, or replace it with overwrite=True")
    with whole_folder(target) as fresh:
        _write(run, fresh)
        if write_also is not None:
            write_also(fresh)
    return target


def load_run(folder: str | os.PathLike[str]) -> Run:
    """Load a run.

    Parameters
    ----------
    folder : path
        Written by :func:`save_run`.

    Returns
    -------
    Run
        Encoder, embedding and held-out sessions; embedding and training go on exactly as before saving.

    Raises
    ------
    RunError
        If the folder is no run, is incomplete, or was written by a newer version.
    """
    path = Path(folder)
    if not (path / "run.json").is_file():
        raise RunError(f"{path} is not a saved run: there is no run.json in it")
    missing = [name for name in _REQUIRED if not (path / name).is_file()]
    if missing:
        raise RunError(f"{path} is incomplete: {', '.join(missing)} is missing; copy the run again")
    try:
        return _read(path)
    except RunError:
        raise
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RunError(f"{path} cannot be read: {error or type(error).__name__}") from error


def _write(run: Run, folder: Path) -> None:
    import tomli_w
    from safetensors.torch import save_file

    encoder = run.encoder
    state = encoder._state
    config = encoder.config_.model_dump(mode="json", exclude_none=True)
    (folder / "config.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
    save_file(_weights(state), folder / "encoder.safetensors")
    save_file(_flatten(state.optimizer), folder / "optimizer.safetensors")
    with open(folder / "history.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(encoder.history_)
        writer.writerows(zip(*(column.tolist() for column in encoder.history_.values()), strict=True))
    write_sessions(folder / "sessions.npz", encoder.training_sessions_)
    if run.held_out:
        write_sessions(folder / "held-out.npz", run.held_out)
    if run.embedding is not None:
        run.embedding.save(folder / "embedding.npz")
    (folder / "run.json").write_text(json.dumps(_facts(encoder), indent=2), encoding="utf-8")


def _read(folder: Path) -> Run:
    from napari_unison.encoder.config import EncoderConfig
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.estimator import UnifiedEncoder
    from napari_unison.encoder.label_space import LabelSpace
    from napari_unison.encoder.training import TrainingState

    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if facts["format_version"] > FORMAT_VERSION:
        raise RunError(
            f"{folder} has format {facts['format_version']}, this version reads up to {FORMAT_VERSION}: "
            f"update napari-unison"
        )
    parameters = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    # a parameter that is None has no entry in toml; a configuration without masks has an empty table
    config = EncoderConfig.from_parameters({"masks": {}} | parameters)
    sessions = read_sessions(folder / "sessions.npz")
    _check_sessions(sessions, facts["sessions"], folder)
    device = _device_of(config)
    state = TrainingState.new(config, [session.n_neurons for session in sessions], facts["seed"], device)
    _load_weights(state, _read_tensors(folder / "encoder.safetensors"), folder)
    state.optimizer = _unflatten(_read_tensors(folder / "optimizer.safetensors"), facts["optimizer"])
    _check_optimizer(state, folder)
    state.rng.bit_generator.state = facts["random_generator"]
    with open(folder / "history.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            state.history.append(float(row["loss"]), float(row["goodness_of_fit"]), float(row["seconds"]))
    if len(state.history.loss) != facts["iterations"]:
        raise RunError(
            f"{folder / 'history.csv'} has {len(state.history.loss)} steps, but run.json tells of "
            f"{facts['iterations']}: copy the run again"
        )
    encoder = UnifiedEncoder.from_config(config)
    space = LabelSpace(sessions, config.label_scaling)
    # runs that were written before sessions could be added, or encoders imported, do not tell of any
    added = facts.get("added_sessions", {})
    origin = facts.get("origin", "")
    encoder._keep(config, sessions, space, facts["seed"], state, facts["was_stopped"], added, origin)
    embedding = folder / "embedding.npz"
    held_out = folder / "held-out.npz"
    return Run(
        encoder,
        Embedding.load(embedding) if embedding.exists() else None,
        tuple(read_sessions(held_out)) if held_out.exists() else (),
    )


def _read_tensors(file: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except SafetensorError as error:
        raise RunError(f"{file} is damaged ({error}): copy the run again") from error


def _load_weights(state: TrainingState, weights: dict[str, Any], folder: Path) -> None:
    """Copy weights in, after comparing all names and shapes with those of the configuration."""
    expected = {name: tuple(value.shape) for name, value in _weights(state).items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if found != expected:
        differing = sorted(set(expected.items()) ^ set(found.items()))
        raise RunError(
            f"{folder / 'encoder.safetensors'} does not hold the network that config.toml and sessions.npz "
            f"describe ({differing[0][0]} differs): the files come from different runs; copy the run again"
        )
    for part, module in _parts(state).items():
        module.load_state_dict(
            {name.removeprefix(part): value for name, value in weights.items() if name.startswith(part)}
        )


def _device_of(config: EncoderConfig) -> torch.device:
    """Return the configured device, or the CPU with a warning where it is not here."""
    import torch

    from napari_unison.encoder.devices import choose_device

    try:
        return choose_device(config.device)
    except ValueError as error:
        warnings.warn(f"{error}. The run is loaded onto the CPU", UserWarning, stacklevel=4)
        return torch.device("cpu")


def _check_sessions(sessions: Sequence[Session], saved: Sequence[dict[str, Any]], folder: Path) -> None:
    """Compare the training sessions with their checksums."""
    changed = [
        session.name
        for session, facts in zip(sessions, saved, strict=True)
        if session_checksum(session) != facts["sha256"]
    ]
    if changed:
        raise RunError(
            f"{folder / 'sessions.npz'}: {', '.join(changed)} is not what the encoder was trained on "
            f"(another checksum): copy the run again"
        )


def _check_optimizer(state: TrainingState, folder: Path) -> None:
    """Compare the optimiser's memory of each parameter with that parameter's shape."""
    parameters = [*state.network.parameters(), *state.criterion.parameters()]
    entries = state.optimizer.get("state", {})
    fits = all(
        number < len(parameters) and value.shape in ((), parameters[number].shape)
        for number, entry in entries.items()
        for value in entry.values()
    )
    if not fits or len(entries) not in (0, len(parameters)):
        raise RunError(f"{folder / 'optimizer.safetensors'} belongs to another network: copy the run again")


def _facts(encoder: UnifiedEncoder) -> dict[str, Any]:
    state = encoder._state
    return {
        "format_version": FORMAT_VERSION,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in _PACKAGES}
        | {"python": platform.python_version()},
        "device": encoder.device_,
        "seed": encoder.seed_,
        "iterations": encoder.n_iter_,
        "was_stopped": encoder.was_stopped_,
        "added_sessions": encoder.added_sessions_,
        "origin": encoder.origin_,
        "temperature": state.criterion.temperature,
        "sessions": [
            {"name": s.name, "bins": s.n_bins, "neurons": s.n_neurons, "sha256": session_checksum(s)}
            for s in encoder.training_sessions_
        ],
        "optimizer": state.optimizer.get("param_groups", []),
        "random_generator": state.rng.bit_generator.state,
    }


def session_checksum(session: Session) -> str:
    """Return a checksum of a session's activity, times and labels."""
    digest = hashlib.sha256()
    neural = session.neural
    arrays: Sequence[Any] = (neural,)
    if not isinstance(neural, np.ndarray):
        arrays = (neural.data, neural.indices, neural.indptr)
    for array in (*arrays, session.time, session.segment, *session.labels.values()):
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _parts(state: TrainingState) -> dict[str, Any]:
    return {"network.": state.network, "loss.": state.criterion}


def _weights(state: TrainingState) -> dict[str, Any]:
    return {
        part + name: value.detach().cpu().contiguous()
        for part, module in _parts(state).items()
        for name, value in module.state_dict().items()
    }


def _flatten(optimizer: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, entries in optimizer.get("state", {}).items()
        for name, value in entries.items()
    }


def _unflatten(tensors: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    if not groups:
        return {}
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    return {"state": state, "param_groups": groups}
