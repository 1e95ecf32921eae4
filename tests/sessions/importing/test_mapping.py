"""What is neural and what a label is said once, in words that go to a file and come back."""

from __future__ import annotations

import pytest

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import FileMapping, checked_mapping

WHOLE = {
    "neural": "spikes[{day}]",
    "orientation": "neurons × bins",
    "bin_width": 0.05,
    "smoothing": 0.1,
    "min_rate": 0.2,
    "min_speed": 0.03,
    "speed_of": "position",
    "during": "epochs",
    "during_values": {"tags": "wake"},
    "segments": {"jumps_of": "position", "jump": 0.2},
    "labels": {
        "position": {"source": ["x", "y"], "unit": "m", "scale": 0.01},
        "side": {"source": "side", "kind": "discrete", "values": {"0": "left", "1": "right"}},
        "speed": {"made": "speed", "of": "position"},
        "wait": {"source": "trials", "made": "time since"},
    },
    "beside": {"behaviour": ("spikes", "behaviour")},
    "each": {"day": (0, 1)},
    "parts": {"label": "environment", "values": {"box": 0, "track": 1}, "interleave": True},
    "name": "{stem} day {day}",
}


def test_a_mapping_comes_back_from_its_file(tmp_path):
    mapping = checked_mapping(WHOLE)
    mapping.save(tmp_path / "lab.toml")
    assert FileMapping.load(tmp_path / "lab.toml") == mapping
    assert checked_mapping(str(tmp_path / "lab.toml")) == mapping


def test_a_file_holds_only_what_was_said():
    text = checked_mapping({"neural": "units", "labels": {"x": {"source": "x"}}}).to_toml()
    assert text == 'neural = "units"\n\n[labels.x]\nsource = "x"\n'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"labels": {"x": {"sorce": "x"}}},
            r"labels\.x\.sorce: there is no such setting \(did you mean 'source'\?\)",
        ),
        ({"bin_widht": 0.1}, r"bin_widht: there is no such setting \(did you mean 'bin_width'\?\)"),
        ({"segments": {"jump_of": "x"}}, r"segments\.jump_of: .*did you mean 'jumps_of'"),
        ({"colour": "red"}, r"colour: there is no such setting$"),
        ({"labels": {"x": {"source": "x", "kind": "circlar"}}}, r"kind: .*\(did you mean 'circular'\?\)"),
        ({"labels": {"x": {}}}, r"labels\.x: a label needs a source"),
        ({"labels": {}}, "labels: "),
        ({"neural": None}, "neural: "),
        ({"bin_width": -1}, "bin_width: .*greater than 0"),
        ({"bin_width": "wide"}, "bin_width: "),
        ({"labels": {"v": {"made": "speed"}}}, "made from another label"),
        ({"labels": {"v": {"made": "speed", "of": "nothing"}}}, r"labels\.v\.of = 'nothing'"),
        ({"segments": {"jumps_of": "x"}}, "segments: jumps_of needs jump"),
        ({"segments": {"changes_of": "lap"}}, "no label of that name: segments.changes_of = 'lap'"),
        ({"segments": {}}, "give one of source, changes_of, jumps_of and steps_back_of"),
        ({"parts": {"label": "x", "values": {"a": 1}}}, "comes from the parts"),
        ({"speed_of": "y"}, "speed_of = 'y'"),
    ],
)
def test_what_does_not_fit_is_named(change, said):
    with pytest.raises(SessionError, match=said):
        checked_mapping({"neural": "units", "labels": {"x": {"source": "x"}}} | change)


def test_a_file_that_is_no_mapping_says_which(tmp_path):
    with pytest.raises(SessionError, match=r"none\.toml cannot be read"):
        FileMapping.load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("neural = [")
    with pytest.raises(SessionError, match=r"bad\.toml is no toml"):
        FileMapping.load(tmp_path / "bad.toml")
    (tmp_path / "short.toml").write_text('neural = "a"')
    with pytest.raises(SessionError, match=r"short\.toml does not fit:\n  labels: is needed"):
        FileMapping.load(tmp_path / "short.toml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("neural = spk", 'Texts need quotes: neural = "spk"'),
        ("neural = processing/ophys/dff  # events", 'Texts need quotes: neural = "processing/ophys/dff"'),
        ("neural = [cell 1, cell_2]", r'Texts need quotes: neural = \["cell 1", "cell_2"\]'),
        ("bin_width = 0,025", r"column \d+\)$"),
        ('neural = "spk', r"column \d+\)$"),
    ],
)
def test_text_without_quotes_is_shown_with_them(tmp_path, line, said):
    (tmp_path / "lab.toml").write_text(f"# a lab\n{line}\n[labels]\n")
    with pytest.raises(SessionError, match=said):
        FileMapping.load(tmp_path / "lab.toml")


def test_a_label_that_is_only_a_text_is_its_source(tmp_path):
    (tmp_path / "lab.toml").write_text('neural = "spk"\n[labels]\nplace = "x"\nboth = ["x", "y"]\n')
    mapping = FileMapping.load(tmp_path / "lab.toml")
    assert mapping == checked_mapping(
        {"neural": "spk", "labels": {"place": {"source": "x"}, "both": {"source": ["x", "y"]}}}
    )
