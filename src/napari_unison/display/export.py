"""An embedding with its labels and marks as a table whose columns name their units, and its files."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.display.points import LayerData
    from napari_unison.encoder.embedding import Embedding

TABLE_ENDINGS: Final = (".csv", ".npz", ".parquet")
#: What a table says of its embedding, in the attributes of the frame and in the metadata of a file.
_ATTRIBUTE: Final = "napari-unison"
#: One array (T_s,) of booleans a session.
Marks = Sequence[npt.NDArray[np.bool_]]


class ExportError(ValueError):
    """A table cannot be written; the message says what to do."""


def check_table_file(file: Path) -> None:
    """Refuse a file that no table can be written to here.

    Raises
    ------
    ExportError
        If the ending is another one, or what writes ``.parquet`` is not installed.
    """
    if file.suffix.lower() not in TABLE_ENDINGS:
        raise ExportError(f"{file.name}: the name of a table ends in {', '.join(TABLE_ENDINGS)}")
    if file.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise ExportError(
                '.parquet needs pyarrow: pip install "napari-unison[table]", or write a .csv or .npz'
            ) from error


def export_frame(
    embedding: Embedding, sets: Mapping[str, Marks] | None = None, only: Marks | None = None
) -> pd.DataFrame:
    """Return one row a time bin, with units in the names of the columns.

    Parameters
    ----------
    embedding : Embedding
        What is written.
    sets : mapping of str to sequence of ndarray of bool (T_s,), optional
        Named sets of bins: a column ``set NAME`` each.
    only : sequence of ndarray of bool (T_s,), optional
        Which bins; all unless given.

    Returns
    -------
    DataFrame
        ``session``, ``time_s``, ``segment``, labels such as ``position_m``, ``embedding`` ("aligned" or
        "label-free"), ``latent_1`` and so on, and for an aligned embedding ``residual_NAME_m``. Its ``attrs``
        say what the embedding is, and kind, unit and weight of every label.
    """
    frame = embedding.to_frame(units=True)
    for name, marks in (sets or {}).items():
        frame[f"set {name}"] = np.concatenate(list(marks))
    if only is not None:
        frame = frame[np.concatenate(list(only))].reset_index(drop=True)
    frame.attrs = {_ATTRIBUTE: _facts_of(embedding)}
    return frame


def _facts_of(embedding: Embedding) -> dict[str, Any]:
    """Return what the columns of a table do not say."""
    first = embedding.sessions[0]
    return {
        "written by": f"napari-unison {version('napari-unison')}",
        "about": embedding.description,
        "kind": embedding.kind,
        "partners": embedding.partners,
        "partner_names": list(embedding.partner_names),
        "control": embedding.control,
        "silenced": list(embedding.silenced),
        "residual_unit": embedding.residual_unit,
        "n_latents": embedding.n_latents,
        "bin_width_s": {session.name: session.bin_width for session in embedding.sessions},
        "labels": [
            {
                "name": name,
                "kind": first.kinds[name],
                "unit": first.units[name],
                "weight": first.weights[name],
                "columns": values.shape[1] if values.ndim == 2 else 1,
            }
            for name, values in first.labels.items()
        ],
    }


def write_export(
    embedding: Embedding,
    file: Path,
    *,
    sets: Mapping[str, Marks] | None = None,
    only: Marks | None = None,
) -> Path:
    """Write an embedding as a table, which appears complete or not at all.

    Parameters
    ----------
    embedding : Embedding
        What is written.
    file : Path
        ``.csv``; ``.npz`` (an array a column, the latents together as ``latents`` (T, D), no pickle);
        ``.parquet`` (needs pyarrow). What stands there is replaced.
    sets, only
        See :func:`export_frame`.

    Raises
    ------
    ExportError
        If the ending is another one, or what it needs is not installed.
    """
    check_table_file(file)
    return write_table(export_frame(embedding, sets, only), file, about=embedding.description)


def write_layers(layers: Sequence[LayerData], file: Path) -> list[Path]:
    """Write the embeddings behind points layers: into one file if it is one, else a file a layer.

    Points of somebody else have their coordinates and features written, as napari does.

    Raises
    ------
    ExportError
        If the ending is another one, or what it needs is not installed.
    """
    check_table_file(file)
    tables: dict[str, tuple[pd.DataFrame, str]] = {}
    embeddings: dict[int, tuple[str, list[str]]] = {}
    for data, attributes, _ in layers:
        told = attributes.get("metadata", {})
        embedding, name = told.get("embedding"), str(attributes.get("name", "points"))
        if embedding is None:
            tables[name] = _foreign_frame(data, attributes), name
            continue
        known, sessions = embeddings.setdefault(id(embedding), (name, []))
        sessions += [session for session in told["sessions"] if session not in sessions]
        only = [np.full(session.n_bins, session.name in sessions) for session in embedding.sessions]
        tables[known] = export_frame(embedding, only=only), embedding.description
    if len(tables) == 1:
        return [write_table(frame, file, about=about) for frame, about in tables.values()]
    return [
        write_table(frame, file.with_name(f"{file.stem} {_plain(name)}{file.suffix}"), about=about)
        for name, (frame, about) in tables.items()
    ]


def _plain(name: str) -> str:
    """Return a layer's name as every file system takes it."""
    return re.sub(r"[^\w ()+-]+", "-", name).strip()


def _foreign_frame(data: npt.NDArray[Any], attributes: Mapping[str, Any]) -> pd.DataFrame:
    """Return points that are no embedding as napari writes them: index, axes, features."""
    import pandas as pd

    axes = pd.DataFrame({f"axis-{axis}": data[:, axis] for axis in range(data.shape[1])})
    axes.insert(0, "index", np.arange(len(data), dtype=float))
    features = attributes.get("features")
    if features is None or not len(pd.DataFrame(features)):
        return axes
    return pd.concat([axes, pd.DataFrame(features).reset_index(drop=True)], axis=1)


def write_table(frame: pd.DataFrame, file: Path, *, about: str) -> Path:
    """Write a table by the ending of its file, complete or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as fresh:
        if file.suffix.lower() == ".csv":
            # a text with half a line end in it is only quoted where lines end in both halves
            frame.to_csv(fresh, index=False, lineterminator="\r\n" if _has_half_ends(frame) else "\n")
        elif file.suffix.lower() == ".npz":
            _write_arrays(fresh, _arrays(frame, about))
        else:
            _write_parquet(frame, fresh, about)
    return file


def _has_half_ends(frame: pd.DataFrame) -> bool:
    texts = [frame[name] for name in frame.columns if frame[name].dtype.kind == "O"]
    return any("\r" in name for name in frame.columns) or any(
        text.str.contains("\r", regex=False).any() for text in texts
    )


def _arrays(frame: pd.DataFrame, about: str) -> dict[str, npt.NDArray[Any]]:
    """Return an array a column, those of one kind joined."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "about": np.array(f"napari-unison {version('napari-unison')}: {about}")
    }
    if _ATTRIBUTE in frame.attrs:
        arrays["facts"] = np.array(json.dumps(frame.attrs[_ATTRIBUTE]))
    latents = [name for name in frame.columns if name.startswith("latent_")]
    if latents:
        arrays["latents"] = frame[latents].to_numpy(dtype=np.float32)
    for name in frame.columns:
        if name not in latents:
            values = frame[name].to_numpy()
            title = f"label_{name}" if name in ("about", "facts", "latents") else name
            arrays[title] = values if values.dtype.kind != "O" else values.astype(np.str_)
    return arrays


def _write_arrays(file: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write as numpy does, with names that it takes for its own options, such as "file", too."""
    with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(values), allow_pickle=False)


def _write_parquet(frame: pd.DataFrame, file: Path, about: str) -> None:
    known = {"about": about, "written by": f"napari-unison {version('napari-unison')}"}
    frame.attrs = known | dict(frame.attrs)
    frame.to_parquet(file, index=False)
