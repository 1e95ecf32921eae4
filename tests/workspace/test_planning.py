"""What is said before a training: where it computes, and how long it takes if that is known."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import torch

from napari_unison.encoder import EncoderConfig
from napari_unison.workspace.planning import load_encoder, plan_training

SMALL = EncoderConfig(
    batch_size=64, output_dimension=4, num_hidden_units=8, max_iterations=20, device="cpu", random_state=0
)


def test_a_device_that_was_chosen_is_named_as_chosen(small_sessions):
    plan = plan_training(small_sessions, SMALL, 0.2)
    assert plan.device == "CPU (as chosen)"
    assert plan.threads >= 1


def test_without_a_graphics_card_the_reason_for_the_cpu_is_said(small_sessions, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    automatic = SMALL.model_copy(update={"device": "auto"})
    monkeypatch.setattr(torch.version, "cuda", None)
    assert plan_training(small_sessions, automatic, 0.2).device == "CPU (torch is installed without CUDA)"
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert plan_training(small_sessions, automatic, 0.2).device == "CPU (no graphics card was found)"


def test_a_device_that_is_not_here_is_said_before_the_start(small_sessions):
    plan = plan_training(small_sessions, SMALL.model_copy(update={"device": "cuda:7"}), 0.2)
    assert "'cuda:7' is not here" in plan.device
    assert plan.memory is None


def test_memory_grows_with_batch_and_recordings(small_sessions):
    memory = plan_training(small_sessions, SMALL, 0.2).memory
    larger = SMALL.model_copy(update={"batch_size": 128})
    assert plan_training(small_sessions, larger, 0.2).memory > memory
    assert plan_training(small_sessions[:1], SMALL, 0.2).memory < memory


def test_the_time_is_known_from_a_run_of_the_same_kind(workspace):
    workspace.config = SMALL
    run = workspace.train().wait(60)
    sessions, runs = list(workspace.sessions), list(workspace.runs)

    def plan(share: float = workspace.validation_share, **changes):
        return plan_training(sessions, SMALL.model_copy(update=changes), share, runs)

    seconds = plan().seconds
    assert seconds > 0
    assert plan().measured_on == run.name
    assert plan(max_iterations=200).seconds == pytest.approx(10 * seconds)
    assert plan(learning_rate=1e-2).seconds == seconds
    assert plan(batch_size=128).seconds is None
    assert plan(share=0.4).seconds is None
    assert plan_training(sessions[:1], SMALL, 0.2, runs).seconds is None


def test_a_run_that_was_opened_tells_no_time_of_this_machine(workspace, tmp_path):
    workspace.config = SMALL
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "saved")
    workspace.runs.clear()
    workspace.open(folder)
    plan = plan_training(list(workspace.sessions), SMALL, workspace.validation_share, list(workspace.runs))
    assert plan.seconds is None


def test_the_encoder_is_loaded_once_and_garbage_is_collected_again():
    loading = load_encoder()
    loading.join(60)
    assert load_encoder() is loading
    assert "napari_unison.encoder.estimator" in sys.modules
    assert gc.isenabled()


def test_kernels_that_are_not_compiled_yet_are_compiled_in_a_process_of_their_own(monkeypatch):
    calls = []
    monkeypatch.setattr("napari_unison.encoder.cpu.warm_up.are_compiled", lambda: "apart" in calls)
    monkeypatch.setattr("napari_unison.encoder.cpu.warm_up.compile_apart", lambda: calls.append("apart"))
    monkeypatch.setattr("napari_unison.encoder.cpu.warm_up.warm_up", lambda: calls.append("here"))
    for expected in (["apart", "here"], ["apart", "here", "here"]):
        load_encoder.cache_clear()
        load_encoder().join(60)
        assert calls == expected


def test_a_process_that_ends_while_the_encoder_is_loaded_ends_silently():
    script = "from napari_unison.workspace.planning import load_encoder; load_encoder()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_card_with_too_little_memory_is_said_to_be_passed_over(small_sessions, monkeypatch):
    monkeypatch.setattr("napari_unison.encoder.devices.choose_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(
        "napari_unison.encoder.device_memory.device_for_training",
        lambda config, sessions: torch.device("cpu"),
    )
    plan = plan_training(small_sessions, SMALL, 0.2)
    assert plan.device == "CPU (too little memory is free on the graphics card)"
    assert plan.threads is not None
