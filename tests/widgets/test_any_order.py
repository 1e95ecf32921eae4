"""Whatever is done in whatever order: no traceback, no crash, and the window still works afterwards.

A few short sequences, always the same, run with all tests. ``NAPARI_UNISON_ANY_ORDER=200`` asks for so many
long ones that differ each time, in windows on the screen; ``NAPARI_UNISON_ANY_ORDER_SEED`` brings them back.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pytestqt.exceptions import capture_exceptions
from qtpy.QtCore import QCoreApplication, QEvent

from napari_unison import Session
from napari_unison._compat import dock_of
from napari_unison.contributions import raster_layer
from napari_unison.sessions import SessionError, write_sessions
from napari_unison.workspace import WorkspaceError

pytestmark = pytest.mark.gui

LONG = int(os.environ.get("NAPARI_UNISON_ANY_ORDER", "0"))
SEED = os.environ.get("NAPARI_UNISON_ANY_ORDER_SEED")
PATIENCE = 300
SHORT = {
    "batch_size": 32,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}
STEADY = settings(
    max_examples=4,
    stateful_step_count=16,
    derandomize=True,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
VARIED = settings(STEADY, max_examples=max(LONG, 1), stateful_step_count=40, derandomize=False)


class _Complaints(logging.Handler):
    """Keeps errors that are only logged: vispy tells in this way that something cannot be drawn."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


class Person(RuleBasedStateMachine):
    """Somebody who does anything at any moment."""

    new_viewer: ClassVar[Callable[[], Any]]
    files: ClassVar[list[Path]]
    sessions: ClassVar[list[Session]]

    def __init__(self) -> None:
        super().__init__()
        self.complaints = _Complaints()
        logging.getLogger("vispy").addHandler(self.complaints)
        self._open()

    def _open(self) -> None:
        self.viewer = type(self).new_viewer()
        _, self.unison = self.viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
        self.failed: list[str] = []
        self.unison.workspace.events.failed.connect(self.failed.append)
        self._live()

    @property
    def workspace(self) -> Any:
        return self.unison.workspace

    def _live(self, times: int = 3) -> None:
        for _ in range(times):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _do(self, act: Callable[[], object]) -> None:
        """Do something; it may be refused with a sentence, but nothing may go wrong."""
        with capture_exceptions() as raised:
            with contextlib.suppress(WorkspaceError, SessionError, ValueError):
                act()
            self._live()
        assert raised == []
        assert self.complaints.told == []
        # a job may fail, such as a recording that is open already; showing what it did must not
        assert [text for text in self.failed if "showing what changed failed" in text] == []

    def _run_of(self, number: int) -> Any:
        runs = list(self.workspace.runs)
        return runs[number % len(runs)]

    # -- recordings ------------------------------------------------------------------------------------

    @rule()
    def open_the_sample(self) -> None:
        self._do(lambda: self.unison.sessions.open_sample("linear-track"))

    @rule()
    def open_files(self) -> None:
        self._do(lambda: self.unison.sessions.open_files([str(path) for path in self.files]))

    @rule(number=st.integers(0, 1))
    def drop_a_recording(self, number: int) -> None:
        data, attributes = raster_layer(self.sessions[number])[:2]
        self._do(lambda: self.viewer.add_image(data, **attributes))

    @precondition(lambda self: len(self.workspace.sessions))
    @rule()
    def remove_a_session(self) -> None:
        self._do(lambda: self.workspace.remove(self.workspace.sessions[0].name))

    @precondition(lambda self: len(self.workspace.sessions))
    @rule()
    def rename_a_session(self) -> None:
        name = self.workspace.sessions[0].name
        self._do(lambda: self.workspace.rename_session(name, f"{name}!"[-12:]))

    @rule(is_undo=st.booleans())
    def undo_or_redo(self, is_undo: bool) -> None:
        self._do(self.unison.sessions.undo if is_undo else self.unison.sessions.redo)

    # -- training --------------------------------------------------------------------------------------

    @rule()
    def train_shortly(self) -> None:
        self._do(lambda: self.workspace.train(max_iterations=3, **SHORT).wait(PATIENCE))

    @rule()
    def train_for_long(self) -> None:
        self._do(lambda: self.workspace.configure(max_iterations=100_000, **SHORT))
        self._do(self.unison.train.start)

    @rule()
    def pause_or_go_on(self) -> None:
        self._do(self.unison.train.pause_or_resume)

    @rule()
    def stop(self) -> None:
        self._do(self.unison.train.stop)

    @precondition(lambda self: len(self.workspace.runs))
    @rule(number=st.integers(0, 5))
    def train_a_run_further(self, number: int) -> None:
        self._do(lambda: self.workspace.resume(2, run=self._run_of(number)))

    @precondition(lambda self: self.workspace.jobs)
    @rule()
    def let_it_end(self) -> None:
        self._do(lambda: self.workspace.jobs[0].stop())
        running = self.workspace.jobs
        if running and not running[0].is_paused:
            self._do(lambda: running[0].wait(PATIENCE))

    # -- looking ---------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.workspace.runs))
    @rule(number=st.integers(0, 5))
    def switch_run(self, number: int) -> None:
        self._do(lambda: setattr(self.workspace, "run", self._run_of(number)))

    @precondition(lambda self: len(self.workspace.runs))
    @rule(number=st.integers(0, 5))
    def remove_a_run(self, number: int) -> None:
        self._do(lambda: self.workspace.runs.remove(self._run_of(number)))

    @precondition(lambda self: len(self.workspace.runs))
    @rule(kind=st.sampled_from(["aligned", "label-free"]), colour=st.sampled_from(["session", "time"]))
    def show_another_kind(self, kind: str, colour: str) -> None:
        self._do(lambda: self.workspace.show(kind=kind, colour=colour))

    @precondition(lambda self: len(self.workspace.runs))
    @rule(first=st.integers(0, 3), grid=st.booleans(), raster=st.booleans())
    def show_other_latents(self, first: int, grid: bool, raster: bool) -> None:
        latents = tuple((first + step) % 4 for step in range(3))
        self._do(lambda: self.workspace.show(latents=latents, grid=grid, raster=raster))

    @precondition(lambda self: self.workspace.recording_names)
    @rule(start=st.floats(0, 12), length=st.floats(0.1, 5))
    def select(self, start: float, length: float) -> None:
        name = self.workspace.recording_names[0]
        self._do(lambda: self.workspace.selection.select(name, start, start + length))

    @rule(is_undo=st.booleans())
    def clear_or_restore_the_selection(self, is_undo: bool) -> None:
        selection = self.workspace.selection
        self._do(selection.undo if is_undo else selection.clear)

    @precondition(lambda self: self.workspace.recording_names)
    @rule(bins=st.integers(-50, 50))
    def step_in_time(self, bins: int) -> None:
        self._do(lambda: self.workspace.step_cursor(bins, self.workspace.recording_names[0]))

    @rule()
    def play_or_rest(self) -> None:
        self._do(self.unison.traces.play_or_stop)

    # -- the window ------------------------------------------------------------------------------------

    @rule(tab=st.integers(0, 2))
    def another_tab(self, tab: int) -> None:
        self._do(lambda: self.unison.tabs.setCurrentIndex(tab))

    def _float(self, widget: Any) -> None:
        dock = dock_of(widget)
        if dock is not None:
            self._do(lambda: dock.setFloating(not dock.isFloating()))

    @rule(is_decode=st.booleans())
    def float_or_dock_again(self, is_decode: bool) -> None:
        self._float(self.unison.decode if is_decode else self.unison)

    @rule()
    def float_or_dock_the_traces_again(self) -> None:
        self._float(self.unison.traces)

    @rule(which=st.sampled_from(["traces", "decode"]), is_hidden=st.booleans())
    def hide_or_show_a_dock(self, which: str, is_hidden: bool) -> None:
        dock = dock_of(getattr(self.unison, which))
        if dock is not None:
            self._do(dock.hide if is_hidden else dock.show)

    @rule(which=st.sampled_from(["traces", "decode"]))
    def close_a_dock(self, which: str) -> None:
        dock = dock_of(getattr(self.unison, which))
        if dock is not None:
            self._do(dock.close)

    @rule(which=st.sampled_from(["open_traces", "open_decode"]))
    def open_a_dock(self, which: str) -> None:
        self._do(getattr(self.unison, which))

    @rule()
    def clear_the_layers(self) -> None:
        self._do(self.viewer.layers.clear)

    @rule(theme=st.sampled_from(["light", "dark"]))
    def another_theme(self, theme: str) -> None:
        self._do(lambda: setattr(self.viewer, "theme", theme))

    @rule(ndisplay=st.sampled_from([2, 3]))
    def in_two_or_three_dimensions(self, ndisplay: int) -> None:
        self._do(lambda: setattr(self.viewer.dims, "ndisplay", ndisplay))

    @rule(trains=st.booleans())
    def close_the_window_and_open_another(self, trains: bool) -> None:
        if trains:
            self.train_for_long()
        self._close()
        self._open()

    # -- the end ---------------------------------------------------------------------------------------

    def _close(self) -> None:
        running = self.workspace.jobs
        self._do(self.viewer.close)
        assert [job for job in running if job.is_running] == []

    def teardown(self) -> None:
        """The window still works: train, look, and close it in the middle of a training."""
        try:
            workspace = self.workspace
            for job in workspace.jobs:
                self._do(job.stop)
                self._do(lambda job=job: job.wait(PATIENCE))
            if not len(workspace.sessions):
                workspace.open_sample("linear-track")
            workspace.show(latents="best")
            workspace.train(max_iterations=2, **SHORT).wait(PATIENCE)
            awaited = (
                workspace.awaited
            )  # an embedding of the kind that is shown, if it is not the aligned one
            if awaited is not None:
                awaited.wait(PATIENCE)
            assert workspace.embedding is not None
            self._live()
            assert any(layer.metadata.get("n_shown") for layer in self.viewer.layers)
            workspace.train(max_iterations=100_000, **SHORT)
            self._close()
        finally:
            logging.getLogger("vispy").removeHandler(self.complaints)


def _machine(new_viewer: Callable[[], Any], sessions: list[Session], folder: Path) -> type[Person]:
    files = []
    for number, session in enumerate(sessions):
        files.append(folder / f"recording {number}.npz")
        write_sessions(files[-1], [session.replace(name=f"recording {number}")])

    class ThisPerson(Person):
        pass

    ThisPerson.new_viewer, ThisPerson.sessions, ThisPerson.files = staticmethod(new_viewer), sessions, files
    return ThisPerson


def test_any_order_of_actions_leaves_a_window_that_works(
    make_napari_viewer: Callable[..., Any],
    small_sessions: list[Session],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "napari_unison.workspace.samples.sample_sessions", lambda name, **_: list(small_sessions)
    )
    person = _machine(lambda: make_napari_viewer(show=bool(LONG)), small_sessions, tmp_path)
    if LONG and SEED:
        person = seed(int(SEED))(person)
    run_state_machine_as_test(person, settings=VARIED if LONG else STEADY)
