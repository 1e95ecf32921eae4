"""A whole workspace in a folder ``NAME.unison-workspace``: sessions, runs, studies, selections, view.

Layout: ``workspace.json``, ``sessions.npz``, ``selections.json``, ``runs/01 NAME.unison`` and beside each run
``runs/01 NAME.embeddings``; ``script.py``, which repeats what was done. No pickle. See
``docs/saved-workspace.md``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_unison.display.camera_view import CameraView
from napari_unison.encoder import Embedding, EncoderConfig
from napari_unison.encoder.whole_folders import whole_folder
from napari_unison.sessions import Session, read_sessions, write_sessions
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.runs import StudyRun, open_run, save_study_run, score_inside
from napari_unison.workspace.selection_files import read_sets, write_sets
from napari_unison.workspace.settings import DisplaySettings
from napari_unison.workspace.time_sets import TimeSet
from napari_unison.workspace.whole_workspace import WORKSPACE_ENDING

if TYPE_CHECKING:
    from napari_unison.analysis import QuickScores
    from napari_unison.workspace.state import Workspace
    from napari_unison.workspace.time_ranges import TimeRange

ENDING = WORKSPACE_ENDING
FORMAT_VERSION = 1
FILE = "workspace.json"
SESSIONS = "sessions.npz"
SCRIPT = "script.py"
_LONGEST_NAME = 60


@dataclass
class Contents:
    """What a workspace folder holds.

    Attributes
    ----------
    sessions : list of Session
        The open sessions, in order.
    ranges : dict
        Start and stop (s) of those that are used in part.
    config, share
        What the next training takes.
    runs : list of StudyRun
        With all their embeddings, scores and studies.
    run : int or None
        Number of the current one, counted from 0.
    display, view
        What is shown, and from where.
    cursor : tuple or None
        Session and time (s).
    selected : TimeSet
        The selected time.
    sets : dict of TimeSet
        The named sets.
    script : str
        The Python that repeats what was done.
    """

    sessions: list[Session]
    ranges: dict[str, TimeRange]
    config: EncoderConfig
    share: float
    runs: list[StudyRun]
    run: int | None
    display: DisplaySettings
    view: CameraView | None
    cursor: tuple[str, float] | None
    selected: TimeSet
    sets: dict[str, TimeSet]
    script: str = field(default="", repr=False)

    @classmethod
    def of(cls, workspace: Workspace) -> Contents:
        """Take what is in a workspace now; what comes later does not change it."""
        runs = list(workspace.runs)
        return cls(
            list(workspace.sessions),
            dict(workspace.time_ranges),
            workspace.config,
            workspace.validation_share,
            [_copied(run) for run in runs],
            None if workspace.run is None else runs.index(workspace.run),
            workspace.display,
            workspace.view,
            workspace.cursor,
            workspace.selection.current,
            dict(workspace.selection.sets),
            workspace.script(),
        )


def _copied(run: StudyRun) -> StudyRun:
    return replace(
        run,
        embeddings=dict(run.embeddings),
        latent_scores=dict(run.latent_scores),
        studies=dict(run.studies),
        held_out_fit=list(run.held_out_fit),
        sets={},
    )


def is_workspace(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a saved workspace; looks at names only."""
    path = Path(folder)
    return path.suffix == ENDING and (path / FILE).is_file()


def with_ending(folder: str | os.PathLike[str]) -> Path:
    """Return the path with the ending ``.unison-workspace``."""
    path = Path(folder)
    return path if path.suffix == ENDING else path.with_name(path.name + ENDING)


def check_place(target: Path, *, overwrite: bool) -> None:
    """Refuse a place where something else stands.

    Raises
    ------
    WorkspaceError
        If a file or another folder is there, or a workspace that is not to be replaced.
    """
    if target.exists() and not is_workspace(target):
        raise WorkspaceError(f"{target} exists and is not a saved workspace: choose another name")
    if target.exists() and not overwrite:
        raise WorkspaceError(
            f"{target} is a saved workspace already: choose another name, or replace it with overwrite=True"
        )


def write_workspace(contents: Contents, target: Path) -> Path:
    """Write a workspace; the folder appears complete or not at all, and replaces what stands there."""
    with whole_folder(target) as fresh:
        if contents.sessions:
            write_sessions(fresh / SESSIONS, contents.sessions)
        write_sets(fresh, contents.sets)
        names = [f"{number:02d} {_plain(run.name)}" for number, run in enumerate(contents.runs, 1)]
        for name, run in zip(names, contents.runs, strict=True):
            _write_run(run, fresh / "runs" / name)
        (fresh / SCRIPT).write_text(contents.script, encoding="utf-8")
        facts = json.dumps(_facts(contents, names), indent=1, ensure_ascii=False)
        (fresh / FILE).write_text(facts, encoding="utf-8")
    return target


def _plain(name: str) -> str:
    """Return a name of a run as every file system takes it."""
    return re.sub(r"[^\w ()+-]+", "-", name).strip()[:_LONGEST_NAME] or "run"


def _write_run(run: StudyRun, place: Path) -> None:
    save_study_run(run, place.with_name(f"{place.name}.unison"), sets={})
    others = {key: embedding for key, embedding in run.embeddings.items() if key != "aligned"}
    folder = place.with_name(f"{place.name}.embeddings")
    if others:
        folder.mkdir()
    for key, embedding in others.items():
        embedding.save(folder / f"{key}.npz")


def _facts(contents: Contents, names: list[str]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "version": version("napari-unison"),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "sessions": [session.name for session in contents.sessions],
        "time_ranges_s": contents.ranges,
        "config": contents.config.model_dump(mode="json"),
        "validation_share": contents.share,
        "runs": [
            {
                "folder": name,
                "name": run.name,
                "saved_in": None if run.folder is None else str(run.folder.absolute()),
                "held_out_fit_bits": run.held_out_fit,
                "quick_scores": None if run.quick_scores is None else _scores_as_data(run.quick_scores),
            }
            for name, run in zip(names, contents.runs, strict=True)
        ],
        "run": contents.run,
        "display": contents.display.model_dump(mode="json"),
        "view": None if contents.view is None else contents.view.model_dump(mode="json"),
        "cursor": contents.cursor,
        "selected_s": {name: pairs.tolist() for name, pairs in contents.selected.ranges.items()},
    }


def read_workspace(folder: Path) -> Contents:
    """Read a workspace.

    Raises
    ------
    WorkspaceError
        If the folder is no workspace, is damaged, or was written by a newer version.
    RunError, SessionError
        If a run or the sessions in it cannot be read.
    """
    if not (folder / FILE).is_file():
        raise WorkspaceError(f"{folder} is not a saved workspace: there is no {FILE} in it")
    try:
        facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
        found = facts["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(f"{folder / FILE} is damaged: copy the workspace again") from error
    if found > FORMAT_VERSION:
        raise WorkspaceError(
            f"{folder} was written by napari-unison {facts.get('version', '')} in format {found}; this "
            f"version reads up to {FORMAT_VERSION}: update napari-unison"
        )
    try:
        return _read(folder, facts)
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise WorkspaceError(
            f"{folder / FILE} is damaged ({type(error).__name__}: {error}): copy the workspace again"
        ) from error


def _read(folder: Path, facts: Mapping[str, Any]) -> Contents:
    names = facts["sessions"]
    sessions = read_sessions(folder / SESSIONS) if names else []
    if [session.name for session in sessions] != names:
        raise WorkspaceError(
            f"{folder / SESSIONS} does not hold the sessions of {FILE}, {', '.join(names)}: "
            f"copy the workspace again"
        )
    view, cursor = facts["view"], facts["cursor"]
    return Contents(
        sessions,
        {name: (start, stop) for name, (start, stop) in facts["time_ranges_s"].items()},
        EncoderConfig.from_parameters(facts["config"]),
        facts["validation_share"],
        [_read_run(folder / "runs" / entry["folder"], entry) for entry in facts["runs"]],
        facts["run"],
        DisplaySettings.model_validate(facts["display"]),
        None if view is None else CameraView.model_validate(view),
        None if cursor is None else (cursor[0], cursor[1]),
        TimeSet(facts["selected_s"]),
        read_sets(folder),
    )


def _read_run(place: Path, entry: Mapping[str, Any]) -> StudyRun:
    run = open_run(place.with_name(f"{place.name}.unison"))
    for file in sorted(place.with_name(f"{place.name}.embeddings").glob("*.npz")):
        run.embeddings[file.stem] = embedding = Embedding.load(file)
        run.latent_scores[file.stem] = score_inside(embedding)
    run.name = entry["name"]
    saved_in = None if entry["saved_in"] is None else Path(entry["saved_in"])
    run.folder = saved_in if saved_in is not None and saved_in.is_dir() else None
    run.held_out_fit = [(int(step), float(fit)) for step, fit in entry["held_out_fit_bits"]]
    scores = entry["quick_scores"]
    run.quick_scores = None if scores is None else _scores_of_data(scores)
    return run


def _scores_as_data(scores: QuickScores) -> dict[str, Any]:
    data = asdict(scores)
    for part in ("label_free", "aligned", "silenced"):
        data[part]["two_categories"] = sorted(data[part]["two_categories"])
    return data


def _scores_of_data(data: Mapping[str, Any]) -> QuickScores:
    from napari_unison.analysis import QuickScores
    from napari_unison.analysis.decoding import DecodingScores, LabelScore

    parts = {
        part: DecodingScores(
            **data[part]
            | {
                "scores": tuple(LabelScore(**score) for score in data[part]["scores"]),
                "two_categories": frozenset(data[part]["two_categories"]),
            }
        )
        for part in ("label_free", "aligned", "silenced")
    }
    return QuickScores(**parts, split=data["split"])
