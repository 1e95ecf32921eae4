"""Results of attribution: scores of neurons as a table, and how well they tell known neurons apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.tables import data_frame, number, text_table

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.sessions import Session

Floats = npt.NDArray[np.float64]
AttributionMethod = Literal["gradient", "ablation"]

LATENTS: Final = "latents"

_SHOWN: Final = 5
#: Columns of a neuron's table with more axes are put into a frame if they have no more values than this.
_WIDEST: Final = 8


@dataclass(frozen=True, eq=False)
class SessionAttribution:
    """Scores of one session's ``N`` neurons for ``K`` outputs.

    Attributes
    ----------
    session : Session
        Whose neurons they are; its ``neurons`` table says more about them.
    absolute : ndarray of float64, (N, K)
        Mean absolute contribution to each output over the bins.
    signed : ndarray of float64, (N, K)
        Mean contribution with its sign.
    score : ndarray of float64, (N,)
        Mean length of the contribution to all outputs together: how much of the outputs the neuron carries.
        Neurons are ranked by it.
    n_bins : int
        Bins that were averaged over.
    decoder_r2 : float
        R² of the decoded label in the bins that its decoder was fitted to; NaN for latents.
    """

    session: Session
    absolute: Floats
    signed: Floats
    score: Floats
    n_bins: int
    decoder_r2: float

    @property
    def score_per_activity(self) -> Floats:
        """Score divided by the mean absolute activity of a bin, (N,); 0 for silent neurons.

        For counts: by how much one spike changes the outputs, summed over the windows that see it. It tells
        neurons that say much in few spikes from those that only fire much.
        """
        neural: Any = self.session.neural
        activity = np.asarray(abs(neural).sum(axis=0), dtype=np.float64).reshape(-1) / self.session.n_bins
        return np.divide(self.score, activity, out=np.zeros(len(activity)), where=activity > 0)

    def ranking(self) -> npt.NDArray[np.intp]:
        """Return the neurons, counted from 0, the highest score first, (N,)."""
        return np.argsort(-self.score, kind="stable")

    def area_under_curve(self, column: str, *, per_activity: bool = False) -> float:
        """Return how well the score tells neurons that are something from those that are not.

        Parameters
        ----------
        column : str
            A column of true and false in the session's table of neurons, such as ``"is_place_cell"``.
        per_activity : bool, default False
            Take the score per activity.

        Returns
        -------
        float
            Area under the receiver operating characteristic: the probability that a neuron with the property
            scores higher than one without; 0.5 by chance, NaN where all neurons are alike.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If it does not hold true and false.
        """
        if column not in self.session.neurons:
            known = ", ".join(map(repr, self.session.neurons))
            raise KeyError(f"session {self.session.name!r} knows no {column!r} of its neurons, only {known}")
        has_it = self.session.neurons[column]
        if has_it.dtype != np.bool_ or has_it.ndim != 1:
            raise ValueError(
                f"session {self.session.name!r}: the column {column!r} does not hold true and false"
            )
        values = self.score_per_activity if per_activity else self.score
        first, second = values[has_it][:, None], values[~has_it]
        if first.size == 0 or second.size == 0:
            return float("nan")
        return float(np.mean((first > second) + 0.5 * (first == second)))


@dataclass(frozen=True, eq=False)
class Attribution:
    """Which neurons carry the latents or a decoded label, session by session.

    Attributes
    ----------
    sessions : tuple of SessionAttribution
        Scores of each session's neurons.
    method : {"gradient", "ablation"}
        How a neuron's contribution was found.
    target : str
        ``"latents"``, or the name of the label that is decoded from them.
    unit : str
        Unit of the contributions: empty for latents, which have none, and where the label has none.
    outputs : tuple of str
        Names of the ``K`` outputs.
    embedding_description : str
        Kind of the embedding: always label-free.
    """

    sessions: tuple[SessionAttribution, ...]
    method: AttributionMethod
    target: str
    unit: str
    outputs: tuple[str, ...]
    embedding_description: str

    def session(self, name: str) -> SessionAttribution:
        """Look up one session by name.

        Raises
        ------
        KeyError
            If there is none; the message lists those that there are.
        """
        for scores in self.sessions:
            if scores.session.name == name:
                return scores
        known = ", ".join(repr(scores.session.name) for scores in self.sessions)
        raise KeyError(f"no attribution for session {name!r}, only for {known}")

    @property
    def score_name(self) -> str:
        """What the score is, for columns and axes."""
        what = "contribution to the latents" if self.target == LATENTS else f"contribution to {self.target}"
        return f"{what} ({self.unit})" if self.unit else what

    def to_frame(self) -> pd.DataFrame:
        """Return one row a neuron: rank, scores, rate (1/s), what is known of it, contributions.

        Columns of the table of neurons with many values a neuron, such as place fields, are left out.
        """
        import pandas as pd

        frames = []
        for scores in self.sessions:
            n = len(scores.score)
            rank = np.empty(n, dtype=np.intp)
            rank[scores.ranking()] = np.arange(1, n + 1)
            columns: dict[str, Any] = {
                "embedding": [self.embedding_description] * n,
                "session": [scores.session.name] * n,
                "method": [self.method] * n,
                "target": [self.target] * n,
                "id": scores.session.neurons["id"],
                "rank": rank,
                "score": scores.score,
                "score_per_activity": scores.score_per_activity,
                "rate": scores.session.rate(),
            }
            for name, values in _narrow_columns(scores.session).items():
                # what the recording says of neurons does not take our columns' place
                columns[f"neuron_{name}" if name in columns else name] = values
            for place, output in enumerate(self.outputs):
                columns[f"absolute {output}"] = scores.absolute[:, place]
                columns[f"signed {output}"] = scores.signed[:, place]
            frames.append(data_frame(columns))
        return pd.concat(frames, ignore_index=True)

    def __str__(self) -> str:
        lines = [
            f"embedding: {self.embedding_description}",
            f"attribution by {self.method}: {self.score_name}",
        ]
        for scores in self.sessions:
            decoder = (
                "" if np.isnan(scores.decoder_r2) else f", R² of the decoder {number(scores.decoder_r2)}"
            )
            lines.append(f"{scores.session.name}: {len(scores.score)} neurons, {scores.n_bins} bins{decoder}")
            columns = scores.score, scores.score_per_activity, scores.session.rate()
            rows = [
                [str(scores.session.neurons["id"][neuron]), *(f"{values[neuron]:.3g}" for values in columns)]
                for neuron in scores.ranking()[:_SHOWN]
            ]
            lines.append(text_table(["neuron", "score", "per activity", "rate (1/s)"], rows))
        return "\n".join(lines)


def _narrow_columns(session: Session) -> dict[str, npt.NDArray[Any]]:
    """Return what is known of neurons with few values each, one column a value."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, values in session.neurons.items():
        if name == "id":
            continue
        if values.ndim == 1:
            columns[name] = values
        elif values.ndim == 2 and values.shape[1] <= _WIDEST:
            columns |= {f"{name}_{place + 1}": column for place, column in enumerate(values.T)}
    return columns
