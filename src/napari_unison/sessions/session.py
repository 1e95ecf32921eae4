"""A session: one recording, its neurons and what was measured beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.columns import columns_of, read_only, refuse_masked
from napari_unison.sessions.counts import are_counts
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.labels import LabelKind, checked_labels, checked_units, checked_weights
from napari_unison.sessions.neural import Neural, checked_neural, checked_neurons, freeze_sparse
from napari_unison.sessions.segments import segment_of_kept_bins, segment_of_times, stretches

Array: TypeAlias = npt.NDArray[Any]

_FIELDS = (
    "name",
    "neural",
    "labels",
    "kinds",
    "weights",
    "units",
    "bin_width",
    "start",
    "time",
    "segment",
    "neurons",
)


class Session:
    """One recording: neural activity, labels, time and segments. Immutable; its arrays are read-only.

    Parameters
    ----------
    name : str
        What the session is called, such as the animal or the day.
    neural : array_like or scipy.sparse, shape (T, N)
        Counts, rates or ΔF/F: time bins × neurons, in any real type. Sparse tables stay sparse
        (``csr_array``).
    labels : mapping of str to array_like, or DataFrame
        Each (T,) or (T, k). Strings and booleans are discrete, floats continuous; integers need a kind.
        NaN in a continuous or circular label marks bins where it is unknown; so does the mask of a masked
        array.
    bin_width : float
        Width of a time bin, s.
    start : float
        Time of the first bin, s.
    kinds : mapping of str to {"continuous", "circular", "discrete"}, optional
        Kinds of labels. Circular labels are (T,) in radians.
    weights : mapping of str to float, optional
        How much each label counts when bins are matched; 1.0 unless given.
    units : mapping of str to str, optional
        Units of continuous labels, such as "m", for axes and legends; not known (empty) unless given.
    segment : array_like of int, shape (T,), optional
        Changes value at every border of continuous time (laps, trials); one segment unless given.
    neurons : mapping of str to array_like, structured array or DataFrame, optional
        One row a neuron; columns may have more axes. "id" is 0 … N-1 unless given.

    Raises
    ------
    SessionError
        If something does not fit; the message names the session and the column and says what to do.

    Examples
    --------
    >>> import numpy as np
    >>> session = Session("rat 1", np.zeros((40, 3)), {"position": np.linspace(0, 1.6, 40)}, bin_width=0.025)
    >>> session[10:20].time[0]
    0.25
    """

    __slots__ = _FIELDS

    name: str
    neural: Neural
    labels: Mapping[str, Array]
    kinds: Mapping[str, LabelKind]
    weights: Mapping[str, float]
    units: Mapping[str, str]
    bin_width: float
    start: float
    time: npt.NDArray[np.float64]
    segment: npt.NDArray[np.int64]
    neurons: Mapping[str, Array]

    def __init__(
        self,
        name: str,
        neural: Any,
        labels: Any,
        bin_width: float,
        *,
        start: float = 0.0,
        kinds: Mapping[str, LabelKind] | None = None,
        weights: Mapping[str, float] | None = None,
        units: Mapping[str, str] | None = None,
        segment: npt.ArrayLike | None = None,
        neurons: Any = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise SessionError(f"a session needs a name, not {name!r}; give a text such as 'rat 1'")
        width = _checked_seconds(bin_width, "bin_width", name)
        if width <= 0:
            raise SessionError(
                f"session {name!r}: bin_width is {width:g} s; give a positive number of seconds"
            )
        first = _checked_seconds(start, "start", name)
        table = checked_neural(neural, name)
        n_bins, n_neurons = table.shape
        values, found = checked_labels(labels, kinds, neural_shape=(n_bins, n_neurons), session_name=name)
        self._set(
            name=name,
            neural=table,
            labels=values,
            kinds=found,
            weights=checked_weights(weights, list(values), name),
            units=checked_units(units, found, name),
            bin_width=width,
            start=first,
            time=first + np.arange(n_bins) * width,
            segment=_checked_segment(segment, n_bins, name),
            neurons=checked_neurons(neurons, n_neurons, name),
        )

    def _set(self, **fields: Any) -> None:
        """Fill the slots with checked values; mappings and arrays become read-only."""
        for name, value in fields.items():
            if isinstance(value, dict):
                value = MappingProxyType(value)
            elif isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def _of_checked(cls, **fields: Any) -> Session:
        session = object.__new__(cls)
        session._set(**fields)
        return session

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"a session cannot be changed; use session.replace({name}=...)")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a session cannot be changed: {name} stays")

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {name: getattr(self, name) for name in _FIELDS}
        return _restored, ({k: dict(v) if isinstance(v, Mapping) else v for k, v in plain.items()},)

    def __copy__(self) -> Session:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Session:
        return self

    @property
    def n_bins(self) -> int:
        """T, the number of time bins."""
        return int(self.neural.shape[0])

    @property
    def n_neurons(self) -> int:
        """N, the number of neurons."""
        return int(self.neural.shape[1])

    @property
    def duration(self) -> float:
        """Recorded time, ``T * bin_width``, s (without the gaps that a mask leaves)."""
        return self.n_bins * self.bin_width

    def __len__(self) -> int:
        return self.n_bins

    def __getitem__(self, index: Any) -> Session:
        """Return the session in a part of its bins.

        Parameters
        ----------
        index : slice with step 1, or boolean array of shape (T,)
            The bins to keep. Time is kept; gaps become segment borders.

        Raises
        ------
        TypeError
            For any other index.
        SessionError
            If no bin is left, or a mask has not T values.
        """
        if isinstance(index, slice) and index.step in (None, 1):
            first, after, _ = index.indices(self.n_bins)
            kept: slice | npt.NDArray[np.int64] = slice(first, after)
            segment = self.segment[kept]
        else:
            kept = self._kept_by_mask(index)
            segment = segment_of_kept_bins(self.segment, kept) if len(kept) else self.segment[:0]
        if len(segment) == 0:
            raise SessionError(f"session {self.name!r}: no time bin is left of its {self.n_bins}")
        neural = self.neural[kept]
        if isinstance(neural, sparse.csr_array):
            neural = freeze_sparse(neural)
        time = self.time[kept]
        return self._of_checked(
            name=self.name,
            neural=neural,
            labels={name: _frozen(values[kept]) for name, values in self.labels.items()},
            kinds=dict(self.kinds),
            weights=dict(self.weights),
            units=dict(self.units),
            bin_width=self.bin_width,
            start=float(time[0]),
            time=time,
            segment=segment,
            neurons=dict(self.neurons),
        )

    def _kept_by_mask(self, index: Any) -> npt.NDArray[np.int64]:
        allowed = "take bins with a slice of step 1 (session[:1000]) or a boolean mask of one value a bin"
        if isinstance(index, slice):
            raise TypeError(
                f"session {self.name!r}: a slice with step {index.step} tears time apart; {allowed}"
            )
        if isinstance(index, tuple | str | int) or index is None or index is Ellipsis:
            raise TypeError(f"session {self.name!r} cannot be indexed with {index!r}; {allowed}")
        mask = np.asarray(index)
        if mask.dtype != np.bool_:
            raise TypeError(f"session {self.name!r} cannot be indexed with {mask.dtype} values; {allowed}")
        if mask.shape != (self.n_bins,):
            raise SessionError(
                f"session {self.name!r}: the mask has shape {mask.shape}, but there are {self.n_bins} time "
                "bins; give one boolean a bin"
            )
        return np.flatnonzero(mask).astype(np.int64)

    def replace(self, **changes: Any) -> Session:
        """Return a changed copy, validated again.

        Parameters
        ----------
        **changes
            Parameters of :class:`Session`. When ``labels`` is given, kinds, weights and units of labels that
            stay are kept. Times are kept (gaps, too), shifted by a new ``start``, stretched by a new
            ``bin_width``. A gap in time stays a border of segments, whatever ``segment`` is given.

        Raises
        ------
        SessionError
            If the result is not valid, or has another number of bins and no ``segment`` that goes with it.
        TypeError
            If a name is not a parameter.
        """
        parameters = [name for name in _FIELDS if name != "time"]
        unknown = [name for name in changes if name not in parameters]
        if unknown:
            raise TypeError(f"replace() knows no {', '.join(unknown)}; it takes {', '.join(parameters)}")
        fields: dict[str, Any] = {name: getattr(self, name) for name in parameters} | changes
        if "labels" in changes:
            names = columns_of(changes["labels"], "labels", self.name)
            for what in ("kinds", "weights", "units"):
                if what not in changes:
                    fields[what] = {k: v for k, v in getattr(self, what).items() if k in names}
        shape = np.shape(fields["neural"])
        if len(shape) == 2 and shape[0] != self.n_bins and "segment" not in changes:
            if (self.segment != self.segment[0]).any():
                raise SessionError(
                    f"session {self.name!r} has segments for {self.n_bins} bins and gets neural of "
                    f"{shape[0]}; give segment, too"
                )
            fields["segment"] = None
        if len(shape) == 2 and shape[1] != self.n_neurons and "neurons" not in changes:
            fields["neurons"] = None
        session = Session(**fields)
        if session.n_bins == self.n_bins:
            elapsed = (self.time - self.start) * (session.bin_width / self.bin_width)
            unchanged = session.start == self.start and session.bin_width == self.bin_width
            time = self.time if unchanged else session.start + elapsed
            session._set(time=time, segment=segment_of_times(session.segment, time, session.bin_width))
        return session

    def with_time(self, time: npt.ArrayLike) -> Session:
        """Return a copy whose bins start at the given times; jumps in time become segment borders.

        Parameters
        ----------
        time : array_like, shape (T,)
            Start of each bin, s, increasing. More than 1.5 ``bin_width`` between two bins is a jump.

        Raises
        ------
        SessionError
            If there is not one finite, increasing time a bin.
        """
        refuse_masked(time, f"session {self.name!r}: time", "give one time a bin")
        times = read_only(np.asarray(time, dtype=np.float64))
        if times.shape != (self.n_bins,) or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            raise SessionError(
                f"session {self.name!r}: time has shape {times.shape}; give {self.n_bins} increasing times "
                "in s"
            )
        fields = {name: getattr(self, name) for name in _FIELDS}
        fields |= {"time": times, "start": float(times[0])}
        fields["segment"] = segment_of_times(self.segment, times, self.bin_width)
        return self._of_checked(**fields)

    def between(self, start: float | None = None, stop: float | None = None) -> Session:
        """Return the part of the session that begins in a stretch of time; its times stay as they are.

        Parameters
        ----------
        start, stop : float, optional
            Bins that begin at ``start`` (s) or later and before ``stop`` (s) are kept, on the session's own
            clock (:attr:`time`). From the beginning or to the end unless given; what lies outside of the
            recording adds nothing.

        Returns
        -------
        Session
            With the labels, units, segments and neurons of this one. Two parts that touch share no bin.

        Raises
        ------
        SessionError
            If a time is no number, ``stop`` does not come after ``start``, or no bin begins in between; the
            message says when the session was recorded.

        Examples
        --------
        >>> session.between(60, 120)  # its second minute, if it begins at 0 s  # doctest: +SKIP
        """
        first = -math.inf if start is None else _checked_seconds(start, "start", self.name)
        last = math.inf if stop is None else _checked_seconds(stop, "stop", self.name)
        if last <= first:
            raise SessionError(
                f"session {self.name!r}: stop ({last:g} s) does not come after start ({first:g} s); give "
                f"start first, both in s"
            )
        # times are sums of bin widths: rounding must not move a bin over a border that it lies on
        margin = 1e-6 * self.bin_width
        begin, end = np.searchsorted(self.time, [first - margin, last - margin])
        if begin == end:
            raise SessionError(
                f"session {self.name!r}: no time bin begins from {first:g} s to before {last:g} s; it was "
                f"recorded from {self.time[0]:g} to {self.time[-1] + self.bin_width:g} s"
            )
        return self[int(begin) : int(end)]

    def segment_slices(self) -> list[slice]:
        """Return the contiguous stretches of time, in order; together they cover all bins."""
        return stretches(self.segment)

    def rate(self) -> npt.NDArray[np.float64]:
        """Return the mean activity of each neuron per second (counts: spikes/s), shape (N,)."""
        return np.asarray(self.neural.sum(axis=0, dtype=np.float64)).reshape(-1) / self.duration

    def __repr__(self) -> str:
        labels = ", ".join(f"{name} ({kind})" for name, kind in self.kinds.items())
        return (
            f"Session({self.name!r}: {self.n_bins} bins × {self.n_neurons} neurons, "
            f"{self.bin_width:g} s, labels {labels})"
        )

    def __str__(self) -> str:
        kind = "sparse" if isinstance(self.neural, sparse.csr_array) else "dense"
        segments = len(self.segment_slices())
        lines = [
            f"{self.name}",
            f"  {self.n_neurons} neurons, {self._activity_in_words()} on average ({kind} "
            f"{self.neural.dtype})",
            f"  {self.n_bins} bins of {self.bin_width * 1000:g} ms = {self.duration:.1f} s from "
            f"{self.start:g} s, {segments} segment{'s' if segments != 1 else ''}",
        ]
        lines += [f"  {name}: {self.kinds[name]}, {_summary(values)}" for name, values in self.labels.items()]
        return "\n".join(lines)

    def _activity_in_words(self) -> str:
        """Return the mean activity: of counts a second, of fluorescence as it is."""
        a_second = float(self.rate().mean())
        return f"{a_second:.2f} /s" if are_counts(self.neural) else f"{a_second * self.bin_width:.3g}"


def _restored(fields: dict[str, Any]) -> Session:
    """Rebuild a pickled session; pickles lose the write protection of arrays."""
    for name in ("labels", "neurons"):
        fields[name] = {key: _frozen(values) for key, values in fields[name].items()}
    if isinstance(fields["neural"], sparse.csr_array):
        fields["neural"] = freeze_sparse(fields["neural"])
    return Session._of_checked(**fields)


def _frozen(values: Array) -> Array:
    values.flags.writeable = False
    return values


def _checked_seconds(value: Any, what: str, session_name: str) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise SessionError(f"session {session_name!r}: {what} is {value!r}; give a number of seconds")
    return seconds


def _checked_segment(segment: Any, n_bins: int, session_name: str) -> npt.NDArray[np.int64]:
    if segment is None:
        return np.zeros(n_bins, dtype=np.int64)
    refuse_masked(segment, f"session {session_name!r}: segment", "give one integer a bin")
    values = np.asarray(segment)
    if values.shape != (n_bins,):
        raise SessionError(
            f"session {session_name!r}: segment has shape {values.shape}, but there are {n_bins} time bins; "
            f"give one integer a bin"
        )
    if values.dtype.kind not in "iub":
        raise SessionError(
            f"session {session_name!r}: segment holds {values.dtype}; give integers that change at every "
            "border"
        )
    return values.astype(np.int64)


def _summary(values: Array) -> str:
    if values.dtype.kind == "f":
        columns = f", {values.shape[1]} columns" if values.ndim == 2 else ""
        return f"{np.nanmin(values):.3g} to {np.nanmax(values):.3g}{columns}"
    categories = np.unique(values).tolist()
    shown = ", ".join(str(category) for category in categories[:6])
    return shown + (f", … ({len(categories)} categories)" if len(categories) > 6 else "")
