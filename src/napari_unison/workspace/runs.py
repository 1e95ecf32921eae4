"""A run inside a workspace: a trained encoder, its embeddings and what was found in them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_unison.encoder import Embedding
from napari_unison.sessions import Session
from napari_unison.workspace.decoding import save_studies, saved_studies
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.selection_files import FILE, UNREADABLE_FILE, read_sets, write_sets
from napari_unison.workspace.study_fits import unfinished_studies
from napari_unison.workspace.time_sets import TimeSet

if TYPE_CHECKING:
    from napari_unison.analysis import DecodingStudy, LatentScores, QuickScores
    from napari_unison.analysis.unfinished_studies import UnfinishedStudy
    from napari_unison.encoder import UnifiedEncoder
    from napari_unison.workspace.decoding import StudyDepth
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.settings import EmbeddingKind

RUN_ENDING = ".unison"


@dataclass(eq=False, repr=False)
class StudyRun:
    """A trained encoder with everything that was computed from it so far.

    Attributes
    ----------
    name : str
        What the run is called in the workspace.
    encoder : UnifiedEncoder
        The fitted encoder.
    held_out : tuple of Session
        The end of each session, which the training did not see; empty if all of it was used.
    embeddings : dict
        The training sessions' embeddings: ``"aligned"``, ``"aligned, partners given"``, ``"label-free"``.
    latent_scores : dict
        For each of them, R² of every label and latent, chosen inside the embedding.
    quick_scores : QuickScores or None
        Scores on what was held out, once they were asked for.
    studies : dict
        Decoding studies with the run's configuration on all of its sessions: ``"quick"``, ``"full"``.
    unfinished : dict of UnfinishedStudy
        Studies that were stopped, or ended with their window, and can go on: ``"quick"``, ``"full"``.
    fits : Path or None
        Where the fits of its studies were kept last.
    sets : dict of TimeSet
        Named sets of time that came with the saved run; the workspace takes them over.
    folder : Path or None
        Where the run is saved.
    trained_here : bool
        Whether it was trained since the program began, so that its times are those of this machine.
    held_out_fit : list of (int, float)
        Iteration and goodness of fit (bits) on what was held out, as far as it was looked at while training.
    """

    name: str
    encoder: UnifiedEncoder
    held_out: tuple[Session, ...] = ()
    embeddings: dict[str, Embedding] = field(default_factory=dict)
    latent_scores: dict[str, LatentScores | None] = field(default_factory=dict)
    quick_scores: QuickScores | None = None
    studies: dict[str, DecodingStudy] = field(default_factory=dict)
    unfinished: dict[StudyDepth, UnfinishedStudy] = field(default_factory=dict)
    fits: Path | None = None
    sets: dict[str, TimeSet] = field(default_factory=dict)
    folder: Path | None = None
    trained_here: bool = False
    held_out_fit: list[tuple[int, float]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<StudyRun {self.description}>"

    @property
    def was_stopped(self) -> bool:
        """Whether the training was stopped before its last iteration."""
        return bool(getattr(self.encoder, "was_stopped_", False))

    @property
    def description(self) -> str:
        """Name, size and whether the training was stopped, in words."""
        sessions = len(self.encoder.training_sessions_)
        steps = f"{self.encoder.n_iter_} iterations" + (", stopped" if self.was_stopped else "")
        return f"{self.name} · {sessions} session{'s' * (sessions != 1)} · {steps}"

    def embedding(self, kind: EmbeddingKind) -> Embedding | None:
        """Return the training sessions' embedding of a kind, or None if it was not computed yet."""
        return self.embeddings.get(kind)

    def best_latents(self, kind: EmbeddingKind) -> tuple[int, ...]:
        """Return up to three latents (counted from 0): the best of each of the first labels, then the next.

        Without scores, which very short sessions do not allow, the first three.
        """
        embedding = self.embeddings[kind]
        scores = self.latent_scores.get(kind)
        wanted = min(3, embedding.n_latents)
        if scores is None:
            return tuple(range(wanted))
        chosen: list[int] = []
        labels = list(scores.r2)
        for label in [*labels, *labels * wanted][: max(wanted, len(labels))]:
            if len(chosen) == wanted:
                break
            values = scores.r2[label].copy()
            values[chosen] = np.nan
            if not np.all(np.isnan(values)):
                chosen.append(int(np.nanargmax(values)))
        rest = (latent for latent in range(embedding.n_latents) if latent not in chosen)
        return (*chosen, *(next(rest) for _ in range(wanted - len(chosen))))


def partners_key(align: bool, partners: str) -> str:
    """Return the name under which a run keeps an embedding."""
    if not align:
        return "label-free"
    return "aligned" if partners == "training" else f"aligned, partners {partners}"


def embed_run(
    job: Job, run: StudyRun, *, align: bool, partners: Literal["training", "given"]
) -> tuple[Embedding, LatentScores | None]:
    """Embed the training sessions of a run and choose the best latents inside that embedding."""
    job.tell_phase("embedding")
    embedding = run.encoder.embed(align=align, partners=partners)
    if job.is_cancelled:
        return embedding, None
    job.tell_phase("choosing the best latents")
    return embedding, score_inside(embedding)


def score_inside(embedding: Embedding) -> LatentScores | None:
    """Score the latents inside an embedding; None where its sessions are too short to be divided."""
    from napari_unison.analysis import choose_latents

    if min(len(values) for values in embedding.values) < 2:
        return None
    return choose_latents(embedding)


def open_run(folder: Path) -> StudyRun:
    """Read a saved run."""
    from napari_unison.encoder import load_run

    return study_run(load_run(folder), folder)


def study_run(saved: Any, folder: Path) -> StudyRun:
    """Make a workspace's run of what a folder holds."""
    # loaded here, since it brings all of the analysis
    from napari_unison.analysis.study_files import FITS

    run = StudyRun(folder.name.removesuffix(RUN_ENDING), saved.encoder, tuple(saved.held_out), folder=folder)
    if saved.embedding is not None:
        key = partners_key(saved.embedding.kind == "aligned", saved.embedding.partners)
        run.embeddings[key] = saved.embedding
        run.latent_scores[key] = score_inside(saved.embedding)
    run.studies.update(saved_studies(run, folder))
    run.fits = folder / FITS
    run.unfinished = unfinished_studies(run.fits)
    try:
        run.sets = read_sets(folder)
    except WorkspaceError as error:
        warnings.warn(f"{run.name} is open without its named selections. {error}", stacklevel=2)
    return run


def save_study_run(
    run: StudyRun, folder: Path, *, overwrite: bool = False, sets: Mapping[str, TimeSet] | None = None
) -> Path:
    """Write a run into a folder whose name ends in ``.unison``; its own folder may be written again.

    Named ``sets`` of time are written with it, those that came with it unless others are given.
    """
    from napari_unison.encoder import Run, save_run

    if folder.suffix != RUN_ENDING:
        folder = folder.with_name(folder.name + RUN_ENDING)
    saved = Run(run.encoder, run.embeddings.get("aligned"), run.held_out)
    held = dict(run.sets if sets is None else sets)
    damaged = _unreadable_sets(folder) if folder == run.folder else None

    def write_also(fresh: Path) -> None:
        write_sets(fresh, held)
        if damaged is not None:
            (fresh / UNREADABLE_FILE).write_bytes(damaged)

    if folder != run.folder:
        save_run(saved, folder, overwrite=overwrite, write_also=write_also)
    else:
        # loaded here, since it brings all of the analysis
        from napari_unison.analysis.study_files import study_kept

        with study_kept(folder):
            save_run(saved, folder, overwrite=True, write_also=write_also)
    save_studies(run, folder)
    return folder


def _unreadable_sets(folder: Path) -> bytes | None:
    """Return a saved run's selections that cannot be read, so that saving it again does not lose them."""
    try:
        read_sets(folder)
    except WorkspaceError:
        return (folder / FILE).read_bytes()
    kept = folder / UNREADABLE_FILE
    return kept.read_bytes() if kept.is_file() else None
