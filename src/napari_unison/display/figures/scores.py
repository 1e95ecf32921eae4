"""The quick scores as a table that says which rows are decoding."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from matplotlib.figure import Figure

from napari_unison.analysis.meanings import CIRCULAR, CONTROL, DECODING
from napari_unison.display.figures.layout import new_figure

if TYPE_CHECKING:
    from napari_unison.analysis.quick_scores import QuickScores

ROW_COLOURS: Final = {DECODING: "#dcefdc", CIRCULAR: "#f7e6d4", CONTROL: "#ececec"}
ROW_HEIGHT: Final = 0.24
CHARACTER: Final = 0.085


def quick_scores_figure(scores: QuickScores, *, note: str = "") -> Figure:
    """Draw the quick scores: label-free, aligned, and aligned with the own neurons silenced.

    Parameters
    ----------
    scores : QuickScores
        What is drawn.
    note : str
        A line below the kinds of embedding.
    """
    header, rows = scores.table()
    header = [_two_lines(name) for name in header]
    widths = [
        max(len(line) for row in (header, *rows) for line in row[column].split("\n")) + 2
        for column in range(len(header))
    ]
    width = max(sum(widths) * CHARACTER, 8.0)
    verdicts = [line for text in scores.verdicts() for line in textwrap.wrap(text, int(width / 0.075))]
    table_height = ROW_HEIGHT * (len(rows) + 2)
    figure = new_figure(
        width + 0.4,
        table_height + 0.19 * len(verdicts) + 1.1,
        scores.title,
        f"embeddings: {scores.embedding_description} · {scores.aligned.n_neighbors} nearest neighbours",
        note,
    )
    table_axes, text_axes = figure.subplots(
        2, 1, height_ratios=[table_height, max(0.19 * len(verdicts), 0.1)]
    )
    table = table_axes.table(
        rows,
        colLabels=header,
        cellColours=[[ROW_COLOURS[row[2]]] * len(row) for row in rows],
        colWidths=[column / sum(widths) for column in widths],
        cellLoc="right",
        bbox=[0, 0, 1, 1],
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("white")
        cell.PAD = 0.04
        if column < 3:
            cell.set_text_props(ha="left")
        if row == 0:
            cell.set_height(2 * ROW_HEIGHT / table_height)
            cell.set_text_props(weight="bold")
        elif (row - 1) % 3 and column == 0:
            cell.get_text().set_text("")
    for axes in (table_axes, text_axes):
        axes.set_axis_off()
    text_axes.text(0, 1, "\n".join(verdicts), fontsize=8, va="top", transform=text_axes.transAxes)
    return figure


def _two_lines(name: str) -> str:
    """Break a column's name once, so that columns stay narrow."""
    return name.replace(" ", "\n", 1) if len(name) > 12 else name
