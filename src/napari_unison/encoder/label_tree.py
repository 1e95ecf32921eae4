"""A k-d tree over label rows whose answers keep their ties, searched without Python's lock.

A node divides its rows in the middle of the widest column of the box around them, so that the categories of a
discrete label part early. Rows are stored in the order of the leaves, nodes in that of a walk from the root.

The search is exact: the distance of a box is added up from its columns as that of a row is, each term being
at most as large, and rounding keeps that order, so no row that counts is ever passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray[Any, np.dtype[Any]]

_ROWS_IN_A_LEAF = 4

# columns of the nodes; the left child follows its parent, a leaf has no right child
RIGHT, COLUMN, BEGIN, END = range(4)


class LabelTree:
    """Nearest rows among ``R`` points, at least one.

    Parameters
    ----------
    points : array (R, d) of float64
        Distinct points without NaN.

    Attributes
    ----------
    order : array (R,) of int
        The points in the order of the leaves.
    rows : array (R, d)
        ``points[order]``; the searches answer with rows of this array.
    """

    def __init__(self, points: Array) -> None:
        points = np.ascontiguousarray(points, dtype=np.float64)
        self.order, self._nodes, self._gaps, self._boxes, self._depth = _grow(points)
        self.rows = points[self.order]
        self._widest = int(np.argmax(np.ptp(points, axis=0)))

    def nearest(self, queries: Array, tolerance: float) -> tuple[Array, Array, Array]:
        """Find the nearest row of each query.

        Parameters
        ----------
        queries : array (Q, d)
            Points without NaN.
        tolerance : float
            Distances that differ by no more than this are equal.

        Returns
        -------
        row : array (Q,) of int32
            A nearest row.
        distance : array (Q,)
            Its distance.
        tied : array (Q,) of bool
            Whether other rows are as near.
        """
        row = np.empty(len(queries), dtype=np.int32)
        distance = np.empty(len(queries))
        tied = np.empty(len(queries), dtype=np.bool_)
        queries = np.ascontiguousarray(queries, dtype=np.float64)
        tree = (self.rows, self._nodes, self._gaps, self._boxes, self._depth)
        # neighbouring queries walk the same way through memory
        order = np.argsort(queries[:, self._widest])
        _nearest(*tree, queries, order, tolerance, row, distance, tied)
        return row, distance, tied

    def within(self, queries: Array, radius: Array) -> tuple[Array, Array]:
        """Find all rows near queries.

        Parameters
        ----------
        queries : array (Q, d)
            Points without NaN.
        radius : array (Q,)
            How far each looks.

        Returns
        -------
        rows : array (n_found,) of int32
            The rows of all queries, one query after another, each query's in ascending order.
        ends : array (Q,) of int64
            Where the rows of each query end.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float64)
        found: tuple[Array, Array] = _within(
            self.rows, self._nodes, self._boxes, self._depth, queries, radius
        )
        return found


@njit(nogil=True, cache=True)
def _grow(points: Array) -> tuple[Array, Array, Array, Array, int]:
    """Divide points into leaves: return their order, the nodes, gaps, boxes, and the depth of the tree.

    A node's gap is the largest value of its left child and the smallest of its right one, in its column.
    """
    n_rows, n_columns = points.shape
    order = np.arange(n_rows)
    nodes = np.zeros((2 * n_rows, 4), dtype=np.int32)
    gaps = np.zeros((2 * n_rows, 2))
    boxes = np.empty((2 * n_rows, 2, n_columns))
    waiting = [(0, n_rows, -1, 1)]
    n_nodes = depth = 0
    while waiting:
        begin, end, parent, level = waiting.pop()
        node = n_nodes
        n_nodes += 1
        depth = max(depth, level)
        if parent >= 0:
            nodes[parent, RIGHT] = node
        nodes[node, BEGIN], nodes[node, END] = begin, end
        for column in range(n_columns):
            low = high = points[order[begin], column]
            for place in range(begin + 1, end):
                value = points[order[place], column]
                low, high = min(low, value), max(high, value)
            boxes[node, 0, column], boxes[node, 1, column] = low, high
        if end - begin <= _ROWS_IN_A_LEAF:
            continue
        widest = int(np.argmax(boxes[node, 1] - boxes[node, 0]))
        middle = _divide(points, order, begin, end, widest, boxes[node], gaps[node])
        nodes[node, COLUMN] = widest
        waiting.append((middle, end, node, level + 1))
        waiting.append((begin, middle, -1, level + 1))
    return order, nodes[:n_nodes].copy(), gaps[:n_nodes].copy(), boxes[:n_nodes].copy(), depth


@njit(nogil=True, cache=True)
def _divide(points: Array, order: Array, begin: int, end: int, column: int, box: Array, gap: Array) -> int:
    """Put the rows below the middle of a box first; return where the others begin, and write the gap."""
    low, high = box[0, column], box[1, column]
    border = low + (high - low) / 2
    if border >= high:
        border = low
    gap[0], gap[1] = low, high
    middle = begin
    for place in range(begin, end):
        row = order[place]
        value = points[row, column]
        if value <= border:
            order[place] = order[middle]
            order[middle] = row
            middle += 1
            gap[0] = max(gap[0], value)
        else:
            gap[1] = min(gap[1], value)
    return middle


@njit(nogil=True, cache=True)
def _box_distance(boxes: Array, node: int, queries: Array, number: int) -> float:
    """Return the squared distance between a query and the box of a node."""
    total = 0.0
    for column in range(queries.shape[1]):
        value = queries[number, column]
        outside = max(boxes[node, 0, column] - value, value - boxes[node, 1, column], 0.0)
        total += outside * outside
    return total


@njit(nogil=True, cache=True)
def _row_distance(rows: Array, row: int, queries: Array, number: int) -> float:
    """Return the squared distance between a query and a row."""
    total = 0.0
    for column in range(queries.shape[1]):
        difference = rows[row, column] - queries[number, column]
        total += difference * difference
    return total


@njit(nogil=True, cache=True)
def _nearest(
    rows: Array,
    nodes: Array,
    gaps: Array,
    boxes: Array,
    depth: int,
    queries: Array,
    order: Array,
    tolerance: float,
    row: Array,
    distance: Array,
    tied: Array,
) -> None:
    waiting = np.empty(depth, dtype=np.int64)
    bounds = np.empty(depth)
    for number in order:
        best = second = limit = np.inf
        nearest = 0
        waiting[0] = 0
        bounds[0] = 0.0
        n_waiting = 1
        while n_waiting:
            n_waiting -= 1
            node = waiting[n_waiting]
            if bounds[n_waiting] > limit:
                continue
            if limit < np.inf and _box_distance(boxes, node, queries, number) > limit:
                continue
            while nodes[node, RIGHT]:
                value = queries[number, nodes[node, COLUMN]]
                to_left, to_right = value - gaps[node, 0], gaps[node, 1] - value
                # a bound below the distance of the box, for the price of one column
                if to_left < to_right:
                    waiting[n_waiting] = nodes[node, RIGHT]
                    bounds[n_waiting] = to_right * to_right
                    node += 1
                else:
                    waiting[n_waiting] = node + 1
                    bounds[n_waiting] = to_left * to_left
                    node = nodes[node, RIGHT]
                n_waiting += 1
            for candidate in range(nodes[node, BEGIN], nodes[node, END]):
                squared = _row_distance(rows, candidate, queries, number)
                if squared < best:
                    second = best
                    best = squared
                    nearest = candidate
                    limit = max(best, (np.sqrt(best) + tolerance) ** 2)
                elif squared < second:
                    second = squared
        row[number] = nearest
        distance[number] = np.sqrt(best)
        tied[number] = np.sqrt(second) <= distance[number] + tolerance


@njit(nogil=True, cache=True)
def _within(
    rows: Array, nodes: Array, boxes: Array, depth: int, queries: Array, radius: Array
) -> tuple[Array, Array]:
    waiting = np.empty(depth + 1, dtype=np.int64)
    found = np.empty(4 * len(queries), dtype=np.int32)
    ends = np.empty(len(queries), dtype=np.int64)
    n_found = 0
    for number in range(len(queries)):
        waiting[0] = 0
        n_waiting = 1
        while n_waiting:
            n_waiting -= 1
            node = waiting[n_waiting]
            if np.sqrt(_box_distance(boxes, node, queries, number)) > radius[number]:
                continue
            if nodes[node, RIGHT]:
                waiting[n_waiting] = nodes[node, RIGHT]
                waiting[n_waiting + 1] = node + 1
                n_waiting += 2
                continue
            for candidate in range(nodes[node, BEGIN], nodes[node, END]):
                if np.sqrt(_row_distance(rows, candidate, queries, number)) <= radius[number]:
                    if n_found == len(found):
                        found = np.concatenate((found, np.empty_like(found)))
                    found[n_found] = candidate
                    n_found += 1
        ends[number] = n_found
    return found[:n_found].copy(), ends
