"""What a workspace leaves behind beside exports: figures, movies, and the script of all that was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.sessions.whole_files import whole_file
from napari_unison.workspace.companion import MovieLink, MovieLinks
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.exports import Exports, free_file
from napari_unison.workspace.journal import Journal
from napari_unison.workspace.renamed_sessions import RenamedSessions
from napari_unison.workspace.script import call
from napari_unison.workspace.whole_workspace import FilePath

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_unison.display.camera_view import CameraView
    from napari_unison.workspace.jobs import Job

FIGURE_ENDINGS = (".png", ".svg", ".pdf")


class Keeping(Exports):
    """The part of a workspace that writes figures, movies and scripts.

    Attributes
    ----------
    movies : MovieLinks
        Viewers with movies that follow the cursor.
    """

    def _begin_keeping(self) -> None:
        self.folder = None
        self._view: CameraView | None = None
        self.journal = Journal(self)  # type: ignore[arg-type]
        self.movies = MovieLinks(self)
        self._renames = RenamedSessions(self)

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

    # -- figures and movies ---------------------------------------------------------------------------

    def figure(self, *, dpi: int = 300) -> Figure:
        """Return the current view as a matplotlib figure, on white: from the same side as on the canvas.

        Raises
        ------
        WorkspaceError
            If there is no run.
        """
        from napari_unison.display.figures.view import view_figure
        from napari_unison.workspace.pages import page_of

        embedding = self._embedding_of(self.display.kind)
        page = page_of(
            self._need_run(),
            embedding,
            self.display,
            cursor=self.cursor,
            selected=[self.selection.bins(session) for session in embedding.sessions],
        )
        return view_figure(page.layers, self.view, page.title, dpi=dpi, marks=page.marks)

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
        target = free_file(file, overwrite)
        if target.suffix.lower() not in FIGURE_ENDINGS:
            raise WorkspaceError(f"{target.name}: the name of a figure ends in {', '.join(FIGURE_ENDINGS)}")
        figure = self.figure(dpi=dpi)
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as fresh:
            figure.savefig(fresh, dpi=dpi)
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

        target = free_file(file, overwrite)
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
        target = free_file(target, overwrite)
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
