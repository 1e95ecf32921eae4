"""Consistency: how well a linear map turns one session's or run's latents into another's.

After Schneider, Lee & Mathis (2023, "Learnable latent embeddings for joint behavioural and neural analysis"),
who match embeddings by bins of the labels and fit linear regressions both ways. On the bins that a map was
fitted to, 32 latents of pure noise would reach an R² of about 0.4 for 80 bins. Here every R² is of laps that
the map has not seen: one half of the laps fits, the other is scored, and the two sides of a map never share a
lap. Noise, even the same noise seen by two runs, then scores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.label_bins import LabelBins, alternate_halves
from napari_unison.analysis.linear_maps import fit_linear_map
from napari_unison.analysis.meanings import CIRCULAR
from napari_unison.analysis.tables import data_frame, number, text_table
from napari_unison.analysis.targets import r_squared, require_same_labels

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.encoder.embedding import Embedding

Floats = npt.NDArray[np.float64]
Between = Literal["sessions", "seeds"]

LABEL_FREE: Final = "label-free consistency"

#: Time bins that a half of the laps must have in a label bin, for the average to count.
_FEWEST_TIME_BINS: Final = 2
#: Label bins in common below which no map is fitted.
_FEWEST_CELLS: Final = 10


@dataclass(frozen=True, eq=False)
class Consistency:
    """R² of linear maps between the latents of sessions, or of runs.

    Attributes
    ----------
    names : tuple of str
        The ``n`` sessions or runs.
    r2 : ndarray of float64, (n, n)
        Row ``i``, column ``j``: share of the variance of ``j``'s latents over the label bins that a linear
        map from those of ``i`` predicts in unseen laps; 1 at most, around or below 0 where there is nothing
        in common, NaN where too few label bins are. On the diagonal, latents of one half of the laps from
        those of the other: how far noise lets a member predict itself.
    n_cells : ndarray of int, (n, n)
        Label bins that both visited in both halves of their laps: those that were used.
    n_cells_in_all : int
        Label bins that there are.
    by : {"sessions", "seeds"}
        What is compared: sessions with each other, or runs of the same sessions.
    binned_by : str
        Labels and number of bins, in words.
    embedding_description : str
        Kind of the embeddings.
    is_circular : bool
        True if labels were used to make the embeddings: sessions then share neurons that the labels chose, so
        the maps say nothing about the sessions' own neurons.
    """

    names: tuple[str, ...]
    r2: Floats
    n_cells: npt.NDArray[np.intp]
    n_cells_in_all: int
    by: Between
    binned_by: str
    embedding_description: str
    is_circular: bool

    @property
    def pairs(self) -> Floats:
        """R² of all ordered pairs, without the diagonal and pairs that share too little, (≤ n² - n,)."""
        between = self.r2[~np.eye(len(self.names), dtype=bool)]
        return between[np.isfinite(between)]

    @property
    def mean(self) -> float:
        """Mean R² over the pairs; NaN if there is none."""
        return float(self.pairs.mean()) if len(self.pairs) else float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation over the pairs. Pairs share members: it is no standard error of the mean."""
        return float(self.pairs.std()) if len(self.pairs) else float("nan")

    @property
    def meaning(self) -> str:
        """What the numbers are, in the words of tables and figures."""
        return CIRCULAR if self.is_circular else LABEL_FREE

    @property
    def bins_used(self) -> str:
        """How many label bins the pairs used, in words."""
        used = self.n_cells[~np.eye(len(self.names), dtype=bool)]
        low, high = int(used.min()), int(used.max())
        some = str(low) if low == high else f"{low} to {high}"
        return f"{some} of {self.n_cells_in_all} label bins used a pair"

    @property
    def summary(self) -> str:
        """Mean and spread in a line."""
        return f"mean off the diagonal {number(self.mean)}, spread {number(self.spread)}, {self.bins_used}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row an ordered pair, the diagonal included."""
        n = len(self.names)
        columns: dict[str, Any] = {
            "embedding": [self.embedding_description] * n**2,
            "meaning": [self.meaning] * n**2,
            "by": [self.by] * n**2,
            "from": np.repeat(self.names, n),
            "to": np.tile(self.names, n),
            "r2": self.r2.ravel(),
            "label_bins": self.n_cells.ravel(),
            "label_bins_in_all": [self.n_cells_in_all] * n**2,
        }
        return data_frame(columns)

    def __str__(self) -> str:
        note = "  (circular: labels chose the partners)" if self.is_circular else ""
        rows = [[name, *map(number, row)] for name, row in zip(self.names, self.r2, strict=True)]
        return "\n".join(
            [
                f"embedding: {self.embedding_description}{note}",
                f"{self.meaning} between {self.by}: R² of linear maps over {self.binned_by}",
                "maps fitted and scored on different laps; diagonal: one half of the laps from the other",
                text_table(["from \\ to", *self.names], rows),
                self.summary,
            ]
        )


@dataclass(frozen=True, eq=False)
class _Averages:
    """Latents of both halves of the laps, averaged in cells (2, cells, D); their bins (2, cells)."""

    means: Floats
    counts: npt.NDArray[np.intp]


def consistency(
    embeddings: Embedding | Sequence[Embedding],
    *,
    label: str = "position",
    categories: Sequence[str] | None = None,
    by: Between | None = None,
    n_bins: int = 40,
    names: Sequence[str] | None = None,
) -> Consistency:
    """Compare latents between sessions, or between runs, by linear maps over bins of the labels.

    Latents are averaged in the label's bins, apart for every category of the discrete labels and for odd and
    even laps of each category. A map (ridge regression with intercept, its penalty by leave-one-out) from odd
    laps of one to even laps of the other is scored from even to odd laps, and the other way round; the mean
    R² counts. An R² above zero needs latents that depend on the labels alike. On laps that the encoder was
    trained on it tells how well sessions were brought together; give embeddings of other laps to see whether
    that holds for new data.

    Parameters
    ----------
    embeddings : Embedding or sequence of Embedding
        One embedding, whose sessions are compared; or several: runs of the same sessions, such as other
        seeds, or (``by="sessions"``) encoders of one session each.
    label : str, default "position"
        The label that is binned; circular ones on the circle, several columns as a grid.
    categories : sequence of str, optional
        Discrete labels whose categories have bins of their own; all of them unless given.
    by : {"sessions", "seeds"}, optional
        What is compared; sessions for one embedding, seeds for several unless given. Between seeds one map
        takes the label bins of all sessions together.
    n_bins : int, default 40
        Bins along the label.
    names : sequence of str, optional
        Names of the runs; "run 1", "run 2" … unless given.

    Returns
    -------
    Consistency
        R² for every ordered pair, with the kind of the embeddings.

    Raises
    ------
    KeyError
        If there is no such label.
    ValueError
        If there is nothing to compare, embeddings are of different kinds, runs hold different sessions, or
        ``n_bins``, ``names`` or ``by`` do not fit.
    """
    runs = [embeddings] if not isinstance(embeddings, Sequence) else list(embeddings)
    if not runs:
        raise ValueError("no embedding is given: give one of several sessions, or several runs")
    by = by or ("sessions" if len(runs) == 1 else "seeds")
    if by not in ("sessions", "seeds"):
        raise ValueError(f"by is {by!r}: choose 'sessions' or 'seeds'")
    _require_one_kind(runs)
    require_same_labels(runs)
    run_names = _run_names(runs, names)
    sessions = [session for run in runs for session in run.sessions]
    kinds = sessions[0].kinds
    if categories is None:
        categories = [name for name, kind in kinds.items() if kind == "discrete"]
    bins = LabelBins(sessions, label, categories, n_bins)
    if by == "seeds":
        _require_same_sessions(runs, run_names)
        members = {name: _averages(run, bins) for name, run in zip(run_names, runs, strict=True)}
    else:
        members = _session_averages(runs, run_names, bins)
    if len(members) < 2:
        raise ValueError(
            f"there is only {next(iter(members))!r} to compare: give an embedding of two or more sessions, "
            f"or several runs"
        )
    r2, n_cells = _matrix(list(members.values()))
    return Consistency(
        names=tuple(members),
        r2=r2,
        n_cells=n_cells,
        n_cells_in_all=bins.n_cells * (len(runs[0].sessions) if by == "seeds" else 1),
        by=by,
        binned_by=_in_words(bins, kinds[label]),
        embedding_description=runs[0].description,
        is_circular=runs[0].kind == "aligned",
    )


def _averages(embedding: Embedding, bins: LabelBins) -> _Averages:
    """Average all sessions of an embedding; their cells stand one session after the other."""
    means, counts = [], []
    for session, values in zip(embedding.sessions, embedding.values, strict=True):
        cell, half = bins.cell(session), alternate_halves(session)
        known = cell >= 0
        row = half[known] * bins.n_cells + cell[known]
        sums = np.zeros((2 * bins.n_cells, values.shape[1]))
        np.add.at(sums, row, values[known])
        count = np.bincount(row, minlength=2 * bins.n_cells)
        with np.errstate(invalid="ignore"):
            means.append((sums / count[:, None]).reshape(2, bins.n_cells, -1))
        counts.append(count.reshape(2, -1))
    return _Averages(np.concatenate(means, axis=1), np.concatenate(counts, axis=1))


def _session_averages(
    runs: Sequence[Embedding], run_names: Sequence[str], bins: LabelBins
) -> dict[str, _Averages]:
    """Average every session of every embedding; sessions that occur twice are named with their run."""
    names = [name for run in runs for name in run.session_names]
    members = {}
    for run_name, run in zip(run_names, runs, strict=True):
        together = _averages(run, bins)
        for place, name in enumerate(run.session_names):
            own = slice(place * bins.n_cells, (place + 1) * bins.n_cells)
            title = name if names.count(name) == 1 else f"{run_name}: {name}"
            members[title] = _Averages(together.means[:, own], together.counts[:, own])
    return members


def _matrix(members: Sequence[_Averages]) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return R² (n, n) and the cells that were used (n, n)."""
    visited = np.stack([(member.counts >= _FEWEST_TIME_BINS).all(axis=0) for member in members])
    shape = (len(members), len(members))
    r2, n_cells = np.full(shape, np.nan), np.zeros(shape, dtype=np.intp)
    for i, source in enumerate(members):
        for j, target in enumerate(members):
            common = visited[i] & visited[j]
            n_cells[i, j] = common.sum()
            if n_cells[i, j] >= _FEWEST_CELLS:
                r2[i, j] = _map_score(source.means[:, common], target.means[:, common])
    return r2, n_cells


def _map_score(source: Floats, target: Floats) -> float:
    """Return the mean R² of both ways to divide halves (2, cells, D) among source, target, fit and score."""
    scores = []
    for half in (0, 1):
        fitted = fit_linear_map(source[half], target[1 - half])
        scores.append(r_squared(target[half], fitted(source[1 - half])))
    return float(np.mean(scores))


def _in_words(bins: LabelBins, kind: str) -> str:
    if kind == "discrete":
        return f"categories of {' × '.join(bins.category_labels)}"
    words = f"{bins.n_bins} bins of {bins.label}"
    return f"{words} × {' × '.join(bins.category_labels)}" if bins.category_labels else words


def _run_names(runs: Sequence[Embedding], names: Sequence[str] | None) -> list[str]:
    if names is None:
        return [f"run {place + 1}" for place in range(len(runs))]
    if len(names) != len(runs) or len(set(names)) != len(names):
        raise ValueError(f"names is {list(names)}: give each of the {len(runs)} embeddings a name of its own")
    return list(names)


def _require_one_kind(runs: Sequence[Embedding]) -> None:
    kinds = {run.short_description for run in runs}
    if len(kinds) > 1:
        raise ValueError(
            f"the embeddings are of different kinds ({', '.join(sorted(kinds))}): compare label-free ones "
            f"with label-free ones, and aligned ones with aligned ones"
        )


def _require_same_sessions(runs: Sequence[Embedding], names: Sequence[str]) -> None:
    """Refuse runs that do not hold the same sessions bin by bin."""
    held = [[(s.name, s.n_bins, s.start) for s in run.sessions] for run in runs]
    other = next((place for place, sessions in enumerate(held) if sessions != held[0]), None)
    if other is not None:
        raise ValueError(
            f"{names[0]} and {names[other]} do not hold the same bins of the same sessions: embed the same "
            f"sessions with each encoder, or compare them as sessions with by='sessions'"
        )
