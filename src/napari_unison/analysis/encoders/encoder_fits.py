"""Trained encoders that several methods share, so that none of them is trained twice."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unison.analysis.protocol.results_version import code_version
from napari_unison.encoder.runs import RunError, is_run, load_run, session_checksum

if TYPE_CHECKING:
    from napari_unison.encoder import EncoderConfig, UnifiedEncoder
    from napari_unison.encoder.progress import ProgressCallback, TrainingControl
    from napari_unison.sessions import Session


class FitStoppedError(RuntimeError):
    """A training was stopped before its end, so that there is no encoder to decode with."""


class EncoderFits:
    """Encoders by configuration, training sessions and seed: trained when first asked for, then kept.

    Parameters
    ----------
    folder : path, optional
        Where fits are kept as ``.unison`` runs, so that work that was interrupted goes on from there; in
        memory only unless given.
    n_in_memory : int
        Encoders to keep in memory: those that were asked for last. Each holds its training sessions.
    on_progress : callable, optional
        Told how far each training is.
    control : TrainingControl, optional
        Pauses or stops trainings.

    Attributes
    ----------
    n_trained : int
        Encoders that were trained here, neither found in memory nor in the folder.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        n_in_memory: int = 4,
        on_progress: ProgressCallback | None = None,
        control: TrainingControl | None = None,
    ) -> None:
        if n_in_memory < 1:
            raise ValueError(f"n_in_memory is {n_in_memory}: keep at least the encoder that is in use")
        self._folder = None if folder is None else Path(folder)
        self._n_in_memory = n_in_memory
        self._on_progress = on_progress
        self._control = control
        self._kept: OrderedDict[str, UnifiedEncoder] = OrderedDict()
        # one training at a time: each uses all cores
        self._lock = threading.Lock()
        self.n_trained = 0

    def fitted(self, config: EncoderConfig, sessions: Sequence[Session], seed: int) -> UnifiedEncoder:
        """Return the encoder with this configuration, these training sessions and this seed.

        Parameters
        ----------
        config : EncoderConfig
            Its ``random_state`` gives way to ``seed``.
        sessions : sequence of Session
            Training sessions; their order counts.
        seed : int
            Seed of the training.

        Returns
        -------
        UnifiedEncoder
            Fitted; not to be changed, as others use it.

        Raises
        ------
        FitStoppedError
            If the training is stopped; nothing is kept then.
        ConfigurationError, SessionError, TrainingError
            As in :meth:`~napari_unison.encoder.UnifiedEncoder.fit`.
        """
        with self._lock:
            key = fit_key(config, sessions, seed)
            if key not in self._kept:
                self._kept[key] = self._from_folder(key) or self._trained(config, sessions, seed, key)
            self._kept.move_to_end(key)
            while len(self._kept) > self._n_in_memory:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _run_folder(self, key: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{key[:32]}.unison"

    def _from_folder(self, key: str) -> UnifiedEncoder | None:
        folder = self._run_folder(key)
        return load_run(folder).encoder if folder is not None and is_run(folder) else None

    def _trained(
        self, config: EncoderConfig, sessions: Sequence[Session], seed: int, key: str
    ) -> UnifiedEncoder:
        # torch is loaded with the first training, not with the first look at a method
        from napari_unison.encoder import UnifiedEncoder

        if self._control is not None and self._control.is_stopped:
            # a control that has stopped something is refused by another training
            raise FitStoppedError("the training was stopped before it began: start again to train it")
        encoder = UnifiedEncoder.from_config(config.model_copy(update={"random_state": seed}))
        encoder.fit(sessions, on_progress=self._on_progress, control=self._control)
        if encoder.was_stopped_:
            raise FitStoppedError(
                f"the training was stopped after {encoder.n_iter_} of {config.max_iterations} iterations: "
                f"there is no encoder to decode with; start again to train it"
            )
        self.n_trained += 1
        folder = self._run_folder(key)
        if folder is not None:
            _save(encoder, folder)
        return encoder


def _save(encoder: UnifiedEncoder, folder: Path) -> None:
    """Save an encoder, unless another process has trained and saved the same one meanwhile."""
    try:
        encoder.save(folder)
    except RunError:
        if not is_run(folder):
            raise


def config_text(config: EncoderConfig) -> str:
    """Write all parameters that decide a fit, in the order of their names, as JSON.

    The seed is left out, as it is given apart, and so is what only shows progress.
    """
    values = config.model_dump(mode="json", exclude={"random_state", "verbose"})
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def fit_key(config: EncoderConfig, sessions: Sequence[Session], seed: int) -> str:
    """Return a checksum of all that decides a fit, the version of the code among it."""
    facts = [code_version(), config_text(config), int(seed), *map(_training_facts, sessions)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _training_facts(session: Session) -> list[object]:
    """Return what training sees of a session, as JSON can hold it."""
    kinds, weights = dict(session.kinds), dict(session.weights)
    return [session.name, session.bin_width, kinds, weights, session_checksum(session)]
