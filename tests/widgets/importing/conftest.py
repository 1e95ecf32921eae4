"""A file as somebody's lab writes it, and the dialog that asks about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from napari_unison.widgets.importing import ImportDialog
from napari_unison.workspace import Workspace


class AtOnce:
    """Runs jobs where they are started: widgets may only be touched from the main thread."""

    def start(self, job: Any) -> None:
        job.perform(lambda function: function())

    def wait(self, job: Any, timeout: float | None) -> None:
        assert not job.is_running

    def close(self) -> None:
        """Nothing runs."""


WriteLabFile = Callable[..., Path]


@pytest.fixture
def write_lab_file(tmp_path: Path) -> WriteLabFile:
    """Writes a file with activity (400, 6), a place and a state."""

    def write(name: str, **more: Any) -> Path:
        random = np.random.default_rng(len(name))
        arrays = {
            "activity": random.poisson(1.0, (400, 6)).astype(np.float64),
            "pos": np.abs(np.linspace(-1, 1, 400)),
            "xy": random.random((400, 2)),
            "state": np.arange(400) // 200,
        }
        joblib.dump({"lab": arrays | more}, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def lab_file(write_lab_file: WriteLabFile) -> Path:
    """A file with activity, a place and a state."""
    return write_lab_file("mouse.jl")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """An empty workspace that works at once."""
    workspace = Workspace(runner=AtOnce())
    yield workspace
    workspace.close()


OpenDialog = Callable[..., ImportDialog]


@pytest.fixture
def window(qtbot: Any) -> QWidget:
    """A window, with which its dialogs go."""
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def open_dialog(window: QWidget, workspace: Workspace) -> OpenDialog:
    """Opens the dialog for files."""

    def open_for(*paths: Path) -> ImportDialog:
        files = workspace.prepare_import(list(paths))
        files.look().wait()
        dialog = ImportDialog(workspace, files, window)
        dialog.open()
        return dialog

    return open_for


@pytest.fixture
def dialog(open_dialog: OpenDialog, lab_file: Path) -> ImportDialog:
    """The dialog for the lab's file."""
    return open_dialog(lab_file)
