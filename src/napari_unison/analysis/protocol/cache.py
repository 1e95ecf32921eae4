"""Predictions of single fits in files, so that work that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import json
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.results_version import code_version
from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.sessions import Session

_CONTENTS = "napari-unison predictions"
_VERSION = 1
_PARTS = ("time", "truth", "predicted")


class DifferentPredictionsError(ValueError):
    """Predictions are not one for each label of each tested session, bin by bin."""


class PredictionCache:
    """Predictions by method settings, sessions, fold and seed: one file each.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    ValueError
        If there is a file of that name.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file: give a folder to keep predictions in")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def read(self, method: Method, fold: Fold, checksum: str, seed: int) -> list[Prediction] | None:
        """Return the predictions of one fit, or None where they have to be computed.

        A file that is damaged, or that does not hold what its name says, is told of in a warning and not
        used.

        Parameters
        ----------
        method : Method
            Its settings are what counts.
        fold : Fold
            The predictions must stand for its test bins.
        checksum : str
            That of the fold, see :func:`fold_checksum`.
        seed : int
            Seed of the fit.
        """
        facts = _facts(method, fold, checksum, seed)
        file = self._file(facts)
        try:
            with file.open("rb") as stream:
                predictions = _read(np.load(stream, allow_pickle=False), facts, fold.test)
            return complete(predictions, fold.test)
        except FileNotFoundError:
            return None
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            warnings.warn(
                f"{file} is damaged or holds other predictions than its name says ({error}): they are "
                f"computed again",
                stacklevel=3,
            )
            return None

    def has(self, method: Method, fold: Fold, checksum: str, seed: int) -> bool:
        """Tell whether there is a file of a fit; :meth:`read` tells whether it is sound."""
        return self._file(_facts(method, fold, checksum, seed)).is_file()

    def write(
        self, method: Method, fold: Fold, checksum: str, seed: int, predictions: Sequence[Prediction]
    ) -> None:
        """Keep the predictions of one fit in a file that appears complete or not at all."""
        facts = _facts(method, fold, checksum, seed)
        names = [{"session": p.session, "label": p.label} for p in predictions]
        # json in bytes, so that names of any alphabet survive without pickle
        contents = json.dumps(facts | {"predictions": names}).encode()
        arrays: dict[str, npt.NDArray[Any]] = {_CONTENTS: np.frombuffer(contents, dtype=np.uint8)}
        for index, prediction in enumerate(predictions):
            for part in _PARTS:
                arrays[f"{index}/{part}"] = getattr(prediction, part)
        target = self._file(facts)
        with whole_file(target) as fresh, fresh.open("xb") as stream:
            np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]

    def _file(self, facts: dict[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return self._folder / f"fold-{facts['fold'] + 1}-seed-{facts['seed']}-{digest[:32]}.npz"


def _facts(method: Method, fold: Fold, checksum: str, seed: int) -> dict[str, Any]:
    """Return all that predictions are kept under, as JSON can hold it."""
    return {
        "version": _VERSION,
        "code": code_version(),
        "settings": method.settings,
        "sessions": checksum,
        "fold": fold.number,
        "seed": seed,
    }


def _read(file: Any, facts: dict[str, Any], test: Sequence[Session]) -> list[Prediction]:
    if not isinstance(file, np.lib.npyio.NpzFile) or _CONTENTS not in file:
        raise ValueError("it holds no predictions")
    contents = json.loads(file[_CONTENTS].tobytes().decode())
    names = contents.pop("predictions")
    if contents != facts:
        differing = sorted(key for key in facts if contents.get(key) != facts[key])
        raise ValueError(f"it is of other {', '.join(differing) or 'contents'}")
    sessions = {session.name: session for session in test}
    predictions = []
    for index, name in enumerate(names):
        session, label = sessions[name["session"]], name["label"]
        time, truth, predicted = (file[f"{index}/{part}"] for part in _PARTS)
        predictions.append(
            Prediction(
                session=session.name,
                label=label,
                kind=session.kinds[label],
                unit=session.units[label],
                time=time,
                lap=np.zeros(len(time), dtype=np.int64),
                truth=truth,
                predicted=predicted,
            )
        )
    return predictions


def complete(predictions: Sequence[Prediction], test: Sequence[Session]) -> list[Prediction]:
    """Return predictions in the order of sessions and labels, if they are there bin by bin.

    Parameters
    ----------
    predictions : sequence of Prediction
        What a method predicts; laps are not looked at.
    test : sequence of Session
        What it was asked for.

    Returns
    -------
    list of Prediction
        One for each session and label, with the laps of ``test``.

    Raises
    ------
    DifferentPredictionsError
        If one is missing, there is one too many, bins or true labels differ, or a prediction is not known.
    """
    given = {(prediction.session, prediction.label): prediction for prediction in predictions}
    wanted = [(session, label) for session in test for label in session.labels]
    names = [(session.name, label) for session, label in wanted]
    if sorted(given) != sorted(names) or len(predictions) != len(names):
        raise DifferentPredictionsError(
            f"there are predictions of {_listed(list(given))} where one each of "
            f"{_listed(names)} was asked for"
        )
    return [_same_bins(given[session.name, label], session) for session, label in wanted]


def _same_bins(prediction: Prediction, session: Session) -> Prediction:
    """Return a prediction with the laps of the session whose bins it is of."""
    label = prediction.label
    blank = Prediction.of(session, label, session.labels[label])
    where = f"session {session.name!r}, label {label!r}"
    if not (np.array_equal(prediction.time, blank.time) and np.array_equal(prediction.truth, blank.truth)):
        raise DifferentPredictionsError(
            f"{where}: the bins predicted, or their true labels, are not those of the test part"
        )
    given, wanted = (values.dtype.kind.replace("u", "i") for values in (prediction.predicted, blank.truth))
    if given != wanted and (prediction.kind == "discrete" or given not in "if"):
        raise DifferentPredictionsError(
            f"{where}: predictions are of type {prediction.predicted.dtype}, the label of type "
            f"{blank.truth.dtype}; give predictions in the type of the label"
        )
    if prediction.kind != "discrete":
        unknown = int(np.count_nonzero(~np.isfinite(prediction.predicted).all(axis=1)))
        if unknown:
            raise DifferentPredictionsError(
                f"{where}: {unknown} of {len(prediction.time)} bins have no prediction (NaN or infinite); a "
                f"method has to decide, or its errors could not be compared"
            )
    return replace(prediction, lap=blank.lap, kind=blank.kind, unit=blank.unit)


def _listed(names: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{session}/{label}" for session, label in names) or "nothing"


def fold_checksum(fold: Fold) -> str:
    """Return a checksum of all that a method can see of a fold's sessions.

    It differs with number and guard of the folds, too, since they decide which bins are trained on.
    """
    # Saved runs load torch, which reading predictions itself does not need.
    from napari_unison.encoder.runs import session_checksum

    facts = [
        [
            *(session.name, session.bin_width, session.n_neurons, session_checksum(session)),
            *(dict(session.kinds), dict(session.weights), dict(session.units)),
        ]
        for session in (*fold.train, *fold.test)
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
