"""Training in the background: a new run, or one that goes on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_unison.encoder import EncoderConfig
from napari_unison.sessions import Session
from napari_unison.workspace.background import BackgroundWork
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.garbage import without_collections
from napari_unison.workspace.jobs import DROPPED, TRAINING, Job
from napari_unison.workspace.runs import StudyRun, embed_run

if TYPE_CHECKING:
    from napari_unison.encoder import Look, Looks, Progress, UnifiedEncoder

TRAIN_FIRST = "there is no run yet: train an encoder or open a saved run first"
#: Steps that are added to a run which has done all of its own.
MORE_STEPS = 1000


class Trainings(BackgroundWork):
    """The part of a workspace that trains encoders, and tells what they have learned so far."""

    _so_far: Look | None = None
    _follows_training = True

    @property
    def so_far(self) -> Look | None:
        """What the encoder that is being trained has learned so far; None while none is trained."""
        return self._so_far

    @so_far.setter
    def so_far(self, look: Look | None) -> None:
        if look is not self._so_far:
            self._so_far = look
            self.events.so_far.emit(look)

    @property
    def follows_training(self) -> bool:
        """Whether the embedding so far is computed and shown while an encoder is trained."""
        return self._follows_training

    @follows_training.setter
    def follows_training(self, follows: bool) -> None:
        if follows != self._follows_training:
            self._follows_training = follows
            self.events.follows_training.emit(follows)
            if not follows and self._so_far is not None:
                self.so_far = replace(self._so_far, embedding=None)

    def resume(self, iterations: int | None = None, *, run: StudyRun | str | None = None) -> Job:
        """Go on with the training of a run in the background, as if it had not been interrupted.

        The run stays as it is until the job ends, and where it fails. ``job.stop()`` keeps what was reached.

        Parameters
        ----------
        iterations : int, optional
            Steps to add; those that a stop left out unless given.
        run : StudyRun or str, optional
            Which run, or its name; the current one unless given.

        Returns
        -------
        Job
            Its result is the run, with more steps and a new embedding.

        Raises
        ------
        WorkspaceError
            If there is no such run, a training runs already, or nothing is left to do and ``iterations`` is
            not given.
        """
        chosen = self._run if run is None else run
        if isinstance(chosen, str):
            chosen = next((known for known in self.runs if known.name == run), None)
        if chosen is None or chosen not in list(self.runs):
            names = ", ".join(known.name for known in self.runs)
            raise WorkspaceError(f"there is no run {run!r}; the runs are {names}" if names else TRAIN_FIRST)
        return start_resuming(self, chosen, iterations)

    def tell_changed(self, run: StudyRun) -> None:
        """Tell that a run has another encoder and other embeddings than before."""
        self.events.runs.emit()
        if run is self._run:
            self._tell_run()


def start_training(
    workspace: Trainings,
    name: str,
    config: EncoderConfig,
    training: Sequence[Session],
    held_out: Sequence[Session],
) -> Job:
    """Start to train a new run in the background."""
    config = config.model_copy(update={"verbose": False})
    title = f"Training on {len(training)} sessions"

    def work(job: Job) -> StudyRun:
        from napari_unison.encoder import UnifiedEncoder

        run = StudyRun(name, UnifiedEncoder.from_config(config), tuple(held_out), trained_here=True)
        learn(job, workspace, run, lambda encoder, **how: encoder.fit(list(training), **how))
        return run

    def deliver(run: StudyRun) -> StudyRun:
        with workspace._jobs.apart(title):
            workspace.add_run(run)
        return run

    return _started(workspace, title, work, deliver)


def start_resuming(workspace: Trainings, run: StudyRun, iterations: int | None) -> Job:
    """Start to go on with the training of a run in the background.

    The run stays as it is until the job ends, and where it fails. Its scores are forgotten then: they were
    those of the encoder before.
    """
    need_no_training(workspace)
    if iterations is None:
        iterations = steps_left(run)
    if iterations < 1:
        done = f"{run.name} has done all of its {run.encoder.n_iter_} steps"
        raise WorkspaceError(f"{done}: say how many to add, such as resume({MORE_STEPS})")
    title = f"Going on with {run.name}"

    def work(job: Job) -> StudyRun:
        # the run keeps its encoder until the new one is there with its embedding
        further = StudyRun(run.name, copy.copy(run.encoder), run.held_out, trained_here=True)
        learn(job, workspace, further, lambda encoder, **how: encoder.resume(iterations, **how))
        return further

    def deliver(further: StudyRun) -> Any:
        if run not in list(workspace.runs):
            return DROPPED
        run.encoder, run.embeddings, run.latent_scores = (
            further.encoder,
            further.embeddings,
            further.latent_scores,
        )
        run.quick_scores, run.held_out_fit = None, run.held_out_fit + further.held_out_fit
        with workspace._jobs.apart(title):
            workspace.tell_changed(run)
        return run

    return _started(workspace, title, work, deliver)


def _started(
    workspace: Trainings, title: str, work: Callable[[Job], StudyRun], deliver: Callable[[StudyRun], Any]
) -> Job:
    """Start the job; however it ends, there is nothing to be seen of it as a training any more."""
    workspace.so_far = None
    job = workspace._start(TRAINING, title, work, deliver, subject=TRAINING)

    def forget() -> None:
        workspace.so_far = None

    job.events.finished.connect(forget)
    if not job.is_running:
        forget()
    return job


def need_no_training(workspace: Trainings) -> None:
    """Refuse a second training at a time."""
    if workspace._jobs.find(TRAINING) is not None:
        raise WorkspaceError("a training runs already: stop it first, or wait until it has ended")


def steps_left(run: StudyRun) -> int:
    """Return the steps that a stop has left out of a run; 0 where it has done all."""
    return max(run.encoder.config_.max_iterations - run.encoder.n_iter_, 0) if run.was_stopped else 0


def learn(job: Job, workspace: Trainings, run: StudyRun, train: Callable[..., UnifiedEncoder]) -> None:
    """Train a run's encoder, embed the training sessions with their labels, and choose the best latents.

    A stop keeps the encoder as it is and still embeds. Runs in the job's thread, without collections of
    garbage until the first step is done.
    """
    job.tell_phase(TRAINING)
    quiet = ExitStack()

    def tell(progress: Progress) -> None:
        quiet.close()
        job.tell_progress(progress)

    with quiet:
        quiet.enter_context(without_collections())
        train(run.encoder, on_progress=tell, control=job.control, looks=_looks(job, workspace, run))
    if not job.is_cancelled:
        embedding, scores = embed_run(job, run, align=True, partners="training")
        run.embeddings["aligned"], run.latent_scores["aligned"] = embedding, scores


def _looks(job: Job, workspace: Trainings, run: StudyRun) -> Looks:
    """Return looks that go to the workspace, where the workspace may be changed."""
    from napari_unison.encoder import Looks

    def show(look: Look) -> None:
        if job.is_running:
            workspace.so_far = look

    def tell(look: Look) -> None:
        if look.held_out_fit == look.held_out_fit:
            run.held_out_fit.append((look.iteration, look.held_out_fit))
        job.tell(partial(show, look))

    return Looks(tell, held_out=run.held_out, wants_embedding=lambda: workspace.follows_training)
