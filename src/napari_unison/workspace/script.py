"""The text of a script: settings where they differ from those before, long calls on several lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.display.camera_view import CameraView
from napari_unison.encoder import PRESETS, EncoderConfig
from napari_unison.workspace.settings import DisplaySettings

if TYPE_CHECKING:
    from napari_unison.sessions.importing import FileMapping
    from napari_unison.workspace.state import Workspace
    from napari_unison.workspace.time_ranges import TimeRange
    from napari_unison.workspace.time_sets import TimeSet

LINE_LENGTH = 100
DEFAULT_SHARE = 0.2
#: What brings a name that a script uses; looked for as words in its lines.
IMPORTS = {
    "math": "import math",
    "Path": "from pathlib import Path",
    "TimeContext": "from napari_unison.analysis import TimeContext",
    "CameraView": "from napari_unison.display.camera_view import CameraView",
    "PRESETS": "from napari_unison.encoder import PRESETS",
    "segment_laps": "from napari_unison.sessions import segment_laps",
    "segment_stretches": "from napari_unison.sessions import segment_stretches",
    "Workspace": "from napari_unison.workspace import Workspace",
    "TimeSet": "from napari_unison.workspace.time_sets import TimeSet",
    "score_run": "from napari_unison.workspace.scoring import score_run",
}


@dataclass(frozen=True)
class Settings:
    """What is set in a workspace at one moment."""

    config: EncoderConfig
    share: float
    ranges: Mapping[str, TimeRange]
    display: DisplaySettings
    view: CameraView | None
    sets: Mapping[str, TimeSet]

    @classmethod
    def of(cls, workspace: Workspace) -> Settings:
        """Return what is set now."""
        return cls(
            workspace.config,
            workspace.validation_share,
            dict(workspace.time_ranges),
            workspace.display,
            workspace.view,
            dict(workspace.selection.sets),
        )

    @classmethod
    def usual(cls) -> Settings:
        """Return what is set in a new workspace."""
        return cls(EncoderConfig(), DEFAULT_SHARE, {}, DisplaySettings.model_validate({}), None, {})

    def with_seed(self, seed: int) -> Settings:
        """Return the settings with the seed that was drawn."""
        return replace(self, config=self.config.model_copy(update={"random_state": seed}))

    def with_steps(self, steps: int) -> Settings:
        """Return the settings with as many training steps as were made."""
        return replace(self, config=self.config.model_copy(update={"max_iterations": steps}))


class Script:
    """Lines of Python, and what they have set so far.

    Parameters
    ----------
    base : Settings, optional
        What the first lines bring; that of a new workspace unless given.
    """

    def __init__(self, base: Settings | None = None) -> None:
        self._lines: list[str] = []
        self._base = base
        self._set = Settings.usual()
        self._run: int | None = None
        self._embedded: set[int] = set()

    def add(
        self,
        lines: Sequence[str],
        run: int | None,
        makes: tuple[int, ...],
        settings: Settings | None,
        *,
        shows: bool,
    ) -> None:
        """Add what was done, after what has to be set for it."""
        if run is not None:
            self._choose(run)
        if settings is not None:
            if makes:
                self._set_training(settings)
            else:
                self._set_sets(settings)
            if shows:
                self._set_display(settings)
        self._lines += lines
        if makes:
            self._run = makes[-1]
        if run is not None and any("align=False" in line for line in lines):
            self._embedded.add(run)
        if self._base is not None:
            self._set, self._base = self._base, None
            self._embedded.update(makes)

    def end(self, run: int | None, settings: Settings) -> None:
        """Add what is set and shown at the end."""
        if run is not None:
            self._choose(run)
            self._set_display(replace(settings, view=self._set.view))
        self._set_training(settings)
        self._set_sets(settings)

    def text(self) -> str:
        """Return the script."""
        body = "\n".join(["ws = Workspace()", *self._lines])
        if "here /" in body:
            body = "here = Path(__file__).parent\n" + body
        needed = [line for word, line in IMPORTS.items() if re.search(rf"\b{word}\b", body)]
        standard = [line for line in needed if "napari_unison" not in line]
        own = [line for line in needed if "napari_unison" in line]
        blocks = ["\n".join(block) for block in (standard, own) if block]
        head = f'"""What was done in napari-unison {version("napari-unison")}, to be done again."""'
        return "\n\n".join([head, *blocks, body]) + "\n"

    def _choose(self, run: int) -> None:
        if run != self._run:
            self._lines.append(f"ws.run = run_{run}")
            self._run = run

    def _set_training(self, wanted: Settings) -> None:
        now = self._set
        if any(name not in wanted.ranges for name in now.ranges):
            self._lines.append(f"ws.time_ranges.replace({dict(wanted.ranges)!r})")
        else:
            self._lines += [
                f"ws.time_ranges[{name!r}] = {span!r}"
                for name, span in wanted.ranges.items()
                if now.ranges.get(name) != span
            ]
        if wanted.share != now.share:
            self._lines.append(f"ws.validation_share = {wanted.share!r}")
        self._lines += config_lines(now.config, wanted.config)
        self._set = replace(now, config=wanted.config, share=wanted.share, ranges=wanted.ranges)

    def _set_sets(self, wanted: Settings) -> None:
        for name, held in self._set.sets.items():
            if wanted.sets.get(name) != held:
                self._lines.append(f"ws.selection.remove({name!r})")
        for name, held in wanted.sets.items():
            if self._set.sets.get(name) != held:
                self._lines.append(f"ws.selection.keep({name!r}, {held!r})")
        self._set = replace(self._set, sets=wanted.sets)

    def _set_display(self, wanted: Settings) -> None:
        changes = _changes(self._set.display, wanted.display)
        if wanted.display.kind == "label-free" and self._run is not None and self._run not in self._embedded:
            self._lines.append("ws.embed(align=False).wait()")
            self._embedded.add(self._run)
        if changes:
            self._lines.append(call("ws.show", **changes))
        if wanted.view is not None and wanted.view != self._set.view:
            self._lines.append(f"ws.view = {call('CameraView', **wanted.view.model_dump())}")
        self._set = replace(self._set, display=wanted.display, view=wanted.view)


def config_lines(now: EncoderConfig, wanted: EncoderConfig) -> list[str]:
    """Write the lines that make one configuration of another, by a preset where that is shorter."""
    ways = [("", _changes(now, wanted))]
    ways += [(f"ws.config = PRESETS[{name!r}]", _changes(preset, wanted)) for name, preset in PRESETS.items()]
    first, changes = min(ways, key=lambda way: len(way[1]) + bool(way[0]))
    return [line for line in (first, call("ws.configure", **changes) if changes else "") if line]


def _changes(now: Any, wanted: Any) -> dict[str, Any]:
    before, after = now.model_dump(), wanted.model_dump()
    return {name: value for name, value in after.items() if value != before[name]}


def call(function: str, *arguments: Any, **keywords: Any) -> str:
    """Write a call, on several lines if it is long."""
    words = [repr(value) for value in arguments] + [f"{name}={value!r}" for name, value in keywords.items()]
    line = f"{function}({', '.join(words)})"
    if len(line) <= LINE_LENGTH:
        return line
    words = [literal(value, indent=4) for value in arguments]
    words += [literal(value, f"{name}=", indent=4) for name, value in keywords.items()]
    return "\n".join([f"{function}(", *(f"    {word}," for word in words), ")"])


def literal(value: Any, before: str = "", *, indent: int = 0) -> str:
    """Write a value after what stands before it; a dictionary on several lines if it is long.

    Parameters
    ----------
    value : object
        Of types whose ``repr`` is Python.
    before : str
        What stands before it in its line, such as a name.
    indent : int
        Columns before that, and before the last of several lines.
    """
    text = before + repr(value)
    # a comma follows
    if not isinstance(value, dict) or indent + len(text) < LINE_LENGTH:
        return text
    inner = " " * (indent + 4)
    lines = [f"{inner}{literal(held, f'{key!r}: ', indent=indent + 4)}," for key, held in value.items()]
    return "\n".join([before + "{", *lines, " " * indent + "}"])


def sessions_file(stem: str, number: int) -> str:
    """Return the name of a file of sessions beside a script."""
    return f"{stem}-sessions-{number}.npz"


def loading_script(paths: Sequence[Path], mapping: FileMapping) -> str:
    """Return the Python that loads files by a mapping."""
    places = [str(path.absolute()) for path in paths]
    line = call("load_sessions", places[0] if len(places) == 1 else places, mapping=mapping.to_fields())
    return f"from napari_unison import load_sessions\n\nsessions = {line}\n"
