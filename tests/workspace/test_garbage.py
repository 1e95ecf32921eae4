"""The collector of garbage rests while a training is prepared, and works again after it."""

from __future__ import annotations

import gc
import weakref

import pytest

from napari_unison.workspace.garbage import without_collections


def test_nothing_is_collected_until_the_last_who_asked_has_ended():
    first, second = without_collections(), without_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_who_works_without_the_collector_keeps_it_off():
    gc.disable()
    try:
        with without_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_from_that_time_is_collected_later():
    class Node:
        pass

    with without_collections():
        node = Node()
        node.itself = node
        watched = weakref.ref(node)
        del node
        assert watched() is not None
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert watched() is None


def test_it_works_again_from_the_first_step_on(workspace):
    enabled = []
    workspace.events.progress.connect(lambda _: enabled.append(gc.isenabled()))
    workspace.train().wait(60)
    assert enabled
    assert all(enabled)


def test_it_works_again_after_a_training_that_failed(workspace):
    with pytest.raises(ValueError, match="is not here"):
        workspace.train(device="cuda:7").wait(60)
    assert gc.isenabled()
