"""Threads that share compiled work, each with its matrix products to itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch
from threadpoolctl import OpenBLASController, threadpool_limits


class _Products:
    """Keeps the library of matrix products to one thread a caller, for as long as anybody asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._askers = 0
        self._limits: threadpool_limits | None = None

    def begin(self) -> None:
        with self._lock:
            if self._askers == 0:
                _let_any_thread_decide()
                self._limits = threadpool_limits(limits=1, user_api="blas")
            self._askers += 1

    def end(self) -> None:
        with self._lock:
            self._askers -= 1
            if self._askers == 0 and self._limits is not None:
                _let_any_thread_decide()
                self._limits.restore_original_limits()
                self._limits = None
                _let_any_thread_decide()


def _let_any_thread_decide() -> None:
    """Let whoever asks next set limits.

    From version 3.8 on threadpoolctl listens to the first thread that sets one, and to no other as long as
    that lives. Threads of a pool live on: limits of every later training would be dropped without a word.
    """
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


_PRODUCTS = _Products()


@contextmanager
def compute_threads() -> Iterator[Executor | None]:
    """Lend as many threads as torch may use, or None where that is one.

    Meanwhile every matrix product of numpy and scipy runs in its caller's thread alone: our threads share
    the work already, and products that start further ones would wait for one another. So it is with one
    thread, too: products of a few samples take up to ten times as long when several threads share each.
    """
    n_threads = torch.get_num_threads()
    _PRODUCTS.begin()
    try:
        if n_threads == 1:
            yield None
            return
        with ThreadPoolExecutor(n_threads, thread_name_prefix="unison-compute") as executor:
            yield executor
    finally:
        _PRODUCTS.end()
