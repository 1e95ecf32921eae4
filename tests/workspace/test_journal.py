"""What was done is told as Python, and the script does it again in a fresh process."""

from __future__ import annotations

import math
import runpy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from napari_unison import Session, sample_sessions
from napari_unison.encoder import PRESETS
from napari_unison.sessions import segment_stretches, write_sessions
from napari_unison.workspace import Workspace

SHORT = {
    "batch_size": 64,
    "max_iterations": 4,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "device": "cpu",
}


@pytest.fixture
def study(small_sessions, tmp_path):
    """An empty workspace, and a file of sessions to open."""
    write_sessions(tmp_path / "rats.npz", small_sessions)
    workspace = Workspace()
    yield workspace
    workspace.close()


def lines(workspace: Workspace) -> list[str]:
    """Return what the script does, without its first lines."""
    text = workspace.script()
    return text[text.index("ws = Workspace()") :].splitlines()[1:]


def run_script(file, *more: str) -> None:
    """Run a script in a fresh process, and some lines after it."""
    file.write_text(file.read_text() + "\n".join(more) + "\n")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_here(file) -> Workspace:
    """Run a script in this process, and return its workspace."""
    return runpy.run_path(str(file))["ws"]


def test_the_script_does_the_same_in_a_fresh_process(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.set_label_weight("position", 2.0)
    study.segment_laps()
    study.rename_session("rat 1", "achilles")
    study.time_ranges["rat 2"] = (0, 10)
    study.configure(**SHORT)
    first = study.train(validation_share=0.1).wait()
    study.show(kind="label-free", colour="session")
    study.job.wait()
    study.export(tmp_path / "first.csv")
    study.train(max_iterations=3).wait()
    study.run = first
    script = study.save_script(tmp_path / "again")
    assert first.encoder.config_.random_state is None
    kept = tmp_path / "first.csv"
    before = pd.read_csv(kept)
    kept.unlink()
    run_script(
        script,
        "assert len(ws.runs) == 2 and ws.run is run_1",
        "assert ws.config.random_state is None and ws.config.max_iterations == 3",
        f"for kind in ('aligned', 'label-free'): ws.run.embedding(kind).save({str(tmp_path)!r} + '/' + kind)",
    )
    # another process may add up in another order
    pd.testing.assert_frame_equal(pd.read_csv(kept), before, rtol=1e-4, atol=1e-5)
    for kind in ("aligned", "label-free"):
        again = type(first.embeddings[kind]).load(tmp_path / kind)
        for mine, other in zip(first.embeddings[kind].values, again.values, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
        assert again.session_names == ("achilles", "rat 2")


def test_a_stopped_training_is_repeated_with_the_steps_that_it_made(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    job = study.train(**SHORT | {"max_iterations": 1_000_000})
    study.events.progress.connect(lambda progress: job.stop())
    run = job.wait()
    steps = run.encoder.n_iter_
    assert f"run_1 = ws.train().wait()  # stopped after {steps} of 1000000 steps" in lines(study)
    again = run_here(study.save_script(tmp_path / "again.py"))
    np.testing.assert_array_equal(again.embedding.values[0], run.embeddings["aligned"].values[0])
    again.close()


def test_a_training_that_went_on_is_told_to_go_on(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.train(**SHORT).wait()
    study.resume(2).wait()
    assert "ws.resume(2).wait()" in lines(study)


def test_sessions_that_were_made_in_python_are_written_beside_the_script(study, small_sessions, tmp_path):
    study.sessions.extend(small_sessions)
    study.train(**SHORT, random_state=1).wait()
    again = run_here(study.save_script(tmp_path / "mine.py"))
    np.testing.assert_array_equal(again.embedding.values[1], study.embedding.values[1])
    again.close()
    assert (tmp_path / "mine-sessions-1.npz").is_file()


def test_segments_by_time_are_told(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.segment_stretches(4)
    study.sessions[1] = segment_stretches(study.sessions[1], 1)
    study.train(**SHORT).wait()
    assert "ws.segment_stretches(4.0)" in lines(study)
    assert "ws.sessions[1] = segment_stretches(ws.sessions[1], 1.0)" in lines(study)
    again = run_here(study.save_script(tmp_path / "again.py"))
    for mine, other in zip(study.sessions, again.sessions, strict=True):
        np.testing.assert_array_equal(mine.segment, other.segment)
    again.close()


def test_swapped_directions_are_told(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.swap_categories(["rat 1", "rat 2"])
    study.train(**SHORT).wait()
    assert "ws.swap_categories(['rat 1', 'rat 2'], 'direction')" in lines(study)
    again = run_here(study.save_script(tmp_path / "again.py"))
    np.testing.assert_array_equal(
        again.sessions[1].labels["direction"], study.sessions[1].labels["direction"]
    )
    again.close()


def test_what_was_undone_and_what_left_nothing_is_not_told(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.set_label_weight("position", 2.0)
    study.session_history.undo()
    study.remove(["rat 1", "rat 2"])
    study.session_history.undo()
    assert lines(study) == [f"ws.open({str(tmp_path / 'rats.npz')!r})"]
    study.train(**SHORT).wait()
    study.runs.clear()
    assert not any("train" in line for line in lines(study))
    study.remove(["rat 1", "rat 2"])
    assert not any("ws.open" in line for line in lines(study))


def test_a_dragged_slider_is_one_line(study, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.train(**SHORT).wait()
    for size in (1.5, 2.0, 2.5):
        study.show(point_size=size)
    assert [line for line in lines(study) if line.startswith("ws.show")] == ["ws.show(point_size=2.5)"]


def test_a_preset_is_told_by_its_name(study):
    study.config = PRESETS["quick look"]
    study.configure(max_iterations=300)
    assert lines(study) == ["ws.config = PRESETS['quick look']", "ws.configure(max_iterations=300)"]


def test_a_circular_label_is_told_with_its_turn(study):
    draw = np.random.default_rng(0)
    heading = np.mod(np.cumsum(draw.normal(0, 4, 300)), 360.0)
    study.sessions.append(
        Session("one", draw.poisson(0.5, (300, 5)), {"heading": heading}, 0.025, units={"heading": "deg"})
    )
    study.set_label_kind("heading", "circular", period=360.0)
    assert "ws.set_label_kind('heading', 'circular', period=360.0)" in lines(study)
    study.set_label_kind("heading", "continuous")
    assert "ws.set_label_kind('heading', 'continuous')" in lines(study)


def test_angles_in_radians_are_told_as_such(study):
    heading = np.linspace(0, 2 * math.pi, 300, endpoint=False)
    study.sessions.append(Session("one", np.ones((300, 2)), {"heading": heading}, 0.025))
    study.set_label_kind("heading", "circular")
    assert "ws.set_label_kind('heading', 'circular')" in lines(study)


def test_samples_removals_and_order_are_told(study):
    study.open_sample("linear-track")
    study.remove(["rat 2", "rat 3"])
    study.move_session("rat 4", 0)
    assert lines(study) == [
        "ws.open_sample('linear-track')",
        "ws.remove(['rat 3', 'rat 2'])",
        "ws.move_session('rat 4', 0)",
    ]


def test_a_session_that_was_replaced_by_another_is_not_told_as_a_change(study, small_sessions, tmp_path):
    study.open(tmp_path / "rats.npz")
    study.sessions[0] = small_sessions[0].replace(neural=np.ones((600, 3)), neurons=None)
    told = lines(study)
    assert "ws.remove('rat 1')" in told
    assert any("this-script-sessions-1.npz" in line for line in told)


def test_decoding_and_named_sets_are_told(study, tmp_path, monkeypatch):
    study.open(tmp_path / "rats.npz")
    study.train(**SHORT).wait()
    study.selection.select("rat 1", 2.0, 4.0)
    study.selection.keep("replay 3")
    study.export(tmp_path / "selected.csv", selected=True)
    told = lines(study)
    assert "ws.selection.keep('replay 3', TimeSet({'rat 1': [(2.0, 4.0)]}))" in told
    assert "ws.selection.choose({'rat 1': [(2.0, 4.0)]})" in told


def test_the_same_sample_can_be_had_after_all_was_removed(study):
    study.open_sample("linear-track")
    study.remove([session.name for session in sample_sessions()])
    assert not any("open_sample" in line for line in lines(study))
