"""The unified encoder as a scikit-learn estimator."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from napari_unison.encoder.config import NOTEBOOK_MASKS, EncoderConfig
from napari_unison.encoder.device_memory import device_for_training, require_memory
from napari_unison.encoder.devices import device_text
from napari_unison.encoder.embed import PartnerBank, embed_aligned, embed_label_free
from napari_unison.encoder.embedding import Embedding, Partners
from napari_unison.encoder.given_sessions import checked_sessions, number_in_training
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.looks import Looks
from napari_unison.encoder.new_session import (
    ITERATIONS,
    InputTrainer,
    check_new_session,
    with_new_session,
)
from napari_unison.encoder.overlap import label_overlap, warn_of_gaps, warn_of_other_meanings
from napari_unison.encoder.progress import ProgressBar, ProgressCallback, TrainingControl
from napari_unison.encoder.training import Trainer, TrainingState
from napari_unison.sessions import Session, SessionError

if TYPE_CHECKING:
    from typing import Self

Array = np.ndarray[Any, np.dtype[Any]]


class UnifiedEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One contrastive encoder for many sessions, matched by their labels.

    After Benquet, Mirzaei, Schneider & Mathis, "Unified CEBRA encoders for integrating neural recordings via
    behavioral alignment". The parameters are those of
    :class:`~napari_unison.encoder.config.EncoderConfig`, which documents and validates them; the defaults are
    the preset ``notebook``.

    Attributes
    ----------
    config_ : EncoderConfig
        The validated parameters.
    training_sessions_ : list of Session
        The sessions it was fitted on; partners come from them.
    history_ : dict of str to array (n_iter_,)
        "loss" (nats), "goodness_of_fit" (bits), "seconds" (s) after each training step.
    n_iter_ : int
        Training steps done.
    was_stopped_ : bool
        Whether training was stopped before ``max_iterations``.
    added_sessions_ : dict of str to int
        Training sessions that joined by :meth:`add_session`, and the steps that their input weights took.
    origin_ : str
        Where an encoder comes from that was not trained here, in words; else empty.
    seed_ : int
        The seed that was used, drawn where ``random_state`` is None.
    device_ : str
        Where the network is.

    Examples
    --------
    >>> from napari_unison import UnifiedEncoder, sample_sessions
    >>> encoder = UnifiedEncoder(max_iterations=100, random_state=0)
    >>> embedding = encoder.fit(sample_sessions("linear-track")).embed()  # doctest: +SKIP
    """

    config_: EncoderConfig
    training_sessions_: list[Session]
    session_names_: tuple[str, ...]
    seed_: int
    history_: dict[str, Array]
    n_iter_: int
    was_stopped_: bool
    added_sessions_: dict[str, int]
    origin_: str
    device_: str
    _space: LabelSpace
    _state: TrainingState

    def __init__(
        self,
        model_architecture: str = "offset10-model",
        batch_size: int = 2048,
        output_dimension: int = 32,
        time_offsets: int = 10,
        learning_rate: float = 3e-4,
        num_hidden_units: int = 32,
        temperature: float = 1.0,
        temperature_mode: str = "constant",
        min_temperature: float | None = None,
        distance: str = "cosine",
        max_iterations: int = 5000,
        conditional: str = "time_delta",
        masks: Mapping[str, Any] | None = NOTEBOOK_MASKS,
        label_scaling: str = "none",
        positives: str = "independent",
        max_label_distance: float | None = None,
        sessions_per_step: int | None = None,
        device: str = "auto",
        random_state: int | None = None,
        verbose: bool = True,
    ) -> None:
        self.model_architecture = model_architecture
        self.batch_size = batch_size
        self.output_dimension = output_dimension
        self.time_offsets = time_offsets
        self.learning_rate = learning_rate
        self.num_hidden_units = num_hidden_units
        self.temperature = temperature
        self.temperature_mode = temperature_mode
        self.min_temperature = min_temperature
        self.distance = distance
        self.max_iterations = max_iterations
        self.conditional = conditional
        self.masks = masks
        self.label_scaling = label_scaling
        self.positives = positives
        self.max_label_distance = max_label_distance
        self.sessions_per_step = sessions_per_step
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_config(cls, config: EncoderConfig) -> Self:
        """Return an encoder, not yet fitted, with the parameters of a configuration."""
        return cls(**{name: getattr(config, name) for name in EncoderConfig.model_fields})

    def fit(
        self,
        sessions: Sequence[Session],
        y: None = None,  # noqa: ARG002 - part of scikit-learn's interface
        *,
        on_progress: ProgressCallback | None = None,
        control: TrainingControl | None = None,
        looks: Looks | None = None,
    ) -> Self:
        """Train on sessions.

        Parameters
        ----------
        sessions : sequence of Session
            At least one; all carry the same labels, each its own neurons.
        y : None
            Not used; the labels are in the sessions.
        on_progress : callable, optional
            Called with a :class:`~napari_unison.encoder.Progress` at most ten times a second.
        control : TrainingControl, optional
            Pauses or stops the training; a stop leaves a usable encoder with ``was_stopped_`` set.
        looks : Looks, optional
            Shows what the encoder has learned so far, at most once a second.

        Returns
        -------
        UnifiedEncoder
            Itself, fitted.

        Raises
        ------
        ConfigurationError
            If a parameter is not valid, or the device that was asked for has not enough memory.
        SessionError
            If the sessions do not go together or offer nothing to train on.
        TrainingError
            If the loss is no longer finite, or the device has not enough memory after all.
        """
        config = EncoderConfig.from_parameters(self.get_params(deep=False))
        sessions = checked_sessions(sessions)
        seed = config.random_state
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        space = LabelSpace(sessions, config.label_scaling)
        space.warn_if_one_label_outweighs()
        warn_of_other_meanings(sessions)
        if config.max_label_distance is None:
            warn_of_gaps(label_overlap(sessions, config.label_scaling))
        neurons = [session.n_neurons for session in sessions]
        state = TrainingState.new(config, neurons, seed, device_for_training(config, sessions))
        trainer = Trainer(config, sessions, space, state)
        if looks is not None:
            on_progress = looks.between_steps(config, sessions, space, seed, state, on_progress)
        stopped = _run(trainer, config.max_iterations, on_progress, control)
        self._keep(config, sessions, space, seed, state, stopped)
        return self

    def resume(
        self,
        iterations: int | None = None,
        *,
        on_progress: ProgressCallback | None = None,
        control: TrainingControl | None = None,
        looks: Looks | None = None,
    ) -> Self:
        """Go on training on the same sessions, as if it had not been interrupted.

        Parameters
        ----------
        iterations : int, optional
            Steps to add; those that a stop left out unless given.
        on_progress, control, looks
            As in :meth:`fit`.

        Returns
        -------
        UnifiedEncoder
            Itself.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        ConfigurationError
            If the device has not enough memory now.
        ValueError
            If there is nothing left to do and ``iterations`` is not given.
        """
        self._check_fitted()
        left = self.config_.max_iterations - self.n_iter_ if iterations is None else iterations
        if iterations is None and left < 1:
            raise ValueError(
                f"all {self.n_iter_} iterations are done: say how many to add, such as resume(1000)"
            )
        if left != int(left) or left < 1:
            raise ValueError(f"iterations is {iterations}: give a whole number of steps to add, at least 1")
        config, sessions = self.config_, self.training_sessions_
        require_memory(config, sessions, next(self._state.network.parameters()).device)
        state = copy.deepcopy(self._state)
        trainer = Trainer(config, sessions, self._space, state)
        if looks is not None:
            on_progress = looks.between_steps(config, sessions, self._space, self.seed_, state, on_progress)
        stopped = _run(trainer, left, on_progress, control)
        added, origin = self.added_sessions_, self.origin_
        self._keep(config, sessions, self._space, self.seed_, state, stopped, added, origin)
        return self

    def add_session(
        self,
        session: Session,
        *,
        iterations: int = ITERATIONS,
        on_progress: ProgressCallback | None = None,
        control: TrainingControl | None = None,
    ) -> Self:
        """Return an encoder that knows one more session; this one stays as it is.

        Only the new session's input weights are learned, from its labelled bins; all other weights are this
        encoder's. The new session then is a training session like the others: it is embedded aligned and
        label-free, gives partners, is saved, and takes part where training is resumed. Labels that are scaled
        are scaled anew over all sessions.

        Parameters
        ----------
        session : Session
            Carries the labels and the bin width of the training sessions, and a name of its own.
        iterations : int
            Steps to learn for.
        on_progress, control
            As in :meth:`fit`; a stop leaves an encoder with the weights learned so far.

        Returns
        -------
        UnifiedEncoder
            A new one, fitted, whose ``added_sessions_`` tells of the session.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        SessionError
            If the name is taken, labels or bin width differ, or the session offers nothing to learn from.
        TrainingError
            If the loss is no longer finite.
        ValueError
            If ``iterations`` is not a whole number of at least 1.
        """
        self._check_fitted()
        if iterations != int(iterations) or iterations < 1:
            raise ValueError(f"iterations is {iterations}: give a whole number of steps, at least 1")
        if isinstance(session, Session) and session.name in self.session_names_:
            raise SessionError(
                f"the encoder knows a session called {session.name!r} already: give the new one another name "
                f"(session.replace(name=...)), or embed it as that session"
            )
        sessions = checked_sessions([*self.training_sessions_, session])
        check_new_session(self.config_, self.training_sessions_, self._space, session)
        warn_of_other_meanings(sessions, about=session.name)
        space = LabelSpace(sessions, self.config_.label_scaling)
        trainer = InputTrainer(self.config_, sessions, space, self._state, self.seed_, iterations)
        _run(trainer, iterations, on_progress, control)
        state = with_new_session(self.config_, self._state, trainer.input_weights)
        added = {**self.added_sessions_, session.name: len(trainer.state.history.loss)}
        encoder = type(self).from_config(self.config_)
        stopped = self.was_stopped_
        encoder._keep(self.config_, sessions, space, self.seed_, state, stopped, added, self.origin_)
        return encoder

    def embed(
        self,
        sessions: Sequence[Session] | Session | None = None,
        align: bool = True,
        partners: Literal["training", "given"] = "training",
        silence_own: bool = False,
    ) -> Embedding:
        """Embed sessions.

        Parameters
        ----------
        sessions : sequence of Session, optional
            Any of the training sessions' names, with the same neurons; the training sessions unless given.
        align : bool
            Fill the other sessions' neurons in from the bins whose labels are nearest (for looking; what is
            decoded from it is circular). Otherwise label-free: only the session's own neurons.
        partners : {"training", "given"}
            Whether partners are bins of the training sessions or of the sessions handed in. Training sessions
            that are not handed in are then silent, and the embedding says so.
        silence_own : bool
            Set the session's own neurons to zero: the control of an aligned embedding.

        Returns
        -------
        Embedding
            Latents, one row a time bin, whatever the session's length.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        SessionError
            If a name is unknown, a width differs, or labels do not fit those of training.
        ValueError
            If ``partners`` is not one of the two, or ``silence_own`` is asked of a label-free embedding.
        """
        self._check_fitted()
        if partners not in ("training", "given"):
            raise ValueError(f"partners is {partners!r}: choose 'training' or 'given'")
        given = self.training_sessions_ if sessions is None else checked_sessions(sessions)
        numbers = [self._number_of(session) for session in given]
        if align:
            return self._embed_aligned(given, numbers, partners, silence_own)
        if silence_own:
            raise ValueError(
                "a label-free embedding of silent neurons holds nothing: silence_own needs align=True"
            )
        values, residual = embed_label_free(self._state.network, given, numbers)
        return Embedding(
            values=tuple(values),
            sessions=tuple(given),
            kind="label-free",
            partners="none",
            residual=tuple(residual),
            partner_names=self.session_names_,
            residual_unit=self._space.unit,
            silenced=tuple(name for number, name in enumerate(self.session_names_) if number not in numbers),
        )

    def transform(self, sessions: Sequence[Session] | Session, align: bool = False) -> list[Array]:
        """Return latents of sessions; label-free unless asked otherwise.

        Parameters
        ----------
        sessions : sequence of Session
            Any of the training sessions' names, with the same neurons.
        align : bool
            As in :meth:`embed`.

        Returns
        -------
        list of array (T_s, D) of float32
            One a session.

        Raises
        ------
        NotFittedError, SessionError
            As in :meth:`embed`.
        """
        return list(self.embed(sessions, align=align).values)

    def save(
        self,
        folder: str | Path,
        *,
        embedding: Embedding | None = None,
        held_out: Sequence[Session] = (),
        overwrite: bool = False,
    ) -> Path:
        """Save to a folder ``NAME.unison``, without pickle; see :func:`~napari_unison.encoder.save_run`."""
        from napari_unison.encoder.runs import Run, save_run

        return save_run(Run(self, embedding, tuple(held_out)), folder, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> UnifiedEncoder:
        """Load from a folder onto the configured device; see :func:`~napari_unison.encoder.load_run`."""
        from napari_unison.encoder.runs import load_run

        return load_run(folder).encoder

    @classmethod
    def from_cebra(
        cls,
        checkpoint: str | Path,
        sessions: Sequence[Session] | Session,
        *,
        trained_on: Mapping[str, int] | None = None,
        **parameters: Any,
    ) -> Self:
        """Return a fitted encoder with the weights of a CEBRA checkpoint; nothing in the file is run.

        Parameters
        ----------
        checkpoint : path
            What ``UnifiedSolver.save`` wrote.
        sessions : sequence of Session
            The sessions that it was trained on (that part of them), in the same order.
        trained_on : mapping of str to int, optional
            Names and neurons of all sessions that it was trained on, where only some are at hand.
        **parameters
            Parameters of the encoder that the checkpoint does not tell, such as ``batch_size``, ``masks`` or
            ``time_offsets``; those of the preset ``notebook`` unless given.

        Returns
        -------
        UnifiedEncoder
            Embeds, is saved and goes on with training like any other. ``origin_`` tells where it comes from.

        Raises
        ------
        CheckpointError
            If the file is no such checkpoint, is damaged, or asks for anything to be run.
        SessionError
            If the sessions are not those of the checkpoint.
        ConfigurationError
            If a parameter contradicts the checkpoint, or is out of its range.
        """
        from napari_unison.encoder.cebra_checkpoint import import_checkpoint, read_checkpoint

        told = read_checkpoint(checkpoint)
        found = import_checkpoint(told, sessions, trained_on=trained_on, parameters=parameters)
        encoder = cls.from_config(found.config)
        space = LabelSpace(found.sessions, found.config.label_scaling)
        n_done = len(found.state.history.loss)
        stopped = 0 < n_done < found.config.max_iterations
        encoder._keep(
            found.config, found.sessions, space, found.seed, found.state, stopped, origin=found.origin
        )
        return encoder

    def to_cebra(self, file: str | Path, *, overwrite: bool = False) -> Path:
        """Write a checkpoint that CEBRA's ``UnifiedSolver`` loads; see ``docs/cebra.md``.

        Parameters
        ----------
        file : path
            ``.pt`` by custom.
        overwrite : bool
            Replace a file that stands there.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        CheckpointError
            If a file stands there and is not to be replaced.
        """
        from napari_unison.encoder.cebra_checkpoint import write_checkpoint

        self._check_fitted()
        return write_checkpoint(self, file, overwrite=overwrite)

    @property
    def temperature_(self) -> float:
        """The temperature after training."""
        self._check_fitted()
        return self._state.criterion.temperature

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this UnifiedEncoder is not fitted yet: call fit(sessions) first")

    def _keep(
        self,
        config: EncoderConfig,
        sessions: Sequence[Session],
        space: LabelSpace,
        seed: int,
        state: TrainingState,
        stopped: bool,
        added: Mapping[str, int] = MappingProxyType({}),
        origin: str = "",
    ) -> None:
        """Take over the result of a training, all at once."""
        self.__dict__.update(
            config_=config,
            training_sessions_=list(sessions),
            session_names_=tuple(session.name for session in sessions),
            seed_=seed,
            history_=state.history.as_arrays(),
            n_iter_=len(state.history.loss),
            was_stopped_=stopped,
            added_sessions_=dict(added),
            origin_=origin,
            device_=str(next(state.network.parameters()).device),
            _space=space,
            _state=state,
        )

    def _number_of(self, session: Session) -> int:
        return number_in_training(session, self.training_sessions_)

    def _embed_aligned(
        self, given: Sequence[Session], numbers: Sequence[int], partners: Partners, silence_own: bool
    ) -> Embedding:
        bank: list[Session | None] = list(self.training_sessions_)
        if partners == "given":
            by_number = dict(zip(numbers, given, strict=True))
            bank = [by_number.get(number) for number in range(len(self.session_names_))]
        values, residual = embed_aligned(
            self._state.network,
            given,
            numbers,
            PartnerBank(bank, self._space, self.config_.max_label_distance, self.seed_),
            silence_own=silence_own,
        )
        return Embedding(
            values=tuple(values),
            sessions=tuple(given),
            kind="aligned",
            partners=partners,
            residual=tuple(residual),
            partner_names=self.session_names_,
            residual_unit=self._space.unit,
            control="silenced" if silence_own else None,
            silenced=tuple(
                name for name, other in zip(self.session_names_, bank, strict=True) if other is None
            ),
        )


def _run(
    trainer: Trainer, iterations: int, on_progress: ProgressCallback | None, control: TrainingControl | None
) -> bool:
    """Train, with a progress bar where nobody else listens; return whether it was stopped."""
    if on_progress is not None or not trainer.config.verbose:
        return trainer.run(iterations, on_progress, control)
    device = next(trainer.state.network.parameters()).device
    with ProgressBar(len(trainer.state.history.loss), device_text(device)) as bar:
        return trainer.run(iterations, bar, control)
