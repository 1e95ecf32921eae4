"""What a training takes on a device is known beforehand, and told where there is less."""

import warnings
import weakref

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from napari_unison import Session, UnifiedEncoder
from napari_unison.encoder import ConfigurationError
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.device_memory import device_for_training, free_memory, training_memory
from napari_unison.encoder.engines import device_engine
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.encoder.training import TrainingState

GIB = 2**30


class LiveMemory(TorchDispatchMode):
    """Follows how many bytes of tensors are alive, and the most that ever were."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self._known = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self._follow(tensor.untyped_storage())
        return result

    def _follow(self, storage):
        if storage not in self._known:
            self._known[storage] = True
            size = storage.nbytes()
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._leave, size)

    def _leave(self, size):
        self.now -= size


def rats_of(n_neurons, n_bins=3000, kind="line"):
    rng = np.random.default_rng(0)
    sessions = []
    for number, neurons in enumerate(n_neurons):
        labels = {"x": rng.random(n_bins)} if kind == "line" else {"x": rng.random((n_bins, 2))}
        neural = np.ones((n_bins, neurons), dtype=np.float32)
        sessions.append(Session(f"rat {number}", neural, labels, 0.1))
    return sessions


@pytest.mark.parametrize(
    ("n_neurons", "kind", "options"),
    [
        ([30, 60, 20], "line", {}),
        ([30, 60, 20], "plane", {"batch_size": 256}),
        ([300, 200], "line", {"batch_size": 128, "masks": None}),
        ([20, 30], "line", {"model_architecture": "offset36-model", "batch_size": 128}),
        ([20, 30], "line", {"model_architecture": "offset1-model"}),
        ([40, 30, 20, 10], "line", {"sessions_per_step": 2, "num_hidden_units": 64}),
    ],
)
def test_a_step_takes_about_as_much_as_was_said(n_neurons, kind, options):
    config = EncoderConfig(**{"batch_size": 512} | options)
    sessions = rats_of(n_neurons, kind=kind)
    space = LabelSpace(sessions)
    sampler = BatchSampler(sessions, space, time_offsets=10)
    with LiveMemory() as memory:
        state = TrainingState.new(config, n_neurons, 0, torch.device("cpu"))
        engine = device_engine(config, sessions, space, sampler, state.network, state.criterion)
        optimizer = torch.optim.Adam(state.network.parameters())
        for seed in range(2):
            engine.gradients(engine.draw(np.random.default_rng(seed)))
            optimizer.step()
    said = training_memory(config, sessions).total
    assert memory.most <= said <= 2 * memory.most


def test_more_sessions_add_what_they_recorded_and_no_windows():
    config = EncoderConfig(batch_size=4096)
    few, many = (training_memory(config, rats_of([500] * n, n_bins=100)) for n in (20, 40))
    assert many.windows == few.windows
    assert many.activations == few.activations
    assert many.recordings == pytest.approx(2 * few.recordings)


def test_a_share_of_the_recordings_takes_less():
    sessions = rats_of([30, 30])
    whole, half = (training_memory(EncoderConfig(), sessions, share).recordings for share in (1, 0.5))
    assert half == pytest.approx(whole / 2, rel=1e-3)


@pytest.fixture
def card(monkeypatch):
    """Return a function that lends this machine a card with so much free memory."""

    def lend(free):
        place = "napari_unison.encoder.device_memory."
        monkeypatch.setattr(
            place + "choose_device", lambda name: torch.device("cpu" if name == "cpu" else "cuda")
        )
        monkeypatch.setattr(place + "free_memory", lambda device: None if device.type == "cpu" else free)
        monkeypatch.setattr(place + "device_text", lambda device: "a small card")

    return lend


def test_a_training_that_fits_takes_the_card(card):
    card(8 * GIB)
    for name in ("auto", "cuda"):
        assert device_for_training(EncoderConfig(device=name), rats_of([30])).type == "cuda"
    assert device_for_training(EncoderConfig(device="cpu"), rats_of([30])).type == "cpu"


def test_where_free_memory_is_not_known_the_card_is_tried(card):
    card(None)
    assert device_for_training(EncoderConfig(), rats_of([30])).type == "cuda"


def test_a_card_that_was_asked_for_and_is_too_small_is_refused_with_numbers(card):
    card(0.1 * GIB)
    with pytest.raises(ConfigurationError) as told:
        device_for_training(EncoderConfig(device="cuda", sessions_per_step=8), rats_of([30]))
    sentence = str(told.value)
    assert "a small card has 0.1 GiB free" in sentence
    assert "this training needs about 0." in sentence
    for way_out in ("lower batch_size (now 2048)", "sessions_per_step (now 8)", "device='cpu'"):
        assert way_out in sentence


def test_a_card_that_is_too_small_is_left_for_the_cpu_and_that_is_said_once(card, rats):
    card(0.1 * GIB)
    encoder = UnifiedEncoder(max_iterations=2, verbose=False, random_state=0)
    with pytest.warns(UserWarning, match="training on the CPU: this training needs about") as told:
        encoder.fit(rats)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert encoder.device_ == "cpu"


def test_the_cpu_says_nothing_of_free_memory():
    assert free_memory(torch.device("cpu")) is None


def test_memory_that_torch_holds_unused_counts_as_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20)
    assert free_memory(torch.device("cuda")) == 130
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert free_memory(torch.device("mps")) is None
