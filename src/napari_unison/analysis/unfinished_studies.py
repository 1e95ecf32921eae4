"""What tells that a decoding study was begun and not ended, and with which options, so that it can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.analysis.study_options import DecodingStudyError, StudyOptions
from napari_unison.analysis.time_context import TimeContext
from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    from napari_unison.analysis.progress import OnProgress


@dataclass(frozen=True)
class UnfinishedStudy:
    """A study whose fits are partly there.

    Attributes
    ----------
    options : StudyOptions
        What was asked for: the same again goes on from there.
    share : float
        How much of it was done, 0 to 1.
    """

    options: StudyOptions
    share: float

    def __str__(self) -> str:
        name = "Quick study" if self.options.is_quick else "Full study"
        return f"{name}, stopped at {self.share:.0%}"


def unfinished_study(cache: str | Path, *, quick: bool) -> UnfinishedStudy | None:
    """Return the study that was begun last with a folder of fits, if it did not come to its end.

    Parameters
    ----------
    cache : path
        Where the fits of studies are kept.
    quick : bool
        Whether the quick one is asked for, or the full one.
    """
    try:
        facts = json.loads(_file(Path(cache), quick=quick).read_text(encoding="utf-8"))
        return UnfinishedStudy(options_of(facts["options"]), float(facts["share"]))
    except (OSError, ValueError, KeyError, TypeError, DecodingStudyError):
        # nothing, or nothing that this version can go on with: a study is started as ever
        return None


class StudyMark:
    """Stands in the folder of the fits as long as a study is not complete, with how far it is.

    Parameters
    ----------
    cache : Path or None
        Where the fits are kept; nothing is written without one.
    options : StudyOptions
        What is run.
    """

    def __init__(self, cache: Path | None, options: StudyOptions) -> None:
        self._cache = cache
        self._options = options
        self._share = -1.0

    def told_to(self, on_progress: OnProgress | None) -> OnProgress | None:
        """Return what is told of the progress, which passes it on."""
        if self._cache is None:
            return on_progress

        def tell(share: float, what: str) -> None:
            self._write(share)
            if on_progress is not None:
                on_progress(share, what)

        return tell

    def take_away(self) -> None:
        """Say that the study is complete; what was noted of another one stays."""
        if self._cache is None:
            return
        noted = unfinished_study(self._cache, quick=self._options.is_quick)
        if noted is not None and noted.options == self._options:
            _file(self._cache, quick=self._options.is_quick).unlink(missing_ok=True)

    def _write(self, share: float) -> None:
        if self._cache is None or share == self._share:
            return
        is_first, self._share = self._share < 0, share
        facts = {"options": asdict(self._options), "share": share}
        file = _file(self._cache, quick=self._options.is_quick)
        # The folder may be being replaced, or full: the study counts for more than this note about it.
        with suppress(OSError):
            if is_first:
                file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as fresh:
                fresh.write_text(json.dumps(facts), encoding="utf-8")


def options_of(facts: Mapping[str, Any]) -> StudyOptions:
    """Return the options that ``asdict`` has taken apart and JSON has kept."""
    options = {name: tupled(value) for name, value in facts.items()}
    context = options.get("context")
    # studies of before do not say it: their decoders saw the bin alone
    known = None if context is None else {name: tupled(value) for name, value in context.items()}
    options["context"] = None if known is None else TimeContext(**known)
    return StudyOptions(**options)


def tupled(value: Any) -> Any:
    """Return a tuple for what JSON keeps as a list, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def _file(cache: Path, *, quick: bool) -> Path:
    return cache / ("unfinished-quick.json" if quick else "unfinished.json")
