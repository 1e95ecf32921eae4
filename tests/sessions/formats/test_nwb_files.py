"""NWB files say what they hold, whatever else is wrong with them, and become sessions without a word."""

from __future__ import annotations

import base64
import json
import pickle
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from nwb_recordings import (
    N_SAMPLES,
    RATE,
    add_imaging,
    add_position,
    add_trials,
    add_units,
    behaviour,
    changed,
    copy_to_zarr,
    new_recording,
    quietly,
    replace_dataset,
    transpose,
    write,
)
from scipy.ndimage import gaussian_filter1d
from sklearn.linear_model import Ridge

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.formats import hdf5_arrays, hdf5_soundness
from napari_unison.sessions.importing import Contents, open_contents, require_mapping, sessions_from

TIME = np.arange(N_SAMPLES) / RATE
WALK_THROUGH = hdf5_soundness.require_sound_hdf5


@pytest.fixture(scope="module", autouse=True)
def no_other_process():
    """Files that these tests write whole are not walked through beforehand, which takes a process each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5_soundness, "require_sound_hdf5", lambda path: None)
        yield


def recorded(path: Path) -> Contents:
    return open_contents(path)


# Units


def test_units_come_with_all_that_is_said_of_them(tmp_path):
    nwb = new_recording()
    spikes = add_units(nwb)
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        assert contents.start.startswith("2024-05-01T09:30:00")
        entry = contents.entry("units")
        assert (entry.kind, entry.shape, entry.role) == ("spikes", (4,), "neural")
        units = contents.read("units")
    for times, expected in zip(units.times, spikes, strict=True):
        np.testing.assert_array_equal(times, expected)
    assert units.neurons["id"].tolist() == [10, 11, 12, 13]
    assert units.neurons["quality"].tolist() == ["fair", "good", "fair", "good"]
    assert units.neurons["region"].tolist() == ["CA3", "CA1", "CA3", "CA1"]
    assert "spike_times" not in units.neurons


def test_bins_in_which_units_were_not_observed_are_left_out(tmp_path):
    nwb = new_recording()
    add_units(nwb, obs_intervals=[[[2.0, 10.0], [12.0, 25.0]]] * 4)
    add_position(nwb)
    session = load_session(write(nwb, tmp_path / "day.nwb"))
    assert session.time[0] == pytest.approx(2.0, abs=0.026)
    assert session.time[-1] == pytest.approx(25.0, abs=0.026)
    assert not ((session.time > 10.03) & (session.time < 11.95)).any()
    assert len(session.segment_slices()) == 2


def test_units_that_were_observed_at_other_times_each_say_nothing_of_all(tmp_path):
    nwb = new_recording()
    add_units(nwb, obs_intervals=[[[0.0, 10.0 + unit]] for unit in range(4)])
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        assert contents.read("units").observed is None


def test_units_of_several_probes_may_share_numbers(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    path = changed(
        write(nwb, tmp_path / "day.nwb"), lambda f: f["units/id"].write_direct(np.array([1, 2, 1, 2]))
    )
    with recorded(path) as contents:
        neurons = contents.read("units").neurons
    assert "id" not in neurons
    assert neurons["id in file"].tolist() == [1, 2, 1, 2]


# Behaviour


def test_positions_have_the_unit_and_scale_that_the_file_says(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    metres = add_position(nwb)
    path = write(nwb, tmp_path / "day.nwb")
    with recorded(path) as contents:
        entry = contents.entry("processing/behavior/Position/SpatialSeries")
        assert (entry.kind, entry.role, entry.unit, entry.rate) == ("series", "behaviour", "meters", RATE)
        samples = contents.read(entry.path)
    np.testing.assert_allclose(samples.values, metres)
    np.testing.assert_allclose(samples.time, 1.5 + TIME)
    session = load_session(path)
    assert dict(session.units) == {"position": "m"}
    assert session.labels["position"].shape == (session.n_bins, 2)


def test_irregular_time_stamps_are_kept(tmp_path):
    stamps = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.08, N_SAMPLES))
    nwb = new_recording()
    add_position(nwb, timestamps=stamps)
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        entry = contents.entry("processing/behavior/Position/SpatialSeries")
        assert entry.rate == pytest.approx(20, rel=0.1)
        np.testing.assert_array_equal(contents.read(entry.path).time, stamps)


def test_a_transposed_position_is_recognised(tmp_path):
    for timing in ({"rate": RATE}, {"timestamps": TIME}):
        nwb = new_recording()
        add_units(nwb)
        metres = add_position(nwb, **timing)
        path = write(nwb, tmp_path / "day.nwb")
        plain = load_session(path)
        where = "processing/behavior/Position/SpatialSeries"
        changed(path, partial(transpose, path=f"{where}/data"))
        with recorded(path) as contents:
            assert contents.entry(where).time_axis == 1
            np.testing.assert_allclose(contents.read(where).values, metres.T)
        np.testing.assert_array_equal(load_session(path).labels["position"], plain.labels["position"])


def add_head(nwb, **angles):
    from pynwb.behavior import CompassDirection, SpatialSeries

    series = [
        SpatialSeries(name=name, data=values, reference_frame="north", unit=unit, timestamps=TIME)
        for name, (values, unit) in angles.items()
    ]
    nwb.add_acquisition(CompassDirection(spatial_series=series, name="CompassDirection"))


def test_a_compass_direction_is_circular_and_in_radians(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_head(nwb, heading=(np.mod(40 * TIME, 360), "degrees"))
    path = write(nwb, tmp_path / "day.nwb")
    with recorded(path) as contents:
        assert contents.entry("acquisition/CompassDirection/heading").is_circular
    session = load_session(path)
    assert dict(session.kinds) == {"head direction": "circular"}
    turned = np.mod(np.radians(40 * (session.time + 0.0125)), 2 * np.pi)
    np.testing.assert_allclose(np.cos(session.labels["head direction"]), np.cos(turned), atol=1e-3)


def test_of_several_angles_the_one_that_goes_around_is_the_heading(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    nod, turn = np.mod(0.2 * np.sin(3 * TIME), 2 * np.pi), np.mod(TIME, 2 * np.pi)
    add_head(nwb, rx=(nod, "radians"), ry=(turn, "radians"), rz=(nod, "radians"))
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        mapping = require_mapping(contents)
    assert {name: label.source for name, label in mapping.labels.items()} == {
        "head direction": ("acquisition/CompassDirection/ry",)
    }


def add_axes(nwb, **axes):
    from pynwb.behavior import Position, SpatialSeries

    series = [
        SpatialSeries(name=name, data=values, reference_frame="floor", unit="m", timestamps=TIME)
        for name, values in axes.items()
    ]
    nwb.add_acquisition(Position(spatial_series=series, name="Position"))


def test_axes_of_a_position_are_one_label_without_the_height(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_axes(nwb, x=np.cos(TIME), y=0.02 * np.sin(9 * TIME), z=np.sin(TIME))
    session = load_session(write(nwb, tmp_path / "day.nwb"))
    assert list(session.labels) == ["position"]
    expected = np.column_stack([np.cos(session.time + 0.0125), np.sin(session.time + 0.0125)])
    np.testing.assert_allclose(session.labels["position"], expected, atol=1e-3)


def test_an_animal_that_climbs_keeps_its_height(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_axes(nwb, x=np.cos(TIME), y=np.cos(2 * TIME), z=np.sin(TIME))
    session = load_session(write(nwb, tmp_path / "day.nwb"))
    assert session.labels["position"].shape == (session.n_bins, 3)


@pytest.mark.parametrize(
    ("tags", "stretch"),
    [(("sleep", "run"), (15.0, 30.0)), (("first", "second"), (0.0, 30.0)), (("rest", "sleep"), (0.0, 30.0))],
)
def test_only_epochs_that_are_not_rest_are_kept(tmp_path, tags, stretch):
    nwb = new_recording()
    add_units(nwb)
    add_axes(nwb, x=np.cos(TIME), y=np.sin(TIME))
    for number, tag in enumerate(tags):
        nwb.add_epoch(15.0 * number, 15.0 * (number + 1), [tag])
    session = load_session(write(nwb, tmp_path / "day.nwb"))
    assert (session.time[0], session.time[-1]) == pytest.approx(stretch, abs=0.11)


def test_other_series_of_behaviour_are_labels_and_merely_acquired_ones_are_not(tmp_path):
    from pynwb import TimeSeries
    from pynwb.behavior import BehavioralTimeSeries

    nwb = new_recording()
    add_units(nwb)
    pupil = TimeSeries(name="width of the pupil", data=np.sin(TIME), unit="unknown", rate=RATE)
    behaviour(nwb).add(BehavioralTimeSeries(time_series=pupil, name="BehavioralTimeSeries"))
    nwb.add_acquisition(TimeSeries(name="sync", data=np.zeros(N_SAMPLES), unit="V", rate=RATE))
    session = load_session(write(nwb, tmp_path / "day.nwb"))
    assert dict(session.units) == {"width of the pupil": ""}


# Trials and events


def test_trials_have_their_columns_as_texts_and_numbers(tmp_path):
    nwb = new_recording()
    add_trials(nwb)
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        entry = contents.entry("intervals/trials")
        assert entry.fields == ("type", "licks", "tags")
        trials = contents.read("intervals/trials")
    np.testing.assert_array_equal(trials.start, np.arange(6) * 5.0)
    np.testing.assert_array_equal(trials.stop, np.arange(6) * 5.0 + 4)
    assert trials.columns["type"].tolist() == ["right", "left"] * 3
    assert trials.columns["licks"].tolist() == ["", "0.5", "0.5, 1.25"] * 2
    assert trials.columns["tags"].tolist() == ["a, b"] * 6


def test_trials_are_labels_and_segments_where_there_is_no_other_behaviour(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_trials(nwb)
    session = load_session(
        write(nwb, tmp_path / "day.nwb"),
        labels={"type": {"source": "intervals/trials", "field": "type"}},
        during="intervals/trials",
        segments={"source": "intervals/trials"},
    )
    assert len(session.segment_slices()) == 6
    assert set(session.labels["type"]) == {"left", "right"}


def test_events_of_behaviour_are_moments(tmp_path):
    from pynwb import TimeSeries
    from pynwb.behavior import BehavioralEvents

    nwb = new_recording()
    add_units(nwb)
    drops = TimeSeries(name="reward", data=[1.0, 1.0], unit="drops", timestamps=[5.0, 11.0])
    with quietly():
        behaviour(nwb).add(BehavioralEvents(time_series=[drops], name="BehavioralEvents"))
    session = load_session(
        write(nwb, tmp_path / "day.nwb"),
        labels={"since": {"source": "processing/behavior/BehavioralEvents/reward", "made": "time since"}},
    )
    at = session.time + session.bin_width / 2
    np.testing.assert_allclose(session.labels["since"][at > 11], at[at > 11] - 11)


def test_a_table_of_events_is_moments(tmp_path):
    nwb = new_recording()
    rewards = nwb.create_events_table(name="rewards", description="drops of water")
    for time in (5.0, 11.0):
        rewards.add_event(timestamp=time)
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        assert contents.read("events/rewards").time.tolist() == [5.0, 11.0]


def test_labelled_events_of_an_extension_need_no_extension(tmp_path):
    def add(file: h5py.File) -> None:
        group = file.create_group("acquisition/behaviour events")
        group.attrs.update({"neurodata_type": "LabeledEvents", "namespace": "ndx-events", "object_id": "e1"})
        group.create_dataset("timestamps", data=[1.0, 2.0, 4.0])
        kinds = group.create_dataset("data", data=np.array([1, 0, 1], dtype=np.uint8))
        kinds.attrs["labels"] = ["lick", "reward"]

    path = changed(write(new_recording(), tmp_path / "day.nwb"), add)
    with recorded(path) as contents:
        assert [entry.said() for entry in contents.entries.values()] == [
            "acquisition/behaviour events/lick: 1 events",
            "acquisition/behaviour events/reward: 2 events",
        ]
        assert contents.read("acquisition/behaviour events/reward").time.tolist() == [1.0, 4.0]


def test_epochs_of_behaviour_that_are_stored_as_changes_are_intervals(tmp_path):
    from pynwb.behavior import BehavioralEpochs
    from pynwb.misc import IntervalSeries

    nwb = new_recording()
    running = IntervalSeries(name="running", data=np.array([1, -1, 1, -1]), timestamps=[1.0, 3.0, 4.0, 8.0])
    behaviour(nwb).add(BehavioralEpochs(interval_series=[running], name="BehavioralEpochs"))
    with recorded(write(nwb, tmp_path / "day.nwb")) as contents:
        runs = contents.read("processing/behavior/BehavioralEpochs/running")
    assert (runs.start.tolist(), runs.stop.tolist()) == ([1.0, 4.0], [3.0, 8.0])


# Imaging


def test_activity_of_imaging_comes_with_its_regions_of_interest(tmp_path):
    nwb = new_recording()
    made = add_imaging(nwb)
    add_position(nwb)
    path = write(nwb, tmp_path / "day.nwb")
    with recorded(path) as contents:
        for where, values in made.items():
            assert contents.entry(where).role == "neural"
            np.testing.assert_array_equal(contents.read(where).values, values)
    session = load_session(path)
    assert session.bin_width == pytest.approx(1 / RATE)
    assert session.neurons["id"].tolist() == [100, 101, 102, 103, 104]
    assert session.neurons["accepted"].tolist() == [True, False, True, False, True]


def test_events_go_before_dff_and_what_lies_between_cells_is_never_chosen(tmp_path):
    nwb = new_recording()
    add_imaging(nwb)
    add_position(nwb)
    path = write(nwb, tmp_path / "day.nwb")
    for removed, chosen in (
        (None, "Fluorescence/Deconvolved"),
        ("Fluorescence/Deconvolved", "DfOverF/RoiResponseSeries"),
        ("DfOverF/RoiResponseSeries", "Fluorescence/RoiResponseSeries"),
    ):
        if removed:
            changed(path, lambda file, gone=removed: file.__delitem__(f"processing/ophys/{gone}"))
        with recorded(path) as contents:
            assert require_mapping(contents).neural == (f"processing/ophys/{chosen}",)


@pytest.mark.parametrize("timing", [{"rate": RATE}, {"timestamps": TIME}])
@pytest.mark.parametrize("n_rois", [5, N_SAMPLES + 100])
def test_transposed_imaging_gives_the_same_session(tmp_path, timing, n_rois):
    nwb = new_recording()
    add_imaging(nwb, n_rois, **timing)
    add_position(nwb, rate=RATE)
    path = write(nwb, tmp_path / "day.nwb")
    where = "processing/ophys/DfOverF/RoiResponseSeries"
    plain = load_session(path, neural=where)
    assert plain.n_neurons == n_rois
    changed(path, partial(transpose, path=f"{where}/data"))
    turned = load_session(path, neural=where)
    np.testing.assert_array_equal(turned.neural, plain.neural)
    np.testing.assert_array_equal(turned.neurons["id"], plain.neurons["id"])


# Zarr


def test_a_zarr_folder_gives_the_same_session(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_axes(nwb, x=np.cos(TIME), y=np.sin(TIME))
    add_head(nwb, ry=(np.mod(TIME, 2 * np.pi), "radians"))
    add_trials(nwb)
    path = write(nwb, tmp_path / "day.nwb")
    copy = copy_to_zarr(path, tmp_path / "copy.nwb.zarr")
    first, second = load_session(path), load_session(copy, name="day")
    assert list(first.labels) == list(second.labels) == ["position", "head direction"]
    for name in first.labels:
        np.testing.assert_array_equal(first.labels[name], second.labels[name])
    np.testing.assert_array_equal(first.neural.toarray(), second.neural.toarray())
    assert {name: column.tolist() for name, column in first.neurons.items()} == {
        name: column.tolist() for name, column in second.neurons.items()
    }
    with recorded(path) as one, recorded(copy) as other:
        assert one.listed() == other.listed()
        trials, again = one.read("intervals/trials"), other.read("intervals/trials")
    assert {name: column.tolist() for name, column in trials.columns.items()} == {
        name: column.tolist() for name, column in again.columns.items()
    }


# Large files


def test_opening_reads_nothing_large(tmp_path, monkeypatch):
    nwb = new_recording()
    add_units(nwb)
    add_imaging(nwb, 40, timestamps=TIME)
    path = write(nwb, tmp_path / "day.nwb")
    taken = []
    read = h5py.Dataset.__getitem__

    def counted(dataset, what, **options):
        values = read(dataset, what, **options)
        taken.append(np.asarray(values).size)
        return values

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
    with recorded(path):
        assert max(taken) <= N_SAMPLES
        taken.clear()


def test_large_activity_is_read_in_blocks_and_can_be_stopped(tmp_path, monkeypatch):
    class StoppedError(Exception):
        pass

    nwb = new_recording()
    values = add_imaging(nwb, 40)["processing/ophys/DfOverF/RoiResponseSeries"]
    path = write(nwb, tmp_path / "day.nwb")
    monkeypatch.setattr(hdf5_arrays, "BLOCK", values.nbytes // 7)
    told = []

    def tell(share, words):
        told.append((share, words))

    def stop(share, words):
        raise StoppedError

    with recorded(path) as contents:
        read = contents.read("processing/ophys/DfOverF/RoiResponseSeries", tell)
        np.testing.assert_array_equal(read.values, values)
        shares = [share for share, _ in told]
        assert len(shares) >= 7
        assert shares == sorted(shares)
        assert shares[-1] == 1
        assert "DfOverF" in told[0][1]
        with pytest.raises(StoppedError):
            contents.read("processing/ophys/DfOverF/RoiResponseSeries", stop)
    path.unlink()


@pytest.mark.parametrize("turned", [False, True])
def test_large_activity_is_in_memory_once(tmp_path, turned):
    nwb = new_recording()
    add_imaging(nwb)
    add_position(nwb)
    path, where = write(nwb, tmp_path / "day.nwb"), "processing/ophys/DfOverF/RoiResponseSeries"
    if turned:
        changed(path, partial(transpose, path=f"{where}/data"))
    with recorded(path) as contents:
        entry, kept = contents.entries[where], []

        def read(on_progress):
            kept.append(entry.read(on_progress))
            return kept[0]

        contents.entries[where] = replace(entry, read=read)
        session = sessions_from(contents, require_mapping(contents, neural=where))[0]
    assert np.shares_memory(session.neural, kept[0].values)


# What is wrong


def test_what_is_no_nwb_file_is_refused(tmp_path):
    text = tmp_path / "text.nwb"
    text.write_text("these are no data\n" * 100)
    plain = tmp_path / "plain.nwb"
    with h5py.File(plain, "w") as file:
        file["spikes"] = np.ones(4)
    empty = tmp_path / "empty.nwb"
    empty.write_bytes(b"")
    folder = tmp_path / "folder.nwb.zarr"
    folder.mkdir()
    for path in (text, plain, empty, folder):
        with pytest.raises(SessionError, match=path.name):
            recorded(path)


def test_the_first_version_of_nwb_is_told(tmp_path):
    path = tmp_path / "old.nwb"
    with h5py.File(path, "w") as file:
        file["nwb_version"] = "NWB-1.0.6"
    with pytest.raises(SessionError, match=r"old\.nwb is of NWB 1\.0\.6"):
        recorded(path)


def test_an_empty_nwb_file_says_so(tmp_path):
    with pytest.raises(SessionError, match=r"day\.nwb holds no units, series, events or intervals"):
        recorded(write(new_recording(), tmp_path / "day.nwb"))


def test_a_file_that_was_cut_off_is_refused_or_read_right(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_soundness, "require_sound_hdf5", WALK_THROUGH)
    nwb = new_recording()
    add_units(nwb)
    add_position(nwb)
    path = write(nwb, tmp_path / "day.nwb")
    whole, content = load_session(path), path.read_bytes()
    refusals = []
    for share in np.linspace(0.1, 0.97, 9):
        path.write_bytes(content[: int(share * len(content))])
        try:
            session = load_session(path)
        except SessionError as error:
            refusals.append(str(error))
        else:
            np.testing.assert_array_equal(session.neural.toarray(), whole.neural.toarray())
    assert len(refusals) >= 7
    assert all("day.nwb" in refusal for refusal in refusals)


def break_timing(file: h5py.File) -> None:
    del file["processing/behavior/Position/SpatialSeries/starting_time"]


def break_index(file: h5py.File) -> None:
    file["units/spike_times_index"][-1] = 60000


def break_spikes(file: h5py.File) -> None:
    del file["units/spike_times"], file["units/spike_times_index"]


def break_column(file: h5py.File) -> None:
    replace_dataset(file, "units/quality", np.array([b"good", b"fair"], dtype=object))


def break_values(file: h5py.File) -> None:
    where = "processing/behavior/Position/SpatialSeries/data"
    attributes = dict(file[where].attrs)
    del file[where]
    file[where] = h5py.SoftLink("/nowhere")
    assert attributes


def break_lengths(file: h5py.File) -> None:
    del file["processing/behavior/Position/SpatialSeries/starting_time"]
    file["processing/behavior/Position/SpatialSeries/timestamps"] = np.arange(17.0)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (break_timing, r"processing.*Position/SpatialSeries.*neither time stamps nor a rate"),
        (break_lengths, r"processing.*Position/SpatialSeries.*time stamps of shape \(17,\)"),
        (break_values, r"processing.*Position/SpatialSeries.*data is a link that leads nowhere"),
        (break_index, "units/spike_times_index"),
        (break_spikes, "units is a table of units without spike times"),
        (break_column, "units/quality has 2 values for 4 rows"),
    ],
)
def test_what_is_broken_is_named_and_hides_nothing_else(tmp_path, damage, named):
    nwb = new_recording()
    add_units(nwb)
    add_position(nwb)
    add_trials(nwb)
    path = changed(write(nwb, tmp_path / "day.nwb"), damage)
    with recorded(path) as contents:
        broken = "units" if "units" in named else "processing/behavior/Position/SpatialSeries"
        with pytest.raises(SessionError, match=rf"day\.nwb: {named}"):
            contents.read(broken)
        whole = {"units", "processing/behavior/Position/SpatialSeries", "intervals/trials"} - {broken}
        for path_of_whole in whole:
            contents.read(path_of_whole)


def test_without_its_position_the_trials_are_the_labels(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_position(nwb)
    add_trials(nwb)
    session = load_session(changed(write(nwb, tmp_path / "day.nwb"), break_timing))
    assert "type" in session.labels


def test_a_reference_to_what_is_gone_is_named(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    path = changed(write(nwb, tmp_path / "day.nwb"), lambda file: file.__delitem__("units/spike_times"))
    with pytest.raises(
        SessionError, match=r"day\.nwb .*units/spike_times_index refers to something that is gone"
    ):
        recorded(path)


def test_a_zarr_folder_that_was_copied_in_part_is_refused(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    add_position(nwb)
    copy = copy_to_zarr(write(nwb, tmp_path / "day.nwb"), tmp_path / "copy.nwb.zarr")
    (copy / "units" / "spike_times" / "0").unlink()
    with pytest.raises(
        SessionError, match=r"copy\.nwb\.zarr: units/spike_times is incomplete: 1 of its 1 pieces"
    ):
        load_session(copy)


def test_a_zarr_folder_with_a_damaged_description_is_refused(tmp_path):
    nwb = new_recording()
    add_units(nwb)
    copy = copy_to_zarr(write(nwb, tmp_path / "day.nwb"), tmp_path / "copy.nwb.zarr")
    for described in (copy / ".zmetadata", *copy.rglob(".zarray")):
        described.write_text(described.read_text().replace('"zarr_format": 2', '"zarr_format": 9'))
    with pytest.raises(SessionError, match=r"copy\.nwb\.zarr cannot be read as NWB .*copy or download"):
        load_session(copy)


def test_nothing_in_a_zarr_folder_is_unpickled(tmp_path, monkeypatch):
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return Path.touch, (ran,)

    nwb = new_recording()
    add_units(nwb)
    add_trials(nwb)
    copy = copy_to_zarr(write(nwb, tmp_path / "day.nwb"), tmp_path / "copy.nwb.zarr")
    array = copy / "intervals" / "trials" / "timeseries"
    described = json.loads((copy / ".zmetadata").read_text())
    where = described["metadata"]["intervals/trials/timeseries/.zarray"]
    assert where["filters"] == [{"id": "pickle", "protocol": 5}]
    hostile = pickle.dumps(Hostile())
    where["fill_value"] = base64.b64encode(hostile).decode()
    (copy / ".zmetadata").write_text(json.dumps(described))
    (array / "0").write_bytes(hostile)
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    with recorded(copy) as contents:
        assert contents.entry("intervals/trials").fields == ("type", "licks", "tags")
        for path in contents.entries:
            contents.read(path)
    assert not ran.exists()


def test_a_missing_library_says_what_to_install(tmp_path, monkeypatch):
    path = write(new_recording(), tmp_path / "day.nwb")
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(SessionError, match=r'day\.nwb.*pip install "napari-unison\[nwb\]"'):
        recorded(path)


# Real recordings


@pytest.fixture(scope="session")
def real_nwb(real_data: Path) -> Path:
    folder = real_data / "nwb"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: no real NWB files here")
    return folder


def heading_error(session) -> float:
    """Median error (degrees) of a linear decoder of the heading, fitted to the first 80 % of the time."""
    counts = gaussian_filter1d(session.neural.toarray().astype(float), 8, axis=0)
    angle = session.labels["head direction"]
    n_train = int(0.8 * len(angle))
    decoder = Ridge().fit(counts[:n_train], np.column_stack([np.cos(angle), np.sin(angle)])[:n_train])
    cosine, sine = decoder.predict(counts[n_train:]).T
    error = np.angle(np.exp(1j * (np.arctan2(sine, cosine) - angle[n_train:])))
    return float(np.degrees(np.median(np.abs(error))))


@pytest.mark.realdata
def test_a_mouse_that_explores_loads_with_position_and_heading(real_nwb):
    session = load_session(real_nwb / "A2929-200711_neurosuite.nwb")
    assert session.n_neurons == 15
    assert session.neurons["location"].tolist() == ["adn"] * 7 + ["ca1"] * 8
    assert dict(session.kinds) == {"position": "continuous", "head direction": "circular"}
    assert session.labels["position"].shape == (session.n_bins, 2)
    assert (session.time[0], session.time[-1]) == pytest.approx((670.64, 1199.97), abs=0.03)
    assert 8 < heading_error(session) < 10.5


@pytest.mark.realdata
def test_its_zarr_copy_gives_the_same_session(real_nwb, tmp_path):
    path = real_nwb / "A2929-200711_neurosuite.nwb"
    copy = copy_to_zarr(path, tmp_path / "A2929-200711_neurosuite.nwb.zarr")
    first, second = load_session(path), load_session(copy)
    assert first.name == second.name
    np.testing.assert_array_equal(first.neural.toarray(), second.neural.toarray())
    np.testing.assert_array_equal(first.time, second.time)
    for name in first.labels:
        np.testing.assert_array_equal(first.labels[name], second.labels[name])


@pytest.mark.realdata
def test_neurons_without_behaviour_say_what_is_missing(real_nwb):
    with pytest.raises(SessionError, match=r"clearly a label(.|\n)*units: spike times of 3 neurons"):
        load_session(real_nwb / "A8604-211122.nwb")


@pytest.mark.realdata
def test_trials_are_labels_where_there_is_nothing_else(real_nwb):
    session = load_session(next(real_nwb.glob("sub_anm00239123*.nwb")))
    assert session.n_neurons == 4
    assert len(session.segment_slices()) == 412
    assert set(session.labels["type"]) == {"lick left", "lick right", "non-performing"}
    assert set(session.labels["response"]) == {"N/A", "correct", "early lick", "incorrect"}
