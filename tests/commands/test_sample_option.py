"""``train --sample``: the sample comes by its name, with a bar while it is downloaded."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from click.testing import CliRunner, Result

from napari_unison.cli import main
from napari_unison.encoder import load_run
from served_files import RATS, cut_after, stall_after, status

TINY = ["--batch-size", "16", "--output-dimension", "3", "--num-hidden-units", "4", "--max-iterations", "3"]
TINY += ["--device", "cpu", "--random-state", "0", "--no-verbose"]


def train(folder: Path) -> Result:
    return CliRunner().invoke(main, ["train", "--sample", "rat-hippocampus", "--to", str(folder), *TINY])


def test_a_run_on_the_sample_needs_only_its_name(rat_server, tmp_path):
    rat_server.answers.append(cut_after(1000))
    first = train(tmp_path / "first.unison")
    assert first.exit_code == 0, first.output
    assert "downloading gatsby (4 of 4)" in first.stderr
    assert "achilles     12 neurons       400 bins of 25 ms (10 s), 320 to train on" in first.stdout
    trained = load_run(tmp_path / "first.unison").encoder.training_sessions_
    assert [session.name for session in trained] == list(RATS)
    again = train(tmp_path / "again.unison")
    assert "downloading" not in again.stderr


def test_a_sample_that_cannot_be_downloaded_is_one_sentence(rat_server, tmp_path):
    rat_server.answers.append(status(404))
    refused = train(tmp_path / "rats.unison")
    assert refused.exit_code == 1
    assert "Error: achilles could not be downloaded from http://" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "rats.unison").exists()


def test_ctrl_c_ends_a_download_and_says_what_is_kept(rat_server, tmp_path):
    def interrupt_and_stall(request):
        os.kill(os.getpid(), signal.SIGINT)
        stall_after(1000)(request)

    rat_server.answers.append(interrupt_and_stall)
    stopped = train(tmp_path / "rats.unison")
    assert stopped.exit_code == 1
    assert "Error: the download of achilles was stopped." in stopped.stderr
    assert not (tmp_path / "rats.unison").exists()
