"""An embedding with its labels and marks as a table whose columns name their units, and its files."""

from __future__ import annotations

import re
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
        "label-free"), ``latent_1`` and so on, and for an aligned embedding ``residual_NAME_m``.
    """
    frame = embedding.to_frame()
    units = {f"residual_{name}": embedding.residual_unit for name in embedding.partner_names}
    for name, unit in embedding.sessions[0].units.items():
        columns = [name, f"label_{name}", *(f"{name}_{column}" for column in range(1, 1000))]
        units |= dict.fromkeys((column for column in columns if column in frame.columns), unit)
    frame = frame.rename(columns={name: f"{name}_{unit}" for name, unit in units.items() if unit})
    for name, marks in (sets or {}).items():
        frame[f"set {name}"] = np.concatenate(list(marks))
    if only is not None:
        frame = frame[np.concatenate(list(only))].reset_index(drop=True)
    return frame


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
            frame.to_csv(fresh, index=False)
        elif file.suffix.lower() == ".npz":
            np.savez_compressed(fresh, **_arrays(frame, about))  # type: ignore[arg-type]
        else:
            _write_parquet(frame, fresh, about)
    return file


def _arrays(frame: pd.DataFrame, about: str) -> dict[str, npt.NDArray[Any]]:
    """Return an array a column, those of one kind joined."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "about": np.array(f"napari-unison {version('napari-unison')}: {about}")
    }
    latents = [name for name in frame.columns if name.startswith("latent_")]
    if latents:
        arrays["latents"] = frame[latents].to_numpy(dtype=np.float32)
    for name in frame.columns:
        if name not in latents:
            values = frame[name].to_numpy()
            arrays[name] = values if values.dtype != object else values.astype(str)
    return arrays


def _write_parquet(frame: pd.DataFrame, file: Path, about: str) -> None:
    frame.attrs = {"about": about, "written by": f"napari-unison {version('napari-unison')}"}
    frame.to_parquet(file, index=False)
