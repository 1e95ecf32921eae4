"""Folders of calcium imaging as suite2p writes them: one file says which regions of interest are cells."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from napari_unison.sessions.importing.contents import Contents

#: Activity of all regions of interest: fluorescence, and events inferred from it.
_ACTIVITY: Final = ("F.npy", "spks.npy")
_IS_CELL: Final = "iscell.npy"


def said_of_cells(contents: Contents) -> list[str]:
    """Say how many regions of interest were called cells, since all of them become neurons.

    Parameters
    ----------
    contents : Contents
        The open file.

    Returns
    -------
    list of str
        One sentence; none where the file is no activity of suite2p, or all of it comes from cells.
    """
    file = Path(contents.place)
    if file.name not in _ACTIVITY:
        return []
    entry = contents.entries.get(file.stem)
    try:
        is_cell = np.load(file.with_name(_IS_CELL), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        # it is not there, or none of suite2p's
        return []
    if entry is None or is_cell.ndim != 2 or is_cell.dtype.kind not in "biuf":
        return []
    n_cells, n_regions = int(np.count_nonzero(is_cell[:, 0] > 0)), len(is_cell)
    if entry.shape[:1] != (n_regions,) or n_cells == n_regions:
        return []
    return [
        f"{_IS_CELL} calls {n_cells} of {n_regions} regions of interest cells, and all of them are read: to "
        f"leave out the others, save {file.stem}[iscell[:, 0] > 0] as a file of its own"
    ]
