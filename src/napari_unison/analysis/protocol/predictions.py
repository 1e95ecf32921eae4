"""What a method says about bins that it has not seen, beside what was, lap by lap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.sessions import LabelKind, Session

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Prediction:
    """One label of one session's unseen bins, as a method predicts it.

    Only bins whose label is known stand here.

    Attributes
    ----------
    session, label : str
        Names.
    kind : {"continuous", "circular", "discrete"}
        Kind of the label.
    unit : str
        Its unit; empty where it is not known.
    time : ndarray of float64, (n,)
        Start of each bin (s).
    lap : ndarray of int64, (n,)
        Segment of each bin, numbered as in the whole session: the unit of the bootstrap.
    truth, predicted : ndarray, (n, k)
        Continuous labels in their unit, circular ones as angle (rad), both float64; discrete ones (n, 1) in
        the type of the categories.
    """

    session: str
    label: str
    kind: LabelKind
    unit: str
    time: npt.NDArray[np.float64]
    lap: npt.NDArray[np.int64]
    truth: Array
    predicted: Array

    def __post_init__(self) -> None:
        sizes = {len(self.time), len(self.lap), len(self.truth), len(self.predicted)}
        if len(sizes) > 1 or self.truth.shape != self.predicted.shape:
            raise ValueError(
                f"session {self.session!r}, label {self.label!r}: time, lap, truth and predicted need one "
                f"row a bin each; they have {len(self.time)}, {len(self.lap)}, {self.truth.shape} and "
                f"{self.predicted.shape}"
            )

    @classmethod
    def of(cls, session: Session, label: str, predicted: Array) -> Prediction:
        """Put a session's predictions (T, k) or (T,) beside its label, and leave out bins without one."""
        truth = np.asarray(session.labels[label]).reshape(session.n_bins, -1)
        kind = session.kinds[label]
        known = np.ones(session.n_bins, dtype=bool)
        if kind != "discrete":
            truth = truth.astype(np.float64)
            known = np.isfinite(truth).all(axis=1)
        return cls(
            session=session.name,
            label=label,
            kind=kind,
            unit=session.units[label],
            time=session.time[known],
            lap=np.asarray(session.segment)[known],
            truth=truth[known],
            predicted=np.asarray(predicted).reshape(session.n_bins, -1)[known],
        )

    def errors(self) -> npt.NDArray[np.float64]:
        """Return each bin's error (n,).

        Distance in the label's unit; angle (rad) for circular labels, the root of the summed squares where
        there are several columns; 0 or 1 for discrete ones.
        """
        if self.kind == "discrete":
            return np.asarray(self.truth[:, 0] != self.predicted[:, 0], dtype=np.float64)
        difference = self.predicted - self.truth
        if self.kind == "circular":
            difference = np.angle(np.exp(1j * difference))
        return np.asarray(np.linalg.norm(difference, axis=1))
