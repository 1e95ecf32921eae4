"""How far a decoding study was off in each bin of an embedding, to be shown on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.analysis import DecodingStudy
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import Session


@dataclass(frozen=True, eq=False)
class DecodingErrors:
    """Errors of label-free decoding, one a bin.

    Attributes
    ----------
    values : ndarray of float64, (ΣT,)
        Distance between decoded and true label, the mean over seeds: in the label's unit, for discrete
        labels the share of seeds that were wrong. NaN for bins that were not decoded.
    label, unit : str
        What was decoded, and its unit.
    method : str
        What decoded it.
    """

    values: npt.NDArray[np.float64]
    label: str
    unit: str
    method: str

    @property
    def title(self) -> str:
        """What the colours show, for a legend."""
        return f"decoding error, {self.label}"


def decoding_errors(study: DecodingStudy, embedding: Embedding) -> DecodingErrors | None:
    """Take the errors of a study's main method, label-free and on laps that it had not seen.

    Parameters
    ----------
    study : DecodingStudy
        A study of the same recordings.
    embedding : Embedding
        What the errors shall be shown on; of any kind, for a bin is a bin.

    Returns
    -------
    DecodingErrors or None
        Errors of the label that plays position, else of the first one that was decoded; None where no bin
        of the embedding was decoded.
    """
    labels = study.protocol.labels
    if not labels:
        return None
    roles = label_roles(embedding.sessions[0])
    label = roles.position if roles.position in labels else labels[0]
    values = np.concatenate([_errors_of(study, session, label) for session in embedding.sessions])
    if not np.isfinite(values).any():
        return None
    return DecodingErrors(values, label, embedding.sessions[0].units.get(label, ""), study.main)


def _errors_of(study: DecodingStudy, session: Session, label: str) -> npt.NDArray[np.float64]:
    """Return a session's errors (T,), the mean over seeds."""
    total = np.zeros(session.n_bins)
    count = np.zeros(session.n_bins)
    for prediction in study.protocol.method(study.main).scored(session.name, label):
        # The study decoded what was held out, too, which an embedding of the training part does not hold.
        nearest = np.searchsorted(session.time, prediction.time - 0.5 * session.bin_width)
        inside = nearest < session.n_bins
        close = np.abs(session.time[nearest[inside]] - prediction.time[inside]) < 0.5 * session.bin_width
        rows = np.flatnonzero(inside)[close]
        np.add.at(total, nearest[rows], prediction.errors()[rows])
        np.add.at(count, nearest[rows], 1.0)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
