"""What is selected and which sets have a name, at one moment: what a step back returns to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.time_sets import TimeSet


@dataclass(frozen=True)
class SelectionState:
    """The selected time and the named sets; every change is another state.

    Attributes
    ----------
    current : TimeSet
        The selected time.
    sets : mapping of str to TimeSet
        The named sets, oldest first.
    """

    current: TimeSet = field(default_factory=TimeSet)
    sets: Mapping[str, TimeSet] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """The name of the set that is selected just as it was kept, or None."""
        return next((name for name, known in self.sets.items() if known == self.current), None)

    def set_named(self, name: str) -> TimeSet:
        """Return a named set; raise a WorkspaceError where there is none."""
        if name not in self.sets:
            names = ", ".join(self.sets) or "none yet"
            raise WorkspaceError(f"there is no set {name!r}; the sets are {names}")
        return self.sets[name]

    def selecting(self, current: TimeSet) -> SelectionState:
        """Return the state in which other time is selected."""
        return replace(self, current=current)

    def keeping(self, name: str, chosen: TimeSet) -> SelectionState:
        """Return the state with a set more; raise a WorkspaceError where it is empty or its name taken."""
        if not len(chosen):
            raise WorkspaceError("nothing is selected: mark time in Traces or points with the lasso first")
        return replace(self, sets={**self.sets, self._free(name): chosen})

    def renaming(self, name: str, new_name: str) -> SelectionState:
        """Return the state in which a set has another name, in its place."""
        self.set_named(name)
        if new_name.strip() == name:
            return self
        free = self._free(new_name)
        return replace(
            self, sets={free if known == name else known: held for known, held in self.sets.items()}
        )

    def removing(self, name: str) -> SelectionState:
        """Return the state without a set."""
        self.set_named(name)
        return replace(self, sets={known: held for known, held in self.sets.items() if known != name})

    def adopting(self, sets: Mapping[str, TimeSet]) -> SelectionState:
        """Return the state with other sets, too; those whose name is taken by another one get a number."""
        held = dict(self.sets)
        for name, found in sets.items():
            free, number = name, 1
            while free in held and held[free] != found:
                number += 1
                free = f"{name} ({number})"
            held[free] = found
        return replace(self, sets=held)

    def changed(self, change: Callable[[TimeSet], TimeSet]) -> SelectionState:
        """Return the state in which the selected time and all sets are changed alike."""
        sets = {name: change(held) for name, held in self.sets.items()}
        return SelectionState(change(self.current), sets)

    def suggested_name(self) -> str:
        """Return a name that is free: "set 1", or the next number after the last set's, "replay 4"."""
        names = list(self.sets)
        stem, number = "set", 1
        if names:
            words = names[-1].rsplit(maxsplit=1)
            if len(words) == 2 and words[1].isdigit():
                stem, number = words[0], int(words[1]) + 1
        while f"{stem} {number}" in names:
            number += 1
        return f"{stem} {number}"

    def _free(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise WorkspaceError("a set needs a name, such as 'replay 3'")
        if name in self.sets:
            raise WorkspaceError(f"there is a set {name!r} already: give another name, or remove it first")
        return name
