"""Tables of tracked body parts: a header of several lines becomes names of columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.formats.table_files import open_contents

PARTS = ("nose", "tail")
COORDINATES = ("x", "y", "likelihood")
DRAW = np.random.default_rng(0)


def tracked(path, *individuals, frames=400):
    """Write what DeepLabCut writes: pandas with columns of three or four levels."""
    levels = [["network"], *([list(individuals)] if individuals else []), PARTS, COORDINATES]
    names = ["scorer", *(["individuals"] if individuals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(levels, names=names)
    table = pd.DataFrame(DRAW.random((frames, len(columns))).round(3), columns=columns)
    table.to_csv(path)
    return table


def test_columns_are_called_by_body_part_and_coordinate(tmp_path):
    table = tracked(tmp_path / "video.csv")
    with open_contents(tmp_path / "video.csv") as contents:
        assert list(contents.entries) == ["frame", *(f"{p}/{c}" for p in PARTS for c in COORDINATES)]
        assert contents.read("frame").values.tolist() == list(range(400))
        read = np.column_stack([contents.read(path).values for path in list(contents.entries)[1:]])
    assert read == pytest.approx(table.to_numpy())


def test_several_animals_are_told_apart(tmp_path):
    tracked(tmp_path / "video.csv", "m1", "m2")
    with open_contents(tmp_path / "video.csv") as contents:
        assert list(contents.entries)[1] == "m1/nose/x"
        assert list(contents.entries)[-1] == "m2/tail/likelihood"


def test_empty_lines_before_the_header_change_nothing(tmp_path):
    table = tracked(tmp_path / "video.csv")
    text = (tmp_path / "video.csv").read_text()
    (tmp_path / "late.csv").write_text(f"\n\n{text}")
    with open_contents(tmp_path / "late.csv") as contents:
        assert contents.read("nose/x").values == pytest.approx(table.iloc[:, 0].to_numpy())


def test_coordinates_become_labels_of_the_activity_beside_them(tmp_path):
    table = tracked(tmp_path / "day1_video.csv")
    np.save(tmp_path / "day1_activity.npy", DRAW.random((400, 8)))
    session = load_session(
        tmp_path / "day1_activity.npy",
        neural="day1_activity",
        bin_width=0.05,
        beside={"video": ("activity.npy", "video.csv")},
    )
    assert list(session.labels) == ["nose x", "nose y", "tail x", "tail y"]
    assert session.labels["tail x"] == pytest.approx(table.iloc[:, 3].to_numpy())


def test_a_header_that_is_cut_off_is_told(tmp_path):
    (tmp_path / "video.csv").write_text("scorer,net,net\nbodyparts,nose,nose\n0,0.1,0.2\n")
    with pytest.raises(SessionError, match=r"video.csv begins with a line 'scorer'.*'coords'"):
        open_contents(tmp_path / "video.csv")


def test_one_column_that_is_called_scorer_is_just_a_column(tmp_path):
    (tmp_path / "who.csv").write_text("scorer,x\n1,0.5\n2,0.7\n")
    with open_contents(tmp_path / "who.csv") as contents:
        assert list(contents.entries) == ["scorer", "x"]


def test_columns_with_spaces_between_them_are_told(tmp_path):
    (tmp_path / "old.csv").write_text("time x cell_0\n0.0 1.5 2\n0.1 1.6 0\n")
    with pytest.raises(SessionError, match=r"old.csv: spaces stand between its numbers; save it with commas"):
        open_contents(tmp_path / "old.csv")
