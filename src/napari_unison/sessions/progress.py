"""How long work on sessions tells how far it is, and how it hears that it is to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnProgress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and what is being done, in words."""


class Control(Protocol):
    """Tells whether long work is to end; a ``TrainingControl`` of the encoder does, and so does a job's."""

    @property
    def is_stopped(self) -> bool:
        """Whether the work is to end."""
