import threading
import time

import numpy as np
import pytest
import torch

from napari_unison import UnifiedEncoder
from napari_unison.encoder import ConfigurationError, TrainingControl
from napari_unison.encoder.devices import choose_device, device_text
from napari_unison.encoder.training import TrainingError

SMALL = {"batch_size": 64, "max_iterations": 5, "random_state": 0, "verbose": False, "num_hidden_units": 8}


def weights(encoder):
    return torch.cat([p.detach().flatten() for p in encoder._state.network.parameters()])


def test_same_seed_same_weights_whatever_the_global_generators_do(rats):
    torch.manual_seed(1)
    first = UnifiedEncoder(**SMALL).fit(rats)
    torch.manual_seed(2)
    second = UnifiedEncoder(**SMALL).fit(rats)
    assert torch.equal(weights(first), weights(second))
    other = UnifiedEncoder(**SMALL | {"random_state": 1}).fit(rats)
    assert not torch.equal(weights(first), weights(other))


def test_training_lowers_the_loss(rats):
    settings = SMALL | {"max_iterations": 150, "batch_size": 256, "learning_rate": 3e-3, "masks": None}
    fit = UnifiedEncoder(**settings).fit(rats).history_["goodness_of_fit"]
    assert fit[:5].mean() < 0.2
    assert fit[-20:].mean() > 0.5


@pytest.mark.parametrize(
    "architecture", ["offset1-model", "offset5-model", "offset36-model", "offset10-model-mse"]
)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_every_network_trains_with_every_distance(rats, architecture, distance):
    encoder = UnifiedEncoder(**SMALL | {"model_architecture": architecture, "distance": distance})
    assert np.isfinite(encoder.fit(rats).history_["loss"]).all()


@pytest.mark.parametrize(
    "masks",
    [
        None,
        {"SessionMask": True},
        {"TimeBlockMask": (0.3, 2)},
        {"NeuronBlockMask": [0.5], "RandomTimestepMask": 0.5},
    ],
)
def test_every_mask_trains(rats, masks):
    assert np.isfinite(UnifiedEncoder(**SMALL | {"masks": masks}).fit(rats).history_["loss"]).all()


def test_a_learned_temperature_moves(rats):
    fixed = UnifiedEncoder(**SMALL).fit(rats)
    learned = UnifiedEncoder(**SMALL | {"temperature_mode": "auto", "learning_rate": 0.01}).fit(rats)
    assert fixed.temperature_ == pytest.approx(1)
    assert learned.temperature_ != pytest.approx(1, abs=1e-3)


def test_the_format_of_the_activity_does_not_matter(rats):
    from scipy import sparse

    dense = UnifiedEncoder(**SMALL).fit(rats)
    scarce = [rat.replace(neural=sparse.csr_array(rat.neural)) for rat in rats]
    assert torch.equal(weights(UnifiedEncoder(**SMALL).fit(scarce)), weights(dense))


def test_sparse_and_dense_products_train_alike(rats, monkeypatch):
    by_sparse = UnifiedEncoder(**SMALL | {"max_iterations": 20}).fit(rats)
    monkeypatch.setattr("napari_unison.encoder.cpu.engine.DENSE_FROM", 0.0)
    by_dense = UnifiedEncoder(**SMALL | {"max_iterations": 20}).fit(rats)
    np.testing.assert_allclose(by_dense.history_["loss"], by_sparse.history_["loss"], atol=1e-4)
    torch.testing.assert_close(weights(by_dense), weights(by_sparse), atol=1e-3, rtol=1e-3)


def test_progress_is_told_at_most_ten_times_a_second_and_at_the_end(rats):
    told = []
    begin = time.perf_counter()
    encoder = UnifiedEncoder(**SMALL | {"max_iterations": 60}).fit(rats, on_progress=told.append)
    assert len(told) <= 2 + 10 * (time.perf_counter() - begin)
    last = told[-1]
    assert (last.iteration, last.total, last.seconds_left) == (60, 60, 0)
    assert last.loss == pytest.approx(encoder.history_["loss"][-1])
    assert last.goodness_of_fit == pytest.approx(encoder.history_["goodness_of_fit"][-1])
    assert last.iterations_per_second > 0


def test_a_progress_bar_shows_where_nobody_listens(rats, capsys):
    UnifiedEncoder(**SMALL | {"verbose": True, "device": "cpu"}).fit(rats)
    assert "training on CPU" in capsys.readouterr().err
    UnifiedEncoder(**SMALL).fit(rats)
    assert capsys.readouterr().err == ""


def test_a_stop_leaves_a_usable_encoder_that_says_so(rats):
    control = TrainingControl()

    def stop_early(progress):
        control.stop()

    encoder = UnifiedEncoder(**SMALL | {"max_iterations": 10_000}).fit(
        rats, on_progress=stop_early, control=control
    )
    assert encoder.was_stopped_
    assert 1 <= encoder.n_iter_ < 10_000
    assert len(encoder.history_["loss"]) == encoder.n_iter_
    assert encoder.embed(align=False).values[0].shape == (700, 32)


def test_pause_holds_the_training_and_stop_ends_a_paused_one_within_a_second(rats):
    control = TrainingControl()
    paused = threading.Event()
    iterations = []

    def listen(progress):
        iterations.append(progress.iteration)
        control.pause()
        paused.set()

    encoder = UnifiedEncoder(**SMALL | {"max_iterations": 100_000})
    thread = threading.Thread(
        target=encoder.fit, args=(rats,), kwargs={"on_progress": listen, "control": control}
    )
    thread.start()
    assert paused.wait(20)
    assert control.is_paused
    begin = time.perf_counter()
    control.stop()
    thread.join(5)
    assert time.perf_counter() - begin < 1
    assert encoder.was_stopped_
    assert encoder.n_iter_ == iterations[0]
    assert encoder.history_["seconds"][-1] < 20


def test_a_pause_after_a_stop_holds_nothing(rats):
    control = TrainingControl()

    def stop_then_pause(progress):
        control.stop()
        control.pause()

    encoder = UnifiedEncoder(**SMALL | {"max_iterations": 10_000})
    assert encoder.fit(rats, on_progress=stop_then_pause, control=control).was_stopped_
    assert not control.is_paused
    with pytest.raises(ValueError, match="has stopped a training already: make a new one"):
        encoder.resume(control=control)


def test_resuming_gives_what_an_uninterrupted_training_gives(rats):
    whole = UnifiedEncoder(**SMALL | {"max_iterations": 8}).fit(rats)
    parts = UnifiedEncoder(**SMALL | {"max_iterations": 5}).fit(rats).resume(3)
    assert torch.equal(weights(parts), weights(whole))
    np.testing.assert_array_equal(parts.history_["loss"], whole.history_["loss"])
    assert (np.diff(parts.history_["seconds"]) >= 0).all()


def test_a_finished_training_asks_how_far_to_go_on(fitted):
    with pytest.raises(ValueError, match=r"all 5 iterations are done.*resume\(1000\)"):
        fitted.resume()
    for wrong in (0, -3, 2.5):
        with pytest.raises(ValueError, match=f"iterations is {wrong}: give a whole number"):
            fitted.resume(wrong)


def test_a_loss_that_is_no_number_ends_the_training_with_what_to_change(rats):
    wild = UnifiedEncoder(**SMALL | {"model_architecture": "offset10-model-mse", "distance": "euclidean"})
    wild.set_params(learning_rate=1.0, temperature=1e-3, max_iterations=2000, masks=None)
    loud = [rat.replace(neural=rat.neural * np.float32(1e19)) for rat in rats]
    with pytest.raises(TrainingError, match=r"loss became .* at iteration \d+: lower learning_rate"):
        wild.fit(loud)
    assert not hasattr(wild, "history_")


def test_a_graphics_card_comes_before_apple_s_and_both_before_the_cpu(monkeypatch):
    for cuda, mps, chosen in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert choose_device("auto").type == chosen


def test_a_device_is_called_what_a_person_calls_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a card")
    assert device_text(torch.device("cuda", 1)) == "a card (cuda:1)"
    assert [device_text(torch.device(name)) for name in ("cpu", "mps")] == ["CPU", "MPS"]


def test_a_device_that_is_not_here_is_told():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigurationError, match=r"'cuda' is not here.*no CUDA device"):
            choose_device("cuda")
    if not torch.backends.mps.is_available():
        with pytest.raises(ConfigurationError, match="'mps' is not here"):
            choose_device("mps")
