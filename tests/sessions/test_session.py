"""A session says what is wrong with it, keeps time, and cannot be changed."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from napari_unison.sessions import Session, SessionError, validate_same_labels

T, N = 20, 3


def neural(dtype="float32"):
    return np.arange(T * N).reshape(T, N).astype(dtype)


def position():
    return np.linspace(0, 1.6, T)


def make(**changes):
    given = {"name": "rat", "neural": neural(), "labels": {"position": position()}, "bin_width": 0.025}
    return Session(**given | changes)


def message(**changes) -> str:
    with pytest.raises(SessionError) as caught:
        make(**changes)
    return str(caught.value)


# what a session holds


def test_a_session_tells_its_size_and_time():
    session = make(start=10.0)
    assert (session.n_bins, session.n_neurons, len(session)) == (T, N, T)
    assert session.duration == pytest.approx(0.5)
    np.testing.assert_allclose(session.time, 10 + 0.025 * np.arange(T))
    assert session.segment.dtype == np.int64
    assert session.segment_slices() == [slice(0, T)]
    assert session.weights == {"position": 1.0}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "bool"])
def test_dense_neural_keeps_its_type_and_becomes_row_major(dtype):
    session = make(neural=np.asfortranarray(neural(dtype)))
    assert session.neural.dtype == dtype
    assert session.neural.flags.c_contiguous
    np.testing.assert_array_equal(session.neural, neural(dtype))


def test_neural_of_a_foreign_byte_order_is_stored_in_the_machines_own():
    session = make(neural=neural().astype(">f4"))
    assert session.neural.dtype.isnative
    np.testing.assert_array_equal(session.neural, neural())


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_sparse_neural_stays_sparse_in_any_format(form):
    session = make(neural=sparse.csr_array(neural()).asformat(form))
    assert isinstance(session.neural, sparse.csr_array)
    np.testing.assert_array_equal(session.neural.toarray(), neural())
    part = session[5:15]
    assert isinstance(part.neural, sparse.csr_array)
    np.testing.assert_array_equal(part.neural.toarray(), neural()[5:15])
    assert isinstance(session[np.arange(T) % 2 == 0].neural, sparse.csr_array)


def test_old_sparse_matrices_are_taken_too():
    assert isinstance(make(neural=sparse.csc_matrix(neural())).neural, sparse.csr_array)


def test_sparse_entries_that_stand_twice_are_counts_that_add_up():
    twice = sparse.coo_array((np.ones(2), ([4, 4], [1, 1])), shape=(T, N))
    assert make(neural=twice).neural[4, 1] == 2


def test_the_session_does_not_follow_the_arrays_it_was_made_from():
    mine, where = neural(), position()
    session = make(neural=mine, labels={"position": where})
    mine[:] = -1
    where[:] = -1
    np.testing.assert_array_equal(session.neural, neural())
    np.testing.assert_array_equal(session.labels["position"], position())


@pytest.mark.parametrize("table", [neural(), sparse.csr_array(neural())])
def test_nothing_in_a_session_can_be_written_to(table):
    session = make(neural=table)
    for part in (session, session[2:9], session[np.arange(T) % 3 > 0], pickle.loads(pickle.dumps(session))):
        numbers = part.neural.data if sparse.issparse(part.neural) else part.neural
        for array in (numbers, part.time, part.segment, part.labels["position"], part.neurons["id"]):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
    with pytest.raises(TypeError):
        session.labels["new"] = position()
    with pytest.raises(AttributeError, match=r"session\.replace\(name="):
        session.name = "other"
    with pytest.raises(AttributeError, match="cannot be changed"):
        del session.name


@pytest.mark.parametrize("table", [neural(), sparse.csr_array(neural())])
def test_pickling_keeps_everything(table):
    session = make(
        neural=table, kinds={"position": "continuous"}, weights={"position": 2}, segment=[0] * 5 + [1] * 15
    )
    again = pickle.loads(pickle.dumps(session[np.arange(T) != 7]))
    before = session[np.arange(T) != 7]
    np.testing.assert_array_equal(again.time, before.time)
    np.testing.assert_array_equal(again.segment, before.segment)
    np.testing.assert_array_equal(np.asarray(again.neural.sum(axis=1)), np.asarray(before.neural.sum(axis=1)))
    assert (again.name, again.kinds, again.weights) == (before.name, before.kinds, before.weights)


def test_a_copy_is_the_session_itself_since_it_cannot_change():
    session = make()
    assert copy.copy(session) is session
    assert copy.deepcopy(session) is session


def test_rate_is_the_mean_count_per_second_and_neuron():
    counts = np.zeros((T, N), dtype=np.uint8)
    counts[:, 1] = 200  # 20 bins of 200 overflow a byte
    for table in (counts, sparse.csr_array(counts)):
        np.testing.assert_allclose(make(neural=table).rate(), [0, 200 / 0.025, 0])


def test_a_session_prints_what_a_person_wants_to_know():
    session = make(labels={"position": position(), "direction": ["left", "right"] * 10})
    assert repr(session) == (
        "Session('rat': 20 bins × 3 neurons, 0.025 s, labels position (continuous), direction (discrete))"
    )
    assert str(session).splitlines()[0] == "rat"
    assert "20 bins of 25 ms = 0.5 s from 0 s, 1 segment" in str(session)
    assert "position: continuous, 0 to 1.6" in str(session)
    assert "direction: discrete, left, right" in str(session)
    many = make(labels={"trial": np.arange(T)}, kinds={"trial": "discrete"})
    assert "0, 1, 2, 3, 4, 5, … (20 categories)" in str(many)
    assert "2 columns" in str(make(labels={"xy": np.ones((T, 2))}))


# neurons


def test_neurons_get_numbers_as_ids_when_none_are_given():
    np.testing.assert_array_equal(make().neurons["id"], [0, 1, 2])
    regions = make(neurons={"region": ["CA1", "CA3", "CA1"]}).neurons
    assert list(regions) == ["id", "region"]


@pytest.mark.parametrize(
    "table",
    [
        {"id": ["a", "b", "c"], "depth": [1.0, 2.0, 3.0]},
        pd.DataFrame({"id": ["a", "b", "c"], "depth": [1.0, 2.0, 3.0]}),
        np.array([("a", 1.0), ("b", 2.0), ("c", 3.0)], dtype=[("id", "U1"), ("depth", "f8")]),
    ],
    ids=["dictionary", "data frame", "structured array"],
)
def test_neurons_come_as_dictionary_data_frame_or_structured_array(table):
    neurons = make(neurons=table).neurons
    assert neurons["id"].tolist() == ["a", "b", "c"]
    assert neurons["depth"].tolist() == [1, 2, 3]


def test_a_column_of_neurons_may_have_more_axes():
    assert make(neurons={"place_field": np.ones((N, 2, 64))}).neurons["place_field"].shape == (N, 2, 64)


def test_errors_in_the_table_of_neurons_name_the_column():
    text = message(neurons={"id": [1, 2, 1]})
    assert "'rat'" in text
    assert "stand more than once (1)" in text
    text = message(neurons={"depth": [1.0, 2.0]})
    assert "column 'depth' of neurons has 2 row(s), but neural has 3 neurons" in text
    assert "column 'depth' of neurons has 0 row(s)" in message(neurons={"depth": 5.0})
    assert "'when' of neurons holds datetime64" in message(neurons={"when": np.zeros(N, "M8[s]")})
    assert "'region' of neurons has 1 missing value(s), the first in row 1" in message(
        neurons={"region": ["CA1", None, "CA3"]}
    )
    assert "give one id a neuron" in message(neurons={"id": np.arange(6).reshape(3, 2)})
    assert "neurons is a list; give a dictionary" in message(neurons=[1, 2, 3])


# errors of neural and of numbers


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_session_needs_a_name(name):
    assert "a session needs a name" in message(name=name)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (np.zeros(5), "neural has shape (5,); give (T, N)"),
        (np.zeros((2, 2, 2)), "give (T, N): time bins × neurons"),
        (np.zeros((0, 3)), "no time bins (shape (0, 3))"),
        (np.zeros((5, 0)), "no neurons (shape (5, 0))"),
        (sparse.csr_array((0, 3)), "no time bins"),
        (np.full((5, 2), "a"), "neural holds <U1; give counts, rates"),
        (np.zeros((5, 2), complex), "neural holds complex128"),
        ([[1.0], [1.0, 2.0]], "neural is not a table"),
    ],
)
def test_neural_must_be_a_table_of_real_numbers(table, says):
    text = message(neural=table)
    assert "session 'rat'" in text
    assert says in text


def test_a_missing_number_late_in_a_large_table_is_named():
    table = np.zeros((100_000, 40), np.float32)
    table[99_998, 3] = np.nan
    text = message(neural=table, labels={"position": np.zeros(len(table))})
    assert "neural is nan in 1 place(s), the first is neuron 3 (counted from 0) in bin 99998" in text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_first_missing_number_in_neural_is_named(value, as_sparse):
    table = neural()
    table[7, 2] = table[9, 0] = value
    text = message(neural=sparse.csr_array(table) if as_sparse else table)
    assert f"neural is {value} in 2 place(s)" in text
    assert "neuron 2 (counted from 0) in bin 7" in text


def test_sparse_neural_with_empty_rows_names_the_right_bin():
    table = sparse.coo_array(([np.nan], ([11], [1])), shape=(T, N))
    assert "neuron 1 (counted from 0) in bin 11" in message(neural=table)


@pytest.mark.parametrize("width", [0, -1, np.nan, np.inf, None, "fast"])
def test_the_bin_width_is_a_positive_number_of_seconds(width):
    text = message(bin_width=width)
    assert "session 'rat': bin_width is" in text
    assert "number of seconds" in text


def test_start_is_a_number_of_seconds():
    assert "start is nan; give a number of seconds" in message(start=np.nan)


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        ([0, 1], "segment has shape (2,), but there are 20 time bins"),
        (np.zeros(T), "segment holds float64; give integers"),
        (np.zeros((T, 1), int), "segment has shape (20, 1)"),
    ],
)
def test_segments_are_one_integer_a_bin(segment, says):
    assert says in message(segment=segment)


# slices and masks


def test_a_slice_keeps_time_and_segments():
    session = make(start=3.0, segment=np.repeat([4, 2], 10))
    part = session[5:15]
    np.testing.assert_array_equal(part.time, session.time[5:15])
    assert part.start == session.time[5]
    assert part.segment_slices() == [slice(0, 5), slice(5, 10)]
    np.testing.assert_array_equal(part.labels["position"], position()[5:15])
    np.testing.assert_array_equal(session[-3:].time, session.time[-3:])


def test_gaps_of_a_mask_become_segment_borders():
    session = make(segment=np.repeat([0, 1], 10))
    mask = np.ones(T, bool)
    mask[[4, 5]] = False
    part = session[mask]
    assert part.segment_slices() == [slice(0, 4), slice(4, 8), slice(8, 18)]
    np.testing.assert_array_equal(part.time, session.time[mask])


def test_segments_of_one_number_do_not_grow_together():
    session = make(segment=np.repeat([0, 1, 0], [8, 4, 8]))
    assert session[np.repeat([True, False, True], [8, 4, 8])].segment_slices() == [slice(0, 8), slice(8, 16)]


def test_lists_and_series_of_booleans_are_masks():
    mask = [True, False] * 10
    assert len(make()[mask]) == len(make()[pd.Series(mask)]) == 10


@pytest.mark.parametrize(
    "index", [3, np.int64(3), "a", (slice(3), 0), None, ..., [0, 1], np.arange(3), slice(0, 9, 2)]
)
def test_other_indices_say_what_is_allowed(index):
    with pytest.raises(TypeError, match=r"slice of step 1 \(session\[:1000\]\) or a boolean mask"):
        make()[index]


def test_nothing_left_is_an_error():
    for index in (slice(5, 5), slice(30, 40), np.zeros(T, bool)):
        with pytest.raises(SessionError, match="'rat': no time bin is left of its 20"):
            make()[index]


def test_a_mask_of_another_length_is_an_error():
    with pytest.raises(SessionError, match=r"mask has shape \(5,\), but there are 20 time bins"):
        make()[np.ones(5, bool)]


segments = st.integers(2, 40).flatmap(lambda n: hnp.arrays(np.int64, n, elements=st.integers(0, 2)))


def session_of(segment):
    n = len(segment)
    return Session(
        "s", np.arange(n)[:, None], {"x": np.arange(n, dtype=float)}, 0.1, start=1.5, segment=segment
    )


@given(segments, st.data())
def test_any_mask_keeps_time_labels_and_every_border(segment, data):
    session = session_of(segment)
    mask = data.draw(hnp.arrays(np.bool_, len(segment)))
    assume(mask.any())
    part = session[mask]
    kept = np.flatnonzero(mask)
    np.testing.assert_array_equal(part.time, session.time[kept])
    np.testing.assert_array_equal(part.labels["x"], kept)
    np.testing.assert_array_equal(part.neural[:, 0], kept)
    for i in range(len(kept) - 1):
        unbroken = kept[i + 1] == kept[i] + 1 and segment[kept[i]] == segment[kept[i + 1]]
        assert (part.segment[i] == part.segment[i + 1]) == unbroken


@given(segments, st.data())
def test_masking_twice_is_masking_once(segment, data):
    session = session_of(segment)
    first = data.draw(hnp.arrays(np.bool_, len(segment)))
    assume(first.any())
    second = data.draw(hnp.arrays(np.bool_, int(first.sum())))
    assume(second.any())
    at_once = first.copy()
    at_once[first] = second
    twice, once = session[first][second], session[at_once]
    np.testing.assert_array_equal(twice.time, once.time)
    assert twice.segment_slices() == once.segment_slices()


@given(segments, st.integers(0, 40), st.integers(0, 40))
def test_a_slice_is_the_mask_of_the_same_bins(segment, first, after):
    session = session_of(segment)
    mask = np.zeros(len(segment), bool)
    mask[first:after] = True
    assume(mask.any())
    sliced, masked = session[first:after], session[mask]
    np.testing.assert_array_equal(sliced.time, masked.time)
    np.testing.assert_array_equal(sliced.segment, masked.segment)


@given(segments)
def test_segment_slices_cover_all_bins_in_order(segment):
    slices = session_of(segment).segment_slices()
    bins = np.concatenate([np.arange(s.start, s.stop) for s in slices])
    np.testing.assert_array_equal(bins, np.arange(len(segment)))
    assert all(len(set(segment[s].tolist())) == 1 for s in slices)


# replace


def test_replace_makes_a_changed_copy_and_keeps_the_rest():
    session = make(weights={"position": 2}, neurons={"id": ["a", "b", "c"]})[np.arange(T) != 4]
    renamed = session.replace(name="other")
    assert (renamed.name, session.name) == ("other", "rat")
    np.testing.assert_array_equal(renamed.time, session.time)
    np.testing.assert_array_equal(renamed.segment, session.segment)
    assert renamed.weights == {"position": 2.0}
    assert renamed.neurons["id"].tolist() == ["a", "b", "c"]


def test_replace_shifts_and_stretches_time_with_its_gaps():
    session = make()[np.arange(T) != 4]
    shifted = session.replace(start=100.0)
    np.testing.assert_allclose(shifted.time, session.time + 100)
    stretched = session.replace(bin_width=0.05)
    np.testing.assert_allclose(stretched.time, 2 * session.time)


def test_replace_keeps_kinds_of_labels_that_stay():
    session = make(labels={"trial": np.arange(T), "position": position()}, kinds={"trial": "discrete"})
    fewer = session.replace(labels={"trial": np.arange(T)})
    assert fewer.kinds == {"trial": "discrete"}
    framed = session.replace(labels=pd.DataFrame({"trial": np.arange(T)}))
    assert framed.kinds == {"trial": "discrete"}


def test_replace_is_validated_and_names_what_it_takes():
    with pytest.raises(SessionError, match="a session needs a name"):
        make().replace(name="")
    with pytest.raises(TypeError, match="replace\\(\\) knows no time; it takes name, neural"):
        make().replace(time=np.arange(T))


def test_replace_of_neural_with_other_neurons_numbers_them_anew():
    other = make(neurons={"id": ["a", "b", "c"]}).replace(neural=np.zeros((T, 5)))
    assert other.neurons["id"].tolist() == [0, 1, 2, 3, 4]


def test_replace_of_neural_with_other_bins_needs_segments_that_go_with_it():
    session = make(segment=np.repeat([0, 1], 10))
    shorter = {"neural": neural()[:5], "labels": {"position": position()[:5]}}
    with pytest.raises(
        SessionError, match="has segments for 20 bins and gets neural of 5; give segment, too"
    ):
        session.replace(**shorter)
    assert len(session.replace(**shorter, segment=[0, 0, 1, 1, 1])) == 5
    assert len(make().replace(**shorter)) == 5


def test_with_time_takes_increasing_seconds():
    times = np.arange(T) * 0.5
    assert make().with_time(times).start == 0
    np.testing.assert_array_equal(make().with_time(times).time, times)
    for wrong in (times[:5], times[::-1], times * np.nan):
        with pytest.raises(SessionError, match="give 20 increasing times in s"):
            make().with_time(wrong)


def test_a_gap_stays_a_border_whatever_segments_are_given():
    session = make()[np.arange(T) != 8]
    replaced = session.replace(segment=np.zeros(T - 1, int))
    assert replaced.segment_slices() == [slice(0, 8), slice(8, T - 1)]
    mine = session.replace(segment=np.repeat([5, 3], [2, T - 3]))
    assert mine.segment_slices() == [slice(0, 2), slice(2, 8), slice(8, T - 1)]
    assert (
        session.replace(bin_width=0.05, segment=[0] * (T - 1)).segment_slices() == replaced.segment_slices()
    )


def test_segment_numbers_stay_where_gaps_have_their_borders():
    session = make()[np.arange(T) != 8].replace(segment=np.repeat([7, 2, 7], [8, 4, 7]))
    assert session.segment.tolist() == [7] * 8 + [2] * 4 + [7] * 7


def test_a_jump_in_the_times_given_becomes_a_border():
    times = make().time + np.repeat([0.0, 100.0], [12, T - 12])
    assert make().with_time(times).segment_slices() == [slice(0, 12), slice(12, T)]


def test_slightly_uneven_times_are_no_border():
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, T) * 0.025
    assert make().with_time(make().time + jitter).segment_slices() == [slice(0, T)]


@pytest.mark.parametrize("table", [neural("float64"), sparse.csr_array(neural("float64"))])
def test_types_have_one_name_wherever_they_come_from(table):
    spelt_out = np.dtype("f8").newbyteorder("<")
    label = np.frombuffer(position().tobytes(), dtype=spelt_out)
    session = make(neural=table.astype(spelt_out), labels={"position": label})
    assert repr(session.neural.dtype) == repr(session.labels["position"].dtype) == "dtype('float64')"


# masked arrays


def masked(values, *places):
    hidden = np.ma.masked_array(values)
    for place in places:
        hidden[place] = np.ma.masked
    return hidden


@pytest.mark.parametrize("kind", ["continuous", "circular"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_masked_bins_of_a_label_are_unknown(kind, dtype):
    label = masked((np.arange(T) % 3).astype(dtype), 4, 7)
    values = make(labels={"x": label}, kinds={"x": kind}).labels["x"]
    assert np.flatnonzero(np.isnan(values)).tolist() == [4, 7]
    np.testing.assert_array_equal(values[8:], np.arange(8, T) % 3)
    assert not np.isnan(np.asarray(label, float)).any()


def test_what_a_mask_hides_is_not_looked_at():
    values = position()
    values[3] = np.inf
    assert np.isnan(make(labels={"position": masked(values, 3)}).labels["position"][3])
    columns = masked(np.stack([position(), position()], axis=1), (5, 1))
    assert np.argwhere(np.isnan(make(labels={"x": columns}).labels["x"])).tolist() == [[5, 1]]


def test_a_mask_that_hides_nothing_is_no_mask():
    session = make(neural=masked(neural()), labels={"side": masked(np.arange(T))}, kinds={"side": "discrete"})
    assert type(session.neural) is type(session.labels["side"]) is np.ndarray


def test_masked_categories_are_refused():
    text = message(labels={"side": masked(np.array(["left"] * T), 6)})
    assert "session 'rat', label 'side' is discrete and is masked in 1 place(s), the first in row 6" in text
    assert "leave such bins out" in text


def test_masked_activity_is_refused():
    text = message(neural=masked(neural(), (7, 2), (9, 0)))
    assert "session 'rat': neural is masked in 2 place(s), the first is neuron 2 (counted from 0)" in text
    assert "in bin 7; leave such bins or neurons out, or fill them in" in text


def test_masked_neuron_columns_segments_and_times_are_refused():
    text = message(neurons={"depth": masked(np.ones(N), 1)})
    assert (
        "session 'rat', column 'depth' of neurons is masked in 1 place(s), the first in row 1; leave" in text
    )
    assert "segment is masked in 1 place(s)" in message(segment=masked(np.zeros(T, int), 2))
    with pytest.raises(SessionError, match=r"time is masked in 1 place\(s\).*; give one time a bin"):
        make().with_time(masked(make().time, 3))


def test_units_are_kept_and_circular_labels_are_in_radians():
    labels = {"position": np.linspace(0, 1, 5), "phase": np.zeros(5), "side": ["l"] * 5}
    session = Session(
        "rat", np.ones((5, 2)), labels, 0.1, kinds={"phase": "circular"}, units={"position": "m"}
    )
    assert dict(session.units) == {"position": "m", "phase": "rad", "side": ""}
    assert dict(session[:2].units) == dict(session.replace(name="other").units) == dict(session.units)
    assert session.replace(labels={"position": labels["position"]}).units["position"] == "m"


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ({"speed": "m/s"}, "units names 'speed', but the labels are position, side"),
        ({"position": 1}, "the unit of label 'position' is 1; give a text such as 'm'"),
        ({"side": "m"}, "label 'side' is discrete, so its unit is '', not 'm'"),
        ("m", "units is a dictionary"),
    ],
)
def test_wrong_units_are_told(units, words):
    with pytest.raises(SessionError) as error:
        Session(
            "rat", np.ones((5, 2)), {"position": np.linspace(0, 1, 5), "side": ["l"] * 5}, 0.1, units=units
        )
    assert words in str(error.value)


def test_metres_and_centimetres_do_not_go_together():
    metres = Session("a", np.ones((5, 2)), {"position": np.linspace(0, 1, 5)}, 0.1, units={"position": "m"})
    centimetres = metres.replace(name="b", units={"position": "cm"})
    with pytest.raises(SessionError, match="label 'position' is in cm, not m; convert one of them"):
        validate_same_labels([metres, centimetres])
