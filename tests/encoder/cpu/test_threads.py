import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from threadpoolctl import threadpool_info

from napari_unison.encoder.cpu.threads import compute_threads


def threads_of_products():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_products_run_alone_meanwhile_and_as_before_afterwards(two_threads):
    before = threads_of_products()
    with compute_threads() as executor:
        assert executor is not None
        assert set(threads_of_products().values()) == {1}
        assert executor.submit(threading.current_thread).result().name.startswith("unison-compute")
    assert threads_of_products() == before


def test_whoever_ends_first_leaves_the_products_of_the_other_alone(two_threads):
    before = threads_of_products()
    first, second = compute_threads(), compute_threads()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(threads_of_products().values()) == {1}
    second.__exit__(None, None, None)
    assert threads_of_products() == before


def test_one_thread_needs_no_others_and_its_products_run_alone(two_threads):
    before = threads_of_products()
    torch.set_num_threads(1)
    with compute_threads() as executor:
        assert executor is None
        assert set(threads_of_products().values()) == {1}
    assert threads_of_products() == before


def test_limits_hold_whichever_thread_of_a_pool_began_and_ended_before(two_threads):
    before = threads_of_products()

    def train():
        with compute_threads():
            return set(threads_of_products().values())

    with ThreadPoolExecutor(1) as pool:
        # the pool's thread lives on, as those of a window do
        assert pool.submit(train).result() == {1}
        assert threads_of_products() == before
        assert train() == {1}
        # begun there, ended here
        lent = compute_threads()
        pool.submit(lent.__enter__).result()
        lent.__exit__(None, None, None)
        assert threads_of_products() == before
