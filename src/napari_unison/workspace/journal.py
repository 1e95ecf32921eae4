"""What was done in a workspace, by clicks or by calls, as the Python that does it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_unison.sessions.importing import FileMapping
from napari_unison.workspace.script import Script, Settings, call, sessions_file
from napari_unison.workspace.session_notes import SessionNotes
from napari_unison.workspace.steps import Step

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding
    from napari_unison.sessions import Session
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.state import Workspace


class Journal:
    """Listens to a workspace and keeps what is needed to do the same again.

    Settings are kept as they were when something was made with them, not every move of a slider. What left
    nothing behind, such as a training that failed or a run that was removed, is not repeated.

    Parameters
    ----------
    workspace : Workspace
        Complete already.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._steps: list[Step] = []
        self._sessions = SessionNotes(self._steps)
        self._base: Settings | None = None
        self._numbers: WeakKeyDictionary[StudyRun, int] = WeakKeyDictionary()
        self._steps_done: WeakKeyDictionary[StudyRun, int] = WeakKeyDictionary()
        self._count = 0
        self._began: WeakKeyDictionary[Job, Settings] = WeakKeyDictionary()
        self._workspace = workspace
        self._note_sessions()
        workspace.events.sessions.connect(self._note_sessions)
        workspace.events.job.connect(self._note_job)

    # -- what others tell it ---------------------------------------------------------------------------

    def expect(self, line: str, sessions: Sequence[Session]) -> None:
        """Say which line of Python brings sessions that are about to be added."""
        self._sessions.expect(line, sessions)

    def note_opened_runs(self, line: str, runs: Sequence[StudyRun]) -> None:
        """Note that runs were opened, by a line that may have brought sessions, too."""
        self._sessions.expect_nothing()
        if not runs:
            return
        numbers = tuple(self._number(run) for run in runs)
        names = ", ".join(f"run_{number}" for number in numbers)
        found = f"{names} = ws.runs[-1]" if len(runs) == 1 else f"{names} = ws.runs[-{len(runs)}:]"
        last = self._steps[-1] if self._steps else None
        if last is not None and last.lines[:1] == [line] and not last.makes:
            last.lines.append(found)
            last.makes = numbers
        else:
            self._steps.append(Step([line, found], makes=numbers))

    def note_made_run(self, line: str, run: StudyRun, settings: Settings) -> None:
        """Note that a run was made of the open sessions, by a line that needs these settings."""
        number = self._number(run)
        self._steps.append(Step([line, f"run_{number} = ws.runs[-1]"], makes=(number,), settings=settings))

    def output_step(self, line: str, *, shows: bool = False, selects: bool = False) -> Step:
        """Return the step that writes the current run into a file, as it is shown or selected now.

        It counts once :meth:`add` is called with it.
        """
        run = self._workspace.run
        chosen = [f"ws.selection.choose({selected_in_words(self._workspace)})"] if selects else []
        return Step(
            [*chosen, line],
            run=None if run is None else self._number(run),
            settings=Settings.of(self._workspace),
            is_output=True,
            shows=shows,
        )

    def note_output(self, line: str, *, shows: bool = False, selects: bool = False) -> None:
        """Note that the current run, what is shown or what is selected of it was written into a file."""
        self.add(self.output_step(line, shows=shows, selects=selects))

    def add(self, step: Step) -> None:
        """Add a step that was done."""
        self._steps.append(step)

    def begin_with(self, lines: Sequence[str], runs: Sequence[StudyRun]) -> None:
        """Forget what was, and begin with lines that bring all that is there now."""
        self._sessions.begin_with(list(self._workspace.sessions))
        made = [f"run_{self._number(run)} = ws.runs[{index}]" for index, run in enumerate(runs)]
        self._steps[:] = [Step([*lines, *made], makes=tuple(self._number(run) for run in runs))]
        self._base = Settings.of(self._workspace)

    # -- what it hears ---------------------------------------------------------------------------------

    def _note_sessions(self) -> None:
        workspace = self._workspace
        if self._sessions.note(list(workspace.sessions), has_runs=len(workspace.runs) > 0):
            self._base = None

    def _note_job(self, job: Job) -> None:
        if job.kind == "training" and job.is_running and job not in self._began:
            self._began[job] = Settings.of(self._workspace)
        notes: dict[str, Callable[[Job], None]] = {
            "training": self._note_training,
            "embedding": self._note_embedding,
            "decoding": self._note_study,
            "scores": self._note_scores,
        }
        if not job.is_running and job.result is not None and job.kind in notes:
            notes[job.kind](job)

    def _note_training(self, job: Job) -> None:
        run: StudyRun = job.result
        began = self._began.pop(job, None)
        if began is None:
            return
        encoder, is_new, done = run.encoder, run not in self._numbers, self._steps_done.get(run, 0)
        self._steps_done[run] = encoder.n_iter_
        number = self._number(run)
        if not is_new:
            self._steps.append(Step([f"ws.resume({encoder.n_iter_ - done}).wait()"], run=number))
            return
        settings = began.with_seed(encoder.seed_)
        comment = ""
        if run.was_stopped:
            comment = f"  # stopped after {encoder.n_iter_} of {began.config.max_iterations} steps"
            settings = settings.with_steps(encoder.n_iter_)
        line = f"run_{number} = ws.train().wait(){comment}"
        self._steps.append(Step([line], makes=(number,), settings=settings))

    def _note_embedding(self, job: Job) -> None:
        embedding: Embedding = job.result
        for run in self._workspace.runs:
            if any(known is embedding for known in run.embeddings.values()):
                align = embedding.kind == "aligned"
                words = f"align={align}" + (', partners="given"' if embedding.partners == "given" else "")
                self._note_once(f"ws.embed({words}).wait()", run)

    def _note_study(self, job: Job) -> None:
        for run in self._workspace.runs:
            for depth, study in run.studies.items():
                if study is job.result:
                    self._note_once(f"{call('ws.decode', depth, **_options(study.options))}.wait()", run)

    def _note_scores(self, job: Job) -> None:
        for run in self._workspace.runs:
            if run.quick_scores is job.result:
                self._note_once("score_run(ws).wait()", run)

    def _note_once(self, line: str, run: StudyRun) -> None:
        number = self._number(run)
        if not any(step.run == number and step.lines == [line] for step in self._steps):
            self._steps.append(Step([line], run=number))

    def _number(self, run: StudyRun) -> int:
        if run not in self._numbers:
            self._count += 1
            self._numbers[run] = self._count
            self._steps_done.setdefault(run, run.encoder.n_iter_)
        return self._numbers[run]

    # -- the script ------------------------------------------------------------------------------------

    def script(self, stem: str = "this-script") -> str:
        """Return the Python that repeats what was done.

        Parameters
        ----------
        stem : str
            Name of the script without ``.py``; sessions that come from no file are looked for in
            ``STEM-sessions-1.npz`` and so on beside it.
        """
        workspace = self._workspace
        is_empty = not len(workspace.sessions) and not len(workspace.runs)
        script = Script(None if is_empty else self._base)
        made = self._needed_runs()
        for number, step in enumerate(self._made(), 1):
            step.lines = [f"ws.open(here / {sessions_file(stem, number)!r})"]
        for step in [] if is_empty else self._steps:
            if step.makes and not made.intersection(step.makes) and not step.names:
                continue
            if step.run is not None and step.run not in made:
                continue
            script.add(step.lines, step.run, step.makes, step.settings, shows=step.shows)
        run = workspace.run
        script.end(None if run is None else self._numbers.get(run), Settings.of(workspace))
        return script.text()

    def write_sessions(self, folder: Path, stem: str) -> list[Path]:
        """Write the sessions that come from no file beside a script; return the files."""
        from napari_unison.sessions import write_sessions

        files = []
        for number, step in enumerate(self._made(), 1):
            files.append(folder / sessions_file(stem, number))
            write_sessions(files[-1], step.sessions)
        return files

    def _made(self) -> list[Step]:
        return [step for step in self._steps if step.sessions]

    def _needed_runs(self) -> set[int]:
        """Return the numbers of the runs that are there, or that left a file."""
        there = {self._numbers[run] for run in self._workspace.runs if run in self._numbers}
        return there | {step.run for step in self._steps if step.is_output and step.run is not None}


def line_of_opening(paths: Sequence[Path], options: Mapping[str, Any]) -> str:
    """Return the line that opens files; a mapping that lies in no file is written into it."""
    options = dict(options)
    mapping = options.get("mapping")
    if isinstance(mapping, FileMapping):
        options["mapping"] = mapping.to_fields()
    elif isinstance(mapping, str | os.PathLike):
        options["mapping"] = str(Path(mapping).absolute())
    places = [str(path.absolute()) for path in paths]
    return call("ws.open", places[0] if len(places) == 1 else places, **options)


def line_of_sample(name: str) -> str:
    """Return the line that opens a sample."""
    return f"ws.open_sample({name!r})"


def selected_in_words(workspace: Workspace) -> str:
    """Return the selected time as Python."""
    ranges = workspace.selection.current.ranges
    return repr(
        {
            name: [(round(float(start), 6), round(float(stop), 6)) for start, stop in pairs]
            for name, pairs in ranges.items()
        }
    )


def _options(options: Any) -> dict[str, Any]:
    """Return the options of a study that are not the usual ones."""
    from dataclasses import fields

    from napari_unison.analysis import StudyOptions

    usual = StudyOptions(is_quick=options.is_quick)
    return {
        known.name: getattr(options, known.name)
        for known in fields(options)
        if getattr(options, known.name) != getattr(usual, known.name)
    }
