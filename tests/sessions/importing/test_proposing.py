"""A file is understood as far as its names, shapes and units say."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from recorded import intervals, spikes, track

from napari_unison.sessions import SessionError, load_session, write_sessions
from napari_unison.sessions.importing import (
    Contents,
    array_entry,
    open_contents,
    propose_mapping,
    require_mapping,
    sessions_from,
)
from napari_unison.sessions.importing.proposing import labels_of_companion


def test_units_and_behaviour_with_times_need_no_words():
    proposal = propose_mapping(track())
    assert proposal.missing == ()
    mapping = proposal.mapping
    assert mapping.neural == ("units",)
    assert {name: label.kind for name, label in mapping.labels.items()} == {
        "position": None,
        "heading": "circular",
    }
    session = sessions_from(track(), mapping)[0]
    assert dict(session.kinds) == {"position": "continuous", "heading": "circular"}
    assert session.bin_width == 0.025


def arrays(**named):
    return Contents("a.npz", [array_entry(name, values) for name, values in named.items()])


def test_arrays_need_only_their_bin_width():
    contents = arrays(
        spikes=np.ones((50, 7)),
        position=np.arange(50.0),
        trial_type=np.arange(50) % 2,
        other=np.ones((3, 3, 3)),
    )
    assert propose_mapping(contents).missing == (
        "its neural array has no times: give the width of its bins (bin_width, in s)",
    )
    mapping = require_mapping(contents, bin_width=0.1)
    assert mapping.neural == ("spikes",)
    assert {name: label.kind for name, label in mapping.labels.items()} == {
        "position": None,
        "trial_type": "discrete",
    }


def test_times_beside_an_array_are_found():
    contents = arrays(dff=np.ones((50, 7)), x=np.arange(50.0), timestamps=np.arange(50) / 30)
    session = sessions_from(contents, require_mapping(contents))[0]
    assert session.bin_width == pytest.approx(1 / 30)


def test_trials_alone_are_labels_enough():
    contents = Contents("a.nwb", [
        spikes("units", [[1.0, 5.0]]),
        intervals("intervals/trials", [0, 4, 8], [3, 7, 11], answer=["l", "r", "l"], id=[0, 1, 2]),
    ])  # fmt: skip
    mapping = require_mapping(contents)
    assert set(mapping.labels) == {"time in trial", "answer"}
    session = sessions_from(contents, mapping)[0]
    assert len(session.segment_slices()) == 3
    assert set(session.labels["answer"]) == {"l", "r"}


def test_what_cannot_be_guessed_is_asked_for():
    with pytest.raises(
        SessionError, match=r"a\.npz: nothing in it is clearly a label(.|\n)*It holds\n  spikes: array"
    ):
        require_mapping(arrays(spikes=np.ones((50, 7)), blob=np.ones((3, 3))), bin_width=0.1)
    with pytest.raises(SessionError, match="nothing in it is clearly neural activity"):
        require_mapping(arrays(a=np.ones((50, 7)), b=np.ones((50, 8)), position=np.ones(50)))


def test_what_a_person_gives_goes_first():
    contents = arrays(a=np.ones((50, 7)), b=np.ones((50, 8)), position=np.arange(50.0))
    mapping = require_mapping(contents, neural="b", bin_width=0.2, min_rate=0.1)
    assert (mapping.neural, mapping.bin_width, mapping.min_rate) == (("b",), 0.2, 0.1)
    with pytest.raises(SessionError, match=r"a\.npz does not fit:\n  bin_width: "):
        require_mapping(contents, bin_width="wide")


def test_short_names_of_behaviour_are_known():
    ramp = np.linspace(0, 6, 50)
    contents = arrays(spk=np.ones((50, 7)), x_cm=ramp, hd=ramp, vel=ramp, blob=np.ones((3, 3)))
    assert set(require_mapping(contents, bin_width=0.1).labels) == {"x_cm", "hd", "vel"}


def test_a_label_that_is_given_as_its_entry_has_the_kind_that_is_guessed():
    contents = arrays(spk=np.ones((50, 7)), x=np.arange(50.0), ctx=np.arange(50) % 2, y=np.arange(50.0))
    given = {"place": "x", "context": "ctx", "both": {"source": ["x", "y"]}}
    session = sessions_from(contents, require_mapping(contents, bin_width=0.1, labels=given))[0]
    assert session.kinds == {"place": "continuous", "context": "discrete", "both": "continuous"}


def test_what_was_meant_is_asked_of_a_name_that_is_not_there():
    contents = arrays(spk=np.ones((50, 7)), x_cm=np.arange(50.0), **{"day/Position": np.arange(50.0)})
    with pytest.raises(SessionError, match=r"holds no 'x_mc' \(did you mean 'x_cm'\?\); it holds"):
        sessions_from(contents, require_mapping(contents, bin_width=0.1, labels={"x": "x_mc"}))
    with pytest.raises(SessionError, match=r"holds no 'position' \(did you mean 'day/Position'\?\)"):
        contents.read("position")
    with pytest.raises(SessionError, match="holds no 'zzz'; it holds"):
        contents.read("zzz")


def test_what_never_changes_is_no_label(tmp_path):
    session = sessions_from(track(), require_mapping(track()))[0]
    write_sessions(tmp_path / "own.csv", [session])
    (tmp_path / "own.csv.json").unlink()
    with open_contents(tmp_path / "own.csv") as contents:
        assert set(require_mapping(contents).labels) == {"position_m", "heading_rad"}
    constant = arrays(
        spk=np.ones((50, 7)), pos=np.arange(50.0), choice=np.zeros(50), stim=np.full(50, np.nan)
    )
    assert set(require_mapping(constant, bin_width=0.1).labels) == {"pos"}


def test_a_mistyped_option_comes_with_the_one_that_was_meant(tmp_path):
    np.savez(tmp_path / "day.npz", spk=np.ones((50, 7)), x=np.arange(50.0))
    with pytest.raises(
        TypeError, match=r"no option bin_widht \(did you mean 'bin_width'\?\); its options are"
    ):
        load_session(tmp_path / "day.npz", bin_widht=0.1)


def test_labels_of_a_companion_have_as_many_values_as_the_activity(tmp_path):
    joblib.dump({"activity": np.ones((400, 6))}, tmp_path / "m1_spikes.jl")
    behaviour = {
        "position_a": np.linspace(0, 1, 300),
        "position_b": np.linspace(0, 1, 400),
    }
    joblib.dump(behaviour, tmp_path / "m1_behaviour.jl")
    beside = {"video": ("spikes", "behaviour")}
    with open_contents(tmp_path / "m1_spikes.jl") as contents:
        labels = propose_mapping(contents, beside=beside).fields["labels"]
        assert [label.source for label in labels.values()] == [("video:position_b",)]
        joblib.dump({"position": np.linspace(0, 1, 300)}, tmp_path / "m1_behaviour.jl")
        labels = propose_mapping(contents, beside=beside).fields["labels"]
        # a person is to see what is there, and that it does not fit
        assert [label.source for label in labels.values()] == [("video:position",)]


def test_times_of_a_label_may_stand_with_it_in_the_companion():
    values = np.linspace(0, 1, 300)
    companion = Contents("m1_video.jl", [array_entry("pos_x", values), array_entry("pos_t", values * 9)])
    labels = labels_of_companion("video", companion, spikes("units", [[1.0]]))
    assert [(label.source, label.time) for label in labels.values()] == [(("video:pos_x",), "video:pos_t")]
