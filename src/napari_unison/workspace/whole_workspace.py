"""A workspace as a folder: everything in it is saved, and read again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from napari_unison.encoder import EncoderConfig
from napari_unison.workspace.background import BackgroundWork
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.journal import Journal
from napari_unison.workspace.script import call

if TYPE_CHECKING:
    from napari_unison.display.camera_view import CameraView
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.keep import Contents
    from napari_unison.workspace.time_ranges import TimeRanges

FilePath = str | os.PathLike[str]
WORKSPACE_ENDING = ".unison-workspace"


class WholeWorkspace(BackgroundWork):
    """The part of a workspace that writes all of it to a folder, and reads such a folder.

    Attributes
    ----------
    folder : Path or None
        Where the workspace was saved to or opened from.
    journal : Journal
        What was done so far.
    """

    config: EncoderConfig
    validation_share: float
    time_ranges: TimeRanges
    folder: Path | None
    journal: Journal
    view: CameraView | None

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
