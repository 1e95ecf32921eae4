"""Scores of several embeddings of the same bins, one under the other, as text and as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from napari_unison.analysis.tables import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.decoding import DecodingScores

ScorePart: TypeAlias = "tuple[str, str, DecodingScores]"
"""Name of an embedding, what its score is, in words, and the scores."""

_FIELDS = ("session", "label", "unit", "n_bins", "r2", "median_error", "mean_error", "accuracy")


def parts_table(parts: Sequence[ScorePart]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: per session all parts, each with what it is in words.

    Parameters
    ----------
    parts : sequence of (str, str, DecodingScores)
        Name, meaning and scores, all of the same sessions and labels.
    """
    _, _, first = parts[0]
    measures = first.cells(first.sessions[0])
    rows = [
        [session, name, meaning, *scores.cells(session).values()]
        for session in first.sessions
        for name, meaning, scores in parts
    ]
    return ["session", "embedding", "what it is", *measures], rows


def parts_frame(parts: Sequence[ScorePart]) -> pd.DataFrame:
    """Return one row a part, session and label; parameters as for :func:`parts_table`."""
    columns: dict[str, list[object]] = {field: [] for field in ("part", "meaning", *_FIELDS)}
    for name, meaning, scores in parts:
        for score in scores.scores:
            columns["part"].append(name)
            columns["meaning"].append(meaning)
            for field in _FIELDS:
                columns[field].append(getattr(score, field))
    return data_frame(columns)
