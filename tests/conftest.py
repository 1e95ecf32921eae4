"""Fixtures that more than one room uses."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

from napari_unison import Session, sample_sessions
from served_files import FileServer, serving

# Machines that run the tests may be slow or busy, and a failure must come back when the test is run again.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def small_sessions() -> list[Session]:
    """Two simulated rats, 15 s each: a training on them takes a second."""
    return [session[:600] for session in sample_sessions("linear-track")[:2]]


@pytest.fixture(autouse=True)
def settings_of_their_own(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What napari's settings keep of trainings, for one test alone: not those of whoever runs the tests."""
    stored = SimpleNamespace(parameters="", held_out=20, follow=True)
    monkeypatch.setattr("napari_unison._compat.training_settings", lambda: stored)
    return stored


@pytest.fixture(autouse=True)
def looks_of_their_own(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What napari's settings keep of how pictures look, for one test alone."""
    stored = SimpleNamespace(palette="paper", point_size=1.0, opacity=0.8, max_points=100_000, trail=2.0)
    monkeypatch.setattr("napari_unison._compat.explore_settings", lambda: stored)
    return stored


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings; skips where there is none."""
    folder = os.environ.get("NAPARI_UNISON_TEST_DATA")
    if not folder:
        pytest.skip("NAPARI_UNISON_TEST_DATA is not set: no real recordings here")
    if not Path(folder).is_dir():
        pytest.skip(f"NAPARI_UNISON_TEST_DATA points to {folder}, which is no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def real_rats(real_data: Path) -> Path:
    """The folder with achilles.jl.gz and buddy.jl.gz; skips where it is not."""
    folder = real_data / "rat_hippocampus"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: no real rats here")
    return folder


@pytest.fixture(autouse=True)
def fits_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where studies of runs that were not saved keep their fits, for one test alone."""
    folder = tmp_path_factory.getbasetemp() / "studies" / uuid.uuid4().hex
    monkeypatch.setattr("napari_unison.workspace.study_fits.cache_folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def mappings_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mappings of files are remembered, for one test alone."""
    folder = tmp_path_factory.getbasetemp() / "mappings" / uuid.uuid4().hex
    monkeypatch.setattr("napari_unison.workspace.mappings.mappings_folder", lambda: folder)
    return folder


@pytest.fixture
def rat_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The published rats, served on this machine, and an empty cache for them."""
    monkeypatch.delenv("NAPARI_UNISON_DATA", raising=False)
    with serving() as running:
        monkeypatch.setattr("napari_unison.sessions.samples._RATS", running.rats(tmp_path / "cache"))
        yield running
