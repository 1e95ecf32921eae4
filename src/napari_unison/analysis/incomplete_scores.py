"""Scores of a session that has seen a part of the behaviour, apart for seen and unseen behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from napari_unison.analysis.protocol.score_tables import readable_unit, score_tables
from napari_unison.analysis.tables import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.analysis.protocol.scores import Estimate

WITH_OTHERS: Final = "with the others, decoder of the others"
WITH_OTHERS_OWN: Final = "with the others, decoder of its part"
WITH_OTHERS_ALL: Final = "with the others, decoder of all"
ALONE: Final = "alone, decoder of its part"
COMPLETE: Final = "its whole behaviour, with the others"
GUESS: Final = "one guess for all bins"
ALIGNED: Final = "aligned"
SILENCED: Final = "aligned, own neurons silenced"

WAYS: Final = (WITH_OTHERS, WITH_OTHERS_OWN, WITH_OTHERS_ALL, ALONE, COMPLETE, GUESS, ALIGNED, SILENCED)
CIRCULAR_WAYS: Final = (ALIGNED, SILENCED)
SEEN: Final = "seen"
UNSEEN: Final = "unseen"

#: A silenced error that is at most this share of the guess's above the aligned one is as good.
CLOSE: Final = 0.1


@dataclass(frozen=True, eq=False)
class IncompleteBehaviour:
    """How well a session is decoded of which a part of the behaviour was in training.

    Attributes
    ----------
    session : str
        The incomplete session.
    others : tuple of str
        The sessions that were complete.
    share_used : float
        Share of the session's training bins that were used.
    near : float
        A bin counts as seen behaviour if its label is at most this far from one that was in training.
    seen, unseen : ProtocolResult or None
        All ways on held-out laps, on seen and on unseen behaviour; None where there is no such bin.
    """

    session: str
    others: tuple[str, ...]
    share_used: float
    near: float
    seen: ProtocolResult | None
    unseen: ProtocolResult | None

    @property
    def parts(self) -> dict[str, ProtocolResult]:
        """Results by what they are scored on, "seen" or "unseen"; what has no bins is left out."""
        named = ((SEEN, self.seen), (UNSEEN, self.unseen))
        return {name: result for name, result in named if result is not None}

    def verdicts(self) -> list[str]:
        """Say what the session's own neurons tell of unseen behaviour, and what the labels put in."""
        if self.unseen is None:
            return [f"All behaviour in the held-out laps of {self.session} was in training."]
        scores = self.unseen.scores()
        measured = {score.label: score.unit for score in scores if score.kind != "discrete"}
        return [
            line
            for label, unit in measured.items()
            for line in _verdicts_of(
                label, unit, {s.method: s.median_error for s in scores if s.label == label}
            )
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a way, label and kind of behaviour ("seen", "unseen")."""
        columns: dict[str, list[Any]] = {}
        for behaviour, result in self.parts.items():
            frame = result.to_frame()
            columns.setdefault("behaviour", []).extend([behaviour] * len(frame))
            for name in frame:
                columns.setdefault(str(name), []).extend(frame[name].tolist())
        return data_frame(columns)

    def __str__(self) -> str:
        sessions = f"{len(self.others)} complete session{'s' * (len(self.others) != 1)}"
        head = (
            f"{self.session} with {self.share_used:.0%} of its training bins, beside {sessions} "
            f"({', '.join(self.others)})"
        )
        tables = [
            f"-- {behaviour} behaviour: {result.in_words()} --\n\n"
            + "\n\n".join(score_tables(result.scores()))
            for behaviour, result in self.parts.items()
        ]
        return "\n\n".join([head, *tables, "\n".join(self.verdicts())])


def _verdicts_of(label: str, unit: str, errors: Mapping[str, Estimate]) -> list[str]:
    """Compare ways by the median error of one label on unseen behaviour."""
    factor, unit = readable_unit(unit, [error.value for error in errors.values()])
    text = {way: f"{factor * error.value:.3g} {unit}".rstrip() for way, error in errors.items()}
    best = min((WITH_OTHERS, WITH_OTHERS_OWN, WITH_OTHERS_ALL), key=lambda way: errors[way].value)
    more = "more" if errors[best].high < errors[GUESS].value else "no more"
    from_neurons = (
        f"{label} of unseen behaviour, label-free: {text[best]} ({best}), {text[ALONE]} alone, "
        f"{text[COMPLETE]} where all of it was in training, {text[GUESS]} by one guess. The session's own "
        f"neurons tell {more} than one guess."
    )
    from_labels = (
        f"{label} of unseen behaviour, aligned (circular): {text[ALIGNED]}, and {text[SILENCED]} without the "
        f"session's own neurons."
    )
    if errors[SILENCED].value <= errors[ALIGNED].value + CLOSE * errors[GUESS].value:
        from_labels += " What fills the unseen part in is put there by the labels."
    return [from_neurons, from_labels]
