"""Embeddings and decoded labels in a copy of the NWB file of their session."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import h5py
import numpy as np
import pynwb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_sessions import any_embeddings, assert_same
from napari_unison.analysis import Prediction
from napari_unison.display.export import ExportError
from napari_unison.display.nwb_export import write_embedding_nwb
from napari_unison.encoder import EncoderConfig
from napari_unison.sessions import load_session, write_session_nwb

METADATA = {
    "session_start_time": datetime(2024, 5, 1, tzinfo=UTC),
    "experimenter": ["Doe, Jo"],
    "institution": "An institute",
}
SUBJECT = {"subject_id": "rat-1", "species": "Rattus norvegicus", "sex": "F", "age": "P90D"}


@pytest.fixture(scope="module", autouse=True)
def no_other_process():
    """Files that these tests write whole are not walked through beforehand, which takes a process each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_unison.sessions.formats.hdf5_soundness.require_sound_hdf5", lambda path: None)
        yield


@pytest.fixture
def embedding(make_session, make_embedding):
    draw = np.random.default_rng(0)
    sessions = [
        session.replace(units={"position": "m"}, neural=draw.poisson(0.3, session.neural.shape))
        for session in (make_session("rat 1"), make_session("rat 2", 600))
    ]
    return make_embedding(sessions)


@pytest.fixture
def label_free(embedding, make_embedding):
    return make_embedding(embedding.sessions, kind="label-free")


@pytest.fixture
def source(tmp_path, embedding):
    """The recording of rat 1 as a lab has it: units, a position at another rate, trials, an electrode."""
    nwb = pynwb.NWBFile("Linear track", "rat-1-day-1", **METADATA)
    nwb.subject = pynwb.file.Subject(**SUBJECT)
    for times in spike_times_of(embedding.sessions[0]):
        nwb.add_unit(spike_times=times)
    track = pynwb.behavior.SpatialSeries(
        name="track",
        data=np.random.default_rng(0).random((1200, 2)).astype(np.float32),
        unit="meters",
        reference_frame="the corner",
        description="Position of the head.",
        rate=120.0,
    )
    behaviour = nwb.create_processing_module("behavior", "What the animal did.")
    behaviour.add(pynwb.behavior.Position(spatial_series=track, name="Position"))
    nwb.add_trial(start_time=0.0, stop_time=5.0)
    nwb.add_trial(start_time=5.0, stop_time=10.0)
    path = tmp_path / "rat 1.nwb"
    with pynwb.NWBHDF5IO(path, "w") as file:
        file.write(nwb)
    return path


def spike_times_of(session):
    """Spikes that give the session's activity again, rounded, in the middles of its bins."""
    counts = np.round(session.neural).astype(int)
    return [np.repeat(session.time + session.bin_width / 2, column) for column in counts.T]


def predictions(session, method_error=0.1):
    """What a decoder said of the second half of a session."""
    half = session[session.n_bins // 2 :]
    position = half.labels["position"] + method_error
    other = np.where(half.labels["direction"] == "left", "right", "left")
    return [Prediction.of(half, "position", position), Prediction.of(half, "direction", other)]


def contents(path):
    """Every dataset and attribute in an HDF5 file by its path."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes() if item.dtype.kind != "O" else str(item[()])
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = str(value) if not isinstance(value, h5py.Reference) else "reference"

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def test_latents_stand_in_the_copy_beside_all_that_was_there(embedding, source, tmp_path):
    before = source.read_bytes()
    written = write_embedding_nwb(embedding, tmp_path / "out" / "rat 1.nwb", source=source, session="rat 1")
    assert source.read_bytes() == before
    after = contents(written)
    assert {name: after.get(name) for name in contents(source)} == contents(source)
    with pynwb.NWBHDF5IO(written, "r") as file:
        nwb = file.read()
        assert set(nwb.processing) == {"behavior", "unison"}
        latents = nwb.processing["unison"]["latents_aligned"]
        np.testing.assert_array_equal(latents.data[:], embedding.values[0])
        assert (latents.unit, latents.rate, latents.starting_time) == ("a.u.", 40.0, 0.0)
        assert "what is decoded from it is circular" in latents.description
        residual = nwb.processing["unison"]["residual_aligned"]
        np.testing.assert_array_equal(residual.data[:], embedding.residual[0])
        assert "rat 1, rat 2" in residual.description


def test_where_it_comes_from_stands_in_a_table(embedding, source, tmp_path):
    config = EncoderConfig(max_iterations=123)
    written = write_embedding_nwb(
        embedding, tmp_path / "copy.nwb", source=source, session="rat 1", run="run 3", config=config
    )
    with pynwb.NWBHDF5IO(written, "r") as file:
        table = file.read().processing["unison"]["provenance_aligned"].to_dataframe()
    told = dict(zip(table["key"], table["value"], strict=True))
    assert told["written by"].startswith("napari-unison ")
    assert (told["run"], told["session"], told["source file"]) == ("run 3", "rat 1", "rat 1.nwb")
    assert told["source sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert told["latents sha256"] == hashlib.sha256(embedding.values[0].tobytes()).hexdigest()
    assert told["embedding"] == embedding.description
    assert told["parameter max_iterations"] == "123"
    assert "control" not in told


def test_decoded_labels_stand_beside_the_measured_ones(label_free, source, tmp_path):
    session = label_free.sessions[0]
    written = write_embedding_nwb(
        label_free,
        tmp_path / "copy.nwb",
        source=source,
        session="rat 1",
        decoded=[*predictions(session), *predictions(label_free.sessions[1])],
        method="kNN on label-free latents",
    )
    with pynwb.NWBHDF5IO(written, "r") as file:
        unison = file.read().processing["unison"]
        assert set(unison.data_interfaces) == {
            "latents_label_free",
            "provenance_label_free",
            "true_position",
            "decoded_position",
            "true_direction",
            "decoded_direction",
        }
        true, decoded = unison["true_position"], unison["decoded_position"]
        assert (true.unit, decoded.unit) == ("meters", "meters")
        np.testing.assert_allclose(decoded.data[:] - true.data[:], 0.1)
        assert decoded.starting_time == session.time[200]
        assert "by kNN on label-free latents" in decoded.description
        assert "0 = 'left', 1 = 'right'" in unison["decoded_direction"].description
        assert (unison["decoded_direction"].data[:] + unison["true_direction"].data[:] == 1).all()
        assert "No label was used" in unison["latents_label_free"].description


def test_bins_with_gaps_have_their_times(make_embedding, embedding, source, tmp_path):
    session = embedding.sessions[0]
    torn = make_embedding([session[np.arange(session.n_bins) % 90 > 3]])
    written = write_embedding_nwb(torn, tmp_path / "copy.nwb", source=source)
    with pynwb.NWBHDF5IO(written, "r") as file:
        unison = file.read().processing["unison"]
        np.testing.assert_array_equal(unison["latents_aligned"].timestamps[:], torn.sessions[0].time)
        np.testing.assert_array_equal(unison["residual_aligned"].timestamps[:], torn.sessions[0].time)


def test_a_copy_takes_further_embeddings(embedding, label_free, source, tmp_path):
    first = write_embedding_nwb(embedding, tmp_path / "1.nwb", source=source, session="rat 1")
    second = write_embedding_nwb(label_free, tmp_path / "2.nwb", source=first, session="rat 1")
    third = write_embedding_nwb(embedding, tmp_path / "3.nwb", source=second, session="rat 1")
    with pynwb.NWBHDF5IO(third, "r") as file:
        names = set(file.read().processing["unison"].data_interfaces)
    assert names == {
        *("latents_aligned", "residual_aligned", "provenance_aligned"),
        *("latents_label_free", "provenance_label_free"),
        *("latents_aligned_2", "residual_aligned_2", "provenance_aligned_2"),
    }


def test_a_session_that_was_written_here_stays_a_session(embedding, tmp_path):
    session = embedding.sessions[0]
    write_session_nwb(tmp_path / "rat.nwb", session)
    copy = write_embedding_nwb(embedding, tmp_path / "copy.nwb", source=tmp_path / "rat.nwb", session="rat 1")
    again = load_session(copy)
    assert again.name == "rat 1"
    np.testing.assert_array_equal(again.time, session.time)


def more_than_suggestions(path):
    """What nwbinspector finds wrong with a file."""
    import nwbinspector

    return {
        (message.importance.name, message.check_function_name, message.object_name)
        for message in nwbinspector.inspect_nwbfile(path)
        if message.importance.name != "BEST_PRACTICE_SUGGESTION"
    }


@pytest.mark.parametrize("has_gaps", [False, True])
def test_copies_pass_validator_and_inspector(make_embedding, label_free, source, tmp_path, has_gaps):
    recording = source
    session = label_free.sessions[0]
    if has_gaps:
        session = session[np.arange(session.n_bins) % 90 > 3]
    for number, kind in enumerate(("aligned", "label-free")):
        source = write_embedding_nwb(
            make_embedding([session], kind=kind),
            tmp_path / f"{number}.nwb",
            source=source,
            decoded=predictions(session),
            config=EncoderConfig(),
        )
    assert pynwb.validate(path=source) == []
    assert more_than_suggestions(source) == more_than_suggestions(recording)


@settings(max_examples=20)
@given(embedding=any_embeddings(), data=st.data())
def test_any_embedding_comes_back_with_its_times(tmp_path_factory, embedding, data):
    folder = tmp_path_factory.mktemp("any")
    number = data.draw(st.integers(0, len(embedding.sessions) - 1))
    session = embedding.sessions[number]
    decoded = [Prediction.of(session, name, values) for name, values in session.labels.items()]
    write_session_nwb(folder / "rat.nwb", session)
    copy = write_embedding_nwb(
        embedding, folder / "copy.nwb", source=folder / "rat.nwb", session=session.name, decoded=decoded
    )
    assert_same(session, load_session(copy))
    with pynwb.NWBHDF5IO(copy, "r") as file:
        module = file.read().processing["unison"]
        (latents,) = [part for name, part in module.data_interfaces.items() if name.startswith("latents")]
        assert latents.data.dtype == np.float32
        np.testing.assert_array_equal(latents.data[:], embedding.values[number])
        np.testing.assert_allclose(times_of(latents), session.time, rtol=1e-9, atol=1e-6 * session.bin_width)
        found = [part for name, part in module.data_interfaces.items() if name.startswith("decoded_")]
        assert len(found) == len(decoded)
        for prediction in decoded:
            if prediction.kind != "discrete":
                values = prediction.predicted
                values = values[:, 0] if values.shape[1] == 1 else values
                assert any(np.array_equal(part.data[:], values) for part in found)


def times_of(series):
    if series.timestamps is not None:
        return series.timestamps[:]
    return series.starting_time + np.arange(len(series.data)) / series.rate


def test_labels_whose_names_a_file_cannot_tell_apart_stand_beside_each_other(
    make_embedding, make_session, source, tmp_path
):
    session = make_session("rat 1")
    session = session.replace(labels={"x/y": np.zeros(400), "x:y": np.ones(400)})
    decoded = [Prediction.of(session, name, values) for name, values in session.labels.items()]
    copy = write_embedding_nwb(
        make_embedding([make_session("rat 1")]), tmp_path / "copy.nwb", source=source, decoded=decoded
    )
    with pynwb.NWBHDF5IO(copy, "r") as file:
        unison = file.read().processing["unison"]
        assert unison["decoded_x-y"].data[0] == 0
        assert unison["decoded_x-y (2)"].data[0] == 1


def refused(embedding, file, **words) -> str:
    with pytest.raises(ExportError) as caught:
        write_embedding_nwb(embedding, file, **words)
    return str(caught.value)


def test_the_recording_itself_is_never_overwritten(embedding, source, tmp_path):
    words = {"source": source, "session": "rat 1", "overwrite": True}
    assert "is the recording itself" in refused(embedding, source, **words)
    link = tmp_path / "link.nwb"
    link.hardlink_to(source)
    assert "is the recording itself" in refused(embedding, link, **words)
    other = tmp_path / "copy.nwb"
    other.write_text("mine")
    assert "exists: choose another name" in refused(embedding, other, source=source, session="rat 1")
    write_embedding_nwb(embedding, other, **words)
    assert h5py.is_hdf5(other)


def test_what_does_not_fit_is_refused_and_leaves_nothing(embedding, make_session, source, tmp_path):
    there = set(tmp_path.iterdir())
    copy = tmp_path / "copy.nwb"
    assert "choose one of 'rat 1', 'rat 2'" in refused(embedding, copy, source=source)
    assert "no session 'rat 9'" in refused(embedding, copy, source=source, session="rat 9")
    assert "ends in .nwb" in refused(embedding, tmp_path / "copy.h5", source=source, session="rat 1")
    missing = tmp_path / "no.nwb"
    assert "no.nwb does not exist" in refused(embedding, copy, source=missing, session="rat 1")
    assert set(tmp_path.iterdir()) == there
    missing.write_bytes(b"no recording")
    assert "no.nwb cannot be opened as an NWB file" in refused(
        embedding, copy, source=missing, session="rat 1"
    )
    write_session_nwb(missing, make_session("rat 5").replace(neural=np.zeros((400, 7))))
    told = refused(embedding, copy, source=missing, session="rat 1")
    assert "is the recording of session 'rat 5' with 7 neurons, not of 'rat 1' with 3" in told
    write_session_nwb(missing, make_session("rat 1").replace(start=5000.0))
    assert "was recorded from 5000 to 5010 s" in refused(embedding, copy, source=missing, session="rat 1")
    assert set(tmp_path.iterdir()) == there | {missing}


@pytest.fixture
def long_session(make_session):
    """A minute of three neurons, each busy at another time."""
    session = make_session("rat 1", 2400)
    rate = 1 + np.sin(session.time[:, None] / 3 + np.arange(3))
    return session.replace(neural=np.random.default_rng(0).poisson(rate))


@pytest.fixture
def long_source(tmp_path, long_session):
    """The recording of the minute: its units and the position."""
    nwb = pynwb.NWBFile("Linear track", "rat-1-day-2", **METADATA)
    for times in spike_times_of(long_session):
        nwb.add_unit(spike_times=times)
    track = pynwb.behavior.SpatialSeries(
        name="track",
        data=long_session.labels["position"],
        unit="m",
        reference_frame="the corner",
        rate=40.0,
    )
    nwb.create_processing_module("behavior", "What the animal did.").add(track)
    with pynwb.NWBHDF5IO(tmp_path / "long.nwb", "w") as file:
        file.write(nwb)
    return tmp_path / "long.nwb"


def test_the_recording_of_another_session_is_refused(long_session, long_source, make_embedding, tmp_path):
    copy, other = tmp_path / "copy.nwb", tmp_path / "other.nwb"
    turned = long_session.replace(neural=long_session.neural[::-1])
    told = refused(make_embedding([turned]), copy, source=long_source)
    assert "holds another activity than session 'rat 1'" in told
    write_session_nwb(other, turned)
    assert "holds another activity" in refused(make_embedding([long_session]), copy, source=other)
    many = long_session.replace(neural=np.hstack([long_session.neural, long_session.neural]))
    told = refused(make_embedding([many]), copy, source=long_source)
    assert "holds 3 neurons, session 'rat 1' has 6" in told
    late = long_session.replace(start=10.0)
    told = refused(make_embedding([late]), copy, source=long_source)
    assert "was recorded from 0 to 60 s, session 'rat 1' from 10 to 69.975 s" in told
    assert not copy.exists()


@pytest.mark.parametrize(
    "way",
    [
        {"bin_width": 0.025, "smoothing": 0.5},
        {"bin_width": 0.05, "min_speed": 0.5},
        {"bin_width": 0.1, "min_rate": 0.5},
    ],
)
def test_what_was_binned_smoothed_or_left_out_is_still_of_its_recording(
    make_embedding, long_source, tmp_path, way
):
    labels = {"position": {"source": "processing/behavior/track"}}
    session = load_session(long_source, mapping={"neural": "units", "labels": labels, **way})
    embedding = make_embedding([session], kind="label-free")
    assert write_embedding_nwb(embedding, tmp_path / "copy.nwb", source=long_source).exists()


@pytest.mark.realdata
def test_a_real_recording_keeps_all_it_holds(make_embedding, real_data, tmp_path):
    source = real_data / "nwb" / "A2929-200711_neurosuite.nwb"
    session = load_session(source, bin_width=0.05)
    embedding = make_embedding([session.replace(labels={"position": session.labels["position"][:, 0]})])
    copy = write_embedding_nwb(embedding, tmp_path / "copy.nwb", source=source)
    # pynwb raises the type of an old table of electrodes to that of today; every value stays
    values = {name: value for name, value in contents(source).items() if "electrodes@" not in name}
    after = contents(copy)
    assert {name: after.get(name) for name in values} == values
    assert pynwb.validate(path=copy) == pynwb.validate(path=source)
