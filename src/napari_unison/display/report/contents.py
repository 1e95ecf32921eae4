"""What a page is made of."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from napari_unison.display.figures.layout import figure_title


@dataclass(frozen=True)
class Paragraph:
    """Sentences; a warning stands out."""

    text: str
    is_warning: bool = False
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True)
class Sentences:
    """Findings, one below the other."""

    lines: Sequence[str]
    kind: Literal["sentences"] = "sentences"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    cells : sequence of str
        One a column; a line break within a cell is one on the page.
    style : {"", "group", "decoding", "circular", "control", "changed"}
        What the line is: a heading of the lines below it, or one that stands out.
    """

    cells: Sequence[str]
    style: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption.

    Attributes
    ----------
    caption : str
        What it shows.
    header : sequence of str
        Names of the columns; none for facts, which have their names in the first column.
    rows : sequence of Row
        Lines; a group has one cell, which spans all columns.
    has_numbers : bool
        Whether all columns but the first are set to the right.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Row]
    has_numbers: bool = True
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Picture:
    """A figure inside the page.

    Attributes
    ----------
    source : str
        The picture itself, as an address that holds its data.
    alternative : str
        What it shows, for those who do not see it.
    caption : str
        Sentences below it.
    width : float
        Width in inches.
    """

    source: str
    alternative: str
    caption: str
    width: float
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True)
class Command:
    """A line for the terminal, and what it does."""

    text: str
    line: str
    kind: Literal["command"] = "command"


Block = Paragraph | Sentences | Table | Picture | Command


@dataclass
class Section:
    """A part of the page with a heading; ``anchor`` is its name in links."""

    title: str
    anchor: str
    blocks: list[Block] = field(default_factory=list)


def picture(figure: Figure, caption: str) -> Picture:
    """Draw a figure into the page as PNG.

    Parameters
    ----------
    figure : Figure
        What is drawn.
    caption : str
        Sentences below it.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    data = base64.b64encode(drawn.getvalue()).decode("ascii")
    title = " ".join(figure_title(figure).split())
    return Picture(f"data:image/png;base64,{data}", title, caption, float(figure.get_figwidth()))
