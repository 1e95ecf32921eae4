"""Nearest-label search on a device: the laws of :class:`LabelIndex`, without ever asking the host.

Two exact searches. Where the labels are a line, or a few of them, as a position with a direction is, rows
are sorted along it and looked up by bisection. Otherwise the distance to every row is computed, for as many
queries at a time as memory allows. All sizes are known beforehand, so that the device never has to be
waited for.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_unison.encoder.alignment import LabelIndex

Array = np.ndarray[Any, np.dtype[Any]]

#: More lines than this are searched row by row.
MOST_LINES = 64
#: What a query takes on each line, and what that makes in all steps of the search (bytes).
BYTES_PER_BISECTION = 100
#: Distances that are computed at a time, at most, and the bytes that each takes with all that follows.
CHUNK_DISTANCES = 2**23
BYTES_PER_DISTANCE = 25
_BLOCK = 256


class DeviceSearch(Protocol):
    """Nearest-label search in one session."""

    def draw(self, queries: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Draw one bin for each query, uniformly among all bins that are equally near.

        Parameters
        ----------
        queries : Tensor (Q, d)
            Labels in the label space, without NaN.
        uniform : Tensor (Q,)
            Random numbers, at least 0 and below 1.

        Returns
        -------
        bins : Tensor (Q,) of int64
            Bins of the session.
        distance : Tensor (Q,)
            How far they are.
        """


def number_type(device: torch.device) -> torch.dtype:
    """Return the numbers that labels are compared in: float64, but float32 on MPS, which has no other."""
    return torch.float32 if device.type == "mps" else torch.float64


def tolerance_of(tie_tolerance: float, rows: Array, dtype: torch.dtype) -> float:
    """Return below what difference distances are equal.

    In float32 a label is rounded by up to 6·10⁻⁸ of the largest one. Rows whose distances differ by less than
    about 10⁻⁶ of it are therefore tied there, a thousand times more than in float64.
    """
    if dtype == torch.float64:
        return tie_tolerance
    largest = float(np.abs(rows).max(initial=0.0)) or 1.0
    return max(tie_tolerance, 8 * float(np.finfo(np.float32).eps) * largest)


def device_search(
    index: LabelIndex, device: torch.device, dtype: torch.dtype, most_lines: int = MOST_LINES
) -> DeviceSearch:
    """Return the faster search that suits a session's labels.

    Parameters
    ----------
    index : LabelIndex
        Of a session that has at least one bin with all its labels.
    device : torch.device
        Where to search.
    dtype : torch.dtype
        Of the queries; see :func:`number_type`.
    most_lines : int
        Search along lines if there are no more of them than this.
    """
    tolerance = tolerance_of(index.tolerance, index.rows, dtype)
    n_distinct = [len(np.unique(column)) for column in index.rows.T]
    along = int(np.argmax(n_distinct))
    across = np.delete(index.rows, along, axis=1)
    lines, line_of_row = np.zeros((1, 0)), np.zeros(len(index.rows), dtype=np.intp)
    if across.shape[1]:
        lines, line_of_row = np.unique(across, axis=0, return_inverse=True)
    if len(lines) > most_lines:
        return RowSearch(index, tolerance, device, dtype)
    return LineSearch(index, along, lines, line_of_row.reshape(-1), tolerance, device, dtype)


class LineSearch:
    """Search among rows that lie on ``G`` parallel lines, by bisection along each.

    Parameters
    ----------
    index : LabelIndex
        Rows and bins of the session.
    along : int
        Column of the labels that runs along the lines.
    lines : array (G, d - 1)
        The other columns of each line.
    line_of_row : array (R,) of int
        Line of each row.
    tolerance : float
        Rows whose distances differ by no more than this are tied.
    device, dtype
        Of the queries.
    """

    def __init__(
        self,
        index: LabelIndex,
        along: int,
        lines: Array,
        line_of_row: Array,
        tolerance: float,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._tolerance = tolerance
        self._along = along
        self._across = [column for column in range(index.rows.shape[1]) if column != along]
        self._lines = torch.from_numpy(lines).to(device, dtype)
        order = np.lexsort([index.rows[:, along], line_of_row])
        count = np.bincount(index.row_of_bin[index.bins], minlength=len(index.rows))
        begins = np.cumsum(count) - count
        self._bins = torch.from_numpy(
            np.concatenate([index.bins_by_row[begins[row] : begins[row] + count[row]] for row in order])
        ).to(device)
        on_line = np.bincount(line_of_row)
        # minus infinity before the first row of a line, infinity after the last: no bisection leaves it
        values = np.full((len(lines), int(on_line.max()) + 2), np.inf)
        values[:, 0] = -np.inf
        ends = np.cumsum(count[order])
        place = np.zeros(values.shape, dtype=np.int64)
        last = np.cumsum(on_line)
        for line, (begin, end) in enumerate(zip(last - on_line, last, strict=True)):
            length = end - begin
            values[line, 1 : length + 1] = index.rows[order[begin:end], along]
            first = ends[begin - 1] if begin else 0
            place[line, :2] = first
            place[line, 2 : length + 2] = ends[begin:end]
            place[line, length + 2 :] = ends[end - 1]
        self._values = torch.from_numpy(values).to(device, dtype)
        self._place = torch.from_numpy(place).to(device)

    def draw(self, queries: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Draw one bin for each query; see :class:`DeviceSearch`."""
        wanted = queries[:, self._along].expand(len(self._lines), -1).contiguous()
        apart = torch.zeros_like(wanted)
        for number, column in enumerate(self._across):
            apart += (queries[:, column] - self._lines[:, number, None]).square()
        after = torch.searchsorted(self._values, wanted)
        below = wanted - self._values.gather(1, after - 1)
        above = self._values.gather(1, after) - wanted
        distance = (torch.minimum(below, above).square() + apart).amin(0).sqrt()
        reach = (distance + self._tolerance).square() - apart
        width = reach.clamp(min=0).sqrt()
        first = self._place.gather(1, torch.searchsorted(self._values, wanted - width))
        end = self._place.gather(1, torch.searchsorted(self._values, wanted + width, right=True))
        tied = torch.where(reach >= 0, end - first, 0)
        ends = tied.cumsum(0)
        chosen = _choose(uniform, ends[-1])
        line = (ends <= chosen).sum(0, keepdim=True)
        place = chosen - (ends - tied).gather(0, line)[0] + first.gather(0, line)[0]
        return self._bins.index_select(0, place).long(), distance


class RowSearch:
    """Search among any rows: all distances, a bounded number of them at a time.

    Parameters
    ----------
    index : LabelIndex
        Rows and bins of the session.
    tolerance : float
        Rows whose distances differ by no more than this are tied.
    device, dtype
        Of the queries.
    chunk : int
        Distances that are computed at a time, at most.
    """

    def __init__(
        self,
        index: LabelIndex,
        tolerance: float,
        device: torch.device,
        dtype: torch.dtype,
        chunk: int = CHUNK_DISTANCES,
    ) -> None:
        self._tolerance = tolerance
        count = np.bincount(index.row_of_bin[index.bins], minlength=len(index.rows))
        # copies of the first row, without bins, fill the last block up
        missing = -len(index.rows) % _BLOCK
        rows = np.concatenate([index.rows, np.repeat(index.rows[:1], missing, axis=0)])
        count = np.concatenate([count, np.zeros(missing, dtype=count.dtype)])
        self._columns = torch.from_numpy(rows.T.copy()).to(device, dtype)
        self._count = torch.from_numpy(count.astype(np.int32)).to(device)
        self._first = torch.from_numpy(np.cumsum(count) - count).to(device)
        self._bins = torch.from_numpy(index.bins_by_row).to(device)
        self._at_a_time = max(1, chunk // len(rows))

    def draw(self, queries: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Draw one bin for each query; see :class:`DeviceSearch`."""
        parts = zip(*(torch.split(all_of, self._at_a_time) for all_of in (queries, uniform)), strict=True)
        bins, distances = zip(*(self._draw(*part) for part in parts), strict=True)
        return torch.cat(bins), torch.cat(distances)

    def _draw(self, queries: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        squared = torch.zeros(
            len(queries), self._columns.shape[1], dtype=queries.dtype, device=queries.device
        )
        for number, column in enumerate(self._columns):
            difference = queries[:, number, None] - column
            squared.addcmul_(difference, difference)
        distance = squared.amin(1).sqrt()
        is_tied = squared <= (distance + self._tolerance).square()[:, None]
        # first the block of rows, then the row in it: a sum over all rows costs less than a running one
        tied = torch.where(is_tied, self._count, 0).view(len(queries), -1, _BLOCK)
        ends = tied.sum(2).cumsum(1)
        chosen = _choose(uniform, ends[:, -1])
        block = (ends <= chosen[:, None]).sum(1, keepdim=True)
        chosen = chosen - functional.pad(ends, (1, 0)).gather(1, block)[:, 0]
        inside = tied.gather(1, block[:, :, None].expand(-1, 1, _BLOCK))[:, 0].cumsum(1)
        row = (inside <= chosen[:, None]).sum(1, keepdim=True)
        chosen = chosen - functional.pad(inside, (1, 0)).gather(1, row)[:, 0]
        place = self._first.index_select(0, (block * _BLOCK + row)[:, 0]) + chosen
        return self._bins.index_select(0, place).long(), distance


def _choose(uniform: Tensor, count: Tensor) -> Tensor:
    """Return whole numbers from 0 up to, not including, ``count``, which is at least 1."""
    # rounding in float32 may reach the count itself
    return torch.minimum((uniform * count).long(), count - 1).clamp(min=0)
