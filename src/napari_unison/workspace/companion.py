"""Companion viewers: a movie of behaviour or calcium whose slider and the time cursor follow each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari_unison.workspace.events import WorkspaceError

if TYPE_CHECKING:
    from napari_unison.workspace.shown import Shown


class MovieLink:
    """One viewer whose slider follows the cursor of a workspace, and drives it.

    Frame ``i`` is shown from ``offset + i / frame_rate`` on, in the time of the session. A cursor before the
    first frame shows the first one, one after the last frame the last. A cursor in another session leaves
    the movie as it is.

    Attributes
    ----------
    session : str
        The session that was filmed.
    frame_rate : float
        Frames a second.
    offset : float
        Time of the first frame in the session (s).
    axis : int
        The slider that counts frames.
    """

    def __init__(
        self,
        workspace: Shown,
        viewer: Any,
        *,
        session: str,
        frame_rate: float,
        offset: float,
        axis: int,
        on_unlinked: Callable[[MovieLink], None],
    ) -> None:
        self.session, self.frame_rate, self.offset, self.axis = session, frame_rate, offset, axis
        self._workspace = workspace
        # a viewer without a window is never closed, it is forgotten
        self._viewer = ref(viewer, lambda _: self.unlink())
        self._on_unlinked: Callable[[MovieLink], None] | None = on_unlinked
        self._is_following = False
        workspace.events.cursor.connect(self.follow)
        viewer.dims.events.current_step.connect(self._drive)
        self.follow(workspace.cursor)

    def __repr__(self) -> str:
        state = "" if self.is_linked else ", unlinked"
        return f"<MovieLink of {self.session}: {self.frame_rate:g} frames/s from {self.offset:g} s{state}>"

    @property
    def viewer(self) -> Any:
        """The viewer with the movie; None once it is gone."""
        return self._viewer()

    @property
    def is_linked(self) -> bool:
        """Whether movie and cursor still follow each other."""
        return self._on_unlinked is not None

    def frame_at(self, time: float) -> int:
        """Return the frame that is shown at a time (s); may lie outside of the movie."""
        # A time that is the very beginning of a frame shows it, whatever the rounding.
        return math.floor((time - self.offset) * self.frame_rate + 1e-6)

    def time_of(self, frame: int) -> float:
        """Return when a frame begins (s)."""
        return self.offset + frame / self.frame_rate

    def follow(self, cursor: tuple[str, float] | None) -> None:
        """Show the frame at the cursor."""
        viewer = self.viewer
        if cursor is None or cursor[0] != self.session or viewer is None or self._is_following:
            return
        if not _has_slider(viewer, self.axis):
            return
        frames = viewer.dims.nsteps[self.axis]
        frame = min(max(self.frame_at(cursor[1]), 0), frames - 1)
        if viewer.dims.current_step[self.axis] != frame:
            # What the slider tells now is what the cursor has just told it.
            self._is_following = True
            try:
                viewer.dims.set_current_step(self.axis, frame)
            finally:
                self._is_following = False

    def _drive(self, event: Any = None) -> None:  # noqa: ARG002 - napari hands an event
        viewer = self.viewer
        if viewer is None or self._is_following or not _has_slider(viewer, self.axis):
            return
        frame = int(viewer.dims.current_step[self.axis])
        cursor = self._workspace.cursor
        if cursor is not None and cursor[0] == self.session and self.frame_at(cursor[1]) == frame:
            # The cursor lies inside this frame: another axis of the viewer moved.
            return
        if not self._workspace.parts_of(self.session):
            self.unlink()
            return
        self._is_following = True
        try:
            self._workspace.cursor = (self.session, self.time_of(frame))
        finally:
            self._is_following = False

    def unlink(self) -> None:
        """Let movie and cursor go their own ways; a second time does nothing."""
        told, self._on_unlinked = self._on_unlinked, None
        if told is None:
            return
        self._workspace.events.cursor.disconnect(self.follow, missing_ok=True)
        viewer = self.viewer
        if viewer is not None:
            viewer.dims.events.current_step.disconnect(self._drive)
        told(self)


class MovieLinks:
    """The movies that are linked with a workspace.

    Parameters
    ----------
    workspace : Shown
        Whose cursor they follow.
    """

    def __init__(self, workspace: Shown) -> None:
        self._workspace = workspace
        self._links: list[MovieLink] = []

    def __iter__(self) -> Iterator[MovieLink]:
        """Iterate over the links, the oldest first."""
        return iter(list(self._links))

    def __len__(self) -> int:
        return len(self._links)

    def __repr__(self) -> str:
        return repr(self._links)

    def link(
        self,
        viewer: Any,
        *,
        frame_rate: float,
        offset: float = 0.0,
        session: str | None = None,
        axis: int = 0,
    ) -> MovieLink:
        """Link a viewer, see :meth:`Workspace.link_movie`; one that is linked already is linked anew."""
        viewer = getattr(viewer, "__wrapped__", viewer)
        if not (math.isfinite(frame_rate) and frame_rate > 0):
            raise WorkspaceError(f"the frame rate is {frame_rate}: give frames a second, above 0")
        if not math.isfinite(offset):
            raise WorkspaceError(f"the offset is {offset}: give the time of the first frame in seconds")
        if not _has_slider(viewer, axis):
            raise WorkspaceError(
                f"axis {axis} has no slider in that viewer: open the movie there first, frames along its "
                f"first axis, in two dimensions"
            )
        chosen = self._session(session)
        self.unlink(viewer)
        link = MovieLink(
            self._workspace,
            viewer,
            session=chosen,
            frame_rate=float(frame_rate),
            offset=float(offset),
            axis=axis,
            on_unlinked=self._forget,
        )
        if hasattr(viewer, "window"):
            _when_closed(viewer, ref(link))
        self._links.append(link)
        self._tell()
        return link

    def find(self, viewer: Any) -> MovieLink | None:
        """Return the link of a viewer, or None."""
        viewer = getattr(viewer, "__wrapped__", viewer)
        return next((link for link in self._links if link.viewer is viewer), None)

    def unlink(self, viewer: Any = None) -> None:
        """Unlink a viewer, or all of them."""
        viewer = getattr(viewer, "__wrapped__", viewer)
        for link in self:
            if viewer is None or link.viewer is viewer:
                link.unlink()

    def _forget(self, link: MovieLink) -> None:
        self._links = [known for known in self._links if known is not link]
        self._tell()

    def _tell(self) -> None:
        self._workspace.events.movies.emit(self)

    def _session(self, name: str | None) -> str:
        known = self._workspace.recording_names
        if name is None and self._workspace.cursor is not None:
            name = self._workspace.cursor[0]
        if name is None and len(known) == 1:
            name = known[0]
        if name in known:
            return name
        listed = ", ".join(map(repr, known)) or "none yet"
        if name is None and known:
            raise WorkspaceError(
                f"say which session was filmed, with session=… or by setting the cursor: there are {listed}"
            )
        if name is None:
            raise WorkspaceError("there are no sessions yet: open recordings or a sample first")
        raise WorkspaceError(f"there is no session {name!r}; the sessions are {listed}")


def _when_closed(viewer: Any, link: ref[MovieLink]) -> None:
    """Unlink when the viewer's window is closed; its window keeps neither link nor workspace alive."""
    from napari_unison._compat import on_viewer_closed

    def unlink() -> None:
        known = link()
        if known is not None:
            known.unlink()

    on_viewer_closed(viewer, unlink)


def _has_slider(viewer: Any, axis: int) -> bool:
    dims = viewer.dims
    return bool(0 <= axis < dims.ndim and dims.nsteps[axis] > 1 and axis not in dims.displayed)
