"""Companion files in a mapping: how their names are made, and how they are renamed and taken out."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import FileMapping
from napari_unison.workspace.companion_paths import beside_of, renamed_companion, without_companion
from napari_unison.workspace.companions import name_beside, pieces_beside

FIELDS = {
    "neural": ["a", "video:b"],
    "time": "video:t",
    "during": "video:trials",
    "during_values": {"outcome": "hit"},
    "speed_of": "place",
    "segments": {"changes_of": "run"},
    "beside": {"video": ("spikes", "video"), "licks": ("spikes", "licks")},
    "labels": {
        "own": {"source": "own", "time": "video:t"},
        "both": {"source": ["licks:x", "video:y"]},
        "place": {"source": ["video:x"], "unit": "m"},
        "run": {"made": "running direction", "of": "place"},
        "lap": {"made": "lap", "of": "run"},
    },
}


@pytest.mark.parametrize(
    ("recording", "chosen", "pieces", "name"),
    [
        ("C24M3_spike_train.mat", "C24M3_stimulus_trace.mat", ("spike_train", "stimulus_trace"), None),
        ("spikes_m1.csv", "behaviour_m1.csv", ("spikes", "behaviour"), None),
        ("m1_spikes.npz", "m1_tracking.csv", ("spikes.npz", "tracking.csv"), "tracking"),
        ("mouse3.mat", "mouse3_behaviour.mat", (".mat", "_behaviour.mat"), "behaviour"),
        ("mouse3_activity.mat", "mouse3.mat", ("_activity", ""), "mouse3"),
        ("spikes.npy", "walk.csv", ("spikes.npy", "walk.csv"), "walk"),
        ("a_a_a.mat", "a_b_a.mat", ("a_a.mat", "b_a.mat"), "b_a"),
    ],
)
def test_the_piece_of_the_name_that_differs_is_found(tmp_path, recording, chosen, pieces, name):
    assert pieces_beside([tmp_path / recording], tmp_path / chosen) == pieces
    assert recording.replace(*pieces) == chosen
    assert name_beside(pieces, tmp_path / chosen, ()) == (name or pieces[1])


def test_of_several_ways_the_one_that_serves_most_recordings_is_taken(tmp_path):
    files = [tmp_path / "1_raw.csv", tmp_path / "2_raw.csv"]
    for file in ("1_raw.csv", "2_raw.csv", "1_pos.csv", "2_pos.csv"):
        (tmp_path / file).touch()
    piece, instead = pieces_beside(files, tmp_path / "1_pos.csv")
    assert [file.name.replace(piece, instead) for file in files] == ["1_pos.csv", "2_pos.csv"]


def test_a_file_of_another_folder_and_the_recording_itself_are_refused(tmp_path):
    with pytest.raises(SessionError, match="move or copy it to"):
        pieces_beside([tmp_path / "a.mat"], tmp_path / "other" / "b.mat")
    with pytest.raises(SessionError, match="is the recording itself"):
        pieces_beside([tmp_path / "a.mat"], tmp_path / "a.mat")


def test_a_name_is_free_and_can_stand_before_a_path():
    assert name_beside(("x", "a:b{c}"), Path("m_a:b{c}.mat"), ()) == "a_b_c"
    assert name_beside(("x", "video"), Path("m_video.mat"), {"video", "video 2"}) == "video 3"
    assert len(name_beside(("x", "w" * 99), Path("m.mat"), ())) == 24


def test_another_name_stands_in_all_paths():
    changed = renamed_companion(FIELDS, "video", "camera")
    assert "video:" not in str(changed)
    assert list(changed["beside"]) == ["camera", "licks"]
    assert changed["labels"]["both"]["source"] == ["licks:x", "camera:y"]
    assert changed["labels"]["own"] == {"source": "own", "time": "camera:t"}
    assert renamed_companion(changed, "camera", "video") == FIELDS


def test_with_a_file_goes_what_came_from_it_and_what_was_made_of_that():
    left = without_companion(FIELDS, "video")
    assert left == {
        "neural": ["a"],
        "beside": {"licks": ("spikes", "licks")},
        "labels": {"own": {"source": "own"}, "both": {"source": ["licks:x"]}},
    }
    assert FileMapping.model_validate(left).labels["both"].source == ("licks:x",)
    assert "beside" not in without_companion(left, "licks")


@pytest.mark.parametrize("beside", [3, "x", {"a": "b"}, {"a": ["b"]}, {"a": ["b", 3]}, None])
def test_what_is_no_companion_is_left_alone(beside):
    assert beside_of({"beside": beside}) == {}
    assert without_companion({"labels": "pos", "segments": 3, "beside": beside}, "video") == {
        "labels": "pos",
        "segments": 3,
    }
