"""Results as text tables and as pandas data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells in columns: the first one left, all others right.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Cells, as many in each row as there are columns.

    Returns
    -------
    str
        The header, a rule and one line a row.
    """
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return "  ".join([first, *others]).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def number(value: float, digits: int = 3) -> str:
    """Write a number for a table; what does not exist (NaN) is a dash."""
    return "–" if value != value else f"{value:.{digits}f}"


def data_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Build a data frame, with a clear message where pandas is missing.

    Raises
    ------
    ImportError
        If pandas is not installed; it is needed for this conversion only.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_frame() needs pandas: install it with  pip install pandas") from error
    return pd.DataFrame(dict(columns))
