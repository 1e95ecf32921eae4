"""Embeddings and sessions as files of other programs: tables and NWB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.script import call
from napari_unison.workspace.steps import Step
from napari_unison.workspace.whole_workspace import FilePath, WholeWorkspace

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.settings import EmbeddingKind


class Exports(WholeWorkspace):
    """The part of a workspace that writes embeddings and sessions."""

    @overload
    def export(
        self,
        file: FilePath,
        *,
        kind: EmbeddingKind | None = None,
        selected: bool = False,
        session: str | None = None,
        source: FilePath | None = None,
        overwrite: bool = False,
        background: Literal[False] = False,
    ) -> Path: ...
    @overload
    def export(
        self,
        file: FilePath,
        *,
        kind: EmbeddingKind | None = None,
        selected: bool = False,
        session: str | None = None,
        source: FilePath | None = None,
        overwrite: bool = False,
        background: Literal[True],
    ) -> Path | Job: ...
    def export(
        self,
        file: FilePath,
        *,
        kind: EmbeddingKind | None = None,
        selected: bool = False,
        session: str | None = None,
        source: FilePath | None = None,
        overwrite: bool = False,
        background: bool = False,
    ) -> Path | Job:
        """Write the current run's embedding: as a table, or into a copy of a session's NWB file.

        Parameters
        ----------
        file : path
            ``.csv``, ``.npz`` or ``.parquet`` (needs pyarrow): session, time, labels, latents, named sets.
            ``.nwb`` (needs pynwb): latents, residual and labels as the run's study decoded them, beside all
            that ``source`` holds.
        kind : {"aligned", "label-free"}, optional
            Which embedding, computed where it is missing; the one that is shown unless given.
        selected : bool
            Write the selected bins only; into tables.
        session : str, optional
            Which session goes into an NWB file; needed where several are embedded.
        source : path, optional
            The NWB file that this session came from; it is only read.
        overwrite : bool
            Replace a file that stands there.
        background : bool
            Return at once from writing an NWB file, which goes on in the background, as from the window.
            Tables are there at once.

        Returns
        -------
        Path or Job
            The file, which appears complete or not at all, or the job whose result it is.

        Raises
        ------
        WorkspaceError
            If there is no run, nothing is selected, a file stands there, or an NWB file has no source.
        ExportError
            If the ending is another one, what it needs is not installed, or the source is not the session's.
        """
        from napari_unison.display.export import check_table_file, write_export

        target = free_file(file, overwrite)
        wanted = kind or self.display.kind
        if target.suffix.lower() == ".nwb":
            job = self._export_nwb(target, wanted, session, source, selected=selected)
            return job if background else _file_of(job)
        if session is not None or source is not None:
            raise WorkspaceError("session and source are for NWB files; tables hold all sessions")
        check_table_file(target)
        self._need_run()
        embedding = self._embedding_of(wanted)
        only = [self.selection.bins(session) for session in embedding.sessions] if selected else None
        if only is not None and not any(marked.any() for marked in only):
            raise WorkspaceError("nothing of the embedded time is selected: mark time or points first")
        sets = {
            name: [held.bins(session) for session in embedding.sessions]
            for name, held in self.selection.sets.items()
        }
        written = write_export(embedding, target, sets=sets, only=only)
        words = {"kind": wanted} | ({"selected": True} if selected else {}) | {"overwrite": True}
        self.journal.note_output(call("ws.export", str(target.absolute()), **words), selects=selected)
        return written

    def _export_nwb(
        self,
        target: Path,
        kind: EmbeddingKind,
        session: str | None,
        source: FilePath | None,
        *,
        selected: bool,
    ) -> Job:
        from napari_unison.display.nwb_export import check_copy, write_embedding_nwb
        from napari_unison.display.nwb_results import decoded_in

        run = self._need_run()
        if source is None:
            raise WorkspaceError(
                f"{target.name}: an embedding goes into a copy of the recording: give the NWB file that the "
                "session came from, source=…"
            )
        if selected:
            raise WorkspaceError("an NWB file takes all bins of a session: export selected bins as a table")
        check_copy(target, source, overwrite=True)
        decoded, method = decoded_in(run.studies)
        embedding, name, config = self._embedding_of(kind), run.name, run.encoder.config_
        words = {"kind": kind, "session": session, "source": str(Path(source).absolute()), "overwrite": True}
        told = {name: word for name, word in words.items() if word is not None}
        step = self.journal.output_step(call("ws.export", str(target.absolute()), **told))

        def work(_: Job) -> Path:
            return write_embedding_nwb(
                embedding,
                target,
                source=source,
                session=session,
                decoded=decoded,
                method=method,
                run=name,
                config=config,
                overwrite=True,
            )

        return self._saving(target, work, step)

    def _saving(self, target: Path, work: Callable[[Job], Path], step: Step) -> Job:
        """Start a job that writes a file, and note it in the journal once it is there."""

        def deliver(written: Path) -> Path:
            self.journal.add(step)
            return written

        return self._start("saving", f"Writing {target.name}", work, deliver)

    @overload
    def export_session(
        self,
        file: FilePath,
        *,
        session: str | None = None,
        overwrite: bool = False,
        background: Literal[False] = False,
    ) -> Path: ...
    @overload
    def export_session(
        self,
        file: FilePath,
        *,
        session: str | None = None,
        overwrite: bool = False,
        background: Literal[True],
    ) -> Job: ...
    def export_session(
        self,
        file: FilePath,
        *,
        session: str | None = None,
        overwrite: bool = False,
        background: bool = False,
    ) -> Path | Job:
        """Write an open session so that it can be opened again, exactly, and by other programs.

        Parameters
        ----------
        file : path
            ``.nwb`` (needs pynwb), ``.npz``, ``.parquet`` (needs pyarrow) or ``.csv`` (with ``NAME.csv.json``
            beside it).
        session : str, optional
            Which; needed where several are open.
        overwrite : bool
            Replace a file that stands there.
        background : bool
            Return at once and write in the background, as the window does.

        Returns
        -------
        Path or Job
            The file, which appears complete or not at all, or the job whose result it is.

        Raises
        ------
        WorkspaceError
            If there is no such session, a file stands there, or the ending is another one.
        SessionError
            If the file cannot carry the session, or what writes it is not installed.
        """
        from napari_unison.sessions import write_sessions
        from napari_unison.sessions.writing import SESSION_ENDINGS

        target = free_file(file, overwrite)
        if target.suffix.lower() not in SESSION_ENDINGS:
            raise WorkspaceError(f"{target.name}: the name of a session ends in {', '.join(SESSION_ENDINGS)}")
        names = [known.name for known in self.sessions]
        if session is None and len(names) == 1:
            (session,) = names
        if session not in names:
            there = f"choose one of {', '.join(map(repr, names))}" if names else "open recordings first"
            raise WorkspaceError(f"there is no session {session!r} to be written: {there}")
        chosen = self.sessions[names.index(session)]
        line = call("ws.export_session", str(target.absolute()), session=session, overwrite=True)

        def work(_: Job) -> Path:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_sessions(target, [chosen])
            return target

        job = self._saving(target, work, Step([line], is_output=True))
        return job if background else _file_of(job)

    def _embedding_of(self, kind: EmbeddingKind) -> Embedding:
        run = self._need_run()
        found = run.embedding(kind)
        return self.embed(align=kind == "aligned").wait() if found is None else found


def _file_of(job: Job) -> Path:
    written: Path = job.wait()
    return written


def free_file(file: FilePath, overwrite: bool) -> Path:
    """Return a file that can be written.

    Raises
    ------
    WorkspaceError
        If it is a folder, or stands there and is not to be replaced.
    """
    target = Path(file)
    if target.is_dir():
        raise WorkspaceError(f"{target} is a folder: give the name of a file")
    if target.exists() and not overwrite:
        raise WorkspaceError(f"{target} exists: choose another name, or replace it with overwrite=True")
    return target
