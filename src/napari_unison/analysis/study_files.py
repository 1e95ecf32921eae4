"""Decoding studies in files: tables for people and programs, and everything needed to read them back.

Layout: ``study.json``, ``predictions.npz``, ``tables.txt``, ``scores.csv``, ``differences.csv``,
``controls.csv``, ``null.csv``. See ``docs/decode-and-report.md``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.controls.kept_controls import (
    controls_facts,
    controls_of,
    number_of,
    with_nan,
    without_nan,
)
from napari_unison.analysis.controls.null_distribution import NullDistribution
from napari_unison.analysis.controls.verdicts import NullScore
from napari_unison.analysis.decoding_study import DecodingStudy
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.result import MethodRuns, ProtocolResult
from napari_unison.analysis.unfinished_studies import options_of, tupled
from napari_unison.sessions import join_sessions
from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from napari_unison.encoder import Run
    from napari_unison.sessions import Session

FORMAT_VERSION: Final = 1
FACTS: Final = "study.json"
_ARRAYS: Final = "predictions.npz"


FITS: Final = Path("decoding", "fits")
"""Where a run keeps the fits of its studies."""


class StudyFileError(ValueError):
    """A decoding study cannot be read; the message names the folder and says what to do."""


def has_study(folder: str | Path) -> bool:
    """Tell whether a folder holds a decoding study; looks at names only."""
    return (Path(folder) / FACTS).is_file()


def study_folder(run_folder: str | Path, *, quick: bool = False) -> Path:
    """Return where a saved run keeps its decoding study; a quick one stands beside the full one."""
    folder = Path(run_folder, "decoding")
    return folder / "quick" if quick else folder


def study_of_run(run_folder: str | Path) -> DecodingStudy | None:
    """Read the decoding study of a saved run: the full one, else the quick one, else None.

    Raises
    ------
    StudyFileError
        As :func:`load_study`.
    """
    for quick in (False, True):
        folder = study_folder(run_folder, quick=quick)
        if has_study(folder):
            return load_study(folder)
    return None


def recordings(run: Run) -> list[Session]:
    """Return the whole sessions of a run: the training part and what was held out, put together in time."""
    return join_sessions(run.encoder.training_sessions_, run.held_out)


def save_study(study: DecodingStudy, folder: str | Path) -> list[Path]:
    """Write a study into a folder; the files of one that was there before are replaced.

    Parameters
    ----------
    study : DecodingStudy
        What is written.
    folder : path
        Made if it is not there; other files in it stay.

    Returns
    -------
    list of Path
        The files.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in _tables(study).items():
        if table is None:
            (target / name).unlink(missing_ok=True)
            continue
        table.to_csv(target / name, index=False)
        written.append(target / name)
    (target / "tables.txt").write_text(f"{study}\n", encoding="utf-8")
    arrays = _ArrayStore()
    facts = _facts(study, arrays)
    with whole_file(target / _ARRAYS) as fresh, fresh.open("xb") as stream:
        np.savez_compressed(stream, **arrays.kept)  # type: ignore[arg-type]
    # last, since it is what makes the folder a study
    with whole_file(target / FACTS) as fresh:
        fresh.write_text(json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return [*written, target / "tables.txt", target / _ARRAYS, target / FACTS]


def load_study(folder: str | Path) -> DecodingStudy:
    """Read a study that :func:`save_study` wrote.

    Raises
    ------
    StudyFileError
        If there is none, it is damaged, or was written by a newer version.
    """
    source = Path(folder)
    if not has_study(source):
        raise StudyFileError(f"{source} holds no decoding study: there is no {FACTS} in it")
    try:
        facts = json.loads((source / FACTS).read_text(encoding="utf-8"))
        if facts["format_version"] > FORMAT_VERSION:
            raise StudyFileError(
                f"{source} has format {facts['format_version']}, this version reads up to {FORMAT_VERSION}: "
                f"update napari-unison"
            )
        with (source / _ARRAYS).open("rb") as stream:
            return _study(facts, np.load(stream, allow_pickle=False))
    except StudyFileError:
        raise
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise StudyFileError(
            f"{source} cannot be read ({error or type(error).__name__}): copy it again, or run the study "
            f"again, which takes what it has kept"
        ) from error


class _ArrayStore:
    """Arrays under a checksum of what they hold: equal ones, such as the same true labels, are kept once."""

    def __init__(self) -> None:
        self.kept: dict[str, npt.NDArray[Any]] = {}

    def put(self, array: npt.NDArray[Any]) -> str:
        """Keep an array and return its name."""
        facts = str((array.dtype.str, array.shape)).encode()
        name = hashlib.sha256(facts + np.ascontiguousarray(array).tobytes()).hexdigest()[:24]
        self.kept[name] = array
        return name


def _tables(study: DecodingStudy) -> dict[str, pd.DataFrame | None]:
    differences = study.differences()
    return {
        "scores.csv": study.to_frame(),
        "differences.csv": None if differences is None else differences.to_frame(),
        "controls.csv": None if study.controls is None else study.controls.to_frame(),
        "null.csv": None if study.null is None else study.null.to_frame(),
    }


def _facts(study: DecodingStudy, arrays: _ArrayStore) -> dict[str, Any]:
    protocol = {
        field.name: getattr(study.protocol, field.name)
        for field in fields(study.protocol)
        if field.init and field.name != "methods"
    }
    protocol["methods"] = [_method_facts(method, arrays) for method in study.protocol.methods]
    return {
        "format_version": FORMAT_VERSION,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "napari-unison": version("napari-unison"),
        "options": asdict(study.options),
        "config": study.config.model_dump(mode="json"),
        "session_checksums": dict(study.session_checksums),
        "main": study.main,
        "notes": study.notes,
        "protocol": protocol,
        "controls": None if study.controls is None else controls_facts(study.controls),
        "null": None if study.null is None else without_nan(asdict(study.null)),
    }


def _method_facts(method: MethodRuns, arrays: _ArrayStore) -> dict[str, Any]:
    return {
        "name": method.name,
        "settings": method.settings,
        "uses_labels_of_test": method.uses_labels_of_test,
        "is_random": method.is_random,
        "folds": method.folds,
        "predictions": {
            seed: [
                {
                    field.name: arrays.put(value) if isinstance(value, np.ndarray) else value
                    for field in fields(prediction)
                    for value in [getattr(prediction, field.name)]
                }
                for prediction in predictions
            ]
            for seed, predictions in method.predictions.items()
        },
    }


def _study(facts: dict[str, Any], arrays: Any) -> DecodingStudy:
    # Encoders load torch, which looking for studies does not need.
    from napari_unison.encoder.config import EncoderConfig

    protocol = {name: tupled(value) for name, value in facts["protocol"].items() if name != "methods"}
    methods = tuple(_method(method, arrays) for method in facts["protocol"]["methods"])
    return DecodingStudy(
        options=options_of(facts["options"]),
        config=EncoderConfig.from_parameters(facts["config"]),
        protocol=ProtocolResult(methods=methods, **protocol),
        main=facts["main"],
        controls=None if facts["controls"] is None else controls_of(facts["controls"]),
        null=None if facts["null"] is None else _null(facts["null"]),
        notes=tuple(facts["notes"]),
        session_checksums=facts["session_checksums"],
    )


def _method(facts: dict[str, Any], arrays: Any) -> MethodRuns:
    predictions = {
        int(seed): tuple(
            Prediction(
                **{name: arrays[value] if name in _ARRAY_FIELDS else value for name, value in one.items()}
            )
            for one in of_seed
        )
        for seed, of_seed in facts["predictions"].items()
    }
    folds = {int(seed): tuple(done) for seed, done in facts["folds"].items()}
    return MethodRuns(**facts | {"folds": folds, "predictions": predictions})


_ARRAY_FIELDS: Final = ("time", "lap", "truth", "predicted")


def _null(facts: dict[str, Any]) -> NullDistribution:
    rows = tuple(
        NullScore(**with_nan(row) | {"null": tuple(number_of(score) for score in row["null"])})
        for row in facts["scores"]
    )
    return NullDistribution(**facts | {"scores": rows})


@contextmanager
def study_kept(run_folder: str | Path) -> Iterator[None]:
    """Keep the studies of a saved run while the same run is written into its folder once more.

    Writing a run replaces its folder. Encoders of a study are trained for it alone, so that a run which
    learned on, or has another embedding now, does not make it wrong; whether it is of the same recordings,
    :meth:`DecodingStudy.is_of` tells.
    """
    kept = Path(run_folder, "decoding")
    aside = kept.parent.with_name(f".{kept.parent.name}.{uuid.uuid4().hex}.decoding")
    if kept.is_dir():
        kept.rename(aside)
    try:
        yield
    finally:
        if aside.is_dir() and kept.parent.is_dir():
            # a study that runs meanwhile may have begun the folder anew
            if kept.is_dir():
                shutil.copytree(kept, aside, dirs_exist_ok=True)
                shutil.rmtree(kept)
            aside.rename(kept)
