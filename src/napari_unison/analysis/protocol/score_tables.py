"""The protocol as text: one table a session, circular methods apart from what is decoding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_unison.analysis.decoding import ALL_SESSIONS
from napari_unison.analysis.meanings import CIRCULAR, DECODING
from napari_unison.analysis.protocol.scores import ERRORS, MEASURE_WORDS, MEASURES, Measure
from napari_unison.analysis.tables import number, text_table

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.comparison import PairedDifference
    from napari_unison.analysis.protocol.scores import Estimate, ProtocolScore


def readable_unit(unit: str, lengths: Sequence[float]) -> tuple[float, str]:
    """Return the factor and the unit to write lengths with: centimetres where all are below a metre.

    Parameters
    ----------
    unit : str
        Unit of the label.
    lengths : sequence of float
        Lengths that are written beside each other, in that unit.
    """
    is_short = all(abs(length) < 1 for length in lengths if math.isfinite(length))
    return (100.0, "cm") if unit == "m" and is_short else (1.0, unit)


@dataclass(frozen=True)
class _Column:
    """How a measure of a label is written."""

    title: str
    factor: float
    digits: int

    def number(self, value: float) -> str:
        # what rounds to zero has no sign: adding 0.0 takes it away
        return number(round(self.factor * value, self.digits) + 0.0, self.digits)

    def interval(self, low: float, high: float) -> str:
        return f"[{self.number(low)}, {self.number(high)}]"


def score_tables(scores: Sequence[ProtocolScore]) -> list[str]:
    """Write scores as tables: what is decoding, then what is circular, a table a session in each.

    Parameters
    ----------
    scores : sequence of ProtocolScore
        All of them.

    Returns
    -------
    list of str
        Headed tables; none where there is no score.
    """
    lengths: dict[tuple[str, Measure], list[float]] = {}
    for score in scores:
        for measure in MEASURES[score.kind]:
            lengths.setdefault((score.label, measure), []).append(score.measure(measure).value)
    units = {score.label: score.unit for score in scores}
    columns = _columns(lengths, units)
    # A label that is not known everywhere has fewer laps and bins than the others.
    most = {score.session: score for score in sorted(scores, key=lambda score: score.n_bins)}
    cells: dict[tuple[bool, str], dict[str, dict[str, str]]] = {}
    for score in scores:
        whole = most[score.session]
        heading = f"{score.session} ({whole.n_laps} laps, {whole.n_bins} bins)"
        row = cells.setdefault((score.is_circular, heading), {}).setdefault(score.method, {})
        for measure in MEASURES[score.kind]:
            column = columns[score.label, measure]
            row[column.title] = _estimate(score.measure(measure), column)
    return _sections(cells, [column.title for column in columns.values()])


def difference_tables(differences: Sequence[PairedDifference]) -> list[str]:
    """Write paired differences as tables: a table a session, then one of all sessions.

    Parameters
    ----------
    differences : sequence of PairedDifference
        Of several methods to one.

    Returns
    -------
    list of str
        Headed tables; those with a circular method apart.
    """
    lengths: dict[tuple[str, Measure], list[float]] = {}
    for row in differences:
        lengths.setdefault((row.label, row.measure), []).append(row.value)
    units = {row.label: row.unit for row in differences if row.measure in ERRORS}
    columns = _columns(lengths, units)
    sessions = dict.fromkeys(row.session for row in differences if row.session != ALL_SESSIONS)
    cells: dict[tuple[bool, str], dict[str, dict[str, str]]] = {}
    for session in (*sessions, ALL_SESSIONS):
        for row in differences:
            if row.session != session:
                continue
            column = columns[row.label, row.measure]
            text = f"{column.number(row.value)} {column.interval(row.low, row.high)}"
            if session == ALL_SESSIONS:
                text += f", better in {round(row.share_better * row.n_sessions)} of {row.n_sessions}"
            cells.setdefault((row.is_circular, session), {}).setdefault(row.method, {})[column.title] = text
    return _sections(cells, [column.title for column in columns.values()])


def _columns(
    lengths: Mapping[tuple[str, Measure], Sequence[float]], units: Mapping[str, str]
) -> dict[tuple[str, Measure], _Column]:
    """Return how each measure of each label is written, by label and measure."""
    columns = {}
    for (label, measure), values in lengths.items():
        factor, unit = readable_unit(units[label], values) if measure in ERRORS else (1.0, "")
        title = f"{label} {MEASURE_WORDS[measure]}" + (f" ({unit})" if unit else "")
        columns[label, measure] = _Column(title, factor, 1 if unit == "cm" else 3)
    return columns


def _estimate(estimate: Estimate, column: _Column) -> str:
    spread = f" ± {column.number(estimate.spread)}" if len(estimate.by_seed) > 1 else ""
    return f"{column.number(estimate.value)}{spread} {column.interval(estimate.low, estimate.high)}"


def _sections(
    cells: Mapping[tuple[bool, str], Mapping[str, Mapping[str, str]]], titles: Sequence[str]
) -> list[str]:
    """Write cells, by whether they are circular and heading, method and column."""
    sections = []
    for is_circular, meaning in ((False, DECODING), (True, CIRCULAR)):
        tables = []
        for (circular, heading), rows in cells.items():
            if circular == is_circular:
                body = [[method, *(row.get(title, "–") for title in titles)] for method, row in rows.items()]
                tables.append(f"{heading}\n{text_table(['method', *titles], body)}")
        if tables:
            note = ": labels of the decoded bins entered; no decoding" if is_circular else ""
            sections.append("\n\n".join([f"== {meaning}{note} ==", *tables]))
    return sections
