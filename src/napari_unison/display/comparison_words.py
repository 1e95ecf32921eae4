"""Which method is better, in words: differences whose interval leaves zero out, and those that do not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from napari_unison.analysis.decoding import ALL_SESSIONS
from napari_unison.analysis.protocol.score_tables import readable_unit
from napari_unison.analysis.protocol.scores import ERRORS, MEASURE_WORDS, Measure

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.comparison import PairedDifference, ProtocolComparison
    from napari_unison.analysis.protocol.result import ProtocolResult

Verdict = Literal["better", "worse", "undecided"]

WORDS: Final[dict[Verdict, str]] = {
    "better": "Better than it",
    "worse": "Worse",
    "undecided": "No clear difference",
}
COMPARED: Final[tuple[Measure, ...]] = ("median_error", "accuracy")
"""What is compared in words: of continuous labels the median error, of discrete ones the accuracy."""


def verdict(difference: PairedDifference) -> Verdict:
    """Say whether a method is better than what it is compared with, as far as the interval tells."""
    if not (math.isfinite(difference.low) and math.isfinite(difference.high)):
        return "undecided"
    if difference.low <= 0 <= difference.high:
        return "undecided"
    is_lower = difference.high < 0
    return "better" if is_lower == (difference.measure in ERRORS) else "worse"


def comparison_words(protocol: ProtocolResult, comparison: ProtocolComparison, session: str) -> list[str]:
    """Say of one session which methods are better than the one that all are compared with.

    Parameters
    ----------
    protocol : ProtocolResult
        Scores of all methods.
    comparison : ProtocolComparison
        Differences of the others to one of them.
    session : str
        Name of the session, or "all sessions".

    Returns
    -------
    list of str
        A sentence for each label: median error of continuous and circular labels, accuracy of discrete ones.
    """
    rows = [row for row in comparison.differences if row.session == session and not row.is_circular]
    own = [] if session == ALL_SESSIONS else protocol.scores()
    scores = {one.label: one for one in own if (one.method, one.session) == (comparison.baseline, session)}
    sentences = []
    for label, measure in dict.fromkeys((row.label, row.measure) for row in rows):
        if measure in COMPARED:
            of_label = [row for row in rows if (row.label, row.measure) == (label, measure)]
            if label in scores:
                unit = scores[label].unit if measure in ERRORS else ""
                own_score = _amount(scores[label].measure(measure).value, unit)
            else:
                own_score = f"mean over {of_label[0].n_sessions} sessions"
            sentences.append(
                f"{label} {MEASURE_WORDS[measure]}: {comparison.baseline}, {own_score}. {_groups(of_label)}."
            )
    return sentences


def _groups(rows: list[PairedDifference]) -> str:
    """Group methods by verdict, each with the size of its difference."""
    parts = []
    for which, words in WORDS.items():
        found = [row for row in rows if verdict(row) == which]
        if found:
            names = ", ".join(
                f"{row.method} by {_size(row)}" if which != "undecided" else row.method for row in found
            )
            parts.append(f"{words}: {names}")
    return ". ".join(parts)


def _size(row: PairedDifference) -> str:
    """Write how large a difference is, without its sign, with its interval."""
    low, high = sorted((abs(row.low), abs(row.high)))
    factor, unit = readable_unit(row.unit, [row.value])
    digits = 1 if unit == "cm" else 2
    interval = f"[{factor * low:.{digits}f}, {factor * high:.{digits}f}]"
    return f"{_amount(abs(row.value), row.unit)} {interval}"


def _amount(value: float, unit: str) -> str:
    factor, unit = readable_unit(unit, [value])
    text = f"{factor * value:.{1 if unit == 'cm' else 2}f}"
    return f"{text} {unit}" if unit else text
