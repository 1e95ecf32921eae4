"""Warnings of background work reach the person, and the process's own warnings stay as they were."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.workspace import Workspace
from napari_unison.workspace.thread_warnings import warnings_told_to

SHORT = {"batch_size": 32, "max_iterations": 2, "output_dimension": 3, "num_hidden_units": 8, "device": "cpu"}


def lopsided_sessions() -> list[Session]:
    """Sessions whose position, in centimetres, outweighs their direction."""
    draw = np.random.default_rng(0)
    labels = {
        "position": np.linspace(0, 1e5, 100),
        "direction": np.repeat(["left", "right"], 50),
    }
    return [Session(name, draw.poisson(0.5, (100, 6)), labels, 0.025) for name in ("first", "second")]


@pytest.fixture
def ordinary_warnings():
    """Python's own way with warnings, with a hook that notes what it is shown."""
    shown = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        yield shown


@pytest.mark.usefixtures("ordinary_warnings")
def test_a_training_tells_its_warnings(recorded):
    workspace = Workspace(lopsided_sessions())
    told = recorded(workspace.events.warned)
    job = workspace.train(**SHORT, label_scaling="none")
    job.wait(60)
    assert len(job.warnings) == 1
    assert "label 'position' outweighs 'direction'" in job.warnings[0]
    assert told == [(job.warnings[0],)]


def test_a_script_sees_the_warning_as_well(ordinary_warnings):
    workspace = Workspace(lopsided_sessions())
    job = workspace.train(**SHORT, label_scaling="none")
    job.wait(60)
    assert ordinary_warnings == job.warnings


def test_each_thread_is_told_its_own_warnings_and_the_hook_is_put_back(ordinary_warnings):
    before, filters = warnings.showwarning, list(warnings.filters)
    told = {"first": [], "second": []}
    both = threading.Barrier(2, timeout=10)
    first_ended = threading.Event()

    def work(name):
        with warnings_told_to(told[name].append, passes_on=False):
            both.wait()
            warnings.warn(f"{name} warns", stacklevel=1)
            both.wait()
            if name == "second":
                assert first_ended.wait(10)
                warnings.warn("second warns again", stacklevel=1)

    threads = {name: threading.Thread(target=work, args=(name,)) for name in told}
    for thread in threads.values():
        thread.start()
    threads["first"].join(10)
    warnings.warn("somebody else warns", stacklevel=1)
    first_ended.set()
    threads["second"].join(10)
    assert told == {"first": ["first warns"], "second": ["second warns", "second warns again"]}
    assert ordinary_warnings == ["somebody else warns"]
    assert warnings.showwarning is before
    assert list(warnings.filters) == filters
