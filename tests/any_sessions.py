"""Random sessions and embeddings of every kind, for tests of writers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from napari_unison.encoder.embedding import Embedding
from napari_unison.sessions import Session

#: What files of texts and HDF5 can carry; numpy itself drops zeros at the end of a text.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
NAME = TEXT.filter(str.strip)
NUMBERS = ["u1", "i2", "i8", "u8", "f2", "f4", "f8", "?"]


def finite(dtype):
    return {"allow_nan": False, "allow_infinity": False} if dtype[0] == "f" else None


@st.composite
def neural_tables(draw, n_bins, n_neurons):
    dtype = draw(st.sampled_from(NUMBERS))
    table = draw(hnp.arrays(dtype, (n_bins, n_neurons), elements=finite(dtype)))
    return sparse.csr_array(table) if dtype != "f2" and draw(st.booleans()) else table


@st.composite
def labels_of_a_kind(draw, kind, n_bins):
    """Values and unit of a label, known in at least one bin."""
    if kind == "discrete":
        dtype = draw(st.sampled_from(["U", "?", "u1", "i8"]))
        if dtype == "U":
            return np.array(draw(st.lists(TEXT, min_size=n_bins, max_size=n_bins))), ""
        return draw(hnp.arrays(dtype, n_bins)), ""
    dtype = draw(st.sampled_from(["f2", "f4", "f8"]))
    shape = n_bins if kind == "circular" else draw(st.sampled_from([(n_bins,), (n_bins, 1), (n_bins, 4)]))
    limits = {"min_value": -12, "max_value": 12} if kind == "circular" else {}
    width = int(dtype[1]) * 8
    elements = st.floats(allow_nan=not limits, allow_infinity=False, width=width, **limits)
    values = draw(hnp.arrays(dtype, shape, elements=elements))
    values[0] = 0.5
    return values, "" if kind == "circular" else draw(st.sampled_from(["", "m", "cm/s", "°C·µm"]))


@st.composite
def neuron_columns(draw, n_neurons):
    dtype = draw(st.sampled_from([*NUMBERS, "U"]))
    if dtype == "U":
        return np.array(draw(st.lists(TEXT, min_size=n_neurons, max_size=n_neurons)))
    more = draw(st.sampled_from([(), (3,), (2, 2), (0,)]))
    return draw(hnp.arrays(dtype, (n_neurons, *more)))


@st.composite
def any_sessions(draw):
    """Sessions with everything that a session can have."""
    n_bins, n_neurons = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    names = draw(st.lists(NAME, min_size=1, max_size=4, unique=True))
    kinds = {name: draw(st.sampled_from(["continuous", "circular", "discrete"])) for name in names}
    labels = {name: draw(labels_of_a_kind(kind, n_bins)) for name, kind in kinds.items()}
    columns = draw(st.lists(NAME.filter(lambda name: name != "id"), max_size=3, unique=True))
    neurons = {name: draw(neuron_columns(n_neurons)) for name in columns}
    if draw(st.booleans()):
        ids = st.lists(TEXT, min_size=n_neurons, max_size=n_neurons, unique=True)
        neurons["id"] = np.array(draw(ids))
    session = Session(
        draw(NAME),
        draw(neural_tables(n_bins, n_neurons)),
        {name: values for name, (values, _) in labels.items()},
        draw(st.floats(1e-4, 1e3)),
        start=draw(st.floats(-1e5, 1e5)),
        kinds=kinds,
        units={name: unit for name, (_, unit) in labels.items()},
        weights={names[0]: draw(st.floats(1e-3, 1e3))},
        segment=draw(hnp.arrays(np.int64, n_bins)),
        neurons=neurons,
    )
    return with_other_times(draw, session)


def with_other_times(draw, session: Session) -> Session:
    """Leave bins out, or move each of them a little."""
    if draw(st.booleans()):
        return session
    if draw(st.booleans()):
        moved = draw(hnp.arrays(np.float64, session.n_bins, elements=st.floats(0, 0.4)))
        return session.with_time(session.time + moved * session.bin_width)
    mask = draw(hnp.arrays(np.bool_, session.n_bins))
    mask[0] = True
    return session[mask]


@st.composite
def any_embeddings(draw):
    """Embeddings of a session and a part of it under another name."""
    first = draw(any_sessions())
    sessions = [first]
    if draw(st.booleans()):
        sessions.append(first[: draw(st.integers(1, first.n_bins))].replace(name=f"{first.name} again"))
    n_latents = draw(st.integers(1, 4))
    floats = st.floats(width=32, allow_infinity=False)
    return Embedding(
        values=tuple(draw(hnp.arrays("f4", (len(s), n_latents), elements=floats)) for s in sessions),
        sessions=tuple(sessions),
        kind=draw(st.sampled_from(["aligned", "label-free"])),
        partners="training",
        residual=tuple(draw(hnp.arrays("f4", (len(s), len(sessions)), elements=floats)) for s in sessions),
        partner_names=tuple(session.name for session in sessions),
        residual_unit="m",
    )


def assert_same(left: Session, right: Session) -> None:
    """Two sessions are the same in every value, type, unit and time."""
    assert sparse.issparse(left.neural) == sparse.issparse(right.neural)
    assert_same_array(left.neural, right.neural, "neural")
    for what in ("name", "bin_width", "start", "kinds", "weights", "units"):
        assert getattr(left, what) == getattr(right, what), what
    for what in ("labels", "neurons"):
        assert list(getattr(left, what)) == list(getattr(right, what))
        for name, values in getattr(left, what).items():
            assert_same_array(values, getattr(right, what)[name], f"{what}[{name!r}]")
    assert_same_array(left.time, right.time, "time")
    assert_same_array(left.segment, right.segment, "segment")


def assert_same_array(left, right, what) -> None:
    left, right = (values.toarray() if sparse.issparse(values) else values for values in (left, right))
    assert left.dtype == right.dtype, what
    np.testing.assert_array_equal(left, right, err_msg=what)
