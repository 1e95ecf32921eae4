"""Label-free scores of several runs as sheets: a row a run, a sheet a session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_unison.analysis.meanings import CIRCULAR, DECODING
from napari_unison.analysis.side_by_side import side_by_side
from napari_unison.analysis.tables import data_frame
from napari_unison.display.comparison_words import comparison_words
from napari_unison.display.score_sheets import (
    ScoreSheet,
    SheetRow,
    SheetSection,
    differences_sheet,
    label_rows,
    protocol_rows,
)

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.analysis.quick_scores import QuickScores


@dataclass(frozen=True, eq=False)
class RunSheets:
    """What is shown of several runs.

    Attributes
    ----------
    sheets : list of ScoreSheet
        One a session.
    notes : tuple of str
        Sentences: what cannot be compared, and why.
    frame : pandas.DataFrame
        All numbers: a row a run, session and label, in the label's own unit.
    """

    sheets: list[ScoreSheet]
    notes: tuple[str, ...]
    frame: pd.DataFrame


def study_run_sheets(studies: Mapping[str, DecodingStudy]) -> RunSheets:
    """Lay the main methods of studies out, with the difference of each run to the first.

    Parameters
    ----------
    studies : mapping of str to DecodingStudy
        By name of their run; at least one.
    """
    found = side_by_side(studies)
    protocol = found.protocol
    scores = protocol.scores()
    circular = {one.method for one in scores if one.is_circular}
    mains = dict.fromkeys(study.main for study in studies.values())
    sheets = []
    for session in protocol.sessions:
        columns, written = protocol_rows([one for one in scores if one.session == session])
        rows = [SheetRow(n, c, CIRCULAR if n in circular else DECODING) for n, c in written.items()]
        decoding = tuple(row for row in rows if row.meaning == DECODING)
        others = tuple(row for row in rows if row.meaning != DECODING)
        sections = [SheetSection(f"{DECODING} · {' or '.join(mains)}", decoding)] if decoding else []
        if others:
            sections.append(SheetSection("not decoding: labels used", others))
        words = tuple(comparison_words(protocol, found.differences, session)) if found.differences else ()
        sheets.append(ScoreSheet(session, columns, tuple(sections), words))
    sheets += differences_sheet(protocol, found.differences)
    frame = protocol.to_frame().rename(columns={"method": "run"})
    return RunSheets(sheets, found.notes, frame)


def quick_run_sheets(scores: Mapping[str, QuickScores]) -> RunSheets:
    """Lay the label-free quick scores of runs out; they have no intervals, and no difference is taken.

    Parameters
    ----------
    scores : mapping of str to QuickScores
        By name of their run; at least one.
    """
    free = {name: one.label_free for name, one in scores.items()}
    sessions = dict.fromkeys(session for one in free.values() for session in one.sessions)
    splits = dict.fromkeys(one.split for one in scores.values())
    sheets = []
    for session in sessions:
        columns, written = label_rows(
            {name: one for name, one in free.items() if session in one.sessions}, session
        )
        rows = tuple(SheetRow(name, cells, DECODING) for name, cells in written.items())
        sheets.append(ScoreSheet(session, columns, (SheetSection(f"{DECODING}, label-free", rows),), ()))
    notes = [f"{' and '.join(splits)}: one split without intervals, where small differences mean little"]
    if len(splits) > 1:
        notes.append("the runs were not scored on the same bins")
    frames = [one.to_frame() for one in free.values()]
    rows_of = [{"run": n, **row} for n, f in zip(free, frames, strict=True) for row in f.to_dict("records")]
    names = list(dict.fromkeys(str(key) for row in rows_of for key in row))
    frame = data_frame({name: [row.get(name, math.nan) for row in rows_of] for name in names})
    return RunSheets(sheets, tuple(notes), frame)
