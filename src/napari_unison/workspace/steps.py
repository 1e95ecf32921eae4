"""One thing that was done in a workspace, as the Python that does it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.workspace.script import Settings


@dataclass
class Step:
    """One thing that was done.

    Attributes
    ----------
    lines : list of str
        The Python that does it.
    run : int or None
        Number of the run that has to be the current one.
    makes : tuple of int
        Numbers of the runs that it brings.
    settings : Settings or None
        What has to be set before.
    sessions : list of Session
        Sessions that it brings and that come from no file: they are written beside the script.
    is_output : bool
        Whether it left a file outside of the workspace.
    shows : bool
        Whether what is shown counts for it.
    names : list of str
        Sessions that it brings, by name.
    removed : list of str
        Sessions that it takes out, by name.
    before : tuple or None
        What tells the sessions that were there before.
    """

    lines: list[str]
    run: int | None = None
    makes: tuple[int, ...] = ()
    settings: Settings | None = None
    sessions: list[Session] = field(default_factory=list)
    is_output: bool = False
    shows: bool = False
    names: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    before: tuple[Any, ...] | None = None

    @property
    def is_edit(self) -> bool:
        """Whether it does nothing but change sessions."""
        return self.run is None and not self.makes and not self.is_output and self.settings is None
