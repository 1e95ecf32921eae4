"""Files that appear complete or not at all."""

from __future__ import annotations

import pytest

from napari_unison.sessions.whole_files import whole_file


def test_a_complete_file_replaces_the_one_before_and_keeps_its_ending(tmp_path):
    target = tmp_path / "rats.CSV"
    target.write_text("old")
    with whole_file(target) as fresh:
        assert fresh.suffix == ".csv"
        fresh.write_text("new")
        assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["rats.CSV"]
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()])
def test_after_an_error_the_file_before_is_there_and_nothing_else(tmp_path, error):
    target = tmp_path / "rats.npz"
    target.write_text("old")

    def fail() -> None:
        with whole_file(target) as fresh:
            fresh.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert [file.name for file in tmp_path.iterdir()] == ["rats.npz"]
    assert target.read_text() == "old"


def test_two_writers_at_once_do_not_meet(tmp_path):
    target = tmp_path / "rats.npz"
    with whole_file(target) as first, whole_file(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"
