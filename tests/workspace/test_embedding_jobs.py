"""Embeddings that are asked for in any order: each is computed once, and the wanted one is shown."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from napari_unison import Session


@pytest.fixture
def slow(workspace, monkeypatch):
    """A run whose label-free embedding waits until it is let go."""
    run = workspace.train().wait(60)
    embed, hold, calls = run.encoder.embed, threading.Event(), []

    def slow_when_label_free(align=True, partners="training"):
        calls.append(align)
        if not align:
            assert hold.wait(30)
        return embed(align=align, partners=partners)

    monkeypatch.setattr(run.encoder, "embed", slow_when_label_free)
    yield hold, calls
    hold.set()


def test_a_known_embedding_does_not_overtake_the_one_that_is_to_be_shown(workspace, slow, recorded):
    hold, _ = slow
    workspace.show(kind="label-free")
    job = workspace.job
    assert workspace.embed(align=True).wait(60) is workspace.run.embedding("aligned")
    told = recorded(workspace.events.embedding)
    hold.set()
    shown = job.wait(60)
    assert shown.kind == "label-free"
    assert workspace.embedding is shown
    assert told == [(shown,)]


def test_what_is_computed_already_is_not_computed_twice(workspace, slow):
    hold, calls = slow
    first = workspace.embed(align=False)
    assert workspace.embed(align=False) is first
    workspace.show(kind="label-free")
    hold.set()
    first.wait(60)
    assert calls == [False]
    assert workspace.embedding is first.result


def test_an_embedding_that_is_not_shown_is_kept_and_not_told(workspace, slow, recorded):
    hold, _ = slow
    told = recorded(workspace.events.embedding)
    hold.set()
    embedding = workspace.embed(align=False).wait(60)
    assert workspace.run.embedding("label-free") is embedding
    assert workspace.embedding.kind == "aligned"
    assert told == []


def test_asking_again_after_a_failure_tries_again(workspace, monkeypatch):
    run = workspace.train().wait(60)
    embed = run.encoder.embed

    def out_of_memory(**_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(run.encoder, "embed", out_of_memory)
    workspace.show(kind="label-free")
    with pytest.raises(RuntimeError, match="out of memory"):
        workspace.job.wait(60)
    monkeypatch.setattr(run.encoder, "embed", embed)
    workspace.show(kind="label-free")
    assert workspace.job.wait(60) is workspace.embedding
    assert workspace.embedding.kind == "label-free"


def test_an_embedding_of_a_run_that_was_removed_is_dropped(workspace, slow):
    hold, _ = slow
    job = workspace.embed(align=False)
    workspace.runs.clear()
    hold.set()
    assert job.wait(60) is None
    assert job.state == "dropped"


def test_runs_of_one_name_get_a_number(workspace, tmp_path):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "mine")
    for _ in range(3):
        workspace.open(folder)
    assert [run.name for run in workspace.runs] == ["run 1", "mine", "mine (2)", "mine (3)"]


def test_a_run_that_was_removed_is_freed(workspace):
    run = workspace.train().wait(60)
    held = [weakref.ref(run), weakref.ref(run.encoder), weakref.ref(run.embedding("aligned"))]
    workspace.embed(align=False).wait(60)
    workspace.runs.clear()
    del run
    gc.collect()
    assert [reference() for reference in held] == [None, None, None]


def test_sessions_that_were_removed_are_freed(workspace, small_sessions, monkeypatch):
    workspace.sessions.clear()

    def copies(name, **_):
        return [session.replace(name=f"freed {session.name}") for session in small_sessions]

    monkeypatch.setattr("napari_unison.workspace.samples.sample_sessions", copies)
    workspace.open_sample()
    assert len(workspace.job.result) == 2
    workspace.sessions.clear()
    # until then they can be brought back
    workspace.session_history.clear()
    gc.collect()
    alive = [thing.name for thing in gc.get_objects() if type(thing) is Session]
    assert [name for name in alive if name.startswith("freed")] == []


def test_saving_can_be_done_in_the_background(workspace, tmp_path):
    run = workspace.train().wait(60)
    job = workspace.save(tmp_path / "mine", background=True)
    assert job.wait(60) == tmp_path / "mine.unison" == run.folder
    assert job.state == "finished"
    assert (tmp_path / "mine.unison").is_dir()
