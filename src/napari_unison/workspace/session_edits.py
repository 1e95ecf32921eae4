"""What a person does to the sessions of a workspace: every change is made in all of them, or in none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from napari_unison.sessions import LabelKind, Session, SessionError, segment_laps, segment_stretches
from napari_unison.workspace.events import WorkspaceError, WorkspaceEvents
from napari_unison.workspace.label_edits import with_label_kind, with_swapped_categories
from napari_unison.workspace.session_history import SessionHistory
from napari_unison.workspace.session_list import SessionList
from napari_unison.workspace.time_ranges import TimeRanges


class SessionEdits:
    """The part of a workspace that changes its sessions; ``session_history`` takes each change back.

    Attributes
    ----------
    sessions : SessionList
        The sessions, an evented list; they always have the same labels.
    time_ranges : TimeRanges
        For sessions of which the next training uses a part, start and stop (s) by name.
    session_history : SessionHistory
        ``undo()`` and ``redo()`` of everything that changes the two.
    """

    events: WorkspaceEvents
    sessions: SessionList
    time_ranges: TimeRanges
    session_history: SessionHistory

    @property
    def used_sessions(self) -> list[Session]:
        """The sessions in the part of time that the next training uses, see :attr:`time_ranges`."""
        return self.time_ranges.used()

    def remove(self, names: str | Iterable[str]) -> None:
        """Take sessions out of the workspace; runs that were trained with them stay."""
        wanted = {names} if isinstance(names, str) else set(names)
        with self._step():
            for index in reversed(range(len(self.sessions))):
                if self.sessions[index].name in wanted:
                    del self.sessions[index]

    def rename_session(self, name: str, new_name: str) -> None:
        """Give a session another name; runs that were trained with it keep the old one.

        Raises
        ------
        WorkspaceError
            If there is no such session.
        SessionError
            If the new name is empty or taken; nothing is changed then.
        """
        index, new_name = self._index(name), new_name.strip()
        if new_name == name:
            return
        if any(session.name == new_name for session in self.sessions):
            raise SessionError(f"another session is named {new_name!r} already: choose another name")
        renamed = self.sessions[index].replace(name=new_name)
        used = self.time_ranges.get(name)
        with self._step(f"rename {name} to {new_name}"):
            self.sessions[index] = renamed
            if used is not None:
                self.time_ranges[new_name] = used

    def move_session(self, name: str, index: int) -> None:
        """Move a session to another place in the order, counted from 0.

        The order is that of tables, legends and colours, and of the sessions in a run.
        """
        before = self._index(name)
        after = min(max(index, 0), len(self.sessions) - 1)
        if after != before:
            with self._step(f"move {name}"):
                # psygnal inserts before the place that is named
                self.sessions.move(before, after + (after > before))

    def segment_laps(self, label: str | None = None) -> str:
        """Make a segment of each run of one category in every session; return the label that divides.

        Parameters
        ----------
        label : str, optional
            A discrete label; "direction", else the first discrete one, unless given.

        Raises
        ------
        WorkspaceError
            If there is no such label.
        """
        label = label or self._first_discrete()
        self._change(f"laps by {label}", lambda session: segment_laps(session, label))
        return label

    def segment_stretches(self, seconds: float = 60.0) -> None:
        """Divide the time of every session into segments of equal length; borders that are there stay.

        Parameters
        ----------
        seconds : float
            Length of a segment, s.

        Raises
        ------
        SessionError
            If it is shorter than the bins of a session; nothing is changed then.
        """
        divided = [segment_stretches(session, seconds) for session in self.sessions]
        pairs = zip(self.sessions, divided, strict=True)
        if any(len(one.segment_slices()) != len(two.segment_slices()) for one, two in pairs):
            with self._step(f"segments of {seconds:g} s"):
                self.sessions[:] = divided

    def set_label_kind(self, label: str, kind: LabelKind, *, period: float | None = None) -> None:
        """Change the kind of a label in all sessions.

        Parameters
        ----------
        label : str
            Its name.
        kind : {"continuous", "circular", "discrete"}
            What it becomes.
        period : float, optional
            For a circular label, how much is one turn, in the label's present unit: its values become
            radians. Without it they are radians already.

        Raises
        ------
        WorkspaceError
            If there is no such label, or it is in another unit than radians and no period is given.
        SessionError
            If the values of a session cannot be of this kind; nothing is changed then.
        """
        self._need_label(label)
        if period is None and all(session.kinds[label] == kind for session in self.sessions):
            return
        self._change(f"{label} {kind}", lambda session: with_label_kind(session, label, kind, period))

    def set_label_weight(self, label: str, weight: float) -> None:
        """Change in all sessions how much a label counts where partners are matched.

        Raises
        ------
        WorkspaceError
            If there is no such label.
        SessionError
            If the weight is not a positive number; nothing is changed then.
        """
        self._need_label(label)
        if any(session.weights[label] != weight for session in self.sessions):
            self._change(
                f"weight of {label}",
                lambda session: session.replace(weights={**session.weights, label: weight}),
            )

    def swap_categories(self, names: str | Iterable[str], label: str = "direction") -> None:
        """Exchange the two categories of a label, such as left and right, in some sessions.

        Parameters
        ----------
        names : str or iterable of str
            The sessions, such as those in which "right" runs the other way.
        label : str
            A discrete label of two categories.

        Raises
        ------
        WorkspaceError
            If there is no such session or label, or it has not two categories; nothing is changed then.
        """
        self._need_label(label)
        wanted = [names] if isinstance(names, str) else list(names)
        changed = list(self.sessions)
        for index in map(self._index, wanted):
            changed[index] = with_swapped_categories(changed[index], label)
        with self._step(f"swap {label} in {', '.join(wanted)}"):
            self.sessions[:] = changed

    # -- how ---------------------------------------------------------------------------------------------

    def _change(self, title: str, change: Callable[[Session], Session]) -> None:
        """Change all sessions at once: labels that differ between sessions are refused."""
        changed = [change(session) for session in self.sessions]
        with self._step(title):
            self.sessions[:] = changed

    def _step(self, title: str = "") -> AbstractContextManager[None]:
        return self.session_history.step(title)

    def _index(self, name: str) -> int:
        names = [session.name for session in self.sessions]
        if name not in names:
            known = ", ".join(map(repr, names)) or "none yet"
            raise WorkspaceError(f"there is no session {name!r}; the sessions are {known}")
        return names.index(name)

    def _need_label(self, label: str) -> None:
        known = list(self.sessions[0].labels) if len(self.sessions) else []
        if label not in known:
            names = ", ".join(map(repr, known)) or "none: open sessions first"
            raise WorkspaceError(f"there is no label {label!r}; the labels are {names}")

    def _first_discrete(self) -> str:
        kinds = self.sessions[0].kinds if len(self.sessions) else {}
        discrete = [name for name, kind in kinds.items() if kind == "discrete"]
        if not discrete:
            raise WorkspaceError("laps end where a discrete label changes, and there is none")
        return "direction" if "direction" in discrete else discrete[0]
