"""Verdicts in words, and the thresholds behind them: what a score says about the neurons, and what not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from napari_unison.analysis.protocol.scores import MEASURE_WORDS, Measure
from napari_unison.analysis.quick_scores import CLOSE

DECODED_SHARE: Final = 0.5
"""From this share of the aligned R² on, wrong labels are said to decode.

The session's own neurons fired at the true labels. What an embedding tells of labels that are as far from
them as the session's laps allow comes from the labels that were handed in. Were the score made by the
neurons, R² against the wrong labels would be at or below zero; were it made by the labels, it would be the
full one. Half lies in between: from there on, the labels make more of the score than the neurons do.
"""

LEAST_R2: Final = 0.1
"""Below this R² nothing decodes: chance alone, over the ten or so laps of a test part, gives as much."""

ALIKE: Final = 0.5
"""Labels of other laps that correlate with the true ones by more than this are hardly wrong."""

AT_NULL: Final = 0.05
"""A score is above the null if at most this share of equally good scores is expected by chance."""


@dataclass(frozen=True)
class LabelControls:
    """The aligned score of one label of one session, and its controls, all as R².

    Attributes
    ----------
    session, label : str
        Names.
    label_free : float
        Own neurons only, no label used.
    aligned : float
        Aligned by the true labels.
    silenced : float
        The same with the session's own neurons set to zero.
    wrong : float
        Aligned by the labels of other laps and scored against those.
    wrong_against_true : float
        The same embedding, scored against the true labels.
    likeness : float
        Correlation between the true labels and the wrong ones.
    """

    session: str
    label: str
    label_free: float
    aligned: float
    silenced: float
    wrong: float
    wrong_against_true: float
    likeness: float

    @property
    def silenced_is_close(self) -> bool:
        """Whether the score is (nearly) as good without the session's own neurons."""
        return _are_numbers(self.aligned, self.silenced) and self.aligned - self.silenced <= CLOSE

    @property
    def are_wrong(self) -> bool:
        """Whether the labels of other laps differ enough from the true ones for a control."""
        return not self.likeness > ALIKE

    @property
    def wrong_labels_decode(self) -> bool:
        """Whether the embedding follows whatever labels it is aligned by."""
        if not (self.are_wrong and _are_numbers(self.aligned, self.wrong)):
            return False
        return self.wrong >= max(LEAST_R2, DECODED_SHARE * self.aligned)

    @property
    def says_nothing(self) -> bool:
        """Whether the aligned score says nothing about the neurons, by either control."""
        return self.silenced_is_close or self.wrong_labels_decode

    def words(self) -> str:
        """Return label and numbers of the controls."""
        parts = [f"R² {self.aligned:.2f} aligned, {self.silenced:.2f} with the own neurons silenced"]
        if self.are_wrong:
            parts.append(
                f"aligned by labels of other laps {self.wrong:.2f} against those, "
                f"{self.wrong_against_true:.2f} against the true ones"
            )
        else:
            parts.append("laps too alike for wrong labels")
        return f"{self.label}: {'; '.join(parts)}"


@dataclass(frozen=True)
class NullScore:
    """One score beside what the same pipeline reaches with labels permuted by lap.

    Attributes
    ----------
    session, label : str
        Names.
    measure : {"r2", "accuracy"}
        R² of continuous and circular labels, accuracy of discrete ones: larger is better.
    score : float
        With the true labels.
    null : tuple of float
        With each permutation.
    likeness : float
        Share of the variance of the true labels that permuted ones explain, as a mean over permutations.
    """

    session: str
    label: str
    measure: Measure
    score: float
    null: tuple[float, ...]
    likeness: float

    @property
    def largest(self) -> float:
        """The best score that chance gave."""
        return max(self.null)

    @property
    def share_by_chance(self) -> float:
        """Share of orders of laps, the true one among them, that score at least as well (the p value)."""
        at_least = sum(not score < self.score for score in self.null)
        return (1 + at_least) / (1 + len(self.null))

    @property
    def is_above(self) -> bool:
        """Whether the score is above the null."""
        return math.isfinite(self.score) and self.share_by_chance <= AT_NULL

    @property
    def has_null(self) -> bool:
        """Whether permuted labels differ enough from the true ones to be a null."""
        return not self.likeness > ALIKE**2

    def words(self) -> str:
        """Return label and numbers."""
        return (
            f"{self.label}: {MEASURE_WORDS[self.measure]} {self.score:.2f}, by chance up to "
            f"{self.largest:.2f}, p = {self.share_by_chance:.2f}"
        )


def aligned_verdicts(controls: Sequence[LabelControls]) -> list[str]:
    """Say of one session what its aligned score says about its neurons.

    Parameters
    ----------
    controls : sequence of LabelControls
        Those of all labels of one session.

    Returns
    -------
    list of str
        Sentences: labels whose score says nothing, with the controls that show it; labels whose score the
        neurons change; and what label-free decoding gives, which alone is decoding.
    """
    session = controls[0].session
    scored = [one for one in controls if _are_numbers(one.aligned, one.silenced)]
    lines = []
    for shown_by, chosen in _by_finding(scored).items():
        numbers = " | ".join(one.words() for one in chosen)
        if shown_by:
            lines.append(
                f"The aligned score says nothing about the neurons of {session}: {shown_by} ({numbers})."
            )
        else:
            lines.append(f"The neurons of {session} change its aligned score ({numbers}); it stays circular.")
    decoded = ", ".join(f"{one.label} R² {one.label_free:.2f}" for one in scored)
    if decoded:
        lines.append(f"Decoding of {session} is the label-free score alone: {decoded}.")
    return lines


def null_verdicts(method: str, scores: Sequence[NullScore]) -> list[str]:
    """Say of one session whether a method is above what it reaches by chance.

    Parameters
    ----------
    method : str
        Its name.
    scores : sequence of NullScore
        Those of all labels of one session.

    Returns
    -------
    list of str
        Sentences.
    """
    session, n_permutations = scores[0].session, len(scores[0].null)
    if not scores[0].has_null:
        return [
            f"The laps of {session} are so alike that permuting them leaves the labels nearly as they were "
            f"(they explain {scores[0].likeness:.0%} of the true ones): this null says nothing; take labels "
            f"of turned laps."
        ]
    if 1 / (1 + n_permutations) > AT_NULL:
        return [f"{n_permutations} permutations are too few for a verdict on {session}: 19 at least."]
    above = "; ".join(one.words() for one in scores if one.is_above)
    at_null = "; ".join(one.words() for one in scores if not one.is_above)
    lines = []
    if at_null:
        lines.append(
            f"{method}: {session} is at the null ({at_null}). What its neurons tell of these labels is not "
            f"more than the labels of other laps give."
        )
    if above:
        lines.append(f"{method}: {session} is above the null ({above}).")
    return lines


def _by_finding(controls: Sequence[LabelControls]) -> dict[str, list[LabelControls]]:
    """Group labels by what shows that their score says nothing; under "" those where nothing does."""
    groups: dict[str, list[LabelControls]] = {}
    for one in controls:
        shown_by = []
        if one.silenced_is_close:
            better = one.silenced - one.aligned > CLOSE
            shown_by.append("it is better without them" if better else "it is as good without them")
        if one.wrong_labels_decode:
            shown_by.append("labels of other laps decode, too")
        groups.setdefault(", and ".join(shown_by), []).append(one)
    return groups


def _are_numbers(*values: float) -> bool:
    return all(math.isfinite(value) for value in values)
