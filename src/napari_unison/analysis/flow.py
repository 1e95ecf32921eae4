"""How the state moves through two latents: positions and velocities along each recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.tables import data_frame, number, text_table

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.encoder.embedding import Embedding


@dataclass(frozen=True)
class FlowField:
    """Steps of the embedded state through two latents.

    Attributes
    ----------
    positions : ndarray of float64, (M, 2)
        Middle of every step.
    velocities : ndarray of float64, (M, 2)
        Change of the two latents by time, in 1/s.
    labels : mapping of str to ndarray, (M,) or (M, k)
        Labels of the bin in the middle of the step.
    rows : ndarray of int, (M,)
        That bin, as a row of the stacked embedding.
    session_index : ndarray of int, (M,)
        Session of the step, an index into ``session_names``.
    session_names : tuple of str
        Sessions of the embedding.
    latents : tuple of int
        The two latents, counted from 0.
    step : int
        Bins between the ends of a step.
    embedding_description : str
        Kind of the embedding.
    """

    positions: npt.NDArray[np.float64]
    velocities: npt.NDArray[np.float64]
    labels: Mapping[str, npt.NDArray[Any]]
    rows: npt.NDArray[np.intp]
    session_index: npt.NDArray[np.intp]
    session_names: tuple[str, ...]
    latents: tuple[int, int]
    step: int
    embedding_description: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row a step."""
        first, second = (f"latent_{latent + 1}" for latent in self.latents)
        columns: dict[str, Any] = {
            "embedding": [self.embedding_description] * len(self.positions),
            "session": np.asarray(self.session_names)[self.session_index],
            first: self.positions[:, 0],
            second: self.positions[:, 1],
            f"{first}_velocity": self.velocities[:, 0],
            f"{second}_velocity": self.velocities[:, 1],
        }
        columns |= {name: values for name, values in self.labels.items() if values.ndim == 1}
        return data_frame(columns)

    def __str__(self) -> str:
        speed = np.linalg.norm(self.velocities, axis=1)
        rows = []
        for index, name in enumerate(self.session_names):
            own = speed[self.session_index == index]
            rows.append([name, str(len(own)), number(float(np.median(own)) if len(own) else float("nan"))])
        first, second = (latent + 1 for latent in self.latents)
        return "\n".join(
            [
                f"embedding: {self.embedding_description}",
                f"flow through latents {first} and {second}, steps of {self.step} bins inside segments",
                text_table(["session", "steps", "median speed (1/s)"], rows),
            ]
        )


def flow_field(embedding: Embedding, latents: tuple[int, int], *, step: int = 30) -> FlowField:
    """Take the steps between every ``step``-th bin, never across the border of a segment or session.

    Parameters
    ----------
    embedding : Embedding
        Embedding of one or more sessions.
    latents : tuple of int
        Two latents, counted from 0.
    step : int, default 30
        Bins between the ends of a step; segments that are shorter give none.

    Returns
    -------
    FlowField
        Positions, velocities by the true time between the bins, and labels.

    Raises
    ------
    ValueError
        If these are not two different latents, one does not exist, or the step is shorter than one bin.
    """
    if step < 1:
        raise ValueError(f"step is {step}: a step has at least one bin")
    if len(latents) != 2 or latents[0] == latents[1]:
        raise ValueError(
            f"latents is {tuple(latents)}: a flow field lies in the plane of two different latents; "
            f"give two, counted from 0, such as (0, 1)"
        )
    if any(not 0 <= latent < embedding.n_latents for latent in latents):
        raise ValueError(
            f"latents {latents} are not all among the {embedding.n_latents} latents, counted from 0"
        )
    positions, velocities, rows, indices = [], [], [], []
    first_row = 0
    for index, (session, values) in enumerate(zip(embedding.sessions, embedding.values, strict=True)):
        starts = _step_starts(session.segment_slices(), step)
        ends = starts + step
        plane = values[:, list(latents)].astype(np.float64)
        elapsed = session.time[ends] - session.time[starts]
        positions.append((plane[starts] + plane[ends]) / 2)
        velocities.append((plane[ends] - plane[starts]) / elapsed[:, np.newaxis])
        indices.append(np.full(len(starts), index, dtype=np.intp))
        rows.append(first_row + starts + step // 2)
        first_row += len(values)
    middle = np.concatenate(rows)
    return FlowField(
        np.concatenate(positions),
        np.concatenate(velocities),
        MappingProxyType({name: embedding.label(name)[middle] for name in embedding.sessions[0].labels}),
        middle,
        np.concatenate(indices),
        tuple(embedding.session_names),
        latents,
        step,
        embedding.description,
    )


def _step_starts(segments: list[slice], step: int) -> npt.NDArray[np.intp]:
    """Return the first bin of every step, (M,): every ``step``-th bin that has its end in the segment."""
    starts = [np.arange(segment.start, segment.stop - step, step, dtype=np.intp) for segment in segments]
    return np.concatenate([np.empty(0, dtype=np.intp), *starts])
