"""Parts of long work that several processes take from one folder, and how long the rest will take."""

from __future__ import annotations

import fcntl
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

WAIT_SECONDS = 10.0
"""Between two looks at parts that another process has taken."""


@dataclass(frozen=True)
class Part:
    """A part of the work.

    Attributes
    ----------
    name : str
        Says what it is; processes take parts by name.
    kind : str
        Parts of one kind take about equally long a step.
    n_steps : int
        Fits in it.
    do : callable
        Does it, from what is kept on; is given a function to call with the share that is done and what runs.
    """

    name: str
    kind: str
    n_steps: int
    do: Callable[[Callable[[float, str], None]], None]


@contextmanager
def taken(folder: Path, name: str) -> Iterator[bool]:
    """Take a part, unless another process has it; it is free again when the process ends, however it does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}.taken").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@dataclass
class TimeLeft:
    """Expected time, from how long steps of each kind took here; steps that were kept already take none."""

    parts: Sequence[Part]
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, list[float]] = field(default_factory=dict)
    n_done: dict[str, int] = field(default_factory=dict)

    def of_part(self, part: Part) -> Callable[[float, str], None]:
        """Return what a part calls with its progress."""
        last = self.clock()

        def tell(share: float, what: str) -> None:
            nonlocal last
            now = self.clock()
            n_done = round(share * part.n_steps)
            n_new = n_done - self.n_done.get(part.name, 0)
            if n_new > 0:
                self.n_done[part.name] = n_done
                # what is read from the cache takes a moment and says nothing of fits to come
                if (now - last) / n_new > 0.2:
                    self.seconds.setdefault(part.kind, []).append((now - last) / n_new)
            last = now
            print(f"{part.name}: {share:4.0%}, {what}; {self.in_words()}", file=sys.stderr, flush=True)

        return tell

    def left(self) -> float | None:
        """Return seconds left for all parts, were this the only process; None before anything is known."""
        known = {kind: sum(values) / len(values) for kind, values in self.seconds.items()}
        if not known:
            return None
        usual = sum(known.values()) / len(known)
        return sum(
            (part.n_steps - self.n_done.get(part.name, 0)) * known.get(part.kind, usual)
            for part in self.parts
        )

    def in_words(self) -> str:
        """Say how long it will take."""
        left = self.left()
        if left is None:
            return "time left not known yet"
        return f"about {left / 3600:.1f} h left" if left > 5400 else f"about {left / 60:.0f} min left"


def do_all(parts: Sequence[Part], folder: Path) -> None:
    """Do all parts that no other process has taken; then wait for those, and do what they left."""
    left = TimeLeft(parts)
    pending = list(parts)
    while pending:
        before = len(pending)
        for part in list(pending):
            with taken(folder, part.name) as is_ours:
                if is_ours:
                    part.do(left.of_part(part))
                    pending.remove(part)
        if len(pending) == before:
            names = ", ".join(part.name for part in pending)
            print(f"waiting for another process: {names}", file=sys.stderr, flush=True)
            time.sleep(WAIT_SECONDS)
