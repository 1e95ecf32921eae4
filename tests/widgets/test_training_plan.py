"""The line above Start."""

from __future__ import annotations

import pytest

from napari_unison.widgets.training_plan import PlanLine, duration_text, memory_text, plan_sentence
from napari_unison.workspace import Workspace
from napari_unison.workspace.planning import TrainingPlan, load_encoder


class ByHand:
    """Begins no job: it stays as the test leaves it."""

    def start(self, job):
        """Leave the job alone."""

    def wait(self, job, timeout):
        """Nothing will come."""

    def close(self):
        """Nothing runs."""


@pytest.fixture
def line(qtbot):
    line = PlanLine(Workspace(runner=ByHand()))
    qtbot.addWidget(line)
    return line


def is_shown(line) -> bool:
    return not line.isHidden()


def test_it_comes_with_sessions_and_goes_while_an_encoder_trains(line, small_sessions, qtbot):
    assert not is_shown(line)
    line.workspace.sessions.extend(small_sessions)
    assert is_shown(line)
    qtbot.waitUntil(lambda: "Trains on: " in line.label.text(), timeout=60_000)
    assert line.label.text().endswith("The time will be known after the first steps.")
    line.workspace.train()
    assert not is_shown(line)


def test_it_follows_the_parameters(line, small_sessions):
    load_encoder().join(60)
    line.workspace.sessions.extend(small_sessions)
    line.workspace.configure(device="cpu")
    assert "CPU (as chosen) · " in line.label.text()
    line.workspace.configure(device="cuda:7")
    assert "'cuda:7' is not here" in line.label.text()


def test_the_whole_sentence():
    plan = TrainingPlan("CPU (no graphics card was found)", 2, 3.84e8, 490.0, "run 1")
    assert plan_sentence(plan) == (
        "Trains on: CPU (no graphics card was found) · 2 threads · about 380 MB of memory. "
        "About 8 min, at the speed of run 1."
    )


@pytest.mark.parametrize(
    ("size", "text"), [(1e5, "10 MB"), (1.23e8, "120 MB"), (9.6e8, "1.0 GB"), (1.26e10, "12.6 GB")]
)
def test_memory_is_written_as_exactly_as_it_is_known(size, text):
    assert memory_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (170, "3 min"), (7800, "2 h 10 min"), (float("inf"), "unknown")]
)
def test_times_are_written_as_a_clock_says_them(seconds, text):
    assert duration_text(seconds) == text
