"""Files before they are opened: what they hold, a mapping of it, and the sessions that it would make.

It knows neither napari nor Qt: the import dialog shows what it says, a script may ask it the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from psygnal import Signal, SignalGroup

from napari_unison.sessions import Session, SessionError
from napari_unison.sessions.importing import (
    Contents,
    Entry,
    FileMapping,
    Intervals,
    LabelMapping,
    Proposal,
    keeping_reads,
    open_contents,
    propose_mapping,
)
from napari_unison.sessions.importing.proposing import labels_of_companion
from napari_unison.workspace.companions import name_beside, pieces_beside
from napari_unison.workspace.events import WorkspaceEvents
from napari_unison.workspace.foreign_files import difference_of, interval_choices, needs_mapping
from napari_unison.workspace.import_problems import problem_in_words
from napari_unison.workspace.job_list import JobList
from napari_unison.workspace.jobs import STOPPED, Job
from napari_unison.workspace.mapping_checks import Checked, is_large, try_mapping
from napari_unison.workspace.mappings import RememberedMappings
from napari_unison.workspace.open_companions import OpenCompanions, Pieces
from napari_unison.workspace.reading import ReadingStoppedError, telling
from napari_unison.workspace.runners import Runner
from napari_unison.workspace.taken_names import without_number

#: Jobs of which the last one alone counts.
OVERTAKEN: Final = ("look", "compare", "guess", "check", "beside")


class ImportEvents(SignalGroup):
    """What was found out about files, which of those beside are open now, and how far reading is."""

    checked = Signal(object)
    compared = Signal()
    companions = Signal()
    job = Signal(object)


class FileImport:
    """Looks into files and tries mappings, in the background.

    Parameters
    ----------
    files : sequence of path
        Recordings of one make.
    runner : Runner
        Brings the reading into the background.
    report : callable
        Told what failed that nobody expects.
    remembered : RememberedMappings, optional
        Where mappings are kept; in the user's settings unless given.
    own_too : bool
        Whether files that the package reads without a mapping are looked into as well.
    beside : callable, optional
        Returns the sessions that are open already, with which those of the files have to go.

    Attributes
    ----------
    own : list of Path
        Files that need no mapping, after :meth:`look`.
    files : list of Path
        The others.
    contents : Contents or None
        What the first of them holds.
    proposal : Proposal or None
        The mapping that was used last for files of this layout, or a guess.
    is_remembered : bool
        Which of both.
    misfits : dict of Path to str
        Files that are laid out otherwise, or lack a companion, and what is different, after
        :meth:`compare`.
    companions : OpenCompanions
        Files beside the first one that are open, such as one with the behaviour.
    """

    def __init__(
        self,
        files: Sequence[Path],
        runner: Runner,
        report: Callable[[str], object],
        *,
        remembered: RememberedMappings | None = None,
        own_too: bool = False,
        beside: Callable[[], Sequence[Session]] = tuple,
    ) -> None:
        self.files = list(files)
        self.own: list[Path] = []
        self.contents: Contents | None = None
        self.proposal: Proposal | None = None
        self.is_remembered = False
        self.misfits: dict[Path, str] = {}
        self.companions = OpenCompanions()
        self.events = ImportEvents()
        self.remembered = RememberedMappings() if remembered is None else remembered
        self._own_too = own_too
        self._beside = beside
        self._report = report
        self._reading = threading.Lock()
        self._last: dict[str, Job] = {}
        told = WorkspaceEvents()
        told.failed.connect(report)
        told.job.connect(self._tell_job)
        self._jobs = JobList(runner, told)

    def _tell_job(self, job: Job) -> None:
        self.events.job.emit(job)

    # -- what there is ---------------------------------------------------------------------------------

    def look(self) -> Job:
        """Open the first file that needs a mapping, and propose one."""
        named = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"
        return self._begin("look", f"Looking into {named}", self._look, self._deliver_look)

    def _look(self, job: Job) -> Any:
        tell, own, files = telling(job), list[Path](), list[Path]()
        for number, file in enumerate(self.files):
            tell(number / (len(self.files) + 1), f"looking into {file.name}")
            (own if not self._own_too and not needs_mapping(file) else files).append(file)
        if not files:
            return own, files, None, None, False
        contents = keeping_reads(open_contents(files[0], tell))
        try:
            tell(len(self.files) / (len(self.files) + 1), f"looking into {files[0].name}")
            known = self.remembered.find(contents)
            return own, files, contents, self.remembered.proposal(contents), known is not None
        except BaseException:
            contents.close()
            raise

    def _deliver_look(self, found: Any) -> FileImport:
        self.own, self.files, self.contents, self.proposal, self.is_remembered = found
        return self

    def compare(self) -> Job:
        """Open the other files, and say which are laid out otherwise."""
        title = f"Comparing {len(self.files)} files"
        return self._begin("compare", title, self._compare, self._deliver_misfits)

    def _compare(self, job: Job) -> dict[Path, str]:
        tell, first, misfits = telling(job), self._opened(), dict[Path, str]()
        for number, file in enumerate(self.files[1:], 1):
            tell(number / len(self.files), f"looking into {file.name}")
            try:
                with open_contents(file) as other:
                    difference = difference_of(first, other) or self._difference_beside(other)
            except SessionError as error:
                difference = problem_in_words(error, str(file))
            if difference:
                misfits[file] = difference
        return misfits

    def _difference_beside(self, other: Contents) -> str:
        """Say what of the companions of another file is laid out otherwise; empty if nothing is.

        Raises
        ------
        SessionError
            If one cannot be read.
        """
        for name, companion in dict(self.companions.contents).items():
            piece, instead = self.companions.beside[name]
            place = Path(other.place)
            if piece not in place.name:
                return f"its name has no {piece!r}, so that its companion {name!r} is not found"
            file = place.with_name(place.name.replace(piece, instead))
            if not file.exists():
                return f"its companion {name!r} is missing, {file.name}"
            with open_contents(file) as found:
                difference = difference_of(companion, found)
            if difference:
                return f"in {file.name}, its companion {name!r}: {difference}"
        return ""

    def _deliver_misfits(self, misfits: dict[Path, str]) -> dict[Path, str]:
        self.misfits = misfits
        self.events.compared.emit()
        return misfits

    def leave_out(self, files: Sequence[Path]) -> None:
        """Take files out; the first one stays."""
        self.files = [file for file in self.files if file not in files or file == self.files[0]]
        self.misfits = {file: why for file, why in self.misfits.items() if file in self.files}
        self.events.compared.emit()

    def guess(self) -> Job:
        """Propose a mapping anew, whatever was used last; the companions that are open stay."""

        def deliver(proposal: Proposal) -> Proposal:
            self.proposal, self.is_remembered = proposal, False
            return proposal

        beside = dict(self.companions.beside)

        def work(_: Job) -> Proposal:
            proposal = propose_mapping(self._opened())
            known = proposal.fields.get("beside", {}).values()
            added = {name: pieces for name, pieces in beside.items() if pieces not in known}
            return propose_mapping(self._opened(), beside=added) if added else proposal

        return self._begin("guess", "Proposing a mapping", work, deliver)

    def propose_label(self, paths: Sequence[str], *, field: str = "", taken: Sequence[str] = ()) -> Job:
        """Guess a label of some entries; the result is its name and :class:`LabelMapping`."""

        def work(_: Job) -> tuple[str, LabelMapping]:
            return self.companions.propose_label(self._opened(), paths, field, taken)

        return self._begin("label", f"Looking at {paths[0]}", work, _as_it_is)

    def interval_values(self, path: str) -> Job:
        """Read intervals; the result says for each column which values there are, as texts."""

        def work(_job: Job) -> dict[str, list[str]]:
            _, contents, inside = self.companions.where(self._opened(), path)
            values = contents.read(inside)
            return interval_choices(values) if isinstance(values, Intervals) else {}

        return self._begin("intervals", f"Reading {path}", work, _as_it_is)

    # -- companions ------------------------------------------------------------------------------------

    @property
    def entries(self) -> dict[str, Entry]:
        """What a mapping can name: entries of the first file, and of its companions behind their names."""
        return self.companions.entries_beside(self._opened())

    def add_beside(self, chosen: Path, *, neural: str | None = None, taken: Collection[str] = ()) -> Job:
        """Open a file that lies beside the first one, and look for labels in it.

        Parameters
        ----------
        chosen : Path
            The companion.
        neural : str, optional
            The entry with the activity, where it is known: labels without times have as many values.
        taken : collection of str
            Names that it cannot have, beside those of the companions that are open.

        Returns
        -------
        Job
            Its result is the companion's name, the labels that it seems to hold, and the companions that
            there are now, as :attr:`FileMapping.beside` has them.

        Raises
        ------
        SessionError
            If the file is a companion already, is the recording itself, or lies in another folder.
        """
        pieces = pieces_beside([Path(self._opened().place), *self.files[1:]], chosen)
        now = dict(self.companions.beside)
        for known, contents in self.companions.contents.items():
            if Path(contents.place).name == chosen.name:
                raise SessionError(f"{chosen.name} is there already, as {known!r}")
        name = name_beside(pieces, chosen, {*now, *taken})

        def work(job: Job) -> Any:
            contents = self.companions.open(self._opened(), name, pieces, telling(job))
            entry = self._opened().entries.get(neural or "")
            try:
                labels = labels_of_companion(name, contents, entry)
            except BaseException:
                self.companions.let_go(contents)
                raise
            return {**self.companions.contents, name: contents}, labels

        def deliver(found: Any) -> tuple[str, dict[str, LabelMapping], dict[str, Pieces]]:
            self._keep_companions({**now, name: pieces}, found[0])
            return name, found[1], dict(self.companions.beside)

        return self._begin("beside", f"Opening {chosen.name}", work, deliver)

    def keep_beside(self, beside: Mapping[str, Pieces]) -> Job:
        """Have those companions open that a mapping names, and no others.

        Those that are missing or cannot be read are left out here: trying the mapping tells of them.
        """

        def work(job: Job) -> dict[str, Contents]:
            found = {}
            for name, pieces in beside.items():
                try:
                    found[name] = self.companions.open(self._opened(), name, pieces, telling(job))
                except SessionError:
                    continue
            return found

        def deliver(found: dict[str, Contents]) -> dict[str, Contents]:
            self._keep_companions({name: beside[name] for name in found}, found)
            return found

        return self._begin("beside", "Opening files beside", work, deliver)

    def _keep_companions(self, beside: Mapping[str, Pieces], contents: Mapping[str, Contents]) -> None:
        self._close_behind(self.companions.keep(beside, contents))
        self.events.companions.emit()

    # -- a mapping -------------------------------------------------------------------------------------

    def check(self, fields: Mapping[str, Any], *, read_large: bool = False) -> Job:
        """Try a mapping on the first file; of several tries that were begun, the last one counts.

        Parameters
        ----------
        fields : dict
            Fields of a :class:`FileMapping`, which need not be complete.
        read_large : bool
            Make the sessions even where there is more than
            :data:`~napari_unison.workspace.mapping_checks.LARGE` to be read.

        Returns
        -------
        Job
            Its result is what :attr:`events` tell: a :class:`Checked`.
        """

        def deliver(checked: Checked) -> Checked:
            self.events.checked.emit(checked)
            return checked

        open_already = list(self._beside())
        work = partial(self._try, dict(fields), read_large, open_already)
        return self._begin("check", "Reading", work, deliver)

    def _try(
        self, fields: dict[str, Any], read_large: bool, open_already: list[Session], job: Job
    ) -> Checked:
        return try_mapping(
            fields,
            self._opened(),
            self.companions,
            files=self.files,
            open_already=open_already,
            read_large=read_large,
            on_progress=telling(job),
        )

    def is_large(self, mapping: FileMapping) -> bool:
        """Return whether a mapping's activity is so large that it is read on demand alone."""
        return is_large(mapping, self.entries)

    def remember(self, mapping: FileMapping) -> None:
        """Keep a mapping for the next files of this layout; where nothing can be written, it is not kept.

        A number behind its name, which told this file's sessions from those that were open, is left out.
        """
        try:
            self.remembered.remember(self._opened(), without_number(mapping))
        except OSError as error:
            self._report(f"The mapping is not remembered: {error}")

    # -- jobs ------------------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether something is being read."""
        return bool(self._jobs.running)

    def stop(self) -> None:
        """Stop what is being read."""
        for job in self._jobs.running:
            job.stop()

    def close(self) -> None:
        """Stop what is being read and tell nobody; the file is closed once its reader has let go of it."""
        events = self.events
        for signal in (events.checked, events.compared, events.companions, events.job):
            signal.disconnect()
        for job in self._jobs.running:
            job.overtake()
        contents, self.contents = self.contents, None
        if contents is not None:
            self._close_behind([contents])
        self._close_behind(self.companions.close())

    def _close_behind(self, files: Sequence[Contents]) -> None:
        """Close files once their reader has let go of them."""
        if files:
            threading.Thread(target=self._close, args=(files,), daemon=True).start()

    def _close(self, files: Sequence[Contents]) -> None:
        with self._reading:
            for contents in files:
                contents.close()

    def _opened(self) -> Contents:
        if self.contents is None:
            raise SessionError("no file is open: look into one first")
        return self.contents

    def _begin(self, kind: str, title: str, work: Callable[[Job], Any], deliver: Callable[[Any], Any]) -> Job:
        """Start a job; two never read at once, and of some kinds a new one overtakes the one before."""
        before = self._last.get(kind)
        if before is not None and kind in OVERTAKEN:
            before.overtake()

        def alone(job: Job) -> Any:
            with self._reading:
                try:
                    if job.control.is_stopped:
                        raise ReadingStoppedError(title)
                    return work(job)
                except ReadingStoppedError:
                    return STOPPED

        def given(found: Any) -> Any:
            return STOPPED if found is STOPPED else deliver(found)

        self._last[kind] = job = self._jobs.make(kind, title, alone, given, None, stops=True)
        job.start()
        return job


def _as_it_is(found: Any) -> Any:
    return found
