"""Decoding scores as sheets for a narrow table: one a session, decoding apart from what is circular."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from napari_unison.analysis.controls.verdicts import aligned_verdicts, null_verdicts
from napari_unison.analysis.decoding import ALL_SESSIONS
from napari_unison.analysis.meanings import CIRCULAR, CONTROL, DECODING
from napari_unison.analysis.protocol.score_tables import readable_unit
from napari_unison.analysis.protocol.scores import ERRORS, MEASURE_WORDS, MEASURES, Measure
from napari_unison.analysis.quick_scores import QuickScores
from napari_unison.analysis.tables import data_frame
from napari_unison.display.comparison_words import comparison_words

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.decoding import DecodingScores, LabelScore
    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.analysis.protocol.comparison import PairedDifference, ProtocolComparison
    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.analysis.protocol.scores import ProtocolScore
    from napari_unison.analysis.score_parts import ScorePart

Key: TypeAlias = "tuple[str, Measure]"
"""A label, and what is measured of it."""

NOTHING: Final = "–"
UNSHOWN: Final[Measure] = "mean_error"
"""Left to the exported table, for want of room."""

NULL_NAME: Final = "null: labels permuted by lap"


@dataclass(frozen=True)
class SheetRow:
    """One method or embedding.

    Attributes
    ----------
    name : str
        What it is.
    cells : tuple of str
        One a column: the value, and below it its interval where there is one.
    meaning : str
        What such a score is: decoding, circular, or a control.
    """

    name: str
    cells: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class SheetSection:
    """Rows that may be compared with each other; the title says on what they were scored."""

    title: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True)
class ScoreSheet:
    """The scores of one session, or of all sessions together.

    Attributes
    ----------
    session : str
        Name of the session, or "all sessions".
    columns : tuple of str
        Titles with units.
    sections : tuple of SheetSection
        Decoding first.
    words : tuple of str
        Sentences: which method is better, and what the controls say.
    """

    session: str
    columns: tuple[str, ...]
    sections: tuple[SheetSection, ...]
    words: tuple[str, ...]

    def to_text(self) -> str:
        """Write the sheet with tabs between its columns, as programs for tables paste it."""
        lines = ["\t".join([self.session, "what it is", *map(_one_line, self.columns)])]
        for section in self.sections:
            lines.append(section.title)
            for row in section.rows:
                lines.append("\t".join([row.name, row.meaning, *(_one_line(cell) for cell in row.cells)]))
        return "\n".join([*lines, *self.words])


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


Scores: TypeAlias = "QuickScores | DecodingStudy"


def score_frame(scores: Scores) -> pd.DataFrame:
    """Return all numbers as one row a method, session and label, in the label's own unit.

    Parameters
    ----------
    scores : QuickScores or DecodingStudy
        What is exported: of a study the protocol, then the controls, then every permutation of the null. The
        column ``meaning`` says which rows are decoding, ``scored_on`` on which bins.
    """
    if isinstance(scores, QuickScores):
        return _records_frame(_part_records(scores.to_frame(), scores.split))
    records = _part_records(scores.to_frame(), scores.title)
    if scores.controls is not None:
        records += _part_records(scores.controls.to_frame(), scores.controls.scores.split)
    if scores.null is not None:
        for one in scores.null.to_frame().to_dict("records"):
            if one["permutation"]:
                name = f"{one['method']}, labels permuted by lap ({one['permutation']})"
                kept = {"method": name, "meaning": CONTROL, "session": one["session"], "label": one["label"]}
                records.append(kept | {one["measure"]: one["score"], "scored_on": scores.title})
    return _records_frame(records)


def _part_records(frame: pd.DataFrame, scored_on: str) -> list[dict[str, object]]:
    named = frame.rename(columns={"part": "method"})
    return [
        {str(k): v for k, v in row.items()} | {"scored_on": scored_on} for row in named.to_dict("records")
    ]


def _records_frame(records: list[dict[str, object]]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for record in records for name in record))
    return data_frame({name: [record.get(name, math.nan) for record in records] for name in names})


# -- quick scores ----------------------------------------------------------------------------------------


def quick_sheets(scores: QuickScores) -> list[ScoreSheet]:
    """Lay quick scores out: label-free, then the aligned score beside its control.

    Parameters
    ----------
    scores : QuickScores
        Scores on the held-out end of each session.
    """
    return [_quick_sheet(scores, session) for session in scores.label_free.sessions]


def _quick_sheet(scores: QuickScores, session: str) -> ScoreSheet:
    parts = scores.parts()
    found = [_label_cells(part, session) for _, _, part in parts]
    columns = _columns(found)
    rows = _part_rows(parts, found, columns)
    sections = (
        SheetSection(f"{DECODING} · {scores.split}", tuple(row for row in rows if row.meaning == DECODING)),
        SheetSection(
            "not decoding: the aligned score beside its control",
            tuple(row for row in rows if row.meaning != DECODING),
        ),
    )
    return ScoreSheet(
        session, tuple(column.title for column in columns), sections, tuple(scores.verdicts_of(session))
    )


def _part_rows(
    parts: Iterable[ScorePart], found: Sequence[dict[Key, _Cell]], columns: Sequence[_Column]
) -> list[SheetRow]:
    return [
        SheetRow(name, _written(cells, columns), meaning)
        for (name, meaning, _), cells in zip(parts, found, strict=True)
    ]


# -- a decoding study ------------------------------------------------------------------------------------


def study_sheets(study: DecodingStudy) -> list[ScoreSheet]:
    """Lay a decoding study out: a sheet a session, then the differences over all sessions.

    Parameters
    ----------
    study : DecodingStudy
        Protocol, controls and null.
    """
    sheets = [_session_sheet(study, session) for session in study.protocol.sessions]
    return [*sheets, *differences_sheet(study.protocol, study.differences())]


def _session_sheet(study: DecodingStudy, session: str) -> ScoreSheet:
    scores = [score for score in study.protocol.scores() if score.session == session]
    by_method: dict[str, dict[Key, _Cell]] = {}
    circular = {score.method: score.is_circular for score in scores}
    for score in scores:
        by_method.setdefault(score.method, {}).update(_protocol_cells(score))
    null = _null_cells(study, session)
    controls = [] if study.controls is None else list(study.controls.parts())
    of_controls = [_label_cells(part, session) for _, _, part in controls]
    columns = _columns([*by_method.values(), *of_controls])
    decoding, others = _by_meaning(by_method, circular, columns)
    if null:
        decoding.append(SheetRow(NULL_NAME, _written(null, columns), CONTROL))
    sections = [SheetSection(f"{DECODING} · laps that were left out", tuple(decoding))]
    if others:
        sections.append(SheetSection("not decoding: labels used", tuple(others)))
    if study.controls is not None:
        title = f"aligned score with its controls · {study.controls.scores.split}"
        sections.append(SheetSection(title, tuple(_part_rows(controls, of_controls, columns))))
    return ScoreSheet(
        session, tuple(column.title for column in columns), tuple(sections), _study_words(study, session)
    )


def _by_meaning(
    by_method: dict[str, dict[Key, _Cell]], circular: dict[str, bool], columns: Sequence[_Column]
) -> tuple[list[SheetRow], list[SheetRow]]:
    decoding: list[SheetRow] = []
    others: list[SheetRow] = []
    for method, cells in by_method.items():
        written = _written(cells, columns)
        if circular[method]:
            others.append(SheetRow(method, written, CIRCULAR))
        else:
            decoding.append(SheetRow(method, written, DECODING))
    return decoding, others


def _study_words(study: DecodingStudy, session: str) -> tuple[str, ...]:
    """Say which method is better, whether it is above chance, and what the aligned score is worth."""
    words: list[str] = []
    differences = study.differences()
    if differences is not None:
        words += comparison_words(study.protocol, differences, session)
    if study.null is not None:
        of_session = [score for score in study.null.scores if score.session == session]
        words += null_verdicts(study.null.method, of_session) if of_session else []
    if study.controls is not None and session in study.controls.sessions:
        labels = study.controls.wrong.labels
        words += aligned_verdicts([study.controls.of(session, label) for label in labels])
    return tuple(words)


def differences_sheet(protocol: ProtocolResult, differences: ProtocolComparison | None) -> list[ScoreSheet]:
    """Lay the differences over all sessions out; nothing where there is a single session."""
    if differences is None:
        return []
    rows = [row for row in differences.differences if row.session == ALL_SESSIONS and row.measure != UNSHOWN]
    if not rows:
        return []
    by_method: dict[str, dict[Key, _Cell]] = {}
    circular = {row.method: row.is_circular for row in rows}
    for row in rows:
        by_method.setdefault(row.method, {})[row.label, row.measure] = _difference_cell(row)
    columns = _columns(list(by_method.values()))
    decoding, others = _by_meaning(by_method, circular, columns)
    sections = [SheetSection(f"difference to {differences.baseline} · mean over sessions", tuple(decoding))]
    if others:
        sections.append(SheetSection("not decoding: labels used", tuple(others)))
    words = comparison_words(protocol, differences, ALL_SESSIONS)
    return [
        ScoreSheet(ALL_SESSIONS, tuple(column.title for column in columns), tuple(sections), tuple(words))
    ]


# -- runs side by side ------------------------------------------------------------------------------------


def protocol_rows(scores: Iterable[ProtocolScore]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the titles of the columns, and for each method the cells of one session."""
    found: dict[str, dict[Key, _Cell]] = {}
    for score in scores:
        found.setdefault(score.method, {}).update(_protocol_cells(score))
    return _titles_and_cells(found)


def label_rows(
    scores: Mapping[str, DecodingScores], session: str
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the titles of the columns, and for each embedding the cells of one session."""
    return _titles_and_cells({name: _label_cells(one, session) for name, one in scores.items()})


def _titles_and_cells(
    found: Mapping[str, dict[Key, _Cell]],
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    columns = _columns(list(found.values()))
    titles = tuple(column.title for column in columns)
    return titles, {name: _written(cells, columns) for name, cells in found.items()}


# -- cells -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cell:
    """A number with its unit, and what stands below it."""

    value: float
    unit: str
    spread: float = math.nan
    low: float = math.nan
    high: float = math.nan
    below: str = ""
    is_difference: bool = False


@dataclass(frozen=True)
class _Column:
    """How a measure of a label is written."""

    key: Key
    title: str
    factor: float
    digits: int

    def cell(self, cell: _Cell) -> str:
        if math.isnan(cell.value):
            return NOTHING
        lines = [self._number(cell.value, signed=cell.is_difference)]
        if not math.isnan(cell.spread):
            lines[0] += f" ± {self._number(cell.spread)}"
        if not math.isnan(cell.low):
            lines.append(f"[{self._number(cell.low)}, {self._number(cell.high)}]")
        return "\n".join([*lines, cell.below] if cell.below else lines)

    def _number(self, value: float, *, signed: bool = False) -> str:
        # what rounds to zero has no sign: adding 0.0 takes it away
        rounded = round(self.factor * value, self.digits) + 0.0
        return f"{rounded:+.{self.digits}f}" if signed and rounded else f"{rounded:.{self.digits}f}"


def _columns(rows: Sequence[dict[Key, _Cell]]) -> list[_Column]:
    """Return the columns of all rows, in their order; lengths in centimetres where all are below a metre."""
    columns = []
    for key in dict.fromkeys(key for row in rows for key in row):
        label, measure = key
        cells = [row[key] for row in rows if key in row]
        factor, unit = (1.0, "")
        if measure in ERRORS:
            factor, unit = readable_unit(cells[0].unit, [cell.value for cell in cells])
        title = f"{label}\n{MEASURE_WORDS[measure]}" + (f" ({unit})" if unit else "")
        columns.append(_Column(key, title, factor, 1 if unit == "cm" else 2))
    return columns


def _written(cells: dict[Key, _Cell], columns: Sequence[_Column]) -> tuple[str, ...]:
    return tuple(column.cell(cells[column.key]) if column.key in cells else NOTHING for column in columns)


def _shown_measures(kind: str) -> list[Measure]:
    return [measure for measure in MEASURES[kind] if measure != UNSHOWN]


def _protocol_cells(score: ProtocolScore) -> dict[Key, _Cell]:
    cells = {}
    for measure in _shown_measures(score.kind):
        found = score.measure(measure)
        cells[score.label, measure] = _Cell(found.value, score.unit, found.spread, found.low, found.high)
    return cells


def _label_cells(scores: DecodingScores, session: str) -> dict[Key, _Cell]:
    """Return one embedding's scores of a session; none where it was not scored."""
    if session not in scores.sessions:
        return {}
    found: dict[Key, _Cell] = {}
    for label in scores.labels:
        score: LabelScore = scores.row(session, label)
        for measure in _shown_measures(score.kind):
            found[label, measure] = _Cell(getattr(score, measure), score.unit)
    return found


def _null_cells(study: DecodingStudy, session: str) -> dict[Key, _Cell]:
    if study.null is None:
        return {}
    cells: dict[Key, _Cell] = {}
    for score in study.null.scores:
        if score.session == session and score.has_null:
            mean = sum(score.null) / len(score.null)
            cells[score.label, score.measure] = _Cell(mean, "", below=f"up to {score.largest:.2f}")
    return cells


def _difference_cell(row: PairedDifference) -> _Cell:
    better = f"better in {round(row.share_better * row.n_sessions)} of {row.n_sessions}"
    return _Cell(row.value, row.unit, low=row.low, high=row.high, below=better, is_difference=True)
