"""What happened to the list of sessions, as steps of a journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from napari_unison.workspace.script import call
from napari_unison.workspace.session_steps import edit_lines, order_lines
from napari_unison.workspace.steps import Step

if TYPE_CHECKING:
    from napari_unison.sessions import Session


class SessionNotes:
    """Compares the sessions that are there with those that were there before, and adds what was done.

    Parameters
    ----------
    steps : list of Step
        The journal's, to which steps are added; changes that are taken back leave it again.
    """

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._expected: list[tuple[str, list[Session]]] = []
        self._last: list[Session] = []

    def expect(self, line: str, sessions: Sequence[Session]) -> None:
        """Say which line of Python brings sessions that are about to be added."""
        if sessions:
            self._expected.append((line, list(sessions)))

    def expect_nothing(self) -> None:
        """Take back what was said of sessions that did not come."""
        self._expected = []

    def begin_with(self, sessions: list[Session]) -> None:
        """Take sessions as given: nobody asks how they came."""
        self._expected, self._last = [], sessions

    def note(self, after: list[Session], *, has_runs: bool) -> bool:
        """Note the sessions that are there now.

        Returns
        -------
        bool
            Whether this is a new beginning: the first sessions, where no run is left of what was done before.
            Its steps are gone then.
        """
        before, self._last = self._last, after
        if _is_same(before, after) or self._undo(_key(after)):
            return False
        is_beginning = not before and not has_runs
        if is_beginning:
            self._steps.clear()
        first = len(self._steps)
        self._note_difference(before, after)
        if len(self._steps) > first:
            self._steps[first].before = _key(before)
        return is_beginning

    def _note_difference(self, before: list[Session], after: list[Session]) -> None:
        gone = [session for session in before if not _has(after, session)]
        come = [session for session in after if not _has(before, session)]
        if len(gone) == len(come) and len(before) == len(after):
            lines = edit_lines(before, after)
            if lines is not None:
                self._steps.append(Step(lines))
                return
        here = [session for session in before if _has(after, session)]
        if gone:
            self._note_removed([session.name for session in gone])
        if come:
            self._note_added(come)
        lines = order_lines([*here, *come], after)
        if lines:
            self._steps.append(Step(lines))

    def _note_removed(self, names: list[str]) -> None:
        last = self._steps[-1] if self._steps else None
        if last is not None and last.removed:
            last.removed += names
            last.lines = [call("ws.remove", last.removed)]
        else:
            line = call("ws.remove", names[0] if len(names) == 1 else names)
            self._steps.append(Step([line], removed=names))

    def _note_added(self, come: list[Session]) -> None:
        for line, sessions in self._expected:
            found = [session for session in come if _has(sessions, session)]
            if not found:
                continue
            come = [session for session in come if not _has(found, session)]
            names = [session.name for session in found]
            last = self._steps[-1] if self._steps else None
            if last is not None and last.lines == [line]:
                last.names += names
            else:
                self._steps.append(Step([line], names=names))
        self._expected = []
        if come:
            self._steps.append(Step([], sessions=come, names=[session.name for session in come]))

    def _undo(self, wanted: tuple[Any, ...]) -> bool:
        """Forget the last changes of sessions if what was before them is here again."""
        if not wanted:
            # Nothing is open: whatever was may come back by a step back.
            return False
        for number in reversed(range(len(self._steps))):
            step = self._steps[number]
            if not step.is_edit:
                return False
            if step.before == wanted:
                del self._steps[number:]
                return True
        return False


def _has(sessions: Iterable[Session], wanted: Session) -> bool:
    return any(session is wanted for session in sessions)


def _is_same(first: Sequence[Session], second: Sequence[Session]) -> bool:
    return len(first) == len(second) and all(one is two for one, two in zip(first, second, strict=True))


def _key(sessions: Sequence[Session]) -> tuple[Any, ...]:
    """Return what tells a list of sessions from others, without keeping the sessions."""
    return tuple(
        (id(session), id(session.neural), session.name, session.n_bins, tuple(session.weights.items()))
        for session in sessions
    )
