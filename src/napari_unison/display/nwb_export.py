"""An embedding, and what was decoded, beside the recording: in a copy of the NWB file of the session."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from napari_unison.display.export import ExportError
from napari_unison.display.nwb_results import parameter_rows, plain, results_of
from napari_unison.display.nwb_same_recording import refuse_other_recording, refuse_other_session
from napari_unison.sessions.whole_files import whole_file
from napari_unison.sessions.writing.nwb_parts import MODULE, module_of, need_pynwb

if TYPE_CHECKING:
    from napari_unison.analysis import Prediction
    from napari_unison.encoder import EncoderConfig
    from napari_unison.encoder.embedding import Embedding

_BLOCK: Final = 4_000_000


def write_embedding_nwb(
    embedding: Embedding,
    file: str | os.PathLike[str],
    *,
    source: str | os.PathLike[str],
    session: str | None = None,
    decoded: Sequence[Prediction] = (),
    method: str = "",
    run: str = "",
    config: EncoderConfig | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a session's embedding into a copy of the NWB file that the session came from.

    The copy holds everything that the file holds, and in the processing module ``unison`` the latents (T, D),
    the residual of an aligned embedding, labels as they were and as they were decoded, and a table of where
    it all comes from. Times are those of the session, which are the file's own if it was loaded from there.

    Parameters
    ----------
    embedding : Embedding
        What is written of it is one session.
    file : path
        The copy, ``.nwb``. It appears complete or not at all.
    source : path
        The NWB file of the session, which is only read.
    session : str, optional
        Which session; not needed where only one is embedded.
    decoded : sequence of Prediction, optional
        What a decoder said of labels of this session; those of other sessions are left out.
    method : str
        What decoded it, in words.
    run : str
        What the run is called.
    config : EncoderConfig, optional
        Parameters of the encoder.
    overwrite : bool
        Replace a file that stands there; never the source.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    ExportError
        If the source is no NWB file, is another session's, or would be overwritten, a file stands there, or
        there is no such session.
    SessionError
        If pynwb is not installed.
    """
    pynwb = need_pynwb()
    target, origin = Path(file), Path(source)
    check_copy(target, origin, overwrite=overwrite)
    number = _number_of(embedding, session)
    recording = embedding.sessions[number]
    refuse_other_session(origin, recording)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as fresh:
        checksum = _copied(origin, fresh)
        with _appended(pynwb, fresh, origin) as nwb:
            refuse_other_recording(pynwb, nwb, origin, recording)
            words = "What napari-unison made of this recording: latents of sessions that share one encoder."
            module = module_of(nwb, MODULE, words)
            facts = {
                "run": plain(run),
                "source file": plain(origin.name),
                "source sha256": checksum,
                **parameter_rows(config),
            }
            ours = [prediction for prediction in decoded if prediction.session == recording.name]
            taken = set(module.data_interfaces)
            for part in results_of(embedding, number, ours, taken, method=method, facts=facts):
                module.add(part)
    return target


def check_copy(
    target: str | os.PathLike[str], origin: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Refuse places of a copy and its recording that cannot be, before anything is read.

    Raises
    ------
    ExportError
        If the recording is not there or would be overwritten, or the copy stands there already.
    """
    target, origin = Path(target), Path(origin)
    if target.suffix.lower() != ".nwb":
        raise ExportError(f"{target.name}: the name of an NWB file ends in .nwb")
    if not origin.is_file():
        what = "is a folder: give an NWB file in HDF5 (.nwb)" if origin.is_dir() else "does not exist"
        raise ExportError(f"{origin} {what}")
    if target.exists() and os.path.samefile(target, origin):
        raise ExportError(f"{target} is the recording itself: choose another name for the copy")
    if target.exists() and not overwrite:
        raise ExportError(f"{target} exists: choose another name, or replace it with overwrite=True")


def _number_of(embedding: Embedding, session: str | None) -> int:
    names = embedding.session_names
    if session is None and len(names) == 1:
        return 0
    if session not in names:
        wanted = "" if session is None else f"there is no session {session!r} in the embedding; "
        raise ExportError(
            f"{wanted}an NWB file holds one session: choose one of {', '.join(map(repr, names))}"
        )
    return names.index(session)


def _copied(origin: Path, fresh: Path) -> str:
    """Copy a file a block after the other, and return its SHA-256."""
    checksum = hashlib.sha256()
    with origin.open("rb") as source, fresh.open("xb") as copy:
        while block := source.read(_BLOCK):
            checksum.update(block)
            copy.write(block)
    return checksum.hexdigest()


@contextmanager
def _appended(pynwb: Any, fresh: Path, origin: Path) -> Iterator[Any]:
    """Give the contents of an NWB file, and write what is added to them; nothing else is written again."""
    from hdmf.build.errors import BuildError, ConstructError

    with ExitStack() as closing:
        # what pynwb says of namespaces in the recording is nothing that could be changed here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                io = closing.enter_context(pynwb.NWBHDF5IO(fresh, "r+", load_namespaces=True))
            except (OSError, RuntimeError, ValueError, TypeError, LookupError) as error:
                raise ExportError(f"{origin} cannot be opened as an NWB file ({_line(error)})") from error
            try:
                nwb = io.read()
            except (OSError, RuntimeError, ValueError, TypeError, LookupError, ConstructError) as error:
                raise ExportError(
                    f"{origin}: pynwb cannot read all of it ({_line(error)}), so that nothing can be added; "
                    "run nwbinspector on it to see what is wrong"
                ) from error
        yield nwb
        try:
            io.write(nwb)
        except BuildError as error:
            raise ExportError(f"{origin}: pynwb cannot add to it ({_line(error)})") from error


def _line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
