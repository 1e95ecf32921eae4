"""Fields of the import dialog by themselves: times typed in ms or s, and the tree of a file."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_unison.sessions.importing import Contents, Entry, Intervals, array_entry
from napari_unison.widgets.importing.contents_tree import ContentsTree, entry_in_words
from napari_unison.widgets.importing.duration_field import DurationField
from napari_unison.widgets.importing.entry_field import EntryField

TRIALS = Entry(
    "intervals/trials",
    "intervals",
    (12,),
    "",
    lambda _: Intervals(np.arange(12.0), np.arange(12.0) + 0.5),
    fields=("choice", "reward"),
)
FILE = Contents(
    "rat.h5",
    [
        array_entry("raw/spikes", np.ones((500, 20), np.int32)),
        array_entry("behaviour/pos", np.ones((500, 2)), time=np.arange(500) / 50, unit="m"),
        Entry("units", "spikes", (7,), "float64", lambda _: None),
        TRIALS,
    ],
)


@pytest.mark.parametrize(
    ("typed", "seconds", "shown"),
    [
        ("25", 0.025, "25 ms"),
        ("25 ms", 0.025, "25 ms"),
        ("0.025 s", 0.025, "25 ms"),
        ("0,5s", 0.5, "500 ms"),
        ("2 s", 2.0, "2 s"),
        ("as recorded", 0.0, "as recorded"),
    ],
)
def test_times_are_typed_in_milliseconds_or_seconds(qtbot, typed, seconds, shown):
    field = DurationField("as recorded")
    qtbot.addWidget(field)
    field.setValue(0.1)
    field.lineEdit().selectAll()
    qtbot.keyClicks(field, typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == pytest.approx(seconds)
    assert field.text() == shown


@pytest.mark.parametrize("typed", ["fast", "25 h", "-1 ms"])
def test_what_is_no_time_cannot_be_typed(qtbot, typed):
    field = DurationField("none")
    qtbot.addWidget(field)
    assert field.validate(typed, 0)[0] == field.validate("x", 0)[0]


def test_entries_are_described_by_size_rate_and_unit():
    assert [entry_in_words(entry) for entry in FILE.entries.values()] == [
        "500 × 20 int32",
        "500 × 2, 50 Hz, m",
        "spikes of 7 neurons",
        "12 intervals",
    ]


@pytest.fixture
def tree(qtbot):
    tree = ContentsTree()
    qtbot.addWidget(tree)
    tree.show_contents(FILE)
    return tree


def test_the_tree_finds_entries_and_columns_by_a_part_of_their_name(tree):
    assert len(tree.paths()) == 4
    tree.filter("POS")
    assert tree.paths() == ["behaviour/pos"]
    assert [tree.topLevelItem(row).isHidden() for row in range(4)] == [True, False, True, True]
    tree.filter("reward")
    assert tree.paths() == ["intervals/trials"]
    tree.filter("")
    assert len(tree.paths()) == 4


def test_a_column_of_intervals_is_chosen_with_its_intervals(tree, qtbot):
    trials = tree.findItems("reward", Qt.MatchFlag.MatchRecursive)[0]
    with qtbot.waitSignal(tree.activated_entry) as told:
        tree.itemDoubleClicked.emit(trials, 0)
    assert told.args == ["intervals/trials", "reward"]


def test_several_entries_can_be_typed_into_a_field(qtbot):
    field = EntryField("nothing")
    qtbot.addWidget(field)
    field.offer(["a/x", "a/y"])
    assert field.paths() == []
    field.lineEdit().setText("a/x;  a/y")
    with qtbot.waitSignal(field.changed):
        field.lineEdit().editingFinished.emit()
    assert field.paths() == ["a/x", "a/y"]
    with qtbot.waitSignal(field.changed):
        field.setCurrentIndex(0)
        field.activated.emit(0)
    assert field.paths() == []
