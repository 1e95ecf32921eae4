"""What a workspace leaves behind: itself as a folder, tables, figures, movies, and the script of it all."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from napari_unison.encoder import EncoderConfig
from napari_unison.workspace.companion import MovieLink, MovieLinks
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.journal import Journal
from napari_unison.workspace.script import call
from napari_unison.workspace.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_unison.display.camera_view import CameraView
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.job_list import JobList
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.keep import Contents
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import EmbeddingKind
    from napari_unison.workspace.time_ranges import TimeRanges

FilePath = str | os.PathLike[str]
FIGURE_ENDINGS = (".png", ".svg", ".pdf")
WORKSPACE_ENDING = ".unison-workspace"


class Keeping(Shown):
    """The part of a workspace that writes files, and reads a whole workspace again.

    Attributes
    ----------
    folder : Path or None
        Where the workspace was saved to or opened from.
    journal : Journal
        What was done so far.
    movies : MovieLinks
        Viewers with movies that follow the cursor.
    """

    _jobs: JobList
    config: EncoderConfig
    validation_share: float
    time_ranges: TimeRanges

    @abstractmethod
    def _start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        *,
        subject: Hashable = None,
    ) -> Job:
        """Start a job."""

    @abstractmethod
    def _need_run(self) -> StudyRun:
        """Return the current run, or say that there is none."""

    def _begin_keeping(self) -> None:
        self.folder: Path | None = None
        self._view: CameraView | None = None
        self.journal = Journal(self)  # type: ignore[arg-type]
        self.movies = MovieLinks(self)

    # -- the whole workspace ---------------------------------------------------------------------------

    @overload
    def save_workspace(
        self, folder: FilePath | None = None, *, overwrite: bool = False, background: Literal[False] = False
    ) -> Path: ...
    @overload
    def save_workspace(
        self, folder: FilePath | None = None, *, overwrite: bool = False, background: Literal[True]
    ) -> Job: ...
    def save_workspace(
        self, folder: FilePath | None = None, *, overwrite: bool = False, background: bool = False
    ) -> Path | Job:
        """Save everything: sessions, runs with their embeddings, scores and studies, selections, the view.

        Parameters
        ----------
        folder : path, optional
            Where to; its name gets the ending ``.unison-workspace``. The workspace's own :attr:`folder`
            unless given, which may always be written again.
        overwrite : bool
            Replace another workspace that stands there.
        background : bool
            Return at once and write in the background, as the widgets do.

        Returns
        -------
        Path or Job
            The folder that was written, or the job whose result it is.

        Raises
        ------
        WorkspaceError
            If another workspace stands there and is not to be replaced, or something else does.
        """
        from napari_unison.workspace.keep import Contents, check_place, with_ending, write_workspace

        if folder is None and self.folder is None:
            raise WorkspaceError("this workspace was not saved yet: say where to, save_workspace(folder)")
        target = with_ending(folder) if folder is not None else Path(str(self.folder))
        is_own = self.folder is not None and target.absolute() == self.folder.absolute()
        check_place(target, overwrite=overwrite or is_own)
        contents = Contents.of(self)  # type: ignore[arg-type]

        def deliver(written: Path) -> Path:
            self.folder = written.absolute()
            self.events.folder.emit(self.folder)
            return written

        def work(_: Job) -> Path:
            return write_workspace(contents, target)

        job = self._start("saving", f"Saving {target.name}", work, deliver)
        if background:
            return job
        written: Path = job.wait()
        return written

    def open_workspace(self, folder: FilePath, *, replace: bool = False, background: bool = False) -> Job:
        """Open what :meth:`save_workspace` wrote.

        Parameters
        ----------
        folder : path
            Ends in ``.unison-workspace``.
        replace : bool
            Take everything out of this workspace first; needed where it holds something.
        background : bool
            Return at once and read in the background, as the widgets do.

        Returns
        -------
        Job
            Its result is this workspace's folder.

        Raises
        ------
        WorkspaceError
            If this workspace holds something and is not to be replaced, a training runs, or the folder is no
            workspace, damaged or of a newer version. This workspace stays as it is then.
        """
        from napari_unison.workspace.keep import read_workspace

        place = Path(folder)
        self._need_room(place, replace)
        title = f"Opening {place.name}"

        def deliver(contents: Contents) -> Path:
            # It may have been filled meanwhile.
            self._need_room(place, replace)
            self._fill(contents, title)
            self.folder = place.absolute()
            self.journal.begin_with([call("ws.open_workspace", str(self.folder))], contents.runs)
            self.events.folder.emit(self.folder)
            return self.folder

        job = self._start("opening", title, lambda _: read_workspace(place), deliver)
        if not background:
            job.wait()
        return job

    def _need_room(self, place: Path, replace: bool) -> None:
        held = f"{len(self.sessions)} sessions and {len(self.runs)} runs"
        if (len(self.sessions) or len(self.runs)) and not replace:
            raise WorkspaceError(
                f"this workspace holds {held}: save it, then open {place.name} in a new window, or with "
                f"open_workspace(folder, replace=True), which takes them out"
            )
        if self._jobs.find("training") is not None:
            raise WorkspaceError(f"a training runs: stop it before {place.name} is opened")

    def _fill(self, contents: Contents, title: str) -> None:
        """Put what was read in place of what is here; listeners' errors are told and stop nothing."""

        def show() -> None:
            self.run = None if contents.run is None else self.runs[contents.run]

        def select() -> None:
            for name in list(self.selection.sets):
                self.selection.remove(name)
            self.selection.adopt(contents.sets)
            self.selection.choose(contents.selected)

        steps: list[Callable[[], Any]] = [
            self.runs.clear,
            lambda: setattr(self, "cursor", None),
            self.selection.clear,
            lambda: self.sessions.__setitem__(slice(None), contents.sessions),
            lambda: self.time_ranges.replace(contents.ranges),
            lambda: setattr(self, "config", contents.config),
            lambda: setattr(self, "validation_share", contents.share),
            lambda: self._set_display(contents),
            lambda: self.runs.extend(contents.runs),
            show,
            select,
            lambda: setattr(self, "cursor", contents.cursor),
            lambda: setattr(self, "view", contents.view),
        ]
        for step in steps:
            with self._jobs.apart(title):
                step()

    def _set_display(self, contents: Contents) -> None:
        self._display = contents.display
        self.events.display.emit(contents.display)

    # -- where it is looked at from --------------------------------------------------------------------

    @property
    def view(self) -> CameraView | None:
        """From where the embedding is looked at; None until it was looked at."""
        return self._view

    @view.setter
    def view(self, view: CameraView | None) -> None:
        if view != self._view:
            self._view = view
            self.events.view.emit(view)

    # -- tables, figures, movies -----------------------------------------------------------------------

    def export(
        self,
        file: FilePath,
        *,
        kind: EmbeddingKind | None = None,
        selected: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Write the current run's embedding as a table: session, time, labels, latents, named sets.

        Parameters
        ----------
        file : path
            ``.csv``, ``.npz`` or ``.parquet`` (needs pyarrow).
        kind : {"aligned", "label-free"}, optional
            Which embedding, computed where it is missing; the one that is shown unless given.
        selected : bool
            Write the selected bins only.
        overwrite : bool
            Replace a file that stands there.

        Returns
        -------
        Path
            The file; it appears complete or not at all.

        Raises
        ------
        WorkspaceError
            If there is no run, nothing is selected, or a file stands there.
        ExportError
            If the ending is another one, or what it needs is not installed.
        """
        from napari_unison.display.export import check_table_file, write_export

        target = _free_file(file, overwrite)
        check_table_file(target)
        self._need_run()
        wanted = kind or self.display.kind
        embedding = self._embedding_of(wanted)
        only = [self.selection.bins(session) for session in embedding.sessions] if selected else None
        if only is not None and not any(marked.any() for marked in only):
            raise WorkspaceError("nothing of the embedded time is selected: mark time or points first")
        sets = {
            name: [held.bins(session) for session in embedding.sessions]
            for name, held in self.selection.sets.items()
        }
        written = write_export(embedding, target, sets=sets, only=only)
        words = {"kind": wanted} | ({"selected": True} if selected else {}) | {"overwrite": True}
        self.journal.note_output(call("ws.export", str(target.absolute()), **words), selects=selected)
        return written

    def _embedding_of(self, kind: EmbeddingKind) -> Embedding:
        run = self._need_run()
        found = run.embedding(kind)
        return self.embed(align=kind == "aligned").wait() if found is None else found

    def figure(self, *, dpi: int = 300) -> Figure:
        """Return the current view as a matplotlib figure, on white: from the same side as on the canvas.

        Raises
        ------
        WorkspaceError
            If there is no run.
        """
        from napari_unison.display.figures.view import view_figure
        from napari_unison.workspace.pictures import page_of

        layers, title = page_of(self._need_run(), self._embedding_of(self.display.kind), self.display)
        return view_figure(layers, self.view, title, dpi=dpi)

    def save_figure(self, file: FilePath, *, dpi: int = 300, overwrite: bool = False) -> Path:
        """Write the current view as a figure, on white: from the same side as on the canvas.

        Parameters
        ----------
        file : path
            ``.png``, ``.svg`` or ``.pdf``; in the latter two text and legend stay sharp at any size.
        dpi : int
            Points of the image an inch.
        overwrite : bool
            Replace a file that stands there.

        Raises
        ------
        WorkspaceError
            If there is no run, a file stands there, or the ending is another one.
        """
        target = _free_file(file, overwrite)
        if target.suffix.lower() not in FIGURE_ENDINGS:
            raise WorkspaceError(f"{target.name}: the name of a figure ends in {', '.join(FIGURE_ENDINGS)}")
        figure = self.figure(dpi=dpi)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.stem}.part{target.suffix.lower()}")
        try:
            figure.savefig(fresh, dpi=dpi)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        words = {"overwrite": True} if dpi == 300 else {"dpi": dpi, "overwrite": True}
        self.journal.note_output(call("ws.save_figure", str(target.absolute()), **words), shows=True)
        return target

    def save_movie(
        self,
        file: FilePath,
        *,
        seconds: float = 8.0,
        frames_per_second: float = 25.0,
        turns: float = 1.0,
        overwrite: bool = False,
    ) -> Job:
        """Make a movie that walks around the current view, in the background.

        Parameters
        ----------
        file : path
            ``.mp4`` (needs imageio-ffmpeg) or ``.gif``.
        seconds : float
            How long it is.
        frames_per_second : float
            How smooth.
        turns : float
            How often around; negative for the other way.
        overwrite : bool
            Replace a file that stands there.

        Returns
        -------
        Job
            Its result is the file. ``job.stop()`` leaves none.

        Raises
        ------
        WorkspaceError
            If there is no run, a file stands there, or the length makes no sense.
        MovieError
            If the ending is another one, or what it needs is not installed.
        """
        from napari_unison.display.movies import check_movie_file
        from napari_unison.workspace.movies import start_movie

        target = _free_file(file, overwrite)
        check_movie_file(target)
        return start_movie(self, target, seconds=seconds, frames_per_second=frames_per_second, turns=turns)

    # -- what was done ---------------------------------------------------------------------------------

    def script(self) -> str:
        """Return the Python that repeats what was done, by clicks or by calls.

        Sessions that were made in Python are looked for in files beside the script, which
        :meth:`save_script` writes, too.
        """
        return self.journal.script()

    def save_script(self, file: FilePath, *, overwrite: bool = False) -> Path:
        """Write the Python that repeats what was done, and beside it the sessions that come from no file.

        Raises
        ------
        WorkspaceError
            If a file stands there and is not to be replaced.
        """
        target = Path(file)
        if target.suffix != ".py":
            target = target.with_name(f"{target.name}.py")
        target = _free_file(target, overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = self.journal.script(target.stem)
        self.journal.write_sessions(target.parent, target.stem)
        target.write_text(text, encoding="utf-8")
        return target

    # -- companion viewers -----------------------------------------------------------------------------

    def link_movie(
        self,
        viewer: Any,
        *,
        frame_rate: float,
        offset: float = 0.0,
        session: str | None = None,
        axis: int = 0,
    ) -> MovieLink:
        """Let the slider of another viewer, with a movie, and the time cursor follow each other.

        Parameters
        ----------
        viewer : napari.Viewer
            Holds the movie, in two dimensions with a slider.
        frame_rate : float
            Frames a second.
        offset : float
            Time of the first frame in the session (s).
        session : str, optional
            The session that was filmed; that of the cursor, or the only one, unless given.
        axis : int
            The axis of the viewer that counts frames.

        Returns
        -------
        MovieLink
            ``link.unlink()`` ends it, as does closing either viewer.

        Raises
        ------
        WorkspaceError
            If the viewer has no such slider, a number makes no sense, or the session is not known.
        """
        return self.movies.link(viewer, frame_rate=frame_rate, offset=offset, session=session, axis=axis)

    def unlink_movie(self, viewer: Any = None) -> None:
        """Let a movie and the cursor go their own ways; all movies unless a viewer is given."""
        self.movies.unlink(viewer)


def _free_file(file: FilePath, overwrite: bool) -> Path:
    target = Path(file)
    if target.is_dir():
        raise WorkspaceError(f"{target} is a folder: give the name of a file")
    if target.exists() and not overwrite:
        raise WorkspaceError(f"{target} exists: choose another name, or replace it with overwrite=True")
    return target
